//! What is recorded, where, and how safely.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{forms::MarketKind, head::Head, retention::Keep};

/// What `[recorder]` asks for, and what the recording begins with.
#[derive(Clone, Debug)]
pub struct RecorderPlan {
    pub(crate) options: RecorderOptions,
    /// What is known before the run; the rest is added at its start.
    pub(crate) head: Head,
    /// Saved states, by the names of their files.
    pub(crate) states: Vec<(String, Arc<Vec<u8>>)>,
}

/// What `[recorder]` asks for.
#[derive(Clone, Debug)]
pub(crate) struct RecorderOptions {
    /// The folder of all recordings.
    pub(crate) path: PathBuf,
    pub(crate) market: Vec<MarketKind>,
    pub(crate) inputs: bool,
    pub(crate) durability: Durability,
    /// Rows that may wait for the thread `recorder`.
    pub(crate) queue: usize,
    /// Bytes; recording stops when less is free.
    pub(crate) free_min: u64,
    /// What of earlier recordings stays.
    pub(crate) keep: Keep,
}

/// What a crash may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Written every 100 ms, or 256 KiB.
    Buffered,
    /// Written as soon as the thread has it.
    Flushed,
    /// As the first, and synced so often.
    Synced {
        /// How often.
        every: Duration,
    },
}
