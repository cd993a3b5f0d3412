//! The rule `book`.

use expect_test::{Expect, expect};

use crate::FillRule;

fn check(script: &str, expect: Expect) {
    super::check(FillRule::Book, script, expect);
}

const LEVELS: &str = "ask 101 10\nask 102 10\nask 104 10\nbid 99 10\nbid 98 20\n";

fn check_levels(script: &str, expect: Expect) {
    check(&format!("{LEVELS}{script}"), expect);
}

#[test]
fn a_market_order_walks_the_levels_and_waits_for_more() {
    check_levels(
        "buy 25",
        expect![[r#"
        5ms 1: received, open 0/25
        5ms 1: bought 10 @ 101 taker, partially_filled 10/25
        5ms 1: bought 10 @ 102 taker, partially_filled 20/25
        5ms 1: bought 5 @ 104 taker, filled 25/25
    "#]],
    );
    check_levels(
        "buy 40\nask 105 5\nask 104 3\nask 106 9",
        expect![[r#"
        5ms 1: received, open 0/40
        5ms 1: bought 10 @ 101 taker, partially_filled 10/40
        5ms 1: bought 10 @ 102 taker, partially_filled 20/40
        5ms 1: bought 10 @ 104 taker, partially_filled 30/40
        6ms 1: bought 5 @ 105 taker, partially_filled 35/40
        7ms 1: bought 3 @ 104 taker, partially_filled 38/40
        8ms 1: bought 2 @ 106 taker, filled 40/40
    "#]],
    );
    check_levels(
        "sell 12",
        expect![[r#"
        5ms 1: received, open 0/12
        5ms 1: sold 10 @ 99 taker, partially_filled 10/12
        5ms 1: sold 2 @ 98 taker, filled 12/12
    "#]],
    );
}

#[test]
fn what_was_taken_is_offered_again_only_after_an_update() {
    check_levels(
        "buy 10 @ 101\nbuy 5 @ 101 ioc\nask 102 9\nbuy 5 @ 101 ioc\nask 101 4\nbuy 5 @ 101 ioc",
        expect![[r#"
        5ms 1: received, open 0/10
        5ms 1: bought 10 @ 101 taker, filled 10/10
        6ms 2: received, open 0/5
        6ms 2: canceled, canceled 0/5 (unfilled)
        8ms 3: received, open 0/5
        8ms 3: canceled, canceled 0/5 (unfilled)
        10ms 4: received, open 0/5
        10ms 4: bought 4 @ 101 taker, partially_filled 4/5
        10ms 4: canceled, canceled 4/5 (unfilled)
    "#]],
    );
    // a quote that repeats itself is no update
    check(
        "quote 99 5 101 5\nbuy 8 @ 101\nquote 99 5 101 5\nquote 98 5 101 5\nquote 98 5 101 6",
        expect![[r#"
        1ms 1: received, open 0/8
        1ms 1: bought 5 @ 101 taker, partially_filled 5/8
        4ms 1: bought 3 @ 101 maker, filled 8/8
    "#]],
    );
}

#[test]
fn a_resting_order_waits_behind_what_was_displayed() {
    check_levels(
        "buy 5 @ 99\ntrade 99 4 sell\ntrade 99 9 sell\ntrade 99 9 sell",
        expect![[r#"
        5ms 1: received, open 0/5
        7ms 1: bought 3 @ 99 maker, partially_filled 3/5
        8ms 1: bought 2 @ 99 maker, filled 5/5
    "#]],
    );
    check_levels(
        "buy 5 @ 99\ntrade 99 40 buy\ntrade 98 1 sell",
        expect![[r#"
        5ms 1: received, open 0/5
        7ms 1: bought 5 @ 99 maker, filled 5/5
    "#]],
    );
    check_levels(
        "sell 5 @ 101\ntrade 101 12\ntrade 102 1",
        expect![[r#"
        5ms 1: received, open 0/5
        6ms 1: sold 2 @ 101 maker, partially_filled 2/5
        7ms 1: sold 3 @ 101 maker, filled 5/5
    "#]],
    );
}

#[test]
fn own_orders_of_one_level_share_a_trade_in_their_order() {
    check_levels(
        "buy 2 @ 99\nbid 99 30\nbuy 5 @ 99\ntrade 99 13 sell\ntrade 99 19 sell\ntrade 99 2 sell",
        expect![[r#"
        5ms 1: received, open 0/2
        7ms 2: received, open 0/5
        8ms 1: bought 2 @ 99 maker, filled 2/2
        10ms 2: bought 2 @ 99 maker, partially_filled 2/5
    "#]],
    );
}

#[test]
fn cancels_of_others_move_it_up_but_never_ahead_of_what_is_displayed() {
    check_levels(
        "buy 5 @ 99\nbid 99 30\nbid 99 12\nbid 99 3\ntrade 99 4 sell\ntrade 99 9 sell",
        expect![[r#"
        5ms 1: received, open 0/5
        9ms 1: bought 1 @ 99 maker, partially_filled 1/5
        10ms 1: bought 4 @ 99 maker, filled 5/5
    "#]],
    );
    check_levels(
        "buy 5 @ 99\nbid 99 0\ntrade 99 2 sell\nbid 99 50\ntrade 99 2 sell",
        expect![[r#"
        5ms 1: received, open 0/5
        7ms 1: bought 2 @ 99 maker, partially_filled 2/5
        9ms 1: bought 2 @ 99 maker, partially_filled 4/5
    "#]],
    );
}

#[test]
fn quotes_hide_what_is_behind_the_best_price() {
    check(
        "quote 99 10 101 10\nbuy 5 @ 98\ntrade 98 50\nquote 98 7 101 10\ntrade 98 9 sell\ntrade 97 1",
        expect![[r#"
            1ms 1: received, open 0/5
            4ms 1: bought 2 @ 98 maker, partially_filled 2/5
            5ms 1: bought 3 @ 98 maker, filled 5/5
        "#]],
    );
    check(
        "quote 99 10 101 10\nbuy 5 @ 100\ntrade 100 3 sell\nquote 99 10 100 1",
        expect![[r#"
            1ms 1: received, open 0/5
            2ms 1: bought 3 @ 100 maker, partially_filled 3/5
            3ms 1: bought 1 @ 100 maker, partially_filled 4/5
        "#]],
    );
}

#[test]
fn flags() {
    check_levels(
        "buy 20 @ 102 fok\nbuy 1 @ 101 fok",
        expect![[r#"
        5ms 1: received, open 0/20
        5ms 1: bought 10 @ 101 taker, partially_filled 10/20
        5ms 1: bought 10 @ 102 taker, filled 20/20
        6ms 2: received, open 0/1
        6ms 2: canceled, canceled 0/1 (unfilled)
    "#]],
    );
    check_levels(
        "buy 21 @ 102 fok\nbuy 21 @ 102 ioc\nbuy 1 ioc",
        expect![[r#"
        5ms 1: received, open 0/21
        5ms 1: canceled, canceled 0/21 (unfilled)
        6ms 2: received, open 0/21
        6ms 2: bought 10 @ 101 taker, partially_filled 10/21
        6ms 2: bought 10 @ 102 taker, partially_filled 20/21
        6ms 2: canceled, canceled 20/21 (unfilled)
        7ms 3: received, open 0/1
        7ms 3: bought 1 @ 104 taker, filled 1/1
    "#]],
    );
    check_levels(
        "buy 10 aon\nbuy 11 aon\nbuy 10 @ 102 aon",
        expect![[r#"
        5ms 1: received, open 0/10
        5ms 1: bought 10 @ 101 taker, filled 10/10
        6ms 2: received, open 0/11
        6ms 2: canceled, canceled 0/11 (unfilled)
        7ms 3: received, open 0/10
        7ms 3: bought 10 @ 102 taker, filled 10/10
    "#]],
    );
    check_levels(
        "buy 5 @ 101 post_only\nbuy 5 @ 100 post_only\ntrade 100 5 sell",
        expect![[r#"
        5ms 1: received, open 0/5
        5ms 1: rejected, rejected 0/5 (would_execute)
        6ms 2: received, open 0/5
        7ms 2: bought 5 @ 100 maker, filled 5/5
    "#]],
    );
}

#[test]
fn stops_become_orders_in_the_book() {
    check_levels(
        "buy 15 stop 103\ntrade 102 1\ntrade 103 1",
        expect![[r#"
        5ms 1: received, open 0/15
        7ms 1: bought 10 @ 101 taker, partially_filled 10/15
        7ms 1: bought 5 @ 102 taker, filled 15/15
    "#]],
    );
    check(
        "quote 99 5 101 5\nbuy 7 stop 103\nquote 102 5 103 5\nquote 102 5 103 6",
        expect![[r#"
        1ms 1: received, open 0/7
        2ms 1: bought 5 @ 103 taker, partially_filled 5/7
        3ms 1: bought 2 @ 103 taker, filled 7/7
    "#]],
    );
}

#[test]
fn changes_lose_the_place_unless_they_only_shrink() {
    check_levels(
        "buy 5 @ 99\nbid 99 30\nchange 1 99 3\ntrade 99 11 sell\nchange 1 99 6\ntrade 99 11 sell",
        expect![[r#"
        5ms 1: received, open 0/5
        7ms 1: change, open 0/3
        8ms 1: bought 1 @ 99 maker, partially_filled 1/3
        9ms 1: change, partially_filled 1/6
    "#]],
    );
    check_levels(
        "buy 5 @ 99\nchange 1 101 5\nchange 1 101 9",
        expect![[r#"
        5ms 1: received, open 0/5
        6ms 1: change, open 0/5
        6ms 1: bought 5 @ 101 taker, filled 5/5
        7ms 1: request_rejected (unknown_order)
    "#]],
    );
}

#[test]
fn a_notional_buys_whole_lots_of_each_level() {
    check_levels(
        "buy 0 notional 1500",
        expect![[r#"
        5ms 1: received, open 0/0
        5ms 1: bought 10 @ 101 taker, partially_filled 10/14
        5ms 1: bought 4 @ 102 taker, filled 14/14
    "#]],
    );
    check_levels(
        "buy 0 notional 1500 fok\nbuy 0 notional 3500 fok\nbuy 0 notional 50",
        expect![[r#"
        5ms 1: received, open 0/0
        5ms 1: bought 10 @ 101 taker, partially_filled 10/14
        5ms 1: bought 4 @ 102 taker, filled 14/14
        6ms 2: received, open 0/0
        6ms 2: canceled, canceled 0/0 (unfilled)
        7ms 3: received, open 0/0
        7ms 3: canceled, canceled 0/0 (unfilled)
    "#]],
    );
}

#[test]
fn single_orders_of_others_make_levels() {
    check(
        "ask 101 5 7\nask 101 3 8\nask 102 9 9\nask 101 0 7\nbuy 10 @ 102",
        expect![[r#"
        4ms 1: received, open 0/10
        4ms 1: bought 3 @ 101 taker, partially_filled 3/10
        4ms 1: bought 7 @ 102 taker, filled 10/10
    "#]],
    );
    check(
        "ask 101 5 7\nsnapshot 90 1\nbuy 5 @ 101 ioc",
        expect![[r#"
        2ms 1: received, open 0/5
        2ms 1: canceled, canceled 0/5 (unfilled)
    "#]],
    );
}

#[test]
fn without_a_book_trades_and_bars_are_the_liquidity() {
    check(
        "buy 10 @ 100\ntrade 100 4\ntrade 101 4\ntrade 99 20",
        expect![[r#"
        0ms 1: received, open 0/10
        1ms 1: bought 4 @ 100 taker, partially_filled 4/10
        3ms 1: bought 6 @ 100 maker, filled 10/10
    "#]],
    );
    check(
        "buy 10\nbar 100 110 90 105 6\nbar 106 110 90 105 6",
        expect![[r#"
        0ms 1: received, open 0/10
        1ms 1: bought 6 @ 100 taker, partially_filled 6/10
        2ms 1: bought 4 @ 106 taker, filled 10/10
    "#]],
    );
}
