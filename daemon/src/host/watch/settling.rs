//! Which files rest. Knows no clock and no file system: it is told the time and the stamps.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{DIRECTORIES_MAX, FILES_MAX, stamp::Stamp};

/// The files that are known or waited for.
pub(super) struct Settling<S = Stamp> {
    settle: Duration,
    files: BTreeMap<PathBuf, File<S>>,
}

struct File<S> {
    /// The stamp that was told last; `None` = it is not there, as far as was told.
    told: Option<S>,
    /// It may have changed.
    pending: Option<Pending<S>>,
    /// Somebody knows it although it was not told yet, so that its end is told in any case.
    is_expected: bool,
}

struct Pending<S> {
    stamp: Option<S>,
    since: Duration,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Settled,
    Removed,
}

impl<S: Copy + PartialEq> Settling<S> {
    pub(super) fn new(settle: Duration) -> Self {
        Self { settle, files: BTreeMap::new() }
    }

    /// A file as it is need not be told.
    pub(super) fn remember(&mut self, file: PathBuf, stamp: Option<S>) {
        self.files.insert(file, File { told: stamp, pending: None, is_expected: false });
    }

    /// Of all files that wait to be told, the end is told even if it comes first.
    pub(super) fn expect_all(&mut self) {
        self.files.values_mut().for_each(|file| file.is_expected = true);
    }

    /// All files that were told or are waited for.
    pub(super) fn known(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.keys()
    }

    /// A file may have changed; it has this stamp now.
    pub(super) fn touch(&mut self, file: PathBuf, now: Duration, stamp: Option<S>) {
        let is_full = self.files.len() >= DIRECTORIES_MAX * FILES_MAX;
        let known = match self.files.entry(file) {
            Entry::Occupied(known) => known.into_mut(),
            // came and went already, or nobody can look after so many
            Entry::Vacant(_) if stamp.is_none() || is_full => return,
            Entry::Vacant(place) => place.insert(File { told: None, pending: None, is_expected: false }),
        };
        match &mut known.pending {
            Some(pending) if pending.stamp == stamp => {}
            // what is as it was told needs no waiting
            None if known.told == stamp => {}
            pending => *pending = Some(Pending { stamp, since: now }),
        }
    }

    /// When the next file may be ripe.
    pub(super) fn due(&self) -> Option<Duration> {
        self.files.values().filter_map(|file| Some(file.pending.as_ref()?.since + self.settle)).min()
    }

    /// The files to look at again now.
    pub(super) fn ripe(&self, now: Duration) -> Vec<PathBuf> {
        let is_ripe = |file: &File<S>| file.pending.as_ref().is_some_and(|p| p.since + self.settle <= now);
        self.files.iter().filter(|(_, file)| is_ripe(file)).map(|(path, _)| path.clone()).collect()
    }

    /// A ripe file has this stamp now: what is to be told of it. [`Settling::confirm`] says that it was told.
    pub(super) fn check(&mut self, path: &Path, now: Duration, stamp: Option<S>) -> Option<Change> {
        let file = self.files.get_mut(path)?;
        let pending = file.pending.as_mut()?;
        if pending.stamp != stamp {
            *pending = Pending { stamp, since: now };
            return None;
        }
        if file.told == stamp && !(file.is_expected && stamp.is_none()) {
            // it is again what it was, for instance a removed file whose link came back
            file.pending = None;
            if stamp.is_none() {
                self.files.remove(path);
            }
            return None;
        }
        Some(if stamp.is_some() { Change::Settled } else { Change::Removed })
    }

    /// The change of a file was told.
    pub(super) fn confirm(&mut self, path: &Path) {
        let Some(file) = self.files.get_mut(path) else { return };
        let Some(pending) = file.pending.take() else { return };
        file.told = pending.stamp;
        file.is_expected = false;
        if file.told.is_none() {
            self.files.remove(path);
        }
    }

    /// The change of a file could not be told; it rests once more.
    pub(super) fn delay(&mut self, path: &Path, now: Duration) {
        if let Some(pending) = self.files.get_mut(path).and_then(|file| file.pending.as_mut()) {
            pending.since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_millis(200);

    fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    /// Looks at `x.so` at a time at which it has this stamp.
    fn look(settling: &mut Settling<u32>, time: u64, stamp: Option<u32>) -> Option<Change> {
        let path = Path::new("x.so");
        let change =
            if settling.ripe(ms(time)).is_empty() { None } else { settling.check(path, ms(time), stamp) };
        if change.is_some() {
            settling.confirm(path);
        }
        change
    }

    fn touch(settling: &mut Settling<u32>, time: u64, stamp: Option<u32>) {
        settling.touch("x.so".into(), ms(time), stamp);
    }

    #[test]
    fn a_file_is_told_once_when_it_rests() {
        let mut settling = Settling::new(SETTLE);
        touch(&mut settling, 0, Some(1));
        assert_eq!(settling.due(), Some(ms(200)));
        touch(&mut settling, 150, Some(2));
        assert_eq!(look(&mut settling, 200, Some(2)), None, "it changed meanwhile");
        assert_eq!(look(&mut settling, 350, Some(3)), None, "no event told of this change");
        assert_eq!(look(&mut settling, 550, Some(3)), Some(Change::Settled));
        touch(&mut settling, 600, Some(3));
        assert_eq!(settling.due(), None, "as it was told");
    }

    #[test]
    fn a_file_that_goes_and_comes_is_told_as_what_it_is_in_the_end() {
        let mut settling = Settling::new(SETTLE);
        settling.remember("x.so".into(), Some(1));
        touch(&mut settling, 0, None);
        touch(&mut settling, 10, Some(2));
        assert_eq!(look(&mut settling, 210, Some(2)), Some(Change::Settled));
        touch(&mut settling, 300, None);
        touch(&mut settling, 310, Some(2));
        assert_eq!(look(&mut settling, 510, Some(2)), None, "it is what was told");
        touch(&mut settling, 600, None);
        assert_eq!(look(&mut settling, 800, None), Some(Change::Removed));
        assert_eq!(settling.known().count(), 0);
        touch(&mut settling, 900, None);
        assert_eq!(settling.known().count(), 0, "what never was there is not remembered");
    }

    #[test]
    fn the_end_of_an_expected_file_is_told_before_the_file_itself() {
        let mut settling = Settling::new(SETTLE);
        touch(&mut settling, 0, Some(1));
        settling.expect_all();
        touch(&mut settling, 100, None);
        assert_eq!(look(&mut settling, 300, None), Some(Change::Removed));
        assert_eq!(settling.known().count(), 0);
        // one that nobody knew came and went
        touch(&mut settling, 400, Some(2));
        touch(&mut settling, 500, None);
        assert_eq!(look(&mut settling, 700, None), None);
    }

    #[test]
    fn what_could_not_be_told_is_offered_again() {
        let mut settling = Settling::new(SETTLE);
        touch(&mut settling, 0, Some(1));
        assert_eq!(settling.check(Path::new("x.so"), ms(200), Some(1)), Some(Change::Settled));
        settling.delay(Path::new("x.so"), ms(200));
        assert_eq!(settling.due(), Some(ms(400)));
        assert_eq!(look(&mut settling, 400, Some(1)), Some(Change::Settled));
    }
}
