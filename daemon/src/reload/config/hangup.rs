//! SIGHUP: what `stratctl reload` does, without an answer.

use std::sync::mpsc::{self, SyncSender, TrySendError};

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
    if let Err(refusal) = ask(requests) {
        tracing::error!(logger = "config", "{refusal}");
        notify::refused(Some(&refusal));
    }
    notify::reloaded();
}

/// Asks the manager, and waits until it is done; why it cannot be asked. What became of it is told where it is decided.
fn ask(requests: &SyncSender<Request>) -> Result<(), String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let change = Box::new(ConfigChange::of(What::Files));
    let why = match requests.try_send(Request::Config(change, Author::administrator(SIGHUP), None, sender)) {
        // no answer: the run has ended meanwhile, as its log says
        Ok(()) => return receiver.recv().map(drop).or(Ok(())),
        Err(TrySendError::Full(_)) => "too many requests wait (try again)",
        Err(TrySendError::Disconnected(_)) => "the run is over",
    };
    Err(format!("the configuration stays as it is: {SIGHUP} has no effect: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_finds_no_place_says_that_nothing_was_reloaded() {
        let (requests, waiting) = mpsc::sync_channel(0);
        assert_eq!(
            ask(&requests),
            Err("the configuration stays as it is: SIGHUP has no effect: too many requests wait (try again)"
                .to_owned())
        );
        drop(waiting);
        let over = ask(&requests).unwrap_err();
        assert!(over.ends_with("the run is over"), "{over}");
    }
}
