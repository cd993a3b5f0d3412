//! Indices beside files that are written to.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

use teafile::{
    AppendOptions, CreateOptions, Description, ErrorKind, IndexCheck, IndexCheckup, State, Writer,
};

const BLOCK: u64 = 4_096;

fn beside(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.idx", path.display()))
}

fn write(file: &mut Writer, numbers: std::ops::Range<i64>) {
    for number in numbers {
        file.write(&[number.into(), (number * 7).into()]).unwrap();
    }
}

fn description() -> Description {
    Description::new("Time Price", "qq").unwrap()
}

#[track_caller]
fn compared(path: &Path) -> IndexCheck {
    match teafile::verify(path).unwrap().index {
        Some(IndexCheckup::Compared(check)) => check,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn knows(path: &Path, items: u64) {
    assert_eq!(compared(path), IndexCheck { items, ..IndexCheck::default() });
}

#[test]
fn it_grows_with_the_file_through_any_number_of_openings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tea");
    let mut file = CreateOptions::default().index(true).create(&path, &description()).unwrap();
    let mut count = 0;
    file.sync().unwrap();
    knows(&path, 0);
    for more in [1, 4_094, 1, 1, 4_096, 9_000, 8_191] {
        write(&mut file, count..count + more);
        count += more;
        file.sync().unwrap();
        knows(&path, count as u64);
        file.close().unwrap();
        file = AppendOptions::default().index(true).append(&path).unwrap();
    }
    file.close().unwrap();
    // the one that is made of the whole file is the same
    let kept = fs::read(beside(&path)).unwrap();
    teafile::index(&path, true).unwrap();
    assert_eq!(fs::read(beside(&path)).unwrap(), kept);
}

#[test]
fn what_was_not_synced_is_not_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tea");
    let mut file = CreateOptions::default().index(true).create(&path, &description()).unwrap();
    write(&mut file, 0..5_000);
    file.sync().unwrap();
    write(&mut file, 5_000..20_000);
    file.flush().unwrap();
    knows(&path, 5_000);
    // as if the process was killed here: blocks beyond the head are no harm
    let copy = folder.path().join("copy.tea");
    fs::copy(&path, &copy).unwrap();
    fs::copy(beside(&path), beside(&copy)).unwrap();
    let mut again = AppendOptions::default().index(true).append(&copy).unwrap();
    write(&mut again, 20_000..20_001);
    again.close().unwrap();
    knows(&copy, 20_001);
}

#[test]
fn each_byte_that_turns_is_found_in_its_block() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tea");
    let mut file = CreateOptions::default().index(true).create(&path, &description()).unwrap();
    write(&mut file, 0..10_000);
    file.close().unwrap();
    let (whole, start) = (fs::read(&path).unwrap(), file.header().item_start());
    for item in [1, BLOCK - 1, BLOCK, 2 * BLOCK + 5, 9_999] {
        let mut bytes = whole.clone();
        // in the price, so that the order of times says nothing
        bytes[usize::try_from(start + item * 16).unwrap() + 9] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        let check = compared(&path);
        let first = item / BLOCK * BLOCK;
        assert_eq!((check.bad_blocks, check.first_bad_items), (1, Some(first..(first + BLOCK).min(10_000))));
        assert_eq!(teafile::verify(&path).unwrap().state(), State::Broken);
    }
}

#[test]
fn each_byte_of_an_index_that_turns_is_seen_and_no_reader_minds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tea");
    let mut file = CreateOptions::default().index(true).create(&path, &description()).unwrap();
    write(&mut file, 0..9_000);
    file.close().unwrap();
    let whole = fs::read(beside(&path)).unwrap();
    assert_eq!(whole.len(), 64 + 2 * 16);
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(beside(&path), &bytes).unwrap();
        match teafile::verify(&path).unwrap().index.unwrap() {
            IndexCheckup::Ignored(reason) => {
                assert!(place < 64 && reason.contains("is not whole"), "{reason}")
            }
            IndexCheckup::Compared(check) => {
                assert!(place >= 64 && check.bad_blocks == 1, "byte {place}: {check:?}")
            }
        }
        assert_eq!(teafile::Reader::open(&path).unwrap().item_count().unwrap(), 9_000);
    }
    for cut in 0..whole.len() {
        fs::write(beside(&path), &whole[..cut]).unwrap();
        assert!(matches!(teafile::verify(&path).unwrap().index, Some(IndexCheckup::Ignored(_))), "{cut}");
    }
}

#[test]
fn writing_over_an_item_gives_it_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tea");
    let mut file = CreateOptions::default().index(true).create(&path, &description()).unwrap();
    write(&mut file, 0..10);
    file.sync().unwrap();
    file.seek_item(3).unwrap();
    write(&mut file, 3..4);
    assert!(!beside(&path).exists());
    file.close().unwrap();
    assert_eq!(teafile::verify(&path).unwrap().index, None);
}

#[test]
fn items_of_zeros_that_were_synced_are_items() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("a.tea"), folder.path().join("b.tea"));
    let mut file = CreateOptions::default().index(true).create(&path, &description()).unwrap();
    write(&mut file, 1..5_000);
    file.write(&[0.into(), 0.into()]).unwrap();
    file.write(&[0.into(), 0.into()]).unwrap();
    file.close().unwrap();
    fs::copy(&path, &copy).unwrap();
    // who does not know refuses, who knows does not
    assert_eq!(teafile::append(&copy).unwrap_err().kind(), ErrorKind::ZeroTail);
    assert_eq!(teafile::append(&path).unwrap().item_count(), 5_001);
    assert_eq!(teafile::verify(&path).unwrap().zero_tail_items, 0);
    // those behind the sync are as suspect as ever, and only those
    let bytes = [fs::read(&path).unwrap(), vec![0; 3 * 16]].concat();
    fs::write(&path, bytes).unwrap();
    assert_eq!(teafile::append(&path).unwrap_err().kind(), ErrorKind::ZeroTail);
    assert_eq!(teafile::verify(&path).unwrap().zero_tail_items, 3);
    let cut = teafile::repair(
        &path,
        teafile::Repair { zero_tail: teafile::ZeroTail::Truncate, ..Default::default() },
    );
    assert_eq!(cut.unwrap().unwrap().bytes, 48);
    knows(&path, 5_001);
}

#[test]
fn a_new_file_does_not_inherit_the_index_of_an_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tea");
    let mut file = CreateOptions::default().index(true).create(&path, &description()).unwrap();
    write(&mut file, 0..10);
    file.close().unwrap();
    let mut file = CreateOptions::default().overwrite(true).create(&path, &description()).unwrap();
    write(&mut file, 0..9);
    file.close().unwrap();
    assert_eq!(teafile::verify(&path).unwrap().index, None);
}

#[test]
fn a_writer_that_keeps_it_refuses_a_file_that_lost_items() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tea");
    let mut file = CreateOptions::default().index(true).create(&path, &description()).unwrap();
    write(&mut file, 0..10);
    file.close().unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 16]).unwrap();
    let error = AppendOptions::default().index(true).append(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Index);
    assert!(error.to_string().contains("9 items, but 10 were synced"), "{error}");
}
