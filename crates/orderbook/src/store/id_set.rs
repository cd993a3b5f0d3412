//! Every id that the book ever saw, in as little memory as ids of either kind allow: what does not fit the cache is what
//! a look-up waits for.
//!
//! - Ids given out in sequence: a hash table of *blocks* of 64 neighbouring ids, one bit each. A million ids are 16
//!   thousand blocks of 16 bytes. The table keeps neighbours together: 64 neighbouring blocks hash as one, to a run of 64
//!   places, and a block whose place is taken goes on to the next run. So 4,096 ids share one kilobyte.
//! - Scattered ids: the first id of a block is a *single*, 8 bytes in a table of its own, unless the block before it
//!   is there already. Only a second id makes a block of the two. The single stays behind, shadowed, until its table
//!   grows.
//!
//! Look-up and insert take O(1) expected, at a load of at most three quarters. Growing doubles a table at once, which
//! takes about 10 ms per million entries: [`crate::BookConfig::expecting`] moves that to the start.

use super::{is_full, spread, table_len, upper_half};
use crate::order::OrderId;

/// A set of ids that only grows.
#[derive(Clone, Debug)]
pub(crate) struct IdSet {
    blocks: Blocks,
    singles: Singles,
    len: u64,
}

impl IdSet {
    /// With room for so many scattered ids.
    pub(crate) fn with_capacity(ids: u32) -> Self {
        Self { blocks: Blocks::with_capacity(ids / 64), singles: Singles::with_capacity(ids), len: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn contains(&self, id: OrderId) -> bool {
        match self.blocks.find(number(id)) {
            Some(block) => block.ids & bit(id) != 0,
            None => self.singles.find(number(id)) == Ok(id),
        }
    }

    /// Adds an id; `false` if it was there.
    #[inline]
    pub(crate) fn insert(&mut self, id: OrderId) -> bool {
        let is_new = match self.blocks.find_mut(number(id)) {
            Some(block) => {
                let is_new = block.ids & bit(id) == 0;
                block.ids |= bit(id);
                is_new
            }
            None => self.insert_apart(id),
        };
        self.len = self.len.saturating_add(u64::from(is_new));
        is_new
    }

    /// Adds an id whose block is not there: the first of it, or the second after a single.
    fn insert_apart(&mut self, id: OrderId) -> bool {
        let number = number(id);
        // 0 marks a gap among the singles, so id 0 cannot be one
        let is_sequence = number == 0 || self.blocks.find(number.wrapping_sub(1)).is_some();
        let ids = match self.singles.find(number) {
            Ok(single) if single == id => return false,
            Ok(single) => bit(single) | bit(id),
            Err(_) if is_sequence => bit(id),
            Err(gap) => {
                self.singles.insert(gap, id, &self.blocks);
                return true;
            }
        };
        self.blocks.insert(Block { number, ids });
        true
    }
}

#[derive(Clone, Copy, Debug)]
struct Block {
    /// The ids without their lowest six bits.
    number: u64,
    /// One bit per id; 0 = a gap, for a block has at least one.
    ids: u64,
}

const NO_BLOCK: Block = Block { number: 0, ids: 0 };

/// Blocks that hash as one, as a power of two.
const RUN_BITS: u32 = 6;
const RUN_MASK: u64 = (1 << RUN_BITS) - 1;
/// From a place that is taken to the next to try: a run and one, which is odd and so comes by every place.
const STEP: usize = (1 << RUN_BITS) + 1;
/// Entries of the smallest tables, as a power of two: two runs.
const BITS_MIN: u32 = 7;

#[derive(Clone, Debug)]
struct Blocks {
    table: Vec<Block>,
    len: usize,
}

impl Blocks {
    fn with_capacity(blocks: u32) -> Self {
        Self { table: vec![NO_BLOCK; table_len(blocks, BITS_MIN)], len: 0 }
    }

    #[inline]
    fn find(&self, number: u64) -> Option<&Block> {
        if self.len == 0 {
            return None;
        }
        self.table.get(self.locate(number)).filter(|block| block.ids != 0)
    }

    #[inline]
    fn find_mut(&mut self, number: u64) -> Option<&mut Block> {
        if self.len == 0 {
            // scattered ids: spares the look-up, which would be of a random place
            return None;
        }
        let at = self.locate(number);
        self.table.get_mut(at).filter(|block| block.ids != 0)
    }

    fn insert(&mut self, block: Block) {
        let at = self.locate(block.number);
        self.put(at, block);
        self.len = self.len.saturating_add(1);
        if is_full(self.len, self.table.len()) {
            let larger = vec![NO_BLOCK; self.table.len().saturating_mul(2)];
            let blocks = std::mem::replace(&mut self.table, larger);
            for block in blocks.into_iter().filter(|block| block.ids != 0) {
                let at = self.locate(block.number);
                self.put(at, block);
            }
        }
    }

    /// The place of a block, or the gap where it belongs.
    #[inline]
    fn locate(&self, number: u64) -> usize {
        let mut at = home(number, self.table.len());
        loop {
            let block = self.get(at);
            if block.number == number || block.ids == 0 {
                return at;
            }
            at = at.wrapping_add(STEP) & self.table.len().wrapping_sub(1);
        }
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "places are masked with the length, a power of two")]
    fn get(&self, at: usize) -> Block {
        self.table[at]
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "places are masked with the length, a power of two")]
    fn put(&mut self, at: usize, block: Block) {
        self.table[at] = block;
    }
}

#[derive(Clone, Debug)]
struct Singles {
    /// 0 = a gap.
    table: Vec<u64>,
    len: usize,
}

impl Singles {
    fn with_capacity(ids: u32) -> Self {
        Self { table: vec![0; table_len(ids, BITS_MIN)], len: 0 }
    }

    /// The single of a block, or the gap where it belongs.
    #[inline]
    fn find(&self, number: u64) -> Result<OrderId, usize> {
        let mut at = home(number, self.table.len());
        loop {
            let id = OrderId(self.get(at));
            if id.0 == 0 {
                return Err(at);
            }
            if self::number(id) == number {
                return Ok(id);
            }
            at = at.wrapping_add(1) & self.table.len().wrapping_sub(1);
        }
    }

    fn insert(&mut self, gap: usize, id: OrderId, blocks: &Blocks) {
        self.put(gap, id.0);
        self.len = self.len.saturating_add(1);
        if is_full(self.len, self.table.len()) {
            self.grow(blocks);
        }
    }

    /// Twice the table, without the singles that became blocks.
    #[cold]
    fn grow(&mut self, blocks: &Blocks) {
        let larger = vec![0; self.table.len().saturating_mul(2)];
        let singles = std::mem::replace(&mut self.table, larger);
        self.len = 0;
        for id in singles.into_iter().filter(|id| *id != 0) {
            let number = number(OrderId(id));
            if blocks.find(number).is_none()
                && let Err(gap) = self.find(number)
            {
                self.put(gap, id);
                self.len = self.len.saturating_add(1);
            }
        }
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "places are masked with the length, a power of two")]
    fn get(&self, at: usize) -> u64 {
        self.table[at]
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "places are masked with the length, a power of two")]
    fn put(&mut self, at: usize, id: u64) {
        self.table[at] = id;
    }
}

/// Where the search for a block starts in a table of `len` entries, a power of two from two runs to 2^32: neighbours in
/// one run, the runs anywhere.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a place is below the length, which is a usize")]
fn home(number: u64, len: usize) -> usize {
    let runs = (len >> RUN_BITS) as u64;
    // multiplying 32 bits of hash with a length and dropping 32 scales the one to the other
    let run = u64::from(upper_half(spread(number >> RUN_BITS))).wrapping_mul(runs) >> 32;
    (run.wrapping_shl(RUN_BITS) | number & RUN_MASK) as usize
}

#[inline]
fn number(id: OrderId) -> u64 {
    id.0 >> 6
}

#[inline]
fn bit(id: OrderId) -> u64 {
    1u64.wrapping_shl((id.0 & 63) as u32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn behaves_like_a_set_through_growth() {
        let mut set = IdSet::with_capacity(0);
        let mut model = BTreeSet::new();
        for round in 0..40_000u64 {
            let id = match round % 5 {
                0 => round,
                1 => u64::MAX - round,
                2 => round << 44,
                // pairs of one block, the second long after the first
                3 => (round % 10_000).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (round / 10_000),
                _ => round.wrapping_mul(0xD129_0DD5_3A21_1B65),
            };
            assert_eq!(set.contains(OrderId(id)), model.contains(&id), "{id}");
            assert_eq!(set.insert(OrderId(id)), model.insert(id), "{id}");
            assert!(set.contains(OrderId(id)), "{id}");
            assert!(!set.insert(OrderId(id)), "{id}");
        }
        assert_eq!(set.len(), model.len() as u64);
        assert!(model.iter().all(|id| set.contains(OrderId(*id))));
    }

    #[test]
    fn ids_in_sequence_take_a_bit_each() {
        for first in [0, 1_000_000_007, u64::MAX - 1_000_000] {
            let mut set = IdSet::with_capacity(0);
            for id in (first..u64::MAX).take(1_000_000) {
                assert!(set.insert(OrderId(id)));
            }
            assert!(set.singles.len <= 2, "{first}: {}", set.singles.len);
            assert!(set.blocks.len <= 1_000_000 / 64 + 2, "{first}: {}", set.blocks.len);
            assert!(set.blocks.table.len() * size_of::<Block>() <= 1 << 19, "{first}");
        }
    }
}
