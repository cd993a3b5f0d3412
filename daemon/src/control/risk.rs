//! `/v1/risk`: what may be traded, the limits with what is used of them, and the kill switch.

use axum::{extract::State, response::Response};
use stratd_control::{HaltRequest, ScopeKind, TradingRequest, TradingState};

use super::{
    body::{Content, Nothing},
    desk::Desk,
    operations::{Terms, TradingChange, TradingScope},
    problem::bad_body,
    strategies::{going_on, trade},
};

pub(super) async fn show(State(desk): State<Desk>) -> Response {
    desk.show_tagged(|operations| operations.risk()).await
}

pub(super) async fn kill(
    State(desk): State<Desk>,
    terms: Terms,
    Content(HaltRequest { exit, note }): Content<HaltRequest>,
) -> Response {
    let (scope, state) = (TradingScope::Run, TradingState::Halted);
    let change = TradingChange { scope, state, exit, note, is_of_risk: true };
    trade(&desk, change, terms).await
}

pub(super) async fn release(State(desk): State<Desk>, terms: Terms, _: Content<Nothing>) -> Response {
    trade(&desk, TradingChange { is_of_risk: true, ..going_on(TradingScope::Run) }, terms).await
}

pub(super) async fn state(
    State(desk): State<Desk>,
    terms: Terms,
    Content(request): Content<TradingRequest>,
) -> Response {
    let TradingRequest { scope, strategy, instrument, exchange, state, exit, note } = request;
    let scope = match (scope, strategy, instrument, exchange) {
        (ScopeKind::Run, None, None, None) => TradingScope::Run,
        (ScopeKind::Strategy, Some(name), None, None) => TradingScope::Strategy(name),
        (ScopeKind::Instrument, None, Some(symbol), on) => TradingScope::Instrument(symbol, on),
        (ScopeKind::Run | ScopeKind::Strategy | ScopeKind::Instrument, ..) => {
            let accepted = "run alone, strategy with `strategy`, or instrument with `instrument` and, if several have it, `exchange`";
            let detail = format!("the scope and its keys do not fit together (accepted: {accepted})");
            return bad_body(Some("/scope".to_owned()), detail);
        }
    };
    let exit = Some(exit.unwrap_or_default());
    trade(&desk, TradingChange { scope, state, exit, note, is_of_risk: true }, terms).await
}
