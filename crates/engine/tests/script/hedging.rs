//! Long and short positions side by side.

use expect_test::expect;

use crate::check;

#[test]
fn an_order_opens_its_own_side_or_closes_the_other() {
    check(
        "
        hedging
        a on trade X 100: buy 10; sell 4
        a on trade X 110: sell 6 reduce; buy 4 reduce; sell 5 reduce; buy 1 reduce
        trade X 100
        bought a1 10 @ 100 trade=1
        sold a2 4 @ 100 trade=2
        show
        trade X 110
        sold a3 6 @ 110 trade=3
        bought a4 4 @ 110 trade=4
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X market
              ! submit a2 sell 4 X market
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > sold a2 4 @ 100 trade=2
              a sold a2 filled 4/4: 4 @ 100
              ! filled a2 4 @ 100
              ! finished a2 filled 4/4
            > show
                cash 400 equity 1000 realized 0 fees 0
                a started, 3 events 2 orders 0 denials, pnl 0; X 10 long realized 0; X -4 short realized 0
            > trade X 110
              a trade X 110
              a rejected a5 denied 0/5 reducing
              a rejected a6 denied 0/1 reducing
              ! submit a3 sell 6 X market reduce
              ! submit a4 buy 4 X market reduce
              ! finished a5 denied 0/5 reducing
              ! finished a6 denied 0/1 reducing
            > sold a3 6 @ 110 trade=3
              a sold a3 filled 6/6: 6 @ 110
              ! filled a3 6 @ 110
              ! finished a3 filled 6/6
            > bought a4 4 @ 110 trade=4
              a bought a4 filled 4/4: 4 @ 110
              ! filled a4 4 @ 110
              ! finished a4 filled 4/4
            > show
                cash 620 equity 1060 realized 20 fees 0
                a started, 8 events 6 orders 2 denials, pnl 60; X 4 long realized 60; X 0 short realized -40
        "#]],
    );
}

#[test]
fn what_closes_more_than_there_is_opens_the_other_side() {
    check(
        "
        hedging
        a on trade X 100: buy 5
        a on bought a1: sell 5 reduce
        trade X 100
        bought a1 5 @ 100 trade=1
        sold a2 8 @ 120 trade=2 fee=1
        sold a2 1 @ 120 trade=3
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 5 X market
            > bought a1 5 @ 100 trade=1
              a bought a1 filled 5/5: 5 @ 100
              ! filled a1 5 @ 100
              ! finished a1 filled 5/5
              ! submit a2 sell 5 X market reduce
            > sold a2 8 @ 120 trade=2 fee=1
              a sold a2 filled 8/5: 8 @ 120
              ! filled a2 8 @ 120 fee 1
              ! OVERFILLED sold a2 filled 8/5: 8 @ 120
              ! finished a2 filled 8/5
            > sold a2 1 @ 120 trade=3
              a sold a2 filled 9/5: 1 @ 120
              ! filled a2 1 @ 120
              ! OVERFILLED sold a2 filled 9/5: 1 @ 120
            > show
                cash 1579 equity 1099 realized 100 fees 1
                a started, 4 events 2 orders 0 denials, pnl 99; X 0 long realized 100; X -4 short realized 0
        "#]],
    );
}

#[test]
fn the_limit_of_the_position_counts_each_side_of_all_strategies() {
    check(
        "
        hedging
        limits max_position=10
        limits b max_position=3/reduce
        a on trade X 100: buy 10; sell 10; buy 1; sell 1
        a on trade X 102: sell 8 reduce; buy 7 reduce
        b on trade X 103: buy 9; sell 2; sell 2
        trade X 100
        bought a1 10 @ 100 trade=1
        sold a2 10 @ 100 trade=2
        trade X 102
        sold a5 8 @ 102 trade=3
        bought a6 7 @ 102 trade=4
        trade X 103
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              a rejected a3 denied 0/1 max_position
              a rejected a4 denied 0/1 max_position
              ! submit a1 buy 10 X market
              ! submit a2 sell 10 X market
              ! denied a3 buy 1 X to 0: max_position 11 above 10 of run
              ! finished a3 denied 0/1 max_position
              ! denied a4 sell 1 X to 0: max_position 11 above 10 of run
              ! finished a4 denied 0/1 max_position
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > sold a2 10 @ 100 trade=2
              a sold a2 filled 10/10: 10 @ 100
              ! filled a2 10 @ 100
              ! finished a2 filled 10/10
            > trade X 102
              a trade X 102
              b trade X 102
              ! submit a5 sell 8 X market reduce
              ! submit a6 buy 7 X market reduce
            > sold a5 8 @ 102 trade=3
              a sold a5 filled 8/8: 8 @ 102
              ! filled a5 8 @ 102
              ! finished a5 filled 8/8
            > bought a6 7 @ 102 trade=4
              a bought a6 filled 7/7: 7 @ 102
              ! filled a6 7 @ 102
              ! finished a6 filled 7/7
            > trade X 103
              a trade X 103
              b trade X 103
              b rejected b1 denied 0/9 max_position
              b change b3 pending_new 0/1 max_position
              ! denied b1 buy 9 X to 0: max_position 11 above 10 of run
              ! finished b1 denied 0/9 max_position
              ! submit b2 sell 2 X market
              ! submit b3 sell 1 X market
              ! reduced b3 sell 2 X to 1: max_position 4 above 3 of b
            > show
                cash 1102 equity 999 realized 2 fees 0
                a started, 9 events 6 orders 2 denials, pnl -1; X 2 long realized 16; X -3 short realized -14
                b started, 5 events 3 orders 1 denials, pnl 0
                b2 pending_new 0/2
                b3 pending_new 0/1
        "#]],
    );
}

#[test]
fn while_only_reducing_orders_pass_an_order_must_close() {
    check(
        "
        hedging
        a on trade X 100: buy 5; sell 3
        a on trade X 101: sell 3; sell 6 reduce; sell 5 reduce; buy 3; buy 3 reduce
        trade X 100
        bought a1 5 @ 100 trade=1
        sold a2 3 @ 100 trade=2
        trading run reducing
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 5 X market
              ! submit a2 sell 3 X market
            > bought a1 5 @ 100 trade=1
              a bought a1 filled 5/5: 5 @ 100
              ! filled a1 5 @ 100
              ! finished a1 filled 5/5
            > sold a2 3 @ 100 trade=2
              a sold a2 filled 3/3: 3 @ 100
              ! filled a2 3 @ 100
              ! finished a2 filled 3/3
            > trading run reducing
              a halt - requested
              ! trading of run is reducing (requested)
            > trade X 101
              a trade X 101
              a rejected a3 denied 0/3 reducing
              a rejected a4 denied 0/6 reducing
              a rejected a6 denied 0/3 reducing
              ! finished a3 denied 0/3 reducing
              ! finished a4 denied 0/6 reducing
              ! submit a5 sell 5 X market reduce
              ! finished a6 denied 0/3 reducing
              ! submit a7 buy 3 X market reduce
        "#]],
    );
}

#[test]
fn both_sides_are_closed_by_orders_of_their_own() {
    check(
        "
        hedging
        a on trade X 100: buy 5; sell 3
        a on trade X 101: close_all
        a on trade X 102: close_all
        trade X 100
        bought a1 5 @ 100 trade=1
        sold a2 3 @ 100 trade=2
        trade X 101
        sold a3 5 @ 101 trade=3
        trade X 102
        bought a4 3 @ 102 trade=4
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 5 X market
              ! submit a2 sell 3 X market
            > bought a1 5 @ 100 trade=1
              a bought a1 filled 5/5: 5 @ 100
              ! filled a1 5 @ 100
              ! finished a1 filled 5/5
            > sold a2 3 @ 100 trade=2
              a sold a2 filled 3/3: 3 @ 100
              ! filled a2 3 @ 100
              ! finished a2 filled 3/3
            > trade X 101
              a trade X 101
              ! submit a3 sell 5 X market reduce
              ! submit a4 buy 3 X market reduce
            > sold a3 5 @ 101 trade=3
              a sold a3 filled 5/5: 5 @ 101
              ! filled a3 5 @ 101
              ! finished a3 filled 5/5
            > trade X 102
              a trade X 102
            > bought a4 3 @ 102 trade=4
              a bought a4 filled 3/3: 3 @ 102
              ! filled a4 3 @ 102
              ! finished a4 filled 3/3
            > show
                cash 999 equity 999 realized -1 fees 0
                a started, 7 events 4 orders 0 denials, pnl -1; X 0 long realized 5; X 0 short realized -6
        "#]],
    );
}

#[test]
fn a_margin_account_asks_for_both_sides() {
    check(
        "
        hedging
        account margin 0.5 0.25
        a on trade X 100: buy 10; sell 10; sell 1; buy 1
        a on trade X 101: sell 10 reduce; buy 1
        trade X 100
        bought a1 10 @ 100 trade=1
        sold a2 10 @ 100 trade=2
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a3 denied 0/1 buying_power
              a rejected a4 denied 0/1 buying_power
              ! submit a1 buy 10 X market
              ! submit a2 sell 10 X market
              ! denied a3 sell 1 X to 0: buying_power 1050 above 1000 of run
              ! finished a3 denied 0/1 buying_power
              ! denied a4 buy 1 X to 0: buying_power 1050 above 1000 of run
              ! finished a4 denied 0/1 buying_power
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > sold a2 10 @ 100 trade=2
              a sold a2 filled 10/10: 10 @ 100
              ! filled a2 10 @ 100
              ! finished a2 filled 10/10
            > trade X 101
              a trade X 101
              a rejected a6 denied 0/1 buying_power
              ! submit a5 sell 10 X market reduce
              ! denied a6 buy 1 X to 0: buying_power 1060.5 above 1000 of run
              ! finished a6 denied 0/1 buying_power
        "#]],
    );
}

#[test]
fn a_cash_account_is_not_short() {
    check(
        "
        hedging
        account cash
        a on trade X 100: buy 5; sell 1; sell 5 reduce
        a on bought a1: sell 5 reduce; sell 1
        trade X 100
        bought a1 5 @ 100 trade=1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a2 denied 0/1 short_sale
              a rejected a3 denied 0/5 reducing
              ! submit a1 buy 5 X market
              ! finished a2 denied 0/1 short_sale
              ! finished a3 denied 0/5 reducing
            > bought a1 5 @ 100 trade=1
              a bought a1 filled 5/5: 5 @ 100
              a rejected a5 denied 0/1 short_sale
              ! filled a1 5 @ 100
              ! finished a1 filled 5/5
              ! submit a4 sell 5 X market reduce
              ! finished a5 denied 0/1 short_sale
        "#]],
    );
}

#[test]
fn what_closes_one_side_is_not_set_off_against_the_other() {
    check(
        "
        hedging
        a on trade X 100: buy 5; sell 4
        a on trade X 101: sell 3 reduce; close_all
        a on trade X 102: close_all
        trade X 100
        bought a1 5 @ 100 trade=1
        sold a2 4 @ 100 trade=2
        trade X 101
        sold a3 3 @ 101 trade=3
        trade X 102
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 5 X market
              ! submit a2 sell 4 X market
            > bought a1 5 @ 100 trade=1
              a bought a1 filled 5/5: 5 @ 100
              ! filled a1 5 @ 100
              ! finished a1 filled 5/5
            > sold a2 4 @ 100 trade=2
              a sold a2 filled 4/4: 4 @ 100
              ! filled a2 4 @ 100
              ! finished a2 filled 4/4
            > trade X 101
              a trade X 101
              ! submit a3 sell 3 X market reduce
              ! cancel a3
              ! submit a4 sell 5 X market reduce
              ! submit a5 buy 4 X market reduce
            > sold a3 3 @ 101 trade=3
              a sold a3 filled 3/3: 3 @ 101
              ! filled a3 3 @ 101
              ! finished a3 filled 3/3
            > trade X 102
              a trade X 102
        "#]],
    );
}

#[test]
fn a_hedged_position_is_closed_at_an_exchange_that_does_not_know_reduce_only() {
    check(
        "
        hedging
        takes market limit
        a on trade X 100: buy 4
        a on trade X 101: close_all
        trade X 100
        bought a1 4 @ 100 trade=1
        trade X 101
        sold a2 4 @ 101 trade=2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 4 X market
            > bought a1 4 @ 100 trade=1
              a bought a1 filled 4/4: 4 @ 100
              ! filled a1 4 @ 100
              ! finished a1 filled 4/4
            > trade X 101
              a trade X 101
              ! submit a2 sell 4 X market
            > sold a2 4 @ 101 trade=2
              a sold a2 filled 4/4: 4 @ 101
              ! filled a2 4 @ 101
              ! finished a2 filled 4/4
            > show
                cash 1004 equity 1004 realized 4 fees 0
                a started, 4 events 2 orders 0 denials, pnl 4; X 0 long realized 4
        "#]],
    );
}
