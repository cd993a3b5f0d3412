//! One version takes over from another: what is carried, what is refused, what happens to files that come and go.

use std::fs;

use stratd_control::{PluginState, Request};
use stratd_tests::plugin;

use crate::{
    desk::{COUNTER, COUNTING, Desk, SYNTHETIC, instance_of, rebuilt},
    figures::Figures,
};

/// Reloads under load.
const RELOADS: u64 = 30;
/// Only commands load files.
const BY_COMMAND: &str = "[plugins]\nwatch = false\n";

#[test]
fn thirty_reloads_lose_repeat_and_reorder_nothing() {
    let mut desk = Desk::counting(BY_COMMAND);
    for reload in 1..=RELOADS {
        desk.wait_for_events("counter", "counter", 50);
        let (library, version) = match reload % 2 {
            1 => ("strategy_counter_second", "0.2.0"),
            _ => ("strategy_counter", "0.1.0"),
        };
        desk.put(library, COUNTER);
        let done = desk.act(&Request::reload("counter"));
        assert_eq!((done.plugin.version.as_str(), done.plugin.reloads), (version, reload), "{}", done.report);
        let instance = instance_of(&done.plugin, "counter");
        assert_eq!((instance.state, instance.state_bytes), (PluginState::Started, 24), "{}", done.report);
        assert!(instance.pause_us_last.is_some(), "{}", done.report);
    }
    let again = desk.act(&Request::reload("counter"));
    assert_eq!(again.plugin.reloads, RELOADS, "the content runs already: {}", again.report);
    desk.wait_for_events("counter", "counter", 50);
    let figures = desk.end_whole();
    assert_eq!(figures.get("restores"), RELOADS);
}

#[test]
fn without_a_watch_only_a_command_loads_a_file() {
    let mut desk = Desk::counting(BY_COMMAND);
    let threads = fs::read_dir(format!("/proc/{}/task", desk.running().id())).expect("the daemon lives");
    let names = threads.flatten().map(|thread| fs::read_to_string(thread.path().join("comm")));
    let names: Vec<String> = names.flatten().map(|name| name.trim().to_owned()).collect();
    assert!(names.iter().any(|name| name == "plugins"), "{names:?}");
    assert!(!names.iter().any(|name| name == "watch"), "{names:?}");
    desk.put("strategy_counter_second", COUNTER);
    assert_eq!(desk.plugin("counter").version, "0.1.0");
    assert_eq!(desk.act(&Request::reload("counter")).plugin.version, "0.2.0");
    desk.wait_for_events("counter", "counter", 50);
    assert_eq!(desk.end_whole().build, "second");
}

#[test]
fn a_state_is_migrated_and_never_taken_back() {
    let mut desk = Desk::counting("");
    desk.wait_for_events("counter", "counter", 100);
    desk.put("strategy_counter_third", COUNTER);
    desk.wait("counter", "the third build", |found| found.version == "0.3.0");
    desk.put("strategy_counter", COUNTER);
    let refused = desk.wait("counter", "refusal of the older one", |found| found.last_refusal.is_some());
    let refusal = refused.last_refusal.expect("it was waited for");
    assert_eq!(refusal.step, "restore", "{refusal:?}");
    assert_eq!(refused.version, "0.3.0");
    // the same content again, as another file: it is not tried by itself, and is when somebody asks
    desk.put("strategy_counter", COUNTER);
    desk.wait_for_watcher();
    assert_eq!(desk.plugin("counter").last_refusal.as_ref(), Some(&refusal));
    assert_eq!(desk.refused(&Request::reload("counter")).step.as_deref(), Some("restore"));
    let later = desk.plugin("counter").last_refusal.expect("it was refused once more");
    assert!(later.at > refusal.at, "{later:?}");
    desk.wait_for_events("counter", "counter", 100);
    let figures = desk.end_whole();
    assert_eq!((figures.build.as_str(), figures.get("migrations"), figures.get("restores")), ("third", 1, 1));
}

/// A `counter` whose other instances refuse every state.
fn refusing(policy: &str) -> Desk {
    let mut desk = Desk::new(&format!(
        "[plugins]\non_restore_error = \"{policy}\"\n{SYNTHETIC}{COUNTING}config = {{ refuse_restore = true }}"
    ));
    desk.start();
    desk.wait_for_events("counter", "counter", 200);
    desk.put("strategy_counter_second", COUNTER);
    desk
}

#[test]
fn a_refused_state_keeps_the_old_version() {
    let mut desk = refusing("keep");
    let refused = desk.wait("counter", "refusal of the state", |found| found.last_refusal.is_some());
    assert_eq!(refused.version, "0.1.0");
    assert_eq!(refused.last_refusal.expect("it was waited for").step, "restore");
    desk.wait_for_events("counter", "counter", 100);
    assert_eq!(desk.end_whole().build, "first");
}

#[test]
fn a_refused_state_is_given_up_if_the_policy_says_so() {
    let mut desk = refusing("fresh");
    desk.wait("counter", "the second build", |found| found.version == "0.2.0");
    desk.wait_for_events("counter", "counter", 100);
    let figures = desk.end_whole();
    assert_eq!((figures.build.as_str(), figures.get("restores")), ("second", 0));
    assert!(figures.get("first") > 200, "it began to count anew: {figures:?}");
}

#[test]
fn a_strategy_without_a_state_starts_anew() {
    let mut desk = Desk::new(&format!("{SYNTHETIC}[[strategy]]\nplugin = \"c-momentum\""));
    desk.put("strategy_c_momentum", "libstrategy_c_momentum.so");
    desk.start();
    // what it says in `on_start`
    let words = "strategy.c-momentum: compares prices";
    desk.running().wait_for_log(words);
    desk.put_bytes(&rebuilt("strategy_c_momentum", 1), "libstrategy_c_momentum.so");
    let found = desk.wait("c-momentum", "the other file", |found| found.reloads == 1);
    assert_eq!(instance_of(&found, "c-momentum").state, PluginState::Started);
    let ended = desk.end();
    assert_eq!(ended.err.matches(words).count(), 2, "{}", ended.err);
    assert!(ended.err.contains("started anew"), "{}", ended.err);
}

#[test]
fn working_orders_are_carried_over_and_managed_on() {
    const MAKER: &str = "libstrategy_market_maker.so";
    let mut desk = Desk::new(&format!("{SYNTHETIC}[[strategy]]\nplugin = \"market-maker\""));
    desk.put("strategy_market_maker", MAKER);
    desk.start();
    for build in 1..=5 {
        // it quotes again and again in three instruments, one order per side
        let goal = instance_of(&desk.plugin("market-maker"), "market-maker").orders + 10;
        desk.wait("market-maker", "orders", |found| instance_of(found, "market-maker").orders >= goal);
        desk.put_bytes(&rebuilt("strategy_market_maker", build), MAKER);
        desk.wait("market-maker", "the next file", |found| found.reloads == u64::from(build));
        let working = desk.status().orders_working;
        // an order that nobody manages any more would add to them
        assert!(working <= 6, "{working} orders work");
    }
    let found = desk.plugin("market-maker");
    let instance = instance_of(&found, "market-maker");
    assert_eq!((instance.denials, instance.faults, found.rollbacks), (0, 0, 0), "{found:?}");
    let client = desk.client();
    desk.running().wait_until("working order", || {
        let status = client.send(&Request::status()).and_then(|answer| answer.read());
        status.is_ok_and(|status: stratd_control::Status| status.orders_working > 0)
    });
    desk.end();
    let results = desk.path("runs/latest");
    let summary = fs::read_to_string(results.join("summary.json")).expect("a summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("a summary that is JSON");
    let orders = fs::read_to_string(results.join("orders.csv")).expect("orders");
    // every order that was ever requested reached its end, and was written then
    assert_eq!(summary["orders"], orders.lines().count() - 1);
    assert!(summary["fills"].as_u64().is_some_and(|fills| fills > 0), "{summary}");
}

#[test]
fn another_plugin_in_the_same_file_is_refused() {
    let mut desk = Desk::counting("");
    desk.put("strategy_ema_cross", COUNTER);
    let refused = desk.wait("counter", "refusal", |found| found.last_refusal.is_some());
    let refusal = refused.last_refusal.expect("it was waited for");
    assert_eq!((refusal.step.as_str(), refused.version.as_str()), ("name", "0.1.0"), "{refusal:?}");
    assert!(refusal.found.contains("strategy-ema-cross"), "{refusal:?}");
    desk.wait_for_events("counter", "counter", 50);
    desk.end_whole();
}

#[test]
fn a_version_that_does_not_know_the_configuration_is_refused() {
    let mut desk = Desk::new(&format!("{SYNTHETIC}{COUNTING}config = {{ refuse_restore = false }}"));
    desk.start();
    // a version whose key has another name
    let (from, to) = (b"refuse_restore", b"refuse_the_old");
    let mut content = fs::read(plugin("strategy_counter_second")).expect("a built plugin");
    let places: Vec<usize> =
        content.windows(from.len()).enumerate().filter(|(_, w)| w == from).map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "the name of the key is in the library");
    for at in places {
        content[at..at + to.len()].copy_from_slice(to);
    }
    desk.put_bytes(&content, COUNTER);
    let refused = desk.wait("counter", "refusal", |found| found.last_refusal.is_some());
    let refusal = refused.last_refusal.expect("it was waited for");
    assert!(matches!(refusal.step.as_str(), "config" | "create"), "{refusal:?}");
    assert!(refusal.text.contains("refuse_restore"), "{refusal:?}");
    assert_eq!(refused.version, "0.1.0");
    desk.wait_for_events("counter", "counter", 50);
    desk.end_whole();
}

#[test]
fn a_file_that_goes_leaves_an_orphan_and_a_file_that_comes_back_is_taken() {
    let mut desk = Desk::counting("");
    let file = desk.plugin_file(COUNTER);
    desk.wait_for_events("counter", "counter", 100);
    fs::remove_file(&file).expect("a file that is there");
    let orphan = desk.wait("counter", "orphan", |found| found.state == PluginState::Orphaned);
    assert_eq!(instance_of(&orphan, "counter").state, PluginState::Started);
    assert!(desk.status().warnings.iter().any(|warning| warning.contains("is gone")), "{:?}", desk.status());
    desk.wait_for_events("counter", "counter", 100);
    desk.put("strategy_counter", COUNTER);
    desk.wait("counter", "file again", |found| found.state == PluginState::Started);

    fs::remove_file(&file).expect("a file that is there");
    desk.wait("counter", "orphan", |found| found.state == PluginState::Orphaned);
    let stopped = desk.act(&Request::stop("counter"));
    assert_eq!(stopped.plugin.state, PluginState::Retired);
    assert_eq!(instance_of(&stopped.plugin, "counter").state, PluginState::Retired);
    // the log is written by a thread of its own
    desk.running().wait_for_log("first build: count");
    let before = Figures::last_of(&desk.log(), "counter");
    before.assert_whole();

    // what was stopped by a person is not started by a file, but takes it up
    desk.put("strategy_counter_second", COUNTER);
    let taken = desk.wait("counter", "the second build", |found| found.version == "0.2.0");
    assert_eq!(instance_of(&taken, "counter").state, PluginState::Retired);
    let started = desk.act(&Request::start("counter"));
    assert_eq!(started.plugin.state, PluginState::Started);
    desk.wait_for_events("counter", "counter", 100);
    let after = Figures::last_of(&desk.end().err, "counter");
    assert_eq!((after.build.as_str(), after.get("restores")), ("second", 1));
    assert_eq!(after.get("first"), before.get("first"));
    assert!(after.get("count") > before.get("count"), "{before:?} {after:?}");
    assert_eq!((after.get("duplicates"), after.get("out_of_order")), (0, 0), "{after:?}");
}

#[test]
fn a_dropped_file_trades_and_its_state_survives_the_daemon() {
    // a run has at least one strategy: this one does nothing
    let idle = "[[strategy]]\nplugin = \"faulty\"\nconfig = { at = 1_000_000_000 }\n";
    let mut desk = Desk::new(&format!("[plugins]\nstart_new = true\n{SYNTHETIC}{idle}"));
    fs::remove_file(desk.plugin_file(COUNTER)).expect("a file that is there");
    desk.put("strategy_faulty", "libstrategy_faulty.so");
    desk.start();
    desk.put("strategy_counter", COUNTER);
    desk.wait("counter", "start", |found| found.state == PluginState::Started && !found.instances.is_empty());
    desk.wait_for_events("counter", "counter", 100);
    let before = desk.end_whole();
    desk.start();
    desk.wait("counter", "start", |found| found.state == PluginState::Started && !found.instances.is_empty());
    desk.wait_for_events("counter", "counter", 100);
    let after = Figures::last_of(&desk.end().err, "counter");
    assert_eq!(after.get("restores"), 1);
    assert!(after.get("count") > before.get("count"), "{before:?} {after:?}");
}

/// Two instances of one plugin; `more` is the configuration of the second one.
fn two(plugins: &str, more: &str) -> Desk {
    let second = format!("[[strategy]]\nname = \"other\"\nplugin = \"counter\"\nconfig = {{ {more} }}\n");
    let mut desk = Desk::new(&format!("[plugins]\n{plugins}\n{SYNTHETIC}{COUNTING}{second}"));
    desk.start();
    for instance in ["counter", "other"] {
        desk.wait_for_events("counter", instance, 100);
    }
    desk
}

#[test]
fn two_instances_of_a_plugin_change_together() {
    let mut desk = two("", "");
    desk.put("strategy_counter_second", COUNTER);
    let found = desk.wait("counter", "the second build", |found| found.version == "0.2.0");
    for instance in ["counter", "other"] {
        assert_eq!(instance_of(&found, instance).generation, found.generation);
        desk.wait_for_events("counter", instance, 100);
    }
    let log = desk.end().err;
    for instance in ["counter", "other"] {
        let figures = Figures::last_of(&log, instance);
        figures.assert_whole();
        assert_eq!((figures.build.as_str(), figures.get("restores")), ("second", 1));
    }
}

#[test]
fn if_one_of_two_instances_refuses_neither_changes() {
    // without the probe, the refusal comes when the first instance has changed already
    let mut desk = two("probe = false", "refuse_restore = true");
    desk.put("strategy_counter_second", COUNTER);
    let refused = desk.wait("counter", "refusal", |found| found.last_refusal.is_some());
    let refusal = refused.last_refusal.expect("it was waited for");
    assert!(refusal.found.contains("other"), "{refusal:?}");
    let found = desk.wait("counter", "rollback", |found| instance_of(found, "counter").probation.is_none());
    assert_eq!((found.version.as_str(), found.generation), ("0.1.0", 1), "{found:?}");
    for instance in ["counter", "other"] {
        assert_eq!(instance_of(&found, instance).generation, 1, "{found:?}");
        desk.wait_for_events("counter", instance, 100);
    }
    let log = desk.end().err;
    for instance in ["counter", "other"] {
        let figures = Figures::last_of(&log, instance);
        assert_eq!((figures.build.as_str(), figures.get("restores")), ("first", 0));
        assert_eq!((figures.get("duplicates"), figures.get("out_of_order")), (0, 0), "{figures:?}");
    }
}
