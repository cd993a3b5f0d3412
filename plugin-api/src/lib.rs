//! The SDK for plugins of stratd.
#![warn(missing_docs)]
#![deny(unsafe_code)]

mod model;

pub use model::{
    Bar, BookUpdate, ClientOrderId, Data, Decimal, EventKind, ExchangeId, Exit, Halt, HandlerError,
    Instrument, InstrumentId, InstrumentType, InstrumentTypes, Lifetime, MONEY_DECIMALS, MULTIPLIER_ONE,
    Money, NumberError, NumberErrorKind, OptionType, OrderEvent, OrderEventKind, OrderFlags, OrderRequest,
    OrderStatus, OrderType, Price, Quantity, Quote, Reason, Session, Side, Timer, Timestamp, Trade,
    TradingHours, TradingType, TradingTypes,
};
pub use stratd_abi as abi;
