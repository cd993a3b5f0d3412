//! Where the live orders are: a hash table from id to slot.
//!
//! Open addressing with linear probing, at most three quarters full, and deletion by shifting back, so that a table through which
//! millions of orders went is as fast as a new one (no tombstones).
//! An entry is 8 bytes: the slot and half of the hash; the full id is in the order itself, which a successful look-up
//! needs anyway. Look-up, insert and remove take O(1) expected; growing doubles the table.

use super::{NIL, is_full, table_len, tag};
use crate::order::OrderId;

#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: u32,
    /// `NIL` = the entry is empty.
    slot: u32,
}

const EMPTY: Entry = Entry { tag: 0, slot: NIL };

/// Entries of the smallest table, as a power of two.
const BITS_MIN: u32 = 6;

/// Slots by id.
#[derive(Clone, Debug)]
pub(crate) struct IdIndex {
    entries: Vec<Entry>,
    /// The table has 2^(32 - shift) entries: a tag shifted so far is the place where the search for it starts.
    shift: u32,
    len: usize,
}

impl IdIndex {
    pub(crate) fn with_capacity(ids: u32) -> Self {
        let len = table_len(ids, BITS_MIN);
        Self { entries: vec![EMPTY; len], shift: 32u32.saturating_sub(len.ilog2()), len: 0 }
    }

    /// The slot of `id`, if it is in the table. `is_it` compares the full id.
    #[inline]
    pub(crate) fn find(&self, id: OrderId, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let tag = tag(id);
        let mut at = self.home(tag);
        loop {
            let entry = self.entry(at);
            if entry.slot == NIL {
                return None;
            }
            if entry.tag == tag && is_it(entry.slot) {
                return Some(entry.slot);
            }
            at = self.after(at);
        }
    }

    /// Puts in an id that is not in the table.
    #[inline]
    pub(crate) fn insert(&mut self, id: OrderId, slot: u32) {
        self.len = self.len.saturating_add(1);
        if is_full(self.len, self.entries.len()) {
            self.grow();
        }
        self.place(Entry { tag: tag(id), slot });
    }

    /// Takes out the entry of `slot`, which is in the table under `id`.
    #[inline]
    pub(crate) fn remove(&mut self, id: OrderId, slot: u32) {
        let mut hole = self.home(tag(id));
        while self.entry(hole).slot != slot {
            if self.entry(hole).slot == NIL {
                return;
            }
            hole = self.after(hole);
        }
        self.len = self.len.saturating_sub(1);
        // whatever follows without a gap and would be found from the hole as well moves into it
        let mut at = self.after(hole);
        loop {
            let entry = self.entry(at);
            if entry.slot == NIL {
                break;
            }
            let from_home = self.distance(self.home(entry.tag), at);
            if from_home >= self.distance(hole, at) {
                *self.entry_mut(hole) = entry;
                hole = at;
            }
            at = self.after(at);
        }
        *self.entry_mut(hole) = EMPTY;
    }

    fn place(&mut self, new: Entry) {
        let mut at = self.home(new.tag);
        while self.entry(at).slot != NIL {
            at = self.after(at);
        }
        *self.entry_mut(at) = new;
    }

    #[cold]
    fn grow(&mut self) {
        self.shift = self.shift.saturating_sub(1);
        let larger = vec![EMPTY; self.entries.len().saturating_mul(2)];
        let entries = std::mem::replace(&mut self.entries, larger);
        for entry in entries.into_iter().filter(|entry| entry.slot != NIL) {
            self.place(entry);
        }
    }

    /// Where the search for a tag starts: its upper bits.
    #[inline]
    fn home(&self, tag: u32) -> usize {
        tag.wrapping_shr(self.shift) as usize
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        at.wrapping_add(1) & self.mask()
    }

    /// Steps from `from` to `to`, around the end.
    #[inline]
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & self.mask()
    }

    #[inline]
    fn mask(&self) -> usize {
        self.entries.len().wrapping_sub(1)
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "positions are masked with the length, a power of two")]
    fn entry(&self, at: usize) -> Entry {
        self.entries[at]
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "positions are masked with the length, a power of two")]
    fn entry_mut(&mut self, at: usize) -> &mut Entry {
        &mut self.entries[at]
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test that is wrong may panic")]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn behaves_like_a_map_through_growth_and_removal() {
        let mut index = IdIndex::with_capacity(0);
        let mut model = BTreeMap::new();
        // the id that each slot holds, or held last
        let mut ids: Vec<OrderId> = (0..4_096).map(|slot| OrderId(u64::MAX - slot)).collect();
        for round in 0..40_000u64 {
            let place = (round.wrapping_mul(2_654_435_761) % 4_096) as usize;
            let slot = u32::try_from(place + 1).unwrap();
            let old = ids[place];
            if model.remove(&old).is_some() {
                index.remove(old, slot);
            } else {
                // some in sequence, some that differ only in their upper bits, some scattered
                let id = OrderId(match round % 3 {
                    0 => round,
                    1 => round << 44,
                    _ => round.wrapping_mul(0xD129_0DD5_3A21_1B65),
                });
                ids[place] = id;
                model.insert(id, slot);
                index.insert(id, slot);
            }
            if round % 1_000 == 0 {
                for id in &ids {
                    let found = index.find(*id, |slot| ids[slot as usize - 1] == *id);
                    assert_eq!(found, model.get(id).copied(), "{id}");
                }
            }
        }
        assert_eq!(index.len, model.len());
    }
}
