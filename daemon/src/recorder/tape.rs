//! The event loop's side of the recorder: rows are copied into a bounded ring, and nothing else is done here.
//!
//! A replay needs every input, so that none is left out: while the ring is full the event loop waits. It does so for
//! [`WAIT_MAX`] in all at one row; by then the disk counts as hung, recording is over, and trading goes on.
//! While the thread has stopped because the disk is full, what finds no room in the ring is left out and counted; a row that
//! says so is the first one after it.
//!
//! A row and the bytes that belong to it go into the ring together or not at all. Those beyond [`INLINE_MAX`], which are
//! states of strategies, take a way of their own.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
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
/// So many bytes of a row go through the ring; the report of an order and most outputs are far below.
pub(super) const INLINE_MAX: usize = 4_096;
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

    /// Recording goes on.
    pub(super) fn go_on(&self) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.has_stopped.store(false, Ordering::Release);
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

/// What was left out.
#[derive(Clone, Copy)]
struct Gap {
    /// The number of the input at which it began.
    first: u64,
    rows: u64,
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
    /// Where large bytes go.
    large: Sender<Vec<u8>>,
    /// What is left out now, if recording has stopped.
    gap: Option<Gap>,
    /// Used again and again.
    payload: Vec<u8>,
}

impl Tape {
    pub(super) fn new(
        (ring, large): (Producer<Row>, Sender<Vec<u8>>),
        shared: Arc<Shared>,
        writer: Thread,
        wanted: Wanted,
    ) -> Self {
        Self {
            ring,
            large,
            shared,
            writer,
            wanted,
            time: 0,
            seq: 0,
            at: Timestamp::default(),
            gap: None,
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
        if self.gap.is_some() || self.ring.push(row).is_err() {
            self.push_slowly(row, &[]);
        }
    }

    fn push_with(&mut self, row: Row, payload: &[u8]) {
        if self.gap.is_some() || self.ring.slots() <= in_ring(payload).div_ceil(ROW_BYTES) {
            self.push_slowly(row, payload);
        } else {
            self.put(row, payload);
        }
    }

    /// There is no room, or there was none.
    #[cold]
    fn push_slowly(&mut self, row: Row, payload: &[u8]) {
        let rows = 1 + in_ring(payload).div_ceil(ROW_BYTES);
        if let Some(gap) = &mut self.gap {
            if self.shared.has_stopped() {
                gap.rows += 1;
                return;
            }
            let gap = *gap;
            if self.has_room(rows + 1) {
                self.gap = None;
                let words = [gap.first, gap.rows, 0, 0];
                self.put(Row::other((self.time, self.seq, self.at), row::kind::GAP, words, 0), &[]);
            }
        }
        if self.gap.is_none() && self.has_room(rows) {
            self.put(row, payload);
        } else {
            let gap = self.gap.get_or_insert(Gap { first: self.seq, rows: 0 });
            gap.rows += 1;
        }
    }

    /// For which there is room.
    fn put(&mut self, row: Row, payload: &[u8]) {
        let mut put = |row| {
            let pushed = self.ring.push(row);
            debug_assert!(pushed.is_ok(), "there is room for it");
        };
        if in_ring(payload) < payload.len() {
            // before the row: it is there when the row is read. A thread that has gone reads neither.
            let _ = self.large.send(payload.to_vec());
            return put(row);
        }
        put(row);
        for part in payload.chunks(ROW_BYTES) {
            let mut bytes = [0; ROW_BYTES];
            bytes[..part.len()].copy_from_slice(part);
            put(Row::from_bytes(&bytes));
        }
    }

    /// Waits for room for so many rows; false if recording has stopped.
    fn has_room(&mut self, rows: usize) -> bool {
        let stopwatch = Stopwatch::start();
        while self.ring.slots() < rows {
            if self.shared.has_stopped() {
                return false;
            }
            self.writer.unpark();
            thread::park_timeout(LOOK_EVERY);
            if stopwatch.elapsed() > WAIT_MAX {
                let why = format!("the disk took nothing for {WAIT_MAX:?}");
                super::tell_stopped(&self.shared, why);
            }
        }
        true
    }
}

/// So many of these bytes go through the ring.
fn in_ring(payload: &[u8]) -> usize {
    if payload.len() > INLINE_MAX { 0 } else { payload.len() }
}

impl Drop for Tape {
    fn drop(&mut self) {
        // a run that fails: what is in the ring is written still
        self.shared.is_closing.store(true, Ordering::Release);
        self.writer.unpark();
    }
}
