//! Data in, text out.

mod good;
mod headers;
mod properties;
mod refused;
mod times;

use std::fmt::Write as _;

use expect_test::Expect;

use super::{InstrumentTable, MergedRows, Row, RowData, RowOptions, RowReader};

/// Rows of files without a symbol column.
fn with_symbol() -> RowOptions {
    RowOptions { symbol: Some("X".to_owned()), ..RowOptions::default() }
}

/// Reads `input` to its end, behind every bad row, and compares the rows and errors.
fn check(input: &str, options: &RowOptions, expect: Expect) {
    check_with(input.as_bytes(), options, InstrumentTable::default(), expect);
}

fn check_with(input: &[u8], options: &RowOptions, mut instruments: InstrumentTable, expect: Expect) {
    let mut text = String::new();
    match RowReader::new("in.csv", input, options) {
        Ok(mut reader) => loop {
            match reader.next_row(&mut instruments) {
                Ok(None) => break,
                Ok(Some(row)) => writeln!(text, "{}", row_text(&row, &instruments)).unwrap(),
                Err(error) => {
                    writeln!(text, "{:?}: {error}", error.kind()).unwrap();
                    if !error.is_bad_row() {
                        break;
                    }
                }
            }
        },
        Err(error) => writeln!(text, "{:?}: {error}", error.kind()).unwrap(),
    }
    expect.assert_eq(&text);
}

/// Reads several files merged.
fn check_merged(inputs: &[(&str, &'static str)], expect: Expect) {
    let options = RowOptions::default();
    let open = |(name, input): &(&str, &'static str)| {
        RowReader::new(name, input.as_bytes(), &options).expect("the header is good")
    };
    let mut rows = MergedRows::new(inputs.iter().map(open).collect(), InstrumentTable::default());
    let mut text = String::new();
    loop {
        match rows.next_row() {
            Ok(None) => break,
            Ok(Some(row)) => writeln!(text, "{}", row_text(&row, rows.instruments())).unwrap(),
            Err(error) => writeln!(text, "{error}").unwrap(),
        }
    }
    writeln!(text, "{:?}", rows.counts()).unwrap();
    expect.assert_eq(&text);
}

fn row_text(row: &Row, instruments: &InstrumentTable) -> String {
    let instrument = instruments.get(row.instrument);
    let data = match &row.data {
        RowData::Bar { open, high, low, close, volume } => {
            format!("bar {open} {high} {low} {close} x {volume}")
        }
        RowData::Trade { price, quantity, aggressor, id } => {
            let side = aggressor.map_or(String::new(), |side| format!(" {side}"));
            let id = id.as_ref().map_or(String::new(), |id| format!(" #{id}"));
            format!("trade {price} x {quantity}{side}{id}")
        }
    };
    format!("{} {}/{} {data}", row.ts, instrument.symbol, instrument.instrument_type)
}
