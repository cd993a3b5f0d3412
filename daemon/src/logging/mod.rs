//! The log of the process.
//!
//! All of it passes one [`Front`]: the daemon's own events by the layer for `tracing`, records of libraries by the bridge
//! from `log`, records of plugins directly (`plugin_sink.rs`). From the start of the program until a configuration is applied, in
//! children that look at plugins or run them, and after the end of the pipeline, it goes to the journal or to standard
//! error at once (`early.rs`). In between everything goes through the pipeline of `stratd-logging`: whoever logs copies
//! the record into a ring of its thread and goes on; formatting and writing happen on the pipeline's own thread.
//!
//! A panic, and a signal that kills the process, first have written what was logged (`last_words.rs`).
//!
//! Invariants: there is one pipeline a process, as there is one standard error. Standard output is never logged to,
//! unless a handler of the configuration names it. A configuration is in force whole or not at all. Nothing else of the
//! daemon writes to standard error, but for the command line before and after a run.

mod console;
mod early;
mod kept_sockets;
mod last_words;
mod market_time;
mod parts;
mod pipeline;
mod plugin_sink;
mod reload;
mod settings;
mod tap;

pub(crate) use self::{
    early::complain,
    last_words::{last_words, rescue_stderr},
    parts::{KIND as PLUGIN_KIND, problem_of_handler, take_parts_from},
    pipeline::{LogOptions, LogUndo, Pipeline, Running, begin, dump_flight, flush_within, pipeline},
    plugin_sink::{PluginSink, log_plugin},
    reload::reload_on_hangup,
    settings::{LogSource, kinds, table_of, with_level},
    tap::{TapWish, Tapped},
};

use std::sync::{OnceLock, atomic::AtomicI32};

use stratd_logging::{Front, Level, LogBridge, TracingLayer};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

/// The number of the level below DEBUG, which `tracing` has and Python's logging has not.
const TRACE: Level = Level::new(5);

/// What all records of the process pass.
static FRONT: OnceLock<Front> = OnceLock::new();

/// Starts logging to the journal or to standard error; `is_verbose` shows DEBUG besides.
pub fn start(is_verbose: bool) {
    let lowest = if is_verbose { Level::DEBUG } else { Level::INFO };
    let front = Front::new(lowest, early::write);
    // only the first start counts; a second one, in a test, changes nothing
    if FRONT.set(front.clone()).is_err() {
        return;
    }
    let layers = Registry::default().with(early::journal_layer()).with(TracingLayer::new(front.clone()));
    let _ = tracing::subscriber::set_global_default(layers);
    let _ = LogBridge::new(front).install();
    last_words::on_panic();
}

/// What all records pass, once logging has started.
fn front() -> Option<&'static Front> {
    FRONT.get()
}

/// The lowest level that anybody takes, to be read by plugins.
pub(crate) fn lowest_of_all() -> &'static AtomicI32 {
    /// Of a process that does not log.
    static NOBODY: AtomicI32 = AtomicI32::new(i32::MAX);
    front().map_or(&NOBODY, Front::lowest_cell)
}
