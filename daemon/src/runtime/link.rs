//! Where the engine's orders go: to the order entry of their exchange, or to the fill model where there is none.

use std::collections::{BTreeMap, VecDeque};

use stratd_engine::{
    CancelOrder, ChangeOrder, Driver, EngineError, ExchangeLink, InputKind, NewOrder, RiskApproved,
};
use stratd_plugin_api::{
    ClientOrderId, EventKind, ExchangeId, Fault, Instrument, InstrumentId, OrderEventKind, OrderRequest,
    OrderStatus, Quantity, Reason, Timestamp, abi,
};
use stratd_simulation::{FillRule, OrderToFill, SimulatedExchange};

use super::{exchange_desk::Told, order_entry::OrderEntry};

/// An exchange that has not answered by then has an order in an unknown state.
const ANSWER_TIME_NS: i64 = 10_000_000_000;

/// All ways out.
pub(super) struct Links {
    fill_model: SimulatedExchange,
    entries: BTreeMap<ExchangeId, OrderEntry>,
    /// Refusals that a connector returned at once.
    refusals: VecDeque<abi::OrderEvent>,
    correlation: u64,
}

impl Links {
    pub(super) fn new(rule: FillRule, entries: BTreeMap<ExchangeId, OrderEntry>) -> Self {
        Self { fill_model: SimulatedExchange::new(rule), entries, refusals: VecDeque::new(), correlation: 0 }
    }

    /// Takes what an exchange told through timers, fill model and engine, in this order.
    pub(super) fn feed(driver: &mut Driver<Self>, told: &Told, at: Timestamp) -> Result<(), EngineError> {
        driver.feed_timers(at)?;
        let event = match told {
            Told::Order(report) => return driver.feed(at, InputKind::Order(*report)),
            Told::Market(event) => event,
        };
        let instrument = (event.instrument != 0).then_some(InstrumentId(event.instrument));
        let reason =
            || u32::try_from(event.data[0]).ok().and_then(Reason::from_code).unwrap_or(Reason::Exchange);
        match EventKind::from_code(event.kind) {
            Some(EventKind::Halt) => return driver.feed(at, InputKind::Halt(instrument, reason())),
            Some(EventKind::Continue) => return driver.feed(at, InputKind::Continue(instrument, reason())),
            _ => {}
        }
        if let Some((links, instrument)) = driver.link_and_instrument(event)
            && !links.entries.contains_key(&instrument.exchange)
        {
            // the fill model lives in the time of the engine: live events carry that of their exchange
            links.fill_model.on_event(&abi::Event { ts: at.get(), ..*event }, instrument);
        }
        driver.feed_reports(at)?;
        driver.feed(at, InputKind::Market(*event))
    }

    /// Ends the data: what still waits in the fill model is canceled.
    pub(super) fn end(&mut self, now: Timestamp) {
        self.fill_model.end(now);
    }

    fn command(
        &mut self,
        id: ClientOrderId,
        order: OrderRequest,
        exchange_order_id: u64,
        now: Timestamp,
    ) -> abi::OrderCommand {
        self.correlation += 1;
        abi::OrderCommand {
            correlation: self.correlation,
            client_order_id: id.0,
            exchange_order_id,
            deadline: now.get().saturating_add(ANSWER_TIME_NS),
            order: (&order).into(),
        }
    }

    /// A refusal becomes the report that the exchange would have sent.
    fn take(
        &mut self,
        command: &abi::OrderCommand,
        result: Result<(), Fault>,
        kind: OrderEventKind,
        now: Timestamp,
    ) {
        let Err(fault) = result else { return };
        tracing::warn!(
            logger = "engine",
            "order {} refused by its exchange: {}",
            command.client_order_id,
            fault.message
        );
        let status =
            if kind == OrderEventKind::Rejected { OrderStatus::Rejected } else { OrderStatus::Unknown };
        self.refusals.push_back(abi::OrderEvent {
            ts: now.get(),
            client_order_id: command.client_order_id,
            instrument: command.order.instrument,
            kind: kind.code(),
            status: status.code(),
            reason: Reason::Exchange.code(),
            correlation: command.correlation,
            ..abi::OrderEvent::default()
        });
    }
}

impl ExchangeLink for Links {
    fn submit(&mut self, order: &RiskApproved<NewOrder>, instrument: &Instrument, now: Timestamp) {
        let NewOrder { id, exchange, request, .. } = *order.get();
        let Some(entry) = self.entries.get(&exchange).cloned() else {
            self.fill_model.submit(&OrderToFill { id, exchange, request }, instrument, now);
            return;
        };
        let command = self.command(id, request, 0, now);
        self.take(&command, entry.new_order(&command), OrderEventKind::Rejected, now);
    }

    fn cancel(&mut self, cancel: &CancelOrder, now: Timestamp) {
        let Some(entry) = self.entries.get(&cancel.exchange).cloned() else {
            self.fill_model.cancel(cancel.id, now);
            return;
        };
        let order = OrderRequest::market(cancel.instrument, Quantity::ZERO);
        let command = self.command(cancel.id, order, cancel.exchange_order_id, now);
        self.take(&command, entry.cancel_order(&command), OrderEventKind::RequestRejected, now);
    }

    fn change(&mut self, change: &RiskApproved<ChangeOrder>, now: Timestamp) {
        let ChangeOrder { id, exchange, exchange_order_id, price, quantity } = *change.get();
        let Some(entry) = self.entries.get(&exchange).cloned() else {
            self.fill_model.change(id, price, quantity, now);
            return;
        };
        // price and total quantity are what counts; the exchange knows the order
        let order = OrderRequest::limit(InstrumentId(0), quantity, price);
        let command = self.command(id, order, exchange_order_id, now);
        self.take(&command, entry.change_order(&command), OrderEventKind::RequestRejected, now);
    }

    fn pop_report(&mut self) -> Option<abi::OrderEvent> {
        self.refusals.pop_front().or_else(|| self.fill_model.pop_report())
    }
}
