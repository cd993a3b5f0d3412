//! SIGHUP: what `stratctl reload` does, without an answer.

use std::sync::mpsc;

use super::{ConfigChange, What, apply::SIGHUP};
use crate::{
    control::Author,
    logging,
    reload::{Hangups, Request},
    runtime::notify,
};

/// Reads the files again, and takes them whole or not at all; the log and systemd are told what became of it. Before the
/// run has begun, the log alone is read again.
pub(crate) fn reload_on_hangup(way: &Hangups) {
    let Some(requests) = way.get() else { return logging::reload_on_hangup() };
    notify::reloading();
    let (sender, receiver) = mpsc::sync_channel(1);
    let change = Box::new(ConfigChange::of(What::Files));
    if requests.try_send(Request::Config(change, Author::administrator(SIGHUP), None, sender)).is_err() {
        tracing::error!(
            logger = "config",
            "{SIGHUP} has no effect: the run is over, or too many requests wait"
        );
    }
    // what became of it was told where it was decided
    let _ = receiver.recv();
    notify::reloaded();
}
