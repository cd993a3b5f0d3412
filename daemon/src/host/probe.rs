//! The throw-away process that opens a plugin before the daemon does.
//!
//! Opening a library runs its constructors, and creating an instance runs its author's code. So both happen first in a
//! child, this program again, with limits of time and memory. The child tells each step before it takes it; one that
//! crashes, hangs or ends by itself makes a refusal that names the step.
//!
//! The request is a file in memory that becomes the child's standard input: it is written at once, whatever the
//! child does with it. The child leads a process group of its own, which is killed at the end: what a library forked
//! does not outlive the probe, unless it made a session of its own.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use nix::{
    sys::{
        memfd::{MFdFlags, memfd_create},
        signal::{Signal, killpg},
        wait::{Id, WaitPidFlag, waitid},
    },
    unistd::Pid,
};
use serde_json::Value;
use stratd_plugin_api::TradingType;

pub use super::probe_report::Accepted;
use super::{
    probe_report::{Report, Request, TrialRequest},
    refusal::{Identity, Problem, Refusal, Step},
};

/// A plugin that needs longer to open, to describe itself and to create its instances hangs.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// More address space than any plugin needs: the largest state, 64 MiB, fits in many times.
const MEMORY_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// After the child ended, its last lines are read so long: a process that it left behind may keep the pipe open.
const LAST_LINES_LIMIT: Duration = Duration::from_secs(1);
/// A manifest has a schema of at most 1 MiB, which JSON may write twice as long.
const OUTPUT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The steps of opening are fewer, and those of an instance are three; what is beyond is not read.
const REPORTS_MAX: usize = 64;
const REPORTS_PER_TRIAL: usize = 8;
/// The hidden subcommand of the program.
const SUBCOMMAND: &str = "plugin-probe";
const ACCEPTED: &str = "a library that can be opened, describes itself and creates its instances";

/// Looks at plugins in a throw-away process.
#[derive(Clone, Debug)]
pub struct Probe {
    /// For everything together; then the child is killed.
    pub time_limit: Duration,
    /// The child's address space (`RLIMIT_AS`).
    pub memory_bytes_max: u64,
    /// The daemon's program.
    pub program: PathBuf,
}

impl Default for Probe {
    /// 10 s, 4 GiB, and this program itself.
    fn default() -> Self {
        Self {
            time_limit: TIME_LIMIT,
            memory_bytes_max: MEMORY_BYTES_MAX,
            program: PathBuf::from("/proc/self/exe"),
        }
    }
}

/// An instance that the child creates, and ends again.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// Its name.
    pub instance: &'a str,
    /// Its configuration.
    pub config: &'a Value,
    /// What the run is.
    pub run: TradingType,
    /// A strategy's state to restore: its version and its bytes.
    pub state: Option<(u32, &'a [u8])>,
}

impl Probe {
    /// Opens a private copy in a child, and creates the instances there one after the other.
    ///
    /// # Errors
    /// The plugin or one of its instances is refused, or the child cannot be started (step `probe`).
    pub fn examine(
        &self,
        staged: &Path,
        identity: &Identity,
        trials: &[Trial<'_>],
    ) -> Result<Accepted, Refusal> {
        let started = request(staged, identity, self.memory_bytes_max, trials)
            .and_then(|input| self.start(input))
            .and_then(|mut child| {
                let reports = read_reports(&mut child, REPORTS_MAX + trials.len() * REPORTS_PER_TRIAL)?;
                Ok((child, reports))
            });
        let end = started.and_then(|(mut child, reports)| Ok((self.wait(&mut child)?, reports)));
        match end {
            Ok((end, reports)) => Progress::collect(identity, &reports).verdict(end, self.time_limit),
            Err(e) => {
                let found = format!("{}: {e}", self.program.display());
                Err(Problem::new(Step::Probe, found, "a process that can be started").of(identity))
            }
        }
    }

    fn start(&self, input: File) -> io::Result<Child> {
        Command::new(&self.program)
            .arg0("stratd")
            .arg(SUBCOMMAND)
            .stdin(input)
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
    }

    /// Waits for the child, at most as long as it may take; what is left of its process group is killed.
    fn wait(&self, child: &mut Child) -> io::Result<End> {
        let pid = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
        let (sender, receiver) = mpsc::sync_channel(1);
        let wait = move || {
            // leaves the child to be reaped by its owner, so that its id cannot belong to another process yet
            let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            // nobody listens any more if the time was up
            let _ = sender.send(());
        };
        let waiting = thread::Builder::new().name("probe-waiter".to_owned()).spawn(wait);
        let is_late =
            waiting.is_ok() && { receiver.recv_timeout(self.time_limit) == Err(RecvTimeoutError::Timeout) };
        // before the child is reaped, its group's id cannot be another's
        let _ = killpg(pid, Signal::SIGKILL);
        let status = child.wait()?;
        waiting?;
        Ok(if is_late { End::TimedOut } else { End::Exited(status) })
    }
}

/// The child's standard input.
fn request(
    staged: &Path,
    plugin: &Identity,
    memory_bytes_max: u64,
    trials: &[Trial<'_>],
) -> io::Result<File> {
    let request = Request {
        copy: staged.to_owned(),
        plugin: plugin.clone(),
        parent: std::process::id(),
        memory_bytes_max,
        trials: trials
            .iter()
            .map(|trial| TrialRequest {
                instance: trial.instance.to_owned(),
                config: trial.config.clone(),
                run: trial.run,
                state: trial.state.map(|(version, bytes)| (version, bytes.len() as u64)),
            })
            .collect(),
    };
    let mut input = File::from(memfd_create("stratd-probe", MFdFlags::MFD_CLOEXEC)?);
    let mut line = serde_json::to_vec(&request)?;
    line.push(b'\n');
    input.write_all(&line)?;
    for (_, bytes) in trials.iter().filter_map(|trial| trial.state) {
        input.write_all(bytes)?;
    }
    input.rewind()?;
    Ok(input)
}

/// Reads the child's lines on a thread of its own, named `probe-reader`, until the pipe is closed.
fn read_reports(child: &mut Child, limit: usize) -> io::Result<Receiver<Report>> {
    let started = child.stdout.take().ok_or_else(|| io::Error::other("a child without a pipe")).and_then(
        |output: ChildStdout| {
            // full: the reader stops, as after so many lines nothing useful can come
            let (sender, receiver) = mpsc::sync_channel(limit);
            let read = move || {
                for line in BufReader::new(output.take(OUTPUT_BYTES_MAX)).lines() {
                    let Ok(line) = line else { return };
                    // a line that is no report is not ours
                    let Ok(report) = serde_json::from_str::<Report>(&line) else { continue };
                    if sender.try_send(report).is_err() {
                        return;
                    }
                }
            };
            thread::Builder::new().name("probe-reader".to_owned()).spawn(read)?;
            Ok(receiver)
        },
    );
    if started.is_err() {
        // nobody would hear it
        let _ = child.kill();
        let _ = child.wait();
    }
    started
}

/// How the child ended.
enum End {
    Exited(ExitStatus),
    TimedOut,
}

/// What the child told.
struct Progress {
    plugin: Identity,
    step: Step,
    instance: Option<String>,
    verdict: Option<Result<Accepted, Refusal>>,
}

impl Progress {
    fn collect(plugin: &Identity, reports: &Receiver<Report>) -> Self {
        let mut progress = Self { plugin: plugin.clone(), step: Step::Probe, instance: None, verdict: None };
        while let Ok(report) = reports.recv_timeout(LAST_LINES_LIMIT) {
            match report {
                Report::Step { step, plugin, instance } => {
                    progress.step = step;
                    progress.plugin = plugin;
                    progress.instance = instance;
                }
                Report::Accepted(accepted) => progress.verdict = Some(Ok(*accepted)),
                Report::Refused(refusal) => progress.verdict = Some(Err(refusal)),
            }
        }
        progress
    }

    fn verdict(self, end: End, limit: Duration) -> Result<Accepted, Refusal> {
        let found = match (end, self.verdict) {
            (End::Exited(status), Some(verdict)) if status.success() => return verdict,
            (_, Some(Err(refusal))) => return Err(refusal),
            (End::Exited(status), Some(Ok(_))) => {
                format!("a library that was taken, but at the end its process {}", how(status))
            }
            (End::TimedOut, Some(Ok(_))) => {
                format!("a library that was taken, but its process did not end within {limit:?}")
            }
            (End::Exited(status), None) => format!("a library whose process {}", how(status)),
            (End::TimedOut, None) => format!("a library that hangs: no verdict within {limit:?}"),
        };
        let found = match self.instance {
            Some(instance) => format!("instance {instance}: {found}"),
            None => found,
        };
        Err(Problem::new(self.step, found, ACCEPTED).of(&self.plugin))
    }
}

fn how(status: ExitStatus) -> String {
    match (status.signal().map(Signal::try_from), status.code()) {
        (Some(Ok(signal)), _) => format!("was killed by {signal}"),
        (Some(Err(_)), _) => format!("was killed: {status}"),
        (None, Some(code)) => format!("ended by itself with exit code {code}"),
        (None, None) => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::runtime::clock::Stopwatch;

    fn plugin() -> Identity {
        Identity { file: "libx.so".into(), hash: Some("0123456789abcdef".to_owned()), ..Identity::default() }
    }

    fn verdict(reports: Vec<Report>, end: End) -> String {
        let (sender, receiver) = mpsc::channel();
        for report in reports {
            sender.send(report).unwrap();
        }
        drop(sender);
        match Progress::collect(&plugin(), &receiver).verdict(end, TIME_LIMIT) {
            Ok(_) => "accepted".to_owned(),
            Err(refusal) => format!("{}: {}", refusal.step, refusal.found),
        }
    }

    fn step(step: Step, instance: Option<&str>) -> Report {
        Report::Step { step, plugin: plugin(), instance: instance.map(str::to_owned) }
    }

    #[test]
    fn a_child_without_a_verdict_makes_a_refusal_that_says_how_it_ended() {
        expect!["open: a library whose process was killed by SIGSEGV"].assert_eq(&verdict(
            vec![step(Step::Probe, None), step(Step::Open, None)],
            End::Exited(ExitStatus::from_raw(11)),
        ));
        expect!["abi: a library whose process ended by itself with exit code 3"]
            .assert_eq(&verdict(vec![step(Step::Abi, None)], End::Exited(ExitStatus::from_raw(3 << 8))));
        expect!["create: instance ema: a library that hangs: no verdict within 10s"]
            .assert_eq(&verdict(vec![step(Step::Create, Some("ema"))], End::TimedOut));
        expect!["probe: a library whose process ended by itself with exit code 0"]
            .assert_eq(&verdict(vec![], End::Exited(ExitStatus::from_raw(0))));
    }

    #[test]
    fn a_program_that_cannot_be_started_or_is_another_one_is_a_refusal() {
        let examine = |program: &str| {
            let probe = Probe { program: program.into(), ..Probe::default() };
            let refusal = probe.examine(Path::new("/nowhere.so"), &plugin(), &[]).expect_err("no probe");
            format!("{}: {}", refusal.step, refusal.found)
        };
        expect!["probe: /nowhere: No such file or directory (os error 2)"].assert_eq(&examine("/nowhere"));
        expect!["probe: a library whose process ended by itself with exit code 1"]
            .assert_eq(&examine("/bin/false"));
    }

    #[test]
    fn the_time_limit_ends_the_child_and_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        let left = folder.path().join("left");
        // a child that ignores what it is asked, with a child of its own that keeps the pipe open
        let script = format!("#!/bin/sh\nsleep 1000 & echo $! > {}\nwait\n", left.display());
        // written by another process: a test beside this one that starts a program at this moment would inherit our
        // descriptor, and a file that is open for writing cannot be run
        let write = "printf %s \"$0\" > \"$1\" && chmod 700 \"$1\"";
        assert!(Command::new("sh").args(["-c", write, &script]).arg(&program).status().unwrap().success());
        let probe = Probe { time_limit: Duration::from_secs(3), program, ..Probe::default() };
        let refusal = probe.examine(Path::new("/nowhere.so"), &plugin(), &[]).expect_err("it hangs");
        assert_eq!(refusal.found, "a library that hangs: no verdict within 3s");
        let pid = std::fs::read_to_string(&left).unwrap();
        // a killed process is still listed until it had a turn to die: then it is gone, or a zombie that nobody reaped
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        let stopwatch = Stopwatch::start();
        while !state().is_empty() && !state().contains(") Z") {
            assert!(stopwatch.elapsed() < Duration::from_secs(20), "it goes on: {}", state());
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}
