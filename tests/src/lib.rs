//! What the end-to-end tests share: built plugins, the daemon's program, misbuilt plugins and a host that records.
//!
//! Everything is built once per process, by the same commands that a user types; cargo makes a second time cheap.

mod build;
mod host;
mod variant;

pub use build::{c_library, plugin, plugins, stratd, target, workspace};
pub use host::{Calls, LogLine, RecordingHost, RecordingServices};
pub use variant::{Edit, Variant};
