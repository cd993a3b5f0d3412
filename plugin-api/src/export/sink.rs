//! Both ends of a [`Sink`].
#![expect(unsafe_code, reason = "a sink is a function pointer with a context")]

use std::ffi::c_void;

use crate::abi::Sink;

/// The receiving end: collects bytes up to a limit.
pub struct SinkBuffer {
    bytes: Vec<u8>,
    limit: usize,
    is_over: bool,
}

impl SinkBuffer {
    /// Takes at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self::in_room(Vec::new(), limit)
    }

    /// Takes at most `limit` bytes, into the memory of `room`; what it holds is forgotten.
    #[must_use]
    pub fn in_room(mut room: Vec<u8>, limit: usize) -> Self {
        room.clear();
        Self { bytes: room, limit, is_over: false }
    }

    /// The sink to pass to the other side; valid while this buffer is not moved or dropped.
    pub fn sink(&mut self) -> Sink {
        Sink { ctx: std::ptr::from_mut(self).cast(), write }
    }

    /// What was written; `None` if it was more than the limit.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        (!self.is_over).then_some(self.bytes)
    }

    /// What was written, as text, cut at the limit.
    #[must_use]
    pub fn into_text(self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn push(&mut self, bytes: &[u8]) -> i64 {
        let room = self.limit - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            self.is_over = true;
            return -1;
        }
        0
    }
}

unsafe extern "C" fn write(ctx: *mut c_void, data: *const u8, length: u64) -> i64 {
    if data.is_null() || length == 0 {
        return 0;
    }
    let Ok(length) = usize::try_from(length) else { return -1 };
    // SAFETY: `ctx` is the `SinkBuffer` that `sink` took; its owner keeps it in place during the call
    let buffer = unsafe { &mut *ctx.cast::<SinkBuffer>() };
    // SAFETY: the writer vouches for `length` readable bytes, as the ABI demands
    buffer.push(unsafe { std::slice::from_raw_parts(data, length) })
}

/// The writing end. False if the receiver's limit is reached.
///
/// # Safety
/// `sink` is null or points to a sink that its owner keeps alive during the call.
pub(super) unsafe fn write_to(sink: *const Sink, bytes: &[u8]) -> bool {
    if sink.is_null() {
        return true;
    }
    // SAFETY: not null, and the caller vouches for the rest
    let sink = unsafe { *sink };
    // SAFETY: the function takes its own context and a slice that lives during the call
    unsafe { (sink.write)(sink.ctx, bytes.as_ptr(), bytes.len() as u64) >= 0 }
}
