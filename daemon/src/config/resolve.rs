//! What the schema says about texts: which are paths, and where a number written without quotes is meant as a text.
//!
//! Paths: strings at a property with `"format": "path"` (or in a list at one) that were written in the file and are
//! relative start in the folder of their file; those of flags stay as they are, relative to the current folder.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Draft,
    document::{self, Texts},
    origin::Finding,
    pointer, schema,
};

/// Puts texts in place of numbers where texts are meant. `value` stands at `at` in the configuration.
pub(crate) fn resolve_texts(root: &Value, at: &str, value: &mut Value, draft: &Draft) {
    let walk = Walk::over(root, at, value, draft);
    for inner in walk.as_text {
        let text = draft.texts.get(&format!("{at}{inner}"));
        if let (Some(text), Some(slot)) = (text, value.pointer_mut(&inner)) {
            let is_exact = slot.as_number().is_none_or(|number| document::is_exact(text, number));
            if !is_exact || !walk.as_is.contains(&inner) {
                *slot = Value::String(text.clone());
            }
        }
    }
}

/// Makes the paths of the file start in its folder; after the validation, so that problems show what was written.
pub(crate) fn resolve_paths(root: &Value, at: &str, value: &mut Value, draft: &Draft) -> Vec<Finding> {
    let mut findings = Vec::new();
    for inner in Walk::over(root, at, value, draft).paths {
        if let Some(Value::String(path)) = value.pointer_mut(&inner) {
            findings.extend(resolve_path(&format!("{at}{inner}"), path, draft));
        }
    }
    findings
}

/// Makes one path, which stands at `pointer`, start in the folder of the file if it was written there.
pub(crate) fn resolve_path(pointer: &str, path: &mut String, draft: &Draft) -> Option<Finding> {
    // a path that begins with a variable or a credential says by itself where it starts
    let is_variable = path.starts_with("${");
    if path.is_empty() || is_variable {
        return None;
    }
    match draft.origins.folder_of(pointer)?.join(&*path).into_os_string().into_string() {
        Ok(joined) => {
            *path = joined;
            None
        }
        Err(joined) => Some(Finding::conflict(
            pointer,
            format!("the path would be {}, which is not UTF-8", joined.display()),
            "a configuration file in a folder whose name is UTF-8",
        )),
    }
}

/// Collects pointers relative to the value. Nothing is changed on the way: several alternatives of a schema may name
/// the same place.
struct Walk<'a> {
    root: &'a Value,
    /// Where the value stands in the configuration.
    at: &'a str,
    texts: &'a Texts,
    paths: BTreeSet<String>,
    /// Places that accept a text.
    as_text: BTreeSet<String>,
    /// Places that accept the value with the type that it has.
    as_is: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    fn over(root: &'a Value, at: &'a str, value: &Value, draft: &'a Draft) -> Self {
        let mut walk = Self {
            root,
            at,
            texts: &draft.texts,
            paths: BTreeSet::new(),
            as_text: BTreeSet::new(),
            as_is: BTreeSet::new(),
        };
        walk.visit(root, value, "", false, 0);
        walk
    }

    fn visit(&mut self, node: &Value, value: &Value, inner: &str, is_path: bool, depth: usize) {
        if depth > schema::DEPTH_MAX {
            return;
        }
        let is_path = is_path || node.get("format").is_some_and(|format| format == "path");
        if node.get("$ref").is_some() {
            self.visit(schema::target(self.root, node), value, inner, is_path, depth + 1);
        }
        for branch in schema::branches(node).filter(|branch| !contradicts(self.root, branch, value)) {
            self.visit(branch, value, inner, is_path, depth + 1);
        }
        match value {
            Value::Object(table) => {
                for (key, value) in table {
                    let rest = node.get("additionalProperties").filter(|node| node.is_object());
                    if let Some(node) = schema::property(node, key).or(rest) {
                        self.visit(node, value, &pointer::child(inner, key), is_path, depth + 1);
                    }
                }
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    let child = pointer::child(inner, &index.to_string());
                    let items = node.get("items").unwrap_or(&Value::Null);
                    self.visit(items, value, &child, is_path, depth + 1);
                }
            }
            Value::String(_) if is_path => {
                self.paths.insert(inner.to_owned());
            }
            _ => {}
        }
        if node.get("type").is_some() && self.texts.contains_key(&format!("{}{inner}", self.at)) {
            if schema::allows_type(node, "string") {
                self.as_text.insert(inner.to_owned());
            }
            if type_names(value).iter().any(|name| schema::allows_type(node, name)) {
                self.as_is.insert(inner.to_owned());
            }
        }
    }
}

/// Whether a tag says that the alternative is not meant: a property that must have another value.
fn contradicts(root: &Value, branch: &Value, value: &Value) -> bool {
    let branch = schema::target(root, branch);
    let (Some(table), Some(properties)) =
        (value.as_object(), branch.get("properties").and_then(Value::as_object))
    else {
        return false;
    };
    properties.iter().any(|(key, node)| match (table.get(key), schema::values(root, node)) {
        (Some(value), Some(accepted)) => !accepted.contains(&value),
        _ => false,
    })
}

/// The type names of JSON schema that the value has.
fn type_names(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Null => &["null"],
        Value::Bool(_) => &["boolean"],
        Value::Number(number) if number.is_f64() => &["number"],
        Value::Number(_) => &["integer", "number"],
        Value::String(_) => &["string"],
        Value::Array(_) => &["array"],
        Value::Object(_) => &["object"],
    }
}
