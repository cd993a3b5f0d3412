//! Where each value of a merged configuration came from.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value;

use super::{Position, Problem, ProblemKind, document::Place, pointer};

/// Who said a value.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// The configuration file, there.
    File(Place),
    /// A command-line flag, as in `--strategy ema-cross`.
    Flag(String),
}

/// Origins by pointer. What has none of its own (a default, a missing key) has that of what it is in.
#[derive(Debug)]
pub(crate) struct Origins {
    /// The file as the user named it; `None` if there is none.
    pub(crate) file: Option<String>,
    /// Relative paths of the file are relative to this.
    pub(crate) folder: PathBuf,
    by_pointer: BTreeMap<String, Origin>,
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
    pub(crate) fn new(file: Option<String>, folder: PathBuf, places: BTreeMap<String, Place>) -> Self {
        let by_pointer = places.into_iter().map(|(pointer, place)| (pointer, Origin::File(place))).collect();
        Self { file, folder, by_pointer }
    }

    /// A flag replaces the value at `pointer` and all that is in it.
    pub(crate) fn replace(&mut self, pointer: &str, flag: &str) {
        self.by_pointer.retain(|known, _| !pointer::is_within(known, pointer));
        self.by_pointer.insert(pointer.to_owned(), Origin::Flag(flag.to_owned()));
    }

    /// What was the whole is the value at `pointer` now.
    pub(crate) fn move_into(&mut self, pointer: &str) {
        let moved = std::mem::take(&mut self.by_pointer).into_iter();
        self.by_pointer = moved.map(|(known, origin)| (format!("{pointer}{known}"), origin)).collect();
    }

    /// Whether the value was written in the file.
    pub(crate) fn is_from_file(&self, pointer: &str) -> bool {
        matches!(self.find(pointer), Some((_, Origin::File(_))))
    }

    fn find<'a>(&self, mut pointer: &'a str) -> Option<(&'a str, &Origin)> {
        loop {
            if let Some(origin) = self.by_pointer.get(pointer) {
                return Some((pointer, origin));
            }
            pointer = pointer::parent(pointer)?;
        }
    }

    /// The finding with its place.
    pub(crate) fn locate(&self, root: &Value, finding: Finding) -> Problem {
        let (file, position) = match self.find(&finding.pointer) {
            Some((_, Origin::Flag(flag))) => (flag.clone(), None),
            Some((at, Origin::File(place))) => {
                let is_itself = at == finding.pointer && finding.spot == Spot::Value;
                let position = if is_itself { place.value } else { place.key };
                (self.file.clone().unwrap_or_default(), Some(position))
            }
            None => match &self.file {
                Some(file) => (file.clone(), Some(Position { line: 1, column: 1 })),
                None => ("command line".to_owned(), None),
            },
        };
        Problem {
            file,
            position,
            key: pointer::dotted(root, &finding.pointer),
            kind: finding.kind,
            found: finding.found,
            accepted: finding.accepted,
            hint: finding.hint,
        }
    }
}
