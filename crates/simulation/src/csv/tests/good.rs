//! What is accepted.

use expect_test::expect;
use stratd_plugin_api::{Bar, InstrumentId, InstrumentType, Timestamp, Trade, abi::event_flag};

use super::{check, check_merged, check_with, with_symbol};
use crate::csv::{Adjust, InstrumentTable, RowOptions, RowReader, parse_time};

#[test]
fn the_three_forms() {
    check(
        "date,symbol,open,high,low,close,volume,adj_close\n2000-03-01,AAPL-EQUITY,118.56,132.06,118.5,130.31,9616100,4.186662803811\n",
        &RowOptions::default(),
        expect![[r#"
            2000-03-01T00:00:00Z AAPL/equity bar 11856 13206 11850 13031 x 9616100
        "#]],
    );
    check(
        "datetime,symbol,close,volume\n2000-03-01T16:00,AAPL-EQUITY,130.31,7\n",
        &RowOptions::default(),
        expect![[r#"
            2000-03-01T16:00:00Z AAPL/equity trade 13031 x 7
        "#]],
    );
    check(
        "timestamp,symbol,price,size,side,id\n1362148200,EUR-PAIR,1.25,10,buy,t1\n1362148201,EUR-PAIR,1.24,3,S,\n1362148201,EUR-PAIR,1.24,3,,t3\n",
        &RowOptions::default(),
        expect![[r#"
            2013-03-01T14:30:00Z EUR/pair trade 125 x 10 buy #t1
            2013-03-01T14:30:01Z EUR/pair trade 124 x 3 sell
            2013-03-01T14:30:01Z EUR/pair trade 124 x 3 #t3
        "#]],
    );
}

#[test]
fn a_bar_is_a_bar_and_a_trade_at_its_close() {
    let file = "date,symbol,open,high,low,close,volume\n2000-03-01,AAPL,118.56,132.06,118.5,130.31,9616100\n";
    let mut reader = RowReader::new("in.csv", file.as_bytes(), &RowOptions::default()).unwrap();
    let row = reader.next_row(&mut InstrumentTable::default()).unwrap().unwrap();
    let (bar, trade) = row.events(InstrumentId(7), 99);
    let ts = Timestamp::new(951_868_800_000_000_000);
    let bar = bar.expect("it is a bar");
    assert_eq!((bar.instrument, bar.seq), (7, 0));
    assert_eq!(Bar::from(&bar).ts, ts);
    assert_eq!(bar.data, [11_856, 13_206, 11_850, 13_031, 9_616_100]);
    assert_eq!(trade.flags, event_flag::FROM_BAR);
    assert_eq!(Trade::from(&trade).ts, ts);
    // no id: the trade is ours, not the exchange's
    assert_eq!(trade.data, [13_031, 9_616_100, 0, 0, 0]);
}

#[test]
fn a_trade_carries_side_and_id() {
    let file = "time,symbol,price,quantity,side,id\n1362148200,X,5,2,sell,abc\n";
    let mut reader = RowReader::new("in.csv", file.as_bytes(), &RowOptions::default()).unwrap();
    let row = reader.next_row(&mut InstrumentTable::default()).unwrap().unwrap();
    let (bar, trade) = row.events(InstrumentId(7), 99);
    assert_eq!(bar, None);
    assert_eq!(trade.flags, event_flag::SELL);
    assert_eq!(trade.data, [500, 2, 99, 0, 0]);
}

#[test]
fn names_of_columns_are_free_in_case_spaces_and_order() {
    // as Yahoo writes it, and as Quandl did
    check(
        "Date,Open,High,Low,Close,Adj Close,Volume\n2013-03-01,1,2,1,2,1.5,10\n",
        &RowOptions { adjust: Adjust::AdjClose, price_decimals: 4, ..with_symbol() },
        expect![[r#"
            2013-03-01T00:00:00Z X/equity bar 7500 15000 7500 15000 x 10
        "#]],
    );
    check(
        "VOLUME, Symbol ,comment,CLOSE,Time\n10,A,hello,2,2013-03-01\n",
        &with_symbol(),
        expect![[r#"
        2013-03-01T00:00:00Z A/equity trade 200 x 10
    "#]],
    );
}

#[test]
fn symbols_and_types() {
    check(
        "date,symbol,close,volume\n\
         2013-03-01,AAPL-EQUITY,1,1\n2013-03-01,AAPL,1,1\n2013-03-01,BRK-B,1,1\n2013-03-01,BRK-B-equity,1,1\n\
         2013-03-01,ES-FUTURE,-1,1\n2013-03-01,ES-FUTURESOPTION,0,1\n2013-03-01,ES-future_option,1,1\n",
        &RowOptions::default(),
        expect![[r#"
            2013-03-01T00:00:00Z AAPL/equity trade 100 x 1
            2013-03-01T00:00:00Z AAPL/equity trade 100 x 1
            2013-03-01T00:00:00Z BRK-B/equity trade 100 x 1
            2013-03-01T00:00:00Z BRK-B/equity trade 100 x 1
            2013-03-01T00:00:00Z ES/future trade -100 x 1
            2013-03-01T00:00:00Z ES/future_option trade 0 x 1
            2013-03-01T00:00:00Z ES/future_option trade 100 x 1
        "#]],
    );
    check(
        "date,symbol,instrument_type,close,volume\n2013-03-01,A,BOND,1,1\n2013-03-01,A-BOND,,1,1\n2013-03-01,A,,1,1\n\
         2013-03-01,A-BOND,bond,1,1\n",
        &RowOptions::default(),
        expect![[r#"
            2013-03-01T00:00:00Z A/bond trade 100 x 1
            2013-03-01T00:00:00Z A/bond trade 100 x 1
            2013-03-01T00:00:00Z A/equity trade 100 x 1
            2013-03-01T00:00:00Z A/bond trade 100 x 1
        "#]],
    );
    let coins = InstrumentTable::new(InstrumentType::Pair, &[]);
    check_with(
        b"date,symbol,close,volume\n2013-03-01,BTC-USD,1,1\n",
        &RowOptions::default(),
        coins,
        expect![[r#"
            2013-03-01T00:00:00Z BTC-USD/pair trade 100 x 1
        "#]],
    );
}

#[test]
fn two_spellings_are_one_instrument() {
    let file =
        "date,symbol,close,volume\n2013-03-01,A-EQUITY,1,1\n2013-03-01,A,1,1\n2013-03-01,A-Equity,1,1\n";
    let mut instruments = InstrumentTable::default();
    let mut reader = RowReader::new("in.csv", file.as_bytes(), &RowOptions::default()).unwrap();
    while reader.next_row(&mut instruments).unwrap().is_some() {}
    assert_eq!(instruments.instruments().len(), 1);
}

#[test]
fn quotes_line_ends_byte_order_mark_and_blank_lines() {
    check(
        "\u{feff}\"date\",\"symbol\",close,volume\r\n\r\n   \r\n2013-03-01,\"A\",\"1\",1\r\n\r\n\n2013-03-02, A , 2 , 3 ",
        &RowOptions::default(),
        expect![[r#"
            2013-03-01T00:00:00Z A/equity trade 100 x 1
            2013-03-02T00:00:00Z A/equity trade 200 x 3
        "#]],
    );
    check(
        "date,close,volume,note\n2013-03-01,1,1,\"a, \"\"b\"\"\"\n",
        &with_symbol(),
        expect![[r#"
        2013-03-01T00:00:00Z X/equity trade 100 x 1
    "#]],
    );
}

#[test]
fn only_selected_symbols_are_looked_at() {
    let instruments = InstrumentTable::new(InstrumentType::Equity, &["A".to_owned(), "B-BOND".to_owned()]);
    check_with(
        b"date,symbol,close,volume\n2013-03-02,A,1,1\n2013-03-01,C,x,y\nnever,B,,\n2013-03-02,B-BOND,2,2\n",
        &RowOptions::default(),
        instruments,
        expect![[r#"
            2013-03-02T00:00:00Z A/equity trade 100 x 1
            2013-03-02T00:00:00Z B/bond trade 200 x 2
        "#]],
    );
}

#[test]
fn what_is_selected_but_absent_is_known() {
    let selected = ["A", "B-BOND", "C"].map(str::to_owned);
    let mut instruments = InstrumentTable::new(InstrumentType::Equity, &selected);
    let file = "date,symbol,close,volume\n2013-03-02,A,1,1\n2013-03-02,B,1,1\n";
    let mut reader = RowReader::new("in.csv", file.as_bytes(), &RowOptions::default()).unwrap();
    while reader.next_row(&mut instruments).unwrap().is_some() {}
    assert_eq!(instruments.selected_but_absent(), ["B-bond", "C"]);
}

#[test]
fn start_is_included_and_end_is_not() {
    let time = |text| Some(parse_time(text, None).unwrap());
    let options = RowOptions { start: time("2013-03-02"), end: time("2013-03-04"), ..with_symbol() };
    check(
        "date,close,volume\n2013-03-01,1,x\n2013-03-02,2,1\n2013-03-03,3,1\n2013-03-04,4,1\nnot read,,\n",
        &options,
        expect![[r#"
            2013-03-02T00:00:00Z X/equity trade 200 x 1
            2013-03-03T00:00:00Z X/equity trade 300 x 1
        "#]],
    );
}

#[test]
fn numbers_as_programs_write_them() {
    check(
        "date,close,volume\n2013-03-01,1.50000000000000000000000,1000.0\n2013-03-01,+1.5e1,1e3\n2013-03-01,.5,0\n",
        &with_symbol(),
        expect![[r#"
            2013-03-01T00:00:00Z X/equity trade 150 x 1000
            2013-03-01T00:00:00Z X/equity trade 1500 x 1000
            2013-03-01T00:00:00Z X/equity trade 50 x 0
        "#]],
    );
}

#[test]
fn adjusted_prices_are_rounded_once_halves_away_from_zero() {
    let adjusted =
        |decimals| RowOptions { adjust: Adjust::AdjClose, price_decimals: decimals, ..with_symbol() };
    let file = "date,open,high,low,close,volume,adj_close\n\
                2000-03-01,118.56,132.06,118.5,130.31,9616100,4.186662803811\n\
                2000-03-02,1,3,1,2,5,1\n\
                2000-03-03,0.0003,0.0005,0.0001,0.0004,5,0.0002\n";
    check(
        file,
        &adjusted(4),
        expect![[r#"
        2000-03-01T00:00:00Z X/equity bar 38092 42429 38072 41867 x 9616100
        2000-03-02T00:00:00Z X/equity bar 5000 15000 5000 10000 x 5
        2000-03-03T00:00:00Z X/equity bar 2 3 1 2 x 5
    "#]],
    );
    check(
        file,
        &adjusted(12),
        expect![[r#"
        2000-03-01T00:00:00Z X/equity bar 3809153111962 4242887651533 3807225402898 4186662803811 x 9616100
        2000-03-02T00:00:00Z X/equity bar 500000000000 1500000000000 500000000000 1000000000000 x 5
        2000-03-03T00:00:00Z X/equity bar 150000000 250000000 50000000 200000000 x 5
    "#]],
    );
    assert_eq!(
        Adjust::AdjClose.statement(4).as_deref(),
        Some("prices adjusted by adj_close/close, rounded once to 4 decimals")
    );
    assert_eq!(Adjust::None.statement(2), None);
}

#[test]
fn files_are_merged_by_time_then_by_file() {
    check_merged(
        &[
            ("a", "date,symbol,close,volume\n2013-03-01,A1,1,1\n2013-03-01,A2,1,1\n2013-03-04,A3,1,1\n"),
            ("b", "date,symbol,price,size\n2013-03-01,B1,1,1\n2013-03-02,B2,1,1\n2013-03-05,B3,1,1\n"),
            ("c", "date,symbol,close,volume\n2013-03-02,C1,1,1\nbad,C2,1,1\n2013-03-06,C3,1,1\n"),
            ("empty", "date,symbol,close,volume\n"),
        ],
        expect![[r#"
            2013-03-01T00:00:00Z A1/equity trade 100 x 1
            2013-03-01T00:00:00Z A2/equity trade 100 x 1
            2013-03-01T00:00:00Z B1/equity trade 100 x 1
            2013-03-02T00:00:00Z B2/equity trade 100 x 1
            2013-03-02T00:00:00Z C1/equity trade 100 x 1
            reading c: line 3: column `date`: `bad` is no time of a known form (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11)
            2013-03-04T00:00:00Z A3/equity trade 100 x 1
            2013-03-05T00:00:00Z B3/equity trade 100 x 1
            2013-03-06T00:00:00Z C3/equity trade 100 x 1
            RowCounts { read: 9, taken: 8, bad: 1 }
        "#]],
    );
}
