//! Memory handlers that hand over to each other in a circle: a record would go round for ever.

use std::collections::HashMap;

use super::{
    handler::{HandlerOptions, HandlerSpec},
    section::Section,
};

/// Reports every handler that is part of a circle, at its key.
pub(super) fn check(handlers: &[HandlerSpec], section: &Section<'_>) {
    let target = |spec: &HandlerSpec| match &spec.options {
        HandlerOptions::Memory(memory) => memory.target.clone(),
        _ => None,
    };
    let targets: HashMap<&str, String> =
        handlers.iter().filter_map(|spec| Some((spec.name.as_str(), target(spec)?))).collect();
    for spec in handlers {
        if let Some(way) = way_back(&spec.name, &targets) {
            let path = format!("handlers.{:?}.target", spec.name);
            let way = way.join(" to ");
            section.add(
                path,
                format!("a circle: {way} (accepted: a handler that does not hand over to this one)"),
            );
        }
    }
}

/// The names on the way from a handler to itself, if there is one.
fn way_back<'n>(name: &'n str, targets: &'n HashMap<&str, String>) -> Option<Vec<&'n str>> {
    let mut way = vec![name];
    let mut at = name;
    // a circle that this one is not part of is longer than all there are
    while way.len() <= targets.len() {
        at = targets.get(at)?;
        way.push(at);
        if at == name {
            return Some(way);
        }
    }
    None
}
