//! `docs/metrics.md`, made from the catalog. `UPDATE_EXPECT=1 cargo test -p stratd --lib metrics::reference` rewrites it.

use std::fmt::Write as _;

use expect_test::expect_file;

use super::catalog::{ALL, Kind};

const INTRODUCTION: &str = r#"# Metrics

<!-- Made from daemon/src/metrics/catalog.rs by a test: UPDATE_EXPECT=1 cargo test -p stratd --lib metrics::reference -->

`GET /v1/metrics` answers with the figures of the running daemon in the format OpenMetrics 1.0.
Who accepts only `text/plain` gets the older text format of Prometheus; names and values are the same.

```sh
curl -s --unix-socket /run/stratd/control.sock http://stratd/v1/metrics
curl -s --unix-socket /run/stratd/control.sock -H 'accept: text/plain' http://stratd/v1/metrics | promtool check metrics
```

The role reader suffices.
Prometheus does not scrape Unix sockets: let it scrape the TCP listener of `[control.tcp]`, or put a proxy between, such as `socat TCP-LISTEN:9464,bind=127.0.0.1,fork UNIX-CONNECT:/run/stratd/control-ro.sock`.

Nobody who may not answer is asked: a scrape works while the event loop hangs, and `stratd_loop_round_timestamp_seconds` tells that it does.
What is looked up in the engine (equity, cash, working orders, figures of strategies) is as of the last second.
Counters begin with the run; a metric that has nothing to tell yet is absent, such as `stratd_denials_total` before the first denial.
Money is a float here and exact everywhere else.

Histograms have buckets from 1 µs to 10 s, about three a decade; those of calls begin with 100 ns, those of the way of an order have ten a decade up to 100 ms.
Useful questions:

```promql
rate(stratd_events_total[1m])
histogram_quantile(0.99, rate(stratd_loop_round_seconds_bucket[5m]))
time() - stratd_loop_round_timestamp_seconds > 5
histogram_quantile(0.99, sum by (strategy, le) (rate(stratd_strategy_call_seconds_bucket[5m])))
sum by (strategy) (rate(stratd_strategy_call_seconds_sum[5m]))
histogram_quantile(0.99, rate(stratd_store_commit_seconds_bucket[5m]))
histogram_quantile(0.99, sum by (part, le) (rate(stratd_order_path_seconds_bucket[5m])))
sum by (status) (rate(stratd_control_requests_total{status=~"4..|503"}[5m])) > 0
increase(stratd_denials_total[1h]) > 0
stratd_instances{state=~"faulted|quarantined"} > 0
```

The second of those with `stratd_strategy_call_seconds` is the part of the event loop's time that each strategy takes; the one with `status` are the requests that were refused.

## List

| metric | type | labels | meaning |
|---|---|---|---|
"#;

fn reference() -> String {
    let mut text = INTRODUCTION.to_owned();
    for metric in ALL {
        let suffix = if metric.kind == Kind::Histogram { "" } else { metric.kind.suffix() };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let name = format!("{}{suffix}", metric.family());
        let _ = writeln!(
            text,
            "| `{name}` | {} | {} | {} |",
            metric.kind.word(),
            labels.join(", "),
            metric.help.replace('|', "\\|")
        );
    }
    text
}

#[test]
fn the_list_of_metrics_is_up_to_date() {
    expect_file!["../../../docs/metrics.md"].assert_eq(&reference());
}
