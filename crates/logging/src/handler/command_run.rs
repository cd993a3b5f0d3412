//! Running one program: started, fed, waited for, killed when its time is over.
//!
//! It works whatever the process does with SIGCHLD: a pidfd tells of the end, and where somebody else has fetched the code
//! (or nobody can, because the signal is ignored) the end counts as a good one.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::{
    command::SEARCH_PATH,
    worker::{Transport, Undelivered, only},
};
use crate::{clock, sys};

/// What a program says on standard error is kept up to here, for the report of its failure.
const STDERR_BYTES_MAX: usize = 4096;
/// How often the end of the handler is looked for while a program runs.
const LOOK: Duration = Duration::from_millis(100);
/// How often the end of the program is looked for on a kernel without pidfds (before 5.3).
const LOOK_WITHOUT_PIDFD: Duration = Duration::from_millis(10);
/// How long a killed program may take to be gone.
const KILL_TIME: Duration = Duration::from_millis(500);

pub(super) struct Runner {
    pub(super) program: PathBuf,
    /// the arguments, if they hold no field: the item is for standard input then
    pub(super) fixed: Option<Vec<String>>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) timeout: Duration,
    /// the handler is gone: nobody waits for the program any more
    pub(super) is_abandoned: Arc<AtomicBool>,
}

impl Transport for Runner {
    fn send(&mut self, items: &[Vec<u8>]) -> Result<(), Undelivered> {
        let item = only(items);
        let mut running = self.start(item).map_err(|error| {
            let text = format!("starting {}: {error}", self.program.display());
            let is_for_good = error.kind() == io::ErrorKind::ArgumentListTooLong;
            let error = io::Error::new(error.kind(), text);
            if is_for_good { Undelivered::Never(error) } else { Undelivered::Later(error) }
        })?;
        let input = if self.fixed.is_some() { item } else { &[] };
        let what = match self.attend(&mut running, input) {
            Ok(None) => return Ok(()),
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => format!("ended with {status}"),
            Err(error) => {
                running.kill();
                error.to_string()
            }
        };
        let said = running.said();
        let said = if said.is_empty() { said } else { format!(": {said}") };
        Err(Undelivered::Never(io::Error::other(format!("{} {what}{said}", self.program.display()))))
    }
}

impl Runner {
    fn start(&self, item: &[u8]) -> io::Result<Running> {
        let mut command = Command::new(&self.program);
        match &self.fixed {
            Some(arguments) => command.args(arguments).stdin(Stdio::piped()),
            None => {
                // each argument ends with a zero byte; they were made from texts
                let item = String::from_utf8_lossy(item);
                command.args(item.split_terminator('\0')).stdin(Stdio::null())
            }
        };
        command
            .env_clear()
            .env("PATH", SEARCH_PATH)
            .env("LANG", "C.UTF-8")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        // a pipe that cannot be set up like this is done without: the program gets no input, or its words are lost
        let stdin = stdin.filter(|pipe| set_nonblocking(pipe).is_ok());
        let stderr = stderr.filter(|pipe| set_nonblocking(pipe).is_ok());
        let end = sys::pidfd(child.id()).ok();
        Ok(Running { child, stdin, stderr, end, words: Vec::new() })
    }

    /// Feeds it and waits for its end; None if the code of the end is not to be had.
    fn attend(&self, running: &mut Running, input: &[u8]) -> io::Result<Option<ExitStatus>> {
        let start = clock::monotonic();
        let mut input = input;
        if input.is_empty() {
            running.stdin = None;
        }
        loop {
            if let Some(ended) = running.ended() {
                running.listen();
                return Ok(ended);
            }
            let left = self.timeout.saturating_sub(clock::monotonic().saturating_duration_since(start));
            if left.is_zero() {
                return Err(io::Error::other(format!("was killed: it ran for more than {:?}", self.timeout)));
            }
            if self.is_abandoned.load(Ordering::Relaxed) {
                return Err(io::Error::other("was killed: its handler is closed"));
            }
            running.wait(left);
            running.listen();
            running.feed(&mut input);
        }
    }
}

fn set_nonblocking(pipe: impl AsFd) -> nix::Result<i32> {
    let flags = OFlag::from_bits_retain(fcntl(&pipe, FcntlArg::F_GETFL)?);
    fcntl(&pipe, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))
}

/// A program that was started.
struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stderr: Option<ChildStderr>,
    /// readable at its end
    end: Option<OwnedFd>,
    words: Vec<u8>,
}

impl Running {
    /// Its code, if it has ended; None within if the code is not to be had.
    fn ended(&mut self) -> Option<Option<ExitStatus>> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(Some(status)),
            Err(_) => Some(None),
        }
    }

    /// Waits until there is something to do, at most so long.
    fn wait(&self, left: Duration) {
        let mut fds = Vec::new();
        fds.extend(self.end.as_ref().map(|end| PollFd::new(end.as_fd(), PollFlags::POLLIN)));
        fds.extend(self.stderr.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
        fds.extend(self.stdin.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLOUT)));
        let look = if self.end.is_some() { LOOK } else { LOOK_WITHOUT_PIDFD };
        let time = PollTimeout::try_from(left.min(look).max(Duration::from_millis(1)));
        // an interruption is a look too early
        let _ = poll(&mut fds, time.unwrap_or(PollTimeout::ZERO));
    }

    /// Gives it what it takes of the input; then its input ends.
    fn feed(&mut self, input: &mut &[u8]) {
        let Some(pipe) = &mut self.stdin else { return };
        match pipe.write(input) {
            Ok(count) => *input = input.get(count..).unwrap_or_default(),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            // it does not want more; its code says whether that was enough
            Err(_) => *input = &[],
        }
        if input.is_empty() {
            self.stdin = None;
        }
    }

    /// Takes what it said.
    fn listen(&mut self) {
        let Some(pipe) = &mut self.stderr else { return };
        let mut buffer = [0; STDERR_BYTES_MAX];
        match pipe.read(&mut buffer) {
            Ok(0) => self.stderr = None,
            Ok(count) => {
                let room = STDERR_BYTES_MAX.saturating_sub(self.words.len());
                self.words.extend_from_slice(buffer.get(..count.min(room)).unwrap_or_default());
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => self.stderr = None,
        }
    }

    /// The last line that it said.
    fn said(&self) -> String {
        let words = String::from_utf8_lossy(&self.words);
        words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
    }

    /// Kills it and everything in its process group. It was not waited for, so that its number is still its own.
    fn kill(&mut self) {
        let Ok(id) = i32::try_from(self.child.id()) else { return };
        // the group may have ended by itself
        let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        let start: Instant = clock::monotonic();
        while self.ended().is_none() {
            let left = KILL_TIME.saturating_sub(clock::monotonic().saturating_duration_since(start));
            if left.is_zero() {
                // stuck in the kernel: its code is fetched by nobody, which costs an entry of the process table
                return;
            }
            self.stderr = None;
            self.stdin = None;
            self.wait(left);
        }
        self.listen();
    }
}
