//! Bars made of trades, on their way to the strategies that subscribed to them.

use stratd_plugin_api::{
    Fault, InstrumentId, Reason, Timestamp, abi,
    abi::{event_flag, event_kind},
};

use crate::{
    Engine, EngineError, StrategyId,
    bars::{Closed, Stop},
    books::BookGap,
    output::Output,
};

impl Engine {
    /// Whether somebody has bars made of events like this one.
    #[inline]
    pub(crate) fn makes_bars_of(&self, event: &abi::Event) -> bool {
        !self.core.bars.is_empty() && (event.kind == event_kind::TRADE || event.kind == event_kind::BAR)
    }

    /// Tells the bars that end at or before the time of an event, which is not in them.
    pub(crate) fn close_bars_before(&mut self, event: &abi::Event) {
        let mut closed = Vec::new();
        self.core.bars.close_before(event.instrument, Timestamp::new(event.ts), &mut closed);
        for closed in &closed {
            self.tell_bar(closed);
        }
    }

    /// Adds an event to the bars of its instrument, and tells those that it completes.
    pub(crate) fn add_to_bars(&mut self, event: &abi::Event) -> Result<(), EngineError> {
        let mut closed = Vec::new();
        let taken = self.core.bars.take(event, None, &mut closed);
        self.added(taken, &closed)
    }

    /// As [`Engine::add_to_bars`], for the bars of one strategy only.
    pub(crate) fn add_to_bars_of(
        &mut self,
        strategy: StrategyId,
        event: &abi::Event,
    ) -> Result<(), EngineError> {
        let mut closed = Vec::new();
        let taken = self.core.bars.take(event, Some(strategy), &mut closed);
        self.added(taken, &closed)
    }

    fn added(&mut self, taken: Result<(), Stop>, closed: &[Closed]) -> Result<(), EngineError> {
        for closed in closed {
            self.tell_bar(closed);
        }
        match taken {
            Ok(()) => Ok(()),
            Err(Stop::Overflow) => Err(EngineError::overflow(self.core.now, "the volume of a bar")),
            Err(Stop::TooMany(strategy)) => {
                let message = "one trade makes more than 10000 bars of its volume (expected: a larger step)";
                let message = message.to_owned();
                self.fail_between_calls(strategy, &Fault { reason: Reason::HostLimit, message, index: 0 });
                Ok(())
            }
        }
    }

    /// Tells the bars that are due by now.
    pub(crate) fn close_bars_due(&mut self) {
        let mut closed = Vec::new();
        while self.core.bars.close_due(self.core.now, &mut closed) {
            for closed in closed.drain(..) {
                if self.has_too_many_firings(closed.strategy) {
                    self.fail_for_firings(closed.strategy, "bars closed");
                } else {
                    self.tell_bar(&closed);
                }
            }
        }
    }

    pub(crate) fn tell_bar(&mut self, closed: &Closed) {
        let history = if self.core.is_warming_up { event_flag::HISTORY } else { 0 };
        let event = abi::Event { seq: self.core.seq, flags: closed.event.flags | history, ..closed.event };
        self.deliver(closed.strategy, &event);
    }

    /// Begins the bars that a strategy asked for, with the next event.
    pub(crate) fn begin_bars(&mut self, strategy: StrategyId, instrument: InstrumentId, number: u8) {
        let Some(slot) = self.strategies.get(strategy.index()) else { return };
        let place = usize::from(number).checked_sub(1);
        if let Some(spec) = place.and_then(|place| slot.bar_specs.get(place)) {
            self.core.bars.add(strategy, instrument.0, (number, *spec), self.core.now);
        }
    }

    /// Begins the bars that a strategy has of every instrument.
    pub(crate) fn begin_bars_everywhere(&mut self, strategy: StrategyId) {
        let Some(slot) = self.strategies.get_mut(strategy.index()) else { return };
        if std::mem::replace(&mut slot.bars_everywhere.1, true) || slot.bars_everywhere.0 == 0 {
            return;
        }
        let instruments: Vec<_> = self.core.instruments.all().collect();
        for instrument in instruments {
            self.begin_own_bars(strategy, instrument);
        }
    }

    /// An instrument has come: bars of every instrument are of this one, too.
    pub(crate) fn begin_bars_of(&mut self, instrument: InstrumentId) {
        for index in 0..self.strategies.len() {
            let has_begun = self.strategies.get(index).is_some_and(|slot| slot.bars_everywhere.1);
            if has_begun && let Ok(id) = u16::try_from(index) {
                self.begin_own_bars(StrategyId(id), instrument);
            }
        }
    }

    fn begin_own_bars(&mut self, strategy: StrategyId, instrument: InstrumentId) {
        let count = self.strategies.get(strategy.index()).map_or(0, |slot| slot.bars_everywhere.0);
        // a count of 0 has no number
        for number in (1..=u8::MAX).take(count) {
            self.begin_bars(strategy, instrument, number);
        }
    }

    /// Reads a market event into its book; returns the event as strategies get it, which tells what was lost.
    #[inline]
    pub(crate) fn read_book(&mut self, event: &abi::Event) -> Option<BookGap> {
        let gap = self.core.books.apply(event)?;
        self.outputs.push(Output::BookGap(gap));
        Some(gap)
    }
}
