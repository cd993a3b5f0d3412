//! Orders by hand: the same gate and the same books, with an owner.

use expect_test::expect;

use crate::check;

#[test]
fn an_order_by_hand_belongs_to_its_strategy() {
    check(
        "
        a on trade X 100: buy 1
        trade X 100
        hand a buy 10 @ 99
        bought a2 10 @ 99 trade=7
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 1 X market
            > hand a buy 10 @ 99
              ! by hand a2 of a
              ! submit a2 buy 10 X limit @ 99
            > bought a2 10 @ 99 trade=7
              a bought a2 filled 10/10: 10 @ 99
              ! filled a2 10 @ 99
              ! finished a2 filled 10/10
            > show
                cash 10 equity 1000 realized 0 fees 0
                a started, 2 events 2 orders 0 denials, pnl 0; X 10
                a1 pending_new 0/1
        "#]],
    );
}

#[test]
fn an_owner_has_a_book_and_limits_and_hears_of_nothing() {
    check(
        "
        limits max_order_quantity=5
        a on trade X 100: buy 1
        owner
        trade X 100
        hand b sell 6
        hand b sell 5
        sold b2 5 @ 100 trade=7
        stop a
        show
        ",
        expect![[r#"
            > owner
            > trade X 100
              a trade X 100
              ! submit a1 buy 1 X market
            > hand b sell 6
              ! by hand b1 of b
              ! denied b1 sell 6 X to 0: max_order_quantity 6 above 5 of run
              ! finished b1 denied 0/6 max_order_quantity
            > hand b sell 5
              ! by hand b2 of b
              ! submit b2 sell 5 X market
            > sold b2 5 @ 100 trade=7
              ! filled b2 5 @ 100
              ! finished b2 filled 5/5
            > stop a
              a exit requested
              ! stopped a: requested
              ! cancel a1
            > show
                cash 1500 equity 1000 realized 0 fees 0
                a stopped (requested), 1 events 1 orders 0 denials, pnl 0
                by-hand started, 2 events 2 orders 1 denials, pnl 0; X -5
                a1 pending_cancel 0/1
        "#]],
    );
}

#[test]
fn a_halted_strategy_gets_no_order_by_hand_either() {
    check(
        "
        trading a halted
        hand a buy 10
        trading a active
        hand a buy 10
        stop a
        hand a sell 10
        ",
        expect![[r#"
            > trading a halted
              a halt - requested
              ! trading of a is halted (requested)
            > hand a buy 10
              a rejected a1 denied 0/10 halted
              ! by hand a1 of a
              ! finished a1 denied 0/10 halted
            > trading a active
              a continue - none
              ! trading of a is active (none)
            > hand a buy 10
              ! by hand a2 of a
              ! submit a2 buy 10 X market
            > stop a
              a exit requested
              ! stopped a: requested
              ! cancel a2
            > hand a sell 10
              ! by hand a3 of a
              ! submit a3 sell 10 X market
        "#]],
    );
}

#[test]
fn what_works_is_changed_and_canceled_by_hand() {
    check(
        "
        limits max_order_quantity=20
        a on trade X 100: buy 10 @ 99; buy 1 @ 98 Y
        trade X 100
        received a1
        received a2
        hand change a1 21 @ 98
        hand change a1 12 @ 98
        change a1 12 @ 98
        hand cancel a1
        hand cancel a1
        hand cancel a9
        hand cancel_all X
        hand cancel_all
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
              ! submit a1 buy 10 X limit @ 99
              ! submit a2 buy 1 Y limit @ 98
            > received a1
              a received a1 open 0/10
            > received a2
              a received a2 open 0/1
            > hand change a1 21 @ 98
              a request_rejected a1 open 0/10 max_order_quantity
              ! denied change of a1 buy 21 X to 0: max_order_quantity 21 above 20 of run
            > hand change a1 12 @ 98
              ! change a1 buy 12 X limit @ 98
            > change a1 12 @ 98
              a change a1 open 0/12
            > hand cancel a1
              ! cancel a1
            > hand cancel a1
            > hand cancel a9
            > hand cancel_all X
            > hand cancel_all
              ! cancel a2
        "#]],
    );
}

#[test]
fn a_strategy_that_starts_again_is_told_that_it_is_halted() {
    check(
        "
        a on start: buy 1
        trading a halted
        stop a
        restart a a 1
        trading a active
        ",
        expect![[r#"
            > trading a halted
              a halt - requested
              ! trading of a is halted (requested)
            > stop a
              a exit requested
              ! stopped a: requested
            > restart a a 1
              a restore 1 of version 1
                restarted, one old instance
              a start
              a halt - requested
              a rejected a1 denied 0/1 halted
              ! finished a1 denied 0/1 halted
            > trading a active
              a continue - none
              ! trading of a is active (none)
        "#]],
    );
}
