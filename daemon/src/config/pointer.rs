//! JSON pointers (RFC 6901): the address of a value inside a configuration.

use serde_json::Value;

/// The pointer of an entry of the table or list at `pointer`.
pub(crate) fn child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The pointer of what holds `pointer`; `None` for the root.
pub(crate) fn parent(pointer: &str) -> Option<&str> {
    pointer.rsplit_once('/').map(|(parent, _)| parent)
}

/// The key of the value at `pointer`, or of the list that it is in; empty for the root.
pub(crate) fn last_key(pointer: &str) -> &str {
    let is_number = |segment: &&str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    pointer.rsplit('/').find(|segment| !is_number(segment)).unwrap_or_default()
}

/// Whether `pointer` addresses `whole` or something in it.
pub(crate) fn is_within(pointer: &str, whole: &str) -> bool {
    pointer.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The pointer as people write it: `strategy[0].config.fast`. Empty for the root.
pub(crate) fn dotted(root: &Value, pointer: &str) -> String {
    let mut text = String::new();
    let mut at = Some(root);
    for segment in pointer.split('/').skip(1) {
        let key = segment.replace("~1", "/").replace("~0", "~");
        if at.is_some_and(Value::is_array) {
            text.push_str(&format!("[{key}]"));
            at = at.and_then(|list| list.get(key.parse::<usize>().ok()?));
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(&quoted_key(&key));
            at = at.and_then(|table| table.get(&key));
        }
    }
    text
}

/// The key as TOML wants it: bare where possible.
pub(crate) fn quoted_key(key: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !key.is_empty() && key.bytes().all(is_bare) { key.to_owned() } else { format!("{key:?}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pointers_become_dotted_keys() {
        let root = json!({ "strategy": [{ "config": { "a/b": { "0": 1 } } }] });
        for (pointer, text) in [
            ("", ""),
            ("/strategy", "strategy"),
            ("/strategy/0", "strategy[0]"),
            ("/strategy/0/config/a~1b/0", "strategy[0].config.\"a/b\".0"),
            ("/strategy/7/missing/3", "strategy[7].missing.3"),
        ] {
            assert_eq!(dotted(&root, pointer), text);
        }
        assert_eq!(child("/a", "x/y~z"), "/a/x~1y~0z");
        assert_eq!(parent("/a/x~1y"), Some("/a"));
        assert_eq!(parent(""), None);
        assert_eq!([last_key("/a/b/0/1"), last_key("/a"), last_key("")], ["b", "a", ""]);
    }
}
