//! What the system looks like: every logger, and which handlers a record of one would reach. Nothing is made by asking.

use crate::{
    level::Level,
    logging::Logging,
    ring::lock,
    tree::{Node, Tree},
};

/// A logger as it is now.
///
/// ```
/// use stratd_logging::{Level, Logging};
///
/// let logging = Logging::new();
/// logging.set_level("a.b", Level::DEBUG)?;
/// let loggers = logging.loggers();
/// assert_eq!((loggers[0].name.as_str(), loggers[1].name.as_str()), ("root", "a.b"));
/// assert_eq!(loggers[1].effective_level, Level::DEBUG);
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggerStatus {
    /// Its name.
    pub name: String,
    /// The level that was set for it; [`Level::NOTSET`] if it takes that of the one above.
    pub level: Level,
    /// The level that is in force.
    pub effective_level: Level,
    /// Its records go on to the handlers above it.
    pub propagate: bool,
    /// It is silenced.
    pub is_disabled: bool,
    /// The handlers attached to it.
    pub handlers: Vec<String>,
    /// How many filters it has.
    pub filters: usize,
}

/// What would become of a record.
///
/// ```
/// use stratd_logging::{Level, Logging, NullHandler};
///
/// let logging = Logging::new();
/// logging.add_handler("nothing", Box::new(NullHandler))?;
/// logging.attach("root", "nothing")?;
/// assert_eq!(logging.resolve("a", Level::ERROR).handlers[0].refusal, None);
/// assert!(logging.resolve("a", Level::DEBUG).refusal.is_some());
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolution {
    /// Why its logger does not take it; None if it does.
    pub refusal: Option<String>,
    /// Filters of the logger, which may refuse it besides.
    pub filters: usize,
    /// Every handler: those on its way first, in their order.
    pub handlers: Vec<Reach>,
}

/// A handler, and whether a record reaches it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reach {
    /// The handler.
    pub handler: String,
    /// The logger that it is reached through.
    pub logger: Option<String>,
    /// Why the record does not reach it, or is not taken; None if it is.
    pub refusal: Option<String>,
    /// Filters of the handler, which may refuse it besides.
    pub filters: usize,
}

impl Logging {
    /// Every logger, the root first, then by name.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert_eq!(Logging::new().loggers().len(), 1);
    /// ```
    #[must_use]
    pub fn loggers(&self) -> Vec<LoggerStatus> {
        let backend = self.shared().claim();
        let tree = lock(&self.shared().tree);
        let name_of = |id: &u32| Some(backend.router.slots.get(*id as usize)?.as_ref()?.status.name.clone());
        let status = |(id, node): (u32, &Node)| LoggerStatus {
            name: node.cell.name.to_string(),
            level: node.level,
            effective_level: tree.effective_level(id),
            propagate: node.propagate,
            is_disabled: node.is_disabled,
            handlers: node.handlers.iter().filter_map(name_of).collect(),
            filters: node.filters.len(),
        };
        let mut loggers: Vec<LoggerStatus> = tree.ids().zip(tree.nodes()).map(status).collect();
        if let Some((_, others)) = loggers.split_first_mut() {
            others.sort_by(|a, b| a.name.cmp(&b.name));
        }
        loggers
    }

    /// The lowest level that any logger takes: what is below it reaches nobody.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// assert_eq!(Logging::new().lowest_level(), Level::WARNING);
    /// ```
    #[must_use]
    pub fn lowest_level(&self) -> Level {
        lock(&self.shared().tree).lowest()
    }

    /// Whether a record of this logger and level is taken, by which handlers, and why not by the others. What filters say
    /// of a record only the record itself shows: they are counted. A logger that does not exist is not made: the nearest
    /// one above it answers, as for a record it would.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// assert!(Logging::new().resolve("a.b", Level::ERROR).handlers.is_empty());
    /// ```
    #[must_use]
    pub fn resolve(&self, logger: &str, level: Level) -> Resolution {
        let backend = self.shared().claim();
        let tree = lock(&self.shared().tree);
        let (id, exists) = nearest(&tree, logger);
        let node = tree.node(id);
        let mut on_way: Vec<(u32, u32)> = Vec::new();
        let mut stop = None;
        for above in tree.ancestry(id) {
            let node = tree.node(above);
            on_way.extend(node.handlers.iter().map(|&handler| (handler, above)));
            if !node.propagate {
                stop = Some(node.cell.name.to_string());
                break;
            }
        }
        let reach = |handler: u32, via: Option<u32>| {
            let slot = backend.router.slots.get(handler as usize)?.as_ref()?;
            let refusal = match via {
                Some(_) if level < slot.level => Some(format!(
                    "its level is {}, above {}",
                    tree.levels.name(slot.level),
                    tree.levels.name(level)
                )),
                Some(_) => None,
                None => Some(match &stop {
                    Some(stop) if is_above(&tree, id, handler) => {
                        format!("it is attached above {stop}, which does not propagate")
                    }
                    _ => "it is attached to no logger on the way".to_owned(),
                }),
            };
            Some(Reach {
                handler: slot.status.name.clone(),
                logger: via.map(|via| tree.node(via).cell.name.to_string()),
                refusal,
                filters: slot.filters.len(),
            })
        };
        let others = backend.router.handler_ids().filter(|&handler| {
            Some(handler) != backend.router.last_resort && !on_way.iter().any(|&(known, _)| known == handler)
        });
        let others: Vec<u32> = others.collect();
        let reached = on_way.iter().filter_map(|&(handler, via)| reach(handler, Some(via)));
        Resolution {
            refusal: refusal(&tree, id, exists, level),
            filters: if exists { node.filters.len() } else { 0 },
            handlers: reached.chain(others.iter().filter_map(|&handler| reach(handler, None))).collect(),
        }
    }
}

/// The logger of a name, or the nearest above it; and whether it is the one asked for.
pub(crate) fn nearest(tree: &Tree, name: &str) -> (u32, bool) {
    if let Some(id) = tree.find(name) {
        return (id, true);
    }
    let mut rest = name;
    while let Some(at) = rest.rfind('.') {
        rest = rest.get(..at).unwrap_or_default();
        if let Some(id) = tree.find(rest) {
            return (id, false);
        }
    }
    (0, false)
}

/// Why the logger does not take a record of this level.
fn refusal(tree: &Tree, id: u32, exists: bool, level: Level) -> Option<String> {
    let node = tree.node(id);
    // one below it that does not exist yet would not be silenced with it
    if exists && node.is_disabled {
        return Some(format!("logger {} is silenced", node.cell.name));
    }
    let effective = tree.effective_level(id);
    if level < effective {
        let owner = tree.ancestry(id).find(|&above| tree.node(above).level != Level::NOTSET).unwrap_or(0);
        let (owner, name) = (&tree.node(owner).cell.name, tree.levels.name(effective));
        return Some(format!("the level of logger {owner} is {name}, above {}", tree.levels.name(level)));
    }
    let disabled_to = tree.disabled_to_of(&node.cell.name);
    (level <= disabled_to).then(|| format!("every level up to {} is disabled", tree.levels.name(disabled_to)))
}

/// Whether a handler is attached to a logger or to one above it, whatever propagates.
fn is_above(tree: &Tree, id: u32, handler: u32) -> bool {
    tree.ancestry(id).any(|above| tree.node(above).handlers.contains(&handler))
}

#[cfg(test)]
mod tests {
    use crate::{Level, Logging, NullHandler};

    #[test]
    fn a_resolution_says_why_each_handler_is_not_reached() {
        let logging = Logging::new();
        for (logger, handler) in [("root", "all"), ("a", "grave"), ("b", "other")] {
            logging.add_handler(handler, Box::new(NullHandler)).unwrap();
            logging.attach(logger, handler).unwrap();
        }
        logging.set_level("a", Level::DEBUG).unwrap();
        logging.set_handler_level("grave", Level::ERROR).unwrap();
        logging.set_propagate("a", false).unwrap();
        let count = logging.loggers().len();
        let found = logging.resolve("a.c", Level::INFO);
        assert_eq!(found.refusal, None);
        let why: Vec<_> = found.handlers.iter().map(|r| (r.handler.as_str(), r.refusal.as_deref())).collect();
        assert_eq!(
            why,
            [
                ("grave", Some("its level is ERROR, above INFO")),
                ("all", Some("it is attached above a, which does not propagate")),
                ("other", Some("it is attached to no logger on the way")),
            ]
        );
        assert_eq!(logging.loggers().len(), count, "asking makes no logger");
        logging.disable(Level::INFO);
        assert_eq!(logging.resolve("a", Level::INFO).refusal.unwrap(), "every level up to INFO is disabled");
        assert_eq!(logging.lowest_level(), Level::new(21));
    }
}
