//! `/v1/logging/tap`: the log as it is written, one record a line, until the listener goes or the time is over.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse as _, Response},
};
use hyper::body::Frame;
use serde::Deserialize;
use stratd_logging::Level;
use tokio::time::{Sleep, sleep};
use utoipa::IntoParams;

use super::{
    desk::Desk,
    logging::{bad_query, level_of, log},
    operations::{ActionError, ActionErrorKind},
    problem::not_done,
};
use crate::logging::{TapWish, Tapped};

/// One record a line, whatever the format: a listener needs no framing beyond that.
pub(super) const CONTENT_TYPES: &[&str] = &["text/plain; charset=utf-8"];
/// So much earlier than its connection a tap ends, so that its end is a good one.
const BEFORE_CONNECTION: Duration = Duration::from_secs(10);

/// `?logger=NAME&level=LEVEL&format=json`, each of which may be left out.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The logger whose records are told, with those of the loggers below it; all if absent.
    #[serde(default)]
    logger: String,
    /// The lowest level: its name or its number; every level if absent.
    level: Option<String>,
    /// `text` or `json`; text if absent.
    format: Option<String>,
}

pub(super) async fn tap(State(desk): State<Desk>, wanted: Result<Query<Wanted>, QueryRejection>) -> Response {
    let Query(Wanted { logger, level, format }) = match wanted {
        Ok(wanted) => wanted,
        Err(error) => return bad_query(&error, "logger=NAME&level=LEVEL&format=text|json"),
    };
    let begun = desk.read(move |_| {
        let pipeline = log()?;
        let level = level.map_or(Ok(Level::NOTSET), |level| level_of(pipeline, &level))?;
        let as_json = match format.as_deref() {
            None | Some("text") => false,
            Some("json") => true,
            Some(found) => {
                let text = format!("found format {found:?} (accepted: text, json)");
                return Err(super::logging::refused(text));
            }
        };
        let busy = |text: String| ActionError::new(ActionErrorKind::Busy, text);
        pipeline.tap(&TapWish { logger, level, as_json }).map_err(busy)
    });
    match begun.await {
        Ok(tapped) => {
            let time = desk.limits().connection_time.saturating_sub(BEFORE_CONNECTION);
            let lines = Lines { tapped, end: Box::pin(sleep(time)) };
            ([(header::CONTENT_TYPE, CONTENT_TYPES[0])], Body::new(lines)).into_response()
        }
        Err(error) => not_done(error),
    }
}

/// The body: what the tap hears.
struct Lines {
    tapped: Tapped,
    end: Pin<Box<Sleep>>,
}

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        self.tapped.lines.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}
