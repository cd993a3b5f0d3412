//! Readers while somebody writes, and two who want to write.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use teafile::{CreateOptions, Durability, ErrorKind, Follower, Mapped, Reader};

use crate::sequence::{Numbered, check_all, description};

const ITEMS: u64 = 300_000;

/// A writer in a thread, and three kinds of readers until it is done.
fn check(options: CreateOptions) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("together.tea");
    let mut writer = options.create(&path, &description()).unwrap().typed::<Numbered>().unwrap();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..ITEMS {
                writer.write(&Numbered::new(number)).unwrap();
            }
            writer.close().unwrap();
            is_done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            let mut follower = Follower::open(&path).unwrap();
            let mut number = 0;
            while number < ITEMS {
                match follower.next_item::<Numbered>().unwrap() {
                    Some(item) => {
                        assert!(item.is(number), "item {number} is {item:?}");
                        number += 1;
                    }
                    None => {
                        follower.wait(Duration::from_secs(30)).unwrap();
                    }
                }
            }
        });
        scope.spawn(|| {
            let mut mapped = Mapped::open(&path).unwrap();
            let mut seen = 0;
            while seen < ITEMS {
                let count = mapped.refresh().unwrap() as u64;
                assert!(count >= seen, "{count} items after {seen}");
                let fresh = &mapped.items::<Numbered>().unwrap()[usize::try_from(seen).unwrap()..];
                for (number, item) in (seen..).zip(fresh) {
                    assert!(item.is(number), "item {number} is {item:?}");
                }
                seen = count;
                std::thread::yield_now();
            }
        });
        let mut reader = Reader::open(&path).unwrap();
        let mut seen = 0;
        while !is_done.load(Ordering::Acquire) {
            let count = reader.item_count().unwrap();
            assert!(count >= seen, "{count} items after {seen}");
            if let Some(last) = count.checked_sub(1) {
                let row = reader.row(last).unwrap();
                assert_eq!(row.get("number").unwrap(), teafile::Value::UInt(last));
            }
            seen = count;
        }
    });
    assert_eq!(check_all(&path), ITEMS);
}

#[test]
fn readers_see_whole_items_of_a_writer_in_batches() {
    let large = Durability::Buffered { bytes: 1 << 20, interval: None };
    check(CreateOptions::default().durability(large));
}

#[test]
fn readers_see_whole_items_of_a_writer_one_by_one() {
    check(CreateOptions::default().durability(Durability::Flushed));
}

#[test]
fn readers_see_whole_items_where_room_was_prepared() {
    let odd = Durability::Buffered { bytes: 100_001, interval: None };
    check(CreateOptions::default().durability(odd).prepare(ITEMS / 2));
}

#[test]
fn a_second_writer_is_refused_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tea");
    let mut first = teafile::create(&path, &description()).unwrap().typed::<Numbered>().unwrap();
    first.write(&Numbered::new(0)).unwrap();
    first.flush().unwrap();
    let before = fs::read(&path).unwrap();
    let refused = [
        teafile::append(&path).unwrap_err(),
        CreateOptions::default().overwrite(true).create(&path, &description()).unwrap_err(),
        teafile::repair(&path, teafile::Repair::default()).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(error.is_locked() && error.path() == Some(&path));
    }
    assert_eq!(teafile::create(&path, &description()).unwrap_err().kind(), ErrorKind::Exists);
    assert_eq!(fs::read(&path).unwrap(), before);
    // readers need no leave
    assert_eq!(Reader::open(&path).unwrap().item_count().unwrap(), 1);
    first.close().unwrap();
    let mut second = teafile::append(&path).unwrap().typed::<Numbered>().unwrap();
    second.write(&Numbered::new(1)).unwrap();
    second.close().unwrap();
    assert_eq!(check_all(&path), 2);
}

#[test]
fn readers_that_were_there_before_see_no_item_in_room_that_is_taken_or_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("room.tea");
    let mut writer =
        CreateOptions::default().create(&path, &description()).unwrap().typed::<Numbered>().unwrap();
    writer.write(&Numbered::new(0)).unwrap();
    writer.flush().unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let mut mapped = Mapped::open(&path).unwrap();
    let mut follower = Follower::open(&path).unwrap();
    assert!(follower.next_item::<Numbered>().unwrap().is_some());
    let mut count = 1;
    for step in 0..6 {
        match step % 3 {
            0 => writer.prepare(1_000).unwrap(),
            1 => {
                writer.write(&Numbered::new(count)).unwrap();
                writer.flush().unwrap();
                count += 1;
                assert!(follower.next_item::<Numbered>().unwrap().is_some());
            }
            _ => writer.trim().unwrap(),
        }
        assert_eq!(reader.item_count().unwrap(), count, "step {step}");
        assert_eq!(mapped.refresh().unwrap() as u64, count, "step {step}");
        assert!(follower.next_item::<Numbered>().unwrap().is_none(), "step {step}");
    }
    assert_eq!(check_all(&path), count);
}
