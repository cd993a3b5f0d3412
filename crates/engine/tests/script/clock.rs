//! Timers, sequence numbers, the end of the run, subscriptions.

use expect_test::expect;

use crate::check;

#[test]
fn ten_minutes_are_600_seconds() {
    check(
        "
        a on start: timer every 600s 7
        start
        next
        wait 599s
        wait 1s
        wait 1200s
        next
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
            > next
                next timer: 2024-01-02T14:40:00Z
            > wait 599s
            > wait 1s
              a timer 7
            > wait 1200s
              a timer 7
              a timer 7
            > next
                next timer: 2024-01-02T15:10:00Z
        "#]],
    );
}

#[test]
fn a_wall_time_fires_when_the_clock_matches() {
    check(
        "
        a on start: timer at 14 31 -1 1; timer at -1 0 0 2; timer at 24 0 0 3
        start
        next
        wait 60s
        wait 1s
        next
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
              a (timer 2 is set)
              a (`timer at 24 0 0 3` was refused)
            > next
                next timer: 2024-01-02T14:31:00Z
            > wait 60s
              a timer 1
            > wait 1s
              a timer 1
            > next
                next timer: 2024-01-02T14:31:02Z
        "#]],
    );
}

#[test]
fn a_once_timer_set_for_now_fires_later_and_does_not_loop() {
    check(
        "
        a on start: timer once 0s 1
        a on timer: timer once 0s 2
        start
        next
        timers
        wait 2ns
        next
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
            > next
                next timer: 2024-01-02T14:30:00.000000001Z
            > timers
            > wait 2ns
              a timer 1
              a (timer 2 is set)
              a timer 2
              a (timer 3 is set)
            > next
                next timer: 2024-01-02T14:30:00.000000003Z
        "#]],
    );
}

#[test]
fn a_canceled_timer_does_not_fire() {
    check(
        "
        a on start: timer every 10s 1; timer once 5s 2; timer_cancel 1; timer_cancel 9
        b on start: timer_cancel 2
        start
        wait 60s
        next
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
              a (timer 2 is set)
              a (`timer_cancel 9` was refused)
              b start
              b (`timer_cancel 2` was refused)
            > wait 60s
              a timer 2
            > next
                next timer: none
        "#]],
    );
}

#[test]
fn late_timers_fire_each_with_its_own_due_time() {
    check(
        "
        a on start: timer every 10s 1
        b on start: timer every 15s 2
        start
        wait 30s
        next
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
              b start
              b (timer 2 is set)
            > wait 30s
              a timer 1
              b timer 2
              a timer 1
              a timer 1
              b timer 2
            > next
                next timer: 2024-01-02T14:30:40Z
        "#]],
    );
}

#[test]
fn more_than_a_million_firings_between_two_events_fail_the_strategy() {
    check(
        "
        quiet a
        a on start: timer every 1ns 1
        b on start: timer every 1s 2
        start
        sleep 1000000ns
        timers
        show
        sleep 1ns
        timers
        show
        sleep 1s
        timers
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
              b start
              b (timer 2 is set)
            > sleep 1000000ns
            > timers
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 1000001 events 0 orders 0 denials, pnl 0
                b started, 1 events 0 orders 0 denials, pnl 0
            > sleep 1ns
            > timers
              ! faulted a: host_limit: its timers fired more than 1000000 times between two events (expected: longer intervals)
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a faulted (host_limit: its timers fired more than 1000000 times between two events (expected: longer intervals)), 1000001 events 0 orders 0 denials, pnl 0
                b started, 1 events 0 orders 0 denials, pnl 0
            > sleep 1s
            > timers
              b timer 2
        "#]],
    );
}

#[test]
fn an_event_starts_the_count_of_firings_anew() {
    check(
        "
        quiet a
        a on start: timer every 2ns 1
        start
        sleep 1000000ns
        timers
        trade X 100
        sleep 1200000ns
        timers
        show
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
            > sleep 1000000ns
            > timers
            > trade X 100
              a trade X 100
            > sleep 1200000ns
            > timers
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 1100002 events 0 orders 0 denials, pnl 0
        "#]],
    );
}

#[test]
fn sequence_numbers_must_rise() {
    check(
        "
        a on trade X 100: buy 1
        trade X 100
        seq 1
        trade X 101
        seq 5
        trade X 102
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 1 X market
            > seq 1
            > trade X 101
              ! error BadInput: engine at 2024-01-02T14:30:00Z: an input is not acceptable: sequence number 1 after 1
            > seq 5
            > trade X 102
              a trade X 102
        "#]],
    );
}

#[test]
fn an_unknown_instrument_in_a_market_event_is_bad_input() {
    check(
        "
        a on trade X 100: buy 1
        trade ? 100
        ",
        expect![[r#"
            > trade ? 100
              ! error BadInput: engine at 2024-01-02T14:30:00Z: an input is not acceptable: an event of instrument 99, which was never added
        "#]],
    );
}

#[test]
fn exit_reaches_every_strategy_cancels_go_out_and_nothing_new() {
    check(
        "
        a on trade X 100: buy 10 @ 100; timer every 1s 1
        a on exit: buy 5; change a1 12 @ 100; close_all
        b on exit: cancel_all; stop bye
        b on trade X 100: buy 1 @ 90
        trade X 100
        bought a1 4 @ 100 trade=1
        exit
        next
        canceled a1
        canceled b1
        trade X 100
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a (timer 1 is set)
              b trade X 100
              ! submit a1 buy 10 X limit @ 100
              ! submit b1 buy 1 X limit @ 90
            > bought a1 4 @ 100 trade=1
              a bought a1 partially_filled 4/10: 4 @ 100
              ! filled a1 4 @ 100
            > exit
              a exit data_ended
              b exit data_ended
              a rejected a2 denied 0/5 run_ended
              a request_rejected a1 pending_cancel 4/10 run_ended
              a rejected a3 denied 0/4 run_ended
              ! cancel a1
              ! cancel b1
              ! exited
              ! finished a2 denied 0/5 run_ended
              ! denied change of a1 buy 12 X to 0: run_ended
              ! finished a3 denied 0/4 run_ended
              ! stopped b: bye
            > next
                next timer: none
            > canceled a1
              a canceled a1 canceled 4/10
              ! finished a1 canceled 4/10
            > canceled b1
              ! finished b1 canceled 0/1
            > trade X 100
              a trade X 100
              a (timer 2 is set)
              a rejected a4 denied 0/10 run_ended
              ! finished a4 denied 0/10 run_ended
            > show
                cash 600 equity 1000 realized 0 fees 0
                a started, 9 events 4 orders 3 denials, pnl 0; X 4
                b stopped (bye), 2 events 1 orders 0 denials, pnl 0
        "#]],
    );
}

#[test]
fn a_strategy_that_never_subscribed_gets_everything() {
    check(
        "
        b on start: subscribe Y
        c on start: subscribe Y trades; subscribe Z
        start
        trade X 1
        trade Y 2
        quote Y 3
        bar Y 4
        trade Z 5
        feed open X
        feed open Y
        halt X
        halt
        ",
        expect![[r#"
            > start
              a start
              b start
              c start
            > trade X 1
              a trade X 1
            > trade Y 2
              a trade Y 2
              b trade Y 2
              c trade Y 2
            > quote Y 3
              a quote Y 3
              b quote Y 3
            > bar Y 4
              a bar Y 4
              b bar Y 4
            > trade Z 5
              a trade Z 5
              c trade Z 5
            > feed open X
              a open #0 open 0/0
            > feed open Y
              a open #0 open 0/0
              b open #0 open 0/0
            > halt X
              a halt X requested
            > halt
              a halt - requested
              b halt - requested
              c halt - requested
        "#]],
    );
}

#[test]
fn an_unknown_instrument_cannot_be_subscribed() {
    check(
        "
        a on start: subscribe ?; subscribe -
        start
        trade X 100
        ",
        expect![[r#"
            > start
              a start
              a (`subscribe ?` was refused)
            > trade X 100
              a trade X 100
        "#]],
    );
}
