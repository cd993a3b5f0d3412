//! The disk of the daemon: what it does is said in a file that `tests/instruments/disk.c` maps, preloaded into the daemon.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::live::now;
use crate::workspace::{Workspace, run as run_command};

const SOURCE: &str = "tests/instruments/disk.c";
/// Three words, on a page of its own.
const BYTES: u64 = 4_096;
/// Between two looks.
const STEP: Duration = Duration::from_micros(200);

/// What the disk does: the numbers of `disk.c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// What disks do.
    Work = 0,
    /// The next write to the log of `state.db` waits before anything of it is there.
    HoldWrites = 1,
    /// The next sync of it is done, and nobody hears of that.
    HoldSynced = 2,
}

/// The file, and the library.
pub(super) struct Disk {
    words: File,
    pub(super) file: PathBuf,
    pub(super) library: PathBuf,
}

impl Disk {
    /// Compiles the library into the folder.
    pub(super) fn make(workspace: &Workspace, folder: &Path) -> Result<Self> {
        let library = folder.join("libdisk.so");
        let mut gcc = workspace.command("gcc");
        gcc.args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", SOURCE, "-o"]);
        run_command(gcc.arg(&library))?;
        let file = folder.join("disk.words");
        fs::write(&file, []).with_context(|| format!("writing {}", file.display()))?;
        let words = File::options().read(true).write(true).open(&file).context("opening the disk's words")?;
        words.set_len(BYTES).context("making room for the disk's words")?;
        Ok(Self { words, file, library })
    }

    /// The disk does this from now on.
    pub(super) fn set(&self, does: Does) -> Result<()> {
        self.write(1, 0)?;
        self.write(0, does as u64)
    }

    /// Waits until a call is held; whether one is.
    pub(super) fn wait_for_hold(&self, deadline: Instant) -> Result<bool> {
        loop {
            let mut held = [0; 8];
            self.words.read_exact_at(&mut held, 8).context("reading the disk's words")?;
            if u64::from_ne_bytes(held) > 0 {
                return Ok(true);
            }
            if now() >= deadline {
                return Ok(false);
            }
            thread::park_timeout(STEP);
        }
    }

    fn write(&self, word: u64, value: u64) -> Result<()> {
        self.words.write_all_at(&value.to_ne_bytes(), word * 8).context("writing the disk's words")
    }
}
