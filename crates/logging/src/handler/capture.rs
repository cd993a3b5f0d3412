//! The handler that keeps texts in memory, for tests of programs that log.

use std::sync::{Arc, Mutex};

use super::{Entry, Handler};
use crate::{error::Result, ring::lock};

/// Keeps the last texts it was given.
///
/// ```
/// use stratd_logging::{Capture, Level, Logging};
///
/// let logging = Logging::new();
/// let (capture, captured) = Capture::new(100);
/// logging.add_handler("capture", Box::new(capture))?;
/// logging.attach("root", "capture")?;
/// logging.logger("a")?.log(Level::WARNING, "hello");
/// logging.flush();
/// assert_eq!(captured.take(), ["hello"]);
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Debug)]
pub struct Capture {
    texts: Captured,
    max: usize,
}

/// What a [`Capture`] keeps.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<String>>>);

impl Capture {
    /// A handler that keeps at most `max` texts, and where to find them. Further ones push out the oldest.
    ///
    /// ```
    /// # use stratd_logging::Capture;
    /// assert!(Capture::new(1).1.take().is_empty());
    /// ```
    #[must_use]
    pub fn new(max: usize) -> (Self, Captured) {
        let texts = Captured::default();
        (Self { texts: texts.clone(), max }, texts)
    }
}

impl Captured {
    /// Takes the texts out, the oldest first.
    ///
    /// ```
    /// # use stratd_logging::Captured;
    /// assert!(Captured::default().take().is_empty());
    /// ```
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.0))
    }
}

impl Handler for Capture {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        let mut texts = lock(&self.texts.0);
        if texts.len() >= self.max && !texts.is_empty() {
            texts.remove(0);
        }
        texts.push(entry.text.to_owned());
        Ok(())
    }
}
