//! The market files: what other programs find in them.

use serde_json::Value;
use teafile::{NamedValue, Reader};

use crate::{
    crash::market_files,
    place::{Desk, VENUE},
};

const MAKER: &str = "[[strategy]]\nplugin = \"market-maker\"\n";

#[test]
fn a_file_says_what_it_holds_in_numbers_that_lose_nothing() {
    let recorder = "[recorder]\npath = \"rec\"\nmarket = [\"trade\", \"quote\"]\nfree_min = 0\n";
    let desk = Desk::new("sandbox", &format!("{recorder}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    desk.run(1_000, 0);
    let files = market_files(&desk.path("rec/synthetic"));
    let names: Vec<_> =
        files.iter().map(|file| file.file_name().unwrap_or_default().display().to_string()).collect();
    assert!(
        names.iter().all(|name| name.starts_with("trade-20") || name.starts_with("quote-20")),
        "{names:?}"
    );
    let trades = files.iter().find(|file| {
        file.ends_with(file.file_name().unwrap_or_default())
            && file.display().to_string().contains("AAA/trade-")
    });
    let mut reader = Reader::open(trades.expect("trades of AAA")).expect("a file");
    let fields: Vec<_> = reader.description().fields().iter().map(|field| field.name().to_owned()).collect();
    assert_eq!(
        fields,
        ["time", "exchange_time", "price", "quantity", "trade_id", "received", "seq", "flags", "run"]
    );
    assert_eq!(reader.description().event_time().map(teafile::Field::name), Some("time"));
    assert_eq!(reader.description().decimals(), Some(2));
    let values = reader.description().name_values();
    assert_eq!(values.get("symbol"), Some(&NamedValue::Text("AAA".to_owned())));
    assert_eq!(values.get("quantity_decimals"), Some(&NamedValue::Int32(0)));
    let count = reader.item_count().expect("a count");
    assert!(count > 10, "{count}");
    // only the market was asked for
    assert!(
        !std::fs::read_dir(desk.path("rec"))
            .expect("the folder")
            .flatten()
            .any(|entry| entry.path().extension().is_some())
    );
}

#[test]
fn what_was_recorded_is_replayed_to_other_strategies_in_a_backtest() {
    let recorder = "[recorder]\npath = \"rec\"\nmarket = [\"trade\", \"quote\", \"book\"]\nfree_min = 0\n";
    let desk = Desk::new("sandbox", &format!("{recorder}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    desk.run(1_000, 0);
    let mut items = 0;
    for file in market_files(&desk.path("rec/synthetic")) {
        items += Reader::open(file).and_then(|mut file| file.item_count()).expect("a file of the recorder");
    }
    let exchange = ["--exchange", "teafile,file=rec/synthetic", "--trading-type", "backtest"];
    let results = desk.place.backtest(&[&exchange[..], &["--strategy", "buy-and-hold"]].concat());
    let summary: Value = serde_json::from_str(&results["summary.json"]).expect("the summary is JSON");
    assert_eq!(summary["events"], items);
    let mut symbols: Vec<_> =
        results["orders.csv"].lines().skip(1).filter_map(|row| row.split(',').nth(3)).collect();
    symbols.sort_unstable();
    assert_eq!(symbols, ["AAA", "BBB"], "one order for each instrument, when its first price came");
}
