//! A file as memory.

use std::{fs::File, num::NonZeroUsize, ptr::NonNull, slice};

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// A whole file, mapped to be read. Nobody may shorten the file meanwhile: a read beyond its end kills the process,
/// which a measurement accepts and a connector for users would not.
pub(crate) struct Mapped {
    start: NonNull<u8>,
    len: usize,
}

impl Mapped {
    pub(crate) fn new(file: &File) -> std::io::Result<Self> {
        let len = usize::try_from(file.metadata()?.len()).map_err(std::io::Error::other)?;
        let room = NonZeroUsize::new(len).ok_or_else(|| std::io::Error::other("the file is empty"))?;
        // SAFETY: a private mapping at a place that the kernel chooses overlaps nothing of this process.
        let start = unsafe { mmap(None, room, ProtFlags::PROT_READ, MapFlags::MAP_PRIVATE, file, 0) }?;
        Ok(Self { start: start.cast(), len })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `new` mapped `len` bytes there to be read, and only `drop` unmaps them; nobody writes to the file,
        // as its measurement promises.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: `new` mapped exactly this, and a borrow of `bytes` ends before the value does.
        let unmapped = unsafe { munmap(self.start.cast(), self.len) };
        debug_assert!(unmapped.is_ok(), "what was mapped can be unmapped");
    }
}

// SAFETY: the bytes are only read, from whichever thread; `Mapped` alone owns the mapping.
unsafe impl Send for Mapped {}
