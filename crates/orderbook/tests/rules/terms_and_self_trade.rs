//! Post-only, notional orders and self-trade prevention.

use expect_test::expect;
use stratd_orderbook::BookConfig;
use stratd_plugin_api::{Price, Quantity};

use super::{check, check_with};

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
