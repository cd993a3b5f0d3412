//! The program `tea` as its user runs it: what it prints, what it writes, and how it ends.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[cfg(feature = "arrow")]
mod arrow;
mod convert;
mod csv;
mod edit;
mod index;
mod look;
mod mend;
mod pages;
#[cfg(feature = "arrow")]
mod parquet;
mod plot;
mod tail;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value as Json;
use teafile::{Description, TimeScale};

/// What a run left.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// What it printed, if all was well.
    #[track_caller]
    fn well(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    #[track_caller]
    fn json(self) -> Json {
        serde_json::from_str(&self.well()).unwrap()
    }

    /// What it complained of.
    #[track_caller]
    fn refused(self) -> String {
        assert_eq!(self.code, Some(2), "{} {}", self.out, self.err);
        self.err
    }
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tea"));
    command.current_dir(folder);
    command
}

/// Runs `tea` in a folder; `line` is what stands behind its name.
fn tea(folder: &Path, line: &str) -> Ran {
    program(folder).args(line.split_whitespace()).output().unwrap().into()
}

fn golden(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/teafile")).join(name)
}

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// `acme.tea`: three ticks of one morning.
fn acme(folder: &Path) -> PathBuf {
    let (made, path) = (folder.join("made.tea"), folder.join("acme.tea"));
    let description = Description::new("Time Price Volume", "qdq")
        .unwrap()
        .content("prices of acme")
        .name_value("decimals", 2)
        .time_scale(TimeScale::JAVA);
    let mut file = teafile::create(&made, &description).unwrap();
    for (time, price, volume) in [
        (1_299_229_200_000_i64, 45.114, 4_500_i64),
        (1_299_232_800_000, 46.33, 1_100),
        (1_299_236_400_000, 46.5, 300),
    ] {
        file.write(&[time.into(), price.into(), volume.into()]).unwrap();
    }
    file.close().unwrap();
    // a copy, because a program that another test begins right now may have the lock of this file for a moment
    std::fs::copy(&made, &path).unwrap();
    std::fs::remove_file(made).unwrap();
    path
}
