//! The directories that are watched, and which names in them are plugins.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{DIRECTORIES_MAX, FILES_MAX, hints::Hints, stamp::SIDECARS};

/// All directories, by their absolute paths, as inotify names them.
pub(super) struct Places {
    places: BTreeMap<PathBuf, Place>,
    hints: Hints,
}

/// A directory.
struct Place {
    /// The path as it was given, which is what others know.
    given: PathBuf,
    /// Every plugin in it counts.
    is_whole: bool,
    /// These count in any case.
    names: BTreeSet<OsString>,
    /// The directory about which inotify gives hints.
    watched: Option<Identity>,
    /// What was told about it last, so that it is told once.
    problem: Option<String>,
}

/// Tells a directory from another one at the same path. The number of a removed directory is given to the next one at
/// once on some file systems; its time of birth differs.
type Identity = (u64, u64, Option<SystemTime>);

impl Places {
    pub(super) fn new(directories: &[PathBuf], files: &[PathBuf], hints: Hints) -> io::Result<Self> {
        let mut places = BTreeMap::new();
        for directory in directories {
            place(&mut places, directory)?.is_whole = true;
        }
        for file in files {
            let name = file
                .file_name()
                .ok_or_else(|| io::Error::other(format!("{} (expected a file)", file.display())))?;
            let directory = file.parent().unwrap_or(Path::new(""));
            place(&mut places, directory)?.names.insert(name.to_owned());
        }
        if places.len() > DIRECTORIES_MAX {
            let found = places.len();
            return Err(io::Error::other(format!(
                "watching {found} directories (expected at most {DIRECTORIES_MAX})"
            )));
        }
        Ok(Self { places, hints })
    }

    pub(super) fn take_overflow(&self) -> bool {
        self.hints.take_overflow()
    }

    /// The plugin, by the path that others know, that a hint about `path` is about.
    pub(super) fn plugin_of(&self, path: &Path) -> Option<PathBuf> {
        let place = self.places.get(path.parent()?)?;
        let name = path.file_name()?;
        // a sidecar that comes later makes another verdict of the same file
        let name = name.to_str().map_or(name, |text| {
            OsStr::new(SIDECARS.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text))
        });
        place.has(name).then(|| place.given.join(name))
    }

    /// A hint about `path` itself: if it is a watched directory, the watch is renewed by the next scan.
    pub(super) fn forget(&mut self, path: &Path) -> bool {
        let Some(place) = self.places.get_mut(path) else { return false };
        if place.watched.take().is_some() {
            self.hints.unwatch(path);
        }
        true
    }

    /// Watches what is not watched yet, and lists the plugins; the new problems besides.
    pub(super) fn scan(&mut self) -> (Vec<PathBuf>, Vec<String>) {
        let (mut plugins, mut problems) = (Vec::new(), Vec::new());
        for (path, place) in &mut self.places {
            // before listing: what comes in between is seen twice rather than never
            let mut problem = place.watch(path, &mut self.hints);
            if place.is_whole {
                problem = place.list(&mut plugins).or(problem);
            }
            plugins.extend(place.names.iter().map(|name| place.given.join(name)));
            if place.problem != problem {
                problems.extend(problem.clone());
                place.problem = problem;
            }
        }
        (plugins, problems)
    }
}

/// The place of a directory, made if there is none.
fn place<'a>(places: &'a mut BTreeMap<PathBuf, Place>, given: &Path) -> io::Result<&'a mut Place> {
    // the directory of a bare name is the current one, which has no shorter path
    let absolute =
        if given.as_os_str().is_empty() { std::env::current_dir()? } else { std::path::absolute(given)? };
    Ok(places.entry(absolute).or_insert_with(|| Place {
        given: given.to_owned(),
        is_whole: false,
        names: BTreeSet::new(),
        watched: None,
        problem: None,
    }))
}

impl Place {
    fn has(&self, name: &OsStr) -> bool {
        self.names.contains(name) || self.is_whole && is_plugin(name)
    }

    /// Asks for hints if the directory is there and is not the one that is watched.
    fn watch(&mut self, path: &Path, hints: &mut Hints) -> Option<String> {
        let there = identity(path);
        if there.is_some() && there == self.watched {
            return None;
        }
        if self.watched.take().is_some() {
            hints.unwatch(path);
        }
        // one that is not there yet is no problem
        let there = there?;
        match hints.watch(path) {
            Ok(()) => {
                self.watched = Some(there);
                None
            }
            Err(reason) => Some(format!(
                "{}: no notifications of the kernel ({reason}); it is looked at regularly instead",
                self.given.display()
            )),
        }
    }

    /// Lists the plugins in the directory.
    fn list(&self, plugins: &mut Vec<PathBuf>) -> Option<String> {
        let problem = |text: String| Some(format!("{}: {text}", self.given.display()));
        let entries = match fs::read_dir(&self.given) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return None,
            Err(e) => return problem(format!("listing it: {e}")),
        };
        let mut count = 0;
        for entry in entries {
            let name = match entry {
                Ok(entry) => entry.file_name(),
                Err(e) => return problem(format!("listing it: {e}")),
            };
            if !is_plugin(&name) {
                continue;
            }
            count += 1;
            if count > FILES_MAX {
                return problem(format!("more than {FILES_MAX} plugins, the others are not watched"));
            }
            plugins.push(self.given.join(name));
        }
        None
    }
}

/// `NAME.so`; what is hidden is the unfinished file of some tool.
fn is_plugin(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.ends_with(".so") && !name.starts_with('.'))
}

fn identity(directory: &Path) -> Option<Identity> {
    let meta = fs::metadata(directory).ok().filter(fs::Metadata::is_dir)?;
    Some((meta.dev(), meta.ino(), meta.created().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plugins_and_what_lies_beside_them_count() {
        let (hints, _receiver) = Hints::none("a test");
        let places =
            Places::new(&["/plugins".into()], &["/single/one.so".into(), "bare.so".into()], hints).unwrap();
        let plugin = |path: &str| places.plugin_of(Path::new(path)).map(|path| path.display().to_string());
        assert_eq!(plugin("/plugins/x.so").as_deref(), Some("/plugins/x.so"));
        assert_eq!(plugin("/plugins/x.so.sha256").as_deref(), Some("/plugins/x.so"));
        assert_eq!(plugin("/plugins/x.so.minisig").as_deref(), Some("/plugins/x.so"));
        for other in ["x.so.tmp", ".x.so", ".x.so.AbCdEf", "x.d", "x.so.1", "below/x.so", "so"] {
            assert_eq!(plugin(&format!("/plugins/{other}")), None, "{other}");
        }
        assert_eq!(plugin("/single/one.so").as_deref(), Some("/single/one.so"));
        assert_eq!(plugin("/single/two.so"), None);
        let here = std::env::current_dir().unwrap().join("bare.so");
        assert_eq!(plugin(here.to_str().unwrap()).as_deref(), Some("bare.so"));
    }

    #[test]
    fn too_much_is_refused_or_told_once() {
        let many: Vec<PathBuf> = (0..=DIRECTORIES_MAX).map(|n| format!("/d{n}").into()).collect();
        assert!(Places::new(&many, &[], Hints::none("a test").0).is_err());
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=FILES_MAX {
            fs::write(folder.path().join(format!("{number}.so")), "").unwrap();
        }
        let mut places = Places::new(&[folder.path().to_owned()], &[], Hints::none("a test").0).unwrap();
        let (plugins, problems) = places.scan();
        assert_eq!((plugins.len(), problems.len()), (FILES_MAX, 1));
        assert!(problems[0].ends_with("more than 4096 plugins, the others are not watched"), "{problems:?}");
        assert_eq!(places.scan().1, Vec::<String>::new());
    }
}
