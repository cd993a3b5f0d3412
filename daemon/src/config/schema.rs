//! Finding one's way in a JSON schema.

use serde_json::Value;

use super::pointer;

/// References are followed, and schemas in schemas looked into, so far and no further: a schema may refer to itself.
pub(crate) const DEPTH_MAX: usize = 32;

/// The node that a node refers to, if it does.
pub(crate) fn target<'a>(root: &'a Value, mut node: &'a Value) -> &'a Value {
    for _ in 0..DEPTH_MAX {
        let Some(reference) = node.get("$ref").and_then(Value::as_str) else { break };
        let Some(next) = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) else { break };
        node = next;
    }
    node
}

/// The node whose keyword stands at `keyword`.
pub(crate) fn node_of_keyword<'a>(root: &'a Value, keyword: &str) -> &'a Value {
    pointer::parent(keyword).and_then(|node| root.pointer(node)).unwrap_or(&Value::Null)
}

/// The alternatives and parts of a node: what its `allOf`, `anyOf` and `oneOf` list.
pub(crate) fn branches(node: &Value) -> impl Iterator<Item = &Value> {
    ["allOf", "anyOf", "oneOf"]
        .into_iter()
        .filter_map(|keyword| node.get(keyword).and_then(Value::as_array))
        .flatten()
}

/// The names of the properties, in the order of the schema.
pub(crate) fn keys<'a>(root: &'a Value, node: &'a Value) -> Vec<&'a str> {
    fn collect<'a>(root: &'a Value, node: &'a Value, depth: usize, keys: &mut Vec<&'a str>) {
        if depth > DEPTH_MAX {
            return;
        }
        let properties = node.get("properties").and_then(Value::as_object);
        for key in properties.into_iter().flat_map(|properties| properties.keys()) {
            if !keys.contains(&key.as_str()) {
                keys.push(key);
            }
        }
        if node.get("$ref").is_some() {
            collect(root, target(root, node), depth + 1, keys);
        }
        for branch in branches(node) {
            collect(root, branch, depth + 1, keys);
        }
    }
    let mut found = Vec::new();
    collect(root, node, 0, &mut found);
    found
}

/// The schema of a property.
pub(crate) fn property<'a>(node: &'a Value, key: &str) -> Option<&'a Value> {
    node.get("properties").and_then(|properties| properties.get(key))
}

/// Whether the node's type allows `name`; one without a type allows all.
pub(crate) fn allows_type(node: &Value, name: &str) -> bool {
    match node.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => true,
    }
}

/// Whether values must not appear in messages: `writeOnly` or `format: "password"`.
pub(crate) fn is_secret(node: &Value) -> bool {
    node.get("writeOnly") == Some(&Value::Bool(true)) || node.get("format").is_some_and(|f| f == "password")
}

/// Whether the schema marks the value at a pointer, or one that it lies in, so that it must not appear in messages.
pub(crate) fn marks_secret(root: &Value, pointer: &str) -> bool {
    let keys = pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~"));
    let mut nodes = vec![root];
    for key in keys {
        let mut inner = Vec::new();
        for node in nodes {
            collect_children(root, node, &key, 0, &mut inner);
        }
        if inner.iter().any(|node| is_secret(node) || is_secret(target(root, node))) {
            return true;
        }
        nodes = inner;
    }
    false
}

/// The schemas of a key or an item, through references and alternatives.
fn collect_children<'a>(
    root: &'a Value,
    node: &'a Value,
    key: &str,
    depth: usize,
    found: &mut Vec<&'a Value>,
) {
    if depth > DEPTH_MAX {
        return;
    }
    let is_item = key.bytes().all(|byte| byte.is_ascii_digit());
    let named = property(node, key).or_else(|| node.get("additionalProperties"));
    let item = node.get("items").filter(|_| is_item);
    found.extend(named.into_iter().chain(item).filter(|child| child.is_object()));
    if node.get("$ref").is_some() {
        collect_children(root, target(root, node), key, depth + 1, found);
    }
    for branch in branches(node) {
        collect_children(root, branch, key, depth + 1, found);
    }
}

/// The values of `const` and `enum`, through alternatives; `None` if anything else is accepted too.
pub(crate) fn values<'a>(root: &'a Value, node: &'a Value) -> Option<Vec<&'a Value>> {
    fn collect<'a>(root: &'a Value, node: &'a Value, depth: usize, found: &mut Vec<&'a Value>) -> bool {
        let node = target(root, node);
        if let Some(value) = node.get("const") {
            found.push(value);
            return true;
        }
        if let Some(values) = node.get("enum").and_then(Value::as_array) {
            found.extend(values);
            return true;
        }
        let alternatives = alternatives(node);
        // an optional value: TOML has no null, so that branch accepts nothing
        let mut alternatives =
            alternatives.into_iter().flatten().filter(|branch| !is_null(branch)).peekable();
        alternatives.peek().is_some()
            && depth < DEPTH_MAX
            && alternatives.all(|branch| collect(root, branch, depth + 1, found))
    }
    let mut found = Vec::new();
    let is_closed = collect(root, node, 0, &mut found);
    found.retain(|value| !value.is_null());
    is_closed.then_some(found)
}

/// What a node lists as `oneOf` or `anyOf`.
pub(crate) fn alternatives(node: &Value) -> Option<&Vec<Value>> {
    node.get("oneOf").or_else(|| node.get("anyOf")).and_then(Value::as_array)
}

/// Whether the node stands for an absent value.
pub(crate) fn is_null(node: &Value) -> bool {
    node.get("type").is_some_and(|name| name == "null")
}

/// A value without the quotes of a text.
pub(crate) fn value_word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The schema of the whole configuration, for editors and for checks without a daemon: `docs/stratd.schema.json`.
#[cfg(test)]
pub(crate) fn document() -> String {
    let mut schema = schemars::schema_for!(super::RunConfig).to_value();
    if let Value::Object(root) = &mut schema {
        root.insert("title".to_owned(), "stratd".into());
        let id = "https://github.com/stratd/stratd/blob/main/docs/stratd.schema.json";
        root.insert("$id".to_owned(), id.into());
    }
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
