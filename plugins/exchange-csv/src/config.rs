//! The keys of the configuration, and what they mean once checked.

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{Error, Instrument, InstrumentType, Result, TradingHours};
use stratd_simulation::{
    csv::{Adjust, InstrumentTable, OnBadRow, RowInstrument, RowOptions, TimeUnit},
    history::{
        check_decimals, check_symbols, day_names, default_instrument_type, instrument_type,
        instrument_type_name, time_bounds, trading_hours,
    },
};

/// Which files to read, and how.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file to read.
    /// A relative path starts in the folder of the configuration file.
    #[schemars(extend("format" = "path", "x-accepted" = "the path of a CSV file"))]
    pub file: Option<String>,
    /// More files, as `file`. All are merged by time; rows of the same time come in the order of the files.
    #[serde(default)]
    #[schemars(length(max = 256), extend("format" = "path", "x-accepted" = "a list of at most 256 paths of CSV files"))]
    pub files: Vec<String>,
    /// The symbol of the rows of files that have no symbol column, for example `AAPL` or `AAPL-EQUITY`.
    pub symbol: Option<String>,
    /// The type of instruments whose symbol does not end in one and that have none in a column `instrument_type`.
    #[serde(default = "default_instrument_type")]
    #[schemars(schema_with = "instrument_type_name")]
    pub instrument_type: String,
    /// The currency of the prices.
    #[serde(default = "usd")]
    #[schemars(regex(pattern = "^[A-Z][A-Z0-9]{2,11}$"), extend("x-accepted" = "a currency code such as USD"))]
    pub currency: String,
    /// `none`: prices as they stand in the file. `adj_close`: open, high, low and close times adj_close/close, rounded
    /// once to `price_decimals`, halves away from zero; volumes stay as they are. Without it splits look like crashes.
    #[serde(default)]
    pub adjust: Adjust,
    /// A file of the splits of shares, with the first row `date,symbol,ratio` and rows such as `2020-08-31,AAPL,4:1`. What is
    /// before a split is told as it is counted after it: prices divided, quantities multiplied, in whole numbers and
    /// rounded once to their decimals, halves away from zero.
    #[schemars(extend("format" = "path", "x-accepted" = "the path of a CSV file"))]
    pub splits: Option<String>,
    /// A file of texts such as news or signals, with the first row `time,symbol,text`; strategies get each as `on_data`,
    /// after the prices of the same time. The symbol may be empty, a text has at most 65,536 bytes and may have commas.
    #[schemars(extend("format" = "path", "x-accepted" = "the path of a CSV file"))]
    pub texts: Option<String>,
    /// Decimals of the prices. By default 2, or 4 with `adjust = "adj_close"` or `splits`.
    /// A price with more decimals is a bad row; it is rounded by the adjustment only.
    #[schemars(range(max = 12))]
    pub price_decimals: Option<u8>,
    /// Decimals of the volumes. A volume with more is a bad row.
    #[serde(default)]
    #[schemars(range(max = 12))]
    pub quantity_decimals: u8,
    /// The unit of times that are epoch numbers. By default the magnitude of each number decides, for times from 1973
    /// on; a number that could be a date without separators (20130301) is a bad row until this key is set.
    pub time_unit: Option<TimeUnit>,
    /// `stop`: a bad row ends the run, before it starts. `skip`: it is left out and counted; the first 10 are logged,
    /// and the total at the end.
    #[serde(default)]
    pub on_bad_row: OnBadRow,
    /// Only these symbols, for example `AAPL` (of any type) or `AAPL-EQUITY`; all by default.
    /// The rows of others are not looked at, so they may be bad. One without any row before `end` is an error.
    #[serde(default)]
    #[schemars(length(max = 65536), extend("x-accepted" = "a list of symbols"))]
    pub symbols: Vec<String>,
    /// Only rows at or after this time, for example `2003-01-01` or `2003-01-01T14:30:00Z`.
    #[schemars(extend("x-accepted" = "a date or time such as 2003-01-01 or 2003-01-01T14:30:00Z"))]
    pub start: Option<String>,
    /// Only rows before this time, which is itself left out; reading ends there.
    #[schemars(extend("x-accepted" = "a date or time such as 2003-01-01 or 2003-01-01T14:30:00Z"))]
    pub end: Option<String>,
    /// The sessions of a day in which the instruments trade, for example `["09:30-16:00"]`; none says that they trade
    /// around the clock. They hold nothing back by themselves: `trading_hours` of `[risk]` does.
    #[serde(default)]
    #[schemars(length(max = 4), extend("x-accepted" = "a list of at most 4 texts HH:MM-HH:MM, in the order of the day"))]
    pub sessions: Vec<String>,
    /// The time zone of `sessions`, by its IANA name; `UTC` by default.
    #[serde(default)]
    #[schemars(extend("x-accepted" = "the IANA name of a time zone, such as America/New_York"))]
    pub timezone: String,
    /// The days on which sessions open, as a list of `mon` … `sun`; every day by default.
    #[serde(default)]
    #[schemars(schema_with = "day_names")]
    pub days: Vec<String>,
    /// Hand on the column `id` of trades. The host keeps every id for the whole run, up to its limit of texts,
    /// so memory grows with the file.
    #[serde(default)]
    pub trade_ids: bool,
}

/// Files that may be open at once: far below the usual limit of 1,024 of a process.
const FILES_MAX: usize = 256;
fn usd() -> String {
    "USD".to_owned()
}

/// The configuration, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) files: Vec<String>,
    pub(crate) rows: RowOptions,
    pub(crate) splits: Option<String>,
    pub(crate) texts: Option<String>,
    pub(crate) on_bad_row: OnBadRow,
    pub(crate) trade_ids: bool,
    symbols: Vec<String>,
    instrument_type: InstrumentType,
    currency: String,
    trading_hours: TradingHours,
}

impl Settings {
    /// Checks what the schema cannot say; all problems at once.
    pub(crate) fn new(config: Config) -> Result<Self> {
        let mut problems = Vec::new();
        let files: Vec<String> = config.file.into_iter().chain(config.files).collect();
        check_files(&files, &mut problems);
        let symbols = config.symbol.iter().chain(&config.symbols);
        check_symbols(symbols, "AAPL or AAPL-EQUITY", &mut problems);
        let instrument_type = instrument_type(&config.instrument_type, &mut problems);
        if config.splits.is_some() && config.adjust != Adjust::None {
            problems
                .push("splits are in adj_close already (accepted: splits or adjust, not both)".to_owned());
        }
        // what splits divide is rounded as what adj_close does
        let adjusts = if config.splits.is_some() { Adjust::AdjClose } else { config.adjust };
        let price_decimals = config.price_decimals.unwrap_or(adjusts.price_decimals_default());
        check_decimals([Some(price_decimals), Some(config.quantity_decimals)], &mut problems);
        let bounds = [config.start.as_deref(), config.end.as_deref()];
        let [start, end] = time_bounds(bounds, config.time_unit, &mut problems);
        let trading_hours = trading_hours(&config.sessions, config.timezone, &config.days, &mut problems);
        if !problems.is_empty() {
            return Err(Error::new(problems.join("; ")));
        }
        Ok(Self {
            files,
            rows: RowOptions {
                symbol: config.symbol.map(|symbol| symbol.trim().to_owned()),
                adjust: config.adjust,
                price_decimals,
                quantity_decimals: config.quantity_decimals,
                time_unit: config.time_unit,
                start,
                end,
            },
            splits: config.splits,
            texts: config.texts,
            on_bad_row: config.on_bad_row,
            trade_ids: config.trade_ids,
            symbols: config.symbols,
            instrument_type,
            currency: config.currency,
            trading_hours,
        })
    }

    /// The table to start reading with.
    pub(crate) fn instruments(&self) -> InstrumentTable {
        InstrumentTable::new(self.instrument_type, &self.symbols)
    }

    /// Whether only some symbols are read.
    pub(crate) fn selects(&self) -> bool {
        !self.symbols.is_empty()
    }

    /// An instrument of the files, as the host gets it.
    pub(crate) fn instrument(&self, row: &RowInstrument) -> Instrument {
        let mut instrument = Instrument::new(row.symbol.as_str(), row.instrument_type)
            .price_decimals(self.rows.price_decimals)
            .quantity_decimals(self.rows.quantity_decimals)
            .currency(self.currency.as_str());
        instrument.trading_hours = self.trading_hours.clone();
        instrument
    }
}

fn check_files(files: &[String], problems: &mut Vec<String>) {
    if files.is_empty() {
        problems.push("no file is named (accepted: file = \"prices.csv\", or a list in files)".to_owned());
    }
    if files.len() > FILES_MAX {
        problems.push(format!("{} files are named (accepted: at most {FILES_MAX})", files.len()));
        return;
    }
    for (at, file) in files.iter().enumerate() {
        if files[..at].contains(file) {
            problems.push(format!("{file} is named twice, which would double its rows (accepted: once)"));
        }
    }
}
