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

use super::{
    desk::Desk,
    logging::{bad_query, level_of, log},
    operations::{ActionError, ActionErrorKind},
    problem::not_done,
};
use crate::logging::{TapWish, Tapped};

/// So much earlier than its connection a tap ends, so that its end is a good one.
const BEFORE_CONNECTION: Duration = Duration::from_secs(10);

/// `?logger=NAME&level=LEVEL&format=json`, each of which may be left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    logger: String,
    level: Option<String>,
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
        let busy = |text| ActionError { kind: ActionErrorKind::Busy, step: None, text };
        pipeline.tap(&TapWish { logger, level, as_json }).map_err(busy)
    });
    match begun.await {
        Ok(tapped) => {
            let time = desk.limits().connection_time.saturating_sub(BEFORE_CONNECTION);
            let lines = Lines { tapped, end: Box::pin(sleep(time)) };
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], Body::new(lines)).into_response()
        }
        Err(error) => not_done(error, None),
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
