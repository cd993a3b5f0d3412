//! Costs and books.

use expect_test::expect;

use crate::check;

#[test]
fn the_model_says_what_a_fill_costs() {
    check(
        "
        costs
        a on trade X 100: buy 2
        trade X 100
        bought a1 2 @ 100 trade=1 fee=0.25
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 2 X market
            > bought a1 2 @ 100 trade=1 fee=0.25
              a bought a1 filled 2/2: 2 @ 100
              ! filled a1 2 @ 100 fee 0.25 slippage 1 cost 2
              ! finished a1 filled 2/2
            > show
                cash 796.75 equity 996.75 realized 0 fees 3.25
                a started, 2 events 1 orders 0 denials, pnl -3.25; X 2
        "#]],
    );
}

#[test]
fn the_hooks_of_a_strategy_win_over_the_model() {
    check(
        "
        costs
        hooks a slippage=0.5 cost=-0.1
        a on trade X 100: buy 2
        b on trade X 100: buy 2
        trade X 100
        bought a1 2 @ 100 trade=1
        bought b1 2 @ 100 trade=2
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              ! submit a1 buy 2 X market
              ! submit b1 buy 2 X market
            > bought a1 2 @ 100 trade=1
              a bought a1 filled 2/2: 2 @ 100
              ! filled a1 2 @ 100 slippage 0.5 cost -0.1
              ! finished a1 filled 2/2
            > bought b1 2 @ 100 trade=2
              b bought b1 filled 2/2: 2 @ 100
              ! filled b1 2 @ 100 slippage 1 cost 2
              ! finished b1 filled 2/2
            > show
                cash 596.6 equity 996.6 realized 0 fees 3.4
                a started, 2 events 1 orders 0 denials, pnl -0.4; X 2
                b started, 2 events 1 orders 0 denials, pnl -3; X 2
        "#]],
    );
}

#[test]
fn a_hook_that_panics_faults_its_strategy_and_the_model_is_used() {
    check(
        "
        costs
        hooks a slippage=panic cost=7
        a on trade X 100: buy 2; buy 5 @ 90
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
              ! faulted a: panic: panicked (in slippage X a1)
              ! cancel a2
              ! filled a1 2 @ 100 slippage 1 cost 2
              ! finished a1 filled 2/2
            > show
                cash 797 equity 997 realized 0 fees 3
                a faulted (panic: panicked), 1 events 2 orders 0 denials, pnl -3; X 2
                a2 pending_cancel 0/5
        "#]],
    );
}

#[test]
fn a_hook_that_panics_after_the_other_one_leaves_what_that_told() {
    check(
        "
        costs
        hooks a slippage=0.5 cost=panic
        a on trade X 100: buy 2
        trade X 100
        bought a1 2 @ 100 trade=1
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 2 X market
            > bought a1 2 @ 100 trade=1
              ! faulted a: panic: panicked (in transaction_cost X a1)
              ! filled a1 2 @ 100 slippage 0.5 cost 2
              ! finished a1 filled 2/2
        "#]],
    );
}

#[test]
fn a_position_through_zero_realizes_what_it_closed() {
    check(
        "
        a on trade X 100: buy 10
        a on trade X 110: sell 15
        trade X 100
        bought a1 10 @ 100 trade=1
        trade X 110
        show
        sold a2 15 @ 110 trade=2
        trade X 100
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
            > trade X 110
              a trade X 110
              ! submit a2 sell 15 X market
            > show
                cash 0 equity 1100 realized 0 fees 0
                a started, 3 events 2 orders 0 denials, pnl 100; X 10
                a2 pending_new 0/15
            > sold a2 15 @ 110 trade=2
              a sold a2 filled 15/15: 15 @ 110
              ! filled a2 15 @ 110
              ! finished a2 filled 15/15
            > trade X 100
              a trade X 100
              ! submit a3 buy 10 X market
            > show
                cash 1650 equity 1150 realized 100 fees 0
                a started, 5 events 3 orders 0 denials, pnl 150; X -5
                a3 pending_new 0/10
        "#]],
    );
}

#[test]
fn two_strategies_have_books_of_their_own() {
    check(
        "
        a on trade X 100: buy 10
        b on trade X 100: sell 10; sell 1 Y
        trade X 100
        bought a1 10 @ 100 trade=1
        sold b1 10 @ 101 trade=2
        sold b2 1 @ 50 trade=3
        trade X 120
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              b trade X 100
              ! submit a1 buy 10 X market
              ! submit b1 sell 10 X market
              ! submit b2 sell 1 Y market
            > bought a1 10 @ 100 trade=1
              a bought a1 filled 10/10: 10 @ 100
              ! filled a1 10 @ 100
              ! finished a1 filled 10/10
            > sold b1 10 @ 101 trade=2
              b sold b1 filled 10/10: 10 @ 101
              ! filled b1 10 @ 101
              ! finished b1 filled 10/10
            > sold b2 1 @ 50 trade=3
              b sold b2 filled 1/1: 1 @ 50
              ! filled b2 1 @ 50
              ! finished b2 filled 1/1
            > trade X 120
              a trade X 120
              b trade X 120
            > show
                cash 1060 equity 1010 realized 0 fees 0
                a started, 3 events 1 orders 0 denials, pnl 200; X 10
                b started, 4 events 2 orders 0 denials, pnl -190; X -10; Y -1
        "#]],
    );
}

#[test]
fn a_fill_that_leaves_the_range_stops_the_engine() {
    check(
        "
        a on trade X 100: buy 1
        trade X 100
        bought a1 9223372036854775807 @ 100 trade=1
        bought a1 9223372036854775807 @ 100 trade=2
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 1 X market
            > bought a1 9223372036854775807 @ 100 trade=1
              a bought a1 filled 9223372036854775807/1: 9223372036854775807 @ 100
              ! filled a1 9223372036854775807 @ 100
              ! OVERFILLED bought a1 filled 9223372036854775807/1: 9223372036854775807 @ 100
              ! finished a1 filled 9223372036854775807/1
            > bought a1 9223372036854775807 @ 100 trade=2
              ! error Overflow: engine at 2024-01-02T14:30:00Z: an amount is out of range: a fill of order 1099511627777
        "#]],
    );
}
