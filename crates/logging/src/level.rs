//! Levels: numbers with names. The numbers decide; the names are for people and configuration.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};

/// How grave a record is. Any number is a level; the named ones are those of Python's `logging`.
///
/// ```
/// use stratd_logging::Level;
///
/// assert!(Level::ERROR > Level::WARNING);
/// assert_eq!(Level::new(25).get(), 25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Level(i32);

impl Level {
    /// A logger without a level of its own takes that of its parent; a handler with it takes every record.
    pub const NOTSET: Self = Self(0);
    /// Detail that only helps whoever looks for a fault.
    pub const DEBUG: Self = Self(10);
    /// Things go as they should.
    pub const INFO: Self = Self(20);
    /// Something unexpected, which did no harm yet.
    pub const WARNING: Self = Self(30);
    /// Something could not be done.
    pub const ERROR: Self = Self(40);
    /// The program may not be able to go on.
    pub const CRITICAL: Self = Self(50);

    /// A level by its number.
    ///
    /// ```
    /// # use stratd_logging::Level;
    /// assert_eq!(Level::new(10), Level::DEBUG);
    /// ```
    #[must_use]
    pub const fn new(number: i32) -> Self {
        Self(number)
    }

    /// Its number.
    ///
    /// ```
    /// # use stratd_logging::Level;
    /// assert_eq!(Level::INFO.get(), 20);
    /// ```
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }

    /// The severity that syslog and the journal have for it: that of the named level at or below it, and `notice` (5) from
    /// 25 on.
    ///
    /// ```
    /// # use stratd_logging::Level;
    /// assert_eq!(Level::ERROR.syslog_priority(), 3);
    /// assert_eq!(Level::new(39).syslog_priority(), 4);
    /// ```
    #[must_use]
    pub const fn syslog_priority(self) -> u8 {
        match self.0 {
            50.. => 2,
            40.. => 3,
            30.. => 4,
            25.. => 5,
            20.. => 6,
            _ => 7,
        }
    }
}

/// More names than this are refused: a table that grows without end is a fault of its user.
pub const LEVEL_NAMES_MAX: usize = 256;

/// Names of levels, in both directions, as `addLevelName`, `getLevelName` and `getLevelNamesMapping` keep them.
///
/// Renaming a level keeps the old name readable: after `add(25, "NOTICE"); add(25, "HINT")` both names mean 25, and 25 is
/// printed as `HINT`.
///
/// ```
/// use stratd_logging::{Level, LevelNames};
///
/// let mut names = LevelNames::default();
/// names.add(Level::new(25), "NOTICE")?;
/// assert_eq!(names.name(Level::new(25)), "NOTICE");
/// assert_eq!(names.parse("NOTICE")?, Level::new(25));
/// assert_eq!(names.name(Level::new(26)), "Level 26");
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelNames {
    by_level: BTreeMap<Level, String>,
    by_name: BTreeMap<String, Level>,
}

impl Default for LevelNames {
    fn default() -> Self {
        let names = [
            (Level::CRITICAL, "CRITICAL"),
            (Level::ERROR, "ERROR"),
            (Level::WARNING, "WARNING"),
            (Level::INFO, "INFO"),
            (Level::DEBUG, "DEBUG"),
            (Level::NOTSET, "NOTSET"),
        ];
        let aliases = [("FATAL", Level::CRITICAL), ("WARN", Level::WARNING)];
        let by_name = names.iter().map(|&(level, name)| (name, level)).chain(aliases);
        Self {
            by_level: names.iter().map(|&(level, name)| (level, name.to_owned())).collect(),
            by_name: by_name.map(|(name, level)| (name.to_owned(), level)).collect(),
        }
    }
}

impl LevelNames {
    /// Gives a level a name, and a name a level.
    ///
    /// # Errors
    /// If there are [`LEVEL_NAMES_MAX`] names already.
    ///
    /// ```
    /// # use stratd_logging::{Level, LevelNames};
    /// let mut names = LevelNames::default();
    /// names.add(Level::new(5), "TRACE")?;
    /// assert_eq!(names.parse("trace")?, Level::new(5));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn add(&mut self, level: Level, name: &str) -> Result<()> {
        if self.by_name.len() >= LEVEL_NAMES_MAX && !self.by_name.contains_key(name) {
            return Err(Error::new(
                ErrorKind::Limit,
                format!("naming level {} {name:?}: there are {LEVEL_NAMES_MAX} names", level.get()),
            ));
        }
        self.by_level.insert(level, name.to_owned());
        self.by_name.insert(name.to_owned(), level);
        Ok(())
    }

    /// The name of a level; one without a name reads `Level N`.
    ///
    /// ```
    /// # use stratd_logging::{Level, LevelNames};
    /// assert_eq!(LevelNames::default().name(Level::WARNING), "WARNING");
    /// ```
    #[must_use]
    pub fn name(&self, level: Level) -> String {
        match self.known(level) {
            Some(name) => name.to_owned(),
            None => format!("Level {}", level.get()),
        }
    }

    /// The name of a level, if it has one.
    ///
    /// ```
    /// # use stratd_logging::{Level, LevelNames};
    /// assert_eq!(LevelNames::default().known(Level::new(7)), None);
    /// ```
    #[must_use]
    pub fn known(&self, level: Level) -> Option<&str> {
        self.by_level.get(&level).map(String::as_str)
    }

    /// The level of a name. Names are case-sensitive, but one that is all lower case stands for its upper case too.
    ///
    /// # Errors
    /// If the name is unknown.
    ///
    /// ```
    /// # use stratd_logging::{Level, LevelNames};
    /// let names = LevelNames::default();
    /// assert_eq!(names.parse("WARN")?, Level::WARNING);
    /// assert_eq!(names.parse("info")?, Level::INFO);
    /// assert!(names.parse("Info").is_err());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn parse(&self, name: &str) -> Result<Level> {
        if let Some(&level) = self.by_name.get(name) {
            return Ok(level);
        }
        let is_lower = name == name.to_lowercase();
        match self.by_name.get(&name.to_uppercase()).filter(|_| is_lower) {
            Some(&level) => Ok(level),
            None => Err(Error::new(
                ErrorKind::Level,
                format!("unknown level {name:?} (accepted: a number or one of {})", self.list()),
            )),
        }
    }

    /// Every name with its level, by name.
    ///
    /// ```
    /// # use stratd_logging::LevelNames;
    /// assert_eq!(LevelNames::default().iter().count(), 8);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, Level)> {
        self.by_name.iter().map(|(name, &level)| (name.as_str(), level))
    }

    fn list(&self) -> String {
        let mut names: Vec<(&str, Level)> = self.iter().collect();
        names.sort_by_key(|&(_, level)| level);
        names.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
    }
}
