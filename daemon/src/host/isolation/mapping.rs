//! A piece of memory that two threads, or two processes, have in common.
//!
//! It is a memfd whose size is sealed: a peer that truncated it would otherwise kill this process with SIGBUS.
//! Everything in it is reached as relaxed or ordered atomics only, so that whatever the peer writes, and whenever, is
//! a value that was read and no undefined behaviour.
#![expect(unsafe_code, reason = "maps memory")]

use std::{
    io,
    num::NonZeroUsize,
    os::fd::{AsFd, OwnedFd},
    ptr::NonNull,
    slice,
    sync::atomic::{AtomicU32, AtomicU64},
};

use nix::{
    fcntl::{FcntlArg, SealFlag, fcntl},
    sys::{
        memfd::{MFdFlags, memfd_create},
        mman::{MapFlags, ProtFlags, mmap, munmap},
        stat::fstat,
    },
    unistd::ftruncate,
};

/// Mapped shared memory, as words of 8 bytes.
pub(super) struct Mapping {
    words: NonNull<AtomicU64>,
    count: usize,
}

// SAFETY: the memory is only reached through atomics
unsafe impl Send for Mapping {}
// SAFETY: as above
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Makes a memory of so many words, all zero, and the descriptor through which another process maps it, too.
    pub(super) fn create(words: usize) -> io::Result<(Self, OwnedFd)> {
        let file = memfd_create(c"stratd-ring", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
        let bytes = words.checked_mul(size_of::<u64>()).and_then(|bytes| i64::try_from(bytes).ok());
        ftruncate(&file, bytes.ok_or(io::ErrorKind::InvalidInput)?)?;
        let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
        Ok((Self::of(&file, words)?, file))
    }

    /// Maps a memory that must have so many words.
    pub(super) fn of(file: &impl AsFd, words: usize) -> io::Result<Self> {
        let bytes = words.checked_mul(size_of::<u64>()).and_then(NonZeroUsize::new);
        let bytes = bytes.ok_or(io::ErrorKind::InvalidInput)?;
        let found = fstat(file)?.st_size;
        if usize::try_from(found).ok() != Some(bytes.get()) {
            return Err(io::Error::other(format!("a shared memory of {found} bytes (accepted: {bytes})")));
        }
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping of a file of this size, which nothing else in this process overlaps
        let place = unsafe { mmap(None, bytes, protection, MapFlags::MAP_SHARED, file, 0) }?;
        Ok(Self { words: place.cast(), count: words })
    }

    pub(super) fn words(&self) -> &[AtomicU64] {
        // SAFETY: mapped by `of` with this size until `drop`, page-aligned; atomics allow the peer to write
        unsafe { slice::from_raw_parts(self.words.as_ptr(), self.count) }
    }

    /// A word as a flag to sleep on; such a word is never used as one of 8 bytes.
    pub(super) fn flag(&self, index: usize) -> &AtomicU32 {
        let word = &self.words()[index];
        // SAFETY: within the word, which is aligned for more, and lives as long as the borrow of the mapping
        unsafe { AtomicU32::from_ptr(word.as_ptr().cast()) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `of` with this size; borrows of the words ended with the owner's life
        let unmapped = unsafe { munmap(self.words.cast(), self.count * size_of::<u64>()) };
        // a mapping that stays costs address space only
        let _ = unmapped;
    }
}
