//! What may be traded, and the limits.

use serde_json::{Value, json};
use stratd_control::{Risk, RiskLimit, RiskScope, ScopeKind, TradingDone};
use stratd_engine::{LimitUse, Scope, TradingState};
use stratd_plugin_api::{Money, Reason};

use super::{
    super::operations::{ManagerOperations, busy, conflict},
    instances, page, words,
};
use crate::{
    control::{
        ActionError, ActionErrorKind, Basis, Condition, InstanceName, Outcome, Terms, TradingChange,
        TradingScope,
    },
    reload::{Registry, RunStore},
    runtime::{
        AskedLoop, Command, KeptHalt, LookUp, Names, RiskLook, ScopeLook, ScopeName, Snapshot, Trading,
        TradingChanged, TradingRefused, TradingSeen, TradingWish,
    },
};

fn look(operations: &ManagerOperations) -> Result<RiskLook, ActionError> {
    operations.ask(|answer| Command::LookUp(LookUp::Risk(answer)))
}

pub(super) fn show(operations: &ManagerOperations) -> Result<(Risk, Basis), ActionError> {
    let look = look(operations)?;
    let basis = basis(&look);
    let scopes: Vec<RiskScope> = look.scopes.iter().map(|one| scope(one, &look.names)).collect();
    let run = look.scopes.first().map(trading_of);
    let trading = run.unwrap_or(Trading::ACTIVE);
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
    Trading { state: look.state, reason: look.reason, halt: look.halt.clone(), ..Trading::ACTIVE }
}

/// What a change depends on: the states of all scopes, and the number of the last change, so that what was changed and
/// changed back is another; not how much of a limit is used.
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
    Basis::new(json!({ "scopes": states, "change": look.change }))
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
    let scope = change.scope.clone();
    let resource = Resource::of(&change);
    let (before, asked) = ask(operations, &resource, change, terms)?;
    let changed = asked.wait().map_err(|gone| busy(&gone).before(&before))?;
    let changed = match changed {
        Ok(changed) => changed,
        Err(TradingRefused::Missing(missing)) => return Err(page::missing(&missing, true)),
        Err(TradingRefused::TooMany(count, most)) => {
            return Err(conflict(format!(
                "{scope} has {count} instruments (accepted: at most {most}; `stratctl risk kill` halts the whole run)"
            )));
        }
        Err(TradingRefused::NotKept) => {
            return Err(conflict(
                "a sync of the disk of state.db failed, and nobody knows what it has (accepted: a restart of stratd, which reads it and asks the exchanges)".to_owned(),
            ));
        }
        Err(TradingRefused::Stale) => return Err(stale(terms, &resource.look(operations)?.0)),
    };
    let [was, is] = changed.states.map(words::state);
    let would = if terms.is_dry_run { "would be" } else { "is" };
    let report = format!("{scope}: trading {would} {} (it was {})", is.name(), was.name());
    let store = operations.store.as_deref().filter(|_| !terms.is_dry_run);
    let warning = store.and_then(|store| not_kept(store, changed.kept, &report));
    // it is done whatever became of a look at it afterwards
    let after = resource.look(operations).map_or_else(|_| before.clone(), |(basis, _)| basis);
    let answer =
        TradingDone { report: report.clone(), before: was, after: is, dry_run: terms.is_dry_run, warning };
    let report = match &answer.warning {
        Some(warning) => format!("{report}; {warning}"),
        None => report,
    };
    Ok(Outcome { answer, report, before, after })
}

/// Keeps it for later runs, and returns once it is on the disk: an answer means done, also if the machine loses power
/// now. If that fails, trading has changed all the same: what is to be said of it.
fn not_kept(store: &RunStore, kept: KeptHalt, report: &str) -> Option<String> {
    let error = store.keep_halt(kept).err()?;
    tracing::error!(
        logger = "risk",
        "{report}, and a later run will not know it: it could not be kept in the state directory: {error}"
    );
    Some(format!(
        "it is in force, and could not be kept in the state directory: a restart forgets it ({error})"
    ))
}

/// A tag that is not that of the resource any more.
pub(super) fn stale(terms: &Terms, now: &Basis) -> ActionError {
    let changed =
        || ActionError::new(ActionErrorKind::Stale, "it has changed since (accepted: its tag, or *)");
    terms.check(now).err().unwrap_or_else(changed)
}

/// The resource whose route it is: what its tag covers.
enum Resource {
    Risk,
    Of(InstanceName),
}

impl Resource {
    fn of(change: &TradingChange) -> Self {
        match &change.scope {
            TradingScope::Strategy(name) if !change.is_of_risk => {
                Self::Of(InstanceName::Strategy(name.clone()))
            }
            TradingScope::Exchange(name) => Self::Of(InstanceName::Exchange(name.clone())),
            TradingScope::Strategy(_) | TradingScope::Run | TradingScope::Instrument(..) => Self::Risk,
        }
    }

    /// What a change depends on, and the number of the last change of what may be traded.
    fn look(&self, operations: &ManagerOperations) -> Result<(Basis, TradingSeen), ActionError> {
        match self {
            Self::Risk => {
                let look = look(operations)?;
                Ok((basis(&look), TradingSeen::OfAll(look.change)))
            }
            Self::Of(instance) => {
                let look = operations.look()?;
                seen_of(instance, &operations.registry.lock(), &look)
            }
        }
    }
}

fn seen_of(
    instance: &InstanceName,
    registry: &Registry,
    look: &Snapshot,
) -> Result<(Basis, TradingSeen), ActionError> {
    let (kind, name) = instances::named(instance);
    let (_, record) = instances::find(registry, kind, name)?;
    let trading = instances::trading_at(record.place, look);
    Ok((instances::basis(record, &trading), TradingSeen::OfScope(trading.change)))
}

type Asking = (Basis, AskedLoop<TradingChanged>);

/// Sends the change on its way, if the resource is as its author saw it. What the event loop knows it compares itself,
/// when it comes to it; the rest of the resource, the record of an instance, cannot change before it is on its way.
fn ask(
    operations: &ManagerOperations,
    resource: &Resource,
    change: TradingChange,
    terms: &Terms,
) -> Result<Asking, ActionError> {
    let TradingChange { scope, state, exit, note, is_of_risk: _ } = change;
    let exit = exit.map_or(operations.run.kill_switch, words::of_exit);
    let wish = |seen: TradingSeen| TradingWish {
        scope: match scope {
            TradingScope::Run => ScopeName::Run,
            TradingScope::Strategy(name) => ScopeName::Strategy(name),
            TradingScope::Instrument(symbol, exchange) => ScopeName::Instrument(symbol, exchange),
            TradingScope::Exchange(name) => ScopeName::Exchange(name),
        },
        state: words::of_state(state),
        exit,
        words: note,
        seen: match terms.condition {
            Condition::Any => None,
            Condition::OneOf(_) => Some(seen),
        },
        is_dry_run: terms.is_dry_run,
    };
    let send = |before: Basis, seen: TradingSeen| {
        terms.check(&before)?;
        let wish = Box::new(wish(seen));
        let asked = operations.event_loop.send(|answer| Command::SetTrading { wish, answer });
        Ok((before, asked.map_err(|gone| busy(&gone))?))
    };
    match resource {
        Resource::Risk => {
            let (before, seen) = resource.look(operations)?;
            send(before, seen)
        }
        Resource::Of(instance) => {
            let look = operations.look()?;
            // held until it is on its way
            let registry = operations.registry.lock();
            let (before, seen) = seen_of(instance, &registry, &look)?;
            send(before, seen)
        }
    }
}

#[cfg(test)]
mod tests {
    use stratd_plugin_api::Timestamp;

    use super::*;
    use crate::runtime::Halt;

    #[test]
    fn what_cannot_be_kept_is_told_and_in_force_all_the_same() {
        let place = tempfile::tempdir().unwrap();
        let store = RunStore::begun(place.path());
        let kept = |note: &str| KeptHalt {
            number: 1,
            scope: "run".to_owned(),
            state: TradingState::Halted,
            reason: Reason::Requested,
            halt: Halt { since: Timestamp::new(1), words: Some(note.to_owned()) },
        };
        // a note that is longer than the store takes is kept as far as it goes
        assert_eq!(not_kept(&store, kept(&"ü".repeat(5_000)), "halted"), None);
        let [halt] = &store.halts()[..] else { panic!("{:?}", store.halts()) };
        assert!(
            halt.halt.words.as_ref().is_some_and(|words| words.starts_with("üü") && words.ends_with('…'))
        );
        let other = rusqlite::Connection::open(place.path().join("state.db")).unwrap();
        other.execute_batch("DROP TABLE trading").unwrap();
        let warning = not_kept(&store, kept("odd prices"), "halted").unwrap();
        assert!(
            warning.starts_with("it is in force, and could not be kept in the state directory"),
            "{warning}"
        );
    }
}
