//! The engine of a recording, as the run had it before its first input.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use stratd_engine::Engine;
use stratd_plugin_api::{abi, export::instrument_from_record};

use super::{ReplayOptions, recording::Recording};
use crate::{
    cli::{planned_rates, planned_risk},
    config::{PluginKind, RunConfig, StrategyEntry, default_name},
    host::{self, LoadedPlugin, Run},
    plugins::{PluginSettings, Plugins},
    recorder::HeadStrategy,
    reload::{Factory, InstanceSettings, SharedRegistry},
    runtime::{PlannedStrategy, Services, Terms, empty_engine, fill_engine},
};

/// The engine of a recording.
pub(super) struct Made {
    pub(super) engine: Engine,
    pub(super) services: Arc<Services>,
    /// Strategies whose build is not the recorded one, in words.
    pub(super) other_builds: Vec<String>,
}

/// Makes it.
pub(super) fn make(recording: &Recording, options: &ReplayOptions) -> Result<Made> {
    let head = &recording.head;
    let config = config_of(recording)?;
    let services = Arc::new(Services::default());
    recording.know_texts(&services)?;
    let risk = planned_risk(&config)?;
    let rates = planned_rates(&config);
    let terms = Terms {
        trading_type: config.trading_type,
        cash: config.backtest.cash,
        currency: &config.backtest.currency,
        costs: config.costs.models(),
        account: config.account.rules(),
        accounting: config.portfolio.accounting,
        oms_type: config.portfolio.oms_type,
        rates: &rates,
        risk: &risk,
        run: head.identity.unwrap_or(head.number),
    };
    let mut engine = empty_engine(&terms, &services);
    for (exchange, id) in head.exchanges.iter().zip(1u16..) {
        engine.add_exchange(abi::ExchangeRecord {
            name: services.texts().intern(&exchange.name),
            id,
            reserved: [0; 3],
            instrument_types: exchange.instrument_types,
            trading_types: exchange.trading_types,
        });
    }
    let text = |handle| services.text_of(handle);
    let instruments = recording.instruments()?;
    let instruments =
        instruments.iter().map(|record| (instrument_from_record(record, text), *record)).collect();
    let run = Run { trading_type: config.trading_type, clock: None };
    let factory =
        Factory::new(run, Arc::clone(&services), config.plugins.isolation.clone(), SharedRegistry::default());
    let search = Search::new(options)?;
    let mut other_builds = Vec::new();
    let mut strategies = Vec::new();
    for strategy in &head.strategies {
        let (plugin, is_recorded) = search.plugin_of(strategy)?;
        if !is_recorded {
            other_builds.push(format!("{}: {}", strategy.name, plugin.identity()));
        }
        let entry = entry_of(&config, &strategy.name)?;
        strategies.push(planned(recording, strategy, entry, (plugin, factory.clone()))?);
    }
    fill_engine(&mut engine, &terms, instruments, (strategies, &services))?;
    Ok(Made { engine, services, other_builds })
}

/// The configuration of the run, which was checked before it.
fn config_of(recording: &Recording) -> Result<RunConfig> {
    let config: RunConfig = serde_json::from_value(recording.head.config.clone())
        .context("head.json has a configuration that this version does not take")?;
    Ok(config)
}

fn entry_of<'a>(config: &'a RunConfig, name: &str) -> Result<&'a StrategyEntry> {
    let is_meant = |entry: &&StrategyEntry| {
        let own = entry.name.clone().unwrap_or_else(|| default_name(PluginKind::Strategy, &entry.plugin));
        own == name
    };
    config.strategy.iter().find(is_meant).with_context(|| {
        format!("head.json has no configuration of strategy {name} (accepted: a [[strategy]] for each)")
    })
}

fn planned(
    recording: &Recording,
    strategy: &HeadStrategy,
    entry: &StrategyEntry,
    (plugin, factory): (Arc<LoadedPlugin>, Factory),
) -> Result<PlannedStrategy> {
    let settings = InstanceSettings {
        config: entry.config.clone(),
        isolation: entry.isolation,
        unload: entry.unload,
        may_shutdown: entry.allow_shutdown,
        cancels_on_stop: entry.cancel_on_stop,
    };
    let saved = match &strategy.state {
        Some(state) => Some((state.version, Arc::new(recording.state(state)?))),
        None => None,
    };
    let name = strategy.name.clone();
    Ok(PlannedStrategy {
        name: strategy.name.clone(),
        plugin: strategy.plugin.clone(),
        may_shutdown: entry.allow_shutdown,
        cancels_on_stop: entry.cancel_on_stop,
        saved,
        is_batch_safe: strategy.is_batch_safe,
        make: Box::new(move |_| Ok(factory.strategy(&plugin, &name, &settings)?.instance)),
    })
}

/// Where plugins are looked for.
struct Search {
    plugins: Plugins,
    /// What was asked for.
    asked: Vec<PathBuf>,
    takes_other_builds: bool,
}

impl Search {
    fn new(options: &ReplayOptions) -> Result<Self> {
        let settings =
            PluginSettings { directories: options.plugin_dirs.clone(), ..PluginSettings::default() };
        Ok(Self {
            plugins: Plugins::new(settings)?,
            asked: options.plugin_dirs.clone(),
            takes_other_builds: options.allow_other_build,
        })
    }

    /// The build that was recorded, wherever it is; or another one, if that is allowed and the recorded one is not asked for
    /// by its folder. True if it is the recorded one.
    fn plugin_of(&self, strategy: &HeadStrategy) -> Result<(Arc<LoadedPlugin>, bool)> {
        let HeadStrategy { name, plugin, version, file, sha256, .. } = strategy;
        let mut tried = Vec::new();
        let mut other = None;
        for path in self.candidates(plugin, Path::new(file)) {
            let candidate = match self.plugins.read(&path) {
                Ok(candidate) => candidate,
                Err(refusal) => {
                    tried.push(refusal.to_string());
                    continue;
                }
            };
            if candidate.hash() == sha256 {
                return Ok((self.plugins.take_up(candidate, &[])?, true));
            }
            tried.push(format!("{} has sha256 {}", path.display(), short(candidate.hash())));
            if self.takes_other_builds {
                other.get_or_insert(candidate);
                // a folder that was named is meant, even if the recorded build is elsewhere
                if self.asked.iter().any(|folder| path.starts_with(folder)) {
                    break;
                }
            }
        }
        if let Some(candidate) = other {
            return Ok((self.plugins.take_up(candidate, &[])?, false));
        }
        let tried = if tried.is_empty() { "none was found".to_owned() } else { tried.join("; ") };
        bail!(
            "strategy {name}: the build of {plugin} {version} that was recorded is needed, with sha256 {}: {tried} (accepted: --plugin-dir with the folder that has it, or --allow-other-build to compare another one)",
            short(sha256)
        )
    }

    /// Files that may be the plugin: in the folders that were named, where it was, in the folders of the system.
    fn candidates(&self, plugin: &str, recorded: &Path) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = Vec::new();
        let found = |folders: &[PathBuf]| host::find(PluginKind::Strategy, plugin, folders).ok();
        for folder in &self.asked {
            all.extend(found(std::slice::from_ref(folder)));
        }
        if recorded.is_file() {
            all.push(recorded.to_owned());
        }
        for folder in self.plugins.directories() {
            all.extend(found(std::slice::from_ref(&folder)));
        }
        let mut known = Vec::new();
        all.retain(|path| {
            let is_new = !known.contains(path);
            known.push(path.clone());
            is_new
        });
        all
    }
}

/// Enough of a hash to tell builds apart.
fn short(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}
