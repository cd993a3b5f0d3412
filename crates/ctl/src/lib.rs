//! `stratctl`: the command line of a running `stratd`.
//!
//! A thin client: it asks over the control socket and prints the answer, for people as text of 80 columns where the
//! names allow it, for programs as it came (`--json`). Whatever is more than that belongs into the daemon.
//!
//! It is a library so that its pages for `man` can be made of its command line; `main` runs it.
#![forbid(unsafe_code)]

mod cli;
mod offline;
mod top;
mod view;

pub use cli::{main, program};
