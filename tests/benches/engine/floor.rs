//! The floor: each record of the mapped file is read by a function of a library. Nothing that calls a plugin for each
//! tick can be faster.

use std::{fs::File, hint::black_box, num::NonZeroUsize, path::Path, slice};

use libloading::{Library, Symbol};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use stratd::runtime::clock::Stopwatch;
use stratd_tests::c_library;

use crate::{run::Outcome, ticks::RECORD};

pub(crate) struct Floor(Library);

type Tick = unsafe extern "C" fn(*const u8) -> i64;

impl Floor {
    pub(crate) fn new(folder: &Path) -> Self {
        let library = c_library("tests/benches/engine/floor.c", "floor", &[], folder);
        // SAFETY: the library was made of that file just now, and has no initialisers.
        Self(unsafe { Library::new(library) }.expect("a library that was just made"))
    }

    /// Over a fresh mapping, and again over the same one.
    pub(crate) fn round(&self, ticks: &Path, count: usize) -> [Outcome; 2] {
        let file = File::open(ticks).expect("the file of ticks");
        let len = NonZeroUsize::new(count * RECORD).expect("some ticks");
        // SAFETY: a private mapping at a place that the kernel chooses overlaps nothing of this process.
        let start = unsafe { mmap(None, len, ProtFlags::PROT_READ, MapFlags::MAP_PRIVATE, &file, 0) };
        let start = start.expect("the file can be mapped");
        // SAFETY: so many bytes were mapped there, and the file is as long.
        let bytes = unsafe { slice::from_raw_parts(start.cast::<u8>().as_ptr(), len.get()) };
        // SAFETY: `floor.c` defines it so.
        let tick: Symbol<'_, Tick> =
            unsafe { self.0.get(b"floor_tick") }.expect("the function of the library");
        let tick = black_box(*tick);
        let both = [(); 2].map(|()| {
            let watch = Stopwatch::start();
            let mut sum = 0i64;
            for record in bytes.chunks_exact(RECORD) {
                // SAFETY: it reads bytes 8 to 16 of a record of 40.
                sum += unsafe { tick(record.as_ptr()) };
            }
            black_box(sum);
            Outcome::new(watch.took(), count, 0, String::new())
        });
        // SAFETY: mapped above, and nothing borrows it any more.
        unsafe { munmap(start, len.get()) }.expect("what was mapped can be unmapped");
        both
    }
}
