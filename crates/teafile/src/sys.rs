//! The one place with unsafe code: files in memory, and what `derive(TeaItem)` says of a struct.
//!
//! A mapping is as long as the file was when it was made. If others make the file shorter, touching what is gone ends the
//! process with SIGBUS, and if they write over items, a reader sees a mixture; neither happens to files that are only
//! appended to. That is the contract of `Mapped`, which is told there.
#![expect(unsafe_code, reason = "the system calls are not safe by themselves")]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// The first bytes of a file, to be read only.
#[derive(Debug)]
pub(crate) struct Map {
    start: NonNull<c_void>,
    length: NonZeroUsize,
}

// SAFETY: the memory is only read, by whomever, and given back when nobody borrows it any more
unsafe impl Send for Map {}
// SAFETY: as above
unsafe impl Sync for Map {}

impl Map {
    pub(crate) fn new(file: &File, length: NonZeroUsize) -> io::Result<Self> {
        let (readable, shared) = (ProtFlags::PROT_READ, MapFlags::MAP_SHARED);
        // SAFETY: the kernel chooses a place where nothing else is, so no memory of ours changes
        let start = unsafe { mmap(None, length, readable, shared, file, 0) }?;
        Ok(Self { start, length })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping has this length and lives as long as `self`; nobody writes through it, and that others leave
        // the file as it is, is the contract of `Mapped`
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.length.get()) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: the range is that of the mapping, and `self` was the last to know it
        let unmapped = unsafe { munmap(self.start, self.length.get()) };
        debug_assert!(unmapped.is_ok(), "a mapping is unmapped once");
    }
}

/// What `derive(TeaItem)` says of a struct once it has seen to it that every field is a [`crate::TeaField`].
#[doc(hidden)]
#[macro_export]
macro_rules! any_bytes_are_an_item {
    ($item:ident) => {
        // SAFETY: `derive(TeaItem)` has the compiler refuse a field that is no number or array of bytes, and those may be zero
        #[automatically_derived]
        unsafe impl $crate::__private::bytemuck::Zeroable for $item {}

        // SAFETY: as above, and those take any bytes; `derive(TeaItem)` refuses what is not `Copy`, and has no references
        #[automatically_derived]
        unsafe impl $crate::__private::bytemuck::AnyBitPattern for $item {}
    };
}
