//! Disks that are full, slow or read-only, files that others delete and truncate, clocks that go back.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};
use nix::sys::stat::Mode;
use stratd_logging::{
    Compression, Config, Entry, FileHandler, FileOptions, Handler, HandlerStatus, Level, Logging,
    LoggingOptions, Record, RotateBySize, RotateByTime, RotatingFileHandler, StreamHandler, TimedFileHandler,
    When, log,
};

const DEADLINE: Duration = Duration::from_secs(30);

fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    #[expect(clippy::disallowed_methods, reason = "a deadline of a test")]
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "it never came");
        std::thread::yield_now();
    }
}

fn logging(text: &str) -> Logging {
    let options = LoggingOptions { last_resort: false, ..LoggingOptions::default() };
    let logging = Logging::with_options(&options);
    logging.apply(Config::parse(text).expect("the configuration is good")).expect("it can be applied");
    logging
}

/// A system with the handler `file` for a path, and what else is said of it.
fn with_file(path: &Path, more: &str) -> Logging {
    logging(&format!(
        "[handlers.file]\nkind = \"file\"\npath = {path:?}\n{more}\n[root]\nlevel = \"INFO\"\nhandlers = [\"file\"]"
    ))
}

fn status(logging: &Logging, name: &str) -> HandlerStatus {
    logging.handlers().into_iter().find(|status| status.name == name).expect("it is there")
}

fn emit(handler: &mut dyn Handler, text: &str) -> stratd_logging::Result<()> {
    let record = Record::new("a", Level::INFO, text);
    handler.emit(&Entry::new(&record, text))
}

/// Not a test by itself: the child of the next one. Its files may hold 64 KiB, until it lifts that limit.
#[test]
fn child_whose_disk_is_full() {
    let Ok(path) = std::env::var("STRATD_LOGGING_FULL") else { return };
    // whoever started this has the signal ignored, so that a write beyond the limit is an error
    let limit = |bytes| setrlimit(Resource::RLIMIT_FSIZE, bytes, RLIM_INFINITY).unwrap();
    limit(64 << 10);
    let logging = with_file(Path::new(&path), "");
    let logger = logging.logger("a").unwrap();
    for index in 0..2000 {
        log!(logger, Level::INFO, "{index} {}", "x".repeat(100));
    }
    logging.flush();
    let full = status(&logging, "file");
    assert!(full.errors > 0 && full.last_error.unwrap().contains("File too large"));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 64 << 10);
    limit(RLIM_INFINITY);
    // nobody logs any more: what waits is written by itself
    wait_for(|| std::fs::read_to_string(&path).ok().filter(|text| text.lines().count() == 2000));
}

#[test]
fn disk_full_keeps_what_it_can_and_writes_it_when_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let output = Command::new("env")
        .arg("--ignore-signal=XFSZ")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child_whose_disk_is_full", "--nocapture"])
        .env("STRATD_LOGGING_FULL", &path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&path).unwrap();
    for (index, line) in text.lines().enumerate() {
        assert_eq!(line, format!("{index} {}", "x".repeat(100)));
    }
}

#[test]
fn a_full_disk_loses_and_counts_what_is_above_the_backlog() {
    let logging = with_file(Path::new("/dev/full"), "");
    let logger = logging.logger("a").unwrap();
    let text = "x".repeat(1 << 20);
    for _ in 0..6 {
        logger.log(Level::INFO, &text);
        logging.flush();
    }
    let status = status(&logging, "file");
    // four of a MiB each fill the backlog
    assert_eq!((status.written, status.queued), (0, 4));
    assert!(status.errors >= 2, "{status:?}");
    let end = logging.shutdown(Duration::from_millis(10));
    assert_eq!((end.failed, end.left, end.handlers), (1, 4, vec!["file".to_owned()]));
}

/// Takes one text, and fails then.
struct OneText(bool);

impl std::io::Write for OneText {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if std::mem::replace(&mut self.0, true) {
            Err(std::io::Error::other("broken"))
        } else {
            Ok(bytes.len())
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stream_counts_what_was_written_and_what_was_lost() {
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    let stream = StreamHandler::from_writer(OneText(false), "pipe", "\n");
    logging.add_handler("stream", Box::new(stream)).unwrap();
    logging.attach("a", "stream").unwrap();
    let logger = logging.logger("a").unwrap();
    for text in ["taken", "lost"] {
        logger.log(Level::WARNING, text);
        logging.flush();
    }
    let status = status(&logging, "stream");
    assert_eq!((status.written, status.dropped, status.errors, status.queued), (1, 1, 1, 0));
}

/// A folder that this thread may not write to, even if it is root's, and the way to make it writable.
struct ReadOnly {
    folder: tempfile::TempDir,
    is_root: bool,
}

impl ReadOnly {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let is_root = nix::unistd::geteuid().is_root();
        Self { folder, is_root }
    }

    fn set(&self, is_read_only: bool) {
        let root = nix::unistd::Uid::from_raw(0);
        // only the owner may change it; as root this thread is somebody else whenever it may not write
        if self.is_root {
            nix::unistd::setfsuid(root);
        }
        let mode = if is_read_only { 0o555 } else { 0o777 };
        std::fs::set_permissions(self.folder.path(), std::fs::Permissions::from_mode(mode))
            .expect("it is ours");
        if self.is_root && is_read_only {
            nix::unistd::setfsuid(nix::unistd::Uid::from_raw(65534));
        }
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        self.set(false);
    }
}

#[test]
fn a_read_only_directory_is_an_error_until_it_is_one_no_more() {
    let folder = ReadOnly::new();
    let path = folder.folder.path().join("a.log");
    folder.set(true);
    let error = FileHandler::new(FileOptions::new(&path)).err().unwrap().to_string();
    assert!(error.contains("Permission denied") && error.contains("a.log"), "{error}");
    // one that is opened with its first record keeps it
    let options = FileOptions { delay: true, ..FileOptions::new(&path) };
    let mut handler = FileHandler::new(options).unwrap();
    emit(&mut handler, "early").unwrap();
    assert!(handler.flush().unwrap_err().to_string().contains("Permission denied"));
    folder.set(false);
    emit(&mut handler, "late").unwrap();
    handler.flush().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "early\nlate\n");
}

#[test]
fn a_file_that_cannot_be_rotated_in_a_read_only_directory_grows_and_rotates_later() {
    let folder = ReadOnly::new();
    let path = folder.folder.path().join("a.log");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let rotate =
        RotateBySize { max_bytes: 10, keep: 3, suffix: String::new(), compression: Compression::None };
    let mut handler = RotatingFileHandler::new(FileOptions::new(&path), rotate).unwrap();
    folder.set(true);
    emit(&mut handler, "first").unwrap();
    for text in ["second", "third"] {
        assert!(emit(&mut handler, text).unwrap_err().to_string().contains("renaming"));
    }
    handler.flush().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\nsecond\nthird\n");
    folder.set(false);
    emit(&mut handler, "fourth").unwrap();
    handler.close(DEADLINE).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "fourth\n");
    assert_eq!(
        std::fs::read_to_string(folder.folder.path().join("a.log.1")).unwrap(),
        "first\nsecond\nthird\n"
    );
}

#[test]
fn a_missing_directory_is_reported_others_go_on_and_it_may_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (bad, good) = (folder.path().join("sub/bad.log"), folder.path().join("good.log"));
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let logging = logging(&format!(
        "[handlers.bad]\nkind = \"file\"\npath = {bad:?}\nwatch = true\n[handlers.good]\nkind = \"file\"\npath = {good:?}\n\
         [root]\nlevel = \"INFO\"\nhandlers = [\"bad\", \"good\"]"
    ));
    std::fs::remove_dir_all(folder.path().join("sub")).unwrap();
    logging.logger("a").unwrap().log(Level::INFO, "while it is away");
    let text =
        wait_for(|| std::fs::read_to_string(&good).ok().filter(|text| text.contains("handler \"bad\"")));
    assert!(text.starts_with("while it is away\n") && text.contains("No such file or directory"), "{text}");
    assert!(status(&logging, "bad").errors > 0);
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    // by itself, after a pause
    let text = wait_for(|| std::fs::read_to_string(&bad).ok().filter(|text| !text.is_empty()));
    assert_eq!(text, "while it is away\n");
    logging.shutdown(DEADLINE);
}

#[test]
fn a_slow_disk_holds_up_nobody_else_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (slow, good) = (folder.path().join("pipe"), folder.path().join("good.log"));
    nix::unistd::mkfifo(&slow, Mode::from_bits_truncate(0o600)).unwrap();
    // a pipe without a reader is an error, and not a wait for one
    let error = FileHandler::new(FileOptions::new(&slow)).err().unwrap().to_string();
    assert!(error.contains("pipe"), "{error}");
    let for_reader = slow.clone();
    let may_read = Arc::new(AtomicBool::new(false));
    let for_reading = Arc::clone(&may_read);
    let reader = std::thread::spawn(move || {
        let mut pipe = std::fs::File::open(for_reader).unwrap();
        wait_for(|| for_reading.load(Ordering::Acquire).then_some(()));
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    });
    // the reader has to be there first
    let logging = wait_for(|| {
        let logging = Logging::new();
        let text = format!(
            "[handlers.slow]\nkind = \"file\"\npath = {slow:?}\n[handlers.good]\nkind = \"file\"\npath = {good:?}\n\
             [root]\nlevel = \"INFO\"\nhandlers = [\"slow\", \"good\"]"
        );
        logging.apply(Config::parse(&text).unwrap()).ok().map(|()| logging)
    });
    let logger = logging.logger("a").unwrap();
    (0..20_000).for_each(|index| log!(logger, Level::INFO, "{index} {}", "x".repeat(50)));
    logging.flush();
    // nothing was read yet, and a pipe holds far less
    assert_eq!(std::fs::read_to_string(&good).unwrap().lines().count(), 20_000);
    may_read.store(true, Ordering::Release);
    let end = logging.shutdown(DEADLINE);
    assert_eq!((end.left, end.failed, status(&logging, "slow").errors), (0, 0, 0));
    drop(logging);
    let text = reader.join().unwrap();
    assert_eq!(text, std::fs::read_to_string(&good).unwrap());
}

#[test]
fn a_file_truncated_under_us_gets_whole_lines_and_no_hole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let logging = with_file(&path, "");
    let logger = logging.logger("a").unwrap();
    let writer = std::thread::spawn(move || {
        (0..20_000).for_each(|index| log!(logger, Level::INFO, "{index} {}", "x".repeat(50)));
    });
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let mut cuts = 0;
    while !writer.is_finished() {
        file.set_len(0).unwrap();
        cuts += 1;
    }
    writer.join().unwrap();
    logging.flush();
    file.set_len(0).unwrap();
    logging.logger("a").unwrap().log(Level::INFO, "end");
    logging.flush();
    assert!(cuts > 0 && status(&logging, "file").errors == 0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "end\n");
}

#[test]
fn a_file_deleted_under_us_is_made_again_when_it_is_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let logging = with_file(&path, "permissions = 0o640");
    let log = |text: &str| {
        logging.logger("a").unwrap().log(Level::INFO, text);
        logging.flush();
    };
    log("first");
    std::fs::remove_file(&path).unwrap();
    log("into the file that nobody sees");
    assert!(!path.exists());
    logging.reopen();
    log("second");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "second\n");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(status(&logging, "file").errors, 0);
}

#[test]
fn a_fork_while_others_log_neither_loses_nor_doubles_nor_inherits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let logging = with_file(&path, "");
    let is_over = AtomicBool::new(false);
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|thread| {
                let (logger, is_over) = (logging.logger("a").unwrap(), &is_over);
                scope.spawn(move || {
                    let mut count = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        log!(logger, Level::INFO, "{thread} {count}");
                        count += 1;
                        // the back end keeps up: what this is about is not a full ring
                        std::thread::yield_now();
                    }
                    count
                })
            })
            .collect();
        for _ in 0..50 {
            let output =
                Command::new("/bin/ls").args(["-l", "/proc/self/fd"]).stdin(Stdio::null()).output().unwrap();
            let files = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && !files.contains("a.log"), "{files}");
        }
        is_over.store(true, Ordering::Relaxed);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let text = std::fs::read_to_string(&path).unwrap();
    for (thread, count) in counts.iter().enumerate() {
        let own = text.lines().filter_map(|line| line.strip_prefix(&format!("{thread} ")));
        assert!(own.eq((0..*count).map(|number| number.to_string())), "thread {thread}");
    }
    assert_eq!(logging.lost(), 0);
}

#[test]
fn a_clock_that_steps_back_rotates_nothing_twice_and_loses_no_line() {
    const DAY_NS: i64 = 86_400_000_000_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let now = Arc::new(AtomicI64::new(1_718_000_000_000_000_000));
    let clock = Arc::clone(&now);
    let rotate = RotateByTime { keep: 0, utc: true, ..RotateByTime::new(When::Day) };
    let options = FileOptions { delay: true, ..FileOptions::new(&path) };
    let clock = Box::new(move || clock.load(Ordering::Relaxed));
    let mut handler = TimedFileHandler::with_clock(options, rotate, clock).unwrap();
    let mut count = 0;
    let mut step = |handler: &mut TimedFileHandler, by: i64| {
        now.fetch_add(by, Ordering::Relaxed);
        emit(handler, &count.to_string()).unwrap();
        count += 1;
    };
    // forwards over the end of a day, back over it, forwards again, and far back
    for by in [0, DAY_NS, -DAY_NS, DAY_NS / 2, DAY_NS, -40 * DAY_NS, 1, 42 * DAY_NS, 1] {
        step(&mut handler, by);
    }
    handler.close(DEADLINE).unwrap();
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        lines.extend(text.lines().map(|line| line.parse::<usize>().unwrap()));
    }
    lines.sort_unstable();
    assert_eq!(lines, (0..9).collect::<Vec<_>>());
}
