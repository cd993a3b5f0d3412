//! What is known of one plugin, its generations and its instances.

use std::{collections::VecDeque, path::PathBuf, sync::Arc};

use serde_json::{Map, Value};
use stratd_control::{PluginState, Refusal as RefusalReport};
use stratd_engine::StrategyId;
use stratd_plugin_api::{BarSpec, ExchangeId, Timestamp};

use crate::{
    config::{IsolationMode, Unload},
    host::{Identity, LoadedPlugin, Memory},
    plugin_kind::PluginKind,
};

/// So many generations are shown; older ones are forgotten, their libraries stay counted.
const GENERATIONS_SHOWN_MAX: usize = 32;

/// A plugin by the name in its manifest.
#[derive(Debug)]
pub(crate) struct PluginRecord {
    pub(crate) kind: PluginKind,
    pub(crate) name: String,
    /// The file that is watched; that of the generation that runs, once there is one.
    pub(crate) file: PathBuf,
    /// The newest last. Empty for a file that was seen and never taken.
    pub(crate) generations: VecDeque<GenerationRecord>,
    /// The generations that ran, in the order in which they took over; the last one runs.
    order: Vec<u64>,
    pub(crate) state: PluginState,
    pub(crate) since: Timestamp,
    /// How often its state, or the generation that runs, has changed.
    pub(crate) changes: u64,
    pub(crate) last_refusal: Option<RefusalReport>,
    /// The content that was refused last: not tried again by itself.
    pub(crate) refused_hash: Option<String>,
    pub(crate) reloads: u64,
    pub(crate) rollbacks: u64,
    /// Libraries of generations that nobody uses and that stay mapped: what each took when it was retired. Nothing of
    /// it changes any more, and to ask the kernel costs time in proportion to everything that is mapped.
    pub(crate) retired: Vec<Memory>,
    /// Those that are to be unmapped once the last of their instances is gone.
    pub(crate) unloading: Vec<Arc<LoadedPlugin>>,
    pub(crate) instances: Vec<InstanceRecord>,
}

/// One build of a plugin in this run.
#[derive(Debug)]
pub(crate) struct GenerationRecord {
    pub(crate) number: u64,
    pub(crate) identity: Identity,
    /// `None` once it is retired for good: a rollback to it is not possible any more.
    pub(crate) plugin: Option<Arc<LoadedPlugin>>,
    pub(crate) loaded_at: Timestamp,
    pub(crate) state: PluginState,
}

/// What an instance was configured as.
#[derive(Clone, Debug)]
pub(crate) struct InstanceSettings {
    pub(crate) config: Map<String, Value>,
    pub(crate) isolation: IsolationMode,
    pub(crate) unload: Unload,
    pub(crate) may_shutdown: bool,
    pub(crate) cancels_on_stop: bool,
    /// Bars that a strategy gets of every instrument.
    pub(crate) bars: Vec<BarSpec>,
}

impl InstanceSettings {
    /// Those of an instance that has no table of its own in the configuration, because a command or a file started it, or
    /// because it tells the past of an exchange.
    pub(crate) fn of_command(config: Map<String, Value>) -> Self {
        Self {
            config,
            isolation: IsolationMode::None,
            unload: Unload::Never,
            may_shutdown: false,
            cancels_on_stop: true,
            bars: Vec::new(),
        }
    }
}

/// Where the event loop has an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Strategy(StrategyId),
    Exchange(ExchangeId),
}

/// A running strategy or connector.
#[derive(Clone, Debug)]
pub(crate) struct InstanceRecord {
    pub(crate) name: String,
    pub(crate) settings: InstanceSettings,
    /// `None` for one that never started.
    pub(crate) place: Option<Place>,
    pub(crate) state: PluginState,
    pub(crate) since: Timestamp,
    /// How often its state, its generation or its settings have changed.
    pub(crate) changes: u64,
    pub(crate) generation: u64,
    /// The one before: what a failure within the probation puts back.
    pub(crate) generation_before: u64,
    pub(crate) pid: Option<u32>,
    /// The connector in place, as [`super::factory::MadeExchange::token`]; 0 = none, or a strategy.
    pub(crate) token: u64,
    /// The process of the instance that stands by.
    pub(crate) pid_before: Option<u32>,
    pub(crate) faults: u64,
    pub(crate) restarts: u64,
    pub(crate) last_fault: Option<String>,
    pub(crate) saved: Option<Saved>,
    pub(crate) pause_us_last: Option<u64>,
    /// Times at which it died, within the window of the crash limit.
    pub(crate) deaths: VecDeque<Timestamp>,
    /// When it is to be started again.
    pub(crate) restart_at: Option<Timestamp>,
}

/// A state with its version.
pub(crate) type VersionedState = (u32, Arc<Vec<u8>>);

/// A state as it was last saved.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub(crate) state_version: u32,
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) at: Timestamp,
}

impl PluginRecord {
    /// A plugin of which no generation runs yet.
    pub(crate) fn new(kind: PluginKind, name: &str, file: PathBuf, now: Timestamp) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            file,
            generations: VecDeque::new(),
            order: Vec::new(),
            state: PluginState::Discovered,
            since: now,
            changes: 0,
            last_refusal: None,
            refused_hash: None,
            reloads: 0,
            rollbacks: 0,
            retired: Vec::new(),
            unloading: Vec::new(),
            instances: Vec::new(),
        }
    }

    /// The generation that runs.
    pub(crate) fn current(&self) -> Option<&GenerationRecord> {
        self.generation(*self.order.last()?)
    }

    /// A generation by its number.
    pub(crate) fn generation(&self, number: u64) -> Option<&GenerationRecord> {
        self.generations.iter().find(|generation| generation.number == number)
    }

    /// The library of the generation that runs.
    pub(crate) fn plugin(&self) -> Option<&Arc<LoadedPlugin>> {
        self.current().and_then(|generation| generation.plugin.as_ref())
    }

    /// The generation before the one that runs, if it can still be put back.
    pub(crate) fn previous(&self) -> Option<&GenerationRecord> {
        let current = self.order.last()?;
        let before = self.order.iter().rev().find(|number| *number != current)?;
        self.generation(*before).filter(|generation| generation.plugin.is_some())
    }

    pub(crate) fn set_state(&mut self, state: PluginState, now: Timestamp) {
        if self.state != state {
            self.state = state;
            self.since = now;
            self.changes += 1;
        }
    }

    /// Takes a generation up as the one that runs; the one before is retired. Returns libraries that nobody needs any
    /// more: all but those of the last two generations that ran, and of the instances.
    pub(crate) fn take_up(&mut self, plugin: &Arc<LoadedPlugin>, now: Timestamp) -> Vec<Arc<LoadedPlugin>> {
        for generation in &mut self.generations {
            if generation.state == PluginState::Started {
                generation.state = PluginState::Retired;
            }
        }
        let number = plugin.generation();
        match self.generations.iter_mut().find(|generation| generation.number == number) {
            // put back
            Some(known) => {
                known.state = PluginState::Started;
                known.plugin = Some(Arc::clone(plugin));
            }
            None => self.generations.push_back(GenerationRecord {
                number,
                identity: plugin.identity().clone(),
                plugin: Some(Arc::clone(plugin)),
                loaded_at: now,
                state: PluginState::Started,
            }),
        }
        self.file = plugin.file().to_owned();
        self.refused_hash = None;
        self.last_refusal = None;
        self.set_state(PluginState::Started, now);
        self.ran_last(number);
        self.forget_generations()
    }

    fn ran_last(&mut self, number: u64) {
        self.order.retain(|known| *known != number);
        self.order.push(number);
        self.changes += 1;
        let surplus = self.order.len().saturating_sub(GENERATIONS_SHOWN_MAX);
        self.order.drain(..surplus);
    }

    /// Keeps the libraries of the generation that runs and of the one before it, for a rollback, and of those that an
    /// instance runs or goes back to.
    fn forget_generations(&mut self) -> Vec<Arc<LoadedPlugin>> {
        let last_two = self.order.iter().rev().take(2).copied();
        let of_instances = self.instances.iter().flat_map(|i| [i.generation, i.generation_before]);
        let kept: Vec<u64> = last_two.chain(of_instances).collect();
        let old = self.generations.iter_mut().filter(|g| !kept.contains(&g.number));
        let unneeded = old.filter_map(|generation| generation.plugin.take()).collect();
        while self.generations.len() > GENERATIONS_SHOWN_MAX {
            self.generations.pop_front();
        }
        unneeded
    }

    /// A generation failed in its probation, and the one before goes on. What failed is not loaded again by itself.
    pub(crate) fn put_back(&mut self, failed: u64, before: u64, now: Timestamp) {
        let runs = |instance: &InstanceRecord| instance.generation == failed && instance.is_started();
        let runs_failed = self.instances.iter().any(runs);
        if !runs_failed {
            self.ran_last(before);
        }
        for generation in &mut self.generations {
            if generation.number == failed && !runs_failed {
                generation.state = PluginState::Faulted;
                self.refused_hash.clone_from(&generation.identity.hash);
            }
            if generation.number == before {
                generation.state = PluginState::Started;
            }
        }
        self.rollbacks += 1;
        self.settle_state(now);
    }

    pub(crate) fn instance_mut(&mut self, name: &str) -> Option<&mut InstanceRecord> {
        self.instances.iter_mut().find(|instance| instance.name == name)
    }

    /// What the states of the instances make of the state of the plugin: the worst counts.
    pub(crate) fn settle_state(&mut self, now: Timestamp) {
        if self.state == PluginState::Orphaned || self.instances.is_empty() {
            return;
        }
        let has = |state| self.instances.iter().any(|instance| instance.state == state);
        let worst = [
            PluginState::Quarantined,
            PluginState::Faulted,
            PluginState::Quiescing,
            PluginState::Started,
            PluginState::Retired,
        ];
        if let Some(state) = worst.into_iter().find(|state| has(*state)) {
            self.set_state(state, now);
        }
    }
}

impl InstanceRecord {
    /// An instance that was not started yet.
    pub(crate) fn new(name: &str, settings: InstanceSettings, now: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            settings,
            place: None,
            state: PluginState::Loaded,
            since: now,
            changes: 0,
            generation: 0,
            generation_before: 0,
            pid: None,
            token: 0,
            pid_before: None,
            faults: 0,
            restarts: 0,
            last_fault: None,
            saved: None,
            pause_us_last: None,
            deaths: VecDeque::new(),
            restart_at: None,
        }
    }

    pub(crate) fn set_state(&mut self, state: PluginState, now: Timestamp) {
        if self.state != state {
            self.state = state;
            self.since = now;
            self.changes += 1;
        }
    }

    /// It is configured as something else.
    pub(crate) fn take_settings(&mut self, settings: InstanceSettings) {
        self.settings = settings;
        self.changes += 1;
    }

    /// It has its place in the run.
    pub(crate) fn start(&mut self, place: Option<Place>, now: Timestamp) {
        self.place = place;
        self.set_state(PluginState::Started, now);
    }

    /// It cannot start as things are.
    pub(crate) fn fail(&mut self, now: Timestamp) {
        self.set_state(PluginState::Faulted, now);
    }

    /// It must not start until it is released.
    pub(crate) fn quarantine(&mut self, now: Timestamp) {
        self.set_state(PluginState::Quarantined, now);
    }

    pub(crate) fn is_started(&self) -> bool {
        self.state == PluginState::Started
    }

    /// Notes the generation that it runs from now on, and its process.
    pub(crate) fn run_on(&mut self, generation: u64, pid: Option<u32>) {
        if self.generation != generation {
            self.generation_before = self.generation;
            self.generation = generation;
            self.changes += 1;
        }
        self.pid_before = self.pid;
        self.pid = pid;
    }

    /// The instance that stood by goes on.
    pub(crate) fn roll_back(&mut self) {
        self.generation = self.generation_before;
        self.changes += 1;
        self.pid = self.pid_before.take();
    }

    /// Whether its versions are to be unmapped.
    pub(crate) fn wants_unload(&self) -> bool {
        self.settings.unload == Unload::Try && self.settings.isolation == IsolationMode::Thread
    }

    pub(crate) fn strategy(&self) -> Option<StrategyId> {
        match self.place {
            Some(Place::Strategy(id)) => Some(id),
            Some(Place::Exchange(_)) | None => None,
        }
    }
}
