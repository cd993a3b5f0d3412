//! Taps over the control socket: who listens to the log while it is written.
//!
//! It never makes anybody wait: a listener that does not keep up misses records, and is told how many.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::body::Bytes;
use stratd_logging::{
    Entry, FormatterOptions, Handler, Layout, Level, Result as LogResult, TapGuard, TapOptions,
};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::pipeline::Pipeline;

/// Listeners at once; one more is refused.
const TAPS_MAX: usize = 8;
/// Records that wait for a listener; further ones are missed and counted.
const LINES_WAITING_MAX: usize = 1000;
/// The text of a record.
const FORMAT: &str = "%(asctime)s %(levelname)s %(name)s: %(message)s %(fields_logfmt)s";

/// What a listener wants to hear.
#[derive(Clone, Debug)]
pub(crate) struct TapWish {
    pub(crate) logger: String,
    pub(crate) level: Level,
    /// One JSON object a record, in place of text.
    pub(crate) as_json: bool,
}

/// What a listener holds; it listens no more when this goes.
pub(crate) struct Tapped {
    pub(crate) lines: Receiver<Bytes>,
    end: Option<(TapGuard, Place)>,
}

/// One of [`TAPS_MAX`], given back when it goes.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pipeline {
    /// Lets somebody listen.
    ///
    /// # Errors
    /// There are too many, or the logger cannot be made; the text says which.
    pub(crate) fn tap(&self, wish: &TapWish) -> Result<Tapped, String> {
        let count = self.taps.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(&self.taps));
        if count >= TAPS_MAX {
            return Err(format!("{TAPS_MAX} of at most {TAPS_MAX} listen already (end one, or try again)"));
        }
        let (sender, lines) = channel(LINES_WAITING_MAX);
        let format = FormatterOptions {
            format: Some(FORMAT.to_owned()),
            layout: if wish.as_json { Layout::Json } else { Layout::Text },
            ..FormatterOptions::default()
        };
        let options = TapOptions { level: wish.level, format: Some(format), ..TapOptions::new(&wish.logger) };
        let handler = Box::new(ToListener { sender, missed: 0 });
        let guard = self.logging.tap_into(&options, handler).map_err(|error| error.to_string())?;
        Ok(Tapped { lines, end: Some((guard, place)) })
    }
}

impl Drop for Tapped {
    fn drop(&mut self) {
        self.lines.close();
        let end = self.end.take();
        // the log may be busy: the thread that serves all connections does not wait for it
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(end))),
            Err(_) => drop(end),
        }
    }
}

/// The handler.
struct ToListener {
    sender: Sender<Bytes>,
    missed: u64,
}

impl Handler for ToListener {
    fn emit(&mut self, entry: &Entry<'_>) -> LogResult<()> {
        if self.missed > 0 {
            let text = format!("# {} records were missed: the listener did not keep up\n", self.missed);
            if self.sender.try_send(Bytes::from(text)).is_ok() {
                self.missed = 0;
            }
        }
        let mut line = String::with_capacity(entry.text.len() + 1);
        line.push_str(entry.text.trim_end());
        line.push('\n');
        if self.sender.try_send(Bytes::from(line)).is_err() {
            self.missed = self.missed.saturating_add(1);
        }
        Ok(())
    }
}
