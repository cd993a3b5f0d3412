//! Spreads that no exchange has: their quotes are made of their legs.

use expect_test::expect;

use crate::check;

#[test]
fn a_spread_is_quoted_by_its_legs_and_not_traded() {
    check(
        "
        instrument W spread on 0 legs +X -Y
        a on quote W: buy 1 W
        trade X 100
        trade Y 90
        trade Y 90
        quote X 101
        quote Y 95
        trade X 103
        show
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > trade Y 90
              a trade Y 90
              a quote W 10
              a rejected a1 denied 0/1 not_tradable
              ! finished a1 denied 0/1 not_tradable
            > trade Y 90
              a trade Y 90
            > quote X 101
              a quote X 101
              a quote W 11
              a rejected a2 denied 0/1 not_tradable
              ! finished a2 denied 0/1 not_tradable
            > quote Y 95
              a quote Y 95
              a quote W 5
              a rejected a3 denied 0/1 not_tradable
              ! finished a3 denied 0/1 not_tradable
            > trade X 103
              a trade X 103
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 12 events 3 orders 3 denials, pnl 0
        "#]],
    );
}

#[test]
fn who_subscribed_to_a_spread_hears_of_it_alone() {
    check(
        "
        instrument W spread on 0 legs +X -Y decimals 2
        a on start: subscribe W
        batch a
        start
        trade X 100
        quote Y 90
        slice X 101 102 102
        ",
        expect![[r#"
            > start
              a start
            > trade X 100
            > quote Y 90
              a quote W 900
            > slice X 101 102 102
              a quote W 1000
                took 1
              a quote W 1100
                took 1
                took 1
        "#]],
    );
}

#[test]
fn a_spread_that_an_exchange_has_is_quoted_and_traded_there() {
    check(
        "
        instrument W spread legs +X -Y
        a on quote W: buy 1 W
        trade X 100
        trade Y 90
        quote W 11
        ",
        expect![[r#"
            > trade X 100
              a trade X 100
            > trade Y 90
              a trade Y 90
            > quote W 11
              a quote W 11
              ! submit a1 buy 1 W market
        "#]],
    );
}
