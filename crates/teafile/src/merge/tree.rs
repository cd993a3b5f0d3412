//! A tree of losers: which of many sources has the smallest key, in as many comparisons as a binary tree is high.
//!
//! Each inner node keeps the loser of its match, the winner of all is apart. When the winner gets its next key, it plays
//! against the losers on its own way up only. Keys are made unique by the number of their source, so that of equal times the
//! earlier source wins and the order is always the same.

use std::hint::select_unpredictable;

/// Of a source that has nothing more: behind every other.
const ENDED: u128 = u128::MAX;
/// Where the source is in a key.
const SOURCE_BITS: u32 = 32;

#[derive(Debug)]
pub(super) struct Tree {
    /// Losers, from 1 on; those of the leaves `2 * n` and `2 * n + 1` meet in `n`.
    losers: Vec<u128>,
    winner: u128,
    /// A power of two, 1 at least.
    leaves: usize,
}

/// Time and source in one number. Times are moved so that negative ones come first.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "there are no more sources than 32 bits count")]
pub(super) fn key(time: Option<i64>, source: usize) -> u128 {
    match time {
        Some(time) => {
            let biased = time.cast_unsigned() ^ (1 << 63);
            (u128::from(biased) << SOURCE_BITS) | u128::from(source as u32)
        }
        None => ENDED,
    }
}

impl Tree {
    /// A tree of the first times of all sources.
    pub(super) fn new(times: &[Option<i64>]) -> Self {
        let leaves = times.len().next_power_of_two();
        let mut tree = Self { losers: vec![ENDED; leaves], winner: ENDED, leaves };
        // the first round: winners go up level by level
        let mut winners: Vec<u128> =
            times.iter().enumerate().map(|(source, time)| key(*time, source)).collect();
        winners.resize(leaves, ENDED);
        let mut level = leaves;
        while level > 1 {
            level /= 2;
            for place in 0..level {
                let (left, right) = (winners[2 * place], winners[2 * place + 1]);
                winners[place] = left.min(right);
                tree.losers[level + place] = left.max(right);
            }
        }
        tree.winner = winners[0];
        tree
    }

    /// The source with the smallest key, or none if all have ended.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the lower 32 bits are the source")]
    pub(super) fn winner(&self) -> Option<usize> {
        (self.winner != ENDED).then_some((self.winner as u32) as usize)
    }

    /// Gives the winner its next time, or none if it has ended.
    #[inline(always)]
    pub(super) fn replay(&mut self, source: usize, time: Option<i64>) {
        let mut current = key(time, source);
        let mut node = (self.leaves + source) / 2;
        while node > 0 {
            let Some(loser) = self.losers.get_mut(node) else { break };
            // which one wins is not to be foreseen: without the hint the compiler makes a branch of it, which is guessed
            // wrong every other time
            let goes_on = current < *loser;
            let low = select_unpredictable(goes_on, current, *loser);
            *loser = select_unpredictable(goes_on, *loser, current);
            current = low;
            node /= 2;
        }
        self.winner = current;
    }

    /// The smallest key of all others: what the winner is measured by.
    pub(super) fn challenger(&self, source: usize) -> u128 {
        let mut smallest = ENDED;
        let mut node = (self.leaves + source) / 2;
        while node > 0 {
            smallest = smallest.min(self.losers.get(node).copied().unwrap_or(ENDED));
            node /= 2;
        }
        smallest
    }
}

#[cfg(test)]
mod tests {
    use super::{Tree, key};

    #[test]
    fn the_smallest_wins_and_of_equal_ones_the_first() {
        let mut tree = Tree::new(&[Some(5), Some(-3), None, Some(5), Some(i64::MIN)]);
        let mut order = Vec::new();
        while let Some(source) = tree.winner() {
            order.push(source);
            tree.replay(source, None);
        }
        assert_eq!(order, [4, 1, 0, 3]);
        assert_eq!(Tree::new(&[]).winner(), None);
        assert_eq!(Tree::new(&[Some(1)]).winner(), Some(0));
    }

    #[test]
    fn the_challenger_is_the_second() {
        let tree = Tree::new(&[Some(5), Some(1), Some(9)]);
        let limit = tree.challenger(1);
        assert!(key(Some(4), 1) < limit);
        assert!(key(Some(5), 1) > limit); // the first source has the same time and comes before
        assert!(key(Some(6), 1) > limit);
    }
}
