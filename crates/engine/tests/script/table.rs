//! Every state of an order against every report: what becomes of it, and what is an alarm.

use std::fmt::Write as _;

use expect_test::{Expect, expect};

use crate::desk;

/// How an order of 10 gets into each state, and what of it is filled then.
const STATES: [(&str, &str); 14] = [
    ("pending_new", ""),
    ("unknown", "lost a1"),
    ("open", "received a1"),
    ("filled in part", "received a1\nbought a1 4 @ 100 trade=1"),
    ("changing to 12", "received a1\nbought a1 4 @ 100 trade=1\ntrade Y 1"),
    ("pending_cancel before received", "trade Y 2"),
    ("pending_cancel after unknown", "lost a1\ntrade Y 2"),
    ("pending_cancel", "received a1\nbought a1 4 @ 100 trade=1\ntrade Y 2"),
    ("filled", "received a1\nbought a1 10 @ 100 trade=1"),
    ("canceled", "received a1\ncanceled a1"),
    ("canceled after a part", "received a1\nbought a1 4 @ 100 trade=1\ncanceled a1"),
    ("expired", "received a1\nexpired a1"),
    ("rejected", "rejected a1"),
    ("denied", "trade Y 3"),
];

const REPORTS: [(&str, &str); 15] = [
    ("received", "received a1"),
    ("nobody answered", "lost a1"),
    ("a part", "bought a1 2 @ 100 trade=2"),
    ("the rest of 10", "bought a1 6 @ 100 trade=2"),
    ("all of 10", "bought a1 10 @ 100 trade=2"),
    ("more than 10", "bought a1 11 @ 100 trade=2"),
    ("the first trade again", "bought a1 4 @ 100 trade=1"),
    ("a fill of the other side", "sold a1 2 @ 100 trade=2"),
    ("a fill of another exchange", "bought a1 2 @ 100 trade=2 exchange=2"),
    ("canceled", "canceled a1"),
    ("expired", "expired a1"),
    ("rejected", "rejected a1"),
    ("request refused", "request_rejected a1"),
    ("changed to 12", "change a1 12 @ 101"),
    ("changed to 4", "change a1 4 @ 101"),
];

/// What a report does to an order in a state: what the strategy hears, what the engine says, and the state after it.
fn cell(preparation: &str, report: &str) -> String {
    let script = format!(
        "a on trade X 100: buy 10 @ 100
         a on trade Y 1: change a1 12 @ 101
         a on trade Y 2: cancel a1
         limits Y max_order_quantity=1
         a on trade Y 3: buy 10 Y
         trade X 100
         {preparation}
         show
         {report}
         show"
    );
    // the denied order is the second one
    let script = if preparation == "trade Y 3" { script.replace(" a1", " a2") } else { script };
    let script = script.replace(
        "change a2 12 @ 101\n         a on trade Y 2: cancel a2",
        "change a1 12 @ 101\n         a on trade Y 2: cancel a1",
    );
    let transcript = desk::run(&script);
    let after = transcript.rsplit_once("> show\n").map_or("", |(before, _)| before);
    let after = after.rsplit_once("> show\n").map_or("", |(_, after)| after);
    let lines: Vec<&str> =
        after.lines().skip_while(|line| !line.starts_with("> ")).skip(1).map(str::trim).collect();
    if lines.is_empty() { "ignored".to_owned() } else { lines.join(", ") }
}

fn check(state: &str, expect: Expect) {
    let (_, preparation) = STATES.iter().find(|(name, _)| *name == state).expect("a state of the table");
    let mut text = String::new();
    for (name, report) in REPORTS {
        let _ = writeln!(text, "{name}: {}", cell(preparation, report));
    }
    expect.assert_eq(&text);
}

#[test]
fn an_order_that_is_pending_new() {
    check(
        "pending_new",
        expect![[r#"
        received: a received a1 open 0/10
        nobody answered: a received a1 unknown 0/10
        a part: a bought a1 partially_filled 2/10: 2 @ 100, ! filled a1 2 @ 100
        the rest of 10: a bought a1 partially_filled 6/10: 6 @ 100, ! filled a1 6 @ 100
        all of 10: a bought a1 filled 10/10: 10 @ 100, ! filled a1 10 @ 100, ! finished a1 filled 10/10
        more than 10: a bought a1 filled 11/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 11/10: 11 @ 100, ! finished a1 filled 11/10
        the first trade again: a bought a1 partially_filled 4/10: 4 @ 100, ! filled a1 4 @ 100
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: a canceled a1 canceled 0/10, ! finished a1 canceled 0/10
        expired: a canceled a1 expired 0/10, ! finished a1 expired 0/10
        rejected: a rejected a1 rejected 0/10, ! finished a1 rejected 0/10
        request refused: a request_rejected a1 pending_new 0/10
        changed to 12: a change a1 open 0/12
        changed to 4: a change a1 open 0/4
    "#]],
    );
}

#[test]
fn an_order_that_is_unknown() {
    check(
        "unknown",
        expect![[r#"
        received: a received a1 open 0/10
        nobody answered: ignored
        a part: a bought a1 partially_filled 2/10: 2 @ 100, ! filled a1 2 @ 100
        the rest of 10: a bought a1 partially_filled 6/10: 6 @ 100, ! filled a1 6 @ 100
        all of 10: a bought a1 filled 10/10: 10 @ 100, ! filled a1 10 @ 100, ! finished a1 filled 10/10
        more than 10: a bought a1 filled 11/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 11/10: 11 @ 100, ! finished a1 filled 11/10
        the first trade again: a bought a1 partially_filled 4/10: 4 @ 100, ! filled a1 4 @ 100
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: a canceled a1 canceled 0/10, ! finished a1 canceled 0/10
        expired: a canceled a1 expired 0/10, ! finished a1 expired 0/10
        rejected: a rejected a1 rejected 0/10, ! finished a1 rejected 0/10
        request refused: a request_rejected a1 unknown 0/10
        changed to 12: a change a1 open 0/12
        changed to 4: a change a1 open 0/4
    "#]],
    );
}

#[test]
fn an_order_that_is_open() {
    check(
        "open",
        expect![[r#"
        received: ignored
        nobody answered: ignored
        a part: a bought a1 partially_filled 2/10: 2 @ 100, ! filled a1 2 @ 100
        the rest of 10: a bought a1 partially_filled 6/10: 6 @ 100, ! filled a1 6 @ 100
        all of 10: a bought a1 filled 10/10: 10 @ 100, ! filled a1 10 @ 100, ! finished a1 filled 10/10
        more than 10: a bought a1 filled 11/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 11/10: 11 @ 100, ! finished a1 filled 11/10
        the first trade again: a bought a1 partially_filled 4/10: 4 @ 100, ! filled a1 4 @ 100
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: a canceled a1 canceled 0/10, ! finished a1 canceled 0/10
        expired: a canceled a1 expired 0/10, ! finished a1 expired 0/10
        rejected: a rejected a1 rejected 0/10, ! finished a1 rejected 0/10
        request refused: a request_rejected a1 open 0/10
        changed to 12: a change a1 open 0/12
        changed to 4: a change a1 open 0/4
    "#]],
    );
}

#[test]
fn an_order_that_is_filled_in_part() {
    check(
        "filled in part",
        expect![[r#"
        received: ignored
        nobody answered: ignored
        a part: a bought a1 partially_filled 6/10: 2 @ 100, ! filled a1 2 @ 100
        the rest of 10: a bought a1 filled 10/10: 6 @ 100, ! filled a1 6 @ 100, ! finished a1 filled 10/10
        all of 10: a bought a1 filled 14/10: 10 @ 100, ! filled a1 10 @ 100, ! OVERFILLED bought a1 filled 14/10: 10 @ 100, ! finished a1 filled 14/10
        more than 10: a bought a1 filled 15/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 15/10: 11 @ 100, ! finished a1 filled 15/10
        the first trade again: ignored
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: a canceled a1 canceled 4/10, ! finished a1 canceled 4/10
        expired: a canceled a1 expired 4/10, ! finished a1 expired 4/10
        rejected: a rejected a1 canceled 4/10, ! finished a1 canceled 4/10
        request refused: a request_rejected a1 partially_filled 4/10
        changed to 12: a change a1 partially_filled 4/12
        changed to 4: ignored
    "#]],
    );
}

#[test]
fn an_order_that_is_changing_to_12() {
    check(
        "changing to 12",
        expect![[r#"
        received: ignored
        nobody answered: ignored
        a part: a bought a1 partially_filled 6/10: 2 @ 100, ! filled a1 2 @ 100
        the rest of 10: a bought a1 partially_filled 10/10: 6 @ 100, ! filled a1 6 @ 100
        all of 10: a bought a1 filled 14/10: 10 @ 100, ! filled a1 10 @ 100, ! OVERFILLED bought a1 filled 14/10: 10 @ 100, ! finished a1 filled 14/10
        more than 10: a bought a1 filled 15/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 15/10: 11 @ 100, ! finished a1 filled 15/10
        the first trade again: ignored
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: a canceled a1 canceled 4/10, ! finished a1 canceled 4/10
        expired: a canceled a1 expired 4/10, ! finished a1 expired 4/10
        rejected: a rejected a1 canceled 4/10, ! finished a1 canceled 4/10
        request refused: a request_rejected a1 partially_filled 4/10
        changed to 12: a change a1 partially_filled 4/12
        changed to 4: a change a1 filled 4/4, ! finished a1 filled 4/4
    "#]],
    );
}

#[test]
fn an_order_that_is_pending_cancel_before_received() {
    check(
        "pending_cancel before received",
        expect![[r#"
        received: a received a1 pending_cancel 0/10
        nobody answered: a received a1 pending_cancel 0/10
        a part: a bought a1 pending_cancel 2/10: 2 @ 100, ! filled a1 2 @ 100
        the rest of 10: a bought a1 pending_cancel 6/10: 6 @ 100, ! filled a1 6 @ 100
        all of 10: a bought a1 filled 10/10: 10 @ 100, ! filled a1 10 @ 100, ! finished a1 filled 10/10
        more than 10: a bought a1 filled 11/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 11/10: 11 @ 100, ! finished a1 filled 11/10
        the first trade again: a bought a1 pending_cancel 4/10: 4 @ 100, ! filled a1 4 @ 100
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: a canceled a1 canceled 0/10, ! finished a1 canceled 0/10
        expired: a canceled a1 expired 0/10, ! finished a1 expired 0/10
        rejected: a rejected a1 rejected 0/10, ! finished a1 rejected 0/10
        request refused: a request_rejected a1 pending_new 0/10
        changed to 12: a change a1 pending_cancel 0/12
        changed to 4: a change a1 pending_cancel 0/4
    "#]],
    );
}

#[test]
fn an_order_that_is_pending_cancel_after_unknown() {
    check(
        "pending_cancel after unknown",
        expect![[r#"
            received: a received a1 pending_cancel 0/10, ! cancel a1
            nobody answered: ignored
            a part: a bought a1 pending_cancel 2/10: 2 @ 100, ! filled a1 2 @ 100, ! cancel a1
            the rest of 10: a bought a1 pending_cancel 6/10: 6 @ 100, ! filled a1 6 @ 100, ! cancel a1
            all of 10: a bought a1 filled 10/10: 10 @ 100, ! filled a1 10 @ 100, ! finished a1 filled 10/10
            more than 10: a bought a1 filled 11/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 11/10: 11 @ 100, ! finished a1 filled 11/10
            the first trade again: a bought a1 pending_cancel 4/10: 4 @ 100, ! filled a1 4 @ 100, ! cancel a1
            a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
            a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
            canceled: a canceled a1 canceled 0/10, ! finished a1 canceled 0/10
            expired: a canceled a1 expired 0/10, ! finished a1 expired 0/10
            rejected: a rejected a1 rejected 0/10, ! finished a1 rejected 0/10
            request refused: a request_rejected a1 pending_cancel 0/10
            changed to 12: a change a1 pending_cancel 0/12, ! cancel a1
            changed to 4: a change a1 pending_cancel 0/4, ! cancel a1
        "#]],
    );
}

#[test]
fn an_order_that_is_pending_cancel() {
    check(
        "pending_cancel",
        expect![[r#"
        received: ignored
        nobody answered: ignored
        a part: a bought a1 pending_cancel 6/10: 2 @ 100, ! filled a1 2 @ 100
        the rest of 10: a bought a1 filled 10/10: 6 @ 100, ! filled a1 6 @ 100, ! finished a1 filled 10/10
        all of 10: a bought a1 filled 14/10: 10 @ 100, ! filled a1 10 @ 100, ! OVERFILLED bought a1 filled 14/10: 10 @ 100, ! finished a1 filled 14/10
        more than 10: a bought a1 filled 15/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 15/10: 11 @ 100, ! finished a1 filled 15/10
        the first trade again: ignored
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: a canceled a1 canceled 4/10, ! finished a1 canceled 4/10
        expired: a canceled a1 expired 4/10, ! finished a1 expired 4/10
        rejected: a rejected a1 canceled 4/10, ! finished a1 canceled 4/10
        request refused: a request_rejected a1 partially_filled 4/10
        changed to 12: a change a1 pending_cancel 4/12
        changed to 4: ignored
    "#]],
    );
}

#[test]
fn an_order_that_is_filled() {
    check(
        "filled",
        expect![[r#"
        received: ignored
        nobody answered: ignored
        a part: a bought a1 filled 12/10: 2 @ 100, ! filled a1 2 @ 100, ! OVERFILLED bought a1 filled 12/10: 2 @ 100
        the rest of 10: a bought a1 filled 16/10: 6 @ 100, ! filled a1 6 @ 100, ! OVERFILLED bought a1 filled 16/10: 6 @ 100
        all of 10: a bought a1 filled 20/10: 10 @ 100, ! filled a1 10 @ 100, ! OVERFILLED bought a1 filled 20/10: 10 @ 100
        more than 10: a bought a1 filled 21/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 21/10: 11 @ 100
        the first trade again: ignored
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: ignored
        expired: ignored
        rejected: ignored
        request refused: a request_rejected a1 filled 10/10
        changed to 12: ignored
        changed to 4: ignored
    "#]],
    );
}

#[test]
fn an_order_that_is_canceled() {
    check(
        "canceled",
        expect![[r#"
        received: ignored
        nobody answered: ignored
        a part: a bought a1 canceled 2/10: 2 @ 100, ! filled a1 2 @ 100
        the rest of 10: a bought a1 canceled 6/10: 6 @ 100, ! filled a1 6 @ 100
        all of 10: a bought a1 filled 10/10: 10 @ 100, ! filled a1 10 @ 100
        more than 10: a bought a1 filled 11/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 11/10: 11 @ 100
        the first trade again: a bought a1 canceled 4/10: 4 @ 100, ! filled a1 4 @ 100
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: ignored
        expired: ignored
        rejected: ignored
        request refused: a request_rejected a1 canceled 0/10
        changed to 12: ignored
        changed to 4: ignored
    "#]],
    );
}

#[test]
fn an_order_that_is_canceled_after_a_part() {
    check(
        "canceled after a part",
        expect![[r#"
        received: ignored
        nobody answered: ignored
        a part: a bought a1 canceled 6/10: 2 @ 100, ! filled a1 2 @ 100
        the rest of 10: a bought a1 filled 10/10: 6 @ 100, ! filled a1 6 @ 100
        all of 10: a bought a1 filled 14/10: 10 @ 100, ! filled a1 10 @ 100, ! OVERFILLED bought a1 filled 14/10: 10 @ 100
        more than 10: a bought a1 filled 15/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 15/10: 11 @ 100
        the first trade again: ignored
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: ignored
        expired: ignored
        rejected: ignored
        request refused: a request_rejected a1 canceled 4/10
        changed to 12: ignored
        changed to 4: ignored
    "#]],
    );
}

#[test]
fn an_order_that_is_expired() {
    check(
        "expired",
        expect![[r#"
        received: ignored
        nobody answered: ignored
        a part: a bought a1 expired 2/10: 2 @ 100, ! filled a1 2 @ 100
        the rest of 10: a bought a1 expired 6/10: 6 @ 100, ! filled a1 6 @ 100
        all of 10: a bought a1 filled 10/10: 10 @ 100, ! filled a1 10 @ 100
        more than 10: a bought a1 filled 11/10: 11 @ 100, ! filled a1 11 @ 100, ! OVERFILLED bought a1 filled 11/10: 11 @ 100
        the first trade again: a bought a1 expired 4/10: 4 @ 100, ! filled a1 4 @ 100
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: ignored
        expired: ignored
        rejected: ignored
        request refused: a request_rejected a1 expired 0/10
        changed to 12: ignored
        changed to 4: ignored
    "#]],
    );
}

#[test]
fn an_order_that_is_rejected() {
    check(
        "rejected",
        expect![[r#"
        received: ignored
        nobody answered: ignored
        a part: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        the rest of 10: ! UNKNOWN ORDER bought a1 ? 0/0: 6 @ 100
        all of 10: ! UNKNOWN ORDER bought a1 ? 0/0: 10 @ 100
        more than 10: ! UNKNOWN ORDER bought a1 ? 0/0: 11 @ 100
        the first trade again: ! UNKNOWN ORDER bought a1 ? 0/0: 4 @ 100
        a fill of the other side: ! UNKNOWN ORDER sold a1 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a1 ? 0/0: 2 @ 100
        canceled: ignored
        expired: ignored
        rejected: ignored
        request refused: a request_rejected a1 rejected 0/10
        changed to 12: ignored
        changed to 4: ignored
    "#]],
    );
}

#[test]
fn an_order_that_is_denied() {
    check(
        "denied",
        expect![[r#"
        received: ignored
        nobody answered: ignored
        a part: ! UNKNOWN ORDER bought a2 ? 0/0: 2 @ 100
        the rest of 10: ! UNKNOWN ORDER bought a2 ? 0/0: 6 @ 100
        all of 10: ! UNKNOWN ORDER bought a2 ? 0/0: 10 @ 100
        more than 10: ! UNKNOWN ORDER bought a2 ? 0/0: 11 @ 100
        the first trade again: ! UNKNOWN ORDER bought a2 ? 0/0: 4 @ 100
        a fill of the other side: ! UNKNOWN ORDER sold a2 ? 0/0: 2 @ 100
        a fill of another exchange: ! UNKNOWN ORDER bought a2 ? 0/0: 2 @ 100
        canceled: ignored
        expired: ignored
        rejected: ignored
        request refused: a request_rejected a2 denied 0/10
        changed to 12: ignored
        changed to 4: ignored
    "#]],
    );
}
