//! A daemon with strategies that misbehave and one that counts, on the synthetic exchange.

use std::{fmt::Write as _, fs, path::PathBuf, time::Duration};

use stratd_control::{Client, Instance, PluginState, Request};
use stratd_tests::{Ended, Place, Running, plugins};

use crate::table::{Misbehaviour, Mode};

/// A question is answered at once or not at all.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// Short limits, so that hangs and leaks end soon; states are saved often, so that `save` misbehaves soon.
const HEAD: &str = "trading_type = \"sandbox\"
[plugins]
watch = false
hang_timeout = \"1s\"
[plugins.isolation]
call_timeout = \"500ms\"
memory_max = 320
spin = 0
[state]
save_interval = \"500ms\"
[[exchange]]
plugin = \"synthetic\"
config = { instruments = 1, rate = 300, feeds = [\"trades\", \"quotes\"] }
[[strategy]]
plugin = \"counter\"
";

/// The folder of a daemon, which may be started several times in it.
pub(crate) struct Desk {
    place: Place,
    running: Option<Running>,
    starts: u32,
}

impl Desk {
    /// A folder in which these misbehave in that mode; the first keys are those of `[plugins]`.
    pub(crate) fn new(mode: Mode, rows: &[&Misbehaviour]) -> Self {
        Self::with("", mode, rows)
    }

    /// As `new`, with more keys of `[plugins]`.
    pub(crate) fn with(keys: &str, mode: Mode, rows: &[&Misbehaviour]) -> Self {
        let mut config = HEAD.replace("[plugins]\n", &format!("[plugins]\n{keys}\n"));
        for row in rows {
            // what a limit of memory ends must be large, what nothing ends must be small
            let bytes = if mode == Mode::Process { 16 << 20 } else { 4096 };
            let fault = row.fault;
            let _ = write!(
                config,
                "[[strategy]]\nplugin = \"faulty\"\nname = \"{fault}\"\nisolation = \"{}\"\n\
                 config = {{ fault = \"{fault}\", at = {}, ms = 50, bytes = {bytes} }}\n",
                mode.key(),
                row.at
            );
        }
        Self::of(&config)
    }

    /// A folder with that configuration.
    pub(crate) fn of(config: &str) -> Self {
        Self { place: Place::new(&[("run.toml", config)]), running: None, starts: 0 }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Starts the daemon.
    pub(crate) fn spawn(&mut self) {
        self.spawn_with(&[plugins().join("faulty")]);
    }

    /// Starts the daemon with these folders of plugins beside that of the tree.
    pub(crate) fn spawn_with(&mut self, folders: &[PathBuf]) {
        self.starts += 1;
        let mut command = self.place.command(&["run", "run.toml"]);
        command.args(["--control-socket", "c.sock", "--state-dir", "state"]);
        // without it a child that is out of memory fills the log
        command.env("RUST_BACKTRACE", "0");
        for folder in folders {
            command.arg("--plugin-dir").arg(folder);
        }
        self.running = Some(Running::start(command, &format!("run{}", self.starts)));
    }

    /// Waits until it answers.
    pub(crate) fn wait_for_answer(&mut self) {
        let client = self.client();
        self.running().wait_until("an answer", || client.send(&Request::status()).is_ok());
    }

    /// Starts the daemon and waits until it answers.
    pub(crate) fn start(&mut self) {
        self.spawn();
        self.wait_for_answer();
    }

    pub(crate) fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("the test has started the daemon")
    }

    /// Its log so far, without what differs from run to run.
    pub(crate) fn log(&mut self) -> String {
        normal(&self.running().log())
    }

    /// Waits until a line of the log has both texts.
    pub(crate) fn wait_for_line(&mut self, logger: &str, text: &str) {
        let file = self.path(&format!("run{}.err", self.starts));
        self.running().wait_until(&format!("a line `{logger} … {text}`"), || {
            has_line(&normal(&fs::read_to_string(&file).unwrap_or_default()), logger, text)
        });
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.path("c.sock")).with_time_limit(ANSWER_TIME_MAX)
    }

    /// What is known of an instance of a plugin.
    pub(crate) fn instance(&self, plugin: &str, name: &str) -> Instance {
        let known = self.client().send(&Request::plugin(plugin)).and_then(|answer| answer.read());
        let known: stratd_control::Plugin = known.unwrap_or_else(|error| panic!("{error}"));
        let found = known.instances.into_iter().find(|instance| instance.name == name);
        found.unwrap_or_else(|| panic!("{plugin} has no instance {name}"))
    }

    /// Waits until an instance of `faulty` is so.
    pub(crate) fn wait_for_instance(&mut self, name: &str, what: &str, is_so: impl Fn(&Instance) -> bool) {
        let client = self.client();
        self.running().wait_until(&format!("{what} of {name}"), || {
            let known = client.send(&Request::plugin("faulty")).and_then(|answer| answer.read());
            let known: Option<stratd_control::Plugin> = known.ok();
            known.is_some_and(|known| known.instances.iter().any(|i| i.name == name && is_so(i)))
        });
    }

    /// The one that counts gets events: nobody holds the event loop up.
    pub(crate) fn wait_for_events(&mut self) {
        let before = self.instance("counter", "counter").events;
        let client = self.client();
        self.running().wait_until("events of the strategy that counts", || {
            let known = client.send(&Request::plugin("counter")).and_then(|answer| answer.read());
            let known: Option<stratd_control::Plugin> = known.ok();
            known.is_some_and(|known| {
                let counter = &known.instances[0];
                counter.state == PluginState::Started && counter.events > before + 100
            })
        });
    }

    /// The processes that the daemon has started and that live.
    pub(crate) fn children(&mut self) -> Vec<u32> {
        let parent = self.running().id();
        let entries = fs::read_dir("/proc").expect("a system with /proc").flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
    }

    /// Kills it, so that it can do nothing about it.
    pub(crate) fn kill(&mut self) {
        let running = self.running.take().expect("the test has started the daemon");
        let _ = running.end("KILL");
    }

    /// Ends it with SIGTERM.
    pub(crate) fn stop(&mut self) -> Ended {
        let running = self.running.take().expect("the test has started the daemon");
        normal_end(running.end("TERM"))
    }

    /// Waits for its end.
    pub(crate) fn wait_for_end(&mut self) -> Ended {
        let running = self.running.take().expect("the test has started the daemon");
        normal_end(running.wait_for_end())
    }
}

/// The parent of a process that lives: no zombie.
pub(crate) fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut words = stat.rsplit_once(") ")?.1.split(' ');
    let state = words.next()?;
    let parent = words.next()?.parse().ok()?;
    (state != "Z").then_some(parent)
}

fn normal_end(ended: Ended) -> Ended {
    Ended { err: normal(&ended.err), ..ended }
}

pub(crate) fn has_line(log: &str, logger: &str, text: &str) -> bool {
    log.lines().any(|line| line.contains(logger) && line.contains(text))
}

/// Numbers of processes, lines and builds, and times, as words.
pub(crate) fn normal(log: &str) -> String {
    let log = after(log, "process ", |c| c.is_ascii_digit(), "PID");
    let log = after(&log, "' (", |c| c.is_ascii_digit(), "PID");
    let log = after(&log, "strategy-faulty/0.1.0/", |c| c.is_ascii_hexdigit(), "BUILD");
    // how long a call had lasted when the watchdog looked
    let log =
        after(&log, "hang ", |c| c.is_ascii_digit() || c == '.', "TIME").replace("hang TIMEs ", "hang TIME ");
    after(&log, "plugins/faulty/src/lib.rs:", |c| c.is_ascii_digit(), "LINE")
}

/// Replaces what follows each `mark` as long as it is of one kind.
fn after(text: &str, mark: &str, is_part: impl Fn(char) -> bool, word: &str) -> String {
    let mut parts = text.split(mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(&is_part);
        out.push_str(mark);
        out.push_str(if rest.len() < part.len() { word } else { "" });
        out.push_str(rest);
    }
    out
}
