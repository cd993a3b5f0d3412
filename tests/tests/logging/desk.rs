//! A folder with a daemon in it, and what it is asked.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::de::DeserializeOwned;
use stratd_control::{Client, Error, LevelRequest, LogDone, LogTree, Request};
use stratd_tests::{Ended, Place, Running, plugin};

/// Loggers of strategies go to a file with all that a record has; everything of INFO and above to another one.
pub(crate) const LOGGING: &str = r#"
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
pub(crate) struct Desk {
    pub(crate) place: Place,
    pub(crate) running: Option<Running>,
    run: String,
}

impl Desk {
    pub(crate) fn new(logging: &str) -> Self {
        Self::with(logging, RUN)
    }

    /// With another run than [`RUN`].
    pub(crate) fn with(logging: &str, run: &str) -> Self {
        let desk = Self { place: Place::new(&[]), running: None, run: run.to_owned() };
        desk.configure(logging);
        fs::create_dir(desk.path("plug")).expect("a new folder");
        for name in ["exchange_synthetic", "strategy_market_maker", "strategy_faulty"] {
            desk.put(name);
        }
        desk
    }

    pub(crate) fn started(logging: &str) -> Self {
        let mut desk = Self::new(logging);
        desk.start(&[]);
        let client = desk.client();
        desk.running().wait_until("answer", || client.send(&Request::status()).is_ok());
        desk
    }

    /// Starts the daemon, with further flags.
    pub(crate) fn start(&mut self, flags: &[&str]) {
        let mut command = self.place.command(&["run", "stratd.toml", "--plugin-dir", "plug"]);
        command.args(["--control-socket", "c.sock"]).args(flags).env_remove("STRATD_PLUGINS");
        self.running = Some(Running::start(command, "run"));
    }

    /// How the daemon ended by itself.
    pub(crate) fn ended(&mut self) -> Ended {
        self.running.take().expect("a daemon that was started").wait_for_end()
    }

    pub(crate) fn configure(&self, logging: &str) {
        self.place.write("stratd.toml", &format!("trading_type = \"sandbox\"\n{logging}\n{}", self.run));
    }

    /// Puts a built plugin into the folder that is watched, in one step.
    pub(crate) fn put(&self, library: &str) {
        let unfinished = self.path("plug/unfinished");
        fs::copy(plugin(library), &unfinished).expect("a copy of a plugin");
        fs::rename(unfinished, self.path(&format!("plug/lib{library}.so"))).expect("a file in place");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("a daemon that was started")
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.path("c.sock")).with_time_limit(Duration::from_secs(60))
    }

    pub(crate) fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        self.client().send(request)?.read()
    }

    pub(crate) fn tree(&self) -> LogTree {
        self.ask(&Request::log_tree()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The level that is in force for a logger.
    pub(crate) fn level(&self, logger: &str) -> String {
        let found = self.tree().loggers.into_iter().find(|known| known.name == logger);
        found.unwrap_or_else(|| panic!("no logger {logger}")).effective_level
    }

    pub(crate) fn set_level(&self, logger: &str, level: &str, seconds: Option<u64>) -> LogDone {
        let body = LevelRequest { logger: logger.into(), level: level.into(), seconds };
        let request = Request::log_level(&body).expect("a body");
        self.ask(&request).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits until a file holds a text.
    pub(crate) fn wait_for(&mut self, file: &str, text: &str) {
        let path = self.path(file);
        self.running().wait_until(&format!("`{text}` in {file}"), || text_of(&path).contains(text));
    }

    pub(crate) fn end(mut self) {
        let ended = self.running.take().expect("a daemon that was started").end("TERM");
        assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    }
}

pub(crate) fn text_of(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
