//! Borrowed texts, byte sinks and the 128-bit money bits.

use std::ffi::c_void;

use abi_stable::StableAbi;

/// A text interned by the host; 0 is the empty text. `HostV1::text` copies it out.
///
/// A handle with the highest bit set stands for the decimal text of its lower 63 bits: ids that are numbers need no
/// entry in the host's table, and a plugin may make such a handle itself. Nothing else can be read from a handle.
pub type TextHandle = u64;

/// UTF-8 text, borrowed for the duration of the call; not null-terminated.
///
/// `data` may be null when `length` is 0.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Str {
    /// First byte.
    pub data: *const u8,
    /// Length in bytes.
    pub length: u64,
}

impl Str {
    /// The empty text.
    pub const EMPTY: Str = Str { data: std::ptr::null(), length: 0 };

    /// Borrows `text`; the caller keeps it alive for the duration of the call.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        Self { data: text.as_ptr(), length: text.len() as u64 }
    }
}

/// Where a callee writes bytes of a length that the caller does not know: saved states, error texts.
///
/// `write` copies; it may be called any number of times, the parts are concatenated.
/// It returns 0, or a negative number if the receiver's limit is reached and nothing more is taken.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Sink {
    /// Handed back to `write`.
    pub ctx: *mut c_void,
    /// Appends `length` bytes.
    pub write: unsafe extern "C" fn(ctx: *mut c_void, data: *const u8, length: u64) -> i64,
}

/// A signed 128-bit amount of money in units of 1e-8 of its currency, as two's complement halves:
/// C has no portable 128-bit integer.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MoneyBits {
    /// Lower 64 bits.
    pub lo: u64,
    /// Upper 64 bits with the sign.
    pub hi: i64,
}

impl MoneyBits {
    /// Splits an amount.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "splitting into halves is the purpose"
    )]
    pub const fn new(amount: i128) -> Self {
        Self { lo: amount as u64, hi: (amount >> 64) as i64 }
    }

    /// Joins the halves.
    #[must_use]
    pub const fn get(self) -> i128 {
        ((self.hi as i128) << 64) | self.lo as i128
    }
}
