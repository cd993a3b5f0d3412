//! What the shell reads of the engine.

use stratd_plugin_api::{
    ClientOrderId, ExchangeId, Instrument, InstrumentId, Money, Price, Reason, Timestamp,
};

use crate::{
    Engine, Order, Output, Position, Scope, StrategyConfig, StrategyId, StrategyState, StrategyStatistics,
    TradingState,
};

impl Engine {
    /// What the last step wants done, the same as it returned; behind a driver, what all did since it was taken.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// They were looked at. [`Engine::step`] does it by itself; [`Engine::begin_span`] does not.
    pub fn forget_outputs(&mut self) {
        self.outputs.clear();
    }

    /// The same, to be taken out.
    pub(crate) fn outputs_mut(&mut self) -> &mut Vec<Output> {
        &mut self.outputs
    }

    /// The time of the last input.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.core.now
    }

    /// The sequence number of the last input; 0 before the first.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.core.seq
    }

    /// The instruments of an exchange, in the order of their ids.
    pub fn instruments_of(&self, exchange: ExchangeId) -> impl Iterator<Item = InstrumentId> {
        self.core.instruments.of_exchange(exchange)
    }

    /// When the next timer is due, a bar closes, a lifetime or a probation ends, an instrument expires, or a session opens or closes: the shell sends
    /// [`crate::InputKind::Timers`] then.
    #[must_use]
    pub fn next_timer(&self) -> Option<Timestamp> {
        // asked before every event: one comparison where there is none of them
        let first = |one: Option<Timestamp>, other: Option<Timestamp>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let timers = first(self.timers.next(), self.core.bars.next_due());
        let timers = first(timers, self.core.held.next_expiry());
        let timers = first(timers, self.next_instrument_expiry());
        first(first(timers, self.next_probation_end()), self.core.risk.session_next())
    }

    /// An instrument.
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        self.core.instruments.get(id)
    }

    /// The exchange of an instrument.
    #[must_use]
    pub fn exchange_of(&self, id: InstrumentId) -> Option<ExchangeId> {
        self.instrument(id).map(|instrument| instrument.exchange)
    }

    /// Whether this instrument is halted, not counting a halt of the whole run.
    #[must_use]
    pub fn is_instrument_halted(&self, id: InstrumentId) -> bool {
        self.core.halted.contains(&id)
    }

    /// The last price of an instrument: that of the last trade or bar, and before the first one the middle of the latest
    /// quote.
    #[must_use]
    pub fn last_price(&self, id: InstrumentId) -> Option<Price> {
        self.core.market.last_price(id)
    }

    /// How often the book of an instrument has lost something since the run began.
    #[must_use]
    pub fn book_gaps(&self, id: InstrumentId) -> u64 {
        self.core.books.gaps(id.0)
    }

    /// Cash and the value of all positions; `None` only after an overflow.
    #[must_use]
    pub fn equity(&self) -> Option<Money> {
        self.core.portfolio.equity()
    }

    /// A number that stays as long as equity, cash and the PnL of every strategy do: who looks after every instant needs
    /// to look only if it is another one.
    #[must_use]
    #[inline]
    pub fn books_version(&self) -> u64 {
        self.core.portfolio.version()
    }

    /// Cash of the run.
    #[must_use]
    pub fn cash(&self) -> Option<Money> {
        self.core.portfolio.cash()
    }

    /// Realized PnL and fees of the run.
    #[must_use]
    pub fn realized_and_fees(&self) -> (Money, Money) {
        (self.core.portfolio.run().realized, self.core.portfolio.run().fees)
    }

    /// The strategies with their states and counters, in the order in which they were added.
    pub fn strategies(&self) -> impl Iterator<Item = (&StrategyConfig, &StrategyState, StrategyStatistics)> {
        self.strategies.iter().map(|slot| (&slot.config, &slot.state, slot.statistics))
    }

    /// The positions of a strategy, by instrument; of hedged ones the long before the short.
    pub fn positions(&self, strategy: StrategyId) -> impl Iterator<Item = (InstrumentId, &Position)> {
        let book = self.core.portfolio.book(strategy);
        book.into_iter().flat_map(|book| &book.positions).map(|(id, position)| (id.instrument, position))
    }

    /// What the fills and marks of a strategy brought, fees included; `None` only after an overflow.
    #[must_use]
    pub fn pnl(&self, strategy: StrategyId) -> Option<Money> {
        self.core.portfolio.book(strategy)?.pnl()
    }

    /// What may be traded in a scope, and why not everything.
    #[must_use]
    pub fn trading_state(&self, scope: Scope) -> (TradingState, Reason) {
        self.core.risk.state(scope)
    }

    /// The working order of that id.
    #[must_use]
    pub fn working_order(&self, id: ClientOrderId) -> Option<&Order> {
        self.core.execution.get(id)
    }

    /// Whose order ids these are; `None` for those of another run or of nobody.
    #[must_use]
    pub fn owner_of(&self, id: ClientOrderId) -> Option<StrategyId> {
        self.core.execution.ids().owner(id)
    }

    /// Orders that have ended and are remembered, by strategy and the oldest first.
    pub fn ended_orders(&self) -> impl Iterator<Item = &Order> {
        let strategies = (0..self.strategies.len()).filter_map(|index| u16::try_from(index).ok());
        strategies.flat_map(|id| self.core.execution.past_of(StrategyId(id)))
    }

    /// Working orders, by id.
    pub fn working_orders(&self) -> impl Iterator<Item = &Order> {
        self.core.execution.working()
    }
}
