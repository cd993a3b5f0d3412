//! Running: what surrounds the engine in a backtest, and what feeds it.

mod backtest;
pub mod clock;
mod link;
mod registrar;
mod services;
mod sources;

pub use backtest::{Finished, MakeExchange, MakeStrategy, Plan, PlannedExchange, PlannedStrategy, backtest};
pub use registrar::Registrar;
pub use services::Services;
