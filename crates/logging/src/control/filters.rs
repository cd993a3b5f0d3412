//! Filters of loggers and of handlers.

use crate::{error::Result, filter::Filter, logging::Logging};

/// A filter of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterId(pub(crate) u32);

impl Logging {
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
}
