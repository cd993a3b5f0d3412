//! What is refused on entry, and in which order events come.

use expect_test::expect;
use stratd_orderbook::BookConfig;
use stratd_plugin_api::{Price, Quantity};

use super::{check, check_with};

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
