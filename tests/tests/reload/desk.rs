//! A daemon with a folder of plugins, a control socket and a state directory.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde::de::DeserializeOwned;
use stratd_control::{Client, Done, Error, Instance, Plugin, PluginState, Problem, Request, Status};
use stratd_tests::{Ended, Place, Running, plugin};

use crate::figures::Figures;

/// A question is answered at once or not at all; a change may probe, create and swap.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);
/// The folder that is watched.
const PLUGINS: &str = "plug";
/// The folder with the connectors, apart so that a test may remove the other one.
const EXCHANGES: &str = "exchanges";
/// The file of the strategy `counter`, whichever build it holds.
pub(crate) const COUNTER: &str = "libstrategy_counter.so";

/// Three instruments that never rest.
pub(crate) const SYNTHETIC: &str = "
[[exchange]]
plugin = \"synthetic\"
config = { instruments = 3, rate = 2000 }
";
/// The strategy that counts.
pub(crate) const COUNTING: &str = "
[[strategy]]
plugin = \"counter\"
";

/// The folder of a daemon, which may be started several times in it.
pub(crate) struct Desk {
    // before the folder goes with its log
    running: Option<Running>,
    place: Place,
    starts: u32,
    marks: u32,
    /// The file was written anew: the next start takes it, rather than what was in force.
    is_configured: bool,
}

impl Desk {
    /// A folder with the synthetic exchange, the first build of `counter`, and this configuration.
    pub(crate) fn new(config: &str) -> Self {
        let desk = Self {
            place: Place::new(&[("stratd.toml", config)]),
            running: None,
            starts: 0,
            marks: 0,
            is_configured: false,
        };
        for folder in [PLUGINS, EXCHANGES] {
            fs::create_dir(desk.path(folder)).expect("a new folder");
        }
        let exchange = desk.path(EXCHANGES).join("libexchange_synthetic.so");
        fs::copy(plugin("exchange_synthetic"), exchange).expect("a copy of a plugin");
        desk.put("strategy_counter", COUNTER);
        desk
    }

    /// One that runs `counter` on the synthetic exchange, with further keys.
    pub(crate) fn counting(more: &str) -> Self {
        let mut desk = Self::new(&format!("{more}\n{SYNTHETIC}\n{COUNTING}"));
        desk.start();
        desk
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A file in the folder that is watched.
    pub(crate) fn plugin_file(&self, file: &str) -> PathBuf {
        self.path(PLUGINS).join(file)
    }

    /// Writes the file anew for the next start.
    pub(crate) fn configure(&mut self, config: &str) {
        self.write("stratd.toml", config);
        self.is_configured = true;
    }

    /// Writes a file in the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        self.place.write(name, text);
    }

    /// Puts a built plugin under that name, in one step.
    pub(crate) fn put(&self, library: &str, file: &str) {
        let content = fs::read(plugin(library)).expect("a built plugin");
        self.put_bytes(&content, file);
    }

    /// Puts a file under that name, in one step.
    pub(crate) fn put_bytes(&self, content: &[u8], file: &str) {
        let unfinished = self.plugin_file(&format!("{file}.tmp"));
        fs::write(&unfinished, content).expect("a file that can be written");
        fs::rename(unfinished, self.plugin_file(file)).expect("a file that can be renamed");
    }

    /// `stratd run` here; it finds no plugins but those of this folder.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.place.command(&["run", "stratd.toml", "--trading-type", "sandbox"]);
        command.args(["--plugin-dir", PLUGINS, "--plugin-dir", EXCHANGES]);
        command.args(["--control-socket", "c.sock", "--state-dir", "state"]);
        command.env_remove("STRATD_PLUGINS");
        if self.is_configured {
            command.arg("--from-files");
        }
        command
    }

    /// Starts the daemon, and waits until it answers.
    pub(crate) fn start(&mut self) {
        self.spawn();
        let client = self.client();
        self.running().wait_until("answer", || client.send(&Request::status()).is_ok());
    }

    /// Starts the daemon with these variables, and waits until it answers.
    pub(crate) fn start_with(&mut self, variables: &[(&str, &str)]) {
        self.starts += 1;
        let mut command = self.command();
        command.envs(variables.iter().copied());
        self.running = Some(Running::start(command, &format!("run{}", self.starts)));
        let client = self.client();
        self.running().wait_until("answer", || client.send(&Request::status()).is_ok());
    }

    /// Starts the daemon.
    pub(crate) fn spawn(&mut self) {
        self.starts += 1;
        self.running = Some(Running::start(self.command(), &format!("run{}", self.starts)));
    }

    pub(crate) fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("the test has started the daemon")
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.path("c.sock")).with_time_limit(ANSWER_TIME_MAX)
    }

    pub(crate) fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        self.client().send(request)?.read()
    }

    pub(crate) fn status(&self) -> Status {
        self.ask(&Request::status()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn plugin(&self, name: &str) -> Plugin {
        self.ask(&Request::plugin(name)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Asks for a change that must succeed.
    #[track_caller]
    pub(crate) fn act(&self, request: &Request) -> Done {
        self.ask(request).unwrap_or_else(|error| panic!("{request}: {error}"))
    }

    /// Asks for a change that must be refused.
    #[track_caller]
    pub(crate) fn refused(&self, request: &Request) -> Problem {
        let answer = self.ask::<Done>(request);
        let error = answer.map(|done| panic!("{request}: {}", done.report)).unwrap_or_else(|error| error);
        error.problem().cloned().unwrap_or_else(|| panic!("{request}: {error}"))
    }

    /// Waits until a plugin is so.
    pub(crate) fn wait(&mut self, name: &str, what: &str, is_so: impl Fn(&Plugin) -> bool) -> Plugin {
        let client = self.client();
        let mut found = None;
        let what = format!("{name}: {what}");
        self.running().wait_until(&what, || {
            let plugin = client.send(&Request::plugin(name)).and_then(|answer| answer.read::<Plugin>());
            found = plugin.ok().filter(|plugin| is_so(plugin));
            found.is_some()
        });
        found.expect("it was waited for")
    }

    /// Waits until an instance of `counter` has handled so many more events.
    pub(crate) fn wait_for_events(&mut self, name: &str, instance: &str, more: u64) {
        let goal = instance_of(&self.plugin(name), instance).events + more;
        self.wait(name, &format!("{more} more events of {instance}"), |plugin| {
            let found = instance_of(plugin, instance);
            found.state == PluginState::Started && found.events >= goal
        });
    }

    /// Waits until the watcher has told of everything that was written before: files are told in the order in which
    /// they came to rest, and this one is refused.
    pub(crate) fn wait_for_watcher(&mut self) {
        let name = format!("zzz{}", self.marks);
        self.marks += 1;
        self.put_bytes(b"no library", &format!("{name}.so"));
        self.wait(&name, "refusal of the mark", |plugin| plugin.last_refusal.is_some());
    }

    /// What the daemon has logged since its start.
    pub(crate) fn log(&mut self) -> String {
        self.running().log()
    }

    /// Ends the daemon with SIGTERM, which must go well.
    #[track_caller]
    pub(crate) fn end(&mut self) -> Ended {
        let ended = self.running.take().expect("the test has started the daemon").end("TERM");
        assert_eq!(ended.status.code(), Some(0), "{}\n{}", ended.status, ended.err);
        ended
    }

    /// Waits for an end that the test did not ask for.
    pub(crate) fn wait_for_end(&mut self) -> Ended {
        self.running.take().expect("the test has started the daemon").wait_for_end()
    }

    /// Ends the daemon as SIGKILL does.
    pub(crate) fn kill(&mut self) -> Ended {
        self.running.take().expect("the test has started the daemon").end("KILL")
    }

    /// Ends the daemon; the instance `counter` has seen every event once, in order.
    #[track_caller]
    pub(crate) fn end_whole(&mut self) -> Figures {
        let figures = Figures::last_of(&self.end().err, "counter");
        figures.assert_whole();
        figures
    }
}

/// An instance of a plugin.
#[track_caller]
pub(crate) fn instance_of<'a>(plugin: &'a Plugin, name: &str) -> &'a Instance {
    let found = plugin.instances.iter().find(|instance| instance.name == name);
    found.unwrap_or_else(|| panic!("no instance {name} of {plugin:?}"))
}

/// The first half of a file.
pub(crate) fn half(file: &Path) -> Vec<u8> {
    let mut content = fs::read(file).expect("a file that can be read");
    content.truncate(content.len() / 2);
    content
}

/// The same plugin as another file: bytes after the end of a library are of no consequence but to its hash.
pub(crate) fn rebuilt(library: &str, build: u8) -> Vec<u8> {
    let mut content = fs::read(plugin(library)).expect("a built plugin");
    content.push(build);
    content
}
