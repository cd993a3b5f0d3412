//! The words of the field as types: what a price, an order, an instrument is.

mod bars;
mod book;
mod decimal;
mod event;
mod instrument;
mod money;
mod order;
mod position_side;
mod price;
mod quantity;
mod record;
mod timestamp;
mod trading_type;

pub use bars::{BarKind, BarSeries, BarSpec};
pub use book::{BookLevel, BookSource, BookState, BookStatus};
pub use decimal::{Decimal, NumberError, NumberErrorKind};
pub use event::{Bar, BookUpdate, Data, EventKind, Exit, Halt, HandlerError, Quote, Timer, Trade};
pub use instrument::{
    ExchangeId, Instrument, InstrumentId, InstrumentType, InstrumentTypes, MULTIPLIER_ONE, OptionType,
    Session, TradingHours,
};
pub use money::{MONEY_DECIMALS, Money};
pub use order::{
    ClientOrderId, Lifetime, LiquiditySide, OrderEvent, OrderEventKind, OrderFlags, OrderRequest,
    OrderStatus, OrderType, Reason, Side,
};
pub use position_side::{OmsType, PositionSide};
pub use price::Price;
pub use quantity::Quantity;
pub use record::{
    Account, ExchangeInfo, Fill, Filter, Order, Portfolio, Position, PricePoint, Risk, RiskLimit, RiskScope,
};
pub use timestamp::Timestamp;
pub use trading_type::{TradingType, TradingTypes};
