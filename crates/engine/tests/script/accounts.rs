//! What the account allows, currencies, and the cost of what is closed.

use expect_test::expect;

use crate::check;

#[test]
fn a_cash_account_pays_for_what_it_buys_and_sells_what_it_holds() {
    check(
        "
        account cash
        a on trade X 100: buy 6 @ 100; buy 5; buy 4; sell 1; cancel a1
        a on trade X 110: sell 4; sell 1
        a on trade X 120: buy 6; buy 5
        trade X 100
        canceled a1
        bought a3 4 @ 100 trade=1
        trade X 110
        trade X 120
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a2 denied 0/5 buying_power
              a rejected a4 denied 0/1 short_sale
              ! submit a1 buy 6 X limit @ 100
              ! denied a2 buy 5 X to 0: buying_power 1100 above 1000 of run
              ! finished a2 denied 0/5 buying_power
              ! submit a3 buy 4 X market
              ! finished a4 denied 0/1 short_sale
              ! cancel a1
            > canceled a1
              a canceled a1 canceled 0/6
              ! finished a1 canceled 0/6
            > bought a3 4 @ 100 trade=1
              a bought a3 filled 4/4: 4 @ 100
              ! filled a3 4 @ 100
              ! finished a3 filled 4/4
            > trade X 110
              a trade X 110
              a rejected a6 denied 0/1 short_sale
              ! submit a5 sell 4 X market
              ! finished a6 denied 0/1 short_sale
            > trade X 120
              a trade X 120
              a rejected a7 denied 0/6 buying_power
              ! denied a7 buy 6 X to 0: buying_power 720 above 600 of run
              ! finished a7 denied 0/6 buying_power
              ! submit a8 buy 5 X market
        "#]],
    );
}

#[test]
fn a_cash_account_may_allow_to_be_short() {
    check(
        "
        account cash short
        a on trade X 100: sell 20
        trade X 100
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 sell 20 X market
        "#]],
    );
}

#[test]
fn a_margin_account_asks_for_a_part_of_what_grows_and_takes_what_shrinks() {
    check(
        "
        account margin 0.5 0.25
        a on trade X 100: buy 21; buy 20; buy 1
        a on trade X 101: sell 20; sell 21
        trade X 100
        bought a2 20 @ 100 trade=1
        trade X 101
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              a rejected a1 denied 0/21 buying_power
              a rejected a3 denied 0/1 buying_power
              ! denied a1 buy 21 X to 0: buying_power 1050 above 1000 of run
              ! finished a1 denied 0/21 buying_power
              ! submit a2 buy 20 X market
              ! denied a3 buy 1 X to 0: buying_power 1050 above 1000 of run
              ! finished a3 denied 0/1 buying_power
            > bought a2 20 @ 100 trade=1
              a bought a2 filled 20/20: 20 @ 100
              ! filled a2 20 @ 100
              ! finished a2 filled 20/20
            > trade X 101
              a trade X 101
              a rejected a5 denied 0/21 buying_power
              ! submit a4 sell 20 X market
              ! denied a5 sell 21 X to 0: buying_power 1060.5 above 1020 of run
              ! finished a5 denied 0/21 buying_power
            > show
                cash -1000 equity 1020 realized 0 fees 0
                a started, 6 events 5 orders 3 denials, pnl 20; X 20
                a4 pending_new 0/20
        "#]],
    );
}

#[test]
fn below_its_maintenance_margin_an_account_only_reduces_until_it_has_it_again() {
    check(
        "
        account margin 0.5 0.25
        a on trade X 100: buy 20
        a on trade X 65: buy 1; sell 1 @ 90
        a on trade X 67: buy 1
        trade X 100
        bought a1 20 @ 100 trade=1
        trade X 67
        trade X 66
        trade X 65
        trade X 67
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 20 X market
            > bought a1 20 @ 100 trade=1
              a bought a1 filled 20/20: 20 @ 100
              ! filled a1 20 @ 100
              ! finished a1 filled 20/20
            > trade X 67
              a trade X 67
              a rejected a2 denied 0/1 buying_power
              ! denied a2 buy 1 X to 0: buying_power 703.5 above 340 of run
              ! finished a2 denied 0/1 buying_power
            > trade X 66
              a halt - buying_power
              a trade X 66
              ! trading of run is reducing (buying_power)
            > trade X 65
              a trade X 65
              a rejected a3 denied 0/1 buying_power
              ! finished a3 denied 0/1 buying_power
              ! submit a4 sell 1 X limit @ 90
            > trade X 67
              a continue - none
              a trade X 67
              a rejected a5 denied 0/1 buying_power
              ! trading of run is active (none)
              ! denied a5 buy 1 X to 0: buying_power 703.5 above 340 of run
              ! finished a5 denied 0/1 buying_power
        "#]],
    );
}

#[test]
fn a_position_in_another_currency_counts_at_its_rate() {
    check(
        "
        euro 1.25
        account cash
        a on trade Y 100: buy 9 Y; buy 8 Y
        a on trade Y 110: sell 4 Y
        trade Y 100
        bought a2 8 @ 100 trade=1 fee=2
        show
        trade Y 110
        sold a3 4 @ 110 trade=2
        show
        ",
        expect![[r#"
            > trade Y 100
              a trade Y 100
              a rejected a1 denied 0/9 buying_power
              ! denied a1 buy 9 Y to 0: buying_power 1125 above 1000 of run
              ! finished a1 denied 0/9 buying_power
              ! submit a2 buy 8 Y market
            > bought a2 8 @ 100 trade=1 fee=2
              a bought a2 filled 8/8: 8 @ 100
              ! filled a2 8 @ 100 fee 2
              ! finished a2 filled 8/8
            > show
                cash -2.5 equity 997.5 realized 0 fees 2.5
                a started, 3 events 2 orders 1 denials, pnl -2.5; Y 8
            > trade Y 110
              a trade Y 110
              ! submit a3 sell 4 Y market
            > sold a3 4 @ 110 trade=2
              a sold a3 filled 4/4: 4 @ 110
              ! filled a3 4 @ 110
              ! finished a3 filled 4/4
            > show
                cash 547.5 equity 1097.5 realized 50 fees 2.5
                a started, 5 events 3 orders 1 denials, pnl 97.5; Y 4
        "#]],
    );
}

#[test]
fn a_quoted_rate_revalues_what_is_held() {
    check(
        "
        euro 1.25 by Z
        limits max_drawdown=90
        a on trade Y 100: buy 8 Y
        trade Y 100
        bought a1 8 @ 100 trade=1
        trade Z 150
        show
        trade Z 0
        trade Z 138
        show
        ",
        expect![[r#"
            > trade Y 100
              a trade Y 100
              ! submit a1 buy 8 Y market
            > bought a1 8 @ 100 trade=1
              a bought a1 filled 8/8: 8 @ 100
              ! filled a1 8 @ 100
              ! finished a1 filled 8/8
            > trade Z 150
              a trade Z 150
            > show
                cash 0 equity 1200 realized 0 fees 0
                a started, 3 events 1 orders 0 denials, pnl 200; Y 8
            > trade Z 0
              a trade Z 0
            > trade Z 138
              a halt - max_drawdown
              a trade Z 138
              ! trading of run is halted (max_drawdown)
            > show
                cash 0 equity 1104 realized 0 fees 0
                a started, 6 events 1 orders 0 denials, pnl 104; Y 8
        "#]],
    );
}

#[test]
fn first_in_first_out_and_average_cost_realize_differently_and_bring_the_same_equity() {
    let trades = "
        a on trade X 100: buy 2
        a on trade X 130: buy 2; sell 3
        trade X 100
        bought a1 2 @ 100 trade=1
        trade X 130
        bought a2 2 @ 130 trade=2
        sold a3 3 @ 130 trade=3
        show
        ";
    check(
        trades,
        expect![[r#"
        > trade X 100
          a trade X 100
          ! submit a1 buy 2 X market
        > bought a1 2 @ 100 trade=1
          a bought a1 filled 2/2: 2 @ 100
          ! filled a1 2 @ 100
          ! finished a1 filled 2/2
        > trade X 130
          a trade X 130
          ! submit a2 buy 2 X market
          ! submit a3 sell 3 X market
        > bought a2 2 @ 130 trade=2
          a bought a2 filled 2/2: 2 @ 130
          ! filled a2 2 @ 130
          ! finished a2 filled 2/2
        > sold a3 3 @ 130 trade=3
          a sold a3 filled 3/3: 3 @ 130
          ! filled a3 3 @ 130
          ! finished a3 filled 3/3
        > show
            cash 930 equity 1060 realized 45 fees 0
            a started, 5 events 3 orders 0 denials, pnl 60; X 1
    "#]],
    );
    check(
        &format!("fifo\n{trades}"),
        expect![[r#"
        > trade X 100
          a trade X 100
          ! submit a1 buy 2 X market
        > bought a1 2 @ 100 trade=1
          a bought a1 filled 2/2: 2 @ 100
          ! filled a1 2 @ 100
          ! finished a1 filled 2/2
        > trade X 130
          a trade X 130
          ! submit a2 buy 2 X market
          ! submit a3 sell 3 X market
        > bought a2 2 @ 130 trade=2
          a bought a2 filled 2/2: 2 @ 130
          ! filled a2 2 @ 130
          ! finished a2 filled 2/2
        > sold a3 3 @ 130 trade=3
          a sold a3 filled 3/3: 3 @ 130
          ! filled a3 3 @ 130
          ! finished a3 filled 3/3
        > show
            cash 930 equity 1060 realized 60 fees 0
            a started, 5 events 3 orders 0 denials, pnl 60; X 1
    "#]],
    );
}

#[test]
fn what_is_only_quoted_counts_against_margin() {
    check(
        "
        account margin 0.5 0.25
        a on quote X 99: buy 15; buy 5 Y @ 110; buy 5 Y @ 100; sell 2 Y @ 120
        a on quote X 66: sell 1; buy 1
        quote X 99
        bought a1 15 @ 99 trade=1
        quote X 66
        show
        quote X 40
        trade X 120
        quote X 1
        show
        ",
        expect![[r#"
            > quote X 99
              a quote X 99
              a rejected a2 denied 0/5 buying_power
              ! submit a1 buy 15 X market
              ! denied a2 buy 5 Y to 0: buying_power 1017.5 above 1000 of run
              ! finished a2 denied 0/5 buying_power
              ! submit a3 buy 5 Y limit @ 100
              ! submit a4 sell 2 Y limit @ 120
            > bought a1 15 @ 99 trade=1
              a bought a1 filled 15/15: 15 @ 99
              ! filled a1 15 @ 99
              ! finished a1 filled 15/15
            > quote X 66
              a quote X 66
              a rejected a6 denied 0/1 buying_power
              ! submit a5 sell 1 X market
              ! denied a6 buy 1 X to 0: buying_power 828 above 505 of run
              ! finished a6 denied 0/1 buying_power
            > show
                cash -485 equity 505 realized 0 fees 0
                a started, 5 events 6 orders 2 denials, pnl -495; X 15
                a3 pending_new 0/5
                a4 pending_new 0/2
                a5 pending_new 0/1
            > quote X 40
              a halt - buying_power
              a quote X 40
              ! trading of run is reducing (buying_power)
            > trade X 120
              a continue - none
              a trade X 120
              ! trading of run is active (none)
            > quote X 1
              a quote X 1
            > show
                cash -485 equity 1315 realized 0 fees 0
                a started, 10 events 6 orders 2 denials, pnl 315; X 15
                a3 pending_new 0/5
                a4 pending_new 0/2
                a5 pending_new 0/1
        "#]],
    );
}

#[test]
fn what_is_only_quoted_counts_against_cash() {
    check(
        "
        account cash
        a on quote X 99: buy 6; buy 5; buy 4
        quote X 99
        ",
        expect![[r#"
            > quote X 99
              a quote X 99
              a rejected a2 denied 0/5 buying_power
              ! submit a1 buy 6 X market
              ! denied a2 buy 5 X to 0: buying_power 1089 above 1000 of run
              ! finished a2 denied 0/5 buying_power
              ! submit a3 buy 4 X market
        "#]],
    );
}

#[test]
fn a_rate_follows_what_is_only_quoted() {
    check(
        "
        euro 1.25 by Z
        a on trade Y 100: buy 8 Y
        trade Y 100
        bought a1 8 @ 100 trade=1
        quote Z 149
        show
        ",
        expect![[r#"
            > trade Y 100
              a trade Y 100
              ! submit a1 buy 8 Y market
            > bought a1 8 @ 100 trade=1
              a bought a1 filled 8/8: 8 @ 100
              ! filled a1 8 @ 100
              ! finished a1 filled 8/8
            > quote Z 149
              a quote Z 149
            > show
                cash 0 equity 1192 realized 0 fees 0
                a started, 3 events 1 orders 0 denials, pnl 192; Y 8
        "#]],
    );
}
