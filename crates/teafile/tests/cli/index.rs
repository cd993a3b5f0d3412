//! index, and what verify says by it.

use std::fs;

use serde_json::json;

use super::{acme, tea};

#[test]
fn an_index_finds_the_bit_that_turned() {
    let folder = tempfile::tempdir().unwrap();
    let path = acme(folder.path());
    assert_eq!(tea(folder.path(), "index acme.tea").well(), "acme.tea.idx knows 3 items\n");
    assert_eq!(
        tea(folder.path(), "verify acme.tea").well(),
        "acme.tea: clean, 3 items\n  index: 3 items are what they were\n"
    );
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 4;
    fs::write(&path, &bytes).unwrap();
    let found = tea(folder.path(), "verify acme.tea");
    assert_eq!(found.code, Some(2));
    assert_eq!(
        found.out,
        "acme.tea: broken, 3 items\n  index: blocks that are not what they were: 1, the first is items 0..3\n"
    );
    let said = tea(folder.path(), "index acme.tea").refused();
    assert!(said.contains("items 0 to 2 differ from those that were synced"), "{said}");
    let made = tea(folder.path(), "index --force --json acme.tea").json();
    assert_eq!(made, json!({ "file": "acme.tea", "index": "acme.tea.idx", "items": 3 }));
    assert_eq!(tea(folder.path(), "verify acme.tea").code, Some(0));
}

#[test]
fn an_index_tells_of_items_that_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = acme(folder.path());
    tea(folder.path(), "index acme.tea").well();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 24]).unwrap();
    let found = tea(folder.path(), "verify --json acme.tea");
    assert_eq!(found.code, Some(2));
    let told: serde_json::Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!(
        told["index"],
        json!({ "items": 3, "missing_items": 1, "bad_blocks": 0, "first_bad_items": null })
    );
    let said = tea(folder.path(), "index acme.tea").refused();
    assert!(said.contains("2 items, but 3 were synced"), "{said}");
}

#[test]
fn an_index_of_another_file_is_ignored_with_a_word() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    tea(folder.path(), "index acme.tea").well();
    tea(folder.path(), "cp acme.tea part.tea --items 1..").well();
    fs::copy(folder.path().join("acme.tea.idx"), folder.path().join("part.tea.idx")).unwrap();
    let found = tea(folder.path(), "verify part.tea").well();
    assert_eq!(
        found,
        "part.tea: clean, 2 items\n  warning: part.tea.idx is that of another file: header or first item differ; it is \
         ignored (expected to be made anew: tea index --force)\n"
    );
    fs::write(folder.path().join("part.tea.idx"), b"coffee").unwrap();
    let found = tea(folder.path(), "verify part.tea").well();
    assert!(found.contains("warning: part.tea.idx is not whole; it is ignored"), "{found}");
}
