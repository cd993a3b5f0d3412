//! SIGINT and SIGTERM end a run in good order.

use std::{sync::Arc, thread};

use anyhow::{Context as _, Result};
use nix::sys::signal::{SigSet, Signal};

use super::inbox::Inbox;

/// The run ends on SIGINT and SIGTERM.
///
/// Installed before the first thread starts: both signals are blocked in the threads that this one starts from now on,
/// and the kernel gives a signal to any thread that has not blocked it, where it ends the process on the spot.
pub(crate) struct StopSignals {
    inbox: Arc<Inbox>,
}

impl StopSignals {
    /// Blocks both signals, and waits for them in a thread of its own. The first one asks the run to end, as soon as
    /// it has begun; a second one ends the process, as if nobody had blocked it.
    ///
    /// # Errors
    /// The signals cannot be blocked, or the thread cannot be started.
    pub(crate) fn install() -> Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        signals.thread_block().context("blocking SIGINT and SIGTERM")?;
        let inbox = Arc::new(Inbox::default());
        let asked = Arc::clone(&inbox);
        let wait = move || {
            if let Ok(signal) = signals.wait() {
                asked.stop(signal.as_str());
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
        Ok(Self { inbox })
    }

    /// What a signal ends: the inbox of the run.
    pub(super) fn inbox(&self) -> Arc<Inbox> {
        Arc::clone(&self.inbox)
    }
}
