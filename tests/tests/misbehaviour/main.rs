//! What the host does about each misbehaviour of a plugin, in each isolation mode: the real daemon, real plugins.
//!
//! `table.rs` says what comes of each; a file per mode runs it; `document.rs` writes `docs/misbehaviour.md` from it.

mod builds;
mod connector;
mod desk;
mod document;
mod in_process;
mod life;
mod next_start;
mod process;
mod reloads;
mod table;
mod thread;
mod threads_inside;
mod whole;
