//! What can be asked and changed while the system runs. Loggers and handlers are named; a change is in force when the call
//! returns, for every record that is logged afterwards.

use std::collections::VecDeque;

use crate::{
    backend::{HandlerStatus, Memory, Sink, Slot},
    error::{Error, ErrorKind, Result},
    filter::Filter,
    format::FormatterOptions,
    handler::Handler,
    level::{Level, LevelNames},
    logging::Logging,
    ring::lock,
    tree::Tree,
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

    fn find_handler(&self, name: &str) -> Result<u32> {
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

    /// Lets a handler take the records of a logger and of those below it. Attaching it twice changes nothing.
    ///
    /// # Errors
    /// If there is no such handler.
    ///
    /// ```
    /// # use stratd_logging::{Logging, NullHandler};
    /// let logging = Logging::new();
    /// logging.add_handler("nothing", Box::new(NullHandler))?;
    /// logging.attach("a", "nothing")?;
    /// assert_eq!(logging.handlers_of("a")?, ["nothing"]);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn attach(&self, logger: &str, handler: &str) -> Result<()> {
        let handler = self.find_handler(handler)?;
        self.change_logger(logger, |tree, id| {
            let handlers = &mut tree.node_mut(id).handlers;
            if !handlers.contains(&handler) {
                handlers.push(handler);
            }
        })
    }

    /// Takes a handler away from a logger.
    ///
    /// # Errors
    /// If there is no such handler.
    ///
    /// ```
    /// # use stratd_logging::{Logging, NullHandler};
    /// let logging = Logging::new();
    /// logging.add_handler("nothing", Box::new(NullHandler))?;
    /// logging.attach("a", "nothing")?;
    /// logging.detach("a", "nothing")?;
    /// assert!(logging.handlers_of("a")?.is_empty());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn detach(&self, logger: &str, handler: &str) -> Result<()> {
        let handler = self.find_handler(handler)?;
        self.change_logger(logger, |tree, id| tree.node_mut(id).handlers.retain(|&known| known != handler))
    }

    fn change_logger(&self, logger: &str, work: impl FnOnce(&mut Tree, u32)) -> Result<()> {
        self.shared().change(|_, tree| {
            let id = tree.get_or_insert(logger)?;
            work(tree, id);
            Ok(())
        })
    }

    /// Sets the level of a logger. [`Level::NOTSET`] means that of its parent.
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
        self.change_logger(logger, |tree, id| tree.node_mut(id).level = level)
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

    fn ask<R>(&self, logger: &str, work: impl FnOnce(&Tree, u32) -> R) -> Result<R> {
        let mut tree = lock(&self.shared().tree);
        let id = tree.get_or_insert(logger)?;
        Ok(work(&tree, id))
    }

    /// Says whether records of a logger go on to the handlers above it.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// Logging::new().set_propagate("a", false)?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set_propagate(&self, logger: &str, propagate: bool) -> Result<()> {
        self.change_logger(logger, |tree, id| tree.node_mut(id).propagate = propagate)
    }

    /// Silences one logger, or lets it speak again. Those below it are not concerned.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// let logging = Logging::new();
    /// logging.set_disabled("a", true)?;
    /// assert!(logging.is_disabled("a")?);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set_disabled(&self, logger: &str, is_disabled: bool) -> Result<()> {
        self.change_logger(logger, |tree, id| tree.node_mut(id).is_disabled = is_disabled)
    }

    /// True if the logger is silenced.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert!(!Logging::new().is_disabled("a")?);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn is_disabled(&self, logger: &str) -> Result<bool> {
        self.ask(logger, |tree, id| tree.node(id).is_disabled)
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

    /// The nearest logger above; None for the root.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert_eq!(Logging::new().parent("a.b")?.as_deref(), Some("root"));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn parent(&self, logger: &str) -> Result<Option<String>> {
        self.ask(logger, |tree, id| tree.node(id).parent.map(|id| tree.node(id).cell.name.to_string()))
    }

    /// The loggers directly below, one dot deeper, by name.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// let logging = Logging::new();
    /// logging.logger("a.b")?;
    /// assert_eq!(logging.children("a")?, ["a.b"]);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn children(&self, logger: &str) -> Result<Vec<String>> {
        let mut children: Vec<String> =
            self.ask(logger, |tree, id| tree.children(id).into_iter().map(str::to_owned).collect())?;
        children.sort();
        Ok(children)
    }

    /// True if a record of this logger reaches a handler.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert!(!Logging::new().has_handlers("a")?);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn has_handlers(&self, logger: &str) -> Result<bool> {
        self.ask(logger, |tree, id| !tree.reach(id).is_empty())
    }

    /// The handlers that are attached to a logger itself.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert!(Logging::new().handlers_of("root")?.is_empty());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn handlers_of(&self, logger: &str) -> Result<Vec<String>> {
        let handlers = self.ask(logger, |tree, id| tree.node(id).handlers.clone())?;
        let backend = self.shared().claim();
        let slots = handlers.iter().filter_map(|&id| backend.router.slots.get(id as usize)?.as_ref());
        Ok(slots.map(|slot| slot.status.name.clone()).collect())
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

    /// Puts a filter before a handler. The number that is returned takes it away again.
    ///
    /// # Errors
    /// If there is no such handler.
    ///
    /// ```
    /// # use stratd_logging::{Logging, NameFilter, NullHandler};
    /// let logging = Logging::new();
    /// logging.add_handler("nothing", Box::new(NullHandler))?;
    /// let filter = logging.add_filter(Box::new(NameFilter::new("a")));
    /// logging.attach_handler_filter("nothing", filter)?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn attach_handler_filter(&self, handler: &str, filter: FilterId) -> Result<()> {
        self.change_handler_filters(handler, |filters| {
            if !filters.contains(&filter.0) {
                filters.push(filter.0);
            }
        })
    }

    /// Takes a filter away from a handler.
    ///
    /// # Errors
    /// If there is no such handler.
    ///
    /// ```
    /// # use stratd_logging::{Logging, NameFilter};
    /// let logging = Logging::new();
    /// let filter = logging.add_filter(Box::new(NameFilter::new("a")));
    /// assert!(logging.detach_handler_filter("nobody", filter).is_err());
    /// ```
    pub fn detach_handler_filter(&self, handler: &str, filter: FilterId) -> Result<()> {
        self.change_handler_filters(handler, |filters| filters.retain(|&known| known != filter.0))
    }

    fn change_handler_filters(&self, handler: &str, work: impl FnOnce(&mut Vec<u32>)) -> Result<()> {
        let id = self.find_handler(handler)?;
        self.shared().change(|backend, _| {
            if let Some(Some(slot)) = backend.router.slots.get_mut(id as usize) {
                let mut filters = slot.filters.to_vec();
                work(&mut filters);
                slot.filters = filters.into();
            }
        });
        Ok(())
    }

    /// Takes a filter into the system; it does nothing until it is attached. One filter may be attached in several places
    /// and then counts all of them together.
    ///
    /// ```
    /// # use stratd_logging::{Logging, NameFilter};
    /// let _ = Logging::new().add_filter(Box::new(NameFilter::new("a")));
    /// ```
    #[must_use]
    pub fn add_filter(&self, filter: Box<dyn Filter>) -> FilterId {
        self.shared().change(|backend, _| FilterId(backend.router.add_filter(filter)))
    }

    /// Puts a filter before a logger: it sees the records logged on it, not those of the loggers below.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::{Logging, NameFilter};
    /// let logging = Logging::new();
    /// let filter = logging.add_filter(Box::new(NameFilter::new("a")));
    /// logging.attach_filter("a", filter)?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn attach_filter(&self, logger: &str, filter: FilterId) -> Result<()> {
        self.change_logger(logger, |tree, id| {
            let filters = &mut tree.node_mut(id).filters;
            if !filters.contains(&filter.0) {
                filters.push(filter.0);
            }
        })
    }

    /// Takes a filter away from a logger.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// # use stratd_logging::{Logging, NameFilter};
    /// let logging = Logging::new();
    /// let filter = logging.add_filter(Box::new(NameFilter::new("a")));
    /// logging.detach_filter("a", filter)?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn detach_filter(&self, logger: &str, filter: FilterId) -> Result<()> {
        self.change_logger(logger, |tree, id| tree.node_mut(id).filters.retain(|&known| known != filter.0))
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
    /// If there is no such handler, or it is no memory handler.
    ///
    /// ```
    /// # use stratd_logging::{Logging, MemoryOptions};
    /// let logging = Logging::new();
    /// logging.add_memory_handler("memory", &MemoryOptions::default())?;
    /// logging.set_target("memory", None)?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set_target(&self, memory: &str, target: Option<&str>) -> Result<()> {
        let id = self.find_handler(memory)?;
        let target = target.map(|target| self.find_handler(target)).transpose()?;
        self.shared().change(|backend, _| match backend.router.slots.get_mut(id as usize) {
            Some(Some(Slot { sink: Sink::Memory(memory), .. })) => {
                memory.target = target;
                Ok(())
            }
            _ => Err(Error::new(ErrorKind::Handler, format!("handler {memory:?} is no memory handler"))),
        })
    }
}

/// A filter of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterId(pub(crate) u32);
