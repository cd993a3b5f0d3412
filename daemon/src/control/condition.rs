//! The terms of a request that changes something: the header `If-Match`, and `?dry_run=true`.
//!
//! A change without `If-Match` is refused: whoever wants it whatever is there says so with `*`. No other key may be in
//! the query: a typing error in `dry_run` must not do the thing itself.

use axum::{
    extract::{FromRequestParts, Query},
    http::{HeaderMap, Uri, header, request::Parts},
    response::Response,
};
use serde::Deserialize;
use stratd_control::Condition;

use super::{
    operations::Terms,
    problem::{ProblemKind, problem},
};

/// What the query of a change may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    dry_run: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Terms {
    type Rejection = Response;

    /// Those that the guard of the route has read.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            problem(
                ProblemKind::Failed,
                "the table of routes has this one as one that changes nothing".to_owned(),
            )
        })
    }
}

/// Reads the terms.
pub(super) fn terms(headers: &HeaderMap, uri: &Uri) -> Result<Terms, Box<Response>> {
    let Query(Wish { dry_run }) = Query::try_from_uri(uri).map_err(|error| {
        let detail = format!("the query: {} (accepted: ?dry_run=true or =false)", error.body_text());
        Box::new(problem(ProblemKind::BadRequest, detail))
    })?;
    let mut lines = headers.get_all(header::IF_MATCH).iter().peekable();
    if lines.peek().is_none() {
        let detail = "there is no header If-Match (accepted: the ETag of what is to be changed, or * for whatever is there)";
        return Err(Box::new(problem(ProblemKind::NoCondition, detail.to_owned())));
    }
    let text: Vec<String> = lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()).collect();
    let text = text.join(", ");
    let condition = Condition::parse(&text).ok_or_else(|| {
        let tags_max = Condition::TAGS_MAX;
        let detail = format!(
            "If-Match {text:?} (accepted: *, or up to {tags_max} tags as \"0123abcd\" with commas between)"
        );
        Box::new(problem(ProblemKind::BadRequest, detail))
    })?;
    Ok(Terms { condition, is_dry_run: dry_run })
}
