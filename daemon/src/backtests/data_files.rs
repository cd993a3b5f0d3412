//! How much of its data files a process has read: what the kernel knows of the positions of its descriptors.
//!
//! The progress of a backtest by time would need the end of the data, which nobody knows before it was read. Connectors
//! read their files from the beginning to the end, once for their instruments and once for their events; the second
//! time is what counts. A connector that reads a file otherwise, or none, has no progress in percent.

use std::{collections::BTreeMap, fs, os::unix::fs::MetadataExt as _};

use serde_json::Value;

/// Files that are looked at; further ones are left out, and there is no percentage.
const FILES_MAX: usize = 1_000;

/// The data files of a run, by device and number.
#[derive(Debug)]
pub(crate) struct DataFiles {
    sizes: BTreeMap<(u64, u64), u64>,
    /// The furthest that was seen of each: a file is closed when it was read.
    read: BTreeMap<(u64, u64), u64>,
}

impl DataFiles {
    /// Those that the configurations of connectors name, as they are after their paths were resolved. `None` if there is
    /// none, or too many.
    pub(crate) fn of(configs: impl Iterator<Item = Value>) -> Option<Self> {
        let mut sizes = BTreeMap::new();
        for config in configs {
            collect(&config, &mut sizes);
        }
        let is_usable = (1..=FILES_MAX).contains(&sizes.len()) && sizes.values().any(|size| *size > 0);
        is_usable.then(|| Self { sizes, read: BTreeMap::new() })
    }

    /// Bytes read so far, of all bytes.
    pub(crate) fn look(&mut self) -> (u64, u64) {
        for entry in fs::read_dir("/proc/self/fd").into_iter().flatten().flatten() {
            let Ok(facts) = fs::metadata(entry.path()) else { continue };
            let file = (facts.dev(), facts.ino());
            let Some(size) = self.sizes.get(&file) else { continue };
            let name = entry.file_name();
            let info =
                fs::read_to_string(format!("/proc/self/fdinfo/{}", name.display())).unwrap_or_default();
            let position =
                info.lines().find_map(|line| line.strip_prefix("pos:")?.trim().parse::<u64>().ok());
            if let Some(position) = position {
                let read = self.read.entry(file).or_default();
                *read = (*read).max(position.min(*size));
            }
        }
        (self.read.values().sum(), self.sizes.values().sum())
    }
}

fn collect(value: &Value, sizes: &mut BTreeMap<(u64, u64), u64>) {
    match value {
        Value::String(text) => {
            if let Ok(facts) = fs::metadata(text)
                && facts.is_file()
            {
                sizes.insert((facts.dev(), facts.ino()), facts.len());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, sizes)),
        Value::Object(table) => table.values().for_each(|item| collect(item, sizes)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_read_of_the_files_of_a_configuration_is_seen_and_not_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: usize| {
            let path = folder.path().join(name);
            fs::write(&path, vec![0; bytes]).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (first, second) = (file("a", 100), file("b", 300));
        let config = json!({ "file": first, "more": [{ "file": second }, "nowhere", 5, first] });
        let mut files = DataFiles::of([config].into_iter()).unwrap();
        assert_eq!(files.look(), (0, 400));
        let mut opened = fs::File::open(&second).unwrap();
        opened.read_exact(&mut [0; 150]).unwrap();
        assert_eq!(files.look(), (150, 400));
        drop(opened);
        assert_eq!(files.look(), (150, 400));
        assert!(DataFiles::of([json!({ "steps": 5 })].into_iter()).is_none());
    }
}
