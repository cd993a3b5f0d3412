//! Figures: what is told is what the page lists, and it moves.

use std::{collections::BTreeSet, fs};

use stratd_control::{Request, Strategy};
use stratd_tests::workspace;

use crate::desk::Desk;

/// What this daemon has nothing to tell of: no order was denied, cut down, or reported by somebody strange; nothing is
/// received by its log.
const ABSENT: [&str; 3] = ["stratd_denials_total", "stratd_reductions_total", "stratd_log_received_total"];

/// A scrape, with further lines of its head.
fn scrape(desk: &Desk, head: &str) -> (String, String) {
    let request = format!("GET /v1/metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{head}\r\n");
    let answer = desk.talk(request.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    (head.to_owned(), body.to_owned())
}

/// The value of a series.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {series} in\n{text}"))
}

#[test]
fn the_page_of_metrics_lists_what_is_told() {
    let mut desk = Desk::start("");
    let client = desk.client();
    desk.running().wait_until("fills", || {
        let status = stratd_control::Request::status();
        let status = client.send(&status).and_then(|answer| answer.read::<stratd_control::Status>());
        status.is_ok_and(|status| status.events > 200)
    });
    // strategies are looked up once a second
    let mut text = String::new();
    for _ in 0..600 {
        text = scrape(&desk, "").1;
        if text.contains("stratd_strategy_events_total{") && value(&text, "stratd_fills_total") > 0.0 {
            break;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
    for part in ["engine", "commit", "send", "arrive", "answer"] {
        let count = value(&text, &format!("stratd_order_path_seconds_count{{part=\"{part}\"}}"));
        assert!(count >= 1.0, "{part}: an order was filled");
    }
    for part in ["check", "database", "read", "connect", "take_up", "reconcile", "start"] {
        let seconds = value(&text, &format!("stratd_start_seconds{{part=\"{part}\"}}"));
        assert!((0.0..60.0).contains(&seconds), "{part}: {seconds} s");
    }
    let suffix = |kind: &str| match kind {
        "counter" => "_total",
        "info" => "_info",
        _ => "",
    };
    let told: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .map(|(family, kind)| format!("{family}{}", suffix(kind)))
        .collect();
    let page = fs::read_to_string(workspace().join("docs/metrics.md")).expect("the page");
    let listed: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect();
    let not_told: Vec<_> = listed.difference(&told).filter(|name| !ABSENT.contains(&name.as_str())).collect();
    let not_listed: Vec<_> = told.difference(&listed).collect();
    assert!(
        not_told.is_empty() && not_listed.is_empty(),
        "not told: {not_told:?}, not listed: {not_listed:?}"
    );
    desk.end();
}

#[test]
fn figures_move_and_come_in_two_formats() {
    let mut desk = Desk::start("");
    let (head, before) = scrape(&desk, "");
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{head}");
    assert!(before.ends_with("# EOF\n"), "{before}");
    let events = |text: &str| {
        ["trade", "quote", "bar", "book", "data"]
            .iter()
            .map(|kind| value(text, &format!("stratd_events_total{{kind=\"{kind}\"}}")))
            .sum::<f64>()
    };
    let first = events(&before);
    let path = desk.socket();
    let client = desk.client();
    desk.running().wait_until("events", || {
        assert!(path.exists());
        let status = client.send(&stratd_control::Request::status());
        let status = status.and_then(|answer| answer.read::<stratd_control::Status>());
        #[expect(clippy::cast_precision_loss, reason = "a few events")]
        status.is_ok_and(|status| status.events as f64 > first + 100.0)
    });
    let (head, after) = scrape(&desk, "accept: text/plain\r\n");
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    assert!(events(&after) > first + 100.0);
    for (series, least) in [
        ("stratd_loop_round_seconds_count", 1.0),
        ("stratd_event_age_seconds_count", 1.0),
        ("process_resident_memory_bytes", 1e6),
        ("process_threads", 3.0),
        // several events may come in one call
        ("stratd_strategy_call_seconds_count{strategy=\"market-maker\"}", 1.0),
        ("stratd_store_commit_seconds_count", 1.0),
        ("stratd_store_writes_total{outcome=\"written\"}", 1.0),
        // this very question
        ("stratd_control_connections{listener=\"socket\"}", 1.0),
        ("stratd_control_accepted_connections_total{listener=\"socket\"}", 2.0),
        ("stratd_instances{kind=\"strategy\",state=\"started\"}", 1.0),
        ("stratd_control_requests_total{method=\"GET\",route=\"/v1/metrics\",status=\"200\"}", 1.0),
    ] {
        assert!(value(&after, series) >= least, "{series}: {}", value(&after, series));
    }
    assert!(!after.contains("# EOF") && after.contains("# TYPE stratd_fills_total counter"), "{after}");
    desk.end();
}

#[test]
fn the_latency_of_a_strategy_is_told_once_it_was_called() {
    let mut desk = Desk::start("");
    let strategy = |desk: &Desk| -> Strategy { desk.ask(&Request::strategy("market-maker")) };
    desk.wait("calls", |desk| strategy(desk).events > 100);
    let told = strategy(&desk);
    let figures = [told.latency_ns_p50, told.latency_ns_p99, told.latency_ns_max];
    let [Some(p50), Some(p99), Some(max)] = figures else { panic!("{told:?}") };
    assert!(0 < p50 && p50 <= p99 && p99 <= max, "{figures:?}");
    desk.end();
}

#[test]
fn connections_are_counted_by_what_became_of_them() {
    let mut desk = Desk::start("");
    let figure =
        |text: &str, name: &str| value(text, &format!("stratd_control_{name}{{listener=\"socket\"}}"));
    let before = scrape(&desk, "").1;
    // one that speaks something else, and more than there are places
    desk.talk(b"status\n\n");
    let mut held: Vec<_> = (0..100).map(|_| desk.connect()).collect();
    held.truncate(10);
    let mut after = String::new();
    desk.wait("a place for the question", |desk| {
        let request = b"GET /v1/metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        after = desk.talk(request);
        after.starts_with("HTTP/1.1 200 ") && figure(&after, "connections") < 20.0
    });
    for (name, least) in [("refused_connections_total", 30.0), ("broken_connections_total", 1.0)] {
        assert!(figure(&after, name) >= figure(&before, name) + least, "{name}: {before}\n{after}");
    }
    assert!(figure(&after, "connections") >= 11.0, "those that are held, and the question: {after}");
    drop(held);
    desk.wait("the end of the others", |desk| figure(&scrape(desk, "").1, "connections") <= 2.0);
    desk.end();
}
