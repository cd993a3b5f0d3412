//! A tree of losers: which of many sources has the smallest key, in as many comparisons as a binary tree is high.
//!
//! Each inner node keeps the loser of its match, the winner of all is apart. When the winner gets its next key, it plays
//! against the losers on its own way up only.

use std::hint::select_unpredictable;

use super::window::{ENDED, Next, next_of};

#[derive(Debug)]
pub(super) struct Tree {
    /// Losers, from 1 on; those of the leaves `2 * n` and `2 * n + 1` meet in `n`.
    losers: Vec<u64>,
    winner: u64,
    /// A power of two, 1 at least.
    leaves: usize,
}

impl Tree {
    /// A tree of the first keys of all sources, which differ unless they are outside of the window.
    pub(super) fn new(keys: impl ExactSizeIterator<Item = u64>) -> Self {
        let leaves = keys.len().next_power_of_two();
        let mut losers = vec![ENDED; leaves];
        // the first round: winners go up level by level
        let mut winners: Vec<u64> = keys.collect();
        winners.resize(leaves, ENDED);
        let mut level = leaves;
        while level > 1 {
            level /= 2;
            for place in 0..level {
                let (left, right) = (winners[2 * place], winners[2 * place + 1]);
                winners[place] = left.min(right);
                losers[level + place] = left.max(right);
            }
        }
        Self { losers, winner: winners[0], leaves }
    }

    /// The source with the smallest key.
    #[inline(always)]
    pub(super) fn winner(&self) -> Next {
        next_of(self.winner)
    }

    /// Gives the winner its next key.
    #[inline(always)]
    pub(super) fn replay(&mut self, source: usize, key: u64) {
        let mut current = key;
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
    pub(super) fn challenger(&self, source: usize) -> u64 {
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
    use super::super::window::Window;
    use super::{ENDED, Next, Tree};

    fn tree(times: &[Option<i64>]) -> Tree {
        let earliest = times.iter().flatten().min().copied().unwrap_or_default();
        let window = Window::of(earliest);
        let key = |(source, time): (usize, &Option<i64>)| time.map_or(ENDED, |time| window.key(time, source));
        Tree::new(times.iter().enumerate().map(key))
    }

    #[test]
    fn the_smallest_wins_and_of_equal_ones_the_first() {
        let mut tree = tree(&[Some(5), Some(-3), None, Some(5), Some(-7)]);
        let mut order = Vec::new();
        while let Next::Source(source) = tree.winner() {
            order.push(source);
            tree.replay(source, ENDED);
        }
        assert_eq!(order, [4, 1, 0, 3]);
    }

    #[test]
    fn one_source_or_none_is_a_tree() {
        assert_eq!(tree(&[]).winner(), Next::Nobody);
        assert_eq!(tree(&[Some(1)]).winner(), Next::Source(0));
    }

    #[test]
    fn the_challenger_is_the_second() {
        let tree = tree(&[Some(5), Some(1), Some(9)]);
        let window = Window::of(1);
        let limit = tree.challenger(1);
        assert!(window.key(4, 1) < limit);
        assert!(window.key(5, 1) > limit); // the first source has the same time and comes before
        assert!(window.key(6, 1) > limit);
    }
}
