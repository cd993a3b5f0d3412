//! Interned texts: symbols, currencies, venue ids; and the payloads of DATA events, which are not kept for ever.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    abi::{TEXT_BYTES_MAX, TextHandle},
    payloads::Payloads,
};

/// Texts with the handles that stand for them at the ABI. A handle never changes its meaning, but that of a payload
/// loses it some time after its event.
///
/// ```
/// use stratd_plugin_api::TextTable;
/// let texts = TextTable::new(1_000);
/// let usd = texts.intern("USD");
/// assert_eq!(texts.intern("USD"), usd);
/// assert_eq!(texts.get(usd).as_deref(), Some("USD"));
/// assert_eq!(texts.intern(&"x".repeat(65)), 0); // refused: longer than 64 bytes
/// // a number takes no place in the table: its handle is the number itself
/// assert_eq!(texts.intern("644"), TextTable::number(644));
/// assert_eq!(texts.get(TextTable::number(644)).as_deref(), Some("644"));
/// ```
// Shared by the threads of all connectors and the event loop; the lock is held for a look-up only.
pub struct TextTable {
    inner: RwLock<Inner>,
    payloads: RwLock<Payloads>,
    limit: usize,
}

#[derive(Default)]
struct Inner {
    by_handle: Vec<Arc<str>>,
    // look-up only, never iterated
    by_text: HashMap<Arc<str>, TextHandle>,
}

/// Set in the handle of a decimal number below 2^63: exchanges that count their orders would otherwise fill the table.
const NUMBER: TextHandle = 1 << 63;

impl TextTable {
    /// The handle of the decimal text of a number, without a table; numbers of 2^63 and more have none and give 0.
    #[must_use]
    pub const fn number(number: u64) -> TextHandle {
        if number & NUMBER == 0 { number | NUMBER } else { 0 }
    }

    /// A table of at most `limit` texts; beyond it, new texts are refused.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { inner: RwLock::default(), payloads: RwLock::default(), limit }
    }

    /// As [`TextTable::new`], for who needs payloads long after they were told: none is forgotten.
    ///
    /// ```
    /// use stratd_plugin_api::TextTable;
    /// let texts = TextTable::keeping_payloads(10);
    /// let news = texts.payload("much happened");
    /// assert_eq!(texts.get(news).as_deref(), Some("much happened"));
    /// ```
    #[must_use]
    pub fn keeping_payloads(limit: usize) -> Self {
        Self { payloads: RwLock::new(Payloads::keeping_all()), ..Self::new(limit) }
    }

    /// A handle for the payload of one DATA event; 0 for the empty text, and for one longer than 65,536 bytes. 256 MiB of
    /// the latest payloads are kept, which are 4,096 or more.
    ///
    /// ```
    /// use stratd_plugin_api::TextTable;
    /// let texts = TextTable::new(10);
    /// let news = texts.payload(&"much happened ".repeat(100));
    /// assert_eq!(texts.get(news).map(|text| text.len()), Some(1_400));
    /// assert_eq!(texts.payload(&"x".repeat(65_537)), 0);
    /// ```
    pub fn payload(&self, text: &str) -> TextHandle {
        self.payloads.write().unwrap_or_else(PoisonError::into_inner).push(text)
    }

    /// Takes a payload of an earlier run under its handle; those that are missing before it are empty. 0 if there is one
    /// of this handle already, or the text is none that [`TextTable::payload`] takes.
    ///
    /// ```
    /// use stratd_plugin_api::TextTable;
    /// let texts = TextTable::keeping_payloads(10);
    /// let third = TextTable::payload_at(2);
    /// assert_eq!(texts.payload_again(third, "much happened"), third);
    /// assert_eq!(texts.get(TextTable::payload_at(1)).as_deref(), Some(""));
    /// assert_eq!(texts.payload_again(third, "more happened"), 0);
    /// ```
    pub fn payload_again(&self, handle: TextHandle, text: &str) -> TextHandle {
        self.payloads.write().unwrap_or_else(PoisonError::into_inner).push_at(handle, text)
    }

    /// How many payloads there were.
    ///
    /// ```
    /// use stratd_plugin_api::TextTable;
    /// let texts = TextTable::new(10);
    /// texts.payload("much happened");
    /// assert_eq!(texts.payload_count(), 1);
    /// assert_eq!(texts.get(TextTable::payload_at(0)).as_deref(), Some("much happened"));
    /// ```
    #[must_use]
    pub fn payload_count(&self) -> u64 {
        self.payloads.read().unwrap_or_else(PoisonError::into_inner).count()
    }

    /// The handle of a payload by its place in the order of all; see [`TextTable::payload_count`].
    #[must_use]
    pub const fn payload_at(place: u64) -> TextHandle {
        Payloads::handle(place)
    }

    /// Whether a handle is that of a payload.
    ///
    /// ```
    /// use stratd_plugin_api::TextTable;
    /// let texts = TextTable::new(10);
    /// assert!(TextTable::is_payload(texts.payload("much happened")));
    /// assert!(!TextTable::is_payload(texts.intern("USD")));
    /// assert!(!TextTable::is_payload(TextTable::number(u64::MAX >> 1)));
    /// ```
    #[must_use]
    pub const fn is_payload(handle: TextHandle) -> bool {
        handle & NUMBER == 0 && Payloads::is_payload(handle)
    }

    /// The handle of a text; 0 for the empty text, for one longer than 64 bytes, and when the limit is reached.
    pub fn intern(&self, text: &str) -> TextHandle {
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return 0;
        }
        if let Some(number) = number_of(text) {
            return Self::number(number);
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

    /// How many texts take a place: their handles count from 1.
    ///
    /// ```
    /// use stratd_plugin_api::TextTable;
    /// let texts = TextTable::new(10);
    /// texts.intern("USD");
    /// texts.intern("7"); // a number takes no place
    /// assert_eq!(texts.count(), 1);
    /// ```
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).by_handle.len()
    }

    /// The text of a handle; the empty text for 0, `None` for an unknown one.
    #[must_use]
    pub fn get(&self, handle: TextHandle) -> Option<Arc<str>> {
        if handle & NUMBER != 0 {
            return Some((handle & !NUMBER).to_string().into());
        }
        if Payloads::is_payload(handle) {
            return self.payloads.read().unwrap_or_else(PoisonError::into_inner).get(handle);
        }
        let Some(index) = handle.checked_sub(1) else { return Some("".into()) };
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.by_handle.get(usize::try_from(index).ok()?).cloned()
    }
}

/// The number of a text that is exactly the decimal text of a number below 2^63.
fn number_of(text: &str) -> Option<u64> {
    let is_canonical = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    text.parse().ok().filter(|number| is_canonical && number & NUMBER == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_not_exactly_a_number_keep_their_form() {
        let texts = TextTable::new(10);
        for text in [
            "0",
            "7",
            "007",
            "+7",
            "-7",
            "9223372036854775807",
            "9223372036854775808",
            "99999999999999999999",
        ] {
            assert_eq!(texts.get(texts.intern(text)).as_deref(), Some(text));
        }
    }

    #[test]
    fn the_limit_refuses_new_texts_only() {
        let texts = TextTable::new(1);
        let known = texts.intern("AAPL");
        assert_eq!(texts.intern("IBM"), 0);
        assert_eq!(texts.intern("AAPL"), known);
        assert_eq!(texts.intern("644"), TextTable::number(644));
        assert_eq!(texts.get(2), None);
    }
}
