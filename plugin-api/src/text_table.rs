//! Interned texts: symbols, currencies, venue ids.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::abi::{TEXT_BYTES_MAX, TextHandle};

/// Texts with the handles that stand for them at the ABI. A handle never changes its meaning.
///
/// ```
/// use stratd_plugin_api::TextTable;
/// let texts = TextTable::new(1_000);
/// let usd = texts.intern("USD");
/// assert_eq!(texts.intern("USD"), usd);
/// assert_eq!(texts.get(usd).as_deref(), Some("USD"));
/// assert_eq!(texts.intern(&"x".repeat(65)), 0); // refused: longer than 64 bytes
/// ```
// Shared by the threads of all connectors and the event loop; the lock is held for a look-up only.
pub struct TextTable {
    inner: RwLock<Inner>,
    limit: usize,
}

#[derive(Default)]
struct Inner {
    by_handle: Vec<Arc<str>>,
    // look-up only, never iterated
    by_text: HashMap<Arc<str>, TextHandle>,
}

impl TextTable {
    /// A table of at most `limit` texts; beyond it, new texts are refused.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { inner: RwLock::default(), limit }
    }

    /// The handle of a text; 0 for the empty text, for one longer than 64 bytes, and when the limit is reached.
    pub fn intern(&self, text: &str) -> TextHandle {
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return 0;
        }
        if let Some(handle) = self.inner.read().unwrap_or_else(PoisonError::into_inner).by_text.get(text) {
            return *handle;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        // another thread may have been faster
        if let Some(handle) = inner.by_text.get(text) {
            return *handle;
        }
        if inner.by_handle.len() >= self.limit {
            return 0;
        }
        let shared: Arc<str> = text.into();
        inner.by_handle.push(Arc::clone(&shared));
        let handle = inner.by_handle.len() as TextHandle;
        inner.by_text.insert(shared, handle);
        handle
    }

    /// As [`TextTable::intern`], but a text of more than 64 bytes is cut at a character boundary.
    pub fn intern_cut(&self, text: &str) -> TextHandle {
        self.intern(&text[..text.floor_char_boundary(TEXT_BYTES_MAX)])
    }

    /// The text of a handle; the empty text for 0, `None` for an unknown one.
    #[must_use]
    pub fn get(&self, handle: TextHandle) -> Option<Arc<str>> {
        let Some(index) = handle.checked_sub(1) else { return Some("".into()) };
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.by_handle.get(usize::try_from(index).ok()?).cloned()
    }
}
