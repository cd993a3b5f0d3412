//! The accounts of a venue: whose own orders are, and what their executions move.

use std::collections::{BTreeMap, VecDeque};

use stratd_orderbook::OwnerId;
use stratd_plugin_api::{InstrumentId, Money, Side, abi};

use super::config::FILLS_MAX;

/// One account of a venue. Self-trade prevention works among the orders of one account; the orders of two accounts
/// trade with each other as with participants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u32);

impl AccountId {
    /// The account that every venue has; its cash at the start is the configuration's.
    pub const FIRST: AccountId = AccountId(0);

    pub(crate) const fn new(index: u32) -> Self {
        Self(index)
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// As the book knows it: 0 is nobody there.
    pub(crate) const fn owner(self) -> OwnerId {
        OwnerId(self.0.saturating_add(1))
    }
}

/// Cash, positions and the last executions of one account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    cash: Money,
    positions: BTreeMap<InstrumentId, i64>,
    fills: VecDeque<abi::FillRecord>,
}

impl Account {
    pub(crate) fn new(cash: Money) -> Self {
        Self { cash, positions: BTreeMap::new(), fills: VecDeque::new() }
    }

    /// Books an execution; the amounts were checked when the order came in.
    pub(crate) fn book_fill(&mut self, fill: abi::FillRecord, notional: Money) {
        let is_buy = fill.side == Side::Buy.code();
        let cash = if is_buy { self.cash.checked_sub(notional) } else { self.cash.checked_add(notional) };
        self.cash = cash
            .and_then(|cash| cash.checked_sub(fill.fee.into()))
            .expect("amounts are limited by QUANTITY_MAX and PRICE_MAX, far from the range of money");
        let signed = if is_buy { fill.quantity } else { -fill.quantity };
        *self.positions.entry(InstrumentId(fill.instrument)).or_default() += signed;
        if self.fills.len() >= FILLS_MAX {
            self.fills.pop_front();
        }
        self.fills.push_back(fill);
    }

    pub(crate) fn cash(&self) -> Money {
        self.cash
    }

    pub(crate) fn position(&self, instrument: InstrumentId) -> i64 {
        self.positions.get(&instrument).copied().unwrap_or(0)
    }

    pub(crate) fn set_position(&mut self, instrument: InstrumentId, quantity: i64) {
        self.positions.insert(instrument, quantity);
    }

    pub(crate) fn fills(&self) -> impl Iterator<Item = &abi::FillRecord> {
        self.fills.iter()
    }
}
