//! Texts that a program makes by itself, in place of a format string.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{error::Result, record::Record};

/// Makes texts of records.
///
/// ```
/// use stratd_logging::{Formatter, FormatterOptions, Level, Record, Render, Renderer, Result};
///
/// struct Loud;
/// impl Render for Loud {
///     fn render(&mut self, record: &Record<'_>, out: &mut String) -> Result<()> {
///         out.push_str(&record.message.to_uppercase());
///         Ok(())
///     }
/// }
/// let options = FormatterOptions { renderer: Some(Renderer::new(Loud)), ..FormatterOptions::default() };
/// let mut text = String::new();
/// Formatter::new(&options)?.format(&Record::new("a", Level::INFO, "hello"), &mut text)?;
/// assert_eq!(text, "HELLO");
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub trait Render: Send {
    /// Appends the text of a record.
    ///
    /// # Errors
    /// If there is none; the record is lost for the handler then, and counted.
    fn render(&mut self, record: &Record<'_>, out: &mut String) -> Result<()>;
}

/// A [`Render`] that options can hold. Equal to itself and its clones alone.
#[derive(Clone)]
pub struct Renderer(Arc<Mutex<dyn Render>>);

impl Renderer {
    /// Shares a [`Render`].
    ///
    /// ```
    /// # use stratd_logging::{Record, Render, Renderer, Result};
    /// # struct Nothing;
    /// # impl Render for Nothing {
    /// #     fn render(&mut self, _: &Record<'_>, _: &mut String) -> Result<()> { Ok(()) }
    /// # }
    /// let renderer = Renderer::new(Nothing);
    /// assert_eq!(renderer, renderer.clone());
    /// ```
    #[must_use]
    pub fn new(render: impl Render + 'static) -> Self {
        Self(Arc::new(Mutex::new(render)))
    }

    pub(super) fn render(&self, record: &Record<'_>, out: &mut String) -> Result<()> {
        // only the back end formats: nobody waits here
        self.0.lock().unwrap_or_else(PoisonError::into_inner).render(record, out)
    }
}

impl PartialEq for Renderer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renderer").finish_non_exhaustive()
    }
}
