//! Where each value of a merged configuration came from.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Position, Problem, ProblemKind, document::Place, pointer};

/// Who said a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// A file, by its index in [`Origins::files`], there.
    File(usize, Place),
    /// A command-line flag, as in `--strategy ema-cross`.
    Flag(String),
    /// A change through the control socket, in words.
    Change(String),
}

/// A file that a configuration was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceFile {
    /// As the user named it.
    pub(crate) name: String,
    /// Relative paths of the file are relative to this.
    pub(crate) folder: PathBuf,
}

impl SourceFile {
    pub(crate) fn new(path: &Path) -> Self {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self { name: path.display().to_string(), folder }
    }
}

/// Origins by pointer. What has none of its own (a default, a missing key) has that of what it is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origins {
    /// In the order of their layers: the file of the command line first, then what was layered over it.
    pub(crate) files: Vec<SourceFile>,
    pub(super) by_pointer: BTreeMap<String, Origin>,
}

/// Which part of an entry a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    Key,
    Value,
}

/// A problem that does not know yet where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) pointer: String,
    pub(crate) spot: Spot,
    pub(crate) kind: ProblemKind,
    pub(crate) found: String,
    pub(crate) accepted: String,
    pub(crate) hint: Option<String>,
}

impl Finding {
    /// Something does not fit together.
    pub(crate) fn conflict(
        pointer: impl Into<String>,
        found: impl Into<String>,
        accepted: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            spot: Spot::Value,
            kind: ProblemKind::Conflict,
            // texts of loaders and of other crates may have several lines
            found: found.into().replace('\n', "; "),
            accepted: accepted.into(),
            hint: None,
        }
    }
}

impl Origins {
    /// A flag replaces the value at `pointer` and all that is in it.
    pub(crate) fn replace(&mut self, pointer: &str, flag: &str) {
        self.say(pointer, Origin::Flag(flag.to_owned()));
    }

    /// The value at `pointer`, and all that is in it, comes from there now.
    pub(crate) fn say(&mut self, pointer: &str, origin: Origin) {
        self.forget(pointer);
        self.by_pointer.insert(pointer.to_owned(), origin);
    }

    /// There is no value at `pointer` any more.
    pub(crate) fn forget(&mut self, pointer: &str) {
        self.by_pointer.retain(|known, _| !pointer::is_within(known, pointer));
    }

    /// What was the whole is the value at `pointer` now.
    pub(crate) fn move_into(&mut self, pointer: &str) {
        let moved = std::mem::take(&mut self.by_pointer).into_iter();
        self.by_pointer = moved.map(|(known, origin)| (format!("{pointer}{known}"), origin)).collect();
    }

    /// The folder in which a relative path that was written at `pointer` starts; `None` for one of a flag, or where
    /// there is no file. What came through the control socket starts where the file of the command line lies.
    pub(crate) fn folder_of(&self, pointer: &str) -> Option<&Path> {
        let index = match self.find(pointer)?.1 {
            Origin::File(index, _) => *index,
            Origin::Change(_) => 0,
            Origin::Flag(_) => return None,
        };
        self.files.get(index).map(|file| file.folder.as_path())
    }

    /// The flag that said the value at `pointer`, something in it, or what it is in.
    pub(crate) fn flag_at(&self, pointer: &str) -> Option<&str> {
        let flag = |origin: &'_ Origin| matches!(origin, Origin::Flag(_));
        let inside =
            self.by_pointer.iter().find(|(known, origin)| pointer::is_within(known, pointer) && flag(origin));
        match inside.map(|(_, origin)| origin).or_else(|| self.find(pointer).map(|(_, origin)| origin))? {
            Origin::Flag(flag) => Some(flag),
            Origin::File(..) | Origin::Change(_) => None,
        }
    }

    /// Where the value at `pointer` was written, for people: `FILE:LINE`, a flag, or a change.
    pub(crate) fn words(&self, pointer: &str) -> Option<String> {
        Some(match self.find(pointer)?.1 {
            Origin::File(index, place) => {
                let name = self.files.get(*index).map(|file| file.name.as_str()).unwrap_or_default();
                format!("{name}:{}", place.key.line)
            }
            Origin::Flag(text) | Origin::Change(text) => text.clone(),
        })
    }

    fn find<'a>(&self, mut pointer: &'a str) -> Option<(&'a str, &Origin)> {
        loop {
            if let Some(origin) = self.by_pointer.get(pointer) {
                return Some((pointer, origin));
            }
            pointer = pointer::parent(pointer)?;
        }
    }

    /// The order in which problems are told: those of files by file and line, then the others.
    pub(crate) fn rank(&self, problem: &Problem) -> (bool, usize, Option<Position>) {
        let file = self.files.iter().position(|file| file.name == problem.file);
        (problem.position.is_none(), file.unwrap_or(self.files.len()), problem.position)
    }

    /// The finding with its place.
    pub(crate) fn locate(&self, root: &Value, finding: Finding) -> Problem {
        let (file, position) = match self.find(&finding.pointer) {
            Some((_, Origin::Flag(text) | Origin::Change(text))) => (text.clone(), None),
            Some((at, Origin::File(index, place))) => {
                let is_itself = at == finding.pointer && finding.spot == Spot::Value;
                let position = if is_itself { place.value } else { place.key };
                (self.files.get(*index).map(|file| file.name.clone()).unwrap_or_default(), Some(position))
            }
            None => match self.files.first() {
                Some(file) => (file.name.clone(), Some(Position { line: 1, column: 1 })),
                None => ("command line".to_owned(), None),
            },
        };
        Problem {
            file,
            position,
            key: pointer::dotted(root, &finding.pointer),
            pointer: finding.pointer,
            kind: finding.kind,
            found: finding.found,
            accepted: finding.accepted,
            hint: finding.hint,
        }
    }
}
