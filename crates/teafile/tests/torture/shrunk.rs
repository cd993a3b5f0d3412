//! Files that somebody makes shorter while they are read: an error, or fewer items.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use teafile::{ErrorKind, Follower, Mapped, MergedRows, Reader};

use crate::sequence::{Numbered, description};

fn ten_items(folder: &Path) -> PathBuf {
    let path = folder.join("a.tea");
    let mut file = teafile::create(&path, &description()).unwrap().typed::<Numbered>().unwrap();
    for number in 0..10 {
        file.write(&Numbered::new(number)).unwrap();
    }
    file.close().unwrap();
    path
}

fn cut(path: &Path, bytes: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

#[test]
fn a_reader_sees_fewer_items() {
    let folder = tempfile::tempdir().unwrap();
    let path = ten_items(folder.path());
    let mut file = Reader::open(&path).unwrap();
    let start = file.header().item_start();
    cut(&path, start + 3 * 24 + 5);
    assert_eq!((file.item_count().unwrap(), file.partial_tail_bytes().unwrap()), (3, 5));
    assert_eq!(file.row(3).unwrap_err().kind(), ErrorKind::UnknownItem);
    assert_eq!(file.items(..).unwrap().filter(Result::is_ok).count(), 3);
    assert_eq!(file.lower_bound(i64::MAX).unwrap(), 3);
    // shorter than its own header
    cut(&path, 10);
    assert_eq!(file.item_count().unwrap(), 0);
    assert_eq!(file.read().unwrap(), None);
    let mut typed = Reader::open(ten_items_again(&path)).unwrap().typed::<Numbered>().unwrap();
    cut(&path, start);
    assert_eq!(typed.next_item().unwrap(), None);
}

fn ten_items_again(path: &Path) -> PathBuf {
    std::fs::remove_file(path).unwrap();
    ten_items(path.parent().unwrap())
}

#[test]
fn a_follower_tells_it_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = ten_items(folder.path());
    let mut follower = Follower::open(&path).unwrap();
    follower.seek_end().unwrap();
    let start = follower.header().item_start();
    cut(&path, start + 24);
    assert_eq!(follower.next_row().unwrap_err().kind(), ErrorKind::Shrunk);
    assert_eq!(follower.position(), 1);
    assert!(follower.next_row().unwrap().is_none());
    let mut writer = teafile::append(&path).unwrap().typed::<Numbered>().unwrap();
    writer.write(&Numbered::new(1)).unwrap();
    writer.close().unwrap();
    assert_eq!(follower.next_item::<Numbered>().unwrap(), Some(Numbered::new(1)));
}

#[test]
fn a_mapping_is_given_up_when_it_is_refreshed() {
    let folder = tempfile::tempdir().unwrap();
    let path = ten_items(folder.path());
    let mut mapped = Mapped::open(&path).unwrap();
    cut(&path, mapped.header().item_start() + 24);
    assert_eq!(mapped.refresh().unwrap_err().kind(), ErrorKind::Shrunk);
    assert!(mapped.is_empty() && mapped.items::<Numbered>().unwrap().is_empty() && mapped.bytes().is_empty());
    assert!(mapped.row(0).is_none());
    assert_eq!(mapped.refresh().unwrap(), 1);
    assert!(mapped.items::<Numbered>().unwrap()[0].is(0));
}

#[test]
fn merged_files_end_where_they_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = ten_items(folder.path());
    let start = Reader::open(&path).unwrap().header().item_start();
    let mut rows = MergedRows::new(vec![Reader::open(&path).unwrap(), Reader::open(&path).unwrap()]).unwrap();
    assert_eq!(rows.next_row().unwrap().map(|(file, _)| file), Some(0));
    cut(&path, start);
    // what was read before is still there, in blocks; nothing panics and it ends
    let mut count = 1;
    while let Some((_, row)) = rows.next_row().unwrap() {
        assert_eq!(row.bytes().len(), 24);
        count += 1;
    }
    assert!(count <= 20);
}
