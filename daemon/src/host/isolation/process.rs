//! A process of its own for an instance: how it is started, watched and reported.
//!
//! The thread `plugin-watch` starts the child and stays until its end, because the kernel's signal at the death of
//! the parent means the thread that started the child.

use std::{
    env,
    ffi::OsString,
    io::{self, PipeReader, Read},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::wait::{Id, WaitPidFlag, WaitStatus, waitid},
};
use stratd_plugin_api::{Level, Log, Reason};

use crate::{
    host::refusal::{Problem, Step},
    runtime::clock::Stopwatch,
};

use super::{
    channel::{Channel, End},
    codec::{Decoder, Encoder},
    fate::{Death, Fate},
    link::Link,
    mapping::Mapping,
    options::ProcessOptions,
    output::Output,
    pidfd,
    place::Place,
    protocol::{ANSWER, Function, limit_of_asks},
    ring::{Broken, Patience},
};

/// The hidden subcommand.
const SUBCOMMAND: &str = "plugin-host";
/// What a child sees of the environment: where libraries and certificates are, the zone and language, and how a
/// panic is shown.
const ENVIRONMENT: [&str; 11] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "MALLOC_ARENA_MAX",
    "PATH",
    "RUST_BACKTRACE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
];
/// A child whose instance was destroyed has so long to end by itself.
const END_LIMIT: Duration = Duration::from_secs(5);
/// How often the watch looks whether the child should have ended.
const LOOK_MS: u16 = 1_000;
/// Bytes of output that are read at once.
const READ_BYTES: usize = 16 * 1024;
/// Reads after the end of a child, whose pipe another process may keep open and full.
const LAST_READS_MAX: usize = 64;

/// Serves a function on the side.
pub(super) type ServeSide =
    Box<dyn FnMut(Function, &mut Decoder<'_>, &mut Encoder<'_>) -> Result<(), Broken> + Send>;
/// Logs what a child writes.
pub(super) type Tell = Box<dyn FnMut(&Log<'_>) + Send>;

/// Starts a child that waits for its `create`.
pub(super) fn start(
    options: &ProcessOptions,
    serve: ServeSide,
    tell: Tell,
) -> Result<(Link, Place), Problem> {
    let problem = |what: &str, error: io::Error| {
        Problem::new(Step::Create, format!("{what}: {error}"), "a process of its own")
    };
    let capacity = options.channel.capacity();
    let (mapping, memory) =
        Mapping::create(Channel::words(capacity)).map_err(|e| problem("making shared memory", e))?;
    let channel = Channel::new(mapping, capacity);
    let fate = Fate::new(channel.line());
    let program = options.program.clone().unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
    let what = format!("starting {} {SUBCOMMAND}", program.display());
    let (started, start) = sync_channel(1);
    let keeper = Keeper { fate: Arc::clone(&fate), output: Output::new(), tell };
    let watch = move || keeper.run(&program, capacity, memory, &started);
    thread::Builder::new()
        .name("plugin-watch".to_owned())
        .spawn(watch)
        .map_err(|e| problem("starting a thread", e))?;
    let gone = |_| io::Error::other("the thread that starts it ended");
    start.recv().unwrap_or_else(|e| Err(gone(e))).map_err(|e| problem(&what, e))?;
    let side = Side { end: channel.host_side(), fate: Arc::clone(&fate), spin: options.channel.spin, serve };
    let made = thread::Builder::new().name("plugin-side".to_owned()).spawn(move || side.run());
    if let Err(error) = made {
        fate.kill();
        return Err(problem("starting a thread", error));
    }
    Ok((Link::new(channel.host_main(), fate, &options.channel), Place::Process))
}

/// Serves what any thread of the child asks at any time.
struct Side {
    end: End,
    fate: Arc<Fate>,
    spin: u32,
    serve: ServeSide,
}

impl Side {
    fn run(mut self) {
        if let Err(Broken::Garbled(what)) = self.serve_all() {
            let text = format!("the shared memory is corrupted, {}: {what}", self.fate.place());
            self.fate.die(Death::new(Reason::Crashed, text));
        }
    }

    fn serve_all(&mut self) -> Result<(), Broken> {
        let (mut inward, mut outward) = (Vec::new(), Vec::new());
        loop {
            let mut patience = Patience::endless(self.spin, self.fate.line().flag());
            let kind = self.end.reader.receive(&mut inward, limit_of_asks, &mut patience)?;
            let function =
                Function::asked(kind).ok_or_else(|| Broken::Garbled(format!("an ask of kind {kind:#x}")))?;
            (self.serve)(function, &mut Decoder::new(&inward), &mut Encoder::new(&mut outward))?;
            self.end.writer.send(ANSWER, &outward, &mut patience)?;
        }
    }
}

/// The parent of a child.
struct Keeper {
    fate: Arc<Fate>,
    output: Output,
    tell: Tell,
}

impl Keeper {
    fn run(
        mut self,
        program: &PathBuf,
        capacity: usize,
        memory: OwnedFd,
        started: &SyncSender<io::Result<()>>,
    ) {
        let (pid, mut pipe) = match self.spawn(program, capacity, memory) {
            Ok(child) => child,
            // whoever waits for it is still there: it waits for nothing else
            Err(error) => return drop(started.send(Err(error))),
        };
        let _ = started.send(Ok(()));
        let fate = Arc::clone(&self.fate);
        let Some(handle) = fate.process_handle() else { return };
        self.wait(handle.as_fd(), &mut pipe);
        for _ in 0..LAST_READS_MAX {
            if !self.read(&mut pipe) {
                break;
            }
        }
        let Self { output, tell, .. } = &mut self;
        output.finish(&mut |line| tell_line(tell, line));
        self.report(pid, waitid(Id::PIDFd(handle.as_fd()), WaitPidFlag::WEXITED));
    }

    /// Starts the child; the shared memory becomes its standard input, so that nothing else is inherited.
    fn spawn(&self, program: &PathBuf, capacity: usize, memory: OwnedFd) -> io::Result<(u32, PipeReader)> {
        let (pipe, output) = io::pipe()?;
        let flags = OFlag::from_bits_retain(fcntl(&pipe, FcntlArg::F_GETFL)?) | OFlag::O_NONBLOCK;
        fcntl(&pipe, FcntlArg::F_SETFL(flags))?;
        let kept = ENVIRONMENT.iter().filter_map(|name| Some((*name, env::var_os(name)?)));
        let mut child = Command::new(program)
            .arg0("stratd")
            .arg(SUBCOMMAND)
            .arg(capacity.to_string())
            .arg(std::process::id().to_string())
            .env_clear()
            .envs(kept.collect::<Vec<(&str, OsString)>>())
            .stdin(memory)
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        // the handle is made before anybody waits for the child, so it means this one
        match pidfd::open(child.id()) {
            Ok(handle) => self.fate.set_process(child.id(), handle),
            Err(error) => {
                // without a handle nobody could watch it
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        }
        Ok((child.id(), pipe))
    }

    /// Reads what the child writes until it ends.
    fn wait(&mut self, handle: BorrowedFd<'_>, pipe: &mut PipeReader) {
        let mut ending: Option<Stopwatch> = None;
        let mut is_open = true;
        loop {
            let events = if is_open { PollFlags::POLLIN } else { PollFlags::empty() };
            let mut fds = [PollFd::new(handle, PollFlags::POLLIN), PollFd::new(pipe.as_fd(), events)];
            let watched = if is_open { 2 } else { 1 };
            // an interrupted wait finds nothing and comes back
            let _ = poll(&mut fds[..watched], PollTimeout::from(LOOK_MS));
            let has_ended = fds[0].any().unwrap_or(false);
            let has_output = is_open && fds[1].any().unwrap_or(false);
            if has_output {
                is_open = self.read(pipe);
            }
            if has_ended {
                return;
            }
            if self.fate.is_ending() && ending.get_or_insert_with(Stopwatch::start).elapsed() > END_LIMIT {
                self.fate.kill();
            }
        }
    }

    /// Reads once; false at the end of the output, or if there is nothing.
    fn read(&mut self, pipe: &mut PipeReader) -> bool {
        let mut bytes = [0; READ_BYTES];
        let count = match pipe.read(&mut bytes) {
            Ok(count) => count,
            Err(error) => return error.kind() == io::ErrorKind::Interrupted,
        };
        let Self { output, tell, .. } = self;
        output.feed(&bytes[..count], &mut |line| tell_line(tell, line));
        count > 0
    }

    fn report(&mut self, pid: u32, status: nix::Result<WaitStatus>) {
        let how = match status {
            Ok(WaitStatus::Signaled(_, signal, _)) => format!("was killed by {signal}"),
            Ok(WaitStatus::Exited(_, code)) => format!("ended by itself with exit code {code}"),
            Ok(other) => format!("ended: {other:?}"),
            Err(error) => format!("ended, nobody knows how: {error}"),
        };
        let mut text = format!("the plugin's process {pid} {how} {}", self.fate.place());
        let words = self.output.last_words();
        if !words.is_empty() {
            text.push_str(&format!("; it last wrote: {words}"));
        }
        if self.fate.is_ending() && !matches!(status, Ok(WaitStatus::Exited(_, 0))) {
            tell_line(&mut self.tell, &text);
        }
        self.fate.die(Death::new(Reason::Crashed, text));
    }
}

fn tell_line(tell: &mut Tell, line: &str) {
    tell(&Log { target: "stderr", ..Log::new(Level::WARNING, line) });
}
