//! Every id that the book ever saw: a hash table of blocks of 64 neighbouring ids, one bit each.
//!
//! Ids are usually given out in sequence; then a million of them are 16 thousand blocks of 16 bytes. The table keeps
//! neighbours together: 64 neighbouring blocks hash as one, to a run of 64 places, and a block whose place is taken
//! goes on to the next run. So 4,096 ids in sequence share one kilobyte, and scattered ids, which need a block each, are
//! spread as well as by any hash.
//!
//! Look-up and insert take O(1) expected, at a load of at most three quarters. Growing doubles the table at once, which
//! takes about 10 ms per million blocks: [`crate::BookConfig::expecting`] moves that to the start.

use super::{spread, upper_half};
use crate::order::OrderId;

#[derive(Clone, Copy, Debug)]
struct Block {
    /// The ids without their lowest six bits.
    number: u64,
    /// One bit per id; 0 = no block here, for a block in use has at least one.
    ids: u64,
}

const EMPTY: Block = Block { number: 0, ids: 0 };

/// Blocks that hash as one, as a power of two.
const RUN_BITS: u32 = 6;
const RUN_MASK: u64 = (1 << RUN_BITS) - 1;
/// From a place that is taken to the next to try: a run and one, which is odd and so comes by every place.
const STEP: usize = (1 << RUN_BITS) + 1;
/// Blocks of the smallest table, as a power of two: two runs.
const BITS_MIN: u32 = 7;

/// A set of ids that only grows.
#[derive(Clone, Debug)]
pub(crate) struct IdSet {
    blocks: Vec<Block>,
    /// The table has 2^bits blocks.
    bits: u32,
    blocks_used: usize,
    len: u64,
}

impl IdSet {
    pub(crate) fn with_capacity(ids: u32) -> Self {
        let blocks = u64::from(ids).saturating_mul(4) / 3;
        let bits = blocks.checked_next_power_of_two().map_or(31, u64::ilog2).clamp(BITS_MIN, 31);
        Self { blocks: vec![EMPTY; 1usize.wrapping_shl(bits)], bits, blocks_used: 0, len: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    #[inline]
    pub(crate) fn contains(&self, id: OrderId) -> bool {
        self.block(self.locate(id.0 >> 6)).ids & bit(id) != 0
    }

    /// Adds an id; `false` if it was there.
    #[inline]
    pub(crate) fn insert(&mut self, id: OrderId) -> bool {
        let number = id.0 >> 6;
        let at = self.locate(number);
        let block = self.block_mut(at);
        if block.ids & bit(id) != 0 {
            return false;
        }
        let is_new_block = block.ids == 0;
        block.number = number;
        block.ids |= bit(id);
        self.len = self.len.saturating_add(1);
        if is_new_block {
            self.count_block();
        }
        true
    }

    fn count_block(&mut self) {
        self.blocks_used = self.blocks_used.saturating_add(1);
        if self.blocks_used > self.blocks.len() / 4 * 3 {
            self.grow();
        }
    }

    /// The position of a block, or of the gap where it belongs.
    #[inline]
    fn locate(&self, number: u64) -> usize {
        let runs = self.bits.saturating_sub(RUN_BITS);
        let run = upper_half(spread(number >> RUN_BITS)).wrapping_shr(32u32.saturating_sub(runs));
        let mut at = run.wrapping_shl(RUN_BITS) as usize | (number & RUN_MASK) as usize;
        loop {
            let block = self.block(at);
            if block.number == number || block.ids == 0 {
                return at;
            }
            at = at.wrapping_add(STEP) & self.mask();
        }
    }

    #[cold]
    fn grow(&mut self) {
        if self.bits == 32 {
            return;
        }
        self.bits = self.bits.saturating_add(1);
        let larger = vec![EMPTY; 1usize.wrapping_shl(self.bits)];
        let blocks = std::mem::replace(&mut self.blocks, larger);
        for block in blocks.into_iter().filter(|block| block.ids != 0) {
            let at = self.locate(block.number);
            *self.block_mut(at) = block;
        }
    }

    #[inline]
    fn mask(&self) -> usize {
        self.blocks.len().wrapping_sub(1)
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "positions are masked with the length, a power of two")]
    fn block(&self, at: usize) -> Block {
        self.blocks[at]
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "positions are masked with the length, a power of two")]
    fn block_mut(&mut self, at: usize) -> &mut Block {
        &mut self.blocks[at]
    }
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
        for round in 0..30_000u64 {
            let id = match round % 4 {
                0 => round,
                1 => u64::MAX - round,
                2 => round << 44,
                _ => round.wrapping_mul(0xD129_0DD5_3A21_1B65),
            };
            assert_eq!(set.contains(OrderId(id)), model.contains(&id), "{id}");
            assert_eq!(set.insert(OrderId(id)), model.insert(id), "{id}");
            assert!(set.contains(OrderId(id)), "{id}");
        }
        assert_eq!(set.len(), model.len() as u64);
        assert!(model.iter().all(|id| set.contains(OrderId(*id))));
    }
}
