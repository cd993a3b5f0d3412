//! Everything that surrounds the event loop of a run that goes on: started after the loop's parts exist, ended after it.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use stratd_engine::StrategyId;

use super::{
    InstanceRecord, Manager, ManagerOperations, ManagerOptions, ManagerParts, PluginRecord, Request,
    SharedRegistry,
    config::Configured,
    factory::{DeathListener, Factory},
    report::RunFacts,
    run_store::RunStore,
};
use crate::{
    backtests::{BacktestOptions, Backtests, BacktestsThread},
    config::{ControlConfig, PluginsConfig, TcpConfig, TcpRole},
    control::{Control, ControlOptions, InheritedSockets, Role, SOCKET_MODE, SocketOptions, TcpOptions},
    feed::{Feed, FeedThread},
    host::{WatchOptions, Watcher},
    metrics::{LoopMeters, Sources},
    plugins::Plugins,
    runtime::{ControlPlane, KeptHalt, LoopHandle, NOTES_MAX, Notes, Observer, SavedByLoop, Tag},
    systemd,
};

/// How long the manager may take to end: a probe that is under way, and the last states.
const END_TIME_MAX: Duration = Duration::from_secs(20);
/// The stack of the manager's thread: constructors and states of plugins run on it.
const MANAGER_STACK_BYTES: usize = 8 * 1024 * 1024;

/// What the plane is made of.
pub(crate) struct PlaneParts {
    pub(crate) plugins_config: PluginsConfig,
    pub(crate) save_interval: Duration,
    /// How often exchanges are asked how our orders are, where they reach any.
    pub(crate) check_every: Option<Duration>,
    pub(crate) keep_days: u32,
    pub(crate) control: ControlConfig,
    /// Sockets that systemd made.
    pub(crate) inherited: InheritedSockets,
    pub(crate) registry: SharedRegistry,
    pub(crate) plugins: Arc<Plugins>,
    pub(crate) factory: Factory,
    pub(crate) store: Option<Arc<RunStore>>,
    pub(crate) run: RunFacts,
    pub(crate) backtests: BacktestOptions,
    pub(crate) configured: Configured,
    /// Where SIGHUP finds the way to the manager.
    pub(crate) hangups: Hangups,
}

/// The way from the thread of SIGHUP to the manager, once there is one.
pub(crate) type Hangups = Arc<OnceLock<SyncSender<Request>>>;

/// What watches the folders of plugins, as long as somebody wants that.
#[derive(Clone)]
pub(crate) struct Watching {
    watcher: Arc<Mutex<Option<Watcher>>>,
    requests: SyncSender<Request>,
}

impl Watching {
    /// Watches as the configuration says now, or not at all.
    ///
    /// # Errors
    /// The folders cannot be watched; nothing is watched any more then.
    pub(super) fn restart(
        &self,
        config: &PluginsConfig,
        registry: &SharedRegistry,
        plugins: &Plugins,
    ) -> Result<()> {
        // the one before ends first: what comes to rest is told once
        self.stop();
        if config.watch {
            let watcher = watch(config, registry, plugins, &self.requests)?;
            *self.watcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(watcher);
        }
        Ok(())
    }

    fn stop(&self) {
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(watcher);
    }
}

/// The threads around the event loop.
pub(crate) struct Plane {
    registry: SharedRegistry,
    /// Files that appear start strategies.
    starts_new: bool,
    /// Says that the manager has ended.
    ended: Receiver<()>,
    requests: SyncSender<Request>,
    manager: Option<JoinHandle<()>>,
    watching: Watching,
    control: Option<Control>,
    store: Option<Arc<RunStore>>,
    /// Until the loop takes it.
    observer: Option<Observer>,
    backtests: BacktestsThread,
    feed: FeedThread,
}

impl Plane {
    /// Starts the manager, the watcher and the control server.
    ///
    /// # Errors
    /// A thread, a watch or the socket cannot be made.
    #[expect(clippy::too_many_lines, reason = "puts the parts together; nothing is decided here")]
    pub(crate) fn start(parts: PlaneParts, event_loop: LoopHandle) -> Result<Self> {
        let PlaneParts {
            plugins_config,
            save_interval,
            check_every,
            keep_days,
            control,
            inherited,
            registry,
            plugins,
            factory,
            store,
            run,
            backtests,
            configured,
            hangups,
        } = parts;
        let services = factory.services();
        let (feed, tap) = Feed::start(run.started_at, &services)?;
        let meters = Arc::new(LoopMeters::new(factory.calls()));
        let observer = Observer::new(tap, Arc::clone(&meters));
        let backtests = Backtests::start(backtests, run.started_at, feed.feed().clone())?;
        let figures = Sources {
            run: run.clone(),
            meters,
            event_loop: event_loop.clone(),
            registry: registry.clone(),
            store: store.clone(),
            feed: feed.feed().clone(),
            backtests: backtests.backtests().clone(),
        };
        let (requests, receiver) = mpsc::sync_channel(NOTES_MAX);
        let watching = Watching { watcher: Arc::default(), requests: requests.clone() };
        watching.restart(&plugins_config, &registry, &plugins)?;
        let _ = hangups.set(requests.clone());
        let operations = ManagerOperations {
            registry: registry.clone(),
            event_loop: event_loop.clone(),
            plugins: Arc::clone(&plugins),
            store: store.clone(),
            run,
            config: configured.shared(),
            requests: requests.clone(),
            figures,
            services,
        };
        listen_to_deaths(&factory, &event_loop, &requests);
        let options = ManagerOptions { plugins: plugins_config, save_interval, check_every, keep_days };
        let present = present(&plugins.directories());
        let parts = ManagerParts {
            registry,
            plugins,
            event_loop,
            store: store.clone(),
            present,
            feed: feed.feed().clone(),
            configured,
            watching: watching.clone(),
        };
        let starts_new = options.plugins.watch && options.plugins.start_new;
        let shared = parts.registry.clone();
        let (manager, ended) = run_manager(Manager::new(options, parts, factory), receiver)?;
        let control = match control_options(&control, inherited)? {
            Some(options) => Some(Control::start(options, Arc::new(operations))?),
            None => None,
        };
        Ok(Self {
            registry: shared,
            starts_new,
            ended,
            requests,
            manager: Some(manager),
            watching,
            control,
            store,
            observer: Some(observer),
            backtests,
            feed,
        })
    }
}

impl ControlPlane for Plane {
    fn is_commanded(&self) -> bool {
        self.control.is_some() || self.starts_new
    }

    fn halts(&self) -> Vec<KeptHalt> {
        self.store.as_ref().map(|store| store.halts()).unwrap_or_default()
    }

    fn standing(&self) -> String {
        self.registry.lock().standing()
    }

    fn observer(&mut self) -> Option<Observer> {
        self.observer.take()
    }

    fn notes(&self) -> Notes {
        let requests = self.requests.clone();
        Notes::new(move |note| match requests.try_send(Request::Note(note)) {
            Err(
                TrySendError::Full(Request::Note(note)) | TrySendError::Disconnected(Request::Note(note)),
            ) => Err(Box::new(note)),
            Ok(()) | Err(_) => Ok(()),
        })
    }

    fn tags(&self) -> Vec<(StrategyId, Tag)> {
        let registry = self.registry.lock();
        let tag = |plugin: &PluginRecord, instance: &InstanceRecord| {
            let version = plugin.plugin().map_or(0, |library| library.manifest().state_version);
            Some((instance.strategy()?, Tag { generation: instance.generation, state_version: version }))
        };
        let of_plugin = |plugin: &PluginRecord| {
            plugin.instances.iter().filter_map(|instance| tag(plugin, instance)).collect::<Vec<_>>()
        };
        registry.all().flat_map(of_plugin).collect()
    }

    /// Ends the threads, keeps the last states, and notes whether the run ended in good order.
    fn stop(mut self, states: Vec<SavedByLoop>, is_clean: bool) {
        // nobody asks any more, nothing is found any more; then the manager ends
        // who listens has heard that the run ends, and leaves
        drop(self.feed);
        drop(self.control.take());

        drop(self.backtests);
        self.watching.stop();
        let told = self.requests.try_send(Request::End(states)).is_ok();
        // code of a plugin that hangs in its constructor must not keep the daemon from its end
        let has_ended = told && self.ended.recv_timeout(END_TIME_MAX).is_ok();
        if !has_ended {
            tracing::error!(
                logger = "plugins",
                "the thread of the plugins panicked or hangs; the last states are not saved"
            );
        } else if let Some(manager) = self.manager.take() {
            // it has told its end
            let _ = manager.join();
        }
        if let Some(store) = &self.store
            && is_clean
            && let Err(error) = store.end()
        {
            tracing::error!(logger = "store", "{error}");
        }
    }
}

/// Has the manager hear of connectors that die.
fn listen_to_deaths(factory: &Factory, event_loop: &LoopHandle, requests: &SyncSender<Request>) {
    let requests = requests.clone();
    factory.listen(DeathListener {
        event_loop: event_loop.clone(),
        // full: the exchange stays away until a command replaces it; nothing else is lost
        exchange_died: Box::new(move |token, text| {
            let _ = requests.try_send(Request::ExchangeDied { token, text });
        }),
    });
}

/// Runs the manager on a thread of its own; what says that it has ended.
fn run_manager(manager: Manager, requests: Receiver<Request>) -> Result<(JoinHandle<()>, Receiver<()>)> {
    let (tell_end, ended) = mpsc::sync_channel(1);
    let run = move || {
        manager.run(&requests);
        // who waits for it has gone if it took too long
        let _ = tell_end.send(());
    };
    let thread = thread::Builder::new().name("plugins".to_owned()).stack_size(MANAGER_STACK_BYTES).spawn(run);
    Ok((thread.context("starting the thread of the plugins")?, ended))
}

/// Watches the folders of plugins and the files that were named by their path.
fn watch(
    config: &PluginsConfig,
    registry: &SharedRegistry,
    plugins: &Plugins,
    requests: &SyncSender<Request>,
) -> Result<Watcher> {
    let directories = plugins.directories();
    let is_outside =
        |file: &PathBuf| file.parent().is_none_or(|parent| !directories.iter().any(|d| d == parent));
    let files = registry.lock().all().map(|plugin| plugin.file.clone()).filter(is_outside).collect();
    let options = WatchOptions {
        directories: directories.clone(),
        files,
        settle: config.settle.duration(),
        poll: config.poll.duration(),
        // a file that changed between its load and now is found; the others are known by their content
        tells_present: true,
    };
    let requests = requests.clone();
    Watcher::start(options, move |found| Ok(requests.try_send(Request::Found(found))?))
        .context("watching the folders of plugins")
}

/// The plugins that lie in the folders; what cannot be read is not there.
fn present(directories: &[PathBuf]) -> BTreeSet<PathBuf> {
    let entries = directories.iter().filter_map(|directory| fs::read_dir(directory).ok()).flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "so")).collect()
}

/// Where the control server listens, if it does.
fn control_options(config: &ControlConfig, inherited: InheritedSockets) -> Result<Option<ControlOptions>> {
    let InheritedSockets { control, read_only } = inherited;
    let named = |key: &Option<PathBuf>, is_there: bool, of_systemd: &str| {
        key.clone().or_else(|| is_there.then(|| PathBuf::from("/run/stratd").join(of_systemd)))
    };
    let own = || systemd::directory("RUNTIME_DIRECTORY").map(|dir| dir.join("control.sock"));
    let path = config.socket.clone().or_else(own).or(named(&None, control.is_some(), "control.sock"));
    let socket = |path, group: &str, inherited| SocketOptions {
        path,
        group: Some(group.to_owned()),
        mode: SOCKET_MODE,
        inherited,
    };
    let read_only_path = named(&config.read_only_socket, read_only.is_some(), "control-ro.sock");
    let read_only = read_only_path.map(|path| socket(path, &config.read_only_group, read_only));
    let tcp = config.tcp.as_ref().map(tcp_options).transpose()?;
    match path {
        Some(path) => {
            let socket = socket(path, &config.group, control);
            Ok(Some(ControlOptions { socket, read_only, tcp }))
        }
        // whoever may command the daemon at all can do so here
        None if read_only.is_some() || tcp.is_some() => {
            bail!(
                "control.read_only_socket and control.tcp are beside the control socket (accepted: with control.socket)"
            )
        }
        None => Ok(None),
    }
}

fn tcp_options(config: &TcpConfig) -> Result<TcpOptions> {
    let TcpConfig { address, role, token_file, cert_file, key_file, client_ca_file } = config;
    let address = address.parse().with_context(|| format!("control.tcp.address {address}"))?;
    Ok(TcpOptions {
        address,
        role: match role {
            TcpRole::Reader => Role::Reader,
            TcpRole::Operator => Role::Operator,
            TcpRole::Admin => Role::Admin,
        },
        token_file: token_file.clone(),
        identity: cert_file.clone().zip(key_file.clone()),
        client_ca_file: client_ca_file.clone(),
    })
}
