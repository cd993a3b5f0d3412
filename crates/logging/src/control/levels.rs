//! Levels of loggers and their names.

use crate::{
    error::Result,
    level::{Level, LevelNames},
    logging::Logging,
    ring::lock,
};

impl Logging {
    /// Sets the level of a logger, for good: a temporary one ends. [`Level::NOTSET`] means that of its parent.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// let logging = Logging::new();
    /// logging.set_level("a", Level::DEBUG)?;
    /// assert_eq!(logging.effective_level("a.b")?, Level::DEBUG);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set_level(&self, logger: &str, level: Level) -> Result<()> {
        self.change_logger(logger, |tree, id| {
            tree.keep_level(id);
            tree.node_mut(id).level = level;
        })
    }

    /// The level that was set for a logger.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// assert_eq!(Logging::new().level("a")?, Level::NOTSET);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn level(&self, logger: &str) -> Result<Level> {
        self.ask(logger, |tree, id| tree.node(id).level)
    }

    /// The level that is in force for a logger: its own, or that of the nearest one above that has one.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// assert_eq!(Logging::new().effective_level("a")?, Level::WARNING);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn effective_level(&self, logger: &str) -> Result<Level> {
        self.ask(logger, |tree, id| tree.effective_level(id))
    }

    /// Silences every logger up to this level; [`Level::NOTSET`] ends it.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// let logging = Logging::new();
    /// logging.disable(Level::ERROR);
    /// assert!(!logging.logger("a")?.is_enabled(Level::ERROR));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn disable(&self, level: Level) {
        self.shared().change(|_, tree| tree.set_disabled_to(level));
    }

    /// Lets a logger speak whatever [`Logging::disable`] and `disable` of a configuration say: for a record that must be
    /// kept. Its own level counts as before, and loggers below it are not meant.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// let logging = Logging::new();
    /// logging.exempt("audit")?;
    /// logging.disable(Level::CRITICAL);
    /// assert!(logging.logger("audit")?.is_enabled(Level::WARNING));
    /// assert!(!logging.logger("b")?.is_enabled(Level::CRITICAL));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn exempt(&self, logger: &str) -> Result<()> {
        self.shared().change(|_, tree| {
            let id = tree.get_or_insert(logger)?;
            let name = tree.node(id).cell.name.clone();
            tree.exempt(&name);
            Ok(())
        })
    }

    /// The level up to which all loggers are silent; `NOTSET` if none is.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// let logging = Logging::new();
    /// logging.disable(Level::INFO);
    /// assert_eq!(logging.disabled_to(), Level::INFO);
    /// ```
    #[must_use]
    pub fn disabled_to(&self) -> Level {
        lock(&self.shared().tree).disabled_to()
    }

    /// Gives a level a name.
    ///
    /// # Errors
    /// If there are too many names.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// let logging = Logging::new();
    /// logging.add_level_name(Level::new(25), "NOTICE")?;
    /// assert_eq!(logging.level_names().parse("NOTICE")?, Level::new(25));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn add_level_name(&self, level: Level, name: &str) -> Result<()> {
        self.shared().change(|_, tree| tree.levels.add(level, name))
    }

    /// A copy of the names of levels.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert_eq!(Logging::new().level_names().iter().count(), 8);
    /// ```
    #[must_use]
    pub fn level_names(&self) -> LevelNames {
        lock(&self.shared().tree).levels.clone()
    }
}
