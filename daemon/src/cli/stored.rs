//! What a run begins with: the configuration that was in force last, or the files.
//!
//! A run by the clock that keeps its state begins with the generation that was in force when the last run ended; one
//! that nobody had confirmed is not taken, but the one before it. Files that have changed since are told, and wait for a
//! reload. `--from-files` begins with the files, and so does a run without a state directory.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{
    config::{Problem, Written},
    reload::config::{ConfigSource, StartConfig, Taken, confirmed, latest},
    store::Store,
    systemd,
};

/// What a run begins with; `takes_stored`: it may be what was in force last. `Err` inside: the files have problems, and
/// nothing else is there.
pub(super) fn start_config(
    source: ConfigSource,
    takes_stored: bool,
) -> Result<Result<StartConfig, Vec<Problem>>> {
    let files = source.read();
    let stored = match state_directory(&source, files.as_ref().ok()) {
        Some(directory) if takes_stored && !source.flags.from_files => stored(&directory)?,
        _ => None,
    };
    let Some((written, taken)) = stored else {
        return Ok(files.map(|written| StartConfig { source, written, taken: Taken::Files }));
    };
    let generation = match taken {
        Taken::Stored(generation) | Taken::Reverted { before: generation, .. } => generation,
        Taken::Files => 0,
    };
    match &files {
        Ok(files) if files.digest == written.digest => {}
        Ok(_) => tracing::warn!(
            logger = "config",
            "the files have changed since configuration generation {generation}, which is in force (`stratctl config diff` shows it, `stratctl reload` takes the files)"
        ),
        Err(problems) => {
            for problem in problems {
                tracing::warn!(
                    logger = "config",
                    "the files would be refused, and configuration generation {generation} is in force: {problem}"
                );
            }
        }
    }
    Ok(Ok(StartConfig { source, written, taken }))
}

/// Where the run keeps its state, as far as it can be told before the check; `None` for a backtest, which keeps none.
fn state_directory(source: &ConfigSource, files: Option<&Written>) -> Option<PathBuf> {
    let flags = &source.flags;
    let of_files = |key: &str| files.and_then(|files| files.table.get(key));
    let trading_type = flags.trading_type.as_deref().or(of_files("trading_type").and_then(Value::as_str));
    // what cannot be read says nothing: then the state directory of the unit decides
    if files.is_some() && matches!(trading_type, None | Some("backtest")) {
        return None;
    }
    let of_file = || {
        let dir = of_files("state")?.get("dir")?.as_str()?;
        Some(files?.origins.folder_of("/state/dir")?.join(dir))
    };
    flags.state_dir.clone().or_else(of_file).or_else(|| systemd::directory("STATE_DIRECTORY"))
}

/// The generation that counts, and how it comes to count.
fn stored(directory: &std::path::Path) -> Result<Option<(Written, Taken)>> {
    let what = || format!("the configuration in {}", directory.display());
    let Some(reader) = Store::peek(directory).with_context(what)? else { return Ok(None) };
    if !reader.has_configs().with_context(what)? {
        return Ok(None);
    }
    let rows = reader.configs().with_context(what)?;
    let Some(last) = latest(&rows) else { return Ok(None) };
    let number = last.generation;
    let (generation, taken) = match confirmed(&rows, number) {
        Some(before) if before != number => (before, Taken::Reverted { unconfirmed: number, before }),
        Some(_) => (number, Taken::Stored(number)),
        // nobody confirmed it, and what it goes back to was forgotten
        None => return Ok(None),
    };
    let document = reader.config(generation).with_context(what)?;
    let Some(document) = document else { return Ok(None) };
    let written = Written::from_json(&document).map_err(anyhow::Error::msg).with_context(what)?;
    Ok(Some((written, taken)))
}
