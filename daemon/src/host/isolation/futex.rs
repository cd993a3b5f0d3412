//! Sleeping on a word of shared memory until a peer, maybe in another process, wakes us.
#![expect(unsafe_code, reason = "nix has no futex; the shared one is a system call of its own")]

use std::{ptr, sync::atomic::AtomicU32, time::Duration};

use nix::libc;

/// Sleeps at most `limit` while the word has the value `expected`; may return early for no reason.
pub(super) fn wait(word: &AtomicU32, expected: u32, limit: Duration) {
    let limit = libc::timespec {
        tv_sec: limit.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    // SAFETY: word and limit live during the call; the kernel only reads them
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT,
            expected,
            &raw const limit,
            ptr::null::<u32>(),
            0,
        )
    };
}

/// Wakes whoever sleeps on the word.
pub(super) fn wake(word: &AtomicU32) {
    // SAFETY: the kernel only takes the address
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE,
            i32::MAX,
            ptr::null::<u32>(),
            ptr::null::<u32>(),
            0,
        )
    };
}
