//! Where a replay finds the builds of plugins that were recorded: by their hash, wherever they are.
//!
//! The file that a build was loaded from may have another one by now, because reloads replace it. So each place is
//! looked at in turn: files that were named, folders that were named, where it was, private copies of daemons that run,
//! the usual folders; in folders every file whose name begins as that of the plugin does.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Result, bail};

use super::ReplayOptions;
use crate::{
    config::PluginKind,
    host::{self, Candidate, LoadedPlugin},
    plugins::{PluginSettings, Plugins},
};

/// So many files of one folder are looked at.
const FILES_MAX: usize = 1_000;
/// So much of a hash is in the name of a private copy.
const HASH_IN_NAME: usize = 16;

/// Where plugins are looked for.
pub(super) struct Search {
    plugins: Plugins,
    /// The folders that were asked for.
    asked: Vec<PathBuf>,
    /// Files that were named, with the plugin that they are.
    named: Vec<(String, PathBuf)>,
    takes_other_builds: bool,
    /// By the hash that was recorded; true if it is that build.
    found: BTreeMap<String, (Arc<LoadedPlugin>, bool)>,
}

/// A build that was recorded.
pub(super) struct Wanted<'a> {
    pub(super) strategy: &'a str,
    pub(super) plugin: &'a str,
    pub(super) version: &'a str,
    /// Where it was.
    pub(super) file: &'a str,
    pub(super) sha256: &'a str,
}

impl Search {
    pub(super) fn new(options: &ReplayOptions) -> Result<Self> {
        let settings =
            PluginSettings { directories: options.plugin_dirs.clone(), ..PluginSettings::default() };
        Ok(Self {
            plugins: Plugins::new(settings)?,
            asked: options.plugin_dirs.clone(),
            named: options.plugins.clone(),
            takes_other_builds: options.allow_other_build,
            found: BTreeMap::new(),
        })
    }

    /// The build that was recorded, wherever it is; or another one, if that is allowed and the recorded one is not asked for
    /// by its file or folder. True if it is the recorded one.
    ///
    /// # Errors
    /// It is nowhere; which file with which hash is needed, and what was found in its place.
    pub(super) fn plugin_of(&mut self, wanted: &Wanted<'_>) -> Result<(Arc<LoadedPlugin>, bool)> {
        if let Some(known) = self.found.get(wanted.sha256) {
            return Ok(known.clone());
        }
        let found = self.look_for(wanted)?;
        self.found.insert(wanted.sha256.to_owned(), found.clone());
        Ok(found)
    }

    fn look_for(&self, wanted: &Wanted<'_>) -> Result<(Arc<LoadedPlugin>, bool)> {
        let Wanted { strategy, plugin, version, sha256, .. } = wanted;
        let mut tried = Vec::new();
        let mut other = None;
        for (path, is_asked) in self.candidates(wanted) {
            let candidate = match self.plugins.read(&path) {
                Ok(candidate) => candidate,
                Err(refusal) => {
                    tried.push(refusal.to_string());
                    continue;
                }
            };
            if candidate.hash() == *sha256 {
                return Ok((taken_up(candidate)?, true));
            }
            tried.push(format!("{} has sha256 {}", path.display(), short(candidate.hash())));
            if self.takes_other_builds {
                other.get_or_insert(candidate);
                // what was named is meant, even if the recorded build is elsewhere
                if is_asked {
                    break;
                }
            }
        }
        if let Some(candidate) = other {
            return Ok((taken_up(candidate)?, false));
        }
        let tried = if tried.is_empty() { "none was found".to_owned() } else { tried.join("; ") };
        bail!(
            "strategy {strategy}: the build of {plugin} {version} that was recorded is needed, with sha256 {}: {tried} (accepted: --plugin {plugin}=FILE with that build, --plugin-dir with the folder that has it, or --allow-other-build to compare another one)",
            short(sha256)
        )
    }

    /// Files that may be the plugin, in the order in which they are looked at; true for what was named.
    fn candidates(&self, wanted: &Wanted<'_>) -> Vec<(PathBuf, bool)> {
        let short_name = |name: &str| name.strip_prefix(PluginKind::Strategy.prefix()).map(str::to_owned);
        let own = short_name(wanted.plugin).unwrap_or_else(|| wanted.plugin.to_owned());
        let is_own = |name: &str| name == wanted.plugin || name == own;
        let mut all: Vec<(PathBuf, bool)> = self
            .named
            .iter()
            .filter(|(name, _)| is_own(name))
            .map(|(_, file)| (file.clone(), true))
            .collect();
        let stem = format!("lib{}_{}", PluginKind::Strategy, own.replace('-', "_"));
        for folder in &self.asked {
            all.extend(files(folder, &stem).into_iter().map(|path| (path, true)));
        }
        let recorded = Path::new(wanted.file);
        if recorded.is_file() {
            all.push((recorded.to_owned(), false));
        }
        all.extend(staged(wanted.sha256).into_iter().map(|path| (path, false)));
        let beside = recorded.parent().map(Path::to_owned);
        for folder in beside.into_iter().chain(self.plugins.directories()) {
            all.extend(files(&folder, &stem).into_iter().map(|path| (path, false)));
        }
        let mut known = Vec::new();
        all.retain(|(path, _)| {
            let is_new = !known.contains(path);
            known.push(path.clone());
            is_new
        });
        all
    }
}

/// Takes a build up by itself: to one that runs plugins, two files of one name are a mistake.
fn taken_up(candidate: Candidate) -> Result<Arc<LoadedPlugin>> {
    Ok(Plugins::new(PluginSettings::default())?.take_up(candidate, &[])?)
}

/// The files of a folder whose names begin so: the one that a daemon would take first, then others, which may be kept
/// builds, as in `libstrategy_x.so.1.2`.
fn files(folder: &Path, stem: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let usual = format!("{stem}.so");
    let names = entries.flatten().take(FILES_MAX).map(|entry| entry.file_name());
    let mut names: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with(stem)).collect();
    names.sort_by_key(|name| (name.to_string_lossy() != usual, name.clone()));
    names.into_iter().map(|name| folder.join(name)).filter(|path| path.is_file()).collect()
}

/// The private copies of this build that daemons of this user have now.
fn staged(sha256: &str) -> Vec<PathBuf> {
    let Ok(stages) = fs::read_dir(host::stage_base()) else { return Vec::new() };
    let mark = format!("-{}-", sha256.get(..HASH_IN_NAME).unwrap_or(sha256));
    let stages =
        stages.flatten().filter(|stage| stage.file_name().to_string_lossy().starts_with("stratd-stage-"));
    let copies =
        stages.take(FILES_MAX).filter_map(|stage| fs::read_dir(stage.path()).ok()).flatten().flatten();
    copies.map(|copy| copy.path()).filter(|path| path.to_string_lossy().contains(&mark)).collect()
}

/// Enough of a hash to tell builds apart.
fn short(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}
