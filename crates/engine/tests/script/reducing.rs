//! Limits that reduce: an order is cut to what they leave, and everybody is told.

use expect_test::expect;

use crate::check;

#[test]
fn an_order_is_cut_to_what_position_and_open_orders_leave() {
    check(
        "
        limits max_position=10/reduce
        a on trade X 100: buy 6; buy 6; buy 1
        b on trade X 100: sell 30; sell 5
        trade X 100
        bought a1 6 @ 100 trade=1
        bought a2 4 @ 100 trade=2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              a change a2 pending_new 0/4 max_position
              a rejected a3 denied 0/1 max_position
              b change b1 pending_new 0/10 max_position
              b rejected b2 denied 0/5 max_position
              ! submit a1 buy 6 X market
              ! submit a2 buy 4 X market
              ! reduced a2 buy 6 X to 4: max_position 12 above 10 of run
              ! denied a3 buy 1 X to 0: max_position 11 above 10 of run
              ! finished a3 denied 0/1 max_position
              ! submit b1 sell 10 X market
              ! reduced b1 sell 30 X to 10: max_position 30 above 10 of run
              ! denied b2 sell 5 X to 0: max_position 15 above 10 of run
              ! finished b2 denied 0/5 max_position
            > bought a1 6 @ 100 trade=1
              a bought a1 filled 6/6: 6 @ 100
              ! filled a1 6 @ 100
              ! finished a1 filled 6/6
            > bought a2 4 @ 100 trade=2
              a bought a2 filled 4/4: 4 @ 100
              ! filled a2 4 @ 100
              ! finished a2 filled 4/4
            > show
                cash 0 equity 1000 realized 0 fees 0
                a started, 5 events 3 orders 1 denials, pnl 0; X 10
                b started, 3 events 2 orders 1 denials, pnl 0
                b1 pending_new 0/10
        "#]],
    );
}

#[test]
fn what_denies_judges_what_was_asked_for() {
    check(
        "
        limits max_order_quantity=8 max_position=5/reduce
        a on trade X 100: buy 9; buy 8
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/9 max_order_quantity
              a change a2 pending_new 0/5 max_position
              ! denied a1 buy 9 X to 0: max_order_quantity 9 above 8 of run
              ! finished a1 denied 0/9 max_order_quantity
              ! submit a2 buy 5 X market
              ! reduced a2 buy 8 X to 5: max_position 8 above 5 of run
        "#]],
    );
}

#[test]
fn the_tightest_of_all_scopes_counts() {
    check(
        "
        limits max_order_quantity=9/reduce
        limits a max_order_notional=750/reduce
        limits X max_position=8/reduce
        a on trade X 100: buy 20
        b on trade X 101: buy 20
        trade X 100
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              a change a1 pending_new 0/7 max_order_notional
              ! submit a1 buy 7 X market
              ! reduced a1 buy 20 X to 7: max_order_notional 2000 above 750 of a
            > trade X 101
              a trade X 101
              b trade X 101
              b change b1 pending_new 0/1 max_position
              ! submit b1 buy 1 X market
              ! reduced b1 buy 20 X to 1: max_position 27 above 8 of X
        "#]],
    );
}

#[test]
fn a_change_is_cut_to_what_is_left_beside_what_is_filled() {
    check(
        "
        limits max_position=10/reduce
        a on trade X 100: buy 4 @ 90
        a on trade X 101: change a1 20 @ 91; change a1 20 @ 92
        trade X 100
        bought a1 3 @ 90 trade=1
        trade X 101
        change a1 10 @ 91
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 4 X limit @ 90
            > bought a1 3 @ 90 trade=1
              a bought a1 partially_filled 3/4: 3 @ 90
              ! filled a1 3 @ 90
            > trade X 101
              a trade X 101
              a change a1 partially_filled 3/10 max_position
              a change a1 partially_filled 3/10 max_position
              ! change a1 buy 10 X limit @ 91
              ! reduced change of a1 buy 20 X to 10: max_position 20 above 10 of run
              ! change a1 buy 10 X limit @ 92
              ! reduced change of a1 buy 20 X to 10: max_position 20 above 10 of run
            > change a1 10 @ 91
              a change a1 partially_filled 3/10
        "#]],
    );
}

#[test]
fn an_order_by_amount_is_cut_to_the_amount_that_buys_what_is_left() {
    check(
        "
        limits max_position=4/reduce
        a on trade X 100: buy for 1000
        trade X 100
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a change a1 pending_new 0/4 max_position
              ! submit a1 buy for 400 X market
              ! reduced a1 buy 10 X to 4: max_position 10 above 4 of run
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 2 events 1 orders 0 denials, pnl 0
                a1 pending_new 0/0
        "#]],
    );
}

#[test]
fn a_strategy_that_orders_again_for_every_cut_ends() {
    check(
        "
        limits max_position=10/reduce
        a on trade X 100: buy 12
        a on change: buy 8
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a change a1 pending_new 0/10 max_position
              a rejected a2 denied 0/8 max_position
              ! submit a1 buy 10 X market
              ! reduced a1 buy 12 X to 10: max_position 12 above 10 of run
              ! denied a2 buy 8 X to 0: max_position 18 above 10 of run
              ! finished a2 denied 0/8 max_position
        "#]],
    );
    let endless = crate::desk::run(
        "
        limits max_order_quantity=1/reduce
        quiet a
        a on trade X 100: buy 8
        a on change: buy 8
        trade X 100
        ",
    );
    assert!(endless.contains("faulted a: host_limit: more than 1000 requests"), "{endless}");
}
