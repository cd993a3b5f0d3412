//! How a writer treats what it writes, and what it finds.

use std::time::Duration;

/// When what was written is in the file, and when it survives what.
///
/// What is in the file is seen by readers and survives the end of the process; what was synced survives a loss of power.
///
/// ```
/// use std::time::Duration;
/// use teafile::Durability;
/// let each_second = Durability::Synced { items: 1_000, interval: Some(Duration::from_secs(1)) };
/// assert_ne!(each_second, Durability::default());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Items wait for others until so many bytes are together. With an interval, [`tick`](crate::Writer::tick) writes those
    /// that waited for so long.
    Buffered {
        /// The buffer.
        bytes: usize,
        /// How long an item waits at most, if `tick` is called.
        interval: Option<Duration>,
    },
    /// Each item is in the file when the call returns.
    Flushed,
    /// Items are synced in groups: when so many were written, or `tick` finds that the oldest waited for so long.
    Synced {
        /// The size of a group.
        items: u64,
        /// How long an item waits at most, if `tick` is called.
        interval: Option<Duration>,
    },
}

/// 256 KiB are together, or the oldest waited for 100 ms. A buffer takes that much only if so much comes within the interval.
impl Default for Durability {
    fn default() -> Self {
        Self::Buffered { bytes: BUFFER_BYTES, interval: Some(Duration::from_millis(100)) }
    }
}

/// A write(2) takes some 3 us besides its bytes (ext4, Linux 6.18, `cargo xtask bench tea`): with 64 KiB that is 1.2 ns for
/// an item of 24 bytes, a tenth of the whole, with 256 KiB 0.3 ns; 1 MiB is no better, and leaves the caches of a core.
pub(super) const BUFFER_BYTES: usize = 256 << 10;
/// The largest buffer; a larger one asked for becomes this one.
pub(super) const BUFFER_BYTES_MAX: usize = 64 << 20;

/// What happens if the event time of an item is before that of the one before it.
///
/// ```
/// assert_eq!(teafile::TimeOrder::default(), teafile::TimeOrder::Count);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeOrder {
    /// It is written, and [`time_violations`](crate::Writer::time_violations) counts it. Searches by time may miss it.
    #[default]
    Count,
    /// It is refused.
    Refuse,
    /// It gets the time of the one before it, and is counted.
    Clamp,
}

/// What happens to a part of an item at the end of a file that is opened for appending.
///
/// ```
/// assert_eq!(teafile::TornTail::default(), teafile::TornTail::Truncate);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TornTail {
    /// It is saved beside the file, as a line of `NAME.torn`, and cut off.
    #[default]
    Truncate,
    /// The file is refused.
    Refuse,
}

/// What happens if a file that is opened for appending ends in items of zeros, though the one before them has a time: what a
/// loss of power leaves behind if the size of a file was extended before its data.
///
/// ```
/// assert_eq!(teafile::ZeroTail::default(), teafile::ZeroTail::Refuse);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZeroTail {
    /// The file is refused: nobody but you knows whether these are items.
    #[default]
    Refuse,
    /// They are items.
    Accept,
    /// They are cut off.
    Truncate,
}

/// What a new file and one that is appended to have in common.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Writing {
    pub(super) durability: Durability,
    pub(super) time_order: TimeOrder,
    pub(super) is_indexed: bool,
}
