//! One side of a book: its price levels, best first, each with a first-in-first-out queue.
//!
//! Levels are grouped in pages of 64 neighbouring ticks. A page is an array of levels and one word that tells which of
//! them are occupied; the pages in use are listed in a directory sorted by price, the best last. So there is no window
//! that has to follow the market, and any 64-bit tick is as good as any other.
//!
//! - best level: the highest bit of the last page, O(1);
//! - append, unlink: O(1) once the page is known;
//! - find a price: binary search in the directory, which has one entry per 64 ticks that hold anything;
//! - a new page: that search and a shift of the entries of better pages, none if it is the best one.
//!
//! Limits: a page takes 1.5 KiB, so a book whose orders are all more than 64 ticks apart pays that for each of them;
//! set the tick to the real one rather than to 1. Emptied pages are kept for the next new one.
//!
//! Invariants: the directory is sorted and lists exactly the pages with an occupied level; a level is occupied if and
//! only if its queue has items; `quantity` of a queue and `total` are the sums of what was put in.

use std::hint::select_unpredictable;

use super::{
    NIL,
    slab::{Link, Links},
};
use crate::exact::{difference, sum};

/// Which price is best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BestFirst {
    /// Bids and sell stops.
    Highest,
    /// Asks and buy stops.
    Lowest,
}

/// A level of a ladder: page and place in the page. Valid as long as the level is occupied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LevelRef(u32);

/// The best level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Best {
    pub(crate) rank: i64,
    /// Its first slot.
    pub(crate) head: u32,
}

/// The orders of one level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queue {
    pub(crate) quantity: i64,
    pub(crate) head: u32,
    pub(crate) tail: u32,
    pub(crate) len: u32,
}

const EMPTY: Queue = Queue { quantity: 0, head: NIL, tail: NIL, len: 0 };

const PAGE_BITS: u32 = 6;
const PAGE_MASK: u32 = 63;

#[derive(Clone, Debug)]
struct Page {
    /// Its rank without the lowest six bits.
    number: i64,
    /// One bit per level.
    occupied: u64,
    queues: [Queue; 64],
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    number: i64,
    page: u32,
}

/// Levels and their queues.
///
/// Inside, a price is a *rank*: the tick if the highest is best, its complement otherwise. The highest rank is best on
/// every ladder, and no rank overflows (the complement of an i64 always is one, its negation not).
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    best_first: BestFirst,
    pages: Vec<Page>,
    pages_free: Vec<u32>,
    directory: Vec<Entry>,
    total: i64,
}

impl Ladder {
    pub(crate) const fn new(best_first: BestFirst) -> Self {
        Self { best_first, pages: Vec::new(), pages_free: Vec::new(), directory: Vec::new(), total: 0 }
    }

    /// The rank of a tick, and the tick of a rank.
    #[inline]
    pub(crate) fn rank(&self, tick: i64) -> i64 {
        match self.best_first {
            BestFirst::Highest => tick,
            BestFirst::Lowest => !tick,
        }
    }

    /// The sum of all quantities.
    #[inline]
    pub(crate) fn total(&self) -> i64 {
        self.total
    }

    #[inline]
    pub(crate) fn best(&self) -> Option<Best> {
        let entry = self.directory.last()?;
        let page = self.page(entry.page);
        let place = highest_bit(page.occupied);
        let head = page.queue(place).head;
        Some(Best { rank: page.rank(place), head })
    }

    /// The level of a rank, if it is occupied.
    #[inline]
    pub(crate) fn find(&self, rank: i64) -> Option<LevelRef> {
        let page = self.find_page(rank >> PAGE_BITS).ok()?;
        let place = place(rank);
        (self.page(page).occupied & bit(place) != 0).then_some(LevelRef::new(page, place))
    }

    #[inline]
    pub(crate) fn queue(&self, level: LevelRef) -> &Queue {
        self.page(level.page()).queue(level.place())
    }

    /// The level of a rank, for an order that is appended next: until then it may be empty.
    #[inline]
    pub(crate) fn level_for(&mut self, rank: i64) -> LevelRef {
        let number = rank >> PAGE_BITS;
        let page = match self.find_page(number) {
            Ok(page) => page,
            Err(at) => self.open_page(number, at),
        };
        LevelRef::new(page, place(rank))
    }

    /// Appends `slot` to the queue of a level.
    #[inline]
    pub(crate) fn append(&mut self, level: LevelRef, slot: u32, quantity: i64, links: &mut Links) {
        self.total = sum(self.total, quantity);
        let page = self.page_mut(level.page());
        page.occupied |= bit(level.place());
        let queue = page.queue_mut(level.place());
        queue.quantity = sum(queue.quantity, quantity);
        queue.len = queue.len.saturating_add(1);
        *links.get_mut(slot) = Link { previous: queue.tail, next: NIL };
        links.get_mut(queue.tail).next = slot;
        queue.head = select_unpredictable(queue.head == NIL, slot, queue.head);
        queue.tail = slot;
    }

    /// Takes `slot`, with what is left of its quantity, out of its queue.
    #[inline]
    pub(crate) fn unlink(&mut self, level: LevelRef, slot: u32, quantity: i64, links: &mut Links) {
        self.total = difference(self.total, quantity);
        let Link { previous, next } = links.get(slot);
        links.get_mut(previous).next = next;
        links.get_mut(next).previous = previous;
        let page = self.page_mut(level.page());
        let queue = page.queue_mut(level.place());
        queue.head = select_unpredictable(previous == NIL, next, queue.head);
        queue.tail = select_unpredictable(next == NIL, previous, queue.tail);
        queue.quantity = difference(queue.quantity, quantity);
        queue.len = queue.len.saturating_sub(1);
        let is_occupied = u64::from(queue.len > 0);
        page.occupied &= !bit(level.place()) | is_occupied.wrapping_shl(level.place());
        if page.occupied == 0 {
            self.close_page(level.page());
        }
    }

    /// Takes `quantity` away from a level whose order of that much more stays.
    #[inline]
    pub(crate) fn reduce(&mut self, level: LevelRef, quantity: i64) {
        self.total = difference(self.total, quantity);
        let queue = self.page_mut(level.page()).queue_mut(level.place());
        queue.quantity = difference(queue.quantity, quantity);
    }

    /// The occupied levels, best first, with their ticks.
    pub(crate) fn levels(&self) -> impl Iterator<Item = (i64, &Queue)> {
        self.directory.iter().rev().flat_map(move |entry| {
            let page = self.page(entry.page);
            Places(page.occupied).rev().map(move |place| (self.rank(page.rank(place)), page.queue(place)))
        })
    }

    /// Checks the invariants stated at the top; `quantity` tells what is left of a slot.
    #[cfg(feature = "testing")]
    pub(crate) fn assert_invariants(&self, links: &Links, quantity: impl Fn(u32) -> i64) {
        let numbers: Vec<i64> = self.directory.iter().map(|entry| entry.number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "directory out of order: {numbers:?}");
        assert_eq!(
            self.pages.len(),
            self.directory.len().saturating_add(self.pages_free.len()),
            "pages lost"
        );
        let mut total = 0i64;
        for entry in &self.directory {
            let page = self.page(entry.page);
            assert_eq!(page.number, entry.number);
            assert!(page.occupied != 0, "an empty page in the directory");
            for (place, queue) in page.queues.iter().enumerate() {
                let is_occupied = page.occupied.wrapping_shr(u32::try_from(place).unwrap_or(0)) & 1 == 1;
                assert_eq!(is_occupied, queue.len > 0, "level {place} of page {}", page.number);
                let (len, sum_of_queue) = queue.walk(links, &quantity);
                assert_eq!(
                    (queue.len, queue.quantity),
                    (len, sum_of_queue),
                    "level {place} of {}",
                    page.number
                );
                total = sum(total, sum_of_queue);
            }
        }
        assert_eq!(total, self.total);
    }

    /// The page of a number, or where the directory would list it.
    #[inline]
    fn find_page(&self, number: i64) -> Result<u32, usize> {
        // in a book without gaps a page is as far from the last one as their numbers say
        if let Some(best) = self.directory.last()
            && let Ok(gap) = usize::try_from(best.number.wrapping_sub(number))
            && let Some(entry) = self.directory.iter().rev().nth(gap)
            && entry.number == number
        {
            return Ok(entry.page);
        }
        let at = self.directory.partition_point(|entry| entry.number < number);
        self.directory.get(at).filter(|entry| entry.number == number).map(|entry| entry.page).ok_or(at)
    }

    #[cold]
    fn open_page(&mut self, number: i64, at: usize) -> u32 {
        let page = self.pages_free.pop().unwrap_or_else(|| self.extend());
        self.page_mut(page).number = number;
        self.directory.insert(at, Entry { number, page });
        page
    }

    fn extend(&mut self) -> u32 {
        // no page is without an order, and there are at most SLOTS_LIMIT orders
        let page = u32::try_from(self.pages.len()).expect("fewer than 2^26 pages");
        self.pages.push(Page { number: 0, occupied: 0, queues: [EMPTY; 64] });
        page
    }

    #[cold]
    fn close_page(&mut self, page: u32) {
        let number = self.page(page).number;
        let at = self.directory.partition_point(|entry| entry.number < number);
        self.directory.remove(at);
        self.pages_free.push(page);
    }

    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "page numbers come from this ladder, which never drops a page"
    )]
    fn page(&self, page: u32) -> &Page {
        &self.pages[page as usize]
    }

    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "page numbers come from this ladder, which never drops a page"
    )]
    fn page_mut(&mut self, page: u32) -> &mut Page {
        &mut self.pages[page as usize]
    }
}

#[cfg(feature = "testing")]
impl Queue {
    /// Length and quantity, counted along the links in one direction and checked in the other.
    fn walk(&self, links: &Links, quantity: impl Fn(u32) -> i64) -> (u32, i64) {
        let (mut previous, mut slot) = (NIL, self.head);
        let (mut len, mut total) = (0u32, 0i64);
        while slot != NIL {
            assert_eq!(links.get(slot).previous, previous, "a link does not lead back");
            len = len.saturating_add(1);
            total = sum(total, quantity(slot));
            (previous, slot) = (slot, links.get(slot).next);
        }
        assert_eq!(previous, self.tail, "the last order is not the tail");
        (len, total)
    }
}

impl Page {
    #[inline]
    fn rank(&self, place: u32) -> i64 {
        self.number.wrapping_shl(PAGE_BITS) | i64::from(place)
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "the index is masked to the 64 places")]
    fn queue(&self, place: u32) -> &Queue {
        &self.queues[(place & PAGE_MASK) as usize]
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "the index is masked to the 64 places")]
    fn queue_mut(&mut self, place: u32) -> &mut Queue {
        &mut self.queues[(place & PAGE_MASK) as usize]
    }
}

impl LevelRef {
    #[inline]
    fn new(page: u32, place: u32) -> Self {
        Self(page.wrapping_shl(PAGE_BITS) | place)
    }

    #[inline]
    fn page(self) -> u32 {
        self.0 >> PAGE_BITS
    }

    #[inline]
    fn place(self) -> u32 {
        self.0 & PAGE_MASK
    }
}

/// The place of a rank in its page.
#[inline]
#[expect(clippy::cast_sign_loss, reason = "six bits are left, none of them the sign")]
fn place(rank: i64) -> u32 {
    (rank & 63) as u32
}

#[inline]
fn bit(place: u32) -> u64 {
    1u64.wrapping_shl(place)
}

/// The highest of the set bits, of which there is at least one.
#[inline]
fn highest_bit(bits: u64) -> u32 {
    bits.leading_zeros() ^ PAGE_MASK
}

/// The places whose bits are set, lowest first, from both ends.
struct Places(u64);

impl Iterator for Places {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let place = (self.0 != 0).then(|| self.0.trailing_zeros())?;
        self.0 &= !bit(place);
        Some(place)
    }
}

impl DoubleEndedIterator for Places {
    fn next_back(&mut self) -> Option<u32> {
        let place = (self.0 != 0).then(|| highest_bit(self.0))?;
        self.0 &= !bit(place);
        Some(place)
    }
}
