//! From a file to a plugin whose instances can be created.
#![expect(unsafe_code, reason = "vouches that a table belongs to a loaded library")]

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use stratd_plugin_api::{ExchangeHost, ExchangeInstance, StrategyInstance, StrategyServices};

use crate::plugin_kind::PluginKind;

use super::{
    elf,
    exchange::HostedExchange,
    instance::Run,
    library::{Library, Table},
    manifest::Manifest,
    refusal::{Identity, Problem, Refusal, Step},
    stage::{self, Stage},
    strategy::HostedStrategy,
};

/// Loads plugins and remembers them.
pub struct Loader {
    stage: Stage,
    // Libraries are never closed, so neither are these forgotten. Held for look-ups only, never across a call of a plugin.
    loaded: Mutex<Vec<Arc<LoadedPlugin>>>,
}

impl Loader {
    /// A loader that keeps its private copies in a directory of its own below `stage_base`.
    ///
    /// # Errors
    /// No such directory can be made there.
    pub fn new(stage_base: &Path) -> Result<Self, Refusal> {
        let stage = Stage::new(stage_base)
            .map_err(|p| p.of(&Identity { file: stage_base.to_owned(), ..Identity::default() }))?;
        Ok(Self { stage, loaded: Mutex::default() })
    }

    /// Loads a plugin. The same content again, under whatever path, is the same plugin; new content under the path of
    /// a loaded plugin is a new one beside it.
    ///
    /// # Errors
    /// A step refused; nothing else changed.
    pub fn load(&self, file: &Path) -> Result<Arc<LoadedPlugin>, Refusal> {
        self.load_observed(file, &mut |_, _| {})
    }

    /// As [`Loader::load`]; `observe` hears each step before it is taken, and what is known of the plugin by then.
    ///
    /// # Errors
    /// As [`Loader::load`].
    pub fn load_observed(
        &self,
        file: &Path,
        observe: &mut dyn FnMut(Step, &Identity),
    ) -> Result<Arc<LoadedPlugin>, Refusal> {
        let mut identity = Identity { file: file.to_owned(), ..Identity::default() };
        self.steps(&mut identity, observe).map_err(|problem| problem.of(&identity))
    }

    /// All plugins that were loaded, in the order of loading.
    #[must_use]
    pub fn loaded(&self) -> Vec<Arc<LoadedPlugin>> {
        self.lock().clone()
    }

    /// The steps in order; `identity` grows on the way.
    fn steps(
        &self,
        identity: &mut Identity,
        observe: &mut dyn FnMut(Step, &Identity),
    ) -> Result<Arc<LoadedPlugin>, Problem> {
        observe(Step::Read, identity);
        let content = stage::read(&identity.file)?;
        identity.hash = Some(content.hash.clone());
        if let Some(same) = self.of_hash(&content.hash) {
            return Ok(same);
        }
        observe(Step::Elf, identity);
        identity.build_id = elf::check(&content.bytes)?.build_id;
        observe(Step::Stage, identity);
        let copy = self.stage.put(&identity.file, &content)?;
        observe(Step::Open, identity);
        let library = Library::open(&copy)?;
        let contract = library.contract(identity, observe)?;
        observe(Step::Name, identity);
        self.add(LoadedPlugin {
            identity: identity.clone(),
            manifest: contract.manifest,
            table: contract.table,
            is_layout_checked: contract.is_layout_checked,
        })
    }

    /// Takes a plugin up, unless another file carries its name.
    fn add(&self, plugin: LoadedPlugin) -> Result<Arc<LoadedPlugin>, Problem> {
        let mut loaded = self.lock();
        // another thread may have loaded the same content meanwhile
        if let Some(same) = loaded.iter().find(|p| p.identity.hash == plugin.identity.hash) {
            return Ok(Arc::clone(same));
        }
        let file = canonical(plugin.file());
        let other =
            loaded.iter().find(|p| p.manifest.name == plugin.manifest.name && canonical(p.file()) != file);
        if let Some(other) = other {
            return Err(Problem::new(
                Step::Name,
                format!("the name {} that {} has, too", plugin.manifest.name, other.file().display()),
                "one file of each name",
            ));
        }
        let plugin = Arc::new(plugin);
        loaded.push(Arc::clone(&plugin));
        Ok(plugin)
    }

    fn of_hash(&self, hash: &str) -> Option<Arc<LoadedPlugin>> {
        self.lock().iter().find(|p| p.hash() == hash).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<LoadedPlugin>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader").field("loaded", &self.lock().len()).finish_non_exhaustive()
    }
}

/// The path without links; the path itself once the file is gone.
fn canonical(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
}

/// A plugin whose library is mapped and whose contract was checked.
pub struct LoadedPlugin {
    identity: Identity,
    manifest: Manifest,
    table: Table,
    is_layout_checked: bool,
}

impl LoadedPlugin {
    /// What the plugin says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Which plugin it is; its `Display` belongs into every message about it.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The file that it was loaded from; it may have changed since.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.identity.file
    }

    /// SHA-256 of the content that was loaded.
    #[must_use]
    pub fn hash(&self) -> &str {
        self.identity.hash.as_deref().unwrap_or_default()
    }

    /// The build id, if it has one.
    #[must_use]
    pub fn build_id(&self) -> Option<&str> {
        self.identity.build_id.as_deref()
    }

    /// Whether every type of the contract was compared field by field (Rust), or sizes and the ABI number only (C).
    #[must_use]
    pub fn is_layout_checked(&self) -> bool {
        self.is_layout_checked
    }

    /// Creates a strategy. `instance` is its name in logs; the configuration was checked against the schema before.
    ///
    /// # Errors
    /// The plugin is no strategy, or it refuses the configuration.
    pub fn create_strategy(
        &self,
        instance: &str,
        config: &serde_json::Value,
        run: Run,
        services: Arc<dyn StrategyServices>,
    ) -> Result<Box<dyn StrategyInstance>, Refusal> {
        let Table::Strategy(table) = self.table else { return Err(self.wrong_kind(PluginKind::Strategy)) };
        // SAFETY: the table of a strategy, checked when this plugin was loaded; its library is never closed
        let made = unsafe { HostedStrategy::create(table, instance, &self.identity, config, run, services) };
        Ok(Box::new(made.map_err(|problem| problem.of(&self.identity))?))
    }

    /// Creates a connector, as [`LoadedPlugin::create_strategy`].
    ///
    /// # Errors
    /// The plugin is no exchange, or it refuses the configuration.
    pub fn create_exchange(
        &self,
        instance: &str,
        config: &serde_json::Value,
        host: Arc<dyn ExchangeHost>,
    ) -> Result<Box<dyn ExchangeInstance>, Refusal> {
        let Table::Exchange(table) = self.table else { return Err(self.wrong_kind(PluginKind::Exchange)) };
        // SAFETY: the table of an exchange, checked when this plugin was loaded; its library is never closed
        let made = unsafe { HostedExchange::create(table, instance, &self.identity, config, host) };
        Ok(Box::new(made.map_err(|problem| problem.of(&self.identity))?))
    }

    fn wrong_kind(&self, wanted: PluginKind) -> Refusal {
        let found = format!("a plugin of kind {}", self.manifest.kind);
        Problem::new(Step::Create, found, format!("kind {wanted}")).of(&self.identity)
    }
}

impl fmt::Debug for LoadedPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoadedPlugin({})", self.identity)
    }
}
