//! The keys of the configuration, and what they mean once checked.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use stratd_plugin_api::{Error, Instrument, InstrumentType, Result, Session, Timestamp, TradingHours};
use stratd_simulation::csv::{TimeUnit, instrument_type_named, parse_time};

use crate::columns::{Columns, Kind};

/// Which files to read, and how.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A TeaFile, or a folder: all files in it and below whose names end in `.tea`, but for those in folders `*.recording`.
    /// A relative path starts in the folder of the configuration file.
    #[schemars(extend("format" = "path", "x-accepted" = "the path of a TeaFile or of a folder of some"))]
    pub file: Option<String>,
    /// More of them. All are merged by time; events of the same time come in the order of the files.
    /// Files that need other keys are read by another exchange of this plugin.
    #[serde(default)]
    #[schemars(length(max = 256), extend("format" = "path", "x-accepted" = "a list of at most 256 paths of TeaFiles or folders"))]
    pub files: Vec<String>,
    /// The symbol. By default the name-value `symbol` of the file, else the name of the file up to its first dot.
    #[schemars(length(min = 1, max = 64))]
    pub symbol: Option<String>,
    /// The type of the instruments.
    #[serde(default = "equity")]
    #[schemars(schema_with = "instrument_type_name")]
    pub instrument_type: String,
    /// The currency of the prices. By default the name-value `currency` of the file, else USD.
    #[schemars(regex(pattern = "^[A-Z][A-Z0-9]{2,11}$"), extend("x-accepted" = "a currency code such as USD"))]
    pub currency: Option<String>,
    /// What the items are. By default the name-value `kind` of the file, else what its fields are: open, high, low and
    /// close make bars, bid and ask quotes, a price trades.
    pub kind: Option<Kind>,
    /// Names of fields, where they are not the usual ones.
    #[serde(default)]
    pub columns: Columns,
    /// The unit of times in files that do not tell their scale: they count from 1970.
    pub time_unit: Option<TimeUnit>,
    /// Decimals of the prices. By default the name-value `price_decimals` or `decimals` of the file, else 2.
    #[schemars(range(max = 12))]
    pub price_decimals: Option<u8>,
    /// Decimals of the quantities. By default the name-value `quantity_decimals` of the file, else 0.
    #[schemars(range(max = 12))]
    pub quantity_decimals: Option<u8>,
    /// Round numbers with more decimals to the nearest, halves away from zero. Otherwise they end the run.
    #[serde(default)]
    pub round: bool,
    /// A file of the splits of shares, with the first row `date,symbol,ratio` and rows such as `2020-08-31,AAPL,4:1`. What is
    /// before a split is told as it is counted after it: prices divided, quantities multiplied, in whole numbers and
    /// rounded once to their decimals, halves away from zero.
    #[schemars(extend("format" = "path", "x-accepted" = "the path of a CSV file"))]
    pub splits: Option<String>,
    /// Whether a bar is followed by a trade at its close, with its volume and the flag FROM_BAR, as one of `exchange-csv`
    /// is. By default yes, but not for recordings, which have the trades that there were in files of their own.
    pub trade_of_bar: Option<bool>,
    /// Only these symbols; all by default. One that no file has is an error.
    #[serde(default)]
    #[schemars(length(max = 65536), extend("x-accepted" = "a list of symbols"))]
    pub symbols: Vec<String>,
    /// Only items at or after this time, for example `2003-01-01` or `2003-01-01T14:30:00Z`.
    #[schemars(extend("x-accepted" = "a date or time such as 2003-01-01 or 2003-01-01T14:30:00Z"))]
    pub start: Option<String>,
    /// Only items before this time, which is itself left out.
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
}

/// As [`Instrument::validate`].
const DECIMALS_MAX: u8 = 12;

/// The days of a week as bits count them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn equity() -> String {
    InstrumentType::Equity.name().to_owned()
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
    /// Files and folders.
    pub(crate) paths: Vec<String>,
    pub(crate) symbol: Option<String>,
    pub(crate) symbols: Vec<String>,
    pub(crate) currency: Option<String>,
    pub(crate) kind: Option<Kind>,
    pub(crate) columns: Columns,
    pub(crate) time_unit: Option<TimeUnit>,
    pub(crate) price_decimals: Option<u8>,
    pub(crate) quantity_decimals: Option<u8>,
    pub(crate) round: bool,
    pub(crate) trade_of_bar: Option<bool>,
    pub(crate) splits: Option<String>,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    instrument_type: InstrumentType,
    trading_hours: TradingHours,
}

impl Settings {
    /// Checks what the schema cannot say; all problems at once.
    pub(crate) fn new(config: Config) -> Result<Self> {
        let mut problems = Vec::new();
        let paths: Vec<String> = config.file.into_iter().chain(config.files).collect();
        if paths.is_empty() {
            problems.push(
                "no file is named (accepted: file = \"trades.tea\" or a folder, or a list in files)"
                    .to_owned(),
            );
        }
        for symbol in config.symbol.iter().chain(&config.symbols) {
            if symbol.trim().is_empty() || symbol.contains(char::is_control) {
                problems.push(format!("{symbol:?} is no symbol (accepted: for example AAPL)"));
            }
        }
        let instrument_type = instrument_type_named(&config.instrument_type).unwrap_or_else(|| {
            problems.push(format!(
                "instrument_type {:?} is not known (accepted: for example equity)",
                config.instrument_type
            ));
            InstrumentType::Other
        });
        for (key, decimals) in
            [("price_decimals", config.price_decimals), ("quantity_decimals", config.quantity_decimals)]
        {
            if let Some(decimals) = decimals.filter(|decimals| *decimals > DECIMALS_MAX) {
                problems.push(format!("{key} is {decimals} (accepted: 0 to {DECIMALS_MAX})"));
            }
        }
        let start = bound("start", config.start.as_deref(), &mut problems);
        let end = bound("end", config.end.as_deref(), &mut problems);
        if let (Some(start), Some(end)) = (start, end)
            && start >= end
        {
            problems.push(format!("end is {end} (accepted: after start, {start})"));
        }
        let trading_hours = TradingHours {
            sessions: sessions(&config.sessions, &mut problems),
            timezone: config.timezone,
            weekdays: weekdays(&config.days),
        };
        if !problems.is_empty() {
            return Err(Error::new(problems.join("; ")));
        }
        Ok(Self {
            paths,
            symbol: config.symbol.map(|symbol| symbol.trim().to_owned()),
            symbols: config.symbols,
            currency: config.currency,
            kind: config.kind,
            columns: config.columns,
            time_unit: config.time_unit,
            price_decimals: config.price_decimals,
            quantity_decimals: config.quantity_decimals,
            round: config.round,
            splits: config.splits,
            trade_of_bar: config.trade_of_bar,
            start,
            end,
            instrument_type,
            trading_hours,
        })
    }

    /// Whether a symbol is wanted.
    pub(crate) fn wants(&self, symbol: &str) -> bool {
        self.symbols.is_empty() || self.symbols.iter().any(|wanted| wanted == symbol)
    }

    /// An instrument, as the host gets it.
    pub(crate) fn instrument(&self, symbol: &str, currency: &str, (price, quantity): (u8, u8)) -> Instrument {
        let mut instrument = Instrument::new(symbol, self.instrument_type)
            .price_decimals(price)
            .quantity_decimals(quantity)
            .currency(currency);
        instrument.trading_hours = self.trading_hours.clone();
        instrument
    }
}

fn bound(key: &str, text: Option<&str>, problems: &mut Vec<String>) -> Option<Timestamp> {
    match parse_time(text?.trim(), None) {
        Ok(time) => Some(time),
        Err(error) => {
            problems.push(format!("{key}: {error}"));
            None
        }
    }
}

fn sessions(texts: &[String], problems: &mut Vec<String>) -> Vec<Session> {
    let mut sessions = Vec::new();
    for text in texts {
        match text.parse() {
            Ok(session) => sessions.push(session),
            Err(error) => problems.push(format!("sessions: {error}")),
        }
    }
    sessions
}

/// The bits of days; none for no day, which is every day.
fn weekdays(days: &[String]) -> u8 {
    let bits = (0u32..).zip(DAYS).filter(|(_, name)| days.iter().any(|day| day == name));
    bits.fold(0, |bits, (day, _)| bits | 1 << day)
}
