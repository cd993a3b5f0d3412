//! `/v1/portfolio`: the books of the run and of each strategy.

use axum::{extract::State, response::Response};

use super::desk::Desk;

pub(super) async fn show(State(desk): State<Desk>) -> Response {
    desk.show(|operations| operations.portfolio()).await
}
