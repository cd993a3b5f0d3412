//! Files and peers that fail, vanish, or come late.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use stratd_logging::{
    Address, Codec, Config, Entry, FileHandler, FileOptions, Handler, Level, Logging, LoggingOptions,
    QueueOptions, Record, SocketHandler, SocketOptions, log,
};

const DEADLINE: Duration = Duration::from_secs(30);

fn emit(handler: &mut dyn Handler, text: &str) {
    let record = Record::new("a", Level::INFO, text);
    handler.emit(&Entry::new(&record, text)).expect("the handler takes the record");
}

fn quiet() -> Logging {
    Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() })
}

#[test]
fn disk_full_is_counted_and_reported_and_other_handlers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("good.log");
    let text = format!(
        "[handlers.full]\nkind = \"file\"\npath = \"/dev/full\"\n[handlers.good]\nkind = \"file\"\npath = {path:?}\n\
         [root]\nlevel = \"INFO\"\nhandlers = [\"full\", \"good\"]"
    );
    let logging = quiet();
    logging.apply(Config::parse(&text).unwrap()).unwrap();
    logging.logger("a").unwrap().log(Level::INFO, "hello");
    logging.flush();
    logging.flush();
    let full = logging.handlers().into_iter().find(|status| status.name == "full").unwrap();
    assert!(full.errors > 0 && full.last_error.unwrap().contains("No space left"));
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.starts_with("hello\n") && written.contains("handler \"full\""), "{written}");
}

#[test]
fn a_missing_folder_is_an_error_of_the_configuration_or_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/deeper/a.log");
    assert!(FileHandler::new(FileOptions::new(&path)).is_err());
    let options = FileOptions { create_folders: true, ..FileOptions::new(&path) };
    let mut handler = FileHandler::new(options).unwrap();
    emit(&mut handler, "made");
    handler.flush().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "made\n");
}

#[test]
fn permissions_and_owner_are_those_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let owner = std::fs::metadata(folder.path()).unwrap();
    let options = FileOptions {
        mode: Some(0o640),
        owner: Some(owner.uid().to_string()),
        group: Some(owner.gid().to_string()),
        ..FileOptions::new(&path)
    };
    let mut handler = FileHandler::new(options).unwrap();
    handler.activate().unwrap();
    drop(handler);
    let made = std::fs::metadata(&path).unwrap();
    assert_eq!((made.mode() & 0o7777, made.uid(), made.gid()), (0o640, owner.uid(), owner.gid()));
    let unknown = FileOptions { owner: Some("no-such-user".to_owned()), ..FileOptions::new(&path) };
    let error = FileHandler::new(unknown).err().unwrap().to_string();
    assert!(error.contains("no-such-user"), "{error}");
}

#[test]
fn records_wait_for_a_peer_that_comes_late() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late");
    let options = SocketOptions {
        address: Address::Unix(path.clone()),
        codec: Codec::Json,
        queue: QueueOptions::default(),
    };
    let mut handler = SocketHandler::new_datagram(options).unwrap();
    emit(&mut handler, "early");
    let receiver = UnixDatagram::bind(&path).unwrap();
    receiver.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut buffer = [0; 4096];
    let length = receiver.recv(&mut buffer).unwrap();
    let text = String::from_utf8_lossy(&buffer[4..length]);
    assert!(text.contains("\"msg\": \"early\""), "{text}");
    handler.close(DEADLINE).unwrap();
}

#[test]
fn a_peer_that_never_comes_holds_up_the_end_only_as_long_as_was_said() {
    let options = SocketOptions {
        address: Address::Unix("/nonexistent/socket".into()),
        codec: Codec::Pickle,
        queue: QueueOptions::default(),
    };
    let logging = quiet();
    logging.add_handler("away", Box::new(SocketHandler::new(options).unwrap())).unwrap();
    logging.attach("root", "away").unwrap();
    logging.logger("a").unwrap().log(Level::ERROR, "nobody hears");
    let end = logging.shutdown(Duration::from_millis(50));
    assert_eq!((end.left, end.failed), (1, 1));
}

/// Not a test by itself: the child of the next one.
#[test]
fn child_that_logs_until_it_is_killed() {
    let Ok(path) = std::env::var("STRATD_LOGGING_CHILD") else { return };
    let logging = quiet();
    let text = format!(
        "[handlers.f]\nkind = \"file\"\npath = {path:?}\n[root]\nlevel = \"INFO\"\nhandlers = [\"f\"]"
    );
    logging.apply(Config::parse(&text).unwrap()).unwrap();
    let logger = logging.logger("a").unwrap();
    println!("ready");
    for index in 0_u64.. {
        log!(logger, Level::INFO, "{index} {}", "x".repeat(100));
    }
}

#[test]
fn after_a_kill_the_file_holds_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_logs_until_it_is_killed", "--nocapture"])
        .env("STRATD_LOGGING_CHILD", &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ready")));
    while std::fs::metadata(&path).map_or(0, |metadata| metadata.len()) < 1 << 20 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.ends_with('\n'));
    for (index, line) in text.lines().enumerate() {
        assert_eq!(line, format!("{index} {}", "x".repeat(100)));
    }
}
