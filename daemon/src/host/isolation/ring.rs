//! A ring of words in shared memory, with one writer and one reader, that carries framed messages.
//!
//! ```text
//! head · reader sleeps │ tail · writer sleeps │ data: capacity words, a power of two
//! message: kind u32, length u32 in one word, then the payload in words, the last one padded
//! ```
//! Positions count words and never wrap in practice. Each end keeps its own position to itself and only publishes it,
//! and remembers the peer's last one, so that a message that fits costs each side one look at a foreign cache line.
//! A message that is larger than the room is handed over in pieces, while the reader drains.
//!
//! Waiting: spin, then sleep on a flag that the peer clears with a wake. A peer that sees no flag makes no system call.
//!
//! Nothing that the peer writes is trusted: a position further away than the capacity, an unknown kind or a length
//! beyond the kind's limit is [`Broken::Garbled`]; words are masked into the data; every wait looks at `gone` and at
//! its limit, so that a peer that wakes us without end delays us until the limit and no longer.

use std::{
    hint,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence},
    },
    time::Duration,
};

use crate::runtime::clock::Stopwatch;

use super::{futex, mapping::Mapping};

/// Words before the data: two pairs of cache lines, as processors fetch them in pairs.
const HEADER_WORDS: usize = 32;
const HEAD: usize = 0;
const READER_SLEEPS: usize = 1;
const TAIL: usize = 16;
const WRITER_SLEEPS: usize = 17;
const WORD_BYTES: usize = size_of::<u64>();
/// The longest sleep without a look around: an end of the peer that was not told is noticed so late at most.
const NAP: Duration = Duration::from_millis(500);

/// Why a message could not be sent or received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The peer ended.
    Gone,
    /// The time was up.
    Late,
    /// The peer wrote what makes no sense.
    Garbled(String),
}

/// How long an end waits, and what ends the wait early.
pub(super) struct Patience<'a> {
    /// Looks before it sleeps.
    pub(super) spin: u32,
    /// Set when the peer ended.
    pub(super) gone: &'a AtomicBool,
    limit: Option<Duration>,
    // the clock is read only once the first sleep is due: most calls end before
    since: Option<Stopwatch>,
}

impl<'a> Patience<'a> {
    /// Waits for ever.
    pub(super) fn endless(spin: u32, gone: &'a AtomicBool) -> Self {
        Self { spin, gone, limit: None, since: None }
    }

    /// Waits so long in all, from the first look at the clock.
    pub(super) fn limited(spin: u32, gone: &'a AtomicBool, limit: Duration) -> Self {
        Self { spin, gone, limit: Some(limit), since: None }
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// What is left of the time, at most a nap.
    pub(super) fn left(&mut self) -> Result<Duration, Broken> {
        let Some(limit) = self.limit else { return Ok(NAP) };
        let since = *self.since.get_or_insert_with(Stopwatch::start);
        match limit.checked_sub(since.elapsed()) {
            Some(left) if !left.is_zero() => Ok(left.min(NAP)),
            _ => Err(Broken::Late),
        }
    }
}

/// Where a ring lies in a mapping.
#[derive(Clone)]
pub(super) struct Ring {
    mapping: Arc<Mapping>,
    start: usize,
    /// Words of data, a power of two.
    capacity: usize,
}

impl Ring {
    /// Words that a ring of this capacity takes in all.
    pub(super) const fn words(capacity: usize) -> usize {
        HEADER_WORDS + capacity
    }

    /// The ring number `index` of a mapping of rings of one capacity, a power of two; the mapping is large enough.
    pub(super) fn new(mapping: &Arc<Mapping>, capacity: usize, index: usize) -> Self {
        let start = index * Self::words(capacity);
        assert!(capacity.is_power_of_two(), "a ring's capacity is a power of two");
        assert!(mapping.words().len() >= start + Self::words(capacity), "the ring lies in its mapping");
        Self { mapping: Arc::clone(mapping), start, capacity }
    }

    #[inline]
    fn word(&self, index: usize) -> &AtomicU64 {
        &self.mapping.words()[self.start + index]
    }

    fn flag(&self, index: usize) -> &AtomicU32 {
        self.mapping.flag(self.start + index)
    }

    /// The word of the data at a position, whatever the position is.
    #[inline]
    fn data(&self, position: u64) -> &AtomicU64 {
        // the mask keeps the low bits, all of which fit
        #[expect(clippy::cast_possible_truncation, reason = "masked to less than the capacity")]
        let index = position as usize & (self.capacity - 1);
        self.word(HEADER_WORDS + index)
    }

    /// How far a published position is from ours; at most the capacity.
    fn distance(&self, from: u64, to: u64) -> Result<usize, Broken> {
        let distance = to.wrapping_sub(from);
        match usize::try_from(distance) {
            Ok(distance) if distance <= self.capacity => Ok(distance),
            _ => Err(Broken::Garbled(format!(
                "a position {distance} words away (accepted: {})",
                self.capacity
            ))),
        }
    }

    /// Wakes the peer if it sleeps. The fence orders our publication before the look at its flag.
    #[inline]
    fn wake(&self, flag: usize) {
        fence(Ordering::SeqCst);
        let flag = self.flag(flag);
        if flag.load(Ordering::Relaxed) != 0 {
            flag.store(0, Ordering::Relaxed);
            futex::wake(flag);
        }
    }

    /// Wakes both ends, so that they look at what ends their waits.
    pub(super) fn rouse(&self) {
        fence(Ordering::SeqCst);
        for flag in [READER_SLEEPS, WRITER_SLEEPS] {
            let flag = self.flag(flag);
            flag.store(0, Ordering::Relaxed);
            futex::wake(flag);
        }
    }

    /// Waits until `ready` finds something.
    fn wait<T>(
        &self,
        flag: usize,
        patience: &mut Patience<'_>,
        mut ready: impl FnMut() -> Result<Option<T>, Broken>,
    ) -> Result<T, Broken> {
        for _ in 0..patience.spin {
            if let Some(found) = ready()? {
                return Ok(found);
            }
            if patience.is_gone() {
                break;
            }
            hint::spin_loop();
        }
        let flag = self.flag(flag);
        loop {
            flag.store(1, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            // asked before the last look, so that what a peer wrote before it ended is still found
            let is_gone = patience.is_gone();
            if let Some(found) = ready()? {
                flag.store(0, Ordering::Relaxed);
                return Ok(found);
            }
            if is_gone {
                return Err(Broken::Gone);
            }
            futex::wait(flag, 1, patience.left()?);
        }
    }
}

/// The writing end.
pub(super) struct Writer {
    ring: Ring,
    head: u64,
    /// The reader's position when we last looked.
    tail: u64,
}

impl Writer {
    /// The one writer of a new ring.
    pub(super) fn new(ring: Ring) -> Self {
        Self { ring, head: 0, tail: 0 }
    }

    /// Sends a message; one that is larger than the ring waits for the reader on the way.
    pub(super) fn send(
        &mut self,
        kind: u32,
        payload: &[u8],
        patience: &mut Patience<'_>,
    ) -> Result<(), Broken> {
        let length = u32::try_from(payload.len()).map_err(|_| {
            Broken::Garbled(format!("a message of {} bytes (accepted: 4 GiB)", payload.len()))
        })?;
        let mut left = payload.len().div_ceil(WORD_BYTES) + 1;
        let mut room = self.room(left, patience)?;
        self.ring.data(self.head).store(u64::from(kind) << 32 | u64::from(length), Ordering::Relaxed);
        (self.head, room, left) = (self.head + 1, room - 1, left - 1);
        let mut rest = payload;
        while left > 0 {
            if room == 0 {
                self.publish();
                room = self.room(left, patience)?;
            }
            let count = room.min(left);
            let (piece, others) = rest.split_at(rest.len().min(count * WORD_BYTES));
            for (position, chunk) in (self.head..).zip(piece.chunks(WORD_BYTES)) {
                self.ring.data(position).store(word_of(chunk), Ordering::Relaxed);
            }
            (self.head, room, left, rest) = (self.head + count as u64, room - count, left - count, others);
        }
        self.publish();
        Ok(())
    }

    fn publish(&self) {
        self.ring.word(HEAD).store(self.head, Ordering::Release);
        self.ring.wake(READER_SLEEPS);
    }

    /// Words that can be written now: all that are wanted, or else at least one.
    fn room(&mut self, wanted: usize, patience: &mut Patience<'_>) -> Result<usize, Broken> {
        let capacity = self.ring.capacity;
        let known = capacity - self.ring.distance(self.tail, self.head)?;
        if known >= wanted {
            return Ok(known);
        }
        let (ring, head) = (&self.ring, self.head);
        let (tail, room) = ring.wait(WRITER_SLEEPS, patience, || {
            let tail = ring.word(TAIL).load(Ordering::Acquire);
            let room = capacity - ring.distance(tail, head)?;
            Ok((room > 0).then_some((tail, room)))
        })?;
        self.tail = tail;
        Ok(room)
    }
}

#[inline]
fn word_of(chunk: &[u8]) -> u64 {
    match chunk.try_into() {
        Ok(whole) => u64::from_le_bytes(whole),
        Err(_) => {
            let mut padded = [0; WORD_BYTES];
            padded[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(padded)
        }
    }
}

/// The reading end.
pub(super) struct Reader {
    ring: Ring,
    tail: u64,
    /// The writer's position when we last looked.
    head: u64,
}

impl Reader {
    /// The one reader of a new ring.
    pub(super) fn new(ring: Ring) -> Self {
        Self { ring, tail: 0, head: 0 }
    }

    /// Receives a message into `payload` and returns its kind. `limit` tells the most bytes of a kind, `None` for
    /// one that is not expected.
    pub(super) fn receive(
        &mut self,
        payload: &mut Vec<u8>,
        limit: impl Fn(u32) -> Option<usize>,
        patience: &mut Patience<'_>,
    ) -> Result<u32, Broken> {
        payload.clear();
        let mut there = self.there(patience)?;
        let frame = self.ring.data(self.tail).load(Ordering::Relaxed);
        (self.tail, there) = (self.tail + 1, there - 1);
        #[expect(clippy::cast_possible_truncation, reason = "taking the halves apart is the purpose")]
        let (kind, length) = ((frame >> 32) as u32, frame as u32 as usize);
        let limit = limit(kind)
            .ok_or_else(|| Broken::Garbled(format!("a message of kind {kind:#x} where none is expected")))?;
        if length > limit {
            return Err(Broken::Garbled(format!(
                "a message of kind {kind:#x} and {length} bytes (accepted: {limit})"
            )));
        }
        let mut left = length.div_ceil(WORD_BYTES);
        while left > 0 {
            if there == 0 {
                self.publish();
                there = self.there(patience)?;
            }
            let count = there.min(left);
            payload.reserve(count * WORD_BYTES);
            for position in self.tail..self.tail + count as u64 {
                payload.extend_from_slice(&self.ring.data(position).load(Ordering::Relaxed).to_le_bytes());
            }
            (self.tail, there, left) = (self.tail + count as u64, there - count, left - count);
        }
        payload.truncate(length);
        self.publish();
        Ok(kind)
    }

    fn publish(&self) {
        self.ring.word(TAIL).store(self.tail, Ordering::Release);
        self.ring.wake(WRITER_SLEEPS);
    }

    /// Words that can be read now, at least one.
    fn there(&mut self, patience: &mut Patience<'_>) -> Result<usize, Broken> {
        let known = self.ring.distance(self.tail, self.head)?;
        if known > 0 {
            return Ok(known);
        }
        let (ring, tail) = (&self.ring, self.tail);
        let (head, there) = ring.wait(READER_SLEEPS, patience, || {
            let head = ring.word(HEAD).load(Ordering::Acquire);
            let there = ring.distance(tail, head)?;
            Ok((there > 0).then_some((head, there)))
        })?;
        self.head = head;
        Ok(there)
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
