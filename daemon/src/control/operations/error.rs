//! Why something was not done.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use stratd_control::Finding;

use super::Basis;

/// Why something was not done; small, because almost nothing fails.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionError(Box<Refused>);

/// All that is known of why something was not done.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// What sort of reason.
    pub kind: ActionErrorKind,
    /// What is there, and what would be accepted.
    pub text: String,
    /// The plugin that was asked for.
    pub plugin: Option<String>,
    /// The step that refused, of a load or a reload.
    pub step: Option<String>,
    /// The limit that denied it, for programs.
    pub code: Option<String>,
    /// The JSON pointer of the bad key of the request's body.
    pub pointer: Option<String>,
    /// What is there, and what would be accepted, where both can be said apart.
    pub found_accepted: Option<(String, String)>,
    /// Every problem, if there are several.
    pub errors: Vec<Finding>,
    /// What the resource was, and still is: for the record.
    pub before: Option<Basis>,
}

/// What sort of reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionErrorKind {
    /// There is no such thing.
    NotFound,
    /// The request asks for what cannot be, whatever the state is.
    BadRequest,
    /// The role of who asks does not suffice for what it would change.
    Forbidden,
    /// A step refused the file, the configuration or the state.
    Refused,
    /// The state of the resource does not allow it.
    Conflict,
    /// The resource is not as the request says that it is.
    Stale,
    /// Another change is under way, or the event loop does not answer in time.
    Busy,
    /// It went wrong.
    Failed,
}

impl ActionError {
    /// A reason in words.
    #[must_use]
    pub fn new(kind: ActionErrorKind, text: impl Into<String>) -> Self {
        Self(Box::new(Refused {
            kind,
            text: text.into(),
            plugin: None,
            step: None,
            code: None,
            pointer: None,
            found_accepted: None,
            errors: Vec::new(),
            before: None,
        }))
    }

    /// All that is known.
    #[must_use]
    pub fn into_refused(self) -> Refused {
        *self.0
    }

    /// With the plugin that was asked for.
    #[must_use]
    pub fn of_plugin(mut self, plugin: Option<&str>) -> Self {
        self.plugin = plugin.map(str::to_owned);
        self
    }

    /// With the step that refused.
    #[must_use]
    pub fn in_step(mut self, step: impl Into<String>) -> Self {
        self.step = Some(step.into());
        self
    }

    /// With the limit that denied it, for programs.
    #[must_use]
    pub fn coded(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// With the JSON pointer of the bad key of the body.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// With what is there and what would be accepted, apart.
    #[must_use]
    pub fn found(mut self, found: impl Into<String>, accepted: impl Into<String>) -> Self {
        self.found_accepted = Some((found.into(), accepted.into()));
        self
    }

    /// With what the resource is, unless that is known already.
    #[must_use]
    pub fn before(mut self, basis: &Basis) -> Self {
        self.before.get_or_insert_with(|| basis.clone());
        self
    }
}

impl Deref for ActionError {
    type Target = Refused;

    fn deref(&self) -> &Refused {
        &self.0
    }
}

impl DerefMut for ActionError {
    fn deref_mut(&mut self) -> &mut Refused {
        &mut self.0
    }
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.step {
            Some(step) => write!(f, "{step}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl std::error::Error for ActionError {}
