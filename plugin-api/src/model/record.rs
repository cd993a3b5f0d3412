//! What queries return.

use std::fmt;

use stratd_abi as abi;

use super::{
    ClientOrderId, ExchangeId, InstrumentId, InstrumentType, LiquiditySide, Money, OmsType, OrderStatus,
    OrderType, PositionSide, Price, Quantity, Reason, Side, Timestamp, order::coded,
};

/// Narrows a query; `Filter::default()` matches everything.
///
/// ```
/// use stratd_plugin_api::{Filter, InstrumentId, Side};
/// let filter = Filter { side: Some(Side::Buy), ..Filter::instrument(InstrumentId(1)) };
/// assert_eq!(filter.instrument, Some(InstrumentId(1)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this instrument.
    pub instrument: Option<InstrumentId>,
    /// On this exchange.
    pub exchange: Option<ExchangeId>,
    /// Of this side.
    pub side: Option<Side>,
    /// Of this instrument type.
    pub instrument_type: Option<InstrumentType>,
}

impl Filter {
    /// Everything of one instrument.
    #[must_use]
    pub fn instrument(instrument: InstrumentId) -> Self {
        Self { instrument: Some(instrument), ..Self::default() }
    }
}

impl From<Filter> for abi::Filter {
    fn from(filter: Filter) -> Self {
        Self {
            instrument: filter.instrument.map_or(0, |i| i.0),
            exchange: filter.exchange.map_or(0, |e| e.0),
            side: filter.side.map_or(0, Side::code),
            instrument_type_plus_one: filter.instrument_type.map_or(0, |t| t.code() + 1),
        }
    }
}

/// An order of the strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Our id.
    pub client_order_id: ClientOrderId,
    /// The instrument.
    pub instrument: InstrumentId,
    /// The exchange.
    pub exchange: ExchangeId,
    /// Side.
    pub side: Side,
    /// Type.
    pub order_type: OrderType,
    /// Status.
    pub status: OrderStatus,
    /// Total quantity.
    pub quantity: Quantity,
    /// Executed so far.
    pub filled: Quantity,
    /// Limit price; 0 for market orders.
    pub price: Price,
    /// Stop or touch price; 0 without one.
    pub stop_price: Price,
    /// Time of the request.
    pub created: Timestamp,
    /// Time of the last event.
    pub updated: Timestamp,
    /// Why it was refused or canceled.
    pub reason: Reason,
    /// The author's number.
    pub tag: u32,
    /// Its group, or the order that it is attached to; 0 = none.
    pub group: u64,
    /// Distance of a trailing stop; 0 of any other.
    pub trail: Price,
    /// End of a [`Lifetime::Gtd`](crate::Lifetime::Gtd); 0 of any other.
    pub expires: Timestamp,
    /// Whether the host holds it: it is not at its exchange yet.
    pub is_held: bool,
}

impl Order {
    /// From the ABI's record; `None` if a code is not known.
    #[must_use]
    pub fn from_raw(raw: &abi::OrderRecord) -> Option<Self> {
        Some(Self {
            client_order_id: ClientOrderId(raw.client_order_id),
            instrument: InstrumentId(raw.instrument),
            exchange: ExchangeId(raw.exchange),
            side: Side::from_code(raw.side)?,
            order_type: OrderType::from_code(raw.order_type)?,
            status: OrderStatus::from_code(raw.status)?,
            quantity: Quantity::new(raw.quantity),
            filled: Quantity::new(raw.filled),
            price: Price::new(raw.price),
            stop_price: Price::new(raw.stop_price),
            created: Timestamp::new(raw.created),
            updated: Timestamp::new(raw.updated),
            reason: Reason::from_code(raw.reason).unwrap_or(Reason::Exchange),
            tag: raw.tag,
            group: raw.group,
            trail: Price::new(raw.trail),
            expires: Timestamp::new(raw.expires),
            is_held: raw.held != abi::order_held::NONE,
        })
    }
}

/// An own execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Time at the exchange.
    pub ts: Timestamp,
    /// The order.
    pub client_order_id: ClientOrderId,
    /// The instrument.
    pub instrument: InstrumentId,
    /// The exchange.
    pub exchange: ExchangeId,
    /// Side.
    pub side: Side,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
    /// How it came about; `None` if the exchange does not tell.
    pub liquidity: Option<LiquiditySide>,
    /// The exchange's fee.
    pub fee: Money,
    /// Modelled slippage.
    pub slippage: Money,
    /// Modelled transaction cost.
    pub transaction_cost: Money,
}

impl Fill {
    /// From the ABI's record; `None` if a code is not known.
    #[must_use]
    pub fn from_raw(raw: &abi::FillRecord) -> Option<Self> {
        Some(Self {
            ts: Timestamp::new(raw.ts),
            client_order_id: ClientOrderId(raw.client_order_id),
            instrument: InstrumentId(raw.instrument),
            exchange: ExchangeId(raw.exchange),
            side: Side::from_code(raw.side)?,
            price: Price::new(raw.price),
            quantity: Quantity::new(raw.quantity),
            liquidity: LiquiditySide::from_code(raw.liquidity),
            fee: raw.fee.into(),
            slippage: raw.slippage.into(),
            transaction_cost: raw.transaction_cost.into(),
        })
    }
}

/// A position of the strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The exchange.
    pub exchange: ExchangeId,
    /// Which position of the instrument.
    pub side: PositionSide,
    /// Signed size: negative is short.
    pub size: Quantity,
    /// Average entry price, rounded for display.
    pub price_average: Price,
    /// Last price of the instrument.
    pub price_last: Price,
    /// Signed cost of what is open.
    pub cost: Money,
    /// Signed value of what is open.
    pub notional: Money,
    /// Realized, before fees.
    pub realized: Money,
    /// Value less cost.
    pub unrealized: Money,
    /// Fees and costs paid.
    pub fees: Money,
}

impl From<&abi::PositionRecord> for Position {
    fn from(raw: &abi::PositionRecord) -> Self {
        Self {
            instrument: InstrumentId(raw.instrument),
            exchange: ExchangeId(raw.exchange),
            side: PositionSide::from_code(raw.side).unwrap_or(PositionSide::Net),
            size: Quantity::new(raw.size),
            price_average: Price::new(raw.price_average),
            price_last: Price::new(raw.price_last),
            cost: raw.cost.into(),
            notional: raw.notional.into(),
            realized: raw.realized.into(),
            unrealized: raw.unrealized.into(),
            fees: raw.fees.into(),
        }
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The exchange's id of the account.
    pub id: String,
    /// The exchange; 0 = the run's own account.
    pub exchange: ExchangeId,
    /// How executions make positions.
    pub oms_type: OmsType,
    /// Currency.
    pub currency: String,
    /// Cash.
    pub cash: Money,
    /// Cash plus the value of all positions.
    pub equity: Money,
    /// Margin in use.
    pub margin: Money,
}

/// The portfolio of the strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portfolio {
    /// Currency of the amounts.
    pub currency: String,
    /// Cash moved by the strategy's fills and fees.
    pub cash: Money,
    /// Value of its positions.
    pub notional: Money,
    /// Realized, before fees.
    pub realized: Money,
    /// Value of positions less their cost.
    pub unrealized: Money,
    /// Fees and costs paid.
    pub fees: Money,
    /// Equity of the whole run.
    pub equity_run: Money,
}

/// Risk figures with the limits that apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    /// Sum of the absolute values of positions.
    pub exposure: Money,
    /// Signed sum of the values of positions.
    pub notional: Money,
    /// Realized, before fees.
    pub realized: Money,
    /// Value of positions less their cost.
    pub unrealized: Money,
    /// Fall of the PnL from its highest value.
    pub drawdown: Money,
    /// Loss since the start of the UTC day.
    pub day_loss: Money,
    /// Value of all working orders.
    pub open_order_exposure: Money,
    /// The limits.
    pub limits: Vec<RiskLimit>,
}

coded! {
    /// Whose limit it is.
    RiskScope: u32 {
        /// All strategies together.
        Run = abi::risk_scope::RUN, "run";
        /// The asking strategy.
        Strategy = abi::risk_scope::STRATEGY, "strategy";
        /// The asked instrument, all strategies together.
        Instrument = abi::risk_scope::INSTRUMENT, "instrument";
    }
}

/// One limit and how much of it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskLimit {
    /// The reason that a breach gives.
    pub reason: Reason,
    /// Whose limit it is.
    pub scope: RiskScope,
    /// Used.
    pub used: Money,
    /// The limit.
    pub limit: Money,
    /// What is left.
    pub headroom: Money,
}

/// An exchange of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeInfo {
    /// Its number.
    pub id: ExchangeId,
    /// Its name.
    pub name: String,
}

/// One entry of a price history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricePoint {
    /// Time at the exchange.
    pub ts: Timestamp,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
}
