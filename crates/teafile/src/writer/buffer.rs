//! Items that wait to be written: room that is made once and filled again and again.

/// Whole items, one behind the other. What lies behind them is left over from before.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    used: usize,
}

impl Buffer {
    /// Makes room for so many bytes; what is there stays.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.bytes.resize(bytes.max(self.used), 0);
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
        self.bytes.resize(end, 0);
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
