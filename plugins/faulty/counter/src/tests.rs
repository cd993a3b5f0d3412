//! What is counted, and what of it survives.

use stratd_plugin_api::{Instrument, InstrumentType, Reason};
use stratd_testkit::{Desk, StrategyState};

use super::*;
use crate::tally::checksum;

fn seen(numbers: &[u64]) -> Tally {
    let mut tally = Tally::default();
    numbers.iter().for_each(|seq| tally.see(*seq));
    tally
}

fn config(text: &str) -> Config {
    serde_json::from_str(text).unwrap()
}

fn counter(text: &str) -> Counter {
    Counter::new(config(text)).unwrap()
}

fn saved(counter: &mut Counter) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut write = |part: &[u8]| {
        bytes.extend_from_slice(part);
        true
    };
    assert!(counter.save_to(&mut StateSink::new(&mut write)).unwrap());
    bytes
}

#[test]
fn every_irregularity_has_its_own_figure() {
    let clean = seen(&[5, 6, 7, 8]);
    assert_eq!((clean.count, clean.first, clean.last), (4, 5, 8));
    assert_eq!((clean.gaps, clean.duplicates, clean.out_of_order), (0, 0, 0));
    assert_eq!(seen(&[5, 6, 9]).gaps, 2);
    assert_eq!(seen(&[5, 6, 6]).duplicates, 1);
    assert_eq!(seen(&[5, 7, 6, 8]).out_of_order, 1);
    assert_ne!(seen(&[5, 7, 6, 8]).checksum, seen(&[5, 6, 7, 8]).checksum);
    assert_eq!(checksum(0, 0), 0);
}

#[test]
fn a_state_comes_back_as_it_was_and_counts_the_restore() {
    for numbers in [&[][..], &[3], &[2, 3, 4], &[2, 3, 3, 9, 4, 10], &[1 << 41, (1 << 41) + 1]] {
        let tally = seen(numbers);
        let state = tally.to_bytes();
        let (back, rest) = Tally::read(tally::VERSION, &state).unwrap();
        assert_eq!(back, Tally { restores: 1, ..tally }, "{numbers:?}");
        assert!(rest.is_empty());
    }
}

#[test]
fn a_state_has_the_size_that_was_asked_for() {
    for size in [24, 25, 64 * 1024, 1024 * 1024] {
        let mut counter = counter(&format!("{{\"state_bytes\": {size}}}"));
        assert_eq!(saved(&mut counter).len(), size);
    }
    assert_eq!(saved(&mut counter("{}")).len(), 24);
    let refused =
        Counter::new(config("{\"state_bytes\": 67108865}")).err().expect("it is too large").to_string();
    assert_eq!(refused, "state_bytes is 67108865 (accepted: at most 67108864)");
}

#[test]
fn the_size_changes_with_the_restore_that_was_named() {
    let config = r#"{"state_bytes": 100, "resize": [{"restores": 2, "state_bytes": 5000}, {"restores": 3, "state_bytes": 24}]}"#;
    let mut state = saved(&mut counter(config));
    for size in [100, 5000, 24, 24] {
        let mut next = counter(config);
        next.restore(1, &state).unwrap();
        state = saved(&mut next);
        assert_eq!((state.len(), next.padding.damaged()), (size, 0));
    }
    let refused = Counter::new(self::config(r#"{"resize": [{"restores": 1, "state_bytes": 67108865}]}"#));
    assert_eq!(
        refused.err().expect("it is too large").to_string(),
        "state_bytes is 67108865 (accepted: at most 67108864)"
    );
}

#[test]
fn padding_that_was_damaged_on_the_way_is_found() {
    let mut state = saved(&mut counter("{\"state_bytes\": 1000}"));
    let mut next = counter("{}");
    next.restore(1, &state).unwrap();
    assert_eq!((next.padding.damaged(), next.padding.bytes().len()), (0, 976));
    state[999] ^= 1;
    next.restore(1, &state).unwrap();
    assert_eq!(next.padding.damaged(), 1);
}

#[test]
fn a_state_that_makes_no_sense_is_refused() {
    let refused = |version, bytes: &[u8]| counter("{}").restore(version, bytes).unwrap_err().to_string();
    assert_eq!(refused(2, &[0; 24]), "a state of version 2 (accepted: 1 to 1)");
    assert_eq!(refused(1, &[0; 23]), "a state of 23 bytes, which ends too early");
    assert_eq!(refused(1, &[255; 30]), "a state of 30 bytes, which ends too early");
    let mut falling = [0; 24];
    falling[0] = 9;
    assert_eq!(refused(1, &falling), "a count from 9 to 0 (expected it to rise)");
    let told = counter("{\"refuse_restore\": true}").restore(1, &[0; 24]).unwrap_err().to_string();
    assert_eq!(told, "refuse_restore is set");
}

#[test]
fn a_run_is_counted_without_a_gap_and_reported() {
    let mut desk = Desk::new();
    let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
    let strategy = desk.strategy::<Counter>("{\"log_every\": 2}").unwrap();
    desk.start();
    (0..2).for_each(|_| desk.trade(aapl, "10", "1"));
    desk.quote(aapl, "9", "11", "1");
    desk.bar(aapl, ["9", "11", "8", "10"], "5");
    desk.end();
    assert!(!matches!(desk.state(strategy), StrategyState::Faulted(_)), "{:?}", desk.state(strategy));
    let logs = desk.logs();
    // two of every second event, one of the end
    assert_eq!(logs.len(), 3, "{logs:?}");
    let figures =
        "count 5 first 2 last 6 gaps 0 duplicates 0 out_of_order 0 restores 0 migrations 0 checksum";
    assert!(logs[2].starts_with(&format!("20 Counter: first build: {figures}")), "{}", logs[2]);
}

/// A counter that was restored before it started.
struct Restored(Counter);

impl Strategy for Restored {
    type Config = Config;
    fn new(config: Config) -> Result<Self> {
        let mut counter = Counter::new(config)?;
        counter.restore(1, &seen(&[1]).to_bytes())?;
        Ok(Self(counter))
    }
    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        self.0.on_trade(ctx, trade)
    }
}

fn state_after_trades<S: Strategy>(config: &str) -> StrategyState {
    let mut desk = Desk::new();
    let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
    let strategy = desk.strategy::<S>(config).unwrap();
    desk.start();
    (0..5).for_each(|_| desk.trade(aapl, "10", "1"));
    desk.state(strategy)
}

#[test]
fn faults_strike_after_a_restore_only_and_at_their_event() {
    let faults = [("panic_after_restore", Reason::Panic), ("error_after_restore", Reason::HandlerError)];
    for (key, reason) in faults {
        let config = format!("{{\"{key}\": 3}}");
        assert_eq!(state_after_trades::<Counter>(&config), StrategyState::Started);
        let StrategyState::Faulted(fault) = state_after_trades::<Restored>(&config) else {
            panic!("{key}: it did not fail");
        };
        assert_eq!(fault.reason, reason);
        assert!(fault.message.ends_with("as configured, at event 3 after restore"), "{fault}");
    }
}
