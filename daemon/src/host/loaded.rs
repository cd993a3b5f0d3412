//! A plugin that was taken: what it says of itself, its library, and instances of it.
#![expect(unsafe_code, reason = "vouches that a table belongs to a loaded library")]

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use stratd_plugin_api::{
    ExchangeHost, ExchangeInstance, StrategyInstance, StrategyServices, abi::plugin_flag,
};

use crate::plugin_kind::PluginKind;

use super::{
    exchange::HostedExchange,
    instance::Run,
    library::{self, Contract, Opened, Table},
    log_part::{HostedLogPart, LogPartKind},
    manifest::Manifest,
    process::{self, Memory},
    refusal::{Identity, Observer, Problem, Refusal, Step},
    stage::StagedCopy,
    strategy::HostedStrategy,
};

/// A plugin whose contract was checked, here or by the throw-away process.
///
/// Its library is mapped into this process once it was opened; one whose instances all live in other processes never
/// is. Dropping this value unmaps nothing.
pub struct LoadedPlugin {
    identity: Identity,
    manifest: Manifest,
    is_layout_checked: bool,
    generation: u64,
    copy: StagedCopy,
    opened: OnceLock<Arc<Opened>>,
    /// Held while the library is opened, so that it is opened once.
    opening: Mutex<()>,
}

/// What became of a library that was to be unmapped.
#[derive(Debug)]
pub enum Unloaded {
    /// Nothing of it is mapped any more, or it never was.
    Unmapped,
    /// It stays mapped for good, for this reason.
    Pinned(String),
    /// Somebody else has the plugin, or an instance of it lives; it can be tried again.
    InUse(Arc<LoadedPlugin>),
}

impl LoadedPlugin {
    /// Opens a private copy that another process owns and has verified: what children do.
    ///
    /// # Errors
    /// A step from opening to the panic mode refused.
    pub fn open_copy(
        copy: &Path,
        mut identity: Identity,
        observe: &mut Observer<'_>,
    ) -> Result<Self, Refusal> {
        match library::open(copy, &mut identity, observe) {
            Ok((opened, contract)) => {
                Ok(Self::of_opened(identity, opened, contract, StagedCopy::of_another(copy)))
            }
            Err(problem) => Err(problem.of(&identity)),
        }
    }

    /// A plugin whose library is open.
    pub(super) fn of_opened(
        identity: Identity,
        opened: Opened,
        contract: Contract,
        copy: StagedCopy,
    ) -> Self {
        copy.keep();
        let plugin = Self::of_manifest(identity, contract.manifest, contract.is_layout_checked, copy);
        Self { opened: OnceLock::from(Arc::new(opened)), ..plugin }
    }

    /// A plugin whose contract was checked in another process.
    pub(super) fn of_manifest(
        identity: Identity,
        manifest: Manifest,
        is_layout_checked: bool,
        copy: StagedCopy,
    ) -> Self {
        Self {
            identity,
            manifest,
            is_layout_checked,
            generation: 1,
            copy,
            opened: OnceLock::new(),
            opening: Mutex::default(),
        }
    }

    /// Numbers it; the loader counts.
    pub(super) fn set_generation(&mut self, generation: u64) {
        self.generation = generation;
    }

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

    /// How many plugins of this name its loader had taken by then, from 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The private copy that is opened, here or in another process. It exists as long as this value.
    #[must_use]
    pub fn copy(&self) -> &Path {
        self.copy.path()
    }

    /// Whether the library is mapped into this process.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.opened.get().is_some()
    }

    /// What its library takes in this process; `None` if the kernel does not tell.
    #[must_use]
    pub fn memory(&self) -> Option<Memory> {
        if self.is_open() { process::memory_of(self.copy()) } else { Some(Memory::default()) }
    }

    /// Creates a strategy. `instance` is its name in logs; the configuration was checked against the schema before.
    /// The library is opened first if it was not.
    ///
    /// # Errors
    /// The plugin is no strategy, or it refuses the configuration; opening it now refuses.
    pub fn create_strategy(
        &self,
        instance: &str,
        config: &serde_json::Value,
        run: Run,
        services: Arc<dyn StrategyServices>,
    ) -> Result<Box<dyn StrategyInstance>, Refusal> {
        let opened = self.opened()?;
        let Table::Strategy(table) = opened.table else { return Err(self.wrong_kind(PluginKind::Strategy)) };
        let table = (table, Arc::clone(opened));
        // SAFETY: the table was found in this library and checked; the instance shares the library
        let made = unsafe { HostedStrategy::create(table, instance, &self.identity, config, run, services) };
        Ok(Box::new(made.map_err(|problem| problem.of(&self.identity))?))
    }

    /// Creates a connector, as [`LoadedPlugin::create_strategy`].
    ///
    /// # Errors
    /// The plugin is no exchange, or it refuses the configuration; opening it now refuses.
    pub fn create_exchange(
        &self,
        instance: &str,
        config: &serde_json::Value,
        host: Arc<dyn ExchangeHost>,
    ) -> Result<Box<dyn ExchangeInstance>, Refusal> {
        let opened = self.opened()?;
        let Table::Exchange(table) = opened.table else { return Err(self.wrong_kind(PluginKind::Exchange)) };
        let table = (table, Arc::clone(opened));
        // SAFETY: the table was found in this library and checked; the instance shares the library
        let made = unsafe { HostedExchange::create(table, instance, &self.identity, config, host) };
        Ok(Box::new(made.map_err(|problem| problem.of(&self.identity))?))
    }

    /// Makes a filter, handler or formatter of the log. The library is opened first if it was not.
    ///
    /// # Errors
    /// The plugin offers none of this name, or it refuses the options; opening it now refuses.
    pub(crate) fn create_log_part(
        &self,
        (kind, name): (LogPartKind, &str),
        options: &serde_json::Value,
    ) -> Result<HostedLogPart, Refusal> {
        let opened = self.opened()?;
        let Some(part) = opened.log_parts.iter().find(|part| part.kind == kind && part.name == name) else {
            let offered: Vec<String> =
                opened.log_parts.iter().map(|part| format!("{} {}", part.kind.name(), part.name)).collect();
            let offered = if offered.is_empty() { "nothing".to_owned() } else { offered.join(", ") };
            let found = format!("no {} {name:?}", kind.name());
            return Err(Problem::new(Step::Create, found, offered).of(&self.identity));
        };
        HostedLogPart::create(part, options, &self.identity, Arc::clone(opened))
            .map_err(|problem| problem.of(&self.identity))
    }

    /// Tries to unmap the library. `own_threads` is how many threads more than at the time of opening the process has by
    /// the caller's account: a thread that nobody accounts for may be the plugin's, and would run into unmapped code.
    ///
    /// Whoever calls this vouches that every record which the plugin logged is written.
    #[must_use]
    pub fn close(self: Arc<Self>, own_threads: usize) -> Unloaded {
        let plugin = match Arc::try_unwrap(self) {
            Ok(plugin) => plugin,
            Err(shared) => return Unloaded::InUse(shared),
        };
        if plugin.opened.get().is_none() {
            return Unloaded::Unmapped;
        }
        if !plugin.manifest.has_flag(plugin_flag::UNLOAD_SAFE) {
            return Unloaded::Pinned("its manifest does not say that it can be unloaded".to_owned());
        }
        if plugin.opened.get().is_some_and(|opened| Arc::strong_count(opened) > 1) {
            return Unloaded::InUse(Arc::new(plugin));
        }
        let Self { opened, copy, .. } = plugin;
        // the count above was 1 and nobody else has the plugin, so nobody can have taken another share
        let Some(opened) = opened.into_inner().and_then(Arc::into_inner) else { return Unloaded::Unmapped };
        unmap(opened, &copy, own_threads)
    }

    /// The library, opened now if it was not.
    fn opened(&self) -> Result<&Arc<Opened>, Refusal> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let mut identity = self.identity.clone();
        self.copy.keep();
        let (opened, contract) = library::open(self.copy(), &mut identity, &mut |_, _| {})
            .map_err(|problem| problem.of(&self.identity))?;
        if contract.manifest != self.manifest {
            let found = "a manifest that is another one in this process than in the one that probed it";
            return Err(Problem::new(Step::Manifest, found, "the same one").of(&self.identity));
        }
        Ok(self.opened.get_or_init(|| Arc::new(opened)))
    }

    fn wrong_kind(&self, wanted: PluginKind) -> Refusal {
        let found = format!("a plugin of kind {}", self.manifest.kind);
        Problem::new(Step::Create, found, format!("kind {wanted}")).of(&self.identity)
    }
}

/// Closes a library that nobody uses, if no thread of it can be left.
fn unmap(opened: Opened, copy: &StagedCopy, own_threads: usize) -> Unloaded {
    let (before, now) = (opened.threads_before, process::threads());
    let expected = before.saturating_add(own_threads);
    if before == 0 || now > expected {
        return Unloaded::Pinned(format!("{now} threads in this process, {expected} are accounted for"));
    }
    // SAFETY: no instance lives, as nobody shares `opened`; threads of the library would have been counted; texts of
    // it are copied wherever the host keeps them
    if let Err(error) = unsafe { opened.close() } {
        return Unloaded::Pinned(format!("closing it failed: {error}"));
    }
    match process::is_mapped(copy.path()) {
        Some(false) => {
            copy.release();
            Unloaded::Unmapped
        }
        Some(true) => Unloaded::Pinned("it is still mapped after it was closed".to_owned()),
        None => Unloaded::Pinned("/proc/self/maps cannot be read".to_owned()),
    }
}

impl fmt::Debug for LoadedPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoadedPlugin({})", self.identity)
    }
}
