//! The pauses between tries to connect.

use std::time::Duration;

/// Pauses that double up to a longest one, each shortened by up to a half, by a seeded sequence.
pub(crate) struct Backoff {
    min_ms: u64,
    max_ms: u64,
    next_ms: u64,
    random: u64,
}

impl Backoff {
    pub(crate) fn new((min_ms, max_ms): (u32, u32), seed: u64) -> Self {
        let min_ms = u64::from(min_ms);
        Self { min_ms, max_ms: u64::from(max_ms), next_ms: min_ms, random: seed }
    }

    /// The connection held: the next pause is the shortest again.
    pub(crate) fn reset(&mut self) {
        self.next_ms = self.min_ms;
    }

    /// The pause before the next try.
    pub(crate) fn pause(&mut self) -> Duration {
        let whole = self.next_ms;
        self.next_ms = whole.saturating_mul(2).min(self.max_ms);
        Duration::from_millis(whole - self.draw() % (whole / 2 + 1))
    }

    /// SplitMix64: one word of state, equal seeds give equal pauses.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_begin_anew() {
        let mut backoff = Backoff::new((100, 1_000), 7);
        for whole in [100, 200, 400, 800, 1_000, 1_000] {
            let pause = backoff.pause().as_millis();
            assert!((whole / 2..=whole).contains(&pause), "{pause} of {whole}");
        }
        backoff.reset();
        assert!(backoff.pause().as_millis() <= 100);
        let pauses = |seed| {
            let mut backoff = Backoff::new((100, 100_000), seed);
            [(); 8].map(|()| backoff.pause())
        };
        assert_eq!(pauses(1), pauses(1));
        assert_ne!(pauses(1), pauses(2));
    }
}
