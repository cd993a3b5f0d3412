//! Where records go, and what becomes of them when something is in the way.

use std::{
    io::{self, Write as _},
    os::unix::net::UnixDatagram,
    process::{Child, Command, Stdio},
    time::Duration,
};

use stratd_tests::Place;

use crate::desk::{Desk, LOGGING, text_of};

#[test]
fn records_reach_the_files_of_the_configuration_and_standard_output_stays_free() {
    let mut desk = Desk::started(LOGGING);
    desk.wait_for("logs/all.log", "|control|listens at ");
    desk.set_level("strategy", "DEBUG", None);
    // what is asked for is on record, with fields of its own
    desk.wait_for("logs/all.log", "INFO|control.audit|log level of strategy to DEBUG");
    let all = text_of(&desk.path("logs/all.log"));
    let audit = all.lines().find(|line| line.contains("|control.audit|")).expect("a record");
    for field in ["uid=", "pid=", "role=", "status=200"] {
        assert!(audit.contains(field), "{audit}");
    }
    let ended = desk.running.take().expect("a daemon").end("TERM");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    assert!(!ended.out.contains("|control"), "{}", ended.out);
    assert_eq!(ended.err, "", "nothing of the log is on standard error");
    // the end of the run was logged after everything else, and is there
    let logs = ["logs/all.log", "logs/all.log.1", "logs/all.log.2"].map(|name| text_of(&desk.path(name)));
    assert!(logs.concat().contains("INFO|stratd|ends on SIGTERM|"), "{logs:?}");
}

#[test]
fn a_strategy_logs_under_its_name_with_the_time_of_the_market() {
    let mut desk = Desk::started(LOGGING);
    desk.wait_for("logs/strategies.log", "|strategy.market-maker|");
    let path = desk.path("logs/strategies.log");
    desk.running().wait_until("a record of an event", || text_of(&path).contains(" time="));
    desk.end();
}

#[test]
fn syslog_arrives_at_a_unix_socket() {
    let folder = Place::new(&[]);
    let path = folder.path().join("log.sock");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    let address = path.display();
    let desk = Desk::started(&format!(
        "[logging.handlers.system]\nkind = \"syslog\"\naddress = \"{address}\"\napp_name = \"stratd\"\n\
         [logging.root]\nlevel = \"INFO\"\nhandlers = [\"system\"]\n"
    ));
    let mut bytes = [0; 4096];
    let mut seen = Vec::new();
    loop {
        let count = socket.recv(&mut bytes).unwrap_or_else(|error| panic!("{error}; so far: {seen:#?}"));
        let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
        // facility user, severity informational
        if text.contains("listens at") {
            assert!(text.starts_with("<14>") && text.contains(" stratd["), "{text}");
            break;
        }
        seen.push(text);
    }
    desk.end();
}

#[test]
fn a_kill_leaves_whole_lines() {
    let mut desk = Desk::started(&LOGGING.replace("rotate = { max_bytes = 4000, keep = 2 }", ""));
    for _ in 0..50 {
        desk.set_level("x", "INFO", None);
    }
    desk.wait_for("logs/all.log", "log level of x");
    let ended = desk.running.take().expect("a daemon").end("KILL");
    assert_eq!(ended.status.code(), None);
    let all = text_of(&desk.path("logs/all.log"));
    assert!(all.ends_with('\n'));
    assert!(all.lines().all(|line| line.matches('|').count() >= 3), "{all}");
}

/// Killed whatever becomes of the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_log_that_nobody_reads_stops_neither_the_run_nor_its_end() {
    /// What a pipe holds by default.
    const PIPE_BYTES: usize = 64 << 10;
    let desk = Desk::new("[logging]\nlevel = \"DEBUG\"\nstream = \"stderr\"\n");
    let (reader, mut writer) = io::pipe().expect("a pipe");
    writer.write_all(&[b'x'; PIPE_BYTES]).expect("a pipe with room");
    let mut command = desk.place.command(&["run", "stratd.toml", "--plugin-dir", "plug"]);
    command.env_remove("STRATD_PLUGINS").stdout(Stdio::null()).stderr(writer);
    let mut daemon = Killed(command.spawn().expect("a daemon"));
    drop(command);
    let rows = || text_of(&desk.path("runs/latest/orders.csv")).lines().count();
    let mut wait_until = |what: &str, is_so: &mut dyn FnMut(&mut Child) -> bool| {
        for _ in 0..6000 {
            if is_so(&mut daemon.0) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        panic!("no {what} within a minute");
    };
    wait_until("row", &mut |_| rows() > 1);
    let before = rows();
    // nothing of the log can be written meanwhile
    wait_until("further rows", &mut |_| rows() > before + 10);
    wait_until("end", &mut |daemon| {
        let id = daemon.id().to_string();
        let is_over = daemon.try_wait().expect("a child can be asked").is_some();
        // once is enough; a second one would end it at once
        if !is_over && !desk.path("asked").exists() {
            desk.place.write("asked", "");
            let sent = Command::new("kill").args(["-TERM", &id]).status();
            assert!(sent.is_ok_and(|status| status.success()), "kill -TERM {id}");
        }
        is_over
    });
    let status = daemon.0.wait().expect("the end of a child");
    assert_eq!(status.code(), Some(0), "it ended in good order");
    drop(reader);
}
