//! The SDK for plugins of stratd: trading strategies and exchange connectors as shared libraries.
//!
//! # A strategy
//!
//! ```
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//! use stratd_plugin_api::{
//!     Bar, Context, Decimal, Filter, OrderEvent, OrderRequest, Result, Strategy, Trade,
//! };
//!
//! /// Buys after a bar that closed lower than it opened, sells the position after one that closed higher.
//! struct DipBuyer {
//!     config: Config,
//! }
//!
//! /// The table that users write; its comments are what `stratd plugin inspect` shows of the keys.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     /// How much to buy at once.
//!     quantity: Decimal,
//! }
//!
//! impl Strategy for DipBuyer {
//!     type Config = Config;
//!
//!     fn new(config: Config) -> Result<Self> {
//!         Ok(Self { config })
//!     }
//!
//!     // the one handler that every strategy has
//!     fn on_trade(&mut self, _: &mut Context<'_>, _: &Trade) -> Result<()> {
//!         Ok(())
//!     }
//!
//!     fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) -> Result<()> {
//!         let instrument = ctx.instrument(bar.instrument)?;
//!         let of_instrument = Filter::instrument(bar.instrument);
//!         let position = ctx.positions(of_instrument).first().map_or_else(Default::default, |p| p.size);
//!         if bar.close < bar.open && !position.is_positive() && ctx.orders(of_instrument).is_empty() {
//!             let quantity = instrument.quantity(self.config.quantity)?;
//!             ctx.buy(OrderRequest::market(bar.instrument, quantity))?;
//!         } else if bar.close > bar.open && position.is_positive() {
//!             ctx.close_all(Some(bar.instrument))?;
//!         }
//!         Ok(())
//!     }
//!
//!     fn on_traded(&mut self, ctx: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
//!         let instrument = ctx.instrument(fill.instrument)?;
//!         ctx.info(format_args!("{} {} @ {}", fill.kind, instrument.symbol, instrument.price_text(fill.last_price)));
//!         Ok(())
//!     }
//! }
//!
//! stratd_plugin_api::export_strategy!(DipBuyer);
//! # fn main() {}
//! ```
//!
//! In `Cargo.toml`: `crate-type = ["cdylib"]` and the dependencies `stratd-plugin-api`, `serde` (feature `derive`) and
//! `schemars`. The compiled `.so` is the plugin; it runs in backtest, simulation, sandbox and live.
//!
//! # What to know
//!
//! - Handlers are called one at a time, in engine order, on one thread. Numbers are integers on the instrument's grid
//!   ([`Price`], [`Quantity`]); text goes through the [`Instrument`], and nothing is ever rounded for you.
//! - A request through the [`Context`] is only a request. It is carried out after the handler returned, and its
//!   outcome comes through the handlers: `on_received`, `on_rejected`, `on_bought`, `on_canceled`, …
//! - An error or a panic in a handler ends this strategy and no other.
//! - A connector implements [`Exchange`] and is exported with [`export_exchange!`].
//! - Test with the crate `stratd-testkit`; no daemon is needed.
//! - The binary contract is the crate [`abi`]; C and C++ authors use its header `stratd/plugin.h`.
#![warn(missing_docs)]
#![deny(unsafe_code)]

mod bracket;
mod context;
mod context_market;
mod dispatch;
mod error;
mod exchange;
mod exchange_handle;
#[doc(hidden)]
pub mod export;
mod guard;
mod host;
mod linked;
mod log;
mod log_part;
mod macros;
mod model;
mod payloads;
mod state_sink;
mod strategy;
mod text_table;

pub use bracket::{Bracket, BracketIds};
pub use context::{Context, TimerId, WallTime};
pub use context_market::BookView;
pub use error::{Error, Fault, Result};
pub use exchange::{Capabilities, Exchange, ExchangeHost, ExchangeInstance};
pub use exchange_handle::{ExchangeHandle, Reply};
pub use host::{FillCosts, NoCosts, StrategyHost, StrategyInstance, StrategyServices};
pub use linked::LinkedStrategy;
#[doc(hidden)]
pub use log::with_message as __with_message;
pub use log::{
    Level, Location, Log, LogSink, LogTarget, LogValue, PluginLog, PluginLogger, buffered, capture_linked,
    exception_text, scoped,
};
pub use log_part::{LogFilter, LogFormatter, LogHandler, LogItem};
pub use model::{
    Account, Bar, BarKind, BarSeries, BarSpec, BookLevel, BookSource, BookState, BookStatus, BookUpdate,
    ClientOrderId, Data, Decimal, EventKind, ExchangeId, ExchangeInfo, Exit, Fill, Filter, Halt,
    HandlerError, Instrument, InstrumentId, InstrumentType, InstrumentTypes, Lifetime, LiquiditySide,
    MONEY_DECIMALS, MULTIPLIER_ONE, Money, NumberError, NumberErrorKind, OmsType, OptionType, Order,
    OrderEvent, OrderEventKind, OrderFlags, OrderRequest, OrderStatus, OrderType, Portfolio, Position,
    PositionSide, Price, PricePoint, Quantity, Quote, Reason, Risk, RiskLimit, RiskScope, Session, Side,
    Takes, Timer, Timestamp, Trade, TradingHours, TradingType, TradingTypes,
};
pub use state_sink::StateSink;
pub use stratd_abi as abi;
pub use strategy::Strategy;
pub use text_table::TextTable;
