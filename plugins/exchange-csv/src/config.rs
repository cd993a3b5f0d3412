//! The keys of the configuration, and what they mean once checked.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use stratd_plugin_api::{Error, Instrument, InstrumentType, Result, Session, Timestamp, TradingHours};
use stratd_simulation::csv::{
    Adjust, InstrumentTable, OnBadRow, RowInstrument, RowOptions, TimeUnit, instrument_type_named, parse_time,
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
    #[serde(default = "equity")]
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
/// As [`Instrument::validate`].
const DECIMALS_MAX: u8 = 12;

/// The days of a week as bits count them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn equity() -> String {
    InstrumentType::Equity.name().to_owned()
}
fn usd() -> String {
    "USD".to_owned()
}

fn instrument_type_name(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<_> = InstrumentType::ALL.iter().map(|t| t.name()).collect();
    json_schema!({ "type": "string", "enum": names })
}

fn day_names(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "enum": DAYS } })
}

/// The configuration, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) files: Vec<String>,
    pub(crate) rows: RowOptions,
    pub(crate) splits: Option<String>,
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
        for symbol in config.symbol.iter().chain(&config.symbols) {
            if symbol.trim().is_empty() || symbol.contains(char::is_control) {
                problems.push(format!("{symbol:?} is no symbol (accepted: for example AAPL or AAPL-EQUITY)"));
            }
        }
        let instrument_type = instrument_type_named(&config.instrument_type).unwrap_or_else(|| {
            problems.push(format!(
                "instrument_type {:?} is not known (accepted: for example equity)",
                config.instrument_type
            ));
            InstrumentType::Other
        });
        if config.splits.is_some() && config.adjust != Adjust::None {
            problems
                .push("splits are in adj_close already (accepted: splits or adjust, not both)".to_owned());
        }
        // what splits divide is rounded as what adj_close does
        let adjusts = if config.splits.is_some() { Adjust::AdjClose } else { config.adjust };
        let price_decimals = config.price_decimals.unwrap_or(adjusts.price_decimals_default());
        for (key, decimals) in
            [("price_decimals", price_decimals), ("quantity_decimals", config.quantity_decimals)]
        {
            if decimals > DECIMALS_MAX {
                problems.push(format!("{key} is {decimals} (accepted: 0 to {DECIMALS_MAX})"));
            }
        }
        let start = bound("start", config.start.as_deref(), config.time_unit, &mut problems);
        let end = bound("end", config.end.as_deref(), config.time_unit, &mut problems);
        if let (Some(start), Some(end)) = (start, end)
            && start >= end
        {
            problems.push(format!("end is {end} (accepted: after start, {start})"));
        }
        let sessions = config.sessions.iter().filter_map(|text| match text.parse::<Session>() {
            Ok(session) => Some(session),
            Err(error) => {
                problems.push(format!("sessions: {error}"));
                None
            }
        });
        let sessions: Vec<Session> = sessions.collect();
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
            on_bad_row: config.on_bad_row,
            trade_ids: config.trade_ids,
            symbols: config.symbols,
            instrument_type,
            currency: config.currency,
            trading_hours: TradingHours {
                timezone: config.timezone,
                sessions,
                weekdays: weekdays(&config.days),
            },
        })
    }

    /// The table to start reading with.
    pub(crate) fn instruments(&self) -> InstrumentTable {
        InstrumentTable::new(self.instrument_type, &self.symbols)
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

/// The bits of days; none for no day, which is every day.
fn weekdays(days: &[String]) -> u8 {
    let bits = (0u32..).zip(DAYS).filter(|(_, name)| days.iter().any(|day| day == name));
    bits.fold(0, |bits, (day, _)| bits | 1 << day)
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

fn bound(
    key: &str,
    text: Option<&str>,
    unit: Option<TimeUnit>,
    problems: &mut Vec<String>,
) -> Option<Timestamp> {
    match parse_time(text?.trim(), unit) {
        Ok(time) => Some(time),
        Err(error) => {
            problems.push(format!("{key}: {error}"));
            None
        }
    }
}
