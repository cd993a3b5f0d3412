//! Numbers from a seed.

/// splitmix64.
#[derive(Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn state(&self) -> u64 {
        self.0
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `low..high`, which must not be empty.
    pub(super) fn range(&mut self, low: i64, high: i64) -> i64 {
        let span = high.wrapping_sub(low).cast_unsigned().max(1);
        low.wrapping_add((self.next() % span).cast_signed())
    }

    /// As [`Random::range`], for small numbers.
    pub(super) fn small(&mut self, low: u16, high: u16) -> u16 {
        u16::try_from(self.range(low.into(), high.into())).unwrap_or(low)
    }

    /// True in `percent` of all cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// True once in so many cases.
    pub(super) fn one_in(&mut self, cases: u64) -> bool {
        self.next() % cases.max(1) == 0
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let len = u64::try_from(items.len()).ok().filter(|len| *len > 0)?;
        items.get(usize::try_from(self.next() % len).ok()?)
    }
}
