//! The guard around every entry of a plugin: a panic becomes a fault, and the instance is poisoned.

use std::{
    any::Any,
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

/// The panics of threads that are inside a guarded call, by thread.
/// A list in a static rather than a thread-local with a destructor: that would pin the library in memory.
static CAUGHT: Mutex<Vec<(usize, String)>> = Mutex::new(Vec::new());
/// The threads from which the host calls in. Panics of other threads have no guard and are reported at once.
static HOST_THREADS: Mutex<Vec<usize>> = Mutex::new(Vec::new());
/// A host has a handful of threads that call a plugin; a forgotten one only loses the place of its panic.
const HOST_THREADS_MAX: usize = 256;

/// A number of the current thread: the address of a thread-local without destructor.
fn thread_key() -> usize {
    thread_local! { static KEY: u8 = const { 0 }; }
    KEY.with(|key| std::ptr::from_ref(key).addr())
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
    let key = thread_key();
    let mut threads = HOST_THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    if !threads.contains(&key) && threads.len() < HOST_THREADS_MAX {
        threads.push(key);
    }
    drop(threads);
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(move |info| {
            let place =
                info.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
            let text = format!("panicked{place}: {}", payload_text_of(info));
            let key = thread_key();
            let is_host = HOST_THREADS.lock().unwrap_or_else(PoisonError::into_inner).contains(&key);
            if !is_host {
                report(&text);
                return;
            }
            let mut caught = CAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
            caught.retain(|(thread, _)| *thread != key);
            caught.push((key, text));
        }));
    });
}

fn payload_text_of(info: &std::panic::PanicHookInfo<'_>) -> String {
    info.payload_as_str().unwrap_or("a panic with a payload that is no text").to_owned()
}
