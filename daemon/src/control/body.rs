//! Bodies of requests: bounded in size and time, and strict in their keys.

use axum::{
    body,
    extract::{FromRequest, Request},
    http::header,
    response::Response,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_path_to_error::Segment;
use tokio::time;

use super::{
    desk::Desk,
    problem::{ProblemKind, bad_body, problem},
};
use crate::config::pointer;

/// The body as `T`. JSON whatever its content type says, because `curl -d` says that it is a form; no body is `{}`.
pub(super) struct Content<T>(pub(super) T);

/// A body that says nothing: none, or `{}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl<T: DeserializeOwned> FromRequest<Desk> for Content<T> {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Response> {
        let limits = desk.limits();
        let bytes_max = limits.body_bytes;
        let too_large =
            || problem(ProblemKind::TooLarge, format!("the body is larger than {bytes_max} bytes"));
        let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        // what announces itself as too large is not read at all
        if length.and_then(|length| length.parse::<u64>().ok()).is_some_and(|n| n > bytes_max as u64) {
            return Err(too_large());
        }
        let reading = body::to_bytes(request.into_body(), bytes_max);
        let bytes = match time::timeout(limits.body_time, reading).await {
            Ok(Ok(bytes)) => bytes,
            // a peer that went away in the middle is refused as well, and does not hear it
            Ok(Err(_)) => return Err(too_large()),
            Err(_) => {
                let detail = format!("the body was not complete within {:?}", limits.body_time);
                return Err(problem(ProblemKind::BodyTime, detail));
            }
        };
        parse(&bytes).map(Self).map_err(|refusal| *refusal)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Box<Response>> {
    let text = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    let mut input = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut input).map_err(|error| {
        let at = address(error.path());
        let error = error.into_inner();
        let is_syntax = error.is_syntax() || error.is_eof();
        Box::new(bad_body((!is_syntax).then_some(at), format!("the body: {error}")))
    })?;
    input.end().map_err(|error| Box::new(bad_body(None, format!("the body: {error}"))))?;
    Ok(value)
}

/// The JSON pointer of a place in the body.
fn address(path: &serde_path_to_error::Path) -> String {
    path.iter().fold(String::new(), |at, segment| match segment {
        Segment::Map { key } => pointer::child(&at, key),
        Segment::Seq { index } => pointer::child(&at, &index.to_string()),
        Segment::Enum { variant } => pointer::child(&at, variant),
        Segment::Unknown => at,
    })
}
