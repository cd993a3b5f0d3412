//! What the thread that writes tells of batches.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::store::{Error, ErrorKind};

/// How far the batches of a run are written.
pub(crate) struct Commits {
    done: AtomicU64,
    has_failed: AtomicBool,
    why: Mutex<Option<Error>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Commits {
    /// `wake` is called after each change, on the thread that writes: it must not wait.
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            done: AtomicU64::new(0),
            has_failed: AtomicBool::new(false),
            why: Mutex::default(),
            wake: Box::new(wake),
        })
    }

    /// The number of the last batch that is on the disk.
    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::Acquire)
    }

    /// Why no further batch is written.
    pub(crate) fn failed(&self) -> Option<Error> {
        if !self.has_failed.load(Ordering::Acquire) {
            return None;
        }
        self.why.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets batches be written again; those from before are lost. False: after a failed sync nobody knows what the disk has,
    /// and only another start finds out.
    pub(crate) fn mend(&self) -> bool {
        let mut why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        if why.as_ref().is_some_and(|error| error.kind() == ErrorKind::Sync) {
            return false;
        }
        *why = None;
        self.has_failed.store(false, Ordering::Release);
        true
    }

    fn tell(&self, number: u64, result: Result<(), Error>) {
        match result {
            Ok(()) => self.done.store(number, Ordering::Release),
            Err(error) => {
                let mut why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
                why.get_or_insert(error);
                self.has_failed.store(true, Ordering::Release);
            }
        }
        (self.wake)();
    }
}

impl fmt::Debug for Commits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commits({})", self.done())
    }
}

/// The number of a batch, and who hears of it.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) number: u64,
    pub(crate) commits: Arc<Commits>,
}

impl Ticket {
    /// What became of the batch.
    pub(in crate::store) fn settle(&self, result: Result<(), Error>) {
        self.commits.tell(self.number, result);
    }
}
