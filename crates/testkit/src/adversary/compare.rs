//! What must be so after every step, and at the end.

use std::collections::BTreeMap;

use stratd_engine::{Engine, Scope, StrategyId, TradingState};
use stratd_plugin_api::{Money, PositionSide, Reason};

use super::{
    ensure,
    gate::day,
    scenario::{Account, STRATEGIES, point},
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
        for strategy in 0..STRATEGIES {
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
            (0..STRATEGIES).flat_map(|id| engine.positions(StrategyId(id)).map(|(_, p)| p.cost.get())).sum();
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
        let scopes = self.losses.keys().chain(self.scenario.limits.keys()).chain(self.states.keys());
        for scope in scopes {
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

    fn watch(&mut self) {
        if let Account::Margin { maintenance, .. } = self.scenario.account {
            let value = |(id, last): (&u32, &i64), side: &PositionSide| {
                let value = i128::from(self.books.net(*id, *side)) * i128::from(*last) * point(*id);
                (value * i128::from(self.rate(*id)) / 100).abs()
            };
            let of_both = |of| PositionSide::ALL.iter().map(|side| value(of, side)).sum::<i128>();
            let exposure = self.last.iter().map(of_both);
            self.has_margin_call = self.equity() * 100 < exposure.sum::<i128>() * i128::from(maintenance);
        }
        for (scope, limits) in &self.scenario.limits {
            if limits.daily_loss.is_none() && limits.drawdown.is_none() {
                continue;
            }
            let pnl = match *scope {
                Scope::Run => self.books.pnl(|_, _| true),
                Scope::Strategy(strategy) => self.books.pnl(|id, _| id == strategy.0),
                Scope::Instrument(instrument) => self.books.pnl(|_, id| id == instrument.0),
            };
            let losses = self.losses.entry(*scope).or_default();
            let today = Some(day(self.now));
            if losses.day != today {
                (losses.day, losses.day_start, losses.daily) = (today, losses.last, TradingState::Active);
            }
            (losses.last, losses.peak) = (pnl, losses.peak.max(pnl));
            if let Some((_, state)) = limits.daily_loss.filter(|(most, _)| losses.day_start - pnl > *most) {
                losses.daily = state;
            }
            if let Some((_, state)) = limits.drawdown.filter(|(most, _)| losses.peak - pnl > *most) {
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
