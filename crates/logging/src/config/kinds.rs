//! Kinds of handlers and filters that a program brings along.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use toml::Table;

use crate::{error::Result, filter::Filter, handler::Handler};

type MakeHandler = Arc<dyn Fn(&Table) -> Result<Box<dyn Handler>> + Send + Sync>;
type MakeFilter = Arc<dyn Fn(&Table) -> Result<Box<dyn Filter>> + Send + Sync>;

/// Kinds of handlers and filters beside the built-in ones, for [`Config::parse_with`](crate::Config::parse_with).
///
/// ```
/// use stratd_logging::{Config, Kinds, NullHandler};
///
/// let mut kinds = Kinds::default();
/// kinds.add_handler("mine", |_options| Ok(Box::new(NullHandler)));
/// Config::parse_with("[handlers.h]\nkind = \"mine\"", &kinds)?;
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Kinds {
    handlers: BTreeMap<String, MakeHandler>,
    filters: BTreeMap<String, MakeFilter>,
}

impl Kinds {
    /// Adds a kind of handler. The maker gets the handler's whole table.
    ///
    /// ```
    /// # use stratd_logging::{Kinds, NullHandler};
    /// Kinds::default().add_handler("mine", |_options| Ok(Box::new(NullHandler)));
    /// ```
    pub fn add_handler(
        &mut self,
        kind: &str,
        make: impl Fn(&Table) -> Result<Box<dyn Handler>> + Send + Sync + 'static,
    ) {
        self.handlers.insert(kind.to_owned(), Arc::new(make));
    }

    /// Adds a kind of filter. The maker gets the filter's whole table.
    ///
    /// ```
    /// # use stratd_logging::{Kinds, NameFilter};
    /// Kinds::default().add_filter("mine", |_options| Ok(Box::new(NameFilter::new("a"))));
    /// ```
    pub fn add_filter(
        &mut self,
        kind: &str,
        make: impl Fn(&Table) -> Result<Box<dyn Filter>> + Send + Sync + 'static,
    ) {
        self.filters.insert(kind.to_owned(), Arc::new(make));
    }

    pub(super) fn handler(&self, kind: &str) -> Option<&MakeHandler> {
        self.handlers.get(kind)
    }

    pub(super) fn filter(&self, kind: &str) -> Option<&MakeFilter> {
        self.filters.get(kind)
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handlers: Vec<&String> = self.handlers.keys().collect();
        let filters: Vec<&String> = self.filters.keys().collect();
        f.debug_struct("Kinds").field("handlers", &handlers).field("filters", &filters).finish()
    }
}
