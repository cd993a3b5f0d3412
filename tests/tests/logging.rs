//! `[logging]` end to end: a daemon with handlers of a configuration file, its signals, and its control socket.

use std::{
    fs,
    io::{self, Write as _},
    net::TcpStream,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde::de::DeserializeOwned;
use stratd_control::{Client, DisableRequest, Error, LevelRequest, LogDone, LogResolution, LogTree, Request};
use stratd_tests::{Place, Running, plugin};

/// Loggers of strategies go to a file with all that a record has; everything of INFO and above to another one.
const LOGGING: &str = r#"
[logging]
schema = 1

[logging.formatters.whole]
format = "%(levelname)s|%(name)s|%(message)s|%(fields_logfmt)s"

[logging.handlers.strategies]
kind = "file"
path = "logs/strategies.log"
create_folders = true
formatter = "whole"

[logging.handlers.all]
kind = "file"
path = "logs/all.log"
create_folders = true
formatter = "whole"
rotate = { max_bytes = 4000, keep = 2 }

[logging.loggers.strategy]
level = "DEBUG"
handlers = ["strategies"]

[logging.root]
level = "INFO"
handlers = ["all"]
"#;

/// The synthetic venue and the strategy that counts.
const RUN: &str = r#"
[[exchange]]
plugin = "synthetic"
config = { instruments = 2, rate = 500 }

[[strategy]]
plugin = "market-maker"
"#;

/// A folder with a daemon in it.
struct Desk {
    place: Place,
    running: Option<Running>,
}

impl Desk {
    fn new(logging: &str) -> Self {
        let desk = Self { place: Place::new(&[]), running: None };
        desk.configure(logging);
        fs::create_dir(desk.path("plug")).expect("a new folder");
        for name in ["exchange_synthetic", "strategy_market_maker"] {
            desk.put(name);
        }
        desk
    }

    fn started(logging: &str) -> Self {
        let mut desk = Self::new(logging);
        let mut command = desk.place.command(&["run", "stratd.toml", "--plugin-dir", "plug"]);
        command.args(["--control-socket", "c.sock"]).env_remove("STRATD_PLUGINS");
        desk.running = Some(Running::start(command, "run"));
        let client = desk.client();
        desk.running().wait_until("answer", || client.send(&Request::status()).is_ok());
        desk
    }

    fn configure(&self, logging: &str) {
        self.place.write("stratd.toml", &format!("trading_type = \"sandbox\"\n{logging}\n{RUN}"));
    }

    /// Puts a built plugin into the folder that is watched, in one step.
    fn put(&self, library: &str) {
        let unfinished = self.path("plug/unfinished");
        fs::copy(plugin(library), &unfinished).expect("a copy of a plugin");
        fs::rename(unfinished, self.path(&format!("plug/lib{library}.so"))).expect("a file in place");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("a daemon that was started")
    }

    fn client(&self) -> Client {
        Client::new(self.path("c.sock")).with_time_limit(Duration::from_secs(60))
    }

    fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        self.client().send(request)?.read()
    }

    fn tree(&self) -> LogTree {
        self.ask(&Request::log_tree()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The level that is in force for a logger.
    fn level(&self, logger: &str) -> String {
        let found = self.tree().loggers.into_iter().find(|known| known.name == logger);
        found.unwrap_or_else(|| panic!("no logger {logger}")).effective_level
    }

    fn set_level(&self, logger: &str, level: &str, seconds: Option<u64>) -> LogDone {
        let body = LevelRequest { logger: logger.into(), level: level.into(), seconds };
        let request = Request::log_level(&body).expect("a body");
        self.ask(&request).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits until a file holds a text.
    fn wait_for(&mut self, file: &str, text: &str) {
        let path = self.path(file);
        self.running().wait_until(&format!("`{text}` in {file}"), || text_of(&path).contains(text));
    }

    fn end(mut self) {
        let ended = self.running.take().expect("a daemon that was started").end("TERM");
        assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    }
}

fn text_of(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

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
    desk.running().wait_until("a record of an event", || text_of(&path).contains("|time="));
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
            assert!(text.starts_with("<14>1 ") && text.contains(" stratd "), "{text}");
            break;
        }
        seen.push(text);
    }
    desk.end();
}

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
    desk.running().wait_for_log("INFO stratd.logging: SIGHUP: applied [logging] of stratd.toml");
    desk.end();
}

#[test]
fn sighup_with_a_bad_file_changes_nothing_and_says_why() {
    let mut desk = Desk::started(LOGGING);
    desk.configure(&LOGGING.replace("level = \"DEBUG\"", "level = \"LOUD\""));
    desk.running().signal("HUP");
    desk.wait_for("logs/all.log", "the log stays as it is: stratd.toml:");
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

/// What other programs send goes to a file of its own; the kernel chooses the port.
const FLEET: &str = r#"
[logging.receivers.fleet]
kind = "json_lines"
port = 0

[logging.formatters.whole]
format = "%(levelname)s|%(name)s|%(message)s|%(fields_logfmt)s"

[logging.handlers.fleet]
kind = "file"
path = "fleet.log"
formatter = "whole"

[logging.handlers.stderr]
kind = "console"

[logging.loggers.fleet]
handlers = ["fleet"]
propagate = false

[logging.root]
level = "INFO"
handlers = ["stderr"]
"#;

#[test]
fn other_programs_log_here_and_a_reload_keeps_their_connections() {
    let mut desk = Desk::started(FLEET);
    let receiver = |desk: &Desk| desk.tree().receivers.into_iter().next().expect("a receiver");
    let address = receiver(&desk).address.replace("tcp ", "");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let mut send = |line: &str| writeln!(stream, "{line}").expect("the daemon reads");
    send(r#"{"name": "fleet.7", "levelname": "INFO", "msg": "ready", "order_id": 17}"#);
    desk.wait_for("fleet.log", "INFO|fleet.7|ready|order_id=17");
    send("no record");
    send(r#"{"name": "fleet.7", "levelno": 40, "msg": "after it"}"#);
    desk.wait_for("fleet.log", "ERROR|fleet.7|after it|");
    let status = receiver(&desk);
    assert_eq!((status.connections, status.received, status.refused), (1, 2, 1));
    assert!(status.last_error.expect("the reason").contains("reading JSON"));
    // another format and the same socket
    desk.configure(&FLEET.replace("%(levelname)s|", "again "));
    desk.running().signal("HUP");
    desk.running().wait_for_log("SIGHUP: applied [logging] of stratd.toml");
    send(r#"{"name": "fleet.8", "levelno": 40, "msg": "still connected"}"#);
    desk.wait_for("fleet.log", "again fleet.8|still connected|");
    desk.end();
}
