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
mod error;
mod types;

pub use client::{Answer, Client, Filter, Request};
pub use error::{Error, ErrorKind};
pub use types::{
    API, Account, AccountList, Book, CancelAllDone, CancelAllRequest, ChangeOrderRequest, DisableRequest,
    Done, Exchange, ExchangeList, ExitRoutine, Fill, FillList, Finding, FlightRecord, Generation,
    HaltRequest, Health, HealthState, InspectRequest, Inspection, Instance, InstanceConfig, InstanceDone,
    Instrument, InstrumentList, LevelRequest, LoadRequest, LogConfigRequest, LogDone, LogFlight, LogHandler,
    LogLogger, LogReach, LogReceiver, LogResolution, LogTree, NewOrderRequest, Order, OrderDone, OrderList,
    Plugin, PluginFile, PluginKind, PluginList, PluginState, Portfolio, Position, PositionList, Probation,
    Problem, QuarantineRequest, Refusal, Retired, Risk, RiskLimit, RiskScope, RunState, ScopeKind, Status,
    StoreStatus, Strategy, StrategyList, Trading, TradingDone, TradingRequest, TradingState, Verdict,
    Version, WatchdogStatus,
};
