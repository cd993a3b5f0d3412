//! A JSON object as the text of a TOML document, so that there is one reader of configurations.

use serde_json::{Map, Value};

/// The document; `Err` has the JSON pointer of a null, which TOML has not.
pub(super) fn document(table: &Map<String, Value>) -> Result<String, String> {
    let mut text = String::new();
    for (key, value) in table {
        let at = crate::config::pointer::child("", key);
        text.push_str(&format!("{} = {}\n", quoted(key), inline(value, &at)?));
    }
    Ok(text)
}

/// A value on one line.
fn inline(value: &Value, at: &str) -> Result<String, String> {
    Ok(match value {
        Value::Null => return Err(at.to_owned()),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let at = |index: usize| crate::config::pointer::child(at, &index.to_string());
            let items = items.iter().enumerate().map(|(index, item)| inline(item, &at(index)));
            format!("[{}]", items.collect::<Result<Vec<_>, _>>()?.join(", "))
        }
        Value::Object(table) => {
            let pair = |(key, value): (&String, &Value)| {
                let value = inline(value, &crate::config::pointer::child(at, key))?;
                Ok(format!("{} = {value}", quoted(key)))
            };
            format!("{{ {} }}", table.iter().map(pair).collect::<Result<Vec<_>, String>>()?.join(", "))
        }
    })
}

/// A basic string: JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reader_of_toml_reads_the_same_values() {
        let values = json!({
            "a": 1, "b.c": -1.5, "d": "x\"\\\n\u{7f}\u{1}ö", "e": [1, [true, "y"]], "": { "f g": {} },
            "h": 1e300, "i": [{ "j": 1 }, { "j": 2 }],
        });
        let text = document(values.as_object().unwrap()).unwrap();
        let read: toml::Table = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(serde_json::to_value(read).unwrap(), values, "{text}");
    }

    #[test]
    fn a_null_is_told_by_its_place() {
        let values = json!({ "a": [1, { "b/c": null }] });
        assert_eq!(document(values.as_object().unwrap()), Err("/a/1/b~1c".to_owned()));
    }
}
