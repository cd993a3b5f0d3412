//! `/v1/health`: whether anything needs attention.
//!
//! The status of HTTP is 200 for both verdicts: a daemon that is degraded trades on.

use axum::{extract::State, response::Response};
use stratd_control::{Health, HealthState, Status};

use super::desk::Desk;

pub(super) async fn show(State(desk): State<Desk>) -> Response {
    desk.show(|operations| operations.status().map(health)).await
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
