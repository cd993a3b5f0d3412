//! What backtest and live runs have in common: one event through the engine, and what comes out of it.

mod tell;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use anyhow::Result;
use stratd_engine::{
    CancelOrder, Driver, Engine, ExchangeLink as _, InputKind, RiskLimits, StrategyId, StrategyState,
};
use stratd_plugin_api::{ExchangeId, Fault, InstrumentId, Reason, Timestamp, abi};

use super::{
    Services,
    clock::{Moment, Took},
    command::{Command, Note, Notes, Tag},
    exchange_desk::Told,
    link::Links,
    observer::Observer,
    plan::Plan,
    recovery::Recovery,
    trading::TradingDesk,
};
use crate::{
    config::InstrumentsConfig,
    recorder::Mark,
    results::{Recorder, Summary},
};

/// A run that is over.
pub struct Finished {
    /// What came out.
    pub summary: Summary,
    /// How long the run took, loading and the pages at the end excluded.
    pub took: Took,
    /// Whether a strategy failed, or an order was still working at the end.
    pub has_faults: bool,
}

/// The engine with its recorder: the part of a run that knows no source and no clock.
pub(super) struct EventLoop {
    driver: Driver<Links>,
    recorder: Recorder,
    services: Arc<Services>,
    is_verbose: bool,
    slice_max: usize,
    /// So many events are gathered for the next span: twice what the strategy took of the last one. Who trades often ends
    /// its spans early, and what is beyond would be looked at in vain.
    span_len: usize,
    /// The engine's time.
    now: Timestamp,
    /// The last instant whose equity was taken.
    closed: Timestamp,
    /// Books that lost something since the last look, whose sources may be asked for a snapshot.
    gaps: Vec<InstrumentId>,
    /// The strategy that ended the run, with its reason.
    shutdown: Option<String>,
    is_exiting: bool,
    /// Who hears of strategies that fail, are rolled back, or stop.
    notes: Notes,
    /// The builds of the strategies, by id.
    tags: Tags,
    /// Strategies that died and are not started again by themselves.
    given_up: BTreeSet<StrategyId>,
    /// What is kept for people who look and trade by hand.
    pub(super) desk: TradingDesk,
    /// The limits of strategies by name, for those that join later.
    limits: BTreeMap<String, RiskLimits>,
    /// What is said of instruments, for those of exchanges that join later.
    pub(super) described: InstrumentsConfig,
    /// Who sees what happens; nobody in a backtest.
    observer: Option<Observer>,
    /// How what earlier runs left is compared with the exchanges, where orders reach one.
    pub(super) recovery: Option<Recovery>,
    /// Commands that waited for the recovery.
    pub(super) deferred: VecDeque<Command>,
}

/// The builds that the instances of strategies are of.
#[derive(Default)]
pub(super) struct Tags(Vec<[Tag; 2]>);

impl Tags {
    /// The build in place.
    pub(super) fn now(&self, strategy: StrategyId) -> Tag {
        self.0.get(strategy.index()).map_or_else(Tag::default, |[now, _]| *now)
    }

    /// Notes the build that takes the place; the one before stands by.
    pub(super) fn set(&mut self, strategy: StrategyId, tag: Tag) {
        let index = strategy.index();
        if index >= self.0.len() {
            self.0.resize(index + 1, [Tag::default(); 2]);
        }
        if let Some([now, before]) = self.0.get_mut(index) {
            *before = std::mem::replace(now, tag);
        }
    }

    /// The build that stood by is in place again; that which failed, and that one.
    fn roll_back(&mut self, strategy: StrategyId) -> (Tag, Tag) {
        let Some([now, before]) = self.0.get_mut(strategy.index()) else { return Default::default() };
        let failed = std::mem::replace(now, *before);
        (failed, *before)
    }
}

impl EventLoop {
    /// The books that lost something since the last call.
    pub(super) fn take_gaps(&mut self) -> Vec<InstrumentId> {
        std::mem::take(&mut self.gaps)
    }

    pub(super) fn new(
        mut driver: Driver<Links>,
        recorder: Recorder,
        services: &Arc<Services>,
        (is_verbose, slice_max): (bool, usize),
    ) -> Self {
        driver.link_mut().show_orders(is_verbose);
        Self {
            driver,
            recorder,
            services: Arc::clone(services),
            is_verbose,
            // every event is shown before its call
            slice_max: if is_verbose { 1 } else { slice_max.max(1) },
            span_len: usize::MAX,
            now: Timestamp::MIN,
            closed: Timestamp::MIN,
            gaps: Vec::new(),
            shutdown: None,
            is_exiting: false,
            notes: Notes::nowhere(),
            tags: Tags::default(),
            given_up: BTreeSet::new(),
            desk: TradingDesk::default(),
            limits: BTreeMap::new(),
            described: InstrumentsConfig::default(),
            observer: None,
            recovery: None,
            deferred: VecDeque::new(),
        }
    }

    /// Begins the recording, if there is to be one.
    ///
    /// # Errors
    /// Its files cannot be made.
    pub(super) fn record(
        &mut self,
        plan: &mut Plan,
        instruments: &[abi::InstrumentRecord],
        began: Timestamp,
    ) -> Result<()> {
        if let Some(mut recorder) = plan.recorder.take() {
            recorder.head.identity = plan.recovery.as_ref().map(|recovery| u64::from(recovery.identity));
            let run = (plan.folder.name(), plan.run, began.to_string());
            let tape = recorder.start(run, instruments, &self.services)?;
            self.driver.link_mut().set_tape(tape);
        }
        Ok(())
    }

    /// Records what happens to the engine besides inputs.
    pub(super) fn mark(&mut self, mark: impl FnOnce() -> Mark) {
        self.driver.link_mut().mark(mark);
    }

    /// Ends the recording, if there is one.
    pub(super) fn end_recording(&mut self, is_clean: bool) {
        self.driver.link_mut().end_recording(is_clean);
    }

    /// Lets somebody see what happens from now on.
    pub(super) fn set_observer(&mut self, observer: Option<Observer>) {
        if let Some(observer) = &observer {
            self.driver.link_mut().set_order_meters(observer.order_meters());
        }
        self.observer = observer;
    }

    pub(super) fn observer(&mut self) -> Option<&mut Observer> {
        self.observer.as_mut()
    }

    /// A round begins: asks what is wanted.
    pub(super) fn begin_round(&mut self) {
        let wants_orders = self.observer.as_ref().is_some_and(Observer::wants_orders);
        self.driver.link_mut().note_reports(wants_orders);
    }

    /// A round has ended that took so many events.
    pub(super) fn end_round(&mut self, taken: usize, round: Moment) {
        if let Some(observer) = &mut self.observer {
            observer.end_round((taken, round), self.driver.engine());
        }
    }

    /// The limits of strategies that join later.
    pub(super) fn set_limits(&mut self, limits: BTreeMap<String, RiskLimits>) {
        self.limits = limits;
    }

    /// As [`Self::set_limits`]; those of before.
    pub(super) fn replace_limits_by_name(
        &mut self,
        limits: BTreeMap<String, RiskLimits>,
    ) -> BTreeMap<String, RiskLimits> {
        std::mem::replace(&mut self.limits, limits)
    }

    pub(super) fn limits_of(&self, strategy: &str) -> Option<RiskLimits> {
        self.limits.get(strategy).cloned()
    }

    /// The exchanges of the run by id, from 1.
    pub(super) fn exchange_names(&self) -> Vec<String> {
        self.recorder.exchange_names()
    }

    pub(super) fn tell_note(&mut self, note: Note) {
        self.notes.tell(note);
    }

    /// Tells `notes` of strategies from now on.
    pub(super) fn set_notes(&mut self, notes: Notes) {
        self.notes = notes;
    }

    pub(super) fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }

    /// A strategy that died does not come back by itself.
    pub(super) fn give_up(&mut self, strategy: StrategyId) {
        self.given_up.insert(strategy);
    }

    pub(super) fn driver(&self) -> &Driver<Links> {
        &self.driver
    }

    pub(super) fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// The exchanges of the run.
    pub(super) fn exchange_ids(&self) -> impl Iterator<Item = (ExchangeId, String)> + use<> {
        (1u16..).map(ExchangeId).zip(self.recorder.exchange_names())
    }

    pub(super) fn driver_mut(&mut self) -> &mut Driver<Links> {
        &mut self.driver
    }

    /// Whether orders for that exchange go to its connector.
    pub(super) fn has_entry(&self, exchange: ExchangeId) -> bool {
        self.driver.link().has_entry(exchange)
    }

    pub(super) fn recorder_mut(&mut self) -> &mut Recorder {
        &mut self.recorder
    }

    pub(super) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(super) fn is_exiting(&self) -> bool {
        self.is_exiting
    }

    pub(super) fn engine(&self) -> &Engine {
        self.driver.engine()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn events(&self) -> u64 {
        self.recorder.events()
    }

    /// Whether anybody still listens.
    pub(super) fn has_started_strategies(&self) -> bool {
        let is_one = |(index, (_, state, _)): (usize, (_, &StrategyState, _))| {
            let is_manual = u16::try_from(index).is_ok_and(|id| self.is_manual(StrategyId(id)));
            *state == StrategyState::Started && !is_manual
        };
        self.driver.engine().strategies().enumerate().any(is_one)
    }

    /// Whether a strategy that has ended may come back: one that died elsewhere is started again.
    pub(super) fn has_strategies_to_restart(&self) -> bool {
        let died = |state: &StrategyState| match state {
            StrategyState::Faulted(fault) => matches!(fault.reason, Reason::Crashed | Reason::Deadline),
            StrategyState::Started | StrategyState::Stopped(_) => false,
        };
        let strategies = self.driver.engine().strategies().enumerate();
        let mut dead = strategies.filter(|(_, (_, state, _))| died(state)).map(|(index, _)| index);
        dead.any(|index| !self.given_up.iter().any(|strategy| strategy.index() == index))
    }

    /// Why a strategy ended the run, if one did.
    pub(super) fn shutdown(&self) -> Option<&str> {
        self.shutdown.as_deref()
    }

    /// Takes an event from before the run: prices, books and the fill model of a backtest are where they belong when it
    /// begins.
    pub(super) fn take_history(&mut self, event: &abi::Event) -> Result<()> {
        self.driver.show_history(event);
        self.tell_history(None, event)
    }

    /// Tells a strategy an event of history, before it starts.
    pub(super) fn tell_history(&mut self, strategy: Option<StrategyId>, event: &abi::Event) -> Result<()> {
        let at = Timestamp::new(event.ts);
        self.services.set_now(at);
        self.driver.feed(at, InputKind::History(strategy, *event))?;
        self.take_outputs()
    }

    /// Starts the strategies but those that refused their saved state.
    pub(super) fn start(&mut self, at: Timestamp, refused: Vec<(StrategyId, Fault)>) -> Result<()> {
        self.set_now(at);
        for (strategy, fault) in refused {
            self.driver.feed(at, InputKind::FailStrategy(strategy, fault))?;
        }
        self.driver.feed(at, InputKind::Start)?;
        self.take_outputs()
    }

    /// Whether further events of the same instant may be fed with this one: to ask before they are gathered.
    pub(super) fn may_begin_slice(&self, told: &Told) -> bool {
        match told {
            Told::Market(event) => self.slice_max > 1 && self.driver.may_begin_slice(event),
            Told::Order(_) => false,
        }
    }

    /// At most so many events are fed at once.
    pub(super) fn slice_max(&self) -> usize {
        self.slice_max
    }

    /// Feeds the first of what exchanges told at one time, and with it what can go in one call of a strategy. Returns
    /// how many were taken. Time never goes backwards: it is that of the event, or of the one before.
    pub(super) fn feed(&mut self, told: &[Told], at: Timestamp) -> Result<usize> {
        let told = told.get(..self.slice_max).unwrap_or(told);
        let at = at.max(self.now);
        if at > self.now {
            self.set_now(at);
        }
        if self.is_verbose
            && let Some(Told::Market(event)) = told.first()
        {
            tracing::debug!(logger = "market", time = %at, "{}", self.recorder.in_words(event, self.driver.engine()));
        }
        let count = Links::feed(&mut self.driver, told, at)?;
        for _ in told.iter().take(count).filter(|told| matches!(told, Told::Market(_))) {
            self.recorder.count_event();
        }
        if self.recovery.is_some() {
            self.tell_reconnected(told.get(..count).unwrap_or(told));
        }
        for told in told.iter().take(count) {
            if let Told::Order(report) = told {
                self.tell_held_again(report);
            }
        }
        if let Some(observer) = &mut self.observer {
            observer.fed(told.get(..count).unwrap_or(told), at, self.driver.engine());
        }
        self.take_outputs()?;
        Ok(count)
    }

    /// Whether events of several instants may be fed at once: to ask before they are gathered.
    pub(super) fn may_begin_span(&self) -> bool {
        self.slice_max > 1 && self.driver.link().is_idle()
    }

    /// So many events are gathered for a span.
    pub(super) fn span_len(&self) -> usize {
        self.span_len.min(self.slice_max)
    }

    /// Feeds what can go in one call of a strategy, each event at its own time, and takes the equity after each instant.
    /// Returns how many were taken: none if the first has to go by [`EventLoop::feed`].
    pub(super) fn feed_span(&mut self, events: &mut [abi::Event]) -> Result<usize> {
        let Some(span) = self.driver.begin_span(events)? else { return Ok(0) };
        let taken = span.taken();
        self.span_len = taken.saturating_mul(2).max(2);
        for event in events.iter().take(taken) {
            let at = Timestamp::new(event.ts);
            if at > self.now {
                self.close_instant()?;
                self.now = at;
            }
            self.driver.apply_of_span(event)?;
            self.recorder.count_event();
        }
        self.set_now(self.now);
        self.driver.end_span(span, events.get(..taken).unwrap_or_default(), self.now)?;
        self.take_outputs()?;
        Ok(taken)
    }

    /// Lets timers fire that are due.
    pub(super) fn feed_timers(&mut self, now: Timestamp) -> Result<()> {
        if self.driver.engine().next_timer().is_some_and(|due| due <= now) {
            self.set_now(now.max(self.now));
            self.driver.feed_timers(now)?;
            self.take_outputs()?;
        }
        Ok(())
    }

    /// Looks how many events the strategies handle, if it is time.
    pub(super) fn look_at_rates(&mut self) {
        self.desk.rates.look(self.driver.engine());
    }

    /// When the loop must wake up although no event came.
    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        let timer = self.driver.engine().next_timer();
        timer.into_iter().chain(self.driver.link().next_arrival()).min()
    }

    /// What only the clock brings to the ways out.
    pub(super) fn feed_overdue(&mut self, now: Timestamp) -> Result<()> {
        // what arrives now carries this time, so nothing later may carry an earlier one
        self.set_now(now.max(self.now));
        Links::feed_overdue(&mut self.driver, self.now)?;
        self.take_outputs()
    }

    /// Cancels all working orders past the engine, after it failed.
    pub(super) fn cancel_at_exchanges(&mut self) {
        let working: Vec<_> = self.driver.engine().working_orders().map(CancelOrder::of).collect();
        for cancel in &working {
            self.driver.link_mut().cancel(cancel, self.now);
        }
        // cancels do not wait for the disk any more; the engine takes no reports
        let _ = Links::send_unkept(&mut self.driver, self.now);
    }

    /// Everything of an instant was processed: takes the equity. Before the first event there is no instant.
    pub(super) fn close_instant(&mut self) -> Result<()> {
        if self.events() == 0 {
            return Ok(());
        }
        self.closed = self.now;
        self.recorder.close_instant(self.now, self.driver.engine())
    }

    /// Takes the equity if the last time is `interval_ns` ago: live events come too fast to do it after each.
    pub(super) fn close_instant_every(&mut self, interval_ns: i64, at: Timestamp) -> Result<()> {
        if self.now > self.closed && at.get().saturating_sub(self.closed.get()) >= interval_ns {
            self.close_instant()?;
        }
        Ok(())
    }

    /// Hands the results so far to the system.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.recorder.flush()
    }

    /// Ends the run: what waits in the fill model is canceled, strategies get `on_exit`, working orders are canceled.
    pub(super) fn exit(&mut self, reason: Reason) -> Result<()> {
        let now = self.now;
        self.is_exiting = true;
        if let Some(observer) = &mut self.observer {
            observer.run(now, "exiting");
        }
        self.driver.link_mut().end(now);
        self.driver.feed_reports(now)?;
        self.driver.feed(now, InputKind::Exit(reason))?;
        self.take_outputs()
    }

    /// Writes the results.
    pub(super) fn finish(self, took: Took) -> Result<Finished> {
        let engine = self.driver.engine();
        let has_open_orders = engine.working_orders().next().is_some();
        let has_faults = has_open_orders
            || engine.strategies().any(|(_, state, _)| matches!(state, StrategyState::Faulted(_)));
        let summary = self.recorder.finish(engine)?;
        Ok(Finished { summary, took, has_faults })
    }

    pub(super) fn set_now(&mut self, now: Timestamp) {
        self.now = now;
        self.services.set_now(now);
    }

    pub(super) fn take_outputs(&mut self) -> Result<()> {
        let outputs = self.driver.take_outputs();
        if self.is_verbose {
            self.show_orders(&outputs);
        }
        if let Some(observer) = &mut self.observer {
            let link = self.driver.link_mut();
            observer.take_reported(|emptied| link.take_reported(emptied));
        }
        for output in &outputs {
            self.recorder.take(output, self.driver.engine())?;
            self.tell(output);
            if let Some(observer) = &mut self.observer {
                let exchange = |id| self.recorder.exchange_name(id).to_owned();
                observer.output(self.now, output, self.driver.engine(), exchange);
            }
        }
        if let Some(observer) = &mut self.observer {
            observer.end_step(self.now, self.driver.engine());
        }
        self.driver.give_back(outputs);
        self.flush_journal();
        while let Some(retired) = self.driver.engine_mut().take_retired() {
            self.notes.tell(Note::Retired(retired.instance));
        }
        Ok(())
    }
}
