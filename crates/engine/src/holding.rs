//! Orders that the engine holds: taken, watched, sent, ended.
//!
//! ```text
//! request → gate → held (Output::Held, on_received) ─ price ─► the others of its group leave → gate → Output::Submit
//! ```
//! What reaches a price: the last price when the order is taken, then every trade and every bar, and the quotes of an
//! instrument that never traded; before the strategies hear of the event. While trading is halted, or no session is open,
//! nothing is sent: the first price afterwards counts.

use stratd_orderbook::Seen;
use stratd_plugin_api::{
    ClientOrderId, InstrumentId, Lifetime, OrderEventKind, OrderFlags, OrderRequest, Price, Quantity, Reason,
    Timestamp, abi,
};

use crate::{
    Denial, Engine, Held, NewOrder, Order, OrderState, Output, RiskApproved, Scope, StrategyId, TradingState,
    core::Core,
    execution::own_event,
    held::GroupId,
    risk::{self, Passed, Refusal},
    stand_in::StandIn,
};

/// A cancel at the end of a lifetime that the exchange refuses is sent again so much later.
const EXPIRE_AGAIN_NS: i64 = 1_000_000_000;

impl Order {
    /// The group that the engine looks after.
    pub(crate) fn group(&self) -> Option<GroupId> {
        (self.stand_in.is_some() && self.request.group != 0).then_some((self.strategy, self.request.group))
    }
}

impl Core {
    /// Whether an order that the exchange would not guard against it would trade at once, as far as quotes tell.
    fn check_entry(&self, request: &OrderRequest) -> Result<(), Reason> {
        let price = request.price.ok_or(Reason::BadOrder)?;
        let quote = self.market.quote_of(request.instrument).ok_or(Reason::NoPrice)?;
        if quote.would_trade(request.side, price) { Err(Reason::WouldExecute) } else { Ok(()) }
    }

    /// Whether an order could go out now, whatever limits say to its size.
    fn is_open_for(&self, strategy: StrategyId, instrument: InstrumentId) -> bool {
        let is_halted = self.is_exiting || self.is_halted || self.halted.contains(&instrument);
        let scopes = [Scope::Run, Scope::Strategy(strategy), Scope::Instrument(instrument)];
        let views = scopes.into_iter().filter_map(|scope| self.risk.view(scope, 0, self.now));
        let mut stops = views.filter(|view| {
            let is_closed = view.limits.trading_hours.is_some() && !view.is_open;
            view.state.0 == TradingState::Halted || is_closed
        });
        !is_halted && !self.instruments.has_left(instrument) && stops.next().is_none()
    }

    /// When a lifetime ends: a day with the session of the instrument, or where no hours are known with the day in UTC.
    fn end_of(&self, strategy: StrategyId, request: &OrderRequest) -> Option<Timestamp> {
        match request.lifetime {
            Lifetime::Gtc => None,
            Lifetime::Gtd(end) => Some(end),
            Lifetime::Day => {
                let close = self.risk.next_close(strategy, request.instrument, self.now);
                close.or_else(|| {
                    let next_day = self.now.day().checked_add(1)?;
                    next_day.checked_mul(Timestamp::DAY_NS).map(Timestamp::new)
                })
            }
        }
    }
}

impl Engine {
    /// Opens an order for which the engine does something, and sends or holds it.
    pub(crate) fn open_apart(&mut self, order: &RiskApproved<NewOrder>, mut stand_in: StandIn) {
        let NewOrder { id, strategy, request, .. } = *order.get();
        let now = self.core.now;
        if stand_in.waits.is_some() || !stand_in.expires_there(request.lifetime) {
            stand_in.expires = self.core.end_of(strategy, &request);
        }
        if let Some(at) = stand_in.expires {
            self.core.held.expire_at(at, id);
        }
        let waits = stand_in.waits;
        let sent = order.sent_as(&stand_in);
        self.core.execution.open_apart(order, now, stand_in);
        self.core.risk.note_sent(strategy, request.instrument, now);
        self.expect_quantity(order.get());
        match waits {
            None => self.outputs.push(Output::Submit(sent)),
            Some(_) => {
                self.outputs.push(Output::Held(*order.get()));
                self.tell_own(id, OrderEventKind::Received);
            }
        }
        self.join_group(id);
        match waits {
            Some(Held::ForPrice) => {
                self.core.held.watch(request.instrument, id);
                self.offer_last(id);
            }
            Some(Held::ForEntry) => self.look_at_entry(id),
            Some(Held::ForGroup) | None => {}
        }
    }

    /// Why an order that passes the gate cannot be taken nevertheless: it would trade at once, or there is nothing that it
    /// could be attached to.
    pub(crate) fn check_stand_in(
        &self,
        strategy: StrategyId,
        request: &OrderRequest,
        stand_in: &StandIn,
    ) -> Result<(), Reason> {
        if stand_in.waits.is_none() && stand_in.guards_entry(request) {
            self.core.check_entry(request)?;
        }
        self.check_group(strategy, request)
    }

    /// Tells a strategy how its order stands.
    pub(crate) fn tell_own(&mut self, id: ClientOrderId, kind: OrderEventKind) {
        if let Some(order) = self.core.execution.get(id) {
            let event = abi::OrderEvent { seq: self.core.seq, ..own_event(order, kind, self.core.now) };
            self.told.push_back((order.strategy, event));
        }
    }

    /// Shows an event to the orders that wait for a price of its instrument.
    pub(crate) fn offer_to_held(&mut self, event: &abi::Event) {
        let instrument = InstrumentId(event.instrument);
        for id in self.core.held.watched(instrument) {
            let side = self.core.execution.get(id).map(|order| order.request.side);
            if let Some(seen) = side.and_then(|side| self.core.market.seen(event, side)) {
                self.offer(id, seen);
            }
        }
    }

    /// Shows an order the last price.
    pub(crate) fn offer_last(&mut self, id: ClientOrderId) {
        let Some(order) = self.core.execution.get(id) else { return };
        let last = self.core.market.price_for(order.request.instrument, order.request.side);
        if let Some(last) = last {
            self.offer(id, Seen::at(last));
        }
    }

    fn offer(&mut self, id: ClientOrderId, seen: Seen) {
        let Some(order) = self.core.execution.get(id) else { return };
        if order.held().is_none() {
            return self.refit_refused(id);
        }
        if !self.core.is_open_for(order.strategy, order.request.instrument) {
            return;
        }
        let is_due = match order.held() {
            Some(Held::ForPrice) => {
                let before = order.level();
                let is_due = self.core.execution.take_price(id, seen);
                if self.core.execution.get(id).and_then(Order::level) != before {
                    self.core.held.touch(id);
                }
                is_due
            }
            // what stood in its way may have been left there: its cancel is sent again
            Some(Held::ForGroup) => true,
            Some(Held::ForEntry) | None => false,
        };
        if is_due {
            self.send_alone(id);
        }
    }

    /// Sends a held order, once those that it excludes have left the exchange.
    pub(crate) fn send_alone(&mut self, id: ClientOrderId) {
        if self.core.execution.get(id).is_none_or(|order| order.held().is_none()) {
            return;
        }
        self.set_waits(id, Held::ForGroup);
        for blocker in self.blockers(id) {
            self.cancel(blocker);
        }
        let is_held = self.core.execution.get(id).is_some_and(|order| order.held().is_some());
        if !is_held || !self.blockers(id).is_empty() {
            return;
        }
        self.send_now(id);
    }

    /// Says what a held order waits for.
    pub(crate) fn set_waits(&mut self, id: ClientOrderId, held: Held) {
        self.core.execution.set_waits(id, held);
        self.core.held.touch(id);
    }

    /// Sends a held order, unless it is on its way already: one that is refused wakes the others of its group.
    pub(crate) fn send_now(&mut self, id: ClientOrderId) {
        if self.core.execution.get(id).is_none_or(|order| order.held().is_none()) {
            return;
        }
        match self.approve_release(id) {
            Some(Ok(passed)) => self.send_held(id, passed),
            Some(Err(refusal)) => self.deny_held(id, refusal),
            None => {
                self.end_held(id, OrderState::Canceled(Reason::Group));
            }
        }
    }

    /// What the gate makes of a held order that goes out now; `None`: its group leaves nothing for it.
    fn approve_release(&self, id: ClientOrderId) -> Option<Result<Passed, Refusal>> {
        let order = self.core.execution.get(id)?;
        let stand_in = order.stand_in.as_ref()?;
        let quantity = self.allowance(order).min(order.request.quantity);
        if !quantity.is_positive() {
            return None;
        }
        // a stop far from a price that jumped over it is a market order now
        let judged = OrderRequest {
            quantity,
            flags: order.request.flags.without(OrderFlags::ATTACHED),
            group: order.request.group,
            lifetime: order.request.lifetime,
            ..stand_in.as_sent(&order.request)
        };
        if stand_in.guards_entry(&judged)
            && let Err(reason) = self.core.check_entry(&judged)
        {
            return Some(Err(reason.into()));
        }
        let Some(mut view) = self.core.gate_view(order.strategy, &judged, Some(order)) else {
            return Some(Err(Reason::UnknownInstrument.into()));
        };
        // it was counted when it was asked for
        view.forget_rate();
        Some(risk::check(judged, &view))
    }

    fn send_held(&mut self, id: ClientOrderId, Passed { request, reduced }: Passed) {
        let now = self.core.now;
        let Some(order) = self.core.execution.get(id) else { return };
        let (strategy, exchange, instrument) = (order.strategy, order.exchange, order.request.instrument);
        let Some(stand_in) = order.stand_in.clone() else { return };
        self.core.held.unwatch(instrument, id);
        if let Some(at) = stand_in.expires.filter(|_| stand_in.expires_there(order.request.lifetime)) {
            self.core.held.forget_expiry(at, id);
        }
        self.core.execution.released(id, request.get().quantity, now);
        // what waited for its entry counted as nothing
        if let Some(group) = self.core.execution.get(id).and_then(Order::group) {
            self.recount(group);
        }
        let sent = request.into_order(id, strategy, exchange).sent_as(&stand_in);
        self.outputs.push(Output::Submit(sent));
        match reduced {
            Some(reduced) => self.reduced((strategy, id), &reduced, false),
            None => self.tell_own(id, OrderEventKind::Change),
        }
    }

    /// Ends a held order that the gate does not let pass any more.
    fn deny_held(&mut self, id: ClientOrderId, Refusal { reason, breach }: Refusal) {
        let Some(order) = self.core.execution.get(id) else { return };
        let (strategy, request) = (order.strategy, order.request);
        if let Some(slot) = self.strategies.get_mut(strategy.index()) {
            slot.statistics.denials = slot.statistics.denials.wrapping_add(1);
        }
        self.outputs.push(Output::Denied(Denial {
            order: id,
            is_change: false,
            strategy,
            at: self.core.now,
            request,
            instrument: request.instrument,
            side: request.side,
            asked: request.quantity,
            allowed: Quantity::ZERO,
            reason,
            breach,
        }));
        self.end_held(id, OrderState::Denied(reason));
    }

    /// Ends a held order; false if there is none of that id.
    pub(crate) fn end_held(&mut self, id: ClientOrderId, end: OrderState) -> bool {
        let (seq, now) = (self.core.seq, self.core.now);
        let Some(order) = self.core.execution.end_held(id, end, (seq, now)) else { return false };
        self.core.held.unwatch(order.request.instrument, id);
        let kind = match end {
            OrderState::Denied(_) => OrderEventKind::Rejected,
            OrderState::PendingNew
            | OrderState::Working
            | OrderState::PendingCancel(_)
            | OrderState::Unknown
            | OrderState::Filled
            | OrderState::Canceled(_)
            | OrderState::Expired
            | OrderState::Rejected(_) => OrderEventKind::Canceled,
        };
        let event = abi::OrderEvent { seq, ..own_event(&order, kind, now) };
        self.told.push_back((order.strategy, event));
        self.outputs.push(Output::OrderFinished(order));
        self.follow(id, Quantity::ZERO, true);
        true
    }

    /// Another price, or another quantity, for an order that is held.
    pub(crate) fn change_held(&mut self, id: ClientOrderId, request: &OrderRequest, price: Price) {
        let Some(order) = self.core.execution.change_held(id, request, price, self.core.now) else { return };
        self.outputs.push(Output::Held(order));
        self.core.risk.note_sent(order.strategy, request.instrument, self.core.now);
        self.tell_own(id, OrderEventKind::Change);
        self.refit_changed(id);
        self.offer_last(id);
    }

    /// Ends the orders whose lifetime is over.
    pub(crate) fn expire_orders(&mut self) {
        while let Some(id) = self.core.held.pop_expired(self.core.now) {
            let Some(order) = self.core.execution.get(id) else { continue };
            if order.held().is_some() {
                self.end_held(id, OrderState::Expired);
            } else if self.cancel(id) {
                self.core.execution.mark_expired(id);
            }
        }
    }

    /// The exchange refused to cancel an order whose lifetime is over.
    pub(crate) fn expire_again(&mut self, id: ClientOrderId) {
        if self.core.execution.get(id).is_some_and(Order::has_expired)
            && let Some(at) = self.core.now.checked_add(EXPIRE_AGAIN_NS)
        {
            self.core.held.expire_at(at, id);
        }
    }
}
