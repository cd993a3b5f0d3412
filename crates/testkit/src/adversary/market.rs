//! What the market does: trades, bars and quotes, one by one or several at a time.

use stratd_plugin_api::abi;

use super::{
    random::Random,
    scenario::{INSTRUMENTS, SECOND_NS, Scenario, price},
};

/// Events of a batch at most, some of which are of one strategy alone.
const BATCH_MAX: i64 = 12;

/// What happens next in the market, from a moment on: one event, or several in the order of their times.
pub(super) fn next(random: &mut Random, scenario: &Scenario, now: i64) -> Vec<abi::Event> {
    if !scenario.has_slices || random.chance(60) {
        let instrument = *random.pick(&INSTRUMENTS).unwrap_or(&1);
        return vec![event(random, scenario, instrument, now)];
    }
    // of one instant, or of several: then of a span
    let step = if random.chance(40) { 0 } else { SECOND_NS / 2 };
    let mut now = now;
    let mut instrument = *random.pick(&INSTRUMENTS).unwrap_or(&1);
    let count = random.range(2, BATCH_MAX + 1);
    let mut events = Vec::new();
    for _ in 0..count {
        if random.chance(10) {
            instrument = *random.pick(&INSTRUMENTS).unwrap_or(&1);
        }
        events.push(event(random, scenario, instrument, now));
        now += random.range(0, step + 1);
    }
    events
}

fn event(random: &mut Random, scenario: &Scenario, instrument: u32, ts: i64) -> abi::Event {
    let at = price(random, instrument);
    let (kind, data) = match random.range(0, 100) {
        _ if scenario.quoted_only.contains(&instrument) => (abi::event_kind::QUOTE, [at, 3, at + 1, 2, 0]),
        0..12 => (abi::event_kind::QUOTE, [at, 3, at + 1, 2, 0]),
        // one side only: it tells no price
        12..15 => (abi::event_kind::QUOTE, [at, 3, 0, 0, 0]),
        15..20 => (abi::event_kind::BAR, [at, at, at, at, 5]),
        _ => (abi::event_kind::TRADE, [at, 1, 0, 0, 0]),
    };
    abi::Event { ts, instrument, kind, data, ..abi::Event::default() }
}
