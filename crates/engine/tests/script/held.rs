//! Orders that the engine holds, because their exchange does not take them.

use expect_test::expect;

use crate::check;

#[test]
fn a_stop_waits_at_the_engine_and_goes_out_as_a_market_order() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95
        trade X 100
        show
        trade X 96
        trade X 94
        show
        received a1
        sold a1 10 @ 93 trade=1
        trade X 90
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              ! held a1 sell 10 X stop_market at 95
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 2 events 1 orders 0 denials, pnl 0
                a1 open 0/10 held for price
            > trade X 96
              a trade X 96
            > trade X 94
              a trade X 94
              a change a1 pending_new 0/10
              ! submit a1 sell 10 X market
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 5 events 1 orders 0 denials, pnl 0
                a1 pending_new 0/10
            > received a1
              a received a1 open 0/10
            > sold a1 10 @ 93 trade=1
              a sold a1 filled 10/10: 10 @ 93
              ! filled a1 10 @ 93
              ! finished a1 filled 10/10
            > trade X 90
              a trade X 90
        "#]],
    );
}

#[test]
fn a_stop_limit_goes_out_at_its_limit_and_a_touch_order_on_the_better_side() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95 @ 94; buy 5 touch 97; sell 3 touch 103 @ 104
        trade X 100
        trade X 97
        trade X 95
        trade X 103
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              a received a2 open 0/5
              a received a3 open 0/3
              ! held a1 sell 10 X stop_limit @ 94 at 95
              ! held a2 buy 5 X market_if_touched at 97
              ! held a3 sell 3 X limit_if_touched @ 104 at 103
            > trade X 97
              a trade X 97
              a change a2 pending_new 0/5
              ! submit a2 buy 5 X market
            > trade X 95
              a trade X 95
              a change a1 pending_new 0/10
              ! submit a1 sell 10 X limit @ 94
            > trade X 103
              a trade X 103
              a change a3 pending_new 0/3
              ! submit a3 sell 3 X limit @ 104
        "#]],
    );
}

#[test]
fn a_trailing_stop_follows_from_the_price_at_which_it_was_taken() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 trail 5
        trade X 100
        trade X 110
        trade X 106
        trade X 105
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              ! held a1 sell 10 X trailing_stop
            > trade X 110
              a trade X 110
            > trade X 106
              a trade X 106
            > trade X 105
              a trade X 105
              a change a1 pending_new 0/10
              ! submit a1 sell 10 X market
        "#]],
    );
}

#[test]
fn a_price_that_is_reached_already_sends_the_order_at_once() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 101; sell 10 stop 100; buy 10 stop 101
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              a change a1 pending_new 0/10
              a received a2 open 0/10
              a change a2 pending_new 0/10
              a received a3 open 0/10
              ! held a1 sell 10 X stop_market at 101
              ! submit a1 sell 10 X market
              ! held a2 sell 10 X stop_market at 100
              ! submit a2 sell 10 X market
              ! held a3 buy 10 X stop_market at 101
        "#]],
    );
}

#[test]
fn a_bar_reaches_what_lies_within_it_and_its_close_is_not_seen_twice() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95; buy 10 stop 108
        trade X 100
        bar X 101 109 96 104
        bar X 104 105 95 104
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              a received a2 open 0/10
              ! held a1 sell 10 X stop_market at 95
              ! held a2 buy 10 X stop_market at 108
            > bar X 101 109 96 104
              a bar X 104
              a change a2 pending_new 0/10
              ! submit a2 buy 10 X market
            > bar X 104 105 95 104
              a bar X 104
              a change a1 pending_new 0/10
              ! submit a1 sell 10 X market
        "#]],
    );
}

#[test]
fn quotes_reach_what_never_traded() {
    check(
        "
        takes market limit
        a on quote X 100: buy 10 stop 103; sell 10 stop 99
        quote X 100
        quote X 102
        trade X 101
        quote X 90
        trade X 99
        ",
        expect![[r#"
            > quote X 100
              a quote X 100
              a received a1 open 0/10
              a received a2 open 0/10
              ! held a1 buy 10 X stop_market at 103
              ! held a2 sell 10 X stop_market at 99
            > quote X 102
              a quote X 102
              a change a1 pending_new 0/10
              ! submit a1 buy 10 X market
            > trade X 101
              a trade X 101
            > quote X 90
              a quote X 90
            > trade X 99
              a trade X 99
              a change a2 pending_new 0/10
              ! submit a2 sell 10 X market
        "#]],
    );
}

#[test]
fn during_a_halt_nothing_goes_out_and_the_first_price_afterwards_counts() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95
        trade X 100
        halt X
        trade X 90
        continue X
        show
        trade X 91
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              ! held a1 sell 10 X stop_market at 95
            > halt X
              a halt X requested
            > trade X 90
              a trade X 90
            > continue X
              a continue X requested
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 5 events 1 orders 0 denials, pnl 0
                a1 open 0/10 held for price
            > trade X 91
              a trade X 91
              a change a1 pending_new 0/10
              ! submit a1 sell 10 X market
        "#]],
    );
}

#[test]
fn a_held_order_is_canceled_and_changed_at_the_engine() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95; buy 10 stop 105
        a on trade X 101: cancel a1; change a2 12 @ 103
        trade X 100
        trade X 101
        show
        trade X 103
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              a received a2 open 0/10
              ! held a1 sell 10 X stop_market at 95
              ! held a2 buy 10 X stop_market at 105
            > trade X 101
              a trade X 101
              a canceled a1 canceled 0/10 requested
              a change a2 open 0/12
              ! finished a1 canceled 0/10 requested
              ! held a2 buy 12 X stop_market at 103
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 6 events 2 orders 0 denials, pnl 0
                a2 open 0/12 held for price
            > trade X 103
              a trade X 103
              a change a2 pending_new 0/12
              ! submit a2 buy 12 X market
        "#]],
    );
}

#[test]
fn everything_that_ends_orders_ends_held_ones() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95
        b on trade X 100: sell 10 stop 95
        c on trade X 100: sell 10 stop 95
        c on trade X 101: cancel_all
        trade X 100
        trade X 101
        stop b
        trading run halted cancel_all
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              c trade X 100
              a received a1 open 0/10
              b received b1 open 0/10
              c received c1 open 0/10
              ! held a1 sell 10 X stop_market at 95
              ! held b1 sell 10 X stop_market at 95
              ! held c1 sell 10 X stop_market at 95
            > trade X 101
              a trade X 101
              b trade X 101
              c trade X 101
              c canceled c1 canceled 0/10 requested
              ! finished c1 canceled 0/10 requested
            > stop b
              b exit requested
              ! stopped b: requested
              ! finished b1 canceled 0/10 requested
            > trading run halted cancel_all
              a halt - requested
              c halt - requested
              a canceled a1 canceled 0/10 requested
              ! trading of run is halted (requested)
              ! finished a1 canceled 0/10 requested
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 5 events 1 orders 0 denials, pnl 0
                b stopped (requested), 3 events 1 orders 0 denials, pnl 0
                c started, 5 events 1 orders 0 denials, pnl 0
        "#]],
    );
}

#[test]
fn the_end_of_a_run_ends_held_orders() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95
        trade X 100
        exit
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              ! held a1 sell 10 X stop_market at 95
            > exit
              a exit data_ended
              a canceled a1 canceled 0/10 run_ended
              ! finished a1 canceled 0/10 run_ended
              ! exited
        "#]],
    );
}

#[test]
fn the_gate_judges_an_order_again_when_it_goes_out() {
    check(
        "
        takes market limit
        limits max_position=10
        a on trade X 100: buy 10 stop 105; buy 10
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              a rejected a2 denied 0/10 max_position
              ! held a1 buy 10 X stop_market at 105
              ! denied a2 buy 10 X to 0: max_position 20 above 10 of run
              ! finished a2 denied 0/10 max_position
        "#]],
    );
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95
        trade X 100
        trading run reducing
        trade X 95
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              ! held a1 sell 10 X stop_market at 95
            > trading run reducing
              a halt - requested
              ! trading of run is reducing (requested)
            > trade X 95
              a trade X 95
              a rejected a1 denied 0/10 reducing
              ! finished a1 denied 0/10 reducing
        "#]],
    );
}

#[test]
fn reduce_only_is_the_gates_where_the_exchange_does_not_know_it() {
    check(
        "
        takes market limit
        a on trade X 100: buy 10
        a on trade X 101: sell 10 stop 95 reduce; sell 5 reduce
        a on trade X 102: cancel a2
        trade X 100
        bought a1 10 @ 100 trade=1
        trade X 101
        trade X 95
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
              a received a2 open 0/10
              a rejected a3 denied 0/5 reducing
              ! held a2 sell 10 X stop_market at 95 reduce
              ! finished a3 denied 0/5 reducing
            > trade X 95
              a trade X 95
              a change a2 pending_new 0/10
              ! submit a2 sell 10 X market
        "#]],
    );
}

#[test]
fn post_only_goes_by_the_best_quote_where_the_exchange_does_not_know_it() {
    check(
        "
        takes market limit
        a on trade X 100: buy 10 @ 99 post
        a on quote X 100: buy 10 @ 101 post; buy 10 @ 100 post
        trade X 100
        quote X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/10 no_price
              ! finished a1 denied 0/10 no_price
            > quote X 100
              a quote X 100
              a rejected a2 denied 0/10 would_execute
              ! finished a2 denied 0/10 would_execute
              ! submit a3 buy 10 X limit @ 100
        "#]],
    );
}

#[test]
fn what_cannot_be_emulated_is_denied() {
    check(
        "
        takes market limit
        a on trade X 100: buy 10 @ 99 ioc; buy 10 stop 105 ioc
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/10 bad_order
              a rejected a2 denied 0/10 bad_order
              ! finished a1 denied 0/10 bad_order
              ! finished a2 denied 0/10 bad_order
        "#]],
    );
}

#[test]
fn lifetimes_end_at_the_engine_where_the_exchange_does_not_know_them() {
    check(
        "
        takes market limit
        a on trade X 100: sell 10 stop 95 gtd 10s; buy 10 @ 99 gtd 20s; buy 5 @ 98 day
        trade X 100
        received a2
        next
        wait 15s
        wait 10s
        request_rejected a2
        next
        wait 2s
        canceled a2
        next
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a1 open 0/10
              ! held a1 sell 10 X stop_market at 95 with an end
              ! submit a2 buy 10 X limit @ 99
              ! submit a3 buy 5 X limit @ 98
            > received a2
              a received a2 open 0/10
            > next
                next timer: 2024-01-02T14:30:10Z
            > wait 15s
              a canceled a1 expired 0/10
              ! finished a1 expired 0/10
            > wait 10s
              ! cancel a2
            > request_rejected a2
              a request_rejected a2 open 0/10
            > next
                next timer: 2024-01-02T14:30:26Z
            > wait 2s
              ! cancel a2
            > canceled a2
              a canceled a2 expired 0/10
              ! finished a2 expired 0/10
            > next
                next timer: 2024-01-03T00:00:00Z
        "#]],
    );
}

#[test]
fn what_the_exchange_takes_is_not_held() {
    check(
        "
        a on trade X 100: sell 10 stop 95; buy 10 trail 5 day
        trade X 100
        trade X 94
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 sell 10 X stop_market at 95
              ! submit a2 buy 10 X trailing_stop with an end
            > trade X 94
              a trade X 94
        "#]],
    );
}

#[test]
fn a_person_may_ask_for_an_order_that_is_held() {
    check(
        "
        takes market limit
        trade X 100
        hand a sell 10 stop 95
        hand change a1 8 @ 97
        trade X 97
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > hand a sell 10 stop 95
              a received a1 open 0/10
              ! by hand a1 of a
              ! held a1 sell 10 X stop_market at 95
            > hand change a1 8 @ 97
              a change a1 open 0/8
              ! held a1 sell 8 X stop_market at 97
            > trade X 97
              a trade X 97
              a change a1 pending_new 0/8
              ! submit a1 sell 8 X market
        "#]],
    );
}
