//! What the end-to-end tests share: built plugins, the daemon's program, misbuilt plugins, a host that records,
//! folders in which the program runs, daemons in the background, and books that check its results.
//!
//! Everything is built once per process, by the same commands that a user types; cargo makes a second time cheap.

mod build;
mod host;
mod ledger;
mod place;
mod running;
mod variant;

pub use build::{c_library, cargo, plugin, plugins, stratctl, stratd, synthetic, target, workspace};
pub use host::{Calls, LogLine, RecordingHost, RecordingServices};
pub use ledger::{Ledger, Table, cents, scaled, units};
pub use place::{Files, Place, Ran, program};
pub use running::{Ended, Running};
pub use variant::{Edit, Variant};
