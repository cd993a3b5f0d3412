//! `/v1/strategies`: the strategies of the run, and what can be done with each.

use axum::{extract::State, response::Response};
use stratd_control::{ExitRoutine, HaltRequest, TradingState};

use super::{
    body::{Content, Nothing},
    desk::{Desk, Urgency},
    guard::Asked,
    name::Name,
    operations::{InstanceName, Terms, TradingChange, TradingScope, Verb},
};

pub(super) async fn list(State(desk): State<Desk>) -> Response {
    desk.show(|operations| operations.strategies()).await
}

pub(super) async fn show(State(desk): State<Desk>, Name(name): Name) -> Response {
    desk.show_tagged(move |operations| operations.strategy(&name)).await
}

pub(super) async fn config(State(desk): State<Desk>, Name(name): Name) -> Response {
    desk.show(move |operations| operations.instance_config(&InstanceName::Strategy(name))).await
}

pub(super) async fn start(
    State(desk): State<Desk>,
    Name(name): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    act(&desk, InstanceName::Strategy(name), Verb::Start, terms).await
}

pub(super) async fn stop(
    State(desk): State<Desk>,
    Name(name): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    act(&desk, InstanceName::Strategy(name), Verb::Stop, terms).await
}

pub(super) async fn restart(
    State(desk): State<Desk>,
    Name(name): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    act(&desk, InstanceName::Strategy(name), Verb::Restart, terms).await
}

pub(super) async fn halt(
    State(desk): State<Desk>,
    Name(name): Name,
    terms: Terms,
    Content(request): Content<HaltRequest>,
) -> Response {
    trade(&desk, halting(TradingScope::Strategy(name), request), terms).await
}

pub(super) async fn go_on(
    State(desk): State<Desk>,
    Name(name): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    trade(&desk, going_on(TradingScope::Strategy(name)), terms).await
}

pub(super) async fn act(desk: &Desk, instance: InstanceName, verb: Verb, terms: Terms) -> Response {
    let (kind, name) = match &instance {
        InstanceName::Strategy(name) => ("strategy", name),
        InstanceName::Exchange(name) => ("exchange", name),
    };
    let asked = Asked::new(format!("{} {kind} {name}", verb.name()));
    desk.change(asked, terms, move |operations, terms| operations.act_on(instance, verb, terms)).await
}

/// A halt that does nothing more unless it is asked to.
pub(super) fn halting(scope: TradingScope, HaltRequest { exit, note }: HaltRequest) -> TradingChange {
    TradingChange {
        scope,
        state: TradingState::Halted,
        exit: Some(exit.unwrap_or_default()),
        note,
        is_of_risk: false,
    }
}

pub(super) fn going_on(scope: TradingScope) -> TradingChange {
    TradingChange {
        scope,
        state: TradingState::Active,
        exit: Some(ExitRoutine::None),
        note: None,
        is_of_risk: false,
    }
}

pub(super) async fn trade(desk: &Desk, change: TradingChange, terms: Terms) -> Response {
    let note = change.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    let asked = Asked::new(format!("trading of {}: {}{note}", change.scope, change.state.name()));
    let urgency = if change.state == TradingState::Active { Urgency::Usual } else { Urgency::StopsTrading };
    desk.change_soon(urgency, asked, terms, move |operations, terms| operations.set_trading(change, terms))
        .await
}
