//! The replay: rows to events.

use std::fs::File;

use stratd_plugin_api::{Error, ExchangeHandle, InstrumentId, Level, Result, abi};
use stratd_simulation::{
    SymbolSplits,
    csv::{InstrumentTable, MergedRows, Row, RowData},
};

use crate::{
    bad_rows::BadRows,
    config::Settings,
    texts::{TextQueue, Texts},
};

/// The instruments of the files, as the host knows them.
pub(crate) struct KnownInstruments {
    pub(crate) table: InstrumentTable,
    /// By the index in the table; 0 = the host does not know it.
    pub(crate) ids: Vec<InstrumentId>,
    /// By the index in the table.
    pub(crate) splits: Vec<SymbolSplits>,
    pub(crate) texts: Texts,
}

/// Reads the files for their events.
pub(crate) struct Feed {
    rows: MergedRows<File>,
    ids: Vec<InstrumentId>,
    splits: Vec<SymbolSplits>,
    bad_rows: BadRows,
    texts: TextQueue,
    texts_told: u64,
    /// The first event of a row that waits for the texts before it.
    held: Option<abi::Event>,
    /// The trade of the bar that was handed out last, or is held.
    trade: Option<abi::Event>,
    events: u64,
}

impl Feed {
    /// Opens the files again.
    pub(crate) fn open(settings: &Settings, known: &KnownInstruments) -> Result<Self> {
        // with the same table, rows find their instruments at the same places
        let rows = MergedRows::open(&settings.files, &settings.rows, known.table.clone())?;
        Ok(Self {
            rows,
            ids: known.ids.clone(),
            splits: known.splits.clone(),
            bad_rows: BadRows::default(),
            texts: known.texts.queue(),
            texts_told: 0,
            held: None,
            trade: None,
            events: 0,
        })
    }

    /// The next event; `None` at the end, after the summary was logged.
    pub(crate) fn next_event(
        &mut self,
        settings: &Settings,
        host: &ExchangeHandle,
    ) -> Result<Option<abi::Event>> {
        let price = match self.held.take() {
            Some(held) => Some(held),
            // a bar and its trade are one
            None if self.trade.is_some() => {
                self.events += 1;
                return Ok(self.trade.take());
            }
            None => self.next_row(settings, host)?,
        };
        if let Some(text) = self.texts.next_before(price.map(|event| event.ts), host)? {
            self.held = price;
            self.texts_told += 1;
            return Ok(Some(text));
        }
        match price {
            Some(_) => self.events += 1,
            None => self.log_summary(settings, host),
        }
        Ok(price)
    }

    /// The first event of the next row.
    fn next_row(&mut self, settings: &Settings, host: &ExchangeHandle) -> Result<Option<abi::Event>> {
        let bad_rows = &mut self.bad_rows;
        let row = self.rows.next_row_by(settings.on_bad_row, |error| bad_rows.add(error, host))?;
        row.map(|row| self.first_event(&row, settings.trade_ids, host)).transpose()
    }

    /// The bar, keeping its trade for the next call, or the trade.
    fn first_event(&mut self, row: &Row, has_trade_ids: bool, host: &ExchangeHandle) -> Result<abi::Event> {
        let instrument = self.ids.get(row.instrument).copied().unwrap_or_default();
        if instrument == InstrumentId(0) {
            return Err(Error::new(format!(
                "{} was not in the files when their instruments were read (accepted: files that do not change)",
                self.rows.instruments().get(row.instrument).symbol
            )));
        }
        let trade_id = match &row.data {
            RowData::Trade { id: Some(id), .. } if has_trade_ids => host.intern(id).map_err(|error| {
                Error::new(format!("{error}; set trade_ids = false to leave the ids out"))
            })?,
            RowData::Trade { .. } | RowData::Bar { .. } => 0,
        };
        let (bar, trade) = row.events(instrument, trade_id);
        let Some(bar) = bar else { return self.after_splits(row, &trade) };
        self.trade = Some(self.after_splits(row, &trade)?);
        self.after_splits(row, &bar)
    }

    /// An event as it is counted after all splits.
    fn after_splits(&self, row: &Row, event: &abi::Event) -> Result<abi::Event> {
        let Some(splits) = self.splits.get(row.instrument) else { return Ok(*event) };
        splits.event(event).ok_or_else(|| {
            Error::new(format!(
                "{} at {}: splits bring a price or quantity to nothing, or beyond 64 bits (accepted: more price_decimals, or other splits)",
                self.rows.instruments().get(row.instrument).symbol,
                row.ts
            ))
        })
    }

    fn log_summary(&self, settings: &Settings, host: &ExchangeHandle) {
        let counts = self.rows.counts();
        let bad = self.bad_rows.count();
        let files = settings.files.len();
        let mut text = format!(
            "read {} rows of {files} {}: {} events of {} rows, {} rows not selected, {bad} bad rows left out",
            counts.read,
            if files == 1 { "file" } else { "files" },
            self.events,
            counts.taken,
            counts.read - counts.taken - counts.bad,
        );
        if let Some(statement) = settings.rows.adjust.statement(settings.rows.price_decimals) {
            text.push_str("; ");
            text.push_str(&statement);
        }
        if let Some(file) = &settings.splits {
            text.push_str(&format!("; adjusted by the splits in {file}"));
        }
        if let Some(file) = &settings.texts {
            text.push_str(&format!("; {} texts of {file}", self.texts_told));
        }
        host.log(if bad > 0 { Level::WARNING } else { Level::INFO }, text);
    }
}
