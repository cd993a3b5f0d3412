//! The count of sequence numbers and its saved form.
//!
//! As long as nothing is wrong, three words of eight bytes, little endian: the first number with how often the count was
//! restored above it, the last number, the checksum. The count follows from them. Otherwise a word of ones and then all
//! fields. Version 2 has one word more in front: how often the count came from version 1.

use std::fmt;

use stratd_plugin_api::{Error, Result};

/// What this build saves.
pub(crate) const VERSION: u32 = if cfg!(feature = "third") { 2 } else { 1 };
/// The smallest state of this build.
pub(crate) const BYTES_MIN: usize = if cfg!(feature = "third") { 32 } else { 24 };

/// Bits of the first number in the short form.
const FIRST_BITS: u32 = 40;
/// What the short form never begins with.
const LONG: u64 = u64::MAX;
/// Words after the mark of the long form.
const LONG_WORDS: usize = 8;

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events.
    pub count: u64,
    /// Sequence number of the first; 0 = none yet.
    pub first: u64,
    /// Sequence number of the last.
    pub last: u64,
    /// Numbers that were skipped.
    pub gaps: u64,
    /// Events with the number of the one before.
    pub duplicates: u64,
    /// Events with a smaller number than the one before.
    pub out_of_order: u64,
    /// Of all numbers, in the order in which they came.
    pub checksum: u64,
    /// How often the count was taken over by another instance.
    pub restores: u64,
    /// How often it came from a state of version 1 to one of version 2.
    pub migrations: u64,
}

impl Tally {
    /// Counts an event.
    #[inline]
    pub(crate) fn see(&mut self, seq: u64) {
        if self.count == 0 {
            self.first = seq;
        } else if seq == self.last {
            self.duplicates += 1;
        } else if seq < self.last {
            self.out_of_order += 1;
        } else {
            self.gaps += seq - self.last - 1;
        }
        self.count += 1;
        self.last = self.last.max(seq);
        self.checksum = checksum(self.checksum, seq);
    }

    /// The figures by name.
    pub(crate) fn figures(&self) -> [(&'static str, u64); 8] {
        [
            ("count", self.count),
            ("first", self.first),
            ("last", self.last),
            ("gaps", self.gaps),
            ("duplicates", self.duplicates),
            ("out_of_order", self.out_of_order),
            ("restores", self.restores),
            ("migrations", self.migrations),
        ]
    }

    fn is_short(&self) -> bool {
        let is_complete = self.count == 0 || self.count == self.last - self.first + 1;
        let is_clean = self.gaps == 0 && self.duplicates == 0 && self.out_of_order == 0;
        // one bit stays free, so that no short form begins with the mark of the long one
        let fits = self.first < 1 << FIRST_BITS && self.restores < 1 << (63 - FIRST_BITS);
        is_complete && is_clean && fits
    }

    /// The saved form.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut words = Vec::with_capacity(LONG_WORDS + 2);
        if VERSION == 2 {
            words.push(self.migrations);
        }
        if self.is_short() {
            words.extend([self.first | self.restores << FIRST_BITS, self.last, self.checksum]);
        } else {
            words.extend([LONG, self.first, self.last, self.checksum, self.count]);
            words.extend([self.gaps, self.duplicates, self.out_of_order, self.restores]);
        }
        words.into_iter().flat_map(u64::to_le_bytes).collect()
    }

    /// Reads a saved form of a version up to this build's; the rest is padding.
    pub(crate) fn read(version: u32, bytes: &[u8]) -> Result<(Self, &[u8])> {
        if !(1..=VERSION).contains(&version) {
            return Err(Error::new(format!("a state of version {version} (accepted: 1 to {VERSION})")));
        }
        let mut words = Words { rest: bytes, of: bytes.len() };
        let migrations = if version == 2 { words.next()? } else { u64::from(VERSION == 2) };
        let mut tally = match words.next()? {
            LONG => Self {
                first: words.next()?,
                last: words.next()?,
                checksum: words.next()?,
                count: words.next()?,
                gaps: words.next()?,
                duplicates: words.next()?,
                out_of_order: words.next()?,
                restores: words.next()?,
                migrations,
            },
            word => {
                let (first, last) = (word & ((1 << FIRST_BITS) - 1), words.next()?);
                let Some(distance) = last.checked_sub(first) else {
                    return Err(Error::new(format!("a count from {first} to {last} (expected it to rise)")));
                };
                let count = if first == 0 { 0 } else { distance + 1 };
                let (checksum, restores) = (words.next()?, word >> FIRST_BITS);
                Self { count, first, last, checksum, restores, migrations, ..Self::default() }
            }
        };
        tally.restores += 1;
        Ok((tally, words.rest))
    }
}

/// Depends on the order: the same numbers in another give another sum.
#[inline]
pub(crate) fn checksum(sum: u64, seq: u64) -> u64 {
    (sum.rotate_left(5) ^ seq).wrapping_mul(0x517c_c1b7_2722_0a95)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.figures() {
            write!(f, "{name} {value} ")?;
        }
        write!(f, "checksum {:016x}", self.checksum)
    }
}

struct Words<'a> {
    rest: &'a [u8],
    of: usize,
}

impl Words<'_> {
    fn next(&mut self) -> Result<u64> {
        let (word, rest) = self
            .rest
            .split_first_chunk::<8>()
            .ok_or_else(|| Error::new(format!("a state of {} bytes, which ends too early", self.of)))?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*word))
    }
}
