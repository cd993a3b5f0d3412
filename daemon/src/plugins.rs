//! Plugins by name: where they are searched, and what the check needs to know of them.

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use crate::{
    check::{PluginFacts, PluginLookup},
    config::PluginKind,
    host::{
        self, Accepted, Candidate, LoadedPlugin, Loader, Probe, Refusal, Run, Trial, TrustOptions,
        TrustPolicy, Verified,
    },
    runtime::{Services, notify, trial_host},
};

use serde_json::Value;
use stratd_plugin_api::{TradingType, abi::plugin_flag};

/// Where packages put plugins.
const SYSTEM_DIR: &str = "/usr/lib/stratd/plugins";

/// Loads plugins by name.
pub struct Plugins {
    loader: Loader,
    /// Changed while a run goes on, by the thread of its plugins alone.
    directories: RwLock<Vec<PathBuf>>,
    probe: Option<Probe>,
    /// Those that were loaded, if each name is loaded once.
    kept: Option<Mutex<Vec<Known>>>,
}

/// A plugin by what it was asked for as.
type Known = (PluginKind, String, Arc<LoadedPlugin>);

/// What the plugins of a run are looked for and looked at with.
#[derive(Clone, Debug, Default)]
pub struct PluginSettings {
    /// Searched before the defaults.
    pub directories: Vec<PathBuf>,
    /// Whose files are taken.
    pub trust: TrustOptions,
    /// Opens plugins first, so that one which crashes takes a child with it. A backtest, which has nothing to lose,
    /// opens them at once.
    pub probe: Option<Probe>,
}

impl Plugins {
    /// Searches the directories of the settings, then the defaults: `STRATD_PLUGINS`, `plugins` beside the folder of this
    /// program (`target/plugins` in the source tree), and `/usr/lib/stratd/plugins`.
    ///
    /// # Errors
    /// The private copies of plugins have no place, or nobody can be trusted as the settings say.
    pub fn new(settings: PluginSettings) -> anyhow::Result<Self> {
        let PluginSettings { directories, trust, probe } = settings;
        let trust = TrustPolicy::new(&trust).map_err(|wrong| {
            let wrong = wrong.join("; plugins.trust: ");
            anyhow::anyhow!("plugins.trust: {wrong}")
        })?;
        let directories = RwLock::new(searched(directories));
        Ok(Self { loader: Loader::with_trust(&host::stage_base(), trust)?, directories, probe, kept: None })
    }

    /// Loads each name once and keeps to that, whatever is put in its place: a sweep is of one content of each plugin, and
    /// reading and hashing the files again was half of the time of each of its runs.
    #[must_use]
    pub fn keeping(self) -> Self {
        Self { kept: Some(Mutex::default()), ..self }
    }

    /// The folders that are searched, in order.
    #[must_use]
    pub fn directories(&self) -> Vec<PathBuf> {
        self.directories.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Searches other folders from now on, before the defaults; those of before.
    pub(crate) fn search(&self, directories: Vec<PathBuf>) -> Vec<PathBuf> {
        let mut known = self.directories.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *known, searched(directories))
    }

    /// Searches the folders again that [`Plugins::search`] returned.
    pub(crate) fn search_again(&self, directories: Vec<PathBuf>) {
        *self.directories.write().unwrap_or_else(PoisonError::into_inner) = directories;
    }

    /// Finds and loads a plugin: through the probe if there is one, and then its library is not opened here before an
    /// instance needs it.
    ///
    /// # Errors
    /// There is none of this name, or a step of loading refused it.
    pub fn load(&self, kind: PluginKind, name: &str) -> Result<Arc<LoadedPlugin>, Refusal> {
        let Some(kept) = &self.kept else { return self.load_anew(kind, name) };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().find(|(of_kind, known, _)| *of_kind == kind && known == name);
        if let Some((.., plugin)) = known {
            return Ok(Arc::clone(plugin));
        }
        let plugin = self.load_anew(kind, name)?;
        kept.push((kind, name.to_owned(), Arc::clone(&plugin)));
        Ok(plugin)
    }

    fn load_anew(&self, kind: PluginKind, name: &str) -> Result<Arc<LoadedPlugin>, Refusal> {
        let file = host::find(kind, name, &self.directories())?;
        notify::starts(format_args!("examines {}", file.display()));
        let Some(probe) = &self.probe else { return self.loader.load(&file) };
        let candidate = self.loader.read(&file)?;
        if let Some(known) = self.loader.of_hash(candidate.hash()) {
            return Ok(known);
        }
        let verified = self.loader.verify(candidate)?;
        let accepted = probe.examine(verified.copy(), verified.identity(), &[])?;
        self.loader.adopt(verified, accepted)
    }

    /// Reads a file once.
    ///
    /// # Errors
    /// As [`Loader::read`].
    pub fn read(&self, file: &Path) -> Result<Candidate, Refusal> {
        self.loader.read(file)
    }

    /// Takes a file up that was read. With a probe it is examined first, with these instances.
    ///
    /// # Errors
    /// A step refused.
    pub fn take_up(&self, candidate: Candidate, trials: &[Trial<'_>]) -> Result<Arc<LoadedPlugin>, Refusal> {
        let verified = self.loader.verify(candidate)?;
        let Some(probe) = &self.probe else { return self.loader.open(verified) };
        let accepted = probe.examine(verified.copy(), verified.identity(), trials)?;
        self.loader.adopt(verified, accepted)
    }

    /// What would become of a file; nothing is taken up.
    ///
    /// # Errors
    /// A step refused.
    pub fn inspect(&self, file: &Path) -> Result<Accepted, Refusal> {
        self.rehearse(self.loader.read(file)?, &[])
    }

    /// What would become of a file that was read, with these instances; nothing is taken up.
    ///
    /// # Errors
    /// A step refused.
    pub fn rehearse(&self, candidate: Candidate, trials: &[Trial<'_>]) -> Result<Accepted, Refusal> {
        let verified: Verified = self.loader.verify(candidate)?;
        self.probe.clone().unwrap_or_default().examine(verified.copy(), verified.identity(), trials)
    }
}

/// What was asked for, and the defaults.
fn searched(directories: Vec<PathBuf>) -> Vec<PathBuf> {
    // what was asked for is searched even if it is not there, so that messages name it
    let asked = directories.len();
    let mut all = directories;
    all.extend(env::var_os("STRATD_PLUGINS").filter(|dir| !dir.is_empty()).map(PathBuf::from));
    all.extend(env::current_exe().ok().and_then(|exe| Some(exe.parent()?.parent()?.join("plugins"))));
    all.push(PathBuf::from(SYSTEM_DIR));
    let mut seen = BTreeSet::new();
    let mut index = 0;
    all.retain(|dir| {
        index += 1;
        let is_wanted = index <= asked || dir.is_dir();
        is_wanted && seen.insert(dir.canonicalize().unwrap_or_else(|_| dir.clone()))
    });
    all
}

impl PluginLookup for Plugins {
    fn find(&self, kind: PluginKind, name: &str) -> Result<PluginFacts, String> {
        let plugin = self.load(kind, name).map_err(|refusal| refusal.to_string())?;
        let manifest = plugin.manifest();
        Ok(PluginFacts {
            kind: manifest.kind,
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            config_schema: manifest.config_schema.to_string(),
            market_data: manifest.has_flag(plugin_flag::MARKET_DATA),
            order_entry: manifest.has_flag(plugin_flag::ORDER_ENTRY),
            trading_types: manifest.trading_types(),
            instrument_types: manifest.instrument_types(),
        })
    }

    fn create(
        &self,
        kind: PluginKind,
        name: &str,
        config: &Value,
        trading_type: TradingType,
    ) -> Result<(), String> {
        notify::starts(format_args!("tries the configuration of {name}"));
        if let Some(probe) = &self.probe {
            let file = host::find(kind, name, &self.directories()).map_err(|refusal| refusal.to_string())?;
            let trial = Trial { instance: name, config, run: trading_type, state: None };
            let tried = self
                .loader
                .read(&file)
                .and_then(|candidate| self.loader.verify(candidate))
                .and_then(|verified| probe.examine(verified.copy(), verified.identity(), &[trial]));
            return tried.map(drop).map_err(|refusal| refusal.found);
        }
        let plugin = self.load(kind, name).map_err(|refusal| refusal.to_string())?;
        let services = Arc::new(Services::default());
        let made = match kind {
            PluginKind::Strategy => {
                let run = Run { trading_type, clock: None };
                plugin.create_strategy(name, config, run, services).map(drop)
            }
            PluginKind::Exchange => {
                plugin.create_exchange(name, config, trial_host(name, trading_type, &services)).map(drop)
            }
            PluginKind::Log => return Err("a plugin of the log, which has no instances".to_owned()),
        };
        made.map_err(|refusal| refusal.found)
    }

    fn names(&self, kind: PluginKind) -> Vec<String> {
        host::names(kind, &self.directories()).into_iter().collect()
    }
}
