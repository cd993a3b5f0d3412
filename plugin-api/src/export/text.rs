//! Borrowed texts that come from the other side.
#![expect(unsafe_code, reason = "reads memory that the caller of the ABI lends")]

use crate::abi::Str;

/// The text behind a [`Str`]; `None` if it is not UTF-8 or null with a length.
///
/// # Safety
/// The caller upholds that `text.data` points to `text.length` readable bytes for as long as the result is used,
/// as the ABI demands of whoever passes a `Str`.
#[must_use]
pub unsafe fn str_of<'a>(text: Str) -> Option<&'a str> {
    if text.length == 0 {
        return Some("");
    }
    if text.data.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller of this function vouches for the length and the lifetime
    let bytes = unsafe { std::slice::from_raw_parts(text.data, usize::try_from(text.length).ok()?) };
    std::str::from_utf8(bytes).ok()
}
