//! Answers that are no success: RFC 9457.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use stratd_control::Problem;

use super::{
    guard::Said,
    operations::{ActionError, ActionErrorKind},
};

/// What sort of problem. Each has one status, one title and one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProblemKind {
    BadRequest,
    Forbidden,
    NotFound,
    Method,
    BodyTime,
    Conflict,
    TooLarge,
    Refused,
    Failed,
    Busy,
}

impl ProblemKind {
    fn describe(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "the request is not understood"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "the role does not suffice"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "there is no such thing"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method", "there is no such method here"),
            Self::BodyTime => (StatusCode::REQUEST_TIMEOUT, "body-time", "the body did not come in time"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "the state of the plugin does not allow it"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is too large"),
            Self::Refused => (StatusCode::UNPROCESSABLE_ENTITY, "refused", "a step refused it"),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "failed", "it went wrong"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "the daemon is busy"),
        }
    }

    /// The problem itself, without an answer around it.
    pub(super) fn with(self, detail: String) -> Problem {
        let (status, name, title) = self.describe();
        Problem {
            kind: format!("urn:stratd:problem:{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail,
            pointer: None,
            plugin: None,
            step: None,
        }
    }
}

/// The answer that says what is wrong.
pub(super) fn problem(kind: ProblemKind, detail: String) -> Response {
    answer(kind.with(detail))
}

/// The answer to a bad value in the body.
pub(super) fn bad_body(pointer: Option<String>, detail: String) -> Response {
    answer(Problem { pointer, ..ProblemKind::BadRequest.with(detail) })
}

/// The answer to what the daemon did not do.
pub(super) fn not_done(error: ActionError, plugin: Option<&str>) -> Response {
    let kind = match error.kind {
        ActionErrorKind::NotFound => ProblemKind::NotFound,
        ActionErrorKind::Refused => ProblemKind::Refused,
        ActionErrorKind::Conflict => ProblemKind::Conflict,
        ActionErrorKind::Busy => ProblemKind::Busy,
        ActionErrorKind::Failed => ProblemKind::Failed,
    };
    answer(Problem { plugin: plugin.map(str::to_owned), step: error.step, ..kind.with(error.text) })
}

fn answer(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let said = Said(problem.to_string());
    let mut response = (status, Json(problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response.extensions_mut().insert(said);
    response
}
