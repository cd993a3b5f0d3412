//! The daemon as a library: what `main` runs, and what tests reach.
#![deny(unsafe_code)]

mod backtests;
pub mod check;
pub mod cli;
pub mod config;
pub mod control;
pub mod feed;
pub mod host;
pub mod inspect;
pub mod logging;
pub mod metrics;
mod plugin_kind;
pub mod plugins;
pub mod progress;
pub mod recorder;
mod reload;
mod replay;
pub mod results;
pub mod runtime;
pub mod store;
mod sweep;
mod systemd;
