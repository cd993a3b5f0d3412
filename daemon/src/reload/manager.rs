//! The thread "plugins": takes requests one at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    time::Duration,
};

use stratd_control::PluginState;
use stratd_engine::StrategyId;
use stratd_plugin_api::{ExchangeId, Fault, Timestamp};

use super::{
    SharedRegistry,
    away::Away,
    changes::Told,
    config::{ConfigChange, ConfigDone, ConfigRefusal, Configured},
    factory::Factory,
    operations::Acted,
    plane::Watching,
    record::{InstanceRecord, Saved},
    run_store::{ROLLED_BACK, RunStore},
    saving::Saving,
    trading::ActedOn,
};
use crate::{
    config::PluginsConfig,
    control::{Action, ActionError, Author, InstanceName, Terms, Verb},
    feed::Feed,
    host::Found,
    plugins::Plugins,
    runtime::{Command, LoopHandle, Note, SavedByLoop, Tag, clock, clock::Stopwatch, notify},
};

/// The longest time between two looks at what is due.
const PATIENCE_MAX: Duration = Duration::from_millis(250);

/// What the manager is asked for or told.
pub(crate) enum Request {
    /// The watcher saw something.
    Found(Found),
    /// The control socket asks.
    Act(Action, Terms, SyncSender<Result<Acted, ActionError>>),
    /// The control socket asks something of one strategy or connector.
    ActOn(InstanceName, Verb, Terms, SyncSender<Result<ActedOn, ActionError>>),
    /// The configuration is to be another one; who asks, on what terms.
    Config(Box<ConfigChange>, Author, Option<Terms>, SyncSender<Result<ConfigDone, ConfigRefusal>>),
    /// The event loop tells.
    Note(Note),
    /// An isolated connector died.
    ExchangeDied {
        /// Which one: another may have its place by now.
        token: u64,
        /// How.
        text: String,
    },
    /// The run is over; the last states of the strategies.
    End(Vec<SavedByLoop>),
}

/// How the manager behaves.
#[derive(Clone, Debug)]
pub(crate) struct ManagerOptions {
    pub(crate) plugins: PluginsConfig,
    pub(crate) save_interval: Duration,
    /// How often exchanges are asked how our orders are, where they reach any.
    pub(crate) check_every: Option<Duration>,
    /// So long orders that have ended are kept.
    pub(crate) keep_days: u32,
}

/// What the manager works with.
pub(crate) struct ManagerParts {
    pub(crate) registry: SharedRegistry,
    pub(crate) plugins: Arc<Plugins>,
    pub(crate) event_loop: LoopHandle,
    pub(crate) store: Option<Arc<RunStore>>,
    pub(crate) present: BTreeSet<PathBuf>,
    pub(crate) feed: Feed,
    pub(crate) configured: Configured,
    pub(crate) watching: Watching,
}

/// The manager; see the module.
pub(crate) struct Manager {
    pub(super) options: ManagerOptions,
    pub(super) registry: SharedRegistry,
    pub(super) plugins: Arc<Plugins>,
    pub(super) factory: Factory,
    pub(super) event_loop: LoopHandle,
    pub(super) store: Option<Arc<RunStore>>,
    pub(super) saving: Saving,
    pub(super) configured: Configured,
    pub(super) watching: Watching,
    /// Connectors that left their place and have no successor yet, by exchange.
    pub(super) away: BTreeMap<ExchangeId, Away>,
    /// The places of exchanges that have left the run, by name: they have them again if they come back.
    pub(super) left: BTreeMap<String, ExchangeId>,
    /// Files that lay in the folders when the run began, and were not looked at yet.
    present: BTreeSet<PathBuf>,
    /// What systemd was told last.
    told: String,
    /// Where changes of the plugins are told, and what was.
    feed: Feed,
    told_changes: Told,
    /// Since exchanges were asked last how our orders are.
    pub(super) checked: Stopwatch,
    /// Exchanges that went on after a halt, and are to be asked.
    pub(super) to_check: BTreeSet<ExchangeId>,
    /// Since old rows were forgotten last; nothing before the first time.
    pub(super) pruned: Option<Stopwatch>,
}

impl Manager {
    pub(crate) fn new(options: ManagerOptions, parts: ManagerParts, factory: Factory) -> Self {
        let saving = Saving::new(options.save_interval);
        let ManagerParts { registry, plugins, event_loop, store, present, feed, configured, watching } =
            parts;
        let told_changes = Told::of(&registry.lock());
        Self {
            options,
            registry,
            plugins,
            factory,
            event_loop,
            store,
            saving,
            configured,
            watching,
            away: BTreeMap::new(),
            left: BTreeMap::new(),
            present,
            told: String::new(),
            feed,
            told_changes,
            checked: Stopwatch::start(),
            to_check: BTreeSet::new(),
            pruned: None,
        }
    }

    /// Takes requests until the run is over.
    pub(crate) fn run(mut self, requests: &Receiver<Request>) {
        loop {
            match requests.recv_timeout(PATIENCE_MAX) {
                Ok(Request::Found(found)) => self.found(found),
                Ok(Request::Act(action, terms, answer)) => {
                    // who asked may have gone
                    let _ = answer.send(self.act(action, &terms));
                }
                Ok(Request::ActOn(instance, verb, terms, answer)) => {
                    let _ = answer.send(self.act_on(&instance, verb, &terms));
                }
                Ok(Request::Config(change, author, terms, answer)) => {
                    let _ = answer.send(self.change_config(&change, &author, terms.as_ref()));
                }
                Ok(Request::Note(note)) => self.note(note),
                Ok(Request::ExchangeDied { token, text }) => self.exchange_died(token, &text),
                Ok(Request::End(states)) => {
                    self.take_last_states(states);
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = clock::now();
            self.restart_due(now);
            self.revert_unconfirmed();
            self.unload();
            if self.saving.is_due() {
                self.save_all();
            }
            self.check_exchanges();
            self.forget_old_rows();
            self.tell_standing();
            self.tell_changes();
        }
    }

    /// Tells systemd how the run stands, if that has changed.
    fn tell_standing(&mut self) {
        let standing = self.registry.lock().standing();
        if standing != self.told {
            notify::stands(&standing);
            self.told = standing;
        }
    }

    /// Tells who listens what of the plugins has changed.
    fn tell_changes(&mut self) {
        let changes = self.told_changes.changes(&self.registry.lock());
        for change in changes {
            self.feed.tell(clock::now(), change);
        }
    }

    fn found(&mut self, found: Found) {
        match found {
            Found::Settled(file) => self.settled(file),
            Found::Removed(file) => self.removed(&file),
            Found::Problem(text) => tracing::warn!(logger = "plugins", "{text}"),
        }
    }

    /// A file that changed is at rest.
    fn settled(&mut self, file: PathBuf) {
        let known = self.known_of_file(&file);
        // a refusal was told where it was decided
        let _ = match known {
            Some(name) => self.reload(&name, &file, false).map(drop),
            None => {
                // what lay there at the start was nobody's choice of now
                let is_present = self.present.remove(&file);
                self.discover(&file, (is_present, false)).map(drop)
            }
        };
    }

    /// The file of a plugin is gone: it runs on.
    fn removed(&mut self, file: &Path) {
        let now = clock::now();
        let mut registry = self.registry.lock();
        let gone = registry.all_mut().find(|plugin| plugin.file == file && !plugin.file.exists());
        let Some(plugin) = gone else { return };
        if plugin.instances.iter().any(InstanceRecord::is_started) {
            plugin.set_state(PluginState::Orphaned, now);
            tracing::warn!(
                logger = "plugins",
                "{}: its file {} is gone; it runs on (`stratctl plugin stop {}` ends it)",
                plugin.name,
                file.display(),
                plugin.name
            );
        }
    }

    /// What the event loop tells of strategies.
    fn note(&mut self, note: Note) {
        let now = clock::now();
        match note {
            Note::Faulted { strategy, tag, fault } => self.faulted(strategy, tag, &fault, now),
            Note::RolledBack { strategy, failed, before, fault } => {
                self.rolled_back(strategy, (failed, before), &fault, now);
            }
            Note::ProbationPassed { strategy } => {
                let mut registry = self.registry.lock();
                if let Some((plugin, at)) = registry.of_strategy(strategy) {
                    let instance = &plugin.instances[at];
                    tracing::info!(
                        logger = "plugins",
                        "{}: strategy {} passed the probation of generation {}",
                        plugin.name,
                        instance.name,
                        instance.generation
                    );
                }
            }
            Note::Stopped { strategy } => {
                let mut registry = self.registry.lock();
                if let Some((plugin, at)) = registry.of_strategy(strategy) {
                    let instance = &mut plugin.instances[at];
                    if instance.state == PluginState::Started {
                        instance.set_state(PluginState::Retired, now);
                    }
                    plugin.settle_state(now);
                }
            }
            Note::Trading(kept) => {
                if let Some(store) = &self.store {
                    store.note_halt(kept);
                }
            }
            Note::Reconnected(exchange) => drop(self.to_check.insert(exchange)),
            // destroyed here, away from the event loop
            Note::Retired(instance) => drop(instance),
        }
    }

    /// A new version failed, and the one before goes on; so do the other instances of the plugin if they can.
    fn rolled_back(
        &mut self,
        strategy: StrategyId,
        (failed, before): (Tag, Tag),
        fault: &Fault,
        now: Timestamp,
    ) {
        let mut registry = self.registry.lock();
        let Some((plugin, at)) = registry.of_strategy(strategy) else { return };
        let name = plugin.name.clone();
        let instance = &mut plugin.instances[at];
        let (failed, before) = (failed.generation, before.generation);
        instance.faults += 1;
        instance.last_fault = Some(fault.to_string());
        if failed == before {
            // a new configuration, not a new build: who changed it is told
            return;
        }
        // another version may have taken over since
        let is_in_place = instance.generation == failed;
        if is_in_place {
            instance.roll_back();
        }
        tracing::error!(
            logger = "plugins",
            "{name}: strategy {} failed in its probation and was rolled back from generation {failed} to {before}: {fault}",
            instance.name
        );
        let others: Vec<StrategyId> = plugin
            .instances
            .iter()
            .filter(|other| other.generation == failed)
            .filter_map(InstanceRecord::strategy)
            .collect();
        if is_in_place {
            plugin.put_back(failed, before, now);
        }
        let library = plugin.generation(failed).and_then(|generation| generation.plugin.clone());
        drop(registry);
        if let Some(library) = library {
            self.record_generation(&library, ROLLED_BACK, now);
        }
        for other in others {
            let message = format!("another strategy of the plugin failed: {fault}");
            let fault = Fault { message, ..fault.clone() };
            let _ = self.event_loop.tell(Command::RollBack { strategy: other, fault });
        }
        // the last saved state may be that of the version that failed
        self.save(vec![strategy]);
    }

    /// The name of the plugin of a file, if one was taken from it.
    pub(super) fn known_of_file(&self, file: &Path) -> Option<String> {
        let registry = self.registry.lock();
        registry
            .of_file(file)
            .filter(|plugin| !plugin.generations.is_empty())
            .map(|plugin| plugin.name.clone())
    }

    /// The last saved state of an instance.
    pub(super) fn saved_of(&self, name: &str) -> Option<Saved> {
        self.registry.lock().instances().find(|instance| instance.name == name)?.saved.clone()
    }
}
