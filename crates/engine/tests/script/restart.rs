//! Strategies that start again, and strategies that are added while the run goes on.

use expect_test::expect;

use crate::check;

#[test]
fn a_strategy_that_failed_starts_again_with_its_last_state() {
    check(
        "
        stateful a
        stateful A
        a on start: subscribe X; timer every 60s 7
        a on trade X 100: buy 10 @ 99
        a on trade X 101: panic
        keep a
        start
        trade X 100
        save a
        trade X 101
        trade X 102
        restart a A 2
        next
        trade Y 5
        bought a1 4 @ 99 trade=1
        show
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 99
            > save a
              a save
                state `2`
            > trade X 101
              a trade X 101
              ! faulted a: panic: panicked (in on_trade X)
            > trade X 102
            > restart a A 2
              A restore 2 of version 1
                restarted, one old instance
              A start
            > next
                next timer: none
            > trade Y 5
              A trade Y 5
            > bought a1 4 @ 99 trade=1
              A bought a1 partially_filled 4/10: 4 @ 99
              ! filled a1 4 @ 99
            > show
                cash 604 equity 1000 realized 0 fees 0
                a started, 6 events 1 orders 0 denials, pnl 0; X 4
                a1 partially_filled 4/10
        "#]],
    );
}

#[test]
fn a_strategy_that_stopped_starts_again_without_state() {
    check(
        "
        a on trade X 100: stop enough
        trade X 100
        take a
        take a
        restart a A
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a exit strategy_stopped
              ! stopped a: enough
            > take a
                taken
            > take a
                nothing to take
            > restart a A
                restarted, no old instance
              A start
            > trade X 101
              A trade X 101
        "#]],
    );
}

#[test]
fn a_refused_state_leaves_it_ended() {
    check(
        "
        stateful A
        A on restore: fail not mine
        stop a
        restart a A 5
        trade X 100
        take a
        ",
        expect![[r#"
            > stop a
              a exit requested
              ! stopped a: requested
            > restart a A 5
              A restore 5 of version 1
                refused at restore: handler_error: not mine
            > trade X 100
            > take a
                taken
        "#]],
    );
}

#[test]
fn a_strategy_that_runs_and_an_exiting_run_are_not_restarted() {
    check(
        "
        restart a A
        take a
        stop a
        exit
        restart a A
        b on x: buy 1
        ",
        expect![[r#"
            > restart a A
                refused at state: strategy_stopped: strategy a runs (expected: a strategy that has ended)
            > take a
                nothing to take
            > stop a
              a exit requested
              ! stopped a: requested
            > exit
              b exit data_ended
              ! exited
            > restart a A
                refused at state: strategy_stopped: strategy a stays as it is because the run ends
        "#]],
    );
}

#[test]
fn order_ids_go_on_after_a_restart() {
    check(
        "
        a on trade X 100: buy 10 @ 99
        a on trade X 101: panic
        A on trade X 102: buy 1
        trade X 100
        trade X 101
        restart a A
        trade X 102
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 99
            > trade X 101
              a trade X 101
              ! faulted a: panic: panicked (in on_trade X)
              ! cancel a1
            > restart a A
                restarted, one old instance
              A start
            > trade X 102
              A trade X 102
              ! submit a2 buy 1 X market
        "#]],
    );
}

#[test]
fn a_strategy_is_added_while_the_run_goes_on() {
    check(
        "
        stateful M
        M on start: subscribe X; timer once 60s 3
        M on trade X 100: buy 2
        start
        trade X 99
        add M
        trade X 100
        bought b1 2 @ 100 trade=1
        trade Y 5
        wait 60s
        show
        ",
        expect![[r#"
            > start
              a start
            > trade X 99
              a trade X 99
            > add M
              M start
              M (timer 1 is set)
            > trade X 100
              a trade X 100
              M trade X 100
              ! submit b1 buy 2 X market
            > bought b1 2 @ 100 trade=1
              M bought b1 filled 2/2: 2 @ 100
              ! filled b1 2 @ 100
              ! finished b1 filled 2/2
            > trade Y 5
              a trade Y 5
            > wait 60s
              M timer 3
            > show
                cash 800 equity 1000 realized 0 fees 0
                a started, 4 events 0 orders 0 denials, pnl 0
                M started, 4 events 1 orders 0 denials, pnl 0; X 2
        "#]],
    );
}

#[test]
fn a_strategy_is_added_with_a_state_which_it_may_refuse() {
    check(
        "
        stateful M
        stateful N
        N on restore: fail not mine
        start
        add M 7
        add N 7
        trade X 100
        show
        ",
        expect![[r#"
            > start
              a start
            > add M 7
              M restore 7 of version 1
              M start
            > add N 7
              N restore 7 of version 1
              ! faulted c: handler_error: not mine
            > trade X 100
              a trade X 100
              M trade X 100
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 2 events 0 orders 0 denials, pnl 0
                M started, 2 events 0 orders 0 denials, pnl 0
                N faulted (handler_error: not mine), 0 events 0 orders 0 denials, pnl 0
        "#]],
    );
}
