//! Which configurations are accepted, and what is refused before the run.

use exchange_csv::{Config, CsvExchange};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use stratd_plugin_api::{Exchange as _, InstrumentType, TradingType};

use crate::host::Bench;

const BARS: &str =
    "date,symbol,open,high,low,close,volume\n2013-03-01,A-EQUITY,1,2,1,2,10\n2013-03-01,B,1,2,1,2,10\n";

fn check(config: Value, expect: Expect) {
    let text = match Bench::new(&[], config) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    };
    expect.assert_eq(&text);
}

/// What asking for the instruments answers.
fn check_load(files: &[(&str, &str)], config: Value, expect: Expect) {
    let mut bench = Bench::new(files, config).expect("the keys are good");
    let text = match bench.load() {
        Ok(()) => {
            let notes = bench.host.notes.lock().unwrap();
            notes.instruments.iter().fold(String::new(), |text, i| {
                let (price, quantity) = (i.price_decimals, i.quantity_decimals);
                format!("{text}{} {} {} {price} {quantity}\n", i.symbol, i.instrument_type, i.currency)
            })
        }
        Err(error) => bench.plain(&error.to_string()),
    };
    expect.assert_eq(&(text + &bench.log()));
}

#[test]
fn keys() {
    check(json!({ "file": "a.csv" }), expect!["accepted"]);
    check(json!({}), expect![[r#"no file is named (accepted: file = "prices.csv", or a list in files)"#]]);
    check(
        json!({ "file": "a.csv", "fiel": 1 }),
        expect![
            "unknown field `fiel`, expected one of `file`, `files`, `symbol`, `instrument_type`, `currency`, `adjust`, `splits`, `texts`, `price_decimals`, `quantity_decimals`, `time_unit`, `on_bad_row`, `symbols`, `start`, `end`, `sessions`, `timezone`, `days`, `trade_ids`"
        ],
    );
    check(
        json!({ "file": "a.csv", "adjust": "adj-close" }),
        expect!["unknown variant `adj-close`, expected `none` or `adj_close`"],
    );
    check(
        json!({ "file": "a.csv", "time_unit": "min" }),
        expect!["unknown variant `min`, expected one of `s`, `ms`, `us`, `ns`"],
    );
    check(
        json!({ "file": "a.csv", "on_bad_row": "ignore" }),
        expect!["unknown variant `ignore`, expected `stop` or `skip`"],
    );
}

#[test]
fn all_problems_come_at_once() {
    check(
        json!({
            "file": "a.csv", "files": ["b.csv", "a.csv"], "symbol": " ", "symbols": ["A\n"], "instrument_type": "share",
            "price_decimals": 13, "quantity_decimals": 14, "start": "yesterday", "end": "20130301",
        }),
        expect![[
            r#"a.csv is named twice, which would double its rows (accepted: once); " " is no symbol (accepted: for example AAPL or AAPL-EQUITY); "A\n" is no symbol (accepted: for example AAPL or AAPL-EQUITY); instrument_type "share" is not known (accepted: for example equity); price_decimals is 13 (accepted: 0 to 12); quantity_decimals is 14 (accepted: 0 to 12); start: `yesterday` is no time of a known form (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11); end: the unit of `20130301` is not certain (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11; for numbers of any size set time_unit)"#
        ]],
    );
    check(
        json!({ "file": "a.csv", "start": "2013-03-01", "end": "2013-03-01" }),
        expect!["end is 2013-03-01T00:00:00Z (accepted: after start, 2013-03-01T00:00:00Z)"],
    );
    let files: Vec<_> = (0..257).map(|n| format!("{n}.csv")).collect();
    check(json!({ "files": files }), expect!["257 files are named (accepted: at most 256)"]);
}

#[test]
fn every_key_is_documented_and_paths_are_marked() {
    let schema = schemars::schema_for!(Config);
    let properties = schema.get("properties").and_then(Value::as_object).unwrap();
    for (key, node) in properties {
        assert!(node["description"].as_str().is_some_and(|text| text.len() > 10), "{key}");
    }
    for key in ["file", "files"] {
        assert_eq!(properties[key]["format"], "path", "{key}");
    }
    let keys: Vec<_> = properties.keys().map(String::as_str).collect();
    expect!["file files symbol instrument_type currency adjust splits texts price_decimals quantity_decimals time_unit on_bad_row symbols start end sessions timezone days trade_ids"].assert_eq(&keys.join(" "));
}

#[test]
fn capabilities_are_those_of_a_backtest_source() {
    let can = CsvExchange::CAPABILITIES;
    assert!(can.market_data && can.is_historical && !can.order_entry && !can.spawns_threads);
    assert_eq!(can.trading_types.to_string(), "backtest");
    assert!(InstrumentType::ALL.iter().all(|t| can.instrument_types.contains(*t)));
}

#[test]
fn every_trading_type_but_backtest_is_refused() {
    for trading_type in [TradingType::Simulation, TradingType::Sandbox, TradingType::Live] {
        let bench = Bench::with_host(&[("a.csv", BARS)], json!({}), trading_type, usize::MAX);
        let mut bench = bench.expect("the keys are good");
        let accepted =
            format!("files are replayed, but the trading type is {trading_type} (accepted: backtest)");
        let reply = bench.reply();
        assert_eq!(bench.exchange.connect(reply).unwrap_err().to_string(), accepted);
        let reply = bench.reply();
        assert_eq!(bench.exchange.instruments(reply).unwrap_err().to_string(), accepted);
    }
}

#[test]
fn connect_opens_every_file() {
    let mut bench = Bench::new(&[("a.csv", BARS)], json!({ "file": "/nonexistent/b.csv" })).unwrap();
    let reply = bench.reply();
    bench.exchange.connect(reply).unwrap();
    let mut bench_good = Bench::new(&[("a.csv", BARS)], json!({})).unwrap();
    let reply = bench_good.reply();
    bench_good.exchange.connect(reply).unwrap();
    assert_eq!(bench_good.host.notes.lock().unwrap().answers, [Ok(())]);
    let answers = &bench.host.notes.lock().unwrap().answers;
    expect!["reading /nonexistent/b.csv: No such file or directory (os error 2) (accepted: a file that can be read)"].assert_eq(answers[0].as_ref().unwrap_err());
}

#[test]
fn instruments_of_all_files_are_united() {
    let trades = "time,symbol,price,size\n1362148200,B-EQUITY,1,1\n1362148200,EUR-PAIR,1.25,1\n";
    check_load(
        &[("a.csv", BARS), ("b.csv", trades)],
        json!({ "currency": "EUR", "price_decimals": 4, "quantity_decimals": 3 }),
        expect![[r#"
            A equity EUR 4 3
            B equity EUR 4 3
            EUR pair EUR 4 3
        "#]],
    );
    check_load(
        &[("a.csv", BARS)],
        json!({ "instrument_type": "mutual_fund", "adjust": "none" }),
        expect![[r#"
            A equity USD 2 0
            B mutual_fund USD 2 0
        "#]],
    );
    check_load(
        &[("a.csv", BARS)],
        json!({ "symbols": ["B"] }),
        expect![[r#"
        B equity USD 2 0
    "#]],
    );
    let plain = "date,close,volume\n2013-03-01,1,1\n";
    check_load(
        &[("a.csv", plain)],
        json!({ "symbol": "ES-FUTURE" }),
        expect![[r#"
        ES future USD 2 0
    "#]],
    );
}

#[test]
fn what_cannot_run_is_refused_before_the_run() {
    check_load(
        &[("a.csv", BARS)],
        json!({ "symbols": ["A", "C", "B-FUTURE"] }),
        expect!["symbols: C, B-future in no row that was read (accepted: A-equity, B-equity)"],
    );
    check_load(
        &[("a.csv", BARS)],
        json!({ "adjust": "adj_close" }),
        expect![
            "reading a.csv: line 1: the first row `date,symbol,open,high,low,close,volume` has no column adj_close or adjusted_close (accepted: a first row, separated by commas, with a time column (date, datetime, time or timestamp), a symbol column or the key `symbol`, and open, high, low, close, volume; or close, volume; or price and volume, quantity or size; optional adj_close, instrument_type, side, id)"
        ],
    );
    check_load(
        &[("a.csv", &(BARS.to_owned() + "2013-03-02,A,1,2,1,3,1\n"))],
        json!({}),
        expect![
            "reading a.csv: line 4: column `close`: 3 is outside low to high (accepted: low to high, 1 to 2)"
        ],
    );
    check_load(
        &[("a.csv", BARS), ("b.csv", "")],
        json!({}),
        expect!["reading b.csv: the file is empty (accepted: a header and rows)"],
    );
    check_load(
        &[("a.csv", BARS)],
        json!({ "start": "2014-01-01" }),
        expect![[r#"
        30 there are no rows to replay in a.csv
    "#]],
    );
}
