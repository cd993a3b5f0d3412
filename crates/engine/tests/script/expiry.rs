//! Instruments that expire: their orders end, their positions are settled in cash.

use expect_test::expect;

use crate::check;

#[test]
fn a_future_is_settled_at_its_last_price_and_not_traded_any_more() {
    check(
        "
        instrument W future expires 60s
        a on trade W 100: buy 3 W
        a on trade W 120: sell 1 W
        start
        trade W 100
        received a1
        bought a1 3 @ 100 trade=1
        trade W 110
        next
        wait 60s
        trade W 115
        show
        wait 1s
        show
        trade W 120
        show
        ",
        expect![[r#"
            > start
              a start
            > trade W 100
              a trade W 100
              ! submit a1 buy 3 W market
            > received a1
              a received a1 open 0/3
            > bought a1 3 @ 100 trade=1
              a bought a1 filled 3/3: 3 @ 100
              ! filled a1 3 @ 100
              ! finished a1 filled 3/3
            > trade W 110
              a trade W 110
            > next
                next timer: 2024-01-02T14:31:00.000000001Z
            > wait 60s
            > trade W 115
              a trade W 115
            > show
                cash 700 equity 1045 realized 0 fees 0
                a started, 6 events 1 orders 0 denials, pnl 45; W 3
            > wait 1s
              a halt W expired
              a sold a2 filled 3/3: 3 @ 115 expired
              a [20] W expired at 2024-01-02T14:31:00Z: settled at 115
              ! filled a2 3 @ 115
              ! finished a2 filled 3/3
            > show
                cash 1045 equity 1045 realized 45 fees 0
                a started, 8 events 1 orders 0 denials, pnl 45; W 0
            > trade W 120
              a trade W 120
              a rejected a3 denied 0/1 expired
              ! finished a3 denied 0/1 expired
            > show
                cash 1045 equity 1045 realized 45 fees 0
                a started, 10 events 2 orders 1 denials, pnl 45; W 0
        "#]],
    );
}

#[test]
fn an_option_is_settled_by_its_intrinsic_value() {
    check(
        "
        instrument W option call 110 of X expires 60s
        instrument V option put 110 of X expires 60s
        a on trade W 5: buy 3 W; sell 2 V
        start
        trade W 5
        bought a1 3 @ 5 trade=1
        sold a2 2 @ 4 trade=2
        trade X 104
        wait 61s
        show
        ",
        expect![[r#"
            > start
              a start
            > trade W 5
              a trade W 5
              ! submit a1 buy 3 W market
              ! submit a2 sell 2 V market
            > bought a1 3 @ 5 trade=1
              a bought a1 filled 3/3: 3 @ 5
              ! filled a1 3 @ 5
              ! finished a1 filled 3/3
            > sold a2 2 @ 4 trade=2
              a sold a2 filled 2/2: 2 @ 4
              ! filled a2 2 @ 4
              ! finished a2 filled 2/2
            > trade X 104
              a trade X 104
            > wait 61s
              a halt W expired
              a sold a3 filled 3/3: 3 @ 0 expired
              a [20] W expired at 2024-01-02T14:31:00Z: settled at 0
              a halt V expired
              a bought a4 filled 2/2: 2 @ 6 expired
              a [20] V expired at 2024-01-02T14:31:00Z: settled at 6
              ! filled a3 3 @ 0
              ! finished a3 filled 3/3
              ! filled a4 2 @ 6
              ! finished a4 filled 2/2
            > show
                cash 981 equity 981 realized -19 fees 0
                a started, 9 events 2 orders 0 denials, pnl -19; W 0; V 0
        "#]],
    );
}

#[test]
fn without_a_price_of_its_underlying_the_position_stays_and_the_log_says_so() {
    check(
        "
        instrument W option call 110 of X expires 60s
        instrument V option call 110 expires 60s
        a on trade W 5: buy 3 W; buy 1 V
        start
        trade W 5
        bought a1 3 @ 5 trade=1
        bought a2 1 @ 5 trade=2
        wait 61s
        show
        ",
        expect![[r#"
            > start
              a start
            > trade W 5
              a trade W 5
              ! submit a1 buy 3 W market
              ! submit a2 buy 1 V market
            > bought a1 3 @ 5 trade=1
              a bought a1 filled 3/3: 3 @ 5
              ! filled a1 3 @ 5
              ! finished a1 filled 3/3
            > bought a2 1 @ 5 trade=2
              a bought a2 filled 1/1: 1 @ 5
              ! filled a2 1 @ 5
              ! finished a2 filled 1/1
            > wait 61s
              a halt W expired
              a [40] W expired at 2024-01-02T14:31:00Z, and its position stays: its underlying X has no last price
              a halt V expired
              a [40] V expired at 2024-01-02T14:31:00Z, and its position stays: it is an option without a known underlying and right (accepted: underlying, strike and option_type)
            > show
                cash 980 equity 1000 realized 0 fees 0
                a started, 6 events 2 orders 0 denials, pnl 0; W 3; V 1
        "#]],
    );
}

#[test]
fn orders_end_as_expired_and_a_late_fill_is_settled_at_once() {
    check(
        "
        takes market limit
        instrument W future expires 60s
        a on trade W 100: buy 3 W @ 90; buy 2 W stop 130; buy 1 X @ 80
        a on trade X 1: change a1 3 @ 95
        start
        trade W 100
        received a1
        received a3
        wait 61s
        show
        trade X 1
        bought a1 1 @ 90 trade=1
        canceled a1
        show
        request_rejected a1
        ",
        expect![[r#"
            > start
              a start
            > trade W 100
              a trade W 100
              a received a2 open 0/2
              ! submit a1 buy 3 W limit @ 90
              ! held a2 buy 2 W stop_market at 130
              ! submit a3 buy 1 X limit @ 80
            > received a1
              a received a1 open 0/3
            > received a3
              a received a3 open 0/1
            > wait 61s
              a halt W expired
              a canceled a2 expired 0/2
              ! cancel a1
              ! finished a2 expired 0/2
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 7 events 3 orders 0 denials, pnl 0
                a1 pending_cancel 0/3
                a3 open 0/1
            > trade X 1
              a trade X 1
              a request_rejected a1 pending_cancel 0/3 expired
              ! denied change of a1 buy 3 W to 0: expired
            > bought a1 1 @ 90 trade=1
              a bought a1 pending_cancel 1/3: 1 @ 90
              a sold a4 filled 1/1: 1 @ 100 expired
              a [20] W expired at 2024-01-02T14:31:00Z: settled at 100
              ! filled a1 1 @ 90
              ! filled a4 1 @ 100
              ! finished a4 filled 1/1
            > canceled a1
              a canceled a1 expired 1/3
              ! finished a1 expired 1/3
            > show
                cash 1010 equity 1010 realized 10 fees 0
                a started, 12 events 3 orders 0 denials, pnl 10; W 0
                a3 open 0/1
            > request_rejected a1
              a request_rejected a1 expired 1/3
        "#]],
    );
}

#[test]
fn a_cancel_at_the_expiry_that_is_refused_is_sent_again() {
    check(
        "
        instrument W future expires 60s
        a on trade W 100: buy 3 W @ 90
        start
        trade W 100
        received a1
        wait 61s
        request_rejected a1
        wait 1s
        canceled a1
        ",
        expect![[r#"
            > start
              a start
            > trade W 100
              a trade W 100
              ! submit a1 buy 3 W limit @ 90
            > received a1
              a received a1 open 0/3
            > wait 61s
              a halt W expired
              ! cancel a1
            > request_rejected a1
              a request_rejected a1 open 0/3
            > wait 1s
              ! cancel a1
            > canceled a1
              a canceled a1 expired 0/3
              ! finished a1 expired 0/3
        "#]],
    );
}

#[test]
fn hedged_positions_are_settled_each_and_a_stopped_strategy_is_too() {
    check(
        "
        hedging
        keep b
        instrument W future expires 60s
        a on trade W 100: buy 3 W; sell 2 W
        b on trade W 100: buy 1 W
        start
        trade W 100
        bought a1 3 @ 100 trade=1
        sold a2 2 @ 100 trade=2
        bought b1 1 @ 100 trade=3
        stop b
        trade W 107
        wait 61s
        show
        ",
        expect![[r#"
            > start
              a start
              b start
            > trade W 100
              a trade W 100
              b trade W 100
              ! submit a1 buy 3 W market
              ! submit a2 sell 2 W market
              ! submit b1 buy 1 W market
            > bought a1 3 @ 100 trade=1
              a bought a1 filled 3/3: 3 @ 100
              ! filled a1 3 @ 100
              ! finished a1 filled 3/3
            > sold a2 2 @ 100 trade=2
              a sold a2 filled 2/2: 2 @ 100
              ! filled a2 2 @ 100
              ! finished a2 filled 2/2
            > bought b1 1 @ 100 trade=3
              b bought b1 filled 1/1: 1 @ 100
              ! filled b1 1 @ 100
              ! finished b1 filled 1/1
            > stop b
              b exit requested
              ! stopped b: requested
            > trade W 107
              a trade W 107
            > wait 61s
              a halt W expired
              a sold a3 filled 3/3: 3 @ 107 expired
              a [20] W expired at 2024-01-02T14:31:00Z: settled at 107
              a bought a4 filled 2/2: 2 @ 107 expired
              a [20] W expired at 2024-01-02T14:31:00Z: settled at 107
              b [20] W expired at 2024-01-02T14:31:00Z: settled at 107
              ! filled a3 3 @ 107
              ! finished a3 filled 3/3
              ! filled a4 2 @ 107
              ! finished a4 filled 2/2
              ! filled b2 1 @ 107
              ! finished b2 filled 1/1
            > show
                cash 1014 equity 1014 realized 14 fees 0
                a started, 8 events 2 orders 0 denials, pnl 7; W 0 long realized 21; W 0 short realized -14
                b stopped (requested), 3 events 1 orders 0 denials, pnl 7; W 0 long realized 7
        "#]],
    );
}

#[test]
fn what_expired_before_the_run_is_told_when_it_begins_and_never_traded() {
    check(
        "
        instrument W future expires -5s
        a on trade W 100: buy 3 W
        start
        wait 1s
        trade W 100
        next
        ",
        expect![[r#"
            > start
              a start
            > wait 1s
              a halt W expired
            > trade W 100
              a trade W 100
              a rejected a1 denied 0/3 expired
              ! finished a1 denied 0/3 expired
            > next
                next timer: none
        "#]],
    );
}

#[test]
fn what_expired_between_two_runs_is_settled_at_the_last_price_of_the_one_before() {
    check(
        "
        instrument W future expires 60s
        instrument V option call 110 of W expires 60s
        a on halt V: sell 1 V
        left a W 3 cost 300 last 115
        left a V 2 cost 8 last 6
        wait 61s
        next
        start
        wait 1s
        show
        ",
        expect![[r#"
            > left a W 3 cost 300 last 115
            > left a V 2 cost 8 last 6
            > wait 61s
            > next
                next timer: none
            > start
              a start
            > wait 1s
              a halt W expired
              a sold a1 filled 3/3: 3 @ 115 expired
              a [20] W expired at 2024-01-02T14:31:00Z: settled at 115
              a halt V expired
              a sold a3 filled 2/2: 2 @ 5 expired
              a [20] V expired at 2024-01-02T14:31:00Z: settled at 5
              a rejected a2 denied 0/1 expired
              ! filled a1 3 @ 115
              ! finished a1 filled 3/3
              ! filled a3 2 @ 5
              ! finished a3 filled 2/2
              ! finished a2 denied 0/1 expired
            > show
                cash 1355 equity 1355 realized 47 fees 0
                a started, 6 events 1 orders 1 denials, pnl 355; W 0; V 0
        "#]],
    );
}
