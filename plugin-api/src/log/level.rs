//! Levels.

use std::fmt;

/// How grave a record is, with CPython's numbers. Any number is a level.
///
/// ```
/// use stratd_plugin_api::Level;
///
/// assert!(Level::ERROR > Level::WARNING);
/// assert_eq!((Level::INFO.to_string(), Level::new(25).to_string()), ("INFO".into(), "Level 25".into()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(i32);

impl Level {
    /// More than anybody wants to read.
    pub const TRACE: Self = Self(5);
    /// Detail for the author.
    pub const DEBUG: Self = Self(10);
    /// Normal events.
    pub const INFO: Self = Self(20);
    /// Something to look at.
    pub const WARNING: Self = Self(30);
    /// Something failed.
    pub const ERROR: Self = Self(40);
    /// The plugin cannot go on.
    pub const CRITICAL: Self = Self(50);

    /// A level by its number.
    ///
    /// ```
    /// # use stratd_plugin_api::Level;
    /// assert_eq!(Level::new(10), Level::DEBUG);
    /// ```
    #[must_use]
    pub const fn new(number: i32) -> Self {
        Self(number)
    }

    /// Its number.
    ///
    /// ```
    /// # use stratd_plugin_api::Level;
    /// assert_eq!(Level::WARNING.get(), 30);
    /// ```
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            5 => "TRACE",
            10 => "DEBUG",
            20 => "INFO",
            30 => "WARNING",
            40 => "ERROR",
            50 => "CRITICAL",
            other => return write!(f, "Level {other}"),
        };
        f.pad(name)
    }
}
