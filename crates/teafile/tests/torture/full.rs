//! Disks that are full: files keep whole items only, and nothing that was taken is lost.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use teafile::{AppendOptions, CreateOptions, Durability, ErrorKind, State};

use crate::sequence::{Numbered, check_all, description};
use crate::{again, role};

const LIMITS: [u64; 8] = [0, 1, 11, 24, 1_000, 4_096, 65_537, 1_000_003];

/// Writes until the file cannot grow, then makes room and goes on.
fn fill(
    path: &Path,
    durability: Durability,
    is_prepared: bool,
    limit: impl FnOnce(u64),
    free: impl FnOnce(),
) {
    let options = CreateOptions::default().durability(durability);
    let options = if is_prepared { options.prepare(1) } else { options };
    let mut file = options.create(path, &description()).unwrap().typed::<Numbered>().unwrap();
    limit(fs::metadata(path).unwrap().len());
    let mut number = 0;
    let error = loop {
        match file.write(&Numbered::new(number)) {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
        assert!(number < 1_000_000, "it never became full");
    };
    assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
    assert!(error.items_kept().is_some(), "{error:?}");
    assert_eq!(error.path(), Some(path));
    // as others see it now: whole items, a beginning of what was taken
    assert_eq!(check_all(path), file.item_count());
    assert_eq!(teafile::verify(path).unwrap().partial_tail_bytes, 0);
    // it stays full: nothing changes by trying again, and if nothing waits it is no error
    let kept = file.item_count();
    let _ = file.flush();
    assert_eq!((check_all(path), file.item_count()), (kept, kept));
    free();
    file.write(&Numbered::new(number)).unwrap();
    file.close().unwrap();
    assert_eq!(check_all(path), number + 1, "what was taken is there, in its order, and once");
    assert_eq!(teafile::verify(path).unwrap().state(), State::Clean);
}

const DURABILITIES: [Durability; 3] = [
    Durability::Buffered { bytes: 100_000, interval: None },
    Durability::Flushed,
    Durability::Synced { items: 50, interval: None },
];

#[test]
fn a_limit_of_the_size_of_files_ends_in_whole_items() {
    let Some(folder) = role() else {
        let folder = tempfile::tempdir().unwrap();
        let test = "full::a_limit_of_the_size_of_files_ends_in_whole_items";
        let again = again(test, folder.path());
        // the shell ignores the signal for what it becomes; otherwise the limit kills the process instead of refusing
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(again.get_program()).args(again.get_args());
        shell.env(crate::ROLE, folder.path()).stdin(Stdio::null());
        let status = shell.status().unwrap();
        assert!(status.success(), "{status}");
        return;
    };
    let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    let set = |bytes: u64| setrlimit(Resource::RLIMIT_FSIZE, bytes, hard).unwrap();
    for (index, more) in LIMITS.into_iter().enumerate() {
        for (place, durability) in DURABILITIES.into_iter().enumerate() {
            // syncing a megabyte in groups of 50 takes minutes and shows nothing more
            if place == 2 && more > 65_537 {
                continue;
            }
            let path = folder.join(format!("{index}-{place}.tea"));
            fill(&path, durability, false, |size| set(size + more), || set(hard));
        }
    }
    fill(&folder.join("prepared.tea"), DURABILITIES[0], true, |size| set(size + 1_000), || set(hard));
}

#[test]
fn a_full_disk_ends_in_whole_items() {
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};
    let Some(folder) = role() else {
        let folder = tempfile::tempdir().unwrap();
        let status = again("full::a_full_disk_ends_in_whole_items", folder.path()).status().unwrap();
        assert!(status.success(), "{status}");
        return;
    };
    // mounts of its own, which go with the process
    let mounted = unshare(CloneFlags::CLONE_NEWNS).and_then(|()| {
        let none: Option<&str> = None;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
        mount(Some("tmpfs"), &folder, Some("tmpfs"), MsFlags::empty(), Some("size=1m"))
    });
    if let Err(errno) = mounted {
        println!("skipped: a small disk needs a mount, which is refused here ({errno})");
        return;
    }
    let filler = folder.join("filler");
    for (place, durability) in DURABILITIES.into_iter().enumerate() {
        let path = folder.join(format!("{place}.tea"));
        fs::write(&filler, vec![1; 700 << 10]).unwrap();
        fill(&path, durability, false, |_| (), || fs::remove_file(&filler).unwrap());
        fs::remove_file(&path).unwrap();
    }
    // a file that cannot be made leaves nothing behind
    fs::write(&filler, vec![1; 2 << 20]).unwrap_err();
    let path = folder.join("none.tea");
    assert!(teafile::create(&path, &description()).is_err());
    assert!(!path.exists());
}

#[test]
fn a_writer_that_was_refused_once_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tea");
    let mut file = teafile::create(&path, &description()).unwrap().typed::<Numbered>().unwrap();
    file.write(&Numbered::new(0)).unwrap();
    // out of scope without `close`: it writes all the same
    drop(file);
    let mut file = AppendOptions::default().append(&path).unwrap().typed::<Numbered>().unwrap();
    file.write(&Numbered::new(1)).unwrap();
    file.sync().unwrap();
    assert_eq!(check_all(&path), 2);
}
