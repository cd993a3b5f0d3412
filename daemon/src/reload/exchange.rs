//! Another version of a connector takes over.
//!
//! With `make_before_break` in its manifest the new connector connects while the old one serves, and they change
//! places between two events. Otherwise the instruments of the exchange are halted; the old one saves and stops, the
//! new one restores, connects and says which orders work and what was filled meanwhile; then trading goes on.
//! If the new one cannot, the old version is made anew from its library and put back.

use std::{collections::BTreeMap, sync::Arc};

use stratd_control::PluginState;
use stratd_plugin_api::{
    ExchangeHost, ExchangeId, ExchangeInstance, OrderEventKind, OrderStatus, Reason, Side, Timestamp, abi,
    abi::plugin_flag,
};

use super::{
    Manager,
    record::{InstanceRecord, Place},
    replace::refused,
    restart::next_start,
};
use crate::{
    host::{LoadedPlugin, Refusal, Step},
    runtime::{Command, ExchangeDesk, ExchangeLeft, clock},
};

const CONNECT: u64 = 1;
const INSTRUMENTS: u64 = 2;
const SUBSCRIBE: u64 = 3;
const FILLS: u64 = 4;
const OPEN_ORDERS: u64 = 5;

/// A connector with the desk through which it speaks.
type Connected = (Box<dyn ExchangeInstance>, Arc<ExchangeDesk>);

impl Manager {
    /// Lets a new version of a connector take over; the report.
    pub(super) fn replace_exchange(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        exchange: ExchangeId,
    ) -> Result<String, Refusal> {
        let is_dead = record.state == PluginState::Faulted;
        if plugin.manifest().has_flag(plugin_flag::MAKE_BEFORE_BREAK) && !is_dead {
            self.make_before_break(plugin, record, exchange)
        } else {
            self.break_before_make(plugin, record, (exchange, is_dead))
        }
    }

    fn make_before_break(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        exchange: ExchangeId,
    ) -> Result<String, Refusal> {
        let desk = self.desk_of(exchange).ok_or_else(|| gone(plugin))?;
        let saved = self.event_loop.ask(|answer| Command::ExchangeSave { exchange, answer });
        let state = match saved {
            Ok(Some(Ok(state))) => state,
            Ok(Some(Err(fault))) => return Err(swap_refused(plugin, record, &format!("save: {fault}"))),
            Ok(None) | Err(_) => return Err(gone(plugin)),
        };
        let version = self.exchange_state_version(record);
        let state = state.map(|state| (version, state));
        let (mut instance, desk) = self.connected(plugin, record, &desk, state.as_ref())?;
        // its events wait at the desk until it is in place
        subscribe(plugin, &mut *instance, &desk)?;
        let mut before = self.put_in(plugin, exchange, instance, desk)?;
        if let Err(fault) = before.stop() {
            tracing::warn!(logger = "plugins", "{}: stopping the old connector: {fault}", record.name);
        }
        Ok(format!("exchange {} changed connectors without a break", record.name))
    }

    fn break_before_make(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        (exchange, is_dead): (ExchangeId, bool),
    ) -> Result<String, Refusal> {
        let stopwatch = clock::Stopwatch::start();
        let left = self.event_loop.ask(|answer| Command::ExchangeOut { exchange, answer });
        let Ok(Some(ExchangeLeft { mut instance, desk, working })) = left else {
            return Err(gone(plugin));
        };
        let version = self.exchange_state_version(record);
        let saved = if is_dead { Ok(None) } else { self.quiet_state(&mut *instance) };
        let state = match saved {
            Ok(state) => state.map(|state| (version, state)),
            Err(fault) => {
                // it was only asked: it goes on
                self.put_in(plugin, exchange, instance, desk)?;
                return Err(swap_refused(plugin, record, &fault));
            }
        };
        if let Err(fault) = instance.stop()
            && !is_dead
        {
            tracing::warn!(logger = "plugins", "{}: stopping the old connector: {fault}", record.name);
        }
        drop(instance);
        let brought = self.brought(plugin, record, (&desk, state.as_ref()), &working);
        let (((instance, new_desk), since), refusal) = match brought {
            Ok(brought) => (brought, None),
            Err(refusal) => {
                let old = self.version_of(record).ok_or_else(|| gone(plugin))?;
                match self.brought(&old, record, (&desk, state.as_ref()), &working) {
                    Ok(brought) => (brought, Some(refusal)),
                    Err(second) => return Err(self.stays_away(plugin, record, &refusal, &second)),
                }
            }
        };
        drop(self.put_in(plugin, exchange, instance, new_desk)?);
        match refusal {
            None => Ok(format!(
                "exchange {} was away for {} ms; {since}",
                record.name,
                stopwatch.elapsed().as_millis()
            )),
            Some(refusal) => Err(refusal),
        }
    }

    /// An isolated connector died: its instruments are halted, and it is made anew and reconnected.
    pub(super) fn exchange_died(&mut self, name: &str, text: &str) {
        let now = clock::now();
        let found = {
            let mut registry = self.registry.lock();
            registry.all_mut().find_map(|plugin| {
                let current = plugin.plugin().map(Arc::clone)?;
                let instance = plugin.instances.iter_mut().find(|i| i.name == name)?;
                let Some(Place::Exchange(id)) = instance.place else { return None };
                instance.faults += 1;
                instance.last_fault = Some(text.to_owned());
                let limit = self.options.plugins.crash_limit;
                let may_start = next_start(instance, limit, now).is_some();
                let state = if may_start { PluginState::Faulted } else { PluginState::Quarantined };
                instance.set_state(state, now);
                let instance = instance.clone();
                plugin.settle_state(now);
                Some((current, instance, id, may_start))
            })
        };
        let Some((plugin, instance, id, may_start)) = found else { return };
        if !may_start {
            // nothing of it is called any more
            let left = self.event_loop.ask(|answer| Command::ExchangeOut { exchange: id, answer });
            drop(left);
            tracing::error!(logger = "plugins", "exchange {name} died too often and stays away");
            return;
        }
        match self.break_before_make(&plugin, &instance, (id, true)) {
            Ok(report) => {
                tracing::warn!(logger = "plugins", "{report}");
                let now = clock::now();
                let mut registry = self.registry.lock();
                if let Some(plugin) = registry.get_mut(&plugin.manifest().name) {
                    if let Some(known) = plugin.instance_mut(name) {
                        known.restarts += 1;
                        known.set_state(PluginState::Started, now);
                    }
                    plugin.settle_state(now);
                }
            }
            Err(refusal) => tracing::error!(logger = "plugins", "exchange {name} stays away: {refusal}"),
        }
    }

    /// The version of a connector that is known to work.
    fn version_of(&self, record: &InstanceRecord) -> Option<Arc<LoadedPlugin>> {
        let registry = self.registry.lock();
        let runs = |plugin: &&super::PluginRecord| plugin.instances.iter().any(|i| i.name == record.name);
        registry.all().find(runs).and_then(|plugin| plugin.plugin().map(Arc::clone))
    }

    /// A connector that is ready to take its place, and what became of our orders meanwhile.
    fn brought(
        &self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        (desk, state): (&ExchangeDesk, Option<&(u32, Vec<u8>)>),
        working: &[abi::OrderRecord],
    ) -> Result<(Connected, String), Refusal> {
        let (mut instance, desk) = self.connected(plugin, record, desk, state)?;
        let since = self.reconcile(record, &mut *instance, &desk, working);
        subscribe(plugin, &mut *instance, &desk)?;
        Ok(((instance, desk), since))
    }

    /// Neither the new version nor the one before can serve: the instruments stay halted until a command or another
    /// file brings one that can.
    fn stays_away(
        &self,
        plugin: &LoadedPlugin,
        record: &InstanceRecord,
        first: &Refusal,
        second: &Refusal,
    ) -> Refusal {
        let text = format!("{}; and the version before does not come back: {}", first.found, second.found);
        let now = clock::now();
        let mut registry = self.registry.lock();
        let known = registry.all_mut().find(|known| known.instances.iter().any(|i| i.name == record.name));
        if let Some(known) = known {
            if let Some(instance) = known.instance_mut(&record.name) {
                instance.faults += 1;
                instance.last_fault = Some(text.clone());
                instance.set_state(PluginState::Faulted, now);
            }
            known.settle_state(now);
        }
        swap_refused(plugin, record, &text)
    }

    /// Comes to rest and saves.
    fn quiet_state(&self, instance: &mut dyn ExchangeInstance) -> Result<Option<Vec<u8>>, String> {
        let deadline = clock::now().get().saturating_add(self.options.plugins.quiesce_timeout.nanoseconds());
        instance.quiesce(Timestamp::new(deadline)).map_err(|fault| format!("quiesce: {fault}"))?;
        instance.save().map_err(|fault| format!("save: {fault}"))
    }

    /// Creates, restores and connects a connector.
    fn connected(
        &self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        desk: &ExchangeDesk,
        state: Option<&(u32, Vec<u8>)>,
    ) -> Result<Connected, Refusal> {
        let desk = desk.successor().map(Arc::new).ok_or_else(|| gone(plugin))?;
        let host: Arc<dyn ExchangeHost> = desk.clone();
        let mut instance = self.factory.exchange(plugin, &record.name, &record.settings, host)?;
        if let Some((version, state)) = state {
            let manifest = plugin.manifest();
            if !(manifest.state_compat_min..=manifest.state_version).contains(version) {
                let found = format!("a state of exchange {} of version {version}", record.name);
                let accepted = format!("version {} to {}", manifest.state_compat_min, manifest.state_version);
                return Err(refused(plugin, Step::Restore, found, accepted));
            }
            instance
                .restore(*version, state)
                .map_err(|fault| refused(plugin, Step::Restore, fault.message, "a state that it takes"))?;
        }
        let connect = |what: &str, error: String| {
            refused(
                plugin,
                Step::Connect,
                format!("{what} of exchange {}: {error}", record.name),
                "an answer",
            )
        };
        instance.connect(CONNECT).map_err(|fault| connect("connecting", fault.message))?;
        desk.wait(CONNECT).map_err(|error| connect("connecting", error.to_string()))?;
        instance.instruments(INSTRUMENTS).map_err(|fault| connect("instruments", fault.message))?;
        desk.wait(INSTRUMENTS).map_err(|error| connect("instruments", error.to_string()))?;
        Ok((instance, desk))
    }

    /// What happened to our orders while nobody listened: fills are told first, then orders that do not work any more
    /// are told as canceled. The engine ignores what it knows: it tells executions apart by their ids.
    ///
    /// Reports that were under way when the old connector left may be lost, so executions are asked for from the oldest
    /// order on, not from the break on; the first ones of each order, as far as it was filled, are known.
    fn reconcile(
        &self,
        record: &InstanceRecord,
        instance: &mut dyn ExchangeInstance,
        desk: &Arc<ExchangeDesk>,
        working: &[abi::OrderRecord],
    ) -> String {
        let Some(oldest) = working.iter().map(|order| order.created).min() else {
            return "no order of ours worked there".to_owned();
        };
        let asked = instance
            .fills_since(FILLS, Timestamp::new(oldest))
            .map_err(|fault| fault.to_string())
            .and_then(|()| desk.wait(FILLS).map_err(|error| error.to_string()))
            .and_then(|()| instance.open_orders(OPEN_ORDERS).map_err(|fault| fault.to_string()))
            .and_then(|()| desk.wait(OPEN_ORDERS).map_err(|error| error.to_string()));
        if let Err(why) = asked {
            tracing::error!(
                logger = "plugins",
                "exchange {}: its orders are not reconciled ({why}); {} of ours are as they were",
                record.name,
                working.len()
            );
            return format!("{} orders are as they were: {why}", working.len());
        }
        let mut reported = desk.take_reported();
        reported.fills.sort_by_key(|fill| fill.ts);
        let mut known: BTreeMap<u64, i64> =
            working.iter().map(|order| (order.client_order_id, order.filled)).collect();
        let ours = |id: u64| working.iter().find(|order| order.client_order_id == id);
        let mut events: Vec<abi::OrderEvent> = Vec::new();
        for fill in &reported.fills {
            let Some(order) = ours(fill.client_order_id) else { continue };
            match known.get_mut(&fill.client_order_id) {
                Some(filled) if *filled >= fill.quantity => *filled -= fill.quantity,
                _ => events.push(fill_event(fill, order)),
            }
        }
        let fills = events.len();
        for order in working {
            let is_open =
                reported.open_orders.iter().any(|open| open.client_order_id == order.client_order_id);
            if !is_open {
                events.push(canceled_event(order, clock::now()));
            }
        }
        let ended = events.len() - fills;
        desk.emit_orders(&events);
        format!("{} orders of ours worked there: {fills} fills and {ended} ends since then", working.len())
    }

    fn put_in(
        &self,
        plugin: &LoadedPlugin,
        exchange: ExchangeId,
        instance: Box<dyn ExchangeInstance>,
        desk: Arc<ExchangeDesk>,
    ) -> Result<Box<dyn ExchangeInstance>, Refusal> {
        let answer = self.event_loop.ask(|answer| Command::ExchangeIn { exchange, instance, desk, answer });
        answer.ok().flatten().ok_or_else(|| gone(plugin))
    }

    fn desk_of(&self, exchange: ExchangeId) -> Option<Arc<ExchangeDesk>> {
        self.event_loop.ask(|answer| Command::ExchangeDesk { exchange, answer }).ok().flatten()
    }

    /// The version of what the connector in place saves.
    fn exchange_state_version(&self, record: &InstanceRecord) -> u32 {
        self.version_of(record).map_or(0, |plugin| plugin.manifest().state_version)
    }
}

fn subscribe(
    plugin: &LoadedPlugin,
    instance: &mut dyn ExchangeInstance,
    desk: &ExchangeDesk,
) -> Result<(), Refusal> {
    let failed = |error: String| refused(plugin, Step::Connect, format!("market data: {error}"), "an answer");
    instance.subscribe(SUBSCRIBE, None).map_err(|fault| failed(fault.message))?;
    desk.wait(SUBSCRIBE).map_err(|error| failed(error.to_string()))
}

fn gone(plugin: &LoadedPlugin) -> Refusal {
    refused(plugin, Step::Swap, "the run is over", "a run that goes on")
}

fn swap_refused(plugin: &LoadedPlugin, record: &InstanceRecord, why: &str) -> Refusal {
    let found = format!("exchange {}: {why}", record.name);
    refused(plugin, Step::Swap, found, "a version that takes over")
}

/// A fill that nobody told, as the report that the exchange would have sent.
fn fill_event(fill: &abi::FillRecord, order: &abi::OrderRecord) -> abi::OrderEvent {
    let kind = if fill.side == Side::Sell.code() { OrderEventKind::Sold } else { OrderEventKind::Bought };
    abi::OrderEvent {
        ts: fill.ts,
        client_order_id: fill.client_order_id,
        exchange_order_id: fill.exchange_order_id,
        instrument: fill.instrument,
        kind: kind.code(),
        status: OrderStatus::PartiallyFilled.code(),
        side: fill.side,
        price: order.price,
        quantity: order.quantity,
        last_price: fill.price,
        last_quantity: fill.quantity,
        fee: fill.fee,
        trade_id: fill.trade_id,
        order_type: order.order_type,
        flags: order.flags,
        ..abi::OrderEvent::default()
    }
}

/// The end of an order that the exchange does not list any more.
fn canceled_event(order: &abi::OrderRecord, now: Timestamp) -> abi::OrderEvent {
    abi::OrderEvent {
        ts: now.get(),
        client_order_id: order.client_order_id,
        exchange_order_id: order.exchange_order_id,
        instrument: order.instrument,
        kind: OrderEventKind::Canceled.code(),
        status: OrderStatus::Canceled.code(),
        side: order.side,
        price: order.price,
        quantity: order.quantity,
        order_type: order.order_type,
        reason: Reason::Exchange.code(),
        ..abi::OrderEvent::default()
    }
}
