//! Many files as one, by event time.

mod rows;
mod tree;

pub use rows::MergedRows;

use crate::item::TimedItem;
use tree::Tree;

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
    /// What is left of each, without what is in `run`.
    sources: Vec<&'a [T]>,
    tree: Tree,
    /// Who won before: whoever wins twice is likely to go on.
    last: usize,
    /// Items that are the next ones, of source `last`.
    run: std::slice::Iter<'a, T>,
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
        let sources: Vec<&[T]> = sources.into_iter().take(MERGE_SOURCES_MAX).collect();
        let times: Vec<Option<i64>> =
            sources.iter().map(|source| source.first().map(TimedItem::event_time)).collect();
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
        let source = self.tree.winner()?;
        let items = *self.sources.get(source)?;
        let length = if source == self.last { self.run_length(source, items) } else { 1 };
        self.last = source;
        let (run, rest) = items.split_at_checked(length)?;
        *self.sources.get_mut(source)? = rest;
        self.tree.replay(source, rest.first().map(TimedItem::event_time));
        Some((source, run))
    }

    /// How many items come before the first one of any other source.
    fn run_length(&self, source: usize, items: &[T]) -> usize {
        let limit = self.tree.challenger(source);
        let behind =
            items.iter().skip(1).take_while(|item| self.tree.stays(limit, source, item.event_time()));
        1 + behind.count()
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

impl<'a, T: TimedItem> Iterator for Merge<'a, T> {
    type Item = (usize, &'a T);

    #[inline]
    fn next(&mut self) -> Option<(usize, &'a T)> {
        if let Some(item) = self.run.next() {
            return Some((self.last, item));
        }
        let (source, run) = self.next_run()?;
        self.run = run.iter();
        self.run.next().map(|item| (source, item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.sources.iter().map(|source| source.len()).sum::<usize>() + self.run.len();
        (left, Some(left))
    }
}
