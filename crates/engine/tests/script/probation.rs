//! The old instance stands by after a swap, and takes over if the new one fails.

use expect_test::expect;

use crate::check;

#[test]
fn it_is_passed_after_so_many_events() {
    check(
        "
        stateful a
        stateful A
        A on trade X 103: fail later
        trade X 100
        swap a A events=2 for=100s
        trade X 101
        retired
        trade X 102
        retired
        trade X 103
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > swap a A events=2 for=100s
              a save
              A restore 1 of version 1
                swapped with state `1`, 1 bytes
            > trade X 101
              A trade X 101
            > retired
            > trade X 102
              A trade X 102
              ! probation of a passed
            > retired
                Replaced
            > trade X 103
              A trade X 103
              A error handler_error later
              ! faulted a: handler_error: later (in on_trade X)
        "#]],
    );
}

#[test]
fn it_is_passed_after_some_time() {
    check(
        "
        stateful a
        stateful A
        swap a A events=9 for=60s
        next
        wait 59s
        wait 1s
        retired
        next
        ",
        expect![[r#"
            > swap a A events=9 for=60s
              a save
              A restore 0 of version 1
                swapped with state `0`, 1 bytes
            > next
                next timer: 2024-01-02T14:31:00Z
            > wait 59s
            > wait 1s
              ! probation of a passed
            > retired
                Replaced
            > next
                next timer: none
        "#]],
    );
}

#[test]
fn a_failure_puts_the_old_instance_back_and_delivers_the_event_to_it() {
    check(
        "
        stateful a
        stateful A
        a on trade X 102: buy 2
        A on trade X 102: buy 1; fail broken
        trade X 100
        swap a A for=100s
        trade X 101
        trade X 102
        trade X 103
        retired
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > swap a A for=100s
              a save
              A restore 1 of version 1
                swapped with state `1`, 1 bytes
            > trade X 101
              A trade X 101
            > trade X 102
              A trade X 102
              a trade X 102
              ! rolled back a: handler_error: broken
              ! submit a2 buy 2 X market
            > trade X 103
              a trade X 103
            > retired
                RolledBack
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 4 events 1 orders 0 denials, pnl 0
                a2 pending_new 0/2
        "#]],
    );
}

#[test]
fn a_panic_in_an_order_event_or_a_cost_hook_does_it_too() {
    check(
        "
        stateful a
        stateful A
        stateful M
        hooks a slippage=3
        hooks M slippage=panic
        a on trade X 100: buy 10
        A on bought: panic
        trade X 100
        swap a A for=100s
        bought a1 4 @ 100 trade=1
        swap a M for=100s
        bought a1 6 @ 100 trade=2
        retired
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X market
            > swap a A for=100s
              a save
              A restore 1 of version 1
                swapped with state `1`, 1 bytes
            > bought a1 4 @ 100 trade=1
              A bought a1 partially_filled 4/10: 4 @ 100
              a bought a1 partially_filled 4/10: 4 @ 100
              ! filled a1 4 @ 100
              ! rolled back a: panic: panicked
            > swap a M for=100s
              a save
              M restore 1 of version 1
                swapped with state `1`, 1 bytes
            > bought a1 6 @ 100 trade=2
              a bought a1 filled 10/10: 6 @ 100
              ! rolled back a: panic: panicked
              ! filled a1 6 @ 100 slippage 3
              ! finished a1 filled 10/10
            > retired
                RolledBack
                RolledBack
        "#]],
    );
}

#[test]
fn what_the_failing_instance_told_of_a_cost_stays_and_the_old_one_tells_the_rest() {
    check(
        "
        stateful a
        stateful M
        hooks a slippage=3 cost=7
        hooks M slippage=5 cost=panic
        a on trade X 100: buy 10
        trade X 100
        swap a M for=100s
        bought a1 10 @ 100 trade=1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X market
            > swap a M for=100s
              a save
              M restore 1 of version 1
                swapped with state `1`, 1 bytes
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! rolled back a: panic: panicked
              ! filled a1 10 @ 100 slippage 5 cost 7
              ! finished a1 filled 10/10
        "#]],
    );
}

#[test]
fn timers_and_subscription_are_put_back() {
    check(
        "
        stateful a
        stateful A
        a on start: subscribe X; timer every 60s 7; timer once 90s 8; timer once 300s 9
        A on trade X 101: timer every 1s 1; timer_cancel 1; subscribe Y
        A on trade X 102: panic
        start
        swap a A for=1000s
        trade X 101
        quiet A
        wait 200s
        trade X 102
        next
        trade Y 5
        wait 101s
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
              a (timer 2 is set)
              a (timer 3 is set)
            > swap a A for=1000s
              a save
              A restore 1 of version 1
                swapped with state `1`, 1 bytes
            > trade X 101
              A trade X 101
              A (timer 4 is set)
            > wait 200s
            > trade X 102
              A trade X 102
              a trade X 102
              ! rolled back a: panic: panicked
            > next
                next timer: 2024-01-02T14:33:20.000000001Z
            > trade Y 5
            > wait 101s
              a timer 8
              a timer 7
              a timer 7
              a timer 9
        "#]],
    );
}

#[test]
fn an_old_instance_that_fails_too_ends_the_strategy() {
    check(
        "
        stateful a
        stateful A
        a on trade X 101: fail as before
        A on trade X 101: panic
        trade X 100
        swap a A for=100s
        trade X 101
        trade X 102
        take a
        retired
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > swap a A for=100s
              a save
              A restore 1 of version 1
                swapped with state `1`, 1 bytes
            > trade X 101
              A trade X 101
              a trade X 101
              a error handler_error as before
              ! rolled back a: panic: panicked
              ! faulted a: handler_error: as before (in on_trade X)
            > trade X 102
            > take a
                taken
            > retired
                RolledBack
        "#]],
    );
}

#[test]
fn a_second_swap_guards_against_the_instance_in_place() {
    check(
        "
        stateful a
        stateful A
        stateful M
        M on trade X 102: panic
        swap a A for=100s
        trade X 101
        swap a M for=100s
        retired
        trade X 102
        retired
        ",
        expect![[r#"
            > swap a A for=100s
              a save
              A restore 0 of version 1
                swapped with state `0`, 1 bytes
            > trade X 101
              A trade X 101
            > swap a M for=100s
              A save
              M restore 1 of version 1
                swapped with state `1`, 1 bytes
            > retired
                Replaced
            > trade X 102
              M trade X 102
              A trade X 102
              ! rolled back a: panic: panicked
            > retired
                RolledBack
        "#]],
    );
}

#[test]
fn a_refused_second_swap_leaves_the_probation_as_it_was() {
    check(
        "
        stateful a
        stateful A
        M on restore: fail no
        A on trade X 102: panic
        swap a A for=100s
        swap a M for=100s
        trade X 102
        ",
        expect![[r#"
            > swap a A for=100s
              a save
              A restore 0 of version 1
                swapped with state `0`, 1 bytes
            > swap a M for=100s
              A save
              M restore 0 of version 1
                refused at restore: handler_error: no
            > trade X 102
              A trade X 102
              a trade X 102
              ! rolled back a: panic: panicked
        "#]],
    );
}

#[test]
fn a_fresh_start_that_fails_brings_back_the_old_instance_without_a_start() {
    check(
        "
        a on start: subscribe X; timer every 60s 7
        A on start: subscribe Y; panic
        start
        swap a A for=100s
        next
        trade Y 5
        retired
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
            > swap a A for=100s
                swapped with no state
              A start
              ! rolled back a: panic: panicked
            > next
                next timer: 2024-01-02T14:31:00Z
            > trade Y 5
            > retired
                RolledBack
        "#]],
    );
}

#[test]
fn it_ends_with_the_strategy_and_with_the_run() {
    check(
        "
        stateful a
        stateful A
        stateful b
        stateful B
        swap a A for=100s
        swap b B for=100s
        stop a
        retired
        exit
        retired
        ",
        expect![[r#"
            > swap a A for=100s
              a save
              A restore 0 of version 1
                swapped with state `0`, 1 bytes
            > swap b B for=100s
              b save
              B restore 0 of version 1
                swapped with state `0`, 1 bytes
            > stop a
              A exit requested
              ! stopped a: requested
            > retired
                Replaced
            > exit
              B exit data_ended
              ! exited
            > retired
                Replaced
        "#]],
    );
}

#[test]
fn a_death_between_two_calls_brings_back_the_old_instance() {
    check(
        "
        stateful a
        stateful A
        swap a A for=100s
        fail a its process died
        trade X 100
        fail a its process died
        fail a its process died
        ",
        expect![[r#"
            > swap a A for=100s
              a save
              A restore 0 of version 1
                swapped with state `0`, 1 bytes
            > fail a its process died
              ! rolled back a: panic: its process died
            > trade X 100
              a trade X 100
            > fail a its process died
              ! faulted a: panic: its process died
            > fail a its process died
        "#]],
    );
}

#[test]
fn too_many_refusals_bring_back_the_old_instance_which_is_not_blamed() {
    check(
        "
        stateful a
        stateful A
        A on rejected: buy 0
        A on trade X 101: buy 0
        trade X 100
        swap a A for=100s
        trade X 101
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > swap a A for=100s
              a save
              A restore 1 of version 1
                swapped with state `1`, 1 bytes
            > trade X 101
              A trade X 101
              A rejected a1 denied 0/0 bad_quantity
                … and 999 more such lines
              a rejected a1001 denied 0/0 bad_quantity
              ! finished a1 denied 0/0 bad_quantity
                … and 1000 more such lines
              ! rolled back a: host_limit: more than 1000 requests were refused in one step (expected: no new order for every refusal)
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 1003 events 1001 orders 1001 denials, pnl 0
        "#]],
    );
}

#[test]
fn too_many_timer_firings_bring_back_the_old_instance() {
    check(
        "
        stateful a
        stateful A
        quiet A
        A on trade X 100: timer every 1ns 1
        swap a A for=100s
        trade X 100
        sleep 1s
        timers
        trade X 101
        ",
        expect![[r#"
            > swap a A for=100s
              a save
              A restore 0 of version 1
                swapped with state `0`, 1 bytes
            > trade X 100
              A trade X 100
              A (timer 1 is set)
            > sleep 1s
            > timers
              ! rolled back a: host_limit: its timers fired more than 1000000 times between two events (expected: longer intervals)
            > trade X 101
              a trade X 101
        "#]],
    );
}

#[test]
fn without_events_or_time_there_is_none() {
    check(
        "
        stateful a
        stateful A
        trade X 100
        swap a A events=0 for=9s
        retired
        swap a A events=9
        retired
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > swap a A events=0 for=9s
              a save
              A restore 1 of version 1
                swapped with state `1`, 1 bytes
            > retired
                Replaced
            > swap a A events=9
              A save
              A restore 1 of version 1
                swapped with state `1`, 1 bytes
            > retired
                Replaced
        "#]],
    );
}
