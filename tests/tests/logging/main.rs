//! `[logging]` end to end: a daemon with handlers of a configuration file, its signals, and its control socket.

mod commands;
mod desk;
mod handlers;
mod last_words;
mod parts;
mod plugins;
mod receivers;
