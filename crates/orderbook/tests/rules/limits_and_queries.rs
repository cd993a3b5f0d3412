//! Limits, the ends of the ranges, and queries.

use expect_test::expect;
use stratd_orderbook::{BookConfig, Level, Operation, OrderId, TopOfBook};
use stratd_plugin_api::{Price, Quantity, Side};

use super::{check, check_with, pair, script};

#[test]
fn full_books_refuse_and_stay_as_they_are() {
    check_with(
        BookConfig::default().orders_max(2).stops_max(1),
        "
        sell 1 1 @100
        buy 2 1 @90
        buy 3 1 @100
        buy 3 1 @100 ioc
        sell 4 1 @101
        stop 5 buy 100 : buy 6 1 @100
        stop 5 buy 101 : buy 6 1 @95
        buy 7 1 market
        ",
        expect![[r#"
            > sell 1 1 @100
             1 OPEN 1 sell 0/1 @100
            > buy 2 1 @90
             2 OPEN 2 buy 0/1 @90
            > buy 3 1 @100
               refused: host_limit
            > buy 3 1 @100 ioc
             3 FILL 1 sell 1/1 @100 last 1@100
             4 FILL 3 buy 1/1 @100 last 1@100
             5 TRADE 3 buy 1 average 100 notional 100 makers 1
            > sell 4 1 @101
             6 OPEN 4 sell 0/1 @101
            > stop 5 buy 100 : buy 6 1 @100
             7 STOP OPEN 5 buy 100 target 6
             8 STOP TRIGGER 5 buy 100 target 6
             9 CANCEL 6 buy 0/1 @100 host_limit
            > stop 5 buy 101 : buy 6 1 @95
               refused: duplicate_id
            > buy 7 1 market
            10 FILL 4 sell 1/1 @101 last 1@101
            11 FILL 7 buy 1/1 market last 1@101
            12 TRADE 7 buy 1 average 101 notional 101 makers 1
        "#]],
    );
}

#[test]
fn ids_run_out() {
    check_with(
        BookConfig::default().ids_max(3),
        "
        buy 1 1 market
        buy 2 1 market
        stop 3 buy 100 : buy 4 1 market
        buy 3 1 market
        buy 4 1 market
        ",
        expect![[r#"
            > buy 1 1 market
             1 CANCEL 1 buy 0/1 market unfilled
            > buy 2 1 market
             2 CANCEL 2 buy 0/1 market unfilled
            > stop 3 buy 100 : buy 4 1 market
               refused: host_limit
            > buy 3 1 market
             3 CANCEL 3 buy 0/1 market unfilled
            > buy 4 1 market
               refused: host_limit
        "#]],
    );
}

#[test]
fn a_side_holds_no_more_than_64_bits() {
    check(
        "
        buy 1 max @100
        buy 2 1 @99
        buy 2 1 @99 ioc
        sell 3 max @101
        change 1 max @98
        sell 4 1 market
        change 1 max @100
        buy 5 2 @1
        buy 5 1 @1
        buy 6 max market
        stop 7 buy 102 : buy 8 1 @1
        stop 9 buy 101 : buy 10 1 @1
        ",
        expect![[r#"
            > buy 1 max @100
             1 OPEN 1 buy 0/9223372036854775807 @100
            > buy 2 1 @99
               refused: overflow
            > buy 2 1 @99 ioc
             2 CANCEL 2 buy 0/1 @99 unfilled
            > sell 3 max @101
             3 OPEN 3 sell 0/9223372036854775807 @101
            > change 1 max @98
             4 CHANGE 1 buy 0/9223372036854775807 @98
            > sell 4 1 market
             5 CHANGE 1 buy 1/9223372036854775807 @98 last 1@98
             6 FILL 4 sell 1/1 market last 1@98
             7 TRADE 4 sell 1 average 98 notional 98 makers 1
            > change 1 max @100
             8 CHANGE 1 buy 1/9223372036854775807 @100
            > buy 5 2 @1
               refused: overflow
            > buy 5 1 @1
             9 OPEN 5 buy 0/1 @1
            > buy 6 max market
            10 FILL 3 sell 9223372036854775807/9223372036854775807 @101 last 9223372036854775807@101
            11 FILL 6 buy 9223372036854775807/9223372036854775807 market last 9223372036854775807@101
            12 TRADE 6 buy 9223372036854775807 average 101 notional 931560575722332356507 makers 1
            > stop 7 buy 102 : buy 8 1 @1
            13 STOP OPEN 7 buy 102 target 8
            > stop 9 buy 101 : buy 10 1 @1
            14 STOP OPEN 9 buy 101 target 10
            15 STOP TRIGGER 9 buy 101 target 10
            16 CANCEL 10 buy 0/1 @1 overflow
        "#]],
    );
}

#[test]
fn prices_reach_to_both_ends() {
    check(
        "
        buy 1 1 @min
        sell 2 1 @max
        buy 3 5 @max
        sell 4 9 @min
        ",
        expect![[r#"
            > buy 1 1 @min
             1 OPEN 1 buy 0/1 @-9223372036854775808
            > sell 2 1 @max
             2 OPEN 2 sell 0/1 @9223372036854775807
            > buy 3 5 @max
             3 FILL 2 sell 1/1 @9223372036854775807 last 1@9223372036854775807
             4 CHANGE 3 buy 1/5 @9223372036854775807 last 1@9223372036854775807
             5 TRADE 3 buy 1 average 9223372036854775807 notional 9223372036854775807 makers 1
             6 OPEN 3 buy 1/5 @9223372036854775807
            > sell 4 9 @min
             7 FILL 3 buy 5/5 @9223372036854775807 last 4@9223372036854775807
             8 CHANGE 4 sell 4/9 @-9223372036854775808 last 4@9223372036854775807
             9 FILL 1 buy 1/1 @-9223372036854775808 last 1@-9223372036854775808
            10 CHANGE 4 sell 5/9 @-9223372036854775808 last 1@-9223372036854775808
            11 TRADE 4 sell 5 average 5534023222112865484 notional 27670116110564327420 makers 2
            12 OPEN 4 sell 5/9 @-9223372036854775808
        "#]],
    );
}

#[test]
fn averages_round_halves_to_even() {
    check(
        "
        sell 1 1 @100
        sell 2 1 @101
        buy 3 2 market
        sell 4 1 @101
        sell 5 1 @102
        buy 6 2 market
        buy 7 1 @-100
        buy 8 1 @-101
        sell 9 2 market
        sell 10 1 @1
        sell 11 2 @2
        buy 12 3 market
        ",
        expect![[r#"
            > sell 1 1 @100
             1 OPEN 1 sell 0/1 @100
            > sell 2 1 @101
             2 OPEN 2 sell 0/1 @101
            > buy 3 2 market
             3 FILL 1 sell 1/1 @100 last 1@100
             4 CHANGE 3 buy 1/2 market last 1@100
             5 FILL 2 sell 1/1 @101 last 1@101
             6 FILL 3 buy 2/2 market last 1@101
             7 TRADE 3 buy 2 average 100 notional 201 makers 2
            > sell 4 1 @101
             8 OPEN 4 sell 0/1 @101
            > sell 5 1 @102
             9 OPEN 5 sell 0/1 @102
            > buy 6 2 market
            10 FILL 4 sell 1/1 @101 last 1@101
            11 CHANGE 6 buy 1/2 market last 1@101
            12 FILL 5 sell 1/1 @102 last 1@102
            13 FILL 6 buy 2/2 market last 1@102
            14 TRADE 6 buy 2 average 102 notional 203 makers 2
            > buy 7 1 @-100
            15 OPEN 7 buy 0/1 @-100
            > buy 8 1 @-101
            16 OPEN 8 buy 0/1 @-101
            > sell 9 2 market
            17 FILL 7 buy 1/1 @-100 last 1@-100
            18 CHANGE 9 sell 1/2 market last 1@-100
            19 FILL 8 buy 1/1 @-101 last 1@-101
            20 FILL 9 sell 2/2 market last 1@-101
            21 TRADE 9 sell 2 average -100 notional -201 makers 2
            > sell 10 1 @1
            22 OPEN 10 sell 0/1 @1
            > sell 11 2 @2
            23 OPEN 11 sell 0/2 @2
            > buy 12 3 market
            24 FILL 10 sell 1/1 @1 last 1@1
            25 CHANGE 12 buy 1/3 market last 1@1
            26 FILL 11 sell 2/2 @2 last 2@2
            27 FILL 12 buy 3/3 market last 2@2
            28 TRADE 12 buy 3 average 2 notional 5 makers 2
        "#]],
    );
}

#[test]
fn an_empty_side_has_no_price() {
    let mut pair = pair::Pair::new(BookConfig::default());
    assert_eq!(pair.fast.top_of_book(), TopOfBook { bid: None, ask: None });
    assert_eq!((pair.fast.spread(), pair.fast.level(0)), (None, (None, None)));
    pair.apply(script::operation("sell 1 5 @0")).unwrap();
    assert_eq!(pair.fast.top_of_book(), TopOfBook { bid: None, ask: Some(level(0, 5, 1)) });
    assert_eq!((pair.fast.spread(), pair.fast.level(0)), (None, (Some(level(0, 5, 1)), None)));
    pair.apply(Operation::Cancel(OrderId(1))).unwrap();
    assert_eq!(pair.fast.top_of_book(), TopOfBook { bid: None, ask: None });
    assert!(pair.fast.is_empty());
}

#[test]
fn queries_answer_as_ask_and_bid_from_the_best_on() {
    let mut pair = pair::Pair::new(BookConfig::default());
    for line in [
        "sell 1 5 @103",
        "buy 2 7 @98",
        "sell 3 2 @101",
        "buy 4 1 @99",
        "sell 5 4 @101",
        "buy 6 9 @-500",
        "stop 7 sell 97 : sell 8 1 market",
        "stop 9 buy 200 : buy 10 1 @201",
        "stop 11 buy 150 : buy 12 1 market",
    ] {
        pair.apply(script::operation(line)).unwrap();
    }
    let book = &pair.fast;
    assert_eq!(book.top_of_book(), TopOfBook { bid: Some(level(99, 1, 1)), ask: Some(level(101, 6, 2)) });
    assert_eq!(book.spread(), Some(Price::new(2)));
    assert_eq!(book.level(1), (Some(level(103, 5, 1)), Some(level(98, 7, 1))));
    assert_eq!(book.level(2), (None, Some(level(-500, 9, 1))));
    assert_eq!(book.level_on(Side::Sell, 0), Some(level(101, 6, 2)));
    assert_eq!(book.level_at(Price::new(98)), (None, Some(level(98, 7, 1))));
    assert_eq!(book.level_at(Price::new(103)), (Some(level(103, 5, 1)), None));
    assert_eq!(book.level_at(Price::new(100)), (None, None));
    assert_eq!(book.level_at_on(Side::Buy, Price::new(103)), None);
    let levels = book.levels(2);
    assert_eq!(levels.bids, [level(99, 1, 1), level(98, 7, 1)]);
    assert_eq!(levels.asks, [level(101, 6, 2), level(103, 5, 1)]);
    assert_eq!(book.bids(0).count(), 0);
    assert_eq!(book.asks(usize::MAX).map(|level| level.price.get()).collect::<Vec<_>>(), [101, 103]);
    assert_eq!(book.iter().map(|order| order.id.0).collect::<Vec<_>>(), [3, 5, 1, 4, 2, 6]);
    assert_eq!(
        book.orders_at(Side::Sell, Price::new(101)).map(|order| order.id.0).collect::<Vec<_>>(),
        [3, 5]
    );
    assert_eq!(book.stops().map(|stop| stop.id.0).collect::<Vec<_>>(), [11, 9, 7]);
    assert_eq!(book.find(OrderId(5)).map(|order| order.remaining()), Some(Quantity::new(4)));
    assert_eq!((book.find(OrderId(7)), book.find(OrderId(8))), (None, None));
    assert_eq!(book.find_stop(OrderId(9)).map(|stop| stop.target.id), Some(OrderId(10)));
    assert_eq!((book.order_count(), book.stop_count(), book.sequence()), (6, 3, 9));
}

#[test]
fn a_spread_beyond_64_bits_is_none() {
    let mut pair = pair::Pair::new(BookConfig::default());
    for line in ["sell 1 5 @max", "buy 2 7 @min"] {
        pair.apply(script::operation(line)).unwrap();
    }
    assert_eq!(pair.fast.spread(), None);
}

fn level(price: i64, quantity: i64, orders: u32) -> Level {
    Level { price: Price::new(price), quantity: Quantity::new(quantity), orders }
}
