//! What must be so after every step, and at the end.

use std::collections::BTreeMap;

use stratd_engine::{Engine, Scope, StrategyId, TradingState};
use stratd_plugin_api::{InstrumentId, Money, PositionSide, Reason};

use super::{
    ensure,
    gate::day,
    scenario::{Account, INSTRUMENTS, point},
    twin::{Losses, Twin},
};

impl Twin {
    /// Compares everything that the engine shows.
    pub(super) fn compare(&mut self, engine: &Engine) -> Result<(), String> {
        self.compare_report()?;
        let working = || engine.working_orders().map(|o| (o.id.0, o.request.quantity.get(), o.filled.get()));
        let expected = || self.working.values().map(|o| (o.id, o.quantity, o.filled));
        ensure(working().eq(expected()), || {
            let (working, expected): (Vec<_>, Vec<_>) = (working().collect(), expected().collect());
            format!("working orders (id, quantity, filled) are {working:?}, and should be {expected:?}")
        })?;
        for strategy in 0..self.owners {
            self.compare_book(engine, StrategyId(strategy))?;
        }
        let (realized, fees) = engine.realized_and_fees();
        let lines = || self.books.of(|_, _| true);
        let fees_naive: i128 = lines().map(|(_, line)| line.fees).sum();
        let unrealized: i128 = self.equity() - self.scenario.cash - realized.get() + fees_naive;
        let shown = (engine.cash().map(Money::get), engine.equity().map(Money::get), fees.get());
        let naive = (Some(self.cash()), Some(self.equity()), fees_naive);
        ensure(shown == naive, || format!("cash, equity and fees are {shown:?}, and should be {naive:?}"))?;
        // cash + positions at cost + fees = start + realized, the positions of all strategies together
        let cost: i128 =
            (0..self.owners).flat_map(|id| engine.positions(StrategyId(id)).map(|(_, p)| p.cost.get())).sum();
        let (left, right) = (self.cash() + cost + fees_naive, self.scenario.cash + realized.get());
        ensure(left == right, || {
            format!("cash + cost + fees is {left}, start + realized {right}; unrealized {unrealized}")
        })?;
        self.compare_states(engine)
    }

    fn compare_report(&self) -> Result<(), String> {
        // taken when it was booked
        let Some(report) = &self.report else { return Ok(()) };
        let is_fill = report.last_quantity > 0;
        let is_booked =
            self.booked.get(&report.client_order_id).is_some_and(|b| b.contains_key(&report.trade_id));
        ensure(!is_fill || is_booked, || format!("a trade was not booked: {report:?}"))
    }

    fn compare_book(&self, engine: &Engine, strategy: StrategyId) -> Result<(), String> {
        let lines = || self.books.of_strategy(strategy.0);
        ensure(engine.positions(strategy).count() == lines().count(), || {
            format!("{strategy:?} has other positions than it traded")
        })?;
        for ((id, position), (instrument, side, line)) in engine.positions(strategy).zip(lines()) {
            let shown =
                (id.0, position.side, position.size.get(), position.fees.get(), position.notional.get());
            let naive = (instrument, side, line.size, line.fees, line.value(instrument));
            ensure(shown == naive, || {
                format!(
                    "position of {strategy:?} (instrument, side, size, fees, value) is {shown:?}, and should be {naive:?}"
                )
            })?;
            ensure(side.can_hold(position.size.get()), || format!("a {side} position of {}", position.size))?;
            let realized = position.realized.get();
            ensure((realized - line.realized).abs() <= line.tolerance, || {
                format!("realized of {strategy:?} in {id} is {realized}, and should be {}", line.realized)
            })?;
            let (left, right) = (line.cash + position.cost.get() + line.fees, realized);
            ensure(left == right, || {
                format!("cash + cost + fees of {strategy:?} in {id} is {left}, and realized {right}")
            })?;
        }
        let (shown, naive) = (engine.pnl(strategy).map(Money::get), self.books.pnl(|id, _| id == strategy.0));
        ensure(shown == Some(naive), || format!("PnL of {strategy:?} is {shown:?}, and should be {naive}"))
    }

    /// What may be traded, by what was commanded and lost.
    fn compare_states(&mut self, engine: &Engine) -> Result<(), String> {
        if self.watches {
            self.watch();
        }
        let scopes: Vec<Scope> = self.scopes().collect();
        for scope in &scopes {
            let Losses { daily, drawdown, command, .. } = self.losses.get(scope).copied().unwrap_or_default();
            let is_called = *scope == Scope::Run && self.has_margin_call;
            let margin = if is_called { TradingState::Reducing } else { TradingState::Active };
            let expected = daily.max(drawdown).max(command).max(margin);
            let (state, reason) = engine.trading_state(*scope);
            ensure(state == expected, || format!("{scope:?} is {state:?}, and should be {expected:?}"))?;
            let told = self.states.get(scope).copied().unwrap_or((TradingState::Active, Reason::None));
            ensure(told == (state, reason), || {
                format!("{scope:?} is {state:?} for {reason}, and told was {told:?}")
            })?;
        }
        Ok(())
    }

    /// Every scope that there can be.
    fn scopes(&self) -> impl Iterator<Item = Scope> + use<> {
        let strategies = (0..self.owners).map(|id| Scope::Strategy(StrategyId(id)));
        let instruments = INSTRUMENTS.into_iter().map(|id| Scope::Instrument(InstrumentId(id)));
        std::iter::once(Scope::Run).chain(strategies).chain(instruments)
    }

    /// Takes what every scope has won or lost by now.
    pub(super) fn watch(&mut self) {
        if let Account::Margin { maintenance, .. } = self.scenario.account {
            let value = |(id, last): (&u32, &i64), side: &PositionSide| {
                let value = i128::from(self.books.net(*id, *side)) * i128::from(*last) * point(*id);
                (value * i128::from(self.rate(*id)) / 100).abs()
            };
            let of_both = |of| PositionSide::ALL.iter().map(|side| value(of, side)).sum::<i128>();
            let exposure = self.last.iter().map(of_both);
            self.has_margin_call = self.equity() * 100 < exposure.sum::<i128>() * i128::from(maintenance);
        }
        let mut brought: BTreeMap<Scope, i128> = BTreeMap::new();
        for ((strategy, instrument, _), line) in &self.books.0 {
            let pnl = line.pnl(*instrument);
            let scopes =
                [Scope::Strategy(StrategyId(*strategy)), Scope::Instrument(InstrumentId(*instrument))];
            for scope in scopes.into_iter().chain([Scope::Run]) {
                *brought.entry(scope).or_default() += pnl;
            }
        }
        let today = Some(day(self.now));
        for scope in self.scopes() {
            let pnl = brought.get(&scope).copied().unwrap_or_default();
            let losses = self.losses.entry(scope).or_default();
            if losses.day != today {
                (losses.day, losses.day_start, losses.daily) = (today, losses.last, TradingState::Active);
            }
            (losses.last, losses.peak) = (pnl, losses.peak.max(pnl));
            let Some(limits) = self.scenario.limits.get(&scope) else { continue };
            // once it has stopped, a limit that is set later changes nothing of that
            let is_active = losses.daily == TradingState::Active;
            let limit = limits.daily_loss.filter(|(most, _)| losses.day_start - pnl > *most);
            if let Some((_, state)) = limit.filter(|_| is_active) {
                losses.daily = state;
            }
            let is_active = losses.drawdown == TradingState::Active;
            let limit = limits.drawdown.filter(|(most, _)| losses.peak - pnl > *most);
            if let Some((_, state)) = limit.filter(|_| is_active) {
                losses.drawdown = state;
            }
        }
    }

    /// The end: everything was answered, and every execution is booked once.
    pub(super) fn settled(&self, trades: &BTreeMap<u64, BTreeMap<u64, i64>>) -> Result<(), String> {
        let working = self.working_ids();
        ensure(working.is_empty(), || format!("orders that never became final: {working:?}"))?;
        let open: Vec<_> = self.submitted.difference(&self.finished).collect();
        ensure(open.is_empty(), || format!("orders that were sent and never finished: {open:?}"))?;
        ensure(self.booked == *trades, || {
            let wrong = trades.iter().filter(|(id, trades)| self.booked.get(id) != Some(trades));
            format!("not booked as it was executed: {:?}", wrong.collect::<Vec<_>>())
        })
    }
}
