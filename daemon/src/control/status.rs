//! `/v1/status`: the run.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};

use super::{desk::Desk, problem::not_done};

pub(super) async fn show(State(desk): State<Desk>) -> Response {
    match desk.read(|operations| operations.status()).await {
        Ok(status) => Json(status).into_response(),
        Err(error) => not_done(error, None),
    }
}
