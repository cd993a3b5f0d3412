//! What outlives the process: `state.db`, an SQLite file in the state directory.
//!
//! ```text
//! event loop, plugin manager ─ Write ─► queue (bounded) ─► thread "store": one transaction for all that waits ─► state.db
//! control plane ─────────────────────────────────────────────────────────► Reader: a read-only connection of its own
//! ```
//!
//! Invariants:
//! - One process per state directory: a lock on `DIR/lock`, held as long as the store is open.
//! - One thread writes, in the order in which writes were asked for. Each commit is on the disk before it is answered
//!   (WAL, synchronous=FULL), so whoever was answered will find it after a power cut.
//! - A reader never waits for the writer, nor the writer for a reader.
//! - Nothing is deleted that we did not write: a file that cannot be read is left for the administrator.
//! - No floats; times are nanoseconds UTC.
//!
//! When the disk is full or broken, the writes of that transaction are refused, what was stored before stays, the error
//! is kept in [`Store::health`] and logged once, and the next write is tried like any other. Only after a failed sync none is
//! tried any more, because nobody knows what the disk has: all are refused until the next start.
//!
//! Limits: those of `limits`; whoever writes more waits ([`Store::write_durable`]) or is told ([`Store::write`]).

mod database;
mod error;
mod limits;
mod lock;
mod meters;
mod queue;
mod reader;
pub mod recovery;
mod rows;
mod schema;
pub(crate) mod trading;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use stratd_plugin_api::Timestamp;

pub(crate) use self::meters::{StoreMeters, Waiting};
use self::{
    lock::DirectoryLock,
    queue::{Answer, Queue},
    trading::{Batch, Ticket},
};

pub use self::rows::Write;
pub use self::{
    error::{Error, ErrorKind},
    limits::STATE_BYTES_MAX,
    reader::Reader,
    rows::{
        ConfigRow, ConfigState, Crash, Generation, LastRun, NewRun, Quarantine, RunId, SavedState,
        TradingRow, Verdict,
    },
};

/// The database and the thread that writes it. Stopped when dropped: what waits is written first.
#[derive(Debug)]
pub struct Store {
    file: PathBuf,
    queue: Arc<Queue>,
    health: Arc<Mutex<Option<Error>>>,
    meters: Arc<StoreMeters>,
    thread: Option<JoinHandle<()>>,
    // after the thread: another process may have the directory once nobody writes
    _lock: DirectoryLock,
}

impl Store {
    /// Opens the store of a state directory, which is created if it is missing (mode 0700), and brings an older
    /// schema up to date.
    ///
    /// # Errors
    /// Another process has the directory, the file is no database of ours, was written by a newer version or is damaged,
    /// or the system refuses.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let lock = DirectoryLock::take(directory)?;
        let file = directory.join(database::FILE_NAME);
        let connection = database::open(&file)?;
        let queue = Arc::new(Queue::default());
        let health = Arc::new(Mutex::new(None));
        let meters = Arc::new(StoreMeters::default());
        let (writes, state, counted) = (Arc::clone(&queue), Arc::clone(&health), Arc::clone(&meters));
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer::run(connection, &writes, &state, &counted))
            .map_err(|e| Error::io("starting the thread that writes", &file, &e))?;
        Ok(Self { file, queue, health, meters, thread: Some(thread), _lock: lock })
    }

    /// The database's file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A connection to read with: what was committed when each of its questions is asked.
    ///
    /// # Errors
    /// The system refuses, for instance because too many files are open.
    pub fn reader(&self) -> Result<Reader, Error> {
        Reader::open(&self.file)
    }

    /// A connection to read the database of a state directory with, before the run that may write it; `None` if there is
    /// none yet.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn peek(directory: &Path) -> Result<Option<Reader>, Error> {
        let file = directory.join(database::FILE_NAME);
        if file.exists() { Reader::open(&file).map(Some) } else { Ok(None) }
    }

    /// Asks for a write and does not wait for it; it is committed in turn, within milliseconds if the disk can.
    /// For the event loop.
    ///
    /// # Errors
    /// The write is not acceptable ([`ErrorKind::Invalid`]), or too much waits already ([`ErrorKind::Busy`]): nothing
    /// of it will be written. That a later commit fails shows in [`Store::health`].
    pub fn write(&self, write: Write) -> Result<(), Error> {
        write.check()?;
        let offered = self.queue.offer(write);
        if offered.is_err() {
            self.meters.refused.add(1);
        }
        offered
    }

    /// Whether [`Store::write_batch`] would take a batch.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.has_room()
    }

    /// As [`Store::write`], a batch whose ticket tells what became of it.
    ///
    /// # Errors
    /// Too much waits already; nothing of it will be written.
    pub(crate) fn write_batch(&self, batch: Batch, ticket: Ticket) -> Result<(), Error> {
        let offered = self.queue.offer_for(Write::Trading(Box::new(batch)), Answer::Ticket(ticket));
        if offered.is_err() {
            self.meters.refused.add(1);
        }
        offered
    }

    /// Writes, and returns after the commit; waits for room if too much waits already. Returns the new row's number of
    /// those writes that make one, otherwise a number without a meaning. Not for the event loop.
    ///
    /// # Errors
    /// The write is not acceptable, or it could not be committed.
    pub fn write_durable(&self, write: Write) -> Result<i64, Error> {
        write.check()?;
        self.queue.put_and_wait(write)
    }

    /// Notes that a run begins, with the instances that take part. A run that is never ended has crashed.
    ///
    /// # Errors
    /// As [`Store::write_durable`].
    pub fn begin_run(&self, run: NewRun) -> Result<RunId, Error> {
        self.write_durable(Write::BeginRun(run)).map(RunId)
    }

    /// Notes that a run ended in good order.
    ///
    /// # Errors
    /// As [`Store::write_durable`].
    pub fn end_run(&self, run: RunId, at: Timestamp) -> Result<(), Error> {
        self.write_durable(Write::EndRun(run, at)).map(drop)
    }

    /// Saves states without waiting, as [`Store::write`]: those of a batch all or none. Each takes the place of the
    /// instance's former state.
    ///
    /// # Errors
    /// As [`Store::write`]; a state that finds no room is followed by a later one.
    pub fn save_states(&self, states: Vec<SavedState>) -> Result<(), Error> {
        self.write(Write::SaveStates(states))
    }

    /// Counts a crash of an instance.
    ///
    /// # Errors
    /// As [`Store::write_durable`].
    pub fn count_crash(&self, instance: &str, at: Timestamp, what: &str) -> Result<(), Error> {
        let (instance, what) = (instance.to_owned(), what.to_owned());
        self.write_durable(Write::CountCrash { instance, at, what }).map(drop)
    }

    /// Keeps an instance from being started until it is released.
    ///
    /// # Errors
    /// As [`Store::write_durable`].
    pub fn quarantine(&self, instance: &str, since: Timestamp, reason: &str) -> Result<(), Error> {
        let quarantine = Quarantine { instance: instance.to_owned(), since, reason: reason.to_owned() };
        self.write_durable(Write::Quarantine(quarantine)).map(drop)
    }

    /// Ends the quarantine of an instance and forgets its crashes.
    ///
    /// # Errors
    /// As [`Store::write_durable`].
    pub fn release(&self, instance: &str) -> Result<(), Error> {
        self.write_durable(Write::Release(instance.to_owned())).map(drop)
    }

    /// Why the last commit failed; nothing if it did not.
    #[must_use]
    pub fn health(&self) -> Option<Error> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is counted of its writes.
    pub(crate) fn meters(&self) -> &StoreMeters {
        &self.meters
    }

    /// What waits to be written.
    pub(crate) fn waiting(&self) -> Waiting {
        let (writes, bytes) = self.queue.depth();
        Waiting { writes: writes as u64, bytes: bytes as u64 }
    }

    /// Writes what waits and closes the database.
    ///
    /// # Errors
    /// The last commit failed.
    pub fn stop(mut self) -> Result<(), Error> {
        self.finish();
        self.health().map_or(Ok(()), Err)
    }

    fn finish(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // it ends by itself; if it panicked, the panic was printed and its transaction rolled back
            let _ = thread.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(test)]
mod tests;
