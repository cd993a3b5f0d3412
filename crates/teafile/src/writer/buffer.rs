//! Items that wait to be written: room that is made once and filled again and again.

/// The first room; it doubles as it is filled, so that a file of a few items a second takes little.
const BYTES_MIN: usize = 4 << 10;

/// Whole items, one behind the other. What lies behind them is left over from before.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    used: usize,
    /// How large it becomes.
    most: usize,
    /// Items that end before it need nobody's look; 0 if all do.
    limit: usize,
    /// The part of them for which there is room.
    free_until: usize,
}

impl Buffer {
    /// So large it becomes at most, but for items that are larger; what is there stays.
    pub(super) fn grow_to(&mut self, most: usize) {
        self.most = most;
    }

    /// From now on items that end before so many bytes need nobody's look.
    pub(super) fn free_until(&mut self, limit: usize) {
        self.limit = limit;
        self.free_until = limit.min(self.bytes.len());
    }

    /// Room behind the items for one of `size` bytes, which counts when [`push`](Self::push) says so; none if somebody has to
    /// look whether the item may be taken, or what else is to be done. Something is in the room.
    #[inline(always)]
    pub(super) fn free_room(&mut self, size: usize) -> Option<&mut [u8]> {
        let free = self.bytes.get_mut(self.used..self.free_until)?;
        free.split_at_mut_checked(size).map(|(room, _)| room)
    }

    /// The items.
    pub(super) fn items(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }

    pub(super) const fn len(&self) -> usize {
        self.used
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Room behind the items, which counts as one when [`push`](Self::push) says so. Something is in it.
    #[inline(always)]
    pub(super) fn room(&mut self, size: usize) -> &mut [u8] {
        let end = self.used + size;
        if end > self.bytes.len() {
            self.grow(end);
        }
        self.bytes.get_mut(self.used..end).unwrap_or_default()
    }

    #[cold]
    fn grow(&mut self, end: usize) {
        let doubled = self.bytes.len().saturating_mul(2).max(BYTES_MIN);
        self.bytes.resize(doubled.min(self.most).max(end), 0);
        self.free_until = self.limit.min(self.bytes.len());
    }

    /// The room is an item now.
    #[inline(always)]
    pub(super) fn push(&mut self, size: usize) {
        self.used += size;
    }

    /// The last item goes.
    pub(super) fn pop(&mut self, size: usize) {
        self.used = self.used.saturating_sub(size);
    }

    /// The first bytes go.
    pub(super) fn take(&mut self, bytes: usize) {
        let bytes = bytes.min(self.used);
        if bytes < self.used {
            self.bytes.copy_within(bytes..self.used, 0);
        }
        self.used -= bytes;
    }
}
