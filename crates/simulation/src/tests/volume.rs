//! A limit of liquidity under the rules that look at prices.

use expect_test::{Expect, expect};

use crate::{FillModel, FillRule, Liquidity};

fn check(rule: FillRule, script: &str, expect: Expect) {
    let model = FillModel { liquidity: Liquidity::Volume("0.1".parse().unwrap()), ..rule.into() };
    super::check(model, script, expect);
}

#[test]
fn an_order_has_its_part_of_each_event() {
    let next = FillRule::NextPrice;
    check(
        next,
        "buy 10\nbar 100 110 90 105 49\nbar 102 110 90 105 500\nbar 103 110 90 105 20",
        expect![[r#"
        0ms 1: received, open 0/10
        1ms 1: bought 4 @ 100 taker, partially_filled 4/10
        2ms 1: bought 6 @ 102 taker, filled 10/10
    "#]],
    );
    check(
        next,
        "buy 10\nsell 4\nbar 100 110 90 105 120",
        expect![[r#"
        0ms 1: received, open 0/10
        1ms 2: received, open 0/4
        2ms 1: bought 10 @ 100 taker, filled 10/10
        2ms 2: sold 2 @ 100 taker, partially_filled 2/4
    "#]],
    );
    check(
        next,
        "buy 3 @ 100\ntrade 99 9\ntrade 98 20\ntrade 101 90\ntrade 97 90",
        expect![[r#"
        0ms 1: received, open 0/3
        2ms 1: bought 2 @ 98 taker, partially_filled 2/3
        4ms 1: bought 1 @ 100 maker, filled 3/3
    "#]],
    );
    check(
        next,
        "buy 3\nsell 3\nquote 99 20 101 10",
        expect![[r#"
        0ms 1: received, open 0/3
        1ms 2: received, open 0/3
        2ms 1: bought 1 @ 101 taker, partially_filled 1/3
        2ms 2: sold 2 @ 99 taker, partially_filled 2/3
    "#]],
    );
    check(
        next,
        "buy 0 notional 1000\nbar 100 110 90 105 60\nbar 150 160 90 105 600",
        expect![[r#"
        0ms 1: received, open 0/0
        1ms 1: bought 6 @ 100 taker, partially_filled 6/10
        2ms 1: bought 2 @ 150 taker, partially_filled 8/10
        2ms 1: canceled, canceled 8/10 (unfilled)
    "#]],
    );
}

#[test]
fn flags() {
    let next = FillRule::NextPrice;
    check(
        next,
        "buy 10 ioc\nbar 100 110 90 105 40",
        expect![[r#"
        0ms 1: received, open 0/10
        1ms 1: bought 4 @ 100 taker, partially_filled 4/10
        1ms 1: canceled, canceled 4/10 (unfilled)
    "#]],
    );
    check(
        next,
        "buy 10 fok\nbuy 4 fok\nbar 100 110 90 105 40",
        expect![[r#"
        0ms 1: received, open 0/10
        1ms 2: received, open 0/4
        2ms 1: canceled, canceled 0/10 (unfilled)
        2ms 2: bought 4 @ 100 taker, filled 4/4
    "#]],
    );
    check(
        next,
        "buy 5 @ 95 post_only\nbuy 5 @ 101 post_only\nbar 100 110 90 105 90",
        expect![[r#"
        0ms 1: received, open 0/5
        1ms 2: received, open 0/5
        2ms 1: bought 5 @ 95 maker, filled 5/5
        2ms 2: rejected, rejected 0/5 (would_execute)
    "#]],
    );
}

#[test]
fn same_price_has_what_the_last_event_left() {
    let same = FillRule::SamePrice;
    check(
        same,
        "trade 100 30\nbuy 2\nbuy 2\ntrade 101 30\nbuy 1 ioc\nbuy 9 ioc",
        expect![[r#"
        1ms 1: received, open 0/2
        1ms 1: bought 2 @ 100 taker, filled 2/2
        2ms 2: received, open 0/2
        2ms 2: bought 1 @ 100 taker, partially_filled 1/2
        3ms 2: bought 1 @ 101 taker, filled 2/2
        4ms 3: received, open 0/1
        4ms 3: bought 1 @ 101 taker, filled 1/1
        5ms 4: received, open 0/9
        5ms 4: bought 1 @ 101 taker, partially_filled 1/9
        5ms 4: canceled, canceled 1/9 (unfilled)
    "#]],
    );
}

#[test]
fn unlimited_rules_fill_wholly() {
    for rule in [FillRule::NextPrice, FillRule::SamePrice] {
        super::check(
            rule,
            "trade 99 1\nbuy 1000000 ioc\ntrade 99 1",
            match rule {
                FillRule::NextPrice => expect![[r#"
                1ms 1: received, open 0/1000000
                2ms 1: bought 1000000 @ 99 taker, filled 1000000/1000000
            "#]],
                _ => expect![[r#"
                1ms 1: received, open 0/1000000
                1ms 1: bought 1000000 @ 99 taker, filled 1000000/1000000
            "#]],
            },
        );
    }
    check(
        FillRule::AsAsked,
        "buy 9 @ 50\nbuy 5 ioc\ntrade 99 1\nsell 4",
        expect![[r#"
        0ms 1: received, open 0/9
        0ms 1: bought 9 @ 50 taker, filled 9/9
        1ms 2: received, open 0/5
        2ms 2: canceled, canceled 0/5 (unfilled)
        3ms 3: received, open 0/4
        3ms 3: sold 4 @ 99 taker, filled 4/4
    "#]],
    );
}
