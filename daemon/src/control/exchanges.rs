//! `/v1/exchanges`: the exchanges of the run, and what can be done with the connector of each.

use axum::{extract::State, response::Response};
use stratd_control::HaltRequest;

use super::{
    body::{Content, Nothing},
    desk::Desk,
    name::Name,
    operations::{InstanceName, Terms, TradingScope, Verb},
    strategies::{act, going_on, halting, trade},
};

pub(super) async fn list(State(desk): State<Desk>) -> Response {
    desk.show(|operations| operations.exchanges()).await
}

pub(super) async fn show(State(desk): State<Desk>, Name(name): Name) -> Response {
    desk.show_tagged(move |operations| operations.exchange(&name)).await
}

pub(super) async fn config(State(desk): State<Desk>, Name(name): Name) -> Response {
    desk.show(move |operations| operations.instance_config(&InstanceName::Exchange(name))).await
}

pub(super) async fn start(
    State(desk): State<Desk>,
    Name(name): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    act(&desk, InstanceName::Exchange(name), Verb::Start, terms).await
}

pub(super) async fn stop(
    State(desk): State<Desk>,
    Name(name): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    act(&desk, InstanceName::Exchange(name), Verb::Stop, terms).await
}

pub(super) async fn restart(
    State(desk): State<Desk>,
    Name(name): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    act(&desk, InstanceName::Exchange(name), Verb::Restart, terms).await
}

pub(super) async fn halt(
    State(desk): State<Desk>,
    Name(name): Name,
    terms: Terms,
    Content(request): Content<HaltRequest>,
) -> Response {
    trade(&desk, halting(TradingScope::Exchange(name), request), terms).await
}

pub(super) async fn go_on(
    State(desk): State<Desk>,
    Name(name): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    trade(&desk, going_on(TradingScope::Exchange(name)), terms).await
}
