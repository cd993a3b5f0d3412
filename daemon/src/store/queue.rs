//! The writes that wait for the writer.
//!
//! Bounded in number and in bytes. When it is full, the event loop is refused (it must not wait for a disk) and others
//! wait.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc},
};

use super::{
    error::{Error, ErrorKind},
    limits::{QUEUE_BYTES_MAX, QUEUE_WRITES_MAX},
    rows::Write,
    trading::Ticket,
};

/// A write and who wants to hear of it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) write: Write,
    pub(super) answer: Answer,
}

/// Who wants to hear of a write.
#[derive(Debug)]
pub(super) enum Answer {
    /// Nobody.
    None,
    /// Somebody who waits.
    Asker(mpsc::SyncSender<Result<i64, Error>>),
    /// The event loop, which does not.
    Ticket(Ticket),
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Something came, or the end.
    came: Condvar,
    /// Something was taken.
    went: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    bytes: usize,
    is_closed: bool,
}

impl Waiting {
    fn has_room(&self, bytes: usize) -> bool {
        // one alone fits always: its own limits bound it
        self.jobs.is_empty()
            || (self.jobs.len() < QUEUE_WRITES_MAX && self.bytes.saturating_add(bytes) <= QUEUE_BYTES_MAX)
    }

    fn push(&mut self, job: Job) {
        self.bytes = self.bytes.saturating_add(job.write.bytes());
        self.jobs.push_back(job);
    }
}

fn closed() -> Error {
    Error::new(
        ErrorKind::Closed,
        "writing to the state database: it was closed (accepted: while stratd runs)",
    )
}

impl Queue {
    /// Appends, or refuses at once.
    pub(super) fn offer(&self, write: Write) -> Result<(), Error> {
        self.offer_for(write, Answer::None)
    }

    /// As [`Queue::offer`], for somebody who hears of it.
    pub(super) fn offer_for(&self, write: Write, answer: Answer) -> Result<(), Error> {
        let mut waiting = self.lock();
        if waiting.is_closed {
            return Err(closed());
        }
        if !waiting.has_room(write.bytes()) {
            return Err(Error::new(
                ErrorKind::Busy,
                format!(
                    "writing to the state database: {} writes of {} bytes wait for the disk (accepted: \
                     {QUEUE_WRITES_MAX} of {QUEUE_BYTES_MAX})",
                    waiting.jobs.len(),
                    waiting.bytes
                ),
            ));
        }
        waiting.push(Job { write, answer });
        self.came.notify_one();
        Ok(())
    }

    /// Appends when there is room, and waits for the answer.
    pub(super) fn put_and_wait(&self, write: Write) -> Result<i64, Error> {
        // room for the one answer: the writer never waits
        let (sender, answer) = mpsc::sync_channel(1);
        let mut waiting = self.lock();
        while !waiting.is_closed && !waiting.has_room(write.bytes()) {
            waiting = self.went.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if waiting.is_closed {
            return Err(closed());
        }
        waiting.push(Job { write, answer: Answer::Asker(sender) });
        self.came.notify_one();
        drop(waiting);
        // the writer is gone without an answer only if it panicked
        answer.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Takes all that waits, in order; waits if that is nothing. Empty: closed, and nothing is left.
    pub(super) fn take(&self) -> VecDeque<Job> {
        let mut waiting = self.lock();
        while waiting.jobs.is_empty() && !waiting.is_closed {
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.bytes = 0;
        let jobs = std::mem::take(&mut waiting.jobs);
        drop(waiting);
        self.went.notify_all();
        jobs
    }

    /// Whether a small write would be taken.
    pub(super) fn has_room(&self) -> bool {
        let waiting = self.lock();
        !waiting.is_closed && waiting.has_room(0)
    }

    /// How many writes wait, and how many bytes of states.
    pub(super) fn depth(&self) -> (usize, usize) {
        let waiting = self.lock();
        (waiting.jobs.len(), waiting.bytes)
    }

    /// Nothing more comes in; what waits can still be taken.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.came.notify_all();
        self.went.notify_all();
    }

    /// As [`Queue::close`], and drops what waits, so that nobody waits for an answer: the writer has gone.
    pub(super) fn abandon(&self) {
        self.close();
        self.lock().jobs.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
