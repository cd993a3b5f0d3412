//! One order and its life.

use stratd_plugin_api::{
    ClientOrderId, ExchangeId, OrderRequest, OrderStatus, Price, Quantity, Reason, Timestamp, abi,
    abi::TextHandle,
};

use crate::{Held, StrategyId, stand_in::StandIn};

/// An order of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Our id.
    pub id: ClientOrderId,
    /// Whose.
    pub strategy: StrategyId,
    /// Where.
    pub exchange: ExchangeId,
    /// What was asked for; changes update price and quantity.
    pub request: OrderRequest,
    /// The exchange's id; 0 until it told one.
    pub exchange_order_id: TextHandle,
    /// Where in its life it is.
    pub state: OrderState,
    /// Executed so far.
    pub filled: Quantity,
    /// Sum of price times quantity of its executions, for the average price.
    pub filled_value: i128,
    /// Time of the request.
    pub created: Timestamp,
    /// Time of the last event.
    pub updated: Timestamp,
    /// The sequence number of the input that finished it, or last changed it since; 0 while it works.
    pub seq: u64,
    /// Whether a person asked for it.
    pub is_by_hand: bool,
    /// Whether it settled a position in an instrument that expired: it was never sent.
    pub is_settlement: bool,
    /// Its instrument expired, and its cancel was sent for that.
    pub(crate) has_expired: bool,
    /// Changes that the exchange has not answered: until then the largest quantity counts.
    pub(crate) changes: PendingChanges,
    /// The most that an order by amount can buy; 0 once the exchange told its quantity, and for all other orders.
    pub(crate) quantity_expected: Quantity,
    /// Made by `close_all`: it outlives its strategy.
    pub(crate) is_closing: bool,
    /// Whether it adds nothing to what may be traded: a larger order of its group does, or it waits for its entry.
    pub(crate) is_shadowed: bool,
    /// What the engine does for it in place of its exchange; nothing for most.
    pub(crate) stand_in: Option<Box<StandIn>>,
    /// Trade ids that were booked: a repeated report is not booked twice.
    pub(crate) trade_ids: Vec<TextHandle>,
}

/// Changes on their way. They are counted, not kept: an answer does not say which of them it is about, so the largest
/// quantity and the highest price count until all are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PendingChanges {
    count: u32,
    quantity_max: Quantity,
    /// The highest limit price among them; `None` for orders without one.
    price_max: Option<Price>,
}

impl PendingChanges {
    pub(crate) fn sent(&mut self, request: &OrderRequest) {
        self.count = self.count.saturating_add(1);
        self.quantity_max = self.quantity_max.max(request.quantity);
        self.price_max = self.price_max.max(request.price);
    }

    /// Takes an answer; false if none was expected.
    pub(crate) fn answered(&mut self) -> bool {
        let Some(count) = self.count.checked_sub(1) else { return false };
        self.count = count;
        if count == 0 {
            *self = Self::default();
        }
        true
    }
}

/// The life of an order. A transition consumes the old state and says what comes next; `None` = the report makes no
/// sense in this state and is ignored (a late acknowledgement after a fill, a second cancel).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Sent; the exchange has not answered.
    PendingNew,
    /// Working at the exchange.
    Working,
    /// A cancel was sent; fills may still come. Refused, the order is what it was before.
    PendingCancel(BeforeCancel),
    /// The exchange did not answer in time; reconciliation decides.
    Unknown,
    /// Completely filled.
    Filled,
    /// Canceled, perhaps after fills; a late fill is still booked.
    Canceled(Reason),
    /// Its lifetime ended, perhaps after fills.
    Expired,
    /// Refused by the exchange.
    Rejected(Reason),
    /// Refused by our own risk; never sent.
    Denied(Reason),
}

/// What an order was when its cancel was sent, and what was heard of it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeforeCancel {
    /// Sent; the exchange has not answered.
    PendingNew,
    /// Working at the exchange.
    Working,
    /// The exchange did not answer in time.
    Unknown,
}

impl OrderState {
    /// The exchange has the order.
    pub(crate) fn received(self) -> Option<Self> {
        match self {
            Self::PendingNew | Self::Unknown => Some(Self::Working),
            // a cancel overtook the acknowledgement
            Self::PendingCancel(BeforeCancel::PendingNew | BeforeCancel::Unknown) => {
                Some(Self::PendingCancel(BeforeCancel::Working))
            }
            Self::PendingCancel(BeforeCancel::Working)
            | Self::Working
            | Self::Filled
            | Self::Canceled(_)
            | Self::Expired
            | Self::Rejected(_)
            | Self::Denied(_) => None,
        }
    }

    /// An execution; fills may come before the acknowledgement and after a cancel.
    pub(crate) fn filled(self, is_complete: bool) -> Option<Self> {
        match self {
            Self::Denied(_) | Self::Rejected(_) => None,
            Self::PendingNew | Self::Working | Self::Unknown => {
                Some(if is_complete { Self::Filled } else { Self::Working })
            }
            // a fill tells that the exchange has the order
            Self::PendingCancel(_) => {
                Some(if is_complete { Self::Filled } else { Self::PendingCancel(BeforeCancel::Working) })
            }
            Self::Filled | Self::Canceled(_) | Self::Expired => {
                Some(if is_complete { Self::Filled } else { self })
            }
        }
    }

    /// A cancel is sent.
    pub(crate) fn cancel_sent(self) -> Option<Self> {
        match self {
            Self::PendingNew => Some(Self::PendingCancel(BeforeCancel::PendingNew)),
            Self::Working => Some(Self::PendingCancel(BeforeCancel::Working)),
            Self::Unknown => Some(Self::PendingCancel(BeforeCancel::Unknown)),
            Self::PendingCancel(_)
            | Self::Filled
            | Self::Canceled(_)
            | Self::Expired
            | Self::Rejected(_)
            | Self::Denied(_) => None,
        }
    }

    /// Nobody knows what became of the order: its exchange did not answer, or failed while it took it.
    pub(crate) fn lost(self) -> Option<Self> {
        match self {
            Self::PendingNew => Some(Self::Unknown),
            Self::PendingCancel(BeforeCancel::PendingNew) => Some(Self::PendingCancel(BeforeCancel::Unknown)),
            Self::Working
            | Self::PendingCancel(BeforeCancel::Working | BeforeCancel::Unknown)
            | Self::Unknown
            | Self::Filled
            | Self::Canceled(_)
            | Self::Expired
            | Self::Rejected(_)
            | Self::Denied(_) => None,
        }
    }

    /// The exchange refused a cancel: the order is what it was before. That it did not know the order tells nothing of
    /// one that it has not answered yet.
    pub(crate) fn cancel_refused(self) -> Option<Self> {
        match self {
            Self::PendingCancel(BeforeCancel::PendingNew) => Some(Self::PendingNew),
            Self::PendingCancel(BeforeCancel::Working) => Some(Self::Working),
            // that an exchange does not know it says nothing of an order that nobody knows of: the cancel is remembered,
            // and sent again when the order turns up
            Self::PendingCancel(BeforeCancel::Unknown)
            | Self::PendingNew
            | Self::Working
            | Self::Unknown
            | Self::Filled
            | Self::Canceled(_)
            | Self::Expired
            | Self::Rejected(_)
            | Self::Denied(_) => None,
        }
    }

    /// The order ends unfilled or partly filled: canceled, expired, rejected.
    pub(crate) fn ended(self, end: Self) -> Option<Self> {
        match self {
            Self::PendingNew | Self::Working | Self::PendingCancel(_) | Self::Unknown => Some(end),
            Self::Filled | Self::Canceled(_) | Self::Expired | Self::Rejected(_) | Self::Denied(_) => None,
        }
    }

    /// Whether nothing more is expected.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::PendingNew | Self::Working | Self::PendingCancel(_) | Self::Unknown => false,
            Self::Filled | Self::Canceled(_) | Self::Expired | Self::Rejected(_) | Self::Denied(_) => true,
        }
    }

    /// Why it was refused or canceled.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::Canceled(reason) | Self::Rejected(reason) | Self::Denied(reason) => reason,
            Self::PendingNew
            | Self::Working
            | Self::PendingCancel(_)
            | Self::Unknown
            | Self::Filled
            | Self::Expired => Reason::None,
        }
    }
}

impl Order {
    pub(crate) fn new(
        id: ClientOrderId,
        strategy: StrategyId,
        exchange: ExchangeId,
        request: OrderRequest,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            strategy,
            exchange,
            request,
            exchange_order_id: 0,
            state: OrderState::PendingNew,
            filled: Quantity::ZERO,
            filled_value: 0,
            created: now,
            updated: now,
            seq: 0,
            is_by_hand: false,
            is_settlement: false,
            has_expired: false,
            changes: PendingChanges::default(),
            quantity_expected: Quantity::ZERO,
            is_closing: false,
            is_shadowed: false,
            stand_in: None,
            trade_ids: Vec::new(),
        }
    }

    /// The status of the vocabulary.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        match self.state {
            OrderState::PendingNew => OrderStatus::PendingNew,
            OrderState::Working if self.filled.is_zero() => OrderStatus::Open,
            OrderState::Working => OrderStatus::PartiallyFilled,
            OrderState::PendingCancel(_) => OrderStatus::PendingCancel,
            OrderState::Unknown => OrderStatus::Unknown,
            OrderState::Filled => OrderStatus::Filled,
            OrderState::Canceled(_) => OrderStatus::Canceled,
            OrderState::Expired => OrderStatus::Expired,
            OrderState::Rejected(_) => OrderStatus::Rejected,
            OrderState::Denied(_) => OrderStatus::Denied,
        }
    }

    /// Why it was refused or canceled, or that it settled a position.
    #[must_use]
    pub fn reason(&self) -> Reason {
        if self.is_settlement { Reason::Expired } else { self.state.reason() }
    }

    /// Whether it closes a position on behalf of its strategy.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Whether its exchange has said that it has it.
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        let is_there = match self.state {
            OrderState::Working
            | OrderState::PendingCancel(BeforeCancel::Working)
            | OrderState::Filled
            | OrderState::Canceled(_)
            | OrderState::Expired => true,
            OrderState::PendingNew
            | OrderState::PendingCancel(BeforeCancel::PendingNew | BeforeCancel::Unknown)
            | OrderState::Unknown
            | OrderState::Rejected(_)
            | OrderState::Denied(_) => false,
        };
        is_there || self.exchange_order_id != 0 || self.filled.is_positive()
    }

    /// What is not filled yet.
    #[must_use]
    pub fn remaining(&self) -> Quantity {
        self.request.quantity.checked_sub(self.filled).filter(|q| q.is_positive()).unwrap_or(Quantity::ZERO)
    }

    /// The total quantity, the largest one while changes are on their way.
    pub(crate) fn quantity_total(&self) -> Quantity {
        self.request.quantity.max(self.changes.quantity_max)
    }

    /// Whether it is known how much it is for: of an order by amount only its exchange knows that, and may not tell.
    pub(crate) fn has_quantity(&self) -> bool {
        self.request.quantity.is_positive()
    }

    /// The limit price, the highest one while changes are on their way.
    pub(crate) fn price_highest(&self) -> Option<Price> {
        self.request.price.max(self.changes.price_max)
    }

    /// Whether the engine sent its cancel because its time is over.
    pub(crate) fn has_expired(&self) -> bool {
        self.has_expired || self.stand_in.as_ref().is_some_and(|stand_in| stand_in.has_expired)
    }

    /// Whether and for what the engine holds it: it is not at its exchange then.
    #[must_use]
    pub fn held(&self) -> Option<Held> {
        self.stand_in.as_ref().and_then(|stand_in| stand_in.waits).filter(|_| !self.state.is_final())
    }

    /// The price that it waits for while the engine holds it.
    #[must_use]
    pub fn level(&self) -> Option<Price> {
        self.stand_in.as_ref()?.trigger.as_ref()?.level()
    }

    /// The order as its exchange gets it.
    pub(crate) fn as_sent(&self) -> OrderRequest {
        self.stand_in.as_ref().map_or(self.request, |stand_in| stand_in.as_sent(&self.request))
    }

    /// What the order may still add to a position: what is not filled of the largest quantity that it may have.
    pub(crate) fn open_quantity(&self) -> Quantity {
        if self.is_shadowed {
            return Quantity::ZERO;
        }
        self.largest_rest()
    }

    /// What is not filled of the largest quantity that it may have.
    pub(crate) fn largest_rest(&self) -> Quantity {
        let total = self.quantity_total().max(self.quantity_expected);
        total.checked_sub(self.filled).filter(|q| q.is_positive()).unwrap_or(Quantity::ZERO)
    }

    /// The average price of its executions, rounded to the price scale for display; `None` without one.
    #[must_use]
    pub fn price_average(&self) -> Option<Price> {
        if let Some(price) = self.narrow_average() {
            return Some(Price::new(price));
        }
        let quantity = i128::from(self.filled.get());
        let half = quantity.checked_div(2)?;
        let price = self.filled_value.checked_add(half)?.checked_div_euclid(quantity)?;
        i64::try_from(price).ok().map(Price::new)
    }

    /// As [`Order::price_average`] in 64 bits, where most values fit.
    fn narrow_average(&self) -> Option<i64> {
        let (value, quantity) = (i64::try_from(self.filled_value).ok()?, self.filled.get());
        value.checked_add(quantity.checked_div(2)?)?.checked_div_euclid(quantity)
    }

    /// The record that queries copy out.
    #[must_use]
    pub fn record(&self) -> abi::OrderRecord {
        let raw = abi::OrderRequest::from(&self.request);
        abi::OrderRecord {
            client_order_id: self.id.0,
            exchange_order_id: self.exchange_order_id,
            instrument: raw.instrument,
            exchange: self.exchange.0,
            side: raw.side,
            order_type: raw.order_type,
            flags: raw.flags,
            lifetime: raw.lifetime,
            status: self.status().code(),
            held: Held::code_of(self.held()),
            tag: raw.tag,
            quantity: raw.quantity,
            filled: self.filled.get(),
            price: raw.price,
            stop_price: raw.stop_price,
            created: self.created.get(),
            updated: self.updated.get(),
            reason: self.reason().code(),
            reserved: 0,
            group: raw.group,
            trail: raw.trail,
            expires: raw.expires,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_may_overtake_the_acknowledgement_and_the_cancel() {
        let working = OrderState::PendingNew.filled(false).unwrap();
        assert_eq!(working, OrderState::Working);
        assert_eq!(working.received(), None);
        let canceled =
            working.cancel_sent().and_then(|s| s.ended(OrderState::Canceled(Reason::Requested))).unwrap();
        assert_eq!(canceled.filled(false), Some(canceled));
        assert_eq!(canceled.filled(true), Some(OrderState::Filled));
    }

    #[test]
    fn final_states_take_nothing_but_late_fills() {
        for state in [OrderState::Rejected(Reason::Exchange), OrderState::Denied(Reason::OffLot)] {
            assert_eq!(state.filled(false), None);
            assert_eq!(state.received(), None);
            assert_eq!(state.cancel_sent(), None);
        }
        assert_eq!(OrderState::Filled.ended(OrderState::Expired), None);
    }

    #[test]
    fn a_refused_cancel_leaves_the_order_as_it_was() {
        let canceling = |state: OrderState| state.cancel_sent().and_then(OrderState::cancel_refused);
        for state in [OrderState::PendingNew, OrderState::Working] {
            assert_eq!(canceling(state), Some(state));
        }
        assert_eq!(canceling(OrderState::Unknown), None, "it is remembered");
        assert_eq!(OrderState::Working.cancel_refused(), None);
    }
}
