//! The folder of one run.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use stratd_plugin_api::{Timestamp, TradingType};

/// Runs that start within one second get numbers; beyond this many the folder is refused.
const SAME_SECOND_MAX: u32 = 1_000;

/// The folder of a run. It is made before anything is read, so that an unwritable place is known at once, and it is
/// removed again unless the run starts: a run that cannot start leaves nothing, and `latest` stays where it was.
#[derive(Debug)]
pub struct RunFolder {
    results: PathBuf,
    name: String,
    is_kept: bool,
    is_latest: bool,
}

impl RunFolder {
    /// Creates the folder of a run in `results`, named by the time of its start.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn create(results: &Path, trading_type: TradingType, start: Timestamp) -> Result<Self> {
        let name = create_named_folder(results, trading_type, start)?;
        Ok(Self { results: results.to_owned(), name, is_kept: false, is_latest: true })
    }

    /// Creates the folder of one run of many; `latest` is not about it.
    ///
    /// # Errors
    /// The folder cannot be created, or is there.
    pub(crate) fn create_one_of_many(results: &Path, name: &str) -> Result<Self> {
        let folder = results.join(name);
        fs::create_dir(&folder).with_context(|| format!("creating the folder {}", folder.display()))?;
        Ok(Self { results: results.to_owned(), name: name.to_owned(), is_kept: false, is_latest: false })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.results.join(&self.name)
    }

    /// Its name.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The run starts: the folder stays, and `latest` points to it.
    pub fn keep(&mut self) {
        self.is_kept = true;
        if self.is_latest {
            point_latest(&self.results, &self.name);
        }
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if !self.is_kept {
            // only an empty folder is removed
            let _ = fs::remove_dir(self.path());
        }
    }
}

fn create_named_folder(results: &Path, trading_type: TradingType, start: Timestamp) -> Result<String> {
    fs::create_dir_all(results).with_context(|| format!("creating the folder {}", results.display()))?;
    let seconds = Timestamp::new(start.get() / 1_000_000_000 * 1_000_000_000);
    let stem = format!("{}-{trading_type}", seconds.to_string().replace(':', "-"));
    for number in 1..=SAME_SECOND_MAX {
        let name = if number == 1 { stem.clone() } else { format!("{stem}-{number}") };
        let folder = results.join(&name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("creating the folder {}", folder.display()));
            }
        }
    }
    anyhow::bail!(
        "creating the folder {}: {SAME_SECOND_MAX} runs of this second exist already",
        results.join(stem).display()
    )
}

/// A convenience only: where links are not possible, there is none.
fn point_latest(results: &Path, name: &str) {
    let link = results.join("latest");
    let is_ours = fs::symlink_metadata(&link).is_ok_and(|found| found.file_type().is_symlink());
    if is_ours {
        let _ = fs::remove_file(&link);
    }
    let _ = std::os::unix::fs::symlink(name, &link);
}
