//! From requests to outputs: risk.check → execution.open.

use stratd_plugin_api::{
    ClientOrderId, InstrumentId, OrderEventKind, OrderFlags, OrderRequest, PositionSide, Price, Quantity,
    Reason, Side, abi,
};

use crate::{
    CancelOrder, ChangeOrder, Denial, Engine, NewOrder, Order, OrderState, Output, Position, RiskApproved,
    StrategyId,
    apart::changed,
    execution::own_event,
    position::PositionId,
    request::Request,
    risk::{self, Passed, Reduced, Refusal},
    stand_in::stand_in_for,
};

/// A strategy that answers every refusal with a new order would never end its step: after this many refusals in one
/// step it fails with `host_limit`. What the engine tells of orders that it holds counts, too, as a hundredth each.
const REFUSALS_PER_STEP_MAX: usize = 1_000 * REFUSAL_WEIGHT;
const REFUSAL_WEIGHT: usize = 100;

fn weight_of(event: &abi::OrderEvent) -> usize {
    let is_of_held = match OrderEventKind::from_code(event.kind) {
        Some(OrderEventKind::Received | OrderEventKind::Canceled) => true,
        // one that was cut has a reason
        Some(OrderEventKind::Change) => event.reason == abi::reason::NONE,
        Some(
            OrderEventKind::Open
            | OrderEventKind::Cancel
            | OrderEventKind::Fill
            | OrderEventKind::Rejected
            | OrderEventKind::Bought
            | OrderEventKind::Sold
            | OrderEventKind::RequestRejected,
        )
        | None => false,
    };
    if is_of_held { 1 } else { REFUSAL_WEIGHT }
}

impl Engine {
    /// Carries out what the strategies asked for, then tells them of refusals, until nobody asks for more.
    #[inline]
    pub(crate) fn carry_out_requests(&mut self) {
        // most reports leave nothing to do
        if !self.told.is_empty() || self.strategies.iter().any(|slot| !slot.requests.is_empty()) {
            self.carry_out_all();
        }
    }

    #[inline(never)]
    fn carry_out_all(&mut self) {
        let mut refusals = 0usize;
        loop {
            for index in 0..self.strategies.len() {
                let Some(slot) = self.strategies.get_mut(index).filter(|slot| !slot.requests.is_empty())
                else {
                    continue;
                };
                let requests = std::mem::take(&mut slot.requests);
                let Ok(id) = u16::try_from(index) else { continue };
                for request in &requests {
                    self.carry_out(StrategyId(id), request);
                }
                self.give_back(index, requests);
            }
            let Some((strategy, event)) = self.told.pop_front() else {
                // telling may have made requests
                if self.strategies.iter().all(|slot| slot.requests.is_empty()) {
                    return;
                }
                continue;
            };
            refusals = refusals.saturating_add(weight_of(&event));
            if refusals > REFUSALS_PER_STEP_MAX {
                if !self.too_many_refusals(strategy) {
                    continue;
                }
                // the old instance is not to blame for the refusals so far
                refusals = 0;
            }
            self.deliver_order(strategy, &event);
        }
    }

    /// Keeps the buffer's memory for the next call.
    fn give_back(&mut self, index: usize, mut requests: Vec<Request>) {
        requests.clear();
        if let Some(slot) = self.strategies.get_mut(index)
            && slot.requests.is_empty()
        {
            slot.requests = requests;
        }
    }

    /// Ends the strategy, unless its old instance can take over: then true.
    fn too_many_refusals(&mut self, strategy: StrategyId) -> bool {
        let message = format!(
            "more than {} requests were refused in one step (expected: no new order for every refusal)",
            REFUSALS_PER_STEP_MAX / REFUSAL_WEIGHT
        );
        let fault = stratd_plugin_api::Fault { reason: Reason::HostLimit, message, index: 0 };
        let was_guarded = self.is_on_probation(strategy);
        self.fail_between_calls(strategy, &fault);
        was_guarded
    }

    fn carry_out(&mut self, strategy: StrategyId, request: &Request) {
        let is_started =
            self.strategies.get(strategy.index()).is_some_and(crate::strategies::Slot::is_started);
        match request {
            // what a strategy still asked for before it ended: only cancels are heard
            Request::New(id, raw) if !is_started => {
                self.deny_raw(strategy, *id, raw, Reason::StrategyStopped.into())
            }
            Request::Change(..)
            | Request::CloseAll(_)
            | Request::Stop(_)
            | Request::Shutdown(_)
            | Request::Metric(..)
            | Request::Bars(..)
                if !is_started => {}
            Request::New(id, raw) => self.new_order(strategy, *id, raw),
            Request::Cancel(id) => {
                let is_own = self.core.execution.ids().owner(*id) == Some(strategy);
                if !is_own || !self.cancel(*id) {
                    self.refuse_request(strategy, *id, Reason::UnknownOrder);
                }
            }
            Request::Change(id, price, quantity) => self.change_order(strategy, *id, *price, *quantity),
            Request::CancelAll(instrument) => self.cancel_all(strategy, *instrument),
            Request::CloseAll(instrument) => self.close_all(strategy, *instrument, false),
            Request::Stop(reason) => self.stop_strategy(strategy, Reason::StrategyStopped, reason),
            Request::Shutdown(reason) => self.shutdown(strategy, reason),
            Request::Bars(instrument, number) => self.begin_bars(strategy, *instrument, *number),
            Request::Metric(name, value) => {
                self.outputs.push(Output::Metric { strategy, name: name.clone(), value: *value });
            }
        }
    }

    pub(crate) fn new_order(&mut self, strategy: StrategyId, id: ClientOrderId, raw: &abi::OrderRequest) {
        if let Some(slot) = self.strategies.get_mut(strategy.index()).filter(|_| !self.core.is_warming_up) {
            slot.statistics.orders = slot.statistics.orders.wrapping_add(1);
        }
        let routed = match self.routed(strategy, raw) {
            Ok(routed) => routed,
            Err(reason) => return self.deny_raw(strategy, id, raw, reason.into()),
        };
        let raw = routed.as_ref().unwrap_or(raw);
        let exchange = self.exchange_of(InstrumentId(raw.instrument)).unwrap_or_default();
        match self.approve_new(strategy, raw) {
            Ok(Passed { request, reduced }) => {
                let order = request.into_order(id, strategy, exchange);
                match stand_in_for(&order.get().request, self.core.takes(exchange)) {
                    Ok(None) => self.open(&order),
                    Ok(Some(stand_in)) => self.open_apart(&order, stand_in),
                    Err(reason) => return self.deny_raw(strategy, id, raw, reason.into()),
                }
                if let Some(reduced) = reduced {
                    self.reduced((strategy, id), &reduced, false);
                }
            }
            Err(refusal) => self.deny_raw(strategy, id, raw, refusal),
        }
    }

    /// Opens an order that risk approved, and sends it.
    fn open(&mut self, order: &RiskApproved<NewOrder>) {
        let NewOrder { strategy, request, .. } = *order.get();
        self.core.execution.open(order, self.core.now);
        self.core.risk.note_sent(strategy, request.instrument, self.core.now);
        self.expect_quantity(order.get());
        self.outputs.push(Output::Submit(*order));
    }

    /// Tells that an order, or a change of one, was cut down. The strategy hears of it as of a change of its order.
    pub(crate) fn reduced(
        &mut self,
        (strategy, id): (StrategyId, ClientOrderId),
        reduced: &Reduced,
        is_change: bool,
    ) {
        let Reduced { why, asked, request } = *reduced;
        let Some(order) = self.core.execution.get(id) else { return };
        let total = if order.quantity_expected.is_positive() {
            order.quantity_expected
        } else {
            order.quantity_total()
        };
        self.outputs.push(Output::Reduced(Denial {
            order: id,
            is_change,
            strategy,
            at: self.core.now,
            request,
            instrument: request.instrument,
            side: request.side,
            asked,
            allowed: total,
            reason: why.reason,
            breach: why.breach,
        }));
        let event = own_event(order, OrderEventKind::Change, self.core.now);
        let reason = why.reason.code();
        self.told.push_back((
            strategy,
            abi::OrderEvent { seq: self.core.seq, quantity: total.get(), reason, ..event },
        ));
    }

    /// An order by amount has no quantity yet; until the exchange tells it, what the amount can buy counts.
    pub(crate) fn expect_quantity(&mut self, order: &NewOrder) {
        if order.request.notional.is_none() {
            return;
        }
        let view = self.core.risk_view(order.strategy, &order.request, None);
        if let Some(quantity) = view.and_then(|view| risk::quantity_bought(&order.request, &view)) {
            self.core.execution.expect_quantity(order.id, quantity);
        }
    }

    fn deny_raw(
        &mut self,
        strategy: StrategyId,
        id: ClientOrderId,
        raw: &abi::OrderRequest,
        refusal: Refusal,
    ) {
        let instrument = InstrumentId(raw.instrument);
        let exchange = self.exchange_of(instrument).unwrap_or_default();
        // an order that could not even be read is kept with what can be shown of it
        let shown = OrderRequest::try_from(raw)
            .unwrap_or_else(|_| OrderRequest::market(instrument, Quantity::new(raw.quantity)));
        self.deny(Order::new(id, strategy, exchange, shown, self.core.now), refusal);
    }

    pub(crate) fn approve_new(
        &self,
        strategy: StrategyId,
        raw: &abi::OrderRequest,
    ) -> Result<Passed, Refusal> {
        if self.core.is_warming_up {
            return Err(Reason::WarmUp.into());
        }
        if self.core.is_exiting {
            return Err(Reason::RunEnded.into());
        }
        let request = OrderRequest::try_from(raw)?;
        let view = self.core.gate_view(strategy, &request, None).ok_or(Reason::UnknownInstrument)?;
        let passed = risk::check(request, &view)?;
        let exchange = self.exchange_of(request.instrument).unwrap_or_default();
        if let Some(stand_in) = stand_in_for(&request, self.core.takes(exchange))? {
            self.check_stand_in(strategy, &request, &stand_in)?;
        }
        Ok(passed)
    }

    fn deny(&mut self, mut order: Order, refusal: Refusal) {
        let Refusal { reason, breach } = refusal;
        order.seq = self.core.seq;
        let strategy = order.strategy;
        if self.core.is_warming_up {
            // the strategy hears of it, and nobody else: it is no order of this run
            order.state = OrderState::Denied(reason);
            let event = own_event(&order, OrderEventKind::Rejected, self.core.now);
            self.told.push_back((strategy, abi::OrderEvent { seq: self.core.seq, ..event }));
            return;
        }
        if let Some(slot) = self.strategies.get_mut(strategy.index()) {
            slot.statistics.denials = slot.statistics.denials.wrapping_add(1);
        }
        self.outputs.push(Output::Denied(Denial {
            order: order.id,
            is_change: false,
            strategy,
            at: self.core.now,
            request: order.request,
            instrument: order.request.instrument,
            side: order.request.side,
            asked: order.request.quantity,
            allowed: Quantity::ZERO,
            reason,
            breach,
        }));
        let mut shown = order.clone();
        let event = self.core.execution.deny(order, reason);
        shown.state = OrderState::Denied(reason);
        self.outputs.push(Output::OrderFinished(shown));
        self.told.push_back((strategy, abi::OrderEvent { seq: self.core.seq, ..event }));
    }

    /// Sends a cancel; false if there is nothing to cancel.
    pub(crate) fn cancel(&mut self, id: ClientOrderId) -> bool {
        if self.core.execution.get(id).is_some_and(|order| order.held().is_some()) {
            let reason = if self.core.is_exiting { Reason::RunEnded } else { Reason::Requested };
            return self.end_held(id, OrderState::Canceled(reason));
        }
        let Some(order) = self.core.execution.cancel_sent(id, self.core.now) else { return false };
        let cancel = CancelOrder::of(order);
        self.outputs.push(Output::Cancel(cancel));
        true
    }

    pub(crate) fn change_order(
        &mut self,
        strategy: StrategyId,
        id: ClientOrderId,
        price: Price,
        quantity: Quantity,
    ) {
        match self.approve_change(strategy, id, price, quantity) {
            Ok((change, reduced)) => {
                let ChangeOrder { request, .. } = *change.get();
                if self.core.execution.get(id).is_some_and(|order| order.held().is_some()) {
                    return self.change_held(id, &request, price);
                }
                self.core.execution.change_sent(id, &request);
                if let Some(group) = self.core.execution.get(id).and_then(Order::group) {
                    self.recount(group);
                }
                self.core.risk.note_sent(strategy, request.instrument, self.core.now);
                self.outputs.push(Output::Change(change));
                if let Some(reduced) = reduced {
                    self.reduced((strategy, id), &reduced, true);
                }
            }
            Err(refusal) => {
                self.deny_change(strategy, id, (price, quantity), refusal);
                self.refuse_request(strategy, id, refusal.reason);
            }
        }
    }

    /// Tells that a change of an own order was denied. What is no order of the strategy is no matter of risk.
    fn deny_change(
        &mut self,
        strategy: StrategyId,
        id: ClientOrderId,
        (price, asked): (Price, Quantity),
        refusal: Refusal,
    ) {
        let Some(order) = self.core.execution.get(id).filter(|order| order.strategy == strategy) else {
            return;
        };
        self.outputs.push(Output::Denied(Denial {
            order: id,
            is_change: true,
            strategy,
            at: self.core.now,
            request: changed(order, price, asked),
            instrument: order.request.instrument,
            side: order.request.side,
            asked,
            allowed: Quantity::ZERO,
            reason: refusal.reason,
            breach: refusal.breach,
        }));
    }

    pub(crate) fn approve_change(
        &self,
        strategy: StrategyId,
        id: ClientOrderId,
        price: Price,
        quantity: Quantity,
    ) -> Result<(RiskApproved<ChangeOrder>, Option<Box<Reduced>>), Refusal> {
        if self.core.is_exiting {
            return Err(Reason::RunEnded.into());
        }
        let order = self.core.execution.get(id).filter(|order| order.strategy == strategy);
        let order = order.ok_or(Reason::UnknownOrder)?;
        let quantity = self.most_of_attached(order).map_or(quantity, |most| most.min(quantity));
        if quantity <= order.filled {
            return Err(Reason::VolumeNotAboveFilled.into());
        }
        let changed = changed(order, price, quantity);
        // what is filled is in the position already: only the rest is judged
        let rest = quantity.checked_sub(order.filled).ok_or(Reason::Overflow)?;
        let judged = OrderRequest { quantity: rest, ..as_it_works(order, changed) };
        let view = self.core.gate_view(strategy, &judged, Some(order)).ok_or(Reason::UnknownInstrument)?;
        let Passed { request, reduced } = risk::check(judged, &view)?;
        let reduced =
            reduced.map(|reduced| Box::new(Reduced { asked: quantity, request: changed, ..*reduced }));
        let change = request.into_change(order).ok_or(Reason::Overflow)?;
        let sent = order.stand_in.as_ref().filter(|stand_in| stand_in.waits.is_none());
        Ok((sent.map_or(change, |stand_in| change.sent_as(stand_in)), reduced))
    }

    fn refuse_request(&mut self, strategy: StrategyId, id: ClientOrderId, reason: Reason) {
        let event = match self.core.execution.get(id).filter(|order| order.strategy == strategy) {
            Some(order) => own_event(order, OrderEventKind::RequestRejected, self.core.now),
            None => abi::OrderEvent {
                ts: self.core.now.get(),
                client_order_id: id.0,
                kind: OrderEventKind::RequestRejected.code(),
                status: abi::order_status::UNKNOWN,
                ..abi::OrderEvent::default()
            },
        };
        self.told
            .push_back((strategy, abi::OrderEvent { seq: self.core.seq, reason: reason.code(), ..event }));
    }

    /// Cancels all orders and sends market orders against all positions. What an earlier call sent works on and is
    /// counted: asked for twice, a position is closed once. `is_forced`: trading stops, and nobody asked.
    pub(crate) fn close_all(
        &mut self,
        strategy: StrategyId,
        instrument: Option<InstrumentId>,
        is_forced: bool,
    ) {
        self.cancel_all_but_closing(strategy, instrument);
        let positions =
            self.positions(strategy).filter(|(id, _)| instrument.is_none_or(|asked| asked == *id));
        let closing: Vec<_> = positions
            .filter_map(|(id, position)| {
                let left = self.left_to_close(strategy, id, position);
                // of a hedged position more may be on its way than there is: that is no matter of the other one
                let left = Some(left).filter(|left| position.side.can_hold(left.get()))?;
                let flags = match position.side {
                    PositionSide::Net => OrderFlags::NONE,
                    PositionSide::Long | PositionSide::Short => OrderFlags::REDUCE_ONLY,
                };
                Some(closing_order(id, left)?.flags(flags))
            })
            .collect();
        for request in closing {
            let Some(slot) = self.strategies.get_mut(strategy.index()) else { return };
            let Some(counter) = slot.order_counter.checked_add(1) else { return };
            slot.order_counter = counter;
            slot.statistics.orders = slot.statistics.orders.wrapping_add(1);
            if let Some(id) = self.core.execution.ids().id(strategy, counter) {
                self.close(strategy, id, request, is_forced);
            }
        }
    }

    /// The size that is left once the closing orders on their way are filled.
    fn left_to_close(&self, strategy: StrategyId, instrument: InstrumentId, position: &Position) -> Quantity {
        let (size, side) = (position.size, position.side);
        let execution = &self.core.execution;
        let working = execution.working_of(strategy).filter(|order| {
            order.is_closing
                && execution.position_of(order) == PositionId { instrument, side }
                && !matches!(order.state, OrderState::PendingCancel(_))
        });
        let left = working.map(|order| (order.request.side, order.open_quantity())).try_fold(
            size,
            |left, (side, quantity)| match side {
                Side::Buy => left.checked_add(quantity),
                Side::Sell => left.checked_sub(quantity),
            },
        );
        left.unwrap_or(size)
    }

    /// Sends an order that closes a position: no limit may keep a strategy from getting out.
    fn close(&mut self, strategy: StrategyId, id: ClientOrderId, request: OrderRequest, is_forced: bool) {
        let exchange = self.exchange_of(request.instrument).unwrap_or_default();
        let approved = match self.core.risk_view(strategy, &request, None) {
            _ if self.core.is_exiting => Err(Reason::RunEnded.into()),
            Some(view) => risk::check_closing(request, &view, is_forced),
            None => Err(Reason::UnknownInstrument.into()),
        };
        match approved {
            Ok(approved) => {
                let order = approved.into_order(id, strategy, exchange);
                // a hedged position is named by a flag that its exchange may not know
                match stand_in_for(&order.get().request, self.core.takes(exchange)) {
                    Ok(None) => self.open(&order),
                    Ok(Some(stand_in)) => self.open_apart(&order, stand_in),
                    Err(reason) => {
                        return self
                            .deny(Order::new(id, strategy, exchange, request, self.core.now), reason.into());
                    }
                }
                self.core.execution.mark_closing(id);
            }
            Err(refusal) => self.deny(Order::new(id, strategy, exchange, request, self.core.now), refusal),
        }
    }

    fn shutdown(&mut self, strategy: StrategyId, reason: &str) {
        let may = self.strategies.get(strategy.index()).is_some_and(|slot| slot.config.may_shutdown);
        if may {
            self.outputs.push(Output::Shutdown { strategy, reason: reason.to_owned() });
        } else {
            self.stop_strategy(strategy, Reason::StrategyStopped, reason);
        }
    }
}

/// A changed order with what limits look at: one that waited for its price and went out has none that it waits for.
fn as_it_works(order: &Order, changed: OrderRequest) -> OrderRequest {
    let sent = order.stand_in.as_ref().filter(|stand_in| stand_in.waits.is_none());
    sent.map_or(changed, |stand_in| {
        let OrderRequest { order_type, stop_price, trail, .. } = stand_in.as_sent(&changed);
        OrderRequest { order_type, stop_price, trail, ..changed }
    })
}

fn closing_order(instrument: InstrumentId, size: Quantity) -> Option<OrderRequest> {
    let side = if size.is_positive() { Side::Sell } else { Side::Buy };
    let quantity = size.checked_abs().filter(|quantity| quantity.is_positive())?;
    Some(OrderRequest::market(instrument, quantity).side(side))
}
