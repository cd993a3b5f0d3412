//! Levels that go back by themselves.
//!
//! A logger has at most one: a second temporary level moves the time, and what comes then stays what was there before the
//! first. A level that is set for good, by a call or a configuration, ends it. That a level went back is logged on
//! `stratd.logging`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{
    backend::OWN_LOGGER,
    clock,
    error::{Error, ErrorKind, Result},
    level::Level,
    logging::{Logging, Shared},
    ring::lock,
    tree::Tree,
};

/// Levels that are temporary at once; one more is refused.
pub const TEMPORARY_LEVELS_MAX: usize = 256;

/// A level that goes back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Revert {
    at: Instant,
    logger: u32,
    level: Level,
}

/// A level that a logger has for a time.
///
/// ```
/// use std::time::Duration;
/// use stratd_logging::{Level, Logging};
///
/// let logging = Logging::new();
/// logging.set_level_for("a", Level::DEBUG, Duration::from_secs(600))?;
/// let known = &logging.temporary_levels()[0];
/// assert_eq!((known.logger.as_str(), known.level_after), ("a", Level::NOTSET));
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TemporaryLevel {
    /// The logger.
    pub logger: String,
    /// The level that it gets back.
    pub level_after: Level,
    /// When, from now.
    pub left: Duration,
}

impl Logging {
    /// Sets the level of a logger for a time; then it goes back to what it was before the first such change.
    ///
    /// # Errors
    /// If the logger cannot be made, or too many levels are temporary.
    ///
    /// ```
    /// use std::time::Duration;
    /// use stratd_logging::{Level, Logging};
    ///
    /// let logging = Logging::new();
    /// logging.set_level_for("a", Level::DEBUG, Duration::from_secs(600))?;
    /// assert_eq!(logging.level("a")?, Level::DEBUG);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set_level_for(&self, logger: &str, level: Level, within: Duration) -> Result<()> {
        // a time beyond the end of the clock never comes
        let Some(at) = clock::monotonic().checked_add(within) else { return self.set_level(logger, level) };
        self.shared().change(|_, tree| {
            let id = tree.get_or_insert(logger)?;
            let before = tree.node(id).level;
            let count = tree.reverts.len();
            match tree.reverts.iter_mut().find(|revert| revert.logger == id) {
                Some(revert) => revert.at = at,
                None if count >= TEMPORARY_LEVELS_MAX => {
                    return Err(Error::new(
                        ErrorKind::Limit,
                        format!("{count} of at most {TEMPORARY_LEVELS_MAX} levels are temporary already"),
                    ));
                }
                None => tree.reverts.push(Revert { at, logger: id, level: before }),
            }
            tree.node_mut(id).level = level;
            Ok(())
        })
    }

    /// The levels that go back by themselves.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert!(Logging::new().temporary_levels().is_empty());
    /// ```
    #[must_use]
    pub fn temporary_levels(&self) -> Vec<TemporaryLevel> {
        let now = clock::monotonic();
        let tree = lock(&self.shared().tree);
        let known = tree.reverts.iter().map(|revert| TemporaryLevel {
            logger: tree.node(revert.logger).cell.name.to_string(),
            level_after: revert.level,
            left: revert.at.saturating_duration_since(now),
        });
        known.collect()
    }
}

impl Tree {
    /// The level that a logger gets now is no temporary one.
    pub(crate) fn keep_level(&mut self, logger: u32) {
        self.reverts.retain(|revert| revert.logger != logger);
    }
}

impl Shared {
    /// Puts back the levels whose time is over. Called by the back end when it has nothing else to do.
    pub(crate) fn revert_due(self: &Arc<Self>) {
        let mut tree = lock(&self.tree);
        if tree.reverts.is_empty() {
            return;
        }
        let now = clock::monotonic();
        let due: Vec<Revert> = tree.reverts.extract_if(.., |revert| revert.at <= now).collect();
        if due.is_empty() {
            return;
        }
        let mut texts = Vec::new();
        for revert in due {
            let node = tree.node_mut(revert.logger);
            node.level = revert.level;
            let name = node.cell.name.to_string();
            texts.push(format!("the level of logger {name} is {} again", tree.levels.name(revert.level)));
        }
        tree.refresh();
        drop(tree);
        self.announce_lowest();
        if let Ok(own) = Self::logger(self, OWN_LOGGER) {
            texts.iter().for_each(|text| own.log(Level::INFO, text));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TEMPORARY_LEVELS_MAX;
    use crate::{config::Config, level::Level, logging::Logging};

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn a_second_temporary_level_goes_back_to_what_was_before_the_first() {
        let logging = Logging::new();
        logging.set_level("a", Level::INFO).unwrap();
        logging.set_level_for("a", Level::DEBUG, LONG).unwrap();
        logging.set_level_for("a", Level::ERROR, LONG).unwrap();
        let known = logging.temporary_levels();
        assert_eq!((known.len(), known[0].level_after), (1, Level::INFO));
        assert!(known[0].left <= LONG && known[0].left > LONG / 2);
    }

    #[test]
    fn a_level_for_good_and_a_configuration_end_a_temporary_one() {
        let logging = Logging::new();
        for _ in 0..2 {
            logging.set_level_for("a", Level::DEBUG, LONG).unwrap();
            logging.set_level_for("b", Level::DEBUG, LONG).unwrap();
            logging.set_level("a", Level::INFO).unwrap();
            assert_eq!(logging.temporary_levels()[0].logger, "b");
            logging.apply(Config::parse("[root]\nlevel = \"INFO\"").unwrap()).unwrap();
            assert!(logging.temporary_levels().is_empty());
        }
        logging.set_level_for("a", Level::DEBUG, LONG).unwrap();
        let patch = "incremental = true\n[loggers.a]\nlevel = \"ERROR\"";
        logging.apply(Config::parse(patch).unwrap()).unwrap();
        assert!(logging.temporary_levels().is_empty());
    }

    #[test]
    fn one_temporary_level_too_many_is_refused_and_changes_nothing() {
        let logging = Logging::new();
        for index in 0..TEMPORARY_LEVELS_MAX {
            logging.set_level_for(&format!("a{index}"), Level::DEBUG, LONG).unwrap();
        }
        let error = logging.set_level_for("more", Level::DEBUG, LONG).unwrap_err().to_string();
        assert!(error.contains("256 of at most 256"), "{error}");
        assert_eq!(logging.level("more").unwrap(), Level::NOTSET);
    }
}
