//! `stratctl` as a user types it, against a daemon that trades.

use std::{fs, process::Command, thread};

use stratd_control::{PluginState, Request};
use stratd_tests::{plugin, stratctl};

use crate::desk::{COUNTER, COUNTING, Desk, SYNTHETIC, instance_of, rebuilt};

/// What `stratctl` said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    fn done(self, words: &str) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        assert!(self.out.contains(words), "no `{words}` in\n{}", self.out);
        self.out
    }

    #[track_caller]
    fn failed(&self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        assert!(self.err.contains(words), "no `{words}` in\n{}", self.err);
    }
}

impl Desk {
    /// Runs `stratctl` in the folder of the daemon.
    fn ctl(&self, arguments: &str) -> Said {
        let mut command = Command::new(stratctl());
        command.args(["--socket", "c.sock"]).args(arguments.split_whitespace());
        let output = command.current_dir(self.path("")).output().expect("stratctl starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

#[test]
fn a_user_sees_what_runs() {
    let mut desk = Desk::counting("");
    desk.wait_for_events("counter", "counter", 100);
    let status = desk.ctl("status").done("sandbox, running");
    for words in ["1 started", "state.db, healthy", "at most 10"] {
        assert!(status.contains(words), "no `{words}` in\n{status}");
    }
    let list = desk.ctl("plugin list").done("strategy-counter");
    assert!(list.contains("exchange-synthetic"), "{list}");
    let shown = desk.ctl("plugin show counter").done("strategy-counter 0.1.0, generation 1, started");
    for words in ["libstrategy_counter.so", "isolation", "build id", "sha-256"] {
        assert!(shown.contains(words), "no `{words}` in\n{shown}");
    }
    desk.ctl("plugin show nobody").failed(1, "strategy-counter");
    desk.ctl("plugin").failed(2, "Usage");
    let json = desk.ctl("--json plugin show counter").done("");
    let json: serde_json::Value = serde_json::from_str(&json).expect("the answer of the daemon");
    assert_eq!(json["generation"], 1);

    let second = plugin("strategy_counter_second");
    desk.ctl(&format!("plugin inspect {}", second.display())).done("0.2.0");
    fs::write(desk.path("bad.so"), b"no library").expect("a file that can be written");
    let bad = desk.ctl("plugin inspect bad.so");
    assert!(format!("{}{}", bad.out, bad.err).contains("elf"), "{}{}", bad.out, bad.err);
    assert_eq!(desk.plugin("counter").generations.len(), 1, "to inspect is not to load");
    let figures = desk.end_whole();
    assert_eq!(figures.get("restores"), 0);
    desk.ctl("status").failed(3, "there is no daemon at");
}

#[test]
fn a_user_replaces_a_plugin_and_takes_it_back() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    desk.wait_for_events("counter", "counter", 100);
    desk.ctl("plugin rollback counter").failed(1, "there is no generation before");
    desk.put("strategy_counter_second", COUNTER);
    let out = desk.ctl("plugin reload counter").done("carries its state of 24 bytes");
    assert!(out.contains("strategy-counter 0.2.0, generation 2, started"), "{out}");
    desk.ctl("plugin reload counter").done("is the content that runs");
    desk.wait_for_events("counter", "counter", 50);
    desk.ctl("plugin rollback counter").done("strategy-counter 0.1.0, generation 1, started");
    desk.wait_for_events("counter", "counter", 50);
    desk.put_bytes(b"no library", COUNTER);
    desk.ctl("plugin reload counter").failed(1, "elf");
    let shown = desk.ctl("plugin show counter").done("last refusal");
    assert!(shown.contains("1 rolled back") && shown.contains("elf"), "{shown}");
    desk.ctl("status").done("WARNING");
    let figures = desk.end_whole();
    assert_eq!((figures.build.as_str(), figures.get("restores")), ("first", 2));
}

#[test]
fn a_user_loads_stops_starts_and_quarantines() {
    let mut desk = Desk::new(&format!("{SYNTHETIC}{COUNTING}"));
    desk.put("strategy_buy_and_hold", "libstrategy_buy_and_hold.so");
    desk.start();
    desk.ctl("plugin load plug/libstrategy_buy_and_hold.so --name mine --set quantity=many --force")
        .failed(1, "quantity");
    desk.ctl("plugin load plug/libstrategy_buy_and_hold.so --name counter").failed(1, "counter");
    desk.ctl("plugin load plug/none.so").failed(1, "none.so");
    desk.ctl("plugin load plug/libstrategy_buy_and_hold.so --name mine --set quantity=3").done("mine");
    desk.wait("buy-and-hold", "orders", |found| instance_of(found, "mine").orders == 3);
    desk.ctl("plugin stop buy-and-hold").done("retired");
    desk.ctl("plugin stop buy-and-hold").done("nothing of it ran");
    desk.ctl("plugin start buy-and-hold").done("started");
    desk.ctl("plugin start buy-and-hold").failed(1, "no instance of it has ended");
    desk.ctl("plugin stop synthetic").failed(1, "exchange");
    desk.ctl("plugin quarantine counter --reason odd").done("quarantined");
    desk.ctl("plugin start counter").failed(1, "stratctl plugin release strategy-counter");
    desk.ctl("plugin release buy-and-hold").failed(1, "not quarantined");
    desk.end();
    // a quarantine outlives the daemon
    desk.start();
    assert_eq!(desk.plugin("counter").state, PluginState::Quarantined);
    desk.ctl("plugin show counter").done("odd");
    desk.ctl("plugin release counter").done("released");
    desk.ctl("plugin start counter").done("started");
    desk.wait_for_events("counter", "counter", 50);
    desk.end();
}

#[test]
fn sigterm_in_the_middle_of_a_reload_ends_the_run_in_good_order() {
    const FAULTY: &str = "libstrategy_faulty.so";
    // creating it takes so long, in the probe and in the daemon
    let slow = "[[strategy]]\nplugin = \"faulty\"\nconfig = { fault = \"slow-in-new\", ms = 1000 }\n";
    let mut desk = Desk::new(&format!("[plugins]\nwatch = false\n{SYNTHETIC}{slow}"));
    desk.put("strategy_faulty", FAULTY);
    desk.start();
    desk.put_bytes(&rebuilt("strategy_faulty", 1), FAULTY);
    let client = desk.client();
    let asked = thread::spawn(move || client.send(&Request::reload("faulty")));
    // the probe is a child of the daemon
    let children = format!("/proc/{0}/task", desk.running().id());
    desk.running().wait_until("probe", || {
        let tasks = fs::read_dir(&children).into_iter().flatten().flatten();
        let mut lists =
            tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
        lists.any(|list| !list.trim().is_empty())
    });
    let ended = desk.end();
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    let answer = asked.join().expect("the client lives");
    if let Err(error) = answer {
        // it was not done, and the one who asked hears of it
        assert!(!error.to_string().is_empty());
    }
    // the state was kept all the same
    desk.start();
    assert!(instance_of(&desk.plugin("faulty"), "faulty").last_save.is_some());
    desk.end();
}
