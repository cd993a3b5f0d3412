//! Why a change of the configuration was not done.

use super::parts::Fixed;
use crate::{
    config::{Problem, pointer},
    host::Refusal,
    plugin_kind::PluginKind,
};

/// So many problems are told of one change; more are counted.
const PROBLEMS_MAX: usize = 50;

/// Why a change was not done; everything is as before.
#[derive(Clone, Debug)]
pub(crate) struct ConfigRefusal {
    pub(crate) kind: RefusalKind,
    pub(crate) text: String,
    /// The JSON pointer of the bad key.
    pub(crate) pointer: Option<String>,
    /// Every problem, if there are several: its pointer, and what it is.
    pub(crate) problems: Vec<(String, String)>,
}

/// What sort of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    /// There is no such generation or path.
    NotFound,
    /// Its author may not change that.
    Forbidden,
    /// The configuration, or a part of it, is refused.
    Refused,
    /// It cannot be done as things are.
    Conflict,
    /// It is not as the peer saw it.
    Stale,
    /// The store or the run failed.
    Failed,
}

impl ConfigRefusal {
    pub(super) fn new(kind: RefusalKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), pointer: None, problems: Vec::new() }
    }

    pub(super) fn at(self, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..self }
    }

    /// At an exchange or strategy, which is named as a path names it.
    pub(super) fn at_entry(self, kind: PluginKind, name: &str) -> Self {
        self.at(pointer::child(&format!("/{kind}"), name))
    }

    pub(super) fn of_entry(kind: PluginKind, name: &str, refusal: &Refusal) -> Self {
        let text = format!("{kind} {name}: {refusal}");
        Self::new(RefusalKind::Refused, text).at_entry(kind, name)
    }

    /// Of a configuration that has problems.
    pub(crate) fn of_problems(problems: &[Problem]) -> Self {
        let told = problems.iter().take(PROBLEMS_MAX);
        let told: Vec<_> = told.map(|problem| (problem.pointer.clone(), problem.to_string())).collect();
        let mut text = told.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
        if problems.len() > told.len() {
            text.push_str(&format!("\nand {} more problems", problems.len() - told.len()));
        }
        let pointer = told.first().map(|(pointer, _)| pointer.clone());
        Self { kind: RefusalKind::Refused, text, pointer, problems: told }
    }

    pub(super) fn of_fixed(fixed: &[Fixed]) -> Self {
        let told: Vec<_> = fixed
            .iter()
            .take(PROBLEMS_MAX)
            .map(|one| {
                let key = one.difference.key();
                (one.difference.pointer.clone(), format!("{key}: {} (accepted: {})", one.why, one.accepted))
            })
            .collect();
        let text = told.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
        let pointer = told.first().map(|(pointer, _)| pointer.clone());
        Self { kind: RefusalKind::Conflict, text, pointer, problems: told }
    }

    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self::new(RefusalKind::Failed, text)
    }
}
