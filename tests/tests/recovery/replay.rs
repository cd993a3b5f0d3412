//! The recordings of runs that were killed, and of those that took up what they left.

use std::fs;

use serde_json::Value;

use crate::desk::Desk;

const RECORDS: &str = "[recorder]\npath = \"rec\"\nmarket = [\"trade\"]\ninputs = true\nfree_min = 0\n[state]\nsave_interval = \"50ms\"";

#[test]
fn each_run_of_a_row_of_kills_is_replayed_as_it_was() {
    let mut desk = Desk::new(RECORDS);
    for _ in 0..2 {
        desk.start();
        desk.wait_for_orders(30);
        desk.kill();
    }
    desk.start();
    desk.wait_for_orders(30);
    desk.end();
    let mut recordings: Vec<_> =
        fs::read_dir(desk.path("rec")).expect("recordings").flatten().map(|entry| entry.path()).collect();
    recordings.retain(|path| path.extension().is_some_and(|end| end == "recording"));
    // the second run of a second has a name that ends in -2, before the dot
    recordings.sort_by_key(|path| path.file_stem().map(ToOwned::to_owned));
    assert_eq!(recordings.len(), 3, "{recordings:?}");
    for (index, recording) in recordings.iter().enumerate() {
        let ran = desk.replay(recording);
        let replayed: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:#?}"));
        let ended = if index == 2 { "whole" } else { "cut" };
        assert_eq!((&replayed["matches"], &replayed["ended"]), (&true.into(), &ended.into()), "{replayed:#}");
        assert!(replayed["outputs"].as_u64() >= Some(30), "{replayed:#}");
    }
}
