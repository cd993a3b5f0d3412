//! What the machine can do: the same work without anything of the crate.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::ptr::NonNull;

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use crate::Tick;

const CHUNK: usize = 1 << 20;

/// A file that is mapped and cast.
pub(crate) struct BareMap {
    start: NonNull<std::ffi::c_void>,
    length: NonZeroUsize,
}

impl BareMap {
    pub(crate) fn open(path: &Path) -> Self {
        let file = File::open(path).unwrap();
        let length = NonZeroUsize::new(usize::try_from(file.metadata().unwrap().len()).unwrap()).unwrap();
        // SAFETY: the kernel chooses the place
        let start =
            unsafe { mmap(None, length, ProtFlags::PROT_READ, MapFlags::MAP_SHARED, &file, 0) }.unwrap();
        Self { start, length }
    }

    pub(crate) fn ticks(&self, start: usize) -> &[Tick] {
        let count = (self.length.get() - start) / size_of::<Tick>();
        // SAFETY: the benchmark wrote these items itself, aligned to 8 bytes, and nobody changes the file
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().byte_add(start).cast(), count) }
    }
}

impl Drop for BareMap {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nobody borrows it any more
        unsafe { munmap(self.start, self.length.get()) }.unwrap();
    }
}

/// The sum of all prices by read(2).
pub(crate) fn sum_by_read(path: &Path, start: usize) -> f64 {
    // a multiple of the size of an item, so that none lies across two buffers
    let mut buffer = vec![0; CHUNK / size_of::<Tick>() * size_of::<Tick>()];
    let mut file = File::open(path).unwrap();
    file.seek(SeekFrom::Start(start as u64)).unwrap();
    let mut sum = 0.0;
    loop {
        let mut length = 0;
        while length < buffer.len() {
            match file.read(&mut buffer[length..]).unwrap() {
                0 => break,
                count => length += count,
            }
        }
        if length == 0 {
            return sum;
        }
        for item in buffer[..length].chunks_exact(size_of::<Tick>()) {
            sum += f64::from_ne_bytes(item[8..16].try_into().unwrap());
        }
    }
}

/// All bytes by write(2).
pub(crate) fn write_chunks(path: &Path, bytes: &[u8], chunk: usize) {
    let mut file = File::create(path).unwrap();
    // as a file that is made by us: it is on the disk before items are
    file.sync_all().unwrap();
    for chunk in bytes.chunks(chunk) {
        file.write_all(chunk).unwrap();
    }
}
