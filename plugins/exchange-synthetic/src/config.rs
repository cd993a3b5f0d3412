//! The keys of the configuration, and what they mean once checked.

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_orderbook::SelfTrade;
use stratd_plugin_api::{Decimal, Error, Money, Result, Timestamp};
use stratd_simulation::venue::{Feeds, VenueConfig};

/// What the venue is, and how fast it goes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Decides the prices at the start and everything that participants do. Equal seeds give equal markets.
    #[serde(default = "seed")]
    pub seed: u64,
    /// How many instruments trade: AAA, BBB, CCC, …
    #[serde(default = "instruments")]
    #[schemars(range(min = 1, max = 1000))]
    pub instruments: u32,
    /// Backtest: how many actions of participants it lasts.
    #[serde(default = "steps")]
    #[schemars(range(min = 1, max = 1_000_000_000_000_u64))]
    pub steps: u64,
    /// Backtest: the time at which it starts.
    #[serde(default = "start")]
    #[schemars(extend("x-accepted" = "a time such as 2024-01-02T14:30:00Z"))]
    pub start: String,
    /// Backtest: the longest time between two actions of participants, in ms; each takes 1 to so many.
    #[serde(default = "step_ms_max")]
    #[schemars(range(min = 1, max = 3_600_000))]
    pub step_ms_max: u32,
    /// Simulation and sandbox: actions of participants per second.
    #[serde(default = "rate")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub rate: u32,
    /// Which public data is sent: `trades`, `quotes` (when the best changed), `book` (the new quantity of price levels),
    /// `orders` (anyone's orders: opened, changed, filled, canceled). Own orders are always reported.
    #[serde(default = "feeds")]
    pub feeds: Vec<FeedName>,
    /// The fee of executions of orders that rested, as a share of the notional: 0.0001 = one basis point.
    /// Negative = a rebate.
    #[serde(default = "zero")]
    pub maker_fee: Decimal,
    /// The fee of executions of incoming orders, as `maker_fee`.
    #[serde(default = "zero")]
    pub taker_fee: Decimal,
    /// Cash of the account at the start, in USD. There is no margin: it may go below zero.
    #[serde(default = "cash")]
    pub cash: Decimal,
    /// What happens when two own orders meet: `cancel_newest`, `cancel_oldest`, `decrement` (both lose the smaller
    /// quantity without a trade) or `allow` (they trade; the two executions have one trade id).
    #[serde(default)]
    pub self_trade: SelfTradeName,
}

/// A kind of public data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedName {
    /// Every execution.
    Trades,
    /// Best bid and offer.
    Quotes,
    /// Price levels.
    Book,
    /// Anyone's orders.
    Orders,
}

/// What happens when two own orders meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SelfTradeName {
    /// They trade.
    Allow,
    /// The incoming order is canceled.
    #[default]
    CancelNewest,
    /// The resting order is canceled.
    CancelOldest,
    /// Both lose the smaller quantity.
    Decrement,
}

fn seed() -> u64 {
    1
}
fn instruments() -> u32 {
    3
}
fn steps() -> u64 {
    10_000
}
fn start() -> String {
    "2024-01-02T14:30:00Z".to_owned()
}
fn step_ms_max() -> u32 {
    200
}
fn rate() -> u32 {
    50
}
fn feeds() -> Vec<FeedName> {
    vec![FeedName::Trades, FeedName::Quotes, FeedName::Book, FeedName::Orders]
}
fn zero() -> Decimal {
    Decimal::from(0)
}
fn cash() -> Decimal {
    Decimal::from(1_000_000)
}

/// Decimals of a fee rate.
const RATE_DECIMALS: u8 = 8;
/// Actions per second at most.
const RATE_MAX: u32 = 1_000_000;

/// The configuration, checked.
pub(crate) struct Settings {
    pub(crate) venue: VenueConfig,
    pub(crate) steps: u64,
    pub(crate) rate: u32,
}

impl Settings {
    /// Checks what the schema cannot say; the venue checks its own numbers.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let start: Timestamp = config.start.parse().map_err(|error| Error::new(format!("start: {error}")))?;
        if config.rate == 0 || config.rate > RATE_MAX {
            return Err(Error::new(format!("rate is {} (accepted: 1 to {RATE_MAX})", config.rate)));
        }
        let has = |feed| config.feeds.contains(&feed);
        Ok(Self {
            steps: config.steps,
            rate: config.rate,
            venue: VenueConfig {
                seed: config.seed,
                instruments: config.instruments,
                start,
                step_ms_max: config.step_ms_max,
                feeds: Feeds {
                    trades: has(FeedName::Trades),
                    quotes: has(FeedName::Quotes),
                    book: has(FeedName::Book),
                    orders: has(FeedName::Orders),
                },
                maker_fee: fee("maker_fee", config.maker_fee)?,
                taker_fee: fee("taker_fee", config.taker_fee)?,
                cash: Money::try_from(config.cash).map_err(|error| Error::new(format!("cash: {error}")))?,
                self_trade: match config.self_trade {
                    SelfTradeName::Allow => SelfTrade::Allow,
                    SelfTradeName::CancelNewest => SelfTrade::CancelNewest,
                    SelfTradeName::CancelOldest => SelfTrade::CancelOldest,
                    SelfTradeName::Decrement => SelfTrade::Decrement,
                },
                ..VenueConfig::default()
            },
        })
    }
}

fn fee(key: &str, rate: Decimal) -> Result<i64> {
    rate.scaled(RATE_DECIMALS).map_err(|error| Error::new(format!("{key}: {error}")))
}
