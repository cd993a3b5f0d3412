//! What a process has in memory, by `/proc/PID/smaps_rollup`.

use std::fs;

use anyhow::{Context, Result};

/// Resident memory in kB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Belongs to no file: it can only be swapped.
    pub(crate) anonymous: u64,
    /// Pages of files, which the kernel can drop and read again unless they were written to; those count as anonymous.
    pub(crate) file: u64,
}

impl Memory {
    /// That of a process.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let file = format!("/proc/{pid}/smaps_rollup");
        let text = fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
        Self::parse(&text).with_context(|| format!("{file} has no line 'Rss' or 'Anonymous'"))
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| -> Option<u64> {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
            line.trim().strip_suffix(" kB")?.parse().ok()
        };
        let (all, anonymous) = (value("Rss")?, value("Anonymous")?);
        Some(Self { anonymous, file: all.saturating_sub(anonymous) })
    }
}

/// The most that a process had in memory so far, in kB; nothing of one that has gone.
pub(crate) fn peak(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn what_belongs_to_files_is_the_rest() {
        let text = "55d0-7ffc ---p 00000000 00:00 0    [rollup]\nRss:    5000 kB\nPss_Anon: 1 kB\nAnonymous:  1200 kB\n";
        assert_eq!(Memory::parse(text), Some(Memory { anonymous: 1200, file: 3800 }));
        assert_eq!(Memory::parse("Rss: 1 kB\n"), None);
    }

    #[test]
    fn this_process_has_some() {
        let memory = Memory::of(std::process::id()).expect("/proc is there");
        assert!(memory.anonymous > 0 && memory.file > 0, "{memory:?}");
    }
}
