//! Running: what surrounds the engine in a backtest and in a live run, and what feeds it.

mod absent_exchange;
mod backtest;
mod change;
pub mod clock;
mod command;
mod commands;
mod described;
mod event_loop;
mod exchange_changes;
mod exchange_desk;
mod exchange_hours;
mod history;
mod inbox;
mod instrument_limits;
mod instruments;
mod journal;
mod link;
mod live;
mod loop_handle;
pub(crate) mod notify;
mod observer;
mod order_entry;
mod order_times;
mod plan;
mod recovery;
mod services;
mod signals;
#[cfg(test)]
mod slice_tests;
mod sources;
pub(crate) mod start_times;
mod tending;
mod timed_strategy;
mod trading;
mod warm_up;

pub use backtest::backtest;
pub(crate) use change::{
    Change, ChangeDone, ChangeRefused, ExchangeChange, JoiningExchange, Part, Start, StrategyChange,
    replace_limits,
};
pub(crate) use command::{
    AddedStrategy, Answer, Command, ExchangeLeft, ExchangeSnapshot, NOTES_MAX, Note, Notes, OwnedRestart,
    Question, SavedByLoop, Snapshot, StrategySnapshot, SwapAnswer, Tag, Trading,
};
pub use event_loop::Finished;
pub use exchange_desk::trial_host;
pub(crate) use exchange_desk::{ExchangeDesk, Until};
pub use instrument_limits::ExchangeHours;
pub(crate) use live::{ControlPlane, live};
pub(crate) use loop_handle::{Asked as AskedLoop, LoopGone, LoopHandle};
pub(crate) use observer::Observer;
pub use plan::{
    MakeExchange, MakeStrategy, Plan, PlannedExchange, PlannedRate, PlannedRisk, PlannedStrategy,
};
pub(crate) use plan::{Terms, empty_engine, fill_engine};
pub(crate) use recovery::{Asked, Found, ask_all, fills_since, has_ended};
pub use recovery::{RecoveryOptions, RecoveryPlan};
pub use services::Services;
pub(crate) use signals::StopSignals;
pub(crate) use timed_strategy::TimedStrategy;
pub(crate) use trading::{
    Exits, FillRow, Halt, Hand, HandRefused, HandReport, InstrumentRow, KeptHalt, LookUp, MANUAL, Missing,
    Names, NewByHand, OrderCursor, OrderQuery, OrderRow, OrdersWanted, PAGE_MAX, PortfolioLook,
    PositionQuery, PositionRow, RiskLook, ScopeLook, ScopeName, Seen, TradingChanged, TradingRefused,
    TradingSeen, TradingWish, Which, owner_of_name,
};
