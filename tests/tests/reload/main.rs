//! Hot reload, end to end: the real daemon, real plugins, and whoever writes files into its folder.
//!
//! Every test has a daemon of its own in a temporary folder. The strategy `counter` keeps each sequence number that it
//! saw in the state that it carries over, so a reload that loses, repeats or reorders an event shows in its last words.

mod commands;
mod config;
mod confirm;
mod connectors;
mod desk;
mod exchange;
mod exchanges;
mod figures;
mod isolation;
mod losses;
mod probation;
mod recovery;
mod swap;
mod trust;
mod writers;
