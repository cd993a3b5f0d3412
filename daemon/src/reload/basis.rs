//! What a change of plugins depends on, and changes.

use serde_json::{Value, json};

use super::{InstanceRecord, PluginRecord, Registry};
use crate::control::Basis;

/// Of one plugin: which generation runs, whether another can be put back, the states, and how often they have changed
/// since when, so that what was changed and changed back is another. Not what counts by itself, and not what is only
/// told of, as the last refusal.
pub(super) fn of(record: &PluginRecord) -> Basis {
    Basis::new(values(record))
}

/// Of all plugins: what a load adds to.
pub(super) fn of_all(registry: &Registry) -> Basis {
    Basis::new(registry.all().map(values).collect())
}

fn values(record: &PluginRecord) -> Value {
    let instances: Vec<Value> = record.instances.iter().map(instance).collect();
    json!({
        "plugin": record.name,
        "generation": record.current().map(|generation| generation.number),
        "generation_before": record.previous().map(|generation| generation.number),
        "state": record.state.name(),
        "since": record.since.get(),
        "changes": record.changes,
        "file": record.file.display().to_string(),
        "instances": instances,
    })
}

fn instance(record: &InstanceRecord) -> Value {
    json!({
        "name": record.name,
        "generation": record.generation,
        "state": record.state.name(),
        "since": record.since.get(),
        "changes": record.changes,
    })
}
