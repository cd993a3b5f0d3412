//! Rows as the event loop hands them over: copies of numbers and shared names; texts are made where they are written.

use std::sync::Arc;

use stratd_plugin_api::{
    Lifetime, LiquiditySide, OrderFlags, OrderStatus, OrderType, PositionSide, Reason, Side, Timestamp,
};

use super::Amount;

/// Rows of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub(crate) orders: Vec<OrderRow>,
    pub(crate) stand_ins: Vec<StandInRow>,
    pub(crate) groups: Vec<GroupRow>,
    pub(crate) fills: Vec<FillRow>,
    pub(crate) positions: Vec<PositionRow>,
    pub(crate) portfolios: Vec<PortfolioRow>,
    pub(crate) accounts: Vec<AccountRow>,
    /// All of a scope together: what is kept of it otherwise goes.
    pub(crate) losses: Vec<(String, Vec<LossRow>)>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { orders, stand_ins, groups, fills, positions, portfolios, accounts, losses } = self;
        orders.is_empty()
            && stand_ins.is_empty()
            && groups.is_empty()
            && fills.is_empty()
            && positions.is_empty()
            && portfolios.is_empty()
            && accounts.is_empty()
            && losses.is_empty()
    }

    /// About the memory that it takes while it waits.
    pub(in crate::store) fn bytes(&self) -> usize {
        self.orders.len() * size_of::<OrderRow>()
            + self.stand_ins.len() * size_of::<StandInRow>()
            + self.groups.len() * size_of::<GroupRow>()
            + self.fills.len() * size_of::<FillRow>()
            + self.positions.iter().map(|row| size_of_val(row) + row.lots.len() * 48).sum::<usize>()
            + self.portfolios.len() * size_of::<PortfolioRow>()
            + self.losses.len() * size_of::<LossRow>()
    }
}

/// How far an order is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It is on the disk, and was not sent before that.
    Intent,
    /// The connector has it.
    Sent,
    /// The exchange has it.
    Acknowledged,
    /// Nothing more is expected.
    Ended,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Sent => "sent",
            Self::Acknowledged => "acknowledged",
            Self::Ended => "ended",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderRow {
    pub(crate) client_order_id: u64,
    pub(crate) strategy: Arc<str>,
    pub(crate) exchange: Arc<str>,
    pub(crate) exchange_order_id: Option<String>,
    pub(crate) foreign_id: Option<u64>,
    pub(crate) instrument: Arc<str>,
    pub(crate) side: Side,
    pub(crate) order_type: OrderType,
    pub(crate) flags: OrderFlags,
    pub(crate) lifetime: Lifetime,
    pub(crate) tag: u32,
    pub(crate) group: u64,
    pub(crate) quantity: Amount,
    pub(crate) price: Option<Amount>,
    pub(crate) stop_price: Option<Amount>,
    pub(crate) trail: Option<Amount>,
    pub(crate) notional: Option<Amount>,
    pub(crate) status: OrderStatus,
    pub(crate) filled: Amount,
    pub(crate) price_average: Option<Amount>,
    pub(crate) filled_value: Amount,
    pub(crate) reason: Reason,
    pub(crate) phase: Phase,
    pub(crate) is_by_hand: bool,
    pub(crate) is_closing: bool,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) run: i64,
}

/// What is done for an order in place of its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StandInRow {
    pub(crate) client_order_id: u64,
    /// The word for what it waits for.
    pub(crate) waits: Option<&'static str>,
    pub(crate) has_trigger: bool,
    pub(crate) level: Option<Amount>,
    pub(crate) asked: Amount,
    pub(crate) ends: Option<Timestamp>,
    pub(crate) has_expired: bool,
}

/// Orders that exclude each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupRow {
    pub(crate) strategy: Arc<str>,
    pub(crate) group: u64,
    /// Exchange, instrument, what they may trade together and what they traded; nothing: it has ended.
    pub(crate) stands: Option<(Arc<str>, Arc<str>, [Amount; 2])>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FillRow {
    pub(crate) exchange: Arc<str>,
    pub(crate) instrument: Arc<str>,
    pub(crate) trade_id: String,
    pub(crate) client_order_id: u64,
    pub(crate) exchange_order_id: Option<String>,
    pub(crate) strategy: Arc<str>,
    pub(crate) side: Side,
    pub(crate) price: Amount,
    pub(crate) quantity: Amount,
    pub(crate) fee: Amount,
    pub(crate) slippage: Amount,
    pub(crate) transaction_cost: Amount,
    pub(crate) liquidity: Option<LiquiditySide>,
    pub(crate) at: Timestamp,
    pub(crate) booked: Timestamp,
    pub(crate) run: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PositionRow {
    pub(crate) strategy: Arc<str>,
    pub(crate) exchange: Arc<str>,
    pub(crate) instrument: Arc<str>,
    pub(crate) side: PositionSide,
    pub(crate) size: Amount,
    pub(crate) price_average: Amount,
    pub(crate) price_last: Option<Amount>,
    pub(crate) cost: Amount,
    pub(crate) cost_own: Amount,
    pub(crate) realized: Amount,
    pub(crate) fees: Amount,
    /// Of accounting by first in, first out.
    pub(crate) lots: Vec<[Amount; 3]>,
    pub(crate) updated: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortfolioRow {
    pub(crate) strategy: Arc<str>,
    pub(crate) number: u16,
    pub(crate) counter: u64,
    pub(crate) adopted: u64,
    pub(crate) cash: Amount,
    pub(crate) realized: Amount,
    pub(crate) fees: Amount,
    pub(crate) updated: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountRow {
    pub(crate) exchange: Arc<str>,
    pub(crate) account: String,
    pub(crate) currency: String,
    pub(crate) cash: Amount,
    pub(crate) equity: Amount,
    pub(crate) margin: Amount,
    pub(crate) told: Timestamp,
}

/// Where a scope stands with its losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LossRow {
    pub(crate) day: Timestamp,
    pub(crate) day_start: Amount,
    pub(crate) peak: Amount,
    pub(crate) last: Amount,
    pub(crate) is_since_command: bool,
}
