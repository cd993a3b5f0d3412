//! Several events of one instant in one call.

use expect_test::expect;

use crate::check;

#[test]
fn a_batch_safe_strategy_that_listens_alone_gets_a_slice() {
    check(
        "
        batch a
        slice X 100 101 102
        show
        ",
        expect![[r#"
            > slice X 100 101 102
              a trade X 100
              a trade X 101
              a trade X 102
                took 3
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 3 events 0 orders 0 denials, pnl 0
        "#]],
    );
}

#[test]
fn a_request_ends_the_slice_and_is_judged_at_its_event() {
    check(
        "
        limits max_order_notional=1010
        batch a
        a on trade X 101: buy 10
        slice X 100 101 102 103
        show
        ",
        expect![[r#"
            > slice X 100 101 102 103
              a trade X 100
              a trade X 101
                took 2
              ! submit a1 buy 10 X market
              a trade X 102
              a trade X 103
                took 2
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 4 events 1 orders 0 denials, pnl 0
                a1 pending_new 0/10
        "#]],
    );
}

#[test]
fn a_failing_event_is_the_last_of_its_slice() {
    check(
        "
        batch a
        a on trade X 101: fail no good
        slice X 100 101 102
        show
        ",
        expect![[r#"
            > slice X 100 101 102
              a trade X 100
              a trade X 101
              a error handler_error no good
                took 2
              ! faulted a: handler_error: no good (in on_trade X)
                took 1
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a faulted (handler_error: no good), 2 events 0 orders 0 denials, pnl 0
        "#]],
    );
}

#[test]
fn others_that_listen_get_one_event_after_the_other() {
    check(
        "
        batch a
        batch b
        b on start: subscribe Y
        slice X 100 101
        start
        slice X 102 103
        slice Y 5 6
        stop a
        slice Y 7 8
        ",
        expect![[r#"
            > slice X 100 101
              a trade X 100
              b trade X 100
                took 1
              a trade X 101
              b trade X 101
                took 1
            > start
              a start
              b start
            > slice X 102 103
              a trade X 102
              a trade X 103
                took 2
            > slice Y 5 6
              a trade Y 5
              b trade Y 5
                took 1
              a trade Y 6
              b trade Y 6
                took 1
            > stop a
              a exit requested
              ! stopped a: requested
            > slice Y 7 8
              b trade Y 7
              b trade Y 8
                took 2
        "#]],
    );
}

#[test]
fn a_strategy_that_reads_views_or_is_on_probation_gets_one_at_a_time() {
    check(
        "
        stateful a
        stateful A
        slice X 100 101
        swap a A batch=yes for=100s events=2
        slice X 102 103 104 105
        show
        ",
        expect![[r#"
            > slice X 100 101
              a trade X 100
                took 1
              a trade X 101
                took 1
            > swap a A batch=yes for=100s events=2
              a save
              A restore 2 of version 1
                swapped with state `2`, 1 bytes
            > slice X 102 103 104 105
              A trade X 102
                took 1
              A trade X 103
                took 1
              ! probation of a passed
              A trade X 104
              A trade X 105
                took 2
            > show
                cash 1000 equity 1000 realized 0 fees 0
                a started, 6 events 0 orders 0 denials, pnl 0
        "#]],
    );
}

#[test]
fn a_rollback_brings_back_whether_the_strategy_is_batch_safe() {
    check(
        "
        stateful a
        stateful A
        A on trade X 102: panic
        swap a A batch=yes for=100s
        slice X 102 103 104
        ",
        expect![[r#"
            > swap a A batch=yes for=100s
              a save
              A restore 0 of version 1
                swapped with state `0`, 1 bytes
            > slice X 102 103 104
              A trade X 102
              a trade X 102
                took 1
              ! rolled back a: panic: panicked
              a trade X 103
                took 1
              a trade X 104
                took 1
        "#]],
    );
}
