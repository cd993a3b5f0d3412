//! Hints that something may have changed: from inotify, or from nobody.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

/// Hints that wait for the thread; beyond it, everything is looked at instead.
const HINTS_MAX: usize = 1024;

/// Why the thread wakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Something happened to a path.
    Path(PathBuf),
    /// Events were lost.
    Rescan,
    /// The end.
    Stop,
}

/// Where hints come from.
pub(super) struct Hints {
    sender: SyncSender<Hint>,
    /// Hints were lost because too many waited.
    overflow: Arc<AtomicBool>,
    inotify: Result<RecommendedWatcher, String>,
}

impl Hints {
    /// Hints of inotify, or of nobody if there is none.
    pub(super) fn of_inotify() -> (Self, Receiver<Hint>) {
        Self::new(|handler| notify::recommended_watcher(handler).map_err(|e| e.to_string()))
    }

    /// Hints of nobody, for this reason.
    #[cfg(test)]
    pub(super) fn none(reason: &str) -> (Self, Receiver<Hint>) {
        Self::new(|_| Err(reason.to_owned()))
    }

    fn new(watch: impl FnOnce(Handler) -> Result<RecommendedWatcher, String>) -> (Self, Receiver<Hint>) {
        let (sender, receiver) = mpsc::sync_channel(HINTS_MAX);
        let overflow = Arc::new(AtomicBool::new(false));
        let inotify = watch(Handler { sender: sender.clone(), overflow: Arc::clone(&overflow) });
        (Self { sender, overflow, inotify }, receiver)
    }

    pub(super) fn sender(&self) -> SyncSender<Hint> {
        self.sender.clone()
    }

    /// Whether hints were lost since the last question.
    pub(super) fn take_overflow(&self) -> bool {
        self.overflow.swap(false, Ordering::Relaxed)
    }

    /// Asks for hints about what is in a directory.
    pub(super) fn watch(&mut self, directory: &Path) -> Result<(), String> {
        let inotify = self.inotify.as_mut().map_err(|reason| reason.clone())?;
        inotify.watch(directory, RecursiveMode::NonRecursive).map_err(|e| e.to_string())
    }

    /// The directory is gone or another one.
    pub(super) fn unwatch(&mut self, directory: &Path) {
        if let Ok(inotify) = &mut self.inotify {
            // the kernel has dropped the watch already, if the directory was removed
            let _ = inotify.unwatch(directory);
        }
    }
}

/// Called on the thread of `notify`.
struct Handler {
    // full: the overflow is noted, and everything is looked at
    sender: SyncSender<Hint>,
    overflow: Arc<AtomicBool>,
}

impl notify::EventHandler for Handler {
    fn handle_event(&mut self, event: notify::Result<Event>) {
        for hint in hints_of(event) {
            if self.sender.try_send(hint).is_err() {
                self.overflow.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// What an event hints at. Opening, reading and closing without a change is no hint: the loader does it itself.
fn hints_of(event: notify::Result<Event>) -> Vec<Hint> {
    let Ok(event) = event else { return vec![Hint::Rescan] };
    if event.need_rescan() {
        return vec![Hint::Rescan];
    }
    match event.kind {
        EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write) => Vec::new(),
        EventKind::Access(_)
        | EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => event.paths.into_iter().map(Hint::Path).collect(),
    }
}

#[cfg(test)]
mod tests {
    use notify::{
        EventHandler as _,
        event::{CreateKind, Flag},
    };

    use super::*;

    #[test]
    fn reading_is_no_hint_and_a_lost_event_is_one_for_everything() {
        let hints = |kind| hints_of(Ok(Event::new(kind).add_path("x.so".into())));
        let path = [Hint::Path("x.so".into())];
        assert_eq!(hints(EventKind::Create(CreateKind::File)), path);
        assert_eq!(hints(EventKind::Access(AccessKind::Close(AccessMode::Write))), path);
        assert_eq!(hints(EventKind::Access(AccessKind::Open(AccessMode::Any))), []);
        assert_eq!(hints(EventKind::Access(AccessKind::Close(AccessMode::Read))), []);
        assert_eq!(hints_of(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan))), [Hint::Rescan]);
        assert_eq!(hints_of(Err(notify::Error::generic("lost"))), [Hint::Rescan]);
    }

    #[test]
    fn more_hints_than_can_wait_are_an_overflow() {
        let (hints, receiver) = Hints::none("a test");
        let mut handler = Handler { sender: hints.sender(), overflow: Arc::clone(&hints.overflow) };
        for _ in 0..=HINTS_MAX {
            handler.handle_event(Ok(Event::new(EventKind::Create(CreateKind::File)).add_path("x.so".into())));
        }
        assert!(hints.take_overflow() && !hints.take_overflow());
        assert_eq!(receiver.try_iter().count(), HINTS_MAX);
    }
}
