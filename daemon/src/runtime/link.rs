//! Where the engine's orders go: to the order entry of their exchange, or to the fill model where there is none.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use stratd_engine::{
    CancelOrder, ChangeOrder, Driver, EngineError, ExchangeLink, Input, InputKind, NewOrder, Output,
    RiskApproved,
};
use stratd_plugin_api::{
    ClientOrderId, EventKind, ExchangeId, Fault, Instrument, InstrumentId, OrderEventKind, OrderRequest,
    OrderStatus, Reason, Takes, Timestamp, abi,
};
use stratd_simulation::{FillModel, OrderToFill, SimulatedExchange};

use super::{
    exchange_desk::Told,
    journal::{Journal, Pending, Sent},
    order_entry::OrderEntry,
    order_times::{OrderTimes, Stamp},
};
use crate::{
    feed::OrderReport,
    metrics::OrderMeters,
    recorder::{Mark, Tape},
};

/// An exchange that has not answered by then has an order in an unknown state.
const ANSWER_TIME_NS: i64 = 10_000_000_000;

/// Where the orders of one exchange go.
pub(super) enum Route {
    /// To our own fill model: in a backtest or a simulation.
    FillModel,
    /// To the exchange.
    Entry(OrderEntry),
    /// Nowhere: the exchange takes no orders, and where orders are real nobody else may fill them.
    Closed,
}

impl Route {
    /// Which orders are taken there, of an exchange that takes these. In a simulation the fill model stands for the
    /// exchange: what that does not take is not taken either.
    pub(super) fn takes(&self, of_exchange: Takes) -> Takes {
        match self {
            Self::FillModel => of_exchange.and(SimulatedExchange::TAKES),
            Self::Entry(_) | Self::Closed => of_exchange,
        }
    }
}

/// All ways out.
pub(super) struct Links {
    fill_model: SimulatedExchange,
    // by exchange id, from 1
    routes: Vec<Route>,
    /// What the host itself has to report: refusals that a connector returned at once, answers that never came.
    reports: VecDeque<abi::OrderEvent>,
    /// New orders that their exchange has not answered, with their deadline.
    unanswered: BTreeMap<ClientOrderId, i64>,
    /// The same by deadline, with those that were answered meanwhile: a busy run answers thousands of orders before the
    /// first deadline, and must not look through them for each answer.
    deadlines: VecDeque<(i64, ClientOrderId)>,
    correlation: u64,
    /// The market events that may go in one call; empty between two feeds.
    slice: Vec<abi::Event>,
    /// Reports that the engine has no output for, in order; nothing unless somebody wants them.
    reported: Vec<OrderReport>,
    notes_reports: bool,
    /// Order events of exchanges and of the fill model, in order; nothing unless every event is shown.
    seen: Vec<abi::OrderEvent>,
    shows_orders: bool,
    /// Who records inputs and outputs, if somebody does.
    tape: Option<Box<Tape>>,
    /// What is kept of orders, where they reach an exchange that outlives the run.
    journal: Option<Box<Journal>>,
    times: OrderTimes,
}

impl Links {
    pub(super) fn new(model: FillModel, routes: Vec<Route>) -> Self {
        Self {
            fill_model: SimulatedExchange::new(model),
            routes,
            reports: VecDeque::new(),
            unanswered: BTreeMap::new(),
            deadlines: VecDeque::new(),
            correlation: 0,
            slice: Vec::new(),
            reported: Vec::new(),
            notes_reports: false,
            seen: Vec::new(),
            shows_orders: false,
            tape: None,
            journal: None,
            times: OrderTimes::default(),
        }
    }

    /// Records what the engine takes and makes from now on.
    pub(super) fn set_tape(&mut self, tape: Tape) {
        self.tape = Some(Box::new(tape));
    }

    /// Keeps what becomes of orders from now on: none is sent before it is kept.
    pub(super) fn set_journal(&mut self, journal: Journal) {
        self.journal = Some(Box::new(journal));
    }

    /// Measures the way of orders from now on.
    pub(super) fn set_order_meters(&mut self, meters: Arc<OrderMeters>) {
        self.times.set_meters(meters);
    }

    pub(super) fn journal(&self) -> Option<&Journal> {
        self.journal.as_deref()
    }

    pub(super) fn journal_mut(&mut self) -> Option<&mut Journal> {
        self.journal.as_deref_mut()
    }

    /// Records what is no input.
    pub(super) fn mark(&mut self, mark: impl FnOnce() -> Mark) {
        if let Some(tape) = &mut self.tape {
            tape.mark(&mark());
        }
    }

    /// Ends the recording, if there is one.
    pub(super) fn end_recording(&mut self, is_clean: bool) {
        if let Some(tape) = self.tape.take() {
            tape.close(is_clean);
        }
    }

    /// Whether reports are noted for [`Links::take_reported`].
    pub(super) fn note_reports(&mut self, notes_reports: bool) {
        self.notes_reports = notes_reports;
    }

    /// The reports that were noted, for an emptied list.
    pub(super) fn take_reported(&mut self, emptied: Vec<OrderReport>) -> Vec<OrderReport> {
        std::mem::replace(&mut self.reported, emptied)
    }

    /// Whether order events are kept for [`Links::take_seen`].
    pub(super) fn show_orders(&mut self, shows_orders: bool) {
        self.shows_orders = shows_orders;
    }

    /// The order events that came since this was asked last.
    pub(super) fn take_seen(&mut self) -> Vec<abi::OrderEvent> {
        std::mem::take(&mut self.seen)
    }

    #[inline]
    fn note(&mut self, report: &abi::OrderEvent) {
        if self.notes_reports {
            self.reported.extend(OrderReport::of(report));
        }
    }

    /// Takes the first of what exchanges told through timers, fill model and engine, in this order, and with it as
    /// many market events as can go in one call of a strategy. Returns how many were taken.
    pub(super) fn feed(
        driver: &mut Driver<Self>,
        told: &[Told],
        at: Timestamp,
    ) -> Result<usize, EngineError> {
        driver.feed_timers(at)?;
        let event = match told.first() {
            None => return Ok(0),
            Some(Told::Order(report)) => {
                let mut report = *report;
                if let Some(journal) = driver.link().journal() {
                    journal.aliases.translate(&mut report);
                }
                driver.link_mut().answered(&report, at);
                driver.link_mut().note(&report);
                driver.feed(at, InputKind::Order(report))?;
                return Ok(1);
            }
            Some(Told::Market(event)) => event,
        };
        if !is_data(event) {
            return Self::feed_halt(driver, event, at).map(|()| 1);
        }
        if told.len() == 1 || !driver.may_begin_slice(event) {
            return driver.feed_market(at, std::slice::from_ref(event));
        }
        let mut slice = std::mem::take(&mut driver.link_mut().slice);
        slice.extend(told.iter().map_while(|told| match told {
            Told::Market(event) => Some(*event).filter(is_data),
            Told::Order(_) => None,
        }));
        let fed = driver.feed_market(at, &slice);
        slice.clear();
        driver.link_mut().slice = slice;
        fed
    }

    fn feed_halt(driver: &mut Driver<Self>, event: &abi::Event, at: Timestamp) -> Result<(), EngineError> {
        let instrument = (event.instrument != 0).then_some(InstrumentId(event.instrument));
        let reason =
            || u32::try_from(event.data[0]).ok().and_then(Reason::from_code).unwrap_or(Reason::Exchange);
        match EventKind::from_code(event.kind) {
            Some(EventKind::Halt) => driver.feed(at, InputKind::Halt(instrument, reason())),
            Some(EventKind::Continue) => driver.feed(at, InputKind::Continue(instrument, reason())),
            // data is fed elsewhere; of the engine's own kinds the desk lets none in
            Some(
                EventKind::Trade
                | EventKind::Quote
                | EventKind::Bar
                | EventKind::BookUpdate
                | EventKind::Data
                | EventKind::Timer
                | EventKind::Error
                | EventKind::Start
                | EventKind::Exit,
            )
            | None => Ok(()),
        }
    }

    /// When a request that travels to the fill model arrives.
    pub(super) fn next_arrival(&self) -> Option<Timestamp> {
        self.fill_model.next_arrival()
    }

    /// What only the clock brings: requests arrive at the fill model, and orders whose exchange has not answered by
    /// now are in an unknown state.
    pub(super) fn feed_overdue(driver: &mut Driver<Self>, now: Timestamp) -> Result<(), EngineError> {
        let links = driver.link_mut();
        links.fill_model.advance(now);
        while let Some((deadline, id)) = links.deadlines.front().copied().filter(|(due, _)| *due <= now.get())
        {
            links.deadlines.pop_front();
            if links.unanswered.remove(&id).is_none_or(|due| due != deadline) {
                continue;
            }
            tracing::error!(
                logger = "engine",
                "order {id} is in an unknown state: its exchange did not answer in time"
            );
            links.reports.push_back(lost(id, now));
        }
        driver.feed_reports(now)
    }

    /// Says where the orders of an exchange go from now on that joins the run.
    pub(super) fn set_route(&mut self, exchange: ExchangeId, route: Route) {
        let Some(index) = usize::from(exchange.0).checked_sub(1) else { return };
        if index >= self.routes.len() {
            self.routes.resize_with(index + 1, || Route::Closed);
        }
        if let Some(place) = self.routes.get_mut(index) {
            *place = route;
        }
    }

    fn route(&self, exchange: ExchangeId) -> &Route {
        let index = usize::from(exchange.0).checked_sub(1);
        index.and_then(|index| self.routes.get(index)).unwrap_or(&Route::Closed)
    }

    fn entry(&self, exchange: ExchangeId) -> Option<OrderEntry> {
        match self.route(exchange) {
            Route::Entry(entry) => Some(entry.clone()),
            Route::FillModel | Route::Closed => None,
        }
    }

    /// Whether orders for that exchange go to its connector.
    pub(super) fn has_entry(&self, exchange: ExchangeId) -> bool {
        matches!(self.route(exchange), Route::Entry(_))
    }

    /// Whether an order was sent that its exchange may still answer in time, or waits to be sent.
    pub(super) fn is_on_its_way(&self, id: ClientOrderId) -> bool {
        self.unanswered.contains_key(&id)
            || self.journal().is_some_and(|journal| journal.outbox.has_order(id))
    }

    /// Sends what waited for the disk, and no longer does.
    pub(super) fn send_kept(driver: &mut Driver<Self>, now: Timestamp) -> Result<(), EngineError> {
        let links = driver.link_mut();
        let mut has_sent = false;
        while let Some(pending) =
            links.journal.as_mut().and_then(|journal| journal.outbox.pop(journal.done()))
        {
            has_sent = true;
            links.send(pending, now);
        }
        if has_sent { driver.feed_reports(now) } else { Ok(()) }
    }

    /// Nothing more will be on the disk: refuses the orders that wait for it, held ones as well, and sends the cancels behind them.
    pub(super) fn send_unkept(driver: &mut Driver<Self>, now: Timestamp) -> Result<(), EngineError> {
        let held = driver.link().journal().map(Journal::held_unkept).unwrap_or_default();
        let held: Vec<_> = held.into_iter().filter_map(|id| driver.engine().working_order(id)).collect();
        let held: Vec<_> = held.iter().map(|order| (order.id, order.request)).collect();
        let links = driver.link_mut();
        for (id, request) in held {
            let command = links.command(id, request, 0, now);
            links.refuse(&command, OrderEventKind::Rejected, Reason::NotStored, now);
        }
        let mut refused = BTreeSet::new();
        while let Some(pending) = links.journal.as_mut().and_then(|journal| journal.outbox.pop_any()) {
            let command = &pending.command;
            match pending.sent {
                Sent::New => {
                    refused.insert(pending.order);
                    links.refuse(command, OrderEventKind::Rejected, Reason::NotStored, now);
                }
                Sent::Change => {
                    links.refuse(command, OrderEventKind::RequestRejected, Reason::NotStored, now)
                }
                // what was never sent needs no cancel
                Sent::Cancel if refused.contains(&pending.order) => {}
                Sent::Cancel => links.send(pending, now),
            }
        }
        driver.feed_reports(now)
    }

    /// Sends now, or behind what waits for the disk.
    fn send_in_turn(&mut self, pending: Pending, now: Timestamp) {
        match &mut self.journal {
            Some(journal) if journal.failed().is_none() && journal.outbox.is_waiting(pending.exchange) => {
                journal.outbox.push(pending);
            }
            _ => self.send(pending, now),
        }
    }

    /// Hands a request to its connector.
    fn send(&mut self, pending: Pending, now: Timestamp) {
        let Pending { sent, exchange, mut command, order, number, stamp } = pending;
        command.deadline = now.get().saturating_add(ANSWER_TIME_NS);
        let Some(entry) = self.entry(exchange) else {
            let kind = match sent {
                Sent::New => OrderEventKind::Rejected,
                Sent::Cancel | Sent::Change => OrderEventKind::RequestRejected,
            };
            return self.refuse(&command, kind, Reason::NotTradable, now);
        };
        let mut wired = command;
        if let Some(journal) = &mut self.journal {
            wired.client_order_id = journal.aliases.foreign(order);
            // it is on its way: another phase of its life
            journal.order(order);
        }
        let began = self.times.sends(stamp, number > 0);
        let result = match sent {
            Sent::New => entry.new_order(&wired),
            Sent::Cancel => entry.cancel_order(&wired),
            Sent::Change => entry.change_order(&wired),
        };
        if result.is_ok() {
            self.times.sent(stamp, began);
        }
        self.take(&command, result, sent, now);
    }

    fn answered(&mut self, report: &abi::OrderEvent, at: Timestamp) {
        let id = ClientOrderId(report.client_order_id);
        if id.0 != 0
            && let Some(deadline) = self.unanswered.remove(&id)
        {
            self.times.answered(deadline.saturating_sub(ANSWER_TIME_NS), (report.ts, at));
        }
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

    /// A refusal becomes the report that the exchange would have sent. A connector that failed while it took a new
    /// order may have sent it: what became of it is unknown. So it is with a cancel of which an isolated connector
    /// died: the order waits for it, and the connector that comes next is sent it again.
    fn take(&mut self, command: &abi::OrderCommand, result: Result<(), Fault>, sent: Sent, now: Timestamp) {
        let id = ClientOrderId(command.client_order_id);
        let Err(fault) = result else {
            if sent == Sent::New {
                // time never goes back, so the deadlines come in order
                self.unanswered.insert(id, command.deadline);
                self.deadlines.push_back((command.deadline, id));
            }
            return;
        };
        let has_died = matches!(fault.reason, Reason::Crashed | Reason::Deadline);
        if sent == Sent::Cancel && has_died {
            tracing::error!(logger = "engine", "the cancel of order {id} may be lost: {}", fault.message);
            return;
        }
        if (has_died || fault.reason == Reason::Panic) && sent == Sent::New {
            tracing::error!(logger = "engine", "order {id} is in an unknown state: {}", fault.message);
            self.reports.push_back(lost(id, now));
            return;
        }
        tracing::warn!(logger = "engine", "order {id} refused by its exchange: {}", fault.message);
        let kind = match sent {
            Sent::New => OrderEventKind::Rejected,
            Sent::Cancel | Sent::Change => OrderEventKind::RequestRejected,
        };
        self.refuse(command, kind, Reason::Exchange, now);
    }

    fn refuse(&mut self, command: &abi::OrderCommand, kind: OrderEventKind, reason: Reason, now: Timestamp) {
        let status =
            if kind == OrderEventKind::Rejected { OrderStatus::Rejected } else { OrderStatus::Unknown };
        self.reports.push_back(abi::OrderEvent {
            ts: now.get(),
            client_order_id: command.client_order_id,
            instrument: command.order.instrument,
            kind: kind.code(),
            status: status.code(),
            reason: reason.code(),
            correlation: command.correlation,
            ..abi::OrderEvent::default()
        });
    }
}

/// Whether an event is market data.
pub(super) fn is_data(event: &abi::Event) -> bool {
    matches!(
        EventKind::from_code(event.kind),
        Some(EventKind::Trade | EventKind::Quote | EventKind::Bar | EventKind::BookUpdate | EventKind::Data)
    )
}

/// The report that says that nobody knows.
fn lost(id: ClientOrderId, now: Timestamp) -> abi::OrderEvent {
    abi::OrderEvent {
        ts: now.get(),
        client_order_id: id.0,
        kind: OrderEventKind::Received.code(),
        status: OrderStatus::Unknown.code(),
        reason: Reason::Exchange.code(),
        ..abi::OrderEvent::default()
    }
}

impl ExchangeLink for Links {
    fn submit(&mut self, order: &RiskApproved<NewOrder>, instrument: &Instrument, now: Timestamp) {
        let NewOrder { id, exchange, request, .. } = *order.get();
        match self.route(exchange) {
            Route::FillModel => {
                self.fill_model.submit(&OrderToFill { id, exchange, request }, instrument, now)
            }
            Route::Entry(_) => {
                let command = self.command(id, request, 0, now);
                let stamp = self.times.passed();
                let mut pending = Pending { sent: Sent::New, exchange, command, order: id, number: 0, stamp };
                match &mut self.journal {
                    None => self.send(pending, now),
                    Some(journal) if journal.failed().is_some() || journal.outbox.is_full() => {
                        self.refuse(&command, OrderEventKind::Rejected, Reason::NotStored, now);
                    }
                    Some(journal) => {
                        pending.number = journal.next_number();
                        journal.outbox.push(pending);
                        journal.intent(id);
                    }
                }
            }
            Route::Closed => {
                let command = self.command(id, request, 0, now);
                self.refuse(&command, OrderEventKind::Rejected, Reason::NotTradable, now);
            }
        }
    }

    fn cancel(&mut self, cancel: &CancelOrder, now: Timestamp) {
        if !self.has_entry(cancel.exchange) {
            self.fill_model.cancel(cancel.id, now);
            return;
        }
        let command = self.command(cancel.id, cancel.request, cancel.exchange_order_id, now);
        let (exchange, order) = (cancel.exchange, cancel.id);
        let stamp = Stamp::default();
        self.send_in_turn(Pending { sent: Sent::Cancel, exchange, command, order, number: 0, stamp }, now);
    }

    fn change(&mut self, change: &RiskApproved<ChangeOrder>, now: Timestamp) {
        let ChangeOrder { id, exchange, exchange_order_id, request } = *change.get();
        if !self.has_entry(exchange) {
            self.fill_model.change(id, request.price.unwrap_or_default(), request.quantity, now);
            return;
        }
        let command = self.command(id, request, exchange_order_id, now);
        if self.journal().is_some_and(|journal| journal.failed().is_some()) {
            return self.refuse(&command, OrderEventKind::RequestRejected, Reason::NotStored, now);
        }
        let stamp = Stamp::default();
        self.send_in_turn(
            Pending { sent: Sent::Change, exchange, command, order: id, number: 0, stamp },
            now,
        );
    }

    fn pop_report(&mut self) -> Option<abi::OrderEvent> {
        // a report is large: in a backtest it goes from the fill model to the engine without a stop
        if self.reports.is_empty() && !self.notes_reports {
            return self.fill_model.pop_report();
        }
        let report = self.reports.pop_front().or_else(|| self.fill_model.pop_report())?;
        self.note(&report);
        Some(report)
    }

    fn on_market(&mut self, event: &abi::Event, instrument: &Instrument, at: Timestamp) {
        if matches!(self.route(instrument.exchange), Route::FillModel) {
            // the fill model lives in the time of the engine: live events carry that of their exchange
            self.fill_model.on_event(&abi::Event { ts: at.get(), ..*event }, instrument);
        } else {
            self.times.saw(event, at);
        }
    }

    fn is_idle(&self) -> bool {
        self.reports.is_empty() && self.fill_model.is_idle()
    }

    fn is_outdone(&self, event: &abi::Event, next: &abi::Event) -> bool {
        self.fill_model.is_outdone(event, next)
    }

    #[inline]
    fn on_input(&mut self, input: &Input) {
        self.times.took(input);
        if let Some(tape) = &mut self.tape {
            tape.input(input);
        }
        if let InputKind::Order(report) = &input.kind {
            if let Some(journal) = &mut self.journal {
                journal.order(ClientOrderId(report.client_order_id));
            }
            if self.shows_orders {
                self.seen.push(*report);
            }
        }
    }

    #[inline]
    fn on_report(&mut self, at: Timestamp, report: &abi::OrderEvent) {
        if let Some(tape) = &mut self.tape {
            tape.input(&Input { seq: report.seq, at, kind: InputKind::Order(*report) });
        }
        if let Some(journal) = &mut self.journal {
            journal.order(ClientOrderId(report.client_order_id));
        }
        if self.shows_orders {
            self.seen.push(*report);
        }
    }

    #[inline]
    fn on_market_input(&mut self, seq: u64, at: Timestamp, event: &abi::Event) {
        if let Some(tape) = &mut self.tape {
            tape.market(seq, at, event);
        }
    }

    #[inline]
    fn on_outputs(&mut self, seq: u64, at: Timestamp, outputs: &[Output]) {
        if let Some(tape) = &mut self.tape {
            tape.outputs(seq, at, outputs);
        }
        if let Some(journal) = &mut self.journal {
            journal.outputs(at, outputs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is reported when a connector fails so while it takes this.
    fn report(sent: Sent, reason: Reason) -> Option<(OrderEventKind, u8)> {
        let mut links = Links::new(FillModel::default(), Vec::new());
        let command = abi::OrderCommand { client_order_id: 7, ..abi::OrderCommand::default() };
        let fault = Fault { reason, message: "as the test wants".to_owned(), index: 0 };
        links.take(&command, Err(fault), sent, Timestamp::new(1));
        let report = links.pop_report()?;
        assert_eq!((report.client_order_id, links.pop_report()), (7, None));
        Some((OrderEventKind::from_code(report.kind).unwrap(), report.status))
    }

    #[test]
    fn a_connector_that_fails_in_an_order_leaves_it_unknown_and_one_that_refuses_rejects_it() {
        for reason in [Reason::Panic, Reason::Crashed, Reason::Deadline] {
            let unknown = (OrderEventKind::Received, abi::order_status::UNKNOWN);
            assert_eq!(report(Sent::New, reason), Some(unknown), "{reason}");
        }
        let rejected = (OrderEventKind::Rejected, abi::order_status::REJECTED);
        assert_eq!(report(Sent::New, Reason::HandlerError), Some(rejected));
    }

    #[test]
    fn the_cancel_of_which_a_connector_dies_waits_for_the_next_one() {
        for reason in [Reason::Crashed, Reason::Deadline] {
            assert_eq!(report(Sent::Cancel, reason), None, "{reason}");
        }
        let refused = OrderEventKind::RequestRejected;
        assert_eq!(report(Sent::Cancel, Reason::HandlerError).unwrap().0, refused);
        assert_eq!(report(Sent::Change, Reason::Crashed).unwrap().0, refused);
    }
}
