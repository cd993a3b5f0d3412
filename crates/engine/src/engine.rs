//! The engine: one input, its stages in order, its outputs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use stratd_plugin_api::{
    ClientOrderId, EventKind, Fault, FillCosts, Instrument, InstrumentId, Money, OmsType, OrderEventKind,
    Price, Quantity, Reason, StrategyInstance, StrategyServices, Timestamp, TradingType, abi,
    abi::{TextHandle, event_flag, event_kind},
};

use crate::{
    AccountRules, Accounting, CancelOrder, EngineError, Input, InputKind, Order, OrderIds, Output,
    RateSource, Retired, RiskLimits, StrategyConfig, StrategyId,
    core::Core,
    execution::{Applied, Told},
    probation::Guard,
    schedule::{DueTimer, Timers},
    spreads::SPREADS_MAX,
    strategies::{Slot, plain_event},
};

/// What a run starts with.
pub struct EngineConfig {
    /// What the run is.
    pub trading_type: TradingType,
    /// Cash at the start.
    pub cash: Money,
    /// Currency of the run (text handle).
    pub currency: TextHandle,
    /// Limits of the whole run; those of strategies and instruments are set with [`Engine::set_limits`].
    pub limits: RiskLimits,
    /// What the account of the run allows.
    pub account: AccountRules,
    /// Whether positions are netted or hedged.
    pub oms_type: OmsType,
    /// How the cost of what is closed is found.
    pub accounting: Accounting,
    /// How orders are numbered: ids of different runs differ, for an exchange that knows those of the run before.
    pub order_ids: OrderIds,
    /// What executions cost beyond the exchange's fee, where a strategy's own hooks have no opinion.
    pub costs: Box<dyn FillCosts>,
}

/// A timer of a second fires 259,200 times over a long weekend; beyond this many firings between two events the
/// strategy fails with `host_limit`.
const TIMERS_PER_INPUT_MAX: u64 = 1_000_000;

/// The trading core. See the crate's documentation for the stages.
pub struct Engine {
    pub(crate) core: Core,
    pub(crate) services: Arc<dyn StrategyServices>,
    pub(crate) strategies: Vec<Slot>,
    pub(crate) timers: Timers,
    /// Events that the engine itself made for a strategy: denials and refused requests.
    pub(crate) told: VecDeque<(StrategyId, abi::OrderEvent)>,
    pub(crate) outputs: Vec<Output>,
    /// The old instances of strategies on probation.
    pub(crate) guards: BTreeMap<StrategyId, Guard>,
    /// What is to be dropped elsewhere.
    pub(crate) retired: VecDeque<Retired>,
    /// The events of a slice with their numbers; empty between two calls.
    pub(crate) slice: Vec<abi::Event>,
    /// The place for what a report came to; away while one is in work.
    told_of: Option<Box<Told>>,
}

impl Engine {
    /// An engine without instruments and strategies.
    #[must_use]
    pub fn new(config: EngineConfig, services: Arc<dyn StrategyServices>) -> Self {
        Self {
            core: Core::new(config),
            services,
            strategies: Vec::new(),
            timers: Timers::default(),
            told: VecDeque::new(),
            outputs: Vec::new(),
            guards: BTreeMap::new(),
            retired: VecDeque::new(),
            slice: Vec::new(),
            told_of: None,
        }
    }

    /// Adds an exchange; its id must be the one that instruments name.
    pub fn add_exchange(&mut self, record: abi::ExchangeRecord) {
        self.core.instruments.add_exchange(record);
    }

    /// Adds an instrument (its record has the texts as handles) and returns its id; ids count from 1.
    ///
    /// # Errors
    /// More instruments than ids.
    pub fn add_instrument(
        &mut self,
        instrument: Instrument,
        record: abi::InstrumentRecord,
    ) -> Result<InstrumentId, EngineError> {
        let (symbol, currency) = (instrument.symbol.clone(), instrument.currency.clone());
        let id = self.core.instruments.add(instrument, record);
        // one that comes while the run goes on counts by the rate of its currency, too
        let id = id.filter(|id| self.core.portfolio.rates.take_in(*id, &currency).is_some());
        if let Some(id) = id {
            self.begin_bars_of(id);
            if let Some(instrument) = self.core.instruments.get(id) {
                self.core.expiries.add(instrument);
                if !self.core.spreads.add(instrument) {
                    let what = format!("more than {SPREADS_MAX} spreads that are made of legs");
                    return Err(EngineError::bad_input(self.core.now, what));
                }
            }
        }
        id.ok_or_else(|| {
            EngineError::bad_input(self.core.now, format!("no id is left for instrument {symbol}"))
        })
    }

    /// Sets what one unit of a currency is worth in the currency of the run, for the instruments that have been added.
    /// Without a rate, amounts of an instrument count as they are.
    ///
    /// # Errors
    /// The rate is not above 0.
    pub fn set_rate(&mut self, currency: &str, source: RateSource) -> Result<(), EngineError> {
        let instruments = self.core.instruments.of_currency(currency);
        let set = self.core.portfolio.set_rate(currency, source, instruments);
        set.ok_or_else(|| {
            EngineError::bad_input(self.core.now, format!("a rate of {currency} that is not above 0"))
        })
    }

    /// Adds a strategy. It gets events from the next input on.
    ///
    /// # Errors
    /// More strategies than ids.
    pub fn add_strategy(
        &mut self,
        config: StrategyConfig,
        instance: Box<dyn StrategyInstance>,
    ) -> Result<StrategyId, EngineError> {
        let Some(id) = self.core.execution.add_strategy() else {
            return Err(EngineError::bad_input(
                self.core.now,
                format!("no id is left for strategy {}", config.name),
            ));
        };
        self.strategies.push(Slot::new(config, instance));
        self.core.portfolio.add_strategy();
        Ok(id)
    }

    /// Takes one input through all stages; the outputs stay valid until the next step.
    ///
    /// # Errors
    /// An amount left the range of its type, or the input breaks the contract. The engine must not be used any more.
    pub fn step(&mut self, input: &Input) -> Result<&[Output], EngineError> {
        self.outputs.clear();
        self.take(input)?;
        Ok(&self.outputs)
    }

    /// As [`Engine::step`]; the outputs follow those that nobody has taken yet.
    pub(crate) fn take(&mut self, input: &Input) -> Result<(), EngineError> {
        if let InputKind::History(strategy, event) = &input.kind {
            return self.history(input, *strategy, event);
        }
        self.begin(input.seq, input.at, !matches!(input.kind, InputKind::Timers))?;
        match &input.kind {
            InputKind::History(..) => {}
            InputKind::Market(event) => self.market_event(&abi::Event { seq: input.seq, ..*event })?,
            InputKind::Order(report) => {
                self.order_report(&abi::OrderEvent { seq: input.seq, ..*report })?;
                // what a loss would make of orders is done once it is known how they stand
                if !self.core.is_recovering {
                    self.watch_losses()?;
                }
            }
            InputKind::Timers => {
                self.close_bars_due();
                self.settle_expired()?;
                self.fire_timers();
            }
            InputKind::Start => {
                let was_recovering = std::mem::replace(&mut self.core.is_recovering, false);
                self.refit_groups();
                if was_recovering {
                    // what was lost before stops trading before anybody asks for an order, and not with the next price
                    self.watch_losses()?;
                }
                self.end_warm_ups();
                self.dispatch(&self.plain(EventKind::Start, Reason::None));
                self.core.has_started = true;
                self.tell_states();
                self.tell_sessions();
            }
            InputKind::Exit(reason) => self.exit(*reason),
            InputKind::Halt(instrument, reason) => self.halt(*instrument, *reason),
            InputKind::Continue(instrument, reason) => self.go_on(*instrument, *reason),
            InputKind::Trading(command) => self.trading_command(command),
            InputKind::StopStrategy(strategy, reason) => {
                self.stop_strategy(*strategy, *reason, reason.name())
            }
            InputKind::StartStrategy(strategy) => {
                self.start_strategy(*strategy);
                self.tell_states();
                self.tell_sessions();
            }
            InputKind::FailStrategy(strategy, fault) => self.fail_between_calls(*strategy, fault),
            InputKind::ByHand(asked) => self.by_hand(asked),
            InputKind::Restored(restored) => self.restore(input.seq, restored)?,
            InputKind::Account(told) => self.core.accounts.take(told),
        }
        self.carry_out_requests();
        self.end_probations();
        Ok(())
    }

    /// As [`Engine::take`] with a market event, which is copied once only: there are more of them than of all others.
    pub(crate) fn take_market(
        &mut self,
        seq: u64,
        at: Timestamp,
        event: &abi::Event,
    ) -> Result<(), EngineError> {
        self.begin(seq, at, true)?;
        self.market_event(&abi::Event { seq, ..*event })?;
        self.carry_out_requests();
        self.end_probations();
        Ok(())
    }

    /// As [`Engine::take`] with an order event that has its number.
    pub(crate) fn take_report(&mut self, at: Timestamp, report: &abi::OrderEvent) -> Result<(), EngineError> {
        self.begin(report.seq, at, true)?;
        self.order_report(report)?;
        self.watch_losses()?;
        self.carry_out_requests();
        self.end_probations();
        Ok(())
    }

    fn market_event(&mut self, event: &abi::Event) -> Result<(), EngineError> {
        self.check_known(event.instrument)?;
        let makes_bars = self.makes_bars_of(event);
        if makes_bars {
            self.close_bars_before(event);
        }
        let gap = self.read_book(event);
        self.apply_price(event)?;
        self.watch_losses()?;
        if !self.core.held.watches_nothing() {
            self.offer_to_held(event);
        }
        if gap.is_some() {
            self.dispatch(&abi::Event { flags: event.flags | event_flag::GAP, ..*event });
        } else {
            self.dispatch(event);
        }
        if makes_bars {
            self.add_to_bars(event)?;
        }
        if self.core.spreads.is_empty() { Ok(()) } else { self.quote_spreads(event.instrument, event.ts) }
    }

    #[inline]
    pub(crate) fn begin(&mut self, seq: u64, at: Timestamp, is_event: bool) -> Result<(), EngineError> {
        self.number(seq, at)?;
        if is_event {
            self.core.events = self.core.events.wrapping_add(1);
        }
        self.core.now = at;
        if self.core.risk.session_next().is_some_and(|next| next <= at) {
            self.begin_sessions();
        }
        Ok(())
    }

    /// Takes the number of an input, which is larger than all before.
    #[inline]
    pub(crate) fn number(&mut self, seq: u64, at: Timestamp) -> Result<(), EngineError> {
        if seq <= self.core.seq {
            return Err(self.bad_number(seq, at));
        }
        self.core.seq = seq;
        Ok(())
    }

    #[cold]
    fn bad_number(&self, seq: u64, at: Timestamp) -> EngineError {
        EngineError::bad_input(at, format!("sequence number {seq} after {}", self.core.seq))
    }

    pub(crate) fn check_known(&self, instrument: u32) -> Result<(), EngineError> {
        if instrument == 0 || self.core.instruments.get(InstrumentId(instrument)).is_some() {
            return Ok(());
        }
        let what = format!("an event of instrument {instrument}, which was never added");
        Err(EngineError::bad_input(self.core.now, what))
    }

    /// Takes what an event brings for books and prices.
    #[inline]
    pub(crate) fn apply_market(&mut self, event: &abi::Event) -> Result<(), EngineError> {
        self.read_book(event);
        self.apply_price(event)
    }

    #[inline]
    fn apply_price(&mut self, event: &abi::Event) -> Result<(), EngineError> {
        let Some(price) = self.core.market.apply(event) else { return Ok(()) };
        let id = InstrumentId(event.instrument);
        if self.core.portfolio.rates.has_quoted() {
            return self.revalue(id, price);
        }
        // nearly every price is of an instrument that nobody holds, or the one before it
        if self.core.portfolio.is_worth_the_same(id, price) { Ok(()) } else { self.reprice(id, price) }
    }

    /// Values what is held of an instrument at a price that changes no rate.
    fn reprice(&mut self, id: InstrumentId, price: Price) -> Result<(), EngineError> {
        let now = self.core.now;
        let known = self.core.instruments.get(id);
        let repriced = known.and_then(|instrument| self.core.portfolio.reprice(instrument, price, now));
        repriced.ok_or_else(|| EngineError::overflow(now, format!("value of instrument {id} at {price}")))
    }

    /// Values what is held of an instrument at a price, and all that it is a rate for.
    fn revalue(&mut self, id: InstrumentId, price: Price) -> Result<(), EngineError> {
        let mut has_changed = self.mark(id, price)?;
        if let Some(instrument) = self.core.instruments.get(id) {
            let revalued = self.core.portfolio.rates.quote(instrument, price);
            for id in &revalued {
                if let Some(price) = self.core.market.last_price(*id) {
                    has_changed |= self.mark(*id, price)?;
                }
            }
            for id in revalued {
                self.note_books(id)?;
            }
        }
        // what is worth as much as before brings nothing that was not noted
        if has_changed { self.note_books(id) } else { Ok(()) }
    }

    fn note_books(&mut self, id: InstrumentId) -> Result<(), EngineError> {
        let now = self.core.now;
        let noted = self.core.portfolio.note(id, now);
        noted.ok_or_else(|| EngineError::overflow(now, "the PnL of a book"))
    }

    fn mark(&mut self, id: InstrumentId, price: Price) -> Result<bool, EngineError> {
        let now = self.core.now;
        let Some(instrument) = self.core.instruments.get(id) else {
            return Err(EngineError::bad_input(
                now,
                format!("a price of instrument {id}, which was never added"),
            ));
        };
        let marked = self.core.portfolio.mark(instrument, price);
        marked.ok_or_else(|| {
            EngineError::overflow(now, format!("value of the position in {} at {price}", instrument.symbol))
        })
    }

    /// A report on an own order, or an order event of the feed.
    fn order_report(&mut self, report: &abi::OrderEvent) -> Result<(), EngineError> {
        let own = OrderEventKind::from_code(report.kind).filter(|kind| match kind {
            OrderEventKind::Open | OrderEventKind::Cancel | OrderEventKind::Fill => false,
            OrderEventKind::Change => report.client_order_id != 0,
            OrderEventKind::Received
            | OrderEventKind::Rejected
            | OrderEventKind::Canceled
            | OrderEventKind::Bought
            | OrderEventKind::Sold
            | OrderEventKind::RequestRejected => true,
        });
        let Some(kind) = own else {
            self.core.books.order(report);
            self.dispatch_feed(report);
            return if self.core.spreads.is_empty() {
                Ok(())
            } else {
                self.quote_spreads(report.instrument, report.ts)
            };
        };
        if kind == OrderEventKind::Rejected && self.hold_again(report) {
            return Ok(());
        }
        let instrument = self.core.instruments.get(InstrumentId(report.instrument));
        let mut told = self.told_of.take().unwrap_or_default();
        let applied = self.core.execution.apply((kind, report), instrument, &mut told).ok_or_else(|| {
            EngineError::overflow(self.core.now, format!("a fill of order {}", report.client_order_id))
        })?;
        match applied {
            Applied::Unknown => self.outputs.push(Output::UnknownOrder(*report)),
            Applied::Ignored => {}
            Applied::Changed => self.order_changed(report.seq, &mut told)?,
        }
        self.told_of = Some(told);
        Ok(())
    }

    fn order_changed(&mut self, seq: u64, told: &mut Told) -> Result<(), EngineError> {
        let Told { change, event, fill } = told;
        let strategy = change.strategy;
        if change.has_fill {
            self.add_costs(strategy, fill)?;
            self.book((strategy, change.position, change.is_late), fill)?;
            self.core.execution.remember_fill(strategy, (seq, *fill));
        }
        self.deliver_order(strategy, event);
        if change.is_overfilled {
            self.outputs.push(Output::Overfilled(*event));
        }
        if change.has_turned_up
            && let Some(order) = self.core.execution.get(ClientOrderId(event.client_order_id))
        {
            self.outputs.push(Output::Cancel(CancelOrder::of(order)));
        }
        let is_refusal = event.kind == OrderEventKind::RequestRejected.code();
        // a strategy that failed when it heard of it may have ended orders that are held after this one
        let id = ClientOrderId(event.client_order_id);
        let finished = || self.core.execution.past(strategy)?.iter().rfind(|order| order.id == id);
        if change.has_finished
            && let Some(order) = finished()
        {
            self.outputs.push(Output::OrderFinished(Order::clone(order)));
        }
        if !self.core.held.is_idle() || is_refusal {
            let traded = if change.has_fill { event.last_quantity } else { 0 };
            if event.kind == OrderEventKind::Change.code() {
                self.take_change(id);
            }
            if is_refusal && !change.has_finished {
                self.ask_again(id);
            } else {
                self.follow(id, Quantity::new(traded), change.has_finished);
            }
            if is_refusal {
                self.expire_again(id);
            }
        }
        let instrument = InstrumentId(event.instrument);
        if change.has_fill && self.core.expired_by_now(instrument) && !self.core.is_recovering {
            self.settle(instrument)?;
        }
        Ok(())
    }

    fn fire_timers(&mut self) {
        self.expire_orders();
        while let Some(due) = self.pop_due_timer() {
            let event = abi::Event {
                ts: self.core.now.get(),
                seq: self.core.seq,
                instrument: 0,
                kind: event_kind::TIMER,
                flags: 0,
                data: [due.id.cast_signed(), due.tag, due.due.get(), 0, 0],
            };
            if self.has_too_many_firings(due.strategy) {
                self.fail_for_firings(due.strategy, "timers fired");
                continue;
            }
            self.deliver(due.strategy, &event);
        }
    }

    fn pop_due_timer(&mut self) -> Option<DueTimer> {
        let risk = &self.core.risk;
        let closes = |strategy, instrument, at| risk.next_close(strategy, instrument, at);
        self.timers.pop_due((self.core.now, &closes))
    }

    pub(crate) fn fail_for_firings(&mut self, strategy: StrategyId, what: &str) {
        let message = format!(
            "its {what} more than {TIMERS_PER_INPUT_MAX} times between two events (expected: longer intervals)"
        );
        // the old instance, if there is one, goes on with its own timers
        self.fail_between_calls(strategy, &Fault { reason: Reason::HostLimit, message, index: 0 });
    }

    /// Counts the firings of a strategy's timers since the last event that was none, and its bars that closed by time.
    pub(crate) fn has_too_many_firings(&mut self, strategy: StrategyId) -> bool {
        let events = self.core.events;
        let Some(slot) = self.strategies.get_mut(strategy.index()) else { return false };
        if slot.firings.0 != events {
            slot.firings = (events, 0);
        }
        slot.firings.1 = slot.firings.1.saturating_add(1);
        slot.firings.1 > TIMERS_PER_INPUT_MAX
    }

    fn exit(&mut self, reason: Reason) {
        // what strategies request in `on_exit` is not sent any more, except cancels
        self.core.is_exiting = true;
        self.dispatch(&self.plain(EventKind::Exit, reason));
        let working: Vec<_> = self.core.execution.working().map(|order| order.id).collect();
        for id in working {
            self.cancel(id);
        }
        for index in 0..self.strategies.len() {
            if let Ok(id) = u16::try_from(index) {
                self.timers.cancel_all(StrategyId(id));
                self.core.bars.cancel_all(StrategyId(id));
                self.retire_guard(StrategyId(id));
            }
        }
        self.outputs.push(Output::Exited);
    }

    fn halt(&mut self, instrument: Option<InstrumentId>, reason: Reason) {
        match instrument {
            None => self.core.is_halted = true,
            Some(id) => {
                self.core.halted.insert(id);
            }
        }
        let event = self.plain(EventKind::Halt, reason);
        self.dispatch(&abi::Event { instrument: instrument.map_or(0, |i| i.0), ..event });
    }

    fn go_on(&mut self, instrument: Option<InstrumentId>, reason: Reason) {
        match instrument {
            None => {
                self.core.is_halted = false;
                self.core.halted.clear();
            }
            Some(id) => {
                self.core.halted.remove(&id);
            }
        }
        let event = self.plain(EventKind::Continue, reason);
        self.dispatch(&abi::Event { instrument: instrument.map_or(0, |i| i.0), ..event });
    }

    pub(crate) fn plain(&self, kind: EventKind, reason: Reason) -> abi::Event {
        plain_event(kind, self.core.now.get(), self.core.seq, reason)
    }
}
