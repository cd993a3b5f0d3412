//! The payloads of DATA events: texts that are longer than ids and needed for as long as their event is on its way.
//!
//! Each gets a handle of its own, in rising order; equal payloads are not told apart from others. The latest are kept
//! ([`PAYLOADS_BYTES_MAX`], never fewer than [`PAYLOADS_MIN`]); older ones are forgotten and read as empty. A table that
//! keeps all of them is for replays, which know every payload of a recording before its first event.

use std::{collections::VecDeque, sync::Arc};

use crate::abi::{PAYLOAD_BYTES_MAX, TextHandle};

/// So many of the latest payloads are there, whatever their length.
const PAYLOADS_MIN: usize = 4_096;
/// So many bytes of payloads are kept.
const PAYLOADS_BYTES_MAX: usize = PAYLOADS_MIN * PAYLOAD_BYTES_MAX;
/// More payloads than any recording lost in a row.
const GAP_MAX: u64 = 1 << 24;
/// Set in the handle of a payload; the rest is its place in the order of all.
const PAYLOAD: TextHandle = 1 << 62;

/// The latest payloads.
#[derive(Default)]
pub(crate) struct Payloads {
    kept: VecDeque<Arc<str>>,
    /// How many were forgotten.
    forgotten: u64,
    bytes: usize,
    keeps_all: bool,
}

impl Payloads {
    /// Payloads of which none is forgotten.
    pub(crate) fn keeping_all() -> Self {
        Self { keeps_all: true, ..Self::default() }
    }

    /// Takes a payload; 0 for an empty one, and for one that is too long.
    pub(crate) fn push(&mut self, text: &str) -> TextHandle {
        if text.is_empty() || text.len() > PAYLOAD_BYTES_MAX {
            return 0;
        }
        self.kept.push_back(text.into());
        self.bytes += text.len();
        while !self.keeps_all && self.bytes > PAYLOADS_BYTES_MAX {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.len();
            self.forgotten += 1;
        }
        Self::handle(self.count() - 1)
    }

    /// Takes a payload under its handle, which must be above all others; the gap before it is filled with empty ones.
    pub(crate) fn push_at(&mut self, handle: TextHandle, text: &str) -> TextHandle {
        let place = handle ^ PAYLOAD;
        let gap = place.checked_sub(self.count()).filter(|gap| *gap <= GAP_MAX);
        let Some(gap) = gap.filter(|_| !text.is_empty() && text.len() <= PAYLOAD_BYTES_MAX) else { return 0 };
        let nothing: Arc<str> = "".into();
        for _ in 0..gap {
            self.kept.push_back(Arc::clone(&nothing));
        }
        self.push(text)
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.forgotten + self.kept.len() as u64
    }

    /// The text of a handle; `None` if it is forgotten, or of no payload.
    pub(crate) fn get(&self, handle: TextHandle) -> Option<Arc<str>> {
        let place = (handle ^ PAYLOAD).checked_sub(self.forgotten)?;
        self.kept.get(usize::try_from(place).ok()?).cloned()
    }

    /// The handle of the payload at a place in the order of all.
    pub(crate) const fn handle(place: u64) -> TextHandle {
        place | PAYLOAD
    }

    /// Whether a handle without the mark of a number is that of a payload.
    pub(crate) const fn is_payload(handle: TextHandle) -> bool {
        handle & PAYLOAD != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept_and_handles_keep_their_meaning() {
        let largest = "x".repeat(PAYLOAD_BYTES_MAX);
        let mut payloads = Payloads::default();
        let first = payloads.push("first");
        for _ in 0..PAYLOADS_MIN - 1 {
            payloads.push(&largest);
        }
        assert_eq!(payloads.get(first).as_deref(), Some("first"));
        let (one, two) = (payloads.push(&largest), payloads.push("last"));
        assert_eq!(payloads.get(first), None);
        assert_eq!(
            (payloads.get(one).map(|text| text.len()), payloads.count()),
            (Some(PAYLOAD_BYTES_MAX), 4_098)
        );
        assert_eq!(payloads.get(two).as_deref(), Some("last"));
        assert_eq!((payloads.get(two + 1), payloads.get(PAYLOAD - 1)), (None, None));
        assert_eq!((payloads.push(""), payloads.push(&format!("{largest}x"))), (0, 0));
    }

    #[test]
    fn a_replay_keeps_all() {
        let largest = "x".repeat(PAYLOAD_BYTES_MAX);
        let mut payloads = Payloads::keeping_all();
        let first = payloads.push("first");
        for _ in 0..=PAYLOADS_MIN {
            payloads.push(&largest);
        }
        assert_eq!(payloads.get(first).as_deref(), Some("first"));
    }
}
