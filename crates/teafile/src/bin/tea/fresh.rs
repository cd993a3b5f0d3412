//! New files: whole, or not there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Makes a file under another name beside it and gives it its name when it is whole. One that is there already is kept,
/// unless its end is wished for.
pub(crate) fn make<T>(path: &Path, force: bool, fill: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    if !force && path.exists() {
        bail!("{}: there is such a file already (expected none, or --force)", path.display());
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(name);
    let done = fill(&part).and_then(|done| {
        fs::rename(&part, path).with_context(|| format!("giving {} its name", path.display()))?;
        Ok(done)
    });
    if done.is_err() {
        // half a file helps nobody, and the error that made it so is the one to tell
        let _ = fs::remove_file(&part);
    }
    done
}
