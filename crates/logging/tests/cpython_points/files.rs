//! Points about files.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use nix::sys::stat::Mode;
use stratd_logging::{Config, FileOptions, Handler, Level, RotateByTime, TimedFileHandler, When, log};

use crate::{emit, quiet, with_handler};

#[test]
fn point_01_watched_file_delete_race() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let text = format!(
        "[handlers.f]\nkind = \"file\"\npath = {path:?}\nwatch = true\n[root]\nlevel = \"INFO\"\nhandlers = [\"f\"]"
    );
    let logging = quiet();
    logging.apply(Config::parse(&text).unwrap()).unwrap();
    let logger = logging.logger("a").unwrap();
    let writer =
        std::thread::spawn(move || (0..20_000).for_each(|index| log!(logger, Level::INFO, "{index}")));
    while !writer.is_finished() {
        // a file that is not there at the moment is what this is about
        let _ = std::fs::remove_file(&path);
    }
    writer.join().unwrap();
    logging.flush();
    let _ = std::fs::remove_file(&path);
    logging.logger("a").unwrap().log(Level::INFO, "end");
    logging.flush();
    let status = logging.handlers().remove(0);
    assert_eq!((status.errors, status.written), (0, 20_001));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "end\n");
}

#[test]
fn point_08_devices_and_pipes_are_never_rotated_by_time() {
    let rotate = RotateByTime { keep: 1, ..RotateByTime::new(When::Second) };
    let now = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(0));
    let clock = std::sync::Arc::clone(&now);
    let options = FileOptions::new("/dev/null");
    let clock = Box::new(move || clock.load(std::sync::atomic::Ordering::Relaxed));
    let mut handler = TimedFileHandler::with_clock(options, rotate, clock).unwrap();
    now.store(i64::from(u32::MAX) * 1_000_000_000, std::sync::atomic::Ordering::Relaxed);
    emit(&mut handler, "x");
    assert!(Path::new("/dev/null").exists());
    assert_eq!(handler.next(), i64::from(u32::MAX) + 1);
}

#[test]
fn point_08_a_named_pipe_is_never_rotated_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o600)).unwrap();
    // opened for both ends, so that there is a reader
    let mut reader = std::fs::File::options().read(true).write(true).open(&path).unwrap();
    let now = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&now);
    let clock = Box::new(move || clock.load(Ordering::Relaxed));
    let rotate = RotateByTime { keep: 1, ..RotateByTime::new(When::Second) };
    let mut handler = TimedFileHandler::with_clock(FileOptions::new(&path), rotate, clock).unwrap();
    now.store(i64::from(u32::MAX) * 1_000_000_000, Ordering::Relaxed);
    emit(&mut handler, "x");
    handler.flush().unwrap();
    let mut text = [0; 2];
    reader.read_exact(&mut text).unwrap();
    assert_eq!((&text, std::fs::read_dir(folder.path()).unwrap().count()), (b"x\n", 1));
}

#[test]
fn point_09_old_files_of_siblings_are_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let names =
        ["a.b.2024-01-01", "a.b.2024-01-02", "a.b.c.2024-01-01", "a.2024-01-01", "a.b.2024-01-01.txt"];
    for name in names {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let now = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1_718_000_000_000_000_000));
    let clock = std::sync::Arc::clone(&now);
    let rotate = RotateByTime { keep: 2, utc: true, ..RotateByTime::new(When::Day) };
    let options = FileOptions { delay: true, ..FileOptions::new(folder.path().join("a.b")) };
    let clock = Box::new(move || clock.load(std::sync::atomic::Ordering::Relaxed));
    let mut handler = TimedFileHandler::with_clock(options, rotate, clock).unwrap();
    emit(&mut handler, "today");
    now.fetch_add(86_400_000_000_000, std::sync::atomic::Ordering::Relaxed);
    emit(&mut handler, "tomorrow");
    let has = |name: &str| folder.path().join(name).exists();
    assert!(!has("a.b.2024-01-01") && has("a.b.2024-01-02") && has("a.b.2024-06-10"));
    assert!(has("a.b.c.2024-01-01") && has("a.2024-01-01") && has("a.b.2024-01-01.txt"));
}

#[test]
fn point_13_files_are_utf_8_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let logging = with_handler(&format!("kind = \"file\"\npath = {path:?}\nencoding = \"utf-8\""));
    let text = "\u{434}\u{43e} \u{441}\u{432}\u{438}\u{434}\u{430}\u{43d}\u{438}\u{44f} \u{1f40e}";
    logging.logger("a").unwrap().log(Level::INFO, text);
    logging.flush();
    assert_eq!(std::fs::read(&path).unwrap(), format!("{text}\n").into_bytes());
    let other = "[handlers.h]\nkind = \"file\"\npath = \"x\"\nencoding = \"utf-16\"";
    let error = Config::parse(other).unwrap_err().to_string();
    assert!(error.contains("line 4: handlers.h.encoding: only utf-8 is written"), "{error}");
}

#[test]
fn point_19_a_file_that_is_written_anew_is_not_emptied_by_a_record_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    for delay in [false, true] {
        let path = folder.path().join(format!("{delay}.log"));
        std::fs::write(&path, "old\n").unwrap();
        let logging =
            with_handler(&format!("kind = \"file\"\npath = {path:?}\nmode = \"w\"\ndelay = {delay}"));
        logging.logger("a").unwrap().log(Level::INFO, "one");
        logging.close_handler("h").unwrap();
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.ends_with("one\n"), "{written}");
        logging.logger("a").unwrap().log(Level::INFO, "two");
        logging.flush();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
    }
}
