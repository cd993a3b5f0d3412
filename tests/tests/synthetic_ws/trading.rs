//! A market maker trades; something happens to the connection; both sides agree at the end.

use crate::desk::{Desk, Setup};

/// Reports of the account after which a run has seen enough.
pub(crate) const REPORTS: u64 = 150;

fn with_faults(faults: &[&'static str]) -> Desk {
    let venue = faults.iter().flat_map(|fault| ["--fault", *fault]).collect();
    Desk::start(&Setup { venue, ..Setup::default() })
}

#[test]
fn a_strategy_trades_and_both_sides_agree_wherever_the_connector_runs() {
    for isolation in ["none", "thread", "process"] {
        let mut desk = Desk::start(&Setup { isolation, ..Setup::default() });
        desk.trades(REPORTS);
        desk.agrees();
    }
}

#[test]
fn a_venue_that_is_killed_and_comes_back_knows_the_same_orders_as_the_daemon() {
    let mut desk = Desk::start(&Setup::default());
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
    let mut desk =
        with_faults(&["drop:market:500", "drop:orders:20000", "duplicate:both:20000", "reorder:both:5000"]);
    desk.trades(2 * REPORTS);
    let log = desk.agrees();
    assert!(log.contains("are missing; they are asked for"), "{log}");
}

#[test]
fn cut_connections_change_nothing() {
    let mut desk = with_faults(&["disconnect:both:5000"]);
    desk.trades(2 * REPORTS);
    let log = desk.agrees();
    assert!(log.contains("broke: "), "{log}");
}

#[test]
fn orders_that_are_accepted_in_silence_are_found() {
    let mut desk = with_faults(&["accept_then_silence:orders:100000"]);
    desk.trades(REPORTS);
    desk.agrees();
}
