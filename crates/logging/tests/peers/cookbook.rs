//! Recipes 10, 11, 13 and 16 of Python's logging cookbook: those that need somebody at the other end.

use std::net::UdpSocket;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stratd_logging::{Config, Event, Level, Logging, LoggingOptions, Value};

use crate::servers::MailServer;

const DEADLINE: Duration = Duration::from_secs(30);

/// The recipe, with each of `changes` made to its text.
fn recipe(name: &str, changes: &[(&str, &str)]) -> Logging {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/logging").join(name);
    let mut text = std::fs::read_to_string(path).expect("the recipe is there");
    for (from, to) in changes {
        assert!(text.contains(from), "{from} is not in {name}");
        text = text.replace(from, to);
    }
    let options = LoggingOptions { last_resort: false, ..LoggingOptions::default() };
    let logging = Logging::with_options(&options);
    logging.apply(Config::parse(&text).expect("the recipe is good")).expect("it can be applied");
    logging
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().to_owned();
    (folder, path)
}

#[test]
fn recipe_10_errors_of_one_site_go_out_in_one_mail() {
    let server = MailServer::plain();
    let (_folder, path) = folder();
    let console = format!("kind = \"file\"\npath = \"{}/console\"", path.display());
    let logging = recipe(
        "10-dictionary.toml",
        &[
            ("localhost:25", &format!("127.0.0.1:{}", server.port)),
            ("kind = \"stream\"\ntarget = \"stderr\"", &console),
        ],
    );
    let log = |logger: &str, level: Level, site: &'static str, text: &str| {
        let fields = [("site", Value::from(site))];
        let logger = logging.logger(logger).unwrap();
        logger.emit(&Event { fields: &fields, ..Event::new(level, format_args!("{text}")) });
    };
    log("django", Level::INFO, "bar", "nobody reads this");
    log("django.request", Level::WARNING, "bar", "below its level");
    log("django.request", Level::ERROR, "foo", "of another site");
    log("django.request", Level::ERROR, "bar", "no such page");
    log("myproject.custom", Level::INFO, "bar", "started");
    log("myproject.custom", Level::ERROR, "bar", "failed");
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let console = std::fs::read_to_string(path.join("console")).unwrap();
    assert_eq!(console, "INFO started\nERROR failed\n");
    let lines = &server.first().clear;
    assert_eq!(server.all().len(), 1);
    assert!(lines.contains(&"Subject: [Django] ERROR".to_owned()));
    let body: Vec<&String> = lines.iter().skip_while(|line| *line != "These went wrong:").take(3).collect();
    assert!(body[1].starts_with("ERROR ") && body[1].ends_with(" no such page"), "{body:?}");
    assert!(body[2].starts_with("ERROR ") && body[2].ends_with(" failed"), "{body:?}");
}

#[test]
fn recipe_11_the_mark_stands_between_ascii_and_the_rest() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(DEADLINE)).unwrap();
    let logging = recipe("11-bom.toml", &[("localhost:514", &receiver.local_addr().unwrap().to_string())]);
    let receive = |text: &str| {
        logging.logger("root").unwrap().log(Level::INFO, text);
        logging.flush();
        let mut messages = Vec::new();
        for _ in 0..2 {
            let mut buffer = [0; 4096];
            let length = receiver.recv(&mut buffer).unwrap();
            messages.push(buffer[..length].to_vec());
        }
        // which of the two handlers is first is nobody's promise
        messages.sort_by_key(|message| !message.windows(5).any(|part| part == b"ASCII"));
        messages
    };
    let messages = receive("Unicode section \u{17e}");
    assert!(messages[0].ends_with(b" root - ASCII section\xef\xbb\xbfUnicode section \xc5\xbe"));
    assert!(messages[1].ends_with(b" root - \xef\xbb\xbfUnicode section \xc5\xbe"));
    assert!(receive("plain")[1].ends_with(b" root - plain"));
    logging.shutdown(DEADLINE);
}

#[test]
fn a_local_socket_gets_what_its_listener_understands() {
    let (_folder, path) = folder();
    let socket = path.join("log");
    let receiver = UnixDatagram::bind(&socket).unwrap();
    receiver.set_read_timeout(Some(DEADLINE)).unwrap();
    let options = LoggingOptions { last_resort: false, ..LoggingOptions::default() };
    let logging = Logging::with_options(&options);
    let text = format!("[handlers.h]\nkind = \"syslog\"\naddress = {socket:?}\n[root]\nhandlers = [\"h\"]");
    logging.apply(Config::parse(&text).unwrap()).unwrap();
    logging.logger("root").unwrap().log(Level::ERROR, "hello");
    let mut buffer = [0; 4096];
    let length = receiver.recv(&mut buffer).unwrap();
    logging.shutdown(DEADLINE);
    let message = String::from_utf8_lossy(&buffer[..length]);
    // a time of fifteen letters, then the program at once: a name of the host would be taken for it
    let rest = message.strip_prefix("<11>").and_then(|rest| rest.get(15..));
    assert_eq!(rest, Some(format!(" stratd[{}]: hello", std::process::id()).as_str()), "{message}");
}

#[test]
fn recipe_13_the_file_belongs_to_whom_it_should() {
    let (_folder, path) = folder();
    // root may give files away, others only to themselves
    let own = std::fs::metadata(&path).unwrap();
    let (owner, group) = if own.uid() == 0 { (1, 2) } else { (own.uid(), own.gid()) };
    let logging = recipe(
        "13-file-owner.toml",
        &[
            ("/var/log/stratd", &format!("{}/new", path.display())),
            ("owner = \"stratd\"", &format!("owner = \"{owner}\"")),
            ("group = \"adm\"", &format!("group = \"{group}\"")),
        ],
    );
    logging.logger("mylogger").unwrap().log(Level::DEBUG, "A debug message");
    logging.shutdown(DEADLINE);
    let file = path.join("new/chowntest.log");
    let metadata = std::fs::metadata(&file).unwrap();
    assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o7777), (owner, group, 0o640));
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.ends_with(" DEBUG mylogger A debug message\n") && text.len() == 55, "{text}");
}

#[test]
fn recipe_16_a_program_speaks_one_record_after_the_other() {
    let (_folder, path) = folder();
    let program = path.join("espeak");
    std::fs::write(&program, format!("#!/bin/sh\nprintf '<%s>' \"$@\" >> {}/spoken\n", path.display()))
        .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let logging = recipe("16-speech.toml", &[("\"espeak\"", &format!("\"/bin/sh\", {program:?}"))]);
    logging.logger("a").unwrap().log(Level::INFO, "not worth a word");
    logging.logger("a").unwrap().log(Level::ERROR, "-h $(reboot)");
    logging.logger("a").unwrap().log(Level::WARNING, "the second");
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let spoken = std::fs::read_to_string(path.join("spoken")).unwrap();
    assert_eq!(spoken, "<-s150><-ven+f3><--><-h $(reboot)><-s150><-ven+f3><--><the second>");
}
