//! What is left of the log when something goes wrong: flight recorders, crashes, what others write to standard error.

use std::os::unix::process::ExitStatusExt as _;

use crate::desk::{Desk, text_of};

/// Everything of INFO and above to a file, the rest kept back.
const LOGGING: &str = r#"
[logging]
capture_stderr = true

[logging.flight_recorder]
records = 40

[logging.formatters.whole]
format = "%(levelname)s|%(name)s|%(message)s|%(fields_logfmt)s"

[logging.handlers.all]
kind = "file"
path = "all.log"
formatter = "whole"

[logging.handlers.screen]
kind = "stream"
target = "stderr"
formatter = "whole"

[logging.loggers."host.stderr"]
handlers = ["screen"]

[logging.root]
level = "INFO"
handlers = ["all"]
"#;

/// A strategy that says each trade, then does something bad at the fiftieth.
fn desk(fault: &str, isolation: &str) -> Desk {
    let run = format!(
        "[plugins]\nwatch = false\n[[exchange]]\nplugin = \"synthetic\"\nconfig = {{ instruments = 1, rate = 500 }}\n\
         [[strategy]]\nplugin = \"faulty\"\nisolation = \"{isolation}\"\n\
         config = {{ fault = \"{fault}\", at = 50, says = true }}\n"
    );
    let mut desk = Desk::with(LOGGING, &run);
    desk.start(&[]);
    desk
}

fn lines(desk: &Desk) -> Vec<String> {
    text_of(&desk.path("all.log")).lines().map(str::to_owned).collect()
}

/// The records before the end: those that the levels let through, then those that the recorder had kept back.
fn check_end(lines: &[String], reason: &str) {
    let at = |text: &str| lines.iter().position(|line| line.starts_with(text));
    let last = at("INFO|strategy.faulty|trade 50|").unwrap_or_else(|| panic!("{lines:#?}"));
    let head =
        format!("INFO|strategy.faulty|flight recorder: 20 earlier records follow ({reason})|flight={reason}");
    let follow = at(&head).unwrap_or_else(|| panic!("no `{head}` in {lines:#?}"));
    assert!(last < follow, "{lines:#?}");
    for (index, number) in (31..=50).enumerate() {
        let line = &lines[follow + 1 + index];
        assert!(line.starts_with(&format!("DEBUG|strategy.faulty|before trade {number}|")), "{line}");
        assert!(line.ends_with(&format!(" flight={reason}")), "{line}");
    }
    assert!(!lines[..follow].iter().any(|line| line.starts_with("DEBUG")), "{lines:#?}");
}

#[test]
fn a_plugin_that_crashes_the_daemon_leaves_what_was_said_right_before_and_what_was_kept_back() {
    for (fault, signal) in [("segfault", 11), ("abort", 6)] {
        let mut desk = desk(fault, "none");
        let ended = desk.ended();
        assert_eq!(ended.status.signal(), Some(signal), "{ended:?}");
        check_end(&lines(&desk), "crash");
        // the note is on the standard error that somebody reads, though it was captured
        assert!(ended.err.contains("strategy faulty strategy-faulty/"), "{}", ended.err);
    }
}

#[test]
fn a_fault_of_a_strategy_brings_what_was_kept_back_before_the_error() {
    let mut desk = desk("error", "none");
    desk.wait_for("all.log", "ERROR|strategy.faulty|failed: ");
    let lines = lines(&desk);
    check_end(&lines, "error");
    let error = lines.iter().position(|line| line.starts_with("ERROR|strategy.faulty|failed: "));
    assert!(lines[error.expect("an error") - 1].starts_with("DEBUG|strategy.faulty|before trade 50|"));
    // a strategy failed, and the exit code says so
    let ended = desk.running.take().expect("a daemon").end("TERM");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.err);
}

#[test]
fn standard_error_of_a_plugin_in_the_process_is_a_record_and_feeds_no_handler_on_it() {
    let mut desk = desk("print", "none");
    desk.wait_for("all.log", "WARNING|host.stderr|as configured, to standard error|");
    let running = desk.running.take().expect("a daemon");
    let ended = running.end("TERM");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    assert_eq!(ended.err, "WARNING|host.stderr|as configured, to standard error|\n", "once, by the handler");
}

#[test]
fn standard_error_of_an_isolated_plugin_arrives_under_its_own_name() {
    let mut desk = desk("print", "process");
    desk.wait_for("all.log", "WARNING|strategy.faulty.stderr|as configured, to standard error|");
    assert!(!lines(&desk).iter().any(|line| line.contains("|host.stderr|")));
    desk.end();
}

#[test]
fn a_panic_of_a_plugin_s_thread_is_a_record() {
    let mut desk = desk("thread-panic", "none");
    desk.wait_for("all.log", "as configured, in a thread");
    let lines = lines(&desk);
    let line = lines.iter().find(|line| line.contains("as configured, in a thread")).expect("a line");
    assert!(line.starts_with("CRITICAL|strategy.faulty|panicked at "), "{line}");
    desk.end();
}
