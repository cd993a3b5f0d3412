//! What may be traded, by command: scopes by the names that people use, and why they are not as usual.

use std::collections::BTreeMap;

use anyhow::Result;
use stratd_engine::{Engine, ExitRoutine, InputKind, Scope, StrategyId, TradingCommand, TradingState};
use stratd_plugin_api::{ExchangeId, InstrumentId, Reason, Timestamp};

use super::{
    owner::MANUAL,
    resolve::{self, Missing},
};
use crate::{
    recorder::Mark,
    runtime::{command::Note, event_loop::EventLoop},
};

/// An exchange is halted by halting each of its instruments between two events: more would keep strategies waiting.
const INSTRUMENTS_HALTED_MAX: usize = 10_000;

/// A scope, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScopeName {
    /// All strategies together.
    Run,
    Strategy(String),
    /// A symbol, on an exchange if several have it.
    Instrument(String, Option<String>),
    /// All instruments of an exchange.
    Exchange(String),
}

/// Why a scope is not as usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Halt {
    pub(crate) since: Timestamp,
    /// What who did it said.
    pub(crate) words: Option<String>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct TradingWish {
    pub(crate) scope: ScopeName,
    pub(crate) state: TradingState,
    pub(crate) exit: ExitRoutine,
    pub(crate) words: Option<String>,
    /// What must still be so when it is carried out.
    pub(crate) seen: Option<TradingSeen>,
    pub(crate) is_dry_run: bool,
}

/// The number of the last change that who asks has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TradingSeen {
    /// Of any scope.
    OfAll(u64),
    /// Of what bears on this scope: itself, and for a strategy the run.
    OfScope(u64),
}

/// Why it was not done.
#[derive(Clone, Debug)]
pub(crate) enum TradingRefused {
    Missing(Missing),
    /// The exchange has more instruments than can be halted at once: how many, and how many can.
    TooMany(usize, usize),
    /// It has changed since it was seen.
    Stale,
    /// What must be kept of orders cannot be written until the next start.
    NotKept,
}

/// What came of it.
pub(crate) type TradingChanged = Result<ChangedTrading, TradingRefused>;

/// A change of what may be traded.
#[derive(Clone, Debug)]
pub(crate) struct ChangedTrading {
    /// The state before, and now.
    pub(crate) states: [TradingState; 2],
    /// What a later run is to know of it.
    pub(crate) kept: KeptHalt,
}

/// What may be traded in a scope, as a later run takes it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptHalt {
    /// Its place in the order in which the event loop changed what may be traded: of one scope, the highest counts.
    pub(crate) number: u64,
    /// `run`, `strategy.NAME`, `instrument.SYMBOL@EXCHANGE` or `exchange.NAME`.
    pub(crate) scope: String,
    /// `Active`: there is nothing to be known.
    pub(crate) state: TradingState,
    pub(crate) reason: Reason,
    pub(crate) halt: Halt,
}

/// The reasons, by scope, and the number of the last change of each.
#[derive(Default)]
pub(in crate::runtime) struct Halts {
    /// The last number that was given. They begin with the time at which the run did, so that none is that of another
    /// run.
    numbers: u64,
    /// That with which they began.
    first: u64,
    /// That of the last change of any scope.
    last_change: u64,
    changes: BTreeMap<Scope, u64>,
    exchange_changes: BTreeMap<ExchangeId, u64>,
    /// Those of the command that is carried out now.
    words: Option<String>,
    /// A command from the control socket is carried out now, which sees to it that it is kept.
    is_commanded: bool,
    /// What earlier runs left for those that have not joined yet.
    pending: BTreeMap<String, KeptHalt>,
    scopes: BTreeMap<Scope, Halt>,
    exchanges: BTreeMap<ExchangeId, (TradingState, Halt)>,
}

impl Halts {
    /// The run begins.
    fn begin(&mut self, now: Timestamp) {
        self.numbers = u64::try_from(now.get()).unwrap_or_default();
        (self.first, self.last_change) = (self.numbers, self.numbers);
    }

    fn next_number(&mut self) -> u64 {
        self.numbers = self.numbers.saturating_add(1);
        self.numbers
    }

    /// The number of the last change of any scope.
    pub(in crate::runtime) fn last_change(&self) -> u64 {
        self.last_change
    }

    /// The number of the last change of a scope.
    pub(in crate::runtime) fn last_change_of(&self, scope: Scope) -> u64 {
        self.changes.get(&scope).copied().unwrap_or(self.first)
    }

    /// As [`Self::last_change_of`].
    pub(in crate::runtime) fn last_change_of_exchange(&self, exchange: ExchangeId) -> u64 {
        self.exchange_changes.get(&exchange).copied().unwrap_or(self.first)
    }

    /// Notes a new state of a scope.
    pub(in crate::runtime) fn note(&mut self, scope: Scope, state: TradingState, now: Timestamp) {
        self.last_change = self.next_number();
        self.changes.insert(scope, self.last_change);
        if state == TradingState::Active {
            self.scopes.remove(&scope);
        } else {
            self.scopes.insert(scope, Halt { since: now, words: self.words.clone() });
        }
    }

    pub(in crate::runtime) fn of(&self, scope: Scope) -> Option<&Halt> {
        self.scopes.get(&scope)
    }

    /// What may be traded at an exchange by command, and why.
    pub(in crate::runtime) fn of_exchange(&self, exchange: ExchangeId) -> Option<&(TradingState, Halt)> {
        self.exchanges.get(&exchange)
    }
}

/// What a name stands for.
enum Meant {
    One(Scope),
    Exchange(ExchangeId, Vec<Scope>),
}

impl EventLoop {
    /// Changes what may be traded in a scope.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub(in crate::runtime) fn set_trading(
        &mut self,
        exchanges: &[String],
        wish: TradingWish,
    ) -> Result<TradingChanged> {
        let meant = match self.meant(exchanges, &wish.scope)? {
            Ok(meant) => meant,
            Err(refused) => return Ok(Err(refused)),
        };
        if wish.seen.is_some_and(|seen| seen != self.seen_now(seen, &meant)) {
            return Ok(Err(TradingRefused::Stale));
        }
        let before = self.state_of(&meant);
        let TradingWish { state, exit, words, is_dry_run, scope: wish_scope, .. } = wish;
        let now = self.now();
        let halt = Halt { since: now, words: words.clone() };
        let scope = match &meant {
            Meant::One(scope) => key(*scope, self.engine(), exchanges),
            Meant::Exchange(id, _) => format!("exchange.{}", name_of(*id, exchanges)),
        };
        let lifts_all = state == TradingState::Active && matches!(wish_scope, ScopeName::Run);
        if lifts_all && !is_dry_run && !self.mend_journal() {
            return Ok(Err(TradingRefused::NotKept));
        }
        let number = self.desk.halts.next_number();
        let kept = KeptHalt { number, scope, state, reason: Reason::Requested, halt };
        if is_dry_run {
            return Ok(Ok(ChangedTrading { states: [before, state], kept }));
        }
        (self.desk.halts.words, self.desk.halts.is_commanded) = (words, true);
        let scopes = match &meant {
            Meant::One(scope) => std::slice::from_ref(scope),
            Meant::Exchange(_, scopes) => scopes.as_slice(),
        };
        for scope in scopes {
            let command = TradingCommand { scope: *scope, state, exit, reason: Reason::Requested };
            self.driver_mut().feed(now, InputKind::Trading(command))?;
        }
        // the outputs have the words
        self.take_outputs()?;
        (self.desk.halts.words, self.desk.halts.is_commanded) = (None, false);
        self.desk.halts.pending.remove(&kept.scope);
        if let Meant::Exchange(id, _) = &meant {
            self.desk.halts.last_change = number;
            self.desk.halts.exchange_changes.insert(*id, number);
            if state == TradingState::Active {
                self.desk.halts.exchanges.remove(id);
            } else {
                self.desk.halts.exchanges.insert(*id, (state, kept.halt.clone()));
            }
        }
        Ok(Ok(ChangedTrading { states: [before, self.state_of(&meant)], kept }))
    }

    /// Takes up what an earlier run left, before the strategies start: they are told then.
    pub(in crate::runtime) fn restore_halts(
        &mut self,
        kept: Vec<KeptHalt>,
        exchanges: &[String],
        now: Timestamp,
    ) -> Result<()> {
        self.desk.halts.begin(now);
        for one in kept {
            tracing::warn!(
                logger = "risk",
                "{}: trading is {} since {}, from an earlier run{} (`stratctl risk show`)",
                one.scope,
                one.state.name(),
                one.halt.since,
                one.halt.words.as_ref().map(|words| format!(": {words}")).unwrap_or_default()
            );
            if let Some(id) =
                one.scope.strip_prefix("exchange.").and_then(|name| resolve::exchange(name, exchanges).ok())
            {
                let scopes: Vec<_> = self.engine().instruments_of(id).map(Scope::Instrument).collect();
                scopes.into_iter().for_each(|scope| self.restore_halt(scope, &one));
                self.desk.halts.exchanges.insert(id, (one.state, one.halt));
                continue;
            }
            if one.scope == format!("strategy.{MANUAL}") {
                self.manual()?;
            }
            match scope_of_key(&one.scope, self.engine(), exchanges) {
                Some(scope) => self.restore_halt(scope, &one),
                None => {
                    self.desk.halts.pending.insert(one.scope.clone(), one);
                }
            }
        }
        Ok(())
    }

    /// What an earlier run left for a strategy that is about to join.
    pub(in crate::runtime) fn restore_halt_of(&mut self, name: &str, id: StrategyId) {
        if let Some(kept) = self.desk.halts.pending.remove(&format!("strategy.{name}")) {
            self.restore_halt(Scope::Strategy(id), &kept);
        }
    }

    /// What an earlier run, or a command before it left, left of an exchange that joins, for its new instruments.
    pub(in crate::runtime) fn restore_halts_of_exchange(&mut self, id: ExchangeId, new: &[InstrumentId]) {
        let exchanges = self.exchange_names();
        let of_exchange = format!("exchange.{}", name_of(id, &exchanges));
        let kept = self.desk.halts.pending.remove(&of_exchange);
        if let Some(kept) = &kept {
            self.desk.halts.exchanges.insert(id, (kept.state, kept.halt.clone()));
        }
        let number = self.desk.halts.last_change_of_exchange(id);
        let halted = self.desk.halts.of_exchange(id).map(|(state, halt)| KeptHalt {
            number,
            scope: of_exchange,
            state: *state,
            reason: Reason::Requested,
            halt: halt.clone(),
        });
        for instrument in new {
            let scope = Scope::Instrument(*instrument);
            let own = key(scope, self.engine(), &exchanges);
            let own = self.desk.halts.pending.remove(&own);
            if let Some(kept) = own.as_ref().or(halted.as_ref()) {
                self.restore_halt(scope, kept);
            }
        }
    }

    fn restore_halt(&mut self, scope: Scope, kept: &KeptHalt) {
        self.driver_mut().engine_mut().restore_trading(scope, kept.state, kept.reason);
        self.mark(|| Mark::HaltedBefore(scope, kept.state, kept.reason));
        self.desk.halts.scopes.insert(scope, kept.halt.clone());
    }

    /// Notes a new state of a scope. What nobody asked for at the control socket, who listens is told, to be kept: by
    /// signal, and after a fall that only a command lifts.
    pub(in crate::runtime) fn note_trading(&mut self, scope: Scope, state: TradingState, reason: Reason) {
        let now = self.now();
        let halts = &mut self.desk.halts;
        halts.note(scope, state, now);
        let lasts =
            state == TradingState::Active || matches!(reason, Reason::Requested | Reason::MaxDrawdown);
        if halts.is_commanded || !lasts {
            return;
        }
        let number = halts.last_change;
        let halt = Halt { since: now, words: None };
        let kept = KeptHalt {
            number,
            scope: key(scope, self.engine(), &self.exchange_names()),
            state,
            reason,
            halt,
        };
        self.tell_note(Note::Trading(kept));
    }

    fn meant(&mut self, exchanges: &[String], name: &ScopeName) -> Result<Result<Meant, TradingRefused>> {
        let one = |scope: Result<Scope, Missing>| Ok(scope.map(Meant::One).map_err(TradingRefused::Missing));
        match name {
            ScopeName::Run => Ok(Ok(Meant::One(Scope::Run))),
            ScopeName::Strategy(name) => match resolve::strategy(name, self.engine()) {
                Ok(Some(id)) => Ok(Ok(Meant::One(Scope::Strategy(id)))),
                // the owner of orders by hand can be halted before his first order
                Ok(None) => Ok(Ok(Meant::One(Scope::Strategy(self.manual()?)))),
                Err(missing) => Ok(Err(TradingRefused::Missing(missing))),
            },
            ScopeName::Instrument(symbol, on) => {
                one(resolve::instrument(symbol, on.as_deref(), self.engine(), exchanges)
                    .map(Scope::Instrument))
            }
            ScopeName::Exchange(name) => {
                let id = match resolve::exchange(name, exchanges) {
                    Ok(id) => id,
                    Err(missing) => return Ok(Err(TradingRefused::Missing(missing))),
                };
                let scopes: Vec<_> = self.engine().instruments_of(id).map(Scope::Instrument).collect();
                if scopes.len() > INSTRUMENTS_HALTED_MAX {
                    return Ok(Err(TradingRefused::TooMany(scopes.len(), INSTRUMENTS_HALTED_MAX)));
                }
                Ok(Ok(Meant::Exchange(id, scopes)))
            }
        }
    }

    /// What is so now of what was seen.
    fn seen_now(&self, seen: TradingSeen, meant: &Meant) -> TradingSeen {
        let halts = &self.desk.halts;
        match (seen, meant) {
            (TradingSeen::OfAll(_), _) => TradingSeen::OfAll(halts.last_change()),
            (TradingSeen::OfScope(_), Meant::One(scope)) => {
                TradingSeen::OfScope(self.last_change_for(*scope))
            }
            (TradingSeen::OfScope(_), Meant::Exchange(id, _)) => {
                TradingSeen::OfScope(halts.last_change_of_exchange(*id))
            }
        }
    }

    /// The number of the last change of what bears on a scope: of a strategy also that of the run.
    pub(in crate::runtime) fn last_change_for(&self, scope: Scope) -> u64 {
        let halts = &self.desk.halts;
        match scope {
            Scope::Strategy(_) => halts.last_change_of(scope).max(halts.last_change_of(Scope::Run)),
            Scope::Run | Scope::Instrument(_) => halts.last_change_of(scope),
        }
    }

    fn state_of(&self, meant: &Meant) -> TradingState {
        match meant {
            Meant::One(scope) => self.engine().trading_state(*scope).0,
            Meant::Exchange(id, _) => {
                self.desk.halts.of_exchange(*id).map_or(TradingState::Active, |(state, _)| *state)
            }
        }
    }
}

fn name_of(exchange: ExchangeId, exchanges: &[String]) -> &str {
    let index = usize::from(exchange.0).checked_sub(1);
    index.and_then(|index| exchanges.get(index)).map_or("?", String::as_str)
}

/// The scope of a name as [`key`] writes it; nothing if the run has it no more.
fn scope_of_key(text: &str, engine: &Engine, exchanges: &[String]) -> Option<Scope> {
    if text == "run" {
        return Some(Scope::Run);
    }
    if let Some(name) = text.strip_prefix("strategy.") {
        return resolve::strategy(name, engine).ok().flatten().map(Scope::Strategy);
    }
    let (symbol, on) = text.strip_prefix("instrument.")?.rsplit_once('@')?;
    resolve::instrument(symbol, Some(on), engine, exchanges).ok().map(Scope::Instrument)
}

/// A scope in a word that a later run understands.
fn key(scope: Scope, engine: &Engine, exchanges: &[String]) -> String {
    match scope {
        Scope::Run => "run".to_owned(),
        Scope::Strategy(id) => {
            let name = engine.strategies().nth(id.index()).map_or("?", |(config, ..)| &config.name);
            format!("strategy.{name}")
        }
        Scope::Instrument(id) => {
            let instrument = engine.instrument(id);
            let symbol = instrument.map_or("?", |instrument| &instrument.symbol);
            let exchange = instrument.map_or("?", |instrument| name_of(instrument.exchange, exchanges));
            format!("instrument.{symbol}@{exchange}")
        }
    }
}
