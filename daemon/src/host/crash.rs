//! Says which plugin a process died in.
//!
//! In-process plugins share the daemon's fate: a wild pointer, `abort()`, a stack overflow or `exit(3)` in one ends the
//! process. [`install`] makes the process say in whose code it was, on stderr and in a file that the next start reads
//! ([`last`]), so that whoever did it can be counted and put in quarantine. Then the thread of the log gets a moment to
//! write what was logged until then.
//!
//! Invariants:
//! - The process ends with the status and core that it would have had: a fault goes on to the handler that was there
//!   before ours (the standard library's, which knows stack overflows), a signal that was sent takes its default action.
//! - What runs in the signal handler neither locks nor allocates: labels are made beforehand, the file is open.
//! - One process says one thing: what follows the first note is its consequence.
//!
//! Limits: threads that a plugin started on its own are in no call, so a crash of theirs names nobody; if such a thread
//! overflows its stack there is no stack to say anything on. Nobody can speak after SIGKILL.
#![expect(unsafe_code, reason = "signal handlers and their stack")]

mod note;
pub(crate) mod seat;

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::{fd::AsFd as _, unix::fs::OpenOptionsExt as _},
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use nix::{
    libc::{self, c_int, c_void, siginfo_t},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction},
};

use self::{
    note::{CRASH, HANG, NOBODY, NOTE_BYTES_MAX},
    seat::{Entry, Seat},
};

use crate::logging::{last_words, rescue_stderr};

pub use self::note::{CrashNote, Culprit, file, forget, last};

/// The signals that end a process whose code is broken.
const SIGNALS: [Signal; 5] =
    [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGILL, Signal::SIGFPE, Signal::SIGABRT];
/// The stack for handlers on the thread that calls [`install`]. The kernel's frame takes 3 to 12 KiB of it where the
/// processor has wide registers; the standard library's own alternative stack may have nothing left beside it.
const STACK_BYTES: usize = 64 * 1024;

/// The file for the note, open from [`install`] on.
static FILE: OnceLock<File> = OnceLock::new();
/// What was done about [`SIGNALS`] before.
static PREVIOUS: OnceLock<[SigAction; SIGNALS.len()]> = OnceLock::new();
/// [`install`] was called.
static HAS_HANDLERS: AtomicBool = AtomicBool::new(false);
/// Something was said.
static HAS_SPOKEN: AtomicBool = AtomicBool::new(false);

/// Makes the process say in whose code it dies, and has its log written. `note` is [`file()`] of the state directory,
/// without which it is said on stderr only; what it said of an earlier process is lost, so read it before ([`last`]).
/// Call it on the thread of the event loop, once per process.
///
/// # Errors
/// The file cannot be written, the system refuses a handler, or it was done before.
pub fn install(note: Option<&Path>) -> io::Result<()> {
    if HAS_HANDLERS.swap(true, Ordering::Relaxed) {
        return Err(io::Error::other("the notes of a crash were set up before (accepted: once per process)"));
    }
    if let Some(note) = note {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(note)?;
        // nobody else sets it: this runs once
        let _ = FILE.set(file);
    }
    use_large_stack()?;
    let action = SigAction::new(SigHandler::SigAction(on_signal), SaFlags::SA_ONSTACK, SigSet::empty());
    let mut previous = [SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty()); SIGNALS.len()];
    for (signal, previous) in SIGNALS.into_iter().zip(&mut previous) {
        // SAFETY: the handler keeps to what a signal handler may do, as its functions uphold
        *previous = unsafe { sigaction(signal, &action) }?;
    }
    // a fault between the loop above and this line takes its default action, see `on_signal`
    let _ = PREVIOUS.set(previous);
    // SAFETY: `on_exit` may be called at any time
    if unsafe { libc::atexit(on_exit) } != 0 {
        return Err(io::Error::other("the C library takes no more exit functions"));
    }
    Ok(())
}

/// Gives this thread a stack for its signal handlers, for good: a handler must not run on a stack that has overflowed.
fn use_large_stack() -> io::Result<()> {
    let memory: &'static mut [u8] = Box::leak(vec![0; STACK_BYTES].into_boxed_slice());
    let stack = libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: STACK_BYTES };
    // raw libc: nix has no call for it
    // SAFETY: the memory is never freed and nobody else's; an old stack is not asked for
    match unsafe { libc::sigaltstack(&raw const stack, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

extern "C" fn on_signal(number: c_int, info: *mut siginfo_t, _: *mut c_void) {
    let Some(index) = SIGNALS.iter().position(|signal| *signal as c_int == number) else { return };
    let signal = SIGNALS[index];
    // the note goes to the standard error that somebody reads
    rescue_stderr();
    let is_first = say(CRASH, signal.as_str(), here());
    if is_first {
        last_words(seat::seats().position(Seat::is_here));
    }
    // SAFETY: the kernel passes the record, because the handler was installed as one that takes it
    let is_sent = unsafe { (*info).si_code } <= 0;
    let by_default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // The standard library's handler returns from a signal that was sent, expecting a fault to come again. `abort` sends.
    let previous = PREVIOUS.get().filter(|_| !is_sent).map_or(by_default, |previous| previous[index]);
    // SAFETY: an action that was installed before, or the default one
    let _ = unsafe { sigaction(signal, &previous) };
    if is_sent {
        // blocked while this handler runs, so it takes its action when the handler returns; a fault comes by itself
        let _ = raise(signal);
    } else {
        // The standard library ends an overflow by `abort`, on a small stack of its own, nearly used up by the kernel's frame
        // where the processor has wide registers. All is said: no second frame need fit there.
        // SAFETY: the default action
        let _ = unsafe { sigaction(Signal::SIGABRT, &by_default) };
    }
}

/// The logger of the instance that sits there: what [`last_words`] knows it by.
pub(crate) fn culprit(seat: usize) -> Option<String> {
    seat::seats().nth(seat).map(|seat| format!("{}.{}", seat.kind(), seat.instance()))
}

/// `exit` from inside of a call: whatever the status, nobody asked for it.
extern "C" fn on_exit() {
    if let Some((seat, entry)) = here() {
        rescue_stderr();
        say(CRASH, "exit", Some((seat, entry)));
        last_words(seat::seats().position(Seat::is_here));
    }
}

/// The call that this thread is in.
fn here() -> Option<(&'static Seat, Entry)> {
    seat::seats().find_map(|seat| Some((seat, seat.entry_here()?)))
}

/// Notes a call that does not return; the caller ends the process.
pub(super) fn note_hang(seat: &'static Seat, entry: Entry, lasted: &str) {
    say(HANG, lasted, Some((seat, entry)));
}

/// Says it to the file and to stderr, unless something was said before: false then.
fn say(first: &str, cause: &str, culprit: Option<(&'static Seat, Entry)>) -> bool {
    if HAS_SPOKEN.swap(true, Ordering::Relaxed) {
        return false;
    }
    let mut line = Line::default();
    for part in [first, " ", cause, " "] {
        line.push(part);
    }
    match culprit {
        Some((seat, entry)) => {
            line.push(seat.label());
            line.push(entry.name());
        }
        None => line.push(NOBODY),
    }
    line.push("\n");
    // nobody is left to hear that a write fails
    if let Some(mut file) = FILE.get() {
        let _ = file.write(line.bytes());
    }
    // not through `Stderr`, whose lock the dying thread may hold
    let stderr = io::stderr();
    let stderr = stderr.as_fd();
    // a reader that has stopped reading must not keep the process from dying
    let mut fds = [PollFd::new(stderr, PollFlags::POLLOUT)];
    if matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1)) {
        let _ = nix::unistd::write(stderr, line.bytes());
    }
    true
}

/// A line that needs no allocation. What does not fit is cut; it always fits, as the limits of its words are chosen.
struct Line {
    bytes: [u8; NOTE_BYTES_MAX],
    length: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { bytes: [0; NOTE_BYTES_MAX], length: 0 }
    }
}

impl Line {
    fn push(&mut self, text: &str) {
        for (place, byte) in self.bytes.iter_mut().skip(self.length).zip(text.bytes()) {
            *place = byte;
            self.length += 1;
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests;
