//! Old recordings go: those that were written too long ago, and the oldest ones where all take too much room.
//!
//! Only what the recorder makes is touched: folders `NAME.recording` with a head, and market files two folders deep, by the
//! form of their names. Their age is the time at which they were last written, so that a backtest of old prices is not old.
//! What was written within a day, or is open in a daemon (whose lock says so), stays in any case, and links are not followed.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    thread::Builder,
};

use stratd_plugin_api::Timestamp;

use super::{HEAD_FILE, MarketKind, RECORDING};
use crate::runtime::clock;

/// More recordings and files in one folder are not looked at.
const FOUND_MAX: usize = 1_000_000;
/// What was written within so many seconds stays.
const YOUNG_S: i64 = 24 * 3_600;
/// Seconds of a day.
const DAY_S: i64 = 24 * 3_600;

/// What is kept; nothing is deleted by a limit that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keep {
    /// Days since the last write.
    pub(crate) days: Option<u32>,
    /// Bytes of all.
    pub(crate) bytes: Option<u64>,
}

impl Keep {
    /// Whether anything is ever deleted.
    pub(super) fn is_limited(self) -> bool {
        self.days.is_some() || self.bytes.is_some()
    }

    /// Deletes what is not kept, on a thread of its own: the recorder has rows to write. It ends by itself.
    pub(super) fn sweep_beside(self, root: &Path) {
        let root = root.to_owned();
        let sweep = move || tell(&root, &self.sweep(&root, clock::now()));
        if let Err(error) = Builder::new().name("recorder-old".to_owned()).spawn(sweep) {
            tracing::warn!(logger = "recorder", "old recordings stay for another day: {error}");
        }
    }

    /// Deletes what is not kept.
    fn sweep(self, root: &Path, now: Timestamp) -> Swept {
        let now_s = now.get().div_euclid(1_000_000_000);
        let mut found = Vec::new();
        find(root, &mut found);
        found.sort_by(|a, b| (a.written_s, &a.path).cmp(&(b.written_s, &b.path)));
        let mut left: u64 = found.iter().map(|one| one.bytes).sum();
        let mut swept = Swept::default();
        for one in found {
            let age_s = now_s.saturating_sub(one.written_s);
            let is_old = self.days.is_some_and(|days| age_s > i64::from(days) * DAY_S);
            let is_too_much = self.bytes.is_some_and(|bytes| left > bytes);
            if age_s < YOUNG_S || !(is_old || is_too_much) || one.is_open() {
                continue;
            }
            match one.remove() {
                Ok(()) => {
                    left -= one.bytes;
                    swept.bytes += one.bytes;
                    swept.recordings += u64::from(one.is_recording);
                    swept.files += u64::from(!one.is_recording);
                }
                Err(error) => swept.failed.push(format!("{}: {error}", one.path.display())),
            }
        }
        swept.left = left;
        swept
    }
}

/// What became of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Swept {
    recordings: u64,
    files: u64,
    bytes: u64,
    left: u64,
    failed: Vec<String>,
}

fn tell(root: &Path, swept: &Swept) {
    let Swept { recordings, files, bytes, left, failed } = swept;
    let root = root.display();
    if recordings + files > 0 {
        tracing::info!(
            logger = "recorder",
            "deleted {recordings} old recordings and {files} old market files in {root}: {bytes} bytes, {left} are left"
        );
    }
    if let Some(first) = failed.first() {
        tracing::warn!(
            logger = "recorder",
            "{} old recordings in {root} cannot be deleted, such as {first}",
            failed.len()
        );
    }
}

/// A recording of a run, or a market file.
struct Found {
    path: PathBuf,
    is_recording: bool,
    /// Seconds since 1970.
    written_s: i64,
    bytes: u64,
}

impl Found {
    /// Whether a daemon writes it: it holds a lock on each file that it has open.
    fn is_open(&self) -> bool {
        let file = if self.is_recording { self.path.join("inputs.tea") } else { self.path.clone() };
        let Ok(file) = File::open(file) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    fn remove(&self) -> std::io::Result<()> {
        if self.is_recording { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) }
    }
}

/// What is ours below the folder of all recordings.
fn find(root: &Path, found: &mut Vec<Found>) {
    for folder in folders(root) {
        if name_of(&folder).ends_with(RECORDING) {
            if folder.join(HEAD_FILE).is_file() {
                found.push(recording(folder));
            }
            continue;
        }
        let symbols = folders(&folder);
        for file in symbols.iter().flat_map(|symbol| entries(symbol)) {
            let Ok(meta) = fs::symlink_metadata(&file) else { continue };
            if meta.is_file() && is_market_file(&name_of(&file)) {
                let (written_s, bytes) = (meta.mtime(), meta.len());
                found.push(Found { path: file, is_recording: false, written_s, bytes });
            }
        }
    }
}

/// A recording is as old as the file that was written last.
fn recording(path: PathBuf) -> Found {
    let metas = entries(&path).into_iter().filter_map(|file| fs::symlink_metadata(file).ok());
    let (written_s, bytes) =
        metas.fold((i64::MIN, 0), |(written, bytes), meta| (meta.mtime().max(written), bytes + meta.len()));
    Found { path, is_recording: true, written_s, bytes }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().take(FOUND_MAX).map(|entry| entry.path()).collect()
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let is_folder = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
    entries(folder).into_iter().filter(is_folder).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `KIND-DATE.tea`, `KIND-DATE-NUMBER.tea`, or what was cut off such a file.
fn is_market_file(name: &str) -> bool {
    let name = name.strip_suffix(".torn").unwrap_or(name);
    let Some((kind, rest)) = name.strip_suffix(".tea").and_then(|stem| stem.split_once('-')) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = rest.split('-').collect();
    MarketKind::ALL.iter().any(|known| known.name() == kind)
        && matches!(parts.len(), 3 | 4)
        && parts.iter().all(|part| is_number(part))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    /// Now, in days since 1970.
    const NOW: u64 = 1_000;

    fn make(root: &Path, name: &str, bytes: usize, written_days_ago: u64) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, vec![0; bytes]).unwrap();
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs((NOW - written_days_ago) * 86_400);
        File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    }

    fn swept(root: &Path, days: Option<u32>, bytes: Option<u64>) -> [u64; 4] {
        let now = Timestamp::new(i64::try_from(NOW).unwrap() * DAY_S * 1_000_000_000);
        let swept = Keep { days, bytes }.sweep(root, now);
        assert_eq!(swept.failed, Vec::<String>::new());
        [swept.recordings, swept.files, swept.bytes, swept.left]
    }

    fn place() -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for (name, bytes, days) in [
            ("old.recording/head.json", 10, 40),
            ("old.recording/inputs.tea", 90, 30),
            ("new.recording/head.json", 10, 5),
            ("new.recording/inputs.tea", 40, 2),
            ("x/AAA/trade-2026-01-01.tea", 100, 20),
            ("x/AAA/quote-2026-01-02-2.tea", 100, 3),
            ("x/AAA/trade-2026-01-03.tea", 100, 0),
            // not ours
            ("no-head.recording/inputs.tea", 7, 900),
            ("x/AAA/notes.txt", 7, 900),
            ("x/AAA/trade-march.tea", 7, 900),
            ("trade-2026-01-01.tea", 7, 900),
        ] {
            make(place.path(), name, bytes, days);
        }
        place
    }

    #[test]
    fn what_is_old_goes_and_nothing_else() {
        let place = place();
        assert_eq!(swept(place.path(), None, None), [0, 0, 0, 450]);
        assert_eq!(swept(place.path(), Some(10), None), [1, 1, 200, 250]);
        assert!(!place.path().join("old.recording").exists());
        assert!(place.path().join("x/AAA/notes.txt").exists());
        assert!(place.path().join("no-head.recording/inputs.tea").exists());
        assert_eq!(swept(place.path(), Some(0), None), [1, 1, 150, 100]);
        assert!(place.path().join("x/AAA/trade-2026-01-03.tea").exists(), "it was written today");
    }

    #[test]
    fn the_oldest_goes_until_there_is_little_enough() {
        let place = place();
        assert_eq!(swept(place.path(), None, Some(300)), [1, 1, 200, 250]);
        assert_eq!(swept(place.path(), None, Some(1)), [1, 1, 150, 100]);
    }

    #[test]
    fn what_a_daemon_writes_stays() {
        let place = place();
        let open = File::open(place.path().join("old.recording/inputs.tea")).unwrap();
        open.lock().unwrap();
        assert_eq!(swept(place.path(), Some(10), None), [0, 1, 100, 350]);
        drop(open);
        assert_eq!(swept(place.path(), Some(10), None), [1, 0, 100, 250]);
    }
}
