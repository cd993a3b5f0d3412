//! On what terms a change is done: on which state of its resource, and whether at all.

use std::fmt;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use stratd_control::{Condition, Tag};

use super::{ActionError, ActionErrorKind};

/// So much of the hash makes a tag: 64 bits, and nobody gains anything by two states with one tag.
const TAG_BYTES: usize = 8;

/// What a change of a resource depends on, and what it changes: generations, states, settings, never what counts by
/// itself. The tag of the resource is made of it, and the record of a change has it before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis(Value);

impl Basis {
    /// A basis of these values.
    #[must_use]
    pub fn new(values: Value) -> Self {
        Self(values)
    }

    /// The tag.
    #[must_use]
    pub fn tag(&self) -> Tag {
        let hash = Sha256::digest(self.0.to_string());
        let digits: String = hash.iter().take(TAG_BYTES).map(|byte| format!("{byte:02x}")).collect();
        Tag::new(&digits).expect("hexadecimal digits may be in a tag")
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// On what terms a change is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which state of its resource it may meet.
    pub condition: Condition,
    /// Check everything, and change nothing: `?dry_run=true`.
    pub is_dry_run: bool,
}

impl Terms {
    /// Whether the resource is as the peer saw it.
    ///
    /// # Errors
    /// It has changed since.
    pub fn check(&self, basis: &Basis) -> Result<(), ActionError> {
        let found = basis.tag();
        match &self.condition {
            Condition::Any => Ok(()),
            Condition::OneOf(tags) if tags.contains(&found) => Ok(()),
            Condition::OneOf(tags) => {
                let sent: Vec<String> = tags.iter().map(Tag::to_string).collect();
                let sent = sent.join(", ");
                let text = format!(
                    "it has changed since: If-Match has {sent}, and its tag is {found} (accepted: that, or *)"
                );
                Err(ActionError::new(ActionErrorKind::Stale, text)
                    .found(sent, found.to_string())
                    .before(basis))
            }
        }
    }
}

/// What a change came to.
#[derive(Clone, Debug)]
pub struct Outcome<T> {
    /// The answer.
    pub answer: T,
    /// The same in a sentence, for the record.
    pub report: String,
    /// The resource before.
    pub before: Basis,
    /// The resource afterwards; the same after a dry run.
    pub after: Basis,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    fn one_of(tags: &[&str]) -> Terms {
        let tags = tags.iter().map(|text| Tag::new(text).unwrap());
        Terms { condition: Condition::OneOf(tags.collect()), is_dry_run: false }
    }

    #[test]
    fn a_tag_is_that_of_the_values_and_nothing_else() {
        let basis = Basis::new(json!({"generation": 1}));
        expect![[r#""fa02354bd70e0b90""#]].assert_eq(&basis.tag().to_string());
        assert_eq!(basis.tag(), Basis::new(json!({"generation": 1})).tag());
        assert_ne!(basis.tag(), Basis::new(json!({"generation": 2})).tag());
    }

    #[test]
    fn a_change_meets_what_its_author_saw_or_is_refused() {
        let basis = Basis::new(json!({"generation": 1}));
        let tag = basis.tag().to_string();
        let tag = tag.trim_matches('"');
        assert!(one_of(&["x", tag]).check(&basis).is_ok());
        assert!(Terms { condition: Condition::Any, is_dry_run: false }.check(&basis).is_ok());
        let error = one_of(&["x", "y"]).check(&basis).unwrap_err();
        assert_eq!((error.kind, error.before.clone()), (ActionErrorKind::Stale, Some(basis)));
        expect![[r#"it has changed since: If-Match has "x", "y", and its tag is "fa02354bd70e0b90" (accepted: that, or *)"#]].assert_eq(&error.text);
    }
}
