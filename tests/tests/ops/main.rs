//! A running daemon, looked at and commanded as people and programs do it.
#![forbid(unsafe_code)]

mod abuse;
mod backtests;
mod desk;
mod events;
mod halts;
mod hand;
mod held;
mod keys;
mod lists;
mod metrics;
mod pages;
mod roles;
mod secrets;
mod service;
mod terms;
