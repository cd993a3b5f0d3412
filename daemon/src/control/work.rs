//! Changes under way: they end, and are recorded, whether or not anybody still waits for them.
//!
//! A connection that ends takes its request with it, and the future of the handler; so a change is a task of its own. At
//! the end of the server those that are left may end for a moment. What has not ended by then goes on record as such.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::response::Response;
use tokio::{
    sync::mpsc,
    task::{self, JoinHandle},
    time,
};

/// Where changes run.
#[derive(Clone)]
pub(super) struct Work(mpsc::Sender<Infallible>);

/// Knows when all of them have ended.
pub(super) struct WorkEnd(mpsc::Receiver<Infallible>);

impl Work {
    pub(super) fn new() -> (Self, WorkEnd) {
        // nothing is ever sent: a sender that is dropped says it
        let (sender, receiver) = mpsc::channel(1);
        (Self(sender), WorkEnd(receiver))
    }

    /// Has it done, whether or not the end is waited for.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let held = self.0.clone();
        task::spawn(async move {
            let done = work.await;
            drop(held);
            done
        })
    }
}

impl WorkEnd {
    /// Waits for the end of all work, so long at most. Nobody may hold a [`Work`] any more.
    pub(super) async fn wait(mut self, time_limit: Duration) {
        let _ = time::timeout(time_limit, self.0.recv()).await;
    }
}

type Ending = Pin<Box<dyn Future<Output = Response> + Send>>;

/// An answer that says that a change is not waited for any longer has this: what becomes of it.
#[derive(Clone)]
pub(super) struct Late(Arc<Mutex<Option<Ending>>>);

impl Late {
    pub(super) fn new(end: impl Future<Output = Response> + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::pin(end)))))
    }

    /// What becomes of it; once.
    pub(super) fn take(&self) -> Option<Ending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Late")
    }
}
