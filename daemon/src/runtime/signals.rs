//! SIGINT and SIGTERM end a run in good order; SIGHUP has the configuration of the log read again.
//!
//! What SIGHUP asks for is done on a thread of its own, so that it cannot keep a run from its end. One more that comes
//! meanwhile is done afterwards; further ones are one with it.

use std::{
    sync::{Arc, mpsc},
    thread,
};

use anyhow::{Context as _, Result};
use nix::sys::signal::{SigSet, Signal};

use super::inbox::Inbox;

/// The run ends on SIGINT and SIGTERM.
///
/// Installed before the first thread starts: the signals are blocked in the threads that this one starts from now on,
/// and the kernel gives a signal to any thread that has not blocked it, where it ends the process on the spot.
pub(crate) struct StopSignals {
    inbox: Arc<Inbox>,
}

impl StopSignals {
    /// Blocks the signals, and waits for them in a thread of its own. The first one to stop asks the run to end, as soon
    /// as it has begun; a second one ends the process, as if nobody had blocked it. `on_hangup` is called for SIGHUP.
    ///
    /// # Errors
    /// The signals cannot be blocked, or a thread cannot be started.
    pub(crate) fn install(on_hangup: impl Fn() + Send + 'static) -> Result<Self> {
        let stops = [Signal::SIGINT, Signal::SIGTERM];
        let mut signals: SigSet = stops.into_iter().collect();
        signals.add(Signal::SIGHUP);
        signals.thread_block().context("blocking SIGINT, SIGTERM and SIGHUP")?;
        let (hangups, hung_up) = mpsc::sync_channel(1);
        let reload = move || hung_up.iter().for_each(|()| on_hangup());
        thread::Builder::new()
            .name("reload-log".to_owned())
            .spawn(reload)
            .context("starting the thread for SIGHUP")?;
        let inbox = Arc::new(Inbox::default());
        let asked = Arc::clone(&inbox);
        let wait = move || {
            while let Ok(signal) = signals.wait() {
                if signal == Signal::SIGHUP {
                    // full: the one that waits reads what is there now as well
                    let _ = hangups.try_send(());
                    continue;
                }
                asked.stop(signal.as_str());
                // unblocked here alone: the kernel gives the next one to this thread, with its default action
                let stops: SigSet = stops.into_iter().collect();
                let _ = stops.thread_unblock();
                signals = SigSet::from_iter([Signal::SIGHUP]);
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
