//! Which instruments the rows are about.

use std::collections::HashMap;

use stratd_plugin_api::{InstrumentType, abi::TEXT_BYTES_MAX};

use super::error::{Error, ErrorKind, quoted};

/// Spellings of symbols that one run may read: the bound of the memory that grows with the data. One more is an
/// error that ends the run, because a file with so many holds something else in its symbol column.
pub const SYMBOLS_MAX: usize = 65_536;

/// An instrument that rows are about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowInstrument {
    /// Symbol, without the type.
    pub symbol: String,
    /// Type.
    pub instrument_type: InstrumentType,
}

/// The instruments that rows named so far, in the order of their first row.
#[derive(Clone, Debug)]
pub struct InstrumentTable {
    default_type: InstrumentType,
    /// Empty = all.
    selected: Vec<(String, Option<InstrumentType>)>,
    instruments: Vec<RowInstrument>,
    is_selected: Vec<bool>,
    /// By instrument; looked up only.
    by_instrument: HashMap<RowInstrument, usize>,
    /// By what the file says: symbol, a separator that no symbol holds, type. Looked up only.
    by_text: HashMap<String, usize>,
    /// Kept for its memory: the text that is looked up.
    text: String,
}

impl Default for InstrumentTable {
    fn default() -> Self {
        Self::new(InstrumentType::Equity, &[])
    }
}

impl InstrumentTable {
    /// An empty table. Rows without a type are of `default_type`; rows of symbols that are not in `selected` are passed
    /// over, unless it is empty. `AAPL` selects that symbol of any type, `AAPL-EQUITY` only the equity.
    #[must_use]
    pub fn new(default_type: InstrumentType, selected: &[String]) -> Self {
        let split = |text: &String| {
            let (symbol, instrument_type) = split_symbol(text);
            (symbol.to_owned(), instrument_type)
        };
        Self {
            default_type,
            selected: selected.iter().map(split).collect(),
            instruments: Vec::new(),
            is_selected: Vec::new(),
            by_instrument: HashMap::new(),
            by_text: HashMap::new(),
            text: String::new(),
        }
    }

    /// An instrument by [`super::Row::instrument`].
    ///
    /// # Panics
    /// If the row was not read with this table.
    #[must_use]
    pub fn get(&self, index: usize) -> &RowInstrument {
        &self.instruments[index]
    }

    /// All of them, those that are not selected included.
    #[must_use]
    pub fn instruments(&self) -> &[RowInstrument] {
        &self.instruments
    }

    /// The selected symbols of which no row was read, as they were given to [`InstrumentTable::new`] (`AAPL` or
    /// `AAPL-equity`).
    #[must_use]
    pub fn selected_but_absent(&self) -> Vec<String> {
        let is_absent = |(symbol, wanted): &&(String, Option<InstrumentType>)| {
            !self.instruments.iter().any(|i| matches(i, symbol, *wanted))
        };
        let name = |(symbol, wanted): &(String, Option<InstrumentType>)| match wanted {
            None => symbol.clone(),
            Some(instrument_type) => format!("{symbol}-{instrument_type}"),
        };
        self.selected.iter().filter(is_absent).map(name).collect()
    }

    /// The instrument of a row; `None` if it is not selected.
    pub(super) fn resolve(
        &mut self,
        symbol: &str,
        instrument_type: Option<&str>,
    ) -> Result<Option<usize>, Error> {
        self.text.clear();
        self.text.push_str(symbol);
        if let Some(name) = instrument_type {
            self.text.push('\n');
            self.text.push_str(name);
        }
        let index = match self.by_text.get(&self.text) {
            Some(&index) => index,
            None => self.insert(symbol, instrument_type)?,
        };
        Ok(self.is_selected[index].then_some(index))
    }

    fn insert(&mut self, text: &str, type_name: Option<&str>) -> Result<usize, Error> {
        if self.by_text.len() == SYMBOLS_MAX {
            return Err(Error::new(
                ErrorKind::TooManySymbols,
                format!("{} is one symbol too many", quoted(text)),
                format!("at most {SYMBOLS_MAX} symbols in a run"),
            ));
        }
        let (symbol, suffix) = split_symbol(text);
        let instrument = RowInstrument {
            symbol: checked_symbol(symbol)?.to_owned(),
            instrument_type: joined_type(suffix, type_name)?.unwrap_or(self.default_type),
        };
        let index = match self.by_instrument.get(&instrument) {
            Some(&index) => index,
            None => {
                let is_selected = self.selected.is_empty()
                    || self.selected.iter().any(|(s, t)| matches(&instrument, s, *t));
                self.is_selected.push(is_selected);
                self.instruments.push(instrument.clone());
                let index = self.instruments.len() - 1;
                self.by_instrument.insert(instrument, index);
                index
            }
        };
        self.by_text.insert(self.text.clone(), index);
        Ok(index)
    }
}

fn matches(instrument: &RowInstrument, symbol: &str, wanted: Option<InstrumentType>) -> bool {
    instrument.symbol == symbol && wanted.is_none_or(|wanted| wanted == instrument.instrument_type)
}

/// The type with a name, in any case and with or without underscores: `EQUITY`, `future_option`; aat's `FUTURESOPTION`
/// too.
#[must_use]
pub fn instrument_type_named(name: &str) -> Option<InstrumentType> {
    let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
    let wanted = plain(name);
    if wanted == "futuresoption" {
        return Some(InstrumentType::FutureOption);
    }
    InstrumentType::ALL.iter().copied().find(|t| plain(t.name()) == wanted)
}

/// `AAPL-EQUITY` into symbol and type; what follows the last `-` belongs to the symbol if it is no type.
pub(super) fn split_symbol(text: &str) -> (&str, Option<InstrumentType>) {
    if let Some((symbol, suffix)) = text.rsplit_once('-')
        && let Some(instrument_type) = instrument_type_named(suffix)
    {
        return (symbol, Some(instrument_type));
    }
    (text, None)
}

/// A symbol that the host takes and that cannot break a line of a log.
fn checked_symbol(symbol: &str) -> Result<&str, Error> {
    if symbol.is_empty() || symbol.len() > TEXT_BYTES_MAX || symbol.contains(char::is_control) {
        return Err(Error::new(
            ErrorKind::Symbol,
            format!("{} is no symbol", quoted(symbol)),
            format!("1 to {TEXT_BYTES_MAX} bytes without control characters"),
        ));
    }
    Ok(symbol)
}

/// The type from the suffix of the symbol and the field of the type column, which must not disagree.
fn joined_type(suffix: Option<InstrumentType>, field: Option<&str>) -> Result<Option<InstrumentType>, Error> {
    let Some(name) = field.filter(|name| !name.is_empty()) else { return Ok(suffix) };
    let refuse =
        |found: String, accepted: String| Err(Error::new(ErrorKind::InstrumentType, found, accepted));
    let Some(named) = instrument_type_named(name) else {
        let names: Vec<_> = InstrumentType::ALL.iter().map(|t| t.name()).collect();
        return refuse(format!("{} is no instrument type", quoted(name)), names.join(", "));
    };
    match suffix {
        Some(suffix) if suffix != named => refuse(
            format!("{} beside a symbol that ends in `-{suffix}`", quoted(name)),
            format!("`{suffix}` or nothing"),
        ),
        _ => Ok(Some(named)),
    }
}
