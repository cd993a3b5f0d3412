//! What may be traded: by command, after a loss, outside of a session.
//!
//! A scope has a state; a strategy trades by the stricter one of its own and the run's, an instrument's comes on top.
//! A state that becomes stricter is told with `on_halt`, one that becomes milder with `on_continue`; the text of the
//! event is the state. The end and the beginning of a session are told the same way, for the reason `trading_hours`, and
//! apart from the state: a session that opens lifts no halt. Halts of exchanges are another matter: see [`crate::InputKind::Halt`].

use std::sync::Arc;

use stratd_plugin_api::{EventKind, InstrumentId, Reason, abi};

use crate::{
    Engine, EngineError, ExitRoutine, Hours, Output, RiskLimits, Scope, StrategyId, TradingCommand,
    TradingState, risk::Stop,
};

impl Engine {
    /// Sets the limits of a scope, between two steps; its state stays. A strategy or instrument may be added later.
    pub fn set_limits(&mut self, scope: Scope, limits: RiskLimits) {
        self.core.risk.set_limits(scope, limits);
    }

    /// Takes up what an earlier run left of a scope, before a strategy starts: it is told then.
    pub fn restore_trading(&mut self, scope: Scope, state: TradingState, reason: Reason) {
        self.core.risk.command(scope, state, reason);
    }

    /// Says when an instrument trades, as its exchange tells: for timers before the close, and for limits that hold
    /// orders to it. By itself it holds none back.
    pub fn set_hours(&mut self, instrument: InstrumentId, hours: Arc<Hours>) {
        self.core.risk.set_hours(instrument, hours);
    }

    /// When an instrument trades, if its exchange told.
    #[must_use]
    pub fn hours(&self, instrument: InstrumentId) -> Option<&Arc<Hours>> {
        self.core.risk.hours(instrument)
    }

    /// Carries out a command on what may be traded.
    pub(crate) fn trading_command(&mut self, command: &TradingCommand) {
        let TradingCommand { scope, state, exit, reason } = *command;
        let (before, _) = self.core.risk.state(scope);
        self.core.risk.command(scope, state, reason);
        if state == TradingState::Active {
            self.core.portfolio.go_on(scope, self.core.now);
        }
        self.changed(scope, before);
        self.tell_states();
        self.exit_routine(scope, exit);
    }

    /// Looks at the losses after the books changed.
    #[inline]
    pub(crate) fn watch_losses(&mut self) -> Result<(), EngineError> {
        if self.core.risk.watches_losses() { self.look_at_losses() } else { Ok(()) }
    }

    fn look_at_losses(&mut self) -> Result<(), EngineError> {
        let has_margin_call = self.core.has_margin_call();
        let watched = has_margin_call
            .and_then(|is_called| self.core.risk.watch(&self.core.portfolio, self.core.now, is_called));
        let watched = watched.ok_or_else(|| EngineError::overflow(self.core.now, "a loss"))?;
        let has_changed = !watched.changed.is_empty();
        for (scope, before) in watched.changed {
            self.changed(scope, before);
        }
        if has_changed {
            self.tell_states();
        }
        for Stop { scope, exit } in watched.stops {
            self.exit_routine(scope, exit);
        }
        Ok(())
    }

    /// Looks at the sessions that opened or closed.
    pub(crate) fn begin_sessions(&mut self) {
        let closed = self.core.risk.begin(self.core.now);
        self.outputs.extend(closed.iter().map(|stop| Output::SessionClosed { scope: stop.scope }));
        self.tell_sessions();
        for Stop { scope, exit } in closed {
            self.exit_routine(scope, exit);
        }
    }

    /// Tells strategies what the hours closed and opened, if they have not heard so yet. Before the run has started nobody
    /// is told: what is closed then is told after `on_start`.
    pub(crate) fn tell_sessions(&mut self) {
        if !self.core.has_started || self.core.is_exiting {
            return;
        }
        let states = |is_open: bool| {
            let [before, now] = [!is_open, is_open]
                .map(|is_open| if is_open { TradingState::Active } else { TradingState::Halted });
            (before, now)
        };
        for (scope, is_open) in self.core.risk.take_turned() {
            if let Scope::Instrument(id) = scope {
                let event = self.state_event(Some(id), states(is_open), Reason::TradingHours);
                self.dispatch(&event);
            }
        }
        let of_run = self.core.risk.is_in_session(Scope::Run);
        for index in 0..self.strategies.len() {
            let Ok(id) = u16::try_from(index).map(StrategyId) else { continue };
            let is_open = of_run && self.core.risk.is_in_session(Scope::Strategy(id));
            let Some(slot) = self.strategies.get_mut(index).filter(|slot| slot.is_started()) else {
                continue;
            };
            if std::mem::replace(&mut slot.is_in_session, is_open) != is_open {
                let event = self.state_event(None, states(is_open), Reason::TradingHours);
                self.deliver(id, &event);
            }
        }
    }

    /// Tells the new state of a scope; of an instrument, its strategies too.
    fn changed(&mut self, scope: Scope, before: TradingState) {
        let (state, reason) = self.core.risk.state(scope);
        self.outputs.push(Output::Trading { scope, state, reason });
        if let Scope::Instrument(id) = scope
            && state != before
        {
            let event = self.state_event(Some(id), (before, state), reason);
            self.dispatch(&event);
        }
    }

    /// Tells each strategy what it may trade, if it has not heard so yet.
    pub(crate) fn tell_states(&mut self) {
        let run = self.core.risk.state(Scope::Run);
        for index in 0..self.strategies.len() {
            let Ok(id) = u16::try_from(index).map(StrategyId) else { continue };
            let own = self.core.risk.state(Scope::Strategy(id));
            let (now, reason) = if own.0 > run.0 { own } else { run };
            let Some(slot) = self.strategies.get_mut(index).filter(|slot| slot.is_started()) else {
                continue;
            };
            let before = std::mem::replace(&mut slot.trading, now);
            if before != now {
                let event = self.state_event(None, (before, now), reason);
                self.deliver(id, &event);
            }
        }
    }

    fn state_event(
        &self,
        instrument: Option<InstrumentId>,
        (before, now): (TradingState, TradingState),
        reason: Reason,
    ) -> abi::Event {
        let kind = if now > before { EventKind::Halt } else { EventKind::Continue };
        let event = self.plain(kind, reason);
        let [reason, ..] = event.data;
        let words = self.services.intern(now.name()).cast_signed();
        abi::Event { instrument: instrument.map_or(0, |id| id.0), data: [reason, words, 0, 0, 0], ..event }
    }

    /// Cancels orders and closes positions of a scope, those of strategies that have ended included.
    fn exit_routine(&mut self, scope: Scope, exit: ExitRoutine) {
        if exit == ExitRoutine::None || self.core.is_exiting {
            return;
        }
        for index in 0..self.strategies.len() {
            let Ok(id) = u16::try_from(index).map(StrategyId) else { continue };
            let instrument = match scope {
                Scope::Run => None,
                Scope::Strategy(meant) if meant == id => None,
                Scope::Strategy(_) => continue,
                Scope::Instrument(instrument) => Some(instrument),
            };
            match exit {
                ExitRoutine::None => {}
                ExitRoutine::CancelAll => self.cancel_all(id, instrument),
                ExitRoutine::CloseAll => self.close_all(id, instrument, true),
            }
        }
    }
}
