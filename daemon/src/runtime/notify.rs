//! What the run tells systemd (`Type=notify`): that it trades, how it stands, that it reloads or ends, and that it lives.
//!
//! - While a run starts, each step is told with EXTEND_TIMEOUT_USEC: many plugins, or exchanges that are slow to answer, may
//!   take longer than the unit gives a start, and one step that never ends may not.
//! - READY=1 is sent after the engine has run its start and every connector was subscribed to.
//! - WATCHDOG=1 is sent only if the event loop came round since the last one ([`tick`]), by the thread that watches the
//!   loop ([`pet`]): a loop that stands still is not petted, whatever other threads do. After STOPPING=1 systemd does not
//!   watch any more.
//! - RELOADING=1 goes with its time in one datagram, and READY=1 follows whatever became of the reload.
//!
//! Without systemd (no `NOTIFY_SOCKET`) nothing happens. What cannot be told is logged once and changes nothing else.
//! Children inherit the variables; the unit says `NotifyAccess=main`, so that nobody hears them.

use std::{
    fmt, io,
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sd_notify::NotifyState;

/// How long a step of the start may take: longer than any limit of its own, such as that of an exchange's answer (30 s) or
/// of a call that hangs (10 s).
const START_STEP_TIME_MAX: Duration = Duration::from_secs(60);

/// A run starts in this process, and nowhere else are steps of a start told: other commands load plugins as well.
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);
/// READY=1 was sent: a reload before must not send it in its place.
static IS_READY: AtomicBool = AtomicBool::new(false);
/// The event loop came round since somebody looked.
static HAS_TICKED: AtomicBool = AtomicBool::new(false);

/// A run is about to start in this process.
pub(crate) fn begins() {
    HAS_BEGUN.store(true, Ordering::Relaxed);
}

/// The start has come to a step that may take a while. Nothing once the run trades.
pub(crate) fn starts(step: fmt::Arguments<'_>) {
    if HAS_BEGUN.load(Ordering::Relaxed) && !IS_READY.load(Ordering::Relaxed) {
        let status = format!("starts: {step}").replace('\n', "; ");
        send(&[NotifyState::Status(&status), extend_by(START_STEP_TIME_MAX)]);
    }
}

/// The event loop came round.
pub(super) fn tick() {
    HAS_TICKED.store(true, Ordering::Relaxed);
}

/// Tells that the process lives, if the event loop came round since the last time.
pub(crate) fn pet() {
    if HAS_TICKED.swap(false, Ordering::Relaxed) && sd_notify::watchdog_enabled().is_some() {
        send(&[NotifyState::Watchdog]);
    }
}

/// The run trades.
pub(crate) fn ready(standing: &str) {
    let status = with_status(|status| standing.clone_into(&mut status.standing));
    IS_READY.store(true, Ordering::Relaxed);
    send(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// How the run stands.
pub(crate) fn stands(standing: &str) {
    let status = with_status(|status| standing.clone_into(&mut status.standing));
    send(&[NotifyState::Status(&status)]);
}

/// A configuration is read again; [`reloaded`] ends it.
pub(crate) fn reloading() {
    if !IS_READY.load(Ordering::Relaxed) {
        return;
    }
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(error) => tell_once(&error),
    }
}

/// The reload is over, whatever became of it.
pub(crate) fn reloaded() {
    if IS_READY.load(Ordering::Relaxed) {
        send(&[NotifyState::Ready]);
    }
}

/// Why the last reload changed nothing; None if it did.
pub(crate) fn refused(refusal: Option<&str>) {
    let status = with_status(|status| status.refusal = refusal.map(str::to_owned));
    send(&[NotifyState::Status(&status)]);
}

/// The recorder has stopped before the run, and why.
pub(crate) fn recording_stopped(why: &str) {
    let status = with_status(|status| status.recording = Some(format!("recording stopped: {why}")));
    send(&[NotifyState::Status(&status)]);
}

/// It has space again.
pub(crate) fn recording_goes_on() {
    let status = with_status(|status| status.recording = None);
    send(&[NotifyState::Status(&status)]);
}

/// The run is about to end, which takes `within` at most from now on.
pub(crate) fn stopping(within: Duration) {
    send(&[NotifyState::Stopping, NotifyState::Status("ends"), extend_by(within)]);
}

/// The end goes on, and takes `within` at most from now on.
pub(crate) fn extend(within: Duration) {
    send(&[extend_by(within)]);
}

fn extend_by(within: Duration) -> NotifyState<'static> {
    NotifyState::ExtendTimeoutUsec(u32::try_from(within.as_micros()).unwrap_or(u32::MAX))
}

/// What `systemctl status` shows.
#[derive(Debug)]
struct Status {
    standing: String,
    /// Of the last reload.
    refusal: Option<String>,
    /// What is wrong with the recording.
    recording: Option<String>,
}

static STATUS: Mutex<Status> = Mutex::new(Status { standing: String::new(), refusal: None, recording: None });

impl Status {
    /// In one line: those of a datagram are assignments of their own.
    fn text(&self) -> String {
        let Self { standing, refusal, recording } = self;
        let mut text = standing.clone();
        for more in [refusal, recording].into_iter().flatten() {
            text.push_str("; ");
            text.push_str(more);
        }
        text.replace('\n', "; ")
    }
}

fn with_status(change: impl FnOnce(&mut Status)) -> String {
    let mut status = STATUS.lock().unwrap_or_else(PoisonError::into_inner);
    change(&mut status);
    status.text()
}

fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tell_once(&error);
    }
}

fn tell_once(error: &io::Error) {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| tracing::warn!(logger = "stratd", "telling systemd at NOTIFY_SOCKET: {error}"));
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn a_status_is_one_assignment() {
        let standing = "strategies: 1 started".to_owned();
        let mut status = Status { standing, refusal: None, recording: None };
        assert_eq!(status.text(), "strategies: 1 started");
        status.refusal = Some("refused: a\nREADY=1".to_owned());
        assert_eq!(status.text(), "strategies: 1 started; refused: a; READY=1");
        status.recording = Some("recording stopped: full".to_owned());
        assert_eq!(status.text(), "strategies: 1 started; refused: a; READY=1; recording stopped: full");
    }
}
