//! Many files as one, by event time.

mod rows;
mod tree;
mod window;

pub use rows::MergedRows;

use crate::item::TimedItem;
use tree::Tree;
use window::{ENDED, Next, Window};

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
    window: Window,
    /// Who won before: whoever wins twice is likely to go on.
    last: usize,
    /// Items that are the next ones, of source `last`.
    run: std::slice::Iter<'a, T>,
}

/// How many keys of a source are made at once, a power of two. One by one their times would be as many waits for memory,
/// because the processor cannot foresee a hundred places; of so many side by side it fetches all at the same time.
const KEYS_AHEAD: usize = 32;

/// What is left of a slice, without what is in a run.
#[derive(Debug)]
struct Source<'a, T> {
    items: &'a [T],
    /// Of the first items, and [`ENDED`] behind the last of all.
    keys: [u64; KEYS_AHEAD],
    /// Which of `keys` is that of the first item.
    place: usize,
}

impl<'a, T: TimedItem> Source<'a, T> {
    fn new(items: &'a [T], number: usize, window: Window) -> Self {
        let mut source = Self { items, keys: [ENDED; KEYS_AHEAD], place: 0 };
        source.make_keys(number, window);
        source
    }

    fn make_keys(&mut self, number: usize, window: Window) {
        self.place = 0;
        for (key, item) in self.keys.iter_mut().zip(self.items) {
            *key = window.key(item.event_time(), number);
        }
        if let Some(behind) = self.keys.get_mut(self.items.len()) {
            *behind = ENDED;
        }
    }

    /// The key of the first item.
    #[inline(always)]
    fn key(&self) -> u64 {
        self.keys[self.place % KEYS_AHEAD]
    }

    /// Takes items off the front; there are so many.
    #[inline(always)]
    fn take(&mut self, count: usize, number: usize, window: Window) -> Option<&'a [T]> {
        let (taken, rest) = self.items.split_at_checked(count)?;
        self.items = rest;
        self.place += count;
        if self.place >= KEYS_AHEAD {
            self.make_keys(number, window);
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
        let slices = sources.into_iter().take(MERGE_SOURCES_MAX).enumerate();
        // moved before the first item is taken
        let window = Window::of(i64::MAX);
        let sources = slices.map(|(number, items)| Source::new(items, number, window)).collect();
        let tree = Tree::new([].into_iter());
        let mut merge = Self { sources, tree, window, last: usize::MAX, run: [].iter() };
        merge.move_window();
        merge
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
        let number = match self.tree.winner() {
            Next::Source(number) => number,
            Next::Nobody => return None,
            Next::Beyond => self.winner_beyond()?,
        };
        let limit = (number == self.last).then(|| self.tree.challenger(number));
        self.last = number;
        let window = self.window;
        let source = self.sources.get_mut(number)?;
        let length = limit.map_or(1, |limit| run_length(source.items, limit, number, window));
        let run = source.take(length, number, window)?;
        self.tree.replay(number, source.key());
        Some((number, run))
    }

    /// Who wins in a window that is moved to the earliest time.
    #[cold]
    fn winner_beyond(&mut self) -> Option<usize> {
        self.move_window();
        match self.tree.winner() {
            Next::Source(number) => Some(number),
            // the earliest time is within its window
            Next::Nobody | Next::Beyond => None,
        }
    }

    fn move_window(&mut self) {
        let earliest = self.sources.iter().filter_map(|source| source.items.first()).map(T::event_time).min();
        let window = Window::of(earliest.unwrap_or_default());
        for (number, source) in self.sources.iter_mut().enumerate() {
            source.make_keys(number, window);
        }
        self.window = window;
        self.tree = Tree::new(self.sources.iter().map(Source::key));
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

/// How many items of the winner come before the first one of any other source, which is not before the window: it would
/// have won otherwise.
fn run_length<T: TimedItem>(items: &[T], limit: u64, source: usize, window: Window) -> usize {
    1 + items.iter().skip(1).take_while(|item| window.key(item.event_time(), source) < limit).count()
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
