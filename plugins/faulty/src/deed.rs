//! What is done to the host. Most of it never returns.

use std::{cell::RefCell, hint::black_box, mem, thread, time::Duration};

/// A payload of a panic that panics again.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload panics, too");
    }
}

pub(crate) fn panic_with_bomb() -> ! {
    std::panic::panic_any(Bomb)
}

/// Writes to the first page, which is never mapped.
pub(crate) fn segfault() -> ! {
    // SAFETY: none: this is the misbehaviour, and the process is meant to get the signal
    unsafe { std::ptr::without_provenance_mut::<u8>(8).write_volatile(1) };
    std::process::abort()
}

#[expect(clippy::disallowed_methods, reason = "ending the host's process is the misbehaviour")]
pub(crate) fn exit() -> ! {
    std::process::exit(3)
}

#[inline(never)]
#[expect(unconditional_recursion, reason = "overflowing the stack is the misbehaviour")]
pub(crate) fn overflow(depth: u64) -> u64 {
    let page = black_box([depth; 512]);
    overflow(depth.wrapping_add(1)).wrapping_add(black_box(page)[0])
}

pub(crate) fn hang() -> ! {
    loop {
        thread::park();
    }
}

pub(crate) fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Takes memory that is really there: every page is written.
pub(crate) fn leak(bytes: usize) {
    mem::forget(black_box(vec![1_u8; bytes]));
}

#[expect(clippy::disallowed_methods, reason = "being slow is the misbehaviour")]
pub(crate) fn slow(ms: u32) {
    thread::sleep(Duration::from_millis(u64::from(ms)));
}

/// A thread that is still there when the instance is not.
pub(crate) fn detach_thread() {
    drop(thread::spawn(hang));
}

/// The destructor keeps the library mapped for as long as the calling thread lives.
pub(crate) fn use_thread_local() {
    thread_local! { static KEPT: RefCell<Vec<u8>> = RefCell::new(vec![0; 64]); }
    KEPT.with_borrow_mut(|kept| kept.push(1));
}

pub(crate) fn print() {
    println!("as configured, to standard output");
    eprintln!("as configured, to standard error");
}
