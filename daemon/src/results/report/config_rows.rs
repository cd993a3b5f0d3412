//! The configuration of the run, one row for each key.

use serde_json::Value;

use super::html::Html;

/// At most so many rows; `config.json` has all.
const ROWS_MAX: usize = 400;

pub(crate) fn section(html: &mut Html, config: &Value) {
    html.section("Configuration");
    let mut rows = Vec::new();
    flatten(String::new(), config, &mut rows);
    if rows.is_empty() {
        html.text("p", "muted", "All defaults.");
    } else {
        let shown = rows.iter().take(ROWS_MAX);
        let shown: Vec<_> =
            shown.map(|(key, value)| vec![("code", key.clone()), ("code wide", value.clone())]).collect();
        html.table(&["Key", "Value"], &shown);
    }
    if rows.len() > ROWS_MAX {
        html.text(
            "p",
            "muted",
            &format!("The first {ROWS_MAX} of {} keys; all are in config.json.", rows.len()),
        );
    }
    html.close("section");
}

/// Paths of keys, with their values.
pub(in crate::results) fn flatten(key: String, value: &Value, rows: &mut Vec<(String, String)>) {
    match value {
        Value::Object(table) if !table.is_empty() => {
            for (name, value) in table {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                flatten(key, value, rows);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (index, item) in items.iter().enumerate() {
                flatten(format!("{key}[{index}]"), item, rows);
            }
        }
        Value::Object(_) if key.is_empty() => {}
        other => rows.push((key, other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_paths() {
        let config = serde_json::json!({
            "risk": { "max_position": "5" },
            "strategy": [{ "plugin": "a", "config": {} }, { "plugin": "b" }],
            "list": [1, 2]
        });
        let mut rows = Vec::new();
        flatten(String::new(), &config, &mut rows);
        let text: Vec<String> = rows.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            text,
            [
                "risk.max_position=\"5\"",
                "strategy[0].plugin=\"a\"",
                "strategy[0].config={}",
                "strategy[1].plugin=\"b\"",
                "list=[1,2]"
            ]
        );
    }
}
