//! Connectors that left their place and have no successor yet: they died, or neither version came back after a change.
//!
//! Meanwhile their instruments are halted, new orders are refused and cancels wait. They are tried again after the
//! pauses of `restart`, until one is back; `stratctl plugin start` and `reload` try at once. One that died too often
//! within the window stays away until then. It is not quarantined: a run has no use without its exchange, so whoever
//! starts the run wants it.

use std::{sync::Arc, time::Duration};

use stratd_control::PluginState;
use stratd_plugin_api::{ExchangeId, Timestamp};

use super::{
    Manager,
    connector::{Connected, subscribe},
    exchange::gone,
    record::{InstanceRecord, Place},
    restart::{next_start, pause_after},
};
use crate::{
    host::{LoadedPlugin, Refusal},
    runtime::{Command, ExchangeDesk, Until, clock, clock::Stopwatch},
};

/// An exchange without a connector.
pub(crate) struct Away {
    /// Of the one that left.
    desk: Arc<ExchangeDesk>,
    /// What it saved, with its version.
    state: Option<(u32, Vec<u8>)>,
    since: Stopwatch,
    tries: usize,
}

impl Away {
    pub(super) fn new(desk: Arc<ExchangeDesk>, state: Option<(u32, Vec<u8>)>) -> Self {
        Self { desk, state, since: Stopwatch::start(), tries: 0 }
    }
}

impl Manager {
    /// An isolated connector died: its instruments are halted, and it is made anew, at once the first time.
    pub(super) fn exchange_died(&mut self, token: u64, text: &str) {
        let now = clock::now();
        let found = {
            let mut registry = self.registry.lock();
            registry.all_mut().find_map(|plugin| {
                // a candidate, or one that was replaced, is in nobody's place
                let instance = plugin.instances.iter_mut().find(|i| i.token == token && token != 0)?;
                let Some(Place::Exchange(id)) = instance.place else { return None };
                instance.faults += 1;
                instance.last_fault = Some(text.to_owned());
                (instance.token, instance.pid) = (0, None);
                instance.restart_at = next_start(instance, self.options.plugins.crash_limit, now);
                instance.set_state(PluginState::Faulted, now);
                let (name, restart_at) = (instance.name.clone(), instance.restart_at);
                plugin.settle_state(now);
                Some((plugin.name.clone(), name, id, restart_at))
            })
        };
        let Some((plugin, name, exchange, restart_at)) = found else { return };
        // a run that is over needs no connector
        let left = self.event_loop.ask(|answer| Command::ExchangeOut { exchange, answer });
        let Ok(Some(left)) = left else { return };
        self.away.insert(exchange, Away::new(left.desk, None));
        if restart_at.is_none() {
            tracing::error!(
                logger = "plugins",
                "exchange {name} died too often and stays away; its instruments are halted (`stratctl plugin start {plugin}` tries again)"
            );
        }
    }

    /// A try to bring a connector back: its pause is over, or somebody asks.
    ///
    /// # Errors
    /// In words; it stays away, and the next try is set.
    pub(super) fn start_exchange(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        exchange: ExchangeId,
    ) -> Result<String, String> {
        if !self.away.contains_key(&exchange) {
            return Err(format!("exchange {} is in its place, or the run is over", record.name));
        }
        match self.come_in(plugin, record, exchange) {
            Ok(report) => {
                let mut registry = self.registry.lock();
                if let Some((plugin, at)) = registry.of_exchange(exchange) {
                    plugin.instances[at].restarts += 1;
                    if record.restart_at.is_none() {
                        // a person starts the count anew
                        plugin.instances[at].deaths.clear();
                    }
                }
                Ok(report)
            }
            Err(refusal) => {
                let why = refusal.to_string();
                self.stays_away(record, exchange, &why);
                Err(why)
            }
        }
    }

    /// A try at its time that did not come to its first step.
    pub(super) fn exchange_not_started(&mut self, record: &InstanceRecord, why: &str) {
        let Some(Place::Exchange(exchange)) = record.place else { return };
        let mut registry = self.registry.lock();
        let known = registry.of_exchange(exchange).map(|(plugin, at)| &mut plugin.instances[at]);
        // the next try may be set already, and then it was told
        if let Some(known) = known.filter(|known| known.restart_at == record.restart_at) {
            known.restart_at = None;
            tracing::error!(logger = "plugins", "exchange {} does not start: {why}", record.name);
        }
    }

    /// Makes a connector of that version for an exchange that has none, and lets trading go on; the report.
    ///
    /// # Errors
    /// A step failed; the exchange is away as before.
    pub(super) fn come_in(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        exchange: ExchangeId,
    ) -> Result<String, Refusal> {
        let away = self.away.remove(&exchange).ok_or_else(|| gone(plugin))?;
        match self.try_come_in(plugin, record, exchange, &away) {
            Ok(missed) => {
                let ms = away.since.elapsed().as_millis();
                Ok(format!("exchange {} was away for {ms} ms; {missed}", record.name))
            }
            Err(refusal) => {
                self.away.insert(exchange, away);
                Err(refusal)
            }
        }
    }

    fn try_come_in(
        &self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        exchange: ExchangeId,
        away: &Away,
    ) -> Result<String, Refusal> {
        let to = (&*away.desk, Until::Kept);
        let Connected { mut made, desk } = self.connected(plugin, record, to, away.state.as_ref())?;
        let instance = &mut *made.instance;
        let missed = self
            .reconcile(exchange, &desk, &mut |question| {
                question.ask(instance).map_err(|fault| fault.to_string())
            })
            .map_err(|why| {
                let found = format!("orders of exchange {}: {why}", record.name);
                super::replace::refused(plugin, crate::host::Step::Connect, found, "an answer")
            })?;
        subscribe(plugin, &mut *made.instance, &desk)?;
        drop(self.put_in(plugin, exchange, made.instance, desk)?);
        self.go_on(plugin, exchange)?;
        self.in_place(exchange, plugin, (made.token, made.pid), away.since.elapsed());
        Ok(missed)
    }

    /// Notes and tells that an exchange has no connector, and when the next try is.
    pub(super) fn stays_away(&mut self, record: &InstanceRecord, exchange: ExchangeId, why: &str) {
        let Some(away) = self.away.get_mut(&exchange) else { return };
        away.tries = away.tries.saturating_add(1);
        let pause = pause_after(away.tries);
        let now = clock::now();
        let mut registry = self.registry.lock();
        let Some((plugin, at)) = registry.of_exchange(exchange) else { return };
        let instance = &mut plugin.instances[at];
        instance.last_fault = Some(why.to_owned());
        (instance.token, instance.pid) = (0, None);
        instance.restart_at = Some(Timestamp::new(now.get().saturating_add(pause)));
        instance.set_state(PluginState::Faulted, now);
        plugin.settle_state(now);
        crate::logging::dump_flight(&format!("exchange.{}", record.name), "fault");
        tracing::error!(
            logger = "plugins",
            "exchange {} stays away and its instruments are halted: {why} (next try in {} ms; `stratctl plugin start {}` tries at once)",
            record.name,
            pause / 1_000_000,
            plugin.name
        );
    }

    /// Notes the connector that has the place of an exchange now.
    pub(super) fn in_place(
        &self,
        exchange: ExchangeId,
        plugin: &LoadedPlugin,
        (token, pid): (u64, Option<u32>),
        pause: Duration,
    ) {
        let now = clock::now();
        let mut registry = self.registry.lock();
        let Some((record, at)) = registry.of_exchange(exchange) else { return };
        let instance = &mut record.instances[at];
        instance.run_on(plugin.generation(), pid);
        // nobody stands by
        instance.pid_before = None;
        instance.token = token;
        instance.restart_at = None;
        instance.pause_us_last = Some(u64::try_from(pause.as_micros()).unwrap_or(u64::MAX));
        instance.set_state(PluginState::Started, now);
        record.settle_state(now);
    }
}
