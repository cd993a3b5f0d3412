//! Orders that exclude each other, and orders that are attached to an entry.

use expect_test::expect;

use crate::check;

#[test]
fn a_bracket_waits_for_its_entry_and_one_way_out_ends_the_other() {
    check(
        "
        a on trade X 100: buy 10 @ 100; sell 10 @ 110 attached a1 reduce; sell 10 stop 95 attached a1 reduce
        trade X 100
        show
        received a1
        sold a3 1 @ 95 trade=9
        bought a1 10 @ 100 trade=1
        show
        received a2
        sold a2 4 @ 110 trade=2
        show
        sold a2 6 @ 110 trade=3
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              a received a3 open 0/10
              ! submit a1 buy 10 X limit @ 100
              ! held a2 sell 10 X limit @ 110 reduce grouped
              ! held a3 sell 10 X stop_market at 95 reduce grouped
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 3 events 3 orders 0 denials, pnl 0
                a1 pending_new 0/10
                a2 open 0/10 held for entry
                a3 open 0/10 held for entry
            > received a1
              a received a1 open 0/10
            > sold a3 1 @ 95 trade=9
              ! UNKNOWN ORDER sold a3 ? 0/0: 1 @ 95
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              a change a2 pending_new 0/10
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
              ! submit a2 sell 10 X limit @ 110 reduce
            > show
                cash 0 equity 1000 realized 0 fees 0
                a started, 6 events 3 orders 0 denials, pnl 0; X 10
                a2 pending_new 0/10
                a3 open 0/10 held for price
            > received a2
              a received a2 open 0/10
            > sold a2 4 @ 110 trade=2
              a sold a2 partially_filled 4/10: 4 @ 110
              a change a3 open 0/6
              ! filled a2 4 @ 110
              ! held a3 sell 6 X stop_market at 95 reduce grouped
            > show
                cash 440 equity 1100 realized 40 fees 0
                a started, 9 events 3 orders 0 denials, pnl 100; X 6
                a2 partially_filled 4/10
                a3 open 0/6 held for price
            > sold a2 6 @ 110 trade=3
              a sold a2 filled 10/10: 6 @ 110
              a canceled a3 canceled 0/6 group
              ! filled a2 6 @ 110
              ! finished a2 filled 10/10
              ! finished a3 canceled 0/6 group
            > show
                cash 1100 equity 1100 realized 100 fees 0
                a started, 11 events 3 orders 0 denials, pnl 100; X 0
        "#]],
    );
}

#[test]
fn a_stop_of_a_bracket_goes_out_when_the_other_order_has_left_the_exchange() {
    check(
        "
        a on trade X 100: buy 10 @ 100; sell 10 @ 110 attached a1 reduce; sell 10 stop 95 attached a1 reduce
        trade X 100
        bought a1 10 @ 100 trade=1
        received a2
        trade X 95
        show
        sold a2 3 @ 110 trade=2
        canceled a2
        received a3
        sold a3 7 @ 94 trade=3
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              a received a3 open 0/10
              ! submit a1 buy 10 X limit @ 100
              ! held a2 sell 10 X limit @ 110 reduce grouped
              ! held a3 sell 10 X stop_market at 95 reduce grouped
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              a change a2 pending_new 0/10
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
              ! submit a2 sell 10 X limit @ 110 reduce
            > received a2
              a received a2 open 0/10
            > trade X 95
              a trade X 95
              ! cancel a2
            > show
                cash 0 equity 950 realized 0 fees 0
                a started, 7 events 3 orders 0 denials, pnl -50; X 10
                a2 pending_cancel 0/10
                a3 open 0/10 held for group
            > sold a2 3 @ 110 trade=2
              a sold a2 pending_cancel 3/10: 3 @ 110
              a change a3 open 0/7
              ! filled a2 3 @ 110
              ! held a3 sell 7 X stop_market at 95 reduce grouped
            > canceled a2
              a canceled a2 canceled 3/10
              a change a3 pending_new 0/7
              ! finished a2 canceled 3/10
              ! submit a3 sell 7 X market reduce
            > received a3
              a received a3 open 0/7
            > sold a3 7 @ 94 trade=3
              a sold a3 filled 7/7: 7 @ 94
              ! filled a3 7 @ 94
              ! finished a3 filled 7/7
            > show
                cash 988 equity 988 realized -12 fees 0
                a started, 13 events 3 orders 0 denials, pnl -12; X 0
        "#]],
    );
}

#[test]
fn what_an_entry_was_filled_in_part_is_protected_at_once() {
    check(
        "
        a on trade X 100: buy 10 @ 100; sell 10 @ 110 attached a1 reduce; sell 10 stop 95 attached a1 reduce
        trade X 100
        bought a1 4 @ 100 trade=1
        show
        trade X 95
        canceled a1
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              a received a3 open 0/10
              ! submit a1 buy 10 X limit @ 100
              ! held a2 sell 10 X limit @ 110 reduce grouped
              ! held a3 sell 10 X stop_market at 95 reduce grouped
            > bought a1 4 @ 100 trade=1
              a bought a1 partially_filled 4/10: 4 @ 100
              ! filled a1 4 @ 100
            > show
                cash 600 equity 1000 realized 0 fees 0
                a started, 4 events 3 orders 0 denials, pnl 0; X 4
                a1 partially_filled 4/10
                a2 open 0/10 held for price
                a3 open 0/10 held for price
            > trade X 95
              a trade X 95
              ! cancel a1
            > canceled a1
              a canceled a1 canceled 4/10
              a change a2 open 0/4
              a change a3 open 0/4
              a change a3 pending_new 0/4
              ! finished a1 canceled 4/10
              ! held a2 sell 4 X limit @ 110 reduce grouped
              ! held a3 sell 4 X stop_market at 95 reduce grouped
              ! submit a3 sell 4 X market reduce
            > show
                cash 600 equity 980 realized 0 fees 0
                a started, 9 events 3 orders 0 denials, pnl -20; X 4
                a2 open 0/4 held for price
                a3 pending_new 0/4
        "#]],
    );
}

#[test]
fn an_entry_that_ends_unfilled_ends_what_is_attached_to_it() {
    check(
        "
        a on trade X 100: buy 10 @ 100; sell 10 stop 95 attached a1
        a on trade X 101: buy 10 @ 100; sell 10 stop 95 attached a3
        trade X 100
        canceled a1
        trade X 101
        rejected a3
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              ! submit a1 buy 10 X limit @ 100
              ! held a2 sell 10 X stop_market at 95 grouped
            > canceled a1
              a canceled a1 canceled 0/10
              a canceled a2 canceled 0/10 unfilled
              ! finished a1 canceled 0/10
              ! finished a2 canceled 0/10 unfilled
            > trade X 101
              a trade X 101
              a received a4 open 0/10
              ! submit a3 buy 10 X limit @ 100
              ! held a4 sell 10 X stop_market at 95 grouped
            > rejected a3
              a rejected a3 rejected 0/10
              a canceled a4 canceled 0/10 unfilled
              ! finished a3 rejected 0/10
              ! finished a4 canceled 0/10 unfilled
        "#]],
    );
}

#[test]
fn nothing_is_attached_to_an_order_that_is_not_there() {
    check(
        "
        a on trade X 100: sell 10 stop 95 attached a9; sell 10 stop 95 attached b1
        b on trade X 100: buy 10 @ 99
        limits Y max_order_quantity=1
        a on trade X 101: buy 10 Y; sell 10 Y stop 95 attached a3
        trade X 100
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              a rejected a1 denied 0/10 unknown_order
              a rejected a2 denied 0/10 unknown_order
              ! finished a1 denied 0/10 unknown_order
              ! finished a2 denied 0/10 unknown_order
              ! submit b1 buy 10 X limit @ 99
            > trade X 101
              a trade X 101
              b trade X 101
              a rejected a3 denied 0/10 max_order_quantity
              a rejected a4 denied 0/10 max_order_quantity
              ! denied a3 buy 10 Y to 0: max_order_quantity 10 above 1 of Y
              ! finished a3 denied 0/10 max_order_quantity
              ! denied a4 sell 10 Y to 0: max_order_quantity 10 above 1 of Y
              ! finished a4 denied 0/10 max_order_quantity
        "#]],
    );
}

#[test]
fn what_is_attached_to_an_order_that_is_filled_already_starts_at_once() {
    check(
        "
        a on trade X 100: buy 10
        a on trade X 101: sell 10 @ 110 attached a1; sell 10 stop 95 attached a1
        trade X 100
        bought a1 6 @ 100 trade=1
        canceled a1
        trade X 101
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X market
            > bought a1 6 @ 100 trade=1
              a bought a1 partially_filled 6/10: 6 @ 100
              ! filled a1 6 @ 100
            > canceled a1
              a canceled a1 canceled 6/10
              ! finished a1 canceled 6/10
            > trade X 101
              a trade X 101
              a received a2 open 0/10
              a change a2 open 0/6
              a change a2 pending_new 0/6
              a received a3 open 0/10
              a change a3 open 0/6
              ! held a2 sell 10 X limit @ 110 grouped
              ! held a2 sell 6 X limit @ 110 grouped
              ! submit a2 sell 6 X limit @ 110
              ! held a3 sell 10 X stop_market at 95 grouped
              ! held a3 sell 6 X stop_market at 95 grouped
            > show
                cash 400 equity 1006 realized 0 fees 0
                a started, 9 events 3 orders 0 denials, pnl 6; X 6
                a2 pending_new 0/6
                a3 open 0/6 held for price
        "#]],
    );
}

#[test]
fn two_profits_and_one_stop_share_what_the_entry_was_filled() {
    check(
        "
        a on trade X 100: buy 10; sell 5 @ 105 attached a1; sell 5 @ 110 attached a1; sell 10 stop 95 attached a1
        trade X 100
        bought a1 10 @ 100 trade=1
        sold a2 5 @ 105 trade=2
        show
        trade X 95
        canceled a3
        sold a4 5 @ 95 trade=3
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/5
              a received a3 open 0/5
              a received a4 open 0/10
              ! submit a1 buy 10 X market
              ! held a2 sell 5 X limit @ 105 grouped
              ! held a3 sell 5 X limit @ 110 grouped
              ! held a4 sell 10 X stop_market at 95 grouped
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              a change a2 pending_new 0/5
              a change a3 pending_new 0/5
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
              ! submit a2 sell 5 X limit @ 105
              ! submit a3 sell 5 X limit @ 110
            > sold a2 5 @ 105 trade=2
              a sold a2 filled 5/5: 5 @ 105
              a change a4 open 0/5
              ! filled a2 5 @ 105
              ! finished a2 filled 5/5
              ! held a4 sell 5 X stop_market at 95 grouped
            > show
                cash 525 equity 1050 realized 25 fees 0
                a started, 9 events 4 orders 0 denials, pnl 50; X 5
                a3 pending_new 0/5
                a4 open 0/5 held for price
            > trade X 95
              a trade X 95
              ! cancel a3
            > canceled a3
              a canceled a3 canceled 0/5
              a change a4 pending_new 0/5
              ! finished a3 canceled 0/5
              ! submit a4 sell 5 X market
            > sold a4 5 @ 95 trade=3
              a sold a4 filled 5/5: 5 @ 95
              ! filled a4 5 @ 95
              ! finished a4 filled 5/5
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 13 events 4 orders 0 denials, pnl 0; X 0
        "#]],
    );
}

#[test]
fn a_late_fill_of_the_entry_is_protected_too() {
    check(
        "
        a on trade X 100: buy 10 @ 100; sell 10 stop 95 attached a1
        a on trade X 101: cancel a1
        trade X 100
        bought a1 4 @ 100 trade=1
        trade X 101
        canceled a1
        show
        bought a1 3 @ 100 trade=2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              ! submit a1 buy 10 X limit @ 100
              ! held a2 sell 10 X stop_market at 95 grouped
            > bought a1 4 @ 100 trade=1
              a bought a1 partially_filled 4/10: 4 @ 100
              ! filled a1 4 @ 100
            > trade X 101
              a trade X 101
              ! cancel a1
            > canceled a1
              a canceled a1 canceled 4/10
              a change a2 open 0/4
              ! finished a1 canceled 4/10
              ! held a2 sell 4 X stop_market at 95 grouped
            > show
                cash 600 equity 1004 realized 0 fees 0
                a started, 6 events 2 orders 0 denials, pnl 4; X 4
                a2 open 0/4 held for price
            > bought a1 3 @ 100 trade=2
              a bought a1 canceled 7/10: 3 @ 100
              a change a2 open 0/7
              ! filled a1 3 @ 100
              ! held a2 sell 7 X stop_market at 95 grouped
            > show
                cash 300 equity 1000 realized 0 fees 0
                a started, 8 events 2 orders 0 denials, pnl 0; X 7
                a2 open 0/7 held for price
        "#]],
    );
}

#[test]
fn an_entry_that_is_held_itself_takes_its_bracket_along() {
    check(
        "
        takes market limit
        a on trade X 100: buy 10 stop 105; sell 10 stop 95 attached a1
        a on trade X 101: cancel a1
        trade X 100
        show
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              a received a2 open 0/10
              ! held a1 buy 10 X stop_market at 105
              ! held a2 sell 10 X stop_market at 95 grouped
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 3 events 2 orders 0 denials, pnl 0
                a1 open 0/10 held for price
                a2 open 0/10 held for entry
            > trade X 101
              a trade X 101
              a canceled a1 canceled 0/10 requested
              a canceled a2 canceled 0/10 requested
              ! finished a1 canceled 0/10 requested
              ! finished a2 canceled 0/10 requested
        "#]],
    );
}

#[test]
fn orders_of_one_group_trade_no_more_than_the_largest() {
    check(
        "
        takes market limit
        a on trade X 100: buy 10 stop 105 group 1; sell 10 stop 95 group 1
        trade X 100
        show
        trade X 105
        received a1
        bought a1 4 @ 105 trade=1
        show
        bought a1 6 @ 105 trade=2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              a received a2 open 0/10
              ! held a1 buy 10 X stop_market at 105 grouped
              ! held a2 sell 10 X stop_market at 95 grouped
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 3 events 2 orders 0 denials, pnl 0
                a1 open 0/10 held for price
                a2 open 0/10 held for price
            > trade X 105
              a trade X 105
              a change a1 pending_new 0/10
              ! submit a1 buy 10 X market
            > received a1
              a received a1 open 0/10
            > bought a1 4 @ 105 trade=1
              a bought a1 partially_filled 4/10: 4 @ 105
              a change a2 open 0/6
              ! filled a1 4 @ 105
              ! held a2 sell 6 X stop_market at 95 grouped
            > show
                cash 580 equity 1000 realized 0 fees 0
                a started, 8 events 2 orders 0 denials, pnl 0; X 4
                a1 partially_filled 4/10
                a2 open 0/6 held for price
            > bought a1 6 @ 105 trade=2
              a bought a1 filled 10/10: 6 @ 105
              a canceled a2 canceled 0/6 group
              ! filled a1 6 @ 105
              ! finished a1 filled 10/10
              ! finished a2 canceled 0/6 group
            > show
                cash -50 equity 1000 realized 0 fees 0
                a started, 10 events 2 orders 0 denials, pnl 0; X 10
        "#]],
    );
}

#[test]
fn two_limit_orders_of_a_group_are_cut_and_canceled_and_a_race_is_booked() {
    check(
        "
        takes market limit
        a on trade X 100: buy 10 @ 95 group 1; sell 10 @ 105 group 1
        trade X 100
        received a1
        received a2
        bought a1 4 @ 95 trade=1
        change a2 6 @ 105
        bought a1 6 @ 95 trade=2
        sold a2 6 @ 105 trade=3
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 95
              ! submit a2 sell 10 X limit @ 105
            > received a1
              a received a1 open 0/10
            > received a2
              a received a2 open 0/10
            > bought a1 4 @ 95 trade=1
              a bought a1 partially_filled 4/10: 4 @ 95
              ! filled a1 4 @ 95
              ! change a2 sell 6 X limit @ 105
            > change a2 6 @ 105
              a change a2 open 0/6
            > bought a1 6 @ 95 trade=2
              a bought a1 filled 10/10: 6 @ 95
              ! filled a1 6 @ 95
              ! finished a1 filled 10/10
              ! cancel a2
            > sold a2 6 @ 105 trade=3
              a sold a2 filled 6/6: 6 @ 105
              ! filled a2 6 @ 105
              ! finished a2 filled 6/6
            > show
                cash 680 equity 1100 realized 60 fees 0
                a started, 7 events 2 orders 0 denials, pnl 100; X 4
        "#]],
    );
}

#[test]
fn a_group_counts_once_for_limits() {
    check(
        "
        takes market limit
        limits max_position=10
        a on trade X 100: sell 10 @ 105 group 1; sell 10 stop 95 group 1; sell 1
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              a rejected a3 denied 0/1 max_position
              ! submit a1 sell 10 X limit @ 105
              ! held a2 sell 10 X stop_market at 95 grouped
              ! denied a3 sell 1 X to 0: max_position 11 above 10 of run
              ! finished a3 denied 0/1 max_position
        "#]],
    );
    check(
        "
        takes market limit
        account cash
        a on trade X 100: buy 5; sell 5 @ 110 attached a1 reduce; sell 5 stop 95 attached a1 reduce
        trade X 100
        bought a1 5 @ 100 trade=1
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/5
              a received a3 open 0/5
              ! submit a1 buy 5 X market
              ! held a2 sell 5 X limit @ 110 reduce grouped
              ! held a3 sell 5 X stop_market at 95 reduce grouped
            > bought a1 5 @ 100 trade=1
              a bought a1 filled 5/5: 5 @ 100
              a change a2 pending_new 0/5
              ! filled a1 5 @ 100
              ! finished a1 filled 5/5
              ! submit a2 sell 5 X limit @ 110
            > show
                cash 500 equity 1000 realized 0 fees 0
                a started, 5 events 3 orders 0 denials, pnl 0; X 5
                a2 pending_new 0/5
                a3 open 0/5 held for price
        "#]],
    );
}

#[test]
fn what_makes_no_group_is_denied() {
    check(
        "
        a on trade X 100: buy 10 @ 95 group 1; buy 10 Y @ 95 group 1; buy for 500 group 2; buy 10 group 99999999999
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a2 denied 0/10 bad_order
              a rejected a3 denied 0/0 bad_order
              a rejected a4 denied 0/10 bad_order
              ! submit a1 buy 10 X limit @ 95
              ! finished a2 denied 0/10 bad_order
              ! finished a3 denied 0/0 bad_order
              ! finished a4 denied 0/10 bad_order
        "#]],
    );
}

#[test]
fn an_exchange_that_has_groups_gets_them() {
    check(
        "
        takes market limit groups
        a on trade X 100: buy 10 @ 95 group 1; sell 10 @ 105 group 1
        trade X 100
        bought a1 10 @ 95 trade=1
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 95 grouped
              ! submit a2 sell 10 X limit @ 105 grouped
            > bought a1 10 @ 95 trade=1
              a bought a1 filled 10/10: 10 @ 95
              ! filled a1 10 @ 95
              ! finished a1 filled 10/10
              ! cancel a2
            > show
                cash 50 equity 1000 realized 0 fees 0
                a started, 2 events 2 orders 0 denials, pnl 0; X 10
                a2 pending_cancel 0/10
        "#]],
    );
}

#[test]
fn a_way_out_that_is_refused_leaves_the_other_one() {
    check(
        "
        a on trade X 100: buy 10; sell 10 @ 110 attached a1; sell 10 stop 95 attached a1
        trade X 100
        bought a1 10 @ 100 trade=1
        trade X 95
        canceled a2
        rejected a3
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              a received a3 open 0/10
              ! submit a1 buy 10 X market
              ! held a2 sell 10 X limit @ 110 grouped
              ! held a3 sell 10 X stop_market at 95 grouped
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              a change a2 pending_new 0/10
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
              ! submit a2 sell 10 X limit @ 110
            > trade X 95
              a trade X 95
              ! cancel a2
            > canceled a2
              a canceled a2 canceled 0/10
              a change a3 pending_new 0/10
              ! finished a2 canceled 0/10
              ! submit a3 sell 10 X market
            > rejected a3
              a rejected a3 rejected 0/10
              ! finished a3 rejected 0/10
            > show
                cash 0 equity 950 realized 0 fees 0
                a started, 9 events 3 orders 0 denials, pnl -50; X 10
        "#]],
    );
}

#[test]
fn a_stop_that_is_due_at_once_and_refused_leaves_the_profit() {
    check(
        "
        a on trade X 100: buy 10; sell 10 @ 110 attached a1; sell 10 stop 95 attached a1
        trade X 94
        trade X 100
        trade X 94
        bought a1 10 @ 94 trade=1
        rejected a3
        show
        ",
        expect![[r#"
            > trade X 94
              a trade X 94
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              a received a3 open 0/10
              ! submit a1 buy 10 X market
              ! held a2 sell 10 X limit @ 110 grouped
              ! held a3 sell 10 X stop_market at 95 grouped
            > trade X 94
              a trade X 94
            > bought a1 10 @ 94 trade=1
              a bought a1 filled 10/10: 10 @ 94
              a change a3 pending_new 0/10
              ! filled a1 10 @ 94
              ! finished a1 filled 10/10
              ! submit a3 sell 10 X market
            > rejected a3
              a rejected a3 rejected 0/10
              a change a2 pending_new 0/10
              ! finished a3 rejected 0/10
              ! submit a2 sell 10 X limit @ 110
            > show
                cash 60 equity 1000 realized 0 fees 0
                a started, 9 events 3 orders 0 denials, pnl 0; X 10
                a2 pending_new 0/10
        "#]],
    );
}

#[test]
fn an_order_whose_way_is_not_cleared_asks_again() {
    check(
        "
        a on trade X 100: buy 10; sell 10 @ 110 attached a1; sell 10 stop 95 attached a1
        trade X 100
        bought a1 10 @ 100 trade=1
        received a2
        trade X 95
        request_rejected a2
        trade X 97
        canceled a2
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              a received a3 open 0/10
              ! submit a1 buy 10 X market
              ! held a2 sell 10 X limit @ 110 grouped
              ! held a3 sell 10 X stop_market at 95 grouped
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              a change a2 pending_new 0/10
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
              ! submit a2 sell 10 X limit @ 110
            > received a2
              a received a2 open 0/10
            > trade X 95
              a trade X 95
              ! cancel a2
            > request_rejected a2
              a request_rejected a2 open 0/10
            > trade X 97
              a trade X 97
              ! cancel a2
            > canceled a2
              a canceled a2 canceled 0/10
              a change a3 pending_new 0/10
              ! finished a2 canceled 0/10
              ! submit a3 sell 10 X market
        "#]],
    );
}
