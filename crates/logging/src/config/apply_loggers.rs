//! What a configuration makes of the loggers of the tree.

use std::collections::HashMap;

use super::LoggerSpec;
use crate::{level::Level, tree::Tree};

/// Handlers and filters by name.
type Names<'a> = (&'a HashMap<String, u32>, &'a HashMap<String, u32>);

/// Gives every logger what the configuration says of it, or its defaults.
pub(super) fn configure_loggers(
    tree: &mut Tree,
    loggers: &[(String, LoggerSpec)],
    root: Option<&LoggerSpec>,
    (names, survivors): (Names<'_>, &[u32]),
    disables_existing: bool,
) {
    let is_below = |name: &str| {
        loggers.iter().any(|(known, _)| {
            name == known || name.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with('.'))
        })
    };
    for id in tree.ids() {
        let is_root = id == 0;
        let name = tree.node(id).cell.name.to_string();
        let spec = if is_root {
            root
        } else {
            loggers.iter().find(|(known, _)| *known == name).map(|(_, spec)| spec)
        };
        let node = tree.node_mut(id);
        let default = if is_root { Level::WARNING } else { Level::NOTSET };
        let none = LoggerSpec::default();
        // those below a named logger keep their flag, as in Python
        node.is_disabled = match spec {
            Some(spec) => spec.is_disabled,
            None if is_root || is_below(&name) => node.is_disabled,
            None => disables_existing,
        };
        let spec = spec.unwrap_or(&none);
        node.level = spec.level.unwrap_or(default);
        node.propagate = spec.propagate.unwrap_or(true);
        // taps hang where they were hung, whatever the configuration
        let taps: Vec<u32> = node.handlers.iter().copied().filter(|id| survivors.contains(id)).collect();
        let configured = spec.handlers.iter().filter_map(|name| names.0.get(name)).copied();
        node.handlers = unique(configured.chain(taps));
        node.filters = unique(spec.filters.iter().filter_map(|name| names.1.get(name)).copied());
    }
}

fn unique(ids: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut list = Vec::new();
    for id in ids {
        if !list.contains(&id) {
            list.push(id);
        }
    }
    list
}
