//! Orders and changes that were sent: nothing may have spoken against them.

use stratd_engine::{ChangeOrder, NewOrder, Scope, StrategyId};
use stratd_plugin_api::{InstrumentId, Money, OrderRequest, PositionSide, Price, Reason, Side};

use super::{
    ensure,
    gambler::{DOOMED_TAG, TAG},
    gate::Question,
    happenings::HAND_TAG,
    twin::Twin,
    working::Working,
};

impl Twin {
    /// An order is sent, that was asked for as `known`.
    pub(super) fn submit(&mut self, order: &NewOrder, known: &OrderRequest) -> Result<(), String> {
        let takes = self.scenario.takes_of(order.request.instrument.0);
        let OrderRequest { order_type, flags, lifetime, group, .. } = order.request;
        let is_taken = takes.has_type(order_type) && takes.has_flags(flags) && takes.has_lifetime(lifetime);
        ensure(is_taken && group == 0, || format!("its exchange does not take {order:?}"))?;
        if let Some(held) = self.working.get(&order.id.0).filter(|order| order.is_held).cloned() {
            return self.release(order, &held);
        }
        let OrderRequest { quantity, notional, .. } = order.request;
        self.opened(order, &OrderRequest { quantity, notional, ..*known }, false)
    }

    /// An order is taken, and sent or held.
    pub(super) fn opened(
        &mut self,
        order: &NewOrder,
        request: &OrderRequest,
        is_held: bool,
    ) -> Result<(), String> {
        let (NewOrder { id, strategy, .. }, request) = (*order, *request);
        ensure(self.submitted.insert(id.0), || format!("{id:?} was sent twice"))?;
        ensure(request.tag != DOOMED_TAG, || format!("an order of a call that failed: {order:?}"))?;
        if is_judged(&request) {
            // of a strategy that has ended, a person may still trade what it left
            ensure(request.tag == HAND_TAG || !self.ended.contains(&strategy), || {
                format!("an order of a strategy that ended: {order:?}")
            })?;
            let asked =
                Question { strategy, request: &request, quantity: request.quantity.get(), changed: None };
            let against = self.certainly_against(&asked);
            ensure(against.is_empty(), || format!("an order against {against:?}: {order:?}"))?;
        } else {
            let is_halted = self.is_halted || self.halted.contains(&request.instrument.0);
            ensure((!is_halted && !self.is_exiting) || self.has_closed, || {
                format!("a closing order in a halt or after the end: {order:?}")
            })?;
            self.closes(order, &request)?;
        }
        self.note_sent(strategy, request.instrument);
        let expected = request.notional.map_or(0, |_| self.expected(&request, 0));
        let working = Working {
            id: id.0,
            strategy,
            instrument: request.instrument.0,
            side: request.side,
            flags: request.flags,
            order_type: request.order_type,
            group: request.group,
            is_held,
            is_refused: false,
            position: self.scenario.position(&request),
            price: request.price.or(request.stop_price).map(Price::get),
            has_limit: request.price.is_some(),
            amount: request.notional.map(Money::get),
            quantity: request.quantity.get(),
            filled: 0,
            changes: (0, 0, None),
            expected,
            is_told_filled: false,
        };
        self.positions.insert(id.0, working.position);
        self.join(&working);
        self.working.insert(id.0, working);
        Ok(())
    }

    /// A closing order makes the position smaller that it is about, and does not turn it around; a netted one may be
    /// larger, because it counts what an earlier one will still have turned around.
    fn closes(&self, order: &NewOrder, request: &OrderRequest) -> Result<(), String> {
        let NewOrder { strategy, .. } = order;
        let side = self.scenario.position(request);
        let size = self.books.size((strategy.0, request.instrument.0, side));
        let held = if request.side == Side::Sell { size } else { -size };
        let is_closing = side == PositionSide::Net || request.quantity.get() <= held;
        ensure(is_closing, || format!("a closing order for more than {held}: {order:?}"))
    }

    pub(super) fn change(&mut self, change: &ChangeOrder) -> Result<(), String> {
        let ChangeOrder { id, request, .. } = *change;
        let Some(order) = self.working.get(&id.0).filter(|order| !order.is_held).cloned() else {
            return Err(format!("a change of {id:?}, which does not work"));
        };
        let quantity = request.quantity.get() - order.filled;
        // what is sent says nothing of what the engine sees to
        let judged = OrderRequest { group: order.group, flags: order.flags, ..request };
        let asked = Question { strategy: order.strategy, request: &judged, quantity, changed: Some(&order) };
        // the engine cuts an order of a group to what that leaves, whatever speaks against orders
        let is_cut = order.group != 0 && request.quantity.get() < order.quantity.max(order.changes.1);
        let against = if is_cut { Vec::new() } else { self.certainly_against(&asked) };
        ensure(against.is_empty(), || format!("a change against {against:?}: {change:?}"))?;
        self.note_sent(order.strategy, request.instrument);
        if let Some(order) = self.working.get_mut(&id.0) {
            let (count, quantity, price) = order.changes;
            let price = price.max(request.price.map(Price::get));
            order.changes = (count + 1, quantity.max(request.quantity.get()), price);
        }
        Ok(())
    }

    /// A missing price speaks only against an order that needs one; what a price would say is judged without it.
    pub(super) fn certainly_against(&self, asked: &Question<'_>) -> Vec<Reason> {
        let mut against = self.against(asked);
        // nor do the twin's books tell what can be attached to what
        let is_bound = self.scenario.takes.is_some();
        let is_certain = |reason: Reason| match reason {
            Reason::NoPrice => false,
            Reason::BadOrder | Reason::UnknownOrder => !is_bound,
            _ => true,
        };
        against.retain(|reason| is_certain(*reason));
        against
    }

    fn note_sent(&mut self, strategy: StrategyId, instrument: InstrumentId) {
        for scope in [Scope::Run, Scope::Strategy(strategy), Scope::Instrument(instrument)] {
            let rate = self.scenario.limits.get(&scope).and_then(|limits| limits.rate);
            if let Some((most, _)) = rate {
                let sent = self.sent.entry(scope).or_default();
                sent.push_back(self.now);
                // a larger rate that is set later knows no more than what the smaller one needed
                let excess = sent.len().saturating_sub(most as usize);
                sent.drain(..excess);
            }
        }
    }
}

/// Whether limits hold an order back: those of `close_all` pass them all.
pub(super) fn is_judged(request: &OrderRequest) -> bool {
    request.tag == TAG || request.tag == HAND_TAG
}
