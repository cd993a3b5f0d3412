//! tail, and tail -f beside a writer.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{acme, program, tea};

const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn the_last_items_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    assert_eq!(tea(folder.path(), "tail -n 2 acme.tea --fields Volume").well(), "Volume\n1100\n300\n");
    assert_eq!(tea(folder.path(), "tail -n 0 acme.tea --fields Volume").well(), "Volume\n");
}

#[test]
fn whoever_follows_sees_items_when_they_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = acme(folder.path());
    let mut child = program(folder.path())
        .args(["tail", "-f", "-n", "1", "--json", "--fields", "Volume", "acme.tea"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, seen) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in lines {
            if sender.send(line.unwrap()).is_err() {
                break;
            }
        }
    });
    assert_eq!(seen.recv_timeout(DEADLINE).unwrap(), "{\"Volume\":300}");
    let item = |volume: i64| {
        [1_299_236_400_001_i64.to_ne_bytes(), 1.5_f64.to_ne_bytes(), volume.to_ne_bytes()].concat()
    };
    let append = |bytes: &[u8]| {
        use std::io::Write;
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(bytes).unwrap();
    };
    // one item and a part of the next: that one is shown when the rest of it is there
    append(&[&item(7)[..], &item(8)[..11]].concat());
    assert_eq!(seen.recv_timeout(DEADLINE).unwrap(), "{\"Volume\":7}");
    assert!(seen.try_recv().is_err());
    append(&item(8)[11..]);
    assert_eq!(seen.recv_timeout(DEADLINE).unwrap(), "{\"Volume\":8}");
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
}
