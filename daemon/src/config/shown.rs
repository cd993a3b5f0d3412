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

fn without_secrets(key: &str, value: &Value) -> Value {
    let key = key.to_lowercase().replace('-', "_");
    if SECRET_WORDS.iter().any(|word| key.contains(word)) && !value.is_object() && !value.is_array() {
        return Value::String(HIDDEN.to_owned());
    }
    match value {
        Value::Object(table) => Value::Object(
            table.iter().map(|(key, value)| (key.clone(), without_secrets(key, value))).collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(|item| without_secrets(&key, item)).collect()),
        other => other.clone(),
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
