//! Answers that are no success: RFC 9457.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use stratd_control::Problem;

use super::{
    guard::{Changed, Said},
    operations::{ActionError, ActionErrorKind, Refused},
};

/// What sort of problem. Each has one status, one title and one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProblemKind {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    Method,
    BodyTime,
    Conflict,
    Stale,
    TooLarge,
    Refused,
    NoCondition,
    Failed,
    Busy,
}

impl ProblemKind {
    /// All of them.
    pub(super) const ALL: [Self; 13] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Method,
        Self::BodyTime,
        Self::Conflict,
        Self::Stale,
        Self::TooLarge,
        Self::Refused,
        Self::NoCondition,
        Self::Failed,
        Self::Busy,
    ];

    pub(super) fn status(self) -> StatusCode {
        self.describe().0
    }

    pub(super) fn name(self) -> &'static str {
        self.describe().1
    }

    pub(super) fn title(self) -> &'static str {
        self.describe().2
    }

    fn describe(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "the request is not understood"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "the token is missing or wrong"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "the role does not suffice"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "there is no such thing"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method", "there is no such method here"),
            Self::BodyTime => (StatusCode::REQUEST_TIMEOUT, "body-time", "the body did not come in time"),
            Self::Conflict => {
                (StatusCode::CONFLICT, "conflict", "the state of the resource does not allow it")
            }
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "stale", "the resource has changed since"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is too large"),
            Self::Refused => (StatusCode::UNPROCESSABLE_ENTITY, "refused", "a step refused it"),
            Self::NoCondition => (
                StatusCode::PRECONDITION_REQUIRED,
                "no-condition",
                "the request does not say which state it means to change",
            ),
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
            found: None,
            accepted: None,
            errors: Vec::new(),
            plugin: None,
            step: None,
            code: None,
        }
    }
}

/// The answer that says what is wrong.
pub(super) fn problem(kind: ProblemKind, detail: String) -> Response {
    answer(kind.with(detail))
}

/// The answer to a bad value in the body.
pub(super) fn bad_body(pointer: Option<String>, detail: String) -> Response {
    // as serde says it: "invalid type: integer `7`, expected a string"
    let (found, accepted) = match detail.rsplit_once(", expected ") {
        Some((found, accepted)) => (Some(found.to_owned()), Some(accepted.to_owned())),
        None => (None, None),
    };
    answer(Problem { pointer, found, accepted, ..ProblemKind::BadRequest.with(detail) })
}

/// The answer to what the daemon did not do.
pub(super) fn not_done(error: ActionError) -> Response {
    let kind = match error.kind {
        ActionErrorKind::NotFound => ProblemKind::NotFound,
        ActionErrorKind::BadRequest => ProblemKind::BadRequest,
        ActionErrorKind::Forbidden => ProblemKind::Forbidden,
        ActionErrorKind::Refused => ProblemKind::Refused,
        ActionErrorKind::Conflict => ProblemKind::Conflict,
        ActionErrorKind::Stale => ProblemKind::Stale,
        ActionErrorKind::Busy => ProblemKind::Busy,
        ActionErrorKind::Failed => ProblemKind::Failed,
    };
    let Refused { kind: _, text, step, code, pointer, found_accepted, errors, before, plugin } =
        error.into_refused();
    let (found, accepted) = found_accepted.unzip();
    let mut response =
        answer(Problem { plugin, step, code, pointer, found, accepted, errors, ..kind.with(text) });
    if let Some(before) = before {
        let before = before.to_string();
        response.extensions_mut().insert(Changed { after: before.clone(), before });
    }
    response
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
