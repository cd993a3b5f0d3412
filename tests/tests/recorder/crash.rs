//! A daemon that is killed leaves whole files, continues them, and what there is can be replayed.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use teafile::Reader;

use crate::place::{ALL, Desk, VENUE, assert_match};

const MAKER: &str = "[[strategy]]\nplugin = \"market-maker\"\n";

#[test]
fn a_killed_run_is_replayed_as_far_as_it_was_written() {
    let desk = Desk::new("sandbox", &format!("{ALL}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    let mut running = desk.start();
    desk.wait_for(&mut running, 2_000, 20);
    let _ = running.end("KILL");
    // the last row of each file in part, as a kill within a write leaves it
    for name in ["inputs", "outputs", "reports", "said", "bytes", "texts"] {
        tear(&desk.recording().join(format!("{name}.tea")));
    }
    let replayed = desk.replayed(&[]);
    assert_eq!((&replayed["matches"], &replayed["ended"]), (&true.into(), &"cut".into()), "{replayed:#}");
    assert!(replayed["outputs"].as_u64() >= Some(5), "{replayed:#}");
    assert!(replayed["why"].as_str().is_some_and(|why| why.contains("no end")), "{replayed:#}");
}

#[test]
fn market_files_are_mended_and_continued_after_a_kill() {
    let desk = Desk::new("sandbox", &format!("{ALL}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    let mut running = desk.start();
    desk.wait_for(&mut running, 2_000, 0);
    let _ = running.end("KILL");
    let files = market_files(&desk.path("rec/synthetic"));
    assert!(files.len() >= 4, "{files:?}");
    let before: Vec<u64> = files.iter().map(|file| count(file)).collect();
    files.iter().for_each(|file| tear(file));
    fs::remove_dir_all(desk.recording()).expect("the first recording");
    let ended = desk.run(2_000, 0);
    assert!(ended.err.contains("was written in part, and is removed (3 bytes)"), "{}", ended.err);
    for (file, before) in files.iter().zip(before) {
        // as `tea verify` says it: whole items, and times in order
        let found = teafile::verify(file).expect("a file that can be read");
        assert_eq!(found.state(), teafile::State::Clean, "{}: {found:?}", file.display());
        assert!(found.items > before, "{}: continued", file.display());
    }
    assert_match(&desk.replayed(&[]), 5);
}

fn tear(file: &Path) {
    let mut file = OpenOptions::new().append(true).open(file).expect("a file of the recording");
    file.write_all(&[1, 2, 3]).expect("three bytes");
}

fn count(file: &Path) -> u64 {
    Reader::open(file).and_then(|mut reader| reader.item_count()).expect("a count")
}

pub(crate) fn market_files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for symbol in fs::read_dir(folder).expect("the folder of the exchange").flatten() {
        let files = fs::read_dir(symbol.path()).expect("the folder of a symbol").flatten();
        all.extend(
            files.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "tea")),
        );
    }
    all.sort();
    all
}
