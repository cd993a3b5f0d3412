//! The folder of one run.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use stratd_plugin_api::{Timestamp, TradingType};

/// Runs that start within one second get numbers; beyond this many the folder is refused.
const SAME_SECOND_MAX: u32 = 1_000;

/// Creates the folder of a run in `results`, named by the time of its start, and points `latest` to it.
///
/// # Errors
/// The folder cannot be created.
pub fn create_run_folder(results: &Path, trading_type: TradingType, start: Timestamp) -> Result<PathBuf> {
    fs::create_dir_all(results).with_context(|| format!("creating the folder {}", results.display()))?;
    let seconds = Timestamp::new(start.get() / 1_000_000_000 * 1_000_000_000);
    let stem = format!("{}-{trading_type}", seconds.to_string().replace(':', "-"));
    for number in 1..=SAME_SECOND_MAX {
        let name = if number == 1 { stem.clone() } else { format!("{stem}-{number}") };
        let folder = results.join(&name);
        match fs::create_dir(&folder) {
            Ok(()) => {
                point_latest(results, &name);
                return Ok(folder);
            }
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
