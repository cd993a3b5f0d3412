//! Connectors that are replaced, die and come back, with orders that work there meanwhile.
//!
//! The fake exchange is its own state, so a version that takes over has the orders of the one before. The market maker
//! quotes far from the market: four orders that nobody fills. It cancels them when it is halted.

use std::fs;

use stratd_control::{Instance, Plugin, PluginState, Request};

use crate::desk::{Desk, instance_of, rebuilt};

const FAKE: &str = "libexchange_fake.so";
/// Two sides of two instruments.
const QUOTES: u64 = 4;

/// The fake exchange in a mode, with a market maker that rests there.
fn fake(isolation: &str, more_plugins: &str, config: &str) -> Desk {
    let mut desk = started(isolation, more_plugins, config);
    wait_for_orders(&mut desk, QUOTES);
    desk
}

fn started(isolation: &str, more_plugins: &str, config: &str) -> Desk {
    let mut desk = Desk::new(&format!(
        "[plugins]
watch = false
{more_plugins}
[plugins.isolation]
spin = 0
[[exchange]]
plugin = \"fake\"
isolation = \"{isolation}\"
config = {{ interval_ms = 5, down_file = \"down\", death_file = \"death\"{config} }}
[[strategy]]
plugin = \"counter\"
[[strategy]]
plugin = \"market-maker\"
config = {{ spread_ticks = 4000, requote_ticks = 1000 }}
"
    ));
    desk.put("exchange_fake", FAKE);
    desk.put("strategy_market_maker", "libstrategy_market_maker.so");
    desk.start();
    desk
}

fn wait_for_orders(desk: &mut Desk, count: u64) {
    let client = desk.client();
    desk.running().wait_until(&format!("{count} working orders"), || {
        let status =
            client.send(&Request::status()).and_then(|answer| answer.read::<stratd_control::Status>());
        status.is_ok_and(|status| status.orders_working == count)
    });
}

fn connector(plugin: &Plugin) -> &Instance {
    instance_of(plugin, "fake")
}

/// The connector is in place, and market events come.
fn wait_until_back(desk: &mut Desk) -> Plugin {
    let found = desk.wait("fake", "a connector", |found| connector(found).state == PluginState::Started);
    desk.wait_for_events("counter", "counter", 20);
    found
}

#[test]
fn orders_outlive_a_connector_that_is_replaced() {
    let mut desk = fake("none", "", "");
    desk.put_bytes(&rebuilt("exchange_fake", 1), FAKE);
    let done = desk.act(&Request::reload("fake"));
    let words = "4 orders of ours worked there: 0 fills and 0 ends since then, 0 unknown";
    assert!(done.report.contains(words), "{}", done.report);
    let found = connector(&done.plugin);
    assert_eq!(
        (found.generation, found.state, found.faults),
        (done.plugin.generation, PluginState::Started, 0)
    );
    assert!(found.generation > 1 && found.pause_us_last.is_some(), "{found:?}");
    // the cancels of the market maker met nobody while it was halted: they were sent again, so none is left over
    wait_until_back(&mut desk);
    wait_for_orders(&mut desk, QUOTES);
    desk.act(&Request::stop("market-maker"));
    wait_for_orders(&mut desk, 0);
    desk.end();
}

#[test]
fn what_the_exchange_halted_stays_halted_when_a_connector_is_replaced() {
    let mut desk = started("none", "", ", halted_at = 20");
    // two events a step
    desk.wait_for_events("counter", "counter", 50);
    // halted, the market maker cancels all it has and waits
    wait_for_orders(&mut desk, 0);
    desk.put_bytes(&rebuilt("exchange_fake", 1), FAKE);
    desk.act(&Request::reload("fake"));
    // the other instrument goes on, so it quotes again in both
    desk.running().wait_for_log("was refused: halted");
    desk.end();
}

#[test]
fn what_happened_while_no_connector_was_there_is_told() {
    for (while_away, words) in [("cancel", "0 fills and 1 ends"), ("fill", "1 fills and 1 ends")] {
        let mut desk = fake("none", "", &format!(", while_away = \"{while_away}\""));
        desk.put_bytes(&rebuilt("exchange_fake", 1), FAKE);
        let done = desk.act(&Request::reload("fake"));
        assert!(done.report.contains(words), "{}", done.report);
        wait_until_back(&mut desk);
        if while_away == "fill" {
            let log = desk.log();
            assert!(log.contains("position 10") || log.contains("position -10"), "{log}");
        }
        desk.end();
    }
}

#[test]
fn a_connector_that_lives_beside_the_old_one_takes_over_without_a_break() {
    let mut desk = fake("process", "", "");
    let before = connector(&desk.plugin("fake")).pid;
    desk.put("exchange_fake_second", FAKE);
    let done = desk.act(&Request::reload("fake"));
    assert!(done.report.contains("without a break; 4 orders"), "{}", done.report);
    let found = connector(&done.plugin);
    assert_eq!((found.generation, found.state), (done.plugin.generation, PluginState::Started));
    assert!(found.pid.is_some() && found.pid != before, "{found:?}");
    // nothing was halted, so the market maker has canceled nothing
    assert_eq!(desk.status().orders_working, QUOTES);
    wait_until_back(&mut desk);
    desk.end();
}

#[test]
fn a_candidate_that_dies_leaves_the_connector_in_place() {
    let mut desk = fake("process", "", "");
    desk.put("exchange_fake_second", FAKE);
    desk.act(&Request::reload("fake"));
    let before = connector(&desk.plugin("fake")).clone();
    fs::write(desk.path("death"), "").expect("a file that can be written");
    desk.put_bytes(&rebuilt("exchange_fake_second", 1), FAKE);
    let refused = desk.refused(&Request::reload("fake"));
    assert_eq!(refused.step.as_deref(), Some("connect"), "{refused:?}");
    desk.wait_for_events("counter", "counter", 20);
    let after = desk.plugin("fake");
    let after = connector(&after);
    assert_eq!((after.pid, after.state), (before.pid, PluginState::Started));
    assert_eq!((after.faults, after.restarts, after.generation), (0, 0, before.generation));
    assert_eq!(desk.status().orders_working, QUOTES);
    desk.end();
}

#[test]
fn an_exchange_that_is_down_is_tried_until_it_is_back() {
    let mut desk = fake("none", "", "");
    fs::write(desk.path("down"), "").expect("a file that can be written");
    desk.put_bytes(&rebuilt("exchange_fake", 1), FAKE);
    // neither the new version nor the one before can connect
    let refused = desk.refused(&Request::reload("fake"));
    assert!(refused.detail.contains("the exchange is down"), "{refused:?}");
    let away = desk.plugin("fake");
    assert_eq!((away.state, connector(&away).state), (PluginState::Faulted, PluginState::Faulted));
    assert!(connector(&away).last_fault.as_ref().is_some_and(|fault| fault.contains("is down")), "{away:?}");
    assert!(desk.refused(&Request::start("fake")).detail.contains("the exchange is down"));
    desk.running().wait_for_log("next try in 1000 ms");
    fs::remove_file(desk.path("down")).expect("the file is there");
    wait_until_back(&mut desk);
    wait_for_orders(&mut desk, QUOTES);
    desk.end();
}

#[test]
fn cancels_of_the_end_wait_for_a_connector_that_is_away() {
    let mut desk = fake("none", "", "");
    fs::write(desk.path("down"), "").expect("a file that can be written");
    desk.put_bytes(&rebuilt("exchange_fake", 1), FAKE);
    desk.refused(&Request::reload("fake"));
    desk.running().signal("TERM");
    desk.running().wait_for_log("ends on SIGTERM");
    fs::remove_file(desk.path("down")).expect("the file is there");
    let ended = desk.wait_for_end();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    assert!(!ended.err.contains("orders are still working"), "{}", ended.err);
}

#[test]
fn a_connector_that_dies_too_often_stays_away_until_it_is_started() {
    let mut desk = fake("process", "crash_limit = 1\n", "");
    let pid = connector(&desk.plugin("fake")).pid.expect("a process of its own");
    let sent = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill -KILL {pid}");
    desk.running().wait_for_log("exchange fake died too often and stays away");
    let away = desk.plugin("fake");
    assert_eq!((connector(&away).state, connector(&away).faults), (PluginState::Faulted, 1));
    desk.act(&Request::start("fake"));
    let back = wait_until_back(&mut desk);
    assert_eq!((connector(&back).restarts, connector(&back).faults), (1, 1));
    assert!(connector(&back).pid.is_some_and(|other| other != pid), "{back:?}");
    wait_for_orders(&mut desk, QUOTES);
    desk.end();
}
