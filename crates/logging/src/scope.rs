//! Changes for the length of a scope: a buffer that is shown only if something goes wrong, a level, a further handler.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{control::MemoryOptions, error::Result, level::Level, logging::Logging};

static SCOPES: AtomicU64 = AtomicU64::new(0);

/// A buffer for [`Logging::buffered`].
///
/// ```
/// use stratd_logging::{Buffer, Level};
///
/// let buffer = Buffer::new("loader", "console");
/// assert_eq!((buffer.capacity, buffer.flush_level), (100, Level::ERROR));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// The logger whose records are kept, with those below it.
    pub logger: String,
    /// The handler that gets them if something goes wrong.
    pub target: String,
    /// So many records are handed over without anything going wrong: the buffer is full.
    pub capacity: usize,
    /// A record of this level means that something went wrong.
    pub flush_level: Level,
}

impl Buffer {
    /// A hundred records, shown with the first error.
    ///
    /// ```
    /// # use stratd_logging::Buffer;
    /// assert_eq!(Buffer::new("a", "console").target, "console");
    /// ```
    #[must_use]
    pub fn new(logger: &str, target: &str) -> Self {
        Self {
            logger: logger.to_owned(),
            target: target.to_owned(),
            capacity: 100,
            flush_level: Level::ERROR,
        }
    }
}

impl Logging {
    /// Runs `work` while the records of a logger are kept. They go to the target if one of them is grave enough, if `work`
    /// returns an error, or if it panics; otherwise nobody sees them.
    ///
    /// # Errors
    /// If the target is unknown. What `work` returns is inside.
    ///
    /// ```
    /// use stratd_logging::{Buffer, Capture, Level, Logging, log};
    ///
    /// let logging = Logging::new();
    /// let (capture, captured) = Capture::new(100);
    /// logging.add_handler("console", Box::new(capture))?;
    /// logging.set_level("loader", Level::DEBUG)?;
    /// let logger = logging.logger("loader")?;
    /// let load = |fails: bool| {
    ///     log!(logger, Level::DEBUG, "loading");
    ///     if fails { Err("no such file") } else { Ok(()) }
    /// };
    /// assert!(logging.buffered(&Buffer::new("loader", "console"), || load(false))?.is_ok());
    /// assert!(captured.take().is_empty());
    /// assert!(logging.buffered(&Buffer::new("loader", "console"), || load(true))?.is_err());
    /// assert_eq!(captured.take(), ["loading"]);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn buffered<T, E>(
        &self,
        buffer: &Buffer,
        work: impl FnOnce() -> std::result::Result<T, E>,
    ) -> Result<std::result::Result<T, E>> {
        let name = format!("buffered-{}", SCOPES.fetch_add(1, Ordering::Relaxed));
        let options = MemoryOptions {
            capacity: buffer.capacity,
            flush_level: buffer.flush_level,
            target: Some(buffer.target.clone()),
            flush_on_close: false,
        };
        self.add_memory_handler(&name, &options)?;
        if let Err(error) = self.attach(&buffer.logger, &name) {
            self.remove_handler(&name)?;
            return Err(error);
        }
        // whatever panics here is on its way out: nobody looks at what it left half done
        let outcome = catch_unwind(AssertUnwindSafe(work));
        if !matches!(outcome, Ok(Ok(_))) {
            self.flush_handler(&name)?;
        }
        self.remove_handler(&name)?;
        match outcome {
            Ok(outcome) => Ok(outcome),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Gives a logger another level, and attaches a handler to it, until the scope is dropped.
    ///
    /// # Errors
    /// If the handler is unknown.
    ///
    /// ```
    /// use stratd_logging::{Level, Logging};
    ///
    /// let logging = Logging::new();
    /// let logger = logging.logger("foo")?;
    /// let scope = logging.scoped("foo", Some(Level::DEBUG), None)?;
    /// assert!(logger.is_enabled(Level::DEBUG));
    /// drop(scope);
    /// assert!(!logger.is_enabled(Level::DEBUG));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn scoped(&self, logger: &str, level: Option<Level>, handler: Option<&str>) -> Result<Scope> {
        let mut scope =
            Scope { logging: self.clone(), logger: logger.to_owned(), level: None, handler: None };
        if let Some(handler) = handler
            && !self.handlers_of(logger)?.iter().any(|known| known == handler)
        {
            self.attach(logger, handler)?;
            scope.handler = Some(handler.to_owned());
        }
        if let Some(level) = level {
            scope.level = Some(self.level(logger)?);
            self.set_level(logger, level)?;
        }
        Ok(scope)
    }
}

/// Puts a logger's level and handlers back as they were when it is dropped.
#[derive(Debug)]
#[must_use = "the level goes back when this is dropped"]
pub struct Scope {
    logging: Logging,
    logger: String,
    level: Option<Level>,
    handler: Option<String>,
}

impl Drop for Scope {
    fn drop(&mut self) {
        // a logger or handler that is gone needs nothing put back
        if let Some(level) = self.level {
            let _ = self.logging.set_level(&self.logger, level);
        }
        if let Some(handler) = &self.handler {
            let _ = self.logging.detach(&self.logger, handler);
        }
    }
}
