//! What the host does about each misbehaviour of a plugin, in each isolation mode: the real daemon, real plugins.
//!
//! `table.rs` says what comes of each; a file per mode runs it; `document.rs` writes `docs/misbehaviour.md` from it.

mod desk;
mod in_process;
mod next_start;
mod process;
mod table;
mod thread;
mod whole;
