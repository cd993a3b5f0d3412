//! Taps: who listens to the log while it is written, for a while and beside all handlers.
//!
//! A tap is a handler at one logger: it hears the records of that logger and of those below it that propagate, as far as
//! their levels are on. It never makes anybody wait: a listener that does not keep up misses records, and is told how
//! many. A configuration that is applied meanwhile does not end it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use stratd_logging::{Entry, FormatterOptions, Handler, Layout, Level, Logging, Result as LogResult};
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
pub(crate) struct TapOptions {
    pub(crate) logger: String,
    pub(crate) level: Level,
    /// One JSON object a record, in place of text.
    pub(crate) as_json: bool,
}

/// Who listens.
#[derive(Default)]
pub(super) struct Taps(Mutex<State>);

#[derive(Default)]
struct State {
    next: u64,
    taps: Vec<Tap>,
}

struct Tap {
    name: String,
    options: TapOptions,
    sender: Sender<Bytes>,
}

/// What a listener holds; it listens no more when this goes.
pub(crate) struct Tapped {
    name: String,
    pub(crate) lines: Receiver<Bytes>,
    pipeline: &'static Pipeline,
}

impl Pipeline {
    /// Lets somebody listen.
    ///
    /// # Errors
    /// There are too many, or the logger cannot be made; the text says which.
    pub(crate) fn tap(&'static self, options: TapOptions) -> Result<Tapped, String> {
        let (sender, lines) = channel(LINES_WAITING_MAX);
        let mut state = self.taps.lock();
        state.sweep(&self.logging);
        if state.taps.len() >= TAPS_MAX {
            return Err(format!("{TAPS_MAX} of at most {TAPS_MAX} listen already (end one, or try again)"));
        }
        state.next += 1;
        let tap = Tap { name: format!("tap-{}", state.next), options, sender };
        tap.attach(&self.logging).map_err(|error| error.to_string())?;
        let name = tap.name.clone();
        state.taps.push(tap);
        Ok(Tapped { name, lines, pipeline: self })
    }

    fn end_tap(&self, name: &str) {
        self.taps.lock().taps.retain(|tap| tap.name != name);
        // a configuration may have taken it away, and the tap ended before it was back
        let _ = self.logging.remove_handler(name);
    }
}

impl Taps {
    /// A configuration has replaced all handlers.
    pub(super) fn attach_again(&self, logging: &Logging) {
        for tap in &self.lock().taps {
            if let Err(error) = tap.attach(logging) {
                tracing::warn!(logger = "stratd.logging", "{} hears nothing any more: {error}", tap.name);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets listeners that have gone without a word.
    fn sweep(&mut self, logging: &Logging) {
        for gone in self.taps.extract_if(.., |tap| tap.sender.is_closed()) {
            let _ = logging.remove_handler(&gone.name);
        }
    }
}

impl Tap {
    fn attach(&self, logging: &Logging) -> LogResult<()> {
        let format = FormatterOptions {
            format: Some(FORMAT.to_owned()),
            layout: if self.options.as_json { Layout::Json } else { Layout::Text },
            ..FormatterOptions::default()
        };
        logging.add_handler(&self.name, Box::new(ToListener { sender: self.sender.clone(), missed: 0 }))?;
        let attached = logging
            .set_formatter(&self.name, &format)
            .and_then(|()| logging.set_handler_level(&self.name, self.options.level))
            .and_then(|()| logging.attach(&self.options.logger, &self.name));
        if attached.is_err() {
            let _ = logging.remove_handler(&self.name);
        }
        attached
    }
}

impl Drop for Tapped {
    fn drop(&mut self) {
        self.lines.close();
        let (name, pipeline) = (std::mem::take(&mut self.name), self.pipeline);
        let end = move || pipeline.end_tap(&name);
        // the log may be busy: the thread that serves all connections does not wait for it
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(end)),
            Err(_) => end(),
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
