//! The file: opened and read, appended to, made anew.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{BufRead as _, BufReader, BufWriter, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::Record;

const FILE: &str = "venue.jsonl";
const NEW_FILE: &str = "venue.jsonl.new";
const LOCK: &str = "lock";

/// The state file of a running server, which is the only one that has it.
#[derive(Debug)]
pub(crate) struct StateFile {
    file: File,
    path: PathBuf,
    /// The line under way; kept for its memory.
    line: Vec<u8>,
    /// Held for as long as this lives.
    _lock: File,
}

impl StateFile {
    /// Takes the folder, made if it is not there, and reads what is in it, line by line; a torn last line is cut off.
    pub(crate) fn open(folder: &Path, mut each: impl FnMut(Record) -> Result<()>) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
        let lock_path = folder.join(LOCK);
        let lock = File::create(&lock_path).with_context(|| format!("opening {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another stratd-synthetic uses {} (accepted: a folder of its own)", folder.display())
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", lock_path.display()));
            }
        }
        let path = folder.join(FILE);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        let whole = read(&file, &path, &mut each)?;
        file.set_len(whole).with_context(|| format!("cutting {}", path.display()))?;
        (&file).seek(std::io::SeekFrom::End(0)).with_context(|| format!("reading {}", path.display()))?;
        Ok(Self { file, path, line: Vec::new(), _lock: lock })
    }

    /// Adds the records of one operation: one line, one call.
    pub(crate) fn append(&mut self, records: &[Record]) -> Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, records).context("writing a record")?;
        self.line.push(b'\n');
        self.file.write_all(&self.line).with_context(|| format!("writing {}", self.path.display()))
    }

    /// Replaces all lines; a crash leaves the old ones or the new ones.
    pub(crate) fn replace(&mut self, lines: impl Iterator<Item = Vec<Record>>) -> Result<()> {
        let new_path = self.path.with_file_name(NEW_FILE);
        let file = File::create(&new_path).with_context(|| format!("making {}", new_path.display()))?;
        let mut writer = BufWriter::new(file);
        for records in lines {
            serde_json::to_writer(&mut writer, &records).context("writing a record")?;
            writer.write_all(b"\n").with_context(|| format!("writing {}", new_path.display()))?;
        }
        let file = writer.into_inner().with_context(|| format!("writing {}", new_path.display()))?;
        file.sync_all().with_context(|| format!("writing {}", new_path.display()))?;
        fs::rename(&new_path, &self.path).with_context(|| format!("replacing {}", self.path.display()))?;
        self.file = file;
        Ok(())
    }

    /// Makes everything durable.
    pub(crate) fn close(self) -> Result<()> {
        self.file.sync_all().with_context(|| format!("writing {}", self.path.display()))
    }
}

/// Reads all whole lines; how many bytes they are.
fn read(file: &File, path: &Path, each: &mut impl FnMut(Record) -> Result<()>) -> Result<u64> {
    let mut reader = BufReader::new(file);
    let (mut line, mut bytes, mut number) = (Vec::new(), 0, 0_u64);
    loop {
        line.clear();
        let read =
            reader.read_until(b'\n', &mut line).with_context(|| format!("reading {}", path.display()))?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok(bytes);
        }
        number += 1;
        let at = || format!("reading {}: line {number}", path.display());
        let records: Vec<Record> = serde_json::from_slice(&line).with_context(at)?;
        for record in records {
            each(record).with_context(at)?;
        }
        bytes += read as u64;
    }
}
