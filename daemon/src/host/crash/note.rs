//! The last words of a process: one line in a file, written as it dies and read at the next start.
//!
//! ```text
//! crash SIGSEGV strategy ema strategy-ema-cross/0.1.0/3f2a on_events
//! crash exit    exchange sim exchange-synthetic/0.1.0/91cc new_order
//! hang  10s     strategy ema strategy-ema-cross/0.1.0/3f2a on_timer
//! crash SIGABRT none
//! ```
//!
//! A word holds no white space: such characters, controls and `%` are written as `%` and two digits for each byte.
//!
//! What is read was written by a dying process, or by anyone: only the first [`NOTE_BYTES_MAX`] bytes are looked at,
//! and a line of another form is no note.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::plugin_kind::PluginKind;

/// The name of the file in the state directory.
const FILE_NAME: &str = "last-words";
/// The longest line: two names, and some words of ours.
pub(super) const NOTE_BYTES_MAX: usize = 512;
/// What stands in place of an instance when none was in a call.
pub(super) const NOBODY: &str = "none";
pub(super) const CRASH: &str = "crash";
pub(super) const HANG: &str = "hang";

/// How the last process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashNote {
    /// A call did not return and the watchdog ended the process; otherwise the process crashed or was left by `exit`.
    pub is_hang: bool,
    /// The signal's name, `exit`, or how long the call had lasted.
    pub cause: String,
    /// Who was in a call.
    pub culprit: Option<Culprit>,
}

/// The instance that a process died in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// What it is.
    pub kind: PluginKind,
    /// Its name in the configuration.
    pub instance: String,
    /// `NAME/VERSION/BUILD` of its plugin.
    pub plugin: String,
    /// What of it was called.
    pub entry: String,
}

impl Culprit {
    /// The key of the instance in the store: `strategy.NAME` or `exchange.NAME`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}.{}", self.kind, self.instance)
    }
}

impl fmt::Display for CrashNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Culprit { instance, plugin, entry, .. }) = &self.culprit else {
            return write!(f, "{} outside of every plugin", self.cause);
        };
        if self.is_hang {
            return write!(f, "{instance} ({plugin}) did not return from `{entry}` within {}", self.cause);
        }
        write!(f, "{} in `{entry}` of {instance} ({plugin})", self.cause)
    }
}

/// Where the note of a state directory is: what `install` is given, too.
#[must_use]
pub fn file(directory: &Path) -> PathBuf {
    directory.join(FILE_NAME)
}

/// What the last process that used this state directory said as it died. Nothing if it said nothing, or nothing that
/// can be understood. Call it before `install`, which empties the file.
#[must_use]
pub fn last(directory: &Path) -> Option<CrashNote> {
    let mut bytes = Vec::new();
    let file = File::open(file(directory)).ok()?;
    file.take(NOTE_BYTES_MAX as u64).read_to_end(&mut bytes).ok()?;
    // the first line: what a dying process says after it is a consequence
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    parse(std::str::from_utf8(line).ok()?)
}

/// Removes the note once it has been counted.
///
/// # Errors
/// The file is there and cannot be removed.
pub fn forget(directory: &Path) -> io::Result<()> {
    match fs::remove_file(file(directory)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// A character as it stands in a word.
pub(super) fn escaped(c: char) -> String {
    if !(c.is_whitespace() || c.is_control() || c == '%') {
        return c.to_string();
    }
    let mut bytes = [0; 4];
    c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn unescaped(word: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(after.get(..2)?, 16).ok()?);
        rest = after.get(2..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

fn parse(line: &str) -> Option<CrashNote> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (first, cause, rest) = match *words.as_slice() {
        [first, cause, ref rest @ ..] => (first, cause, rest),
        _ => return None,
    };
    let is_hang = match first {
        HANG => true,
        CRASH => false,
        _ => return None,
    };
    let culprit = match *rest {
        [NOBODY] => None,
        [kind, instance, plugin, entry] => Some(Culprit {
            kind: [PluginKind::Strategy, PluginKind::Exchange, PluginKind::Log]
                .into_iter()
                .find(|k| k.name() == kind)?,
            instance: unescaped(instance)?,
            plugin: unescaped(plugin)?,
            entry: entry.to_owned(),
        }),
        _ => return None,
    };
    if culprit.is_none() && is_hang {
        return None;
    }
    Some(CrashNote { is_hang, cause: cause.to_owned(), culprit })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(content: &[u8], expect: &Expect) {
        let directory = tempfile::tempdir().unwrap();
        fs::write(file(directory.path()), content).unwrap();
        expect
            .assert_eq(&last(directory.path()).map_or_else(|| "no note".to_owned(), |note| note.to_string()));
        forget(directory.path()).unwrap();
        assert_eq!(last(directory.path()), None);
        forget(directory.path()).unwrap();
    }

    #[test]
    fn a_note_is_understood_or_there_is_none() {
        check(
            b"crash SIGSEGV strategy ema x/1.0/ab on_events\n",
            &expect!["SIGSEGV in `on_events` of ema (x/1.0/ab)"],
        );
        check(
            b"hang 10s strategy ema x/1.0/ab on_events\ncrash SIGABRT none\n",
            &expect!["ema (x/1.0/ab) did not return from `on_events` within 10s"],
        );
        check(b"crash exit exchange sim x/1.0/ab stop", &expect!["exit in `stop` of sim (x/1.0/ab)"]);
        check(b"crash SIGABRT none\n", &expect!["SIGABRT outside of every plugin"]);
        check(
            b"crash exit exchange 100%25%20sure%C2%A0 x stop",
            &expect!["exit in `stop` of 100% sure\u{a0} (x)"],
        );
        check(b"crash exit exchange 100% x stop", &expect!["no note"]);
        check("crash exit exchange %é x stop".as_bytes(), &expect!["no note"]);
        check(b"crash exit exchange %ff x stop", &expect!["no note"]);
        check(b"hang 10s none\n", &expect!["no note"]);
        check(b"", &expect!["no note"]);
        check(b"\n\n", &expect!["no note"]);
        check(b"crash", &expect!["no note"]);
        check(b"crash SIGSEGV plugin a b c\n", &expect!["no note"]);
        check(b"crash SIGSEGV strategy a b\n", &expect!["no note"]);
        check(b"crash SIGSEGV strategy a b c d\n", &expect!["no note"]);
        check(b"smash SIGSEGV none\n", &expect!["no note"]);
        check(b"crash \xff\xfe none\n", &expect!["no note"]);
        check(&[b'x'; 100_000], &expect!["no note"]);
        check(&[0; 4096], &expect!["no note"]);
    }
}
