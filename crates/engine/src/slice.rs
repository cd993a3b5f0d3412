//! Slices: several market events in one call of a strategy, with the outputs of one event after the other.
//!
//! That is possible only where nobody can tell the difference: one started strategy alone listens to the events, its
//! market handlers read no view, it is not on probation (a failing event would be delivered twice), and the shell
//! knows that no other input falls in between: one instant, no timer due, nothing that waits at the fill model.
//! The strategy's call comes first and says how many events it took; exactly those are applied then, and its requests
//! are carried out after them, as they would be after the last of them.

use stratd_plugin_api::{EventKind, Fault, InstrumentId, Timestamp, abi};

use crate::{Engine, EngineError, FaultPlace, StrategyId};

/// At most this many events in one call: beyond it a call costs as little per event as it ever will.
pub const SLICE_MAX: usize = 64;

impl Engine {
    /// Takes as many of `events` as may go in one call, at least the first; returns how many. The events have the
    /// numbers from `seq` on and happen at one time; see the module for what else the caller knows. The outputs are
    /// those of [`Engine::outputs`].
    ///
    /// # Errors
    /// As [`Engine::step`].
    pub fn step_slice(
        &mut self,
        seq: u64,
        at: Timestamp,
        events: &[abi::Event],
    ) -> Result<usize, EngineError> {
        self.outputs.clear();
        self.take_slice(seq, at, events)
    }

    /// As [`Engine::step_slice`]; the outputs follow those that nobody has taken yet.
    pub(crate) fn take_slice(
        &mut self,
        seq: u64,
        at: Timestamp,
        events: &[abi::Event],
    ) -> Result<usize, EngineError> {
        let Some(first) = events.first() else { return Ok(0) };
        let Some((strategy, len)) = self.slice_of(events) else {
            self.take_market(seq, at, first)?;
            return Ok(1);
        };
        self.begin(seq, at, true)?;
        let mut slice = std::mem::take(&mut self.slice);
        slice.extend(events.iter().take(len).zip(seq..).map(|(event, seq)| abi::Event { seq, ..*event }));
        let answer = self.attempt(strategy, |instance, view| instance.on_events(view, &slice));
        let (consumed, fault) = match answer {
            Some(Ok(count)) => (count.clamp(1, len), None),
            // the failing event has happened, those after it have not
            Some(Err(fault)) => (fault.index.saturating_add(1).min(len), Some(fault)),
            None => (1, None),
        };
        let at = fault.as_ref().and(slice.get(consumed.saturating_sub(1))).and_then(FaultPlace::of_event);
        for event in slice.iter().take(consumed) {
            self.core.seq = event.seq;
            self.apply_market(event)?;
        }
        slice.clear();
        self.slice = slice;
        let count = u64::try_from(consumed).unwrap_or(u64::MAX);
        self.core.events = self.core.events.wrapping_add(count.saturating_sub(1));
        self.count_event(strategy, count);
        if let Some(fault) = fault {
            // alone in its slice, the event would have had the index 0
            self.fail(strategy, Fault { index: 0, ..fault }, at);
        }
        self.carry_out_requests();
        self.end_probations();
        Ok(consumed)
    }

    /// Whether a slice may begin with an event, as far as the engine knows: to ask before further events are gathered.
    #[must_use]
    pub fn may_begin_slice(&self, event: &abi::Event) -> bool {
        self.slice_listener(event).is_some()
    }

    /// Whether a strategy alone listens to an event of the market.
    pub(crate) fn is_for(&self, event: &abi::Event, strategy: StrategyId) -> bool {
        is_market(event) && self.only_listener(event) == Some(strategy)
    }

    pub(crate) fn slice_listener(&self, event: &abi::Event) -> Option<StrategyId> {
        // a loss must stop orders from the event on that brought it, and one that is held must go out then; bars and
        // quotes of spreads are told between the events that they are made of
        let core = &self.core;
        if core.risk.watches_losses()
            || !core.bars.is_empty()
            || !core.held.watches_nothing()
            || !core.spreads.is_empty()
        {
            return None;
        }
        let strategy = self.only_listener(event)?;
        let is_safe = self.strategies.get(strategy.index())?.config.is_batch_safe;
        (is_safe && is_market(event) && !self.is_on_probation(strategy)).then_some(strategy)
    }

    /// The strategy that may get several of the first events in one call, and how many; `None` = one at a time.
    fn slice_of(&self, events: &[abi::Event]) -> Option<(StrategyId, usize)> {
        let strategy = self.slice_listener(events.first()?)?;
        let fits = |event: &&abi::Event| self.is_for(event, strategy);
        let len = events.iter().take(SLICE_MAX).take_while(fits).count();
        (len > 1).then_some((strategy, len))
    }

    /// The one started strategy that wants an event of a known instrument.
    fn only_listener(&self, event: &abi::Event) -> Option<StrategyId> {
        if event.instrument != 0 {
            self.core.instruments.get(InstrumentId(event.instrument))?;
        }
        let wants = |slot: &crate::strategies::Slot| {
            slot.is_started() && slot.subscription.wants(event.instrument, event.kind)
        };
        let mut listeners = self.strategies.iter().enumerate().filter(|(_, slot)| wants(slot));
        let (index, _) = listeners.next()?;
        if listeners.next().is_some() {
            return None;
        }
        u16::try_from(index).ok().map(StrategyId)
    }
}

fn is_market(event: &abi::Event) -> bool {
    match EventKind::from_code(event.kind) {
        Some(EventKind::Trade | EventKind::Quote | EventKind::Bar | EventKind::Data) => true,
        // of one with a number, only the book knows whether it follows, and a strategy is told
        Some(EventKind::BookUpdate) => event.data[4] == 0,
        Some(
            EventKind::Timer
            | EventKind::Halt
            | EventKind::Continue
            | EventKind::Error
            | EventKind::Start
            | EventKind::Exit,
        )
        | None => false,
    }
}
