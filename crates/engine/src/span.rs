//! Spans: slices whose events have times of their own.
//!
//! In a backtest an event happens at its own time, and between most of them nothing happens. Where the rules of a slice
//! hold over several instants (see `slice.rs`), and no timer or session falls between them, one call of the strategy takes
//! them all. The host says which event is in work, and the view tells its time. Then the shell applies the
//! events that were taken, one by one, and looks at the books after each instant as ever; at last the requests are carried
//! out, which belong to the last event that was taken.
//!
//! ```text
//! begin_span (the call) → apply_of_span, for each event that was taken → end_span (requests, a failure)
//! ```
//! Nothing else may be done with the engine in between.

use stratd_plugin_api::{Fault, Timestamp, abi};

use crate::{Engine, EngineError, FaultPlace, SLICE_MAX, StrategyId};

/// What a strategy made of a span.
#[derive(Debug)]
#[must_use]
pub struct Span {
    strategy: StrategyId,
    taken: usize,
    fault: Option<(Fault, Option<FaultPlace>)>,
}

impl Span {
    /// How many events happened: those that the strategy took, and the one at which it failed.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }
}

impl Engine {
    /// Calls the strategy that alone listens to the first of `events`, which are in the order of their times, with as many
    /// of them as may go in one call. They get the numbers from `seq` on. `None`: the first one goes by itself.
    /// The outputs are those of [`Engine::outputs`] once the span has ended.
    ///
    /// # Errors
    /// As [`Engine::step`].
    pub fn begin_span(&mut self, seq: u64, events: &mut [abi::Event]) -> Result<Option<Span>, EngineError> {
        self.outputs.clear();
        self.open_span(seq, events)
    }

    /// As [`Engine::begin_span`]; the outputs follow those that nobody has taken yet.
    pub(crate) fn open_span(
        &mut self,
        seq: u64,
        events: &mut [abi::Event],
    ) -> Result<Option<Span>, EngineError> {
        let Some((strategy, len)) = self.span_of(seq, events) else { return Ok(None) };
        let Some(events) = events.get(..len) else { return Ok(None) };
        let Some(first) = events.first().map(|event| Timestamp::new(event.ts)) else { return Ok(None) };
        self.begin(seq, first, false)?;
        let answer = self.attempt_span(strategy, |instance, view| instance.on_events(view, events));
        let (taken, fault) = match answer {
            Some(Ok(count)) => (count.clamp(1, len), None),
            // the failing event has happened, those after it have not
            Some(Err(fault)) => (fault.index.saturating_add(1).min(len), Some(fault)),
            None => (1, None),
        };
        let at = fault.as_ref().and(events.get(taken.saturating_sub(1))).and_then(FaultPlace::of_event);
        Ok(Some(Span { strategy, taken, fault: fault.map(|fault| (fault, at)) }))
    }

    /// Applies one event of a span, at its time.
    ///
    /// # Errors
    /// As [`Engine::step`].
    #[inline]
    pub fn apply_of_span(&mut self, event: &abi::Event) -> Result<(), EngineError> {
        self.core.seq = event.seq;
        self.core.now = Timestamp::new(event.ts);
        self.core.events = self.core.events.wrapping_add(1);
        self.apply_market(event)
    }

    /// Carries out what the strategy asked for at the last event that it took, or ends it there.
    pub fn end_span(&mut self, span: Span) {
        self.count_event(span.strategy, u64::try_from(span.taken).unwrap_or(u64::MAX));
        if let Some((fault, at)) = span.fault {
            // alone in its call, the event would have had the index 0
            self.fail(span.strategy, Fault { index: 0, ..fault }, at);
        }
        self.carry_out_requests();
        self.end_probations();
    }

    /// The strategy that may get several of the first events in one call, and how many; these are numbered.
    /// `None` = one at a time.
    fn span_of(&self, seq: u64, events: &mut [abi::Event]) -> Option<(StrategyId, usize)> {
        // what is due at the time of an event comes before it
        let due = self.next_timer().unwrap_or(Timestamp::MAX).get();
        let first = events.first().filter(|event| event.ts < due)?;
        let strategy = self.slice_listener(first)?;
        let instance = self.strategies.get(strategy.index())?.instance.as_ref()?;
        if !instance.takes_up_events() {
            return None;
        }
        // nearly every event is like the one before it, and who listens to that one was asked
        let (mut instrument, mut kind) = (first.instrument, first.kind);
        let mut next = seq;
        let max = events.len().min(SLICE_MAX);
        for event in events.get_mut(..max)? {
            let is_alike = event.instrument == instrument && event.kind == kind;
            if event.ts >= due || !(is_alike || self.is_for(event, strategy)) {
                break;
            }
            (instrument, kind) = (event.instrument, event.kind);
            event.seq = next;
            next = next.wrapping_add(1);
        }
        let len = usize::try_from(next.wrapping_sub(seq)).ok()?;
        (len > 1).then_some((strategy, len))
    }
}
