//! Files that were made survive a loss of power before anything is written to them.
//!
//! Each file takes a sync of its own and one of its folder, milliseconds each; at the start of a day there are as many
//! files as instruments times kinds. Folders are synced once for all of their files, and where there are more than
//! [`ONE_BY_ONE_MAX`], one call syncs the whole file system, which has to write what others left as well.

use std::{
    collections::BTreeSet,
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use nix::unistd::syncfs;

/// So many files are synced one by one: about as long as one sync of a busy file system.
const ONE_BY_ONE_MAX: usize = 16;

/// Syncs files below `root` that were made, and their names.
///
/// # Errors
/// The disk fails.
pub(super) fn sync(root: &Path, files: &[PathBuf]) -> Result<()> {
    if files.len() > ONE_BY_ONE_MAX {
        let synced = File::open(root).and_then(|root| syncfs(&root).map_err(Into::into));
        return synced.with_context(|| format!("syncing {} new files in {}", files.len(), root.display()));
    }
    let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    for path in files.iter().map(PathBuf::as_path).chain(folders) {
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.with_context(|| format!("syncing {}", path.display()))?;
    }
    Ok(())
}
