//! Another version of a connector takes over.
//!
//! With `make_before_break` in its manifest the new connector connects while the old one serves, and they change
//! places between two events; the old one stops when the new one has said how our orders are. Otherwise the
//! instruments of the exchange are halted; the old one saves and stops, the new one restores, connects and says how
//! our orders are; then trading goes on. If the new one cannot, the old version goes on: it still stands by, or is made
//! anew from its library. If that cannot either, the exchange is away: see `away`.
//!
//! Either way the state is that of `save` before the change, because it is restored before `connect`. What happened
//! since is found by asking the exchange: see `runtime/recovery`.

use std::{sync::Arc, time::Duration};

use stratd_control::PluginState;
use stratd_plugin_api::{ExchangeId, ExchangeInstance, Timestamp, abi::plugin_flag};

use super::{
    Manager, PluginRecord,
    away::Away,
    connector::Connected,
    record::{InstanceRecord, Place},
    replace::refused,
};
use crate::{
    host::{LoadedPlugin, Refusal, Step},
    runtime::{
        Asked, Command, ExchangeDesk, ExchangeLeft, Found, LoopGone, Question, Until, ask_all, clock,
        fills_since, has_ended,
    },
};

/// An exchange that goes on tells it of each of its instruments: it is asked once for all of them.
const CHECK_PAUSE_MIN: Duration = Duration::from_secs(1);

impl Manager {
    /// Lets a new version of a connector take over; the report.
    pub(super) fn replace_exchange(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        exchange: ExchangeId,
    ) -> Result<String, Refusal> {
        if self.away.contains_key(&exchange) {
            return self.come_in(plugin, record, exchange).inspect_err(|refusal| {
                self.stays_away(record, exchange, &refusal.to_string());
            });
        }
        let takes = self.plugin_of(exchange).map(|in_place| in_place.manifest().takes());
        if let Some(takes) = takes.filter(|takes| *takes != plugin.manifest().takes()) {
            // orders that work were sent, or are held, as the one in place takes them
            let found = format!("a connector that takes {}", plugin.manifest().takes());
            return Err(refused(plugin, Step::Manifest, found, format!("{takes}, until the next start")));
        }
        if plugin.manifest().has_flag(plugin_flag::MAKE_BEFORE_BREAK) {
            self.make_before_break(plugin, record, exchange)
        } else {
            self.break_before_make(plugin, record, exchange)
        }
    }

    fn make_before_break(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        exchange: ExchangeId,
    ) -> Result<String, Refusal> {
        let desk = self.event_loop.ask(|answer| Command::ExchangeDesk { exchange, answer });
        let old_desk = desk.ok().flatten().ok_or_else(|| gone(plugin))?;
        let saved = self.event_loop.ask(|answer| Command::ExchangeSave { exchange, answer });
        let state = match saved {
            Ok(Some(Ok(state))) => state,
            Ok(Some(Err(fault))) => return Err(swap_refused(plugin, record, &format!("save: {fault}"))),
            Ok(None) | Err(_) => return Err(gone(plugin)),
        };
        let state = state.map(|state| (self.exchange_state_version(exchange), state));
        // the one in place tells of the market
        let to = (&*old_desk, Until::Forgotten);
        let Connected { mut made, desk } = self.connected(plugin, record, to, state.as_ref())?;
        super::connector::subscribe(plugin, &mut *made.instance, &desk)?;
        let stopwatch = clock::Stopwatch::start();
        let mut before = self.put_in(plugin, exchange, made.instance, Arc::clone(&desk))?;
        let pause = stopwatch.elapsed();
        let event_loop = self.event_loop.clone();
        let asked = self.reconcile(exchange, &desk, &mut |question| match event_loop
            .ask(|answer| Command::ExchangeAsk { exchange, question, answer })
        {
            Ok(Some(asked)) => asked.map_err(|fault| fault.to_string()),
            Ok(None) | Err(_) => Err("the run is over".to_owned()),
        });
        let missed = match asked {
            Ok(missed) => missed,
            Err(why) => {
                // the old one is still connected
                let mut failed = self.put_in(plugin, exchange, before, old_desk)?;
                stop(record, &mut *failed);
                return Err(swap_refused(plugin, record, &why));
            }
        };
        stop(record, &mut *before);
        drop(before);
        self.go_on(plugin, exchange)?;
        self.in_place(exchange, plugin, (made.token, made.pid), pause);
        Ok(format!("exchange {} changed connectors without a break; {missed}", record.name))
    }

    fn break_before_make(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        exchange: ExchangeId,
    ) -> Result<String, Refusal> {
        let left = self.event_loop.ask(|answer| Command::ExchangeOut { exchange, answer });
        let Ok(Some(ExchangeLeft { mut instance, desk })) = left else {
            return Err(gone(plugin));
        };
        let state = match self.quiet_state(&mut *instance) {
            Ok(state) => state.map(|state| (self.exchange_state_version(exchange), state)),
            Err(fault) => {
                // it was only asked: it goes on
                drop(self.put_in(plugin, exchange, instance, desk)?);
                self.go_on(plugin, exchange)?;
                return Err(swap_refused(plugin, record, &fault));
            }
        };
        stop(record, &mut *instance);
        drop(instance);
        self.away.insert(exchange, Away::new(desk, state));
        let refusal = match self.come_in(plugin, record, exchange) {
            Ok(report) => return Ok(report),
            Err(refusal) => refusal,
        };
        let old = self.plugin_of(exchange).ok_or_else(|| gone(plugin));
        match old.and_then(|old| self.come_in(&old, record, exchange)) {
            Ok(report) => {
                tracing::warn!(logger = "plugins", "the version before goes on: {report}");
                Err(refusal)
            }
            Err(second) => {
                let text = format!("{refusal}; and the version before does not come back: {second}");
                self.stays_away(record, exchange, &text);
                Err(swap_refused(plugin, record, &text))
            }
        }
    }

    /// A connector leaves its place until somebody starts it: its instruments are halted, it saves and stops.
    ///
    /// # Errors
    /// In words; it stays.
    pub(super) fn send_away(&mut self, record: &InstanceRecord, exchange: ExchangeId) -> Result<(), String> {
        let plugin = self.plugin_of(exchange).ok_or("its library is not loaded")?;
        let left = self.event_loop.ask(|answer| Command::ExchangeOut { exchange, answer });
        let Ok(Some(ExchangeLeft { mut instance, desk })) = left else {
            return Err("the run is over".to_owned());
        };
        let state = match self.quiet_state(&mut *instance) {
            Ok(state) => state.map(|state| (self.exchange_state_version(exchange), state)),
            Err(fault) => {
                // it was only asked: it goes on
                let back = self.put_in(&plugin, exchange, instance, desk).map(drop);
                let back = back.and_then(|()| self.go_on(&plugin, exchange));
                return Err(back.map_or_else(|refusal| refusal.to_string(), |()| fault));
            }
        };
        stop(record, &mut *instance);
        drop(instance);
        self.away.insert(exchange, Away::new(desk, state));
        let now = clock::now();
        let mut registry = self.registry.lock();
        if let Some((plugin, at)) = registry.of_exchange(exchange) {
            let known = &mut plugin.instances[at];
            (known.token, known.pid, known.restart_at) = (0, None, None);
            known.set_state(PluginState::Retired, now);
            plugin.settle_state(now);
        }
        Ok(())
    }

    /// Comes to rest and saves.
    fn quiet_state(&self, instance: &mut dyn ExchangeInstance) -> Result<Option<Vec<u8>>, String> {
        let deadline = clock::now().get().saturating_add(self.options.plugins.quiesce_timeout.nanoseconds());
        instance.quiesce(Timestamp::new(deadline)).map_err(|fault| format!("quiesce: {fault}"))?;
        instance.save().map_err(|fault| format!("save: {fault}"))
    }

    /// Finds out and tells what happened to our orders while nobody listened, or while two did. When it returns, the
    /// event loop has fed it.
    ///
    /// # Errors
    /// In words; nothing or a part of it was told.
    pub(super) fn reconcile(
        &self,
        exchange: ExchangeId,
        desk: &ExchangeDesk,
        ask: &mut dyn FnMut(Question) -> Result<(), String>,
    ) -> Result<String, String> {
        // what the connector before told counts first
        self.event_loop.settle().map_err(|gone| gone.to_string())?;
        let orders = self.event_loop.ask(|answer| Command::ExchangeOrders { exchange, answer });
        let orders = orders.map_err(|gone| gone.to_string())?;
        if orders.is_empty() {
            return Ok("no order of ours worked there".to_owned());
        }
        let working = orders.iter().filter(|order| !has_ended(order)).count();
        let since = fills_since(&orders);
        let reported = ask_all(desk, ask, (&orders, since))
            .map_err(|why| format!("{why}; {working} orders of ours worked there"))?;
        let asked = Box::new(Asked { before: orders, reported, is_same_connection: false });
        // what was told until the answers counts first
        self.event_loop.settle().map_err(|gone| gone.to_string())?;
        let found = self.event_loop.ask(|answer| Command::ExchangeFound { exchange, asked, answer });
        found.map(|found| found.to_string()).map_err(|gone| gone.to_string())
    }

    /// Asks all exchanges how our orders are, if it is time.
    pub(super) fn check_exchanges(&mut self) {
        let Some(every) = self.options.check_every else { return };
        let since = self.checked.elapsed();
        if since < every && (since < CHECK_PAUSE_MIN || self.to_check.is_empty()) {
            return;
        }
        if since < every {
            for exchange in std::mem::take(&mut self.to_check) {
                self.check_exchange(exchange);
            }
            return;
        }
        self.to_check.clear();
        let exchanges: Vec<ExchangeId> = {
            let registry = self.registry.lock();
            let places = registry.instances().filter_map(|instance| match instance.place {
                Some(Place::Exchange(id)) => Some(id),
                Some(Place::Strategy(_)) | None => None,
            });
            places.collect()
        };
        for exchange in exchanges {
            self.check_exchange(exchange);
        }
        self.checked = clock::Stopwatch::start();
    }

    /// Asks the connector in its place how our orders are. What it does not answer it is asked again.
    pub(super) fn check_exchange(&mut self, exchange: ExchangeId) {
        if self.options.check_every.is_none() || self.away.contains_key(&exchange) {
            return;
        }
        match self.check(exchange) {
            Ok(found) if found.is_news() => {
                tracing::info!(logger = "recovery", "exchange {}: {found}", exchange.0)
            }
            Ok(_) => {}
            Err(why) => {
                tracing::warn!(logger = "recovery", "exchange {}: how our orders are: {why}", exchange.0)
            }
        }
    }

    fn check(&self, exchange: ExchangeId) -> Result<Found, String> {
        let gone = |gone: LoopGone| gone.to_string();
        let desk = self.event_loop.ask(|answer| Command::ExchangeDesk { exchange, answer }).map_err(gone)?;
        let Some(desk) = desk else { return Ok(Found::default()) };
        let before =
            self.event_loop.ask(|answer| Command::ExchangeCheck { exchange, answer }).map_err(gone)?;
        // its orders are executed by our own fill model
        let Some((before, since)) = before else { return Ok(Found::default()) };
        let ask = &mut |question| match self.event_loop.ask(|answer| Command::ExchangeAsk {
            exchange,
            question,
            answer,
        }) {
            Ok(Some(asked)) => asked.map_err(|fault| fault.to_string()),
            Ok(None) | Err(_) => Err("the run is over".to_owned()),
        };
        let reported = ask_all(&desk, ask, (&before, since))?;
        self.event_loop.settle().map_err(gone)?;
        let asked = Box::new(Asked { before, reported, is_same_connection: true });
        self.event_loop.ask(|answer| Command::ExchangeFound { exchange, asked, answer }).map_err(gone)
    }

    pub(super) fn put_in(
        &self,
        plugin: &LoadedPlugin,
        exchange: ExchangeId,
        instance: Box<dyn ExchangeInstance>,
        desk: Arc<ExchangeDesk>,
    ) -> Result<Box<dyn ExchangeInstance>, Refusal> {
        let answer = self.event_loop.ask(|answer| Command::ExchangeIn { exchange, instance, desk, answer });
        answer.ok().flatten().ok_or_else(|| gone(plugin))
    }

    /// Trading goes on where it was halted, and lost cancels are sent again.
    pub(super) fn go_on(&self, plugin: &LoadedPlugin, exchange: ExchangeId) -> Result<(), Refusal> {
        let answer = self.event_loop.ask(|answer| Command::ExchangeGoOn { exchange, answer });
        answer.map_err(|_| gone(plugin))
    }

    /// The version of what the connector in place saves.
    fn exchange_state_version(&self, exchange: ExchangeId) -> u32 {
        self.plugin_of(exchange).map_or(0, |plugin| plugin.manifest().state_version)
    }

    /// The library of the connector in place, or of the one that was there last.
    fn plugin_of(&self, exchange: ExchangeId) -> Option<Arc<LoadedPlugin>> {
        let mut registry = self.registry.lock();
        let (plugin, _): (&mut PluginRecord, usize) = registry.of_exchange(exchange)?;
        plugin.plugin().map(Arc::clone)
    }
}

/// Ends a connector that is not needed any more.
fn stop(record: &InstanceRecord, instance: &mut dyn ExchangeInstance) {
    if let Err(fault) = instance.stop() {
        tracing::warn!(logger = "plugins", "exchange {}: stopping a connector: {fault}", record.name);
    }
}

pub(super) fn gone(plugin: &LoadedPlugin) -> Refusal {
    refused(plugin, Step::Swap, "the run is over", "a run that goes on")
}

fn swap_refused(plugin: &LoadedPlugin, record: &InstanceRecord, why: &str) -> Refusal {
    let found = format!("exchange {}: {why}", record.name);
    refused(plugin, Step::Swap, found, "a version that takes over")
}
