//! From paths to files.

use std::{fs, path::Path};

use stratd_plugin_api::{Error, Result};

/// Files of one connector: those of a recording are one for each instrument, kind and day.
pub(crate) const FILES_MAX: usize = 65_536;
/// Folders within folders, so that a link to a folder above cannot lead round and round.
const DEPTH_MAX: usize = 8;

/// The recording of a whole run is no market data, and lies beside it.
const RECORDING: &str = "recording";

/// The files of `paths` in their order; of a folder those whose name ends in `.tea`, in it and below, by their names, but
/// for folders `*.recording`.
pub(crate) fn find(paths: &[String]) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for path in paths {
        let known = fs::metadata(path).map_err(|error| {
            Error::new(format!("{path}: {error} (accepted: a TeaFile, or a folder of some)"))
        })?;
        if known.is_dir() {
            let before = files.len();
            look_into(Path::new(path), DEPTH_MAX, &mut files)?;
            if files.len() == before {
                return Err(Error::new(format!(
                    "{path}: no file in this folder or below ends in .tea (accepted: a folder with TeaFiles)"
                )));
            }
        } else {
            files.push(path.clone());
        }
        if files.len() > FILES_MAX {
            return Err(Error::new(format!("{path}: more than {FILES_MAX} files (accepted: fewer)")));
        }
    }
    let mut sorted: Vec<_> = files.iter().collect();
    sorted.sort();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::new(format!(
            "{} is named twice, which would double its items (accepted: once)",
            twice[0]
        )));
    }
    Ok(files)
}

fn look_into(folder: &Path, depth: usize, files: &mut Vec<String>) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::new(format!("{}: {error} (accepted: a folder of TeaFiles)", folder.display()))
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if depth > 0 && path.extension().is_none_or(|extension| extension != RECORDING) {
                look_into(&path, depth - 1, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "tea") {
            let Some(text) = path.to_str() else {
                return Err(Error::new(format!(
                    "{}: the name is no UTF-8 text (accepted: one that is)",
                    path.display()
                )));
            };
            files.push(text.to_owned());
        }
        if files.len() > FILES_MAX {
            break;
        }
    }
    Ok(())
}
