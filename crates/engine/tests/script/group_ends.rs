//! Groups at their ends: refusals on the way out, what comes later, changes, and what counts for limits meanwhile.

use expect_test::expect;

use crate::check;

#[test]
fn a_way_out_that_is_refused_when_it_goes_out_lets_the_other_one_go_once() {
    check(
        "
        limits max_order_notional=1000
        a on trade X 100: buy 10 @ 100; sell 10 attached a1 reduce; sell 5 attached a1 reduce
        trade X 100
        trade X 110
        bought a1 10 @ 100 trade=1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              a received a3 open 0/5
              ! submit a1 buy 10 X limit @ 100
              ! held a2 sell 10 X market reduce grouped
              ! held a3 sell 5 X market reduce grouped
            > trade X 110
              a trade X 110
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              a rejected a2 denied 0/10 max_order_notional
              a change a3 pending_new 0/5
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
              ! denied a2 sell 10 X to 0: max_order_notional 1100 above 1000 of run
              ! finished a2 denied 0/10 max_order_notional
              ! submit a3 sell 5 X market reduce
        "#]],
    );
}

#[test]
fn what_is_attached_to_an_entry_later_trades_no_more_than_others_left_of_it() {
    check(
        "
        a on trade X 100: buy 10 @ 100; sell 10 @ 105 attached a1
        a on trade X 106: sell 10 @ 107 attached a1
        trade X 100
        bought a1 10 @ 100 trade=1
        sold a2 7 @ 105 trade=2
        canceled a2
        trade X 106
        sold a3 3 @ 107 trade=3
        hand a sell 10 @ 108 attached a1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              ! submit a1 buy 10 X limit @ 100
              ! held a2 sell 10 X limit @ 105 grouped
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              a change a2 pending_new 0/10
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
              ! submit a2 sell 10 X limit @ 105
            > sold a2 7 @ 105 trade=2
              a sold a2 partially_filled 7/10: 7 @ 105
              ! filled a2 7 @ 105
            > canceled a2
              a canceled a2 canceled 7/10
              ! finished a2 canceled 7/10
            > trade X 106
              a trade X 106
              a received a3 open 0/10
              a change a3 open 0/3
              a change a3 pending_new 0/3
              ! held a3 sell 10 X limit @ 107 grouped
              ! held a3 sell 3 X limit @ 107 grouped
              ! submit a3 sell 3 X limit @ 107
            > sold a3 3 @ 107 trade=3
              a sold a3 filled 3/3: 3 @ 107
              ! filled a3 3 @ 107
              ! finished a3 filled 3/3
            > hand a sell 10 @ 108 attached a1
              a received a4 open 0/10
              a canceled a4 canceled 0/10 group
              ! by hand a4 of a
              ! held a4 sell 10 X limit @ 108 grouped
              ! finished a4 canceled 0/10 group
        "#]],
    );
}

#[test]
fn an_order_of_a_group_may_grow_at_its_exchange() {
    check(
        "
        a on trade X 100: buy 5 @ 99 group 1; buy 5 @ 98 group 1
        a on trade X 101: change a1 10 @ 99
        trade X 100
        received a1
        received a2
        trade X 101
        received a2
        change a1 10 @ 99
        bought a2 5 @ 98 trade=1
        change a1 5 @ 99
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 5 X limit @ 99
              ! submit a2 buy 5 X limit @ 98
            > received a1
              a received a1 open 0/5
            > received a2
              a received a2 open 0/5
            > trade X 101
              a trade X 101
              ! change a1 buy 10 X limit @ 99
            > received a2
            > change a1 10 @ 99
              a change a1 open 0/10
            > bought a2 5 @ 98 trade=1
              a bought a2 filled 5/5: 5 @ 98
              ! filled a2 5 @ 98
              ! finished a2 filled 5/5
              ! change a1 buy 5 X limit @ 99
            > change a1 5 @ 99
              a change a1 open 0/5
            > show
                cash 510 equity 1000 realized 0 fees 0
                a started, 7 events 2 orders 0 denials, pnl 0; X 5
                a1 open 0/5
        "#]],
    );
}

#[test]
fn what_an_exchange_refuses_to_cancel_is_asked_again_with_the_next_price() {
    check(
        "
        a on trade X 100: buy 5 @ 99 group 1; buy 5 @ 98 group 1
        trade X 100
        received a1
        received a2
        bought a1 5 @ 99 trade=1
        request_rejected a2
        trade X 99
        request_rejected a2
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 5 X limit @ 99
              ! submit a2 buy 5 X limit @ 98
            > received a1
              a received a1 open 0/5
            > received a2
              a received a2 open 0/5
            > bought a1 5 @ 99 trade=1
              a bought a1 filled 5/5: 5 @ 99
              ! filled a1 5 @ 99
              ! finished a1 filled 5/5
              ! cancel a2
            > request_rejected a2
              a request_rejected a2 open 0/5
            > trade X 99
              a trade X 99
              ! cancel a2
            > request_rejected a2
              a request_rejected a2 open 0/5
        "#]],
    );
}

#[test]
fn a_market_order_that_was_attached_counts_for_limits_once_it_is_sent() {
    check(
        "
        limits max_position=10
        a on trade X 100: sell 10 @ 100; buy 10 attached a1
        a on trade X 101: buy 11
        trade X 100
        sold a1 10 @ 100 trade=1
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/10
              ! submit a1 sell 10 X limit @ 100
              ! held a2 buy 10 X market grouped
            > sold a1 10 @ 100 trade=1
              a sold a1 filled 10/10: 10 @ 100
              a change a2 pending_new 0/10
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
              ! submit a2 buy 10 X market
            > trade X 101
              a trade X 101
              a rejected a3 denied 0/11 max_position
              ! denied a3 buy 11 X to 0: max_position 11 above 10 of run
              ! finished a3 denied 0/11 max_position
        "#]],
    );
}
