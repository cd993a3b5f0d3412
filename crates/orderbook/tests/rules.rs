//! The rules of the book that the golden rows do not cover, one script each, run on both implementations.
//!
//! An event reads: sequence number, kind, id, side, filled/quantity, price.

#[path = "support/pair.rs"]
mod pair;
#[path = "support/script.rs"]
mod script;

use expect_test::{Expect, expect};
use stratd_orderbook::BookConfig;
use stratd_plugin_api::{Price, Quantity};

fn check(script: &str, expect: Expect) {
    expect.assert_eq(&script::run(BookConfig::default(), script));
}

fn check_with(config: BookConfig, script: &str, expect: Expect) {
    expect.assert_eq(&script::run(config, script));
}

#[test]
fn numbers_off_the_grid_are_refused_wherever_they_stand() {
    check_with(
        BookConfig::new(Price::new(5), Quantity::new(10)).unwrap(),
        "
        buy 1 10 @101
        buy 1 11 @100
        buy 1 10 market @101
        buy 1 11 market
        buy 1 notional=7 market @3 ioc
        stop 1 buy 101 : buy 2 10 market
        stop 1 buy 100 : buy 2 10 @101
        stop 1 buy 100 : buy 2 11 market
        buy 1 10 @-100
        change 1 10 @-99
        change 1 15 @-100
        change 1 20 @-105
        ",
        expect![[r#"
            > buy 1 10 @101
               refused: off_tick
            > buy 1 11 @100
               refused: off_lot
            > buy 1 10 market @101
               refused: off_tick
            > buy 1 11 market
               refused: off_lot
            > buy 1 notional=7 market @3 ioc
               refused: off_tick
            > stop 1 buy 101 : buy 2 10 market
               refused: off_tick
            > stop 1 buy 100 : buy 2 10 @101
               refused: off_tick
            > stop 1 buy 100 : buy 2 11 market
               refused: off_lot
            > buy 1 10 @-100
             1 OPEN 1 buy 0/10 @-100
            > change 1 10 @-99
               refused: off_tick
            > change 1 15 @-100
               refused: off_lot
            > change 1 20 @-105
             2 CHANGE 1 buy 0/20 @-105
        "#]],
    );
}

#[test]
fn off_grid_is_found_before_anything_else() {
    check_with(
        BookConfig::new(Price::new(5), Quantity::new(10)).unwrap(),
        "
        buy 1 10 @100
        buy 1 10 @101
        buy 1 -3 @100
        change 9 10 @101
        change 1 5 @100
        ",
        expect![[r#"
            > buy 1 10 @100
             1 OPEN 1 buy 0/10 @100
            > buy 1 10 @101
               refused: off_tick
            > buy 1 -3 @100
               refused: off_lot
            > change 9 10 @101
               refused: off_tick
            > change 1 5 @100
               refused: off_lot
        "#]],
    );
}

#[test]
fn quantities_must_be_positive() {
    check(
        "
        buy 1 0 @100
        buy 1 -5 @100
        sell 1 0 market
        buy 1 notional=0 market
        buy 1 notional=-1 market
        stop 1 buy 100 : buy 2 0 market
        stop 1 buy 100 : buy 2 1 market
        ",
        expect![[r#"
            > buy 1 0 @100
               refused: bad_quantity
            > buy 1 -5 @100
               refused: bad_quantity
            > sell 1 0 market
               refused: bad_quantity
            > buy 1 notional=0 market
               refused: bad_quantity
            > buy 1 notional=-1 market
               refused: bad_quantity
            > stop 1 buy 100 : buy 2 0 market
               refused: bad_quantity
            > stop 1 buy 100 : buy 2 1 market
             1 STOP OPEN 1 buy 100 target 2
        "#]],
    );
}

#[test]
fn a_stop_and_its_target_have_one_side_and_one_owner() {
    check(
        "
        stop 1 buy 100 : sell 2 5 market
        stop 1 buy 100 owner=3 : buy 2 5 market owner=4
        stop 1 buy 100 : buy 2 5 market post
        stop 1 buy 100 : buy 2 5 market owner=4
        ",
        expect![[r#"
            > stop 1 buy 100 : sell 2 5 market
               refused: bad_order
            > stop 1 buy 100 owner=3 : buy 2 5 market owner=4
               refused: bad_order
            > stop 1 buy 100 : buy 2 5 market post
               refused: bad_order
            > stop 1 buy 100 : buy 2 5 market owner=4
             1 STOP OPEN 1 buy 100 target 2
        "#]],
    );
}

#[test]
fn flags_must_agree_with_each_other_and_the_type() {
    check(
        "
        buy 1 5 @100 fok ioc
        buy 1 5 @100 aon fok
        buy 1 5 @100 post ioc
        buy 1 5 market post
        buy 1 notional=5 market fok
        buy 1 notional=5 market aon
        buy 1 notional=5 market ioc
        ",
        expect![[r#"
            > buy 1 5 @100 fok ioc
               refused: bad_order
            > buy 1 5 @100 aon fok
               refused: bad_order
            > buy 1 5 @100 post ioc
               refused: bad_order
            > buy 1 5 market post
               refused: bad_order
            > buy 1 notional=5 market fok
               refused: bad_order
            > buy 1 notional=5 market aon
               refused: bad_order
            > buy 1 notional=5 market ioc
             1 CANCEL 1 buy 0/0 market unfilled
        "#]],
    );
}

#[test]
fn target_ids_share_the_id_space_and_stay_reserved() {
    check(
        "
        stop 1 sell 95 : sell 1 5 market
        stop 1 sell 95 : sell 2 5 market
        buy 2 5 @90
        stop 2 sell 95 : sell 3 5 market
        stop 3 sell 95 : sell 2 5 market
        stop 3 sell 95 : sell 1 5 market
        cancel 2
        change 2 5 @90
        cancel 1
        buy 2 5 @90
        buy 1 5 @90
        buy 3 5 @90
        ",
        expect![[r#"
            > stop 1 sell 95 : sell 1 5 market
               refused: duplicate_id
            > stop 1 sell 95 : sell 2 5 market
             1 STOP OPEN 1 sell 95 target 2
            > buy 2 5 @90
               refused: duplicate_id
            > stop 2 sell 95 : sell 3 5 market
               refused: duplicate_id
            > stop 3 sell 95 : sell 2 5 market
               refused: duplicate_id
            > stop 3 sell 95 : sell 1 5 market
               refused: duplicate_id
            > cancel 2
               refused: unknown_order
            > change 2 5 @90
               refused: unknown_order
            > cancel 1
             2 STOP CANCEL 1 sell 95 target 2 requested
            > buy 2 5 @90
               refused: duplicate_id
            > buy 1 5 @90
               refused: duplicate_id
            > buy 3 5 @90
             3 OPEN 3 buy 0/5 @90
        "#]],
    );
}

#[test]
fn a_refused_add_leaves_the_id_unused_and_an_unfilled_one_uses_it() {
    check(
        "
        buy 1 0 @100
        buy 1 5 market
        buy 1 5 @100
        ",
        expect![[r#"
            > buy 1 0 @100
               refused: bad_quantity
            > buy 1 5 market
             1 CANCEL 1 buy 0/5 market unfilled
            > buy 1 5 @100
               refused: duplicate_id
        "#]],
    );
}

#[test]
fn a_price_of_zero_is_no_protection_but_a_limit() {
    check(
        "
        sell 1 5 @100
        buy 2 2 market @0 ioc
        buy 3 2 market @99 ioc
        buy 4 2 market @99
        buy 5 1 @-1
        sell 6 2 @0
        sell 7 1 market @-1 fok
        ",
        expect![[r#"
            > sell 1 5 @100
             1 OPEN 1 sell 0/5 @100
            > buy 2 2 market @0 ioc
             2 CHANGE 1 sell 2/5 @100 last 2@100
             3 FILL 2 buy 2/2 market last 2@100
             4 TRADE 2 buy 2 average 100 notional 200 makers 1
            > buy 3 2 market @99 ioc
             5 CANCEL 3 buy 0/2 market unfilled
            > buy 4 2 market @99
             6 CHANGE 1 sell 4/5 @100 last 2@100
             7 FILL 4 buy 2/2 market last 2@100
             8 TRADE 4 buy 2 average 100 notional 200 makers 1
            > buy 5 1 @-1
             9 OPEN 5 buy 0/1 @-1
            > sell 6 2 @0
            10 OPEN 6 sell 0/2 @0
            > sell 7 1 market @-1 fok
            11 FILL 5 buy 1/1 @-1 last 1@-1
            12 FILL 7 sell 1/1 market last 1@-1
            13 TRADE 7 sell 1 average -1 notional -1 makers 1
        "#]],
    );
}

#[test]
fn flagged_market_orders_at_price_zero_sweep_the_book() {
    check(
        "
        sell 1 5 @100
        sell 2 5 @200
        buy 3 8 market @0 fok
        buy 4 9 market @0 ioc
        buy 5 1 market @0 aon
        ",
        expect![[r#"
            > sell 1 5 @100
             1 OPEN 1 sell 0/5 @100
            > sell 2 5 @200
             2 OPEN 2 sell 0/5 @200
            > buy 3 8 market @0 fok
             3 FILL 1 sell 5/5 @100 last 5@100
             4 CHANGE 3 buy 5/8 market last 5@100
             5 CHANGE 2 sell 3/5 @200 last 3@200
             6 FILL 3 buy 8/8 market last 3@200
             7 TRADE 3 buy 8 average 138 notional 1100 makers 2
            > buy 4 9 market @0 ioc
             8 FILL 2 sell 5/5 @200 last 2@200
             9 CHANGE 4 buy 2/9 market last 2@200
            10 TRADE 4 buy 2 average 200 notional 400 makers 1
            11 CANCEL 4 buy 2/9 market unfilled
            > buy 5 1 market @0 aon
            12 CANCEL 5 buy 0/1 market unfilled
        "#]],
    );
}

#[test]
fn events_of_one_operation_come_in_the_order_of_rule_9() {
    check(
        "
        sell 1 2 @100
        sell 2 3 @100
        sell 3 4 @101
        stop 8 buy 101 : buy 9 2 @101
        buy 4 6 @101
        buy 5 9 @101
        cancel 5
        ",
        expect![[r#"
            > sell 1 2 @100
             1 OPEN 1 sell 0/2 @100
            > sell 2 3 @100
             2 OPEN 2 sell 0/3 @100
            > sell 3 4 @101
             3 OPEN 3 sell 0/4 @101
            > stop 8 buy 101 : buy 9 2 @101
             4 STOP OPEN 8 buy 101 target 9
            > buy 4 6 @101
             5 FILL 1 sell 2/2 @100 last 2@100
             6 CHANGE 4 buy 2/6 @101 last 2@100
             7 FILL 2 sell 3/3 @100 last 3@100
             8 CHANGE 4 buy 5/6 @101 last 3@100
             9 CHANGE 3 sell 1/4 @101 last 1@101
            10 FILL 4 buy 6/6 @101 last 1@101
            11 TRADE 4 buy 6 average 100 notional 601 makers 3
            12 STOP TRIGGER 8 buy 101 target 9
            13 CHANGE 3 sell 3/4 @101 last 2@101
            14 FILL 9 buy 2/2 @101 last 2@101
            15 TRADE 9 buy 2 average 101 notional 202 makers 1
            > buy 5 9 @101
            16 FILL 3 sell 4/4 @101 last 1@101
            17 CHANGE 5 buy 1/9 @101 last 1@101
            18 TRADE 5 buy 1 average 101 notional 101 makers 1
            19 OPEN 5 buy 1/9 @101
            > cancel 5
            20 CANCEL 5 buy 1/9 @101 requested
        "#]],
    );
}

#[test]
fn a_change_tells_before_it_trades_and_opens_nothing_twice() {
    check(
        "
        buy 1 10 @99
        sell 2 4 market
        sell 3 3 @101
        change 1 8 @101
        change 1 12 @101
        change 1 9 @101
        change 1 7 @101
        sell 4 3 @103
        change 1 10 @103
        ",
        expect![[r#"
            > buy 1 10 @99
             1 OPEN 1 buy 0/10 @99
            > sell 2 4 market
             2 CHANGE 1 buy 4/10 @99 last 4@99
             3 FILL 2 sell 4/4 market last 4@99
             4 TRADE 2 sell 4 average 99 notional 396 makers 1
            > sell 3 3 @101
             5 OPEN 3 sell 0/3 @101
            > change 1 8 @101
             6 CHANGE 1 buy 4/8 @101
             7 FILL 3 sell 3/3 @101 last 3@101
             8 CHANGE 1 buy 7/8 @101 last 3@101
             9 TRADE 1 buy 3 average 101 notional 303 makers 1
            > change 1 12 @101
            10 CHANGE 1 buy 7/12 @101
            > change 1 9 @101
            11 CHANGE 1 buy 7/9 @101
            > change 1 7 @101
               refused: volume_not_above_filled
            > sell 4 3 @103
            12 OPEN 4 sell 0/3 @103
            > change 1 10 @103
            13 CHANGE 1 buy 7/10 @103
            14 FILL 4 sell 3/3 @103 last 3@103
            15 FILL 1 buy 10/10 @103 last 3@103
            16 TRADE 1 buy 3 average 103 notional 309 makers 1
        "#]],
    );
}

#[test]
fn change_keeps_or_loses_priority() {
    check(
        "
        buy 1 5 @100
        buy 2 5 @100
        change 1 5 @100
        sell 3 1 market
        change 1 4 @100
        sell 4 1 market
        change 1 5 @100
        sell 5 6 market
        ",
        expect![[r#"
            > buy 1 5 @100
             1 OPEN 1 buy 0/5 @100
            > buy 2 5 @100
             2 OPEN 2 buy 0/5 @100
            > change 1 5 @100
             3 CHANGE 1 buy 0/5 @100
            > sell 3 1 market
             4 CHANGE 1 buy 1/5 @100 last 1@100
             5 FILL 3 sell 1/1 market last 1@100
             6 TRADE 3 sell 1 average 100 notional 100 makers 1
            > change 1 4 @100
             7 CHANGE 1 buy 1/4 @100
            > sell 4 1 market
             8 CHANGE 1 buy 2/4 @100 last 1@100
             9 FILL 4 sell 1/1 market last 1@100
            10 TRADE 4 sell 1 average 100 notional 100 makers 1
            > change 1 5 @100
            11 CHANGE 1 buy 2/5 @100
            > sell 5 6 market
            12 FILL 2 buy 5/5 @100 last 5@100
            13 CHANGE 5 sell 5/6 market last 5@100
            14 CHANGE 1 buy 3/5 @100 last 1@100
            15 FILL 5 sell 6/6 market last 1@100
            16 TRADE 5 sell 6 average 100 notional 600 makers 2
        "#]],
    );
}

#[test]
fn change_checks_the_order_before_the_quantity() {
    check(
        "
        change 1 0 @100
        buy 1 5 @100
        sell 2 3 market
        change 1 3 @100
        change 1 -1 @99
        change 1 3 @99
        change 1 4 @99
        ",
        expect![[r#"
            > change 1 0 @100
               refused: unknown_order
            > buy 1 5 @100
             1 OPEN 1 buy 0/5 @100
            > sell 2 3 market
             2 CHANGE 1 buy 3/5 @100 last 3@100
             3 FILL 2 sell 3/3 market last 3@100
             4 TRADE 2 sell 3 average 100 notional 300 makers 1
            > change 1 3 @100
               refused: volume_not_above_filled
            > change 1 -1 @99
               refused: volume_not_above_filled
            > change 1 3 @99
               refused: volume_not_above_filled
            > change 1 4 @99
             5 CHANGE 1 buy 3/4 @99
        "#]],
    );
}

#[test]
fn waiting_stops_are_cancelled_and_changed_by_id() {
    check(
        "
        stop 1 buy 110 : buy 2 5 market
        stop 3 sell 90 : sell 4 5 market
        change 1 0 @105
        change 1 9 @105
        cancel 3
        cancel 3
        change 3 0 @80
        cancel 2
        ",
        expect![[r#"
            > stop 1 buy 110 : buy 2 5 market
             1 STOP OPEN 1 buy 110 target 2
            > stop 3 sell 90 : sell 4 5 market
             2 STOP OPEN 3 sell 90 target 4
            > change 1 0 @105
             3 STOP CHANGE 1 buy 105 target 2
            > change 1 9 @105
             4 STOP CHANGE 1 buy 105 target 2
            > cancel 3
             5 STOP CANCEL 3 sell 90 target 4 requested
            > cancel 3
               refused: unknown_order
            > change 3 0 @80
               refused: unknown_order
            > cancel 2
               refused: unknown_order
        "#]],
    );
}

#[test]
fn a_changed_stop_is_the_newest_and_is_tested_at_once() {
    check(
        "
        sell 1 9 @100
        stop 2 buy 101 : buy 3 1 market
        stop 4 buy 101 : buy 5 1 market
        stop 6 buy 101 : buy 7 1 market
        change 2 0 @102
        change 2 0 @101
        change 4 0 @101
        buy 8 1 market
        sell 9 1 @101
        change 6 0 @100
        cancel 6
        buy 10 8 @101
        ",
        expect![[r#"
            > sell 1 9 @100
             1 OPEN 1 sell 0/9 @100
            > stop 2 buy 101 : buy 3 1 market
             2 STOP OPEN 2 buy 101 target 3
            > stop 4 buy 101 : buy 5 1 market
             3 STOP OPEN 4 buy 101 target 5
            > stop 6 buy 101 : buy 7 1 market
             4 STOP OPEN 6 buy 101 target 7
            > change 2 0 @102
             5 STOP CHANGE 2 buy 102 target 3
            > change 2 0 @101
             6 STOP CHANGE 2 buy 101 target 3
            > change 4 0 @101
             7 STOP CHANGE 4 buy 101 target 5
            > buy 8 1 market
             8 CHANGE 1 sell 1/9 @100 last 1@100
             9 FILL 8 buy 1/1 market last 1@100
            10 TRADE 8 buy 1 average 100 notional 100 makers 1
            > sell 9 1 @101
            11 OPEN 9 sell 0/1 @101
            > change 6 0 @100
            12 STOP CHANGE 6 buy 100 target 7
            13 STOP TRIGGER 6 buy 100 target 7
            14 CHANGE 1 sell 2/9 @100 last 1@100
            15 FILL 7 buy 1/1 market last 1@100
            16 TRADE 7 buy 1 average 100 notional 100 makers 1
            > cancel 6
               refused: unknown_order
            > buy 10 8 @101
            17 FILL 1 sell 9/9 @100 last 7@100
            18 CHANGE 10 buy 7/8 @101 last 7@100
            19 FILL 9 sell 1/1 @101 last 1@101
            20 FILL 10 buy 8/8 @101 last 1@101
            21 TRADE 10 buy 8 average 100 notional 801 makers 2
            22 STOP TRIGGER 4 buy 101 target 5
            23 CANCEL 5 buy 0/1 market unfilled
            24 STOP TRIGGER 2 buy 101 target 3
            25 CANCEL 3 buy 0/1 market unfilled
        "#]],
    );
}

#[test]
fn a_stop_through_the_last_trade_is_elected_at_entry() {
    check(
        "
        sell 1 2 @100
        buy 2 1 @100
        stop 3 buy 100 : buy 4 1 market
        stop 5 buy 101 : buy 6 1 market
        stop 7 sell 100 : sell 8 1 @98
        cancel 3
        change 7 0 @90
        ",
        expect![[r#"
            > sell 1 2 @100
             1 OPEN 1 sell 0/2 @100
            > buy 2 1 @100
             2 CHANGE 1 sell 1/2 @100 last 1@100
             3 FILL 2 buy 1/1 @100 last 1@100
             4 TRADE 2 buy 1 average 100 notional 100 makers 1
            > stop 3 buy 100 : buy 4 1 market
             5 STOP OPEN 3 buy 100 target 4
             6 STOP TRIGGER 3 buy 100 target 4
             7 FILL 1 sell 2/2 @100 last 1@100
             8 FILL 4 buy 1/1 market last 1@100
             9 TRADE 4 buy 1 average 100 notional 100 makers 1
            > stop 5 buy 101 : buy 6 1 market
            10 STOP OPEN 5 buy 101 target 6
            > stop 7 sell 100 : sell 8 1 @98
            11 STOP OPEN 7 sell 100 target 8
            12 STOP TRIGGER 7 sell 100 target 8
            13 OPEN 8 sell 0/1 @98
            > cancel 3
               refused: unknown_order
            > change 7 0 @90
               refused: unknown_order
        "#]],
    );
}

#[test]
fn elected_stops_run_by_price_then_entry_and_between_sides_by_entry() {
    check(
        "
        sell 1 1 @100
        sell 2 9 @105
        buy 3 9 @95
        stop 10 buy 101 : buy 20 1 @90
        stop 11 sell 99 : sell 21 1 @110
        stop 12 buy 100 : buy 22 1 @90
        stop 13 sell 100 : sell 23 1 @110
        stop 14 buy 100 : buy 24 1 @90
        stop 15 buy 106 : buy 25 1 @90
        stop 16 sell 96 : sell 26 1 market
        buy 4 1 market
        sell 5 1 market
        ",
        expect![[r#"
            > sell 1 1 @100
             1 OPEN 1 sell 0/1 @100
            > sell 2 9 @105
             2 OPEN 2 sell 0/9 @105
            > buy 3 9 @95
             3 OPEN 3 buy 0/9 @95
            > stop 10 buy 101 : buy 20 1 @90
             4 STOP OPEN 10 buy 101 target 20
            > stop 11 sell 99 : sell 21 1 @110
             5 STOP OPEN 11 sell 99 target 21
            > stop 12 buy 100 : buy 22 1 @90
             6 STOP OPEN 12 buy 100 target 22
            > stop 13 sell 100 : sell 23 1 @110
             7 STOP OPEN 13 sell 100 target 23
            > stop 14 buy 100 : buy 24 1 @90
             8 STOP OPEN 14 buy 100 target 24
            > stop 15 buy 106 : buy 25 1 @90
             9 STOP OPEN 15 buy 106 target 25
            > stop 16 sell 96 : sell 26 1 market
            10 STOP OPEN 16 sell 96 target 26
            > buy 4 1 market
            11 FILL 1 sell 1/1 @100 last 1@100
            12 FILL 4 buy 1/1 market last 1@100
            13 TRADE 4 buy 1 average 100 notional 100 makers 1
            14 STOP TRIGGER 12 buy 100 target 22
            15 OPEN 22 buy 0/1 @90
            16 STOP TRIGGER 13 sell 100 target 23
            17 OPEN 23 sell 0/1 @110
            18 STOP TRIGGER 14 buy 100 target 24
            19 OPEN 24 buy 0/1 @90
            > sell 5 1 market
            20 CHANGE 3 buy 1/9 @95 last 1@95
            21 FILL 5 sell 1/1 market last 1@95
            22 TRADE 5 sell 1 average 95 notional 95 makers 1
            23 STOP TRIGGER 11 sell 99 target 21
            24 OPEN 21 sell 0/1 @110
            25 STOP TRIGGER 16 sell 96 target 26
            26 CHANGE 3 buy 2/9 @95 last 1@95
            27 FILL 26 sell 1/1 market last 1@95
            28 TRADE 26 sell 1 average 95 notional 95 makers 1
        "#]],
    );
}

#[test]
fn an_elected_stop_stays_elected_although_the_last_price_moves_away() {
    check(
        "
        sell 1 1 @105
        buy 2 9 @95
        stop 10 buy 105 : buy 20 1 @94
        stop 11 buy 104 : buy 21 1 @94
        stop 12 sell 105 : sell 22 1 market
        buy 3 1 market
        ",
        expect![[r#"
            > sell 1 1 @105
             1 OPEN 1 sell 0/1 @105
            > buy 2 9 @95
             2 OPEN 2 buy 0/9 @95
            > stop 10 buy 105 : buy 20 1 @94
             3 STOP OPEN 10 buy 105 target 20
            > stop 11 buy 104 : buy 21 1 @94
             4 STOP OPEN 11 buy 104 target 21
            > stop 12 sell 105 : sell 22 1 market
             5 STOP OPEN 12 sell 105 target 22
            > buy 3 1 market
             6 FILL 1 sell 1/1 @105 last 1@105
             7 FILL 3 buy 1/1 market last 1@105
             8 TRADE 3 buy 1 average 105 notional 105 makers 1
             9 STOP TRIGGER 11 buy 104 target 21
            10 OPEN 21 buy 0/1 @94
            11 STOP TRIGGER 10 buy 105 target 20
            12 OPEN 20 buy 0/1 @94
            13 STOP TRIGGER 12 sell 105 target 22
            14 CHANGE 2 buy 1/9 @95 last 1@95
            15 FILL 22 sell 1/1 market last 1@95
            16 TRADE 22 sell 1 average 95 notional 95 makers 1
        "#]],
    );
}

#[test]
fn cascades_elect_further_stops_and_end() {
    check(
        "
        sell 1 1 @100
        sell 2 1 @101
        sell 3 1 @102
        stop 10 buy 100 : buy 20 1 market
        stop 11 buy 101 : buy 21 1 market
        stop 12 buy 102 : buy 22 5 market
        buy 4 1 @100
        ",
        expect![[r#"
            > sell 1 1 @100
             1 OPEN 1 sell 0/1 @100
            > sell 2 1 @101
             2 OPEN 2 sell 0/1 @101
            > sell 3 1 @102
             3 OPEN 3 sell 0/1 @102
            > stop 10 buy 100 : buy 20 1 market
             4 STOP OPEN 10 buy 100 target 20
            > stop 11 buy 101 : buy 21 1 market
             5 STOP OPEN 11 buy 101 target 21
            > stop 12 buy 102 : buy 22 5 market
             6 STOP OPEN 12 buy 102 target 22
            > buy 4 1 @100
             7 FILL 1 sell 1/1 @100 last 1@100
             8 FILL 4 buy 1/1 @100 last 1@100
             9 TRADE 4 buy 1 average 100 notional 100 makers 1
            10 STOP TRIGGER 10 buy 100 target 20
            11 FILL 2 sell 1/1 @101 last 1@101
            12 FILL 20 buy 1/1 market last 1@101
            13 TRADE 20 buy 1 average 101 notional 101 makers 1
            14 STOP TRIGGER 11 buy 101 target 21
            15 FILL 3 sell 1/1 @102 last 1@102
            16 FILL 21 buy 1/1 market last 1@102
            17 TRADE 21 buy 1 average 102 notional 102 makers 1
            18 STOP TRIGGER 12 buy 102 target 22
            19 CANCEL 22 buy 0/5 market unfilled
        "#]],
    );
}

#[test]
fn quotes_elect_nothing() {
    check(
        "
        stop 1 buy 100 : buy 2 1 market
        stop 3 sell 100 : sell 4 1 market
        sell 5 1 @101
        buy 6 1 @99
        ",
        expect![[r#"
            > stop 1 buy 100 : buy 2 1 market
             1 STOP OPEN 1 buy 100 target 2
            > stop 3 sell 100 : sell 4 1 market
             2 STOP OPEN 3 sell 100 target 4
            > sell 5 1 @101
             3 OPEN 5 sell 0/1 @101
            > buy 6 1 @99
             4 OPEN 6 buy 0/1 @99
        "#]],
    );
}

#[test]
fn post_only_is_refused_rather_than_executed() {
    check(
        "
        sell 1 5 @100
        buy 2 5 @100 post
        buy 2 5 @99 post
        change 2 5 @100
        change 2 6 @99
        sell 3 1 @100
        stop 4 buy 100 : buy 5 1 @100 post
        buy 6 1 market
        ",
        expect![[r#"
            > sell 1 5 @100
             1 OPEN 1 sell 0/5 @100
            > buy 2 5 @100 post
               refused: would_execute
            > buy 2 5 @99 post
             2 OPEN 2 buy 0/5 @99
            > change 2 5 @100
               refused: would_execute
            > change 2 6 @99
             3 CHANGE 2 buy 0/6 @99
            > sell 3 1 @100
             4 OPEN 3 sell 0/1 @100
            > stop 4 buy 100 : buy 5 1 @100 post
             5 STOP OPEN 4 buy 100 target 5
            > buy 6 1 market
             6 CHANGE 1 sell 1/5 @100 last 1@100
             7 FILL 6 buy 1/1 market last 1@100
             8 TRADE 6 buy 1 average 100 notional 100 makers 1
             9 STOP TRIGGER 4 buy 100 target 5
            10 CANCEL 5 buy 0/1 @100 would_execute
        "#]],
    );
}

#[test]
fn notional_orders_fill_whole_lots_within_their_notional() {
    check_with(
        BookConfig::new(Price::new(1), Quantity::new(10)).unwrap(),
        "
        sell 1 20 @100
        sell 2 50 @110
        buy 3 notional=5000 market
        buy 4 notional=2200 market
        buy 5 notional=999 market
        buy 6 notional=99999 market
        buy 7 notional=1 market
        ",
        expect![[r#"
            > sell 1 20 @100
             1 OPEN 1 sell 0/20 @100
            > sell 2 50 @110
             2 OPEN 2 sell 0/50 @110
            > buy 3 notional=5000 market
             3 FILL 1 sell 20/20 @100 last 20@100
             4 CHANGE 3 buy 20/20 market last 20@100
             5 CHANGE 2 sell 20/50 @110 last 20@110
             6 CHANGE 3 buy 40/40 market last 20@110
             7 TRADE 3 buy 40 average 105 notional 4200 makers 2
             8 CANCEL 3 buy 40/40 market max_order_notional
            > buy 4 notional=2200 market
             9 CHANGE 2 sell 40/50 @110 last 20@110
            10 FILL 4 buy 20/20 market last 20@110
            11 TRADE 4 buy 20 average 110 notional 2200 makers 1
            > buy 5 notional=999 market
            12 CANCEL 5 buy 0/0 market max_order_notional
            > buy 6 notional=99999 market
            13 FILL 2 sell 50/50 @110 last 10@110
            14 CHANGE 6 buy 10/10 market last 10@110
            15 TRADE 6 buy 10 average 110 notional 1100 makers 1
            16 CANCEL 6 buy 10/10 market unfilled
            > buy 7 notional=1 market
            17 CANCEL 7 buy 0/0 market unfilled
        "#]],
    );
}

#[test]
fn notional_orders_sell_and_heed_a_flagged_price() {
    check(
        "
        buy 1 5 @100
        buy 2 5 @90
        sell 3 notional=250 market
        sell 4 notional=900 market @95 ioc
        sell 5 notional=200 market @95
        ",
        expect![[r#"
            > buy 1 5 @100
             1 OPEN 1 buy 0/5 @100
            > buy 2 5 @90
             2 OPEN 2 buy 0/5 @90
            > sell 3 notional=250 market
             3 CHANGE 1 buy 2/5 @100 last 2@100
             4 CHANGE 3 sell 2/2 market last 2@100
             5 TRADE 3 sell 2 average 100 notional 200 makers 1
             6 CANCEL 3 sell 2/2 market max_order_notional
            > sell 4 notional=900 market @95 ioc
             7 FILL 1 buy 5/5 @100 last 3@100
             8 CHANGE 4 sell 3/3 market last 3@100
             9 TRADE 4 sell 3 average 100 notional 300 makers 1
            10 CANCEL 4 sell 3/3 market unfilled
            > sell 5 notional=200 market @95
            11 CHANGE 2 buy 2/5 @90 last 2@90
            12 CHANGE 5 sell 2/2 market last 2@90
            13 TRADE 5 sell 2 average 90 notional 180 makers 1
            14 CANCEL 5 sell 2/2 market max_order_notional
        "#]],
    );
}

#[test]
fn lots_that_cost_nothing_never_exceed_a_notional() {
    check(
        "
        sell 1 5 @-10
        sell 2 5 @0
        sell 3 5 @30
        buy 4 notional=50 market
        sell 5 5 @-1
        buy 6 1 @-3
        buy 7 1 @-4
        sell 8 notional=1 market
        ",
        expect![[r#"
            > sell 1 5 @-10
             1 OPEN 1 sell 0/5 @-10
            > sell 2 5 @0
             2 OPEN 2 sell 0/5 @0
            > sell 3 5 @30
             3 OPEN 3 sell 0/5 @30
            > buy 4 notional=50 market
             4 FILL 1 sell 5/5 @-10 last 5@-10
             5 CHANGE 4 buy 5/5 market last 5@-10
             6 FILL 2 sell 5/5 @0 last 5@0
             7 CHANGE 4 buy 10/10 market last 5@0
             8 CHANGE 3 sell 3/5 @30 last 3@30
             9 CHANGE 4 buy 13/13 market last 3@30
            10 TRADE 4 buy 13 average 3 notional 40 makers 3
            11 CANCEL 4 buy 13/13 market max_order_notional
            > sell 5 5 @-1
            12 OPEN 5 sell 0/5 @-1
            > buy 6 1 @-3
            13 OPEN 6 buy 0/1 @-3
            > buy 7 1 @-4
            14 OPEN 7 buy 0/1 @-4
            > sell 8 notional=1 market
            15 FILL 6 buy 1/1 @-3 last 1@-3
            16 CHANGE 8 sell 1/1 market last 1@-3
            17 FILL 7 buy 1/1 @-4 last 1@-4
            18 CHANGE 8 sell 2/2 market last 1@-4
            19 TRADE 8 sell 2 average -4 notional -7 makers 2
            20 CANCEL 8 sell 2/2 market unfilled
        "#]],
    );
}

#[test]
fn self_trades_are_allowed_unless_forbidden() {
    check(
        "
        sell 1 5 @100 owner=7
        buy 2 2 @100 owner=7
        sell 3 5 @100
        buy 4 9 @100 newest
        ",
        expect![[r#"
            > sell 1 5 @100 owner=7
             1 OPEN 1 sell 0/5 @100
            > buy 2 2 @100 owner=7
             2 CHANGE 1 sell 2/5 @100 last 2@100
             3 FILL 2 buy 2/2 @100 last 2@100
             4 TRADE 2 buy 2 average 100 notional 200 makers 1
            > sell 3 5 @100
             5 OPEN 3 sell 0/5 @100
            > buy 4 9 @100 newest
             6 FILL 1 sell 5/5 @100 last 3@100
             7 CHANGE 4 buy 3/9 @100 last 3@100
             8 FILL 3 sell 5/5 @100 last 5@100
             9 CHANGE 4 buy 8/9 @100 last 5@100
            10 TRADE 4 buy 8 average 100 notional 800 makers 2
            11 OPEN 4 buy 8/9 @100
        "#]],
    );
}

#[test]
fn self_trade_prevention_cancels_the_newest() {
    check(
        "
        sell 1 2 @100 owner=8
        sell 2 2 @100 owner=7
        buy 3 5 @100 owner=7 newest
        buy 4 1 @100 owner=7 newest
        buy 5 2 @100 owner=9 newest
        ",
        expect![[r#"
            > sell 1 2 @100 owner=8
             1 OPEN 1 sell 0/2 @100
            > sell 2 2 @100 owner=7
             2 OPEN 2 sell 0/2 @100
            > buy 3 5 @100 owner=7 newest
             3 FILL 1 sell 2/2 @100 last 2@100
             4 CHANGE 3 buy 2/5 @100 last 2@100
             5 TRADE 3 buy 2 average 100 notional 200 makers 1
             6 CANCEL 3 buy 2/5 @100 self_trade
            > buy 4 1 @100 owner=7 newest
             7 CANCEL 4 buy 0/1 @100 self_trade
            > buy 5 2 @100 owner=9 newest
             8 FILL 2 sell 2/2 @100 last 2@100
             9 FILL 5 buy 2/2 @100 last 2@100
            10 TRADE 5 buy 2 average 100 notional 200 makers 1
        "#]],
    );
}

#[test]
fn self_trade_prevention_cancels_the_oldest() {
    check(
        "
        sell 1 2 @100 owner=7
        sell 2 2 @100 owner=8
        sell 3 2 @101 owner=7
        buy 4 5 @101 owner=7 oldest
        ",
        expect![[r#"
            > sell 1 2 @100 owner=7
             1 OPEN 1 sell 0/2 @100
            > sell 2 2 @100 owner=8
             2 OPEN 2 sell 0/2 @100
            > sell 3 2 @101 owner=7
             3 OPEN 3 sell 0/2 @101
            > buy 4 5 @101 owner=7 oldest
             4 CANCEL 1 sell 0/2 @100 self_trade
             5 FILL 2 sell 2/2 @100 last 2@100
             6 CHANGE 4 buy 2/5 @101 last 2@100
             7 CANCEL 3 sell 0/2 @101 self_trade
             8 TRADE 4 buy 2 average 100 notional 200 makers 1
             9 OPEN 4 buy 2/5 @101
        "#]],
    );
}

#[test]
fn self_trade_prevention_decrements_both() {
    check(
        "
        sell 1 2 @100 owner=7
        sell 2 1 @100 owner=8
        sell 3 9 @100 owner=7
        buy 4 6 @100 owner=7 decrement
        buy 5 6 @100 owner=7 decrement
        sell 6 2 @101 owner=7
        buy 7 5 @101 owner=7 decrement
        ",
        expect![[r#"
            > sell 1 2 @100 owner=7
             1 OPEN 1 sell 0/2 @100
            > sell 2 1 @100 owner=8
             2 OPEN 2 sell 0/1 @100
            > sell 3 9 @100 owner=7
             3 OPEN 3 sell 0/9 @100
            > buy 4 6 @100 owner=7 decrement
             4 CANCEL 1 sell 0/2 @100 self_trade
             5 CHANGE 4 buy 0/4 @100
             6 FILL 2 sell 1/1 @100 last 1@100
             7 CHANGE 4 buy 1/4 @100 last 1@100
             8 CHANGE 3 sell 0/6 @100
             9 TRADE 4 buy 1 average 100 notional 100 makers 1
            10 CANCEL 4 buy 1/4 @100 self_trade
            > buy 5 6 @100 owner=7 decrement
            11 CANCEL 3 sell 0/6 @100 self_trade
            12 CANCEL 5 buy 0/6 @100 self_trade
            > sell 6 2 @101 owner=7
            13 OPEN 6 sell 0/2 @101
            > buy 7 5 @101 owner=7 decrement
            14 CANCEL 6 sell 0/2 @101 self_trade
            15 CHANGE 7 buy 0/3 @101
            16 OPEN 7 buy 0/3 @101
        "#]],
    );
}

#[test]
fn a_prevented_self_trade_elects_nothing_and_prints_nothing() {
    check(
        "
        sell 1 2 @100 owner=7
        stop 2 buy 100 : buy 3 1 market
        buy 4 1 @100 owner=7 decrement
        buy 5 1 @100 owner=7 newest
        buy 6 1 @100 owner=7 oldest
        ",
        expect![[r#"
            > sell 1 2 @100 owner=7
             1 OPEN 1 sell 0/2 @100
            > stop 2 buy 100 : buy 3 1 market
             2 STOP OPEN 2 buy 100 target 3
            > buy 4 1 @100 owner=7 decrement
             3 CHANGE 1 sell 0/1 @100
             4 CANCEL 4 buy 0/1 @100 self_trade
            > buy 5 1 @100 owner=7 newest
             5 CANCEL 5 buy 0/1 @100 self_trade
            > buy 6 1 @100 owner=7 oldest
             6 CANCEL 1 sell 0/1 @100 self_trade
             7 OPEN 6 buy 0/1 @100
        "#]],
    );
}

#[test]
fn whole_orders_see_their_own_resting_orders_beforehand() {
    check(
        "
        sell 1 2 @100 owner=7
        sell 2 5 @100 owner=8
        buy 3 5 @100 fok owner=7 newest
        buy 4 5 @100 fok owner=7 decrement
        buy 5 6 @100 fok owner=7 oldest
        buy 6 4 @100 aon owner=7 newest
        buy 7 6 @100 aon owner=7 oldest
        buy 8 4 @100 aon owner=7 oldest
        ",
        expect![[r#"
            > sell 1 2 @100 owner=7
             1 OPEN 1 sell 0/2 @100
            > sell 2 5 @100 owner=8
             2 OPEN 2 sell 0/5 @100
            > buy 3 5 @100 fok owner=7 newest
             3 CANCEL 3 buy 0/5 @100 self_trade
            > buy 4 5 @100 fok owner=7 decrement
             4 CANCEL 4 buy 0/5 @100 self_trade
            > buy 5 6 @100 fok owner=7 oldest
             5 CANCEL 5 buy 0/6 @100 unfilled
            > buy 6 4 @100 aon owner=7 newest
             6 CANCEL 6 buy 0/4 @100 self_trade
            > buy 7 6 @100 aon owner=7 oldest
             7 CANCEL 7 buy 0/6 @100 unfilled
            > buy 8 4 @100 aon owner=7 oldest
             8 CANCEL 1 sell 0/2 @100 self_trade
             9 CHANGE 2 sell 4/5 @100 last 4@100
            10 FILL 8 buy 4/4 @100 last 4@100
            11 TRADE 8 buy 4 average 100 notional 400 makers 1
        "#]],
    );
}

#[test]
fn notional_orders_lose_notional_to_self_trade_prevention() {
    check(
        "
        sell 1 2 @100 owner=7
        sell 2 5 @100 owner=8
        buy 3 notional=500 market owner=7 decrement
        sell 4 5 @110 owner=7
        buy 5 notional=220 market owner=7 decrement
        ",
        expect![[r#"
            > sell 1 2 @100 owner=7
             1 OPEN 1 sell 0/2 @100
            > sell 2 5 @100 owner=8
             2 OPEN 2 sell 0/5 @100
            > buy 3 notional=500 market owner=7 decrement
             3 CANCEL 1 sell 0/2 @100 self_trade
             4 CHANGE 3 buy 0/0 market
             5 CHANGE 2 sell 3/5 @100 last 3@100
             6 FILL 3 buy 3/3 market last 3@100
             7 TRADE 3 buy 3 average 100 notional 300 makers 1
            > sell 4 5 @110 owner=7
             8 OPEN 4 sell 0/5 @110
            > buy 5 notional=220 market owner=7 decrement
             9 FILL 2 sell 5/5 @100 last 2@100
            10 CHANGE 5 buy 2/2 market last 2@100
            11 TRADE 5 buy 2 average 100 notional 200 makers 1
            12 CANCEL 5 buy 2/2 market max_order_notional
        "#]],
    );
}

#[test]
fn a_changed_order_keeps_its_self_trade_prevention() {
    check(
        "
        buy 1 5 @99 owner=7 newest
        sell 2 5 @101 owner=7
        change 1 5 @101
        ",
        expect![[r#"
            > buy 1 5 @99 owner=7 newest
             1 OPEN 1 buy 0/5 @99
            > sell 2 5 @101 owner=7
             2 OPEN 2 sell 0/5 @101
            > change 1 5 @101
             3 CHANGE 1 buy 0/5 @101
             4 CANCEL 1 buy 0/5 @101 self_trade
        "#]],
    );
}

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
