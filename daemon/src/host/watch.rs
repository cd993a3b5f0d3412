//! Tells which plugin files came, changed or went.
//!
//! ```text
//! inotify ─ hint ─┐
//! poll ── stat ───┴─► a file is dirty ─ its stamp rests for `settle` ─► Found ─► sink
//! ```
//! Events are hints only: writers differ too much in what they cause (spec/plugin-abi.md, section 5). What counts is the
//! stamp of the file that a path leads to: a stamp that stays the same for `settle` and is not the one told last is told.
//! So opening or reading a file tells nothing, and a lost event costs time only: every `poll`, everything is looked at
//! again. That finds what inotify cannot see, too: the targets of links, directories that were replaced or come later.
//!
//! The content may still be half a file, if its writer paused longer than `settle`: the loader's checks decide.
//!
//! Limits: 64 directories, 4,096 plugins in each; beyond it, files are not watched, which is told once. If the sink
//! is full, what was found waits and is offered again.

mod hints;
mod places;
mod settling;
mod stamp;
#[cfg(test)]
mod tests;

use std::{
    path::PathBuf,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::runtime::clock::Stopwatch;
use hints::{Hint, Hints};
use places::Places;
use settling::{Change, Settling};
use stamp::Stamp;

/// How long a file must rest.
const SETTLE: Duration = Duration::from_millis(200);
/// How often everything is looked at.
const POLL: Duration = Duration::from_secs(2);
/// Directories that are watched, those of single files included.
const DIRECTORIES_MAX: usize = 64;
/// Plugins in a directory.
const FILES_MAX: usize = 4096;

/// What to watch.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Every `*.so` in them, not in those below. They need not exist yet.
    pub directories: Vec<PathBuf>,
    /// Single files, for instance plugins that a configuration names by their path.
    pub files: Vec<PathBuf>,
    /// How long a file must rest before it is told.
    pub settle: Duration,
    /// How often everything is looked at.
    pub poll: Duration,
    /// Tell the files that are there at the start, too. Without it, a change between loading a file and starting the
    /// watcher goes unseen.
    pub tells_present: bool,
}

impl Default for WatchOptions {
    /// Nothing yet; files rest for 200 ms, and everything is looked at every 2 s.
    fn default() -> Self {
        Self { directories: Vec::new(), files: Vec::new(), settle: SETTLE, poll: POLL, tells_present: false }
    }
}

/// What the watcher tells. Paths are as in the options, directory and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The file is new or another one, or its checksum or signature is, and it rests.
    Settled(PathBuf),
    /// The file is gone.
    Removed(PathBuf),
    /// Something cannot be watched as it should be; it is looked at every `poll` if possible.
    Problem(String),
}

/// Why somebody was not told. The watcher comes back with it, or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTold {
    /// There is no room now.
    Full,
    /// Nobody listens any more.
    Gone,
}

impl<T> From<TrySendError<T>> for NotTold {
    fn from(error: TrySendError<T>) -> Self {
        match error {
            TrySendError::Full(_) => Self::Full,
            TrySendError::Disconnected(_) => Self::Gone,
        }
    }
}

/// Takes what is found, without waiting.
type Sink = Box<dyn Fn(Found) -> Result<(), NotTold> + Send>;

/// Watches on a thread of its own, named `watch`.
#[derive(Debug)]
pub struct Watcher {
    hints: SyncSender<Hint>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts. What changes from now on is told to `sink`; the thread ends if nobody listens any more.
    ///
    /// # Errors
    /// Too many directories, or no thread can be started.
    pub fn start(
        options: WatchOptions,
        sink: impl Fn(Found) -> Result<(), NotTold> + Send + 'static,
    ) -> std::io::Result<Self> {
        let hints = Hints::of_inotify();
        Self::start_with(options, Box::new(sink), hints)
    }

    fn start_with(
        options: WatchOptions,
        sink: Sink,
        (hints, receiver): (Hints, Receiver<Hint>),
    ) -> std::io::Result<Self> {
        let sender = hints.sender();
        let places = Places::new(&options.directories, &options.files, hints)?;
        let mut work = Work {
            places,
            settling: Settling::new(options.settle),
            time: Stopwatch::start(),
            poll: options.poll,
            next_poll: Duration::ZERO,
            sink,
            waiting: Vec::new(),
        };
        // before this returns, so that no later change is taken for one that was there
        work.look_around(!options.tells_present);
        // a plugin may have been loaded from any of them
        work.settling.expect_all();
        let run = move || work.run(&receiver);
        let thread = thread::Builder::new().name("watch".to_owned()).spawn(run)?;
        Ok(Self { hints: sender, thread: Some(thread) })
    }

    /// Ends the thread.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        // the thread takes hints as long as it lives: it never waits for its sink
        let _ = self.hints.send(Hint::Stop);
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.end();
        }
    }
}

/// What the thread works on.
struct Work {
    places: Places,
    settling: Settling,
    time: Stopwatch,
    poll: Duration,
    /// When everything is looked at next, on `time`.
    next_poll: Duration,
    sink: Sink,
    /// Problems that the sink had no room for; no more than there are places.
    waiting: Vec<String>,
}

/// Nobody listens any more.
struct Deaf;

impl Work {
    fn run(mut self, hints: &Receiver<Hint>) {
        loop {
            let next = self.settling.due().map_or(self.next_poll, |due| due.min(self.next_poll));
            match hints.recv_timeout(next.saturating_sub(self.time.elapsed())) {
                Ok(Hint::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Hint::Path(path)) => self.touched(path),
                Ok(Hint::Rescan) => self.look_around(false),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.places.take_overflow() || self.time.elapsed() >= self.next_poll {
                self.look_around(false);
            }
            if self.tell().is_err() {
                return;
            }
        }
    }

    /// A hint about a path as inotify names it.
    fn touched(&mut self, path: PathBuf) {
        let now = self.time.elapsed();
        if let Some(plugin) = self.places.plugin_of(&path) {
            self.touch(plugin, now);
        } else if self.places.forget(&path) {
            // a watched directory itself went, moved or came
            self.look_around(false);
        }
    }

    fn touch(&mut self, plugin: PathBuf, now: Duration) {
        let stamp = Stamp::of(&plugin);
        self.settling.touch(plugin, now, stamp);
    }

    /// Looks at every directory and file. `is_start`: what is there now is known already.
    fn look_around(&mut self, is_start: bool) {
        let now = self.time.elapsed();
        self.next_poll = now + self.poll;
        let (present, problems) = self.places.scan();
        self.waiting.extend(problems);
        if is_start {
            for plugin in present {
                let stamp = Stamp::of(&plugin);
                self.settling.remember(plugin, stamp);
            }
            return;
        }
        let known: Vec<PathBuf> = self.settling.known().cloned().collect();
        for plugin in present.into_iter().chain(known) {
            self.touch(plugin, now);
        }
    }

    /// Tells what rests by now.
    fn tell(&mut self) -> Result<(), Deaf> {
        while let Some(problem) = self.waiting.pop() {
            match (self.sink)(Found::Problem(problem.clone())) {
                Ok(()) => {}
                Err(NotTold::Full) => {
                    self.waiting.push(problem);
                    break;
                }
                Err(NotTold::Gone) => return Err(Deaf),
            }
        }
        let now = self.time.elapsed();
        for plugin in self.settling.ripe(now) {
            let stamp = Stamp::of(&plugin);
            let found = match self.settling.check(&plugin, now, stamp) {
                None => continue,
                Some(Change::Settled) => Found::Settled(plugin.clone()),
                Some(Change::Removed) => Found::Removed(plugin.clone()),
            };
            match (self.sink)(found) {
                Ok(()) => self.settling.confirm(&plugin),
                Err(NotTold::Full) => self.settling.delay(&plugin, now),
                Err(NotTold::Gone) => return Err(Deaf),
            }
        }
        Ok(())
    }
}
