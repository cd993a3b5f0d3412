//! Orders by amount: what they count for before their exchange says what they bought.

use expect_test::expect;

use crate::check;

#[test]
fn an_amount_is_kept_aside_whole_until_its_exchange_says_what_it_buys() {
    check(
        "
        account cash
        a on trade X 100: buy for 650; buy for 400; buy for 350
        a on received a1: buy 1
        a on bought a1: buy for 500; buy 1
        trade X 100
        received a1
        bought a1 2 @ 110 of=5 trade=1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a2 denied 0/0 buying_power
              ! submit a1 buy for 650 X market
              ! denied a2 buy 0 X to 0: buying_power 1050 above 1000 of run
              ! finished a2 denied 0/0 buying_power
              ! submit a3 buy for 350 X market
            > received a1
              a received a1 open 0/0
              a rejected a4 denied 0/1 buying_power
              ! denied a4 buy 1 X to 0: buying_power 1100 above 1000 of run
              ! finished a4 denied 0/1 buying_power
            > bought a1 2 @ 110 of=5 trade=1
              a bought a1 partially_filled 2/5: 2 @ 110
              a rejected a5 denied 0/0 buying_power
              ! filled a1 2 @ 110
              ! denied a5 buy 0 X to 0: buying_power 1150 above 780 of run
              ! finished a5 denied 0/0 buying_power
              ! submit a6 buy 1 X market
        "#]],
    );
}

#[test]
fn a_change_is_kept_aside_from_when_it_is_sent() {
    check(
        "
        account cash
        a on trade X 100: buy 5 @ 100
        a on received a1: change a1 8 @ 110; buy 2; buy 1
        a on request_rejected a1: buy 3; buy 4
        trade X 100
        received a1
        request_rejected a1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 5 X limit @ 100
            > received a1
              a received a1 open 0/5
              a rejected a2 denied 0/2 buying_power
              ! change a1 buy 8 X limit @ 110
              ! denied a2 buy 2 X to 0: buying_power 1080 above 1000 of run
              ! finished a2 denied 0/2 buying_power
              ! submit a3 buy 1 X market
            > request_rejected a1
              a request_rejected a1 open 0/5
              a rejected a5 denied 0/4 buying_power
              ! submit a4 buy 3 X market
              ! denied a5 buy 4 X to 0: buying_power 1300 above 1000 of run
              ! finished a5 denied 0/4 buying_power
        "#]],
    );
}

#[test]
fn an_amount_above_a_limit_is_cut_even_if_it_buys_no_lot_less_now() {
    check(
        "
        limits max_order_notional=1000/reduce
        a on trade X 100: buy for 1050; buy for 1000; buy for 1200
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a change a1 pending_new 0/10 max_order_notional
              a change a3 pending_new 0/10 max_order_notional
              ! submit a1 buy for 1000 X market
              ! reduced a1 buy 10 X to 10: max_order_notional 1050 above 1000 of run
              ! submit a2 buy for 1000 X market
              ! submit a3 buy for 1000 X market
              ! reduced a3 buy 12 X to 10: max_order_notional 1200 above 1000 of run
        "#]],
    );
}

#[test]
fn an_amount_that_buys_no_lot_is_denied() {
    check(
        "
        limits max_position=10/reduce
        a on trade X 100: buy 10; buy for 99; buy for 100
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a2 denied 0/0 bad_quantity
              a rejected a3 denied 0/0 max_position
              ! submit a1 buy 10 X market
              ! finished a2 denied 0/0 bad_quantity
              ! denied a3 buy 0 X to 0: max_position 11 above 10 of run
              ! finished a3 denied 0/0 max_position
        "#]],
    );
}

#[test]
fn an_order_of_unknown_quantity_works_until_its_exchange_says_that_it_is_filled() {
    check(
        "
        a on trade X 100: buy for 1050; buy for 1050
        trade X 100
        bought a1 4 @ 100 trade=1
        bought a1 6 @ 100 trade=2 status=filled
        bought a2 4 @ 100 trade=3
        canceled a2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy for 1050 X market
              ! submit a2 buy for 1050 X market
            > bought a1 4 @ 100 trade=1
              a bought a1 partially_filled 4/0: 4 @ 100
              ! filled a1 4 @ 100
            > bought a1 6 @ 100 trade=2 status=filled
              a bought a1 filled 10/0: 6 @ 100
              ! filled a1 6 @ 100
              ! finished a1 filled 10/0
            > bought a2 4 @ 100 trade=3
              a bought a2 partially_filled 4/0: 4 @ 100
              ! filled a2 4 @ 100
            > canceled a2
              a canceled a2 canceled 4/0
              ! finished a2 canceled 4/0
            > show
                cash -400 equity 1000 realized 0 fees 0
                a started, 5 events 2 orders 0 denials, pnl 0; X 14
        "#]],
    );
}
