//! Kinds of handlers, filters and formatters that a program brings along.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use toml::Table;

use crate::{error::Result, filter::Filter, format::Renderer, handler::Handler};

type MakeHandler = Arc<dyn Fn(&Table) -> Result<Box<dyn Handler>> + Send + Sync>;
type MakeFormatter = Arc<dyn Fn(&Table) -> Result<Renderer> + Send + Sync>;
type MakeFilter = Arc<dyn Fn(&Table) -> Result<Box<dyn Filter>> + Send + Sync>;

/// Kinds of handlers, filters and formatters beside the built-in ones, for [`Config::parse_with`](crate::Config::parse_with).
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
    formatters: BTreeMap<String, MakeFormatter>,
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

    /// Adds a kind of formatter. The maker gets the formatter's whole table.
    ///
    /// ```
    /// # use stratd_logging::{Kinds, Record, Render, Renderer, Result};
    /// # struct Nothing;
    /// # impl Render for Nothing {
    /// #     fn render(&mut self, _: &Record<'_>, _: &mut String) -> Result<()> { Ok(()) }
    /// # }
    /// Kinds::default().add_formatter("mine", |_options| Ok(Renderer::new(Nothing)));
    /// ```
    pub fn add_formatter(
        &mut self,
        kind: &str,
        make: impl Fn(&Table) -> Result<Renderer> + Send + Sync + 'static,
    ) {
        self.formatters.insert(kind.to_owned(), Arc::new(make));
    }

    pub(super) fn formatter(&self, kind: &str) -> Option<&MakeFormatter> {
        self.formatters.get(kind)
    }

    /// The kinds of formatters, for messages.
    pub(super) fn formatter_names(&self) -> String {
        let names: Vec<&str> = self.formatters.keys().map(String::as_str).collect();
        if names.is_empty() { "none; a format needs no kind".to_owned() } else { names.join(", ") }
    }

    /// As a further part of a list of the built-in ones.
    pub(super) fn further_handlers(&self) -> String {
        self.handlers.keys().map(|name| format!(", {name}")).collect()
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
