//! Reports of an exchange that are late, double, out of order, or about something else.

use expect_test::expect;

use crate::check;

#[test]
fn a_repeated_trade_id_is_not_booked_twice() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        trade X 100
        bought a1 4 @ 100 trade=1
        bought a1 4 @ 100 trade=1
        bought a1 6 @ 100 trade=2
        bought a1 6 @ 100 trade=2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > bought a1 4 @ 100 trade=1
              a bought a1 partially_filled 4/10: 4 @ 100
              ! filled a1 4 @ 100
            > bought a1 4 @ 100 trade=1
            > bought a1 6 @ 100 trade=2
              a bought a1 filled 10/10: 6 @ 100
              ! filled a1 6 @ 100
              ! finished a1 filled 10/10
            > bought a1 6 @ 100 trade=2
            > show
                cash 0 equity 1000 realized 0 fees 0
                a started, 3 events 1 orders 0 denials, pnl 0; X 10
        "#]],
    );
}

#[test]
fn reports_out_of_order_lead_to_the_same_end() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        trade X 100
        canceled a1
        bought a1 4 @ 100 trade=1
        received a1
        canceled a1
        rejected a1
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > canceled a1
              a canceled a1 canceled 0/10
              ! finished a1 canceled 0/10
            > bought a1 4 @ 100 trade=1
              a bought a1 canceled 4/10: 4 @ 100
              ! filled a1 4 @ 100
            > received a1
            > canceled a1
            > rejected a1
            > show
                cash 600 equity 1000 realized 0 fees 0
                a started, 3 events 1 orders 0 denials, pnl 0; X 4
        "#]],
    );
}

#[test]
fn a_report_that_does_not_fit_its_order_is_an_alarm_and_books_nothing() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        trade X 100
        bought a1 4 @ 100 trade=1 exchange=2
        bought a1 4 @ 100 trade=1 instrument=Y
        sold a1 4 @ 100 trade=1
        canceled a1 exchange=2
        bought a7 4 @ 100 trade=1
        bought b1 4 @ 100 trade=1
        show
        bought a1 10 @ 100 trade=1 exchange=1 instrument=X
        sold a1 4 @ 100 trade=2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > bought a1 4 @ 100 trade=1 exchange=2
              ! UNKNOWN ORDER bought a1 ? 0/0: 4 @ 100
            > bought a1 4 @ 100 trade=1 instrument=Y
              ! UNKNOWN ORDER bought a1 ? 0/0: 4 @ 100
            > sold a1 4 @ 100 trade=1
              ! UNKNOWN ORDER sold a1 ? 0/0: 4 @ 100
            > canceled a1 exchange=2
              ! UNKNOWN ORDER canceled a1 ? 0/0
            > bought a7 4 @ 100 trade=1
              ! UNKNOWN ORDER bought a7 ? 0/0: 4 @ 100
            > bought b1 4 @ 100 trade=1
              ! UNKNOWN ORDER bought b1 ? 0/0: 4 @ 100
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 1 events 1 orders 0 denials, pnl 0
                a1 pending_new 0/10
            > bought a1 10 @ 100 trade=1 exchange=1 instrument=X
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > sold a1 4 @ 100 trade=2
              ! UNKNOWN ORDER sold a1 ? 0/0: 4 @ 100
            > show
                cash 0 equity 1000 realized 0 fees 0
                a started, 2 events 1 orders 0 denials, pnl 0; X 10
        "#]],
    );
}

#[test]
fn a_fill_of_a_refused_order_is_an_alarm() {
    check(
        "
        a on trade X 100: buy 10 @ 100; buy 0
        trade X 100
        rejected a1
        bought a1 10 @ 100 trade=1
        bought a2 10 @ 100 trade=2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a2 denied 0/0 bad_quantity
              ! submit a1 buy 10 X limit @ 100
              ! finished a2 denied 0/0 bad_quantity
            > rejected a1
              a rejected a1 rejected 0/10
              ! finished a1 rejected 0/10
            > bought a1 10 @ 100 trade=1
              ! UNKNOWN ORDER bought a1 ? 0/0: 10 @ 100
            > bought a2 10 @ 100 trade=2
              ! UNKNOWN ORDER bought a2 ? 0/0: 10 @ 100
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 3 events 2 orders 1 denials, pnl 0
        "#]],
    );
}

#[test]
fn more_than_was_ordered_is_booked_with_an_alarm() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        trade X 100
        bought a1 8 @ 100 trade=1
        bought a1 8 @ 100 trade=2
        bought a1 1 @ 100 trade=3
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > bought a1 8 @ 100 trade=1
              a bought a1 partially_filled 8/10: 8 @ 100
              ! filled a1 8 @ 100
            > bought a1 8 @ 100 trade=2
              a bought a1 filled 16/10: 8 @ 100
              ! filled a1 8 @ 100
              ! OVERFILLED bought a1 filled 16/10: 8 @ 100
              ! finished a1 filled 16/10
            > bought a1 1 @ 100 trade=3
              a bought a1 filled 17/10: 1 @ 100
              ! filled a1 1 @ 100
              ! OVERFILLED bought a1 filled 17/10: 1 @ 100
            > show
                cash -700 equity 1000 realized 0 fees 0
                a started, 4 events 1 orders 0 denials, pnl 0; X 17
        "#]],
    );
}

#[test]
fn a_fill_that_overtakes_the_answer_to_a_change_is_no_overfill() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: change a1 20 @ 101
        trade X 100
        received a1
        trade X 101
        bought a1 12 @ 101 trade=1
        show
        change a1 20 @ 101
        bought a1 8 @ 101 trade=2
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
              ! change a1 buy 20 X limit @ 101
            > bought a1 12 @ 101 trade=1
              a bought a1 partially_filled 12/10: 12 @ 101
              ! filled a1 12 @ 101
            > show
                cash -212 equity 1000 realized 0 fees 0
                a started, 4 events 1 orders 0 denials, pnl 0; X 12
                a1 partially_filled 12/10
            > change a1 20 @ 101
              a change a1 partially_filled 12/20
            > bought a1 8 @ 101 trade=2
              a bought a1 filled 20/20: 8 @ 101
              ! filled a1 8 @ 101
              ! finished a1 filled 20/20
            > show
                cash -1020 equity 1000 realized 0 fees 0
                a started, 6 events 1 orders 0 denials, pnl 0; X 20
        "#]],
    );
}

#[test]
fn an_order_filled_before_its_change_was_refused_is_finished() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: change a1 20 @ 101
        trade X 100
        received a1
        trade X 101
        bought a1 10 @ 100 trade=1
        request_rejected a1
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
              ! change a1 buy 20 X limit @ 101
            > bought a1 10 @ 100 trade=1
              a bought a1 partially_filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
            > request_rejected a1
              a request_rejected a1 filled 10/10
              ! finished a1 filled 10/10
            > show
                cash 0 equity 1000 realized 0 fees 0
                a started, 5 events 1 orders 0 denials, pnl 0; X 10
        "#]],
    );
}

#[test]
fn a_fill_that_the_exchange_calls_the_last_one_finishes_the_order_while_a_change_is_on_its_way() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: change a1 20 @ 101
        trade X 100
        received a1
        trade X 101
        bought a1 10 @ 100 trade=1 status=filled
        request_rejected a1
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
              ! change a1 buy 20 X limit @ 101
            > bought a1 10 @ 100 trade=1 status=filled
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > request_rejected a1
              a request_rejected a1 filled 10/10
            > show
                cash 0 equity 1000 realized 0 fees 0
                a started, 5 events 1 orders 0 denials, pnl 0; X 10
        "#]],
    );
}

#[test]
fn a_change_down_to_what_was_filled_meanwhile_finishes_the_order() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: change a1 5 @ 100
        trade X 100
        received a1
        trade X 101
        bought a1 5 @ 100 trade=1
        change a1 5 @ 100
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
              ! change a1 buy 5 X limit @ 100
            > bought a1 5 @ 100 trade=1
              a bought a1 partially_filled 5/10: 5 @ 100
              ! filled a1 5 @ 100
            > change a1 5 @ 100
              a change a1 filled 5/5
              ! finished a1 filled 5/5
            > show
                cash 500 equity 1000 realized 0 fees 0
                a started, 5 events 1 orders 0 denials, pnl 0; X 5
        "#]],
    );
}

#[test]
fn an_old_change_that_nobody_waits_for_does_not_finish_an_order() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        trade X 100
        bought a1 5 @ 100 trade=1
        change a1 5 @ 100
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > bought a1 5 @ 100 trade=1
              a bought a1 partially_filled 5/10: 5 @ 100
              ! filled a1 5 @ 100
            > change a1 5 @ 100
            > show
                cash 500 equity 1000 realized 0 fees 0
                a started, 2 events 1 orders 0 denials, pnl 0; X 5
                a1 partially_filled 5/10
        "#]],
    );
}

#[test]
fn reports_on_a_finished_order_change_nothing() {
    check(
        "
        a on trade X 100: buy 10
        trade X 100
        bought a1 10 @ 100 trade=1
        received a1
        canceled a1
        expired a1
        rejected a1
        change a1 20 @ 100
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X market
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > received a1
            > canceled a1
            > expired a1
            > rejected a1
            > change a1 20 @ 100
            > show
                cash 0 equity 1000 realized 0 fees 0
                a started, 2 events 1 orders 0 denials, pnl 0; X 10
        "#]],
    );
}
