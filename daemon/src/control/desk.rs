//! Where requests are handed to the daemon, and waited for.
//!
//! Each of them runs on a thread of its own, of which there are as many as may run at once: nothing waits in a queue that
//! nobody bounds. A look that finds no place waits for one as long as its time allows; a change that finds none is
//! refused at once. What stops trading has places that nothing else takes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{self, JoinError},
    time,
};

use super::{
    guard::{Asked, Changed, Said},
    keys::Keys,
    limits::Limits,
    operations::{ActionError, ActionErrorKind, Basis, Operations, Outcome, Terms},
    problem::not_done,
    work::Late,
};
use crate::metrics::ControlMeters;

/// What all routes share.
#[derive(Clone)]
pub(super) struct Desk {
    operations: Arc<dyn Operations>,
    places: Places,
    /// Held by a change of the log, so that none comes between the look at its tag and itself.
    pub(super) log_changes: Arc<Mutex<()>>,
    /// The keys of orders by hand.
    pub(super) keys: Arc<Keys>,
    limits: Limits,
    /// What is counted of all requests.
    meters: ControlMeters,
}

/// Who may run at once.
#[derive(Clone)]
struct Places {
    reads: Arc<Semaphore>,
    writes: Arc<Semaphore>,
    stops: Arc<Semaphore>,
}

/// What a change takes a place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Those of changes.
    Usual,
    /// Those of changes, and if there is none the ones that are kept free for it.
    StopsTrading,
}

impl Desk {
    pub(super) fn new(operations: Arc<dyn Operations>, limits: Limits) -> Self {
        let [reads, writes, stops] =
            [limits.reads, limits.writes, limits.stops].map(|places| Arc::new(Semaphore::new(places)));
        Self {
            operations,
            places: Places { reads, writes, stops },
            log_changes: Arc::default(),
            keys: Arc::new(Keys::new(limits.keys)),
            limits,
            meters: ControlMeters::default(),
        }
    }

    pub(super) fn meters(&self) -> ControlMeters {
        self.meters.clone()
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Looks something up, and answers with it.
    pub(super) async fn show<T: Serialize + Send + 'static>(
        &self,
        operation: impl FnOnce(&dyn Operations) -> Result<T, ActionError> + Send + 'static,
    ) -> Response {
        match self.read(operation).await {
            Ok(found) => Json(found).into_response(),
            Err(error) => not_done(error),
        }
    }

    /// Looks something up that can be changed, and answers with it and its tag.
    pub(super) async fn show_tagged<T: Serialize + Send + 'static>(
        &self,
        operation: impl FnOnce(&dyn Operations) -> Result<(T, Basis), ActionError> + Send + 'static,
    ) -> Response {
        match self.read(operation).await {
            Ok((found, basis)) => tagged(Json(found).into_response(), &basis),
            Err(error) => not_done(error),
        }
    }

    /// Has something changed, on the terms of the request, and says what became of it: to the peer and to the record.
    pub(super) async fn change<T: Serialize + Send + 'static>(
        &self,
        asked: Asked,
        terms: Terms,
        operation: impl FnOnce(&dyn Operations, &Terms) -> Result<Outcome<T>, ActionError> + Send + 'static,
    ) -> Response {
        self.change_soon(Urgency::Usual, asked, terms, operation).await
    }

    /// As [`Self::change`], in a place of that urgency.
    pub(super) async fn change_soon<T: Serialize + Send + 'static>(
        &self,
        urgency: Urgency,
        asked: Asked,
        terms: Terms,
        operation: impl FnOnce(&dyn Operations, &Terms) -> Result<Outcome<T>, ActionError> + Send + 'static,
    ) -> Response {
        let answer = move |outcome: Result<Outcome<T>, ActionError>| {
            let mut response = match outcome {
                Ok(Outcome { answer, report, before, after }) => {
                    let mut response = tagged(Json(answer).into_response(), &after);
                    let extensions = response.extensions_mut();
                    extensions.insert(Said(report));
                    extensions.insert(Changed { before: before.to_string(), after: after.to_string() });
                    response
                }
                Err(error) => not_done(error.of_plugin(asked.plugin.as_deref())),
            };
            response.extensions_mut().insert(asked.clone());
            response
        };
        self.write(urgency, move |operations| operation(operations, &terms), answer).await
    }

    /// Looks something up.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&dyn Operations) -> Result<T, ActionError> + Send + 'static,
    ) -> Result<T, ActionError> {
        let look = async {
            // never closed; who does not wait any more does not keep a place
            let place = Arc::clone(&self.places.reads).acquire_owned().await.ok();
            self.spawn(place, operation).await
        };
        match time::timeout(self.limits.read_time, look).await {
            Ok(ended) => ended_well(ended),
            Err(_) => Err(late(self.limits.read_time)),
        }
    }

    /// Changes something, and makes an answer of what became of it. One that is no longer waited for keeps its place
    /// among those at once until it has ended, and then makes another answer, for the record.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        urgency: Urgency,
        operation: impl FnOnce(&dyn Operations) -> Result<T, ActionError> + Send + 'static,
        answer: impl Fn(Result<T, ActionError>) -> Response + Send + 'static,
    ) -> Response {
        let place = match self.place(urgency) {
            Ok(place) => place,
            Err(error) => return answer(Err(error)),
        };
        let mut running = self.spawn(Some(place), operation);
        match time::timeout(self.limits.write_time, &mut running).await {
            Ok(ended) => answer(ended_well(ended)),
            Err(_) => {
                let mut response = answer(Err(late(self.limits.write_time)));
                let end = async move {
                    let ended = running.await;
                    answer(ended_well(ended))
                };
                response.extensions_mut().insert(Late::new(end));
                response
            }
        }
    }

    fn place(&self, urgency: Urgency) -> Result<OwnedSemaphorePermit, ActionError> {
        let Places { writes, stops, .. } = &self.places;
        let place = Arc::clone(writes).try_acquire_owned();
        let place = match urgency {
            Urgency::Usual => place,
            Urgency::StopsTrading => place.or_else(|_| Arc::clone(stops).try_acquire_owned()),
        };
        place.map_err(|_| {
            let text = format!("{0} of at most {0} changes are under way (try again)", self.limits.writes);
            ActionError::new(ActionErrorKind::Busy, text)
        })
    }

    fn spawn<T: Send + 'static>(
        &self,
        place: Option<OwnedSemaphorePermit>,
        operation: impl FnOnce(&dyn Operations) -> Result<T, ActionError> + Send + 'static,
    ) -> task::JoinHandle<Result<T, ActionError>> {
        let operations = Arc::clone(&self.operations);
        task::spawn_blocking(move || {
            let result = operation(&*operations);
            drop(place);
            result
        })
    }
}

fn ended_well<T>(ended: Result<Result<T, ActionError>, JoinError>) -> Result<T, ActionError> {
    ended.unwrap_or_else(|_| {
        let text = "the daemon panicked while it did this; its log has the place";
        Err(ActionError::new(ActionErrorKind::Failed, text))
    })
}

fn late(time_limit: Duration) -> ActionError {
    let text = format!(
        "the daemon has not answered within {time_limit:?}; a change goes on, and what it changes will show it"
    );
    ActionError::new(ActionErrorKind::Busy, text)
}

/// The answer with the tag of the resource.
fn tagged(mut response: Response, basis: &Basis) -> Response {
    // hexadecimal digits in quotation marks
    if let Ok(tag) = HeaderValue::from_str(&basis.tag().to_string()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
