//! What a plugin in C hands over: anything that the table's types allow, texts that are none among it.

use stratd_tests::c_library;

use crate::said::{LOGGING, line, own_lines, place_of, run};

/// What the strategy in C leaves in the log.
fn said(logging: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let library = c_library("plugins/faulty/c/talker.c", "strategy_c_talker", &[], folder.path());
    let place = place_of(&library, "", logging);
    run(&place);
    own_lines(&place)
}

#[test]
fn what_is_no_utf_8_arrives_repaired() {
    let json = LOGGING.replace("%(fields_logfmt)s", "%(fields_json)s");
    let lines = said(&json);
    // each byte that begins no character is one replacement, and so is a character that is not finished
    let bad = "a\u{fffd}b\u{fffd}c\u{fffd}";
    let first = line(&lines, bad);
    assert!(first.starts_with("INFO|strategy.talk|") && first.ends_with("|c_talker"), "{first}");
    let fields = first.split('|').nth(3).expect("fields");
    let fields: serde_json::Value = serde_json::from_str(fields).unwrap_or_else(|e| panic!("{fields}: {e}"));
    assert_eq!(fields[bad], bad);
    assert_eq!(fields["good"], "kept");
    assert_eq!(fields["null"], "");
    assert_eq!(fields["json"], bad, "what is no JSON is a text");
    assert_eq!(fields["future"], serde_json::Value::Null);
    // a number that was never given is the instance's own logger
    let second = line(&lines, "everything else");
    assert!(second.starts_with("INFO|strategy.talk"), "{second}");
    assert!(lines.iter().any(|line| line.starts_with(bad)), "the exception: {lines:#?}");
}

#[test]
fn create_and_destroy_are_logged() {
    let lines = said(LOGGING);
    let at = |message: &str| {
        let found = lines.iter().position(|known| known.split('|').nth(2) == Some(message));
        found.unwrap_or_else(|| panic!("no {message} in {lines:#?}"))
    };
    let places = ["build 1 in create", "build 1 in on_events", "build 1 in destroy"].map(at);
    assert!(places.is_sorted(), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("a detail")), "its level is off");
    let event = line(&lines, "build 1 in on_events");
    assert!(event.contains("instrument=AAPL"), "{event}");
}
