//! Handlers by name: made, changed, flushed, closed.

use std::collections::VecDeque;

use crate::{
    backend::{HandlerStatus, Memory, Sink, Slot},
    error::{Error, ErrorKind, Result},
    format::FormatterOptions,
    handler::Handler,
    level::Level,
    logging::Logging,
};

/// A memory handler: it keeps records until there are many, or one is grave, then hands them to its target.
///
/// ```
/// use stratd_logging::{Level, MemoryOptions};
///
/// let options = MemoryOptions { capacity: 100, ..MemoryOptions::default() };
/// assert_eq!(options.flush_level, Level::ERROR);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryOptions {
    /// So many records are handed over.
    pub capacity: usize,
    /// A record of this level is handed over with all before it.
    pub flush_level: Level,
    /// The handler that gets them; without one they are kept, the newest 65,536 of them.
    pub target: Option<String>,
    /// Hand over when it is closed.
    pub flush_on_close: bool,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self { capacity: 1000, flush_level: Level::ERROR, target: None, flush_on_close: true }
    }
}

impl Logging {
    /// Adds a handler under a name. It takes nothing until it is attached to a logger.
    ///
    /// # Errors
    /// If there is one of this name, or there are too many.
    ///
    /// ```
    /// # use stratd_logging::{Logging, NullHandler};
    /// let logging = Logging::new();
    /// logging.add_handler("nothing", Box::new(NullHandler))?;
    /// assert!(logging.add_handler("nothing", Box::new(NullHandler)).is_err());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn add_handler(&self, name: &str, handler: Box<dyn Handler>) -> Result<()> {
        self.add_slot(Slot::new(name, "own", Sink::Handler(handler)))
    }

    /// Adds a memory handler under a name.
    ///
    /// # Errors
    /// If there is one of this name, or the target is unknown.
    ///
    /// ```
    /// # use stratd_logging::{Logging, MemoryOptions};
    /// Logging::new().add_memory_handler("memory", &MemoryOptions::default())?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn add_memory_handler(&self, name: &str, options: &MemoryOptions) -> Result<()> {
        let target = match &options.target {
            Some(target) => Some(self.find_handler(target)?),
            None => None,
        };
        let memory = Memory {
            records: VecDeque::new(),
            capacity: options.capacity,
            flush_level: options.flush_level,
            target,
            flush_on_close: options.flush_on_close,
        };
        self.add_slot(Slot::new(name, "memory", Sink::Memory(memory)))
    }

    fn add_slot(&self, slot: Slot) -> Result<()> {
        self.shared().change(|backend, _| {
            if backend.router.find_handler(&slot.status.name).is_some() {
                return Err(Error::new(
                    ErrorKind::Handler,
                    format!("adding handler {:?}: there is one of this name", slot.status.name),
                ));
            }
            backend.router.add_slot(slot).map(|_| ())
        })
    }

    pub(super) fn find_handler(&self, name: &str) -> Result<u32> {
        let backend = self.shared().claim();
        backend.router.find_handler(name).ok_or_else(|| {
            Error::new(ErrorKind::Handler, format!("handler {name:?}: there is none of this name"))
        })
    }

    /// Closes a handler and takes it away from every logger.
    ///
    /// # Errors
    /// If there is none of this name.
    ///
    /// ```
    /// # use stratd_logging::{Logging, NullHandler};
    /// let logging = Logging::new();
    /// logging.add_handler("nothing", Box::new(NullHandler))?;
    /// logging.remove_handler("nothing")?;
    /// assert!(logging.handlers().is_empty());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn remove_handler(&self, name: &str) -> Result<()> {
        let handler = self.find_handler(name)?;
        self.shared().change(|backend, tree| {
            for id in tree.ids() {
                tree.node_mut(id).handlers.retain(|&known| known != handler);
            }
            backend.router.close(handler, crate::SHUTDOWN_TIMEOUT);
            backend.router.forget(handler);
        });
        Ok(())
    }

    /// What each handler did so far, in the order in which they were made.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert!(Logging::new().handlers().is_empty());
    /// ```
    #[must_use]
    pub fn handlers(&self) -> Vec<HandlerStatus> {
        let mut backend = self.shared().claim();
        let last = backend.router.last_resort;
        let mut ids = backend.router.youngest_first();
        ids.reverse();
        let mut status = Vec::new();
        for id in ids.into_iter().filter(|&id| Some(id) != last) {
            status
                .extend(backend.router.slots.get_mut(id as usize).and_then(Option::as_mut).map(Slot::status));
        }
        status
    }

    /// Sets the lowest level that a handler takes.
    ///
    /// # Errors
    /// If there is no such handler.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// assert!(Logging::new().set_handler_level("nobody", Level::INFO).is_err());
    /// ```
    pub fn set_handler_level(&self, handler: &str, level: Level) -> Result<()> {
        let id = self.find_handler(handler)?;
        self.shared().change(|backend, _| backend.router.set_handler_level(id, level));
        Ok(())
    }

    /// Gives a handler a formatter of its own.
    ///
    /// # Errors
    /// If there is no such handler, or the formatter is refused.
    ///
    /// ```
    /// # use stratd_logging::{FormatterOptions, Logging, NullHandler};
    /// let logging = Logging::new();
    /// logging.add_handler("nothing", Box::new(NullHandler))?;
    /// let format = FormatterOptions { format: Some("%(name)s %(message)s".into()), ..FormatterOptions::default() };
    /// logging.set_formatter("nothing", &format)?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set_formatter(&self, handler: &str, options: &FormatterOptions) -> Result<()> {
        let id = self.find_handler(handler)?;
        self.shared().change(|backend, _| {
            let formatter = backend.router.add_formatter(options)?;
            if let Some(Some(slot)) = backend.router.slots.get_mut(id as usize) {
                slot.formatter = formatter;
            }
            Ok(())
        })
    }

    /// Writes what a handler keeps; a memory handler hands it to its target.
    ///
    /// # Errors
    /// If there is no such handler.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert!(Logging::new().flush_handler("nobody").is_err());
    /// ```
    pub fn flush_handler(&self, handler: &str) -> Result<()> {
        let id = self.find_handler(handler)?;
        self.shared().change(|backend, _| backend.router.flush(id));
        Ok(())
    }

    /// Closes a handler, which stays where it is: a file is opened again by the next record.
    ///
    /// # Errors
    /// If there is no such handler.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert!(Logging::new().close_handler("nobody").is_err());
    /// ```
    pub fn close_handler(&self, handler: &str) -> Result<()> {
        let id = self.find_handler(handler)?;
        self.shared().change(|backend, _| backend.router.close(id, crate::SHUTDOWN_TIMEOUT));
        Ok(())
    }

    /// Opens the files of every handler anew, after somebody else renamed them.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// Logging::new().reopen();
    /// ```
    pub fn reopen(&self) {
        self.shared().change(|backend, _| backend.router.reopen());
    }

    /// Sets the target of a memory handler.
    ///
    /// # Errors
    /// If there is no such handler, it is no memory handler, or the target hands over to it.
    ///
    /// ```
    /// # use stratd_logging::{Logging, MemoryOptions};
    /// let logging = Logging::new();
    /// logging.add_memory_handler("memory", &MemoryOptions::default())?;
    /// assert!(logging.set_target("memory", Some("memory")).is_err());
    /// logging.set_target("memory", None)?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set_target(&self, memory: &str, target: Option<&str>) -> Result<()> {
        let id = self.find_handler(memory)?;
        let target = target.map(|target| self.find_handler(target)).transpose()?;
        self.shared().change(|backend, _| {
            let failed =
                |what: &str| Err(Error::new(ErrorKind::Handler, format!("handler {memory:?} {what}")));
            if !backend.router.is_memory(id) {
                return failed("is no memory handler");
            }
            if target.is_some_and(|target| backend.router.feeds(target, id)) {
                return failed("would hand over to itself");
            }
            backend.router.set_target(id, target);
            Ok(())
        })
    }
}
