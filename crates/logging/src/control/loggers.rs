//! The shape of the tree: what hangs on a logger, whether it speaks, and whether its records go on.

use crate::{error::Result, logging::Logging, ring::lock, tree::Tree};

impl Logging {
    pub(super) fn change_logger(&self, logger: &str, work: impl FnOnce(&mut Tree, u32)) -> Result<()> {
        self.shared().change(|_, tree| {
            let id = tree.get_or_insert(logger)?;
            work(tree, id);
            Ok(())
        })
    }

    pub(super) fn ask<R>(&self, logger: &str, work: impl FnOnce(&Tree, u32) -> R) -> Result<R> {
        let mut tree = lock(&self.shared().tree);
        let id = tree.get_or_insert(logger)?;
        Ok(work(&tree, id))
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
}
