//! `runs.jsonl`: what is known of each combination, one line as soon as it has ended, so that an interrupted sweep goes on.
//!
//! `sweep.json` beside it says what the sweep is of; a sweep of anything else does not go on in the same folder. A line
//! that the end of a process cut is taken off. One process at a time has the folder, by a lock on the journal.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{grid::Grid, row::Row};

/// Larger than any journal of as many rows as a grid has.
const BYTES_MAX: u64 = 4 << 30;

/// What a sweep is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Each parameter with its values.
    pub(crate) params: BTreeMap<String, Vec<String>>,
    /// The order of the parameters.
    pub(crate) order: Vec<String>,
    /// The rest of the configuration, as results show it.
    pub(crate) config: Value,
    /// SHA-256 of each plugin's file.
    pub(crate) plugins: BTreeMap<String, String>,
    /// Size and time of change of each data file.
    pub(crate) data: BTreeMap<String, (u64, i64)>,
}

impl Head {
    /// Begins of a SHA-256 of everything, as a name.
    pub(crate) fn name(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        let digest = Sha256::digest(&text);
        let hex: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("sweep-{hex}")
    }

    /// What differs from another one, in words.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        [
            ("the parameters", (&self.params, &self.order) != (&other.params, &other.order)),
            ("the configuration", self.config != other.config),
            ("the plugins", self.plugins != other.plugins),
            ("the data files", self.data != other.data),
        ]
        .into_iter()
        .find_map(|(what, differs)| differs.then_some(what))
    }
}

/// The journal, open and locked.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
}

impl Journal {
    /// Opens the journal of a folder, which is made if it is missing; with the rows that are known.
    ///
    /// # Errors
    /// The folder has another sweep, another process has it, or it cannot be read or written.
    pub(crate) fn open(folder: &Path, head: &Head, grid: &Grid) -> Result<(Self, Vec<Row>)> {
        fs::create_dir_all(folder).with_context(|| format!("creating the folder {}", folder.display()))?;
        let path = folder.join("runs.jsonl");
        let shown = path.display();
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .with_context(|| format!("opening {shown}"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another process sweeps in {} (accepted: one at a time)", folder.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| format!("locking {shown}")),
        }
        check_head(folder, head)?;
        let size = file.metadata().with_context(|| format!("looking at {shown}"))?.len();
        if size > BYTES_MAX {
            bail!("{shown}: found {size} bytes (accepted: {BYTES_MAX})");
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).with_context(|| format!("reading {shown}"))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < text.len() {
            // the process ended while it wrote
            file.set_len(whole as u64).with_context(|| format!("taking half a line off {shown}"))?;
            file.seek(SeekFrom::End(0)).with_context(|| format!("reading {shown}"))?;
        }
        let mut rows = BTreeMap::new();
        for (index, line) in text[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
            let row: Row =
                serde_json::from_slice(line).with_context(|| format!("{shown}: line {}", index + 1))?;
            if row.number >= grid.len() {
                bail!(
                    "{shown}: line {}: found combination {} (accepted: below {})",
                    index + 1,
                    row.number,
                    grid.len()
                );
            }
            rows.insert(row.number, row);
        }
        Ok((Self { file }, rows.into_values().collect()))
    }

    /// Takes a row up.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn add(&mut self, row: &Row) -> Result<()> {
        let mut line = serde_json::to_vec(row).context("writing a row")?;
        line.push(b'\n');
        self.file.write_all(&line).context("writing runs.jsonl")
    }
}

/// Writes `sweep.json`, or compares the one that is there.
fn check_head(folder: &Path, head: &Head) -> Result<()> {
    let path = folder.join("sweep.json");
    let shown = path.display();
    match fs::read(&path) {
        Ok(text) => {
            let found: Head = serde_json::from_slice(&text).with_context(|| format!("reading {shown}"))?;
            if let Some(what) = head.difference(&found) {
                bail!(
                    "{} has a sweep with other values: {what} differ (accepted: the same sweep, which goes on, or \
                     --output with a new folder)",
                    folder.display()
                );
            }
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            write_whole(&path, &serde_json::to_vec_pretty(head).context("writing sweep.json")?)
        }
        Err(error) => Err(error).with_context(|| format!("reading {shown}")),
    }
}

/// Writes a file that is there whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = path.with_added_extension("new");
    fs::write(&new, bytes).with_context(|| format!("writing {}", new.display()))?;
    fs::rename(&new, path).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{super::param::Param, super::row::RowState, *};

    fn head(fast: &str) -> Head {
        Head {
            params: [("fast".to_owned(), vec![fast.to_owned()])].into(),
            order: vec!["fast".to_owned()],
            config: Value::Null,
            plugins: BTreeMap::new(),
            data: BTreeMap::new(),
        }
    }

    #[test]
    fn what_was_written_is_known_again_and_half_a_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let grid = Grid::new(vec![Param::parse("fast=1..9").unwrap()]).unwrap();
        let rows = [0, 5].map(|number| Row::without_results(number, RowState::Refused, "why"));
        {
            let (mut journal, known) = Journal::open(folder.path(), &head("1"), &grid).unwrap();
            assert!(known.is_empty());
            rows.iter().for_each(|row| journal.add(row).unwrap());
            let busy = Journal::open(folder.path(), &head("1"), &grid).unwrap_err().to_string();
            assert!(busy.starts_with("another process sweeps in "), "{busy}");
        }
        let path = folder.path().join("runs.jsonl");
        let mut torn = fs::read(&path).unwrap();
        torn.extend_from_slice(b"{\"number\":7,\"sta");
        fs::write(&path, torn).unwrap();
        let (mut journal, known) = Journal::open(folder.path(), &head("1"), &grid).unwrap();
        assert_eq!(known, rows);
        journal.add(&Row::without_results(7, RowState::Failed, "x")).unwrap();
        drop(journal);
        let (_journal, known) = Journal::open(folder.path(), &head("1"), &grid).unwrap();
        assert_eq!(known.len(), 3);
    }

    #[test]
    fn another_sweep_does_not_go_on_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let grid = Grid::new(vec![Param::parse("fast=1..9").unwrap()]).unwrap();
        drop(Journal::open(folder.path(), &head("1"), &grid).unwrap());
        let error = Journal::open(folder.path(), &head("2"), &grid).unwrap_err().to_string();
        assert!(error.contains("the parameters differ (accepted: the same sweep, which goes on"), "{error}");
        assert_ne!(head("1").name(), head("2").name());
    }
}
