//! From a checked configuration to a run.

use std::{
    cell::Cell,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use stratd_engine::StrategyId;
use stratd_plugin_api::{ExchangeId, Timestamp, TradingType, abi::plugin_flag};

use super::{
    checked::Checked,
    limits::{planned_rates, planned_risk},
    recording::recorder_plan,
};
use crate::{
    backtests::BacktestOptions,
    check::EXIT_CONFIG,
    config::{ExchangeEntry, IsolationMode, OnRestoreError, PluginKind, RunConfig, StrategyEntry, WarmUp},
    control::{InheritedSockets, inherited_sockets},
    host::{LoadedPlugin, Run, Watchdog, WatchdogOptions, crash},
    logging::{self, LogOptions},
    plugins::Plugins,
    reload::config::{Configured, StartConfig, reload_on_hangup},
    reload::{
        Factory, Hangups, InstanceRecord, InstanceSettings, LastRun, Place, Plane, PlaneParts, PluginRecord,
        RunFacts, RunStore, Saved, SharedRegistry,
    },
    results::{RunFolder, print_summary},
    runtime::{
        Finished, MakeExchange, Plan, PlannedExchange, PlannedStrategy, RecoveryOptions, RecoveryPlan,
        Services, StopSignals, backtest,
        clock::{self, Stopwatch, Took},
        live,
        start_times::{self, StartPart},
    },
    store::trading::WhatToKeep,
    systemd::{self, Inherited},
};

/// How long the summary waits for the lines of the log before it.
const FLUSH_TIME_MAX: Duration = Duration::from_millis(200);

/// Runs what was checked, and prints what came out.
pub(super) fn start(checked: Checked, from: StartConfig) -> Result<ExitCode> {
    start_times::ends(StartPart::Check);
    let is_by_the_clock = checked.config.trading_type != TradingType::Backtest;
    // the socket edits the environment, so it comes before any thread; the signals before those of the log, the store and
    // the watchdog: a thread that has not blocked a signal lets it end the process
    let mut inherited = if is_by_the_clock { Inherited::take() } else { Inherited::default() };
    let outside = if is_by_the_clock {
        let sockets = inherited_sockets(&mut inherited)?;
        let kill = checked.config.risk.kill_switch;
        let hangups = Hangups::default();
        let way = Arc::clone(&hangups);
        let signals = StopSignals::install(move || reload_on_hangup(&way), kill)?;
        Some((sockets, signals, hangups))
    } else {
        None
    };
    let options = LogOptions {
        is_verbose: checked.config.verbose,
        is_by_the_clock,
        source: checked.log.clone(),
        left: inherited.rest(),
    };
    // until the end of this function, whichever way it ends
    let _log = match logging::begin(checked.config.logging.as_ref(), options) {
        Ok(log) => log,
        // another start would find the same
        Err(error) => {
            for problem in format!("{error:#}").lines() {
                tracing::error!(logger = "stratd.logging", "{problem}");
            }
            return Ok(ExitCode::from(EXIT_CONFIG));
        }
    };
    let services = Arc::new(Services::default());
    let folder = RunFolder::create(&checked.config.results, checked.config.trading_type, clock::now())?;
    let path = folder.path();
    let Finished { summary, took, has_faults } = match outside {
        None => {
            crash::install(None).context("preparing for a crash")?;
            backtest_into(&checked, folder, &services)?
        }
        Some((inherited, signals, hangups)) => {
            by_the_clock((&checked, from), folder, &services, inherited, (&signals, hangups))?
        }
    };
    // on a terminal the summary comes after what led to it
    logging::flush_within(FLUSH_TIME_MAX);
    let mut out = std::io::stdout().lock();
    print_summary(&mut out, &summary)?;
    let Took { elapsed, processor } = took;
    let events = summary.events;
    writeln!(
        out,
        "results in {} ({events} events in {elapsed:.2?}, {processor:.2?} of a processor)",
        path.display()
    )?;
    Ok(if has_faults { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs a backtest for a daemon, which hears of its folder when it begins; the log ends with what is returned first.
pub(super) fn backtest_for_daemon(
    checked: &Checked,
    begun: impl FnOnce(&Path),
) -> Result<(logging::Running, Finished)> {
    let source = checked.log.clone();
    let options = LogOptions { is_verbose: false, is_by_the_clock: false, source, left: Vec::new() };
    let log = logging::begin(None, options)?;
    let services = Arc::new(Services::default());
    let folder = RunFolder::create(&checked.config.results, TradingType::Backtest, clock::now())?;
    begun(&folder.path());
    crash::install(None).context("preparing for a crash")?;
    Ok((log, backtest_into(checked, folder, &services)?))
}

/// Runs a backtest in a process that was prepared for it, as often as wanted.
pub(super) fn backtest_into(
    checked: &Checked,
    folder: RunFolder,
    services: &Arc<Services>,
) -> Result<Finished> {
    let run = Run { trading_type: TradingType::Backtest, clock: None };
    let making = Making::new(checked, run, services);
    backtest(making.plan(folder, None)?, services)
}

/// A run with all that surrounds its event loop.
fn by_the_clock(
    (checked, from): (&Checked, StartConfig),
    folder: RunFolder,
    services: &Arc<Services>,
    inherited: InheritedSockets,
    (signals, hangups): (&StopSignals, Hangups),
) -> Result<Finished> {
    let config = &checked.config;
    let run = Run { trading_type: config.trading_type, clock: Some(clock::now) };
    let making = Making::new(checked, run, services);
    // before the first instance is created: it may crash or hang there
    let last = match config.state.dir.clone().or_else(|| systemd::directory("STATE_DIRECTORY")) {
        Some(directory) => Some(LastRun::assess(&directory, config.plugins.crash_limit)?),
        None => {
            crash::install(None).context("preparing for a crash")?;
            None
        }
    };
    start_times::ends(StartPart::Database);
    let limit = config.plugins.hang_timeout.duration();
    let watchdog = Watchdog::start(WatchdogOptions { limit, ..WatchdogOptions::default() })
        .context("starting the watchdog")?;
    let facts = RunFacts {
        trading_type: config.trading_type.to_string(),
        started_at: clock::now(),
        uptime: Stopwatch::start(),
        folder: folder.path().display().to_string(),
        currency: config.backtest.currency.clone(),
        kill_switch: config.risk.kill_switch,
        hang_limit_ns: u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX),
    };
    let mut plan = making.plan(folder, last.as_ref())?;
    let active: Vec<String> = plan.strategies.iter().map(|strategy| strategy.name.clone()).collect();
    let store = match last {
        Some(last) => Some(Arc::new(last.begin(config.trading_type, &active)?)),
        None => None,
    };
    // runs that nobody counts differ by the second in which they start
    plan.run =
        store.as_ref().map_or_else(|| clock::now().get().unsigned_abs() / SECOND_NS, |store| store.number());
    plan.recovery = match &store {
        Some(store) if plan.executes_elsewhere() => Some(recovery_plan(config, store)?),
        Some(_) | None => None,
    };
    let configured = Configured::begin(from, config.clone(), store.clone());
    let configured = configured.map_err(anyhow::Error::msg).context("the generation of the configuration")?;
    let parts = PlaneParts {
        configured,
        hangups,
        plugins_config: config.plugins.clone(),
        save_interval: config.state.save_interval.duration(),
        check_every: plan.recovery.is_some().then(|| config.recovery.check_every.duration()),
        keep_days: config.state.keep_days,
        control: config.control.clone(),
        inherited,
        registry: making.registry.clone(),
        plugins: Arc::clone(&checked.plugins),
        factory: making.factory.clone(),
        store: store.clone(),
        run: facts,
        backtests: backtest_options(checked)?,
    };
    start_times::ends(StartPart::Read);
    let has_begun = Cell::new(false);
    let finished = live(plan, services, signals, |event_loop| {
        let plane = Plane::start(parts, event_loop)?;
        has_begun.set(true);
        Ok(plane)
    });
    // an instance that cannot be made, and says so, is no crash
    if let (Err(_), false, Some(store)) = (&finished, has_begun.get(), store)
        && let Err(error) = store.end()
    {
        tracing::error!(logger = "store", "{error}");
    }
    drop(watchdog);
    finished
}

/// So many ended orders and fills of each owner are taken up, to be looked up, and to know what is told late.
const REMEMBERED_MAX: usize = 10_000;
/// Identities of order ids: they are 1 to this.
const IDENTITIES: u64 = 2_047;

/// What earlier runs left of orders and books.
fn recovery_plan(config: &RunConfig, store: &Arc<RunStore>) -> Result<RecoveryPlan> {
    let what = || format!("what {} has of orders", store.file().display());
    let trading_type = config.trading_type.to_string();
    let mut kept =
        store.kept(WhatToKeep { ended_max: REMEMBERED_MAX, fills_max: REMEMBERED_MAX }).with_context(what)?;
    if kept.identity.is_none() {
        // another database has another one, unless it was made 2,047 s earlier or later, or a multiple of that
        let seconds = clock::now().get().unsigned_abs() / SECOND_NS;
        let number = u16::try_from(seconds % IDENTITIES + 1).context("an identity of order ids")?;
        store.identify(number, &trading_type, clock::now()).with_context(what)?;
        kept.identity = Some((number, trading_type.clone()));
    }
    let (identity, of) = kept.identity.clone().unwrap_or_default();
    if of != trading_type {
        bail!(
            "{} has the orders, positions and cash of {of} runs, and this run is {trading_type} (accepted: a state.dir of its own for each trading type)",
            store.file().display()
        );
    }
    let claims = config.recovery.claims.iter().map(|(prefix, strategy)| (prefix.clone(), strategy.clone()));
    let options = RecoveryOptions {
        overlap: config.recovery.overlap.duration(),
        cancel_external: config.recovery.cancel_external,
        claims: claims.collect(),
    };
    Ok(RecoveryPlan { options, store: Arc::clone(store), kept, identity })
}

/// What the daemon decides about backtests that others ask for.
fn backtest_options(checked: &Checked) -> Result<BacktestOptions> {
    let config = &checked.config;
    Ok(BacktestOptions {
        running_max: config.backtests.running_max as usize,
        queued_max: config.backtests.queued_max as usize,
        ended_max: config.backtests.ended_max as usize,
        results: std::path::absolute(&config.results)?.join("backtests"),
        // a file that is named without a folder lies in the current one
        folder: match checked.log.file.as_deref().and_then(Path::parent) {
            Some(folder) if !folder.as_os_str().is_empty() => std::path::absolute(folder)?,
            Some(_) | None => std::env::current_dir()?,
        },
        plugin_dirs: absolute(&checked.plugins.directories())?,
        trust: config.plugins.trust.clone(),
    })
}

fn absolute(folders: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
    folders.iter().map(std::path::absolute).collect()
}

const SECOND_NS: u64 = 1_000_000_000;

/// Makes the plan of a run, and the registry of its plugins on the way.
struct Making<'a> {
    checked: &'a Checked,
    config: &'a RunConfig,
    plugins: &'a Plugins,
    registry: SharedRegistry,
    factory: Factory,
}

impl<'a> Making<'a> {
    fn new(checked: &'a Checked, run: Run, services: &Arc<Services>) -> Self {
        let registry = SharedRegistry::default();
        let isolation = checked.config.plugins.isolation.clone();
        let factory = Factory::new(run, Arc::clone(services), isolation, registry.clone());
        Self { checked, config: &checked.config, plugins: &checked.plugins, registry, factory }
    }

    fn plan(&self, folder: RunFolder, last: Option<&LastRun>) -> Result<Plan> {
        let config = self.config;
        let exchanges = config.exchange.iter().enumerate();
        let exchanges =
            exchanges.map(|(index, entry)| self.exchange(index, entry)).collect::<Result<Vec<_>>>()?;
        let mut strategies = Vec::new();
        for entry in &config.strategy {
            strategies.extend(self.strategy(strategies.len(), entry, last)?);
        }
        Ok(Plan {
            trading_type: config.trading_type,
            cash: config.backtest.cash,
            currency: config.backtest.currency.clone(),
            fill: config.fill.model(&config.costs),
            costs: config.costs.models(),
            account: config.account.rules(),
            oms_type: config.portfolio.oms_type,
            accounting: config.portfolio.accounting,
            rates: planned_rates(config),
            risk: planned_risk(config)?,
            instruments: config.instruments(),
            run: 0,
            config: self.checked.shown.clone(),
            is_verbose: config.verbose,
            slice_max: config.slice_max,
            recorder: recorder_plan(self.checked, &self.registry, &exchanges, &strategies),
            period: (
                self.config.backtest.start.map(|moment| moment.0),
                self.config.backtest.end.map(|moment| moment.0),
            ),
            recovery: None,
            exchanges,
            strategies,
            folder,
        })
    }

    fn exchange(&self, index: usize, entry: &ExchangeEntry) -> Result<PlannedExchange> {
        let plugin = self.plugins.load(PluginKind::Exchange, &entry.plugin)?;
        let name = entry.name().to_owned();
        let settings = InstanceSettings {
            config: entry.config.clone(),
            isolation: self.isolation(entry.isolation),
            unload: entry.unload,
            may_shutdown: false,
            cancels_on_stop: false,
            bars: Vec::new(),
        };
        let id = ExchangeId(u16::try_from(index + 1).context("more exchanges than ids")?);
        self.register(
            &plugin,
            InstanceRecord::new(&name, settings.clone(), clock::now()),
            Some(Place::Exchange(id)),
        );
        let (factory, registry) = (self.factory.clone(), self.registry.clone());
        Ok(PlannedExchange {
            name: name.clone(),
            plugin: label(&plugin),
            instrument_types: plugin.manifest().instrument_types,
            trading_types: plugin.manifest().trading_types,
            has_order_entry: plugin.manifest().has_flag(plugin_flag::ORDER_ENTRY),
            takes: plugin.manifest().takes_of(entry.order_types.as_deref()),
            make: Box::new(move |host| {
                let made = factory.exchange(&plugin, &name, &settings, host)?;
                registry.lock().set_connector(&name, made.token, made.pid);
                Ok(made.instance)
            }),
            history: self.history(entry)?,
        })
    }

    /// What tells the past of an exchange. A backtest has it in its own data.
    fn history(&self, entry: &ExchangeEntry) -> Result<Option<MakeExchange>> {
        let wants = |strategy: &StrategyEntry| strategy.warm_up.is_some();
        let history = entry.history.as_ref().filter(|_| {
            self.config.trading_type != TradingType::Backtest && self.config.strategy.iter().any(wants)
        });
        let Some(history) = history else { return Ok(None) };
        let plugin = self.plugins.load(PluginKind::Exchange, &history.plugin)?;
        let mut settings = InstanceSettings::of_command(history.config.clone());
        if let Some(start) = self.history_start()
            && !settings.config.contains_key("end")
            && plugin.manifest().config_schema.pointer("/properties/start").is_some()
        {
            // years of recordings need not be read for a day of them
            settings.config.entry("start").or_insert_with(|| start.to_string().into());
        }
        let run = Run { trading_type: TradingType::Backtest, clock: None };
        let isolation = self.config.plugins.isolation.clone();
        // it is gone before the run begins: nobody commands it, and nothing takes its place
        let factory = Factory::new(run, self.factory.services(), isolation, SharedRegistry::default());
        let name = entry.name().to_owned();
        Ok(Some(Box::new(move |host| Ok(factory.exchange(&plugin, &name, &settings, host)?.instance))))
    }

    /// Nobody is told anything from before this time; `None` where bars are counted.
    fn history_start(&self) -> Option<Timestamp> {
        let lengths = self.config.strategy.iter().filter_map(|strategy| strategy.warm_up);
        let longest = lengths.map(|warm_up| match warm_up {
            WarmUp::Time(length) => Some(length),
            WarmUp::Bars(_) => None,
        });
        let longest = longest.collect::<Option<Vec<_>>>()?.into_iter().max()?;
        Some(Timestamp::new(clock::now().get().saturating_sub(longest)))
    }

    /// `None` for one that is quarantined: it is known, and does not start.
    fn strategy(
        &self,
        index: usize,
        entry: &StrategyEntry,
        last: Option<&LastRun>,
    ) -> Result<Option<PlannedStrategy>> {
        let plugin = self.plugins.load(PluginKind::Strategy, &entry.plugin)?;
        let name = entry.name().to_owned();
        let settings = InstanceSettings {
            config: entry.config.clone(),
            isolation: self.isolation(entry.isolation),
            unload: entry.unload,
            may_shutdown: entry.allow_shutdown,
            cancels_on_stop: entry.cancel_on_stop,
            bars: entry.bar_specs(),
        };
        let mut record = InstanceRecord::new(&name, settings.clone(), clock::now());
        let manifest = plugin.manifest();
        let saved = match last {
            Some(last) => last.state_of(&name, &manifest.name)?,
            None => None,
        };
        let saved = saved.map(|saved| {
            let bytes = Arc::new(saved.state);
            record.saved = Some(Saved {
                state_version: saved.state_version,
                bytes: Arc::clone(&bytes),
                at: saved.saved_at,
            });
            (saved.state_version, bytes)
        });
        if let Some(last) = last
            && last.was_rolled_back(&plugin)
        {
            tracing::warn!(
                logger = "plugins",
                "{}: this build failed in its probation in an earlier run, and was rolled back then",
                plugin.identity()
            );
        }
        let refused = saved.as_ref().and_then(|(version, _)| manifest.refuses_state(*version));
        let saved = match refused {
            None => saved,
            Some(refused) if self.may_start_without_state(&name, &refused, &mut record) => None,
            Some(_) => {
                self.register(&plugin, record, None);
                return Ok(None);
            }
        };
        if let Some(reason) = last.and_then(|last| last.quarantine_of(&name)) {
            record.last_fault = Some(reason.to_owned());
            record.quarantine(clock::now());
            self.register(&plugin, record, None);
            return Ok(None);
        }
        let id = StrategyId(u16::try_from(index).context("more strategies than ids")?);
        self.register(&plugin, record, Some(Place::Strategy(id)));
        let (factory, registry, instance) = (self.factory.clone(), self.registry.clone(), name.clone());
        Ok(Some(PlannedStrategy {
            name,
            plugin: label(&plugin),
            may_shutdown: entry.allow_shutdown,
            cancels_on_stop: entry.cancel_on_stop,
            is_batch_safe: manifest.has_flag(plugin_flag::BATCH_SAFE),
            bars: entry.bar_specs(),
            warm_up: entry.warm_up,
            saved,
            make: Box::new(move |_| {
                let made = factory.strategy(&plugin, &instance, &settings)?;
                registry.lock().set_pid(PluginKind::Strategy, &instance, made.pid);
                Ok(made.instance)
            }),
        }))
    }

    /// What the policy makes of a saved state whose version the plugin does not restore.
    fn may_start_without_state(
        &self,
        name: &str,
        (found, accepted): &(String, String),
        record: &mut InstanceRecord,
    ) -> bool {
        let why = format!("{found} (accepted: {accepted})");
        let is_fresh = self.config.plugins.on_restore_error == OnRestoreError::Fresh;
        if is_fresh {
            tracing::warn!(logger = "plugins", "strategy {name} starts without a state: {why}");
            record.saved = None;
        } else {
            tracing::error!(logger = "plugins", "strategy {name} does not start: {why}");
            record.last_fault = Some(why);
            record.fail(clock::now());
        }
        is_fresh
    }

    /// A backtest runs everything on its own thread: nobody can lose anything but the backtest.
    fn isolation(&self, asked: IsolationMode) -> IsolationMode {
        if self.config.trading_type == TradingType::Backtest { IsolationMode::None } else { asked }
    }

    fn register(&self, plugin: &Arc<LoadedPlugin>, mut instance: InstanceRecord, place: Option<Place>) {
        let (now, manifest) = (clock::now(), plugin.manifest());
        let mut registry = self.registry.lock();
        let record = PluginRecord::new(manifest.kind, &manifest.name, plugin.file().to_owned(), now);
        let record = registry.add(record);
        record.take_up(plugin, now);
        instance.generation = plugin.generation();
        if place.is_some() {
            instance.start(place, now);
        }
        record.instances.push(instance);
        record.settle_state(now);
    }
}

fn label(plugin: &LoadedPlugin) -> String {
    format!("{} {}", plugin.manifest().name, plugin.manifest().version)
}
