//! Texts beside the prices, such as news or signals: each row of a file becomes a `Data` event.
//!
//! The first row is `time,symbol,text`. Times are written as those of prices and never go backwards. A row without a
//! symbol is about the exchange as a whole. What is behind the second comma is the text, as it stands there, JSON for
//! example; the host hands texts of at most 65,536 bytes on, so longer ones are refused with their line.
//! A text comes after the prices of its own time: who trades on it does not see it earlier than them.

use std::{fs::File, io::Read, vec::IntoIter};

use stratd_plugin_api::{
    Error, EventKind, ExchangeHandle, InstrumentId, Result, Timestamp,
    abi::{self, PAYLOAD_BYTES_MAX},
};
use stratd_simulation::{
    csv::{InstrumentTable, parse_time},
    history::listed,
};

use crate::config::Settings;

/// Rows of a file of texts; they are kept in memory from the start on.
const TEXTS_MAX: usize = 50_000;
/// A larger file belongs into a database.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
const HEADER: &str = "time,symbol,text";

/// A row of the file.
#[derive(Clone, Debug)]
struct Text {
    ts: Timestamp,
    instrument: InstrumentId,
    text: String,
}

/// The texts that are still to be told, in the order of time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    rest: Vec<Text>,
}

impl Texts {
    /// Reads the file that the key `texts` names, if it does; `ids` are those of the instruments of `table`.
    pub(crate) fn load(settings: &Settings, table: &InstrumentTable, ids: &[InstrumentId]) -> Result<Self> {
        let Some(path) = &settings.texts else { return Ok(Self::default()) };
        let text = read(path).map_err(|why| Error::new(format!("reading {path}: {why}")))?;
        let known = Known { settings, table, ids };
        let rest = parse(&text, &known).map_err(|why| Error::new(format!("reading {path}: {why}")))?;
        Ok(Self { rest })
    }

    /// What is left, to be taken one after the other.
    pub(crate) fn queue(&self) -> TextQueue {
        TextQueue { rest: self.rest.clone().into_iter() }
    }
}

/// Hands the texts out when their time has come.
pub(crate) struct TextQueue {
    rest: IntoIter<Text>,
}

impl TextQueue {
    /// The next text if it is before `ts`, or at the end of the prices.
    pub(crate) fn next_before(
        &mut self,
        ts: Option<i64>,
        host: &ExchangeHandle,
    ) -> Result<Option<abi::Event>> {
        let is_due = |text: &Text| ts.is_none_or(|ts| text.ts.get() < ts);
        if !self.rest.as_slice().first().is_some_and(is_due) {
            return Ok(None);
        }
        let Some(text) = self.rest.next() else { return Ok(None) };
        let payload = host.payload(&text.text)?.cast_signed();
        Ok(Some(abi::Event {
            kind: EventKind::Data.code(),
            ts: text.ts.get(),
            instrument: text.instrument.0,
            data: [payload, 0, 0, 0, 0],
            ..abi::Event::default()
        }))
    }
}

/// What rows are held against.
struct Known<'a> {
    settings: &'a Settings,
    table: &'a InstrumentTable,
    ids: &'a [InstrumentId],
}

impl Known<'_> {
    /// The instrument of a symbol; `None` if its prices are not selected.
    fn instrument(&self, symbol: &str) -> Result<Option<InstrumentId>, String> {
        if symbol.is_empty() {
            return Ok(Some(InstrumentId(0)));
        }
        let instruments = self.table.instruments();
        let is_named = |index: &usize| {
            let row = &instruments[*index];
            row.symbol == symbol
                || format!("{}-{}", row.symbol, row.instrument_type).eq_ignore_ascii_case(symbol)
        };
        let named: Vec<usize> = (0..instruments.len()).filter(is_named).collect();
        match named[..] {
            [index] => Ok(self.ids.get(index).copied().filter(|id| *id != InstrumentId(0))),
            [] if self.settings.selects() => Ok(None),
            _ => {
                let names: Vec<_> =
                    instruments.iter().map(|i| format!("{}-{}", i.symbol, i.instrument_type)).collect();
                Err(format!("the symbol {symbol:?} (accepted: none, or one of {})", listed(names.iter())))
            }
        }
    }
}

fn read(path: &str) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err("the file is larger than any of texts (accepted: at most 16 MiB)".to_owned());
    }
    Ok(text)
}

fn parse(text: &str, known: &Known<'_>) -> Result<Vec<Text>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = text.lines().zip(1..).filter(|(row, _)| !row.trim().is_empty());
    match rows.next() {
        Some((row, _)) if row.trim() == HEADER => {}
        first => {
            let (row, line) = first.unwrap_or(("", 1));
            return Err(format!("line {line}: found {row:?} (accepted: the first row {HEADER})"));
        }
    }
    let mut texts: Vec<Text> = Vec::new();
    for (row, line) in rows {
        if texts.len() == TEXTS_MAX {
            return Err(format!("line {line}: one text too many (accepted: at most {TEXTS_MAX})"));
        }
        let Some(found) = parse_row(row, known).map_err(|why| format!("line {line}: {why}"))? else {
            continue;
        };
        if let Some(last) = texts.last().filter(|last| found.ts < last.ts) {
            return Err(format!("line {line}: the time goes backwards (accepted: at least {})", last.ts));
        }
        texts.push(found);
    }
    Ok(texts)
}

/// A row; `None` if it is of no time or symbol that the run has.
fn parse_row(row: &str, known: &Known<'_>) -> Result<Option<Text>, String> {
    let mut fields = row.splitn(3, ',');
    let (Some(time), Some(symbol), Some(text)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(format!("found {row:?} (accepted: three fields: time, symbol and text)"));
    };
    let options = &known.settings.rows;
    let ts = parse_time(time.trim(), options.time_unit).map_err(|error| error.to_string())?;
    if text.len() > PAYLOAD_BYTES_MAX {
        return Err(format!("a text of {} bytes (accepted: at most {PAYLOAD_BYTES_MAX})", text.len()));
    }
    let instrument = known.instrument(symbol.trim())?;
    let is_in = options.start.is_none_or(|start| ts >= start) && options.end.is_none_or(|end| ts < end);
    Ok(instrument.filter(|_| is_in).map(|instrument| Text { ts, instrument, text: text.to_owned() }))
}
