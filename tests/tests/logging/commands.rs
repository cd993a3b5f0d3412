//! What changes the log while it runs: commands of the control socket, and SIGHUP.

use std::{fs, time::Duration};

use stratd_control::{
    DisableRequest, Error, FlightRecord, LevelRequest, LogConfigRequest, LogDone, LogFlight, LogResolution,
    LogTree, Request,
};

use crate::desk::{Desk, LOGGING, text_of};

#[test]
fn a_level_is_changed_for_a_while_and_goes_back() {
    let mut desk = Desk::started(LOGGING);
    assert_eq!(desk.level("strategy"), "DEBUG");
    let done = desk.set_level("strategy", "ERROR", Some(1));
    assert!(done.report.contains("it goes back in 1s"), "{}", done.report);
    let tree = desk.tree();
    let logger = tree.loggers.iter().find(|known| known.name == "strategy").expect("a logger");
    if logger.effective_level == "ERROR" {
        assert_eq!(logger.reverts_to.as_deref(), Some("DEBUG"));
    }
    let client = desk.client();
    desk.running().wait_until("the old level", || {
        let tree: LogTree = client.send(&Request::log_tree()).and_then(|a| a.read()).expect("a tree");
        tree.loggers.iter().any(|known| known.name == "strategy" && known.effective_level == "DEBUG")
    });
    desk.wait_for("logs/all.log", "the level of logger strategy is DEBUG again");
    desk.end();
}

#[test]
fn a_resolution_names_the_handlers_and_disable_silences() {
    let desk = Desk::started(LOGGING);
    let resolve = |level: &str| -> LogResolution {
        desk.ask(&Request::log_resolve("strategy.market-maker", level)).unwrap_or_else(|e| panic!("{e}"))
    };
    let found = resolve("DEBUG");
    assert_eq!(found.refusal, None);
    // levels of loggers above do not count: the file of the root gets what the strategy's logger takes
    let names: Vec<_> = found.handlers.iter().map(|reach| reach.handler.as_str()).collect();
    assert_eq!(names, ["strategies", "all"]);
    let request = Request::log_disable(&DisableRequest { level: "INFO".into() }).expect("a body");
    let _: LogDone = desk.ask(&request).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(resolve("INFO").refusal.as_deref(), Some("every level up to INFO is disabled"));
    assert_eq!(resolve("WARNING").refusal, None);
    assert_eq!(desk.tree().disabled_to.as_deref(), Some("INFO"));
    desk.end();
}

#[test]
fn what_is_wrong_with_a_request_is_said() {
    let desk = Desk::started("");
    let refused = |request: &Request| match desk.ask::<LogDone>(request) {
        Ok(done) => panic!("{request}: {}", done.report),
        Err(error) => error.to_string(),
    };
    let level = |level: &str, seconds| {
        let body = LevelRequest { logger: "a".into(), level: level.into(), seconds };
        refused(&Request::log_level(&body).expect("a body"))
    };
    assert!(level("LOUD", None).contains("unknown level \"LOUD\" (accepted: "), "{}", level("LOUD", None));
    assert!(level("INFO", Some(0)).contains("accepted: 1 to 604800"), "{}", level("INFO", Some(0)));
    let no_level = refused(&Request::log_resolve("a", "LOUD"));
    assert!(no_level.contains("unknown level"), "{no_level}");
    desk.end();
}

#[test]
fn a_tap_hears_what_is_logged_and_ends_when_it_is_left() {
    let desk = Desk::started(LOGGING);
    let mut heard = Vec::new();
    let client = desk.client();
    // another client makes the daemon say something, again and again until it is heard
    let talk = |desk: &Desk| drop(desk.set_level("x", "INFO", None));
    std::thread::scope(|scope| {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let desk = &desk;
        scope.spawn(move || {
            while stopped.recv_timeout(Duration::from_millis(50))
                == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                talk(desk);
            }
        });
        let tap = Request::log_tap("control", "INFO", false);
        let listened = client.stream(&tap, |line| {
            heard.push(line.to_owned());
            !line.contains("log level of x")
        });
        drop(stop);
        listened.unwrap_or_else(|error| panic!("{error}"));
    });
    assert!(heard.iter().all(|line| line.contains(" control")), "{heard:?}");
    desk.end();
}

#[test]
fn sighup_applies_a_good_file_and_opens_files_anew() {
    let mut desk = Desk::started(LOGGING);
    desk.wait_for("logs/all.log", "listens at");
    fs::rename(desk.path("logs/strategies.log"), desk.path("logs/old.log")).expect("a file to rename");
    desk.configure(&LOGGING.replace("level = \"DEBUG\"", "level = \"WARNING\""));
    desk.running().signal("HUP");
    desk.wait_for("logs/all.log", "SIGHUP: applied [logging] of stratd.toml");
    assert_eq!(desk.level("strategy"), "WARNING");
    assert!(desk.path("logs/strategies.log").exists(), "the file was opened anew");
    // the table goes, and the log is on standard error again
    desk.configure("");
    desk.running().signal("HUP");
    desk.running().wait_for_log("INFO config: SIGHUP: applied [logging] of stratd.toml");
    desk.end();
}

#[test]
fn sighup_with_a_bad_file_changes_nothing_and_says_why() {
    let mut desk = Desk::started(LOGGING);
    desk.configure(&LOGGING.replace("level = \"DEBUG\"", "level = \"LOUD\""));
    desk.running().signal("HUP");
    desk.wait_for("logs/all.log", "the configuration stays as it is: stratd.toml:");
    let all = text_of(&desk.path("logs/all.log"));
    let line = all.lines().find(|line| line.contains("stays as it is")).expect("a record");
    assert!(line.contains("logging.loggers.strategy.level: unknown level \"LOUD\""), "{line}");
    // a handler that cannot be opened: the whole configuration is refused
    desk.configure(&LOGGING.replace("logs/strategies.log", "stratd.toml/x.log").replace("DEBUG", "ERROR"));
    desk.running().signal("HUP");
    desk.wait_for("logs/all.log", "handlers.strategies");
    assert_eq!(desk.level("strategy"), "DEBUG");
    desk.end();
}

#[test]
fn a_bad_table_is_refused_before_anything_runs() {
    let desk = Desk::new(
        "[logging.handlers.f]\nkind = \"file\"\npath = \"x\"\ncolour = 1\n[logging.root]\nhandlers = [\"g\"]\n",
    );
    let ran = desk.place.stratd(&["check", "stratd.toml"]);
    assert_eq!(ran.code, 78, "{ran:#?}");
    let unknown = "stratd.toml:5:1: logging.handlers.f.colour: unknown key (accepted: ";
    assert!(ran.err.contains(unknown), "{}", ran.err);
    assert!(ran.err.contains("stratd.toml:7:12: logging.root.handlers: no handler \"g\""), "{}", ran.err);
    assert!(!desk.path("x").exists(), "a check opens nothing");
}

#[test]
fn a_reload_of_a_plugin_keeps_its_logger() {
    let mut desk = Desk::started(LOGGING);
    desk.set_level("strategy.market-maker", "ERROR", None);
    let request = Request::reload("market-maker");
    desk.client().send(&request).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(desk.level("strategy.market-maker"), "ERROR");
    desk.wait_for("logs/all.log", "|control.audit|reload market-maker: ");
    desk.end();
}

fn apply(desk: &Desk, text: &str, incremental: bool, dry_run: bool) -> Result<String, Error> {
    let file = Some(desk.path("applied.toml").display().to_string());
    let body = LogConfigRequest { text: text.to_owned(), file, incremental };
    let request = Request::log_apply(&body).expect("a body");
    let request = if dry_run { request.dry_run() } else { request };
    Ok(desk.ask::<LogDone>(&request)?.report)
}

/// The configuration server of the cookbook's fifth recipe: bytes over a socket, and a reply.
#[test]
fn a_configuration_over_the_socket_is_applied_whole_or_not_at_all() {
    let mut desk = Desk::started(LOGGING);
    let good = "[handlers.other]\nkind = \"file\"\npath = \"other.log\"\n[root]\nlevel = \"INFO\"\nhandlers = [\"other\"]\n";
    let report = apply(&desk, good, false, true).unwrap_or_else(|error| panic!("{error}"));
    assert!(
        report.contains("applied.toml would be applied; nothing was changed; nothing was opened: "),
        "{report}"
    );
    assert!(!desk.path("other.log").exists());
    for (bad, why) in [
        (good.replace("INFO", "LOUD"), "applied.toml:5:9: logging.root.level: unknown level \"LOUD\""),
        (
            good.replace("[\"other\"]", "[\"nobody\"]"),
            "applied.toml:6:12: logging.root.handlers: no handler \"nobody\"",
        ),
        (
            good.replace("other.log", "no/such/folder.log"),
            "applied.toml:3:8: logging.handlers.other.path: opening ",
        ),
        ("[handlers".to_owned(), "applied.toml:1:10: "),
        ("[logging]\nlevel = 3.5".to_owned(), "applied.toml:2:9: logging.level: found 3.5"),
    ] {
        let error = apply(&desk, &bad, false, false).expect_err("a bad configuration").to_string();
        assert!(error.contains(why), "{error}");
        let names: Vec<String> = desk.tree().handlers.into_iter().map(|handler| handler.name).collect();
        assert_eq!(names, ["strategies", "all"], "nothing has changed");
    }
    // a table [logging] in a whole configuration will do as well; relative paths start in the folder of the file
    let whole = format!(
        "trading_type = \"backtest\"\n[logging]\n{}",
        good.replace("[handlers", "[logging.handlers").replace("[root]", "[logging.root]")
    );
    apply(&desk, &whole, false, false).unwrap_or_else(|error| panic!("{error}"));
    desk.wait_for("other.log", "bought ");
    let request = Request::log_reload();
    let done: LogDone = desk.ask(&request).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(done.report, "applied [logging] of stratd.toml");
    assert_eq!(desk.tree().handlers.len(), 2);
    desk.end();
}

#[test]
fn a_patch_changes_levels_and_nothing_else() {
    let desk = Desk::started(LOGGING);
    let patch = "loggers.\"strategy.market-maker\" = { level = \"ERROR\", propagate = false }\nhandlers.all.level = 30";
    apply(&desk, patch, true, false).unwrap_or_else(|error| panic!("{error}"));
    let tree = desk.tree();
    let logger = tree.loggers.iter().find(|known| known.name == "strategy.market-maker").expect("a logger");
    assert_eq!((logger.effective_level.as_str(), logger.propagate), ("ERROR", false));
    let levels: Vec<_> =
        tree.handlers.iter().map(|known| (known.name.as_str(), known.level.as_str())).collect();
    assert_eq!(levels, [("strategies", "NOTSET"), ("all", "WARNING")]);
    for (bad, why) in [
        (
            "handlers.nobody.level = 10",
            "applied.toml:1:10: logging.handlers.nobody: there is none of this name (accepted: all, ",
        ),
        ("handlers.all.formatter = \"f\"", "logging.handlers.all.formatter: no key of an incremental"),
        ("", "logging: changes nothing (accepted: disable, handlers, loggers, root)"),
        ("root.level = \"LOUD\"", "applied.toml:1:14: logging.root.level: unknown level"),
    ] {
        for dry_run in [false, true] {
            let error = apply(&desk, bad, true, dry_run).expect_err("a bad patch").to_string();
            assert!(error.contains(why), "{error}");
        }
    }
    desk.end();
}

#[test]
fn a_flight_recorder_is_shown_and_handed_over_on_demand() {
    let recorder = "[logging.flight_recorder]\nrecords = 20\n";
    let mut desk =
        Desk::started(&format!("{LOGGING}{recorder}").replace("level = \"DEBUG\"", "level = \"ERROR\""));
    desk.wait_for("logs/all.log", "listens at");
    let client = desk.client();
    // there is none before the first record
    let flight = || -> Option<LogFlight> {
        client.send(&Request::log_flight("strategy.market-maker")).and_then(|answer| answer.read()).ok()
    };
    desk.running().wait_until("twenty records", || flight().is_some_and(|flight| flight.records.len() == 20));
    let FlightRecord { level, logger, .. } = flight().expect("a recorder").records.remove(0);
    assert_eq!((level.as_str(), logger.as_str()), ("INFO", "strategy.market-maker"));
    assert!(!text_of(&desk.path("logs/strategies.log")).contains("INFO|"), "their level is off");
    let done: LogDone =
        desk.ask(&Request::log_flight_dump("strategy.market-maker")).unwrap_or_else(|e| panic!("{e}"));
    assert!(
        done.report.contains("records of strategy.market-maker that the handlers did not have"),
        "{}",
        done.report
    );
    desk.wait_for("logs/strategies.log", "flight=asked");
    let unknown = desk.ask::<LogFlight>(&Request::log_flight("nobody")).expect_err("no recorder").to_string();
    assert!(unknown.contains("accepted: exchange.synthetic, strategy.market-maker"), "{unknown}");
    desk.end();
}

#[test]
fn flags_set_the_level_and_a_file() {
    // without a table: the file takes the place of standard error
    let mut desk = Desk::new("");
    desk.start(&["--log-file", "flag.log", "--log-level", "DEBUG"]);
    desk.wait_for("flag.log", "INFO:control:listens at ");
    assert_eq!(desk.level("root"), "DEBUG");
    desk.end();
    // with one: it is a further handler, and the level that of the root
    let mut desk = Desk::new(LOGGING);
    desk.start(&["--log-file", "flag.log", "--log-level", "WARNING"]);
    desk.wait_for("flag.log", "");
    let client = desk.client();
    desk.running().wait_until("answer", || client.send(&Request::status()).is_ok());
    assert_eq!(desk.level("root"), "WARNING");
    let handlers: Vec<String> = desk.tree().handlers.into_iter().map(|handler| handler.name).collect();
    assert_eq!(handlers, ["strategies", "all", "basic"]);
    desk.end();
    let ran = Desk::new("").place.stratd(&["check", "stratd.toml", "--log-level", "LOUD"]);
    assert_eq!(ran.code, 78, "{ran:#?}");
    assert!(ran.err.contains("--log-level") && ran.err.contains("unknown level \"LOUD\""), "{}", ran.err);
}
