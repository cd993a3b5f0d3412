//! What plugins log while they are replaced, and once they are gone.

use std::{collections::BTreeSet, fs};

use stratd_control::{FlightRecord, LogDone, LogFlight, Request};
use stratd_tests::c_library;

use crate::desk::{Desk, text_of};

/// What INFO and above says, with where it comes from; the rest is kept by the recorder.
const LOGGING: &str = r#"
[logging.flight_recorder]
records = 100

[logging.formatters.whole]
format = "%(levelname)s|%(name)s|%(message)s|%(pathname)s|%(funcName)s|%(module)s|%(fields_logfmt)s"

[logging.handlers.all]
kind = "file"
path = "all.log"
formatter = "whole"

[logging.handlers.late]
kind = "memory"
target = "kept"
capacity = 100000
flush_level = "CRITICAL"

[logging.handlers.kept]
kind = "file"
path = "kept.log"
formatter = "whole"

[logging.loggers."strategy.c-talker"]
handlers = ["late"]

[logging.loggers.plugins]
level = "DEBUG"

[logging.root]
level = "INFO"
handlers = ["all"]
"#;

/// Puts a build of the strategy in C into the folder that is watched, in one step.
fn put(desk: &Desk, build: u32) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // STRATD_PLUGIN_FLAG_UNLOAD_SAFE
    let options = [format!("-DBUILD={build}"), "-DFLAGS=2".to_owned()];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let built = c_library("plugins/faulty/c/talker.c", "strategy_c_talker", &options, folder.path());
    let unfinished = desk.path("plug/unfinished");
    fs::copy(built, &unfinished).expect("a copy of a plugin");
    fs::rename(unfinished, desk.path("plug/libstrategy_c_talker.so")).expect("a file in place");
}

fn started() -> Desk {
    let run = "[[exchange]]\nplugin = \"synthetic\"\nconfig = { instruments = 1, rate = 100 }\n\
               [[strategy]]\nplugin = \"c-talker\"\nisolation = \"thread\"\nunload = \"try\"\n";
    let mut desk = Desk::with(LOGGING, run);
    put(&desk, 1);
    desk.start(&["--state-dir", "state"]);
    desk.wait_for("all.log", "|build 1 in on_events|");
    desk
}

#[test]
fn a_plugin_logs_while_it_is_created_saved_restored_and_destroyed() {
    let mut desk = started();
    put(&desk, 2);
    desk.wait_for("all.log", "|build 1 in destroy|");
    desk.wait_for("all.log", "|build 2 in on_events|");
    let text = text_of(&desk.path("all.log"));
    let at = |message: &str| {
        let line = format!("INFO|strategy.c-talker|{message}|");
        text.find(&line).unwrap_or_else(|| panic!("no `{line}` in {text}"))
    };
    let order = ["build 1 in create", "build 1 in save", "build 2 in restore", "build 2 in on_events"];
    assert!(order.map(at).is_sorted(), "{text}");
    assert!(at("build 2 in create") < at("build 2 in restore"), "{text}");
    desk.end();
}

/// The texts of a record, its file, function and module among them, are texts of the library. Records wait in a handler
/// and in a flight recorder until long after the library has left the memory, and are whole when they are written.
#[test]
fn records_of_a_library_that_was_unmapped_are_whole() {
    let mut desk = started();
    let maps = format!("/proc/{}/maps", desk.running().id());
    // The first one was opened while threads of the daemon were still to start, which might be its own: it stays. So does
    // the one before the running one, to go back to.
    for build in [2, 3, 4] {
        put(&desk, build);
        desk.wait_for("all.log", &format!("|build {build} in on_events|"));
    }
    desk.wait_for("all.log", "c-talker: generation 2 is unmapped|");
    let maps = text_of(maps.as_ref());
    let libraries = libraries(&maps);
    assert_eq!(libraries.len(), 3, "{libraries:?}");
    // the level of the logger kept a detail of each build back; the recorder has both
    let flight: LogFlight =
        desk.ask(&Request::log_flight("strategy.c-talker")).unwrap_or_else(|error| panic!("{error}"));
    let is_detail = |record: &&FlightRecord| record.message == "a detail of the first event";
    assert_eq!(flight.records.iter().filter(is_detail).count(), 4, "{flight:?}");
    let request = Request::log_flight_dump("strategy.c-talker");
    let _: LogDone = desk.ask(&request).unwrap_or_else(|error| panic!("{error}"));
    let ended = desk.running.take().expect("a daemon").end("TERM");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    let kept = text_of(&desk.path("kept.log"));
    let place = "|plugins/faulty/c/talker.c|say|c_talker|";
    for message in ["create", "on_events", "save", "destroy"] {
        let line = format!("INFO|strategy.c-talker|build 2 in {message}{place}");
        assert!(kept.contains(&line), "{line} in {kept}");
    }
    let detail = format!("DEBUG|strategy.c-talker|a detail of the first event{place}");
    assert_eq!(kept.matches(&detail).count(), 4, "{kept}");
}

/// The files of the strategy that a process has mapped.
fn libraries(maps: &str) -> BTreeSet<&str> {
    let paths = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    paths.filter(|path| path.contains("c_talker")).collect()
}
