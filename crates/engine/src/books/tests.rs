use std::{collections::BTreeMap, fmt::Write};

use expect_test::{Expect, expect};
use proptest::{collection::vec, prelude::*};
use stratd_plugin_api::{
    BookState, BookStatus, BookUpdate, InstrumentId, OrderEventKind, Price, Quantity, Quote, Side, abi,
};

use super::{Books, levels::LEVELS_MAX};

const ID: InstrumentId = InstrumentId(1);

fn level(side: Side, price: i64, quantity: i64) -> BookUpdate {
    BookUpdate {
        instrument: ID,
        side: Some(side),
        price: Price::new(price),
        quantity: Quantity::new(quantity),
        ..BookUpdate::default()
    }
}

fn order(
    kind: OrderEventKind,
    id: u64,
    side: Side,
    price: i64,
    (quantity, filled): (i64, i64),
) -> abi::OrderEvent {
    abi::OrderEvent {
        instrument: ID.0,
        kind: kind.code(),
        exchange_order_id: id,
        side: side.code(),
        price,
        quantity,
        cumulative_quantity: filled,
        ..abi::OrderEvent::default()
    }
}

fn shown(books: &Books) -> String {
    let query = abi::BookQuery { instrument: ID.0, depth: u32::MAX, ..abi::BookQuery::default() };
    let mut text = String::new();
    let record = books.query(&query, &mut |level| {
        let side = if level.side == abi::side::BUY { 'b' } else { 'a' };
        let _ = write!(text, " {side}{}x{}", level.price, level.quantity);
        if level.orders > 0 {
            let _ = write!(text, "/{}", level.orders);
        }
    });
    let status = BookStatus::from(&record);
    let crossed = if status.is_crossed { " crossed" } else { "" };
    let counts = format!("gaps {} crossings {}", status.gaps, status.crossings);
    format!("{} {}{crossed}, {counts}:{text}", status.state, status.source)
}

/// A line for each event: what it is called, and the book after it.
fn check(updates: &[(&str, BookUpdate)], expect: &Expect) {
    let mut books = Books::default();
    let mut text = String::new();
    for (name, update) in updates {
        let gap = books.apply(&update.into());
        let gap = gap.map_or_else(String::new, |gap| format!(" GAP {} for {}", gap.found, gap.expected));
        let _ = writeln!(text, "{name}{gap} => {}", shown(&books));
    }
    expect.assert_eq(&text);
}

#[test]
fn levels_come_change_and_go() {
    let updates = [
        ("bid", level(Side::Buy, 100, 5)),
        ("ask", level(Side::Sell, 102, 7)),
        ("second bid", level(Side::Buy, 99, 1)),
        ("changed", level(Side::Buy, 100, 2)),
        ("gone", level(Side::Buy, 100, 0)),
    ];
    check(
        &updates,
        &expect![[r#"
        bid => live updates, gaps 0 crossings 0: b100x5
        ask => live updates, gaps 0 crossings 0: b100x5 a102x7
        second bid => live updates, gaps 0 crossings 0: b100x5 b99x1 a102x7
        changed => live updates, gaps 0 crossings 0: b100x2 b99x1 a102x7
        gone => live updates, gaps 0 crossings 0: b99x1 a102x7
    "#]],
    );
}

#[test]
fn a_book_with_a_gap_has_nothing_to_see_until_a_snapshot() {
    let numbered =
        |side, price, quantity, feed_number| BookUpdate { feed_number, ..level(side, price, quantity) };
    let updates = [
        ("first", numbered(Side::Buy, 100, 5, 7)),
        ("same message", numbered(Side::Sell, 102, 5, 7)),
        ("next", numbered(Side::Sell, 103, 5, 8)),
        ("one is missing", numbered(Side::Buy, 99, 5, 10)),
        ("unheard", numbered(Side::Buy, 98, 5, 11)),
        ("snapshot", BookUpdate { is_snapshot: true, has_more: true, ..numbered(Side::Buy, 97, 5, 20) }),
        ("its end", numbered(Side::Sell, 104, 5, 20)),
        ("told", BookUpdate { is_gap: true, ..BookUpdate { instrument: ID, ..BookUpdate::default() } }),
        ("empty snapshot", BookUpdate { is_snapshot: true, instrument: ID, ..BookUpdate::default() }),
        ("live again", level(Side::Buy, 96, 1)),
    ];
    check(
        &updates,
        &expect![[r#"
        first => live updates, gaps 0 crossings 0: b100x5
        same message => live updates, gaps 0 crossings 0: b100x5 a102x5
        next => live updates, gaps 0 crossings 0: b100x5 a102x5 a103x5
        one is missing GAP 10 for 9 => stale updates, gaps 1 crossings 0:
        unheard => stale updates, gaps 1 crossings 0:
        snapshot => partial updates, gaps 1 crossings 0: b97x5
        its end => live updates, gaps 1 crossings 0: b97x5 a104x5
        told GAP 0 for 0 => stale updates, gaps 2 crossings 0:
        empty snapshot => live updates, gaps 2 crossings 0:
        live again => live updates, gaps 2 crossings 0: b96x1
    "#]],
    );
}

#[test]
fn crossing_counts_once_and_not_within_an_update() {
    let updates = [
        ("bid", level(Side::Buy, 100, 5)),
        ("ask, more to come", BookUpdate { has_more: true, ..level(Side::Sell, 99, 5) }),
        ("bid gone", level(Side::Buy, 100, 0)),
        ("crossing", level(Side::Buy, 99, 1)),
        ("still", level(Side::Buy, 98, 1)),
        ("over", level(Side::Sell, 99, 0)),
        ("again", level(Side::Sell, 98, 1)),
    ];
    check(
        &updates,
        &expect![[r#"
        bid => live updates, gaps 0 crossings 0: b100x5
        ask, more to come => partial updates, gaps 0 crossings 0: b100x5 a99x5
        bid gone => live updates, gaps 0 crossings 0: a99x5
        crossing => live updates crossed, gaps 0 crossings 1: b99x1 a99x5
        still => live updates crossed, gaps 0 crossings 1: b99x1 b98x1 a99x5
        over => live updates, gaps 0 crossings 1: b99x1 b98x1
        again => live updates crossed, gaps 0 crossings 2: b99x1 b98x1 a98x1
    "#]],
    );
}

#[test]
fn single_orders_make_levels() {
    let of = |id, side, price, quantity| BookUpdate { order_id: id, ..level(side, price, quantity) };
    let updates = [
        ("1", of(1, Side::Buy, 100, 5)),
        ("2", of(2, Side::Buy, 100, 3)),
        ("1 shrinks", of(1, Side::Buy, 100, 4)),
        ("2 moves", of(2, Side::Buy, 101, 3)),
        ("1 leaves", of(1, Side::Buy, 100, 0)),
        ("an unknown one leaves", of(9, Side::Sell, 100, 0)),
    ];
    check(
        &updates,
        &expect![[r#"
        1 => live updates, gaps 0 crossings 0: b100x5/1
        2 => live updates, gaps 0 crossings 0: b100x8/2
        1 shrinks => live updates, gaps 0 crossings 0: b100x7/2
        2 moves => live updates, gaps 0 crossings 0: b101x3/1 b100x4/1
        1 leaves => live updates, gaps 0 crossings 0: b101x3/1
        an unknown one leaves => live updates, gaps 0 crossings 0: b101x3/1
    "#]],
    );
}

#[test]
fn order_events_of_the_feed_make_a_book_and_updates_outrank_them() {
    let mut books = Books::default();
    let mut text = String::new();
    let quote = Quote {
        bid: Price::new(10),
        bid_quantity: Quantity::new(1),
        ..Quote::from(&abi::Event { instrument: ID.0, ..abi::Event::default() })
    };
    books.apply(&(&quote).into());
    let _ = writeln!(text, "quote => {}", shown(&books));
    use OrderEventKind::{Cancel, Change, Fill, Open};
    for (name, event) in [
        ("open", order(Open, 1, Side::Buy, 100, (5, 0))),
        ("the one that takes is not in the book", order(Change, 8, Side::Sell, 100, (9, 2))),
        ("filled in part", order(Change, 1, Side::Buy, 100, (5, 2))),
        ("its rest rests", order(Open, 8, Side::Sell, 101, (9, 2))),
        ("canceled", order(Cancel, 8, Side::Sell, 101, (9, 2))),
        ("filled", order(Fill, 1, Side::Buy, 100, (5, 5))),
        ("again", order(Open, 2, Side::Buy, 99, (1, 0))),
    ] {
        books.order(&event);
        let _ = writeln!(text, "{name} => {}", shown(&books));
    }
    let gap = BookUpdate { is_gap: true, instrument: ID, ..BookUpdate::default() };
    assert!(books.apply(&(&gap).into()).is_some());
    books.order(&order(Open, 3, Side::Buy, 98, (1, 0)));
    let _ = writeln!(text, "gap => {}", shown(&books));
    let begin = BookUpdate { is_snapshot: true, instrument: ID, ..BookUpdate::default() };
    books.apply(&(&begin).into());
    books.order(&order(Open, 3, Side::Buy, 98, (1, 0)));
    let _ = writeln!(text, "told anew => {}", shown(&books));
    books.apply(&(&level(Side::Sell, 102, 3)).into());
    books.order(&order(Open, 4, Side::Buy, 97, (1, 0)));
    books.apply(&(&quote).into());
    let _ = writeln!(text, "updates => {}", shown(&books));
    expect![[r#"
        quote => live quotes, gaps 0 crossings 0: b10x1
        open => live orders, gaps 0 crossings 0: b100x5/1
        the one that takes is not in the book => live orders, gaps 0 crossings 0: b100x5/1
        filled in part => live orders, gaps 0 crossings 0: b100x3/1
        its rest rests => live orders, gaps 0 crossings 0: b100x3/1 a101x7/1
        canceled => live orders, gaps 0 crossings 0: b100x3/1
        filled => live orders, gaps 0 crossings 0:
        again => live orders, gaps 0 crossings 0: b99x1/1
        gap => stale orders, gaps 1 crossings 0:
        told anew => live orders, gaps 1 crossings 0: b98x1/1
        updates => live updates, gaps 1 crossings 0: a102x3
    "#]]
    .assert_eq(&text);
}

#[test]
fn the_farthest_level_beyond_the_limit_is_left_out() {
    let mut books = Books::default();
    let max = i64::try_from(LEVELS_MAX).unwrap();
    for price in 0..max + 2 {
        books.apply(&(&level(Side::Buy, price, 1)).into());
    }
    let mut lowest = 0;
    let query = abi::BookQuery { instrument: ID.0, depth: u32::MAX, ..abi::BookQuery::default() };
    let record = books.query(&query, &mut |level| lowest = level.price);
    assert_eq!((i64::from(record.bid_levels), record.left_out, lowest), (max, 2, 2));
}

#[test]
fn one_level_is_found_by_its_price() {
    let mut books = Books::default();
    for price in 90..100 {
        books.apply(&(&level(Side::Buy, price, price)).into());
    }
    let at = |price, side: u8, depth| {
        let query = abi::BookQuery {
            instrument: ID.0,
            depth,
            side,
            has_price: 1,
            price,
            ..abi::BookQuery::default()
        };
        let mut found = Vec::new();
        books.query(&query, &mut |level| found.push(level.quantity));
        found
    };
    assert_eq!(at(93, abi::side::BUY, 1), [93]);
    assert_eq!(at(93, abi::side::SELL, 1), [0i64; 0]);
    assert_eq!(at(89, 0, 1), [0i64; 0]);
    assert_eq!(at(93, abi::side::BUY, 0), [0i64; 0]);
}

proptest! {
    /// The same as adding the orders up anew for each question.
    #[test]
    fn orders_add_up(steps in vec((1u64..12, any::<bool>(), 95i64..105, -1i64..6), 1..200)) {
        let mut books = Books::default();
        let mut orders: BTreeMap<u64, (Side, i64, i64)> = BTreeMap::new();
        for (id, is_bid, price, quantity) in steps {
            let side = if is_bid { Side::Buy } else { Side::Sell };
            books.apply(&(&BookUpdate { order_id: id, ..level(side, price, quantity) }).into());
            orders.remove(&id);
            if quantity > 0 {
                orders.insert(id, (side, price, quantity));
            }
            let mut sums: BTreeMap<(u8, i64), (i64, u32)> = BTreeMap::new();
            for (side, price, quantity) in orders.values() {
                let sum = sums.entry((side.code(), *price)).or_default();
                *sum = (sum.0 + quantity, sum.1 + 1);
            }
            let mut found = BTreeMap::new();
            let query = abi::BookQuery { instrument: ID.0, depth: u32::MAX, ..abi::BookQuery::default() };
            let record = books.query(&query, &mut |level| {
                found.insert((level.side, level.price), (level.quantity, level.orders));
            });
            prop_assert_eq!(&found, &sums);
            prop_assert_eq!(record.state, BookState::Live.code());
            let best = |code| sums.keys().filter(move |(side, _)| *side == code).map(|(_, price)| *price);
            let is_crossed = best(abi::side::BUY).max().zip(best(abi::side::SELL).min());
            prop_assert_eq!(record.is_crossed == 1, is_crossed.is_some_and(|(bid, ask)| bid >= ask));
        }
    }

    /// Whatever comes, nothing panics, and a stale book has no levels.
    #[test]
    fn any_events_are_taken(events in vec((any::<u16>(), any::<[i64; 5]>(), any::<bool>()), 0..100)) {
        let mut books = Books::default();
        for (flags, data, is_quote) in events {
            let kind = if is_quote { abi::event_kind::QUOTE } else { abi::event_kind::BOOK_UPDATE };
            books.apply(&abi::Event { instrument: ID.0, kind, flags, data, ..abi::Event::default() });
            let mut count = 0u32;
            let query = abi::BookQuery { instrument: ID.0, depth: u32::MAX, ..abi::BookQuery::default() };
            let record = books.query(&query, &mut |_| count += 1);
            prop_assert_eq!(count, record.bid_levels + record.ask_levels);
            prop_assert!(record.state != BookState::Stale.code() || count == 0);
        }
    }
}
