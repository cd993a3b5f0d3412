//! The name of a plugin in a path.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
    response::Response,
};

use super::problem::{ProblemKind, problem};

/// What stands for `{name}`, decoded. Whether there is such a plugin is for the daemon to say.
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(_) => {
                let detail =
                    format!("{} has no name in it (accepted: UTF-8, percent-encoded)", parts.uri.path());
                Err(problem(ProblemKind::BadRequest, detail))
            }
        }
    }
}
