//! Prices of CSV files as a script.

use std::fs::File;

use stratd_plugin_api::{Instrument, InstrumentId, Timestamp, abi};
use stratd_simulation::csv::{InstrumentTable, RowOptions, RowReader};

use crate::Desk;

/// The events of a CSV file, whose instruments are on a desk. A test keeps all of them in memory: 64 bytes each.
#[derive(Clone, Debug)]
pub struct CsvReplay {
    events: Vec<abi::Event>,
    instruments: Vec<(String, InstrumentId)>,
}

impl CsvReplay {
    /// The instrument of a symbol of the file.
    ///
    /// # Panics
    /// The file has no such symbol.
    #[must_use]
    pub fn instrument(&self, symbol: &str) -> InstrumentId {
        let known = self.instruments.iter().find(|(name, _)| name == symbol);
        let names = || self.instruments.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        known.unwrap_or_else(|| panic!("the file has no {symbol} (it has: {})", names())).1
    }

    /// How many events the file has: a row of bars is two.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether the file has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Only the first events of the file.
    #[must_use]
    pub fn first(mut self, events: usize) -> Self {
        self.events.truncate(events);
        self
    }
}

impl Desk {
    /// Reads a CSV file as `exchange-csv` does, and adds its instruments. Call it before [`Desk::start`], so that
    /// strategies find them; a path that is not absolute counts from the folder of the package under test.
    ///
    /// # Panics
    /// The file cannot be read, or has a bad row.
    pub fn csv(&mut self, path: &str) -> CsvReplay {
        self.csv_as(path, &RowOptions::default())
    }

    /// As [`Desk::csv`], with options: decimals, adjusted prices, the symbol of a file that names none.
    ///
    /// # Panics
    /// As [`Desk::csv`].
    pub fn csv_as(&mut self, path: &str, options: &RowOptions) -> CsvReplay {
        let mut rows: RowReader<File> =
            RowReader::open(path, options).unwrap_or_else(|error| panic!("{error}"));
        let mut table = InstrumentTable::default();
        let mut replay = CsvReplay { events: Vec::new(), instruments: Vec::new() };
        while let Some(row) = rows.next_row(&mut table).unwrap_or_else(|error| panic!("{error}")) {
            for known in table.instruments().iter().skip(replay.instruments.len()) {
                let mut instrument = Instrument::new(known.symbol.clone(), known.instrument_type);
                instrument.price_decimals = options.price_decimals;
                instrument.quantity_decimals = options.quantity_decimals;
                replay.instruments.push((known.symbol.clone(), self.instrument(instrument)));
            }
            let (_, instrument) = replay.instruments[row.instrument];
            let (bar, trade) = row.events(instrument, 0);
            replay.events.extend(bar);
            replay.events.push(trade);
        }
        replay
    }

    /// Feeds the events of a file, each at its own time.
    pub fn replay(&mut self, csv: &CsvReplay) {
        for event in &csv.events {
            self.set_time(Timestamp::new(event.ts));
            self.market(event);
        }
    }
}
