//! Memory that a plugin lends for the duration of a call.
//!
//! Null and misaligned pointers and impossible lengths are `None`; that what is left can be read is the plugin's
//! promise. Texts that are not UTF-8 are repaired: they only end up in messages.
#![expect(unsafe_code, reason = "reads memory that a plugin lends")]

use std::{borrow::Cow, ptr::NonNull};

use stratd_plugin_api::abi::Str;

/// # Safety
/// `count` values of `T` at `data` can be read for as long as the result is used, unless `data` is null or not
/// aligned. Every bit pattern is a `T`.
pub(super) unsafe fn slice<'a, T: Copy>(data: *const T, count: u64) -> Option<&'a [T]> {
    let count = usize::try_from(count).ok()?;
    if count == 0 {
        return Some(&[]);
    }
    if data.is_null() || !data.is_aligned() || count > isize::MAX as usize / size_of::<T>().max(1) {
        return None;
    }
    // SAFETY: not null, aligned, of a possible size; the caller vouches for the rest
    Some(unsafe { std::slice::from_raw_parts(data, count) })
}

/// # Safety
/// As [`slice`], of one.
pub(super) unsafe fn record<'a, T: Copy>(data: *const T) -> Option<&'a T> {
    if data.is_null() {
        return None;
    }
    // SAFETY: as demanded of the caller
    unsafe { slice(data, 1) }?.first()
}

/// The text, cut at `limit` bytes.
///
/// # Safety
/// `text.length` bytes at `text.data` can be read for as long as the result is used, unless `text.data` is null.
pub(super) unsafe fn text<'a>(text: Str, limit: usize) -> Cow<'a, str> {
    // SAFETY: as demanded of the caller; fewer bytes than the text has can be read, too
    let bytes = unsafe { slice(text.data, text.length.min(limit as u64)) };
    String::from_utf8_lossy(bytes.unwrap_or_default())
}

/// The text, whole; `None` if it is longer than `limit` bytes, not UTF-8, or null with a length.
///
/// # Safety
/// As [`text`].
pub(super) unsafe fn exact_text<'a>(text: Str, limit: usize) -> Option<&'a str> {
    if text.length > limit as u64 {
        return None;
    }
    // SAFETY: as demanded of the caller
    std::str::from_utf8(unsafe { slice(text.data, text.length) }?).ok()
}

/// Where a plugin wants records written: as many as fit, but all are counted.
pub(super) struct Out<T> {
    data: Option<NonNull<T>>,
    capacity: u64,
    count: u64,
}

impl<T: Copy> Out<T> {
    /// # Safety
    /// `capacity` values of `T` at `data` can be written as long as this lives, unless `data` is null or not aligned.
    pub(super) unsafe fn new(data: *mut T, capacity: u64) -> Self {
        let data = NonNull::new(data).filter(|data| data.is_aligned());
        Self { data, capacity, count: 0 }
    }

    pub(super) fn push(&mut self, value: &T) {
        if let Some(data) = self.data
            && self.count < self.capacity
            && let Ok(index) = usize::try_from(self.count)
        {
            // SAFETY: `index` is below the capacity that the caller of `new` vouched for
            let place = unsafe { data.add(index) };
            // SAFETY: as above
            unsafe { place.write(*value) };
        }
        self.count += 1;
    }

    /// Writes bytes at once; for texts.
    pub(super) fn extend(&mut self, values: &[T]) {
        let room = usize::try_from(self.capacity.saturating_sub(self.count)).unwrap_or(usize::MAX);
        let fitting = values.len().min(room);
        if let Some(data) = self.data
            && fitting > 0
            && let Ok(index) = usize::try_from(self.count)
        {
            // SAFETY: `index` is below the capacity that the caller of `new` vouched for
            let place = unsafe { data.add(index) };
            // SAFETY: `fitting` values fit behind `place`; the host's values and the plugin's buffer never overlap
            unsafe { place.as_ptr().copy_from_nonoverlapping(values.as_ptr(), fitting) };
        }
        self.count += values.len() as u64;
    }

    /// How many there were, whether they fitted or not.
    pub(super) fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_memory_is_none() {
        let numbers = [1u64, 2];
        let odd = numbers.as_ptr().cast::<u8>().wrapping_add(1).cast::<u64>();
        // SAFETY: none of these may be read, and none is
        unsafe {
            assert!(slice(std::ptr::null::<u64>(), 1).is_none());
            assert!(slice(odd, 1).is_none());
            assert!(slice(numbers.as_ptr(), u64::MAX).is_none());
            assert!(record(std::ptr::null::<u64>()).is_none());
            assert_eq!(slice(std::ptr::null::<u64>(), 0), Some(&[][..]));
            assert_eq!(slice(numbers.as_ptr(), 2), Some(&numbers[..]));
        }
    }

    #[test]
    fn texts_are_repaired_and_cut_or_refused() {
        let bytes = b"ab\xffcd";
        let lent = Str { data: bytes.as_ptr(), length: 5 };
        let null = Str { data: std::ptr::null(), length: 5 };
        // SAFETY: the bytes live in this function
        unsafe {
            assert_eq!(text(lent, 100), "ab\u{fffd}cd");
            assert_eq!(text(lent, 2), "ab");
            assert_eq!(text(null, 2), "");
            assert_eq!(exact_text(lent, 100), None);
            assert_eq!(exact_text(null, 100), None);
            assert_eq!(exact_text(Str::new("ab"), 1), None);
            assert_eq!(exact_text(Str::new("ab"), 2), Some("ab"));
        }
    }

    #[test]
    fn no_more_is_written_than_fits_and_all_is_counted() {
        let mut place = [0u8; 4];
        // SAFETY: three of the four bytes are lent
        let mut out = unsafe { Out::new(place.as_mut_ptr(), 3) };
        out.push(&1);
        out.extend(&[2, 3, 4]);
        out.push(&5);
        out.extend(&[6]);
        assert_eq!(out.count(), 6);
        assert_eq!(place, [1, 2, 3, 0]);
        // SAFETY: nothing is lent
        let mut none = unsafe { Out::<u8>::new(std::ptr::null_mut(), 3) };
        none.push(&1);
        assert_eq!(none.count(), 1);
    }
}
