//! What the control server asks of the daemon. It knows nothing of it beyond this.
//!
//! One trait a resource, one file a trait. Calls may block: they run on threads of their own, several at once. They
//! must come to an end by themselves: a call that is no longer waited for is not interrupted.
//!
//! A change gets the [`Terms`] of its request. Where changes of the resource are done one after another, it compares
//! the [`Basis`] with the terms ([`Terms::check`]), checks everything else, ends there if it is a dry run, and tells the
//! basis before and after in its [`Outcome`].

mod backtests;
mod config;
mod error;
mod events;
mod metrics;
mod plugins;
mod run;
mod terms;
mod trading;

pub use stratd_control::{Condition, Tag};

pub use self::{
    backtests::BacktestOperations,
    config::{Author, ConfigChange, ConfigOperations, Edit, What},
    error::{ActionError, ActionErrorKind, Refused},
    events::EventOperations,
    metrics::MetricsOperations,
    plugins::{Action, PluginOperations},
    run::RunOperations,
    terms::{Basis, Outcome, Terms},
    trading::{InstanceName, OrdersAsked, PageAsked, TradingChange, TradingOperations, TradingScope, Verb},
};

/// The daemon, as the control server sees it.
pub trait Operations:
    BacktestOperations
    + ConfigOperations
    + EventOperations
    + MetricsOperations
    + PluginOperations
    + RunOperations
    + TradingOperations
    + Send
    + Sync
{
}

impl<T> Operations for T where
    T: BacktestOperations
        + ConfigOperations
        + EventOperations
        + MetricsOperations
        + PluginOperations
        + RunOperations
        + TradingOperations
        + Send
        + Sync
{
}
