//! The event loop's side of the recorder: rows are copied into a bounded ring, and nothing else is done here.
//!
//! A replay needs every input, so that none is left out: while the ring is full the event loop waits. It does so for
//! [`WAIT_MAX`] in all at one row; by then the disk counts as hung, recording is over, and trading goes on.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Thread},
    time::Duration,
};

use rtrb::Producer;
use stratd_engine::{Input, Output};
use stratd_plugin_api::{Timestamp, abi};

use super::{
    mark::{Mark, encode_mark},
    output_row::OutputRow,
    row::{self, ROW_BYTES, Row, encode},
};
use crate::runtime::clock::Stopwatch;

/// How long the event loop waits for room at most.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How often it looks for room meanwhile.
const LOOK_EVERY: Duration = Duration::from_micros(200);
/// How long the end of a run waits for the last rows to be written.
const END_TIME_MAX: Duration = Duration::from_secs(10);

/// What the event loop and the thread `recorder` share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The run is over: what is in the ring is the last.
    pub(super) is_closing: AtomicBool,
    /// Nothing is written any more.
    has_stopped: AtomicBool,
    /// Everything is written, or recording has stopped.
    pub(super) has_ended: AtomicBool,
    /// Why recording stopped, once it has.
    why: Mutex<Option<String>>,
}

impl Shared {
    /// Ends the recording before the run ends; the first reason counts. False if it was over before.
    pub(super) fn stop(&self, why: String) -> bool {
        let mut known = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = known.is_none();
        known.get_or_insert(why);
        self.has_stopped.store(true, Ordering::Release);
        is_first
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.has_stopped.load(Ordering::Acquire)
    }
}

/// What is recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// All inputs and outputs, for a replay.
    pub(super) inputs: bool,
    /// The kinds of market events, as bits.
    pub(super) market: u32,
}

/// The one writer into the ring.
pub(crate) struct Tape {
    ring: Producer<Row>,
    shared: Arc<Shared>,
    writer: Thread,
    wanted: Wanted,
    /// The latest time of the engine.
    time: i64,
    /// The number of the last input.
    seq: u64,
    at: Timestamp,
    is_off: bool,
    /// Used again and again.
    payload: Vec<u8>,
}

impl Tape {
    pub(super) fn new(ring: Producer<Row>, shared: Arc<Shared>, writer: Thread, wanted: Wanted) -> Self {
        Self {
            ring,
            shared,
            writer,
            wanted,
            time: 0,
            seq: 0,
            at: Timestamp::default(),
            is_off: false,
            payload: Vec::new(),
        }
    }

    /// Takes a market event.
    #[inline]
    pub(crate) fn market(&mut self, seq: u64, at: Timestamp, event: &abi::Event) {
        if !self.wanted.inputs && self.wanted.market >> (event.kind & 31) & 1 == 0 {
            return;
        }
        self.time = self.time.max(at.get());
        (self.seq, self.at) = (seq, at);
        self.push(Row::market(seq, at, event));
    }

    /// Takes any other input.
    pub(crate) fn input(&mut self, input: &Input) {
        if !self.wanted.inputs {
            return;
        }
        self.time = self.time.max(input.at.get());
        (self.seq, self.at) = (input.seq, input.at);
        let mut payload = std::mem::take(&mut self.payload);
        let row = encode(input, self.time, &mut payload);
        self.push_with(row, &payload);
        self.payload = payload;
    }

    /// Takes what came out of the inputs so far.
    pub(crate) fn outputs(&mut self, seq: u64, at: Timestamp, outputs: &[Output]) {
        if !self.wanted.inputs {
            return;
        }
        let mut payload = std::mem::take(&mut self.payload);
        for (number, output) in outputs.iter().enumerate() {
            let output = OutputRow::new((at, seq, number), output, &mut payload);
            // the bytes that belong to the row come after it
            let said = payload.len();
            payload.extend_from_slice(&output.to_bytes());
            payload.rotate_left(said);
            let row = Row::other((self.time, seq, at), row::kind::OUTPUT, [0; 4], payload.len());
            self.push_with(row, &payload);
        }
        self.payload = payload;
    }

    /// Takes what happens to the engine besides inputs.
    pub(crate) fn mark(&mut self, mark: &Mark) {
        // the market files of an instrument are made of what is known of it
        if !self.wanted.inputs && !matches!(mark, Mark::Joined(..)) {
            return;
        }
        let mut payload = std::mem::take(&mut self.payload);
        let row = encode_mark(mark, (self.time, self.seq, self.at), &mut payload);
        self.push_with(row, &payload);
        self.payload = payload;
    }

    /// The run is over: waits until all is written. True if it was in good order.
    pub(crate) fn close(mut self, is_clean: bool) {
        if self.wanted.inputs {
            let words = [u64::from(is_clean), 0, 0, 0];
            self.push(Row::other((self.time, self.seq, self.at), row::kind::END, words, 0));
        }
        self.shared.is_closing.store(true, Ordering::Release);
        let stopwatch = Stopwatch::start();
        while !self.shared.has_ended.load(Ordering::Acquire) {
            if stopwatch.elapsed() > END_TIME_MAX {
                tracing::error!(
                    logger = "recorder",
                    "the end of the recording was not written within {END_TIME_MAX:?}"
                );
                return;
            }
            self.writer.unpark();
            thread::park_timeout(LOOK_EVERY);
        }
    }

    #[inline]
    fn push(&mut self, row: Row) {
        if !self.is_off
            && let Err(rtrb::PushError::Full(row)) = self.ring.push(row)
        {
            self.wait(row);
        }
    }

    fn push_with(&mut self, row: Row, payload: &[u8]) {
        self.push(row);
        for part in payload.chunks(ROW_BYTES) {
            let mut bytes = [0; ROW_BYTES];
            bytes[..part.len()].copy_from_slice(part);
            self.push(Row::from_bytes(&bytes));
        }
    }

    #[cold]
    fn wait(&mut self, row: Row) {
        let stopwatch = Stopwatch::start();
        let mut row = row;
        loop {
            if self.shared.has_stopped() {
                self.is_off = true;
                return;
            }
            self.writer.unpark();
            thread::park_timeout(LOOK_EVERY);
            match self.ring.push(row) {
                Ok(()) => return,
                Err(rtrb::PushError::Full(back)) => row = back,
            }
            if stopwatch.elapsed() > WAIT_MAX {
                let why = format!("the disk took nothing for {WAIT_MAX:?}");
                super::tell_stopped(&self.shared, why);
            }
        }
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        // a run that fails: what is in the ring is written still
        self.shared.is_closing.store(true, Ordering::Release);
        self.writer.unpark();
    }
}
