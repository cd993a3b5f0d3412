//! Orders that exclude each other, and orders that are attached to another one.
//!
//! A group trades no more than its total: the largest of its orders, or what the order was filled that they are attached to.
//! What one of them fills is taken off the others; when nothing is left they are canceled. An order that waits for a price
//! goes out only after those of its group that are at the exchange have left it, and its entry as well: both cannot be
//! filled then. Two limit orders of a group are at the exchange together: if both are filled before a cancel arrives, both
//! are booked.
//!
//! For limits, a group counts as its largest order of each side, and one that waits for its entry as nothing.

use stratd_orderbook::Trigger;
use stratd_plugin_api::{ClientOrderId, OrderEventKind, OrderFlags, OrderRequest, Quantity, Reason, Side};

use crate::{
    Engine, Held, Order, OrderState, Output, RiskApproved, StrategyId,
    core::Core,
    held::{Group, GroupId},
    position::PositionId,
    risk::RiskView,
};

impl Core {
    /// As [`Core::risk_view`], where what excludes the order is not counted, and its entry counts as filled.
    pub(crate) fn gate_view(
        &self,
        strategy: StrategyId,
        request: &OrderRequest,
        changed: Option<&Order>,
    ) -> Option<RiskView<'_>> {
        if request.group == 0 {
            return self.risk_view(strategy, request, changed);
        }
        let mut view = self.risk_view(strategy, request, changed)?;
        let OrderRequest { instrument, side, flags, group, .. } = *request;
        let position = PositionId { instrument, side: self.config.oms_type.position_side(side, flags) };
        let members = self.held.group((strategy, group)).into_iter().flat_map(|group| &group.members);
        let others = members.filter(|id| changed.is_none_or(|changed| changed.id != **id));
        let orders = others.filter_map(|id| self.execution.get(*id));
        let alike = orders
            .filter(|order| order.request.side == side && self.execution.position_of(order) == position);
        let counted = alike.fold(0i64, |sum, order| sum.saturating_add(order.open_quantity().get()));
        view.open_quantity = view.open_quantity.saturating_sub(counted);
        if let Some(bounds) = view.bounds.as_mut().filter(|bounds| bounds.needs_own(request)) {
            bounds.own_open = bounds.own_open.saturating_sub(counted);
        }
        let entry = self.execution.get(ClientOrderId(group)).filter(|entry| {
            flags.contains(OrderFlags::ATTACHED) && self.execution.position_of(entry) == position
        });
        if let Some(entry) = entry {
            let rest = match entry.request.side {
                Side::Buy => Some(entry.largest_rest()),
                Side::Sell => entry.largest_rest().checked_neg(),
            };
            if let Some(bounds) = &mut view.bounds {
                bounds.own_size = rest.and_then(|rest| bounds.own_size.checked_add(rest))?;
            }
            view.net_size = rest.and_then(|rest| view.net_size.checked_add(rest))?;
        }
        Some(view)
    }
}

impl Engine {
    /// Whether there is what an order names: orders of one instrument, and an entry that is or was filled.
    pub(crate) fn check_group(&self, strategy: StrategyId, request: &OrderRequest) -> Result<(), Reason> {
        if request.group == 0 {
            return Ok(());
        }
        let is_alike = |order: &Order| order.request.instrument == request.instrument;
        if request.flags.contains(OrderFlags::ATTACHED) {
            let entry = self.order(ClientOrderId(request.group)).filter(|entry| entry.strategy == strategy);
            let entry = entry.filter(|entry| !entry.state.is_final() || entry.filled.is_positive());
            let entry = entry.ok_or(Reason::UnknownOrder)?;
            return if is_alike(entry) { Ok(()) } else { Err(Reason::BadOrder) };
        }
        let group = self.core.held.group((strategy, request.group));
        let mut members = group.into_iter().flat_map(|group| &group.members);
        let is_other = |id: &ClientOrderId| !self.core.execution.get(*id).is_none_or(is_alike);
        if members.any(is_other) { Err(Reason::BadOrder) } else { Ok(()) }
    }

    /// Takes an order into its group.
    pub(crate) fn join_group(&mut self, id: ClientOrderId) {
        let Some(order) = self.core.execution.get(id) else { return };
        let Some(key) = order.group() else { return };
        let is_attached = order.request.flags.contains(OrderFlags::ATTACHED);
        let quantity = order.request.quantity;
        let entry = ClientOrderId(order.request.group);
        let is_working = self.core.execution.get(entry).is_some();
        let filled = self.order(entry).map(|entry| entry.filled);
        let traded = if is_attached { self.traded_of_entry(key) } else { Quantity::ZERO };
        let group = self.core.held.join(key);
        if !is_attached {
            group.total = group.total.max(quantity);
        } else if group.members.is_empty() {
            group.entry = is_working.then_some(entry);
            group.total = filled.unwrap_or_default();
            group.filled = traded;
        }
        group.members.push(id);
        self.recount(key);
        self.refit(key);
    }

    /// What orders traded that were attached to an entry and have ended: its group ends with its last order, and what that
    /// sold cannot be sold again.
    fn traded_of_entry(&self, (strategy, entry): GroupId) -> Quantity {
        let past = self.core.execution.past_of(strategy).filter(|order| {
            order.request.group == entry && order.request.flags.contains(OrderFlags::ATTACHED)
        });
        past.fold(Quantity::ZERO, |sum, order| sum.checked_add(order.filled).unwrap_or(sum))
    }

    /// An order joined that is attached: its entry may be filled already.
    pub(crate) fn look_at_entry(&mut self, id: ClientOrderId) {
        let Some(key) = self.core.execution.get(id).and_then(Order::group) else { return };
        let Some(group) = self.core.held.group(key) else { return };
        let has_ended = group.is_settled();
        self.wake(key, has_ended);
    }

    /// What an order may still trade in its group.
    pub(crate) fn allowance(&self, order: &Order) -> Quantity {
        let group = order.group().and_then(|key| self.core.held.group(key));
        group.map_or(order.request.quantity, Group::left)
    }

    /// The orders that have to leave the exchange before this one may go there.
    pub(crate) fn blockers(&self, id: ClientOrderId) -> Vec<ClientOrderId> {
        let key = self.core.execution.get(id).and_then(Order::group);
        let Some(group) = key.and_then(|key| self.core.held.group(key)) else { return Vec::new() };
        let is_there = |other: &ClientOrderId| {
            self.core.execution.get(*other).is_some_and(|order| order.held().is_none())
        };
        let members = group.members.iter().copied().filter(|other| *other != id && is_there(other));
        members.chain(group.entry).collect()
    }

    /// Takes what a report, or the engine itself, did to an order: what it traded, and whether it has ended.
    pub(crate) fn follow(&mut self, id: ClientOrderId, traded: Quantity, has_ended: bool) {
        if self.core.held.is_idle() {
            return;
        }
        let Some(order) = self.order(id) else { return };
        let (strategy, state, group) = (order.strategy, order.state, order.group());
        let expires = order.stand_in.as_ref().and_then(|stand_in| stand_in.expires);
        let instrument = order.request.instrument;
        if has_ended {
            // its store may have refused it while it was held
            self.core.held.unwatch(instrument, id);
        }
        if let Some(at) = expires.filter(|_| has_ended) {
            self.core.held.forget_expiry(at, id);
        }
        self.follow_entry((strategy, id.0), traded, has_ended.then_some(state));
        if let Some(key) = group {
            self.follow_member(key, id, traded, has_ended);
        }
    }

    /// An order that others are attached to has traded, or ended.
    fn follow_entry(&mut self, key: GroupId, traded: Quantity, ended: Option<OrderState>) {
        let Some(group) = self.core.held.group_mut(key) else { return };
        group.total = group.total.checked_add(traded).unwrap_or(group.total);
        if ended.is_some() {
            group.entry = None;
        }
        if let Some(state) = ended.filter(|_| !group.total.is_positive()) {
            let reason = Some(state.reason()).filter(|reason| *reason != Reason::None);
            for member in group.members.clone() {
                self.end_held(member, OrderState::Canceled(reason.unwrap_or(Reason::Unfilled)));
            }
            return;
        }
        let has_ended = group.is_settled();
        self.wake(key, has_ended);
    }

    /// What is attached to an order that was filled, in part at least, waits for its price now; once the entry has ended, limit
    /// and market orders go out.
    fn wake(&mut self, key: GroupId, has_ended: bool) {
        let Some(group) = self.core.held.group(key) else { return };
        let members = group.members.clone();
        let is_filled = group.total.is_positive();
        for id in &members {
            let Some(order) = self.core.execution.get(*id) else { continue };
            let has_trigger = order.stand_in.as_ref().is_some_and(|stand_in| stand_in.trigger.is_some());
            if order.held() == Some(Held::ForEntry) && is_filled && has_trigger {
                let instrument = order.request.instrument;
                self.set_waits(*id, Held::ForPrice);
                self.core.held.watch(instrument, *id);
            }
        }
        self.recount(key);
        self.refit(key);
        for id in &members {
            match self.core.execution.get(*id).and_then(Order::held) {
                Some(Held::ForGroup) if has_ended => self.send_alone(*id),
                Some(Held::ForPrice) => self.offer_last(*id),
                Some(Held::ForEntry | Held::ForGroup) | None => {}
            }
        }
        if !has_ended {
            return;
        }
        let rests = |order: &&Order| order.held().is_some() && Trigger::of(&order.request).is_none();
        let orders = members.iter().filter_map(|id| self.core.execution.get(*id));
        let resting: Vec<_> = orders.filter(rests).map(|order| order.id).collect();
        for id in resting {
            // a way out that was taken already goes alone
            if !self.is_leaving(&members) {
                self.send_now(id);
            }
        }
    }

    /// Whether one of these orders goes out because its price came, or did.
    fn is_leaving(&self, members: &[ClientOrderId]) -> bool {
        let mut orders = members.iter().filter_map(|id| self.core.execution.get(*id));
        orders.any(|order| match order.held() {
            Some(held) => held == Held::ForGroup,
            None => Trigger::of(&order.request).is_some(),
        })
    }

    /// An order of a group has traded, or ended.
    fn follow_member(&mut self, key: GroupId, id: ClientOrderId, traded: Quantity, has_ended: bool) {
        let Some(group) = self.core.held.group_mut(key) else { return };
        group.filled = group.filled.checked_add(traded).unwrap_or(group.filled);
        if has_ended {
            self.core.held.leave(key, id);
        }
        self.recount(key);
        self.refit(key);
        let is_settled = self.core.held.group(key).is_some_and(Group::is_settled);
        if has_ended && is_settled {
            self.wake(key, true);
        }
    }

    /// Finds anew which orders of a group count for limits.
    pub(crate) fn recount(&mut self, key: GroupId) {
        let Some(group) = self.core.held.group(key) else { return };
        let members = group.members.clone();
        let mut largest: [Option<(Quantity, ClientOrderId)>; 2] = [None; 2];
        for id in &members {
            let Some(order) = self.core.execution.get(*id) else { continue };
            let rest = order.largest_rest();
            let [buy, sell] = &mut largest;
            let place = if order.request.side == Side::Buy { buy } else { sell };
            if order.held() != Some(Held::ForEntry) && place.is_none_or(|(most, _)| rest > most) {
                *place = Some((rest, *id));
            }
        }
        for id in members {
            let counts = largest.iter().flatten().any(|(_, counted)| *counted == id);
            self.core.execution.set_shadowed(id, !counts);
        }
    }

    /// Another quantity was asked for of an order of a group.
    pub(crate) fn refit_changed(&mut self, id: ClientOrderId) {
        let Some(order) = self.core.execution.get(id) else { return };
        let Some(key) = order.group() else { return };
        let asked = order.request.quantity;
        let is_attached = order.request.flags.contains(OrderFlags::ATTACHED);
        if let Some(group) = self.core.held.group_mut(key).filter(|_| !is_attached) {
            group.total = group.total.max(asked);
        }
        self.recount(key);
        self.refit(key);
    }

    /// An exchange took another quantity of an order: one that is larger than what was asked for before is what is asked
    /// for now.
    pub(crate) fn take_change(&mut self, id: ClientOrderId) {
        self.core.execution.set_cut(id, None);
        let Some(order) = self.core.execution.get(id) else { return };
        let Some((key, stand_in)) = order.group().zip(order.stand_in.as_ref()) else { return };
        let quantity = order.request.quantity;
        let is_attached = order.request.flags.contains(OrderFlags::ATTACHED);
        if quantity <= stand_in.asked {
            return;
        }
        self.core.execution.set_asked(id, quantity);
        if let Some(group) = self.core.held.group_mut(key).filter(|_| !is_attached) {
            group.total = group.total.max(quantity);
        }
    }

    /// An exchange refused to cancel or to cut an order of a group: it is asked again with the next price, and not at once,
    /// because one that refuses everything would never be left alone.
    pub(crate) fn ask_again(&mut self, id: ClientOrderId) {
        self.core.execution.set_cut(id, None);
        let Some(order) = self.core.execution.get(id) else { return };
        let (instrument, group) = (order.request.instrument, order.group());
        if let Some(key) = group {
            self.core.held.watch(instrument, id);
            self.recount(key);
        }
    }

    /// A price came after such a refusal.
    pub(crate) fn refit_refused(&mut self, id: ClientOrderId) {
        let Some(order) = self.core.execution.get(id) else { return };
        let (instrument, group) = (order.request.instrument, order.group());
        self.core.held.unwatch(instrument, id);
        if let Some(key) = group {
            self.refit(key);
        }
    }

    /// The most that a change may make of an order at its exchange: what is attached trades no more than its entry was
    /// filled.
    pub(crate) fn most_of_attached(&self, order: &Order) -> Option<Quantity> {
        let is_attached = order.request.flags.contains(OrderFlags::ATTACHED);
        let is_sent = order.stand_in.as_ref().is_some_and(|stand_in| stand_in.waits.is_none());
        let group = order.group().filter(|_| is_attached && is_sent)?;
        order.filled.checked_add(self.core.held.group(group)?.left())
    }

    /// Cuts the orders of a group to what is left of its total, or lets those that are held grow again to it. Before its
    /// entry has ended, nobody knows the total.
    pub(crate) fn refit(&mut self, key: GroupId) {
        let Some(group) = self.core.held.group(key).filter(|group| group.is_settled()) else { return };
        let (total, filled) = (group.total, group.filled);
        for id in group.members.clone() {
            let Some(order) = self.core.execution.get(id) else { continue };
            let Some(stand_in) = &order.stand_in else { continue };
            let is_held = stand_in.waits.is_some();
            let is_attached = order.request.flags.contains(OrderFlags::ATTACHED);
            // of a change to more nobody knows yet whether the exchange takes it
            let pending = if is_attached { Quantity::ZERO } else { order.quantity_total() };
            let asked = stand_in.asked.max(pending);
            let left = group_left(total.max(pending), filled);
            let most = order.filled.checked_add(left).unwrap_or(asked).min(asked);
            let was_cut = stand_in.cut == Some(most);
            if !left.is_positive() {
                if is_held {
                    self.end_held(id, OrderState::Canceled(Reason::Group));
                } else {
                    self.cancel(id);
                }
            } else if is_held && most != order.request.quantity {
                self.core.execution.set_quantity(id, most);
                let held = self.core.execution.get(id).map(Order::as_new);
                self.outputs.extend(held.map(Output::Held));
                self.tell_own(id, OrderEventKind::Change);
            } else if !is_held
                && most < order.quantity_total()
                && order.state == OrderState::Working
                && !was_cut
            {
                let cut = RiskApproved::cut(order, most);
                self.core.execution.set_cut(id, Some(most));
                self.core.execution.change_sent(id, &cut.get().request);
                self.outputs.push(Output::Change(cut));
            }
        }
        // which of them is the largest may have changed with it
        self.recount(key);
    }
}

fn group_left(total: Quantity, filled: Quantity) -> Quantity {
    total.checked_sub(filled).filter(|left| left.is_positive()).unwrap_or(Quantity::ZERO)
}
