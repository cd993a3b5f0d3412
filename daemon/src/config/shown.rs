//! The configuration as results show it: what bears on them, as it was written, and no secret.

use serde_json::{Map, Value};

use super::Draft;

/// Keys of the machine and of the place: two runs that differ in nothing else have equal results.
const OF_THE_PLACE: [&str; 7] =
    ["results", "plugin_dirs", "plugins", "state", "control", "logging", "verbose"];
/// A key with one of these words in it has a value that nobody is shown.
const SECRET_WORDS: [&str; 6] = ["secret", "password", "passphrase", "token", "api_key", "private_key"];
/// What stands for such a value.
const HIDDEN: &str = "***";

impl Draft {
    /// The configuration as results show it.
    #[must_use]
    pub fn shown(&self) -> Value {
        let Value::Object(table) = &self.value else { return Value::Object(Map::new()) };
        let kept = table.iter().filter(|(key, _)| !OF_THE_PLACE.contains(&key.as_str()));
        Value::Object(kept.map(|(key, value)| (key.clone(), without_secrets(key, value))).collect())
    }
}

/// The value at a key, with what nobody is shown hidden.
pub(crate) fn without_secrets(key: &str, value: &Value) -> Value {
    if is_secret(key, value) {
        return Value::String(HIDDEN.to_owned());
    }
    match value {
        Value::Object(table) => Value::Object(
            table.iter().map(|(key, value)| (key.clone(), without_secrets(key, value))).collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(|item| without_secrets(key, item)).collect()),
        other => other.clone(),
    }
}

/// Whether the value at a key is one that nobody is shown. A reference to a secret is none.
fn is_secret(key: &str, value: &Value) -> bool {
    let key = key.to_lowercase().replace('-', "_");
    let is_reference = |text: &str| text.starts_with("${") && text.ends_with('}');
    SECRET_WORDS.iter().any(|word| key.contains(word))
        && !value.is_object()
        && !value.is_array()
        && !value.as_str().is_some_and(is_reference)
}

/// Puts back what was hidden: where `new` has the sign for it and `old` a secret, `new` gets the secret.
pub(crate) fn with_secrets_of(new: &mut Value, old: &Value) {
    match (new, old) {
        (Value::String(text), old) if *text == HIDDEN && !old.is_object() && !old.is_array() => {
            if let Value::String(old) = old {
                text.clone_from(old);
            }
        }
        (Value::Object(new), Value::Object(old)) => {
            for (key, value) in new {
                if let Some(old) = old.get(key) {
                    with_secrets_of(value, old);
                }
            }
        }
        (Value::Array(new), Value::Array(old)) => {
            new.iter_mut().zip(old).for_each(|(new, old)| with_secrets_of(new, old));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Draft, Flags};

    #[test]
    fn places_and_secrets_are_left_out() {
        let text = "results = \"out\"\nverbose = true\n[backtest]\ncash = 5\n[[exchange]]\nplugin = \"x\"\n\
                    config = { API-Key = \"abc\", tokens = [\"def\"], url = \"u\" }\n";
        let draft = Draft::parse(Path::new("a.toml"), text.as_bytes(), &Flags::default()).unwrap();
        let shown = draft.shown().to_string();
        assert_eq!(
            shown,
            r#"{"backtest":{"cash":5},"exchange":[{"plugin":"x","config":{"API-Key":"***","tokens":["***"],"url":"u"}}]}"#
        );
    }
}
