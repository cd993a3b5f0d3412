//! The tree of loggers: names, levels, and which handlers and filters hang where.
//!
//! Names are separated by dots; the parent of a logger is the nearest logger above it that exists. A logger is made by
//! being asked for and lives as long as the process. Its number is never used again, so that records may carry it.
//!
//! Invariants
//! - Number 0 is the root; `""` and `root` name it.
//! - The threshold of a logger is the lowest level that it is enabled for. It is the only thing that a producer reads,
//!   and it is recomputed whenever a level, a flag or the shape of the tree changes.
//!
//! Cost: making a logger visits those below it; changing a level visits every logger. Reading costs one load.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::{
    error::{Error, ErrorKind, Result},
    flight::{FLIGHT_LEVEL, FlightSeat, Flights},
    level::{Level, LevelNames},
    temporary::Revert,
};

/// More loggers than this are refused: names made of data (one for each order) are a fault of their user.
pub const LOGGERS_MAX: usize = 65_536;
/// The longest name of a logger in bytes.
pub const LOGGER_NAME_MAX: usize = 255;
/// No level reaches this threshold.
const NEVER: i32 = i32::MAX;

/// What producers hold of a logger.
#[derive(Debug)]
pub(crate) struct LoggerCell {
    pub(crate) id: u32,
    pub(crate) name: Box<str>,
    /// the lowest level that is enabled: somebody takes it, a handler or a flight recorder
    pub(crate) threshold: AtomicI32,
    /// who keeps its last records, and the lowest level that goes to the handlers besides
    pub(crate) flight: FlightSeat,
}

/// One logger.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) cell: Arc<LoggerCell>,
    pub(crate) parent: Option<u32>,
    pub(crate) level: Level,
    pub(crate) propagate: bool,
    pub(crate) is_disabled: bool,
    pub(crate) handlers: Vec<u32>,
    pub(crate) filters: Vec<u32>,
}

/// All loggers of one logging system, with the names of its levels.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    by_name: BTreeMap<Box<str>, u32>,
    pub(crate) levels: LevelNames,
    disabled_to: Level,
    /// loggers that this does not silence
    exempt: BTreeSet<Box<str>>,
    /// levels that go back by themselves
    pub(crate) reverts: Vec<Revert>,
    pub(crate) flights: Flights,
    /// the lowest level that any logger takes
    lowest: Level,
    /// rises with every change that routing must see
    pub(crate) version: u64,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let mut tree = Self {
            nodes: Vec::new(),
            by_name: BTreeMap::new(),
            levels: LevelNames::default(),
            disabled_to: Level::NOTSET,
            exempt: BTreeSet::new(),
            reverts: Vec::new(),
            flights: Flights::default(),
            lowest: Level::WARNING,
            version: 0,
        };
        tree.push("root", None, Level::WARNING);
        tree.refresh();
        tree
    }

    fn push(&mut self, name: &str, parent: Option<u32>, level: Level) -> u32 {
        // LOGGERS_MAX fits
        let id = u32::try_from(self.nodes.len()).unwrap_or(0);
        let cell = LoggerCell {
            id,
            name: name.into(),
            threshold: AtomicI32::new(NEVER),
            flight: FlightSeat::default(),
        };
        self.nodes.push(Node {
            cell: Arc::new(cell),
            parent,
            level,
            propagate: true,
            is_disabled: false,
            handlers: Vec::new(),
            filters: Vec::new(),
        });
        id
    }

    /// The logger of a name, made now if it is new.
    pub(crate) fn get_or_insert(&mut self, name: &str) -> Result<u32> {
        if let Some(id) = self.find(name) {
            return Ok(id);
        }
        if self.nodes.len() >= LOGGERS_MAX || name.len() > LOGGER_NAME_MAX {
            return Err(Error::new(
                ErrorKind::Limit,
                format!(
                    "making logger {name:?}: at most {LOGGERS_MAX} loggers with names of {LOGGER_NAME_MAX} bytes"
                ),
            ));
        }
        let parent = self.ancestor_of(name);
        let id = self.push(name, Some(parent), Level::NOTSET);
        self.by_name.insert(name.into(), id);
        let prefix = format!("{name}.");
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let below = self.by_name.range::<str, _>(from).take_while(|(known, _)| known.starts_with(&prefix));
        let below: Vec<u32> = below.map(|(_, &id)| id).collect();
        for child in below {
            // those whose parent is further down keep it
            if self.node(child).parent == Some(parent) {
                self.node_mut(child).parent = Some(id);
            }
        }
        self.refresh();
        Ok(id)
    }

    /// The logger of a name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        if matches!(name, "" | "root") { Some(0) } else { self.by_name.get(name).copied() }
    }

    fn ancestor_of(&self, name: &str) -> u32 {
        let mut rest = name;
        while let Some(at) = rest.rfind('.') {
            rest = rest.get(..at).unwrap_or_default();
            if let Some(&id) = self.by_name.get(rest) {
                return id;
            }
        }
        0
    }

    /// # Panics
    /// Never for a number that this tree gave out: loggers are not removed.
    pub(crate) fn node(&self, id: u32) -> &Node {
        &self.nodes[id as usize]
    }

    /// As [`Self::node`]. Whoever changes what routing or thresholds depend on calls [`Self::refresh`].
    pub(crate) fn node_mut(&mut self, id: u32) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    /// The first level above NOTSET on the way up.
    pub(crate) fn effective_level(&self, id: u32) -> Level {
        let up = self.ancestry(id).map(|id| self.node(id).level);
        up.into_iter().find(|&level| level != Level::NOTSET).unwrap_or(Level::NOTSET)
    }

    /// The logger and those above it, up to the root.
    pub(crate) fn ancestry(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(Some(id), |&id| self.node(id).parent)
    }

    /// The handlers that a record of this logger reaches, in order: its own first, then those above, as far as it
    /// propagates. A handler that hangs twice on the way is there twice.
    pub(crate) fn reach(&self, id: u32) -> Vec<u32> {
        let mut handlers = Vec::new();
        for id in self.ancestry(id) {
            let node = self.node(id);
            handlers.extend_from_slice(&node.handlers);
            if !node.propagate {
                break;
            }
        }
        handlers
    }

    /// The loggers directly below, one dot deeper.
    pub(crate) fn children(&self, id: u32) -> Vec<&str> {
        let depth = |node: &Node| if node.cell.id == 0 { 0 } else { 1 + node.cell.name.matches('.').count() };
        let own = depth(self.node(id));
        let children = self.nodes.iter().filter(|node| node.parent == Some(id) && depth(node) == own + 1);
        children.map(|node| &*node.cell.name).collect()
    }

    /// Every level up to this one is disabled.
    pub(crate) fn disabled_to(&self) -> Level {
        self.disabled_to
    }

    pub(crate) fn set_disabled_to(&mut self, level: Level) {
        self.disabled_to = level;
        self.refresh();
    }

    /// Every level up to this one is disabled for one logger.
    pub(crate) fn disabled_to_of(&self, name: &str) -> Level {
        if self.exempt.contains(name) { Level::NOTSET } else { self.disabled_to }
    }

    /// The levels that are disabled are not those of this logger.
    pub(crate) fn exempt(&mut self, name: &str) {
        self.exempt.insert(name.into());
        self.refresh();
    }

    /// Recomputes every threshold and tells the back end to look again.
    pub(crate) fn refresh(&mut self) {
        let mut lowest = NEVER;
        for id in self.ids() {
            let cell = Arc::clone(&self.node(id).cell);
            let (flight, node) = (self.flights.of(&cell.name), self.node(id));
            let routed = if node.is_disabled {
                NEVER
            } else {
                let disabled_to = self.disabled_to_of(&cell.name);
                self.effective_level(id).max(Level::new(disabled_to.get().saturating_add(1))).get()
            };
            // one that is silenced says nothing to anybody
            let flight = flight.filter(|_| !node.is_disabled);
            let threshold = if flight.is_some() { routed.min(FLIGHT_LEVEL) } else { routed };
            node.cell.flight.set(flight, Level::new(routed));
            node.cell.threshold.store(threshold, Ordering::Relaxed);
            lowest = lowest.min(threshold);
        }
        self.lowest = Level::new(lowest);
        self.version += 1;
    }

    /// The lowest level that any logger takes.
    pub(crate) fn lowest(&self) -> Level {
        self.lowest
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;
    use crate::level::Level;
    use std::sync::atomic::Ordering;

    #[test]
    fn a_logger_made_later_takes_its_place_between_those_that_exist() {
        let mut tree = Tree::new();
        let deep = tree.get_or_insert("a.b.c").unwrap();
        let other = tree.get_or_insert("a.bc").unwrap();
        assert_eq!(tree.node(deep).parent, Some(0));
        let middle = tree.get_or_insert("a.b").unwrap();
        let top = tree.get_or_insert("a").unwrap();
        assert_eq!(tree.node(deep).parent, Some(middle));
        assert_eq!((tree.node(middle).parent, tree.node(other).parent), (Some(top), Some(top)));
    }

    #[test]
    fn a_change_of_level_reaches_the_thresholds_of_all_below() {
        let mut tree = Tree::new();
        let child = tree.get_or_insert("a.b").unwrap();
        let parent = tree.get_or_insert("a").unwrap();
        let threshold = |tree: &Tree, id| tree.node(id).cell.threshold.load(Ordering::Relaxed);
        assert_eq!(threshold(&tree, child), 30);
        tree.node_mut(parent).level = Level::DEBUG;
        tree.refresh();
        assert_eq!(threshold(&tree, child), 10);
        tree.set_disabled_to(Level::ERROR);
        assert_eq!(threshold(&tree, child), 41);
        tree.node_mut(child).is_disabled = true;
        tree.refresh();
        assert_eq!(threshold(&tree, child), i32::MAX);
    }
}
