//! What of the plugins has changed since somebody looked: events for who listens.
//!
//! The registry is compared with what was told last, after each request that the manager takes. Whatever changes it, by
//! whichever way, is told so; two changes of one thing by one request are told as one.

use std::collections::BTreeMap;

use stratd_control::{Happening, InstanceEvent, PluginEvent, PluginState};

use super::{InstanceRecord, PluginRecord, Registry};
use crate::plugin_kind::PluginKind;

/// What was told of one plugin.
#[derive(Clone, Debug, PartialEq)]
struct OfPlugin {
    state: PluginState,
    generation: u64,
    /// The content that was refused last, and when.
    refusal: Option<(String, String)>,
}

/// What was told of one instance.
#[derive(Clone, Debug, PartialEq)]
struct OfInstance {
    state: PluginState,
    generation: u64,
    faults: u64,
    restarts: u64,
}

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    plugins: BTreeMap<String, OfPlugin>,
    instances: BTreeMap<(String, String), OfInstance>,
}

impl Told {
    /// What is there already, and is no news.
    pub(super) fn of(registry: &Registry) -> Self {
        let mut told = Self::default();
        told.changes(registry);
        told
    }

    /// What has changed since the last call.
    pub(super) fn changes(&mut self, registry: &Registry) -> Vec<Happening> {
        let mut changes = Vec::new();
        for plugin in registry.all() {
            changes.extend(self.plugin(plugin));
            for instance in &plugin.instances {
                changes.extend(self.instance(plugin, instance));
            }
        }
        changes
    }

    fn plugin(&mut self, plugin: &PluginRecord) -> Vec<Happening> {
        let refusal = plugin.last_refusal.as_ref().map(|refusal| (refusal.text.clone(), refusal.at.clone()));
        let generation = plugin.current().map_or(0, |generation| generation.number);
        let now = OfPlugin { state: plugin.state, generation, refusal };
        let before = self.plugins.insert(plugin.name.clone(), now.clone());
        if before.as_ref() == Some(&now) {
            return Vec::new();
        }
        let is_refused = now.refusal.is_some() && before.as_ref().is_none_or(|b| b.refusal != now.refusal);
        let is_changed = before.is_none_or(|b| (b.state, b.generation) != (now.state, now.generation));
        let event = |state: &str, reason: Option<String>| {
            let version = plugin.current().and_then(|generation| generation.identity.version.clone());
            Happening::Plugin(PluginEvent {
                plugin: plugin.name.clone(),
                state: state.to_owned(),
                generation,
                version: version.unwrap_or_default(),
                reason,
            })
        };
        let mut events = Vec::new();
        if is_refused {
            events.push(event("refused", now.refusal.map(|(text, _)| text)));
        }
        if is_changed {
            events.push(event(now.state.name(), None));
        }
        events
    }

    fn instance(&mut self, plugin: &PluginRecord, instance: &InstanceRecord) -> Option<Happening> {
        let now = OfInstance {
            state: instance.state,
            generation: instance.generation,
            faults: instance.faults,
            restarts: instance.restarts,
        };
        let key = (plugin.name.clone(), instance.name.clone());
        if self.instances.insert(key, now.clone()) == Some(now) {
            return None;
        }
        let of_kind = |kind: PluginKind| (plugin.kind == kind).then(|| instance.name.clone());
        let has_failed = matches!(instance.state, PluginState::Faulted | PluginState::Quarantined);
        Some(Happening::Instance(InstanceEvent {
            instance: instance.name.clone(),
            plugin: plugin.name.clone(),
            strategy: of_kind(PluginKind::Strategy),
            exchange: of_kind(PluginKind::Exchange),
            state: instance.state.name().to_owned(),
            generation: instance.generation,
            restarts: instance.restarts,
            reason: instance.last_fault.clone().filter(|_| has_failed),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;
    use stratd_plugin_api::Timestamp;

    use super::{
        super::{InstanceSettings, record::Place},
        *,
    };
    use crate::config::{IsolationMode, Unload};

    fn shown(changes: &[Happening]) -> String {
        let line = |change: &Happening| match change {
            Happening::Plugin(event) => {
                format!("{} {} {}", event.plugin, event.state, event.reason.as_deref().unwrap_or(""))
            }
            Happening::Instance(event) => {
                format!("{} {} {}", event.instance, event.state, event.reason.as_deref().unwrap_or(""))
            }
            other => panic!("{other:?}"),
        };
        changes.iter().map(|change| line(change).trim().to_owned()).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_has_changed_is_told_once() {
        let now = Timestamp::new(1);
        let mut registry = Registry::default();
        let record = PluginRecord::new(PluginKind::Strategy, "strategy-x", "/x.so".into(), now);
        let settings = InstanceSettings {
            config: Map::new(),
            isolation: IsolationMode::None,
            unload: Unload::Never,
            may_shutdown: false,
            cancels_on_stop: false,
            bars: Vec::new(),
        };
        registry.add(record).instances.push(InstanceRecord::new("x", settings, now));
        let mut told = Told::of(&registry);
        assert_eq!(shown(&told.changes(&registry)), "");
        let plugin = registry.get_mut("strategy-x").unwrap();
        plugin.instance_mut("x").unwrap().start(Some(Place::Strategy(stratd_engine::StrategyId(0))), now);
        plugin.settle_state(now);
        assert_eq!(shown(&told.changes(&registry)), "strategy-x started; x started");
        let instance = registry.get_mut("strategy-x").unwrap().instance_mut("x").unwrap();
        instance.last_fault = Some("a reason".to_owned());
        instance.restarts += 1;
        assert_eq!(shown(&told.changes(&registry)), "x started", "a reason is told with a failure only");
        registry.get_mut("strategy-x").unwrap().instance_mut("x").unwrap().fail(now);
        assert_eq!(shown(&told.changes(&registry)), "x faulted a reason");
        assert_eq!(shown(&told.changes(&registry)), "");
    }
}
