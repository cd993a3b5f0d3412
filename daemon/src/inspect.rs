//! `stratd plugin inspect`: what a plugin is, or why it is refused.
//!
//! Opening a library runs its constructors, so this happens in a child process, this program again. The child tells
//! each step on its standard output before it takes it; a child that crashes, hangs or ends by itself makes a
//! refusal that names the step.

mod print;
mod probe;

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child, ChildStdout, Command, ExitCode, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use nix::{
    sys::{
        signal::Signal,
        wait::{Id, WaitPidFlag, waitid},
    },
    unistd::Pid,
};

use crate::host::{Identity, Refusal, Step, remove_abandoned, stage_base};
pub use probe::probe;
use probe::{Accepted, Report};

/// A plugin that needs longer to open and to describe itself hangs.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// After the child ended, its last lines are read so long: a process that it left behind may keep the pipe open.
const LAST_LINES_LIMIT: Duration = Duration::from_secs(1);
/// A manifest has a schema of at most 1 MiB, which JSON may write twice as long.
const OUTPUT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// There are fewer steps; what is beyond is not read.
const REPORTS_MAX: usize = 64;

/// Inspects a plugin and prints the verdict; the exit code is 0 only if the plugin is accepted.
///
/// # Errors
/// The child could not be started, or the result not be printed.
pub fn inspect(file: &Path, json: bool) -> Result<ExitCode> {
    let verdict = in_child(file)?;
    print::print(&verdict, json)?;
    Ok(if verdict.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Loads a plugin in a child process.
///
/// # Errors
/// The child could not be started.
fn in_child(file: &Path) -> Result<Result<Accepted, Refusal>> {
    let mut child = Command::new("/proc/self/exe")
        .arg0("stratd")
        .arg("plugin-probe")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting this program again to look at a plugin")?;
    let output = child.stdout.take().context("the child has a pipe as its standard output")?;
    let reports = read_reports(output)?;
    let end = wait(&mut child)?;
    let verdict = Progress::collect(file, &reports).verdict(end);
    if verdict.as_ref().is_err_and(|refusal| refusal.step >= Step::Stage) {
        // a child that was killed left its private copy behind
        remove_abandoned(&stage_base());
    }
    Ok(verdict)
}

/// Reads the child's lines on a thread of its own, named `probe-reader`, until the pipe is closed.
fn read_reports(output: ChildStdout) -> Result<Receiver<Report>> {
    // full: the reader stops, as after `REPORTS_MAX` lines nothing useful can come
    let (sender, receiver) = mpsc::sync_channel(REPORTS_MAX);
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
    thread::Builder::new().name("probe-reader".to_owned()).spawn(read).context("starting a thread")?;
    Ok(receiver)
}

/// How the child ended.
enum End {
    Exited(ExitStatus),
    TimedOut,
}

/// Waits for the child, at most [`TIME_LIMIT`]; then it is killed.
fn wait(child: &mut Child) -> Result<End> {
    let pid = Pid::from_raw(i32::try_from(child.id()).context("a process id is positive")?);
    let (sender, receiver) = mpsc::sync_channel(1);
    let wait = move || {
        // leaves the child to be reaped by its owner, so that its id cannot belong to another process yet
        let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        // nobody listens any more if the time was up
        let _ = sender.send(());
    };
    thread::Builder::new().name("probe-waiter".to_owned()).spawn(wait).context("starting a thread")?;
    match receiver.recv_timeout(TIME_LIMIT) {
        Ok(()) | Err(RecvTimeoutError::Disconnected) => {
            Ok(End::Exited(child.wait().context("waiting for the child")?))
        }
        Err(RecvTimeoutError::Timeout) => {
            child.kill().context("killing a child that hangs")?;
            child.wait().context("waiting for the child")?;
            Ok(End::TimedOut)
        }
    }
}

/// What the child told.
struct Progress {
    plugin: Identity,
    step: Option<Step>,
    verdict: Option<Result<Accepted, Refusal>>,
}

impl Progress {
    fn collect(file: &Path, reports: &Receiver<Report>) -> Self {
        let plugin = Identity { file: file.to_owned(), ..Identity::default() };
        let mut progress = Self { plugin, step: None, verdict: None };
        while let Ok(report) = reports.recv_timeout(LAST_LINES_LIMIT) {
            match report {
                Report::Step { step, plugin } => {
                    progress.step = Some(step);
                    progress.plugin = plugin;
                }
                Report::Accepted(accepted) => progress.verdict = Some(Ok(*accepted)),
                Report::Refused(refusal) => progress.verdict = Some(Err(refusal)),
            }
        }
        progress
    }

    fn verdict(self, end: End) -> Result<Accepted, Refusal> {
        let found = match (end, self.verdict) {
            (End::Exited(status), Some(verdict)) if status.success() => return verdict,
            (_, Some(Err(refusal))) => return Err(refusal),
            (End::Exited(status), Some(Ok(_))) => {
                format!("a library that was taken, but at the end its process {}", how(status))
            }
            (End::TimedOut, Some(Ok(_))) => {
                format!("a library that was taken, but its process did not end within {TIME_LIMIT:?}")
            }
            (End::Exited(status), None) => format!("a library whose process {}", how(status)),
            (End::TimedOut, None) => format!("a library that hangs: no verdict within {TIME_LIMIT:?}"),
        };
        Err(Refusal {
            plugin: Box::new(self.plugin),
            step: self.step.unwrap_or(Step::Read),
            found,
            accepted: "a library that can be opened and describes itself".to_owned(),
        })
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

    fn verdict(reports: Vec<Report>, end: End) -> String {
        let (sender, receiver) = mpsc::channel();
        for report in reports {
            sender.send(report).unwrap();
        }
        drop(sender);
        match Progress::collect(Path::new("libx.so"), &receiver).verdict(end) {
            Ok(_) => "accepted".to_owned(),
            Err(refusal) => refusal.to_string(),
        }
    }

    fn step(step: Step) -> Report {
        let plugin = Identity {
            file: "libx.so".into(),
            hash: Some("0123456789abcdef".to_owned()),
            ..Identity::default()
        };
        Report::Step { step, plugin }
    }

    #[test]
    fn a_child_without_a_verdict_makes_a_refusal_that_says_how_it_ended() {
        expect!["loading libx.so (sha-256 0123456789ab): open: a library whose process was killed by SIGSEGV (accepted: a library that can be opened and describes itself)"]
            .assert_eq(&verdict(vec![step(Step::Read), step(Step::Open)], End::Exited(ExitStatus::from_raw(11))));
        expect!["loading libx.so (sha-256 0123456789ab): abi: a library whose process ended by itself with exit code 3 (accepted: a library that can be opened and describes itself)"]
            .assert_eq(&verdict(vec![step(Step::Abi)], End::Exited(ExitStatus::from_raw(3 << 8))));
        expect!["loading libx.so (sha-256 0123456789ab): open: a library that hangs: no verdict within 10s (accepted: a library that can be opened and describes itself)"]
            .assert_eq(&verdict(vec![step(Step::Open)], End::TimedOut));
        expect!["loading libx.so: read: a library whose process ended by itself with exit code 0 (accepted: a library that can be opened and describes itself)"]
            .assert_eq(&verdict(vec![], End::Exited(ExitStatus::from_raw(0))));
    }
}
