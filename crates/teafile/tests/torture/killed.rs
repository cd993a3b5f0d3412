//! Writers that are killed in the middle of whatever they do, and a follower that looks on.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use teafile::{AppendOptions, Durability, Follower};

use crate::sequence::{Numbered, check_all, description};
use crate::{again, role};

/// Rounds of the loop; each kills one writer.
const ROUNDS: u64 = 10;

/// What a writer that nobody kills writes.
const ITEMS_MAX: u64 = 10_000_000;

/// How often it is looked for a write in progress before the writer is killed anyhow.
const LOOKS_MAX: u32 = 20_000;

/// The role of the one who dies: it appends and appends and says how many items are safe.
fn append_and_append(path: &Path) {
    // large batches: the kernel stops a write at the end of a page, which is within an item
    let durability = Durability::Buffered { bytes: 1 << 20, interval: None };
    let file = AppendOptions::default().durability(durability).append(path).unwrap();
    let mut file = file.typed::<Numbered>().unwrap();
    let mut out = std::io::stdout();
    let mut number = file.item_count();
    // more than any round waits for: if nobody kills it, it ends, and the disk is not filled
    let end = number + ITEMS_MAX;
    while number < end {
        let before = file.item_count();
        file.write(&Numbered::new(number)).unwrap();
        number += 1;
        if file.item_count() > before {
            writeln!(out, "safe {}", file.item_count()).unwrap();
        }
    }
}

#[test]
fn a_killed_writer_leaves_whole_items_and_none_is_missing() {
    if let Some(path) = role() {
        return append_and_append(&path);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.tea");
    teafile::create(&path, &description()).unwrap().close().unwrap();
    let mut follower = Follower::open(&path).unwrap();
    let mut torn = 0;
    for round in 0..ROUNDS {
        // all that earlier writers left, so that what comes now is of this one, which then has mended the end
        follow(&mut follower, u64::MAX);
        let test = "killed::a_killed_writer_leaves_whole_items_and_none_is_missing";
        let mut child = again(test, &path).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // it follows until some batches are there, another number each time
        let target = follower.position() + 1_000 + round * 1_009;
        while follower.position() < target {
            if follow(&mut follower, target) == 0 {
                assert!(child.try_wait().unwrap().is_none(), "the writer ended by itself");
                follower.wait(Duration::from_secs(1)).unwrap();
            }
        }
        // the best moment is in the middle of a write: then the size is not one of whole items
        let mut size = teafile::Reader::open(&path).unwrap();
        let _ = (0..LOOKS_MAX).find(|_| size.partial_tail_bytes().unwrap() > 0);
        child.kill().unwrap();
        child.wait().unwrap();
        let safe = lines
            .by_ref()
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("safe ").and_then(|count| count.parse::<u64>().ok()))
            .last()
            .unwrap_or(0);
        let found = teafile::verify(&path).unwrap();
        assert!(found.items >= safe, "{} items are there, {safe} were said to be", found.items);
        assert!(found.header.is_empty() && found.time_violations == 0, "{found:?}");
        torn += u64::from(found.partial_tail_bytes > 0);
        // the next round opens it as it is, with the part of an item that may be at its end
    }
    follow(&mut follower, u64::MAX);
    assert_eq!(check_all(&path), follower.position());
    teafile::append(&path).unwrap().close().unwrap();
    let saved = fs::read_to_string(path.with_extension("tea.torn")).unwrap_or_default();
    assert_eq!(saved.lines().count() as u64, torn, "each part of an item was saved");
    println!("{torn} of {ROUNDS} killed writers left a part of an item");
}

/// Takes what is there, up to an index, because the writer may be faster; every item must be the next one, and whole.
/// Returns how many there were.
fn follow(follower: &mut Follower, end: u64) -> u64 {
    let start = follower.position();
    for number in start..end {
        match follower.next_item::<Numbered>().unwrap() {
            Some(item) => assert!(item.is(number), "item {number} is {item:?}"),
            None => return number - start,
        }
    }
    end - start
}
