//! The guard around every entry of a plugin: a panic becomes a fault, and the instance is poisoned.

use std::{
    any::Any,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, Once, PoisonError},
};

use crate::{Fault, Reason, context::InstrumentCache};

/// A plugin instance with what the guard keeps of it.
pub(crate) struct Guarded<T> {
    pub(crate) inner: T,
    cache: InstrumentCache,
    is_poisoned: bool,
}

impl<T> Guarded<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner, cache: InstrumentCache::default(), is_poisoned: false }
    }

    /// Runs one entry of the instance.
    #[inline]
    pub(crate) fn call<R>(
        &mut self,
        body: impl FnOnce(&mut T, &mut InstrumentCache) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        if self.is_poisoned {
            return Err(poisoned());
        }
        let (inner, cache) = (&mut self.inner, &mut self.cache);
        // After a panic nobody looks at the instance again, so a state broken half-way is never observed.
        match catch_unwind(AssertUnwindSafe(|| body(inner, cache))) {
            Ok(result) => result,
            Err(payload) => {
                self.is_poisoned = true;
                Err(panic_fault(payload))
            }
        }
    }
}

#[cold]
fn poisoned() -> Fault {
    Fault {
        reason: Reason::Panic,
        message: "the instance panicked before and is not called any more".to_owned(),
        index: 0,
    }
}

/// Runs code that belongs to no instance yet.
pub(crate) fn guarded<R>(body: impl FnOnce() -> Result<R, Fault>) -> Result<R, Fault> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => result,
        Err(payload) => Err(panic_fault(payload)),
    }
}

#[cold]
fn panic_fault(payload: Box<dyn Any + Send>) -> Fault {
    // there was a guard, so the host has called
    mark_host_thread();
    let message = take_panic().unwrap_or_else(|| payload_text(&*payload).to_owned());
    // a payload whose own Drop panics must not take the host down
    if let Err(second) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        std::mem::forget(second);
    }
    Fault { reason: Reason::Panic, message, index: 0 }
}

fn payload_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic with a payload that is no text")
}

/// The texts of panics that no guard has taken yet, by thread.
/// A list in a static rather than a thread-local with a destructor: that would pin the library in memory.
static CAUGHT: Mutex<Vec<(usize, String)>> = Mutex::new(Vec::new());
/// Texts that are kept: those of a plugin's own threads are never taken, and the oldest goes first.
const CAUGHT_MAX: usize = 64;

thread_local! {
    /// Whether the host calls in from this thread: its panics have a guard, which hands their text to the host. Those of
    /// other threads are reported at once. Constant and without destructor, for the reason given at [`CAUGHT`]; of its
    /// own thread rather than a list of threads, because addresses and numbers of threads come back.
    static IS_HOST: Cell<bool> = const { Cell::new(false) };
}

/// A number of the current thread that no other living thread has: the address of its [`IS_HOST`].
fn thread_key() -> usize {
    IS_HOST.with(|place| std::ptr::from_ref(place).addr())
}

/// Notes that the host calls in from this thread.
///
/// An instance may be created on one thread and called on others, so every entry that is not on the hot path notes its
/// own thread. A thread that only ever came in through the hot path is unknown at its first panic: the text then reaches
/// the fault as always and is reported once too often, but it is never lost.
pub(crate) fn mark_host_thread() {
    IS_HOST.set(true);
}

fn take_panic() -> Option<String> {
    let key = thread_key();
    let mut caught = CAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
    let at = caught.iter().rposition(|(thread, _)| *thread == key)?;
    Some(caught.swap_remove(at).1)
}

/// Installs the panic hook of this library, once. A plugin has its own copy of std: the host's hook is never called.
///
/// The hook takes no backtrace: with `RUST_BACKTRACE` set that would stall the event thread for half a millisecond.
/// `report` gets the panics of threads that the plugin started itself.
pub(crate) fn install_panic_hook(report: fn(&str)) {
    static HOOK: Once = Once::new();
    mark_host_thread();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(move |info| {
            let place =
                info.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
            let text = format!("panicked{place}: {}", payload_text_of(info));
            if !IS_HOST.get() {
                report(&text);
            }
            remember(thread_key(), text);
        }));
    });
}

/// Keeps the text for the guard of this thread, if there is one.
fn remember(key: usize, text: String) {
    let mut caught = CAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
    caught.retain(|(thread, _)| *thread != key);
    if caught.len() >= CAUGHT_MAX {
        caught.remove(0);
    }
    caught.push((key, text));
}

fn payload_text_of(info: &std::panic::PanicHookInfo<'_>) -> String {
    info.payload_as_str().unwrap_or("a panic with a payload that is no text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_nobody_takes_do_not_pile_up() {
        // keys that no thread has: addresses are never that small
        (1..=3 * CAUGHT_MAX).for_each(|key| remember(key, "of a thread that is gone".to_owned()));
        remember(thread_key(), "an old one".to_owned());
        remember(thread_key(), "mine".to_owned());
        assert_eq!(CAUGHT.lock().unwrap().len(), CAUGHT_MAX);
        assert_eq!(take_panic().as_deref(), Some("mine"));
        assert_eq!(take_panic(), None);
    }
}
