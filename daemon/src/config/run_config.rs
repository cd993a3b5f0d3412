//! The run configuration. The comments on its keys are the reference for users (`docs/configuration.md`).

use std::{collections::BTreeMap, path::PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};
use stratd_plugin_api::{BarSpec, Decimal, InstrumentType, Money, OrderType, TradingType};

use super::{
    AccountConfig, BacktestsConfig, Bars, ControlConfig, Costs, Fill, HoursConfig, InstrumentConfig,
    InstrumentsConfig, IsolationMode, Moment, PluginKind, PluginsConfig, PortfolioConfig, RecorderConfig,
    RecoveryConfig, Risk, RoutingConfig, StateConfig, Unload, WarmUp,
};

/// A whole run: what it is, where its data comes from, and which strategies trade.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// What the run is: `backtest` (offline, on historical data), `simulation` (live data; orders are filled by our
    /// own model and never reach an exchange), `sandbox` (the paper endpoint of the exchange) or `live` (real orders).
    /// Every exchange must serve it.
    #[serde(default = "backtest")]
    #[schemars(schema_with = "trading_type_name")]
    pub trading_type: TradingType,
    /// Folders searched for plugins, besides the defaults.
    /// A relative path starts in the folder of the configuration file.
    #[serde(default)]
    #[schemars(schema_with = "folders")]
    pub plugin_dirs: Vec<PathBuf>,
    /// Print market events, halts and order events, one a line: records of DEBUG of the loggers `market` and `orders`.
    #[serde(default)]
    pub verbose: bool,
    /// At most this many market events in one call of a strategy. Several go in one call only where that changes no
    /// result; 1 = always one at a time.
    #[serde(default = "slice_max")]
    #[schemars(range(min = 1, max = 64), extend("x-accepted" = "1 to 64"))]
    pub slice_max: usize,
    /// The folder in which each run makes a folder of its own.
    /// A relative path starts in the folder of the configuration file; the default is in the current folder.
    #[serde(default = "runs")]
    #[schemars(extend("format" = "path"))]
    pub results: PathBuf,
    /// With what a backtest or simulation starts.
    #[serde(default)]
    pub backtest: Backtest,
    /// How orders are filled where no exchange executes them: in a backtest and in simulation.
    #[serde(default)]
    pub fill: Fill,
    /// What executions cost. A strategy's own hooks for slippage and transaction cost win over the models here.
    #[serde(default)]
    pub costs: Costs,
    /// Limits on what is traded, in a backtest as live. A limit that is absent does not limit; of several, the strictest
    /// counts, and each lets its own value pass. `docs/risk.md` is the guide.
    #[serde(default)]
    pub risk: Risk,
    /// How cost and currencies are counted.
    #[serde(default)]
    pub portfolio: PortfolioConfig,
    /// What the account of the run allows, besides `[risk]`.
    #[serde(default)]
    pub account: AccountConfig,
    /// When markets trade: a table `[hours.NAME]` for each, to which `trading_hours` of `[risk]` refers.
    #[serde(default)]
    pub hours: BTreeMap<String, HoursConfig>,
    /// What is said of instruments besides what their exchanges tell, and instruments that are made of others: a table
    /// `[instrument.SYMBOL]`, or `[instrument."SYMBOL@EXCHANGE"]` for one exchange only, which wins key by key.
    #[serde(default)]
    pub instrument: BTreeMap<String, InstrumentConfig>,
    /// Where orders go that name no exchange.
    #[serde(default)]
    pub routing: RoutingConfig,
    /// How plugins are watched, loaded and swapped while a run goes on. A backtest looks at `trust` only.
    #[serde(default)]
    pub plugins: PluginsConfig,
    /// What the daemon keeps for its next start. A backtest keeps nothing.
    #[serde(default)]
    pub state: StateConfig,
    /// How a sandbox or live run is taken up where the one before left it. A backtest and a simulation begin anew.
    #[serde(default)]
    pub recovery: RecoveryConfig,
    /// Who may command the daemon while it runs. A backtest takes no commands.
    #[serde(default)]
    pub control: ControlConfig,
    /// The backtests that the daemon runs for who commands it. A backtest runs none.
    #[serde(default)]
    pub backtests: BacktestsConfig,
    /// What of a run is written as TeaFiles, which other programs read, and which `stratd replay` repeats the run from.
    /// Nothing is, unless `market` or `inputs` says so. `docs/recording.md` is the guide.
    #[serde(default)]
    pub recorder: RecorderConfig,
    /// Where the log goes, with the meaning of Python's `logging.config.dictConfig`.
    /// Without this table, records of INFO and above, or DEBUG with `--verbose`, are lines on standard error.
    /// `SIGHUP` has it read again while a run goes on, whole or not at all, and opens the files anew.
    #[serde(default)]
    #[schemars(schema_with = "super::logging_config::schema")]
    pub logging: Option<Map<String, Value>>,
    /// The exchanges: each `[[exchange]]` table is one connector. A plugin may be used several times.
    #[schemars(length(min = 1, max = 64), extend("x-accepted" = "1 to 64 [[exchange]] tables, or --exchange PLUGIN"))]
    pub exchange: Vec<ExchangeEntry>,
    /// The strategies: each `[[strategy]]` table is one instance. A plugin may be used several times.
    /// `strategy = []` begins without any: they come while the run goes on, as `plugins.start_new` or a command says.
    #[schemars(length(max = 256), extend("x-accepted" = "1 to 256 [[strategy]] tables, or --strategy PLUGIN"))]
    pub strategy: Vec<StrategyEntry>,
}

/// With what a backtest or simulation starts.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Backtest {
    /// The money at the start, with at most 8 decimals.
    #[serde(deserialize_with = "money")]
    #[schemars(with = "Decimal", extend("default" = "100000"))]
    pub cash: Money,
    /// The currency of that money.
    #[schemars(regex(pattern = "^[A-Z][A-Z0-9]{2,11}$"), extend("x-accepted" = "a currency code such as USD"))]
    pub currency: String,
    /// When a backtest begins: a day (its midnight UTC) or a time. What its data has before is history, and told to no
    /// strategy but those with `warm_up`. Without this key it begins with the first event.
    pub start: Option<Moment>,
    /// When a backtest ends, in the same form: what its data has from then on is not read.
    pub end: Option<Moment>,
}

/// One exchange.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ExchangeEntry {
    /// The name of this instance in logs, results and commands, unique among the exchanges.
    /// By default the name of the plugin.
    #[serde(default)]
    #[schemars(schema_with = "instance_name")]
    pub name: Option<String>,
    /// The plugin: its name, with or without the prefix `exchange-`, or the path of a file that ends in `.so`.
    #[schemars(schema_with = "plugin_name")]
    pub plugin: String,
    /// The instrument types that the run needs from it. Without this key, those that it has.
    #[serde(default, deserialize_with = "instrument_types")]
    #[schemars(schema_with = "instrument_type_names")]
    pub instrument_types: Option<Vec<InstrumentType>>,
    /// The order types that are sent to it, or in a backtest or simulation to the fill model; what stratd can hold of the
    /// others is held until its price comes, as for an exchange that does not take them. Without this key, all that it takes.
    #[serde(default, deserialize_with = "order_types")]
    #[schemars(schema_with = "order_type_names")]
    pub order_types: Option<Vec<OrderType>>,
    /// Where its code runs: `none` (on the event loop: the fastest, and a crash is the daemon's), `thread` (on a thread
    /// of its own: a hang loses that thread only) or `process` (no crash, leak or hang reaches the daemon).
    /// In a backtest it is always `none`.
    #[serde(default)]
    #[schemars(schema_with = "isolation_name")]
    pub isolation: IsolationMode,
    /// Whether the libraries of replaced versions are unmapped: `never`, or `try` where the plugin says that it may be
    /// and its isolation is `thread`.
    #[serde(default)]
    #[schemars(schema_with = "unload_name")]
    pub unload: Unload,
    /// The configuration of the plugin: its own keys, listed by `stratd plugin inspect`.
    /// A relative path in it starts in the folder of the configuration file.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// Where its past is found, in a simulation, sandbox or live run, for strategies with `warm_up`. Its instruments are
    /// those of the exchange with the same symbol and type. A backtest has its past in its own data.
    pub history: Option<HistoryEntry>,
}

/// Where the past of an exchange is found.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct HistoryEntry {
    /// A plugin that serves backtests, such as `teafile` for what `[recorder]` wrote, or `csv`.
    #[schemars(schema_with = "plugin_name")]
    pub plugin: String,
    /// The configuration of that plugin.
    /// A relative path in it starts in the folder of the configuration file.
    #[serde(default)]
    pub config: Map<String, Value>,
}

/// One strategy.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct StrategyEntry {
    /// The name of this instance in logs, results and commands, unique among the strategies.
    /// By default the name of the plugin.
    #[serde(default)]
    #[schemars(schema_with = "instance_name")]
    pub name: Option<String>,
    /// The plugin: its name, with or without the prefix `strategy-`, or the path of a file that ends in `.so`.
    #[schemars(schema_with = "plugin_name")]
    pub plugin: String,
    /// Whether the strategy may end the whole run. Without it, it can only stop itself.
    #[serde(default)]
    pub allow_shutdown: bool,
    /// Whether its working orders are canceled when it stops or fails.
    #[serde(default = "yes")]
    pub cancel_on_stop: bool,
    /// Bars that it gets of every instrument, made of trades, besides those that it subscribes to: `"1m"`, `"1h flat"`
    /// (with a bar for an interval without trades), `"100 ticks"`. They are there while it is warmed up, too.
    #[serde(default)]
    #[schemars(length(max = 16), extend("x-accepted" = "at most 16 kinds of bars"))]
    pub bars: Vec<Bars>,
    /// How much history it is told before `on_start`, by the same handlers, with orders refused: `"500 bars"` of each
    /// instrument that the source of the data has, or a time such as `"2 days"`. In a backtest, that is what comes before
    /// `backtest.start`; in another run, what `[exchange.history]` has. With a saved state it gets none.
    pub warm_up: Option<WarmUp>,
    /// Where its code runs: `none` (on the event loop: the fastest, and a crash is the daemon's), `thread` (on a thread
    /// of its own: a hang loses that thread only) or `process` (no crash, leak or hang reaches the daemon).
    /// In a backtest it is always `none`.
    #[serde(default)]
    #[schemars(schema_with = "isolation_name")]
    pub isolation: IsolationMode,
    /// Whether the libraries of replaced versions are unmapped: `never`, or `try` where the plugin says that it may be
    /// and its isolation is `thread`.
    #[serde(default)]
    #[schemars(schema_with = "unload_name")]
    pub unload: Unload,
    /// The configuration of the plugin: its own keys, listed by `stratd plugin inspect`.
    /// A relative path in it starts in the folder of the configuration file.
    #[serde(default)]
    pub config: Map<String, Value>,
}

impl ExchangeEntry {
    /// The name of this instance; in a checked configuration always set.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.plugin)
    }
}

impl RunConfig {
    /// What is said of instruments, and where orders for them go.
    #[must_use]
    pub fn instruments(&self) -> InstrumentsConfig {
        InstrumentsConfig { described: self.instrument.clone(), routing: self.routing.clone() }
    }
}

impl StrategyEntry {
    /// The bars that it gets of every instrument.
    #[must_use]
    pub fn bar_specs(&self) -> Vec<BarSpec> {
        self.bars.iter().map(|bars| bars.0).collect()
    }

    /// The name of this instance; in a checked configuration always set.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.plugin)
    }
}

impl Default for Backtest {
    fn default() -> Self {
        Self { cash: CASH, currency: "USD".to_owned(), start: None, end: None }
    }
}

/// The name of an instance that has none of its own: that of the plugin without the prefix of its kind, so `csv` for
/// `exchange-csv` and for `target/plugins/libexchange_csv.so`.
#[must_use]
pub fn default_name(kind: PluginKind, plugin: &str) -> String {
    let stem = plugin.strip_suffix(".so").map(|path| path.rsplit_once('/').map_or(path, |(_, file)| file));
    // a file may have any name, an instance not
    let name = stem.map(|stem| {
        let stem = stem.strip_prefix("lib").unwrap_or(stem);
        let name: String =
            stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(64).collect();
        name.trim_start_matches('-').to_owned()
    });
    let name = name.as_deref().unwrap_or(plugin);
    name.strip_prefix(kind.prefix()).unwrap_or(name).to_owned()
}

/// 100,000 in units of 1e-8.
const CASH: Money = Money::new(10_000_000_000_000);

fn backtest() -> TradingType {
    TradingType::Backtest
}

fn yes() -> bool {
    true
}

fn slice_max() -> usize {
    stratd_engine::SLICE_MAX
}

fn runs() -> PathBuf {
    PathBuf::from("runs")
}

pub(super) fn money<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    Money::try_from(Decimal::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn instrument_types<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<InstrumentType>>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let types = names.iter().map(|name| {
        instrument_type(name).ok_or_else(|| D::Error::custom(format!("{name} is no instrument type")))
    });
    types.collect::<Result<_, _>>().map(Some)
}

fn order_types<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<OrderType>>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let known = |name: &String| OrderType::ALL.iter().copied().find(|known| known.name() == name);
    let types = names
        .iter()
        .map(|name| known(name).ok_or_else(|| D::Error::custom(format!("{name} is no order type"))));
    types.collect::<Result<_, _>>().map(Some)
}

/// The instrument type of that name.
pub(crate) fn instrument_type(name: &str) -> Option<InstrumentType> {
    InstrumentType::ALL.iter().copied().find(|known| known.name() == name)
}

fn folders(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": { "type": "string", "format": "path" },
        "maxItems": 64,
        "x-accepted": "a list of at most 64 folders",
    })
}

fn instance_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
        "x-accepted": "1 to 64 letters, digits, - and _, starting with a letter or digit",
    })
}

fn plugin_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": r"^([a-z0-9][a-z0-9-]{0,63}|.*\.so)$",
        "x-accepted": "the name of a plugin (1 to 64 of a-z, 0-9 and -), or the path of a file that ends in .so",
    })
}

fn trading_type_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": TradingType::ALL.map(TradingType::name) })
}

fn isolation_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["none", "thread", "process"], "default": "none" })
}

fn unload_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["never", "try"], "default": "never" })
}

fn instrument_type_names(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<_> = InstrumentType::ALL.iter().map(|known| known.name()).collect();
    json_schema!({ "type": "array", "items": { "type": "string", "enum": names }, "minItems": 1 })
}

fn order_type_names(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<_> = OrderType::ALL.iter().map(|known| known.name()).collect();
    json_schema!({ "type": "array", "items": { "type": "string", "enum": names }, "minItems": 1 })
}
