//! verify and repair.

use std::fs;

use serde_json::json;

use super::{acme, golden, tea};

#[test]
fn a_torn_file_is_found_mended_and_what_was_cut_off_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = acme(folder.path());
    assert_eq!(tea(folder.path(), "verify acme.tea").well(), "acme.tea: clean, 3 items\n");
    assert_eq!(tea(folder.path(), "repair acme.tea").well(), "acme.tea: nothing to do\n");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], &[1, 2, 3, 250]].concat()).unwrap();

    let found = tea(folder.path(), "verify acme.tea");
    assert_eq!(found.code, Some(1));
    assert_eq!(
        found.out,
        "acme.tea: repairable, 3 items\n  it ends in 4 bytes of an item\n  mend it: tea repair acme.tea\n"
    );
    let done = tea(folder.path(), "repair acme.tea").well();
    assert_eq!(done, "acme.tea: cut off 4 bytes, so that it ends at byte 272; they are in acme.tea.torn\n");
    assert_eq!(fs::read(&path).unwrap(), whole);
    assert_eq!(fs::read_to_string(folder.path().join("acme.tea.torn")).unwrap(), "272 010203fa\n");
    assert_eq!(tea(folder.path(), "verify acme.tea").code, Some(0));
}

#[test]
fn zeros_at_the_end_are_for_the_user_to_judge() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zeros.tea");
    fs::copy(golden("valid/torn_zero_tail.tea"), &path).unwrap();
    let before = fs::read(&path).unwrap();
    let found = tea(folder.path(), "verify zeros.tea");
    assert_eq!(found.code, Some(1), "{found:?}");
    assert!(found.out.contains("mend it: tea repair --zeros truncate zeros.tea"), "{}", found.out);
    let said = tea(folder.path(), "repair zeros.tea").refused();
    assert!(said.contains("items are zeros"), "{said}");
    assert_eq!(fs::read(&path).unwrap(), before);
    let done = tea(folder.path(), "repair --json --zeros truncate zeros.tea").json();
    assert_eq!(done["cut_off"]["saved_in"], "zeros.tea.torn");
    assert_eq!(tea(folder.path(), "verify zeros.tea").code, Some(0));
}

#[test]
fn a_broken_file_is_told_with_what_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let file = golden("malformed/time_tpd_zero.tea");
    let found = tea(folder.path(), &format!("verify {}", file.display()));
    assert_eq!(found.code, Some(2));
    assert!(found.out.contains(": broken, ") && found.out.contains("  header: "), "{}", found.out);
    let file = golden("valid/time_equal_and_unsorted.tea");
    let found = tea(folder.path(), &format!("verify --json {}", file.display()));
    assert_eq!(found.code, Some(2));
    let told: serde_json::Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!((&told["state"], &told["header"]), (&json!("broken"), &json!([])));
    assert!(told["first_time_violation"].as_u64().unwrap() > 0, "{told}");
    let said = tea(folder.path(), "verify nothing.tea").refused();
    assert_eq!(said, "tea: nothing.tea: opening for reading: No such file or directory (os error 2)\n");
}
