//! The log of the process.
//!
//! From the start of the program until a configuration is applied, in children that look at plugins or run them, and
//! after the end of the pipeline, lines go straight to standard error (`console.rs`). In between, everything goes
//! through the pipeline of `stratd-logging`: the daemon's own events by a layer of `tracing` (`layer.rs`), records of
//! plugins directly (`plugin_sink.rs`). Whoever logs copies the record into a ring of its thread and goes on; formatting and
//! writing happen on the pipeline's own thread.
//!
//! Invariants: there is one pipeline a process, as there is one standard error. Standard output is never logged to,
//! unless a handler of the configuration names it. A configuration is in force whole or not at all.
//! Absent: a journal handler for the lines before a configuration, and the flight recorder.

mod console;
mod emit;
mod layer;
mod market_time;
mod parts;
mod pipeline;
mod plugin_sink;
mod reload;
mod revert;
mod settings;
mod tap;

pub(crate) use self::{
    parts::{KIND as PLUGIN_KIND, problem_of_handler, take_parts_from},
    pipeline::{LevelChange, LogOptions, Pipeline, begin, flush_within, pipeline},
    plugin_sink::{PluginSink, log_plugin},
    reload::reload_on_hangup,
    settings::{LogSource, kinds, table_of},
    tap::{TapOptions, Tapped},
};

use std::sync::atomic::{AtomicI32, Ordering};

use stratd_logging::Level;
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

/// The number of the level below DEBUG, which `tracing` has and Python's logging has not.
const TRACE: Level = Level::new(5);

/// No record of a lower level is of interest to anybody: what `tracing` asks before it builds an event.
/// Nothing is until [`start`].
static LOWEST: AtomicI32 = AtomicI32::new(i32::MAX);

/// Starts logging to standard error; `is_verbose` shows DEBUG besides.
pub fn start(is_verbose: bool) {
    set_lowest(if is_verbose { Level::DEBUG } else { Level::INFO });
    // only the first start counts; a second one, in a test, changes nothing
    let _ = tracing::subscriber::set_global_default(Registry::default().with(layer::ToPipeline));
}

/// The lowest level that anybody takes.
fn lowest() -> Level {
    Level::new(LOWEST.load(Ordering::Relaxed))
}

/// As [`lowest`], to be read by plugins.
pub(crate) fn lowest_of_all() -> &'static AtomicI32 {
    &LOWEST
}

/// Places in the code whose level nobody takes any more cost one load from now on, and those that somebody takes again
/// are asked again.
fn set_lowest(level: Level) {
    LOWEST.store(level.get(), Ordering::Relaxed);
    tracing::callsite::rebuild_interest_cache();
}
