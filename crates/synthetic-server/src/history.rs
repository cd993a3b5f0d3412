//! What happened, numbered without gaps, of which the last part is kept.

use std::collections::VecDeque;

/// Numbered things; the oldest go when there are too many.
#[derive(Debug)]
pub(crate) struct History<T> {
    /// Number of the last thing that is not kept any more, or where the numbers began.
    before: u64,
    items: VecDeque<T>,
    kept_max: usize,
}

impl<T> History<T> {
    /// Numbers go on after `before`.
    pub(crate) fn after(before: u64, kept_max: usize) -> Self {
        Self { before, items: VecDeque::new(), kept_max }
    }

    /// Adds a thing; what had to go for it.
    pub(crate) fn push(&mut self, item: T) -> Option<T> {
        let dropped = if self.items.len() >= self.kept_max { self.items.pop_front() } else { None };
        self.before += u64::from(dropped.is_some());
        self.items.push_back(item);
        dropped
    }

    /// The number of the last thing.
    pub(crate) fn last(&self) -> u64 {
        self.before + self.items.len() as u64
    }

    /// The things after this number can all be had.
    pub(crate) fn reaches_back_to(&self, number: u64) -> bool {
        number >= self.before
    }

    /// The highest number that is not kept.
    pub(crate) fn forgotten(&self) -> u64 {
        self.before
    }

    /// The thing of a number.
    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        let at = number.checked_sub(self.before)?.checked_sub(1)?;
        self.items.get(usize::try_from(at).ok()?)
    }

    /// The things after a number, as far as they are kept.
    pub(crate) fn iter_after(&self, number: u64) -> impl Iterator<Item = (u64, &T)> {
        let first = number.max(self.before);
        (first + 1..=self.last()).filter_map(|number| self.get(number).map(|item| (number, item)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_when_the_oldest_go() {
        let mut history = History::after(10, 2);
        assert_eq!((history.last(), history.get(10), history.get(11)), (10, None, None));
        assert_eq!((history.push('a'), history.push('b'), history.push('c')), (None, None, Some('a')));
        assert_eq!(
            (history.last(), history.get(11), history.get(12), history.get(13)),
            (13, None, Some(&'b'), Some(&'c'))
        );
        assert_eq!(
            (history.reaches_back_to(10), history.reaches_back_to(11), history.forgotten()),
            (false, true, 11)
        );
        assert_eq!(history.iter_after(0).map(|(number, _)| number).collect::<Vec<_>>(), [12, 13]);
        assert_eq!(history.iter_after(u64::MAX - 1).count(), 0);
    }
}
