//! Orders that the engine holds, and what it has to look after for orders at exchanges: who waits for which price, which
//! order excludes which, and which lifetime the engine ends itself.
//!
//! The orders themselves are among the working ones ([`crate::Order`]); here are only the ways to find them. Everything is
//! empty in a run whose exchanges take all that is asked of them, and each look costs one comparison then.

use std::collections::{BTreeMap, BTreeSet};

use stratd_plugin_api::{ClientOrderId, InstrumentId, Quantity, Timestamp, abi::order_held};

use crate::StrategyId;

/// What an order waits for that the engine holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// A price.
    ForPrice,
    /// The order that it is attached to.
    ForEntry,
    /// The price reached it; the orders that it excludes have to leave the exchange first.
    ForGroup,
}

impl Held {
    /// The word in views and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ForPrice => "price",
            Self::ForEntry => "entry",
            Self::ForGroup => "group",
        }
    }

    pub(crate) fn code_of(held: Option<Self>) -> u8 {
        match held {
            None => order_held::NONE,
            Some(Self::ForPrice) => order_held::FOR_PRICE,
            Some(Self::ForEntry) => order_held::FOR_ENTRY,
            Some(Self::ForGroup) => order_held::FOR_GROUP,
        }
    }
}

/// A group is a strategy's own: the number that its author chose, or the id of the order that its orders are attached to.
pub(crate) type GroupId = (StrategyId, u64);

/// Orders that exclude each other.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// What all of them may trade together: as much as the largest, or as their entry was filled.
    pub(crate) total: Quantity,
    /// What they traded.
    pub(crate) filled: Quantity,
    /// Those that have not ended.
    pub(crate) members: Vec<ClientOrderId>,
    /// The order that they are attached to, while it works.
    pub(crate) entry: Option<ClientOrderId>,
}

impl Group {
    /// What its orders may still trade.
    pub(crate) fn left(&self) -> Quantity {
        self.total.checked_sub(self.filled).filter(|left| left.is_positive()).unwrap_or(Quantity::ZERO)
    }

    /// Whether no more will come to its total.
    pub(crate) fn is_settled(&self) -> bool {
        self.entry.is_none()
    }
}

/// Where to find what.
#[derive(Default)]
pub(crate) struct HeldOrders {
    /// Those that wait for a price, by instrument and id.
    watched: BTreeSet<(InstrumentId, ClientOrderId)>,
    expiries: BTreeSet<(Timestamp, ClientOrderId)>,
    groups: BTreeMap<GroupId, Group>,
    /// What is to be kept anew; nothing in a run of which nothing is kept.
    touched: Option<HeldChanges>,
}

/// What became another one and no output tells: what orders wait for, how far a stop has followed, what a group has traded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldChanges {
    /// Orders for which the engine stands in.
    pub orders: BTreeSet<ClientOrderId>,
    /// Groups; those that are not there any more have ended.
    pub groups: BTreeSet<(StrategyId, u64)>,
}

impl HeldChanges {
    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.groups.is_empty()
    }
}

impl HeldOrders {
    /// Whether there is nothing to look after.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.watched.is_empty() && self.groups.is_empty() && self.expiries.is_empty()
    }

    /// Whether no order waits for a price.
    #[inline]
    pub(crate) fn watches_nothing(&self) -> bool {
        self.watched.is_empty()
    }

    /// Notes what changes from now on, for who keeps it.
    pub(crate) fn note_changes(&mut self) {
        self.touched.get_or_insert_default();
    }

    /// An order waits for something else, or its stop has followed.
    pub(crate) fn touch(&mut self, id: ClientOrderId) {
        if let Some(touched) = &mut self.touched {
            touched.orders.insert(id);
        }
    }

    fn touch_group(&mut self, id: GroupId) {
        if let Some(touched) = &mut self.touched {
            touched.groups.insert(id);
        }
    }

    /// Whether something changed since the last [`HeldOrders::take_changes`].
    #[inline]
    pub(crate) fn has_changes(&self) -> bool {
        self.touched.as_ref().is_some_and(|touched| !touched.is_empty())
    }

    pub(crate) fn take_changes(&mut self) -> HeldChanges {
        self.touched.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// All groups.
    pub(crate) fn group_ids(&self) -> impl Iterator<Item = GroupId> {
        self.groups.keys().copied()
    }

    pub(crate) fn watch(&mut self, instrument: InstrumentId, id: ClientOrderId) {
        self.watched.insert((instrument, id));
    }

    pub(crate) fn unwatch(&mut self, instrument: InstrumentId, id: ClientOrderId) {
        self.watched.remove(&(instrument, id));
    }

    /// Those that wait for a price of an instrument, by id.
    pub(crate) fn watched(&self, instrument: InstrumentId) -> Vec<ClientOrderId> {
        let from = (instrument, ClientOrderId(0));
        let to = (instrument, ClientOrderId(u64::MAX));
        self.watched.range(from..=to).map(|(_, id)| *id).collect()
    }

    pub(crate) fn expire_at(&mut self, at: Timestamp, id: ClientOrderId) {
        self.expiries.insert((at, id));
    }

    pub(crate) fn forget_expiry(&mut self, at: Timestamp, id: ClientOrderId) {
        self.expiries.remove(&(at, id));
    }

    /// When the next lifetime ends.
    pub(crate) fn next_expiry(&self) -> Option<Timestamp> {
        self.expiries.first().map(|(at, _)| *at)
    }

    /// Takes an order whose lifetime has ended.
    pub(crate) fn pop_expired(&mut self, now: Timestamp) -> Option<ClientOrderId> {
        let first = *self.expiries.first().filter(|(at, _)| *at <= now)?;
        self.expiries.remove(&first);
        Some(first.1)
    }

    pub(crate) fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    pub(crate) fn group_mut(&mut self, id: GroupId) -> Option<&mut Group> {
        if self.groups.contains_key(&id) {
            self.touch_group(id);
        }
        self.groups.get_mut(&id)
    }

    /// The group of that id; a new one is empty.
    pub(crate) fn join(&mut self, id: GroupId) -> &mut Group {
        self.touch_group(id);
        self.groups.entry(id).or_default()
    }

    /// Takes an order out of its group, which ends with its last one.
    pub(crate) fn leave(&mut self, id: GroupId, order: ClientOrderId) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        group.members.retain(|member| *member != order);
        if group.members.is_empty() {
            self.groups.remove(&id);
            self.touch_group(id);
        }
    }
}
