//! The daemon as a library: what `main` runs, and what tests reach.
#![deny(unsafe_code)]

mod backtests;
pub mod check;
pub mod cli;
pub mod config;
pub mod control;
mod feed;
pub mod host;
pub mod inspect;
pub mod logging;
mod metrics;
mod plugin_kind;
pub mod plugins;
pub mod progress;
mod reload;
pub mod results;
pub mod runtime;
pub mod store;
mod systemd;
