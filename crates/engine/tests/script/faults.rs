//! Strategies that end: by themselves, by command, by a fault.

use expect_test::expect;
use stratd_plugin_api::{Context, LinkedStrategy, OrderRequest, Quantity, Result, Strategy, Trade};

use crate::{check, desk::run_with};

#[test]
fn a_strategy_that_stops_gets_on_exit_and_its_orders_are_canceled() {
    check(
        "
        a on trade X 100: buy 10 @ 100; buy 5 @ 99
        a on trade X 101: stop enough
        trade X 100
        received a1
        trade X 101
        trade X 101
        canceled a1
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
              ! submit a2 buy 5 X limit @ 99
            > received a1
              a received a1 open 0/10
            > trade X 101
              a trade X 101
              a exit strategy_stopped
              ! stopped a: enough
              ! cancel a1
              ! cancel a2
            > trade X 101
            > canceled a1
              ! finished a1 canceled 0/10
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a stopped (enough), 3 events 2 orders 0 denials, pnl 0
                a2 pending_cancel 0/5
        "#]],
    );
}

#[test]
fn requests_after_stop_are_denied_and_cancels_are_heard() {
    check(
        "
        keep a
        a on trade X 100: buy 10 @ 100; buy 5 @ 99
        a on trade X 101: stop enough; buy 3; change a2 7 @ 99; close_all; cancel a1; metric m 1
        trade X 100
        trade X 101
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
              ! submit a2 buy 5 X limit @ 99
            > trade X 101
              a trade X 101
              a exit strategy_stopped
              ! stopped a: enough
              ! finished a3 denied 0/3 strategy_stopped
              ! cancel a1
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a stopped (enough), 2 events 2 orders 1 denials, pnl 0
                a1 pending_cancel 0/10
                a2 pending_new 0/5
        "#]],
    );
}

#[test]
fn what_on_exit_asks_for_is_dropped_except_cancels() {
    check(
        "
        keep a
        a on trade X 100: buy 10 @ 100; buy 5 @ 99
        a on exit: buy 3; close_all; cancel a1; fail too late
        trade X 100
        stop a
        stop a
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
              ! submit a2 buy 5 X limit @ 99
            > stop a
              a exit requested
              a [40] while ending: handler_error: too late
              ! stopped a: requested
              ! cancel a1
            > stop a
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a stopped (requested), 1 events 2 orders 0 denials, pnl 0
                a1 pending_cancel 0/10
                a2 pending_new 0/5
        "#]],
    );
}

#[test]
fn close_all_survives_stop() {
    check(
        "
        a on trade X 100: buy 10 @ 100; buy 5 @ 99
        a on trade X 101: close_all; stop flat
        trade X 100
        bought a1 10 @ 100 trade=1
        trade X 101
        sold a3 10 @ 101 trade=2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
              ! submit a2 buy 5 X limit @ 99
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > trade X 101
              a trade X 101
              a exit strategy_stopped
              ! cancel a2
              ! submit a3 sell 10 X market
              ! stopped a: flat
            > sold a3 10 @ 101 trade=2
              ! filled a3 10 @ 101
              ! finished a3 filled 10/10
            > show
                cash 1010 equity 1010 realized 10 fees 0
                a stopped (flat), 3 events 3 orders 0 denials, pnl 10; X 0
                a2 pending_cancel 0/5
        "#]],
    );
}

#[test]
fn a_fault_drops_the_requests_of_its_call_and_cancels_working_orders() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        a on trade X 101: buy 5; cancel a1; timer every 1s 1; fail no price
        trade X 100
        trade X 101
        trade X 101
        bought a1 10 @ 100 trade=1
        next
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > trade X 101
              a trade X 101
              a (timer 1 is set)
              a error handler_error no price
              ! faulted a: handler_error: no price (in on_trade X)
              ! cancel a1
            > trade X 101
            > bought a1 10 @ 100 trade=1
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > next
                next timer: none
            > show
                cash 0 equity 1000 realized 0 fees 0
                a faulted (handler_error: no price), 2 events 1 orders 0 denials, pnl 0; X 10
        "#]],
    );
}

#[test]
fn a_fault_may_leave_the_orders() {
    check(
        "
        keep a
        a on trade X 100: buy 10 @ 100
        a on trade X 101: panic
        trade X 100
        trade X 101
        bought a1 4 @ 100 trade=1
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 100
            > trade X 101
              a trade X 101
              ! faulted a: panic: panicked (in on_trade X)
            > bought a1 4 @ 100 trade=1
              ! filled a1 4 @ 100
            > show
                cash 600 equity 1000 realized 0 fees 0
                a faulted (panic: panicked), 2 events 1 orders 0 denials, pnl 0; X 4
                a1 partially_filled 4/10
        "#]],
    );
}

#[test]
fn on_error_is_called_after_an_error_and_not_after_a_panic() {
    check(
        "
        a on trade X 100: fail no price
        a on error: buy 1; cancel_all
        b on trade X 100: panic
        b on error: buy 1
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a error handler_error no price
              b trade X 100
              ! faulted a: handler_error: no price (in on_trade X)
              ! faulted b: panic: panicked (in on_trade X)
        "#]],
    );
}

#[test]
fn the_fault_of_one_strategy_leaves_the_others_untouched() {
    check(
        "
        a on trade X 100: buy 1; panic
        b on trade X 100: buy 2
        c on trade X 100: buy 3
        trade X 100
        bought b1 2 @ 100 trade=1
        bought c1 3 @ 100 trade=2
        trade X 101
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              c trade X 100
              ! faulted a: panic: panicked (in on_trade X)
              ! submit b1 buy 2 X market
              ! submit c1 buy 3 X market
            > bought b1 2 @ 100 trade=1
              b bought b1 filled 2/2: 2 @ 100
              ! filled b1 2 @ 100
              ! finished b1 filled 2/2
            > bought c1 3 @ 100 trade=2
              c bought c1 filled 3/3: 3 @ 100
              ! filled c1 3 @ 100
              ! finished c1 filled 3/3
            > trade X 101
              b trade X 101
              c trade X 101
            > show
                cash 500 equity 1005 realized 0 fees 0
                a faulted (panic: panicked), 1 events 0 orders 0 denials, pnl 0
                b started, 3 events 1 orders 0 denials, pnl 2; X 2
                c started, 3 events 1 orders 0 denials, pnl 3; X 3
        "#]],
    );
}

#[test]
fn a_fault_in_an_order_event_keeps_the_fill() {
    check(
        "
        a on trade X 100: buy 2; buy 5 @ 90
        a on bought: fail cannot count
        trade X 100
        bought a1 2 @ 100 trade=1
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 2 X market
              ! submit a2 buy 5 X limit @ 90
            > bought a1 2 @ 100 trade=1
              a bought a1 filled 2/2: 2 @ 100
              a error handler_error cannot count
              ! filled a1 2 @ 100
              ! faulted a: handler_error: cannot count (in on_bought or on_traded X a1)
              ! cancel a2
              ! finished a1 filled 2/2
            > show
                cash 800 equity 1000 realized 0 fees 0
                a faulted (handler_error: cannot count), 2 events 2 orders 0 denials, pnl 0; X 2
                a2 pending_cancel 0/5
        "#]],
    );
}

#[test]
fn a_strategy_that_answers_every_refusal_with_an_order_ends_with_host_limit() {
    check(
        "
        quiet a
        a on trade X 100: buy 0
        a on rejected: buy 0
        b on trade X 100: buy 2
        trade X 100
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              ! finished a1 denied 0/0 bad_quantity
              ! submit b1 buy 2 X market
              ! finished a2 denied 0/0 bad_quantity
                … and 999 more such lines
              ! faulted a: host_limit: more than 1000 requests were refused in one step (expected: no new order for every refusal)
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a faulted (host_limit: more than 1000 requests were refused in one step (expected: no new order for every refusal)), 1001 events 1001 orders 1001 denials, pnl 0
                b started, 1 events 1 orders 0 denials, pnl 0
                b1 pending_new 0/2
        "#]],
    );
}

#[test]
fn shutdown_needs_permission() {
    check(
        "
        shutdown a
        a on trade X 100: shutdown done
        b on trade X 101: shutdown done
        trade X 100
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              ! shutdown by a: done
            > trade X 101
              a trade X 101
              b trade X 101
              b exit strategy_stopped
              ! stopped b: done
        "#]],
    );
}

#[test]
fn a_stop_by_command_reaches_one_strategy() {
    check(
        "
        a on trade X 100: buy 10 @ 100
        b on trade X 100: buy 10 @ 100
        trade X 100
        stop b
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              ! submit a1 buy 10 X limit @ 100
              ! submit b1 buy 10 X limit @ 100
            > stop b
              b exit requested
              ! stopped b: requested
              ! cancel b1
            > trade X 101
              a trade X 101
        "#]],
    );
}

#[test]
fn metrics_go_out() {
    check(
        "
        a on trade X 100: metric spread 1.5
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! metric of a: spread = 1.5
        "#]],
    );
}
/// A strategy behind the guard of the plugin API, as in the daemon.
struct Panicking;

impl Strategy for Panicking {
    type Config = String;

    fn new(_: String) -> Result<Self> {
        Ok(Self)
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        ctx.buy(OrderRequest::market(trade.instrument, Quantity::new(1)))?;
        panic!("at {}", trade.price);
    }
}

#[test]
fn a_real_panic_is_a_fault() {
    let panicking = LinkedStrategy::<Panicking>::new("\"\"").unwrap();
    let script = "
        a on trade X 100: buy 1
        trade X 100
        trade X 101
        show
        ";
    expect![[r#"
        > trade X 100
          a trade X 100
          ! faulted b: panic: at 100 (in on_trade X)
          ! submit a1 buy 1 X market
        > trade X 101
          a trade X 101
        > show
            cash 1000 equity 1000 realized 0 fees 0
            a started, 2 events 1 orders 0 denials, pnl 0
            further faulted (panic: at 100), 1 events 0 orders 0 denials, pnl 0
            a1 pending_new 0/1
    "#]]
    .assert_eq(&run_with(script, vec![Box::new(panicking)]));
}

#[test]
fn the_order_that_ended_is_told_when_its_strategy_fails_at_it_and_held_ones_end_with_it() {
    check(
        "
        takes market limit
        a on trade X 100: buy 3 @ 100; sell 3 stop 90
        a on bought: fail cannot count
        trade X 100
        bought a1 3 @ 100 trade=1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a received a2 open 0/3
              ! submit a1 buy 3 X limit @ 100
              ! held a2 sell 3 X stop_market at 90
            > bought a1 3 @ 100 trade=1
              a bought a1 filled 3/3: 3 @ 100
              a error handler_error cannot count
              ! filled a1 3 @ 100
              ! faulted a: handler_error: cannot count (in on_bought or on_traded X a1)
              ! finished a2 canceled 0/3 requested
              ! finished a1 filled 3/3
        "#]],
    );
}
