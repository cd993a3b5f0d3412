//! New instances for a run that goes on: where the configuration says, and watched if that is elsewhere.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use serde_json::Value;
use stratd_plugin_api::{
    ExchangeHost, ExchangeInstance, Fault, StrategyInstance, StrategyServices, TradingType,
};

use super::{SharedRegistry, record::InstanceSettings, replace::refused_of};
use crate::{
    config::{IsolationConfig, IsolationMode, secrets::Expanded},
    host::{
        Identity, LoadedPlugin, Refusal, Run, Step,
        isolation::{self, ChannelOptions, Death, Isolation, ProcessOptions, Watch},
    },
    metrics::CallMeters,
    runtime::{Command, LoopHandle, Services, TimedStrategy},
};

/// Makes instances as the configuration says.
#[derive(Clone)]
pub(crate) struct Factory {
    run: Run,
    services: Arc<Services>,
    isolation: IsolationConfig,
    registry: SharedRegistry,
    /// Known once the event loop has its parts; nothing that dies before can be told.
    listener: Arc<OnceLock<DeathListener>>,
    /// Measures the calls of strategies.
    calls: CallMeters,
    /// Of the connector made last.
    token: Arc<AtomicU64>,
}

/// Who hears that an isolated instance died between two calls.
pub(crate) struct DeathListener {
    pub(crate) event_loop: LoopHandle,
    /// Starts a connector again: its token, and how it died.
    pub(crate) exchange_died: Box<dyn Fn(u64, String) + Send + Sync>,
}

/// A new instance.
pub(crate) struct MadeStrategy {
    pub(crate) instance: Box<dyn StrategyInstance>,
    /// Its own process, if it has one.
    pub(crate) pid: Option<u32>,
}

/// A new connector.
pub(crate) struct MadeExchange {
    pub(crate) instance: Box<dyn ExchangeInstance>,
    /// Tells it from every other connector of this run: a candidate that dies is not the one in place.
    pub(crate) token: u64,
    /// Its own process, if it has one.
    pub(crate) pid: Option<u32>,
    /// `None` for one on the event loop.
    pub(crate) watch: Option<Watch>,
}

impl Factory {
    /// The texts of the run.
    pub(crate) fn services(&self) -> Arc<Services> {
        Arc::clone(&self.services)
    }

    pub(crate) fn new(
        run: Run,
        services: Arc<Services>,
        isolation: IsolationConfig,
        registry: SharedRegistry,
    ) -> Self {
        Self {
            run,
            services,
            isolation,
            registry,
            listener: Arc::default(),
            calls: CallMeters::default(),
            token: Arc::default(),
        }
    }

    /// How long the calls of its strategies take.
    pub(super) fn calls(&self) -> CallMeters {
        self.calls.clone()
    }

    /// Tells deaths from now on.
    pub(super) fn listen(&self, listener: DeathListener) {
        // there is one run in the life of a factory
        let _ = self.listener.set(listener);
    }

    pub(super) fn trading_type(&self) -> TradingType {
        self.run.trading_type
    }

    /// Creates a strategy.
    ///
    /// # Errors
    /// The plugin refuses, or its thread or process does not start.
    pub(crate) fn strategy(
        &self,
        plugin: &Arc<LoadedPlugin>,
        name: &str,
        settings: &InstanceSettings,
    ) -> Result<MadeStrategy, Refusal> {
        let services: Arc<dyn StrategyServices> = self.services.clone();
        let config = expanded(plugin.identity(), settings)?;
        let place = self.place(settings.isolation);
        let made = isolation::create_strategy(plugin, name, &config.value, self.run, services, &place)
            .map_err(|refusal| scrubbed(refusal, &config))?;
        let pid = made.watch.as_ref().and_then(Watch::pid);
        if let (Some(watch), Some(pid)) = (&made.watch, pid) {
            self.watch_strategy(watch, name, pid);
        }
        // a backtest has no clock: nothing reads one beside it
        let instance: Box<dyn StrategyInstance> = if self.run.clock.is_some() {
            Box::new(TimedStrategy::new(made.instance, self.calls.sampler(name)))
        } else {
            made.instance
        };
        Ok(MadeStrategy { instance, pid })
    }

    /// Creates a connector.
    ///
    /// # Errors
    /// As [`Factory::strategy`].
    pub(crate) fn exchange(
        &self,
        plugin: &Arc<LoadedPlugin>,
        name: &str,
        settings: &InstanceSettings,
        host: Arc<dyn ExchangeHost>,
    ) -> Result<MadeExchange, Refusal> {
        let config = expanded(plugin.identity(), settings)?;
        let place = self.place(settings.isolation);
        let made = isolation::create_exchange(plugin, name, &config.value, host, &place)
            .map_err(|refusal| scrubbed(refusal, &config))?;
        let token = self.token.fetch_add(1, Ordering::Relaxed) + 1;
        let pid = made.watch.as_ref().and_then(Watch::pid);
        if let Some(watch) = &made.watch {
            let (listener, name) = (Arc::clone(&self.listener), name.to_owned());
            watch.on_death(move |death| {
                tracing::error!(logger = "plugins", "exchange {name}: {}", death.text);
                if let Some(listener) = listener.get() {
                    (listener.exchange_died)(token, death.text.clone());
                }
            });
        }
        Ok(MadeExchange { instance: made.instance, token, pid, watch: made.watch })
    }

    /// A strategy that dies in a call is noticed there; one that dies between two calls is told to the event loop,
    /// unless another instance has its place by then.
    fn watch_strategy(&self, watch: &Watch, name: &str, pid: u32) {
        let (registry, listener, name) = (self.registry.clone(), Arc::clone(&self.listener), name.to_owned());
        let of_dead = watch.clone();
        watch.on_death(move |death: &Death| {
            let in_place = {
                let registry = registry.lock();
                let mut instances = registry.instances();
                instances.find(|i| i.name == name && i.pid == Some(pid)).and_then(|i| i.strategy())
            };
            if let (Some(strategy), Some(listener)) = (in_place, listener.get()) {
                let fault = Fault { reason: death.reason, message: death.text.clone(), index: 0 };
                // a run that is over needs to know nothing any more
                let _ = listener.event_loop.tell(Command::Fail { strategy, fault, watch: of_dead });
            }
        });
    }

    fn place(&self, mode: IsolationMode) -> Isolation {
        let channel = ChannelOptions {
            spin: self.isolation.spin,
            call_timeout: self.isolation.call_timeout.duration(),
            ..ChannelOptions::default()
        };
        match mode {
            IsolationMode::None => Isolation::None,
            IsolationMode::Thread => Isolation::Thread(channel),
            IsolationMode::Process => Isolation::Process(ProcessOptions {
                channel,
                memory_max: Some(u64::from(self.isolation.memory_max) * 1024 * 1024),
                seccomp: self.isolation.seccomp,
                ..ProcessOptions::default()
            }),
        }
    }
}

/// The configuration of an instance with its secrets, as nobody but the plugin gets it.
///
/// # Errors
/// A secret cannot be read.
pub(super) fn expanded(plugin: &Identity, settings: &InstanceSettings) -> Result<Expanded, Refusal> {
    let expanded = Expanded::of("/config", &Value::Object(settings.config.clone()));
    match expanded.refusal() {
        None => Ok(expanded),
        Some((found, accepted)) => Err(refused_of(plugin, Step::Config, found, accepted)),
    }
}

/// What the plugin says of its configuration, without the secrets in it.
pub(super) fn scrubbed(refusal: Refusal, config: &Expanded) -> Refusal {
    Refusal { found: config.scrubbed(&refusal.found), ..refusal }
}

/// A message about an instance, without the secrets of its configuration.
pub(super) fn scrubbed_text(settings: &InstanceSettings, text: &str) -> String {
    Expanded::of("/config", &Value::Object(settings.config.clone())).scrubbed(text)
}
