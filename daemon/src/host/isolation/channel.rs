//! Two pairs of rings in one mapping, and the line that is cut when one side is gone.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{
    mapping::Mapping,
    ring::{Reader, Ring, Writer},
};

/// Calls and their asks go over this pair.
const MAIN: usize = 0;
/// Functions of the host from any thread of a child go over this one.
const SIDE: usize = 2;
const RINGS: usize = 4;

/// The rings between the host and one instance.
pub(super) struct Channel {
    mapping: Arc<Mapping>,
    capacity: usize,
}

impl Channel {
    /// Words of memory that a channel takes, with rings of so many words.
    pub(super) const fn words(capacity: usize) -> usize {
        RINGS * Ring::words(capacity)
    }

    /// The channel in a mapping of [`Channel::words`].
    pub(super) fn new(mapping: Mapping, capacity: usize) -> Self {
        Self { mapping: Arc::new(mapping), capacity }
    }

    /// The line of this side.
    pub(super) fn line(&self) -> Arc<Line> {
        let rings = (0..RINGS).map(|index| self.ring(index)).collect();
        Arc::new(Line { is_cut: AtomicBool::new(false), rings })
    }

    /// The host's end of the main pair. Each end is made once in the life of a channel.
    pub(super) fn host_main(&self) -> End {
        self.end(MAIN, MAIN + 1)
    }

    /// The plugin's end of the main pair.
    pub(super) fn plugin_main(&self) -> End {
        self.end(MAIN + 1, MAIN)
    }

    /// The host's end of the side.
    pub(super) fn host_side(&self) -> End {
        self.end(SIDE, SIDE + 1)
    }

    /// The plugin's end of the side.
    pub(super) fn plugin_side(&self) -> End {
        self.end(SIDE + 1, SIDE)
    }

    fn end(&self, out: usize, inward: usize) -> End {
        End { writer: Writer::new(self.ring(out)), reader: Reader::new(self.ring(inward)) }
    }

    fn ring(&self, index: usize) -> Ring {
        Ring::new(&self.mapping, self.capacity, index)
    }
}

/// One end of a pair of rings.
pub(super) struct End {
    pub(super) writer: Writer,
    pub(super) reader: Reader,
}

/// Whether the peer is still there. Cutting it ends every wait on this side, and in thread mode on both.
pub(super) struct Line {
    is_cut: AtomicBool,
    rings: Vec<Ring>,
}

impl Line {
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Ordering::Release);
        self.rings.iter().for_each(Ring::rouse);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Acquire)
    }

    /// What waits look at.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.is_cut
    }
}
