//! Keys that order items by time and source, in one number of 64 bits.
//!
//! A key is the source in the lower 16 bits and above it the ticks since the start of a window, plus one. So keys differ,
//! the earlier source wins among equal times, and a match is one comparison. A time before the window has 0 there: it comes
//! before all others, but nobody knows which of several comes first. Times behind the window have one key for all. If one of
//! these is the smallest, the window has to be moved, which makes all keys anew.
//!
//! A window is 2^48 ticks, that is three days of nanoseconds or 9,000 years of milliseconds. A merge of times that are
//! further apart moves it for every item: it is slower, and as right as any other.

use super::MERGE_SOURCES_MAX;

/// Of a source that has nothing more: behind every other.
pub(super) const ENDED: u64 = u64::MAX;
/// Of a time behind the window.
const BEHIND: u64 = u64::MAX - 1;
const SOURCE_BITS: u32 = 16;
/// Keys below are of times before the window.
const FIRST: u64 = 1 << SOURCE_BITS;
/// So many ticks are in a window: the last one's key is below [`BEHIND`], whatever its source.
const TICKS: u64 = (1 << (u64::BITS - SOURCE_BITS)) - 2;
/// A window begins before the time that it was moved for, so that a time that goes back a little is still inside.
const TICKS_BEFORE: i64 = 1 << 46;

const _: () = assert!(MERGE_SOURCES_MAX <= 1 << SOURCE_BITS);

/// Where it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window(i64);

/// Who comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This source.
    Source(usize),
    /// Nobody: all have ended.
    Nobody,
    /// That is known when the window is moved to the earliest time.
    Beyond,
}

impl Window {
    /// A window for times of which this is the earliest.
    pub(super) fn of(earliest: i64) -> Self {
        Self(earliest.saturating_sub(TICKS_BEFORE))
    }

    #[inline(always)]
    pub(super) fn key(self, time: i64, source: usize) -> u64 {
        // no more than 16 bits count: the number of sources is limited
        let source = source as u64;
        if time < self.0 {
            return source;
        }
        // what is not negative fits 64 bits without a sign
        let ticks = time.wrapping_sub(self.0).cast_unsigned();
        if ticks < TICKS { ((ticks + 1) << SOURCE_BITS) | source } else { BEHIND }
    }
}

/// Who has the smallest key, if this is it.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "16 bits are left")]
pub(super) fn next_of(smallest: u64) -> Next {
    if smallest.wrapping_sub(FIRST) < BEHIND - FIRST {
        Next::Source((smallest % FIRST) as usize)
    } else if smallest == ENDED {
        Next::Nobody
    } else {
        Next::Beyond
    }
}

#[cfg(test)]
mod tests {
    use super::{BEHIND, ENDED, Next, TICKS, TICKS_BEFORE, Window, next_of};

    #[test]
    fn keys_order_by_time_and_then_by_source() {
        let window = Window::of(0);
        let in_order = [(-TICKS_BEFORE, 3), (-5, 65_535), (-4, 0), (0, 1), (0, 2), (7, 0)];
        let keys = in_order.map(|(time, source)| window.key(time, source));
        assert!(keys.is_sorted());
        assert_eq!(keys.map(next_of), in_order.map(|(_, source)| Next::Source(source)));
    }

    #[test]
    fn what_is_outside_of_the_window_is_said_to_be() {
        for earliest in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX] {
            let window = Window::of(earliest);
            assert_eq!(next_of(window.key(earliest, 65_535)), Next::Source(65_535), "{earliest}");
            if let Some(before) = earliest.checked_sub(TICKS_BEFORE + 1) {
                assert_eq!(next_of(window.key(before, 65_535)), Next::Beyond);
            }
            let end = i128::from(earliest.saturating_sub(TICKS_BEFORE)) + i128::from(TICKS);
            if let Ok(behind) = i64::try_from(end) {
                assert_eq!(window.key(behind, 0), BEHIND);
                assert_eq!(next_of(window.key(behind - 1, 65_535)), Next::Source(65_535));
            }
        }
        assert_eq!(next_of(BEHIND), Next::Beyond);
        assert_eq!(next_of(ENDED), Next::Nobody);
    }
}
