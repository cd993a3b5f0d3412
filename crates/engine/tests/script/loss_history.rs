//! Limits on losses that come and go while the run goes on: what was lost before counts.

use expect_test::expect;

use crate::check;

#[test]
fn a_limit_that_is_set_later_knows_what_was_lost_before_it() {
    check(
        "
        a on trade X 100: buy 10
        trade X 100
        bought a1 10 @ 100 trade=1
        trade X 108
        trade X 101
        sleep 86400s
        trade X 99
        set run max_daily_loss=30 max_drawdown=95
        set a max_daily_loss=30 max_drawdown=95
        set X max_daily_loss=30 max_drawdown=85
        used run
        used a
        used X
        trade Y 1
        trade X 98
        trade X 97
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X market
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > trade X 108
              a trade X 108
            > trade X 101
              a trade X 101
            > sleep 86400s
            > trade X 99
              a trade X 99
            > set run max_daily_loss=30 max_drawdown=95
            > set a max_daily_loss=30 max_drawdown=95
            > set X max_daily_loss=30 max_drawdown=85
            > used run
                max_daily_loss: 20 of 30
                max_drawdown: 90 of 95
            > used a
                max_daily_loss: 20 of 30
                max_drawdown: 90 of 95
            > used X
                max_daily_loss: 20 of 30
                max_drawdown: 90 of 85
            > trade Y 1
              a halt X max_drawdown
              a trade Y 1
              ! trading of X is halted (max_drawdown)
            > trade X 98
              a halt - max_drawdown
              a trade X 98
              ! trading of run is halted (max_drawdown)
              ! trading of a is halted (max_drawdown)
            > trade X 97
              a trade X 97
              ! trading of run is halted (max_daily_loss)
              ! trading of a is halted (max_daily_loss)
              ! trading of X is halted (max_daily_loss)
        "#]],
    );
}

#[test]
fn a_limit_that_is_set_after_a_command_counts_from_the_command() {
    check(
        "
        a on trade X 100: buy 10
        trade X 100
        bought a1 10 @ 100 trade=1
        trade X 108
        trade X 97
        trading X active
        trade X 98
        trade X 96
        set X max_daily_loss=30 max_drawdown=30
        set run max_daily_loss=80
        used X
        used run
        sleep 86400s
        trade Y 1
        used X
        used run
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X market
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > trade X 108
              a trade X 108
            > trade X 97
              a trade X 97
            > trading X active
              ! trading of X is active (none)
            > trade X 98
              a trade X 98
            > trade X 96
              a trade X 96
            > set X max_daily_loss=30 max_drawdown=30
            > set run max_daily_loss=80
            > used X
                max_daily_loss: 10 of 30
                max_drawdown: 20 of 30
            > used run
                max_daily_loss: 40 of 80
            > sleep 86400s
            > trade Y 1
              a trade Y 1
            > used X
                max_daily_loss: 0 of 30
                max_drawdown: 20 of 30
            > used run
                max_daily_loss: 0 of 80
        "#]],
    );
}

#[test]
fn a_limit_that_is_taken_away_and_set_again_counts_on() {
    check(
        "
        limits max_daily_loss=50
        limits X max_drawdown=45
        a on trade X 100: buy 10
        trade X 100
        bought a1 10 @ 100 trade=1
        trade X 96
        set run
        set X
        trade X 104
        sleep 86400s
        trade X 101
        set run max_daily_loss=50
        set X max_drawdown=45
        used run
        used X
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X market
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > trade X 96
              a trade X 96
            > set run
            > set X
            > trade X 104
              a trade X 104
            > sleep 86400s
            > trade X 101
              a trade X 101
            > set run max_daily_loss=50
            > set X max_drawdown=45
            > used run
                max_daily_loss: 30 of 50
            > used X
                max_drawdown: 30 of 45
        "#]],
    );
}

#[test]
fn what_a_limit_stopped_that_is_taken_away_ends_with_the_day_or_by_a_command() {
    check(
        "
        limits max_daily_loss=10
        limits X max_drawdown=10
        a on trade X 100: buy 10
        trade X 100
        bought a1 10 @ 100 trade=1
        trade X 98
        set run
        set X
        trade X 100
        sleep 86400s
        trade X 100
        trading X active
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X market
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > trade X 98
              a halt X max_drawdown
              a halt - max_daily_loss
              a trade X 98
              ! trading of run is halted (max_daily_loss)
              ! trading of X is halted (max_drawdown)
            > set run
            > set X
            > trade X 100
              a trade X 100
              a rejected a2 denied 0/10 max_daily_loss
              ! finished a2 denied 0/10 max_daily_loss
            > sleep 86400s
            > trade X 100
              a continue - none
              a trade X 100
              a rejected a3 denied 0/10 max_drawdown
              ! trading of run is active (none)
              ! finished a3 denied 0/10 max_drawdown
            > trading X active
              a continue X none
              ! trading of X is active (none)
            > trade X 100
              a trade X 100
              ! submit a4 buy 10 X market
        "#]],
    );
}

#[test]
fn the_positions_that_one_price_revalues_make_no_peak_of_their_own() {
    check(
        "
        hedging
        a on trade X 100: buy 10; sell 10
        trade X 100
        bought a1 10 @ 100 trade=1
        sold a2 10 @ 100 trade=2
        trade X 150
        set run max_drawdown=1
        set a max_drawdown=1
        set X max_drawdown=1
        used run
        used a
        used X
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X market
              ! submit a2 sell 10 X market
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > sold a2 10 @ 100 trade=2
              a sold a2 filled 10/10: 10 @ 100
              ! filled a2 10 @ 100
              ! finished a2 filled 10/10
            > trade X 150
              a trade X 150
            > set run max_drawdown=1
            > set a max_drawdown=1
            > set X max_drawdown=1
            > used run
                max_drawdown: 0 of 1
            > used a
                max_drawdown: 0 of 1
            > used X
                max_drawdown: 0 of 1
        "#]],
    );
}
