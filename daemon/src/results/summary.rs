//! The summary of a run, as in `summary.json`. Money is text with all its digits; ratios are numbers.

use serde::Serialize;

use super::ratios::Ratios;

/// What came out of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// What the run was.
    pub trading_type: &'static str,
    /// The fill rule.
    pub fill: String,
    /// What was assumed about executions, in words.
    pub assumptions: Assumptions,
    /// Currency of all amounts.
    pub currency: String,
    /// Time of the first event.
    pub start: Option<String>,
    /// Time of the last event.
    pub end: Option<String>,
    /// UTC days with events.
    pub days: usize,
    /// Market events.
    pub events: u64,
    /// Cash at the start.
    pub cash_start: String,
    /// Cash at the end.
    pub cash_end: String,
    /// Cash and the value of all positions at the end.
    pub equity_end: String,
    /// `equity_end / cash_start - 1`.
    #[serde(rename = "return")]
    pub total_return: Option<f64>,
    /// Realized PnL before fees and costs.
    pub realized: String,
    /// Value of open positions less their cost.
    pub unrealized: String,
    /// Fees of the exchanges; negative = rebates.
    pub fees: String,
    /// Slippage, by the model or the strategy.
    pub slippage: String,
    /// Transaction costs, by the model or the strategy.
    pub transaction_costs: String,
    /// Fees, slippage and transaction costs together.
    pub costs: String,
    /// Days that make a year: 252, or 365 if the data has weekends.
    pub periods_per_year: f64,
    /// Ratios of the daily returns, as in `returns.csv`.
    #[serde(flatten)]
    pub ratios: Ratios,
    /// Largest fall from a peak, looked at after every instant, as a fraction of the peak.
    pub max_drawdown: f64,
    /// Largest fall from a peak, in money.
    pub max_drawdown_amount: String,
    /// When the largest fall was, and how long falls took.
    pub drawdown: DrawdownSummary,
    /// Value of all executions over the mean equity at the ends of days, a year.
    pub turnover: Option<f64>,
    /// Value of all positions without sign over equity, mean over market time.
    pub exposure: Option<f64>,
    /// Part of the market time with a position.
    pub time_in_market: Option<f64>,
    /// Positions from flat to flat.
    pub round_trips: TripSummary,
    /// Orders requested.
    pub orders: u64,
    /// Orders denied by risk.
    pub denied: u64,
    /// Own executions.
    pub fills: u64,
    /// Where the data came from: instance and plugin.
    pub exchanges: Vec<PluginLabel>,
    /// Each strategy.
    pub strategies: Vec<StrategySummary>,
    /// Each instrument, all strategies together.
    pub instruments: Vec<InstrumentSummary>,
}

/// The largest fall from a peak.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DrawdownSummary {
    /// Time of the peak.
    pub peak: Option<String>,
    /// Time of the lowest equity after it.
    pub trough: Option<String>,
    /// When the equity was back at the peak; none if it never was.
    pub recovered: Option<String>,
    /// Longest time below a peak, in days; the end of the run ends it, too.
    pub longest_days: f64,
}

/// Positions from flat to flat; open ones are not in it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TripSummary {
    /// How many.
    pub count: u64,
    /// Part of them with a gain, after fees and costs.
    pub hit_rate: Option<f64>,
    /// Sum of the gains over the sum of the losses.
    pub profit_factor: Option<f64>,
    /// Mean gain of those with one.
    pub mean_gain: Option<String>,
    /// Mean loss of the others, negative.
    pub mean_loss: Option<String>,
    /// The best, or 0.
    pub best: String,
    /// The worst, or 0.
    pub worst: String,
    /// Mean time from the first to the last execution, in days.
    pub mean_days: Option<f64>,
}

/// What was assumed about executions where no exchange says it, in words.
#[derive(Clone, Debug, Serialize)]
pub struct Assumptions {
    /// At which price orders fill.
    pub fill: &'static str,
    /// When they arrive.
    pub latency: String,
    /// How much of what is traded they may have.
    pub liquidity: String,
    /// The exchange's fees.
    pub fees: String,
    /// The model of slippage.
    pub slippage: String,
    /// The model of transaction cost.
    pub transaction_cost: String,
}

/// An instance with its plugin.
#[derive(Clone, Debug, Serialize)]
pub struct PluginLabel {
    /// Name of the instance.
    pub name: String,
    /// Plugin and version.
    pub plugin: String,
}

/// One strategy. Its return and ratios are those of the run's starting cash with this strategy alone.
#[derive(Clone, Debug, Serialize)]
pub struct StrategySummary {
    /// Name of the instance.
    pub name: String,
    /// Plugin and version.
    pub plugin: String,
    /// `started`, `stopped: reason`, `faulted: message`.
    pub state: String,
    /// Market and order events handled.
    pub events: u64,
    /// Orders requested.
    pub orders: u64,
    /// Orders denied by risk.
    pub denied: u64,
    /// Own executions.
    pub fills: u64,
    /// PnL after fees and costs over the run's starting cash.
    #[serde(rename = "return")]
    pub total_return: Option<f64>,
    /// Realized PnL before fees and costs.
    pub realized: String,
    /// Value of open positions less their cost.
    pub unrealized: String,
    /// Fees of the exchanges; negative = rebates.
    pub fees: String,
    /// Slippage, by the model or the strategy.
    pub slippage: String,
    /// Transaction costs, by the model or the strategy.
    pub transaction_costs: String,
    /// As in the run.
    pub costs: String,
    /// As in the run.
    #[serde(flatten)]
    pub ratios: Ratios,
    /// As in the run.
    pub max_drawdown: f64,
    /// As in the run.
    pub turnover: Option<f64>,
    /// As in the run.
    pub round_trips: TripSummary,
    /// Figures that the strategy reported itself: the last value of each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<(String, String)>,
    /// Each instrument that it traded.
    pub instruments: Vec<InstrumentSummary>,
}

/// One instrument.
#[derive(Clone, Debug, Serialize)]
pub struct InstrumentSummary {
    /// Symbol.
    pub symbol: String,
    /// Exchange instance.
    pub exchange: String,
    /// Signed position at the end.
    pub position: String,
    /// Last price.
    pub price_last: Option<String>,
    /// Own executions.
    pub fills: u64,
    /// Realized PnL before fees and costs.
    pub realized: String,
    /// Value of the open position less its cost.
    pub unrealized: String,
    /// Fees of the exchanges; negative = rebates.
    pub fees: String,
    /// Slippage, by the model or the strategy.
    pub slippage: String,
    /// Transaction costs, by the model or the strategy.
    pub transaction_costs: String,
    /// Value of all executions, without sign.
    pub traded: String,
}
