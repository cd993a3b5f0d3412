//! Connectors change places, too: with a break in which orders are reconciled, or without one.

use std::{fs, path::PathBuf};

use stratd_control::{Done, PluginState, Request, Status};
use stratd_tests::{c_library, plugin};

use crate::desk::{COUNTING, Desk, instance_of, rebuilt};

const MAKER: &str = "
[[strategy]]
plugin = \"market-maker\"
";
/// It trades two instruments.
const INSTRUMENTS: u64 = 2;

/// A run at the fake exchange, which does this while its connector is away.
fn at_the_fake(while_away: &str, strategies: &str) -> Desk {
    let exchange = format!(
        "[[exchange]]\nplugin = \"fake\"\nconfig = {{ interval_ms = 2, while_away = \"{while_away}\" }}\n"
    );
    let mut desk = Desk::new(&format!("[plugins]\nwatch = false\n{exchange}{strategies}"));
    desk.put("strategy_market_maker", "libstrategy_market_maker.so");
    desk.put("strategy_buy_and_hold", "libstrategy_buy_and_hold.so");
    fs::copy(plugin("exchange_fake"), fake(&desk)).expect("a copy of a plugin");
    desk.start();
    desk
}

fn fake(desk: &Desk) -> PathBuf {
    desk.path("exchanges/libexchange_fake.so")
}

/// Puts another file in the place of the connector, and asks for it.
fn replace(desk: &Desk, content: &[u8]) -> Done {
    let unfinished = desk.path("unfinished");
    fs::write(&unfinished, content).expect("a file that can be written");
    fs::rename(unfinished, fake(desk)).expect("the same file system");
    let done = desk.act(&Request::reload("fake"));
    assert_eq!(done.plugin.state, PluginState::Started, "{}", done.report);
    assert_eq!(instance_of(&done.plugin, "fake").generation, done.plugin.generation, "{}", done.report);
    done
}

fn summary(desk: &Desk) -> serde_json::Value {
    let text = fs::read_to_string(desk.path("runs/latest/summary.json")).expect("a summary");
    serde_json::from_str(&text).expect("a summary that is JSON")
}

/// Waits until the market maker has working orders, and as many more requests.
fn wait_for_quotes(desk: &mut Desk) {
    let goal = instance_of(&desk.plugin("market-maker"), "market-maker").orders + 5;
    desk.wait("market-maker", "quotes", |found| instance_of(found, "market-maker").orders >= goal);
    let client = desk.client();
    desk.running().wait_until("working order", || {
        let status = client.send(&Request::status()).and_then(|answer| answer.read::<Status>());
        status.is_ok_and(|status| status.orders_working > 0)
    });
}

/// Replaces the connector under a strategy that trades; what was reported as missed, fills and ends.
fn break_with_orders(while_away: &str) -> Vec<(u64, u64)> {
    let mut desk = at_the_fake(while_away, MAKER);
    let mut missed = Vec::new();
    for build in 1..=3 {
        wait_for_quotes(&mut desk);
        let done = replace(&desk, &rebuilt("exchange_fake", build));
        assert!(done.report.contains("exchange fake was away for"), "{}", done.report);
        missed.extend(missed_in(&done.report));
        let working = desk.status().orders_working;
        assert!(working <= 2 * INSTRUMENTS, "{working} orders work");
    }
    wait_for_quotes(&mut desk);
    let found = desk.plugin("market-maker");
    let maker = instance_of(&found, "market-maker");
    assert_eq!((maker.state, maker.faults), (PluginState::Started, 0), "{found:?}");
    desk.end();
    let orders = fs::read_to_string(desk.path("runs/latest/orders.csv")).expect("orders");
    // every order that was ever requested reached its end, and was written then
    assert_eq!(summary(&desk)["orders"], orders.lines().count() - 1);
    missed
}

/// The numbers in `3 orders of ours worked there: 1 fills and 0 ends since then`. Reports that were under way when the
/// break began are among them.
fn missed_in(report: &str) -> Option<(u64, u64)> {
    let (_, text) = report.split_once("worked there: ")?;
    let (fills, rest) = text.split_once(" fills and ")?;
    let (ends, _) = rest.split_once(" ends")?;
    Some((fills.parse().ok()?, ends.parse().ok()?))
}

#[test]
fn orders_work_on_after_a_break() {
    let missed = break_with_orders("nothing");
    assert!(!missed.is_empty(), "an order worked at one of the breaks");
}

#[test]
fn a_cancel_in_a_break_is_told_afterwards() {
    let missed = break_with_orders("cancel");
    assert!(missed.iter().all(|(_, ends)| *ends >= 1), "{missed:?}");
}

#[test]
fn a_fill_in_a_break_is_told_afterwards() {
    let missed = break_with_orders("fill");
    assert!(missed.iter().all(|(fills, ends)| *fills >= 1 && *ends >= 1), "{missed:?}");
}

#[test]
fn a_break_is_told_to_strategies_as_a_halt_of_each_instrument() {
    let mut desk = at_the_fake("nothing", COUNTING);
    desk.wait_for_events("counter", "counter", 50);
    let done = replace(&desk, &rebuilt("exchange_fake", 1));
    assert!(done.report.contains("exchange fake was away for"), "{}", done.report);
    desk.wait_for_events("counter", "counter", 50);
    let figures = desk.end_whole();
    let events = summary(&desk)["events"].as_u64().expect("a number of events");
    // what it saw besides the market: a halt and a continuation of each instrument
    assert_eq!(figures.get("count") - events, 2 * INSTRUMENTS, "{figures:?} of {events}");
}

#[test]
fn a_connector_that_may_be_there_twice_changes_without_a_break() {
    let mut desk = at_the_fake("nothing", COUNTING);
    desk.wait_for_events("counter", "counter", 50);
    let second = fs::read(plugin("exchange_fake_second")).expect("a built plugin");
    let done = replace(&desk, &second);
    assert!(done.report.contains("without a break"), "{}", done.report);
    desk.wait_for_events("counter", "counter", 50);
    let figures = desk.end_whole();
    let events = summary(&desk)["events"].as_u64().expect("a number of events");
    assert_eq!(figures.get("count"), events, "no halt: {figures:?}");
}

/// The server of the fake exchange is in its connector, so an order that rested through the change would rest at two.
#[test]
fn a_position_is_kept_through_changes_without_a_break() {
    let mut desk = at_the_fake("nothing", "[[strategy]]\nplugin = \"buy-and-hold\"\n");
    desk.wait("buy-and-hold", "orders", |found| instance_of(found, "buy-and-hold").orders == INSTRUMENTS);
    let fills = desk.path("runs/latest/fills.csv");
    desk.running().wait_until("fills", || {
        let rows = fs::read_to_string(&fills).unwrap_or_default().lines().skip(1).count();
        rows as u64 == INSTRUMENTS
    });
    for build in 1..=3 {
        let done = replace(&desk, &rebuilt("exchange_fake_second", build));
        assert!(done.report.contains("without a break"), "{}", done.report);
        let goal = instance_of(&desk.plugin("buy-and-hold"), "buy-and-hold").events + 20;
        desk.wait("buy-and-hold", "events", |found| instance_of(found, "buy-and-hold").events >= goal);
    }
    desk.end();
    assert_eq!(summary(&desk)["fills"], INSTRUMENTS);
}

#[test]
fn a_connector_that_cannot_connect_gives_its_place_back() {
    let mut desk = at_the_fake("nothing", COUNTING);
    desk.wait_for_events("counter", "counter", 50);
    // the same plugin by its name, whose instruments cannot be had
    let options = ["-DNAME=\"exchange-fake\"", "-DSTATE_VERSION=1", "-DTAKES"];
    let other = c_library("plugins/faulty/c/exchange.c", "other", &options, &desk.path(""));
    fs::rename(other, fake(&desk)).expect("the same file system");
    let problem = desk.refused(&Request::reload("fake"));
    assert_eq!(problem.step.as_deref(), Some("connect"), "{problem}");
    assert!(problem.detail.contains("only one is known"), "{problem}");
    let found = desk.plugin("fake");
    assert_eq!((found.state, found.generation), (PluginState::Started, 1), "{found:?}");
    assert_eq!(instance_of(&found, "fake").generation, 1, "{found:?}");
    // the one before is there again, and nothing was missed but the time
    desk.wait_for_events("counter", "counter", 50);
    desk.end_whole();
}

#[test]
fn a_connector_that_is_no_library_is_refused_and_the_old_one_serves_on() {
    let mut desk = at_the_fake("nothing", COUNTING);
    desk.wait_for_events("counter", "counter", 50);
    fs::write(desk.path("unfinished"), b"no library").expect("a file that can be written");
    fs::rename(desk.path("unfinished"), fake(&desk)).expect("the same file system");
    assert_eq!(desk.refused(&Request::reload("fake")).step.as_deref(), Some("elf"));
    desk.wait_for_events("counter", "counter", 50);
    desk.end_whole();
}
