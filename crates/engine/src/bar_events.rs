//! Bars made of trades, on their way to the strategies that subscribed to them.

use stratd_plugin_api::{Fault, InstrumentId, Reason, Timestamp, abi, abi::event_kind};

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
        let taken = self.core.bars.take(event, &mut closed);
        for closed in &closed {
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
                    self.fail_for_firings(closed.strategy);
                } else {
                    self.tell_bar(&closed);
                }
            }
        }
    }

    fn tell_bar(&mut self, closed: &Closed) {
        let event = abi::Event { seq: self.core.seq, ..closed.event };
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

    /// Reads a market event into its book; returns the event as strategies get it, which tells what was lost.
    #[inline]
    pub(crate) fn read_book(&mut self, event: &abi::Event) -> Option<BookGap> {
        let gap = self.core.books.apply(event)?;
        self.outputs.push(Output::BookGap(gap));
        Some(gap)
    }
}
