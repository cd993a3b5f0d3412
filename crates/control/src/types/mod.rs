//! What travels over the socket, one file a resource.

mod backtest;
mod book;
mod config;
mod event;
mod inspection;
mod instance;
mod logging;
mod order;
mod plugin;
mod problem;
mod request;
mod status;
mod strategy;
mod trading;

pub use backtest::{Backtest, BacktestDone, BacktestList, BacktestProgress, BacktestRequest, BacktestState};
pub use book::{
    Account, AccountList, Book, Instrument, InstrumentList, Portfolio, Position, PositionList, Risk,
    RiskLimit, RiskScope,
};
pub use config::{
    Config, ConfigApplyRequest, ConfigDiff, ConfigDifference, ConfigDone, ConfigEdit, ConfigGeneration,
    ConfigHistory, ConfigPart, ConfigUnconfirmed, ConfigValue,
};
pub use event::{
    AlarmEvent, BacktestEvent, BarEvent, BookEvent, DenialEvent, Event, FillEvent, GapEvent, Happening,
    InstanceEvent, OrderEvent, PluginEvent, QuoteEvent, RunEvent, StrategyEvent, TradeEvent, TradingEvent,
};
pub use inspection::{Inspection, PluginFile, Verdict};
pub use instance::{Instance, Probation};
pub use logging::{
    DisableRequest, FlightRecord, LevelRequest, LogConfigRequest, LogDone, LogFlight, LogHandler, LogLogger,
    LogReach, LogReceiver, LogResolution, LogTree,
};
pub use order::{
    CancelAllDone, CancelAllRequest, ChangeOrderRequest, Fill, FillList, NewOrderRequest, Order, OrderDone,
    OrderList,
};
pub use plugin::{Done, Generation, Plugin, PluginKind, PluginList, PluginState, Refusal, Retired};
pub use problem::{Finding, Problem};
pub use request::{InspectRequest, LoadRequest, QuarantineRequest};
pub use status::{Health, HealthState, RunState, Status, StoreStatus, Version, WatchdogStatus};
pub use strategy::{Exchange, ExchangeList, InstanceConfig, InstanceDone, Strategy, StrategyList};
pub use trading::{ExitRoutine, HaltRequest, ScopeKind, Trading, TradingDone, TradingRequest, TradingState};

/// The version of the protocol, and the first segment of every path.
pub const API: &str = "v1";

/// For keys that are only there if they are true.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}
