//! The log of the plugin as a whole, for code that has neither a context nor a logger at hand.

use std::sync::{Arc, PoisonError, RwLock, atomic::Ordering};

use super::{Level, Log, LogSink, LogTarget, scope};
use crate::export::ambient;

/// The plugin's own log: [`Strategy::new`](crate::Strategy::new), `save`, `drop`, threads of the plugin, and crates that
/// know nothing of it (features `log` and `tracing`) log here.
///
/// Inside of a call of the host, a record belongs to the instance that was called; anywhere else to the instance of this
/// plugin that was created last. In a process without a host, a test, it reaches whoever [`capture_linked`] names.
///
/// ```
/// use stratd_plugin_api::{Level, PluginLog, log};
///
/// std::thread::spawn(|| log!(PluginLog, Level::INFO, "connected")).join().unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PluginLog;

/// Who takes the log in a process without a host.
static LINKED: RwLock<Option<Arc<dyn LogSink>>> = RwLock::new(None);

/// Sets who takes what plugins log through [`PluginLog`] in a process without a host: for test kits.
///
/// ```
/// use std::sync::{Arc, Mutex, atomic::AtomicI32};
/// use stratd_plugin_api::{Level, Log, LogSink, PluginLog, capture_linked, log};
///
/// struct Capture(AtomicI32, Mutex<Vec<String>>);
/// impl LogSink for Capture {
///     fn threshold(&self) -> &AtomicI32 {
///         &self.0
///     }
///     fn send(&self, record: &Log<'_>) {
///         self.1.lock().unwrap().push(record.message.to_owned());
///     }
/// }
/// let capture = Arc::new(Capture(AtomicI32::new(20), Mutex::default()));
/// capture_linked(Arc::clone(&capture) as Arc<dyn LogSink>);
/// log!(PluginLog, Level::INFO, "seen");
/// log!(PluginLog, Level::DEBUG, "not seen");
/// assert_eq!(*capture.1.lock().unwrap(), ["seen"]);
/// ```
pub fn capture_linked(sink: Arc<dyn LogSink>) {
    *LINKED.write().unwrap_or_else(PoisonError::into_inner) = Some(sink);
    install();
}

fn linked() -> Option<Arc<dyn LogSink>> {
    LINKED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Puts the crates `log` and `tracing` through to [`PluginLog`], if their features are on. Each library has statics of its
/// own, so nothing of the host is replaced; whoever was put there by the plugin before stays.
pub(crate) fn install() {
    #[cfg(feature = "log")]
    super::forward_log::install();
    #[cfg(feature = "tracing")]
    super::forward_tracing::install();
}

impl PluginLog {
    /// Hands a record over, whatever a scope says.
    pub(super) fn send(record: &Log<'_>) {
        if !ambient::send(record)
            && let Some(sink) = linked()
        {
            sink.send(record);
        }
    }
}

impl LogTarget for PluginLog {
    #[inline]
    fn is_enabled(&self, level: Level) -> bool {
        let lowest = match ambient::lowest() {
            Some(lowest) => lowest.load(Ordering::Relaxed),
            None => linked().map_or(i32::MAX, |sink| sink.threshold().load(Ordering::Relaxed)),
        };
        scope::is_enabled(level, level.get() >= lowest)
    }

    fn log_record(&self, record: &Log<'_>) {
        scope::pass(record, || None, Self::send);
    }
}
