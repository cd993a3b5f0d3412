//! A new instance takes over between two inputs, or the old one stays.

use expect_test::expect;

use crate::check;

#[test]
fn the_state_goes_over_and_there_is_no_start() {
    check(
        "
        stateful a
        stateful A
        trade X 100
        trade X 101
        swap a A
        trade X 102
        swap a A
        retired
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > trade X 101
              a trade X 101
            > swap a A
              a save
              A restore 2 of version 1
                swapped with state `2`, 1 bytes
            > trade X 102
              A trade X 102
            > swap a A
              A save
              A restore 3 of version 1
                swapped with state `3`, 1 bytes
            > retired
                Replaced
                Replaced
        "#]],
    );
}

#[test]
fn orders_positions_timers_and_subscription_survive() {
    check(
        "
        stateful a
        stateful A
        a on start: subscribe X; timer every 60s 7
        a on trade X 100: buy 10 @ 99
        A on timer 7: buy 1
        A on trade X 101: cancel a1
        start
        trade X 100
        received a1
        bought a1 4 @ 99 trade=1
        swap a A
        trade Y 5
        wait 60s
        trade X 101
        bought a1 1 @ 99 trade=2
        show
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 99
            > received a1
              a received a1 open 0/10
            > bought a1 4 @ 99 trade=1
              a bought a1 partially_filled 4/10: 4 @ 99
              ! filled a1 4 @ 99
            > swap a A
              a save
              A restore 2 of version 1
                swapped with state `2`, 1 bytes
            > trade Y 5
            > wait 60s
              A timer 7
              ! submit a2 buy 1 X market
            > trade X 101
              A trade X 101
              ! cancel a1
            > bought a1 1 @ 99 trade=2
              A bought a1 pending_cancel 5/10: 1 @ 99
              ! filled a1 1 @ 99
            > show
                cash 505 equity 1000 realized 0 fees 0
                a started, 7 events 2 orders 0 denials, pnl 0; X 5
                a1 pending_cancel 5/10
                a2 pending_new 0/1
        "#]],
    );
}

#[test]
fn a_strategy_without_state_starts_anew_and_its_orders_stay() {
    check(
        "
        a on start: subscribe X; timer every 60s 7
        a on trade X 100: buy 10 @ 99
        start
        trade X 100
        swap a A
        next
        trade Y 5
        wait 60s
        show
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 99
            > swap a A
                swapped with no state
              A start
            > next
                next timer: none
            > trade Y 5
              A trade Y 5
            > wait 60s
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 4 events 1 orders 0 denials, pnl 0
                a1 pending_new 0/10
        "#]],
    );
}

#[test]
fn an_unknown_version_keeps_the_old_instance() {
    check(
        "
        stateful a
        stateful A
        trade X 100
        swap a A version=3 accepts=1-2
        swap a A version=1 accepts=2-3
        trade X 101
        retired
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > swap a A version=3 accepts=1-2
              a save
                refused at version: handler_error: the state has version 3 (accepted: 1 to 2)
            > swap a A version=1 accepts=2-3
              a save
                refused at version: handler_error: the state has version 1 (accepted: 2 to 3)
            > trade X 101
              a trade X 101
            > retired
        "#]],
    );
}

#[test]
fn a_refused_state_keeps_the_old_instance_with_all_it_has() {
    check(
        "
        stateful a
        stateful A
        a on start: subscribe X; timer every 60s 7
        A on restore: fail not mine
        start
        swap a A for=100s
        trade Y 5
        wait 60s
        retired
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
            > swap a A for=100s
              a save
              A restore 1 of version 1
                refused at restore: handler_error: not mine
            > trade Y 5
            > wait 60s
              a timer 7
            > retired
        "#]],
    );
}

#[test]
fn a_refused_state_starts_a_fresh_instance_where_that_is_the_policy() {
    check(
        "
        stateful a
        stateful A
        stateful M
        a on start: subscribe X; timer every 60s 7
        A on restore: fail not mine
        start
        swap a A fresh=M
        next
        trade Y 5
        retired
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
            > swap a A fresh=M
              a save
              A restore 1 of version 1
                swapped without state `1`: handler_error: not mine
              M start
            > next
                next timer: none
            > trade Y 5
              M trade Y 5
            > retired
                RestoreRefused
                Replaced
        "#]],
    );
}

#[test]
fn an_unknown_version_starts_a_fresh_instance_where_that_is_the_policy() {
    check(
        "
        stateful a
        trade X 100
        swap a A fresh=M version=9
        trade X 101
        retired
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > swap a A fresh=M version=9
              a save
                swapped without state `1`: handler_error: the state has version 9 (accepted: 1 to 1)
              M start
            > trade X 101
              M trade X 101
            > retired
                RestoreRefused
                Replaced
        "#]],
    );
}

#[test]
fn a_spare_that_is_not_needed_is_handed_out() {
    check(
        "
        stateful a
        stateful A
        trade X 100
        swap a A fresh=M
        retired
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > swap a A fresh=M
              a save
              A restore 1 of version 1
                swapped with state `1`, 1 bytes
            > retired
                Unused
                Replaced
        "#]],
    );
}

#[test]
fn an_instance_that_cannot_be_quiet_or_save_goes_on() {
    check(
        "
        stateful a
        stateful b
        a on quiesce: fail busy
        b on save: fail no room
        trade X 100
        swap a A
        swap b B fresh=M
        trade X 101
        retired
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
            > swap a A
                refused at quiesce: handler_error: busy
            > swap b B fresh=M
              b save
                refused at save: handler_error: no room, with a spare
            > trade X 101
              a trade X 101
              b trade X 101
            > retired
        "#]],
    );
}

#[test]
fn a_panic_while_it_saves_ends_the_old_instance() {
    check(
        "
        stateful a
        a on trade X 100: buy 10 @ 99
        a on save: panic
        trade X 100
        swap a A
        trade X 101
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 99
            > swap a A
              a save
                refused at save: panic: panicked
              ! faulted a: panic: panicked
              ! cancel a1
            > trade X 101
        "#]],
    );
}

#[test]
fn between_two_inputs_requests_are_refused() {
    check(
        "
        stateful a
        stateful A
        a on quiesce: buy 1; cancel a1; change a1 1 @ 1; cancel_all; close_all; subscribe X; timer once 5s 1; timer_cancel 1; stop; shutdown; metric m 1
        a on save: buy 1
        A on restore: buy 1; stop
        start
        swap a A
        trade Y 5
        show
        ",
        expect![[r#"
            > start
              a start
            > swap a A
              a (`buy 1` was refused)
              a (`cancel a1` was refused)
              a (`change a1 1 @ 1` was refused)
              a (`cancel_all` was refused)
              a (`close_all` was refused)
              a (`subscribe X` was refused)
              a (`timer once 5s 1` was refused)
              a (`timer_cancel 1` was refused)
              a save
              a (`buy 1` was refused)
              A restore 1 of version 1
              A (`buy 1` was refused)
                swapped with state `1`, 1 bytes
            > trade Y 5
              A trade Y 5
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 2 events 0 orders 0 denials, pnl 0
        "#]],
    );
}

#[test]
fn neither_an_ended_strategy_nor_an_exiting_run_is_swapped() {
    check(
        "
        stateful a
        stateful A
        stateful b
        stop a
        swap a A
        swap c A
        exit
        swap b B
        ",
        expect![[r#"
            > stop a
              a exit requested
              ! stopped a: requested
            > swap a A
                refused at state: strategy_stopped: strategy a has ended (expected: a started strategy)
            > swap c A
                refused at state: strategy_stopped: strategy 2 was never added
            > exit
              b exit data_ended
              ! exited
            > swap b B
                refused at state: strategy_stopped: strategy b stays as it is because the run ends
        "#]],
    );
}

#[test]
fn states_are_saved_while_a_strategy_runs_and_after_it_stopped() {
    check(
        "
        stateful a
        stateful c
        c on save: fail not now
        trade X 100
        save a
        save b
        save c
        trade X 101
        stop a
        save a
        fail c died
        save c
        save x
        b on x: buy 1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              c trade X 100
            > save a
              a save
                state `1`
            > save b
                no state
            > save c
              c save
                not saved: handler_error: not now
            > trade X 101
              a trade X 101
              b trade X 101
              c trade X 101
            > stop a
              a exit requested
              ! stopped a: requested
            > save a
              a save
                state `3`
            > fail c died
              ! faulted c: panic: died
            > save c
                not saved: strategy_stopped: a strategy that failed is not saved (panic: died)
            > save x
                not saved: strategy_stopped: strategy 23 was never added
        "#]],
    );
}
