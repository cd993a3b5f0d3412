//! `/v1/metrics`: the figures of the daemon, for scrapers; and the counting of requests for it.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{
    desk::Desk,
    operations::{ActionError, ActionErrorKind},
    problem::not_done,
};
use crate::{
    metrics::{ControlMeters, Format},
    runtime::clock::Stopwatch,
};

/// What can be asked for.
pub(super) const CONTENT_TYPES: &[&str] = &["application/openmetrics-text", "text/plain"];

pub(super) async fn show(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = Format::of(accept);
    let meters = desk.meters();
    let text = desk.read(move |operations| {
        let mut page = operations.metrics()?;
        meters.tell(&mut page);
        page.text(format).map_err(|error| ActionError::new(ActionErrorKind::Failed, error.to_string()))
    });
    match text.await {
        Ok(text) => ([(header::CONTENT_TYPE, format.media_type())], text).into_response(),
        Err(error) => not_done(error),
    }
}

/// Counts a request and its answer.
pub(super) async fn count(State(meters): State<ControlMeters>, request: Request, next: Next) -> Response {
    let stopwatch = Stopwatch::start();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    meters.answered(method.as_str(), route.as_deref(), response.status().as_u16(), stopwatch.elapsed());
    response
}
