//! Limits of the run, of a strategy and of an instrument: all apply, and the strictest wins.

use expect_test::expect;

use crate::check;

#[test]
fn limits_of_a_strategy_and_of_an_instrument_bind_them_only() {
    check(
        "
        limits a max_order_quantity=5
        limits Y max_order_quantity=3
        a on trade X 100: buy 6; buy 5; buy 4 Y; buy 3 Y
        b on trade X 100: buy 6; buy 4 Y
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              a rejected a1 denied 0/6 max_order_quantity
              a rejected a3 denied 0/4 max_order_quantity
              b rejected b2 denied 0/4 max_order_quantity
              ! denied a1 buy 6 X to 0: max_order_quantity 6 above 5 of a
              ! finished a1 denied 0/6 max_order_quantity
              ! submit a2 buy 5 X market
              ! denied a3 buy 4 Y to 0: max_order_quantity 4 above 3 of Y
              ! finished a3 denied 0/4 max_order_quantity
              ! submit a4 buy 3 Y market
              ! submit b1 buy 6 X market
              ! denied b2 buy 4 Y to 0: max_order_quantity 4 above 3 of Y
              ! finished b2 denied 0/4 max_order_quantity
        "#]],
    );
}

#[test]
fn a_limit_of_a_strategy_does_not_lift_that_of_the_run() {
    check(
        "
        limits max_order_notional=500
        limits a max_order_notional=1000
        a on trade X 100: buy 6; buy 5
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/6 max_order_notional
              ! denied a1 buy 6 X to 0: max_order_notional 600 above 500 of run
              ! finished a1 denied 0/6 max_order_notional
              ! submit a2 buy 5 X market
        "#]],
    );
}

#[test]
fn the_position_of_a_strategy_counts_its_own_orders_and_that_of_an_instrument_all() {
    check(
        "
        limits a max_position=10
        limits X max_position=12
        a on trade X 100: buy 8
        b on trade X 101: buy 5; buy 4
        a on trade X 101: buy 3; buy 2 @ 90
        a on trade X 102: sell 18
        trade X 100
        trade X 101
        bought a1 8 @ 100 trade=1
        trade X 102
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              ! submit a1 buy 8 X market
            > trade X 101
              a trade X 101
              b trade X 101
              a rejected a2 denied 0/3 max_position
              b rejected b1 denied 0/5 max_position
              b rejected b2 denied 0/4 max_position
              ! denied a2 buy 3 X to 0: max_position 11 above 10 of a
              ! finished a2 denied 0/3 max_position
              ! submit a3 buy 2 X limit @ 90
              ! denied b1 buy 5 X to 0: max_position 15 above 12 of X
              ! finished b1 denied 0/5 max_position
              ! denied b2 buy 4 X to 0: max_position 14 above 12 of X
              ! finished b2 denied 0/4 max_position
            > bought a1 8 @ 100 trade=1
              a bought a1 filled 8/8: 8 @ 100
              ! filled a1 8 @ 100
              ! finished a1 filled 8/8
            > trade X 102
              a trade X 102
              b trade X 102
              ! submit a4 sell 18 X market
        "#]],
    );
}

#[test]
fn open_orders_are_counted_by_scope_and_end_with_the_order() {
    check(
        "
        limits max_open_orders=3
        limits a max_open_orders=2
        limits Y max_open_orders=1
        a on trade X 100: buy 1 @ 90; buy 1 @ 90; buy 1 @ 90
        b on trade X 100: buy 1 Y @ 90; buy 1 Y @ 90; buy 1 @ 90
        a on trade X 101: buy 1 @ 90
        b on trade X 101: buy 1 @ 91; change b1 2 @ 90
        trade X 100
        canceled a1
        trade X 101
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              a rejected a3 denied 0/1 max_open_orders
              b rejected b2 denied 0/1 max_open_orders
              b rejected b3 denied 0/1 max_open_orders
              ! submit a1 buy 1 X limit @ 90
              ! submit a2 buy 1 X limit @ 90
              ! denied a3 buy 1 X to 0: max_open_orders 3 above 2 of a
              ! finished a3 denied 0/1 max_open_orders
              ! submit b1 buy 1 Y limit @ 90
              ! denied b2 buy 1 Y to 0: max_open_orders 4 above 3 of run
              ! finished b2 denied 0/1 max_open_orders
              ! denied b3 buy 1 X to 0: max_open_orders 4 above 3 of run
              ! finished b3 denied 0/1 max_open_orders
            > canceled a1
              a canceled a1 canceled 0/1
              ! finished a1 canceled 0/1
            > trade X 101
              a trade X 101
              b trade X 101
              b rejected b4 denied 0/1 max_open_orders
              ! submit a4 buy 1 X limit @ 90
              ! denied b4 buy 1 X to 0: max_open_orders 4 above 3 of run
              ! finished b4 denied 0/1 max_open_orders
              ! change b1 buy 2 Y limit @ 90
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 4 events 4 orders 1 denials, pnl 0
                b started, 5 events 4 orders 3 denials, pnl 0
                a2 pending_new 0/1
                a4 pending_new 0/1
                b1 pending_new 0/1
        "#]],
    );
}

#[test]
fn a_rate_counts_orders_and_changes_in_any_window() {
    check(
        "
        limits a max_order_rate=2/10s
        a on trade X 100: buy 0; buy 1 @ 90; buy 1 @ 90; buy 1 @ 90; cancel a2
        a on trade X 101: change a3 2 @ 91
        trade X 100
        sleep 9s
        sleep 999999999ns
        trade X 101
        sleep 1ns
        trade X 101
        trade X 101
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/0 bad_quantity
              a rejected a4 denied 0/1 order_rate
              ! finished a1 denied 0/0 bad_quantity
              ! submit a2 buy 1 X limit @ 90
              ! submit a3 buy 1 X limit @ 90
              ! denied a4 buy 1 X to 0: order_rate 3 above 2 of a
              ! finished a4 denied 0/1 order_rate
              ! cancel a2
            > sleep 9s
            > sleep 999999999ns
            > trade X 101
              a trade X 101
              a request_rejected a3 pending_new 0/1 order_rate
              ! denied change of a3 buy 2 X to 0: order_rate 3 above 2 of a
            > sleep 1ns
            > trade X 101
              a trade X 101
              ! change a3 buy 2 X limit @ 91
            > trade X 101
              a trade X 101
              ! change a3 buy 2 X limit @ 91
            > trade X 101
              a trade X 101
              a request_rejected a3 pending_new 0/1 order_rate
              ! denied change of a3 buy 2 X to 0: order_rate 3 above 2 of a
        "#]],
    );
}

#[test]
fn closing_counts_for_the_rate_and_is_not_held_back_by_it() {
    check(
        "
        limits max_order_rate=1/10s max_order_quantity=5
        a on trade X 100: buy 5
        a on trade X 101: close_all; buy 1
        trade X 100
        bought a1 5 @ 100 trade=1
        sleep 10s
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 5 X market
            > bought a1 5 @ 100 trade=1
              a bought a1 filled 5/5: 5 @ 100
              ! filled a1 5 @ 100
              ! finished a1 filled 5/5
            > sleep 10s
            > trade X 101
              a trade X 101
              a rejected a2 denied 0/1 order_rate
              ! submit a3 sell 5 X market
              ! denied a2 buy 1 X to 0: order_rate 2 above 1 of run
              ! finished a2 denied 0/1 order_rate
        "#]],
    );
}

#[test]
fn a_collar_holds_limit_and_stop_prices_near_the_last_price() {
    check(
        "
        limits price_collar=5%
        limits Y price_collar=200bps
        a on start: buy 1; buy 1 @ 100
        a on trade X 200: buy 1 @ 210; buy 1 @ 211; sell 1 @ 190; sell 1 @ 189; buy 1
        a on trade Y 200: buy 1 Y @ 204; buy 1 Y @ 205
        a on trade X 400: change a3 1 @ 381; change a3 1 @ 379
        start
        trade X 200
        trade Y 200
        trade X 400
        ",
        expect![[r#"
            > start
              a start
              a rejected a2 denied 0/1 no_price
              ! submit a1 buy 1 X market
              ! finished a2 denied 0/1 no_price
            > trade X 200
              a trade X 200
              a rejected a4 denied 0/1 price_collar
              a rejected a6 denied 0/1 price_collar
              ! submit a3 buy 1 X limit @ 210
              ! denied a4 buy 1 X to 0: price_collar 11 above 10 of run
              ! finished a4 denied 0/1 price_collar
              ! submit a5 sell 1 X limit @ 190
              ! denied a6 sell 1 X to 0: price_collar 11 above 10 of run
              ! finished a6 denied 0/1 price_collar
              ! submit a7 buy 1 X market
            > trade Y 200
              a trade Y 200
              a rejected a9 denied 0/1 price_collar
              ! submit a8 buy 1 Y limit @ 204
              ! denied a9 buy 1 Y to 0: price_collar 5 above 4 of Y
              ! finished a9 denied 0/1 price_collar
            > trade X 400
              a trade X 400
              a request_rejected a3 pending_new 0/1 price_collar
              ! change a3 buy 1 X limit @ 381
              ! denied change of a3 buy 1 X to 0: price_collar 21 above 20 of run
        "#]],
    );
}

#[test]
fn before_the_first_price_the_middle_of_the_quote_counts() {
    check(
        "
        limits price_collar=5% max_order_notional=1000
        a on quote X 99: buy 1 @ 104; buy 1 @ 103; buy 11
        a on quote X 119: buy 1 @ 126
        quote X 99
        trade X 120
        quote X 119
        quote X 149
        ",
        expect![[r#"
            > quote X 99
              a quote X 99
              a rejected a1 denied 0/1 price_collar
              a rejected a3 denied 0/11 max_order_notional
              ! denied a1 buy 1 X to 0: price_collar 5 above 4 of run
              ! finished a1 denied 0/1 price_collar
              ! submit a2 buy 1 X limit @ 103
              ! denied a3 buy 11 X to 0: max_order_notional 1089 above 1000 of run
              ! finished a3 denied 0/11 max_order_notional
            > trade X 120
              a trade X 120
            > quote X 119
              a quote X 119
              ! submit a4 buy 1 X limit @ 126
            > quote X 149
              a quote X 149
        "#]],
    );
}
