use std::{collections::BTreeMap, fmt::Write};

use expect_test::{Expect, expect};
use proptest::{collection::vec, prelude::*};
use stratd_plugin_api::{
    Bar, BarSeries, BarSpec, InstrumentId, Price, Quantity, Timestamp, Trade, abi, abi::event_flag,
};

use super::{Bars, Closed, Stop, number_of};
use crate::StrategyId;

const ID: u32 = 1;
/// A unit of time that divides a day.
const SECOND: i64 = 1_000_000_000;

fn trade(ts: i64, price: i64, quantity: i64) -> abi::Event {
    let raw = abi::Event { instrument: ID, ts: ts * SECOND, ..abi::Event::default() };
    let trade = Trade { price: Price::new(price), quantity: Quantity::new(quantity), ..Trade::from(&raw) };
    (&trade).into()
}

fn bar(end: i64, [open, high, low, close]: [i64; 4], volume: i64) -> abi::Event {
    (&Bar {
        ts: Timestamp::new(end * SECOND),
        instrument: InstrumentId(ID),
        open: Price::new(open),
        high: Price::new(high),
        low: Price::new(low),
        close: Price::new(close),
        volume: Quantity::new(volume),
        ..Bar::default()
    })
        .into()
}

fn with(spec: &BarSpec, now: i64) -> Bars {
    let mut bars = Bars::default();
    let number = number_of(&mut Vec::new(), &spec.into()).unwrap();
    bars.add(StrategyId(0), ID, (number, *spec), Timestamp::new(now * SECOND));
    bars
}

fn line(text: &mut String, closed: &[Closed]) {
    for Closed { event, .. } in closed {
        let Bar { ts, open, high, low, close, volume, series, .. } = Bar::from(event);
        assert_eq!(series, Some(BarSeries(1)));
        let at = Timestamp::new(ts.get() / SECOND).get();
        let _ = writeln!(text, "    to {at}: {open} {high} {low} {close} x{volume}");
    }
}

/// As the engine does: what is due comes first, then what the event closes, then the event.
fn feed(bars: &mut Bars, now: i64, event: Option<&abi::Event>) -> Vec<Closed> {
    let mut closed = Vec::new();
    while bars.next_due().is_some_and(|due| due.get() <= now) {
        bars.close_due(Timestamp::new(now), &mut closed);
    }
    if let Some(event) = event {
        bars.close_before(ID, Timestamp::new(event.ts), &mut closed);
        bars.take(event, None, &mut closed).unwrap();
    }
    closed
}

/// Events at the times of their exchange, the engine's time with them; `None` = nothing but the time.
fn check(spec: BarSpec, events: &[(i64, Option<abi::Event>)], expect: &Expect) {
    let mut bars = with(&spec, 0);
    let mut text = String::new();
    for (now, event) in events {
        let what = event
            .map_or_else(|| "nothing".to_owned(), |event| format!("{}@{}", event.data[1], event.data[0]));
        let _ = writeln!(text, "{now} {what}");
        line(&mut text, &feed(&mut bars, now * SECOND, event.as_ref()));
    }
    expect.assert_eq(&text);
}

fn at(ts: i64, price: i64, quantity: i64) -> (i64, Option<abi::Event>) {
    (ts, Some(trade(ts, price, quantity)))
}

#[test]
fn a_bar_of_time_has_its_start_and_not_its_end() {
    let events = [
        at(0, 10, 1),
        at(5, 12, 1),
        at(9, 9, 1),
        at(10, 11, 1),
        (19, None),
        (20, None),
        at(45, 7, 2),
        (60, None),
    ];
    check(
        BarSpec::seconds(10),
        &events,
        &expect![[r#"
        0 1@10
        5 1@12
        9 1@9
        10 1@11
            to 10: 10 12 9 9 x3
        19 nothing
        20 nothing
            to 20: 11 11 11 11 x1
        45 2@7
        60 nothing
            to 50: 7 7 7 7 x2
    "#]],
    );
}

#[test]
fn flat_bars_begin_with_the_first_trade() {
    let events = [(25, None), at(31, 10, 1), (40, None), (62, None), at(62, 11, 5), (70, None)];
    check(
        BarSpec::seconds(10).flat(),
        &events,
        &expect![[r#"
        25 nothing
        31 1@10
        40 nothing
            to 40: 10 10 10 10 x1
        62 nothing
            to 50: 10 10 10 10 x0
            to 60: 10 10 10 10 x0
        62 5@11
        70 nothing
            to 70: 11 11 11 11 x5
    "#]],
    );
}

#[test]
fn a_delay_waits_for_trades_that_come_late_and_later_ones_are_in_no_bar() {
    let late = |now, ts, price| (now, Some(trade(ts, price, 1)));
    let events = [
        at(1, 10, 1),
        late(11, 9, 12),
        late(11, 11, 20),
        late(12, 8, 13),
        (13, None),
        late(14, 7, 99),
        late(15, 12, 21),
        (23, None),
    ];
    check(
        BarSpec::seconds(10).delay(3 * SECOND),
        &events,
        &expect![[r#"
        1 1@10
        11 1@12
        11 1@20
        12 1@13
        13 nothing
            to 10: 10 13 10 13 x3
        14 1@99
        15 1@21
        23 nothing
            to 20: 20 21 20 21 x2
    "#]],
    );
}

#[test]
fn the_interval_that_has_begun_counts_only_where_it_is_asked_for() {
    let bars_of = |spec: BarSpec, now| {
        let mut bars = with(&spec, now);
        let mut text = String::new();
        for (now, event) in [at(8, 10, 1), at(12, 11, 1), (20, None)] {
            line(&mut text, &feed(&mut bars, now * SECOND, event.as_ref()));
        }
        text
    };
    let tens = BarSpec::seconds(10);
    assert_eq!(bars_of(tens, 3), "    to 20: 11 11 11 11 x1\n");
    assert_eq!(bars_of(tens.partial(), 3), "    to 10: 10 10 10 10 x1\n    to 20: 11 11 11 11 x1\n");
    assert_eq!(bars_of(tens, 0), bars_of(tens.partial(), 3));
}

#[test]
fn ticks_count_trades() {
    let events = [at(1, 10, 5), at(1, 12, 5), at(2, 9, 1), at(3, 8, 0), at(4, 7, 1)];
    check(
        BarSpec::tick(2),
        &events,
        &expect![[r#"
        1 5@10
        1 5@12
            to 1: 10 12 10 12 x10
        2 1@9
        3 0@8
            to 3: 9 9 8 8 x1
        4 1@7
    "#]],
    );
}

#[test]
fn a_trade_across_a_boundary_of_volume_is_divided() {
    let events = [at(1, 10, 60), at(2, 12, 50), at(3, 9, 300), at(4, 11, 90)];
    check(
        BarSpec::volume(Quantity::new(100)),
        &events,
        &expect![[r#"
        1 60@10
        2 50@12
            to 2: 10 12 10 12 x100
        3 300@9
            to 3: 12 12 9 9 x100
            to 3: 9 9 9 9 x100
            to 3: 9 9 9 9 x100
        4 90@11
            to 4: 9 11 9 11 x100
    "#]],
    );
}

#[test]
fn bars_of_an_exchange_are_put_together_until_it_sends_trades() {
    let from_bar = abi::Event { flags: event_flag::FROM_BAR, ..trade(5, 99, 9) };
    let events = [
        (5, Some(bar(5, [10, 14, 9, 11], 100))),
        (5, Some(from_bar)),
        (10, Some(bar(10, [11, 12, 8, 12], 50))),
        (15, Some(bar(15, [12, 13, 12, 13], 10))),
        (25, Some(bar(25, [20, 21, 20, 21], 10))),
        at(26, 30, 1),
        (30, Some(bar(30, [1, 1, 1, 1], 999))),
        (31, None),
    ];
    check(
        BarSpec::seconds(10),
        &events,
        &expect![[r#"
        5 14@10
        5 9@99
        10 12@11
            to 10: 10 14 8 12 x150
        15 13@12
        25 21@20
            to 20: 12 13 12 13 x10
        26 1@30
        30 1@1
            to 30: 20 30 20 30 x11
        31 nothing
    "#]],
    );
}

#[test]
fn specs_that_nobody_can_use_are_refused() {
    let number = |spec: BarSpec| number_of(&mut Vec::new(), &(&spec).into());
    for spec in [
        BarSpec::seconds(0),
        BarSpec::seconds(-60),
        BarSpec::seconds(7),
        BarSpec::time(1_000),
        BarSpec::seconds(86_400 + 1),
        BarSpec::seconds(60).delay(-1),
        BarSpec::seconds(60).delay(61 * SECOND),
        BarSpec::tick(0),
        BarSpec::volume(Quantity::ZERO),
    ] {
        assert_eq!(number(spec), None, "{spec:?}");
    }
    assert_eq!(number(BarSpec::seconds(7 * 86_400)), Some(1));
    assert_eq!(number_of(&mut Vec::new(), &abi::BarSpec { kind: 9, step: 1, ..Default::default() }), None);
    let mut specs = Vec::new();
    let numbers: Vec<_> =
        (1..=256).map(|step| number_of(&mut specs, &(&BarSpec::tick(step)).into())).collect();
    assert_eq!((numbers[0], numbers[254], numbers[255]), (Some(1), Some(255), None));
    assert_eq!(number_of(&mut specs, &(&BarSpec::tick(7)).into()), Some(7));
}

#[test]
fn one_trade_makes_a_limited_number_of_bars() {
    let mut bars = with(&BarSpec::volume(Quantity::new(1)), 0);
    let mut closed = Vec::new();
    assert_eq!(bars.take(&trade(1, 10, 10_001), None, &mut closed), Err(Stop::TooMany(StrategyId(0))));
    assert_eq!(closed.len(), 10_000);
}

#[test]
fn what_ends_with_a_strategy_is_not_due_any_more() {
    let mut bars = with(&BarSpec::seconds(10), 0);
    feed(&mut bars, 0, Some(&trade(0, 10, 1)));
    assert_eq!(bars.next_due(), Some(Timestamp::new(10 * SECOND)));
    bars.forget_since(StrategyId(0), bars.mark());
    assert_eq!(bars.of(StrategyId(0)), [(ID, 1)]);
    bars.cancel_all(StrategyId(0));
    assert!(bars.is_empty() && bars.next_due().is_none());
}

proptest! {
    /// The same as sorting all trades into their intervals at the end.
    #[test]
    fn bars_of_time_are_what_sorting_makes(steps in vec((0i64..40, 1i64..50, 0i64..9), 1..100), is_flat in any::<bool>()) {
        let spec = if is_flat { BarSpec::seconds(10).flat() } else { BarSpec::seconds(10) };
        let mut bars = with(&spec, 0);
        let (mut told, mut ts) = (Vec::new(), 0);
        let mut naive: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
        for (later, price, quantity) in steps {
            ts += later;
            naive.entry(ts / 10).or_default().push((price, quantity));
            told.extend(feed(&mut bars, ts * SECOND, Some(&trade(ts, price, quantity))));
        }
        told.extend(feed(&mut bars, (ts / 10 * 10 + 10) * SECOND, None));
        let mut expected = Vec::new();
        let (first, last) = (*naive.keys().next().unwrap(), *naive.keys().last().unwrap());
        let mut close = 0;
        for interval in first..=last {
            let data = match naive.get(&interval) {
                Some(trades) => {
                    close = trades.last().unwrap().0;
                    let prices = trades.iter().map(|(price, _)| *price);
                    let volume = trades.iter().map(|(_, quantity)| quantity).sum();
                    [trades[0].0, prices.clone().max().unwrap(), prices.min().unwrap(), close, volume]
                }
                None if is_flat => [close, close, close, close, 0],
                None => continue,
            };
            expected.push(((interval + 1) * 10 * SECOND, data));
        }
        let told: Vec<_> = told.iter().map(|closed| (closed.event.ts, closed.event.data)).collect();
        prop_assert_eq!(told, expected);
    }

    /// No quantity is lost, and each bar has exactly the step.
    #[test]
    fn bars_of_volume_lose_nothing(quantities in vec(0i64..500, 0..60), step in 1i64..200) {
        let mut bars = with(&BarSpec::volume(Quantity::new(step)), 0);
        let mut volumes = Vec::new();
        for quantity in &quantities {
            let closed = feed(&mut bars, 0, Some(&trade(0, 1, *quantity)));
            volumes.extend(closed.iter().map(|closed| closed.event.data[4]));
        }
        let whole = quantities.iter().sum::<i64>() / step;
        prop_assert_eq!(volumes, vec![step; usize::try_from(whole).unwrap()]);
    }
}
