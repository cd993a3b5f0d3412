//! The events, their order and the log.

use std::{fmt::Write as _, fs};

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use stratd_plugin_api::{
    Bar, EventKind, Exchange as _, Timestamp, Trade, TradingType,
    abi::{self, event_kind},
};

use crate::host::Bench;

/// Reads `files` in batches of several sizes, which must not matter, and compares events, outcome and log.
fn check(files: &[(&str, &str)], config: &Value, expect: Expect) {
    let run = |size| {
        let mut bench = Bench::new(files, config.clone()).expect("the keys are good");
        bench.load().expect("the instruments are good");
        let (events, outcome) = bench.pull(size);
        let outcome = outcome.map_or_else(|error| format!("failed: {error}"), |()| "ended".to_owned());
        events_text(&events) + &bench.plain(&outcome) + "\n" + &bench.log()
    };
    let run = |size| match config["texts"].as_str() {
        Some(path) => run(size).replace(path, "NEWS"),
        None => run(size),
    };
    let text = run(64);
    for size in [1, 2, 3] {
        assert_eq!(run(size), text, "batches of {size}");
    }
    expect.assert_eq(&text);
}

fn events_text(events: &[abi::Event]) -> String {
    let mut text = String::new();
    for event in events {
        write!(text, "{} {} ", Timestamp::new(event.ts), event.instrument).unwrap();
        match EventKind::from_code(event.kind) {
            Some(EventKind::Bar) => {
                let bar = Bar::from(event);
                writeln!(text, "bar {} {} {} {} x {}", bar.open, bar.high, bar.low, bar.close, bar.volume)
                    .unwrap();
            }
            Some(EventKind::Data) => writeln!(text, "data").unwrap(),
            _ => {
                assert_eq!(event.kind, event_kind::TRADE);
                let trade = Trade::from(event);
                let from = if trade.is_from_bar { " from bar" } else { "" };
                let side = trade.aggressor.map_or(String::new(), |side| format!(" {side}"));
                writeln!(
                    text,
                    "trade {} x {} id {}{side}{from}",
                    trade.price, trade.quantity, trade.trade_id
                )
                .unwrap();
            }
        }
    }
    text
}

const BARS: &str = "date,symbol,open,high,low,close,volume,adj_close\n\
                    2013-03-01,A,1,2,1,2,10,1\n2013-03-01,B,5,5,5,5,0,5\n2013-03-04,A,2,2,2,2,20,2\n";
const TRADES: &str =
    "time,symbol,price,size,side,id\n2013-03-01,A,1.5,3,buy,t1\n2013-03-02 14:30:00,C,7,1,sell,t2\n";

#[test]
fn bars_and_trades_of_two_files_in_the_order_of_time() {
    check(
        &[("bars.csv", BARS), ("trades.csv", TRADES)],
        &json!({}),
        expect![[r#"
        2013-03-01T00:00:00Z 101 bar 100 200 100 200 x 10
        2013-03-01T00:00:00Z 101 trade 200 x 10 id 0 from bar
        2013-03-01T00:00:00Z 102 bar 500 500 500 500 x 0
        2013-03-01T00:00:00Z 102 trade 500 x 0 id 0 from bar
        2013-03-01T00:00:00Z 101 trade 150 x 3 id 0 buy
        2013-03-02T14:30:00Z 103 trade 700 x 1 id 0 sell
        2013-03-04T00:00:00Z 101 bar 200 200 200 200 x 20
        2013-03-04T00:00:00Z 101 trade 200 x 20 id 0 from bar
        ended
        20 read 5 rows of 2 files: 8 events of 5 rows, 0 rows not selected, 0 bad rows left out
    "#]],
    );
}

#[test]
fn the_summary_says_that_prices_were_adjusted() {
    check(
        &[("bars.csv", BARS)],
        &json!({ "adjust": "adj_close" }),
        expect![[r#"
            2013-03-01T00:00:00Z 101 bar 5000 10000 5000 10000 x 10
            2013-03-01T00:00:00Z 101 trade 10000 x 10 id 0 from bar
            2013-03-01T00:00:00Z 102 bar 50000 50000 50000 50000 x 0
            2013-03-01T00:00:00Z 102 trade 50000 x 0 id 0 from bar
            2013-03-04T00:00:00Z 101 bar 20000 20000 20000 20000 x 20
            2013-03-04T00:00:00Z 101 trade 20000 x 20 id 0 from bar
            ended
            20 read 3 rows of 1 file: 6 events of 3 rows, 0 rows not selected, 0 bad rows left out; prices adjusted by adj_close/close, rounded once to 4 decimals
        "#]],
    );
}

#[test]
fn selected_symbols_and_times() {
    let config = json!({ "symbols": ["A"], "start": "2013-03-01T00:00:01Z", "end": "2013-03-05" });
    check(
        &[("bars.csv", BARS)],
        &config,
        expect![[r#"
            2013-03-04T00:00:00Z 101 bar 200 200 200 200 x 20
            2013-03-04T00:00:00Z 101 trade 200 x 20 id 0 from bar
            ended
            20 read 3 rows of 1 file: 2 events of 1 rows, 2 rows not selected, 0 bad rows left out
        "#]],
    );
}

#[test]
fn bad_rows_are_left_out_named_and_counted() {
    let mut file = BARS.to_owned();
    for volume in 1..=12 {
        writeln!(file, "2013-03-04,BAD{volume},1,1,1,1,-{volume},1").unwrap();
    }
    file.push_str("2013-03-05,A,3,3,3,3,30,3\n");
    check(
        &[("bars.csv", &file)],
        &json!({ "on_bad_row": "skip" }),
        expect![[r#"
            2013-03-01T00:00:00Z 101 bar 100 200 100 200 x 10
            2013-03-01T00:00:00Z 101 trade 200 x 10 id 0 from bar
            2013-03-01T00:00:00Z 102 bar 500 500 500 500 x 0
            2013-03-01T00:00:00Z 102 trade 500 x 0 id 0 from bar
            2013-03-04T00:00:00Z 101 bar 200 200 200 200 x 20
            2013-03-04T00:00:00Z 101 trade 200 x 20 id 0 from bar
            2013-03-05T00:00:00Z 101 bar 300 300 300 300 x 30
            2013-03-05T00:00:00Z 101 trade 300 x 30 id 0 from bar
            ended
            30 bad row left out: reading bars.csv: line 5: column `volume`: -1 is negative (accepted: 0 or more)
            30 bad row left out: reading bars.csv: line 6: column `volume`: -2 is negative (accepted: 0 or more)
            30 bad row left out: reading bars.csv: line 7: column `volume`: -3 is negative (accepted: 0 or more)
            30 bad row left out: reading bars.csv: line 8: column `volume`: -4 is negative (accepted: 0 or more)
            30 bad row left out: reading bars.csv: line 9: column `volume`: -5 is negative (accepted: 0 or more)
            30 bad row left out: reading bars.csv: line 10: column `volume`: -6 is negative (accepted: 0 or more)
            30 bad row left out: reading bars.csv: line 11: column `volume`: -7 is negative (accepted: 0 or more)
            30 bad row left out: reading bars.csv: line 12: column `volume`: -8 is negative (accepted: 0 or more)
            30 bad row left out: reading bars.csv: line 13: column `volume`: -9 is negative (accepted: 0 or more)
            30 bad row left out: reading bars.csv: line 14: column `volume`: -10 is negative (accepted: 0 or more)
            30 further bad rows are only counted; the total comes at the end
            30 read 16 rows of 1 file: 8 events of 4 rows, 0 rows not selected, 12 bad rows left out
        "#]],
    );
}

#[test]
fn trade_ids_only_on_request() {
    check(
        &[("trades.csv", TRADES)],
        &json!({ "trade_ids": true }),
        expect![[r#"
            2013-03-01T00:00:00Z 101 trade 150 x 3 id 4 buy
            2013-03-02T14:30:00Z 102 trade 700 x 1 id 5 sell
            ended
            20 read 2 rows of 1 file: 2 events of 2 rows, 0 rows not selected, 0 bad rows left out
        "#]],
    );
    let mut bench =
        Bench::with_host(&[("trades.csv", TRADES)], json!({ "trade_ids": true }), TradingType::Backtest, 4)
            .unwrap();
    bench.load().unwrap();
    let (events, outcome) = bench.pull(8);
    assert_eq!(events.len(), 1);
    expect!["the host refused the text `t2` of 2 bytes (accepted: at most 64); set trade_ids = false to leave the ids out"].assert_eq(&outcome.unwrap_err().to_string());
}

#[test]
fn a_file_that_changes_behind_our_back_fails_and_keeps_failing() {
    let mut bench = Bench::new(&[("bars.csv", BARS)], json!({})).unwrap();
    bench.load().unwrap();
    let changed = BARS.replace("2013-03-04,A", "2013-03-04,NEW");
    fs::write(bench.folder.path().join("bars.csv"), changed).unwrap();
    for expected in [4, 0, 0] {
        // what came before it is handed over
        let (events, outcome) = bench.pull(64);
        assert_eq!(events.len(), expected);
        assert_eq!(
            outcome.unwrap_err().to_string(),
            "NEW was not in the files when their instruments were read (accepted: files that do not change)"
        );
    }
    fs::remove_file(bench.folder.path().join("bars.csv")).unwrap();
    assert!(bench.load().is_err());
    expect!["events were pulled before the instruments were asked for"]
        .assert_eq(&bench.pull(1).1.unwrap_err().to_string());
}

#[test]
fn the_order_of_calls_is_checked() {
    let mut bench = Bench::new(&[("bars.csv", BARS)], json!({})).unwrap();
    expect!["events were pulled before the instruments were asked for"]
        .assert_eq(&bench.pull(1).1.unwrap_err().to_string());
    bench.load().unwrap();
    assert!(bench.exchange.next_batch(&mut []).is_err());
    assert_eq!(bench.pull(1).0.len(), 6);
    // the end stays the end, and its summary is logged once
    assert_eq!(bench.pull(1).0.len(), 0);
    assert_eq!(bench.log().lines().count(), 1);
    // a second run starts anew
    bench.load().unwrap();
    assert_eq!(bench.pull(5).0.len(), 6);
    bench.load().unwrap();
    bench.exchange.stop().unwrap();
    assert_eq!(bench.pull(5).0.len(), 0);
}

#[test]
fn what_is_before_a_split_is_told_as_it_is_counted_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let splits = folder.path().join("splits.csv");
    fs::write(&splits, "date,symbol,ratio\n2013-03-04,A,4:1\n").unwrap();
    let mut bench =
        Bench::new(&[("bars.csv", BARS)], json!({ "splits": splits })).expect("the keys are good");
    bench.load().expect("the instruments are good");
    let (events, outcome) = bench.pull(64);
    outcome.expect("it is read to the end");
    expect![[r#"
        2013-03-01T00:00:00Z 101 bar 2500 5000 2500 5000 x 40
        2013-03-01T00:00:00Z 101 trade 5000 x 40 id 0 from bar
        2013-03-01T00:00:00Z 102 bar 50000 50000 50000 50000 x 0
        2013-03-01T00:00:00Z 102 trade 50000 x 0 id 0 from bar
        2013-03-04T00:00:00Z 101 bar 20000 20000 20000 20000 x 20
        2013-03-04T00:00:00Z 101 trade 20000 x 20 id 0 from bar
    "#]]
    .assert_eq(&events_text(&events));
    fs::write(&splits, "date,symbol,ratio\n2013-03-04,A,0:1\n").unwrap();
    let mut bench =
        Bench::new(&[("bars.csv", BARS)], json!({ "splits": splits })).expect("the keys are good");
    let error = bench.load().unwrap_err().to_string();
    assert!(
        error.contains("splits.csv: line 2: found \"0:1\" (accepted: new shares for old ones"),
        "{error}"
    );
    let both = json!({ "splits": splits, "adjust": "adj_close" });
    assert!(Bench::new(&[("bars.csv", BARS)], both).is_err());
}

/// A file of texts in a folder of its own, and the configuration that names it.
fn texts(rows: &str) -> (tempfile::TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("news.csv");
    fs::write(&path, format!("time,symbol,text\n{rows}")).unwrap();
    let config = json!({ "texts": path });
    (folder, config)
}

#[test]
fn texts_come_after_the_prices_of_their_time_and_to_the_end() {
    let (_folder, config) = texts(
        "2013-02-28,,before anything\n2013-03-01,A,as it closes\n2013-03-01 12:00:00,b-equity,\"a, b\"\n2013-03-09,A,after the prices\n",
    );
    check(
        &[("bars.csv", BARS)],
        &config,
        expect![[r#"
        2013-02-28T00:00:00Z 0 data
        2013-03-01T00:00:00Z 101 bar 100 200 100 200 x 10
        2013-03-01T00:00:00Z 101 trade 200 x 10 id 0 from bar
        2013-03-01T00:00:00Z 102 bar 500 500 500 500 x 0
        2013-03-01T00:00:00Z 102 trade 500 x 0 id 0 from bar
        2013-03-01T00:00:00Z 101 data
        2013-03-01T12:00:00Z 102 data
        2013-03-04T00:00:00Z 101 bar 200 200 200 200 x 20
        2013-03-04T00:00:00Z 101 trade 200 x 20 id 0 from bar
        2013-03-09T00:00:00Z 101 data
        ended
        20 read 3 rows of 1 file: 6 events of 3 rows, 0 rows not selected, 0 bad rows left out; 4 texts of NEWS
    "#]],
    );
    let mut bench = Bench::new(&[("bars.csv", BARS)], config).unwrap();
    bench.load().unwrap();
    let (events, _) = bench.pull(64);
    let payloads: Vec<_> = events
        .iter()
        .filter(|event| event.kind == event_kind::DATA)
        .map(|event| bench.host.said(event.data[0].cast_unsigned()))
        .collect();
    assert_eq!(payloads, ["before anything", "as it closes", "\"a, b\"", "after the prices"]);
}

#[test]
fn texts_of_what_is_not_selected_are_left_out_and_wrong_ones_are_refused_with_their_line() {
    let of = |rows: &str, keys: &Value| {
        let (folder, mut config) = texts(rows);
        for (key, value) in keys.as_object().unwrap() {
            config[key] = value.clone();
        }
        let mut bench = Bench::new(&[("bars.csv", BARS)], config).unwrap();
        match bench.load() {
            Ok(()) => {
                bench.pull(64).0.iter().filter(|event| event.kind == event_kind::DATA).count().to_string()
            }
            Err(error) => error.to_string().replace(&format!("{}/", folder.path().display()), ""),
        }
    };
    assert_eq!(of("2013-03-01,B,b\n2013-03-02,A,a\n2013-03-02,Z,z\n", &json!({ "symbols": ["A"] })), "1");
    assert_eq!(of("2013-03-01,A,a\n2013-03-04,A,b\n", &json!({ "end": "2013-03-04" })), "1");
    let long = "x".repeat(65_537);
    let refused = [
        (
            "2013-03-01,Z,z".to_owned(),
            "line 2: the symbol \"Z\" (accepted: none, or one of A-equity, B-equity)",
        ),
        (
            "2013-03-01,A".to_owned(),
            "line 2: found \"2013-03-01,A\" (accepted: three fields: time, symbol and text)",
        ),
        (format!("2013-03-01,A,{long}"), "line 2: a text of 65537 bytes (accepted: at most 65536)"),
        (
            "2013-03-02,A,a\n2013-03-01,A,b".to_owned(),
            "line 3: the time goes backwards (accepted: at least 2013-03-02T00:00:00Z)",
        ),
    ];
    for (rows, why) in refused {
        assert_eq!(of(&rows, &json!({})), format!("reading news.csv: {why}"));
    }
}
