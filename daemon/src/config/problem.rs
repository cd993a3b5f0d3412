//! What is wrong with a configuration, said so that the reader can put it right.

use std::fmt;

use serde::Serialize;

use super::{Position, pointer::quoted_key};

/// One problem. Problems are collected and reported together; any of them refuses the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, or the command-line flag as in `--strategy ema-cross`.
    pub file: String,
    /// Where in the file; `None` for flags.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// Dotted path, e.g. `strategy[0].config.fast`; empty for the file as a whole.
    pub key: String,
    /// The same place as a JSON pointer (RFC 6901) into the merged configuration.
    pub pointer: String,
    /// What sort of problem.
    pub kind: ProblemKind,
    /// What is there: a value, the name of an unknown or missing key, or a sentence.
    pub found: String,
    /// What would do; may be empty.
    pub accepted: String,
    /// The nearest valid key or value.
    pub hint: Option<String>,
}

/// What sort of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file cannot be read, or is not TOML.
    Syntax,
    /// `found` is a key that nobody knows.
    UnknownKey,
    /// `found` is a key that must be there; the problem's `key` is its table.
    MissingKey,
    /// `found` is a value that is not accepted.
    Value,
    /// `found` says what does not fit together: plugins, their abilities, names used twice.
    Conflict,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(": ")?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        match self.kind {
            ProblemKind::Syntax | ProblemKind::Conflict => f.write_str(&self.found)?,
            ProblemKind::UnknownKey => f.write_str("unknown key")?,
            ProblemKind::MissingKey => write!(f, "missing key {}", quoted_key(&self.found))?,
            ProblemKind::Value => write!(f, "found {}", self.found)?,
        }
        match (self.accepted.as_str(), &self.hint) {
            ("", None) => Ok(()),
            ("", Some(hint)) => write!(f, " (did you mean {hint}?)"),
            (accepted, None) => write!(f, " (accepted: {accepted})"),
            (accepted, Some(hint)) => write!(f, " (accepted: {accepted}; did you mean {hint}?)"),
        }
    }
}

/// The candidate that was probably meant; `None` if none is near.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    /// Lets `fats` find `fast` and `qty` find `quantity`, but not `foo` find `fast`.
    const SIMILAR: f64 = 0.75;
    let word = word.to_ascii_lowercase();
    let score = |candidate: &str| {
        let candidate = candidate.to_ascii_lowercase();
        // one slip in a short word changes much of it: `dya`, `buz`
        let is_slip = word.chars().count() > 2 && strsim::osa_distance(&word, &candidate) == 1;
        strsim::jaro_winkler(&word, &candidate).max(if is_slip { 0.9 } else { 0.0 })
    };
    let scored = candidates.into_iter().map(|candidate| (score(candidate), candidate));
    let best = scored.filter(|(score, _)| *score > SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, candidate)| candidate.to_owned())
}
