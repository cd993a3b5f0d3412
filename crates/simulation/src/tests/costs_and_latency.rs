//! Fees in the reports, and orders that take their time.

use expect_test::{Expect, expect};

use crate::{Fees, FillModel, FillRule};

fn check(rule: FillRule, latency_ms: i64, script: &str, expect: Expect) {
    super::check(FillModel { latency_ns: latency_ms * super::MS, ..rule.into() }, script, expect);
}

#[test]
fn fees_follow_the_liquidity() {
    let fees = Fees {
        maker: "-0.0001".parse().unwrap(),
        taker: "0.0003".parse().unwrap(),
        per_unit: "0.01".parse().unwrap(),
    };
    let model = FillModel { fees, ..FillRule::Book.into() };
    super::check(
        model,
        "quote 99 10 101 10\nbuy 15 @ 101\ntrade 101 9 sell",
        expect![[r#"
            1ms 1: received, open 0/15
            1ms 1: bought 10 @ 101 taker fee 0.4030, partially_filled 10/15
            2ms 1: bought 5 @ 101 maker fee -0.0005, filled 15/15
        "#]],
    );
}

#[test]
fn an_order_does_not_see_what_happens_before_it_arrives() {
    let next = FillRule::NextPrice;
    check(
        next,
        2,
        "buy 5\ntrade 100 1\ntrade 101 1",
        expect![[r#"
        2ms 1: received, open 0/5
        2ms 1: bought 5 @ 101 taker, filled 5/5
    "#]],
    );
    check(
        next,
        3,
        "buy 5\ntrade 100 1\ntrade 101 1\nend",
        expect![[r#"
        3ms 1: canceled, canceled 0/5 (data_ended)
    "#]],
    );
    check(
        FillRule::SamePrice,
        2,
        "trade 100 1\nbuy 5\ntrade 101 1\ntrade 102 1",
        expect![[r#"
        3ms 1: received, open 0/5
        3ms 1: bought 5 @ 101 taker, filled 5/5
    "#]],
    );
    check(
        FillRule::Book,
        2,
        "quote 99 5 101 5\nbuy 5 @ 101\nquote 99 5 102 5\nquote 99 5 103 5\nquote 99 5 101 9",
        expect![[r#"
        3ms 1: received, open 0/5
        4ms 1: bought 5 @ 101 maker, filled 5/5
    "#]],
    );
}

#[test]
fn a_fill_may_overtake_a_cancel_or_change() {
    let next = FillRule::NextPrice;
    check(
        next,
        2,
        "buy 5 @ 99\ntrade 100 1\ntrade 100 1\ncancel 1\ntrade 99 1\ntrade 99 1",
        expect![[r#"
        2ms 1: received, open 0/5
        4ms 1: bought 5 @ 99 maker, filled 5/5
        5ms 1: request_rejected (unknown_order)
    "#]],
    );
    check(
        next,
        2,
        "buy 5 @ 99\ntrade 100 1\ntrade 100 1\ncancel 1\ntrade 100 1\ntrade 99 1",
        expect![[r#"
        2ms 1: received, open 0/5
        5ms 1: canceled, canceled 0/5 (requested)
    "#]],
    );
    check(
        next,
        2,
        "buy 5 @ 99\nchange 1 98 5\ntrade 100 1\ntrade 99 1\ntrade 98 1",
        expect![[r#"
        2ms 1: received, open 0/5
        3ms 1: change, open 0/5
        4ms 1: bought 5 @ 98 maker, filled 5/5
    "#]],
    );
    // nothing overtakes the order itself
    check(
        next,
        2,
        "buy 5\ncancel 1\ntrade 100 1\ntrade 100 1",
        expect![[r#"
        2ms 1: received, open 0/5
        2ms 1: bought 5 @ 100 taker, filled 5/5
        3ms 1: request_rejected (unknown_order)
    "#]],
    );
}

#[test]
fn after_the_end_everything_arrives_at_once() {
    check(
        FillRule::NextPrice,
        9,
        "trade 100 1\nend\nbuy 5\ncancel 1\ncancel 1\nchange 1 5 5",
        expect![[r#"
        2ms 1: received, open 0/5
        3ms 1: canceled, canceled 0/5 (requested)
        4ms 1: request_rejected (unknown_order)
        5ms 1: request_rejected (unknown_order)
    "#]],
    );
}

#[test]
fn changing_a_waiting_stop_moves_the_stop() {
    let rule = FillRule::NextPrice;
    check(
        rule,
        0,
        "buy 5 stop 105\nchange 1 103 5\nchange 1 103 6\ntrade 102 1\ntrade 103 1",
        expect![[r#"
            0ms 1: received, open 0/5
            1ms 1: change, open 0/5
            2ms 1: request_rejected (bad_order)
            4ms 1: bought 5 @ 103 taker, filled 5/5
        "#]],
    );
}

#[test]
fn a_print_never_refuses_a_post_only_order() {
    let rule = FillRule::NextPrice;
    check(
        rule,
        0,
        "buy 5 @ 99 post_only\ntrade 98 1",
        expect![[r#"
        0ms 1: received, open 0/5
        1ms 1: bought 5 @ 99 maker, filled 5/5
    "#]],
    );
}
