//! What the account at the venue holds: strategies see it, and a difference from our books is told.

use std::fs;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use stratd_tests::{Place, Running, plugin, units};

use crate::venue::Venue;

/// A daemon at a venue whose account is traded by somebody else as well.
struct Watcher {
    // before the folder goes with its log
    running: Running,
    place: Place,
}

impl Watcher {
    fn start(venue: &Venue, isolation: &str) -> Self {
        let place = Place::new(&[]);
        let url = &venue.url;
        let config = format!(
            r#"trading_type = "sandbox"
[recovery]
check_every = "50ms"
[[exchange]]
name = "venue"
plugin = "synthetic-ws"
isolation = "{isolation}"
config = {{ url = "{url}", account = "desk" }}
[[strategy]]
plugin = "every"
config = {{ tell_ms = 5, tell_accounts = true }}
"#
        );
        place.write("stratd.toml", &config);
        fs::create_dir(place.path().join("plug")).unwrap();
        for name in ["exchange_synthetic_ws", "strategy_every"] {
            fs::copy(plugin(name), place.path().join(format!("plug/lib{name}.so"))).unwrap();
        }
        let mut command = place.command(&["run", "stratd.toml", "--plugin-dir", "plug"]);
        command.args(["--control-socket", "c.sock", "--state-dir", "state"]);
        command.env_remove("STRATD_PLUGINS");
        Self { running: Running::start(command, "run"), place }
    }
}

/// Trades on the account without stratd.
fn trade(venue: &Venue, id: &str, side: &str, volume: u64) {
    let mut client = venue.client("desk");
    let order = json!({
        "client_order_id": id, "instrument": "AAA", "side": side, "volume": volume, "order_type": "MARKET",
    });
    client.ask("NEW", &order).unwrap();
    assert_eq!(client.order(id), Ok(("filled".to_owned(), volume.to_string())));
}

#[test]
fn what_the_account_holds_is_compared_with_our_books_and_strategies_see_its_cash() {
    for isolation in ["none", "process"] {
        let folder = Place::new(&[]);
        // without participants between the last look and the question
        let venue = Venue::start(folder.path(), &["--rate", "0"]);
        trade(&venue, "theirs-1", "BUY", 7);
        let mut watcher = Watcher::start(&venue, isolation);
        watcher.running.wait_for_log("exchange venue holds 7 AAA, and our books 0: something was traded");
        watcher.running.wait_for_log("1 positions that our books have otherwise");
        trade(&venue, "theirs-2", "BUY", 2);
        watcher.running.wait_for_log("exchange venue holds 9 AAA, and our books 0: something was traded");
        trade(&venue, "theirs-3", "SELL", 9);
        watcher.running.wait_for_log("exchange venue holds 0 AAA, as our books do, again");
        let seen = venue.client("desk").cash();
        trade(&venue, "theirs-4", "BUY", 1);
        watcher.running.wait_for_log("exchange venue holds 1 AAA, and our books 0: something was traded");
        let ended = watcher.running.end("TERM");
        assert!(ended.status.success(), "{}", ended.err);
        assert_eq!(
            ended.err.matches("our books 0").count(),
            3,
            "each difference is told once: {}",
            ended.err
        );
        let summary: Value = serde_json::from_str(&watcher.place.results()["summary.json"]).unwrap();
        let figures = summary["strategies"][0]["metrics"].as_array().unwrap();
        let cash = figures.iter().find(|figure| figure[0] == "cash of desk at venue").expect("a figure");
        let cash = units(cash[1].as_str().unwrap());
        // what the last look brought may not have been told before the end; what the one before it brought was
        let told = [seen, venue.client("desk").cash()].map(|cash| units(&cash));
        assert!(told.contains(&cash), "{cash} is none of {told:?}");
    }
}

/// The cash of the account at the venue, as `state.db` has it.
fn cash_told(place: &Place) -> Option<String> {
    let db =
        Connection::open_with_flags(place.path().join("state/state.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
    db.ok()?.query_row("SELECT cash FROM accounts", [], |row| row.get(0)).ok()
}

/// The venue that lives in the daemon: its account begins flat with each start, and our books do not.
#[test]
fn a_venue_inside_of_the_daemon_holds_what_our_books_do_until_it_begins_anew() {
    let place = Place::new(&[]);
    let config = "trading_type = \"sandbox\"\n[recovery]\ncheck_every = \"20ms\"\n\
        [[exchange]]\nname = \"venue\"\nplugin = \"synthetic\"\nconfig = { instruments = 1, rate = 2000 }\n\
        [[strategy]]\nplugin = \"buy-and-hold\"\nconfig = { quantity = 5 }\n";
    place.write("stratd.toml", config);
    fs::create_dir(place.path().join("plug")).unwrap();
    for name in ["exchange_synthetic", "strategy_buy_and_hold"] {
        fs::copy(plugin(name), place.path().join(format!("plug/lib{name}.so"))).unwrap();
    }
    let start = |name: &str| {
        let mut command =
            place.command(&["run", "stratd.toml", "--plugin-dir", "plug", "--state-dir", "state"]);
        command.env_remove("STRATD_PLUGINS");
        Running::start(command, name)
    };
    let mut first = start("first");
    // the row is written after the comparison
    first.wait_until("a look after it has bought", || {
        cash_told(&place).is_some_and(|cash| units(&cash) != units("1000000"))
    });
    let ended = first.end("TERM");
    assert!(ended.status.success() && !ended.err.contains("our books"), "{}", ended.err);
    let mut second = start("second");
    second.wait_for_log("exchange venue holds 0 AAA, and our books 5: something was traded");
    assert!(second.end("TERM").status.success());
}
