//! The files that a run leaves, each computed again from others.

use std::collections::BTreeMap;

use serde_json::Value;
use stratd_tests::{Files, Place, Table, units, workspace};

fn quickstart() -> String {
    workspace().join("configs/quickstart.toml").display().to_string()
}

fn summary(results: &Files) -> Value {
    serde_json::from_str(&results["summary.json"]).expect("the summary is JSON")
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

fn close(found: f64, expected: f64, accuracy: f64, what: &str) {
    assert!((found - expected).abs() <= accuracy, "{what}: found {found}, expected {expected}");
}

#[test]
fn returns_and_ratios_follow_from_the_equity() {
    let results = Place::new(&[]).backtest(&[&quickstart()]);
    let summary = summary(&results);
    // the last row of each day
    let mut days: BTreeMap<String, f64> = BTreeMap::new();
    for row in Table::read(&results["equity.csv"]).rows() {
        days.insert(row["time"][..10].to_owned(), number(row["equity"]));
    }
    let mut before = number(summary["cash_start"].as_str().unwrap());
    let (mut peak, mut deepest) = (before, 0.0f64);
    let returns = Table::read(&results["returns.csv"]);
    assert_eq!(returns.rows().len(), days.len());
    let mut sum = (0.0, 0.0);
    for row in returns.rows() {
        let equity = days[row["date"]];
        let found = number(row["return"]);
        // equity.csv has two decimals of a million
        close(found, equity / before - 1.0, 2e-8, row["date"]);
        before = equity;
        peak = peak.max(equity);
        deepest = deepest.max(1.0 - equity / peak);
        sum = (sum.0 + found, sum.1 + found * found);
    }
    let count = f64::from(u32::try_from(days.len()).unwrap());
    let mean = sum.0 / count;
    let deviation = ((sum.1 - count * mean * mean) / (count - 1.0)).sqrt();
    let said = |key: &str| summary[key].as_f64().unwrap_or_else(|| panic!("{key} is no number"));
    close(said("sharpe"), mean / deviation * 252f64.sqrt(), 1e-9, "sharpe");
    close(said("volatility"), deviation * 252f64.sqrt(), 1e-9, "volatility");
    close(said("max_drawdown_daily"), deepest, 1e-7, "max_drawdown_daily");
    let years = count / 252.0;
    let growth = before / number(summary["cash_start"].as_str().unwrap());
    close((1.0 + said("cagr")).powf(years), growth, 1e-7, "cagr");
    close(said("calmar"), said("cagr") / deepest, 1e-6, "calmar");
}

#[test]
fn positions_follow_from_the_fills() {
    let results = Place::new(&[]).backtest(&[&quickstart()]);
    let fills: Vec<_> = Table::read(&results["fills.csv"])
        .rows()
        .iter()
        .map(|row| {
            let sign = if row["side"] == "buy" { 1 } else { -1 };
            let key = (row["strategy"].to_owned(), row["symbol"].to_owned());
            (row["time"][..10].to_owned(), key, sign * row["quantity"].parse::<i64>().unwrap())
        })
        .collect();
    let mut by_day: BTreeMap<String, BTreeMap<(String, String), i64>> = BTreeMap::new();
    for row in Table::read(&results["positions.csv"]).rows() {
        let key = (row["strategy"].to_owned(), row["symbol"].to_owned());
        let size: i64 = row["position"].parse().unwrap();
        let is_new = by_day.entry(row["time"][..10].to_owned()).or_default().insert(key, size).is_none();
        assert!(is_new, "{row:?} stands twice");
        // what is held is worth its size times the last price
        assert_eq!(
            units(row["notional"]),
            (units(row["price_last"]) * i128::from(size) + 500_000).div_euclid(1_000_000) * 1_000_000,
            "{row:?}"
        );
    }
    assert!(by_day.len() > 3_000);
    let (mut held, mut next) = (BTreeMap::new(), 0);
    for (day, shown) in &by_day {
        while let Some((_, key, quantity)) = fills.get(next).filter(|(at, _, _)| at <= day) {
            *held.entry(key.clone()).or_insert(0) += quantity;
            next += 1;
        }
        held.retain(|_, size| *size != 0);
        assert_eq!(*shown, held, "{day}");
    }
    assert_eq!(next, fills.len());
}

#[test]
fn round_trips_follow_from_the_fills() {
    let results = Place::new(&[]).backtest(&[&quickstart()]);
    let mut open: BTreeMap<(String, String), (i128, i128)> = BTreeMap::new();
    let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for row in Table::read(&results["fills.csv"]).rows() {
        let sign = if row["side"] == "buy" { 1 } else { -1 };
        let (quantity, price) = (sign * row["quantity"].parse::<i128>().unwrap(), units(row["price"]));
        let (size, cash) = open.entry((row["strategy"].to_owned(), row["symbol"].to_owned())).or_default();
        // one share after the other: the slowest way, and the simplest
        for _ in 0..quantity.abs() {
            *size += sign;
            *cash -= sign * price;
            if *size == 0 {
                let (count, wins) = found.entry(row["strategy"].to_owned()).or_default();
                *count += 1;
                *wins += u64::from(*cash > 0);
                *cash = 0;
            }
        }
    }
    let summary = summary(&results);
    for strategy in summary["strategies"].as_array().unwrap() {
        let (count, wins) = found.get(strategy["name"].as_str().unwrap()).copied().unwrap_or_default();
        assert_eq!(strategy["round_trips"]["count"], count, "{strategy}");
        if count > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
            let expected = wins as f64 / count as f64;
            close(strategy["round_trips"]["hit_rate"].as_f64().unwrap(), expected, 1e-9, "hit_rate");
        }
    }
    assert!(found.values().map(|(count, _)| count).sum::<u64>() > 500);
}

#[test]
fn every_denied_order_is_a_row_of_the_denials() {
    let config = workspace().join("configs/risk-limits.toml").display().to_string();
    let results = Place::new(&[]).backtest(&[&config]);
    let orders = Table::read(&results["orders.csv"]);
    let denied: Vec<_> = orders.rows().iter().filter(|row| row["status"] == "denied").collect();
    assert!(denied.len() > 10);
    let denials = Table::read(&results["denials.csv"]);
    let is_denied = |row: &&BTreeMap<&str, &str>| row["outcome"] == "denied" && row["request"] == "order";
    let shown: Vec<_> = denials.rows().iter().filter(is_denied).collect();
    assert_eq!(shown.len(), denied.len());
    for (order, denial) in denied.iter().zip(&shown) {
        for column in ["client_order_id", "strategy", "exchange", "symbol", "side", "type", "reason"] {
            assert_eq!(order[column], denial[column], "{denial:?}");
        }
        assert_eq!((order["quantity"], "0"), (denial["asked"], denial["allowed"]), "{denial:?}");
    }
    // the numbers of a limit: what would be used of it is more than it is
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let mut reduced = 0;
    for row in denials.rows() {
        if !row["limit"].is_empty() {
            assert!(number(row["used"]) > number(row["limit"]) && !row["scope"].is_empty(), "{row:?}");
        }
        if row["outcome"] == "reduced" {
            reduced += 1;
            assert!(number(row["allowed"]) < number(row["asked"]) && number(row["allowed"]) > 0.0, "{row:?}");
        }
    }
    assert!(reduced > 0, "the configuration has limits that reduce");
    assert!(results["report.html"].contains("Denied and reduced orders"));
}

#[test]
fn the_report_needs_nothing_else_and_nothing_in_it_is_markup_of_the_data() {
    let symbol = "<script>alert(1)</script>&'";
    let rows =
        "2024-01-02,S,9,9,9,9,5\n2024-01-03,S,8,8,8,8,5\n2024-01-04,S,9,9,9,9,5\n".replace('S', symbol);
    let csv = format!("date,symbol,open,high,low,close,volume\n{rows}");
    let place = Place::new(&[("odd.csv", &csv)]);
    let results =
        place.backtest(&["--exchange", "csv,file=odd.csv", "--strategy", "buy-and-hold,quantity=1"]);
    let page = &results["report.html"];
    assert!(!page.contains(symbol) && !page.contains("<script>alert"), "the symbol is markup");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;"), "the symbol is not shown");
    for outside in ["http:", "https:", "src=", "href=", "@import", "url(", "fetch("] {
        assert!(!page.contains(outside), "the page uses {outside}");
    }
}

#[test]
fn a_run_without_events_and_one_without_fills_have_a_report() {
    let header = "date,symbol,open,high,low,close,volume\n";
    let quiet = format!("{header}2024-01-02,A,1,1,1,1,5\n2024-01-03,A,1,1,1,1,5\n");
    let place = Place::new(&[("none.csv", header), ("quiet.csv", &quiet)]);
    for (file, says) in [("none.csv", "no events"), ("quiet.csv", "Nothing was traded.")] {
        let exchange = format!("csv,file={file}");
        // an average over ten rows never crosses in two
        let results = place.backtest(&["--exchange", &exchange, "--strategy", "ema-cross,fast=10,slow=20"]);
        let page = &results["report.html"];
        assert!(page.contains(says), "{file}: {page}");
        assert!(!page.contains("NaN") && !page.contains("inf"), "{file}");
    }
}

#[test]
fn the_report_of_a_large_run_stays_small() {
    let config = workspace().join("configs/synthetic-backtest.toml").display().to_string();
    let results = Place::new(&[]).backtest(&[&config]);
    let fills = Table::read(&results["fills.csv"]).rows().len();
    assert!(fills > 3_000, "{fills}");
    assert!(results["report.html"].len() < 1 << 20, "{}", results["report.html"].len());
}

#[test]
fn runs_are_compared_on_a_page_of_their_own() {
    let place = Place::new(&[]);
    let _ = place.backtest(&[&quickstart()]);
    let first = place.runs().pop().expect("there is a run");
    let first = first.file_name().expect("it has a name").to_string_lossy().into_owned();
    let config = workspace().join("configs/risk-limits.toml").display().to_string();
    let _ = place.backtest(&[&config]);
    let folders: Vec<String> = place.runs().iter().map(|run| run.display().to_string()).collect();
    let ran = place.stratd(&["compare", &folders[0], &folders[1]]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("Sharpe") && ran.out.contains(&first), "{}", ran.out);
    assert!(ran.out.ends_with("the page is compare.html\n"), "{}", ran.out);
    let page = std::fs::read_to_string(place.path().join("compare.html")).expect("the page is written");
    assert!(page.contains("risk.max_position") && page.contains("Growth of 1"), "what differs is shown");
    let again = place.stratd(&["compare", &folders[0], &folders[1], "--output", "again.html"]);
    assert_eq!(again.code, 0);
    assert!(page == std::fs::read_to_string(place.path().join("again.html")).unwrap(), "two pages differ");
}

#[test]
fn what_is_no_run_is_not_compared() {
    let place = Place::new(&[("bad/summary.json", "{}"), ("empty/x", "")]);
    let check = |arguments: &[&str], says: &str| {
        let ran = place.stratd(&[&["compare"], arguments].concat());
        assert_ne!(ran.code, 0);
        assert!(ran.err.contains(says), "expected {says:?} in {}", ran.err);
    };
    check(&["missing", "empty"], "missing is no folder (accepted: a folder that a run has written)");
    check(&["empty", "bad"], "empty/summary.json");
    check(&["bad", "bad"], "bad/summary.json: not what a run writes");
    check(&["bad"], "2 values required");
    check(&["bad"; 9], "found 9 runs (accepted: at most 8 side by side)");
    assert!(!place.path().join("compare.html").exists());
}

/// Everything that may differ from the quickstart at once: two exchanges, hedged positions, cost first in first out, a
/// margin account, hours, every kind of cost, delayed and partial fills, limits that reduce.
const EVERYTHING: &str = r#"
[backtest]
cash = 1_000_000

[fill]
rule = "next_price"

[costs]
taker_fee = 0.0005
fee_per_unit = 0.001
slippage = { percentage = 0.0002 }

[portfolio]
oms_type = "hedging"
accounting = "fifo"

[account]
kind = "margin"
initial_margin = 0.5
maintenance_margin = 0.25

[risk]
max_position = { limit = 60, on_breach = "reduce" }
max_daily_loss = { limit = 5_000, state = "reducing" }

[risk.instrument.AAPL]
trading_hours = { hours = "workdays" }

[hours.workdays]
timezone = "UTC"
days = ["mon", "tue", "wed", "thu"]
sessions = ["00:00-00:00"]

[[exchange]]
plugin = "csv"
config = { file = "prices.csv", adjust = "adj_close" }

[[exchange]]
plugin = "synthetic"
[exchange.config]
seed = 7
instruments = 2
steps = 2_000
start = "2024-01-02T14:30:00Z"
step_ms_max = 40
taker_fee = 0.0001

[[strategy]]
plugin = "market-maker"
config = { quantity = 10, spread_ticks = 4, requote_ticks = 2, max_position = 100 }

[[strategy]]
plugin = "ema-cross"
config = { quantity = 40, reverse = true }
"#;

#[test]
fn every_kind_of_backtest_gives_byte_equal_folders() {
    let read = |name: &str| {
        std::fs::read_to_string(workspace().join("configs").join(name)).expect("a configuration")
    };
    let prices = read("data/equities-daily.csv");
    // three years of prices are enough to see a difference
    let prices: String = prices.lines().take(3_000).flat_map(|line| [line, "\n"]).collect();
    let synthetic = read("synthetic-backtest.toml").replace("50_000", "2_000");
    let of_file = |name: &str| read(name).replace("data/equities-daily.csv", "prices.csv");
    let configs = [
        ("minimal.toml", of_file("minimal.toml")),
        ("risk-limits.toml", of_file("risk-limits.toml")),
        ("synthetic-backtest.toml", synthetic),
        ("everything.toml", EVERYTHING.to_owned()),
    ];
    for (name, config) in &configs {
        let place = Place::new(&[(name, config), ("prices.csv", &prices)]);
        let (first, second) = (place.backtest(&[name]), place.backtest(&[name]));
        assert_eq!(place.runs().len(), 2, "{name}: each run has a folder of its own");
        assert!(Table::read(&first["fills.csv"]).rows().len() >= 3, "{name}: too few fills");
        assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>(), "{name}");
        // not `assert_eq`: it would print megabytes
        for (file, text) in &first {
            assert!(second[file] == *text, "{name}: {file} differs");
        }
    }
}
