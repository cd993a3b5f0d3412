//! Stops: election, order, cascades.

use expect_test::expect;

use super::check;

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
