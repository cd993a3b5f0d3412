//! Binary search over items, and ranges of indices and times.

use std::ops::{Bound, Range, RangeBounds};

/// The first index for which `is_before` does not hold, of all below `count`. It must hold for the ones before and for none
/// behind; if times go backwards, it is one of the places where that changes.
pub(crate) fn first_not<E>(count: u64, mut is_before: impl FnMut(u64) -> Result<bool, E>) -> Result<u64, E> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// A range of indices, cut to those that there are; empty if it ends before it starts.
pub(crate) fn indices(range: &impl RangeBounds<u64>, count: u64) -> Range<u64> {
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&start) => start.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&end) => end.saturating_add(1),
        Bound::Excluded(&end) => end,
        Bound::Unbounded => count,
    };
    let end = end.min(count);
    start.min(end)..end
}

/// A place among items that are ordered by time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Before the first item at that time or later.
    AtOrAfter(i64),
    /// Before the first item later than that.
    After(i64),
}

impl Place {
    /// Whether an item of that time lies before it.
    pub(crate) const fn is_behind(self, time: i64) -> bool {
        match self {
            Self::AtOrAfter(ticks) => time < ticks,
            Self::After(ticks) => time <= ticks,
        }
    }
}

/// Where a range of times starts and ends; none for the ends of the file.
pub(crate) fn places(range: &impl RangeBounds<i64>) -> (Option<Place>, Option<Place>) {
    let start = match range.start_bound() {
        Bound::Included(&start) => Some(Place::AtOrAfter(start)),
        Bound::Excluded(&start) => Some(Place::After(start)),
        Bound::Unbounded => None,
    };
    let end = match range.end_bound() {
        Bound::Included(&end) => Some(Place::After(end)),
        Bound::Excluded(&end) => Some(Place::AtOrAfter(end)),
        Bound::Unbounded => None,
    };
    (start, end)
}
