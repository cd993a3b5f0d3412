//! Test a strategy in `cargo test`: scripted events, a simulated exchange, no daemon.
//!
//! ```
//! use stratd_plugin_api::{Context, Instrument, InstrumentType, OrderRequest, Quantity, Result, Strategy, Trade};
//! use stratd_testkit::Desk;
//!
//! struct BuyOnce { done: bool }
//! impl Strategy for BuyOnce {
//!     type Config = serde_json::Map<String, serde_json::Value>;
//!     fn new(_: Self::Config) -> Result<Self> { Ok(BuyOnce { done: false }) }
//!     fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
//!         if !std::mem::replace(&mut self.done, true) {
//!             ctx.buy(OrderRequest::market(trade.instrument, Quantity::new(10)))?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let mut desk = Desk::new();
//! let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
//! let strategy = desk.strategy::<BuyOnce>("{}").unwrap();
//! desk.start();
//! desk.trade(aapl, "101.00", "5");
//! desk.trade(aapl, "102.00", "5");
//! assert_eq!(desk.fills(strategy), ["buy 10 AAPL @ 102.00"]); // the default rule: the next price
//! ```
#![warn(missing_docs)]
#![forbid(unsafe_code)]

#[cfg(feature = "adversary")]
pub mod adversary;
mod capture;
mod csv_replay;
mod desk;
mod services;
mod simulated_link;

pub use csv_replay::CsvReplay;
pub use desk::Desk;
pub use simulated_link::SimulatedLink;
pub use stratd_engine::{EngineError, RiskLimits, StrategyId, StrategyState};
pub use stratd_simulation::csv::RowOptions;
pub use stratd_simulation::{CostModel, CostModels, Fees, FillModel, FillRule, Liquidity};

/// The guide, so that its examples compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/testing-strategies.md")]
mod guide {}

/// The page on orders, so that its examples are run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/orders.md")]
mod orders {}

/// The same of what strategies see of the market.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/market-data.md")]
mod market_data {}
