//! Where requests are handed to the daemon, and waited for.

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
    task, time,
};

use super::{
    guard::{Asked, Changed, Said},
    limits::Limits,
    operations::{ActionError, ActionErrorKind, Basis, Operations, Outcome, Terms},
    problem::not_done,
};
use crate::metrics::ControlMeters;

/// What all routes share.
#[derive(Clone)]
pub(super) struct Desk {
    operations: Arc<dyn Operations>,
    writes: Arc<Semaphore>,
    /// Held by a change of the log, so that none comes between the look at its tag and itself.
    pub(super) log_changes: Arc<Mutex<()>>,
    limits: Limits,
    /// What is counted of all requests.
    meters: ControlMeters,
}

impl Desk {
    pub(super) fn new(operations: Arc<dyn Operations>, limits: Limits) -> Self {
        let writes = Arc::new(Semaphore::new(limits.writes));
        Self { operations, writes, log_changes: Arc::default(), limits, meters: ControlMeters::default() }
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
        let mut response = match self.write(move |operations| operation(operations, &terms)).await {
            Ok(Outcome { answer, report, before, after }) => {
                let mut response = tagged(Json(answer).into_response(), &after);
                let extensions = response.extensions_mut();
                extensions.insert(Said(report));
                extensions.insert(Changed { before: before.to_string(), after: after.to_string() });
                response
            }
            Err(error) => not_done(error.of_plugin(asked.plugin.as_deref())),
        };
        response.extensions_mut().insert(asked);
        response
    }

    /// Looks something up.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&dyn Operations) -> Result<T, ActionError> + Send + 'static,
    ) -> Result<T, ActionError> {
        self.run(self.limits.read_time, None, operation).await
    }

    /// Changes something. One that is no longer waited for keeps its place among those at once until it has ended.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&dyn Operations) -> Result<T, ActionError> + Send + 'static,
    ) -> Result<T, ActionError> {
        let Ok(permit) = Arc::clone(&self.writes).try_acquire_owned() else {
            let text = format!("{0} of at most {0} changes are under way (try again)", self.limits.writes);
            return Err(ActionError::new(ActionErrorKind::Busy, text));
        };
        self.run(self.limits.write_time, Some(permit), operation).await
    }

    async fn run<T: Send + 'static>(
        &self,
        time_limit: Duration,
        permit: Option<OwnedSemaphorePermit>,
        operation: impl FnOnce(&dyn Operations) -> Result<T, ActionError> + Send + 'static,
    ) -> Result<T, ActionError> {
        let operations = Arc::clone(&self.operations);
        let running = task::spawn_blocking(move || {
            let result = operation(&*operations);
            drop(permit);
            result
        });
        match time::timeout(time_limit, running).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => {
                let text = "the daemon panicked while it did this; its log has the place";
                Err(ActionError::new(ActionErrorKind::Failed, text))
            }
            Err(_) => {
                let text = format!(
                    "the daemon has not answered within {time_limit:?}; a change goes on, and what it changes will show it"
                );
                Err(ActionError::new(ActionErrorKind::Busy, text))
            }
        }
    }
}

/// The answer with the tag of the resource.
fn tagged(mut response: Response, basis: &Basis) -> Response {
    // hexadecimal digits in quotation marks
    if let Ok(tag) = HeaderValue::from_str(&basis.tag().to_string()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
