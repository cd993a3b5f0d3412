//! What may be traded, and the limits.

use serde_json::{Value, json};
use stratd_control::{Risk, RiskLimit, RiskScope, ScopeKind, TradingDone};
use stratd_engine::{LimitUse, Scope, TradingState};
use stratd_plugin_api::{Money, Reason};

use super::{
    super::operations::{ManagerOperations, conflict, failed},
    page, words,
};
use crate::{
    control::{ActionError, Basis, Outcome, Terms, TradingChange, TradingScope},
    runtime::{Command, LookUp, Names, RiskLook, ScopeLook, ScopeName, Trading, TradingRefused, TradingWish},
};

fn look(operations: &ManagerOperations) -> Result<RiskLook, ActionError> {
    operations.ask(|answer| Command::LookUp(LookUp::Risk(answer)))
}

pub(super) fn show(operations: &ManagerOperations) -> Result<(Risk, Basis), ActionError> {
    let look = look(operations)?;
    let basis = basis(&look);
    let scopes: Vec<RiskScope> = look.scopes.iter().map(|one| scope(one, &look.names)).collect();
    let run = look.scopes.first().map(trading_of);
    let trading = run.unwrap_or(Trading { state: TradingState::Active, reason: Reason::None, halt: None });
    let risk = Risk {
        killed: trading.state == TradingState::Halted && trading.reason == Reason::Requested,
        trading: words::trading(&trading),
        halted: look.is_halted,
        scopes,
        truncated: look.is_cut,
        etag: basis.tag().to_string(),
    };
    Ok((risk, basis))
}

fn trading_of(look: &ScopeLook) -> Trading {
    Trading { state: look.state, reason: look.reason, halt: look.halt.clone() }
}

/// What a change depends on: the states of all scopes, not how much of a limit is used.
fn basis(look: &RiskLook) -> Basis {
    let states =
        look.scopes.iter().filter(|one| one.scope == Scope::Run || one.state != TradingState::Active);
    let states: Vec<Value> = states
        .map(|one| {
            let shown = scope(one, &look.names);
            json!({
                "scope": shown.scope, "strategy": shown.strategy, "instrument": shown.instrument,
                "exchange": shown.exchange, "state": one.state.name(),
            })
        })
        .collect();
    Basis::new(Value::Array(states))
}

fn scope(look: &ScopeLook, names: &Names) -> RiskScope {
    let (kind, strategy, instrument) = match look.scope {
        Scope::Run => (ScopeKind::Run, None, None),
        Scope::Strategy(id) => (ScopeKind::Strategy, Some(names.strategy(id).to_owned()), None),
        Scope::Instrument(id) => (ScopeKind::Instrument, None, names.instrument(id)),
    };
    RiskScope {
        scope: kind,
        strategy,
        instrument: instrument.map(|instrument| instrument.symbol.clone()),
        exchange: instrument.map(|instrument| names.exchange(instrument.exchange).to_owned()),
        trading: words::trading(&trading_of(look)),
        orders_working: u64::from(look.open_orders),
        limits: look.limits.iter().map(limit).collect(),
    }
}

fn limit(LimitUse { reason, used, limit }: &LimitUse) -> RiskLimit {
    let name = match reason {
        Reason::OrderRate => "max_order_rate",
        reason => reason.name(),
    };
    RiskLimit {
        name: name.to_owned(),
        used: words::money(*used),
        limit: words::money(*limit),
        headroom: words::money(limit.checked_sub(*used).unwrap_or(Money::ZERO)),
    }
}

/// Changes what may be traded in a scope.
pub(super) fn set(
    operations: &ManagerOperations,
    change: TradingChange,
    terms: &Terms,
) -> Result<Outcome<TradingDone>, ActionError> {
    let TradingChange { scope, state, exit, note, is_of_risk } = change;
    let before = basis_of(operations, &scope, is_of_risk)?;
    terms.check(&before)?;
    let exit = exit.map_or(operations.run.kill_switch, words::of_exit);
    let wish = TradingWish {
        scope: match scope.clone() {
            TradingScope::Run => ScopeName::Run,
            TradingScope::Strategy(name) => ScopeName::Strategy(name),
            TradingScope::Instrument(symbol, exchange) => ScopeName::Instrument(symbol, exchange),
            TradingScope::Exchange(name) => ScopeName::Exchange(name),
        },
        state: words::of_state(state),
        exit,
        words: note,
        is_dry_run: terms.is_dry_run,
    };
    let changed = operations.ask(|answer| Command::SetTrading { wish: Box::new(wish), answer })?;
    let changed = changed.map_err(|refused| match refused {
        TradingRefused::Missing(missing) => page::missing(&missing, true),
        TradingRefused::TooMany(count, most) => conflict(format!(
            "{scope} has {count} instruments (accepted: at most {most}; `stratctl risk kill` halts the whole run)"
        )),
    })?;
    let [was, is] = changed.states.map(words::state);
    if !terms.is_dry_run
        && let Some(store) = &operations.store
    {
        // an answer means done, also if the machine loses power now
        store.keep_halt(changed.kept).map_err(|error| failed(&error))?;
    }
    let after = basis_of(operations, &scope, is_of_risk)?;
    let would = if terms.is_dry_run { "would be" } else { "is" };
    let report = format!("{scope}: trading {would} {} (it was {})", is.name(), was.name());
    let answer = TradingDone { report: report.clone(), before: was, after: is, dry_run: terms.is_dry_run };
    Ok(Outcome { answer, report, before, after })
}

/// What a change depends on: that of the resource whose route it is.
fn basis_of(
    operations: &ManagerOperations,
    scope: &TradingScope,
    is_of_risk: bool,
) -> Result<Basis, ActionError> {
    match scope {
        TradingScope::Strategy(name) if !is_of_risk => Ok(super::instances::strategy(operations, name)?.1),
        TradingScope::Exchange(name) => Ok(super::instances::exchange(operations, name)?.1),
        TradingScope::Strategy(_) | TradingScope::Run | TradingScope::Instrument(..) => {
            Ok(basis(&look(operations)?))
        }
    }
}
