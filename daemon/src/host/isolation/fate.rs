//! How an isolated instance came to its end, and who is told.
//!
//! The first reason wins: a child that is killed because it did not answer died of that, not of the signal.

use std::{
    fmt,
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use stratd_plugin_api::{Fault, Reason};

use super::{channel::Line, pidfd, protocol::Entry};

/// The end of an isolated instance that nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// `Crashed` or `Deadline`.
    pub reason: Reason,
    /// What happened, in which entry, and what the process wrote last.
    pub text: String,
}

impl Death {
    pub(super) fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self { reason, text: text.into() }
    }

    pub(super) fn fault(&self) -> Fault {
        Fault { reason: self.reason, message: self.text.clone(), index: 0 }
    }
}

/// A call of one who wants to know of a death.
type Listener = Box<dyn FnOnce(&Death) + Send>;

/// What is known of the life of an instance; shared by its proxy, its threads and its watches.
pub(super) struct Fate {
    line: Arc<Line>,
    /// The entry in work, as its number plus one; 0 = none.
    entry: AtomicU32,
    state: Mutex<State>,
    /// A call has returned the death.
    is_told: AtomicBool,
    process: OnceLock<Process>,
}

struct Process {
    pid: u32,
    handle: OwnedFd,
}

#[derive(Default)]
struct State {
    death: Option<Death>,
    /// The host ends it, so its end is no death.
    is_ending: bool,
    listeners: Vec<Listener>,
}

impl Fate {
    pub(super) fn new(line: Arc<Line>) -> Arc<Self> {
        Arc::new(Self {
            line,
            entry: AtomicU32::new(0),
            state: Mutex::default(),
            is_told: AtomicBool::new(false),
            process: OnceLock::new(),
        })
    }

    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// Notes the process, once.
    pub(super) fn set_process(&self, pid: u32, handle: OwnedFd) {
        // there is one call of this in the life of a fate
        let _ = self.process.set(Process { pid, handle });
    }

    pub(super) fn process_handle(&self) -> Option<&OwnedFd> {
        self.process.get().map(|process| &process.handle)
    }

    #[inline]
    pub(super) fn enter(&self, entry: Entry) {
        self.entry.store(entry as u32 + 1, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn leave(&self) {
        self.entry.store(0, Ordering::Relaxed);
    }

    /// Where the instance is, for a message.
    pub(super) fn place(&self) -> String {
        let number = self.entry.load(Ordering::Relaxed).checked_sub(1);
        number
            .and_then(Entry::numbered)
            .map_or_else(|| "between two calls".to_owned(), |entry| format!("in `{}`", entry.name()))
    }

    /// From here on, an end is no death. Who wanted to know of one is let go: a listener may hold the fate itself.
    pub(super) fn set_ending(&self) {
        let listeners = {
            let mut state = self.lock();
            state.is_ending = true;
            std::mem::take(&mut state.listeners)
        };
        drop(listeners);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.lock().is_ending
    }

    pub(super) fn death(&self) -> Option<Death> {
        self.lock().death.clone()
    }

    /// Notes the end, unless one is noted or the host ends it; ends the process; cuts the line; tells who wants to
    /// know. Returns the death that counts.
    pub(super) fn die(&self, death: Death) -> Death {
        let (death, listeners) = {
            let mut state = self.lock();
            if state.is_ending {
                (state.death.clone().unwrap_or(death), Vec::new())
            } else {
                let counts = state.death.get_or_insert(death).clone();
                (counts, std::mem::take(&mut state.listeners))
            }
        };
        self.kill();
        self.line.cut();
        for listener in listeners {
            listener(&death);
        }
        death
    }

    /// A call returns the death, so that whoever called knows.
    pub(super) fn set_told(&self) {
        self.is_told.store(true, Ordering::Release);
    }

    /// Kills the process, if there is one and it still lives.
    pub(super) fn kill(&self) {
        if let Some(process) = self.process.get() {
            pidfd::kill(&process.handle);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the host learns of the end of an isolated instance, also between two calls.
#[derive(Clone)]
pub struct Watch(pub(super) Arc<Fate>);

impl Watch {
    /// The process; `None` for a thread.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.0.process.get().map(|process| process.pid)
    }

    /// The end that nobody asked for, if it came.
    #[must_use]
    pub fn death(&self) -> Option<Death> {
        self.0.death()
    }

    /// Whether nobody need be told of the death any more: a call of the instance has returned it, or the host ends the
    /// instance. Asked on the thread that calls the instance, false means that the instance still has its place.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.0.is_told.load(Ordering::Acquire) || self.0.is_ending()
    }

    /// Calls `listener` once when the instance dies, at once if it is dead. It runs on the thread that noticed,
    /// which may be one inside of a call of the instance: it must neither wait nor call the instance.
    pub fn on_death(&self, listener: impl FnOnce(&Death) + Send + 'static) {
        let death = {
            let mut state = self.0.lock();
            match &state.death {
                Some(death) => death.clone(),
                None => return state.listeners.push(Box::new(listener)),
            }
        };
        listener(&death);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("pid", &self.pid()).field("death", &self.death()).finish()
    }
}
