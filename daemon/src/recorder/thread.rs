//! The thread `recorder`: takes rows out of the ring and writes them in batches, until the run is over or recording has
//! to stop.

use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use nix::sys::statvfs::statvfs;
use rtrb::Consumer;

use super::{
    mark::joined,
    market::Market,
    options::Durability,
    row::{PAYLOAD_BYTES_MAX, ROW_BYTES, Row, kind},
    stream::Stream,
    tape::Shared,
    tell_stopped,
};
use crate::runtime::clock::Stopwatch;

/// How long the thread sleeps when the ring is empty; a full ring wakes it.
const PATIENCE: Duration = Duration::from_millis(5);
/// How long a row may wait in a buffer.
const WRITE_EVERY: Duration = Duration::from_millis(100);
/// So many bytes are written at once, whatever the time.
const WRITE_BYTES: usize = 256 * 1024;
/// Rows that are taken in one go.
const TAKE_MAX: usize = 8_192;
/// How often the free space is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the thread works on.
pub(super) struct Writer {
    pub(super) ring: Consumer<Row>,
    pub(super) shared: Arc<Shared>,
    pub(super) market: Market,
    /// Nothing if inputs are not recorded.
    pub(super) stream: Option<Stream>,
    pub(super) durability: Durability,
    /// Recording stops when less is free.
    pub(super) free_min: u64,
    pub(super) unfinished: Unfinished,
}

/// A row whose bytes are not complete yet.
#[derive(Default)]
pub(super) struct Unfinished {
    row: Option<Row>,
    payload: Vec<u8>,
}

impl Writer {
    /// Works until the end.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        match self.work() {
            Ok(()) => {
                let inputs = self.stream.as_ref().map_or(0, Stream::inputs);
                tracing::info!(logger = "recorder", "recording has ended, {inputs} inputs");
            }
            Err(error) => tell_stopped(&shared, format!("{error:#}")),
        }
        shared.has_ended.store(true, Ordering::Release);
    }

    fn work(&mut self) -> Result<()> {
        let (mut written, mut synced) = (Stopwatch::start(), Stopwatch::start());
        let mut looked: Option<Stopwatch> = None;
        loop {
            // looked at before the rows: what comes after it is not the last
            let is_closing = self.shared.is_closing.load(Ordering::Acquire);
            let taken = self.take()?;
            if self.shared.has_stopped() {
                return Ok(());
            }
            let is_over = is_closing && taken == 0;
            let is_due = written.elapsed() >= WRITE_EVERY || self.waiting() >= WRITE_BYTES;
            if is_over || is_due || (taken > 0 && self.durability == Durability::Flushed) {
                self.write()?;
                written = Stopwatch::start();
            }
            if let Durability::Synced { every } = self.durability
                && (is_over || synced.elapsed() >= every)
            {
                self.sync()?;
                synced = Stopwatch::start();
            }
            if is_over {
                return Ok(());
            }
            if looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY) {
                self.check_space()?;
                looked = Some(Stopwatch::start());
            }
            if taken == 0 {
                thread::park_timeout(PATIENCE);
            }
        }
    }

    fn waiting(&self) -> usize {
        self.market.waiting() + self.stream.as_ref().map_or(0, Stream::waiting)
    }

    fn write(&mut self) -> Result<()> {
        self.stream.as_mut().map_or(Ok(()), Stream::write)?;
        self.market.write()
    }

    fn sync(&mut self) -> Result<()> {
        self.stream.as_mut().map_or(Ok(()), Stream::sync)?;
        self.market.sync()
    }

    /// Takes rows out of the ring; how many.
    fn take(&mut self) -> Result<usize> {
        let count = self.ring.slots().min(TAKE_MAX);
        if count == 0 {
            return Ok(0);
        }
        let chunk = self.ring.read_chunk(count).context("reading the ring")?;
        let (first, second) = chunk.as_slices();
        for row in first.iter().chain(second) {
            if let Some(row) = self.unfinished.complete(row)? {
                if row.is_market() {
                    self.market.take(&row)?;
                } else if row.kind() == kind::JOINED {
                    let (record, exchange) = joined(&self.unfinished.payload).map_err(anyhow::Error::msg)?;
                    self.market.know(&record, exchange);
                }
                if let Some(stream) = &mut self.stream {
                    stream.take(&row, &self.unfinished.payload);
                }
            }
        }
        chunk.commit_all();
        Ok(count)
    }

    fn check_space(&mut self) -> Result<()> {
        let root = self.market.root();
        let found =
            statvfs(root).with_context(|| format!("looking how much is free at {}", root.display()))?;
        let free = found.blocks_available().saturating_mul(found.fragment_size());
        if free < self.free_min {
            let least = self.free_min / MIB;
            let root = root.display().to_string();
            // there is room for what waits
            self.write()?;
            bail!("{} MiB are free at {root} (accepted: at least {least}, `recorder.free_min`)", free / MIB);
        }
        Ok(())
    }
}

const MIB: u64 = 1024 * 1024;

impl Unfinished {
    /// Takes what comes out of the ring; a row that is complete with its bytes.
    fn complete(&mut self, next: &Row) -> Result<Option<Row>> {
        let Some(row) = self.row else {
            self.payload.clear();
            if next.payload() == 0 {
                return Ok(Some(*next));
            }
            if next.payload() > PAYLOAD_BYTES_MAX {
                bail!("a row of the ring with {} bytes (accepted: {PAYLOAD_BYTES_MAX})", next.payload());
            }
            self.row = Some(*next);
            return Ok(None);
        };
        let wanted = usize::try_from(row.payload()).context("the bytes of a row")?;
        let left = wanted.saturating_sub(self.payload.len()).min(ROW_BYTES);
        let bytes = next.to_bytes();
        self.payload.extend_from_slice(bytes.get(..left).unwrap_or(&bytes));
        if self.payload.len() < wanted {
            return Ok(None);
        }
        self.row = None;
        Ok(Some(row))
    }
}
