//! Held orders that went out and never came to their exchange.

use expect_test::expect;

use crate::check;

#[test]
fn a_stop_that_never_came_to_its_exchange_goes_out_again() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95
        trade X 100
        trade X 94
        lost a1
        show
        rejected a1 reason=unknown_order
        show
        received a1
        sold a1 10 @ 93 trade=1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              ! held a1 sell 10 X stop_market at 95
            > trade X 94
              a trade X 94
              a change a1 pending_new 0/10
              ! submit a1 sell 10 X market
            > lost a1
              a received a1 unknown 0/10
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 5 events 1 orders 0 denials, pnl 0
                a1 unknown 0/10
            > rejected a1 reason=unknown_order
              a change a1 open 0/10
              a change a1 pending_new 0/10
              ! held a1 sell 10 X stop_market at 95
              ! submit a1 sell 10 X market
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 7 events 1 orders 0 denials, pnl 0
                a1 pending_new 0/10
            > received a1
              a received a1 open 0/10
            > sold a1 10 @ 93 trade=1
              a sold a1 filled 10/10: 10 @ 93
              ! filled a1 10 @ 93
              ! finished a1 filled 10/10
        "#]],
    );
}

#[test]
fn while_nothing_can_go_out_it_is_held_and_the_first_price_afterwards_sends_it() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95
        trade X 100
        trade X 94
        lost a1
        halt
        rejected a1 reason=unknown_order
        show
        trade X 93
        continue
        show
        trade X 120
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              ! held a1 sell 10 X stop_market at 95
            > trade X 94
              a trade X 94
              a change a1 pending_new 0/10
              ! submit a1 sell 10 X market
            > lost a1
              a received a1 unknown 0/10
            > halt
              a halt - requested
            > rejected a1 reason=unknown_order
              a change a1 open 0/10
              ! held a1 sell 10 X stop_market at 95
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 7 events 1 orders 0 denials, pnl 0
                a1 open 0/10 held for group
            > trade X 93
              a trade X 93
            > continue
              a continue - requested
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 9 events 1 orders 0 denials, pnl 0
                a1 open 0/10 held for group
            > trade X 120
              a trade X 120
              a change a1 pending_new 0/10
              ! submit a1 sell 10 X market
        "#]],
    );
}

#[test]
fn what_is_told_otherwise_ends_it() {
    check(
        "
        takes market limit
        a on trade X 100: sell 1 stop 95; sell 2 stop 95; sell 3 stop 95; sell 4 @ 101
        trade X 100
        trade X 94
        rejected a1 reason=unknown_order
        lost a2
        rejected a2
        lost a3
        hand cancel a3
        rejected a3 reason=unknown_order
        lost a4
        rejected a4 reason=unknown_order
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/1
              a received a2 open 0/2
              a received a3 open 0/3
              ! held a1 sell 1 X stop_market at 95
              ! held a2 sell 2 X stop_market at 95
              ! held a3 sell 3 X stop_market at 95
              ! submit a4 sell 4 X limit @ 101
            > trade X 94
              a trade X 94
              a change a1 pending_new 0/1
              a change a2 pending_new 0/2
              a change a3 pending_new 0/3
              ! submit a1 sell 1 X market
              ! submit a2 sell 2 X market
              ! submit a3 sell 3 X market
            > rejected a1 reason=unknown_order
              a rejected a1 rejected 0/1 unknown_order
              ! finished a1 rejected 0/1 unknown_order
            > lost a2
              a received a2 unknown 0/2
            > rejected a2
              a rejected a2 rejected 0/2
              ! finished a2 rejected 0/2
            > lost a3
              a received a3 unknown 0/3
            > hand cancel a3
              ! cancel a3
            > rejected a3 reason=unknown_order
              a rejected a3 rejected 0/3 unknown_order
              ! finished a3 rejected 0/3 unknown_order
            > lost a4
              a received a4 unknown 0/4
            > rejected a4 reason=unknown_order
              a rejected a4 rejected 0/4 unknown_order
              ! finished a4 rejected 0/4 unknown_order
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 15 events 4 orders 0 denials, pnl 0
        "#]],
    );
}

#[test]
fn one_that_was_heard_of_has_ended() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95
        trade X 100
        trade X 94
        sold a1 4 @ 94 trade=1
        lost a1
        rejected a1 reason=unknown_order
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              ! held a1 sell 10 X stop_market at 95
            > trade X 94
              a trade X 94
              a change a1 pending_new 0/10
              ! submit a1 sell 10 X market
            > sold a1 4 @ 94 trade=1
              a sold a1 partially_filled 4/10: 4 @ 94
              ! filled a1 4 @ 94
            > lost a1
            > rejected a1 reason=unknown_order
              a rejected a1 canceled 4/10 unknown_order
              ! finished a1 canceled 4/10 unknown_order
        "#]],
    );
}

#[test]
fn a_profit_that_never_came_waits_for_its_price_and_excludes_the_stop_as_before() {
    check(
        "
        takes market limit
        a on trade X 100: buy 10 @ 100; sell 10 @ 110 attached a1 reduce; sell 10 stop 95 attached a1 reduce
        trade X 100
        bought a1 10 @ 100 trade=1
        lost a2
        rejected a2 reason=unknown_order
        show
        trade X 109
        trade X 110
        sold a2 4 @ 110 trade=2
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
              ! submit a2 sell 10 X limit @ 110
            > lost a2
              a received a2 unknown 0/10
            > rejected a2 reason=unknown_order
              a change a2 open 0/10
              ! held a2 sell 10 X limit @ 110 reduce grouped
            > show
                cash 0 equity 1000 realized 0 fees 0
                a started, 7 events 3 orders 0 denials, pnl 0; X 10
                a2 open 0/10 held for price
                a3 open 0/10 held for price
            > trade X 109
              a trade X 109
            > trade X 110
              a trade X 110
              a change a2 pending_new 0/10
              ! submit a2 sell 10 X limit @ 110
            > sold a2 4 @ 110 trade=2
              a sold a2 partially_filled 4/10: 4 @ 110
              a change a3 open 0/6
              ! filled a2 4 @ 110
              ! held a3 sell 6 X stop_market at 95 reduce grouped
            > show
                cash 440 equity 1100 realized 40 fees 0
                a started, 12 events 3 orders 0 denials, pnl 100; X 6
                a2 partially_filled 4/10
                a3 open 0/6 held for price
        "#]],
    );
}

#[test]
fn a_stop_of_a_bracket_that_never_came_leaves_nothing_unprotected() {
    check(
        "
        takes market limit
        a on trade X 100: buy 10 @ 100; sell 10 @ 110 attached a1 reduce; sell 10 stop 95 attached a1 reduce
        trade X 100
        bought a1 10 @ 100 trade=1
        received a2
        trade X 94
        canceled a2
        lost a3
        rejected a3 reason=unknown_order
        sold a3 10 @ 94 trade=2
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
              ! submit a2 sell 10 X limit @ 110
            > received a2
              a received a2 open 0/10
            > trade X 94
              a trade X 94
              ! cancel a2
            > canceled a2
              a canceled a2 canceled 0/10
              a change a3 pending_new 0/10
              ! finished a2 canceled 0/10
              ! submit a3 sell 10 X market
            > lost a3
              a received a3 unknown 0/10
            > rejected a3 reason=unknown_order
              a change a3 open 0/10
              a change a3 pending_new 0/10
              ! held a3 sell 10 X stop_market at 95 reduce grouped
              ! submit a3 sell 10 X market
            > sold a3 10 @ 94 trade=2
              a sold a3 filled 10/10: 10 @ 94
              ! filled a3 10 @ 94
              ! finished a3 filled 10/10
            > show
                cash 940 equity 940 realized -60 fees 0
                a started, 13 events 3 orders 0 denials, pnl -60; X 0
        "#]],
    );
}
