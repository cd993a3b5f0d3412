//! The life of an order.

use expect_test::expect;

use crate::check;

#[test]
fn an_order_lives_from_request_to_fill() {
    check(
        "
        a on trade X 100: buy 10
        start
        trade X 100
        received a1
        bought a1 4 @ 100 trade=1 fee=0.5
        show
        bought a1 6 @ 101 trade=2
        trade X 110
        show
        ",
        expect![[r#"
            > start
              a start
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X market
            > received a1
              a received a1 open 0/10
            > bought a1 4 @ 100 trade=1 fee=0.5
              a bought a1 partially_filled 4/10: 4 @ 100
              ! filled a1 4 @ 100 fee 0.5
            > show
                cash 599.5 equity 999.5 realized 0 fees 0.5
                a started, 4 events 1 orders 0 denials, pnl -0.5; X 4
                a1 partially_filled 4/10
            > bought a1 6 @ 101 trade=2
              a bought a1 filled 10/10: 6 @ 101
              ! filled a1 6 @ 101
              ! finished a1 filled 10/10
            > trade X 110
              a trade X 110
            > show
                cash -6.5 equity 1093.5 realized 0 fees 0.5
                a started, 6 events 1 orders 0 denials, pnl 93.5; X 10
        "#]],
    );
}

#[test]
fn a_fill_may_come_before_the_acknowledgement() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        trade X 100
        bought a1 4 @ 100 trade=1
        received a1
        bought a1 6 @ 100 trade=2
        received a1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > bought a1 4 @ 100 trade=1
              a bought a1 partially_filled 4/10: 4 @ 100
              ! filled a1 4 @ 100
            > received a1
            > bought a1 6 @ 100 trade=2
              a bought a1 filled 10/10: 6 @ 100
              ! filled a1 6 @ 100
              ! finished a1 filled 10/10
            > received a1
        "#]],
    );
}

#[test]
fn a_late_fill_after_a_cancel_is_booked_and_the_order_does_not_finish_again() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: cancel a1
        trade X 100
        received a1
        trade X 101
        canceled a1
        bought a1 4 @ 100 trade=1
        bought a1 6 @ 100 trade=2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > received a1
              a received a1 open 0/10
            > trade X 101
              a trade X 101
              ! cancel a1
            > canceled a1
              a canceled a1 canceled 0/10
              ! finished a1 canceled 0/10
            > bought a1 4 @ 100 trade=1
              a bought a1 canceled 4/10: 4 @ 100
              ! filled a1 4 @ 100
            > bought a1 6 @ 100 trade=2
              a bought a1 filled 10/10: 6 @ 100
              ! filled a1 6 @ 100
            > show
                cash 0 equity 1000 realized 0 fees 0
                a started, 6 events 1 orders 0 denials, pnl 0; X 10
        "#]],
    );
}

#[test]
fn a_cancel_ends_what_is_not_filled() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: cancel a1
        trade X 100
        bought a1 4 @ 100 trade=1
        trade X 101
        show
        canceled a1
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > bought a1 4 @ 100 trade=1
              a bought a1 partially_filled 4/10: 4 @ 100
              ! filled a1 4 @ 100
            > trade X 101
              a trade X 101
              ! cancel a1
            > show
                cash 600 equity 1004 realized 0 fees 0
                a started, 3 events 1 orders 0 denials, pnl 4; X 4
                a1 pending_cancel 4/10
            > canceled a1
              a canceled a1 canceled 4/10
              ! finished a1 canceled 4/10
            > show
                cash 600 equity 1004 realized 0 fees 0
                a started, 4 events 1 orders 0 denials, pnl 4; X 4
        "#]],
    );
}

#[test]
fn a_refused_cancel_leaves_the_order_working() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: cancel a1
        trade X 100
        received a1
        trade X 101
        request_rejected a1
        show
        trade X 101
        canceled a1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > received a1
              a received a1 open 0/10
            > trade X 101
              a trade X 101
              ! cancel a1
            > request_rejected a1
              a request_rejected a1 open 0/10
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 4 events 1 orders 0 denials, pnl 0
                a1 open 0/10
            > trade X 101
              a trade X 101
              ! cancel a1
            > canceled a1
              a canceled a1 canceled 0/10
              ! finished a1 canceled 0/10
        "#]],
    );
}

#[test]
fn a_second_cancel_and_one_of_nothing_are_refused() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: cancel a1; cancel a1; cancel a7; cancel b1
        b on start: subscribe Y
        trade X 100
        start
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              ! submit a1 buy 10 X limit @ 100
            > start
              a start
              b start
            > trade X 101
              a trade X 101
              a request_rejected a1 pending_cancel 0/10 unknown_order
              a request_rejected a7 unknown 0/0 unknown_order
              a request_rejected b1 unknown 0/0 unknown_order
              ! cancel a1
        "#]],
    );
}

#[test]
fn a_change_takes_effect_when_the_exchange_says_so() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: change a1 12 @ 101
        trade X 100
        received a1
        trade X 101
        show
        change a1 12 @ 101
        show
        bought a1 12 @ 101 trade=1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > received a1
              a received a1 open 0/10
            > trade X 101
              a trade X 101
              ! change a1 buy 12 X limit @ 101
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 3 events 1 orders 0 denials, pnl 0
                a1 open 0/10
            > change a1 12 @ 101
              a change a1 open 0/12
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 4 events 1 orders 0 denials, pnl 0
                a1 open 0/12
            > bought a1 12 @ 101 trade=1
              a bought a1 filled 12/12: 12 @ 101
              ! filled a1 12 @ 101
              ! finished a1 filled 12/12
        "#]],
    );
}

#[test]
fn a_change_must_leave_more_than_is_filled() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: change a1 4 @ 101
        a on trade X 102: change a1 5 @ 101
        a on trade X 103: change a9 5 @ 101
        trade X 100
        bought a1 4 @ 100 trade=1
        trade X 101
        trade X 102
        trade X 103
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > bought a1 4 @ 100 trade=1
              a bought a1 partially_filled 4/10: 4 @ 100
              ! filled a1 4 @ 100
            > trade X 101
              a trade X 101
              a request_rejected a1 partially_filled 4/10 volume_not_above_filled
              ! denied change of a1 buy 4 X to 0: volume_not_above_filled
            > trade X 102
              a trade X 102
              ! change a1 buy 5 X limit @ 101
            > trade X 103
              a trade X 103
              a request_rejected a9 unknown 0/0 unknown_order
        "#]],
    );
}

#[test]
fn a_refused_change_leaves_a_pending_cancel_pending() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: change a1 12 @ 101; cancel a1
        trade X 100
        received a1
        trade X 101
        request_rejected a1
        show
        canceled a1
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > received a1
              a received a1 open 0/10
            > trade X 101
              a trade X 101
              ! change a1 buy 12 X limit @ 101
              ! cancel a1
            > request_rejected a1
              a request_rejected a1 pending_cancel 0/10
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 4 events 1 orders 0 denials, pnl 0
                a1 pending_cancel 0/10
            > canceled a1
              a canceled a1 canceled 0/10
              ! finished a1 canceled 0/10
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 5 events 1 orders 0 denials, pnl 0
        "#]],
    );
}

#[test]
fn expired_and_rejected_orders_are_finished() {
    check(
        "
        a on trade X 100: buy 10 @ 100; sell 5 @ 120
        trade X 100
        received a1
        expired a1
        rejected a2
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
              ! submit a2 sell 5 X limit @ 120
            > received a1
              a received a1 open 0/10
            > expired a1
              a canceled a1 expired 0/10
              ! finished a1 expired 0/10
            > rejected a2
              a rejected a2 rejected 0/5
              ! finished a2 rejected 0/5
        "#]],
    );
}

#[test]
fn an_order_without_an_answer_is_unknown_and_can_still_be_canceled() {
    check(
        "
        a on trade X 100: buy 10 @ 100; buy 5 @ 99; buy 1 @ 98
        a on trade X 101: cancel a3
        trade X 100
        lost a1
        lost a2
        lost a3
        show
        received a1
        bought a2 5 @ 99 trade=1
        trade X 101
        show
        canceled a3
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
              ! submit a2 buy 5 X limit @ 99
              ! submit a3 buy 1 X limit @ 98
            > lost a1
              a received a1 unknown 0/10
            > lost a2
              a received a2 unknown 0/5
            > lost a3
              a received a3 unknown 0/1
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 4 events 3 orders 0 denials, pnl 0
                a1 unknown 0/10
                a2 unknown 0/5
                a3 unknown 0/1
            > received a1
              a received a1 open 0/10
            > bought a2 5 @ 99 trade=1
              a bought a2 filled 5/5: 5 @ 99
              ! filled a2 5 @ 99
              ! finished a2 filled 5/5
            > trade X 101
              a trade X 101
              ! cancel a3
            > show
                cash 505 equity 1010 realized 0 fees 0
                a started, 7 events 3 orders 0 denials, pnl 10; X 5
                a1 open 0/10
                a3 pending_cancel 0/1
            > canceled a3
              a canceled a3 canceled 0/1
              ! finished a3 canceled 0/1
        "#]],
    );
}

#[test]
fn requests_beyond_the_limit_of_one_call_are_refused_at_once_but_stop_is_heard() {
    check(
        "
        a on trade X 100: many 1001 1 Z; stop enough
        trade X 100
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a (1000 of 1001 were taken)
              a exit strategy_stopped
              ! finished a1 denied 0/1 not_tradable
                … and 998 more such lines
              ! stopped a: enough
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a stopped (enough), 1 events 999 orders 999 denials, pnl 0
        "#]],
    );
}
