//! The head of a record's bytes: numbers, and the lengths of the texts that follow.
//!
//! It has one size, so that reading it costs one look at what is there. The back end reads all of it for the record that it
//! routes; to find the oldest of several, it peeks at the time alone.

/// Bytes before the texts.
pub(crate) const HEAD_BYTES: usize = 52;

/// The module was said; else it is the file without its ending.
pub(crate) const FLAG_MODULE: u16 = 1;
/// The record was received: its bytes begin with the attributes of its own process.
pub(crate) const FLAG_FOREIGN: u16 = 2;
/// Only a marker: the record itself waits beside the ring.
pub(crate) const FLAG_LARGE: u16 = 4;
/// The level was not asked for: the record was handed over with `handle`.
pub(crate) const FLAG_HANDLED: u16 = 8;

/// What stands before the texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) logger: u32,
    pub(crate) level: i32,
    pub(crate) at_ns: i64,
    pub(crate) line: u32,
    /// message, fields, exception, stack, attributes of another process
    pub(crate) long: [u32; 5],
    /// file, function, module
    pub(crate) short: [u16; 3],
    pub(crate) flags: u16,
}

impl Head {
    /// Writes the head to the front of a record that is otherwise finished.
    pub(crate) fn write(&self, out: &mut [u8]) {
        let total = u32::try_from(out.len()).unwrap_or(u32::MAX);
        let Some(head) = out.first_chunk_mut::<HEAD_BYTES>() else { return };
        // one array of a known size: the places are known when this is compiled, and need no checks
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            if let Some(slot) = head.get_mut(at..at + bytes.len()) {
                slot.copy_from_slice(bytes);
            }
            at += bytes.len();
        };
        put(&total.to_le_bytes());
        put(&self.logger.to_le_bytes());
        put(&self.at_ns.to_le_bytes());
        put(&self.level.to_le_bytes());
        put(&self.line.to_le_bytes());
        for length in self.long {
            put(&length.to_le_bytes());
        }
        for length in self.short {
            put(&length.to_le_bytes());
        }
        put(&self.flags.to_le_bytes());
    }

    /// When the record was logged, and how many bytes it has.
    #[inline]
    pub(crate) fn peek(bytes: &[u8]) -> Option<(i64, usize)> {
        let mut rest = bytes.first_chunk::<16>()?.as_slice();
        let total = take_u32(&mut rest)?;
        let _logger = take_u32(&mut rest)?;
        Some((i64::from_le_bytes(take(&mut rest)?), usize::try_from(total).ok()?))
    }

    /// Reads the head.
    #[inline]
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        // of a known size: no step below can find too little
        let mut rest = bytes.first_chunk::<HEAD_BYTES>()?.as_slice();
        let _total = take_u32(&mut rest)?;
        let logger = take_u32(&mut rest)?;
        let at_ns = i64::from_le_bytes(take(&mut rest)?);
        let level = i32::from_le_bytes(take(&mut rest)?);
        let line = take_u32(&mut rest)?;
        let mut long = [0; 5];
        for length in &mut long {
            *length = take_u32(&mut rest)?;
        }
        let mut short = [0; 3];
        for length in &mut short {
            *length = u16::from_le_bytes(take(&mut rest)?);
        }
        let flags = u16::from_le_bytes(take(&mut rest)?);
        Some(Self { logger, level, at_ns, line, long, short, flags })
    }

    /// The key of a record that waits elsewhere.
    pub(crate) fn large_key(&self, bytes: &[u8]) -> Option<u64> {
        if self.flags & FLAG_LARGE == 0 {
            return None;
        }
        bytes.get(HEAD_BYTES..)?.first_chunk().map(|key| u64::from_le_bytes(*key))
    }
}

#[inline]
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (chunk, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*chunk)
}

#[inline]
fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    take(bytes).map(u32::from_le_bytes)
}
