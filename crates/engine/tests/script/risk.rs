//! What risk lets pass.

use expect_test::expect;

use crate::check;

#[test]
fn fields_that_make_no_sense_are_denied() {
    check(
        "
        a on trade X 100: buy 0; buy -5; buy 1 type 99; buy 1 Z; buy 1 on 2; buy 1 on 1; buy 1 Y on 1
        trade X 100
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/0 bad_quantity
              a rejected a2 denied 0/-5 bad_quantity
              a rejected a3 denied 0/1 bad_order
              a rejected a4 denied 0/1 not_tradable
              a rejected a5 denied 0/1 not_tradable
              a rejected a7 denied 0/1 not_tradable
              ! finished a1 denied 0/0 bad_quantity
              ! finished a2 denied 0/-5 bad_quantity
              ! finished a3 denied 0/1 bad_order
              ! finished a4 denied 0/1 not_tradable
              ! finished a5 denied 0/1 not_tradable
              ! submit a6 buy 1 X market
              ! finished a7 denied 0/1 not_tradable
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 7 events 7 orders 6 denials, pnl 0
                a6 pending_new 0/1
        "#]],
    );
}

#[test]
fn an_order_for_an_exchange_that_is_not_the_instruments_is_not_tradable() {
    check(
        "
        a on trade X 100: buy 1 on 2; buy 1 Y on 1; buy 1 on 1; buy 1 Y on 2; buy 1 Z
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/1 not_tradable
              a rejected a2 denied 0/1 not_tradable
              a rejected a5 denied 0/1 not_tradable
              ! finished a1 denied 0/1 not_tradable
              ! finished a2 denied 0/1 not_tradable
              ! submit a3 buy 1 X market
              ! submit a4 buy 1 Y market
              ! finished a5 denied 0/1 not_tradable
        "#]],
    );
}

#[test]
fn limits_let_their_own_value_pass() {
    check(
        "
        limits max_order_quantity=10 max_order_notional=1000 max_position=15
        a on trade X 100: buy 11 @ 1; buy 10 @ 101; buy 10 @ 100; buy 6 @ 1; buy 5 @ 1; sell 10 @ 100; sell 6 @ 100; sell 5 @ 1
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/11 max_order_quantity
              a rejected a2 denied 0/10 max_order_notional
              a rejected a4 denied 0/6 max_position
              a rejected a7 denied 0/6 max_position
              ! denied a1 buy 11 X to 0: max_order_quantity 11 above 10 of run
              ! finished a1 denied 0/11 max_order_quantity
              ! denied a2 buy 10 X to 0: max_order_notional 1010 above 1000 of run
              ! finished a2 denied 0/10 max_order_notional
              ! submit a3 buy 10 X limit @ 100
              ! denied a4 buy 6 X to 0: max_position 16 above 15 of run
              ! finished a4 denied 0/6 max_position
              ! submit a5 buy 5 X limit @ 1
              ! submit a6 sell 10 X limit @ 100
              ! denied a7 sell 6 X to 0: max_position 16 above 15 of run
              ! finished a7 denied 0/6 max_position
              ! submit a8 sell 5 X limit @ 1
        "#]],
    );
}

#[test]
fn an_order_without_a_price_needs_a_last_price_if_its_value_is_limited() {
    check(
        "
        limits max_order_notional=1000
        a on start: buy 10; buy 10 @ 100
        a on bar X 100: buy 10; buy 11
        start
        bar X 100
        ",
        expect![[r#"
            > start
              a start
              a rejected a1 denied 0/10 no_price
              ! finished a1 denied 0/10 no_price
              ! submit a2 buy 10 X limit @ 100
            > bar X 100
              a bar X 100
              a rejected a4 denied 0/11 max_order_notional
              ! submit a3 buy 10 X market
              ! denied a4 buy 11 X to 0: max_order_notional 1100 above 1000 of run
              ! finished a4 denied 0/11 max_order_notional
        "#]],
    );
}

#[test]
fn the_position_limit_counts_all_strategies_and_what_is_not_filled() {
    check(
        "
        limits max_position=10
        a on trade X 100: buy 6 @ 100
        b on trade X 101: buy 5 @ 100; buy 4 @ 100
        b on trade X 102: sell 20 @ 100; sell 16 @ 100
        trade X 100
        bought a1 3 @ 100 trade=1
        trade X 101
        bought b2 4 @ 100 trade=2
        trade X 102
        canceled a1
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              ! submit a1 buy 6 X limit @ 100
            > bought a1 3 @ 100 trade=1
              a bought a1 partially_filled 3/6: 3 @ 100
              ! filled a1 3 @ 100
            > trade X 101
              a trade X 101
              b trade X 101
              b rejected b1 denied 0/5 max_position
              ! denied b1 buy 5 X to 0: max_position 11 above 10 of run
              ! finished b1 denied 0/5 max_position
              ! submit b2 buy 4 X limit @ 100
            > bought b2 4 @ 100 trade=2
              b bought b2 filled 4/4: 4 @ 100
              ! filled b2 4 @ 100
              ! finished b2 filled 4/4
            > trade X 102
              a trade X 102
              b trade X 102
              b rejected b3 denied 0/20 max_position
              ! denied b3 sell 20 X to 0: max_position 13 above 10 of run
              ! finished b3 denied 0/20 max_position
              ! submit b4 sell 16 X limit @ 100
            > canceled a1
              a canceled a1 canceled 3/6
              ! finished a1 canceled 3/6
            > trade X 101
              a trade X 101
              b trade X 101
              b rejected b5 denied 0/5 max_position
              b rejected b6 denied 0/4 max_position
              ! denied b5 buy 5 X to 0: max_position 12 above 10 of run
              ! finished b5 denied 0/5 max_position
              ! denied b6 buy 4 X to 0: max_position 11 above 10 of run
              ! finished b6 denied 0/4 max_position
        "#]],
    );
}

#[test]
fn a_change_is_judged_by_what_is_not_filled_and_reserved_until_answered() {
    check(
        "
        limits max_position=10
        a on trade X 100: buy 8 @ 100
        a on trade X 101: change a1 11 @ 100; change a1 10 @ 100
        a on trade X 102: buy 1 @ 100
        trade X 100
        bought a1 5 @ 100 trade=1
        trade X 101
        trade X 102
        request_rejected a1
        trade X 102
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 8 X limit @ 100
            > bought a1 5 @ 100 trade=1
              a bought a1 partially_filled 5/8: 5 @ 100
              ! filled a1 5 @ 100
            > trade X 101
              a trade X 101
              a request_rejected a1 partially_filled 5/8 max_position
              ! denied change of a1 buy 11 X to 0: max_position 11 above 10 of run
              ! change a1 buy 10 X limit @ 100
            > trade X 102
              a trade X 102
              a rejected a2 denied 0/1 max_position
              ! denied a2 buy 1 X to 0: max_position 11 above 10 of run
              ! finished a2 denied 0/1 max_position
            > request_rejected a1
              a request_rejected a1 partially_filled 5/8
            > trade X 102
              a trade X 102
              ! submit a3 buy 1 X limit @ 100
        "#]],
    );
}

#[test]
fn a_change_downwards_frees_nothing_before_it_is_answered() {
    check(
        "
        limits max_position=10
        a on trade X 100: buy 8 @ 100
        a on trade X 101: change a1 5 @ 100
        a on trade X 102: buy 5 @ 100
        trade X 100
        trade X 101
        trade X 102
        change a1 5 @ 100
        trade X 102
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 8 X limit @ 100
            > trade X 101
              a trade X 101
              ! change a1 buy 5 X limit @ 100
            > trade X 102
              a trade X 102
              a rejected a2 denied 0/5 max_position
              ! denied a2 buy 5 X to 0: max_position 13 above 10 of run
              ! finished a2 denied 0/5 max_position
            > change a1 5 @ 100
              a change a1 open 0/5
            > trade X 102
              a trade X 102
              ! submit a3 buy 5 X limit @ 100
        "#]],
    );
}

#[test]
fn the_largest_of_several_changes_is_reserved_until_all_are_answered() {
    check(
        "
        limits max_position=10
        a on trade X 100: buy 2 @ 100
        a on trade X 101: change a1 10 @ 100; change a1 4 @ 100
        a on trade X 102: buy 5 @ 100
        trade X 100
        trade X 101
        trade X 102
        change a1 10 @ 100
        trade X 102
        change a1 4 @ 100
        trade X 102
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 2 X limit @ 100
            > trade X 101
              a trade X 101
              ! change a1 buy 10 X limit @ 100
              ! change a1 buy 4 X limit @ 100
            > trade X 102
              a trade X 102
              a rejected a2 denied 0/5 max_position
              ! denied a2 buy 5 X to 0: max_position 15 above 10 of run
              ! finished a2 denied 0/5 max_position
            > change a1 10 @ 100
              a change a1 open 0/10
            > trade X 102
              a trade X 102
              a rejected a3 denied 0/5 max_position
              ! denied a3 buy 5 X to 0: max_position 15 above 10 of run
              ! finished a3 denied 0/5 max_position
            > change a1 4 @ 100
              a change a1 open 0/4
            > trade X 102
              a trade X 102
              ! submit a4 buy 5 X limit @ 100
        "#]],
    );
}

#[test]
fn an_order_by_amount_counts_with_what_it_can_buy_until_it_is_filled() {
    check(
        "
        limits max_position=10
        a on trade X 100: buy for 600
        trade X 100
        trade X 100
        bought a1 5 @ 100 trade=1 of=5
        trade X 100
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy for 600 X market
            > trade X 100
              a trade X 100
              a rejected a2 denied 0/0 max_position
              ! denied a2 buy 0 X to 0: max_position 12 above 10 of run
              ! finished a2 denied 0/0 max_position
            > bought a1 5 @ 100 trade=1 of=5
              a bought a1 filled 5/5: 5 @ 100
              ! filled a1 5 @ 100
              ! finished a1 filled 5/5
            > trade X 100
              a trade X 100
              a rejected a3 denied 0/0 max_position
              ! denied a3 buy 0 X to 0: max_position 11 above 10 of run
              ! finished a3 denied 0/0 max_position
            > show
                cash 500 equity 1000 realized 0 fees 0
                a started, 6 events 3 orders 2 denials, pnl 0; X 5
        "#]],
    );
}

#[test]
fn an_order_whose_value_cannot_be_counted_is_denied_and_the_run_goes_on() {
    check(
        "
        a on trade X 100: buy 9223372036854775807; buy 9223372036854775807 @ 9223372036854775807; sell 4611686018427387904 @ 1; buy 1 @ 9223372036854775807
        a on trade X 101: buy 1; change a5 9223372036854775807 @ 100; close_all
        trade X 100
        trade X 101
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/9223372036854775807 overflow
              a rejected a2 denied 0/9223372036854775807 overflow
              a rejected a3 denied 0/4611686018427387904 overflow
              ! finished a1 denied 0/9223372036854775807 overflow
              ! finished a2 denied 0/9223372036854775807 overflow
              ! finished a3 denied 0/4611686018427387904 overflow
              ! submit a4 buy 1 X limit @ 9223372036854775807
            > trade X 101
              a trade X 101
              a request_rejected a5 pending_new 0/1 overflow
              ! submit a5 buy 1 X market
              ! denied change of a5 buy 9223372036854775807 X to 0: overflow
              ! cancel a4
              ! cancel a5
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 6 events 5 orders 3 denials, pnl 0
                a4 pending_cancel 0/1
                a5 pending_cancel 0/1
        "#]],
    );
}

#[test]
fn a_halt_denies_orders_and_changes_and_lets_cancels_pass_until_it_ends() {
    check(
        "
        a on start: buy 5 @ 90; buy 5 @ 91
        a on trade X 100: buy 1; change a1 6 @ 90; cancel a2; close_all
        b on start: subscribe Y
        start
        halt
        trade X 100
        continue
        trade X 100
        ",
        expect![[r#"
            > start
              a start
              b start
              ! submit a1 buy 5 X limit @ 90
              ! submit a2 buy 5 X limit @ 91
            > halt
              a halt - requested
              b halt - requested
            > trade X 100
              a trade X 100
              a rejected a3 denied 0/1 halted
              a request_rejected a1 pending_new 0/5 halted
              ! finished a3 denied 0/1 halted
              ! denied change of a1 buy 6 X to 0: halted
              ! cancel a2
              ! cancel a1
            > continue
              a continue - requested
              b continue - requested
            > trade X 100
              a trade X 100
              a request_rejected a2 pending_cancel 0/5 unknown_order
              ! submit a4 buy 1 X market
              ! change a1 buy 6 X limit @ 90
              ! cancel a4
        "#]],
    );
}

#[test]
fn a_halt_of_one_instrument_leaves_the_others() {
    check(
        "
        a on trade: buy 1 X; buy 1 Y
        b on start: subscribe Y
        start
        halt X
        trade X 100
        continue Y
        trade X 100
        continue X
        trade X 100
        halt X
        continue
        trade X 100
        ",
        expect![[r#"
            > start
              a start
              b start
            > halt X
              a halt X requested
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/1 halted
              ! finished a1 denied 0/1 halted
              ! submit a2 buy 1 Y market
            > continue Y
              a continue Y requested
              b continue Y requested
            > trade X 100
              a trade X 100
              a rejected a3 denied 0/1 halted
              ! finished a3 denied 0/1 halted
              ! submit a4 buy 1 Y market
            > continue X
              a continue X requested
            > trade X 100
              a trade X 100
              ! submit a5 buy 1 X market
              ! submit a6 buy 1 Y market
            > halt X
              a halt X requested
            > continue
              a continue - requested
              b continue - requested
            > trade X 100
              a trade X 100
              ! submit a7 buy 1 X market
              ! submit a8 buy 1 Y market
        "#]],
    );
}

#[test]
fn close_all_passes_limits() {
    check(
        "
        limits max_position=10 max_order_quantity=5 max_order_notional=500
        a on trade X 100: buy 5 @ 100; sell 1 @ 200
        a on trade X 50: sell 9
        a on trade X 60: close_all
        trade X 100
        bought a1 5 @ 100 trade=1
        trade X 100
        bought a3 5 @ 100 trade=2
        trade X 50
        trade X 60
        sold a6 10 @ 60 trade=3
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 5 X limit @ 100
              ! submit a2 sell 1 X limit @ 200
            > bought a1 5 @ 100 trade=1
              a bought a1 filled 5/5: 5 @ 100
              ! filled a1 5 @ 100
              ! finished a1 filled 5/5
            > trade X 100
              a trade X 100
              ! submit a3 buy 5 X limit @ 100
              ! submit a4 sell 1 X limit @ 200
            > bought a3 5 @ 100 trade=2
              a bought a3 filled 5/5: 5 @ 100
              ! filled a3 5 @ 100
              ! finished a3 filled 5/5
            > trade X 50
              a trade X 50
              a rejected a5 denied 0/9 max_order_quantity
              ! denied a5 sell 9 X to 0: max_order_quantity 9 above 5 of run
              ! finished a5 denied 0/9 max_order_quantity
            > trade X 60
              a trade X 60
              ! cancel a2
              ! cancel a4
              ! submit a6 sell 10 X market
            > sold a6 10 @ 60 trade=3
              a sold a6 filled 10/10: 10 @ 60
              ! filled a6 10 @ 60
              ! finished a6 filled 10/10
            > show
                cash 600 equity 600 realized -400 fees 0
                a started, 8 events 6 orders 1 denials, pnl -400; X 0
                a2 pending_cancel 0/1
                a4 pending_cancel 0/1
        "#]],
    );
}

#[test]
fn close_all_twice_closes_once() {
    check(
        "
        a on trade X 100: buy 10
        a on trade X 101: close_all
        trade X 100
        bought a1 10 @ 100 trade=1
        trade X 101
        trade X 101
        sold a2 4 @ 101 trade=2
        trade X 101
        sold a2 6 @ 101 trade=3
        trade X 101
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
            > trade X 101
              a trade X 101
              ! submit a2 sell 10 X market
            > trade X 101
              a trade X 101
            > sold a2 4 @ 101 trade=2
              a sold a2 partially_filled 4/10: 4 @ 101
              ! filled a2 4 @ 101
            > trade X 101
              a trade X 101
            > sold a2 6 @ 101 trade=3
              a sold a2 filled 10/10: 6 @ 101
              ! filled a2 6 @ 101
              ! finished a2 filled 10/10
            > trade X 101
              a trade X 101
            > show
                cash 1010 equity 1010 realized 10 fees 0
                a started, 8 events 2 orders 0 denials, pnl 10; X 0
        "#]],
    );
}
