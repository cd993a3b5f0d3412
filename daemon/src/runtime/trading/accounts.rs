//! Books, the account, instruments, limits: copies.

use std::collections::BTreeMap;

use stratd_engine::{AccountRules, Engine, LimitUse, Scope, StrategyId, TradingState};
use stratd_plugin_api::{Instrument, InstrumentId, Price, Reason, abi};

use super::{Halt, Halts, Names, Page, Paged, SCAN_MAX, Which};

/// So many scopes are shown, besides the run: those of strategies first.
pub(crate) const SCOPES_MAX: usize = 5_000;

/// The books of the run and of each strategy, and the account.
#[derive(Clone, Debug)]
pub(crate) struct PortfolioLook {
    pub(crate) run: abi::PortfolioRecord,
    /// By id, with the names.
    pub(crate) strategies: Vec<(String, abi::PortfolioRecord)>,
    pub(crate) account: abi::AccountRecord,
    pub(crate) rules: AccountRules,
}

/// An instrument, and how it stands.
#[derive(Clone, Debug)]
pub(crate) struct InstrumentRow {
    pub(crate) instrument: Instrument,
    pub(crate) price_last: Option<Price>,
    /// How often its book has lost something.
    pub(crate) book_gaps: u64,
    /// By its exchange.
    pub(crate) is_halted: bool,
    /// By command or loss, with the reason.
    pub(crate) trading: (TradingState, Reason),
    pub(crate) halt: Option<Halt>,
}

/// A scope with its limits.
#[derive(Clone, Debug)]
pub(crate) struct ScopeLook {
    pub(crate) scope: Scope,
    pub(crate) state: TradingState,
    pub(crate) reason: Reason,
    pub(crate) halt: Option<Halt>,
    pub(crate) limits: Vec<LimitUse>,
    /// Those of the run count for the strategies, too: the open orders of the scope.
    pub(crate) open_orders: u32,
}

/// What may be traded, and the limits.
#[derive(Clone, Debug)]
pub(crate) struct RiskLook {
    /// The run first.
    pub(crate) scopes: Vec<ScopeLook>,
    pub(crate) names: Names,
    /// All exchanges have halted.
    pub(crate) is_halted: bool,
    /// There are more scopes than are shown.
    pub(crate) is_cut: bool,
    /// The number of the last change of any scope.
    pub(crate) change: u64,
}

pub(super) fn portfolio(engine: &Engine) -> PortfolioLook {
    let strategies = engine.strategies().enumerate().filter_map(|(index, (config, ..))| {
        let id = u16::try_from(index).ok().map(StrategyId)?;
        Some((config.name.clone(), engine.portfolio_record(id)))
    });
    let (account, rules) = engine.account();
    PortfolioLook { run: engine.portfolio_of_run(), strategies: strategies.collect(), account, rules }
}

pub(super) fn instruments(
    engine: &Engine,
    (exchanges, halts): (Vec<String>, &Halts),
    which: &Which,
    (after, limit): (u32, usize),
) -> Paged<InstrumentRow, u32> {
    let asked = which.resolve(engine, &exchanges)?;
    let names = Names::new(exchanges);
    let (mut rows, mut looked_at, mut last) = (Vec::new(), 0, after);
    let ids = (after.saturating_add(1)..).map(InstrumentId);
    for instrument in ids.map_while(|id| engine.instrument(id)) {
        if rows.len() >= limit || looked_at >= SCAN_MAX {
            return Ok(Page { rows, names, next: Some(last) });
        }
        (last, looked_at) = (instrument.id.0, looked_at + 1);
        if asked.takes_of(instrument.id, instrument.exchange) && !engine.has_left(instrument.id) {
            rows.push(InstrumentRow {
                instrument: instrument.clone(),
                price_last: engine.last_price(instrument.id),
                book_gaps: engine.book_gaps(instrument.id),
                is_halted: engine.is_halted(Some(instrument.id)),
                trading: engine.trading_state(Scope::Instrument(instrument.id)),
                halt: halts.of(Scope::Instrument(instrument.id)).cloned(),
            });
        }
    }
    Ok(Page { rows, names, next: None })
}

pub(super) fn risk(engine: &Engine, exchanges: Vec<String>, halts: &Halts) -> RiskLook {
    let mut names = Names::new(exchanges);
    let mut all = engine.scopes();
    let known: BTreeMap<Scope, ()> = all.by_ref().take(SCOPES_MAX).map(|scope| (scope, ())).collect();
    let is_cut = all.next().is_some();
    let mut scopes = Vec::new();
    for scope in known.into_keys() {
        let (state, reason) = engine.trading_state(scope);
        let limits = engine.limit_use(scope);
        if scope != Scope::Run && limits.is_empty() && state == TradingState::Active {
            continue;
        }
        match scope {
            Scope::Run => {}
            Scope::Strategy(id) => names.note(engine, Some(id), InstrumentId(0)),
            Scope::Instrument(id) => names.note(engine, None, id),
        }
        scopes.push(ScopeLook {
            scope,
            state,
            reason,
            halt: halts.of(scope).cloned(),
            limits,
            open_orders: engine.open_orders(scope),
        });
    }
    RiskLook { scopes, names, is_halted: engine.is_halted(None), is_cut, change: halts.last_change() }
}
