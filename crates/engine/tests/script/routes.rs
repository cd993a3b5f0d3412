//! Where orders go: W and V are lines of X on the exchanges 2 and 3.

use expect_test::expect;

use crate::check;

#[test]
fn without_a_route_an_order_goes_where_it_names() {
    check(
        "
        instrument W equity named X on 2
        a on trade X 100: buy 1; buy 1 on 2; buy 1 on 3
        quote W 90
        trade X 100
        ",
        expect![[r#"
            > quote W 90
              a quote W 90
            > trade X 100
              a trade X 100
              a rejected a3 denied 0/1 not_tradable
              ! submit a1 buy 1 X market
              ! submit a2 buy 1 W market
              ! finished a3 denied 0/1 not_tradable
        "#]],
    );
}

#[test]
fn the_best_price_of_the_book_decides_then_the_last_price_then_the_order_of_the_exchanges() {
    check(
        "
        route X best
        instrument W equity named X on 2
        instrument V equity named X on 3
        a on trade: buy 1; sell 1
        trade Y 1
        trade X 100
        trade W 99
        quote V 100
        quote X 98
        trade W 99
        quote W 98
        trade Y 2
        ",
        expect![[r#"
            > trade Y 1
              a trade Y 1
              ! submit a1 buy 1 X market
              ! submit a2 sell 1 X market
            > trade X 100
              a trade X 100
              ! submit a3 buy 1 X market
              ! submit a4 sell 1 X market
            > trade W 99
              a trade W 99
              ! submit a5 buy 1 W market
              ! submit a6 sell 1 X market
            > quote V 100
              a quote V 100
            > quote X 98
              a quote X 98
            > trade W 99
              a trade W 99
              ! submit a7 buy 1 X market
              ! submit a8 sell 1 V market
            > quote W 98
              a quote W 98
            > trade Y 2
              a trade Y 2
              ! submit a9 buy 1 X market
              ! submit a10 sell 1 V market
        "#]],
    );
}

#[test]
fn a_line_that_is_halted_or_whose_exchange_does_not_take_the_order_is_left_out() {
    check(
        "
        route best
        takes limit
        instrument W equity named X on 2
        a on quote X: buy 1; buy 1 @ 90
        a on trade X: sell 1 reduce
        a on halt: buy 1
        quote W 99
        quote X 95
        halt W
        quote X 95
        halt X
        continue
        bought a2 1 @ 90 trade=1
        trade X 90
        ",
        expect![[r#"
            > quote W 99
              a quote W 99
            > quote X 95
              a quote X 95
              ! submit a1 buy 1 W market
              ! submit a2 buy 1 X limit @ 90
            > halt W
              a halt W requested
              a rejected a3 denied 0/1 halted
              ! finished a3 denied 0/1 halted
            > quote X 95
              a quote X 95
              a rejected a4 denied 0/1 halted
              ! finished a4 denied 0/1 halted
              ! submit a5 buy 1 X limit @ 90
            > halt X
              a halt X requested
              a rejected a6 denied 0/1 halted
              ! finished a6 denied 0/1 halted
            > continue
              a continue - requested
            > bought a2 1 @ 90 trade=1
              a bought a2 filled 1/1: 1 @ 90
              ! filled a2 1 @ 90
              ! finished a2 filled 1/1
            > trade X 90
              a trade X 90
              a rejected a7 denied 0/1 reducing
              ! finished a7 denied 0/1 reducing
        "#]],
    );
}

#[test]
fn a_route_to_one_exchange_has_no_other() {
    check(
        "
        route 3
        route Y own
        instrument W equity named X on 3 decimals 2 lot 10
        instrument V equity named X on 2
        a on trade X 100: buy 10 @ 99; buy 5 @ 99; buy 1 Y
        a on trade Y 1: buy 1 Z; buy 10 V
        trade X 100
        trade Y 1
        hand a buy 20 @ 98
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a2 denied 0/5 off_lot
              ! submit a1 buy 10 W limit @ 9900
              ! finished a2 denied 0/5 off_lot
              ! submit a3 buy 1 Y market
            > trade Y 1
              a trade Y 1
              a rejected a4 denied 0/1 not_tradable
              ! finished a4 denied 0/1 not_tradable
              ! submit a5 buy 10 W market
            > hand a buy 20 @ 98
              ! by hand a6 of a
              ! submit a6 buy 20 W limit @ 9800
        "#]],
    );
}

#[test]
fn what_belongs_to_an_order_goes_where_that_one_went() {
    check(
        "
        route X best
        takes market limit
        instrument W equity named X on 2
        a on quote X: buy 10; sell 10 @ 120 attached a2; sell 5 @ 130 group 7
        a on quote W: sell 5 @ 140 group 7
        quote W 90
        quote X 95
        quote W 99
        bought a2 10 @ 91 trade=1
        show
        ",
        expect![[r#"
            > quote W 90
              a quote W 90
              ! submit a1 sell 5 W limit @ 140
            > quote X 95
              a quote X 95
              a received a3 open 0/10
              ! submit a2 buy 10 W market
              ! held a3 sell 10 W limit @ 120 grouped
              ! submit a4 sell 5 W limit @ 130
            > quote W 99
              a quote W 99
              ! submit a5 sell 5 W limit @ 140
            > bought a2 10 @ 91 trade=1
              a bought a2 filled 10/10: 10 @ 91
              a change a3 pending_new 0/10
              ! filled a2 10 @ 91
              ! finished a2 filled 10/10
              ! submit a3 sell 10 W limit @ 120
            > show
                cash 90 equity 1000 realized 0 fees 0
                a started, 6 events 5 orders 0 denials, pnl 0; W 10
                a1 pending_new 0/5
                a3 pending_new 0/10
                a4 pending_new 0/5
                a5 pending_new 0/5
        "#]],
    );
}
