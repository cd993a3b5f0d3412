//! Levels and propagation, against Python's `Logger` said as plainly as possible.

use std::collections::BTreeMap;

use proptest::prelude::*;
use stratd_logging::{Capture, Captured, Level, Logging};

use crate::config;

/// A logger of the model: Python's `Logger`, by name.
#[derive(Clone, Debug, Default)]
struct Node {
    level: i32,
    is_quiet: bool,
    is_disabled: bool,
    handlers: Vec<usize>,
}

const NAMES: [&str; 7] = ["root", "a", "a.b", "a.b.c", "a.d", "e", "e.f.g"];
const HANDLERS: usize = 3;

fn node() -> impl Strategy<Value = Node> {
    let level = prop::sample::select(vec![0, 0, 5, 10, 20, 25, 30, 40]);
    let handlers = prop::sample::subsequence((0..HANDLERS).collect::<Vec<_>>(), 0..=HANDLERS);
    (level, prop::bool::weighted(0.2), prop::bool::weighted(0.1), handlers)
        .prop_map(|(level, is_quiet, is_disabled, handlers)| Node { level, is_quiet, is_disabled, handlers })
}

/// The name above, as Python's `Manager` finds it: those that were never asked for are skipped.
fn parent(name: &str) -> Option<&'static str> {
    if name == "root" {
        return None;
    }
    let mut above = name;
    while let Some((shorter, _)) = above.rsplit_once('.') {
        above = shorter;
        if let Some(known) = NAMES.iter().find(|known| **known == above) {
            return Some(known);
        }
    }
    Some("root")
}

/// `Logger.getEffectiveLevel`
fn effective_level(tree: &BTreeMap<&str, Node>, name: &'static str) -> i32 {
    let mut at = Some(name);
    while let Some(name) = at {
        if tree[name].level != 0 {
            return tree[name].level;
        }
        at = parent(name);
    }
    0
}

/// `Logger.isEnabledFor`, `Logger.handle` and `Logger.callHandlers`: the handlers that get a record, in order.
fn reached(
    tree: &BTreeMap<&str, Node>,
    levels: &[i32],
    disable: i32,
    (name, level): (&'static str, i32),
) -> Vec<usize> {
    if disable >= level || level < effective_level(tree, name) || tree[name].is_disabled {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut at = Some(name);
    while let Some(name) = at {
        found.extend(tree[name].handlers.iter().copied().filter(|&handler| level >= levels[handler]));
        at = if tree[name].is_quiet { None } else { parent(name) };
    }
    found
}

fn build(tree: &BTreeMap<&str, Node>, levels: &[i32], disable: i32) -> (Logging, Vec<Captured>) {
    let logging = Logging::new();
    logging.set_last_resort(None);
    let mut captured = Vec::new();
    for (index, level) in levels.iter().enumerate() {
        let (capture, texts) = Capture::new(1000);
        logging.add_handler(&index.to_string(), Box::new(capture)).expect("there is room");
        logging.set_handler_level(&index.to_string(), Level::new(*level)).expect("it is there");
        captured.push(texts);
    }
    for (name, node) in tree {
        logging.set_level(name, Level::new(node.level)).expect("a good name");
        logging.set_propagate(name, !node.is_quiet).expect("a good name");
        logging.set_disabled(name, node.is_disabled).expect("a good name");
        for handler in &node.handlers {
            logging.attach(name, &handler.to_string()).expect("it is there");
        }
    }
    logging.disable(Level::new(disable));
    (logging, captured)
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn levels_and_propagation_are_those_of_the_model(
        nodes in prop::collection::vec(node(), NAMES.len()),
        levels in prop::collection::vec(prop::sample::select(vec![0, 10, 25, 40]), HANDLERS),
        disable in prop::sample::select(vec![0, 0, 10, 25]),
        records in prop::collection::vec(
            (prop::sample::select(NAMES.to_vec()), prop::sample::select(vec![5, 10, 20, 25, 30, 40, 50])), 1..30),
    ) {
        let tree: BTreeMap<&str, Node> = NAMES.into_iter().zip(nodes).collect();
        let (logging, captured) = build(&tree, &levels, disable);
        let mut expected = vec![Vec::new(); HANDLERS];
        for (index, &(name, level)) in records.iter().enumerate() {
            let logger = logging.logger(name).unwrap();
            let is_enabled = disable < level && level >= effective_level(&tree, name) && !tree[name].is_disabled;
            prop_assert_eq!(logger.is_enabled(Level::new(level)), is_enabled, "{} {}", name, level);
            prop_assert_eq!(logging.effective_level(name).unwrap().get(), effective_level(&tree, name));
            logger.log(Level::new(level), &index.to_string());
            for handler in reached(&tree, &levels, disable, (name, level)) {
                expected[handler].push(index.to_string());
            }
        }
        logging.flush();
        let got: Vec<Vec<String>> = captured.iter().map(Captured::take).collect();
        prop_assert_eq!(got, expected);
    }
}
