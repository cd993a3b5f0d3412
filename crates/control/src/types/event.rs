//! What happens in a run, as `GET /v1/events` tells it: one JSON object an event.

use serde::{Deserialize, Serialize};

/// Something that happened.
///
/// Numbered events carry an id, which is that of the run, a dash and a number that only grows: `18c3f2a1b7e-42`. Market
/// data and gaps have none, because nobody resumes at them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// The id, for `Last-Event-ID`; `None` for market data and gaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When: the time of the engine for what happened in it, else that of the clock.
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// What happened. The key `kind` says which, and is the name of the event in the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happening {
    /// An order of ours changed its state.
    Order(OrderEvent),
    /// An own execution was booked.
    Fill(FillEvent),
    /// Risk denied an order, or cut it down.
    Denial(DenialEvent),
    /// What may be traded has changed.
    Trading(TradingEvent),
    /// A strategy of the event loop changed its state.
    Strategy(StrategyEvent),
    /// An instance of a plugin changed its state or its generation.
    Instance(InstanceEvent),
    /// A plugin changed its state or its generation, or a file of it was refused.
    Plugin(PluginEvent),
    /// The run began, or begins to end.
    Run(RunEvent),
    /// A report of an exchange that does not fit what we know.
    Alarm(AlarmEvent),
    /// A backtest of `/v1/backtests` changed its state.
    Backtest(BacktestEvent),
    /// A public print.
    Trade(TradeEvent),
    /// Best bid and offer.
    Quote(QuoteEvent),
    /// A bar.
    Bar(BarEvent),
    /// A price level or an order of the book.
    Book(BookEvent),
    /// Events that this listener does not get.
    Gap(GapEvent),
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}

/// An order of ours changed its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderEvent {
    /// Our id.
    pub order: String,
    /// Whose.
    pub strategy: String,
    /// Where.
    pub exchange: String,
    /// Of what.
    pub instrument: String,
    /// `buy` or `sell`.
    pub side: String,
    /// `market`, `limit`, …
    #[serde(rename = "type")]
    pub order_type: String,
    /// What happened to it: `submitted`, `received`, `changed`, `change_sent`, `cancel_sent`, `request_rejected`, or the
    /// final state `filled`, `canceled`, `rejected`, `denied`, `expired`.
    pub state: String,
    /// How much was asked for.
    pub quantity: String,
    /// How much was executed so far.
    pub filled: String,
    /// At what price; `None` for a market order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An own execution was booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FillEvent {
    /// Our id of the order.
    pub order: String,
    /// Whose.
    pub strategy: String,
    /// Where.
    pub exchange: String,
    /// Of what.
    pub instrument: String,
    /// `buy` or `sell`.
    pub side: String,
    /// How much.
    pub quantity: String,
    /// At what price.
    pub price: String,
    /// The exchange's fee, positive when we pay.
    pub fee: String,
    /// The exchange's id of the execution, if it tells one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade: Option<String>,
}

/// Risk denied an order, or cut it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DenialEvent {
    /// Our id of the order.
    pub order: String,
    /// Who asked.
    pub strategy: String,
    /// Of what.
    pub instrument: String,
    /// `buy` or `sell`.
    pub side: String,
    /// `denied` or `reduced`.
    pub outcome: String,
    /// Whether a change of the order was asked for, not a new order.
    pub is_change: bool,
    /// The quantity that was asked for.
    pub asked: String,
    /// The quantity that passes.
    pub allowed: String,
    /// The limit, or what else was wrong: `max_position`, `off_tick`, …
    pub reason: String,
    /// What would be used of the limit, where it is a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<String>,
    /// The limit, where it is a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

/// What may be traded has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TradingEvent {
    /// `run`, `strategy` or `instrument`.
    pub scope: String,
    /// The strategy of that scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// The instrument of that scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
    /// `active`, `reducing` or `halted`; `session_closed` when its trading hours end.
    pub state: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A strategy of the event loop changed its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrategyEvent {
    /// Which.
    pub strategy: String,
    /// `stopped`, `faulted`, `rolled_back` (a new version failed, the one before goes on), `confirmed` (a new version
    /// stays) or `shutdown` (it ends the run).
    pub state: String,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An instance of a plugin changed its state or its generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceEvent {
    /// The name of the instance.
    pub instance: String,
    /// The name of the plugin.
    pub plugin: String,
    /// The instance again if it is a strategy: what filters by strategy look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// The instance again if it is an exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
    /// The state, in the words of `/v1/plugins`.
    pub state: String,
    /// The generation of the plugin that it runs.
    pub generation: u64,
    /// How often it was started again by itself.
    pub restarts: u64,
    /// The last fault, if it has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A plugin changed its state or its generation, or a file of it was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PluginEvent {
    /// Which.
    pub plugin: String,
    /// The state, in the words of `/v1/plugins`; `refused` where a file was.
    pub state: String,
    /// The generation that runs.
    pub generation: u64,
    /// Its version.
    pub version: String,
    /// Why the file was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The run began, or begins to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunEvent {
    /// `running` or `exiting`.
    pub state: String,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A report of an exchange that does not fit what we know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmEvent {
    /// The id of the order that it is about.
    pub order: String,
    /// `unknown_order` or `overfilled`.
    pub state: String,
}

/// A backtest of `/v1/backtests` changed its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BacktestEvent {
    /// Its id.
    pub backtest: String,
    /// The state, in the words of `/v1/backtests`.
    pub state: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A public print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TradeEvent {
    /// Of what.
    pub instrument: String,
    /// At what price.
    pub price: String,
    /// How much.
    pub quantity: String,
    /// The side that took liquidity: `buy` or `sell`; `None` if the exchange does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggressor: Option<String>,
}

/// Best bid and offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuoteEvent {
    /// Of what.
    pub instrument: String,
    /// Best bid.
    pub bid: String,
    /// How much is bid; 0 = the side is empty.
    pub bid_quantity: String,
    /// Best offer.
    pub ask: String,
    /// How much is offered; 0 = the side is empty.
    pub ask_quantity: String,
}

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BarEvent {
    /// Of what.
    pub instrument: String,
    /// First price.
    pub open: String,
    /// Highest price.
    pub high: String,
    /// Lowest price.
    pub low: String,
    /// Last price.
    pub close: String,
    /// How much was traded.
    pub volume: String,
}

/// A price level or an order of the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BookEvent {
    /// Of what.
    pub instrument: String,
    /// `buy` or `sell`; `None` if the exchange does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// At what price.
    pub price: String,
    /// The quantity there now; 0 = nothing.
    pub quantity: String,
}

/// Events that this listener does not get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GapEvent {
    /// How many, of all kinds; `None` if nobody knows, as after a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// `not_kept` (they are older than what is kept, or nobody listened), `too_fast` (more market data than could be
    /// told) or `restarted` (the id is that of another run).
    pub reason: String,
}

impl Happening {
    /// The kinds in the words of the stream, in the order of this type.
    pub const KINDS: [&'static str; 15] = [
        "order", "fill", "denial", "trading", "strategy", "instance", "plugin", "run", "alarm", "backtest",
        "trade", "quote", "bar", "book", "gap",
    ];
    /// The kinds of market data, which are told only to who asks for them.
    pub const MARKET_KINDS: [&'static str; 4] = ["trade", "quote", "bar", "book"];

    /// The word of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Order(_) => "order",
            Self::Fill(_) => "fill",
            Self::Denial(_) => "denial",
            Self::Trading(_) => "trading",
            Self::Strategy(_) => "strategy",
            Self::Instance(_) => "instance",
            Self::Plugin(_) => "plugin",
            Self::Run(_) => "run",
            Self::Alarm(_) => "alarm",
            Self::Backtest(_) => "backtest",
            Self::Trade(_) => "trade",
            Self::Quote(_) => "quote",
            Self::Bar(_) => "bar",
            Self::Book(_) => "book",
            Self::Gap(_) => "gap",
            Self::Unknown => "unknown",
        }
    }

    /// The strategy that it is about.
    #[must_use]
    pub fn strategy(&self) -> Option<&str> {
        match self {
            Self::Order(event) => Some(&event.strategy),
            Self::Fill(event) => Some(&event.strategy),
            Self::Denial(event) => Some(&event.strategy),
            Self::Strategy(event) => Some(&event.strategy),
            Self::Trading(event) => event.strategy.as_deref(),
            Self::Instance(event) => event.strategy.as_deref(),
            _ => None,
        }
    }

    /// The instrument that it is about.
    #[must_use]
    pub fn instrument(&self) -> Option<&str> {
        match self {
            Self::Order(event) => Some(&event.instrument),
            Self::Fill(event) => Some(&event.instrument),
            Self::Denial(event) => Some(&event.instrument),
            Self::Trading(event) => event.instrument.as_deref(),
            Self::Trade(event) => Some(&event.instrument),
            Self::Quote(event) => Some(&event.instrument),
            Self::Bar(event) => Some(&event.instrument),
            Self::Book(event) => Some(&event.instrument),
            _ => None,
        }
    }
}
