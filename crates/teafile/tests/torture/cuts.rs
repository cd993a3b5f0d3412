//! A file that was cut anywhere is mended and appended to as if the part of an item had never been.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use teafile::{AppendOptions, CreateOptions, ErrorKind, Repair, State, TornTail};

use crate::sequence::{Numbered, check_all, description};

const ITEM: usize = size_of::<Numbered>();

/// A file of so many items; returns its bytes and where the items start.
fn whole(path: &Path, count: u64) -> (Vec<u8>, usize) {
    let mut file =
        CreateOptions::default().overwrite(true).create(path, &description()).unwrap().typed().unwrap();
    let start = usize::try_from(file.header().item_start()).unwrap();
    for number in 0..count {
        file.write(&Numbered::new(number)).unwrap();
    }
    file.close().unwrap();
    (fs::read(path).unwrap(), start)
}

/// Cuts a file to `length`, opens it, appends one, and compares every byte with a file that was never cut.
fn check_cut(path: &Path, bytes: &[u8], start: usize, length: usize) {
    let cut = &bytes[..length];
    fs::write(path, cut).unwrap();
    let kept = (length - start) / ITEM;
    let rest = (length - start) % ITEM;
    let found = teafile::verify(path).unwrap();
    assert_eq!((found.items, found.partial_tail_bytes), (kept as u64, rest as u64), "cut to {length}");
    assert_eq!(found.state(), if rest > 0 { State::Repairable } else { State::Clean });
    if rest > 0 {
        let refused = AppendOptions::default().torn_tail(TornTail::Refuse).append(path).unwrap_err();
        assert_eq!((refused.kind(), refused.offset()), (ErrorKind::TornTail, Some((length - rest) as u64)));
        assert_eq!(fs::read(path).unwrap(), cut, "a refusal changes nothing");
    }
    let mut file = teafile::append(path).unwrap().typed::<Numbered>().unwrap();
    assert_eq!(file.item_count(), kept as u64);
    assert_eq!(file.repaired().map(|repaired| repaired.bytes), (rest > 0).then_some(rest as u64));
    file.write(&Numbered::new(kept as u64)).unwrap();
    file.close().unwrap();
    // the next item is the one that was cut, so that the file must be a beginning of the whole one
    let written = fs::read(path).unwrap();
    assert_eq!(written, bytes[..start + (kept + 1) * ITEM], "cut to {length}");
}

#[test]
fn every_cut_of_the_last_three_items_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, start) = whole(&folder.path().join("whole.tea"), 5);
    for length in bytes.len() - 3 * ITEM..bytes.len() {
        check_cut(&folder.path().join(format!("{length}.tea")), &bytes, start, length);
    }
}

#[test]
fn every_page_of_a_batch_is_a_place_to_be_cut() {
    const PAGE: usize = 4_096;
    let folder = tempfile::tempdir().unwrap();
    let (bytes, start) = whole(&folder.path().join("whole.tea"), (1 << 20) / ITEM as u64);
    let path = folder.path().join("cut.tea");
    for length in (PAGE..bytes.len()).step_by(PAGE) {
        check_cut(&path, &bytes, start, length);
    }
}

#[test]
fn every_cut_before_the_end_of_a_header_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.tea");
    let (bytes, start) = whole(&path, 1);
    for length in 0..start {
        fs::write(&path, &bytes[..length]).unwrap();
        assert!(teafile::append(&path).unwrap_err().is_format(), "cut to {length}");
        assert!(teafile::Reader::open(&path).unwrap_err().is_format(), "cut to {length}");
        assert_eq!(teafile::verify(&path).unwrap().state(), State::Broken, "cut to {length}");
        assert_eq!(fs::read(&path).unwrap(), bytes[..length], "nothing is changed");
    }
}

#[test]
fn every_end_within_the_last_three_items_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("end.tea");
    let prepared = CreateOptions::default().prepare(100).create(&path, &description()).unwrap();
    let mut file = prepared.typed::<Numbered>().unwrap();
    let start = file.header().item_start();
    for number in 0..5 {
        file.write(&Numbered::new(number)).unwrap();
    }
    file.close().unwrap();
    let bytes = fs::read(&path).unwrap();
    let item = ITEM as u64;
    for end in start + 2 * item..start + 5 * item {
        fs::write(&path, &bytes).unwrap();
        let opened = fs::OpenOptions::new().write(true).open(&path).unwrap();
        opened.write_all_at(&end.to_ne_bytes(), 16).unwrap();
        let kept = (end - start) / item;
        let mut file = teafile::append(&path).unwrap().typed::<Numbered>().unwrap();
        assert_eq!(file.item_count(), kept);
        file.write(&Numbered::new(kept)).unwrap();
        file.close().unwrap();
        assert_eq!(check_all(&path), kept + 1);
        assert_eq!(fs::metadata(&path).unwrap().len(), bytes.len() as u64, "the room stays");
    }
}

#[test]
fn what_is_cut_off_is_saved_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tea");
    let (bytes, start) = whole(&path, 2);
    let mut expected = String::new();
    for length in [start + ITEM + 1, start + 2] {
        fs::write(&path, &bytes[..length]).unwrap();
        let repaired = teafile::repair(&path, Repair::default()).unwrap().unwrap();
        let end = start + (length - start) / ITEM * ITEM;
        assert_eq!((repaired.offset, repaired.bytes), (end as u64, (length - end) as u64));
        let hex: String = bytes[end..length].iter().map(|byte| format!("{byte:02x}")).collect();
        expected.push_str(&format!("{end} {hex}\n"));
        assert_eq!(fs::read_to_string(&repaired.saved_in).unwrap(), expected);
    }
    assert_eq!(teafile::repair(&path, Repair::default()).unwrap(), None);
}
