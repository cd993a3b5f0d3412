//! The SDK for plugins of stratd.
#![warn(missing_docs)]
#![deny(unsafe_code)]

mod context;
mod dispatch;
mod error;
mod exchange;
#[doc(hidden)]
pub mod export;
mod guard;
mod host;
mod linked;
mod log;
mod macros;
mod model;
mod strategy;
mod text_table;

pub use context::{Context, TimerId, WallTime};
pub use error::{Error, Fault, Result};
pub use exchange::{Capabilities, Exchange, ExchangeHandle, ExchangeHost, ExchangeInstance, Reply};
pub use host::{StrategyHost, StrategyInstance, StrategyServices};
pub use linked::LinkedStrategy;
pub use log::{Level, Log};
pub use model::{
    Account, Bar, BookUpdate, ClientOrderId, Data, Decimal, EventKind, ExchangeId, ExchangeInfo, Exit, Fill,
    Filter, Halt, HandlerError, Instrument, InstrumentId, InstrumentType, InstrumentTypes, Lifetime,
    MONEY_DECIMALS, MULTIPLIER_ONE, Money, NumberError, NumberErrorKind, OptionType, Order, OrderEvent,
    OrderEventKind, OrderFlags, OrderRequest, OrderStatus, OrderType, Portfolio, Position, Price, PricePoint,
    Quantity, Quote, Reason, Risk, RiskLimit, Session, Side, Timer, Timestamp, Trade, TradingHours,
    TradingType, TradingTypes,
};
pub use stratd_abi as abi;
pub use strategy::Strategy;
pub use text_table::TextTable;
