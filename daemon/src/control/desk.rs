//! Where requests are handed to the daemon, and waited for.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task, time,
};

use super::{
    limits::Limits,
    operations::{ActionError, ActionErrorKind, Operations},
};

/// What all routes share.
#[derive(Clone)]
pub(super) struct Desk {
    operations: Arc<dyn Operations>,
    writes: Arc<Semaphore>,
    limits: Limits,
}

impl Desk {
    pub(super) fn new(operations: Arc<dyn Operations>, limits: Limits) -> Self {
        Self { operations, writes: Arc::new(Semaphore::new(limits.writes)), limits }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
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
            return Err(ActionError { kind: ActionErrorKind::Busy, step: None, text });
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
            Ok(Err(_)) => Err(ActionError {
                kind: ActionErrorKind::Failed,
                step: None,
                text: "the daemon panicked while it did this; its log has the place".to_owned(),
            }),
            Err(_) => Err(ActionError {
                kind: ActionErrorKind::Busy,
                step: None,
                text: format!(
                    "the daemon has not answered within {time_limit:?}; a change goes on, and the plugin will show it"
                ),
            }),
        }
    }
}
