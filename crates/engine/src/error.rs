//! What stops the engine.

use std::fmt;

use stratd_plugin_api::Timestamp;

/// The engine cannot go on: an amount left the range of its type, or an input broke the contract.
/// The shell halts trading; nothing wraps.
// boxed: every stage of every event returns one or nothing, which is a register then
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineError(Box<Broken>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Broken {
    kind: EngineErrorKind,
    at: Timestamp,
    what: String,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineErrorKind {
    /// An amount exceeds its type.
    Overflow,
    /// An input that the shell must not send.
    BadInput,
}

impl EngineError {
    #[cold]
    pub(crate) fn overflow(at: Timestamp, what: impl Into<String>) -> Self {
        Self(Box::new(Broken { kind: EngineErrorKind::Overflow, at, what: what.into() }))
    }

    #[cold]
    pub(crate) fn bad_input(at: Timestamp, what: impl Into<String>) -> Self {
        Self(Box::new(Broken { kind: EngineErrorKind::BadInput, at, what: what.into() }))
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> EngineErrorKind {
        self.0.kind
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken { kind, at, what: told } = &*self.0;
        let what = match kind {
            EngineErrorKind::Overflow => "an amount is out of range",
            EngineErrorKind::BadInput => "an input is not acceptable",
        };
        write!(f, "engine at {at}: {what}: {told}")
    }
}

impl std::error::Error for EngineError {}
