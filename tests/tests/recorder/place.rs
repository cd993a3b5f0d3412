//! A folder with a daemon that records, and what it left.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use stratd_control::{Client, Request, Status, StrategyList};
use stratd_tests::{Ended, Place, Ran, Running, plugin};

/// A question is answered at once or not at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the recorder is told in most tests.
pub(crate) const ALL: &str = "[recorder]\npath = \"rec\"\nmarket = [\"trade\", \"quote\", \"bar\", \"book\"]\ninputs = true\nfree_min = 0\n";
/// The venue of the tests.
pub(crate) const VENUE: &str =
    "[[exchange]]\nplugin = \"synthetic\"\nconfig = { instruments = 2, rate = 2000 }\n";

/// A folder with a daemon in it.
pub(crate) struct Desk {
    pub(crate) place: Place,
    trading_type: &'static str,
}

impl Desk {
    /// A folder for a run of this configuration and these libraries.
    pub(crate) fn new(trading_type: &'static str, configuration: &str, libraries: &[&str]) -> Self {
        let place = Place::new(&[("stratd.toml", configuration)]);
        fs::create_dir(place.path().join("plug")).expect("a new folder");
        for name in libraries.iter().chain(&["exchange_synthetic"]) {
            let file = place.path().join("plug").join(format!("lib{name}.so"));
            fs::copy(plugin(name), file).expect("a copy of a plugin");
        }
        Self { place, trading_type }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.path("c.sock")).with_time_limit(PATIENCE)
    }

    /// Starts the daemon and waits until it answers.
    pub(crate) fn start(&self) -> Running {
        let mut command = self.place.command(&["run", "stratd.toml", "--trading-type", self.trading_type]);
        command.args(["--plugin-dir", "plug", "--control-socket", "c.sock", "--state-dir", "state"]);
        command.env_remove("STRATD_PLUGINS");
        let mut running = Running::start(command, "run");
        let client = self.client();
        running.wait_until("an answer", || client.send(&Request::status()).is_ok());
        running
    }

    /// The events of the run so far.
    pub(crate) fn events(&self) -> u64 {
        let status = self.client().send(&Request::status()).and_then(|answer| answer.read::<Status>());
        status.expect("a status").events
    }

    /// Waits until the run has had so many events and orders.
    pub(crate) fn wait_for(&self, running: &mut Running, events: u64, orders: u64) {
        let client = self.client();
        running.wait_until("events and orders", || {
            let status: Status =
                client.send(&Request::status()).and_then(|answer| answer.read()).expect("a status");
            let list: StrategyList =
                client.send(&Request::strategies()).and_then(|answer| answer.read()).expect("a list");
            let asked: u64 = list.strategies.iter().map(|strategy| strategy.orders).sum();
            status.events >= events && asked >= orders
        });
    }

    /// A run until it has had so many events and orders; how it ended.
    pub(crate) fn run(&self, events: u64, orders: u64) -> Ended {
        let mut running = self.start();
        self.wait_for(&mut running, events, orders);
        let ended = running.end("TERM");
        assert!(ended.status.success(), "{ended:?}");
        ended
    }

    /// Replays the last recording; what is printed as JSON.
    pub(crate) fn replayed(&self, arguments: &[&str]) -> Value {
        let ran = self.replay(&[&["--json"], arguments].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:#?}"))
    }

    /// Replays the last recording, with the plugins that it names only.
    pub(crate) fn replay(&self, arguments: &[&str]) -> Ran {
        let mut command = self.place.command(&[&["replay", "rec"], arguments].concat());
        command.env_remove("STRATD_PLUGINS");
        self.place.run(command)
    }

    /// The folder of the only recording.
    pub(crate) fn recording(&self) -> PathBuf {
        let entries = fs::read_dir(self.path("rec")).expect("the folder of recordings");
        let mut found = entries.flatten().map(|entry| entry.path()).filter(|path| is_recording(path));
        let recording = found.next().expect("a recording");
        assert!(found.next().is_none(), "one recording only");
        recording
    }
}

fn is_recording(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "recording")
}

/// Checks that a replay matched to the end of the run, and that there was something to compare.
#[track_caller]
pub(crate) fn assert_match(replayed: &Value, outputs_min: u64) {
    assert_eq!(replayed["matches"], true, "{replayed:#}");
    assert_eq!(replayed["ended"], "whole", "{replayed:#}");
    assert!(replayed["outputs"].as_u64() >= Some(outputs_min), "{replayed:#}");
    assert!(replayed["inputs"].as_u64() > replayed["market_events"].as_u64(), "{replayed:#}");
}
