//! `/v1/events`: what happens in the run, as Server-Sent Events, until the listener goes or its time is over.
//!
//! One task a listener waits for what is there for it and hands it to the connection, at most one chunk ahead: a peer
//! that does not read keeps its place until the time of its connection is over, and makes nobody wait.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use hyper::body::Frame;
use serde::Deserialize;
use tokio::{sync::mpsc, time};
use utoipa::IntoParams;

use super::{
    desk::Desk,
    logging::bad_query,
    operations::{ActionError, ActionErrorKind},
    problem::not_done,
};
use crate::feed::{After, Filter, ListenError, Listener};

/// A stream of events.
pub(super) const CONTENT_TYPES: &[&str] = &["text/event-stream"];
/// A comment is sent so often, so that a peer which is gone is noticed on either side.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// So much earlier than its connection a stream ends, so that its end is a good one.
const BEFORE_CONNECTION: Duration = Duration::from_secs(10);
/// How soon a browser comes back.
const RETRY: &str = "retry: 1000\n\n";
/// What a client sends that comes back.
const LAST_EVENT_ID: &str = "last-event-id";

/// `?kind=KINDS&strategy=NAMES&instrument=SYMBOLS&after=ID&follow=false`, each of which may be left out.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Kinds with commas between; `market` stands for `trade,quote,bar,book`. All but those if absent. A `gap` is told in
    /// any case.
    kind: Option<String>,
    /// Strategies with commas between: only events about one of them.
    strategy: Option<String>,
    /// Symbols with commas between: only events about one of them.
    instrument: Option<String>,
    /// The id of an event: begins with what followed it, as the header `Last-Event-ID` does, which wins. `0` = with all
    /// that is kept.
    after: Option<String>,
    /// `false` = the answer ends with what has happened until now.
    follow: Option<bool>,
}

pub(super) async fn stream(
    State(desk): State<Desk>,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let Query(Wanted { kind, strategy, instrument, after, follow }) = match wanted {
        Ok(wanted) => wanted,
        Err(error) => {
            return bad_query(&error, "kind=KINDS&strategy=NAMES&instrument=SYMBOLS&after=ID&follow=false");
        }
    };
    // a browser that has no id yet sends none, or an empty one
    let id = headers.get(LAST_EVENT_ID).map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
    let after = id.filter(|id| !id.is_empty()).or(after).map_or(After::Now, |id| After::of(&id));
    let begun = desk.read(move |operations| {
        let bad = |text: String| ActionError::new(ActionErrorKind::BadRequest, text);
        let filter =
            Filter::parse(kind.as_deref(), strategy.as_deref(), instrument.as_deref()).map_err(bad)?;
        operations.feed()?.listen(filter, after).map_err(|error| match error {
            ListenError::Busy(text) => ActionError::new(ActionErrorKind::Busy, text),
            ListenError::BadId(text) => bad(text),
        })
    });
    match begun.await {
        Ok(listener) => {
            let time = desk.limits().connection_time.saturating_sub(BEFORE_CONNECTION);
            // one chunk waits while the connection takes another
            let (sender, chunks) = mpsc::channel(1);
            tokio::spawn(hand_over(listener, sender, (time, follow.unwrap_or(true))));
            let headers = [(header::CONTENT_TYPE, CONTENT_TYPES[0]), (header::CACHE_CONTROL, "no-store")];
            (headers, Body::new(Chunks(chunks))).into_response()
        }
        Err(error) => not_done(error),
    }
}

/// Hands over what comes, until nobody takes it or the time is over; or what is there.
async fn hand_over(mut listener: Listener, sender: mpsc::Sender<Bytes>, (time, follows): (Duration, bool)) {
    let hand_over = async {
        // tells at once that the stream has begun
        let mut chunk = Some(Bytes::from_static(RETRY.as_bytes()));
        while let Some(bytes) = chunk {
            if sender.send(bytes).await.is_err() {
                return;
            }
            chunk = if follows {
                tokio::select! {
                    next = time::timeout(HEARTBEAT, listener.next()) => {
                        next.unwrap_or_else(|_| Some(Bytes::from_static(b": alive\n\n")))
                    }
                    () = sender.closed() => None,
                }
            } else {
                listener.next_kept()
            };
        }
    };
    // the end of the time is a good end: the peer comes back with its last id
    let _ = time::timeout(time, hand_over).await;
}

/// The body.
struct Chunks(mpsc::Receiver<Bytes>);

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}
