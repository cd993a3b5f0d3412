//! Many files as one, by event time.

mod rows;
mod tree;

pub use rows::MergedRows;

use crate::item::TimedItem;
use tree::{Tree, key};

/// The most sources of a merge; more are not taken.
pub const MERGE_SOURCES_MAX: usize = 65_536;

/// Items of many slices in the order of their event times. Of equal times, those of the earlier slice come first; if times
/// go backwards within a slice, its items still come in their order.
///
/// A source often stays the smallest for a while: [`next_run`](Self::next_run) gives what it has until then at once, from the
/// second time on that it is the smallest. The iterator is over single items.
///
/// ```
/// # #[derive(Clone, Copy, Debug, PartialEq, teafile::TeaItem)]
/// # #[repr(C)]
/// # struct Tick { time: i64 }
/// use teafile::Merge;
/// let (one, other) = ([Tick { time: 1 }, Tick { time: 4 }], [Tick { time: 2 }, Tick { time: 3 }]);
/// let order: Vec<(usize, i64)> = Merge::new([&one[..], &other[..]]).map(|(source, tick)| (source, tick.time)).collect();
/// assert_eq!(order, [(0, 1), (1, 2), (1, 3), (0, 4)]);
/// let (one, other) = ([1, 2, 3, 4].map(|time| Tick { time }), [Tick { time: 9 }]);
/// let runs: Vec<usize> = Merge::new([&one[..], &other[..]]).runs().map(|(_, run)| run.len()).collect();
/// assert_eq!(runs, [1, 3, 1]);
/// ```
#[derive(Debug)]
pub struct Merge<'a, T> {
    sources: Vec<Source<'a, T>>,
    tree: Tree,
    /// Who won before: whoever wins twice is likely to go on.
    last: usize,
    /// Items that are the next ones, of source `last`.
    run: std::slice::Iter<'a, T>,
}

/// How many times of a source are read at once. One by one they would be as many waits for memory, because the processor
/// cannot foresee a hundred places; of so many side by side it fetches all at the same time.
const TIMES_AHEAD: usize = 32;

/// What is left of a slice, without what is in a run.
#[derive(Debug)]
struct Source<'a, T> {
    items: &'a [T],
    /// Of the first items.
    times: [i64; TIMES_AHEAD],
    /// Which of `times` is that of the first item.
    place: usize,
}

impl<'a, T: TimedItem> Source<'a, T> {
    fn new(items: &'a [T]) -> Self {
        let mut source = Self { items, times: [0; TIMES_AHEAD], place: 0 };
        source.read_ahead();
        source
    }

    fn read_ahead(&mut self) {
        self.place = 0;
        for (time, item) in self.times.iter_mut().zip(self.items) {
            *time = item.event_time();
        }
    }

    /// The time of the first item.
    #[inline(always)]
    fn time(&self) -> Option<i64> {
        if self.items.is_empty() { None } else { self.times.get(self.place).copied() }
    }

    /// Takes items off the front; there are so many.
    #[inline(always)]
    fn take(&mut self, count: usize) -> Option<&'a [T]> {
        let (taken, rest) = self.items.split_at_checked(count)?;
        self.items = rest;
        self.place += count;
        if self.place >= TIMES_AHEAD {
            self.read_ahead();
        }
        Some(taken)
    }
}

impl<'a, T: TimedItem> Merge<'a, T> {
    /// Begins with the first item of each; takes [`MERGE_SOURCES_MAX`] slices at most and leaves out the others.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64 }
    /// let none: [&[Tick]; 0] = [];
    /// assert_eq!(teafile::Merge::new(none).count(), 0);
    /// ```
    pub fn new(sources: impl IntoIterator<Item = &'a [T]>) -> Self {
        let sources: Vec<Source<'a, T>> =
            sources.into_iter().take(MERGE_SOURCES_MAX).map(Source::new).collect();
        let times: Vec<Option<i64>> = sources.iter().map(Source::time).collect();
        Self { sources, tree: Tree::new(&times), last: usize::MAX, run: [].iter() }
    }

    /// The next items that come from one source: its number and one item at least, or none at the end.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64 }
    /// let ticks = [Tick { time: 1 }, Tick { time: 1 }];
    /// let mut merge = teafile::Merge::new([&ticks[..]]);
    /// assert_eq!(merge.next_run().map(|(source, run)| (source, run.len())), Some((0, 1)));
    /// assert_eq!(merge.next_run().map(|(source, run)| (source, run.len())), Some((0, 1)));
    /// assert!(merge.next_run().is_none());
    /// ```
    #[inline]
    pub fn next_run(&mut self) -> Option<(usize, &'a [T])> {
        let rest = self.run.as_slice();
        if !rest.is_empty() {
            self.run = [].iter();
            return Some((self.last, rest));
        }
        self.take_run()
    }

    #[inline(always)]
    fn take_run(&mut self) -> Option<(usize, &'a [T])> {
        let number = self.tree.winner()?;
        let limit = (number == self.last).then(|| self.tree.challenger(number));
        self.last = number;
        let source = self.sources.get_mut(number)?;
        let length = limit.map_or(1, |limit| run_length(source.items, limit, number));
        let run = source.take(length)?;
        self.tree.replay(number, source.time());
        Some((number, run))
    }

    /// The runs, one after the other.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64 }
    /// let ticks = [Tick { time: 1 }];
    /// assert_eq!(teafile::Merge::new([&ticks[..], &ticks[..]]).runs().count(), 2);
    /// ```
    pub fn runs(mut self) -> impl Iterator<Item = (usize, &'a [T])> {
        std::iter::from_fn(move || self.next_run())
    }
}

/// How many items of the winner come before the first one of any other source.
fn run_length<T: TimedItem>(items: &[T], limit: u128, source: usize) -> usize {
    let behind = items.iter().skip(1).take_while(|item| key(Some(item.event_time()), source) < limit);
    1 + behind.count()
}

impl<'a, T: TimedItem> Iterator for Merge<'a, T> {
    type Item = (usize, &'a T);

    #[inline]
    fn next(&mut self) -> Option<(usize, &'a T)> {
        if let Some(item) = self.run.next() {
            return Some((self.last, item));
        }
        let (source, run) = self.take_run()?;
        let (first, rest) = run.split_first()?;
        self.run = rest.iter();
        Some((source, first))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.sources.iter().map(|source| source.items.len()).sum::<usize>() + self.run.len();
        (left, Some(left))
    }
}
