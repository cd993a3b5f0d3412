//! edit, prealloc and trim.

use std::fs;

use serde_json::json;

use super::{acme, tea};

#[test]
fn a_header_is_edited_where_it_has_room_and_says_how_to_get_some() {
    let folder = tempfile::tempdir().unwrap();
    let path = acme(folder.path());
    let before = fs::read(&path).unwrap();
    let said = tea(folder.path(), "edit acme.tea --set url=www.acme.com").refused();
    assert!(
        said.contains("(expected 200 or less, or a copy of the file with more room: tea cp --header-room"),
        "{said}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
    tea(folder.path(), "cp acme.tea roomy.tea --header-room 64").well();
    tea(folder.path(), "index roomy.tea").well();
    let done =
        tea(folder.path(), "edit roomy.tea --set url=www.acme.com --set decimals=1 --set-text year=2011");
    assert_eq!(
        done.well(),
        "roomy.tea: prices of acme, {'decimals': 1, 'url': 'www.acme.com', 'year': '2011'}\n"
    );
    let done = tea(folder.path(), "edit --json roomy.tea --unset year --set lot=0.5 --description=").json();
    assert_eq!(
        done,
        json!({
            "file": "roomy.tea", "content": null,
            "name_values": [
                { "name": "decimals", "value": 1 },
                { "name": "url", "value": "www.acme.com" },
                { "name": "lot", "value": 0.5 },
            ],
        })
    );
    // items and index are what they were
    assert_eq!(
        tea(folder.path(), "verify roomy.tea").well(),
        "roomy.tea: clean, 3 items\n  index: 3 items are what they were\n"
    );
    assert_eq!(
        tea(folder.path(), "cat roomy.tea --ticks").well().lines().count(),
        tea(folder.path(), "cat acme.tea --ticks").well().lines().count()
    );
    let said = tea(folder.path(), "edit acme.tea").refused();
    assert!(said.contains("edit what?"), "{said}");
    let said = tea(folder.path(), "edit acme.tea --set decimals").refused();
    assert!(said.contains("expected NAME=VALUE"), "{said}");
}

#[test]
fn room_is_taken_and_given_back_and_no_reader_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = acme(folder.path());
    let before = fs::read(&path).unwrap();
    let taken = tea(folder.path(), "prealloc acme.tea 1000").well();
    assert_eq!(taken, format!("acme.tea: 3 items in {} bytes\n", before.len() + 24_000));
    assert_eq!(tea(folder.path(), "verify acme.tea").well(), "acme.tea: clean, 3 items\n");
    let given = tea(folder.path(), "trim --json acme.tea").json();
    assert_eq!(given, json!({ "file": "acme.tea", "items": 3, "bytes": before.len() }));
    assert_eq!(fs::read(&path).unwrap(), before);
}
