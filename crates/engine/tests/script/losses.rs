//! Losses, commands and sessions: what may be traded, and how strategies hear of it.

use expect_test::expect;

use crate::check;

#[test]
fn the_loss_of_a_day_halts_beyond_its_limit_and_the_next_day_goes_on() {
    check(
        "
        limits max_daily_loss=50
        a on trade X 100: buy 10
        a on trade X 94: buy 1 @ 90; cancel a2
        a on trade X 95: buy 2 @ 90
        trade X 100
        bought a1 10 @ 100 trade=1
        trade X 95
        trade X 94
        trade X 99
        sleep 40000s
        trade X 90
        sleep 86400s
        trade X 95
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
            > trade X 95
              a trade X 95
              ! submit a2 buy 2 X limit @ 90
            > trade X 94
              a halt - max_daily_loss
              a trade X 94
              a rejected a3 denied 0/1 max_daily_loss
              ! trading of run is halted (max_daily_loss)
              ! finished a3 denied 0/1 max_daily_loss
              ! cancel a2
            > trade X 99
              a trade X 99
            > sleep 40000s
            > trade X 90
              a trade X 90
            > sleep 86400s
            > trade X 95
              a continue - none
              a trade X 95
              ! trading of run is active (none)
              ! submit a4 buy 2 X limit @ 90
            > show
                cash 0 equity 950 realized 0 fees 0
                a started, 10 events 4 orders 1 denials, pnl -50; X 10
                a2 pending_cancel 0/2
                a4 pending_new 0/2
        "#]],
    );
}

#[test]
fn a_drawdown_of_a_strategy_reduces_it_and_nobody_else_until_a_command() {
    check(
        "
        limits a max_drawdown=30/reducing
        a on trade X 100: buy 10
        b on trade X 100: buy 10
        a on trade X 107: buy 1; sell 3; sell 8; close_all
        b on trade X 107: buy 1
        a on trade X 106: buy 1
        trade X 100
        bought a1 10 @ 100 trade=1
        bought b1 10 @ 100 trade=2
        trade X 110
        sleep 86400s
        trade X 107
        trade X 106
        trading a active
        trade X 105
        trade X 102
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              ! submit a1 buy 10 X market
              ! submit b1 buy 10 X market
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > bought b1 10 @ 100 trade=2
              b bought b1 filled 10/10: 10 @ 100
              ! filled b1 10 @ 100
              ! finished b1 filled 10/10
            > trade X 110
              a trade X 110
              b trade X 110
            > sleep 86400s
            > trade X 107
              a trade X 107
              b trade X 107
              ! submit a2 buy 1 X market
              ! submit a3 sell 3 X market
              ! submit a4 sell 8 X market
              ! cancel a2
              ! cancel a3
              ! cancel a4
              ! submit a5 sell 10 X market
              ! submit b2 buy 1 X market
            > trade X 106
              a halt - max_drawdown
              a trade X 106
              b trade X 106
              a rejected a6 denied 0/1 max_drawdown
              ! trading of a is reducing (max_drawdown)
              ! finished a6 denied 0/1 max_drawdown
            > trading a active
              a continue - none
              ! trading of a is active (none)
            > trade X 105
              a trade X 105
              b trade X 105
            > trade X 102
              a halt - max_drawdown
              a trade X 102
              b trade X 102
              ! trading of a is reducing (max_drawdown)
        "#]],
    );
}

#[test]
fn a_loss_limit_with_an_exit_routine_closes_what_is_open() {
    check(
        "
        limits max_daily_loss=10/halted/close_all
        a on trade X 100: buy 4; buy 1 @ 90
        b on trade X 100: sell 2
        trade X 100
        bought a1 4 @ 100 trade=1
        sold b1 2 @ 100 trade=2
        trade X 94
        sold a3 4 @ 94 trade=3
        bought b2 2 @ 94 trade=4
        canceled a2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              ! submit a1 buy 4 X market
              ! submit a2 buy 1 X limit @ 90
              ! submit b1 sell 2 X market
            > bought a1 4 @ 100 trade=1
              a bought a1 filled 4/4: 4 @ 100
              ! filled a1 4 @ 100
              ! finished a1 filled 4/4
            > sold b1 2 @ 100 trade=2
              b sold b1 filled 2/2: 2 @ 100
              ! filled b1 2 @ 100
              ! finished b1 filled 2/2
            > trade X 94
              a halt - max_daily_loss
              b halt - max_daily_loss
              a trade X 94
              b trade X 94
              ! trading of run is halted (max_daily_loss)
              ! cancel a2
              ! submit a3 sell 4 X market
              ! submit b2 buy 2 X market
            > sold a3 4 @ 94 trade=3
              a sold a3 filled 4/4: 4 @ 94
              ! filled a3 4 @ 94
              ! finished a3 filled 4/4
            > bought b2 2 @ 94 trade=4
              b bought b2 filled 2/2: 2 @ 94
              ! filled b2 2 @ 94
              ! finished b2 filled 2/2
            > canceled a2
              a canceled a2 canceled 0/1
              ! finished a2 canceled 0/1
            > show
                cash 988 equity 988 realized -12 fees 0
                a started, 6 events 3 orders 0 denials, pnl -24; X 0
                b started, 5 events 2 orders 0 denials, pnl 12; X 0
        "#]],
    );
}

#[test]
fn a_fill_with_its_costs_may_break_a_loss_limit() {
    check(
        "
        limits max_drawdown=2/halted/cancel_all
        costs
        a on trade X 100: buy 1; buy 1 @ 90
        trade X 100
        bought a1 1 @ 100 trade=1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 1 X market
              ! submit a2 buy 1 X limit @ 90
            > bought a1 1 @ 100 trade=1
              a bought a1 filled 1/1: 1 @ 100
              a halt - max_drawdown
              ! filled a1 1 @ 100 slippage 1 cost 2
              ! finished a1 filled 1/1
              ! trading of run is halted (max_drawdown)
              ! cancel a2
        "#]],
    );
}

#[test]
fn the_loss_of_an_instrument_stops_that_instrument() {
    check(
        "
        limits X max_daily_loss=10
        a on trade X 100: buy 4; buy 4 Y @ 50
        a on trade X 97: buy 1; buy 1 Y
        trade X 100
        bought a1 4 @ 100 trade=1
        bought a2 4 @ 50 trade=2
        trade Y 40
        trade X 97
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 4 X market
              ! submit a2 buy 4 Y limit @ 50
            > bought a1 4 @ 100 trade=1
              a bought a1 filled 4/4: 4 @ 100
              ! filled a1 4 @ 100
              ! finished a1 filled 4/4
            > bought a2 4 @ 50 trade=2
              a bought a2 filled 4/4: 4 @ 50
              ! filled a2 4 @ 50
              ! finished a2 filled 4/4
            > trade Y 40
              a trade Y 40
            > trade X 97
              a halt X max_daily_loss
              a trade X 97
              a rejected a3 denied 0/1 max_daily_loss
              ! trading of X is halted (max_daily_loss)
              ! finished a3 denied 0/1 max_daily_loss
              ! submit a4 buy 1 Y market
        "#]],
    );
}

#[test]
fn the_kill_switch_closes_everything_and_halts_until_a_command() {
    check(
        "
        a on trade X 100: buy 4; buy 1 @ 90
        b on trade X 100: buy 1 Y @ 10; stop enough
        a on trade X 101: buy 1; close_all
        a on halt: buy 1
        a on continue: buy 2
        trade X 100
        bought a1 4 @ 100 trade=1
        bought b1 1 @ 10 trade=2
        trading run halted close_all
        trade X 101
        trading run active
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              b exit strategy_stopped
              ! submit a1 buy 4 X market
              ! submit a2 buy 1 X limit @ 90
              ! submit b1 buy 1 Y limit @ 10
              ! stopped b: enough
              ! cancel b1
            > bought a1 4 @ 100 trade=1
              a bought a1 filled 4/4: 4 @ 100
              ! filled a1 4 @ 100
              ! finished a1 filled 4/4
            > bought b1 1 @ 10 trade=2
              ! filled b1 1 @ 10
              ! finished b1 filled 1/1
            > trading run halted close_all
              a halt - requested
              a rejected a3 denied 0/1 halted
              ! trading of run is halted (requested)
              ! cancel a2
              ! submit a4 sell 4 X market
              ! submit b2 sell 1 Y market
              ! finished a3 denied 0/1 halted
            > trade X 101
              a trade X 101
              a rejected a5 denied 0/1 halted
              ! finished a5 denied 0/1 halted
            > trading run active
              a continue - none
              ! trading of run is active (none)
              ! submit a6 buy 2 X market
        "#]],
    );
}

#[test]
fn a_strategy_trades_by_the_stricter_of_its_own_state_and_the_runs() {
    check(
        "
        a on trade X 100: buy 1
        b on trade X 100: buy 1
        trading a halted
        trading run reducing
        trading a reducing
        trade X 100
        trading run active
        trading a active
        trading Y halted
        trading Y active
        ",
        expect![[r#"
            > trading a halted
              a halt - requested
              ! trading of a is halted (requested)
            > trading run reducing
              b halt - requested
              ! trading of run is reducing (requested)
            > trading a reducing
              a continue - requested
              ! trading of a is reducing (requested)
            > trade X 100
              a trade X 100
              b trade X 100
              a rejected a1 denied 0/1 reducing
              b rejected b1 denied 0/1 reducing
              ! finished a1 denied 0/1 reducing
              ! finished b1 denied 0/1 reducing
            > trading run active
              b continue - none
              ! trading of run is active (none)
            > trading a active
              a continue - none
              ! trading of a is active (none)
            > trading Y halted
              a halt Y requested
              b halt Y requested
              ! trading of Y is halted (requested)
            > trading Y active
              a continue Y none
              b continue Y none
              ! trading of Y is active (none)
        "#]],
    );
}

#[test]
fn a_halt_of_an_exchange_is_not_lifted_by_a_command_and_not_the_other_way_round() {
    check(
        "
        a on trade X 100: buy 1
        halt X
        trading X halted
        continue X
        trade X 100
        trading X active
        trade X 100
        halt X
        trading run active
        trade X 100
        ",
        expect![[r#"
            > halt X
              a halt X requested
            > trading X halted
              a halt X requested
              ! trading of X is halted (requested)
            > continue X
              a continue X requested
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/1 halted
              ! finished a1 denied 0/1 halted
            > trading X active
              a continue X none
              ! trading of X is active (none)
            > trade X 100
              a trade X 100
              ! submit a2 buy 1 X market
            > halt X
              a halt X requested
            > trading run active
              ! trading of run is active (none)
            > trade X 100
              a trade X 100
              a rejected a3 denied 0/1 halted
              ! finished a3 denied 0/1 halted
        "#]],
    );
}

#[test]
fn outside_of_a_session_nothing_is_sent_and_the_exit_routine_runs_before_its_close() {
    check(
        "
        limits X trading_hours=14-15/600s/close_all
        a on trade X 100: buy 2; buy 1 @ 90; buy 1 Y
        start
        trade X 100
        bought a1 2 @ 100 trade=1
        next
        wait 1200s
        trade X 100
        canceled a2
        sold a4 2 @ 100 trade=2
        next
        wait 84600s
        trade X 100
        ",
        expect![[r#"
            > start
              a start
            > trade X 100
              a trade X 100
              ! submit a1 buy 2 X market
              ! submit a2 buy 1 X limit @ 90
              ! submit a3 buy 1 Y market
            > bought a1 2 @ 100 trade=1
              a bought a1 filled 2/2: 2 @ 100
              ! filled a1 2 @ 100
              ! finished a1 filled 2/2
            > next
                next timer: 2024-01-02T14:50:00Z
            > wait 1200s
              a halt X trading_hours
              ! session of X is over
              ! cancel a2
              ! submit a4 sell 2 X market
            > trade X 100
              a trade X 100
              a rejected a5 denied 0/2 trading_hours
              a rejected a6 denied 0/1 trading_hours
              ! finished a5 denied 0/2 trading_hours
              ! finished a6 denied 0/1 trading_hours
              ! submit a7 buy 1 Y market
            > canceled a2
              a canceled a2 canceled 0/1
              ! finished a2 canceled 0/1
            > sold a4 2 @ 100 trade=2
              a sold a4 filled 2/2: 2 @ 100
              ! filled a4 2 @ 100
              ! finished a4 filled 2/2
            > next
                next timer: 2024-01-03T14:00:00Z
            > wait 84600s
              a continue X trading_hours
            > trade X 100
              a trade X 100
              ! submit a8 buy 2 X market
              ! submit a9 buy 1 X limit @ 90
              ! submit a10 buy 1 Y market
        "#]],
    );
}

#[test]
fn the_hours_of_run_strategy_and_instrument_are_told_once_each_as_they_end_and_begin() {
    check(
        "
        limits trading_hours=14-15
        limits b trading_hours=9-20
        limits X trading_hours=14-16
        a on start: subscribe Y
        b on start: subscribe X
        start
        wait 86400s
        trading run halted
        wait 3600s
        ",
        expect![[r#"
            > start
              a start
              b start
            > wait 86400s
              a halt - trading_hours
              b halt - trading_hours
              ! session of run is over
              b halt X trading_hours
              ! session of X is over
              ! session of b is over
              b continue X trading_hours
              a continue - trading_hours
              b continue - trading_hours
            > trading run halted
              a halt - requested
              b halt - requested
              ! trading of run is halted (requested)
            > wait 3600s
              a halt - trading_hours
              b halt - trading_hours
              ! session of run is over
        "#]],
    );
}

#[test]
fn who_starts_outside_of_a_session_is_told_after_its_start_and_limits_that_go_let_it_go_on() {
    check(
        "
        limits X trading_hours=15-16
        limits a trading_hours=15-16
        a on start: subscribe X
        start
        set a
        set X
        trade Y 1
        ",
        expect![[r#"
            > start
              a start
              a halt X trading_hours
              a halt - trading_hours
            > set a
            > set X
            > trade Y 1
              a continue X trading_hours
              a continue - trading_hours
        "#]],
    );
}

#[test]
fn a_run_that_starts_outside_of_a_session_closes_nothing() {
    check(
        "
        limits trading_hours=9-10/0s/close_all
        limits a trading_hours=14-15
        a on trade X 100: buy 2
        trade X 100
        next
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/2 trading_hours
              ! finished a1 denied 0/2 trading_hours
            > next
                next timer: 2024-01-02T15:00:00Z
        "#]],
    );
}

#[test]
fn a_timer_before_the_close_fires_in_every_session() {
    check(
        "
        limits X trading_hours=14-15
        a on start: timer before_close X 900s 1; timer before_close Y 60s 2; timer before_close X 3600s 3
        start
        next
        wait 86400s
        next
        ",
        expect![[r#"
            > start
              a start
              a (timer 1 is set)
              a (`timer before_close Y 60s 2` was refused)
              a (timer 2 is set)
            > next
                next timer: 2024-01-02T14:45:00Z
            > wait 86400s
              a timer 1
              a halt X trading_hours
              ! session of X is over
              a continue X trading_hours
              a timer 3
            > next
                next timer: 2024-01-03T14:45:00Z
        "#]],
    );
}
