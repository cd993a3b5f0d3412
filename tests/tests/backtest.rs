//! Backtests by the real program with real plugins: what they leave behind, to the byte.

use std::{collections::BTreeMap, fs};

use expect_test::{Expect, expect};
use serde_json::Value;
use stratd_tests::{Files, Ledger, Place, Ran, Table, cents, plugin, scaled, units, workspace};

const HEADER: &str = "date,symbol,open,high,low,close,volume";

/// Five days: open 100, 102, …, close half a dollar above.
const FIVE: &str = "date,symbol,open,high,low,close,volume
2024-01-02,AAPL-EQUITY,100.00,101.00,99.00,100.50,1000
2024-01-03,AAPL-EQUITY,102.00,103.00,101.00,102.50,1000
2024-01-04,AAPL-EQUITY,104.00,105.00,103.00,104.50,1000
2024-01-05,AAPL-EQUITY,106.00,107.00,105.00,106.50,1000
2024-01-08,AAPL-EQUITY,108.00,109.00,107.00,108.50,1000
";
/// Two days of `FIVE`, and a time of its own.
const SHORT: &str = "time,symbol,open,high,low,close,volume
2024-01-02,IBM-EQUITY,50.00,51.00,49.00,50.50,1000
2024-01-03,IBM-EQUITY,52.00,53.00,51.00,52.50,1000
2024-01-03T12:00:00Z,IBM-EQUITY,54.00,55.00,53.00,54.50,1000
";

fn quickstart() -> String {
    workspace().join("configs/quickstart.toml").display().to_string()
}

fn five() -> Place {
    Place::new(&[("five.csv", FIVE)])
}

/// The configuration of a plugin that lies apart: it buys one share at the trade `at`, or fails there.
fn faulty(settings: &str) -> String {
    format!("{},{settings}", plugin("strategy_faulty").display())
}

/// The rows of a file of results, without the header.
fn rows<'a>(results: &'a Files, file: &str) -> &'a str {
    results[file].split_once('\n').expect("a file of results has a header").1
}

fn summary(results: &Files) -> Value {
    serde_json::from_str(&results["summary.json"]).expect("the summary is JSON")
}

/// Two configurations that say the same in other words have equal results but for the words.
fn assert_equal_outcome(one: &Files, other: &Files) {
    assert!(one.keys().eq(other.keys()));
    for (name, text) in one.iter().filter(|(name, _)| !matches!(name.as_str(), "config.json" | "report.html"))
    {
        assert!(*text == other[name], "{name} differs");
    }
}

/// The texts of a key in a list of objects.
fn texts(list: &Value, key: &str) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|entry| entry[key].as_str().expect("a text").to_owned()).collect()
}

// Thirteen years of real prices.

#[test]
fn two_runs_of_the_quickstart_give_byte_equal_folders() {
    let place = Place::new(&[]);
    let run = || {
        let Ran { code, out, err } = place.stratd(&["backtest", &quickstart()]);
        assert_eq!(code, 0, "{err}");
        let (report, last) = out.trim_end().rsplit_once('\n').expect("a report has several lines");
        assert!(last.starts_with("results in runs/"), "{last}");
        (place.results(), report.to_owned(), err)
    };
    let (first, second) = (run(), run());
    assert_eq!(place.runs().len(), 2, "each run has a folder of its own");
    let names = [
        "config.json",
        "denials.csv",
        "equity.csv",
        "fills.csv",
        "orders.csv",
        "positions.csv",
        "report.html",
        "returns.csv",
        "summary.json",
    ];
    assert_eq!(first.0.keys().collect::<Vec<_>>(), names);
    // not `assert_eq`: it would print megabytes
    for (name, text) in &first.0 {
        assert!(second.0[name] == *text, "{name} differs");
    }
    assert!(first.1 == second.1 && first.2 == second.2, "the report and the log are equal, too");
}

#[test]
fn the_summary_agrees_with_the_fills_and_the_data() {
    check_summary(&Place::new(&[]).backtest(&[&quickstart()]));
}

#[test]
fn fees_and_costs_are_taken_from_the_cash_and_each_is_told_apart() {
    let costs = "[costs]\ntaker_fee = 0.0005\nfee_per_unit = 0.001\nslippage = { percentage = 0.0002 }\n\
                 transaction_cost = { fixed = 1.25 }\n";
    let data = workspace().join("configs/data");
    let file =
        fs::read_to_string(quickstart()).unwrap().replace("\"data/", &format!("\"{}/", data.display()));
    let place = Place::new(&[("run.toml", &format!("{file}\n{costs}"))]);
    let results = place.backtest(&["run.toml"]);
    for fill in Table::read(&results["fills.csv"]).rows() {
        let quantity: i128 = fill["quantity"].parse().unwrap();
        // exact: prices have four decimals
        let value = units(fill["price"]) * quantity;
        let costs = ["fee", "slippage", "transaction_cost"].map(|column| units(fill[column]));
        assert_eq!(
            costs,
            [value * 5 / 10_000 + quantity * 100_000, value * 2 / 10_000, 125_000_000],
            "{fill:?}"
        );
        assert_eq!(fill["liquidity"], "taker", "{fill:?}");
    }
    let summary = summary(&results);
    for key in ["fees", "slippage", "transaction_costs"] {
        assert!(units(summary[key].as_str().unwrap()) > 0, "{summary:#}");
    }
    check_assumptions(
        &summary,
        expect![[r#"
            fill: orders fill at the next price (after a bar: the next bar's open)
            latency: orders, changes and cancels arrive at once
            liquidity: unlimited
            fees: maker 0 and taker 0.0005 of the notional, 0.001 per unit
            slippage: 0.0002 of the notional
            transaction_cost: 1.25000000 per fill
        "#]],
    );
    check_summary(&results);
}

/// What a summary says that was assumed.
fn check_assumptions(summary: &Value, expect: Expect) {
    let assumptions = summary["assumptions"].as_object().expect("assumptions are an object");
    let line = |(what, words): (&String, &Value)| format!("{what}: {}\n", words.as_str().expect("a text"));
    expect.assert_eq(&assumptions.iter().map(line).collect::<String>());
}

/// Keeps the books again, from the fills and the data, and compares.
fn check_summary(results: &Files) {
    let summary = summary(results);
    let (fills, equity) = (Table::read(&results["fills.csv"]), Table::read(&results["equity.csv"]));
    assert!(fills.rows().len() > 1_000, "there is something to check");
    let cash_start = summary["cash_start"].as_str().expect("a text");
    let mut ledger = Ledger::new(cash_start);
    let mut fills_left = fills.rows().iter().peekable();
    let (mut peak, mut drawdown_max) = (ledger.equity(), 0);
    let days = days();
    assert_eq!(days.len(), equity.rows().len());
    for ((time, closes), row) in days.iter().zip(equity.rows()) {
        while let Some(fill) = fills_left.next_if(|fill| fill["time"] == *time) {
            ledger.fill(fill);
        }
        for (symbol, close) in closes {
            ledger.mark(symbol, *close);
        }
        assert_eq!((row["time"], units(row["cash"])), (time.as_str(), units(&ledger.cash())));
        assert_eq!(row["equity"], cents(ledger.equity()), "{time}");
        peak = peak.max(ledger.equity());
        drawdown_max = drawdown_max.max(peak - ledger.equity());
    }
    assert!(fills_left.next().is_none(), "every fill is at a time of the data, in order");

    let last = equity.rows().last().expect("a row");
    assert_eq!(summary["cash_end"], last["cash"]);
    assert_eq!(summary["equity_end"], last["equity"]);
    assert_eq!(summary["end"], last["time"]);
    assert_eq!(summary["days"], days.len());
    assert_eq!(summary["max_drawdown_amount"], cents(drawdown_max));
    let [from, to]: [f64; 2] = ["cash_start", "equity_end"]
        .map(|key| summary[key].as_str().expect("a text").parse().expect("an amount"));
    assert!((summary["return"].as_f64().expect("a number") - (to / from - 1.0)).abs() < 1e-7);
    check_totals(&summary, None, None, &ledger);
    for strategy in summary["strategies"].as_array().expect("a list") {
        let name = strategy["name"].as_str().expect("a text");
        check_totals(strategy, Some(name), None, &ledger);
        let pnl: f64 = cents(ledger.pnl(name)).parse().expect("an amount");
        assert!((strategy["return"].as_f64().expect("a number") - pnl / from).abs() < 1e-7, "{strategy:#}");
        for instrument in strategy["instruments"].as_array().expect("a list") {
            check_instrument(instrument, Some(name), &ledger);
        }
    }
    for instrument in summary["instruments"].as_array().expect("a list") {
        check_instrument(instrument, None, &ledger);
    }
}

fn check_totals(said: &Value, strategy: Option<&str>, symbol: Option<&str>, ledger: &Ledger) {
    assert_eq!(said["fills"], ledger.fills(strategy, symbol), "{said}");
    for (key, amount) in ledger.amounts(strategy, symbol) {
        assert_eq!(said[key], cents(amount), "{key}: {said}");
    }
}

fn check_instrument(said: &Value, strategy: Option<&str>, ledger: &Ledger) {
    let symbol = said["symbol"].as_str().expect("an instrument has a symbol");
    assert_eq!(said["position"], ledger.position(strategy, symbol).to_string(), "{said}");
    check_totals(said, strategy, Some(symbol), ledger);
}

#[test]
fn the_files_of_results_have_these_columns() {
    let results = five().backtest(&["--exchange", "csv,file=five.csv", "--strategy", "buy-and-hold"]);
    let headers: String =
        ["orders.csv", "fills.csv", "positions.csv", "denials.csv", "equity.csv", "returns.csv"]
            .map(|file| format!("{}\n", results[file].lines().next().expect("a header")))
            .concat();
    expect![[r#"
        client_order_id,strategy,exchange,symbol,side,type,flags,lifetime,quantity,price,stop_price,status,filled,price_average,created,updated,reason
        time,strategy,exchange,symbol,side,quantity,price,notional,fee,slippage,transaction_cost,currency,cost,liquidity,client_order_id
        time,strategy,exchange,symbol,side,position,price_average,price_last,notional,realized,unrealized,fees
        time,strategy,exchange,symbol,side,type,outcome,request,asked,allowed,notional,price,reason,scope,limit,used,client_order_id
        time,equity,cash
        date,return,buy-and-hold
    "#]].assert_eq(&headers);
    check_assumptions(
        &summary(&results),
        expect![[r#"
        fill: orders fill at the next price (after a bar: the next bar's open)
        latency: orders, changes and cancels arrive at once
        liquidity: unlimited
        fees: none
        slippage: none
        transaction_cost: none
    "#]],
    );
}

#[test]
fn each_order_of_the_quickstart_fills_at_the_open_of_the_next_row_of_its_instrument() {
    let results = Place::new(&[]).backtest(&[&quickstart()]);
    let data = data();
    let mut by_symbol: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for row in Table::read(&data).rows() {
        let symbol = row["symbol"].strip_suffix("-EQUITY").unwrap();
        by_symbol.entry(symbol).or_default().push(row.clone());
    }
    let (orders, fills) = (Table::read(&results["orders.csv"]), Table::read(&results["fills.csv"]));
    let orders: BTreeMap<_, _> =
        orders.rows().iter().map(|order| (order["client_order_id"], order)).collect();
    let mut filled = 0;
    for fill in fills.rows() {
        let order = orders[fill["client_order_id"]];
        let days = &by_symbol[fill["symbol"]];
        let at = days.iter().position(|day| fill["time"].starts_with(day["date"])).unwrap();
        assert_eq!(order["created"], format!("{}T00:00:00Z", days[at - 1]["date"]), "{fill:?}");
        assert_eq!(units(fill["price"]), adjusted(&days[at], "open"), "{fill:?}");
        assert_eq!((order["status"], order["filled"]), ("filled", fill["quantity"]), "{order:?}");
        filled += 1;
    }
    // what found no next row
    let others = orders.values().filter(|order| order["status"] != "filled");
    assert!(others.clone().all(|order| (order["status"], order["reason"]) == ("canceled", "data_ended")));
    let summary = summary(&results);
    assert_eq!((&summary["orders"], &summary["fills"]), (&orders.len().into(), &filled.into()));
    assert_eq!(orders.len(), filled + others.count());
}

fn data() -> String {
    let path = workspace().join("configs/data/equities-daily.csv");
    fs::read_to_string(path).expect("the data of the examples is in the tree")
}

/// Each day of the data with the adjusted closes of its rows.
fn days() -> Vec<(String, Vec<(String, i128)>)> {
    let data = data();
    let mut days: Vec<(String, Vec<(String, i128)>)> = Vec::new();
    for row in Table::read(&data).rows() {
        let time = format!("{}T00:00:00Z", row["date"]);
        if days.last().is_none_or(|(last, _)| *last != time) {
            days.push((time, Vec::new()));
        }
        let symbol = row["symbol"].strip_suffix("-EQUITY").expect("all are equities").to_owned();
        days.last_mut().expect("just pushed").1.push((symbol, adjusted(row, "close")));
    }
    days
}

/// A price times adj_close/close, rounded once to four decimals, in units of 1e-8.
fn adjusted(row: &BTreeMap<&str, &str>, column: &str) -> i128 {
    let [price, close] = [column, "close"].map(|column| scaled(row[column], 12));
    let (numerator, denominator) = (price * scaled(row["adj_close"], 15), close * 100_000_000_000);
    // halves away from zero; all three are positive
    (2 * numerator + denominator) / (2 * denominator) * 10_000
}

// At which price an order trades.

/// The fills and orders of a market order made on a row of `FIVE`.
fn check_fill(rule: &str, row: u32, expect: Expect) {
    let plugin = plugin("strategy_faulty");
    let config = format!(
        "[fill]\nrule = '{rule}'\n\
         [[exchange]]\nplugin = 'csv'\nconfig = {{ file = 'five.csv' }}\n\
         [[strategy]]\nname = 'once'\nplugin = '{}'\nconfig = {{ at = {row} }}\n",
        plugin.display()
    );
    let results = Place::new(&[("five.csv", FIVE), ("run.toml", &config)]).backtest(&["run.toml"]);
    let summary = summary(&results);
    assert_eq!(summary["fill"], rule);
    expect.assert_eq(&format!(
        "{}{}cash {}\n",
        rows(&results, "fills.csv"),
        rows(&results, "orders.csv"),
        summary["cash_end"].as_str().expect("an amount is text")
    ));
}

#[test]
fn next_price_fills_a_market_order_at_the_open_of_the_next_row() {
    check_fill(
        "next_price",
        1,
        expect![[r#"
            2024-01-03T00:00:00Z,once,csv,AAPL,buy,1,102.00,102.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
            1099511627777,once,csv,AAPL,buy,market,,gtc,1,,,filled,1,102.00,2024-01-02T00:00:00Z,2024-01-03T00:00:00Z,
            cash 99898.00
        "#]],
    );
    check_fill(
        "next_price",
        4,
        expect![[r#"
            2024-01-08T00:00:00Z,once,csv,AAPL,buy,1,108.00,108.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
            1099511627777,once,csv,AAPL,buy,market,,gtc,1,,,filled,1,108.00,2024-01-05T00:00:00Z,2024-01-08T00:00:00Z,
            cash 99892.00
        "#]],
    );
}

#[test]
fn next_price_cancels_an_order_of_the_last_row() {
    check_fill(
        "next_price",
        5,
        expect![[r#"
        1099511627777,once,csv,AAPL,buy,market,,gtc,1,,,canceled,0,,2024-01-08T00:00:00Z,2024-01-08T00:00:00Z,data_ended
        cash 100000.00
    "#]],
    );
}

#[test]
fn same_price_fills_a_market_order_at_the_close_that_caused_it() {
    check_fill(
        "same_price",
        2,
        expect![[r#"
            2024-01-03T00:00:00Z,once,csv,AAPL,buy,1,102.50,102.50,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
            1099511627777,once,csv,AAPL,buy,market,,gtc,1,,,filled,1,102.50,2024-01-03T00:00:00Z,2024-01-03T00:00:00Z,
            cash 99897.50
        "#]],
    );
    check_fill(
        "same_price",
        5,
        expect![[r#"
            2024-01-08T00:00:00Z,once,csv,AAPL,buy,1,108.50,108.50,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
            1099511627777,once,csv,AAPL,buy,market,,gtc,1,,,filled,1,108.50,2024-01-08T00:00:00Z,2024-01-08T00:00:00Z,
            cash 99891.50
        "#]],
    );
}

#[test]
fn as_asked_fills_a_market_order_at_the_last_price() {
    check_fill(
        "as_asked",
        2,
        expect![[r#"
            2024-01-03T00:00:00Z,once,csv,AAPL,buy,1,102.50,102.50,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
            1099511627777,once,csv,AAPL,buy,market,,gtc,1,,,filled,1,102.50,2024-01-03T00:00:00Z,2024-01-03T00:00:00Z,
            cash 99897.50
        "#]],
    );
}

#[test]
fn book_fills_a_market_order_at_the_next_price_where_the_data_shows_no_book() {
    check_fill(
        "book",
        1,
        expect![[r#"
            2024-01-03T00:00:00Z,once,csv,AAPL,buy,1,102.00,102.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
            1099511627777,once,csv,AAPL,buy,market,,gtc,1,,,filled,1,102.00,2024-01-02T00:00:00Z,2024-01-03T00:00:00Z,
            cash 99898.00
        "#]],
    );
}

#[test]
fn on_trades_the_next_trade_fills_even_at_the_same_time() {
    let trades = "timestamp,symbol,price,quantity\n\
                  1704205800000,AAPL,100.00,10\n1704205800000,AAPL,100.10,10\n1704205800250,AAPL,100.30,10\n";
    let place = Place::new(&[("trades.csv", trades)]);
    let results = place.backtest(&["--exchange", "csv,file=trades.csv", "--strategy", "buy-and-hold"]);
    expect![[r#"
        2024-01-02T14:30:00Z,buy-and-hold,csv,AAPL,buy,1,100.10,100.10,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
    "#]]
    .assert_eq(rows(&results, "fills.csv"));
    // one row a minute, and the last
    expect![[r#"
        2024-01-02T14:30:00Z,100000.00,99899.90
        2024-01-02T14:30:00.25Z,100000.20,99899.90
    "#]]
    .assert_eq(rows(&results, "equity.csv"));
}

// Several of everything.

#[test]
fn exchanges_are_merged_by_time_to_the_end_of_the_last_one() {
    let place = Place::new(&[("long.csv", FIVE), ("short.csv", SHORT)]);
    let run = |first: &str, second: &str| {
        place.backtest(&["--exchange", first, "--exchange", second, "--strategy", "buy-and-hold"])
    };
    let short_first = run("short=csv,file=short.csv", "long=csv,file=long.csv");
    expect![[r#"
        2024-01-03T00:00:00Z,buy-and-hold,short,IBM,buy,1,52.00,52.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
        2024-01-03T00:00:00Z,buy-and-hold,long,AAPL,buy,1,102.00,102.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627778
    "#]]
    .assert_eq(rows(&short_first, "fills.csv"));
    expect![[r#"
        2024-01-02T00:00:00Z,100000.00,100000.00
        2024-01-03T00:00:00Z,100001.00,99846.00
        2024-01-03T12:00:00Z,100003.00,99846.00
        2024-01-04T00:00:00Z,100005.00,99846.00
        2024-01-05T00:00:00Z,100007.00,99846.00
        2024-01-08T00:00:00Z,100009.00,99846.00
    "#]]
    .assert_eq(rows(&short_first, "equity.csv"));
    let said = summary(&short_first);
    assert_eq!((&said["events"], &said["end"]), (&16.into(), &"2024-01-08T00:00:00Z".into()));
    // at equal times the exchange that was configured first comes first
    let long_first = run("long=csv,file=long.csv", "short=csv,file=short.csv");
    expect![[r#"
        2024-01-03T00:00:00Z,buy-and-hold,long,AAPL,buy,1,102.00,102.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
        2024-01-03T00:00:00Z,buy-and-hold,short,IBM,buy,1,52.00,52.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627778
    "#]]
    .assert_eq(rows(&long_first, "fills.csv"));
    assert_eq!(rows(&long_first, "equity.csv"), rows(&short_first, "equity.csv"));
}

#[test]
fn one_plugin_makes_several_exchanges_and_strategies_and_results_name_the_instances() {
    let results = five().backtest(&[
        "--exchange",
        "left=csv,file=five.csv",
        "--exchange",
        "right=csv,file=five.csv",
        "--strategy",
        "one=buy-and-hold",
        "--strategy",
        "ten=buy-and-hold,quantity=10",
    ]);
    expect![[r#"
        2024-01-03T00:00:00Z,one,left,AAPL,buy,1,102.00,102.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
        2024-01-03T00:00:00Z,ten,left,AAPL,buy,10,102.00,1020.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,2199023255553
        2024-01-03T00:00:00Z,one,right,AAPL,buy,1,102.00,102.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627778
        2024-01-03T00:00:00Z,ten,right,AAPL,buy,10,102.00,1020.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,2199023255554
    "#]]
    .assert_eq(rows(&results, "fills.csv"));
    let orders = Table::read(&results["orders.csv"]);
    let owners: Vec<_> = orders.rows().iter().map(|order| (order["strategy"], order["exchange"])).collect();
    assert_eq!(owners, [("one", "left"), ("ten", "left"), ("one", "right"), ("ten", "right")]);
    let summary = summary(&results);
    assert_eq!(texts(&summary["exchanges"], "name"), ["left", "right"]);
    assert_eq!(texts(&summary["strategies"], "name"), ["one", "ten"]);
    assert_eq!(texts(&summary["instruments"], "exchange"), ["left", "right"]);
    let positions = |strategy: usize| texts(&summary["strategies"][strategy]["instruments"], "position");
    assert_eq!((positions(0), positions(1)), (vec!["1".into(); 2], vec!["10".into(); 2]));
}

#[test]
fn instances_without_a_name_are_numbered() {
    let exchange = ["--exchange", "csv,file=five.csv"];
    let strategy = ["--strategy", "buy-and-hold"];
    let results = five().backtest(&[exchange, exchange, strategy, strategy].concat());
    let summary = summary(&results);
    assert_eq!(texts(&summary["exchanges"], "name"), ["csv", "csv-2"]);
    assert_eq!(texts(&summary["strategies"], "name"), ["buy-and-hold", "buy-and-hold-2"]);
}

// Configuration from a file, from flags, from both.

/// A configuration of what the flags of the tests below say.
const FILE: &str = "trading_type = 'backtest'\n\
    [[exchange]]\nplugin = 'csv'\nconfig = { file = 'five.csv' }\n\
    [[strategy]]\nplugin = 'buy-and-hold'\nconfig = { quantity = 2 }\n";

#[test]
fn a_run_needs_no_configuration_file() {
    let place = Place::new(&[("five.csv", FIVE), ("run.toml", FILE)]);
    let by_file = place.backtest(&["run.toml"]);
    let by_flags = place.backtest(&[
        "--trading-type",
        "backtest",
        "--strategy",
        "buy-and-hold,quantity=2",
        "--exchange",
        "csv,file=five.csv",
    ]);
    assert_equal_outcome(&by_flags, &by_file);
    let run = place.stratd(&["run", "run.toml"]);
    // not `assert_eq`: it would print whole pages
    assert!(run.code == 0 && place.results() == by_file, "`run` runs a backtest, too");
}

#[test]
fn the_command_of_the_reference_trades() {
    let place = Place::new(&[("prices.csv", &zigzag())]);
    let results = place.backtest(&[
        "--trading-type",
        "backtest",
        "--strategy",
        "ema-cross",
        "--exchange",
        "csv,file=prices.csv",
    ]);
    assert_eq!(texts(&summary(&results)["strategies"], "plugin"), ["strategy-ema-cross 0.1.0"]);
    assert!(rows(&results, "fills.csv").lines().count() >= 2);
}

/// Prices that rise and fall for thirty days each.
fn zigzag() -> String {
    let day = |day: i32| {
        let price = 100 + (day % 60 - 30).abs();
        let (low, high) = (price - 1, price + 1);
        // epoch seconds, a day apart
        format!("{},AAPL,{price},{high},{low},{price},1000\n", 1_704_153_600 + i64::from(day) * 86_400)
    };
    format!("{HEADER}\n{}", (0..240).map(day).collect::<String>())
}

#[test]
fn flags_override_the_file() {
    let file = FILE.replace("five.csv", "absent.csv").replace("'backtest'", "'live'");
    let place = Place::new(&[("five.csv", FIVE), ("etc/run.toml", &file)]);
    let results = place.backtest(&[
        "etc/run.toml",
        "--trading-type",
        "backtest",
        "--exchange",
        "csv,file=five.csv",
        "--strategy",
        "three=buy-and-hold,quantity=3",
    ]);
    assert_eq!(texts(&summary(&results)["strategies"], "name"), ["three"], "the list is replaced");
    expect![[r#"
        2024-01-03T00:00:00Z,three,csv,AAPL,buy,3,102.00,306.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
    "#]]
    .assert_eq(rows(&results, "fills.csv"));
}

#[test]
fn paths_of_a_file_start_in_its_folder_and_paths_of_flags_in_the_current_one() {
    let file = format!("results = 'out'\n{FILE}").replace("trading_type = 'backtest'\n", "");
    let place = Place::new(&[("etc/five.csv", FIVE), ("etc/run.toml", &file)]);
    assert_eq!(place.stratd(&["backtest", "etc/run.toml"]).code, 0);
    assert!(place.path().join("etc/out/latest/summary.json").is_file());
    assert_eq!(place.stratd(&["backtest", "etc/run.toml", "--results", "here"]).code, 0);
    assert!(place.path().join("here/latest/summary.json").is_file());
    assert!(place.runs().is_empty());
}

// Data that is not as it should be.

const BAD_ROW: &str = "date,symbol,open,high,low,close,volume
2024-01-02,AAPL-EQUITY,100.00,101.00,99.00,100.50,1000
2024-01-03,AAPL-EQUITY,102.00,103.00,101.00,oops,1000
2024-01-04,AAPL-EQUITY,104.00,105.00,103.00,104.50,1000
";

/// The message of a run that fails before it starts, so that nothing is left of it.
fn check_no_start(place: &Place, arguments: &[&str], expect: Expect) {
    let before = (place.runs(), fs::read_link(place.path().join("runs/latest")).ok());
    let ran = place.stratd(&[&["backtest"], arguments].concat());
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:#?}");
    expect.assert_eq(&ran.error());
    let after = (place.runs(), fs::read_link(place.path().join("runs/latest")).ok());
    assert_eq!(after, before, "it leaves no folder, and `latest` is the run before");
}

#[test]
fn a_bad_row_stops_the_run_before_it_starts_and_is_named() {
    let place = Place::new(&[("bad.csv", BAD_ROW)]);
    let arguments = ["--exchange", "csv,file=bad.csv", "--strategy", "buy-and-hold"];
    check_no_start(
        &place,
        &arguments,
        expect![
            "stratd: instruments of exchange csv: reading bad.csv: line 3: column `close`: `oops` is not a number (accepted: a number such as 12.5)"
        ],
    );
}

#[test]
fn a_bad_row_is_left_out_if_the_policy_is_skip() {
    let place = Place::new(&[("bad.csv", BAD_ROW)]);
    let results =
        place.backtest(&["--exchange", "csv,file=bad.csv,on_bad_row=skip", "--strategy", "buy-and-hold"]);
    expect![[r#"
        2024-01-04T00:00:00Z,buy-and-hold,csv,AAPL,buy,1,104.00,104.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
    "#]]
    .assert_eq(rows(&results, "fills.csv"));
    assert_eq!(summary(&results)["events"], 4);
}

#[test]
fn a_missing_or_empty_file_or_one_without_a_header_is_an_error() {
    let place =
        Place::new(&[("empty.csv", ""), ("bare.csv", "2024-01-02,AAPL,1,1,1,1,1\n"), ("five.csv", FIVE)]);
    let _ = place.backtest(&["--exchange", "csv,file=five.csv", "--strategy", "buy-and-hold"]);
    let check = |file: &str, expect: Expect| {
        let exchange = format!("csv,file={file}");
        check_no_start(&place, &["--exchange", &exchange, "--strategy", "buy-and-hold"], expect);
    };
    check(
        "absent.csv",
        expect![
            "stratd: connecting exchange csv: reading absent.csv: No such file or directory (os error 2) (accepted: a file that can be read)"
        ],
    );
    check(
        "empty.csv",
        expect![
            "stratd: connecting exchange csv: reading empty.csv: the file is empty (accepted: a header and rows)"
        ],
    );
    check(
        "bare.csv",
        expect![
            "stratd: connecting exchange csv: reading bare.csv: line 1: the first row `2024-01-02,AAPL,1,1,1,1,1` has no known column, so it is no header (accepted: a first row, separated by commas, with a time column (date, datetime, time or timestamp), a symbol column or the key `symbol`, and open, high, low, close, volume; or close, volume; or price and volume, quantity or size; optional adj_close, instrument_type, side, id)"
        ],
    );
}

#[test]
fn a_file_with_a_header_only_is_a_run_without_events() {
    let place = Place::new(&[("header.csv", &format!("{HEADER}\n"))]);
    let results = place.backtest(&["--exchange", "csv,file=header.csv", "--strategy", "buy-and-hold"]);
    for file in ["equity.csv", "fills.csv", "orders.csv"] {
        assert_eq!(rows(&results, file), "", "{file}");
    }
    let summary = summary(&results);
    assert_eq!(
        (&summary["start"], &summary["end"], &summary["sharpe"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!((&summary["days"], &summary["events"]), (&0.into(), &0.into()));
    assert_eq!((&summary["cash_end"], &summary["equity_end"]), (&"100000.00".into(), &"100000.00".into()));
}

// Strategies that fail, and orders that are denied.

#[test]
fn a_failing_strategy_ends_alone_and_the_run_says_so() {
    let data = workspace().join("configs/data/equities-daily.csv");
    let exchange = format!("csv,file={},adjust=adj_close,end=2005-01-01", data.display());
    let others = ["--exchange", &exchange, "--strategy", "ema-cross,quantity=100,reverse=true"];
    let place = Place::new(&[]);
    let alone = place.backtest(&others);
    assert!(rows(&alone, "fills.csv").lines().count() > 50);
    for (fault, at, state) in [
        ("panic-in-trade", 500, "faulted: panic: panicked at plugins/faulty/src/lib.rs:"),
        ("panic-in-payload", 500, "faulted: panic: panicked at plugins/faulty/src/lib.rs:"),
        ("error-in-trade", 500, "faulted: handler_error: as configured, in on_trade"),
        ("panic-in-exit", 1, "faulted: panic: panicked at plugins/faulty/src/lib.rs:"),
        ("error-in-exit", 1, "faulted: handler_error: as configured, in on_exit"),
    ] {
        let faulty = faulty(&format!("fault={fault},at={at}"));
        let ran = place.stratd(&[&["backtest"], &others[..], &["--strategy", &faulty]].concat());
        assert_eq!(ran.code, 1, "{fault}: {ran:#?}");
        let results = place.results();
        for file in ["equity.csv", "fills.csv", "orders.csv"] {
            assert!(results[file] == alone[file], "{fault}: {file} differs");
        }
        let (said, said_alone) = (summary(&results), summary(&alone));
        assert_eq!(said["strategies"][0], said_alone["strategies"][0], "{fault}");
        assert_eq!(said["equity_end"], said_alone["equity_end"], "{fault}");
        assert!(said["strategies"][1]["state"].as_str().unwrap().starts_with(state), "{fault}: {said:#}");
        let state = said["strategies"][1]["state"].as_str().unwrap();
        assert!(ran.out.contains(&format!("\nstrategy faulty {state}\n")), "{fault}: {}", ran.out);
    }
}

/// Orders of three strategies that buy 3, 5 and 10 shares under a limit: what was filled, status and reason.
fn check_risk(limit: &str, expect: Expect) {
    let strategy = |quantity: u32| {
        format!(
            "[[strategy]]\nname = 'buys-{quantity}'\nplugin = 'buy-and-hold'\nconfig.quantity = {quantity}\n"
        )
    };
    let config = format!(
        "[risk]\n{limit}\n[[exchange]]\nplugin = 'csv'\nconfig.file = 'five.csv'\n{}",
        [3, 5, 10].map(strategy).concat()
    );
    let place = Place::new(&[("five.csv", FIVE), ("run.toml", &config)]);
    let results = place.backtest(&["run.toml"]);
    let orders = Table::read(&results["orders.csv"]);
    let line = |order: &BTreeMap<&str, &str>| {
        let [strategy, status, filled, reason] = ["strategy", "status", "filled", "reason"].map(|c| order[c]);
        format!("{strategy}: {filled} {status} {reason}").trim_end().to_owned() + "\n"
    };
    let summary = summary(&results);
    let totals = format!("denied {}, fills {}\n", summary["denied"], summary["fills"]);
    expect.assert_eq(&(orders.rows().iter().map(line).collect::<String>() + &totals));
}

#[test]
fn risk_limits_deny_orders_and_the_results_say_why() {
    check_risk(
        "max_order_quantity = 4",
        expect![[r#"
        buys-5: 0 denied max_order_quantity
        buys-10: 0 denied max_order_quantity
        buys-3: 3 filled
        denied 2, fills 1
    "#]],
    );
    // the last price is 100.50
    check_risk(
        "max_order_notional = 502.5",
        expect![[r#"
        buys-10: 0 denied max_order_notional
        buys-3: 3 filled
        buys-5: 5 filled
        denied 1, fills 2
    "#]],
    );
    // all strategies together, with the orders that wait
    check_risk(
        "max_position = 8",
        expect![[r#"
        buys-10: 0 denied max_position
        buys-3: 3 filled
        buys-5: 5 filled
        denied 1, fills 2
    "#]],
    );
    check_risk(
        "",
        expect![[r#"
        buys-3: 3 filled
        buys-5: 5 filled
        buys-10: 10 filled
        denied 0, fills 3
    "#]],
    );
}

#[test]
fn a_denied_order_stands_in_the_results_with_all_its_fields() {
    let config =
        format!("[risk]\nmax_order_quantity = 1\n{}", FILE.replace("trading_type = 'backtest'\n", ""));
    let place = Place::new(&[("five.csv", FIVE), ("run.toml", &config)]);
    let ran = place.stratd(&["backtest", "run.toml"]);
    assert_eq!(ran.code, 0, "a denial is no failure: {ran:#?}");
    let results = place.results();
    expect![[r#"
        1099511627777,buy-and-hold,csv,AAPL,buy,market,,gtc,2,,,denied,0,,2024-01-02T00:00:00Z,2024-01-02T00:00:00Z,max_order_quantity
    "#]].assert_eq(rows(&results, "orders.csv"));
    assert_eq!(rows(&results, "fills.csv"), "");
    let summary = summary(&results);
    let strategy = &summary["strategies"][0];
    assert_eq!((&strategy["orders"], &strategy["denied"]), (&1.into(), &1.into()));
    // so decided by buy-and-hold, which would otherwise order again at every trade
    assert!(strategy["state"].as_str().unwrap().ends_with("max_order_quantity"), "{strategy:#}");
}

// Plugins of every sort.

#[test]
fn the_strategy_in_c_trades() {
    let rows_of_day = |(day, price): (usize, &str)| {
        format!("2024-01-{:02},AAPL,{price},{price},{price},{price},9\n", day + 2)
    };
    let prices = ["10.00", "11.00", "12.00", "13.00", "9.00", "8.00", "7.00"];
    let data = format!("{HEADER}\n{}", prices.into_iter().enumerate().map(rows_of_day).collect::<String>());
    let place = Place::new(&[("prices.csv", &data)]);
    let results = place.backtest(&[
        "--exchange",
        "csv,file=prices.csv",
        "--strategy",
        "c-momentum,lookback=2,quantity=7",
    ]);
    // 12 > 10 buys at the next open, 9 < 12 sells at the next open
    expect![[r#"
        2024-01-05T00:00:00Z,c-momentum,csv,AAPL,buy,7,13.00,91.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
        2024-01-07T00:00:00Z,c-momentum,csv,AAPL,sell,7,8.00,56.00,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627778
    "#]]
    .assert_eq(rows(&results, "fills.csv"));
    let strategy = &summary(&results)["strategies"][0];
    assert_eq!((&strategy["realized"], &strategy["unrealized"]), (&"-35.00".into(), &"0.00".into()));
}

#[test]
fn the_strategy_in_c_attaches_a_stop_that_the_exchange_does_not_take() {
    let rows_of_day = |(day, price): (usize, &str)| {
        format!("2024-01-{:02},AAPL,{price},{price},{price},{price},9\n", day + 2)
    };
    let prices = ["10.00", "11.00", "12.00", "12.10", "11.30", "11.20", "11.20"];
    let data = format!("{HEADER}\n{}", prices.into_iter().enumerate().map(rows_of_day).collect::<String>());
    let config = "[[exchange]]\nplugin = 'csv'\norder_types = ['market']\nconfig.file = 'prices.csv'\n\
        [[strategy]]\nplugin = 'c-momentum'\nconfig = { lookback = 2, quantity = 7, stop_loss_bp = 500 }";
    let place = Place::new(&[("prices.csv", &data), ("run.toml", config)]);
    let results = place.backtest(&["run.toml"]);
    // bought at the open after 12.00; 5 % below that are 11.40, so that 11.30 sends the stop to the next open
    expect![[r#"
        2024-01-05T00:00:00Z,c-momentum,csv,AAPL,buy,7,12.10,84.70,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627777
        2024-01-07T00:00:00Z,c-momentum,csv,AAPL,sell,7,11.20,78.40,0.00000000,0.00000000,0.00000000,USD,0.00000000,taker,1099511627778
    "#]].assert_eq(rows(&results, "fills.csv"));
    let orders = rows(&results, "orders.csv");
    assert!(orders.contains("stop_market"), "{orders}");
}

#[test]
fn a_plugin_may_be_a_path() {
    let place = five();
    let by_name = place.backtest(&["--exchange", "csv,file=five.csv", "--strategy", "buy-and-hold"]);
    let [csv, hold] =
        ["exchange_csv", "strategy_buy_and_hold"].map(|name| plugin(name).display().to_string());
    let exchange = format!("{csv},file=five.csv");
    let by_path = place.backtest(&["--exchange", &exchange, "--strategy", &hold]);
    assert_equal_outcome(&by_path, &by_name);
}

// Where results go.

#[test]
fn each_run_has_a_folder_of_its_own_and_latest_is_the_last() {
    let place = five();
    let run = |strategy: &str| place.backtest(&["--exchange", "csv,file=five.csv", "--strategy", strategy]);
    let (first, second) = (run("one=buy-and-hold"), run("two=buy-and-hold"));
    assert_eq!(place.runs().len(), 2);
    assert_ne!(first, second);
    assert_eq!(texts(&summary(&second)["strategies"], "name"), ["two"]);
}

#[test]
fn results_that_cannot_be_written_are_an_error_before_anything_runs() {
    let place = five();
    let run = |results: &str| {
        place.stratd(&[
            "backtest",
            "--exchange",
            "csv,file=five.csv",
            "--strategy",
            "buy-and-hold",
            "--results",
            results,
        ])
    };
    let below_a_file = run("five.csv/runs");
    assert_eq!((below_a_file.code, below_a_file.out.as_str()), (1, ""));
    expect!["stratd: creating the folder five.csv/runs: Not a directory (os error 20)"]
        .assert_eq(&below_a_file.error());
    let a_file = run("five.csv");
    assert_eq!((a_file.code, a_file.out.as_str()), (1, ""));
    expect!["stratd: creating the folder five.csv: File exists (os error 17)"].assert_eq(&a_file.error());
}
