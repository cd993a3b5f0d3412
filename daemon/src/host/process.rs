//! What the kernel tells of this process: its threads, and what is mapped.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
};

use serde::{Deserialize, Serialize};

/// What the mappings of a file take. Memory that a library asks for, and the tail of its zeroed data, belong to no
/// file and are not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Address space.
    pub mapped_bytes: u64,
    /// Of it, what is in memory.
    pub resident_bytes: u64,
    /// Of it, what was written to and cannot be read again from the file.
    pub anonymous_bytes: u64,
}

/// The daemon's own threads that come and go, by name. What a plugin starts inherits the name of the thread that
/// started it, and no plugin is called on these.
const OWN_THREADS: [&str; 6] =
    ["control-op", "probe-waiter", "probe-reader", "plugin-side", "plugin-watch", "lost-plugin"];

/// Those that are there once, and on which no plugin is called but by `plugins`; a second one of a name is a plugin's.
const OWN_THREADS_ONCE: [&str; 6] = ["control", "watch", "signals", "store", "watchdog", "plugins"];

/// The number of threads that may be a plugin's: all but those of isolated instances, which are counted where they are
/// joined, and the daemon's own that come and go. 0 if the kernel does not tell.
pub(super) fn threads() -> usize {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return 0 };
    let mut once = OWN_THREADS_ONCE.to_vec();
    let mut is_own = |task: &fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        let name = name.trim_end();
        let known = once.iter().position(|own| *own == name);
        known.map(|at| once.swap_remove(at)).is_some() || OWN_THREADS.contains(&name)
    };
    let foreign = tasks.flatten().filter(|task| !is_own(task)).count();
    foreign.saturating_sub(super::isolation::living_threads())
}

/// Whether anything of a file is mapped; `None` if the kernel does not tell.
pub(super) fn is_mapped(file: &Path) -> Option<bool> {
    let maps = BufReader::new(File::open("/proc/self/maps").ok()?);
    for line in maps.lines() {
        if mapped_file(&line.ok()?).is_some_and(|mapped| is_file(mapped, file)) {
            return Some(true);
        }
    }
    Some(false)
}

/// The memory of a file's mappings; `None` if the kernel does not tell.
pub(crate) fn memory_of(file: &Path) -> Option<Memory> {
    measure(BufReader::new(File::open("/proc/self/smaps").ok()?), file)
}

fn measure(smaps: impl BufRead, file: &Path) -> Option<Memory> {
    let mut memory = Memory::default();
    let mut is_ours = false;
    for line in smaps.lines() {
        let line = line.ok()?;
        let Some((key, value)) = line.split_once(':').filter(|(key, _)| !key.contains(' ')) else {
            is_ours = mapped_file(&line).is_some_and(|mapped| is_file(mapped, file));
            continue;
        };
        let place = match key {
            "Size" => &mut memory.mapped_bytes,
            "Rss" => &mut memory.resident_bytes,
            // not Private_Dirty, which counts pages of a young file that are only not on the disk yet
            "Anonymous" => &mut memory.anonymous_bytes,
            _ => continue,
        };
        if is_ours {
            *place += value.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024;
        }
    }
    Some(memory)
}

/// The path at the end of a line of `maps`: `START-END FLAGS OFFSET DEVICE INODE   PATH`.
fn mapped_file(line: &str) -> Option<&str> {
    line.find('/').map(|at| &line[at..])
}

/// A file that was removed while it is mapped has a mark behind its path.
fn is_file(mapped: &str, file: &Path) -> bool {
    Path::new(mapped) == file || mapped.strip_suffix(" (deleted)").is_some_and(|path| Path::new(path) == file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
7f01000-7f02000 r-xp 00000000 08:01 77                         /stage/x-1.so
Size:                  4 kB
KernelPageSize:        4 kB
Rss:                   4 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
7f02000-7f04000 rw-p 00001000 08:01 77                         /stage/x-1.so (deleted)
Size:                  8 kB
Rss:                   8 kB
Anonymous:             4 kB
7f04000-7f05000 rw-p 00000000 00:00 0
Size:                  4 kB
Rss:                   4 kB
Anonymous:             4 kB
7f06000-7f07000 rw-p 00001000 08:01 78                         /stage/x-1.so.old
Size:                  4 kB
";

    #[test]
    fn the_mappings_of_one_file_are_added_up() {
        let memory = |file| measure(SMAPS.as_bytes(), Path::new(file)).unwrap();
        let expected = Memory { mapped_bytes: 12 << 10, resident_bytes: 12 << 10, anonymous_bytes: 4 << 10 };
        assert_eq!(memory("/stage/x-1.so"), expected);
        assert_eq!(memory("/stage/y.so"), Memory::default());
    }

    #[test]
    fn this_program_is_mapped_and_has_threads() {
        let program = fs::read_link("/proc/self/exe").unwrap();
        assert_eq!(is_mapped(&program), Some(true));
        assert_eq!(is_mapped(Path::new("/nowhere")), Some(false));
        assert!(memory_of(&program).unwrap().resident_bytes > 0);
        assert!(threads() >= 1);
    }
}
