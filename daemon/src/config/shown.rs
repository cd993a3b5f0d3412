//! The configuration as results show it: what bears on them, as it was written, and no secret.

use serde_json::{Map, Value};

use super::{Draft, origin::Finding, pointer};

/// Keys of the machine and of the place: two runs that differ in nothing else have equal results.
const OF_THE_PLACE: [&str; 9] =
    ["results", "plugin_dirs", "plugins", "state", "recovery", "control", "logging", "recorder", "verbose"];
/// A key with one of these words in it has a value that nobody is shown.
const SECRET_WORDS: [&str; 10] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "authorization",
    "credential",
];
/// What stands for such a value.
pub(crate) const HIDDEN: &str = "***";
/// What is accepted where the sign stands for nothing.
const NOT_HIDDEN: &str = "the secret itself, or a reference to it such as ${credential:NAME}";

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
pub(crate) fn is_secret(key: &str, value: &Value) -> bool {
    // one, and nothing beside it
    let is_reference = |text: &str| {
        text.strip_prefix("${").is_some_and(|rest| rest.find('}').is_some_and(|end| end + 1 == rest.len()))
    };
    is_secret_key(key) && !value.is_object() && !value.is_array() && !value.as_str().is_some_and(is_reference)
}

/// Whether a key is called as secrets are.
pub(crate) fn is_secret_key(key: &str) -> bool {
    let key = key.to_lowercase().replace(['-', '_'], "");
    SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// Secrets for which only the sign is left: it would be taken for the secret itself.
pub(crate) fn left_hidden(value: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    visit_hidden("", "", value, &mut found);
    found
}

fn visit_hidden(at: &str, key: &str, value: &Value, found: &mut Vec<Finding>) {
    match value {
        Value::String(text) if text == HIDDEN && is_secret_key(key) => {
            let what = format!("found {HIDDEN:?}, which stands for a secret that nobody is shown");
            found.push(Finding::conflict(at, what, NOT_HIDDEN));
        }
        Value::Object(table) => {
            for (key, value) in table {
                visit_hidden(&pointer::child(at, key), key, value, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit_hidden(&format!("{at}/{index}"), key, item, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Puts back what was hidden: where `new` has the sign for it and `old` a secret, `new` gets the secret.
pub(crate) fn with_secrets_of(new: &mut Value, old: &Value) {
    match (new, old) {
        (new, old) if new.as_str() == Some(HIDDEN) && !old.is_object() && !old.is_array() => {
            *new = old.clone();
        }
        (Value::Object(new), Value::Object(old)) => {
            for (key, value) in new {
                if let Some(old) = old.get(key) {
                    with_secrets_of(value, old);
                }
            }
        }
        (Value::Array(new), Value::Array(old)) => {
            let is_as_long = new.len() == old.len();
            for (at, value) in new.iter_mut().enumerate() {
                // entries are known by their names: one before them may have gone
                let of_name = entry_name(value).map(str::to_owned);
                let old = match &of_name {
                    Some(name) => old.iter().find(|old| entry_name(old) == Some(name)),
                    // of a list without names nobody knows which one has gone
                    None => old.get(at).filter(|_| is_as_long),
                };
                if let Some(old) = old {
                    with_secrets_of(value, old);
                }
            }
        }
        _ => {}
    }
}

/// The name of an entry of a list: its own, else that of its plugin.
fn entry_name(entry: &Value) -> Option<&str> {
    ["name", "plugin"].into_iter().find_map(|key| entry.get(key)?.as_str())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::{
        super::{Draft, Flags},
        left_hidden, with_secrets_of, without_secrets,
    };

    #[test]
    fn keys_are_secret_however_they_are_written_and_only_a_whole_reference_is_none() {
        let config =
            json!({ "apiKey": "a", "api_key": "${KEY}", "Access-Key": "${A}b${C}", "passwd": "", "keys": 3 });
        let shown =
            json!({ "apiKey": "***", "api_key": "${KEY}", "Access-Key": "***", "passwd": "***", "keys": 3 });
        assert_eq!(without_secrets("", &config), shown);
    }

    #[test]
    fn a_hidden_secret_goes_back_to_the_entry_of_its_name() {
        let old =
            json!([{ "plugin": "x", "api_key": "of x" }, { "name": "b", "plugin": "y", "api_key": "of b" }]);
        let mut new = json!([{ "name": "b", "plugin": "y", "api_key": "***" }]);
        with_secrets_of(&mut new, &old);
        assert_eq!(new, json!([{ "name": "b", "plugin": "y", "api_key": "of b" }]));
    }

    #[test]
    fn a_sign_with_nothing_behind_it_is_found_and_every_secret_comes_back() {
        let old = json!({ "config": { "token": 7, "tokens": ["a", "b"], "note": "n" } });
        let mut new = json!({ "config": { "token": "***", "tokens": ["***", "***"], "note": "***" } });
        with_secrets_of(&mut new, &old);
        assert_eq!(new, old);
        // which of them has gone nobody knows
        let mut shorter = json!({ "config": { "tokens": ["***"], "password": "***", "pass": "***" } });
        with_secrets_of(&mut shorter, &old);
        let places: Vec<_> = left_hidden(&shorter).into_iter().map(|finding| finding.pointer).collect();
        assert_eq!(places, ["/config/tokens/0", "/config/password"]);
    }

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
