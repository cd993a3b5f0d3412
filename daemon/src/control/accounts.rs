//! `/v1/accounts`: what the account of the run has, and allows.

use axum::{extract::State, response::Response};

use super::desk::Desk;

pub(super) async fn list(State(desk): State<Desk>) -> Response {
    desk.show(|operations| operations.accounts()).await
}
