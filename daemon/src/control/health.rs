//! `/v1/health`: whether anything needs attention.
//!
//! The status of HTTP is 200 for both verdicts: a daemon that is degraded trades on.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use stratd_control::{Health, HealthState, Status};

use super::{desk::Desk, problem::not_done};

pub(super) async fn show(State(desk): State<Desk>) -> Response {
    match desk.read(|operations| operations.status()).await {
        Ok(status) => Json(health(status)).into_response(),
        Err(error) => not_done(error, None),
    }
}

fn health(status: Status) -> Health {
    let mut warnings = status.warnings;
    if let Some(store) = status.store.filter(|store| !store.healthy) {
        let error = store.error.unwrap_or_else(|| "the last write failed".to_owned());
        warnings.push(format!("store {}: {error}", store.path));
    }
    let state = if warnings.is_empty() { HealthState::Ok } else { HealthState::Degraded };
    Health { state, warnings }
}
