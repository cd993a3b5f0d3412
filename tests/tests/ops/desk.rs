//! A folder with a daemon in it, and ways to it.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::Command,
    time::Duration,
};

use serde::de::DeserializeOwned;
use stratd_control::{Client, Error, Filter, InstrumentList, Order, Plugin, Problem, Request, Status};
use stratd_tests::{Ended, Place, Running, plugin, stratctl};

/// A question is answered at once or not at all; a change may probe, create and swap, on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The synthetic venue and the market maker.
const RUN: &str = r#"
[[exchange]]
plugin = "synthetic"
config = { instruments = 2, rate = 500 }

[[strategy]]
plugin = "market-maker"
"#;

/// A folder with a daemon in it.
pub(crate) struct Desk {
    // before the folder goes with its log
    running: Option<Running>,
    pub(crate) place: Place,
}

impl Desk {
    /// A daemon with these keys before the synthetic venue and the market maker; it answers.
    pub(crate) fn start(keys: &str) -> Self {
        let mut desk = Self::prepare(keys);
        desk.run();
        desk
    }

    /// A folder for such a daemon.
    pub(crate) fn prepare(keys: &str) -> Self {
        let place = Place::new(&[("stratd.toml", &format!("{keys}\n{RUN}"))]);
        fs::create_dir(place.path().join("plug")).expect("a new folder");
        let desk = Self { running: None, place };
        for name in ["exchange_synthetic", "strategy_market_maker"] {
            desk.put(name);
        }
        desk
    }

    /// Puts a plugin into the folder of the daemon.
    pub(crate) fn put(&self, name: &str) {
        let file = self.path("plug").join(format!("lib{name}.so"));
        fs::copy(plugin(name), file).expect("a copy of a plugin");
    }

    /// Starts the daemon and waits until it answers.
    pub(crate) fn run(&mut self) {
        self.run_with(&[]);
    }

    /// As [`Desk::run`], with further variables in its environment.
    pub(crate) fn run_with(&mut self, variables: &[(&str, &std::ffi::OsStr)]) {
        let mut command = self.place.command(&["run", "stratd.toml", "--trading-type", "sandbox"]);
        command.args(["--plugin-dir", "plug", "--control-socket", "c.sock", "--state-dir", "state"]);
        command.env_remove("STRATD_PLUGINS").envs(variables.iter().copied());
        self.running = Some(Running::start(command, "run"));
        let client = self.client();
        self.running().wait_until("answer", || client.send(&Request::status()).is_ok());
    }

    pub(crate) fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("the daemon was started")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("c.sock")
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.socket()).with_time_limit(PATIENCE)
    }

    #[track_caller]
    pub(crate) fn ask<T: DeserializeOwned>(&self, request: &Request) -> T {
        let answer: Result<T, Error> = self.client().send(request).and_then(|answer| answer.read());
        answer.unwrap_or_else(|error| panic!("{request}: {error}"))
    }

    /// What the daemon says to a request that it does not do.
    #[track_caller]
    pub(crate) fn refused(&self, request: &Request) -> Problem {
        match self.client().send(request) {
            Ok(answer) => panic!("{request}: {}", answer.body()),
            Err(error) => error.problem().cloned().unwrap_or_else(|| panic!("{request}: {error}")),
        }
    }

    /// Runs `stratctl`: exit code, standard output, standard error.
    pub(crate) fn stratctl(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(stratctl());
        let output = command.args(arguments).env("STRATD_SOCKET", self.socket()).output();
        let output = output.expect("stratctl runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    pub(crate) fn status(&self) -> Status {
        self.ask(&Request::status())
    }

    pub(crate) fn plugin(&self) -> Plugin {
        self.ask(&Request::plugin("market-maker"))
    }

    /// A connection that is not the client's.
    pub(crate) fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.socket()).expect("the daemon listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time limit");
        stream
    }

    /// Sends bytes, and returns what comes until the daemon closes the connection, in whatever way.
    pub(crate) fn talk(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // the daemon may close before it has read everything
        let _ = stream.write_all(bytes);
        let mut seen = Vec::new();
        let _ = stream.read_to_end(&mut seen);
        String::from_utf8_lossy(&seen).into_owned()
    }

    /// The memory of the daemon, in KiB.
    pub(crate) fn resident_kib(&mut self) -> u64 {
        let path = format!("/proc/{}/status", self.running().id());
        let text = fs::read_to_string(path).expect("the daemon lives");
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Waits until something is so.
    pub(crate) fn wait(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let mut running = self.running.take().expect("the daemon was started");
        running.wait_until(what, || is_so(self));
        self.running = Some(running);
    }

    /// Waits until the instruments of the venue have prices.
    pub(crate) fn wait_for_prices(&mut self) {
        self.wait("prices", |desk| {
            let list: InstrumentList = desk.ask(&Request::instruments(&Filter::default()));
            list.instruments.iter().all(|instrument| instrument.price_last.is_some())
        });
    }

    /// Waits until an order has a status.
    pub(crate) fn wait_for_order(&mut self, id: &str, status: &str) -> Order {
        self.wait(&format!("order {id} {status}"), |desk| {
            let order: Order = desk.ask(&Request::order(id));
            order.status == status
        });
        self.ask(&Request::order(id))
    }

    /// Ends the daemon in good order; it may be started again.
    pub(crate) fn stop(&mut self) {
        let ended = self.running.take().expect("the daemon was started").end("TERM");
        assert!(ended.status.success(), "{ended:?}");
    }

    /// Ends the daemon in good order, and starts it again.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.run();
    }

    /// Ends the daemon, which must end in good order.
    pub(crate) fn end(mut self) -> Ended {
        let ended = self.running.take().expect("the daemon was started").end("TERM");
        assert!(ended.status.success(), "{ended:?}");
        ended
    }
}
