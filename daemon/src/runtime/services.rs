//! Texts and log of the run, for the engine, the plugins and their threads.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use stratd_plugin_api::{Log, LogSink, StrategyServices, TextTable, Timestamp, abi::TextHandle};

use crate::{
    logging::{self, PluginSink},
    plugin_kind::PluginKind,
};

/// More texts than any run of this kind needs: symbols, currencies, venue ids. Beyond it, new texts are refused.
const TEXTS_MAX: usize = 4_000_000;

/// One object that everybody shares.
pub struct Services {
    texts: TextTable,
    /// The time of the event in work: what log lines of plugins carry.
    now: Arc<AtomicI64>,
}

impl Default for Services {
    fn default() -> Self {
        Self { texts: TextTable::new(TEXTS_MAX), now: Arc::default() }
    }
}

impl Services {
    /// Those of a replay, which knows all texts and payloads before its first event.
    #[must_use]
    pub fn of_replay() -> Self {
        Self { texts: TextTable::keeping_payloads(TEXTS_MAX), now: Arc::default() }
    }

    /// The texts.
    #[must_use]
    pub fn texts(&self) -> &TextTable {
        &self.texts
    }

    /// The text of a handle; the empty text for an unknown one.
    #[must_use]
    pub fn text_of(&self, handle: TextHandle) -> String {
        self.texts.get(handle).as_deref().unwrap_or("").to_owned()
    }

    /// Sets the time of the event in work.
    pub fn set_now(&self, now: Timestamp) {
        self.now.store(now.get(), Ordering::Relaxed);
    }

    /// The time of the event in work.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::new(self.now.load(Ordering::Relaxed))
    }

    /// Logs a plugin's record under `KIND.INSTANCE` (`strategy.momentum`), with the time of the market as a field.
    pub fn log_plugin(&self, kind: PluginKind, instance: &str, record: &Log<'_>) {
        logging::log_plugin(kind.name(), instance, record, &self.now);
    }

    /// The logger `KIND.INSTANCE.NAME`, for [`Services::log_plugin`] again and again.
    #[must_use]
    pub fn log_sink(&self, kind: PluginKind, instance: &str, name: &str) -> Arc<dyn LogSink> {
        Arc::new(PluginSink::new((kind.name(), instance, name), Arc::clone(&self.now)))
    }
}

impl StrategyServices for Services {
    fn log(&self, instance: &str, record: &Log<'_>) {
        self.log_plugin(PluginKind::Strategy, instance, record);
    }

    fn log_sink(&self, instance: &str, name: &str) -> Option<Arc<dyn LogSink>> {
        Some(self.log_sink(PluginKind::Strategy, instance, name))
    }

    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit(self.texts.get(handle).as_deref().unwrap_or(""));
    }

    fn set_now(&self, now: Timestamp) {
        Services::set_now(self, now);
    }

    fn intern(&self, text: &str) -> TextHandle {
        self.texts.intern_cut(text)
    }
}
