//! What may be traded, by command: scopes by the names that people use, and why they are not as usual.

use std::collections::BTreeMap;

use anyhow::Result;
use stratd_engine::{Engine, ExitRoutine, InputKind, Scope, TradingCommand, TradingState};
use stratd_plugin_api::{ExchangeId, Reason, Timestamp};

use super::resolve::{self, Missing};
use crate::runtime::event_loop::EventLoop;

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
    /// Only if the state is this one.
    pub(crate) only_if: Option<TradingState>,
    pub(crate) is_dry_run: bool,
}

/// Why it was not done.
#[derive(Clone, Debug)]
pub(crate) enum TradingRefused {
    Missing(Missing),
    /// The state is another one by now.
    Stale(TradingState),
    /// The exchange has more instruments than can be halted at once.
    TooMany(usize),
}

/// The state before, and now.
pub(crate) type TradingChanged = Result<[TradingState; 2], TradingRefused>;

/// The reasons, by scope.
#[derive(Default)]
pub(in crate::runtime) struct Halts {
    /// Those of the command that is carried out now.
    words: Option<String>,
    scopes: BTreeMap<Scope, Halt>,
    exchanges: BTreeMap<ExchangeId, (TradingState, Halt)>,
}

impl Halts {
    /// Notes a new state of a scope.
    pub(in crate::runtime) fn note(&mut self, scope: Scope, state: TradingState, now: Timestamp) {
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
        let before = self.state_of(&meant);
        if wish.only_if.is_some_and(|expected| expected != before) {
            return Ok(Err(TradingRefused::Stale(before)));
        }
        if wish.is_dry_run {
            return Ok(Ok([before, wish.state]));
        }
        let TradingWish { state, exit, words, .. } = wish;
        self.desk.halts.words = words;
        let now = self.now();
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
        let words = self.desk.halts.words.take();
        if let Meant::Exchange(id, _) = &meant {
            if state == TradingState::Active {
                self.desk.halts.exchanges.remove(id);
            } else {
                self.desk.halts.exchanges.insert(*id, (state, Halt { since: now, words }));
            }
        }
        Ok(Ok([before, self.state_of(&meant)]))
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
                one(resolve::instrument(symbol, on.as_deref(), self.engine(), exchanges).map(Scope::Instrument))
            }
            ScopeName::Exchange(name) => {
                let id = match resolve::exchange(name, exchanges) {
                    Ok(id) => id,
                    Err(missing) => return Ok(Err(TradingRefused::Missing(missing))),
                };
                let scopes: Vec<_> = self.engine().instruments_of(id).map(Scope::Instrument).collect();
                if scopes.len() > INSTRUMENTS_HALTED_MAX {
                    return Ok(Err(TradingRefused::TooMany(scopes.len())));
                }
                Ok(Ok(Meant::Exchange(id, scopes)))
            }
        }
    }

    fn state_of(&self, meant: &Meant) -> TradingState {
        match meant {
            Meant::One(scope) => self.engine().trading_state(*scope).0,
            Meant::Exchange(id, _) => self.desk.halts.of_exchange(*id).map_or(TradingState::Active, |(state, _)| *state),
        }
    }
}

/// The scope of a name as [`key`] writes it; nothing if the run has it no more.
pub(in crate::runtime) fn scope_of_key(text: &str, engine: &Engine, exchanges: &[String]) -> Option<Scope> {
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
pub(in crate::runtime) fn key(scope: Scope, engine: &Engine, exchanges: &[String]) -> String {
    match scope {
        Scope::Run => "run".to_owned(),
        Scope::Strategy(id) => {
            let name = engine.strategies().nth(id.index()).map_or("?", |(config, ..)| &config.name);
            format!("strategy.{name}")
        }
        Scope::Instrument(id) => {
            let instrument = engine.instrument(id);
            let symbol = instrument.map_or("?", |instrument| &instrument.symbol);
            let exchange = instrument.and_then(|i| exchanges.get(usize::from(i.exchange.0).checked_sub(1)?));
            format!("instrument.{symbol}@{}", exchange.map_or("?", String::as_str))
        }
    }
}
