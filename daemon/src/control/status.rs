//! `/v1/status`: the run.

use axum::{extract::State, response::Response};

use super::desk::Desk;

pub(super) async fn show(State(desk): State<Desk>) -> Response {
    desk.show(|operations| operations.status()).await
}
