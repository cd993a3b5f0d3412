//! First rows that name no usable columns.

use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::check;
use crate::csv::{Adjust, RowOptions, RowReader};

/// What is found wrong with each first row. What would be accepted is the same for all, see the first test.
fn check_found(headers: &[&[u8]], adjust: Adjust, expect: Expect) {
    let options = RowOptions { adjust, ..RowOptions::default() };
    let mut text = String::new();
    for header in headers {
        let message = RowReader::new("in.csv", *header, &options).map(|_| ()).unwrap_err().to_string();
        let (found, _) = message.split_once(" (accepted: ").expect("it says what is accepted");
        writeln!(text, "{found}").unwrap();
    }
    expect.assert_eq(&text);
}

#[test]
fn a_file_without_a_header_is_told_what_was_found_and_what_is_accepted() {
    check(
        "2000-03-01,AAPL-EQUITY,118.56,132.06,118.5,130.31,9616100\n",
        &RowOptions::default(),
        expect![[r#"
            Header: reading in.csv: line 1: the first row `2000-03-01,AAPL-EQUITY,118.56,132.06,118.5,130.31,9616100` has no known column, so it is no header (accepted: a first row, separated by commas, with a time column (date, datetime, time or timestamp), a symbol column or the key `symbol`, and open, high, low, close, volume; or close, volume; or price and volume, quantity or size; optional adj_close, instrument_type, side, id)
        "#]],
    );
    check(
        "",
        &RowOptions::default(),
        expect![[r#"
        Header: reading in.csv: the file is empty (accepted: a header and rows)
    "#]],
    );
    check(
        "\n\r\n",
        &RowOptions::default(),
        expect![[r#"
        Header: reading in.csv: the file is empty (accepted: a header and rows)
    "#]],
    );
}

#[test]
fn what_is_missing_or_ambiguous_is_named() {
    check_found(
        &[
            b"date;symbol;close;volume\n",
            b"date,close,volume\n",
            b"symbol,close,volume\n",
            b"\ndate,symbol,close\n",
            b"date,symbol,volume\n",
            b"date,symbol,open,close,volume\n",
            b"date,symbol,price,close,volume\n",
            b"date,symbol,price\n",
            b"date,time,symbol,close,volume\n",
            b"date,symbol,close,Close,volume\n",
            b"date,symbol,price,volume,size\n",
            b"date,symbol,close,volume\rold,mac,line,ends\n",
            b"\xff\xfed\0a\0t\0e\0\n\0",
        ],
        Adjust::None,
        expect![[r#"
            reading in.csv: line 1: the first row `date;symbol;close;volume` has no known column, so it is no header
            reading in.csv: line 1: the first row `date,close,volume` has no column symbol, and the key `symbol` is not set
            reading in.csv: line 1: the first row `symbol,close,volume` has no column date or datetime or time or timestamp
            reading in.csv: line 2: the first row `date,symbol,close` has no column volume
            reading in.csv: line 1: the first row `date,symbol,volume` has no column close
            reading in.csv: line 1: the first row `date,symbol,open,close,volume` has some of open, high and low, but not all
            reading in.csv: line 1: the first row `date,symbol,price,close,volume` has columns of trades (price) and of bars
            reading in.csv: line 1: the first row `date,symbol,price` has no column volume or quantity or size
            reading in.csv: line 1: the first row `date,time,symbol,close,volume` has two columns for one thing, `date` and `time`
            reading in.csv: line 1: the first row `date,symbol,close,Close,volume` has two columns for one thing, `close` and `Close`
            reading in.csv: line 1: the first row `date,symbol,price,volume,size` has two columns for one thing, `volume` and `size`
            reading in.csv: line 1: the first row `date,symbol,close,volume\rold,mac,line,ends` has no column volume
            reading in.csv: line 1: the first row `��d\u{0}a\u{0}t\u{0}e\u{0}` holds zero bytes; the file may be UTF-16 instead of UTF-8
        "#]],
    );
    check_found(
        &[
            b"date,symbol,close,volume\n",
            b"date,symbol,price,volume,adj_close\n",
            b"date,symbol,close,volume,adj_close,Adjusted Close",
        ],
        Adjust::AdjClose,
        expect![[r#"
            reading in.csv: line 1: the first row `date,symbol,close,volume` has no column adj_close or adjusted_close
            reading in.csv: line 1: the first row `date,symbol,price,volume,adj_close` has no close, which adjust = "adj_close" needs
            reading in.csv: line 1: the first row `date,symbol,close,volume,adj_close,Adjusted Close` has two columns for one thing, `adj_close` and `Adjusted Close`
        "#]],
    );
}
