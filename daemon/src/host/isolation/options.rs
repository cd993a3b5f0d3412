//! Where an instance runs, and with which limits.

use std::{path::PathBuf, thread, time::Duration};

/// Looks at the ring before an end sleeps, where more than one processor is there: some tens of microseconds.
const SPIN: u32 = 2_000;
const RING_BYTES: usize = 1024 * 1024;
const RING_BYTES_MIN: usize = 4 * 1024;
const RING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Where an instance runs.
#[derive(Clone, Debug, Default)]
pub enum Isolation {
    /// On the thread that calls it.
    #[default]
    None,
    /// On a thread of its own: a hang loses that thread only.
    Thread(ChannelOptions),
    /// In a process of its own: a crash loses that process only.
    Process(ProcessOptions),
}

/// The way to an isolated instance.
#[derive(Clone, Debug)]
pub struct ChannelOptions {
    /// Bytes of each ring; taken as the next power of two from 4 KiB to 64 MiB.
    pub ring_bytes: usize,
    /// Looks at the ring before an end sleeps. Spinning pays where both ends have a processor to themselves.
    pub spin: u32,
    /// A call of an event, an order or a cost takes no longer.
    pub call_timeout: Duration,
    /// `create`, `save`, `restore`, `quiesce`, `on_config`, `destroy` and a connector's start and end take no longer.
    pub cold_timeout: Duration,
}

impl Default for ChannelOptions {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self {
            ring_bytes: RING_BYTES,
            spin: if processors > 1 { SPIN } else { 0 },
            call_timeout: Duration::from_secs(1),
            cold_timeout: Duration::from_secs(10),
        }
    }
}

impl ChannelOptions {
    /// Words of a ring's data.
    pub(super) fn capacity(&self) -> usize {
        self.ring_bytes.clamp(RING_BYTES_MIN, RING_BYTES_MAX).next_power_of_two() / size_of::<u64>()
    }
}

/// The process of an isolated instance.
#[derive(Clone, Debug)]
pub struct ProcessOptions {
    /// The way to it.
    pub channel: ChannelOptions,
    /// Bytes of address space; `None` = no limit.
    pub memory_max: Option<u64>,
    /// Open files.
    pub files_max: u64,
    /// Forbid the system calls that no plugin needs: new processes and programs, tracing, mounting, other users, …
    pub seccomp: bool,
    /// The daemon's program; `None` = this one.
    pub program: Option<PathBuf>,
}

impl Default for ProcessOptions {
    fn default() -> Self {
        Self {
            channel: ChannelOptions::default(),
            memory_max: Some(4 * 1024 * 1024 * 1024),
            files_max: 1024,
            seccomp: true,
            program: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_has_a_power_of_two_of_words() {
        let words = |ring_bytes| ChannelOptions { ring_bytes, ..ChannelOptions::default() }.capacity();
        assert_eq!([0, 4097, 1 << 20, usize::MAX].map(words), [512, 1024, 131_072, 8 * 1024 * 1024]);
    }
}
