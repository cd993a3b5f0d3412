//! What differs between two configurations, key by key.
//!
//! Exchanges and strategies are compared by their names, so that an entry that moved is the same one; every other list
//! is one value.

use serde_json::{Map, Value};

use super::{PluginKind, pointer, shown::without_secrets, written::entry_name};

/// A value that differs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// Its keys from the top, entries by name: `strategy`, `momentum`, `config`, `fast`.
    pub(crate) path: Vec<String>,
    /// Its JSON pointer in the new configuration, or, for what is gone, in the old one.
    pub(crate) pointer: String,
    /// `None`: it was not there.
    pub(crate) before: Option<Value>,
    /// `None`: it is gone.
    pub(crate) after: Option<Value>,
}

impl Difference {
    /// The path as people write it: `strategy.momentum.config.fast`.
    pub(crate) fn key(&self) -> String {
        self.path.iter().map(|key| pointer::quoted_key(key)).collect::<Vec<_>>().join(".")
    }

    /// Without values that nobody is shown.
    pub(crate) fn hidden(mut self) -> Self {
        let key = self.path.last().cloned().unwrap_or_default();
        let hide = |value: &mut Option<Value>| {
            if let Some(value) = value {
                *value = without_secrets(&key, value);
            }
        };
        hide(&mut self.before);
        hide(&mut self.after);
        self
    }
}

/// All differences, in the order of the new configuration, then what is gone.
pub(crate) fn differences(old: &Value, new: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    let empty = Map::new();
    let table = |value: &'_ Value| value.as_object().cloned();
    let (old, new) = (table(old), table(new));
    tables(&mut found, &[], ("", old.as_ref().unwrap_or(&empty)), ("", new.as_ref().unwrap_or(&empty)));
    found
}

fn tables(
    found: &mut Vec<Difference>,
    path: &[String],
    (old_at, old): (&str, &Map<String, Value>),
    (new_at, new): (&str, &Map<String, Value>),
) {
    for (key, value) in new {
        let path = joined(path, key);
        let (old_at, new_at) = (pointer::child(old_at, key), pointer::child(new_at, key));
        values(found, &path, (&old_at, old.get(key)), (&new_at, Some(value)));
    }
    for (key, value) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
        let path = joined(path, key);
        values(found, &path, (&pointer::child(old_at, key), Some(value)), ("", None));
    }
}

fn values(
    found: &mut Vec<Difference>,
    path: &[String],
    (old_at, old): (&str, Option<&Value>),
    (new_at, new): (&str, Option<&Value>),
) {
    if old == new {
        return;
    }
    let kind = [PluginKind::Exchange, PluginKind::Strategy].into_iter();
    let kind =
        kind.filter(|_| path.len() == 1).find(|kind| path.first().is_some_and(|key| key == kind.name()));
    match (old, new, kind) {
        (Some(Value::Object(old)), Some(Value::Object(new)), _) => {
            tables(found, path, (old_at, old), (new_at, new));
        }
        // a table that comes or goes is all of its keys; an entry of a list is one thing
        (None, Some(Value::Object(new)), None) if path.len() != 2 || !is_of_list(path) => {
            tables(found, path, (old_at, &Map::new()), (new_at, new));
        }
        (Some(Value::Object(old)), None, None) if path.len() != 2 || !is_of_list(path) => {
            tables(found, path, (old_at, old), (new_at, &Map::new()));
        }
        (Some(Value::Array(_)) | None, Some(Value::Array(_)) | None, Some(kind)) => {
            entries(found, (path, kind), (old_at, old), (new_at, new));
        }
        _ => found.push(Difference {
            path: path.to_vec(),
            pointer: if new.is_some() { new_at } else { old_at }.to_owned(),
            before: old.cloned(),
            after: new.cloned(),
        }),
    }
}

/// Whether a path leads into the exchanges or strategies.
fn is_of_list(path: &[String]) -> bool {
    path.first().is_some_and(|key| key == PluginKind::Exchange.name() || key == PluginKind::Strategy.name())
}

fn entries(
    found: &mut Vec<Difference>,
    (path, kind): (&[String], PluginKind),
    (old_at, old): (&str, Option<&Value>),
    (new_at, new): (&str, Option<&Value>),
) {
    let named = |list: Option<&Value>| -> Vec<(String, usize, Value)> {
        let list = list.and_then(Value::as_array).into_iter().flatten().enumerate();
        list.map(|(index, entry)| (entry_name(kind, entry).unwrap_or_default(), index, entry.clone()))
            .collect()
    };
    let (old, new) = (named(old), named(new));
    for (name, index, entry) in &new {
        let new_at = format!("{new_at}/{index}");
        let path = joined(path, name);
        match old.iter().find(|(known, ..)| known == name) {
            Some((_, index, known)) => {
                values(found, &path, (&format!("{old_at}/{index}"), Some(known)), (&new_at, Some(entry)));
            }
            None => values(found, &path, ("", None), (&new_at, Some(entry))),
        }
    }
    for (name, index, entry) in old.iter().filter(|(name, ..)| !new.iter().any(|(known, ..)| known == name)) {
        values(found, &joined(path, name), (&format!("{old_at}/{index}"), Some(entry)), ("", None));
    }
}

fn joined(path: &[String], key: &str) -> Vec<String> {
    path.iter().cloned().chain([key.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_are_compared_by_name_and_lists_as_a_whole() {
        let old = json!({
            "verbose": true,
            "plugin_dirs": ["a"],
            "strategy": [{ "plugin": "strategy-x", "config": { "fast": 1, "api_key": "k" } }, { "name": "y", "plugin": "x" }],
        });
        let new = json!({
            "plugin_dirs": ["a", "b"],
            "strategy": [{ "name": "z", "plugin": "x" }, { "name": "strategy-x", "plugin": "strategy-x", "config": { "fast": 2, "api_key": "l" } }],
        });
        let found = differences(&old, &new).into_iter().map(Difference::hidden);
        let shown: Vec<_> = found
            .map(|one| {
                let text = |value: Option<Value>| value.map_or("-".to_owned(), |value| value.to_string());
                format!("{} {} {} {}", one.key(), one.pointer, text(one.before), text(one.after))
            })
            .collect();
        assert_eq!(
            shown,
            [
                r#"plugin_dirs /plugin_dirs ["a"] ["a","b"]"#,
                r#"strategy.z /strategy/0 - {"name":"z","plugin":"x"}"#,
                r#"strategy.strategy-x /strategy/1 - {"name":"strategy-x","plugin":"strategy-x","config":{"fast":2,"api_key":"***"}}"#,
                r#"strategy.x /strategy/0 {"plugin":"strategy-x","config":{"fast":1,"api_key":"***"}} -"#,
                r#"strategy.y /strategy/1 {"name":"y","plugin":"x"} -"#,
                "verbose /verbose true -",
            ]
        );
        assert_eq!(differences(&new, &new), []);
    }
}
