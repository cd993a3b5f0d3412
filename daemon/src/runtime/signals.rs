//! SIGINT and SIGTERM end a run in good order.

use std::{sync::Arc, thread};

use anyhow::{Context as _, Result};
use nix::sys::signal::{SigSet, Signal};

use super::inbox::Inbox;

/// The signals that end a run.
fn signals() -> SigSet {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    signals
}

/// Blocks both signals in this thread and all that it starts from now on. Any thread that was started before would take
/// the signal with its default action, and end the process.
pub(crate) fn block() -> Result<()> {
    signals().thread_block().context("blocking SIGINT and SIGTERM")
}

/// Waits for the signals, which are blocked, in a thread of its own. The first one asks the run to end; a second one ends
/// the process, as if nobody had blocked it.
pub(super) fn stop_on_signal(inbox: &Arc<Inbox>) -> Result<()> {
    let signals = signals();
    let inbox = Arc::clone(inbox);
    let wait = move || {
        if let Ok(signal) = signals.wait() {
            inbox.stop(signal.as_str());
            // unblocked here alone: the kernel gives the next one to this thread, with its default action
            let _ = signals.thread_unblock();
            loop {
                thread::park();
            }
        }
    };
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(wait)
        .context("starting the thread for signals")?;
    Ok(())
}
