//! The folders of the best runs so far.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::{
    measure::Measure,
    row::{Row, best},
};

/// Which runs have a folder: `runs/NUMBER` of the folder of the sweep.
pub(crate) struct Kept {
    folder: PathBuf,
    count: usize,
    by: (usize, Measure),
    /// The best so far with their merit, the best first.
    ranked: Vec<(f64, u64)>,
}

impl Kept {
    /// Goes on with what is known.
    pub(crate) fn new(folder: &Path, count: usize, by: (usize, Measure), known: &[Row]) -> Self {
        let ranked = best(known, by, count);
        let ranked = ranked.into_iter().filter_map(|row| Some((row.merit(by)?, row.number))).collect();
        Self { folder: folder.join("runs"), count, by, ranked }
    }

    /// Keeps the folder that a run has left at `work`, and drops the one that is not among the best any more.
    ///
    /// # Errors
    /// A folder cannot be moved or removed.
    pub(crate) fn take(&mut self, row: &Row, work: &Path) -> Result<()> {
        let Some(merit) = row.merit(self.by).filter(|_| self.count > 0) else { return remove(work) };
        let place = self.ranked.partition_point(|(known, number)| {
            known.total_cmp(&merit).reverse().then(number.cmp(&row.number)).is_lt()
        });
        if place >= self.count {
            return remove(work);
        }
        self.ranked.insert(place, (merit, row.number));
        let to = self.folder.join(row.number.to_string());
        fs::create_dir_all(&self.folder).with_context(|| format!("creating {}", self.folder.display()))?;
        // of an interrupted sweep
        remove(&to)?;
        fs::rename(work, &to).with_context(|| format!("moving {} to {}", work.display(), to.display()))?;
        if self.ranked.len() > self.count
            && let Some((_, worst)) = self.ranked.pop()
        {
            remove(&self.folder.join(worst.to_string()))?;
        }
        Ok(())
    }

    /// Removes what an interrupted sweep has left and is not among the best.
    ///
    /// # Errors
    /// A folder cannot be removed.
    pub(crate) fn tidy(&self) -> Result<()> {
        let Ok(found) = fs::read_dir(&self.folder) else { return Ok(()) };
        for entry in found.flatten() {
            let number = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
            if number.is_some_and(|number| self.ranked.iter().all(|(_, known)| *known != number)) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// Removes a folder that may be missing.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", folder.display()))
        }
        _ => Ok(()),
    }
}
