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

use super::{
    operations::{Condition, Tag, Terms},
    problem::{ProblemKind, problem},
};

/// So many tags may be in one request.
const TAGS_MAX: usize = 16;

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
    let condition = condition(&text).ok_or_else(|| {
        let detail = format!(
            "If-Match {text:?} (accepted: *, or up to {TAGS_MAX} tags as \"0123abcd\" with commas between)"
        );
        Box::new(problem(ProblemKind::BadRequest, detail))
    })?;
    Ok(Terms { condition, is_dry_run: dry_run })
}

/// Reads the value of `If-Match`. A weak tag is a tag, and equals none.
fn condition(text: &str) -> Option<Condition> {
    if text.trim() == "*" {
        return Some(Condition::Any);
    }
    let mut tags = Vec::new();
    let mut rest = text.trim();
    for count in 0.. {
        let (is_weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let (tag, behind) = quoted.strip_prefix('"')?.split_once('"')?;
        let tag = Tag::parse(tag)?;
        if count >= TAGS_MAX {
            return None;
        }
        if !is_weak {
            tags.push(tag);
        }
        match behind.trim_start() {
            "" => break,
            more => rest = more.strip_prefix(',')?.trim_start(),
        }
    }
    Some(Condition::OneOf(tags))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: Expect) {
        let shown = match condition(text) {
            None => "malformed".to_owned(),
            Some(Condition::Any) => "any".to_owned(),
            Some(Condition::OneOf(tags)) => tags.iter().map(Tag::to_string).collect::<Vec<_>>().join(" or "),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_condition_is_a_star_or_tags() {
        check("*", expect!["any"]);
        check(" * ", expect!["any"]);
        check(r#""a1""#, expect![[r#""a1""#]]);
        check(r#""a,1" ,"b""#, expect![[r#""a,1" or "b""#]]);
        // equals nothing, because If-Match compares strongly
        check(r#"W/"a1""#, expect![""]);
        check(r#"W/"a1", "b""#, expect![[r#""b""#]]);
        for text in ["", "a1", "\"a1", "\"a1\",", "\"a1\" \"b\"", "*, \"a\"", "\"a b\"", "w/\"a\""] {
            check(text, expect!["malformed"]);
        }
        check(&[r#""a""#; TAGS_MAX + 1].join(","), expect!["malformed"]);
    }
}
