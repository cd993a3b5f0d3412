//! Items in one piece of memory, linked into queues by their slots.
//!
//! Insert, remove and look-up are O(1). A freed slot is the next to be used, while it is still in the cache; memory
//! grows to the largest number of items ever held at once and is then never taken or given back.

/// No slot: the end of a queue. Its link exists and means nothing, so that taking an item out of a queue can write
/// to "the neighbours" without asking whether there are any: those branches would be guessed wrong half of the time.
pub(crate) const NIL: u32 = 0;

/// The neighbours of each slot in its queue. Apart from the items: taking an order out of its queue touches two
/// neighbours, and eight links share the cache line of one item.
#[derive(Clone, Debug)]
pub(crate) struct Links(Vec<Link>);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) previous: u32,
    pub(crate) next: u32,
}

impl Links {
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "slots come from the slab that owns these links")]
    pub(crate) fn get(&self, slot: u32) -> Link {
        self.0[slot as usize]
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "slots come from the slab that owns these links")]
    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut Link {
        &mut self.0[slot as usize]
    }
}

/// Items by slot, from slot 1.
#[derive(Clone, Debug)]
pub(crate) struct Slab<T> {
    /// The item of slot n is at n - 1: there is none for `NIL`.
    items: Vec<T>,
    pub(crate) links: Links,
    /// Head of the list of free slots, linked through `next`.
    free: u32,
    /// The highest slot ever used.
    used: u32,
    len: u32,
}

impl<T: Copy> Slab<T> {
    pub(crate) fn with_capacity(capacity: u32) -> Self {
        let mut links = Vec::with_capacity((capacity as usize).saturating_add(1));
        links.push(Link { previous: NIL, next: NIL });
        Self { items: Vec::with_capacity(capacity as usize), links: Links(links), free: NIL, used: 0, len: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// Puts an item in and returns its slot. The caller keeps the number of items below `SLOTS_LIMIT`.
    #[inline]
    pub(crate) fn insert(&mut self, item: T) -> u32 {
        self.len = self.len.saturating_add(1);
        let slot = self.free;
        if slot == NIL {
            // not a function of its own: the item would have to be in memory for the call, on the usual path too
            self.used = self.used.saturating_add(1);
            self.items.push(item);
            self.links.0.push(Link { previous: NIL, next: NIL });
            return self.used;
        }
        self.free = self.links.get(slot).next;
        *self.get_mut(slot) = item;
        slot
    }

    /// Frees a slot that is in no queue any more.
    #[inline]
    pub(crate) fn remove(&mut self, slot: u32) {
        self.links.get_mut(slot).next = self.free;
        self.free = slot;
        self.len = self.len.saturating_sub(1);
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "slots come from this slab, which never shrinks")]
    pub(crate) fn get(&self, slot: u32) -> &T {
        &self.items[(slot as usize).wrapping_sub(1)]
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "slots come from this slab, which never shrinks")]
    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut T {
        &mut self.items[(slot as usize).wrapping_sub(1)]
    }

    /// The items of a queue from its head on.
    pub(crate) fn queue(&self, head: u32) -> impl Iterator<Item = &T> {
        let existing = |slot: u32| (slot != NIL).then_some(slot);
        std::iter::successors(existing(head), move |slot| existing(self.links.get(*slot).next))
            .map(|slot| self.get(slot))
    }
}
