//! Orders that the engine holds and that exclude each other, as outputs alone tell them.
//!
//! What must be so: a held order goes out once, when nothing of its group is at an exchange and its entry has ended, for
//! no more than its group leaves; nothing that could trade too much stays where it is; a price that was reached is not
//! missed. For limits a group counts as its largest order of each side, and what waits for its entry as nothing.

use std::collections::BTreeMap;

use stratd_engine::{Engine, Held, NewOrder, Order, OrderState, Scope, StrategyId, TradingState};
use stratd_plugin_api::{ClientOrderId, OrderFlags, OrderRequest, OrderType, Price, Reason, Side};

use super::{ensure, gate::Question, twin::Twin, working::Working};

/// A group is a strategy's own.
pub(super) type Key = (StrategyId, u64);

/// What orders of a number may trade together, while at least one of them works.
#[derive(Default)]
pub(super) struct Excluding {
    /// The largest quantity that was asked for.
    largest: i64,
    /// Its orders, also those that have ended.
    members: Vec<u64>,
}

impl Twin {
    /// Limits count an order as nothing that waits for its entry, or that a larger one of its group excludes.
    pub(super) fn counted(&self) -> BTreeMap<u64, i128> {
        let mut counted: BTreeMap<u64, i128> = BTreeMap::new();
        let mut largest: BTreeMap<(Key, Side), (i64, u64)> = BTreeMap::new();
        for order in self.working.values() {
            let Some(key) = order.key() else {
                counted.insert(order.id, order.open().into());
                continue;
            };
            if self.waits_for_entry(order) {
                continue;
            }
            let place = largest.entry((key, order.side)).or_insert((-1, 0));
            if order.open() > place.0 {
                *place = (order.open(), order.id);
            }
        }
        counted.extend(largest.into_values().map(|(open, id)| (id, i128::from(open))));
        counted
    }

    fn waits_for_entry(&self, order: &Working) -> bool {
        let entry = order.entry().and_then(|id| self.working.get(&id));
        let is_filled = entry.is_none_or(|entry| entry.filled > 0);
        order.is_held && order.entry().is_some() && !(order.waits_for_price() && is_filled)
    }

    /// What was booked of an order, however late.
    fn traded(&self, id: u64) -> i64 {
        self.booked.get(&id).into_iter().flat_map(BTreeMap::values).sum()
    }

    /// What a group leaves for an order that goes out.
    fn left(&self, key: Key, entry: Option<u64>) -> i64 {
        let Some(group) = self.excluding.get(&key) else { return 0 };
        let total = entry.map_or(group.largest, |entry| self.traded(entry));
        total - group.members.iter().map(|id| self.traded(*id)).sum::<i64>()
    }

    /// An order joins its group. One of numbers begins anew after its last order; one of an entry never does.
    pub(super) fn join(&mut self, order: &Working) {
        let Some(key) = order.key() else { return };
        let works = |id: &u64| self.working.contains_key(id);
        let group = self.excluding.entry(key).or_default();
        if order.entry().is_none() && !group.members.iter().any(works) {
            *group = Excluding::default();
        }
        group.largest = group.largest.max(order.quantity);
        if !group.members.contains(&order.id) {
            group.members.push(order.id);
        }
    }

    /// The engine holds an order, or tells that one that it holds is another one now.
    pub(super) fn held(&mut self, order: &NewOrder) -> Result<(), String> {
        let NewOrder { id, request, .. } = order;
        if let Some(known) = self.working.get_mut(&id.0) {
            ensure(known.is_held, || format!("an order is held that was sent: {order:?}"))?;
            known.quantity = request.quantity.get();
            known.price = request.price.or(request.stop_price).map(Price::get);
            let known = known.clone();
            self.join(&known);
            return Ok(());
        }
        let takes = self.scenario.takes_of(request.instrument.0);
        let is_taken = takes.has_type(request.order_type) && request.group == 0;
        ensure(!is_taken, || format!("an order is held that its exchange takes: {order:?}"))?;
        self.opened(order, request, true)
    }

    /// A held order goes out.
    pub(super) fn release(&mut self, order: &NewOrder, held: &Working) -> Result<(), String> {
        let quantity = order.request.quantity.get();
        if let Some(key) = held.key() {
            let left = self.left(key, held.entry());
            ensure(quantity <= left, || format!("{left} is left of its group: {order:?}"))?;
            let entry = held.entry().and_then(|id| self.working.get(&id));
            ensure(entry.is_none(), || format!("its entry works still: {order:?}"))?;
            let mut others = self.working.values().filter(|other| other.key() == Some(key) && !other.is_held);
            let other = others.find(|other| held.is_stop() || other.is_stop());
            ensure(other.is_none(), || {
                format!("{order:?} goes out beside {:?}", other.map(|other| other.id))
            })?;
        }
        let judged = OrderRequest { group: held.group, flags: held.flags, ..order.request };
        let judged = OrderRequest { flags: judged.flags.without(OrderFlags::ATTACHED), ..judged };
        let asked = Question { strategy: order.strategy, request: &judged, quantity, changed: Some(held) };
        let against = self.certainly_against(&asked);
        ensure(against.is_empty(), || format!("a held order went out against {against:?}: {order:?}"))?;
        if let Some(order) = self.working.get_mut(&held.id) {
            (order.is_held, order.quantity) = (false, quantity);
        }
        Ok(())
    }

    /// A held order ends, because a limit speaks against it when it goes out.
    pub(super) fn denied_held(&self, order: &Order, held: &Working, reason: Reason) -> Result<(), String> {
        let left = held.key().map_or(held.quantity, |key| self.left(key, held.entry()));
        let quantity = held.quantity.min(left);
        let mut judged = OrderRequest {
            flags: order.request.flags.without(OrderFlags::ATTACHED),
            stop_price: None,
            ..order.request
        };
        judged.order_type = if judged.price.is_some() { OrderType::Limit } else { OrderType::Market };
        let asked = Question { strategy: order.strategy, request: &judged, quantity, changed: Some(held) };
        let against = self.against(&asked);
        ensure(against.contains(&reason), || {
            format!("a held order was denied for {reason}, and against it is {against:?}: {order:?}")
        })
    }

    /// What the engine holds and looks after is what the outputs say, and all of it is where it must be.
    pub(super) fn compare_held(&self, engine: &Engine) -> Result<(), String> {
        for order in engine.working_orders() {
            let known = self.working.get(&order.id.0);
            ensure(known.is_some_and(|known| known.is_held == order.held().is_some()), || {
                format!("whether it is held is not told: {order:?}")
            })?;
            ensure(order.held().is_none() || !self.is_exiting, || format!("held after the end: {order:?}"))?;
            if let Some(key) = known.and_then(Working::key) {
                let is_member = engine.group_members(key).any(|id| id == order.id);
                ensure(is_member, || format!("not in its group: {order:?}"))?;
            }
            self.compare_price(engine, order)?;
        }
        engine.groups().try_for_each(|key| self.compare_group(engine, key))
    }

    fn compare_group(&self, engine: &Engine, key: Key) -> Result<(), String> {
        let group = engine.group(key).ok_or_else(|| format!("{key:?} is no group"))?;
        let mut members = engine.group_members(key).peekable();
        ensure(members.peek().is_some(), || format!("{key:?} has no order"))?;
        let has_entry = engine.working_order(ClientOrderId(key.1)).is_some();
        let left = (group.total.get() - group.filled.get()).max(0);
        for id in members {
            let Some(order) = engine.working_order(id) else {
                return Err(format!("order {id} of {key:?} does not work"));
            };
            let Some(known) = self.working.get(&id.0) else { return Err(format!("{id} is not known")) };
            let (rest, is_asked) = (known.open(), known.changes.0 > 0 || known.is_refused);
            let is_canceled = matches!(order.state, OrderState::PendingCancel(_));
            let is_settled =
                has_entry || is_canceled || is_asked || order.state != OrderState::Working || rest <= left;
            ensure(is_settled, || {
                format!("{rest} is open of {order:?}, and its group leaves {left}: {group:?}")
            })?;
        }
        Ok(())
    }

    /// A price that was reached is not missed, unless nothing may go out.
    fn compare_price(&self, engine: &Engine, order: &Order) -> Result<(), String> {
        let OrderRequest { instrument, side, order_type, .. } = order.request;
        let scopes = [Scope::Run, Scope::Strategy(order.strategy), Scope::Instrument(instrument)];
        let is_stopped = |scope: &Scope| {
            let has_hours = self.scenario.limits.get(scope).is_some_and(|limits| limits.has_hours);
            has_hours || engine.trading_state(*scope).0 == TradingState::Halted
        };
        let is_stopped = self.is_halted
            || self.halted.contains(&instrument.0)
            || self.price_of_step != Some(instrument.0)
            || scopes.iter().any(is_stopped);
        let (Some(level), Some(last), Some(Held::ForPrice)) =
            (order.level(), self.last.get(&instrument.0), order.held())
        else {
            return Ok(());
        };
        let (level, last) = (level.get(), *last);
        let rises = match order_type {
            OrderType::StopMarket | OrderType::StopLimit | OrderType::TrailingStop => side == Side::Buy,
            OrderType::Market | OrderType::Limit | OrderType::MarketIfTouched | OrderType::LimitIfTouched => {
                side == Side::Sell
            }
        };
        let is_reached = if rises { last >= level } else { last <= level };
        ensure(is_stopped || !is_reached, || format!("{last} was not seen by {order:?}"))
    }
}

impl Working {
    /// Its group, if others are excluded by it.
    pub(super) fn key(&self) -> Option<Key> {
        (self.group != 0).then_some((self.strategy, self.group))
    }

    /// The order that it is attached to.
    pub(super) fn entry(&self) -> Option<u64> {
        self.flags.contains(OrderFlags::ATTACHED).then_some(self.group)
    }

    fn waits_for_price(&self) -> bool {
        self.is_stop() || self.has_limit
    }

    /// Whether it goes out at a price and alone.
    pub(super) fn is_stop(&self) -> bool {
        !matches!(self.order_type, OrderType::Market | OrderType::Limit)
    }
}
