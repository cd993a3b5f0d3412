//! What queries copy out. No record holds a pointer.

use abi_stable::StableAbi;

use crate::{MoneyBits, TextHandle};

/// Narrows a query; zero fields match everything.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The instrument's id.
    pub instrument: u32,
    /// Handle of the exchange.
    pub exchange: u16,
    /// One of [`crate::side`].
    pub side: u8,
    /// One plus one of [`crate::instrument_type`].
    pub instrument_type_plus_one: u8,
}

/// An exchange that the run has.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExchangeRecord {
    /// Name of the exchange instance.
    pub name: TextHandle,
    /// Handle, from 1.
    pub id: u16,
    /// Zero.
    pub reserved: [u16; 3],
    /// Bits 1 << instrument type.
    pub instrument_types: u32,
    /// Bits of [`crate::trading_type`].
    pub trading_types: u32,
}

/// An order of the asking strategy.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderRecord {
    /// Our id.
    pub client_order_id: u64,
    /// The exchange's id; 0 until known.
    pub exchange_order_id: TextHandle,
    /// The instrument's id.
    pub instrument: u32,
    /// Handle of the exchange.
    pub exchange: u16,
    /// One of [`crate::side`].
    pub side: u8,
    /// One of [`crate::order_type`].
    pub order_type: u8,
    /// Bits of [`crate::order_flag`].
    pub flags: u8,
    /// One of [`crate::order_lifetime`].
    pub lifetime: u8,
    /// One of [`crate::order_status`].
    pub status: u8,
    /// One of [`crate::order_held`]: whether the host holds the order, and for what.
    pub held: u8,
    /// The author's number of the order.
    pub tag: u32,
    /// Total quantity.
    pub quantity: i64,
    /// Executed so far.
    pub filled: i64,
    /// Limit price.
    pub price: i64,
    /// Stop or touch price.
    pub stop_price: i64,
    /// Time of the request.
    pub created: i64,
    /// Time of the last event.
    pub updated: i64,
    /// One of [`crate::reason`].
    pub reason: u32,
    /// Zero.
    pub reserved: u32,
    /// The group of the request.
    pub group: u64,
    /// Distance of a trailing stop.
    pub trail: i64,
    /// End of a `GTD` lifetime.
    pub expires: i64,
}

/// An own execution.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FillRecord {
    /// Time at the exchange.
    pub ts: i64,
    /// Our id of the order.
    pub client_order_id: u64,
    /// The exchange's id of the order.
    pub exchange_order_id: TextHandle,
    /// The exchange's id of the execution.
    pub trade_id: TextHandle,
    /// The instrument's id.
    pub instrument: u32,
    /// Handle of the exchange.
    pub exchange: u16,
    /// One of [`crate::side`].
    pub side: u8,
    /// One of [`crate::liquidity`].
    pub liquidity: u8,
    /// Price.
    pub price: i64,
    /// Quantity.
    pub quantity: i64,
    /// The exchange's fee, positive when we pay, in the currency of the instrument.
    pub fee: MoneyBits,
    /// Modelled slippage, positive when it costs us.
    pub slippage: MoneyBits,
    /// Modelled transaction cost, positive when it costs us.
    pub transaction_cost: MoneyBits,
}

/// A position of the asking strategy, or what an account at an exchange holds.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PositionRecord {
    /// The instrument's id.
    pub instrument: u32,
    /// Handle of the exchange.
    pub exchange: u16,
    /// One of [`crate::position_side`].
    pub side: u16,
    /// Signed size: negative is short.
    pub size: i64,
    /// Average entry price, rounded to the price scale for display.
    pub price_average: i64,
    /// Last price of the instrument; 0 until one is known.
    pub price_last: i64,
    /// Signed cost of what is open.
    pub cost: MoneyBits,
    /// Signed value of what is open at the last price.
    pub notional: MoneyBits,
    /// Realized on what was closed, before fees.
    pub realized: MoneyBits,
    /// `notional - cost`.
    pub unrealized: MoneyBits,
    /// Fees and costs paid.
    pub fees: MoneyBits,
}

/// An account.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountRecord {
    /// The exchange's id of the account.
    pub id: TextHandle,
    /// Currency.
    pub currency: TextHandle,
    /// Handle of the exchange; 0 = the run's own account.
    pub exchange: u16,
    /// One of [`crate::oms_type`].
    pub oms_type: u16,
    /// 1 = an exchange reports with it all that it holds: what is not reported, it does not hold. 0 = it does not tell.
    pub has_positions: u16,
    /// Zero.
    pub reserved: u16,
    /// Cash.
    pub cash: MoneyBits,
    /// Cash plus the value of all positions.
    pub equity: MoneyBits,
    /// Margin in use.
    pub margin: MoneyBits,
}

/// The portfolio of the asking strategy.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortfolioRecord {
    /// Currency of the amounts.
    pub currency: TextHandle,
    /// Cash moved by this strategy's fills and fees: starts at 0.
    pub cash: MoneyBits,
    /// Value of its positions at the last prices.
    pub notional: MoneyBits,
    /// Realized on what was closed, before fees.
    pub realized: MoneyBits,
    /// Value of positions less their cost.
    pub unrealized: MoneyBits,
    /// Fees and costs paid.
    pub fees: MoneyBits,
    /// Equity of the whole run.
    pub equity_run: MoneyBits,
}

/// Risk figures of the asking strategy, of one instrument or of all.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RiskRecord {
    /// Sum of the absolute values of positions.
    pub exposure: MoneyBits,
    /// Signed sum of the values of positions.
    pub notional: MoneyBits,
    /// Realized on what was closed, before fees.
    pub realized: MoneyBits,
    /// Value of positions less their cost.
    pub unrealized: MoneyBits,
    /// Fall of the PnL from its highest value so far; not negative.
    pub drawdown: MoneyBits,
    /// Loss since the start of the UTC day; not negative.
    pub day_loss: MoneyBits,
    /// Value of all working orders at their limit or the last price.
    pub open_order_exposure: MoneyBits,
}

/// One limit and how much of it is used.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RiskLimitRecord {
    /// The code of [`crate::reason`] that a breach gives.
    pub limit_code: u32,
    /// The instrument that it is for; 0 = all.
    pub instrument: u32,
    /// One of [`crate::risk_scope`]: whose limit it is.
    pub scope: u32,
    /// Zero.
    pub reserved: u32,
    /// In the unit of the limit: quantity, money or a count.
    pub used: MoneyBits,
    /// The limit.
    pub limit: MoneyBits,
    /// `limit - used`.
    pub headroom: MoneyBits,
}

/// One entry of an instrument's price history.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PricePoint {
    /// Time at the exchange.
    pub ts: i64,
    /// Price.
    pub price: i64,
    /// Quantity.
    pub quantity: i64,
}
