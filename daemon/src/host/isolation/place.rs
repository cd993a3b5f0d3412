//! The thread or process in which an instance lives, and how the host leaves it.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread::JoinHandle,
};

use super::{
    link::{Link, Serve},
    protocol::Entry,
};

/// Threads that did not answer in time and have not ended since.
static ABANDONED: AtomicU64 = AtomicU64::new(0);

/// Threads of instances, abandoned ones included.
static LIVING: AtomicUsize = AtomicUsize::new(0);

/// How many threads of instances there are.
pub(crate) fn living_threads() -> usize {
    LIVING.load(Ordering::Relaxed)
}

/// Counts a thread of an instance, from before it starts.
pub(super) fn count_thread() {
    LIVING.fetch_add(1, Ordering::Relaxed);
}

/// A thread that was counted did not start, or has ended.
pub(super) fn uncount_thread() {
    LIVING.fetch_sub(1, Ordering::Relaxed);
}

/// How many threads of plugins hang: each of them, and the processor that it may keep busy, is lost until it ends.
#[must_use]
pub fn abandoned_threads() -> u64 {
    ABANDONED.load(Ordering::Relaxed)
}

/// Where an instance lives.
pub(super) enum Place {
    /// A thread; `None` once it was left.
    Thread(Option<JoinHandle<()>>),
    /// A process, whose end its watch waits for.
    Process,
}

impl Place {
    /// Destroys the instance and leaves the place. A thread that ended well is joined, so that nothing of it points
    /// into its library any more.
    pub(super) fn end(&mut self, link: &mut Link, serve: Serve<'_>) {
        link.fate().set_ending();
        let is_lost = link.call(Entry::Destroy, |_| {}, serve, |_| Ok(())).is_err();
        self.go(link, is_lost);
    }

    /// Leaves a place whose instance was not made.
    pub(super) fn leave(mut self, link: &Link) {
        let is_lost = link.fate().death().is_some();
        link.fate().set_ending();
        self.go(link, is_lost);
    }

    fn go(&mut self, link: &Link, is_lost: bool) {
        let fate = link.fate();
        match self {
            Self::Process => {
                if is_lost {
                    fate.kill();
                }
            }
            Self::Thread(handle) => {
                fate.line().cut();
                let Some(handle) = handle.take() else { return };
                if is_lost && !handle.is_finished() {
                    abandon(handle);
                } else {
                    // its closure caught what there was to catch
                    let _ = handle.join();
                    uncount_thread();
                }
            }
        }
    }
}

/// Counts a thread for as long as it goes on.
fn abandon(handle: JoinHandle<()>) {
    ABANDONED.fetch_add(1, Ordering::Relaxed);
    let wait = move || {
        let _ = handle.join();
        uncount_thread();
        ABANDONED.fetch_sub(1, Ordering::Relaxed);
    };
    // without a thread to wait on it, it counts for ever: the figure is an upper bound then
    let _ = std::thread::Builder::new().name("lost-plugin".to_owned()).spawn(wait);
}
