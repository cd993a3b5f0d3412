//! SIGINT and SIGTERM end a run in good order; SIGHUP has the configuration of the log read again; SIGUSR1 is the kill
//! switch, and SIGUSR2 lets trading go on. They work where no command gets through.
//!
//! What SIGHUP asks for is done on a thread of its own, so that it cannot keep a run from its end. One more that comes
//! meanwhile is done afterwards; further ones are one with it.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use nix::sys::{
    signal::{SigSet, Signal},
    signalfd::{SfdFlags, SignalFd},
};

use stratd_engine::{ExitRoutine, Scope, TradingCommand, TradingState};
use stratd_plugin_api::Reason;

use super::{clock::Stopwatch, command::Command, inbox::Inbox};

/// Signals to stop that come so soon after the first one are the same request: `timeout` of coreutils sends each twice, and
/// a terminal to all of a pipeline. Ended on the spot, the run would leave its orders working.
const SAME_REQUEST: Duration = Duration::from_millis(500);

/// The run ends on SIGINT and SIGTERM.
///
/// Installed before the first thread starts: the signals are blocked in the threads that this one starts from now on,
/// and the kernel gives a signal to any thread that has not blocked it, where it ends the process on the spot.
pub(crate) struct StopSignals {
    inbox: Arc<Inbox>,
}

impl StopSignals {
    /// Blocks the signals, and waits for them in a thread of its own. The first one to stop asks the run to end, as soon
    /// as it has begun; one that comes later than [`SAME_REQUEST`] ends the process, as if nobody had blocked it.
    /// `on_hangup` is called for SIGHUP; `kill` is what the kill switch does besides halting.
    ///
    /// # Errors
    /// The signals cannot be blocked, or a thread cannot be started.
    pub(crate) fn install(on_hangup: impl Fn() + Send + 'static, kill: ExitRoutine) -> Result<Self> {
        let stops = [Signal::SIGINT, Signal::SIGTERM];
        let mut signals: SigSet = stops.into_iter().collect();
        let others = [Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2];
        signals.extend(others);
        signals.thread_block().context("blocking SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2")?;
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
                if let Some(command) = trading(signal, kill) {
                    tracing::warn!(
                        logger = "risk",
                        "{signal}: trading of all strategies is to be {}",
                        command.state.name()
                    );
                    if asked.push_command(Command::Trading { command }).is_err() {
                        tracing::error!(
                            logger = "risk",
                            "{signal} has no effect: the run is over, or too many commands wait"
                        );
                    }
                    continue;
                }
                asked.stop(signal.as_str());
                let stops: SigSet = stops.into_iter().collect();
                forget_for(SAME_REQUEST, &stops);
                // unblocked here alone: the kernel gives the next one to this thread, with its default action
                let _ = stops.thread_unblock();
                signals = others.into_iter().collect();
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

/// Waits, and takes the blocked signals that came meanwhile for nothing.
fn forget_for(time: Duration, signals: &SigSet) {
    let until = Stopwatch::start();
    while until.elapsed() < time {
        thread::park_timeout(time);
    }
    // without it, what waits ends the process as soon as it may
    if let Ok(waiting) = SignalFd::with_flags(signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC) {
        while let Ok(Some(_)) = waiting.read_signal() {}
    }
}

/// What a signal says may be traded.
fn trading(signal: Signal, kill: ExitRoutine) -> Option<TradingCommand> {
    let (state, exit) = match signal {
        Signal::SIGUSR1 => return Some(TradingCommand::kill(kill)),
        Signal::SIGUSR2 => (TradingState::Active, ExitRoutine::None),
        _ => return None,
    };
    Some(TradingCommand { scope: Scope::Run, state, exit, reason: Reason::Requested })
}
