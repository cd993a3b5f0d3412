//! The control protocol of stratd: HTTP/1.1 and JSON over a Unix socket, below `/v1`.
//!
//! The daemon answers with these types and `stratctl` reads them; neither derives them from its own state, so that a
//! change of the protocol is a change of this crate. Within `/v1` keys are only added: readers ignore what they do not
//! know and take [`PluginState::Unknown`] for a new word, while requests with an unknown key are refused.
//! Times are RFC 3339 in UTC, durations and sizes are integers with their unit in the name, money is a decimal text.
//!
//! The [`Client`] blocks, opens one connection a request, and bounds the time and the size of every answer.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod client;
mod condition;
mod error;
mod types;

pub use client::{Answer, Client, EventLines, EventWish, Filter, Request};
pub use condition::{Condition, Tag};
pub use error::{Error, ErrorKind};
pub use types::{
    API, Account, AccountList, AlarmEvent, Backtest, BacktestDone, BacktestEvent, BacktestList,
    BacktestProgress, BacktestRequest, BacktestState, BarEvent, Book, BookEvent, CancelAllDone,
    CancelAllRequest, ChangeOrderRequest, Config, ConfigApplyRequest, ConfigDiff, ConfigDifference,
    ConfigDone, ConfigEdit, ConfigGeneration, ConfigHistory, ConfigPart, ConfigUnconfirmed, ConfigValue,
    DenialEvent, DisableRequest, Done, Event, Exchange, ExchangeList, ExitRoutine, Fill, FillEvent, FillList,
    Finding, FlightRecord, GapEvent, Generation, HaltRequest, Happening, Health, HealthState, InspectRequest,
    Inspection, Instance, InstanceConfig, InstanceDone, InstanceEvent, Instrument, InstrumentList,
    LevelRequest, LoadRequest, LogConfigRequest, LogDone, LogFlight, LogHandler, LogLogger, LogReach,
    LogReceiver, LogResolution, LogTree, NewOrderRequest, Order, OrderDone, OrderEvent, OrderList, Plugin,
    PluginEvent, PluginFile, PluginKind, PluginList, PluginState, Portfolio, Position, PositionList,
    Probation, Problem, QuarantineRequest, QuoteEvent, Refusal, Retired, Risk, RiskLimit, RiskScope,
    RunEvent, RunState, ScopeKind, Status, StoreStatus, Strategy, StrategyEvent, StrategyList, TradeEvent,
    Trading, TradingDone, TradingEvent, TradingRequest, TradingState, Verdict, Version, WatchdogStatus,
};

/// The JSON schema of the daemon's configuration, of this version: `docs/stratd.schema.json`.
pub const CONFIG_SCHEMA: &str = include_str!("../../../docs/stratd.schema.json");
