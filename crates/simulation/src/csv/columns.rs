//! Which column holds what, from the first row of a file.

use csv::ByteRecord;

use super::{
    Adjust, RowOptions,
    error::{Error, ErrorKind, quoted},
};

/// A column of the file.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) index: usize,
    /// As the header writes it, for messages.
    pub(super) name: String,
}

/// The columns that are read.
#[derive(Debug)]
pub(super) struct Columns {
    /// Fields of the header, so of every row.
    pub(super) count: usize,
    pub(super) time: Column,
    pub(super) symbol: Option<Column>,
    pub(super) instrument_type: Option<Column>,
    pub(super) form: Form,
}

/// What a row of the file is.
#[derive(Debug)]
pub(super) enum Form {
    Bars { open: Column, high: Column, low: Column, close: Close },
    Closes(Close),
    Trades { price: Column, quantity: Column, side: Option<Column>, id: Option<Column> },
}

/// The columns that bars and closes share.
#[derive(Debug)]
pub(super) struct Close {
    pub(super) close: Column,
    pub(super) volume: Column,
    /// Present only if prices are adjusted by it.
    pub(super) adj_close: Option<Column>,
}

const ACCEPTED: &str = "a first row, separated by commas, with a time column (date, datetime, time or timestamp), a \
                        symbol column or the key `symbol`, and open, high, low, close, volume; or close, volume; or \
                        price and volume, quantity or size; optional adj_close, instrument_type, side, id";

const TIME: &[&str] = &["date", "datetime", "time", "timestamp"];
const ADJ_CLOSE: &[&str] = &["adj_close", "adjusted_close"];
const TRADE_QUANTITY: &[&str] = &["volume", "quantity", "size"];

impl Columns {
    /// Finds the columns in the first row.
    pub(super) fn detect(header: &ByteRecord, options: &RowOptions) -> Result<Self, Error> {
        let header = Header::new(header);
        if header.names.iter().any(|name| name.contains('\0')) {
            return Err(header.refuse("holds zero bytes; the file may be UTF-16 instead of UTF-8"));
        }
        if !header.knows_any() {
            return Err(header.refuse("has no known column, so it is no header"));
        }
        let time = header.required(TIME)?;
        let symbol = header.find(&["symbol"])?;
        if symbol.is_none() && options.symbol.is_none() {
            return Err(header.refuse("has no column symbol, and the key `symbol` is not set"));
        }
        Ok(Self {
            count: header.names.len(),
            time,
            symbol,
            instrument_type: header.find(&["instrument_type"])?,
            form: header.form(options.adjust)?,
        })
    }
}

/// The first row.
struct Header {
    names: Vec<String>,
    /// The [`key`] of each name.
    keys: Vec<String>,
}

impl Header {
    fn new(record: &ByteRecord) -> Self {
        let names: Vec<String> =
            record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect();
        let keys = names.iter().map(|name| key(name)).collect();
        Self { names, keys }
    }

    fn refuse(&self, why: &str) -> Error {
        Error::new(
            ErrorKind::Header,
            format!("the first row {} {why}", quoted(&self.names.join(","))),
            ACCEPTED,
        )
    }

    fn knows_any(&self) -> bool {
        let others = ["symbol", "open", "high", "low", "close", "price"];
        let known = [TIME, ADJ_CLOSE, TRADE_QUANTITY, &others].concat();
        known.iter().any(|known| self.keys.contains(&key(known)))
    }

    /// The one column with one of these names; two are ambiguous.
    fn find(&self, names: &[&str]) -> Result<Option<Column>, Error> {
        let mut found =
            (0..self.keys.len()).filter(|&at| names.iter().any(|name| key(name) == self.keys[at]));
        let Some(index) = found.next() else { return Ok(None) };
        if let Some(second) = found.next() {
            let (a, b) = (&self.names[index], &self.names[second]);
            return Err(self.refuse(&format!(
                "has two columns for one thing, {} and {}",
                quoted(a),
                quoted(b)
            )));
        }
        Ok(Some(Column { index, name: self.names[index].clone() }))
    }

    fn required(&self, names: &[&str]) -> Result<Column, Error> {
        self.find(names)?.ok_or_else(|| self.refuse(&format!("has no column {}", names.join(" or "))))
    }

    fn form(&self, adjust: Adjust) -> Result<Form, Error> {
        let (open, high, low) = (self.find(&["open"])?, self.find(&["high"])?, self.find(&["low"])?);
        let has_any_of_bar = open.is_some() || high.is_some() || low.is_some();
        if let Some(price) = self.find(&["price"])? {
            if has_any_of_bar || self.find(&["close"])?.is_some() {
                return Err(self.refuse("has columns of trades (price) and of bars"));
            }
            if adjust == Adjust::AdjClose {
                return Err(self.refuse("has no close, which adjust = \"adj_close\" needs"));
            }
            let quantity = self.required(TRADE_QUANTITY)?;
            return Ok(Form::Trades {
                price,
                quantity,
                side: self.find(&["side"])?,
                id: self.find(&["id"])?,
            });
        }
        let close = Close {
            close: self.required(&["close"])?,
            volume: self.required(&["volume"])?,
            adj_close: match adjust {
                Adjust::None => None,
                Adjust::AdjClose => Some(self.required(ADJ_CLOSE)?),
            },
        };
        match (open, high, low) {
            (None, None, None) => Ok(Form::Closes(close)),
            (Some(open), Some(high), Some(low)) => Ok(Form::Bars { open, high, low, close }),
            _ => Err(self.refuse("has some of open, high and low, but not all")),
        }
    }
}

/// What is compared of a name: letters and digits, in lower case.
fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}
