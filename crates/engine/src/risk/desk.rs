//! All scopes of the run: their limits, states and counters.

use std::{collections::BTreeMap, sync::Arc};

use stratd_plugin_api::{InstrumentId, Reason, Timestamp};

use super::{
    AccountRules, ExitRoutine, RiskLimits, Scope, ScopeView, TradingState,
    watch::{ScopeRisk, SessionNow},
};
use crate::{Hours, StrategyId, portfolio::Portfolio};

/// Risk over time. A scope that has neither limits nor a state costs nothing.
#[derive(Default)]
pub(crate) struct Risk {
    run: ScopeRisk,
    strategies: BTreeMap<StrategyId, ScopeRisk>,
    instruments: BTreeMap<InstrumentId, ScopeRisk>,
    /// Whether the losses of any scope are looked at.
    watches_losses: bool,
    /// Whether positions need margin.
    has_margin: bool,
    /// When the next session opens or closes.
    session_next: Option<Timestamp>,
    /// Of so many scopes strategies were told that the session is over: they must hear of its opening.
    told_closed: usize,
    /// When instruments trade, as their exchange tells; no limit by itself.
    hours: BTreeMap<InstrumentId, Arc<Hours>>,
}

/// Limits that others took the place of.
#[derive(Clone, Debug)]
pub struct ReplacedLimits {
    scope: Scope,
    limits: RiskLimits,
    session: SessionNow,
}

/// Trading of a scope stops: a limit on losses is broken, or a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) scope: Scope,
    pub(crate) exit: ExitRoutine,
}

/// What came of a look at the losses.
#[derive(Default)]
pub(crate) struct Watched {
    /// The scopes whose state changed, with the state before.
    pub(crate) changed: Vec<(Scope, TradingState)>,
    /// The limits that were broken just now.
    pub(crate) stops: Vec<Stop>,
}

impl Risk {
    pub(crate) fn new(limits: RiskLimits, account: AccountRules) -> Self {
        let has_margin = matches!(account, AccountRules::Margin { .. });
        let mut risk = Self { has_margin, ..Self::default() };
        risk.set_limits(Scope::Run, limits);
        risk
    }

    /// Sets the limits of a scope; its state and what it sent stay.
    pub(crate) fn set_limits(&mut self, scope: Scope, limits: RiskLimits) {
        let of_scope = self.entry(scope);
        let has_hours = limits.trading_hours.is_some();
        of_scope.set_limits(limits);
        let watches = of_scope.watches_losses();
        of_scope.session = SessionNow { is_open: true, until: Some(Timestamp::MIN) };
        // looked up only where what was there may be gone: a run may set limits of a million instruments
        let any_watches = || self.all().any(|(_, risk)| risk.watches_losses());
        let any_has_hours = || self.all().any(|(_, risk)| risk.limits.trading_hours.is_some());
        let watches_losses = self.has_margin || watches || (self.watches_losses && any_watches());
        let has_hours = has_hours || (self.session_next.is_some() && any_has_hours()) || self.told_closed > 0;
        self.watches_losses = watches_losses;
        self.session_next = has_hours.then_some(Timestamp::MIN);
    }

    /// Sets when an instrument trades.
    pub(crate) fn set_hours(&mut self, instrument: InstrumentId, hours: Arc<Hours>) {
        self.hours.insert(instrument, hours);
    }

    /// When an instrument trades, if its exchange told.
    pub(crate) fn hours(&self, instrument: InstrumentId) -> Option<&Arc<Hours>> {
        self.hours.get(&instrument)
    }

    /// As [`Risk::set_limits`]; what was there before, for [`Risk::put_limits_back`].
    pub(crate) fn replace_limits(&mut self, scope: Scope, limits: RiskLimits) -> ReplacedLimits {
        let before = self.get(scope).cloned().unwrap_or_default();
        self.set_limits(scope, limits);
        ReplacedLimits { scope, limits: before.limits, session: before.session }
    }

    /// Puts limits back as if they had never been replaced: the session that was open is not opened again.
    pub(crate) fn put_limits_back(&mut self, replaced: ReplacedLimits) {
        self.set_limits(replaced.scope, replaced.limits);
        self.entry(replaced.scope).session = replaced.session;
    }

    /// The limits of a scope.
    pub(crate) fn limits(&self, scope: Scope) -> Option<&RiskLimits> {
        self.get(scope).map(|risk| &risk.limits)
    }

    /// What may be traded in a scope, and why not everything.
    pub(crate) fn state(&self, scope: Scope) -> (TradingState, Reason) {
        self.get(scope).map_or((TradingState::Active, Reason::None), ScopeRisk::state)
    }

    /// Sets the state of a scope by command.
    pub(crate) fn command(&mut self, scope: Scope, state: TradingState, reason: Reason) {
        self.entry(scope).command(state, reason);
    }

    /// Whether losses are watched, so that events must be applied one by one.
    pub(crate) fn watches_losses(&self) -> bool {
        self.watches_losses
    }

    /// Looks at the PnL of every scope with a limit on losses; what came of it, in the order of the scopes.
    /// `None`: an amount left its range.
    pub(crate) fn watch(
        &mut self,
        portfolio: &Portfolio,
        at: Timestamp,
        has_margin_call: bool,
    ) -> Option<Watched> {
        let mut watched = Watched::default();
        let before = self.run.state();
        self.run.margin_call(has_margin_call);
        if self.run.state() != before {
            watched.changed.push((Scope::Run, before.0));
        }
        for (scope, risk) in self.all_mut().filter(|(_, risk)| risk.watches_losses()) {
            let lost = portfolio.lost(scope, at)?;
            let before = risk.state();
            let broken = risk.watch(lost, at);
            if risk.state() != before {
                watched.changed.push((scope, before.0));
            }
            watched.stops.extend(broken.map(|exit| Stop { scope, exit }));
        }
        Some(watched)
    }

    /// When the next session opens or closes: a moment at which the engine must step.
    pub(crate) fn session_next(&self) -> Option<Timestamp> {
        self.session_next
    }

    /// The close of the session that is open or comes next, for a strategy in an instrument: by the hours that its orders
    /// are held to (of the instrument, else of the strategy, else of the run), else by those that its exchange tells.
    pub(crate) fn next_close(
        &self,
        strategy: StrategyId,
        instrument: InstrumentId,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let scopes = [Scope::Instrument(instrument), Scope::Strategy(strategy), Scope::Run];
        let rules = scopes.into_iter().filter_map(|scope| self.limits(scope)?.trading_hours.as_ref());
        rules.map(|rule| &rule.hours).chain(self.hours.get(&instrument)).next()?.next_close(at)
    }

    /// Looks sessions up that opened or closed by now; those that closed.
    pub(crate) fn begin(&mut self, now: Timestamp) -> Vec<Stop> {
        let mut closed = Vec::new();
        let mut next: Option<Timestamp> = None;
        for (scope, risk) in self.all_mut() {
            let Some(rule) = &risk.limits.trading_hours else { continue };
            let before = risk.session;
            if before.until.is_some_and(|until| until <= now) {
                let is = rule.hours.at(now, rule.before_close_ns);
                risk.session = SessionNow { is_open: is.is_open, until: is.until };
                // before the first input nothing was open
                if before.is_open && !is.is_open && before.until != Some(Timestamp::MIN) {
                    closed.push(Stop { scope, exit: rule.exit });
                }
            }
            next = next.into_iter().chain(risk.session.until).min();
        }
        self.session_next = next;
        closed
    }

    /// Whether the hours of a scope, if it has any, let orders pass.
    pub(crate) fn is_in_session(&self, scope: Scope) -> bool {
        self.get(scope).is_none_or(|risk| risk.session.is_open)
    }

    /// The scopes whose session opened or closed since this was asked last, and which it was.
    pub(crate) fn take_turned(&mut self) -> Vec<(Scope, bool)> {
        let mut turned = Vec::new();
        for (scope, risk) in self.all_mut() {
            if risk.session.is_open == risk.is_told_closed {
                risk.is_told_closed = !risk.session.is_open;
                turned.push((scope, risk.session.is_open));
            }
        }
        self.told_closed = self.all().filter(|(_, risk)| risk.is_told_closed).count();
        turned
    }

    /// Counts an order or change that is sent.
    pub(crate) fn note_sent(&mut self, strategy: StrategyId, instrument: InstrumentId, now: Timestamp) {
        self.run.note_sent(now);
        if let Some(risk) = self.strategies.get_mut(&strategy) {
            risk.note_sent(now);
        }
        if let Some(risk) = self.instruments.get_mut(&instrument) {
            risk.note_sent(now);
        }
    }

    /// Whether no scope has limits or a state, as far as one look tells.
    pub(crate) fn is_free(&self) -> bool {
        self.run.is_free() && self.strategies.is_empty() && self.instruments.is_empty()
    }

    /// A scope as the gate sees it; `None` if there is nothing to look at.
    pub(crate) fn view(&self, scope: Scope, open_orders: u32, now: Timestamp) -> Option<ScopeView<'_>> {
        let risk = self.get(scope).filter(|risk| !risk.is_free())?;
        Some(ScopeView {
            scope,
            limits: &risk.limits,
            state: risk.state(),
            is_open: risk.session.is_open,
            open_orders,
            sent: risk.sent_within(now),
        })
    }

    /// The scopes that are known.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.all().map(|(scope, _)| scope)
    }

    fn get(&self, scope: Scope) -> Option<&ScopeRisk> {
        match scope {
            Scope::Run => Some(&self.run),
            Scope::Strategy(id) => self.strategies.get(&id),
            Scope::Instrument(id) => self.instruments.get(&id),
        }
    }

    fn entry(&mut self, scope: Scope) -> &mut ScopeRisk {
        match scope {
            Scope::Run => &mut self.run,
            Scope::Strategy(id) => self.strategies.entry(id).or_default(),
            Scope::Instrument(id) => self.instruments.entry(id).or_default(),
        }
    }

    fn all(&self) -> impl Iterator<Item = (Scope, &ScopeRisk)> {
        let strategies = self.strategies.iter().map(|(id, risk)| (Scope::Strategy(*id), risk));
        let instruments = self.instruments.iter().map(|(id, risk)| (Scope::Instrument(*id), risk));
        std::iter::once((Scope::Run, &self.run)).chain(strategies).chain(instruments)
    }

    fn all_mut(&mut self) -> impl Iterator<Item = (Scope, &mut ScopeRisk)> {
        let strategies = self.strategies.iter_mut().map(|(id, risk)| (Scope::Strategy(*id), risk));
        let instruments = self.instruments.iter_mut().map(|(id, risk)| (Scope::Instrument(*id), risk));
        std::iter::once((Scope::Run, &mut self.run)).chain(strategies).chain(instruments)
    }
}
