//! The loggers of an instance by number. Reading takes no lock: a number is an address in two steps.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicI32, AtomicUsize, Ordering},
    },
};

use stratd_plugin_api::{Log, LogSink, abi::logger_id};

use super::{LOGGERS_MAX, Way};

/// Loggers are made room for in such numbers.
const CHUNK: usize = 32;
/// The longest name below the instance's, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// A logger with the name that it has below the instance's.
pub(super) struct Known {
    pub(super) sink: Arc<dyn LogSink>,
    name: String,
}

type Chunk = Box<[OnceLock<Known>]>;

pub(super) struct Loggers {
    /// Number 0.
    own: Known,
    chunks: [OnceLock<Chunk>; LOGGERS_MAX / CHUNK],
    /// Held while a logger is added.
    adding: Mutex<()>,
    count: AtomicUsize,
    // look-up only
    by_name: RwLock<HashMap<String, u32>>,
}

impl Loggers {
    pub(super) fn new(own: Arc<dyn LogSink>) -> Self {
        Self {
            own: Known { sink: own, name: String::new() },
            chunks: [const { OnceLock::new() }; LOGGERS_MAX / CHUNK],
            adding: Mutex::new(()),
            count: AtomicUsize::new(1),
            by_name: RwLock::default(),
        }
    }

    /// The logger of a number; the instance's own for one that was never given.
    #[inline]
    pub(super) fn get(&self, id: u32) -> &Known {
        if id == logger_id::OWN {
            return &self.own;
        }
        let found = usize::try_from(id).ok().and_then(|id| self.slot(id)?.get());
        found.unwrap_or(&self.own)
    }

    fn slot(&self, id: usize) -> Option<&OnceLock<Known>> {
        self.chunks.get(id / CHUNK)?.get()?.get(id % CHUNK)
    }

    /// The number of the logger `name` below another one, made now if it is new; `None` if the name is not usable or
    /// there are too many.
    pub(super) fn child(&self, parent: u32, name: &str, way: &Way) -> Option<u32> {
        let parent = self.get(parent);
        let name = name.trim_matches('.');
        if name.is_empty() {
            return self.number_of(&parent.name);
        }
        if parent.name.is_empty() && !name.contains("::") {
            return self.find_or_add(name, way);
        }
        // `tracing` and `log` name modules as Rust does
        let full = format!("{}.{}", parent.name, name.replace("::", "."));
        self.find_or_add(full.trim_start_matches('.'), way)
    }

    fn number_of(&self, name: &str) -> Option<u32> {
        if name.is_empty() {
            return Some(logger_id::OWN);
        }
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    fn find_or_add(&self, name: &str, way: &Way) -> Option<u32> {
        if let Some(known) = self.number_of(name) {
            return Some(known);
        }
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        // another thread may have been first
        if let Some(known) = self.number_of(name) {
            return Some(known);
        }
        let id = self.count.load(Ordering::Relaxed);
        if id >= LOGGERS_MAX || name.len() > NAME_BYTES_MAX {
            return None;
        }
        let chunk =
            self.chunks.get(id / CHUNK)?.get_or_init(|| (0..CHUNK).map(|_| OnceLock::new()).collect());
        let known = Known { sink: way.sink(name), name: name.to_owned() };
        chunk.get(id % CHUNK)?.set(known).ok()?;
        self.count.store(id + 1, Ordering::Relaxed);
        let id = u32::try_from(id).ok()?;
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), id);
        Some(id)
    }
}

/// A logger where the host keeps none: the records go one by one to whoever decides. It tells no level, so everything is
/// handed over.
pub(super) struct OneByOne {
    way: Way,
    name: String,
}

impl OneByOne {
    pub(super) fn new(way: Way, name: &str) -> Self {
        Self { way, name: name.to_owned() }
    }
}

/// Somebody else decides.
static EVERYTHING: AtomicI32 = AtomicI32::new(i32::MIN);

impl LogSink for OneByOne {
    fn threshold(&self) -> &AtomicI32 {
        &EVERYTHING
    }

    fn send(&self, record: &Log<'_>) {
        self.way.log(&Log { target: &self.name, ..*record });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use stratd_plugin_api::{Log, StrategyServices, abi::TextHandle};

    use super::*;

    struct Nobody;
    impl StrategyServices for Nobody {
        fn log(&self, _: &str, _: &Log<'_>) {}
        fn text(&self, _: TextHandle, _: &mut dyn FnMut(&str)) {}
        fn intern(&self, _: &str) -> TextHandle {
            0
        }
    }

    #[test]
    fn a_name_keeps_its_number_and_beyond_the_limit_there_is_none() {
        let way = Way::Strategy(Arc::new(Nobody), "a".to_owned());
        let loggers = Loggers::new(way.sink(""));
        assert_eq!(loggers.child(0, "", &way), Some(0));
        let orders = loggers.child(0, "orders", &way).unwrap();
        let sent = loggers.child(orders, "sent", &way).unwrap();
        assert_eq!(loggers.child(0, "orders.sent", &way), Some(sent));
        assert_eq!(loggers.child(0, "orders::sent", &way), Some(sent));
        assert_eq!(loggers.child(sent, "", &way), Some(sent));
        assert_eq!(loggers.child(0, &"x".repeat(NAME_BYTES_MAX + 1), &way), None);
        for index in 3..LOGGERS_MAX {
            assert!(loggers.child(0, &format!("n{index}"), &way).is_some());
        }
        assert_eq!(loggers.child(0, "one more", &way), None);
        // a number that was never given is the instance's own
        assert_eq!(loggers.get(u32::MAX).name, "");
        assert_eq!(loggers.get(sent).name, "orders.sent");
    }
}
