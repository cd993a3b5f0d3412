//! Changing and cancelling orders and stops.

use expect_test::expect;

use super::check;

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
