//! Exchanges that join the run and leave it.
//!
//! One that joins is made, connected and asked for its instruments and its market data before anything changes; what it
//! tells of the market waits at its desk until the event loop has its place. If the change is refused it is stopped, and
//! what it told is taken back.

use std::sync::Arc;

use stratd_control::PluginState;
use stratd_plugin_api::{ExchangeId, ExchangeInstance, abi::plugin_flag};

use super::{ConfigRefusal, RefusalKind, build::Built, parts::settings_of_exchange};
use crate::{
    config::ExchangeEntry,
    host::{LoadedPlugin, Refusal, Step},
    plugin_kind::PluginKind,
    reload::{
        InstanceRecord, Manager, Place, PluginRecord,
        connector::{Connected, subscribe},
        exchange::gone,
        replace::{check_config, refused},
    },
    runtime::{ChangeRefused, Command, ExchangeDesk, ExchangeLeft, JoiningExchange, LoopGone, clock},
};

/// An exchange that joins.
pub(super) struct Joining {
    pub(super) name: String,
    plugin: Arc<LoadedPlugin>,
    record: InstanceRecord,
    desk: Arc<ExchangeDesk>,
}

/// An exchange that leaves.
pub(super) struct Leaving {
    pub(super) name: String,
    pub(super) exchange: ExchangeId,
}

impl Manager {
    pub(super) fn build_leaves(&self, built: &mut Built, names: &[String]) {
        for name in names {
            let found = self.instance(PluginKind::Exchange, name);
            if let Some(Place::Exchange(exchange)) = found.and_then(|(_, instance)| instance.place) {
                built.change.leaves.push(exchange);
                built.leaving.push(Leaving { name: name.clone(), exchange });
            }
        }
    }

    /// Makes and connects the exchanges that join, all or none.
    ///
    /// # Errors
    /// One of them refuses, and none is left connected.
    pub(super) fn build_joins(
        &self,
        built: &mut Built,
        entries: &[ExchangeEntry],
    ) -> Result<(), ConfigRefusal> {
        if entries.is_empty() {
            return Ok(());
        }
        let failed = |gone: LoopGone| ConfigRefusal::failed(gone.to_string());
        let look = self.event_loop.ask(|answer| Command::Look { answer }).map_err(failed)?;
        let first = ExchangeId(1);
        let near = self.event_loop.ask(|answer| Command::ExchangeDesk { exchange: first, answer });
        let Some(near) = near.map_err(failed)? else {
            let text = "a run that began without an exchange takes none (accepted: at the next start)";
            return Err(ConfigRefusal::new(RefusalKind::Conflict, text).at("/exchange"));
        };
        let mut places = look.exchanges.len();
        for entry in entries {
            if let Err(refusal) = self.build_join(built, entry, (&near, &mut places)) {
                self.discard_joins(built);
                return Err(ConfigRefusal::of_entry(PluginKind::Exchange, entry.name(), &refusal));
            }
        }
        Ok(())
    }

    fn build_join(
        &self,
        built: &mut Built,
        entry: &ExchangeEntry,
        (near, places): (&ExchangeDesk, &mut usize),
    ) -> Result<(), Refusal> {
        let name = entry.name();
        let file = self.plugins.load(PluginKind::Exchange, &entry.plugin)?;
        // what runs of it may be newer than what the run began with
        let running = self
            .registry
            .lock()
            .get(&file.manifest().name)
            .and_then(|record| record.plugin().map(Arc::clone));
        let plugin = running.unwrap_or(file);
        let mut record = InstanceRecord::new(name, settings_of_exchange(entry), clock::now());
        check_config(plugin.identity(), plugin.manifest(), &record)?;
        let known = self.left.get(name).copied();
        let exchange = match known {
            Some(exchange) => exchange,
            None => {
                let more = || refused(&plugin, Step::Create, "more exchanges than ids", "fewer of them");
                let next = u16::try_from(*places + 1).map_err(|_| more())?;
                *places += 1;
                ExchangeId(next)
            }
        };
        record.place = Some(Place::Exchange(exchange));
        let desk = near.of_joining(name, exchange).map(Arc::new).ok_or_else(|| gone(&plugin))?;
        // known from here on, so that it is taken back if anything fails
        built.joining.push(Joining {
            name: name.to_owned(),
            plugin: Arc::clone(&plugin),
            record: record.clone(),
            desk: Arc::clone(&desk),
        });
        let Connected { mut made, .. } = self.connected_at(&plugin, &record, Arc::clone(&desk), None)?;
        let instance = &mut *made.instance;
        let ready = desk
            .has_told_all()
            .map_err(|why| refused(&plugin, Step::Connect, why, "instruments as they were"))
            .and_then(|()| self.reconciled(&plugin, &record, (exchange, known.is_some()), (&desk, instance)))
            .and_then(|()| subscribe(&plugin, instance, &desk));
        if let Err(refusal) = ready {
            stop(name, instance);
            return Err(refusal);
        }
        if let Some(joining) = built.joining.last_mut() {
            (joining.record.token, joining.record.pid) = (made.token, made.pid);
        }
        let manifest = plugin.manifest();
        built.change.joins.push_back(JoiningExchange {
            exchange,
            plugin: format!("{} {}", manifest.name, manifest.version),
            instrument_types: manifest.instrument_types,
            trading_types: manifest.trading_types,
            has_order_entry: manifest.has_flag(plugin_flag::ORDER_ENTRY),
            takes: manifest.takes_of(entry.order_types.as_deref()),
            instance: made.instance,
            desk,
        });
        Ok(())
    }

    /// One that comes back says how our orders are: a fill may have come after it had left.
    fn reconciled(
        &self,
        plugin: &LoadedPlugin,
        record: &InstanceRecord,
        (exchange, is_known): (ExchangeId, bool),
        (desk, instance): (&ExchangeDesk, &mut dyn ExchangeInstance),
    ) -> Result<(), Refusal> {
        if !is_known {
            return Ok(());
        }
        let asked = self.reconcile(exchange, desk, &mut |question| {
            question.ask(instance).map_err(|fault| fault.to_string())
        });
        asked.map(drop).map_err(|why| {
            refused(plugin, Step::Connect, format!("orders of exchange {}: {why}", record.name), "an answer")
        })
    }

    /// Stops the connectors of a change that does not come to the event loop, and takes back what they told.
    pub(super) fn discard_joins(&self, built: &mut Built) {
        for mut joining in std::mem::take(&mut built.change.joins) {
            stop(joining.desk.name(), &mut *joining.instance);
        }
        for joining in built.joining.drain(..) {
            joining.desk.take_back();
        }
    }

    /// The same for a change that the event loop has refused. Places that it gave stay, and are empty.
    pub(super) fn undo_joins(&mut self, built: &Built, refused: &mut ChangeRefused) {
        for mut instance in std::mem::take(&mut refused.unneeded.exchanges) {
            stop("that does not join", &mut *instance);
        }
        for joining in &built.joining {
            joining.desk.take_back();
        }
        for (index, exchange) in std::mem::take(&mut refused.places) {
            if let Some(joining) = built.joining.get(index) {
                self.left.insert(joining.name.clone(), exchange);
            }
        }
    }

    /// Notes the exchanges that have joined; in words.
    pub(super) fn note_joins(&mut self, joining: &[Joining]) -> Vec<String> {
        let now = clock::now();
        let mut words = Vec::new();
        for Joining { name, plugin, record, .. } in joining {
            let manifest = plugin.manifest();
            let mut registry = self.registry.lock();
            let known = PluginRecord::new(manifest.kind, &manifest.name, plugin.file().to_owned(), now);
            let known = registry.add(known);
            known.take_up(plugin, now);
            let mut instance = record.clone();
            instance.start(record.place, now);
            instance.run_on(plugin.generation(), record.pid);
            known.instances.push(instance);
            known.settle_state(now);
            drop(registry);
            self.left.remove(name);
            words.push(format!("exchange {name} joined"));
        }
        words
    }

    /// Notes the exchanges that have left, and ends their connectors; in words.
    pub(super) fn note_leaves(&mut self, leaving: &[Leaving], left: Vec<ExchangeLeft>) -> Vec<String> {
        for ExchangeLeft { mut instance, desk } in left {
            stop(desk.name(), &mut *instance);
        }
        let now = clock::now();
        let mut words = Vec::new();
        for Leaving { name, exchange } in leaving {
            let mut registry = self.registry.lock();
            if let Some((plugin, at)) = registry.of_exchange(*exchange) {
                plugin.instances.remove(at);
                if plugin.instances.is_empty() {
                    plugin.set_state(PluginState::Verified, now);
                }
                plugin.settle_state(now);
            }
            drop(registry);
            self.away.remove(exchange);
            self.left.insert(name.clone(), *exchange);
            words.push(format!("exchange {name} left"));
        }
        words
    }
}

/// Ends a connector that is not needed any more.
fn stop(name: &str, instance: &mut dyn ExchangeInstance) {
    if let Err(fault) = instance.stop() {
        tracing::warn!(logger = "plugins", "exchange {name}: stopping a connector: {fault}");
    }
}
