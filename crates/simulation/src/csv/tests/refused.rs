//! What is refused, and how it is said.

use expect_test::expect;

use super::{check, check_with, with_symbol};
use crate::csv::{Adjust, ErrorKind, InstrumentTable, ROW_BYTES_MAX, RowOptions, RowReader, SYMBOLS_MAX};

#[test]
fn fields() {
    check_with(
        b"date,symbol,close,volume\n\
          2013-03-01,A,1\n\
          2013-03-01,A,1,1,\n\
          2013-03-01,A,1,234,567\n\
          ,A,1,1\n\
          2013-03-01,,1,1\n\
          2013-03-01,A,,1\n\
          2013-03-01,A,1,\n\
          2013-03-01,A,n/a,1\n\
          2013-03-01,A,NaN,1\n\
          2013-03-01,A,1.23456789012345678901,1\n\
          2013-03-01,A,1.005,1\n\
          2013-03-01,A,1,1.5\n\
          2013-03-01,A,1,-1\n\
          2013-03-01,A,0,1\n\
          2013-03-01,A,-1,1\n\
          2013-03-01,A,99999999999999999,1\n\
          2013-03-01,A\xff,1,1\n\
          2013-03-01,A,1\xff,1\n\
          2013-03-01,\"A\tB\",1,1\n\
          2013-03-01,-EQUITY,1,1\n\
          2013-03-01,A2345678901234567890123456789012345678901234567890123456789012345,1,1\n\
          01/03/2013,A,1,1\n\
          20130301,A,1,1\n\
          2013-03-01,GOOD,1,1\n",
        &RowOptions::default(),
        InstrumentTable::default(),
        expect![[r#"
            FieldCount: reading in.csv: line 2: 3 fields (accepted: 4, as in the header)
            FieldCount: reading in.csv: line 3: 5 fields (accepted: 4, as in the header)
            FieldCount: reading in.csv: line 4: 5 fields (accepted: 4, as in the header)
            MissingField: reading in.csv: line 5: column `date`: the field is empty (accepted: a time)
            MissingField: reading in.csv: line 6: column `symbol`: the field is empty (accepted: a symbol such as AAPL-EQUITY)
            MissingField: reading in.csv: line 7: column `close`: the field is empty (accepted: a number such as 12.5)
            MissingField: reading in.csv: line 8: column `volume`: the field is empty (accepted: a number such as 12.5)
            Number: reading in.csv: line 9: column `close`: `n/a` is not a number (accepted: a number such as 12.5)
            Number: reading in.csv: line 10: column `close`: `NaN` is not a number (accepted: a number such as 12.5)
            Number: reading in.csv: line 11: column `close`: `1.23456789012345678901` has too many digits (accepted: a number of at most 18 digits)
            OffGrid: reading in.csv: line 12: column `close`: 1.005 is off the grid (accepted: at most 2 decimals, or more of price_decimals)
            OffGrid: reading in.csv: line 13: column `volume`: 1.5 is off the grid (accepted: at most 0 decimals, or more of quantity_decimals)
            Range: reading in.csv: line 14: column `volume`: -1 is negative (accepted: 0 or more)
            Range: reading in.csv: line 15: column `close`: 0 is no price of this type, equity (accepted: above 0 at 2 price_decimals)
            Range: reading in.csv: line 16: column `close`: -1 is no price of this type, equity (accepted: above 0 at 2 price_decimals)
            Range: reading in.csv: line 17: column `close`: 99999999999999999 is out of range (accepted: a number that fits 64 bits at 2 price_decimals)
            Encoding: reading in.csv: line 18: column `symbol`: `A�` is not UTF-8 (accepted: UTF-8 text)
            Encoding: reading in.csv: line 19: column `close`: `1�` is not UTF-8 (accepted: UTF-8 text)
            Symbol: reading in.csv: line 20: column `symbol`: `A\tB` is no symbol (accepted: 1 to 64 bytes without control characters)
            Symbol: reading in.csv: line 21: column `symbol`: `` is no symbol (accepted: 1 to 64 bytes without control characters)
            Symbol: reading in.csv: line 22: column `symbol`: `A2345678901234567890123456789012345678901234567890123456789012345` is no symbol (accepted: 1 to 64 bytes without control characters)
            Time: reading in.csv: line 23: column `date`: `01/03/2013` is no time of a known form (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11)
            Time: reading in.csv: line 24: column `date`: the unit of `20130301` is not certain (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11; for numbers of any size set time_unit)
            2013-03-01T00:00:00Z GOOD/equity trade 100 x 1
        "#]],
    );
}

#[test]
fn bars() {
    check(
        "date,open,high,low,close,volume\n\
         2013-03-01,1,1,2,1,1\n\
         2013-03-01,1.5,2,1,2.01,1\n\
         2013-03-01,1.5,2,1,0.99,1\n\
         2013-03-01,0.99,2,1,1,1\n\
         2013-03-01,2.01,2,1,1,1\n\
         2013-03-01,1,2,,1,1\n\
         2013-03-01,2,2,1,1,0\n",
        &with_symbol(),
        expect![[r#"
            Range: reading in.csv: line 2: column `high`: 1 is below low, 2 (accepted: at least low)
            Range: reading in.csv: line 3: column `close`: 2.01 is outside low to high (accepted: low to high, 1 to 2)
            Range: reading in.csv: line 4: column `close`: 0.99 is outside low to high (accepted: low to high, 1 to 2)
            Range: reading in.csv: line 5: column `open`: 0.99 is outside low to high (accepted: low to high, 1 to 2)
            Range: reading in.csv: line 6: column `open`: 2.01 is outside low to high (accepted: low to high, 1 to 2)
            MissingField: reading in.csv: line 7: column `low`: the field is empty (accepted: a number such as 12.5)
            2013-03-01T00:00:00Z X/equity bar 200 200 100 100 x 0
        "#]],
    );
}

#[test]
fn adjusted_bars() {
    check(
        "date,open,high,low,close,volume,adj_close\n\
         2013-03-01,1,2,1,1,1,0\n\
         2013-03-01,1,2,1,1,1,-1\n\
         2013-03-01,1,2,1,1,1,\n\
         2013-03-01,0,2,0,0,1,1\n\
         2013-03-01,1,1,1,1,1,0.00004\n\
         2013-03-01,0.01,9000000000,0.01,0.01,1,9000000000\n\
         2013-03-01,1,1,1,1,1,0.00005\n",
        &RowOptions { adjust: Adjust::AdjClose, price_decimals: 4, ..with_symbol() },
        expect![[r#"
            Range: reading in.csv: line 2: column `adj_close`: 0 gives no factor (accepted: a number above 0, for adjust = "adj_close")
            Range: reading in.csv: line 3: column `adj_close`: -1 gives no factor (accepted: a number above 0, for adjust = "adj_close")
            MissingField: reading in.csv: line 4: column `adj_close`: the field is empty (accepted: a number such as 12.5)
            Range: reading in.csv: line 5: column `close`: 0 gives no factor (accepted: a number above 0, for adjust = "adj_close")
            Range: reading in.csv: line 6: column `open`: 1 becomes 0 after the adjustment (accepted: above 0 at 4 price_decimals)
            Range: reading in.csv: line 7: column `high`: 9000000000 times adj_close/close is out of range (accepted: a product that fits 64 bits at price_decimals)
            2013-03-01T00:00:00Z X/equity bar 1 1 1 1 x 1
        "#]],
    );
}

#[test]
fn trades() {
    check(
        "date,symbol,instrument_type,price,size,side,id\n\
         2013-03-01,A,share,1,1,,\n\
         2013-03-01,A-EQUITY,bond,1,1,,\n\
         2013-03-01,A,,1,1,long,\n\
         2013-03-01,A,,1,1,,t2345678901234567890123456789012345678901234567890123456789012345\n",
        &RowOptions::default(),
        expect![[r#"
            InstrumentType: reading in.csv: line 2: column `instrument_type`: `share` is no instrument type (accepted: other, equity, bond, option, future, pair, spread, future_option, mutual_fund, commodity, currency, index)
            InstrumentType: reading in.csv: line 3: column `instrument_type`: `bond` beside a symbol that ends in `-equity` (accepted: `equity` or nothing)
            Side: reading in.csv: line 4: column `side`: `long` is no side (accepted: buy, sell, b, s or nothing)
            TradeId: reading in.csv: line 5: column `id`: `t2345678901234567890123456789012345678901234567890123456789012345` has 65 bytes (accepted: at most 64 bytes)
        "#]],
    );
}

#[test]
fn time_that_goes_backwards_names_the_latest_good_time() {
    check(
        "date,close,volume\n2013-03-02,1,1\n2013-03-01,1,1\n2013-03-09,bad,1\n2013-03-02,2,1\n2013-03-03,3,1\n",
        &with_symbol(),
        expect![[r#"
            2013-03-02T00:00:00Z X/equity trade 100 x 1
            TimeOrder: reading in.csv: line 3: column `date`: time goes backwards to 2013-03-01T00:00:00Z (accepted: 2013-03-02T00:00:00Z or later: a file sorted by time)
            Number: reading in.csv: line 4: column `close`: `bad` is not a number (accepted: a number such as 12.5)
            2013-03-02T00:00:00Z X/equity trade 200 x 1
            2013-03-03T00:00:00Z X/equity trade 300 x 1
        "#]],
    );
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    check(
        "\r\n\r\ndate,close,volume,note\r\n\r\nbad,1,1,a\r\n2013-03-01,1,1,\"a\r\nb\"\r\nbad,1,1,b\r\n\n\nbad,1,1,c",
        &with_symbol(),
        expect![[r#"
            Time: reading in.csv: line 5: column `date`: `bad` is no time of a known form (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11)
            LineBreak: reading in.csv: line 6: a quoted field goes on to line 7 (accepted: a row on one line; is a quote not closed?)
            Time: reading in.csv: line 8: column `date`: `bad` is no time of a known form (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11)
            Time: reading in.csv: line 11: column `date`: `bad` is no time of a known form (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11)
        "#]],
    );
}

#[test]
fn a_quote_that_is_not_closed_does_not_swallow_rows_in_silence() {
    check(
        "date,close,volume,note\n2013-03-01,1,1,\"a\n2013-03-02,1,1,b\n2013-03-03,1,1,\"c\"\n2013-03-04,1,1,d\n",
        &with_symbol(),
        expect![[r#"
            LineBreak: reading in.csv: line 2: a quoted field goes on to line 4 (accepted: a row on one line; is a quote not closed?)
            2013-03-04T00:00:00Z X/equity trade 100 x 1
        "#]],
    );
}

#[test]
fn messages_repeat_little_and_no_control_characters() {
    let long = "y".repeat(500);
    check(
        &format!("date,close,volume\n{long},1,1\n\"2013\u{1b}[31m\r\",1,1\n"),
        &with_symbol(),
        expect![[r#"
        Time: reading in.csv: line 2: column `date`: `yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…` is no time of a known form (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11)
        Time: reading in.csv: line 3: column `date`: `2013\u{1b}[31m` is no time of a known form (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11)
    "#]],
    );
}

#[test]
fn a_row_longer_than_the_limit_ends_the_reading() {
    let header = "date,close,volume,note\n";
    let row = |bytes: usize| {
        let start = "2013-03-01,1,1,";
        format!("{header}{start}{}\n", "n".repeat(bytes - start.len() - 1))
    };
    check(
        &row(ROW_BYTES_MAX),
        &with_symbol(),
        expect![[r#"
        2013-03-01T00:00:00Z X/equity trade 100 x 1
    "#]],
    );
    check(
        &row(ROW_BYTES_MAX + 1),
        &with_symbol(),
        expect![[r#"
        RowTooLong: reading in.csv: line 2: a row of more than 1048576 bytes (accepted: rows of at most 1048576 bytes; is a quote not closed?)
    "#]],
    );
    // a quote that is never closed, over many lines
    let endless = format!("{header}2013-03-01,1,1,\"{}", "n\n".repeat(ROW_BYTES_MAX));
    check(
        &endless,
        &with_symbol(),
        expect![[r#"
        RowTooLong: reading in.csv: line 2: a row of more than 1048576 bytes (accepted: rows of at most 1048576 bytes; is a quote not closed?)
    "#]],
    );
    // the header is a row
    check(
        &"x".repeat(ROW_BYTES_MAX + 1),
        &with_symbol(),
        expect![[r#"
        RowTooLong: reading in.csv: line 1: a row of more than 1048576 bytes (accepted: rows of at most 1048576 bytes; is a quote not closed?)
    "#]],
    );
}

#[test]
fn after_a_failure_every_call_fails() {
    let file = format!("date,close,volume\n{}\n", "x".repeat(ROW_BYTES_MAX + 1));
    let mut reader = RowReader::new("in.csv", file.as_bytes(), &with_symbol()).unwrap();
    for _ in 0..3 {
        let error = reader.next_row(&mut InstrumentTable::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RowTooLong);
    }
}

#[test]
fn more_symbols_than_the_limit_end_the_reading() {
    let mut file = String::from("date,symbol,close,volume\n");
    file.extend((0..=SYMBOLS_MAX).map(|n| format!("2013-03-01,S{n},1,1\n")));
    let mut instruments = InstrumentTable::default();
    let mut reader = RowReader::new("in.csv", file.as_bytes(), &RowOptions::default()).unwrap();
    let error = loop {
        match reader.next_row(&mut instruments) {
            Ok(row) => assert!(row.is_some(), "the limit comes before the end"),
            Err(error) => break error,
        }
    };
    expect!["reading in.csv: line 65538: column `symbol`: `S65536` is one symbol too many (accepted: at most 65536 symbols in a run)"].assert_eq(&error.to_string());
    assert!(!error.is_bad_row());
}

#[test]
fn an_error_answers_questions() {
    let mut reader =
        RowReader::new("in.csv", &b"date,close,volume\n2013-03-01,1,x\n"[..], &with_symbol()).unwrap();
    let error = reader.next_row(&mut InstrumentTable::default()).unwrap_err();
    assert_eq!((error.kind(), error.is_bad_row()), (ErrorKind::Number, true));
    assert_eq!((error.file(), error.line(), error.column()), (Some("in.csv"), Some(2), Some("volume")));
    let error = RowReader::open("/nonexistent/in.csv", &with_symbol()).map(|_| ()).unwrap_err();
    assert_eq!((error.kind(), error.is_bad_row(), error.line()), (ErrorKind::Io, false, None));
    expect!["reading /nonexistent/in.csv: No such file or directory (os error 2) (accepted: a file that can be read)"].assert_eq(&error.to_string());
    let error = RowReader::open("/", &with_symbol()).map(|_| ()).unwrap_err();
    expect!["reading /: not a regular file (accepted: a file that can be read)"]
        .assert_eq(&error.to_string());
}
