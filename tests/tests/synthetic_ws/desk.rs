//! A daemon that trades at a venue.

use std::{
    fs,
    path::{Path, PathBuf},
};

use stratd_tests::{Place, Running, plugin};

use crate::{agreement::agree, venue::Venue};

/// Plugins of a desk.
const LIBRARIES: [&str; 2] = ["exchange_synthetic_ws", "strategy_market_maker"];

/// Keys of the connector, in TOML.
type Way = dyn Fn(&Venue, &Place) -> String;

/// What a desk is made of.
pub(crate) struct Setup {
    /// Of the connector.
    pub(crate) isolation: &'static str,
    /// Options of the venue.
    pub(crate) venue: Vec<&'static str>,
    /// Another folder of plugins than that of the tests.
    pub(crate) plugins: Option<PathBuf>,
    /// What the connector is told of the way to the venue.
    pub(crate) way: Box<Way>,
}

impl Default for Setup {
    fn default() -> Self {
        let way = Box::new(|venue: &Venue, _: &Place| format!("url = {:?}", venue.url));
        Self { isolation: "none", venue: Vec::new(), plugins: None, way }
    }
}

impl Setup {
    fn library(&self, name: &str) -> PathBuf {
        match &self.plugins {
            Some(folder) => folder.join(format!("lib{name}.so")),
            None => plugin(name),
        }
    }

    fn configuration(&self, way: &str) -> String {
        format!(
            r#"trading_type = "sandbox"
[[exchange]]
plugin = "synthetic-ws"
isolation = "{}"
config = {{ {way}, account = "desk", reconnect_max_ms = 200, answer_timeout_ms = 300 }}
[[strategy]]
plugin = "market-maker"
config = {{ quantity = 10, spread_ticks = 2, requote_ticks = 1, max_position = 500 }}
"#,
            self.isolation
        )
    }
}

/// A daemon that trades at a venue.
pub(crate) struct Desk {
    // before the folder goes with its log
    pub(crate) running: Running,
    pub(crate) venue: Venue,
    place: Place,
}

impl Desk {
    pub(crate) fn start(setup: &Setup) -> Self {
        let place = Place::new(&[]);
        let venue = Venue::start(place.path(), &setup.venue);
        place.write("stratd.toml", &setup.configuration(&(setup.way)(&venue, &place)));
        let folder = place.path().join("plug");
        fs::create_dir(&folder).unwrap();
        for name in LIBRARIES {
            copy(&setup.library(name), &folder);
        }
        let mut command = place.command(&["run", "stratd.toml", "--plugin-dir", "plug"]);
        command.args(["--control-socket", "c.sock", "--state-dir", "state"]);
        command.env_remove("STRATD_PLUGINS");
        let running = Running::start(command, "run");
        Self { running, venue, place }
    }

    /// Waits until the venue has made so many reports to the account, more than it had.
    pub(crate) fn trades(&mut self, reports: u64) {
        let mut client = self.venue.client("desk");
        let begin = client.reports();
        self.running.wait_until("trades", || client.reports() >= begin + reports);
    }

    /// Ends the daemon, compares, and returns its log.
    pub(crate) fn agrees(self) -> String {
        let ended = self.running.end("TERM");
        assert!(ended.status.success(), "{}", ended.err);
        let mut client = self.venue.client("desk");
        let fills = agree(&self.place.results(), &mut client);
        assert!(fills > 10, "{fills} fills are no trading: {}", ended.err);
        assert!(!ended.err.contains("orders are still working"), "{}", ended.err);
        ended.err
    }
}

/// A private copy: a checkout may be writable by a group, and then the daemon would not trust it.
fn copy(library: &Path, folder: &Path) {
    let to = folder.join(library.file_name().unwrap());
    fs::write(to, fs::read(library).unwrap()).unwrap();
}
