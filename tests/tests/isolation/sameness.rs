//! What a strategy does and sees is the same in all modes.

use std::fmt::Write;

use serde_json::{Value, json};
use stratd::host::isolation::Isolation;
use stratd_plugin_api::{Timestamp, abi};
use stratd_tests::plugin;

use crate::place::{Place, Running, modes};

/// Runs a story in each mode; all of them must tell the same.
fn same(library: &std::path::Path, config: &Value, story: impl Fn(&mut Running) -> String) -> String {
    let place = Place::new();
    let plugin = place.load(library);
    let mut told: Vec<(&str, String)> = Vec::new();
    for (name, isolation) in modes() {
        let mut running = Running::of(&plugin, config, &isolation);
        let mut text = story(&mut running);
        running.end();
        let _ = write!(text, "\nrequests {:?}\nlogged {:?}", running.host.calls, running.services.messages());
        told.push((name, text));
    }
    for (name, text) in &told[1..] {
        assert_eq!(text, &told[0].1, "{name} differs from none");
    }
    told.swap_remove(0).1
}

/// A price that goes up and down, so that averages cross.
fn waves(count: i64) -> Vec<i64> {
    (0..count).map(|i| 10_000 + (i % 40 - 20).abs() * 50).collect()
}

#[test]
fn orders_of_a_strategy_over_many_events_are_the_same() {
    let told = same(&plugin("strategy_ema_cross"), &json!({}), |running| {
        let mut consumed = String::new();
        for price in waves(500) {
            let _ = write!(consumed, "{:?} ", running.trades(&[price]));
        }
        // and in slices, of which a request ends one
        let prices = waves(300);
        let mut rest = &prices[..];
        while !rest.is_empty() {
            let count = running.trades(rest).expect("no handler fails");
            let _ = write!(consumed, "{count} ");
            rest = &rest[count..];
        }
        consumed
    });
    assert!(told.contains("buy") && told.contains("sell"), "{told}");
}

#[test]
fn everything_that_a_strategy_can_ask_for_and_every_wrong_return_are_the_same() {
    let place = Place::new();
    let told = same(&place.c("strategy"), &json!({}), |running| {
        // more than any ring holds
        let first = running.host.instruments[0];
        running.host.instruments = (1..=20_000).map(|id| abi::InstrumentRecord { id, ..first }).collect();
        let mut told = String::new();
        for price in [10, 8, 5, 7, 9, 1, 2, 3, 4, 6, 10] {
            let _ = writeln!(told, "{price}: {:?}", running.trades(&[price, 0, 0]));
        }
        told
    });
    assert!(told.contains("instruments 20000") && told.contains("submit 1 "), "{told}");
    // a book with more levels than the buffer, its record, and a query that says what is reserved
    assert!(told.contains("book 20 of 1 gaps 7 third 30 reserved -1 bars 9"), "{told}");
    assert!(told.contains("the last text") && told.contains("returned 8 (accepted: 1 to 3)"), "{told}");
}

#[test]
fn states_configurations_and_costs_are_the_same() {
    let told = same(&plugin("strategy_faulty"), &json!({"at": 3}), |running| {
        running.trades(&[1]).expect("it counts");
        running.trades(&[2]).expect("it counts");
        running.call(|strategy, host| {
            let state = strategy.save(host);
            let fill = abi::FillRecord { quantity: 3, ..abi::FillRecord::default() };
            format!(
                "{state:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                strategy.restore(host, 1, &[7, 0, 0, 0, 0, 0, 0, 0]),
                strategy.save(host),
                strategy.restore(host, 1, &[7]),
                strategy.on_config(host, r#"{"at": 1}"#),
                strategy.slippage(host, &fill),
                strategy.transaction_cost(host, &fill),
                strategy.quiesce(host, Timestamp::new(5)),
            )
        })
    });
    assert!(told.starts_with("Ok(Some([2, 0, 0, 0, 0, 0, 0, 0])) Ok(()) Ok(Some([7"), "{told}");
    assert!(told.contains("expected"), "{told}");
}

#[test]
fn a_large_state_passes_through_a_small_ring() {
    let config = json!({"state_bytes": 3_000_001});
    let place = Place::new();
    let plugin = place.load(&plugin("strategy_counter"));
    let mut states = Vec::new();
    for (_, isolation) in modes() {
        let mut running = Running::of(&plugin, &config, &isolation);
        running.trades(&[1, 2, 3]).expect("it counts");
        states.push(running.call(|strategy, host| {
            let state = strategy.save(host).expect("it saves").expect("there is one");
            strategy.restore(host, plugin.manifest().state_version, &state).expect("it is its own");
            state
        }));
    }
    assert_eq!(states[0].len(), 3_000_001);
    // not with a message: it would be three million numbers long
    assert!(states.iter().all(|state| *state == states[0]), "a state differs from that of the first mode");
}

#[test]
fn a_panic_and_an_error_are_faults_of_the_strategy_and_not_of_the_place() {
    for fault in
        ["panic", "error", "panic-in-save", "huge-state-in-save", "panic-in-payload", "panic-in-thread"]
    {
        let told = same(&plugin("strategy_faulty"), &json!({ "fault": fault, "at": 2 }), |running| {
            let mut told = format!("{:?} {:?}", running.trades(&[1, 2, 3]), running.trades(&[4, 5]));
            for _ in 0..2 {
                let saved = running.call(|strategy, host| strategy.save(host).map(|_| ()));
                let _ = write!(told, " {saved:?}");
            }
            told
        });
        assert!(
            told.contains("as configured") || told.contains("payload") || fault.contains("huge"),
            "{told}"
        );
    }
}

#[test]
fn a_refused_configuration_is_refused_in_the_same_words() {
    let place = Place::new();
    let ema = place.load(&plugin("strategy_ema_cross"));
    for config in [json!({"fast": 9, "slow": 5}), json!({"fats": 3})] {
        let refusals = modes().map(|(_, isolation)| {
            Running::new(&ema, &config, &isolation).err().expect("it is refused").to_string()
        });
        assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");
    }
    let faulty = place.load(&plugin("strategy_faulty"));
    for (name, isolation) in modes() {
        let refusal = Running::new(&faulty, &json!({"fault": "panic-in-new"}), &isolation).err();
        let refusal = refusal.expect("it panics");
        assert!(refusal.found.ends_with("as configured, in new"), "{name}: {refusal}");
        // an isolated one of another kind is refused, too
        assert!(!matches!(isolation, Isolation::None) || name == "none");
    }
}
