//! The server over real sockets: the program is started, clients connect, nothing sleeps.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod command_line;
mod faults;
mod limits;
mod market;
mod orders;
mod random;
mod state;
