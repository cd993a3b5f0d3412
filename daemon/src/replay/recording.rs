//! A recording as a folder: where it is, what it begins with, its texts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use stratd_plugin_api::{TextTable, abi};

use super::reading::Parts;
use crate::{
    recorder::{FORMAT, HEAD_FILE, Head, HeadState, RECORDING, sha256, texts_form},
    runtime::Services,
};

/// The largest head: a million instruments.
const HEAD_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// A recording that was found.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) folder: PathBuf,
    pub(super) head: Head,
}

impl Recording {
    /// Opens a recording; of a folder with several, the last one.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let folder = if path.join(HEAD_FILE).is_file() { path.to_owned() } else { last_in(path)? };
        let file = folder.join(HEAD_FILE);
        let what = || format!("reading {}", file.display());
        let size = fs::metadata(&file).with_context(what)?.len();
        if size > HEAD_BYTES_MAX {
            bail!("{}: {size} bytes (accepted: at most {HEAD_BYTES_MAX})", file.display());
        }
        let bytes = fs::read(&file).with_context(what)?;
        let format = serde_json::from_slice::<serde_json::Value>(&bytes).with_context(what)?;
        let format = format.get("format").and_then(serde_json::Value::as_u64);
        if format != Some(u64::from(FORMAT)) {
            let found = format.map_or_else(|| "none".to_owned(), |format| format.to_string());
            bail!("{}: format {found} (accepted: {FORMAT})", file.display());
        }
        let head = serde_json::from_slice(&bytes).with_context(what)?;
        Ok(Self { folder, head })
    }

    /// The records of the instruments.
    pub(super) fn instruments(&self) -> Result<Vec<abi::InstrumentRecord>> {
        let records = self.head.instruments.iter().map(|instrument| instrument.record());
        records.collect::<Option<_>>().context("head.json has an instrument with more than 4 sessions")
    }

    /// Makes the texts of the recording known under their handles.
    pub(super) fn know_texts(&self, services: &Services) -> Result<()> {
        let mut texts = Parts::open(&self.folder, &texts_form())?;
        while let Some((handle, text)) = texts.next()? {
            let text = String::from_utf8(text).context("texts.tea has a text that is not UTF-8")?;
            let known = if TextTable::is_payload(handle) {
                services.texts().payload_again(handle, &text)
            } else {
                services.texts().intern(&text)
            };
            if known != handle {
                bail!(
                    "texts.tea: the text {text:?} has the number {handle} (accepted: {known}, the next one)"
                );
            }
        }
        Ok(())
    }

    /// A saved state.
    pub(super) fn state(&self, state: &HeadState) -> Result<Vec<u8>> {
        let path = self.folder.join(&state.file);
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let found = sha256(&bytes);
        if found != state.sha256 {
            bail!("{}: sha256 {found} (accepted: {}, as recorded)", path.display(), state.sha256);
        }
        Ok(bytes)
    }
}

/// The last recording in a folder: names begin with the time.
fn last_in(path: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(path).with_context(|| format!("reading the recording {}", path.display()))?;
    let mut found: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(RECORDING) && path.join(HEAD_FILE).is_file())
        .collect();
    found.sort();
    found.pop().with_context(|| {
        format!(
            "{} is no recording, and has none in it (accepted: a folder NAME{RECORDING}, which `inputs = true` in [recorder] makes)",
            path.display()
        )
    })
}
