//! The pure trading core: [`Engine::step`] takes an [`Input`] and returns [`Outputs`].
//!
//! ```text
//! Input ─► market.apply → portfolio.mark → strategies.dispatch → risk.check → execution.open ─► Outputs
//! ```
//! It owns no thread, socket, file, clock, random source or lock, so that backtest, simulation, sandbox, live,
//! recovery and tests run the same lines. Strategies never call the engine: they get a read view and fill a request
//! buffer, and risk runs after they returned. Equal inputs give equal outputs, byte for byte: everything that is
//! iterated towards an output is ordered.
//!
//! Deliberately absent: no observer lists and no call-backs upwards; no `f64`; no way to an exchange except
//! [`Output::Submit`], which only the risk gate can make.
#![warn(missing_docs)]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm
)]

mod accounts;
mod apart;
mod bar_events;
mod bars;
mod booking;
mod books;
mod by_hand;
mod carry_out;
mod configure;
mod core;
mod course;
mod dispatch;
mod driver;
mod engine;
mod error;
mod exchanges;
mod execution;
mod expiry;
mod exposure;
mod groups;
mod held;
mod held_again;
mod holding;
mod hours;
mod input;
mod instruments;
mod kept_held;
mod look_ups;
mod lots;
mod market;
mod open_orders;
mod order;
mod order_ids;
mod output;
mod portfolio;
mod position;
mod probation;
mod rates;
mod reads;
mod replacement;
mod report;
mod request;
mod restore;
mod risk;
mod routes;
mod schedule;
mod slice;
mod span;
mod spreads;
mod stand_in;
mod strategies;
mod strategy_changes;
mod swap;
mod trading;
mod view;
mod warm_up;
mod working_orders;

pub use books::BookGap;
pub use by_hand::{ByHand, Denied, Judged};
pub use driver::{Driver, ExchangeLink};
pub use engine::{Engine, EngineConfig};
pub use error::{EngineError, EngineErrorKind};
pub use held::{Held, HeldChanges};
pub use hours::Hours;
pub use input::{Input, InputKind, TradingCommand};
pub use kept_held::{RestoredGroup, RestoredStandIn};
pub use look_ups::LimitUse;
pub use lots::Accounting;
pub use order::{BeforeCancel, Order, OrderState};
pub use order_ids::{OrderIds, counter_of, is_adopted};
pub use output::{
    CancelOrder, ChangeOrder, Denial, FaultPlace, FillAmounts, FillReport, NewOrder, Output, Outputs,
};
pub use position::Position;
pub use probation::{Probation, Retired, Retirement};
pub use rates::RateSource;
pub use replacement::{Carried, OnRestoreError, Replacement, Restart, SwapRefused, SwapStep, Swapped};
pub use restore::{Restored, RestoredLosses, RestoredOrder, RestoredPosition};
pub use risk::{
    AccountRules, Breach, ExitRoutine, HoursRule, Limit, LossLimit, OnBreach, OrderRate, PriceCollar,
    ReplacedLimits, RiskApproved, RiskLimits, Scope, TradingState,
};
pub use routes::Route;
pub use slice::SLICE_MAX;
pub use span::Span;
pub use strategies::{StrategyConfig, StrategyId, StrategyState, StrategyStatistics};
pub use strategy_changes::Changed;
