//! What memory handlers keep: through a change of the configuration, and where they may hand it to.

use std::path::Path;
use std::time::Duration;

use stratd_logging::{Config, HandlerStatus, Level, Logging};

const DEADLINE: Duration = Duration::from_secs(30);

/// A memory handler that hands over with ERROR only, never when it is closed, and the file that it hands over to.
fn text(path: &Path, capacity: u32, more: &str) -> String {
    format!(
        "[handlers.kept]\nkind = \"memory\"\ncapacity = {capacity}\nflush_on_close = false\ntarget = \"file\"\n\
         [handlers.file]\nkind = \"file\"\npath = {path:?}\n\
         [loggers.a]\nlevel = \"DEBUG\"\nhandlers = [\"kept\"]\n{more}"
    )
}

fn apply(logging: &Logging, text: &str) {
    logging.apply(Config::parse(text).expect("the configuration is good")).expect("it can be applied");
}

fn status(logging: &Logging, name: &str) -> HandlerStatus {
    logging.handlers().into_iter().find(|status| status.name == name).expect("it is there")
}

#[test]
fn a_memory_handler_that_did_not_change_keeps_what_it_has_and_finds_its_new_target() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first.log"), folder.path().join("second.log"));
    let logging = Logging::new();
    apply(&logging, &text(&first, 100, ""));
    let logger = logging.logger("a").unwrap();
    logger.log(Level::INFO, "before");
    apply(&logging, &text(&first, 100, ""));
    let kept = status(&logging, "kept");
    assert_eq!((kept.queued, kept.written), (1, 0));
    apply(&logging, &text(&second, 100, ""));
    logger.log(Level::ERROR, "after");
    logging.flush();
    assert_eq!(status(&logging, "kept").written, 2);
    assert_eq!(std::fs::read_to_string(&first).unwrap(), "");
    assert_eq!(std::fs::read_to_string(&second).unwrap(), "before\nafter\n");
}

#[test]
fn a_memory_handler_that_changed_gives_what_it_has_to_its_successor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let logging = Logging::new();
    apply(&logging, &text(&path, 100, ""));
    let logger = logging.logger("a").unwrap();
    logger.log(Level::INFO, "before");
    apply(&logging, &text(&path, 50, ""));
    assert_eq!(status(&logging, "kept").queued, 1);
    logger.log(Level::ERROR, "after");
    logging.flush();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before\nafter\n");
}

#[test]
fn what_a_memory_handler_kept_that_is_gone_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (path, told) = (folder.path().join("a.log"), folder.path().join("told.log"));
    let logging = Logging::new();
    apply(&logging, &text(&path, 100, ""));
    let logger = logging.logger("a").unwrap();
    logger.log(Level::INFO, "one");
    logger.log(Level::INFO, "two");
    apply(
        &logging,
        &format!("[handlers.told]\nkind = \"file\"\npath = {told:?}\n[root]\nhandlers = [\"told\"]"),
    );
    logging.shutdown(DEADLINE);
    let lines = std::fs::read_to_string(&told).unwrap();
    assert_eq!(lines, "closing handler \"kept\": the 2 records that it kept are lost\n");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
}

#[test]
fn memory_handlers_that_feed_each_other_hand_over_when_they_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let memory = |name: &str, target: &str| {
        format!("[handlers.{name}]\nkind = \"memory\"\ncapacity = 100\ntarget = \"{target}\"\n")
    };
    // whatever the order of their names
    let text = format!(
        "{}{}{}[handlers.file]\nkind = \"file\"\npath = {path:?}\n\
         [loggers.a]\nlevel = \"DEBUG\"\nhandlers = [\"b\"]",
        memory("a", "c"),
        memory("b", "a"),
        memory("c", "file")
    );
    let logging = Logging::new();
    apply(&logging, &text);
    logging.logger("a").unwrap().log(Level::INFO, "kept");
    apply(&logging, "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "kept\n");
}

#[test]
fn memory_handlers_in_a_circle_are_refused_at_their_keys() {
    let memory = |name: &str, target: &str| {
        format!("[handlers.{name}]\nkind = \"memory\"\ncapacity = 1\ntarget = \"{target}\"\n")
    };
    let refused = |text: &str| Config::parse(text).unwrap_err().to_string();
    let error = refused(&memory("own", "own"));
    assert!(error.contains("line 4: handlers.\"own\".target: a circle: own to own (accepted: "), "{error}");
    let error = refused(&format!("{}{}{}", memory("a", "b"), memory("b", "a"), memory("c", "a")));
    assert!(error.contains("handlers.\"a\".target: a circle: a to b to a"), "{error}");
    assert!(error.contains("handlers.\"b\".target: a circle: b to a to b"), "{error}");
    // it leads into the circle, and is no part of it
    assert!(!error.contains("handlers.\"c\""), "{error}");
}
