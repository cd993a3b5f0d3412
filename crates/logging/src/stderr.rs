//! Standard error: where it goes, and what others write to it as records.
//!
//! Libraries, the C library and plugins write to descriptor 2 whatever the program does. A [`StderrCapture`] puts a pipe
//! in its place, and a thread of its own logs each line on the logger [`STDERR_LOGGER`], at WARNING, because nobody knows
//! how grave it is. What this crate writes to standard error goes to the original one ([`StandardError`]), so that a
//! handler on standard error does not feed itself.
//!
//! Limits: [`LINE_BYTES_MAX`] of a line are kept, and [`LINES_PER_SECOND`] of a second are logged; the rest is counted
//! and told. That also bounds what a handler does that writes to the captured descriptor under another name, as a file
//! `/dev/stderr` would. Whoever writes waits if the thread falls behind, as for any pipe.
//!
//! There is one standard error a process: a second capture at a time is refused.

use std::fs::File;
use std::io::{self, IsTerminal, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::dup2_stderr;

use crate::{
    clock,
    error::{Error, ErrorKind, Result},
    level::Level,
    logger::Logger,
    logging::Logging,
};

/// The logger of what is written to standard error.
pub const STDERR_LOGGER: &str = "host.stderr";
/// What is longer is cut.
pub const LINE_BYTES_MAX: usize = 4096;
/// More lines than these in a second are counted and left out.
pub const LINES_PER_SECOND: u32 = 1000;
const WINDOW: Duration = Duration::from_secs(1);
/// How often the thread looks whether the capture is over.
const LOOK_MS: u16 = 50;
const READ_BYTES: usize = 8 << 10;
/// What is rescued of the pipe at once: the stack of a signal handler is small.
const RESCUE_BYTES: usize = 512;
/// Parts of the pipe that are rescued at most: what a pipe holds.
const RESCUE_READS_MAX: usize = 128;

/// The standard error that the process was started with, from the first capture on.
static ORIGINAL: OnceLock<File> = OnceLock::new();
/// The pipe in its place, made once: others may hold its writing end as long as they like.
static PIPE: OnceLock<(PipeReader, PipeWriter)> = OnceLock::new();
static IS_CAPTURED: AtomicBool = AtomicBool::new(false);

/// Writes to the standard error that the process was started with, captured or not.
///
/// ```
/// use std::io::Write;
/// use stratd_logging::StandardError;
///
/// StandardError.write_all(b"seen by whoever started the program\n").unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardError;

impl StandardError {
    /// True if it is a terminal, captured or not.
    pub(crate) fn is_terminal(self) -> bool {
        ORIGINAL.get().map_or_else(|| io::stderr().is_terminal(), |original| original.is_terminal())
    }
}

impl Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match ORIGINAL.get() {
            Some(mut original) => original.write(bytes),
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs what is written to standard error until it is dropped.
///
/// ```no_run
/// use stratd_logging::{Logging, StderrCapture};
///
/// let logging = Logging::new();
/// let capture = StderrCapture::begin(&logging)?;
/// eprintln!("arrives as a record of the logger host.stderr");
/// drop(capture);
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "the capture ends when this is dropped"]
pub struct StderrCapture {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl StderrCapture {
    /// Begins to log what is written to standard error.
    ///
    /// # Errors
    /// It is captured already, or the system refuses a pipe, a descriptor or a thread. Nothing has changed then.
    ///
    /// ```no_run
    /// # use stratd_logging::{Logging, StderrCapture};
    /// let capture = StderrCapture::begin(&Logging::new());
    /// ```
    pub fn begin(logging: &Logging) -> Result<Self> {
        let logger = logging.logger(STDERR_LOGGER)?;
        if IS_CAPTURED.swap(true, Ordering::AcqRel) {
            return Err(Error::new(ErrorKind::Handler, "standard error is captured already"));
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let begun = begin(logger, &is_over);
        if begun.is_err() {
            IS_CAPTURED.store(false, Ordering::Release);
        }
        let thread = begun.map_err(|error| Error::io("capturing standard error".to_owned(), error))?;
        Ok(Self { is_over, thread: Some(thread) })
    }
}

fn begin(logger: Logger, is_over: &Arc<AtomicBool>) -> io::Result<JoinHandle<()>> {
    if ORIGINAL.get().is_none() {
        // a second thread cannot be here: only one capture begins at a time
        let _ = ORIGINAL.set(File::from(io::stderr().as_fd().try_clone_to_owned()?));
    }
    if PIPE.get().is_none() {
        let (reader, writer) = io::pipe()?;
        let flags = OFlag::from_bits_retain(fcntl(&reader, FcntlArg::F_GETFL)?) | OFlag::O_NONBLOCK;
        fcntl(&reader, FcntlArg::F_SETFL(flags))?;
        let _ = PIPE.set((reader, writer));
    }
    let Some((reader, writer)) = PIPE.get() else { return Err(io::Error::other("no pipe")) };
    let is_over = Arc::clone(is_over);
    let thread = std::thread::Builder::new().name("host-stderr".to_owned());
    let thread = thread.spawn(move || read(reader, logger, &is_over))?;
    dup2_stderr(writer)?;
    Ok(thread)
}

impl Drop for StderrCapture {
    fn drop(&mut self) {
        if let Some(original) = ORIGINAL.get() {
            let _ = dup2_stderr(original);
        }
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // it ends when the pipe is empty, at the next look
            let _ = thread.join();
        }
        IS_CAPTURED.store(false, Ordering::Release);
    }
}

/// Puts the original standard error back, and writes to it what waits in the pipe: for a process that dies, whose last
/// words must not die with it. It neither locks nor allocates, so that a signal handler may call it.
///
/// ```
/// stratd_logging::rescue_stderr();
/// ```
pub fn rescue_stderr() {
    if IS_CAPTURED.load(Ordering::Acquire) {
        rescue();
    }
}

// apart, so that whoever has nothing to rescue needs no room for it
#[cold]
#[inline(never)]
fn rescue() {
    let (Some(original), Some((reader, _))) = (ORIGINAL.get(), PIPE.get()) else { return };
    let _ = dup2_stderr(original);
    let mut bytes = [0; RESCUE_BYTES];
    for _ in 0..RESCUE_READS_MAX {
        let Ok(count) = nix::unistd::read(reader, &mut bytes) else { break };
        let mut fds = [PollFd::new(original.as_fd(), PollFlags::POLLOUT)];
        // a reader that has stopped reading must not keep the process from dying
        if count == 0 || poll(&mut fds, PollTimeout::ZERO) != Ok(1) {
            break;
        }
        let _ = nix::unistd::write(original, bytes.get(..count).unwrap_or_default());
    }
}

/// The thread: reads until the capture is over and the pipe is empty.
fn read(mut reader: &PipeReader, logger: Logger, is_over: &AtomicBool) {
    let mut lines = Lines { logger, line: Vec::new(), left_out: 0, window: None };
    let mut bytes = [0; READ_BYTES];
    loop {
        let is_last = is_over.load(Ordering::Acquire);
        match reader.read(&mut bytes) {
            Ok(0) => break,
            Ok(count) => lines.feed(bytes.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && is_last => break,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                lines.tell_left_out();
                let mut fds = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
                let _ = poll(&mut fds, PollTimeout::from(LOOK_MS));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    lines.end_line();
    lines.left_out_at_last();
}

/// Makes lines of bytes, and records of lines.
struct Lines {
    logger: Logger,
    line: Vec<u8>,
    left_out: u64,
    /// when the second began, and the lines in it
    window: Option<(Instant, u32)>,
}

impl Lines {
    fn feed(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            let room = LINE_BYTES_MAX.saturating_sub(self.line.len()).min(text.len());
            self.line.extend_from_slice(text.get(..room).unwrap_or_default());
            if text.len() < part.len() {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
        self.line.clear();
        if line.is_empty() {
            return;
        }
        self.tell_left_out();
        let now = clock::monotonic();
        let (_, count) = self.window.get_or_insert((now, 0));
        if *count < LINES_PER_SECOND {
            *count += 1;
            self.logger.log(Level::WARNING, &line);
        } else {
            self.left_out += 1;
        }
    }

    /// Says how many lines were left out, once their second is over.
    fn tell_left_out(&mut self) {
        let now = clock::monotonic();
        if self.window.is_some_and(|(since, _)| now.saturating_duration_since(since) >= WINDOW) {
            self.window = None;
            self.left_out_at_last();
        }
    }

    fn left_out_at_last(&mut self) {
        let count = std::mem::take(&mut self.left_out);
        if count > 0 {
            let text =
                format!("{count} lines more were written than {LINES_PER_SECOND} in a second, and left out");
            self.logger.log(Level::WARNING, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES_MAX, LINES_PER_SECOND, Lines};
    use crate::{handler::Capture, logging::Logging};

    #[test]
    fn bytes_become_lines_within_the_limits() {
        let logging = Logging::new();
        let (capture, captured) = Capture::new(10_000);
        logging.add_handler("capture", Box::new(capture)).unwrap();
        logging.attach("root", "capture").unwrap();
        let logger = logging.logger("host.stderr").unwrap();
        let mut lines = Lines { logger, line: Vec::new(), left_out: 0, window: None };
        lines.feed(b"one\ntw");
        lines.feed(b"o\n\n\xff three");
        lines.end_line();
        lines.feed(&[b'x'; 3 * LINE_BYTES_MAX]);
        lines.feed(b"\n");
        logging.flush();
        assert_eq!(captured.take(), ["one", "two", "\u{fffd} three", &"x".repeat(LINE_BYTES_MAX)]);
        for _ in 0..2 * LINES_PER_SECOND {
            lines.feed(b"again\n");
        }
        lines.left_out_at_last();
        logging.flush();
        let found = captured.take();
        assert!(found.len() >= 997 && found.last().unwrap().ends_with("left out"), "{:?}", found.last());
    }
}
