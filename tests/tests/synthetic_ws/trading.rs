//! A market maker trades; something happens to the connection; both sides agree at the end.

use std::fs;

use stratd_tests::{Place, Running, plugin};

use crate::{agreement::agree, venue::Venue};

/// Reports of the account after which a run has seen enough.
const REPORTS: u64 = 150;

/// A daemon that trades at a venue.
struct Desk {
    // before the folder goes with its log
    running: Running,
    venue: Venue,
    place: Place,
}

impl Desk {
    fn start(isolation: &str, options: &[&str]) -> Self {
        let place = Place::new(&[]);
        let venue = Venue::start(place.path(), options);
        let url = &venue.url;
        let config = format!(
            r#"trading_type = "sandbox"
[[exchange]]
plugin = "synthetic-ws"
isolation = "{isolation}"
config = {{ url = "{url}", account = "desk", reconnect_max_ms = 200, answer_timeout_ms = 300 }}
[[strategy]]
plugin = "market-maker"
config = {{ quantity = 10, spread_ticks = 2, requote_ticks = 1, max_position = 500 }}
"#
        );
        place.write("stratd.toml", &config);
        fs::create_dir(place.path().join("plug")).unwrap();
        for name in ["exchange_synthetic_ws", "strategy_market_maker"] {
            fs::copy(plugin(name), place.path().join(format!("plug/lib{name}.so"))).unwrap();
        }
        let mut command = place.command(&["run", "stratd.toml", "--plugin-dir", "plug"]);
        command.args(["--control-socket", "c.sock", "--state-dir", "state"]);
        command.env_remove("STRATD_PLUGINS");
        let running = Running::start(command, "run");
        Self { running, venue, place }
    }

    /// Waits until the venue has made so many reports to the account, more than it had.
    fn trades(&mut self, reports: u64) {
        let mut client = self.venue.client("desk");
        let begin = client.reports();
        self.running.wait_until("trades", || client.reports() >= begin + reports);
    }

    /// Ends the daemon, compares, and returns its log.
    fn agrees(self) -> String {
        let ended = self.running.end("TERM");
        assert!(ended.status.success(), "{}", ended.err);
        let mut client = self.venue.client("desk");
        let fills = agree(&self.place.results(), &mut client);
        assert!(fills > 10, "{fills} fills are no trading: {}", ended.err);
        assert!(!ended.err.contains("orders are still working"), "{}", ended.err);
        ended.err
    }
}

#[test]
fn a_strategy_trades_and_both_sides_agree_wherever_the_connector_runs() {
    for isolation in ["none", "thread", "process"] {
        let mut desk = Desk::start(isolation, &[]);
        desk.trades(REPORTS);
        desk.agrees();
    }
}

#[test]
fn a_venue_that_is_killed_and_comes_back_knows_the_same_orders_as_the_daemon() {
    let mut desk = Desk::start("none", &[]);
    for _ in 0..3 {
        desk.trades(REPORTS / 3);
        desk.venue.dies_and_comes_back();
    }
    desk.trades(REPORTS / 3);
    let log = desk.agrees();
    assert_eq!(log.matches("broke: ").count(), 3, "{log}");
}

#[test]
fn lost_and_repeated_words_change_nothing() {
    let faults = ["drop:market:500", "drop:orders:20000", "duplicate:both:20000", "reorder:both:5000"];
    let options: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", *fault]).collect();
    let mut desk = Desk::start("none", &options);
    desk.trades(2 * REPORTS);
    let log = desk.agrees();
    assert!(log.contains("are missing; they are asked for"), "{log}");
}

#[test]
fn cut_connections_change_nothing() {
    let mut desk = Desk::start("none", &["--fault", "disconnect:both:5000"]);
    desk.trades(2 * REPORTS);
    let log = desk.agrees();
    assert!(log.contains("broke: "), "{log}");
}

#[test]
fn orders_that_are_accepted_in_silence_are_found() {
    let mut desk = Desk::start("none", &["--fault", "accept_then_silence:orders:100000"]);
    desk.trades(REPORTS);
    desk.agrees();
}
