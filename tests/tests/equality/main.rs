//! Isolation and slices change nothing: one recording gives the same bytes, and a connector tells the same, wherever
//! the plugins run and however the calls are cut.

mod archive;
mod backtests;
mod connectors;
mod mode;
