//! The engine together with the place where its orders go.

use stratd_plugin_api::{Instrument, InstrumentId, Timestamp, TradingType, abi};

use crate::{
    CancelOrder, ChangeOrder, Engine, EngineError, Input, InputKind, NewOrder, Output, RiskApproved, Span,
};

/// Where approved orders go: a fill model, or the connectors of the exchanges.
pub trait ExchangeLink {
    /// Sends an order.
    fn submit(&mut self, order: &RiskApproved<NewOrder>, instrument: &Instrument, now: Timestamp);
    /// Cancels an order.
    fn cancel(&mut self, cancel: &CancelOrder, now: Timestamp);
    /// Changes an order.
    fn change(&mut self, change: &RiskApproved<ChangeOrder>, now: Timestamp);
    /// The next report that is there at once. Connectors report through the inbox instead and return `None`.
    fn pop_report(&mut self) -> Option<abi::OrderEvent>;
    /// Looks at a market event before the strategies see it, or, while the link is idle, before their requests arrive.
    fn on_market(&mut self, event: &abi::Event, instrument: &Instrument, at: Timestamp);
    /// Whether no market event can cause a report: no order works in a fill model, nothing is on its way or waits.
    fn is_idle(&self) -> bool;
    /// Whether an event need not be shown to an idle link, because the `next` one is, which happens before anything else
    /// does, and tells all that it would.
    fn is_outdone(&self, event: &abi::Event, next: &abi::Event) -> bool {
        let _ = (event, next);
        false
    }
    /// Sees each input before the engine takes it, market events and reports of the link apart. For who records them; by default nobody does.
    #[inline]
    fn on_input(&mut self, _: &Input) {}
    /// Sees each report of its own, which has its number, before the engine takes it.
    #[inline]
    fn on_report(&mut self, _at: Timestamp, _: &abi::OrderEvent) {}
    /// Sees each market event with its number in the order of all inputs; those of one call when it is known how many
    /// were taken.
    #[inline]
    fn on_market_input(&mut self, _seq: u64, _at: Timestamp, _: &abi::Event) {}
    /// Sees what came out of the inputs up to this number, before any of it is carried out.
    #[inline]
    fn on_outputs(&mut self, _seq: u64, _at: Timestamp, _: &[Output]) {}
}

/// A fill model that answers at once may be answered by a strategy with a new order, and so on for ever: one input
/// may cause this many reports, then the run stops.
const REPORTS_PER_INPUT_MAX: usize = 1_000_000;

/// Numbers the inputs, steps the engine and carries its orders to the link, until nothing is left to do.
pub struct Driver<L> {
    engine: Engine,
    link: L,
    seq: u64,
    /// How many outputs of the engine that wait to be taken were carried to the link.
    carried: usize,
}

impl<L: ExchangeLink> Driver<L> {
    /// A driver of an engine that took no input yet.
    #[must_use]
    pub fn new(engine: Engine, link: L) -> Self {
        Self { engine, link, seq: 0, carried: 0 }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, to add strategies and instruments.
    pub fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// The engine to look at, and the link.
    pub fn parts(&mut self) -> (&Engine, &mut L) {
        (&self.engine, &mut self.link)
    }

    /// The link, to look at.
    #[must_use]
    pub fn link(&self) -> &L {
        &self.link
    }

    /// The link.
    pub fn link_mut(&mut self) -> &mut L {
        &mut self.link
    }

    /// Feeds one input and the reports that it causes; all outputs are appended to the buffer of
    /// [`Driver::take_outputs`].
    ///
    /// # Errors
    /// The engine cannot go on.
    pub fn feed(&mut self, at: Timestamp, kind: InputKind) -> Result<(), EngineError> {
        self.step(at, kind)?;
        self.feed_reports(at)
    }

    /// Feeds as many of `events`, which happen at one time, as can go in one call of a strategy: at least the first.
    /// Returns how many. What comes out of it is the same as one event after the other: see `slice.rs`.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub fn feed_market(&mut self, at: Timestamp, events: &[abi::Event]) -> Result<usize, EngineError> {
        self.feed_timers(at)?;
        let Some(first) = events.first() else { return Ok(0) };
        if events.len() == 1 || !self.link.is_idle() {
            self.show(first, at);
            self.feed_reports(at)?;
            self.seq = self.seq.saturating_add(1);
            self.link.on_market_input(self.seq, at, first);
            self.engine.take_market(self.seq, at, first)?;
            self.carry_outputs(at);
            self.feed_reports(at)?;
            return Ok(1);
        }
        let consumed = self.engine.take_slice(self.seq.saturating_add(1), at, events)?;
        for event in events.iter().take(consumed) {
            self.seq = self.seq.saturating_add(1);
            self.link.on_market_input(self.seq, at, event);
            self.show(event, at);
        }
        self.carry_outputs(at);
        self.feed_reports(at)?;
        Ok(consumed)
    }

    /// Calls the one strategy that listens with as many of `events`, which are in the order of their times, as can go in one
    /// call; each happens at its own time. `None`: the first goes by [`Driver::feed_market`]. What comes out is the
    /// same as one event after the other, if each that was taken goes through [`Driver::apply_of_span`] and then
    /// [`Driver::end_span`] follows: see `span.rs`.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub fn begin_span(&mut self, events: &mut [abi::Event]) -> Result<Option<Span>, EngineError> {
        if !self.link.is_idle() {
            return Ok(None);
        }
        let span = self.engine.open_span(self.seq.saturating_add(1), events)?;
        let taken = span.as_ref().map_or(0, Span::taken);
        self.seq = self.seq.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
        Ok(span)
    }

    /// Takes one event of a span, at its time.
    ///
    /// # Errors
    /// The engine cannot go on.
    #[inline]
    pub fn apply_of_span(&mut self, event: &abi::Event) -> Result<(), EngineError> {
        self.engine.apply_of_span(event)?;
        self.link.on_market_input(event.seq, Timestamp::new(event.ts), event);
        Ok(())
    }

    /// Shows the events that were `taken` to the link, then carries out what the strategy asked for, at the time of the
    /// last of them.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub fn end_span(&mut self, span: Span, taken: &[abi::Event], at: Timestamp) -> Result<(), EngineError> {
        for (index, event) in taken.iter().enumerate() {
            let next = taken.get(index.saturating_add(1));
            if !next.is_some_and(|next| self.link.is_outdone(event, next)) {
                self.show(event, Timestamp::new(event.ts));
            }
        }
        self.engine.end_span(span);
        self.carry_outputs(at);
        self.feed_reports(at)
    }

    /// Whether [`Driver::feed_market`] may take more than this event: to ask before further ones are gathered.
    pub fn may_begin_slice(&self, event: &abi::Event) -> bool {
        self.link.is_idle() && self.engine.may_begin_slice(event)
    }

    /// Shows the link an event from before a backtest. One from before a run by the clock is no price at which an order
    /// could fill.
    pub fn show_history(&mut self, event: &abi::Event) {
        if self.engine.trading_type() == TradingType::Backtest {
            self.show(event, Timestamp::new(event.ts));
        }
    }

    fn show(&mut self, event: &abi::Event, at: Timestamp) {
        if let Some(instrument) = self.engine.instrument(InstrumentId(event.instrument)) {
            self.link.on_market(event, instrument, at);
        }
    }

    /// Feeds the reports that the link has ready.
    ///
    /// # Errors
    /// The engine cannot go on, or fill model and strategies answer each other without end.
    pub fn feed_reports(&mut self, at: Timestamp) -> Result<(), EngineError> {
        let mut count = 0usize;
        while let Some(mut report) = self.link.pop_report() {
            count = count.saturating_add(1);
            if count > REPORTS_PER_INPUT_MAX {
                let what = format!(
                    "more than {REPORTS_PER_INPUT_MAX} order reports in one event: a strategy answers every fill with a new order"
                );
                return Err(EngineError::bad_input(at, what));
            }
            self.seq = self.seq.saturating_add(1);
            report.seq = self.seq;
            self.link.on_report(at, &report);
            self.engine.take_report(at, &report)?;
            self.carry_outputs(at);
        }
        Ok(())
    }

    /// Feeds all timers that are due by `now`, each at its own time.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub fn feed_timers(&mut self, now: Timestamp) -> Result<(), EngineError> {
        while let Some(due) = self.engine.next_timer().filter(|due| *due <= now) {
            self.feed(due, InputKind::Timers)?;
        }
        Ok(())
    }

    /// The outputs since the last call of [`Driver::take_outputs`].
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        self.engine.outputs()
    }

    /// Hands the outputs since the last call over; the buffer goes back with [`Driver::give_back`].
    pub fn take_outputs(&mut self) -> Vec<Output> {
        self.carried = 0;
        std::mem::take(self.engine.outputs_mut())
    }

    /// Takes the emptied buffer back, so that a run allocates it once.
    pub fn give_back(&mut self, mut outputs: Vec<Output>) {
        outputs.clear();
        if self.engine.outputs().is_empty() {
            *self.engine.outputs_mut() = outputs;
        }
    }

    fn step(&mut self, at: Timestamp, kind: InputKind) -> Result<(), EngineError> {
        self.seq = self.seq.saturating_add(1);
        let input = Input { seq: self.seq, at, kind };
        self.link.on_input(&input);
        self.engine.take(&input)?;
        self.carry_outputs(at);
        Ok(())
    }

    /// Carries the orders among the outputs of the last step to the link.
    fn carry_outputs(&mut self, at: Timestamp) {
        let outputs = self.engine.outputs();
        let first = std::mem::replace(&mut self.carried, outputs.len());
        let outputs = outputs.get(first..).unwrap_or_default();
        if outputs.is_empty() {
            return;
        }
        self.link.on_outputs(self.seq, at, outputs);
        for output in outputs {
            match output {
                Output::Submit(order) => {
                    if let Some(instrument) = self.engine.instrument(order.get().request.instrument) {
                        self.link.submit(order, instrument, at);
                    }
                }
                Output::Cancel(cancel) => self.link.cancel(cancel, at),
                Output::Change(change) => self.link.change(change, at),
                Output::ByHand { .. }
                | Output::Held(_)
                | Output::Filled(_)
                | Output::OrderFinished(_)
                | Output::Denied(_)
                | Output::Reduced(_)
                | Output::Trading { .. }
                | Output::SessionClosed { .. }
                | Output::StrategyStopped { .. }
                | Output::StrategyFaulted { .. }
                | Output::StrategyRolledBack { .. }
                | Output::ProbationPassed { .. }
                | Output::Shutdown { .. }
                | Output::Metric { .. }
                | Output::UnknownOrder(_)
                | Output::Overfilled(_)
                | Output::BookGap(_)
                | Output::Exited => {}
            }
        }
    }
}
