//! Texts and log records of a test.

use std::sync::{Mutex, PoisonError};

use stratd_plugin_api::{Log, StrategyServices, TextTable, abi::TextHandle};

/// Far more texts than a test needs.
const TEXTS_MAX: usize = 100_000;

pub(crate) struct Services {
    pub(crate) texts: TextTable,
    logs: Mutex<Vec<String>>,
}

impl Services {
    pub(crate) fn new() -> Self {
        Self { texts: TextTable::new(TEXTS_MAX), logs: Mutex::default() }
    }

    pub(crate) fn push(&self, line: String) {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    pub(crate) fn logs(&self) -> Vec<String> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl StrategyServices for Services {
    fn log(&self, instance: &str, record: &Log<'_>) {
        self.push(format!("{} {instance}: {}", record.level.get(), record.message));
    }

    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit(self.texts.get(handle).as_deref().unwrap_or(""));
    }

    fn intern(&self, text: &str) -> TextHandle {
        self.texts.intern_cut(text)
    }
}
