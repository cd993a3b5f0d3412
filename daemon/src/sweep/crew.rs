//! The processes that run combinations: each runs one after the other, and what one does to itself hurts no other.
//!
//! A worker is this program with the arguments of the sweep; it reads numbers of combinations from its standard input, and
//! writes a row of JSON for each. One that dies takes its combination with it, which is told as failed, and another one
//! takes its place. One that cannot even begin ends the sweep.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use super::row::{Row, RowState};

/// What a worker says when it is ready.
pub(crate) const READY: &str = "ready";
/// So much of what a worker said last is told when it dies.
const LAST_WORDS_MAX: u64 = 2_000;
/// A worker may take so long to load its plugins.
const READY_TIME_MAX: Duration = Duration::from_secs(60);

/// How workers are started.
#[derive(Clone, Debug)]
pub(crate) struct Crew {
    /// Workers at once.
    pub(crate) jobs: usize,
    /// The arguments of the worker.
    pub(crate) arguments: Vec<std::ffi::OsString>,
    /// Where what they say is kept while they run.
    pub(crate) folder: PathBuf,
    /// A combination may take so long.
    pub(crate) time_max: Option<Duration>,
}

impl Crew {
    /// Runs these combinations, and hands each row out as it comes. `take` may end the sweep by an error.
    ///
    /// # Errors
    /// A worker cannot be started, or `take` failed.
    pub(crate) fn run(&self, numbers: &[u64], mut take: impl FnMut(Row) -> Result<()>) -> Result<()> {
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            let (sender, rows) = mpsc::sync_channel::<Result<Row>>(self.jobs);
            for index in 0..self.jobs.min(numbers.len()) {
                let (sender, next) = (sender.clone(), &next);
                let name = format!("sweep-{index}");
                thread::Builder::new()
                    .name(name)
                    .spawn_scoped(scope, move || self.work(index, numbers, next, &sender))
                    .context("starting a thread for a worker")?;
            }
            drop(sender);
            let ended = rows.iter().try_for_each(|row| take(row?));
            // nobody begins another one; what runs is thrown away
            next.store(numbers.len(), Ordering::Relaxed);
            ended
        })
    }

    /// What one thread does: it has a worker, and hands it combinations until there are no more.
    fn work(&self, index: usize, numbers: &[u64], next: &AtomicUsize, rows: &SyncSender<Result<Row>>) {
        let mut worker = None;
        while let Some(number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) {
            let one = match worker.take().map_or_else(|| Worker::start(self, index), Ok) {
                Ok(one) => one,
                Err(error) => {
                    // nobody listens any more if another one has ended the sweep
                    let _ = rows.send(Err(error));
                    return;
                }
            };
            let (row, left) = one.run(*number, self.time_max);
            worker = left;
            if rows.send(Ok(row)).is_err() {
                return;
            }
        }
    }
}

/// A worker that is ready.
struct Worker {
    child: Child,
    input: ChildStdin,
    said: Receiver<String>,
    log: PathBuf,
}

impl Worker {
    fn start(crew: &Crew, index: usize) -> Result<Self> {
        let log = crew.folder.join(format!("worker-{index}.log"));
        let errors = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        let mut child = Command::new("/proc/self/exe")
            .arg0("stratd")
            .args(&crew.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .process_group(0)
            .spawn()
            .context("starting a worker")?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (Some(input), Some(output)) = (input, output) else { bail!("a worker without pipes") };
        let (sender, said) = mpsc::sync_channel(1);
        let read = move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        };
        thread::Builder::new().name("sweep-reader".to_owned()).spawn(read).context("starting a thread")?;
        let mut worker = Self { child, input, said, log };
        match worker.said.recv_timeout(READY_TIME_MAX) {
            Ok(line) if line == READY => Ok(worker),
            _ => {
                let how = worker.end();
                bail!("a worker did not begin: {how}")
            }
        }
    }

    /// Runs one combination; the worker is gone if it did not survive it.
    fn run(mut self, number: u64, time_max: Option<Duration>) -> (Row, Option<Self>) {
        // one that is gone is found below
        let _ = writeln!(self.input, "{number}").and_then(|()| self.input.flush());
        let said = match time_max {
            Some(time) => self.said.recv_timeout(time),
            None => self.said.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let error = match said {
            Ok(line) => match serde_json::from_str::<Row>(&line) {
                Ok(row) if row.number == number => return (row, Some(self)),
                Ok(row) => format!("the worker answered combination {}", row.number),
                Err(_) => {
                    format!("the worker wrote what is no row: {}", line.chars().take(200).collect::<String>())
                }
            },
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.end();
                format!("it took longer than {:?} (--time-limit)", time_max.unwrap_or_default())
            }
            Err(RecvTimeoutError::Disconnected) => self.end(),
        };
        (Row::without_results(number, RowState::Failed, error), None)
    }

    /// Ends it; how it ended, and what it said last.
    fn end(&mut self) -> String {
        let early = self.child.try_wait();
        let status = match early {
            Ok(Some(status)) => Ok(status),
            _ => {
                // one that has closed its output is about to end by itself
                let gone = self.said.recv_timeout(Duration::from_millis(200));
                if !matches!(gone, Err(RecvTimeoutError::Disconnected)) {
                    let _ = self.child.kill();
                }
                self.child.wait()
            }
        };
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        match last_words(&self.log) {
            Ok(words) if !words.is_empty() => format!("its process ended with {status}: {words}"),
            _ => format!("its process ended with {status}"),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The last line of a log.
fn last_words(log: &Path) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(LAST_WORDS_MAX)))?;
    let mut bytes = Vec::new();
    file.take(LAST_WORDS_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned())
}
