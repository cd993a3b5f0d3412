//! Fields to numbers on the grid.

use std::str;

use csv::ByteRecord;
use stratd_plugin_api::{
    Decimal, InstrumentType, NumberErrorKind, Price, Quantity, Side, abi::TEXT_BYTES_MAX,
};

use super::{
    RowData, RowOptions,
    adjust::adjusted,
    columns::{Close, Column, Form},
    error::{Error, ErrorKind, quoted},
};

/// The fields of one row.
pub(super) struct Fields<'a> {
    pub(super) record: &'a ByteRecord,
    pub(super) options: &'a RowOptions,
}

/// A number with the column it came from.
#[derive(Clone, Copy)]
struct Number<'a> {
    column: &'a Column,
    value: Decimal,
}

impl<'a> Fields<'a> {
    /// A field without the spaces around it; may be empty.
    pub(super) fn text(&self, column: &Column) -> Result<&'a str, Error> {
        let field = self.record.get(column.index).unwrap_or_default();
        let text = str::from_utf8(field).map_err(|_| {
            Error::new(ErrorKind::Encoding, format!("{} is not UTF-8", quoted(&lossy(field))), "UTF-8 text")
                .in_column(&column.name)
        })?;
        Ok(text.trim())
    }

    /// A field that must not be empty; `accepted` says what it may hold.
    pub(super) fn required(&self, column: &Column, accepted: &str) -> Result<&'a str, Error> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Err(
                Error::new(ErrorKind::MissingField, "the field is empty", accepted).in_column(&column.name)
            );
        }
        Ok(text)
    }

    /// What the row says, checked.
    pub(super) fn data(&self, form: &Form, instrument_type: InstrumentType) -> Result<RowData, Error> {
        match form {
            Form::Bars { open, high, low, close } => {
                let [open, high, low] = [self.number(open)?, self.number(high)?, self.number(low)?];
                self.bar([open, high, low], close, instrument_type)
            }
            Form::Closes(columns) => {
                let (close, adj_close) = self.close(columns)?;
                Ok(RowData::Trade {
                    price: self.price(close, adj_close.map(|adj| (adj, close)), instrument_type)?,
                    quantity: self.quantity(&columns.volume)?,
                    aggressor: None,
                    id: None,
                })
            }
            Form::Trades { price, quantity, side, id } => Ok(RowData::Trade {
                price: self.price(self.number(price)?, None, instrument_type)?,
                quantity: self.quantity(quantity)?,
                aggressor: side.as_ref().map(|column| self.side(column)).transpose()?.flatten(),
                id: id.as_ref().map(|column| self.trade_id(column)).transpose()?.flatten(),
            }),
        }
    }

    fn bar(
        &self,
        [open, high, low]: [Number<'_>; 3],
        columns: &Close,
        instrument_type: InstrumentType,
    ) -> Result<RowData, Error> {
        let (close, adj_close) = self.close(columns)?;
        if units(high) < units(low) {
            return Err(high.refuse(format!("{} is below low, {}", high.value, low.value), "at least low"));
        }
        for number in [open, close] {
            if units(number) < units(low) || units(number) > units(high) {
                let accepted = format!("low to high, {} to {}", low.value, high.value);
                return Err(number.refuse(format!("{} is outside low to high", number.value), accepted));
            }
        }
        let factor = adj_close.map(|adj_close| (adj_close, close));
        Ok(RowData::Bar {
            open: self.price(open, factor, instrument_type)?,
            high: self.price(high, factor, instrument_type)?,
            low: self.price(low, factor, instrument_type)?,
            close: self.price(close, factor, instrument_type)?,
            volume: self.quantity(&columns.volume)?,
        })
    }

    /// The close, and the adjusted close if prices are adjusted; then both are above zero.
    fn close<'c>(&self, columns: &'c Close) -> Result<(Number<'c>, Option<Number<'c>>), Error> {
        let close = self.number(&columns.close)?;
        let Some(column) = &columns.adj_close else { return Ok((close, None)) };
        let adj_close = self.number(column)?;
        for number in [close, adj_close] {
            if number.value.mantissa() <= 0 {
                let accepted = "a number above 0, for adjust = \"adj_close\"";
                return Err(number.refuse(format!("{} gives no factor", number.value), accepted));
            }
        }
        Ok((close, Some(adj_close)))
    }

    fn number<'c>(&self, column: &'c Column) -> Result<Number<'c>, Error> {
        let text = self.required(column, "a number such as 12.5")?;
        match text.parse() {
            Ok(value) => Ok(Number { column, value }),
            Err(error) => {
                let (found, accepted) = match error.kind() {
                    NumberErrorKind::Overflow => ("has too many digits", "a number of at most 18 digits"),
                    _ => ("is not a number", "a number such as 12.5"),
                };
                Err(Error::new(ErrorKind::Number, format!("{} {found}", quoted(text)), accepted)
                    .in_column(&column.name))
            }
        }
    }

    /// On the grid: exactly, or by `factor` = adj_close/close rounded once.
    fn price(
        &self,
        number: Number<'_>,
        factor: Option<(Number<'_>, Number<'_>)>,
        instrument_type: InstrumentType,
    ) -> Result<Price, Error> {
        let decimals = self.options.price_decimals;
        let scaled = match factor {
            None => number.on_grid(decimals, "price_decimals")?,
            Some((adj_close, close)) => adjusted(number.value, adj_close.value, close.value, decimals)
                .ok_or_else(|| {
                    let found = format!("{} times adj_close/close is out of range", number.value);
                    number.refuse(found, "a product that fits 64 bits at price_decimals")
                })?,
        };
        if scaled <= 0 && !may_be_zero_or_less(instrument_type) {
            let found = match factor {
                None => format!("{} is no price of this type, {instrument_type}", number.value),
                Some(_) => format!("{} becomes {scaled} after the adjustment", number.value),
            };
            return Err(number.refuse(found, format!("above 0 at {decimals} price_decimals")));
        }
        Ok(Price::new(scaled))
    }

    fn quantity(&self, column: &Column) -> Result<Quantity, Error> {
        let number = self.number(column)?;
        if number.value.mantissa() < 0 {
            return Err(number.refuse(format!("{} is negative", number.value), "0 or more"));
        }
        number.on_grid(self.options.quantity_decimals, "quantity_decimals").map(Quantity::new)
    }

    fn side(&self, column: &Column) -> Result<Option<Side>, Error> {
        match self.text(column)?.to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "buy" | "b" => Ok(Some(Side::Buy)),
            "sell" | "s" => Ok(Some(Side::Sell)),
            other => Err(Error::new(
                ErrorKind::Side,
                format!("{} is no side", quoted(other)),
                "buy, sell, b, s or nothing",
            )
            .in_column(&column.name)),
        }
    }

    fn trade_id(&self, column: &Column) -> Result<Option<String>, Error> {
        let text = self.text(column)?;
        if text.len() > TEXT_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::TradeId,
                format!("{} has {} bytes", quoted(text), text.len()),
                format!("at most {TEXT_BYTES_MAX} bytes"),
            )
            .in_column(&column.name));
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }
}

impl Number<'_> {
    fn refuse(self, found: String, accepted: impl Into<String>) -> Error {
        Error::new(ErrorKind::Range, found, accepted).in_column(&self.column.name)
    }

    fn on_grid(self, decimals: u8, key: &str) -> Result<i64, Error> {
        self.value.scaled(decimals).map_err(|error| {
            let value = self.value;
            let (kind, found, accepted) = match error.kind() {
                NumberErrorKind::OffGrid => (
                    ErrorKind::OffGrid,
                    format!("{value} is off the grid"),
                    format!("at most {decimals} decimals, or more of {key}"),
                ),
                _ => (
                    ErrorKind::Range,
                    format!("{value} is out of range"),
                    format!("a number that fits 64 bits at {decimals} {key}"),
                ),
            };
            Error::new(kind, found, accepted).in_column(&self.column.name)
        })
    }
}

/// In units of 1e-18, to compare numbers of different scales: at most 2^63 * 10^18, so it fits.
fn units(number: Number<'_>) -> i128 {
    i128::from(number.value.mantissa()) * 10i128.pow(18 - u32::from(number.value.scale()))
}

/// Futures, spreads and what is derived from them have traded at zero and below; a share at zero is a hole in the data,
/// which would be bought for nothing.
fn may_be_zero_or_less(instrument_type: InstrumentType) -> bool {
    match instrument_type {
        InstrumentType::Equity
        | InstrumentType::Bond
        | InstrumentType::Pair
        | InstrumentType::MutualFund
        | InstrumentType::Currency => false,
        InstrumentType::Other
        | InstrumentType::Option
        | InstrumentType::Future
        | InstrumentType::Spread
        | InstrumentType::FutureOption
        | InstrumentType::Commodity
        | InstrumentType::Index => true,
    }
}

fn lossy(field: &[u8]) -> String {
    String::from_utf8_lossy(&field[..field.len().min(256)]).into_owned()
}
