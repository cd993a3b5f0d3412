//! `/v1/backtests`: backtests in children of the daemon.

use axum::{extract::State, response::Response};
use stratd_control::{BacktestList, BacktestRequest};

use super::{
    body::{Content, Nothing},
    desk::Desk,
    guard::Asked,
    name::Name,
    operations::Terms,
};

pub(super) async fn list(State(desk): State<Desk>) -> Response {
    let list = desk.show_tagged(|operations| {
        let (backtests, basis) = operations.backtests()?;
        Ok((BacktestList { backtests }, basis))
    });
    list.await
}

pub(super) async fn show(State(desk): State<Desk>, Name(id): Name) -> Response {
    desk.show_tagged(move |operations| operations.backtest(&id)).await
}

pub(super) async fn submit(
    State(desk): State<Desk>,
    terms: Terms,
    Content(request): Content<BacktestRequest>,
) -> Response {
    let what = request.file.as_deref().or(request.name.as_deref()).unwrap_or("of an inline configuration");
    let asked = Asked::new(format!("backtest {what}"));
    desk.change(asked, terms, move |operations, terms| operations.submit_backtest(request, terms)).await
}

pub(super) async fn cancel(
    State(desk): State<Desk>,
    Name(id): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    let asked = Asked::new(format!("cancel backtest {id}"));
    desk.change(asked, terms, move |operations, terms| operations.cancel_backtest(&id, terms)).await
}
