//! What a place in a configuration accepts, in words made from its JSON schema.
//!
//! Besides the standard keywords, `x-accepted` on a property says what it accepts; it wins over the words made from
//! the other keywords.

use serde_json::Value;
use stratd_plugin_api::Decimal;

use super::schema::{self, DEPTH_MAX};

/// What the node accepts; empty if the schema does not tell.
pub(crate) fn describe(root: &Value, node: &Value) -> String {
    describe_within(root, node, 0)
}

fn describe_within(root: &Value, node: &Value, depth: usize) -> String {
    let given = |node: &Value| node.get("x-accepted").and_then(Value::as_str).map(str::to_owned);
    if let Some(words) = given(node) {
        return words;
    }
    let node = schema::target(root, node);
    if let Some(words) = given(node) {
        return words;
    }
    if let Some(values) = schema::values(root, node) {
        return values.into_iter().map(schema::value_word).collect::<Vec<_>>().join(", ");
    }
    if depth > DEPTH_MAX {
        return String::new();
    }
    let mut words: Vec<String> = Vec::new();
    if let Some(alternatives) = schema::alternatives(node) {
        let alternatives = alternatives.iter().filter(|branch| !schema::is_null(branch));
        words.extend(alternatives.map(|branch| describe_within(root, branch, depth + 1)));
    } else if is_decimal(node) {
        words.push("a decimal number such as 12.5".to_owned());
    } else {
        let names = match node.get("type") {
            Some(Value::Array(names)) => names.as_slice(),
            Some(name) => std::slice::from_ref(name),
            None => &[],
        };
        let names = names.iter().filter_map(Value::as_str);
        words.extend(names.map(|name| describe_type(root, node, name, depth)));
    }
    words.retain(|word| !word.is_empty());
    words.dedup();
    words.join(", or ")
}

fn describe_type(root: &Value, node: &Value, name: &str, depth: usize) -> String {
    match name {
        "integer" => format!("an integer{}", range(node)),
        "number" => format!("a number{}", range(node)),
        "boolean" => "true or false".to_owned(),
        "string" => describe_text(node),
        "array" => {
            let list = format!("a list{}", count(node, "minItems", "maxItems", ""));
            let items = node.get("items").unwrap_or(&Value::Null);
            let words = describe_within(root, items, depth + 1);
            let each = if schema::values(root, items).is_some() { "each one of " } else { "each " };
            if words.is_empty() { list } else { format!("{list}, {each}{words}") }
        }
        "object" => {
            let required = node.get("required").and_then(Value::as_array);
            let keys: Vec<_> = required.into_iter().flatten().map(schema::value_word).collect();
            if keys.is_empty() { "a table".to_owned() } else { format!("a table with {}", keys.join(", ")) }
        }
        _ => String::new(),
    }
}

fn describe_text(node: &Value) -> String {
    let what = match node.get("format").and_then(Value::as_str) {
        Some("path") => "a path".to_owned(),
        Some("password") | None => "a text".to_owned(),
        Some(format) => format!("a text ({format})"),
    };
    let pattern = node.get("pattern").and_then(Value::as_str);
    let pattern = pattern.map(|pattern| format!(" that matches {pattern}")).unwrap_or_default();
    format!("{what}{}{pattern}", count(node, "minLength", "maxLength", " characters"))
}

/// ` from 1 to 9`, ` of at least 1`, ` above 0 and at most 1`.
fn range(node: &Value) -> String {
    let limit =
        |key: &str, words: &str| node.get(key).map(|limit| format!("{words}{}", schema::value_word(limit)));
    if let (Some(low), Some(high)) = (limit("minimum", ""), limit("maximum", "")) {
        return format!(" from {low} to {high}");
    }
    let low = limit("exclusiveMinimum", "above ").or(limit("minimum", "of at least "));
    let high = limit("exclusiveMaximum", "below ")
        .or(limit("maximum", if low.is_none() { "of at most " } else { "at most " }));
    match (low, high) {
        (None, None) => String::new(),
        (Some(one), None) | (None, Some(one)) => format!(" {one}"),
        (Some(low), Some(high)) => format!(" {low} and {high}"),
    }
}

/// ` of 1 to 9`, ` of 1 or more`, ` of at most 9`.
fn count(node: &Value, low: &str, high: &str, unit: &str) -> String {
    let limit = |key: &str| node.get(key).and_then(Value::as_u64);
    match (limit(low).filter(|low| *low > 0), limit(high)) {
        (None, None) => String::new(),
        (Some(low), Some(high)) if low == high => format!(" of {low}{unit}"),
        (Some(low), Some(high)) => format!(" of {low} to {high}{unit}"),
        (Some(low), None) => format!(" of {low} or more{unit}"),
        (None, Some(high)) => format!(" of at most {high}{unit}"),
    }
}

/// A decimal number is recognised by its pattern, so that messages need not show it.
fn is_decimal(node: &Value) -> bool {
    let decimal = schemars::SchemaGenerator::default().into_root_schema_for::<Decimal>();
    node.get("pattern").is_some() && node.get("pattern") == decimal.get("pattern")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    fn check(node: &Value, expect: Expect) {
        let root = json!({ "$defs": {
            "Side": { "oneOf": [{ "const": "buy" }, { "const": "sell" }] },
            "Loop": { "$ref": "#/$defs/Loop" },
            "Nest": { "anyOf": [{ "$ref": "#/$defs/Nest" }, { "type": "integer" }] },
        } });
        expect.assert_eq(&describe(&root, node));
    }

    #[test]
    fn schemas_in_words() {
        check(&json!({ "type": "integer", "minimum": 1, "maximum": 9 }), expect!["an integer from 1 to 9"]);
        check(&json!({ "type": "integer", "minimum": 0 }), expect!["an integer of at least 0"]);
        check(
            &json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 }),
            expect!["a number above 0 and at most 1"],
        );
        check(&json!({ "type": ["boolean", "null"] }), expect!["true or false"]);
        check(
            &json!({ "type": "string", "minLength": 1, "maxLength": 8 }),
            expect!["a text of 1 to 8 characters"],
        );
        check(&json!({ "type": "string", "pattern": "^a" }), expect!["a text that matches ^a"]);
        check(&json!({ "type": ["string", "null"], "format": "path" }), expect!["a path"]);
        check(&json!({ "type": "string", "pattern": "^a", "x-accepted": "a word" }), expect!["a word"]);
        check(
            &json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 }),
            expect!["a list of 1 or more, each a text"],
        );
        check(&json!({ "type": "array", "items": { "type": "object" } }), expect!["a list, each a table"]);
        check(&json!({ "$ref": "#/$defs/Side" }), expect!["buy, sell"]);
        check(&json!({ "anyOf": [{ "$ref": "#/$defs/Side" }, { "type": "null" }] }), expect!["buy, sell"]);
        check(
            &json!({ "anyOf": [{ "type": "integer" }, { "enum": ["all", 7] }] }),
            expect!["an integer, or all, 7"],
        );
        check(&json!({ "enum": ["a", null] }), expect!["a"]);
        check(&json!({ "$ref": "#/$defs/Loop" }), expect![""]);
        check(&json!({ "$ref": "#/$defs/Nest" }), expect!["an integer"]);
        check(&json!(true), expect![""]);
        let decimal = schemars::SchemaGenerator::default().into_root_schema_for::<Decimal>();
        check(decimal.as_value(), expect!["a decimal number such as 12.5"]);
    }
}
