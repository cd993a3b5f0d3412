//! Loads plugins and lets the engine call them as if they were linked in.
//!
//! ```text
//! file ─ stage::read ─► bytes ─ trust, elf::check ─► stage::put ─► copy ─ probe, in a child ─► Accepted
//! copy ─ library::open ─► doors ─ manifest ─► LoadedPlugin
//! engine ─ StrategyInstance ─► HostedStrategy ─ StrategyV1 ─► plugin ─ HostV1 ─► callbacks ─ StrategyHost ─► engine
//! engine ─ StrategyInstance ─► isolation ═ a thread or process of its own ═ HostedStrategy, as above
//! ```
//!
//! Invariants:
//! - A library is closed by `LoadedPlugin::close` only, which nobody calls by default: tables, vtables, threads and
//!   texts of all others stay valid as long as the process.
//! - `dlopen` sees only private copies, and no path twice.
//! - A step that refuses leaves everything as it was, except that the refused library may stay mapped.
//! - The host's functions reach the engine only on the thread and during the call that the engine made.
//! - What a plugin hands over is checked for null, alignment and size before it is read; its texts are cut at a limit.
//!
//! Limits: code of a plugin runs in this process from `dlopen` on, so a library that crashes takes the process with
//! it. `Probe` opens it in a child first for that reason, and `isolation` keeps an instance in a process of its own;
//! `crash` makes the process say whose code it died in, and `watchdog` ends one whose event loop hangs in a plugin.

mod borrowed;
mod call;
mod callbacks;
pub mod crash;
mod elf;
mod exchange;
mod exchange_callbacks;
mod find;
mod instance;
pub mod isolation;
mod layout;
mod library;
mod loaded;
mod loader;
mod log;
mod log_part;
mod manifest;
mod probe;
mod probe_report;
mod process;
mod refusal;
mod stage;
mod strategy;
mod trust;
mod watch;
mod watchdog;

pub use crate::plugin_kind::PluginKind;
pub use exchange::HostedExchange;
pub use find::{find, names};
pub use instance::{Run, STATE_BYTES_MAX};
pub use loaded::{LoadedPlugin, Unloaded};
pub use loader::{Candidate, Loader, Verified};
pub(crate) use log_part::{HostedLogPart, LogPartKind};
pub use manifest::Manifest;
pub use probe::{Accepted, Probe, Trial};
pub(crate) use probe_report::{Report, Request, TrialRequest};
pub use process::Memory;
pub(crate) use process::memory_of;
pub use refusal::{Identity, Observer, Refusal, Step};
pub use stage::stage_base;
pub use strategy::HostedStrategy;
pub use trust::{Trust, TrustOptions, TrustPolicy};
pub use watch::{Found, WatchOptions, Watcher};
pub use watchdog::{Watchdog, WatchdogOptions};

/// Bytes as lower-case hexadecimal digits.
fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
