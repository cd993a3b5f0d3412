//! `/v1/version`: who answers.

use axum::Json;
use stratd_control::{API, Version};

pub(super) async fn show() -> Json<Version> {
    Json(Version {
        name: "stratd".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: API.to_owned(),
    })
}
