//! Warm-up: history that a strategy is told before it starts.
//!
//! Each event of history is for one strategy, at its own time, and changes nothing but that strategy and its bars, or it is
//! for nobody, and changes prices and books only, so that the run does not begin without them. Positions and timers have
//! not begun, and orders are refused. Times of history may go back from one strategy to the next; the run begins with
//! `Start`, later than all of it.
//!
//! A backtest begins with the prices and books that its data had before the start. A run by the clock does not: between its
//! history and its start there may be days, and nothing may be valued or judged by what was. There, strategies see them
//! while they are warmed up, and keep the last prices of each instrument to look up.

use stratd_plugin_api::{Timestamp, TradingType, abi, abi::event_flag};

use crate::{Engine, EngineError, Input, StrategyId};

impl Engine {
    /// Tells a strategy an event from before the run, with the bars of its own that it closes and completes.
    pub(crate) fn history(
        &mut self,
        input: &Input,
        strategy: Option<StrategyId>,
        event: &abi::Event,
    ) -> Result<(), EngineError> {
        self.number(input.seq, input.at)?;
        self.core.now = input.at;
        self.check_known(event.instrument)?;
        let event = &abi::Event { seq: input.seq, ..*event };
        let Some(strategy) = strategy else { return self.show_history(event) };
        self.core.is_warming_up = true;
        self.begin_bars_everywhere(strategy);
        let makes_bars = self.makes_bars_of(event);
        if makes_bars {
            self.close_history_bars(strategy, Timestamp::new(event.ts));
        }
        let told = abi::Event { flags: event.flags | event_flag::HISTORY, ..*event };
        let wants = |slot: &crate::strategies::Slot| slot.subscription.wants(event.instrument, event.kind);
        if self.strategies.get(strategy.index()).is_some_and(wants) {
            self.deliver(strategy, &told);
        }
        if makes_bars {
            self.add_to_bars_of(strategy, event)?;
        }
        self.carry_out_requests();
        self.core.is_warming_up = false;
        Ok(())
    }

    /// What history brings for prices and books.
    fn show_history(&mut self, event: &abi::Event) -> Result<(), EngineError> {
        if self.is_by_the_clock() {
            self.core.market.apply(event);
            // what a recording lost was told when it was recorded
            self.core.books.apply(event);
            return Ok(());
        }
        self.apply_market(event)
    }

    fn is_by_the_clock(&self) -> bool {
        self.core.config.trading_type != TradingType::Backtest
    }

    /// The run begins for all strategies.
    pub(crate) fn end_warm_ups(&mut self) {
        if self.is_by_the_clock() {
            self.core.market.end_history();
            self.core.books.end_history();
        }
        for index in 0..self.strategies.len() {
            if let Ok(id) = u16::try_from(index) {
                self.end_warm_up(StrategyId(id));
            }
        }
    }

    /// The run begins for a strategy: its bars of history end, and timers that it set there are due from now on.
    pub(crate) fn end_warm_up(&mut self, strategy: StrategyId) {
        let now = self.core.now;
        if !self.core.bars.is_empty() {
            self.core.is_warming_up = true;
            self.close_history_bars(strategy, now);
            self.carry_out_requests();
            self.core.is_warming_up = false;
        }
        self.begin_bars_everywhere(strategy);
        let timers = self.timers.of(strategy);
        if timers.iter().any(|(due, ..)| *due <= now) {
            self.timers.cancel_all(strategy);
            let risk = &self.core.risk;
            let closes = |strategy, instrument, at| risk.next_close(strategy, instrument, at);
            self.timers.put_back(timers, (now, &closes));
        }
    }

    fn close_history_bars(&mut self, strategy: StrategyId, by: Timestamp) {
        let mut closed = Vec::new();
        self.core.bars.close_of(strategy, by, &mut closed);
        for closed in &closed {
            self.tell_bar(closed);
        }
    }
}
