//! Texts beside prices: what was recorded of them comes again, whatever their length.

use crate::place::{ALL, Desk, assert_match};

const MAKER: &str = "[[strategy]]\nplugin = \"all-orders\"\n";

/// A day of prices, and texts between them: none, short, of just 64 bytes, one more, long, and as long as can be.
fn write_market(desk: &Desk) -> Vec<usize> {
    let mut prices = "time,symbol,price,volume\n".to_owned();
    for minute in 0..60 {
        let price = 100 + minute % 7;
        prices.push_str(&format!("2024-01-02T10:{minute:02}:00Z,AAPL,{price},10\n"));
    }
    desk.place.write("prices.csv", &prices);
    let lengths = vec![1, 64, 65, 64, 300, 60_000, 65_536, 300];
    let mut texts = "time,symbol,text\n".to_owned();
    for (index, length) in lengths.iter().enumerate() {
        let text = "x".repeat(*length);
        texts.push_str(&format!("2024-01-02T10:{:02}:30Z,AAPL,{text}\n", 5 * index));
    }
    desk.place.write("news.csv", &texts);
    lengths
}

#[test]
fn texts_of_a_backtest_come_again() {
    let market = "[[exchange]]\nplugin = \"csv\"\nconfig = { file = \"prices.csv\", texts = \"news.csv\" }\n";
    let desk =
        Desk::new("backtest", &format!("{ALL}{market}{MAKER}"), &["strategy_all_orders", "exchange_csv"]);
    let lengths = write_market(&desk);
    let mut command = desk.place.command(&["backtest", "stratd.toml", "--plugin-dir", "plug"]);
    command.env_remove("STRATD_PLUGINS");
    let ran = desk.place.run(command);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let summary = std::fs::read_to_string(desk.path("runs/latest/summary.json")).expect("a summary");
    for length in lengths {
        assert!(summary.contains(&format!("data of {length} bytes")), "{length}: {summary}");
    }
    assert_match(&desk.replayed(&[]), 50);
}
