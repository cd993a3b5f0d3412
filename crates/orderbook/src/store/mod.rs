//! The data structures of the book. They know nothing of matching, and each states what it costs.
//!
//! Slots and level references are handed out by these structures and stay inside the book, so a reference that leads
//! nowhere is a bug of ours, not an input: it is the one place where indexing may panic.

mod id_index;
mod id_set;
mod ladder;
mod sides;
mod slab;

pub(crate) use id_index::IdIndex;
pub(crate) use id_set::IdSet;
pub(crate) use ladder::{BestFirst, Ladder, LevelRef, Queue};
pub(crate) use sides::Sides;
use slab::NIL;
pub(crate) use slab::Slab;

use crate::order::OrderId;

/// Spreads an id over 64 bits, the upper ones best. The high half is folded in first, so that ids that differ only
/// there spread as well.
/// It is no defence against ids chosen to collide: a venue gives ids out, or maps those of its clients.
#[inline]
fn spread(id: u64) -> u64 {
    // 2^64 divided by the golden ratio (Knuth's multiplicative hashing)
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    (id ^ (id >> 32)).wrapping_mul(GOLDEN)
}

/// The upper half of [`spread`].
#[inline]
fn tag(id: OrderId) -> u32 {
    upper_half(spread(id.0))
}

#[inline]
fn upper_half(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// The length of a hash table with room for so many entries: a power of two of at least `1 << bits_min`.
fn table_len(entries: u32, bits_min: u32) -> usize {
    let wanted = (u64::from(entries) / 3).saturating_mul(4);
    let bits = wanted.checked_ilog2().map_or(0, |bits| bits.saturating_add(1));
    1usize.wrapping_shl(bits.clamp(bits_min, 32))
}

/// Whether a hash table has to grow: above three quarters linear probing gets slow.
#[inline]
fn is_full(entries: usize, table_len: usize) -> bool {
    entries > (table_len / 4).saturating_mul(3)
}
