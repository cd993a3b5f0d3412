//! What the engine holds, as it is kept and put back: an engine that was stopped between any two inputs and one that was
//! not go on alike.
//!
//! Kept are the decisions: what an order waits for and at which price, how much was asked for, when its lifetime ends, and
//! of a group how much it may trade and has traded. What follows from them is found anew: who counts for limits, who is
//! watched. What the exchange takes is as it is now, not as it was: an order goes out as the exchange of today needs it.
//!
//! The entry of a group is known by whether it works, so an order and its entry may be put back in any order. A lifetime
//! that ended meanwhile ends with the next timers; a price that passed meanwhile is not seen: the next one counts.

use stratd_orderbook::Trigger;
use stratd_plugin_api::{ClientOrderId, OrderFlags, Price, Quantity, Timestamp};

use crate::{Engine, Held, HeldChanges, Order, StrategyId, held::GroupId, stand_in::StandIn};

/// What the engine does for an order in place of its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoredStandIn {
    /// What it waits for; `None` once it was sent.
    pub waits: Option<Held>,
    /// Whether it goes out, or went, because a price came.
    pub has_trigger: bool,
    /// The price that it waits for; `None` for a stop that follows and has not seen a price yet.
    pub level: Option<Price>,
    /// The quantity that was asked for, whatever its group leaves of it.
    pub asked: Quantity,
    /// When the engine ends it.
    pub expires: Option<Timestamp>,
    /// It was canceled because its lifetime ended.
    pub has_expired: bool,
}

/// Orders that exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoredGroup {
    /// Whose.
    pub strategy: StrategyId,
    /// The number that its author chose, or the id of the order that its orders are attached to.
    pub group: u64,
    /// What all of them may trade together.
    pub total: Quantity,
    /// What they traded.
    pub filled: Quantity,
}

impl Order {
    /// What is to be kept of what the engine does for it; `None` if it does nothing.
    #[must_use]
    pub fn kept_stand_in(&self) -> Option<RestoredStandIn> {
        let stand_in = self.stand_in.as_ref()?;
        Some(RestoredStandIn {
            waits: self.held(),
            has_trigger: stand_in.trigger.is_some(),
            level: self.level(),
            asked: stand_in.asked,
            expires: stand_in.expires,
            has_expired: stand_in.has_expired,
        })
    }
}

impl Engine {
    /// Whether what is held changed since the last [`Engine::take_held_changes`]. Always false before
    /// [`crate::Restored::Begin`]: nobody keeps it then.
    #[must_use]
    #[inline]
    pub fn has_held_changes(&self) -> bool {
        self.core.held.has_changes()
    }

    /// What changed of what is held, beside what the outputs tell.
    pub fn take_held_changes(&mut self) -> HeldChanges {
        self.core.held.take_changes()
    }

    /// A group as it is now; `None` if it has ended.
    #[must_use]
    pub fn group(&self, (strategy, group): (StrategyId, u64)) -> Option<RestoredGroup> {
        let known = self.core.held.group((strategy, group))?;
        Some(RestoredGroup { strategy, group, total: known.total, filled: known.filled })
    }

    /// The orders of a group that have not ended.
    pub fn group_members(&self, group: (StrategyId, u64)) -> impl Iterator<Item = ClientOrderId> {
        self.core.held.group(group).into_iter().flat_map(|group| group.members.iter().copied())
    }

    /// All groups that the engine looks after.
    pub fn groups(&self) -> impl Iterator<Item = (StrategyId, u64)> {
        self.core.held.group_ids()
    }

    /// Puts back what was done for an order.
    pub(crate) fn take_up_stand_in(&mut self, order: &mut Order, kept: Option<&RestoredStandIn>) {
        let Some(kept) = kept else { return };
        let trigger = kept.has_trigger.then(|| trigger_of(order, kept.level)).flatten();
        order.stand_in = Some(Box::new(StandIn::restored(kept, trigger, self.core.takes(order.exchange))));
        order.is_shadowed = kept.waits == Some(Held::ForEntry);
        if order.state.is_final() {
            return;
        }
        if let Some(at) = kept.expires {
            // time goes on from here
            self.core.held.expire_at(at.max(self.core.now), order.id);
        }
        let is_watched = match kept.waits {
            Some(Held::ForPrice) => kept.has_trigger,
            Some(Held::ForGroup) => true,
            Some(Held::ForEntry) | None => false,
        };
        if is_watched {
            self.core.held.watch(order.request.instrument, order.id);
        }
    }

    /// Takes an order that was put back into its group, as far as the group can be told from its orders.
    pub(crate) fn rejoin(&mut self, id: ClientOrderId) {
        // what is attached to it may have come first
        let key = self.core.execution.get(id).map(|order| (order.strategy, id.0));
        if let Some(group) = key.and_then(|key| self.core.held.group_mut(key)) {
            group.entry = Some(id);
        }
        let Some(order) = self.core.execution.get(id) else { return };
        let Some(key) = order.group() else { return };
        let asked = order.stand_in.as_ref().map(|stand_in| stand_in.asked).unwrap_or_default();
        let entry = ClientOrderId(order.request.group);
        let is_attached = order.request.flags.contains(OrderFlags::ATTACHED);
        let filled = self.order(entry).filter(|_| is_attached).map(|entry| entry.filled);
        let is_working = is_attached && self.core.execution.get(entry).is_some();
        let group = self.core.held.join(key);
        group.total = group.total.max(filled.unwrap_or(if is_attached { Quantity::ZERO } else { asked }));
        group.entry = is_working.then_some(entry);
        group.members.push(id);
        group.members.sort_unstable();
        self.recount(key);
    }

    /// Puts back what a group may trade and has traded; a group without orders has ended.
    pub(crate) fn restore_group(&mut self, kept: &RestoredGroup) -> Option<()> {
        self.strategies.get(kept.strategy.index())?;
        let key: GroupId = (kept.strategy, kept.group);
        if let Some(group) = self.core.held.group_mut(key) {
            (group.total, group.filled) = (kept.total, kept.filled);
        }
        Some(())
    }

    /// The run goes on: what a group was to be cut by may not have reached its exchange.
    pub(crate) fn refit_groups(&mut self) {
        let groups: Vec<GroupId> = self.core.held.group_ids().collect();
        for key in groups {
            self.recount(key);
            self.refit(key);
        }
    }
}

/// What an order waits for, at the price that it had come to.
fn trigger_of(order: &Order, level: Option<Price>) -> Option<Trigger> {
    let request = &order.request;
    let limit = || request.price.map(|price| Trigger::at_or_better(request.side, price));
    let mut trigger = Trigger::of(request).or_else(limit)?;
    if let Some(level) = level {
        trigger.move_to(level);
    }
    Some(trigger)
}
