//! A daemon that trades in a sandbox over the synthetic exchange, with one counting strategy: what soaks and benchmarks
//! of reloads command and look at.
//!
//! The strategy is `strategy-counter`: it carries the sequence numbers that it saw in its state and reports them when
//! it ends. It is the only strategy, sets no timer and gets all data, so every input of the engine is one of its events
//! and a gap in the numbers is a lost one.

mod memory;
pub(crate) mod programs;
mod scrape;
mod venue;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use stratd_control::{Client, Done, Plugin, Request, Status};

pub(crate) use memory::{Memory, peak};
pub(crate) use scrape::Histogram;
pub(crate) use venue::{Trader, Venue, VenuePrograms};

use crate::workspace::Workspace;

/// The plugin that is replaced.
pub(crate) const PLUGIN: &str = "strategy-counter";
/// The file of it that is watched.
const LIBRARY: &str = "libstrategy_counter.so";
/// How long the daemon may take to start, for one reload, and to end.
const START_LIMIT: Duration = Duration::from_secs(60);
const RELOAD_LIMIT: Duration = Duration::from_secs(60);
const END_LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at something that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// So many lines of the daemon's log go into an error.
const LOG_LINES: usize = 12;

/// The daemon and the two builds that take turns.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) daemon: PathBuf,
    pub(crate) exchange: PathBuf,
    pub(crate) builds: [PathBuf; 2],
    /// Where all plugins are.
    pub(crate) plugins: PathBuf,
}

impl Programs {
    /// Builds them, in the release profile. As for the tests, `STRATD_BIN` and `STRATD_PLUGINS` name others instead:
    /// to measure an earlier build.
    pub(crate) fn build(workspace: &Workspace) -> Result<Self> {
        let daemon = programs::daemon(workspace)?;
        let plugins = programs::libraries(workspace, true)?;
        let faulty = plugins.join("faulty");
        Ok(Self {
            daemon,
            exchange: plugins.join("libexchange_synthetic.so"),
            builds: [faulty.join(LIBRARY), faulty.join("libstrategy_counter_second.so")],
            plugins,
        })
    }
}

/// What one sandbox differs in from another.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Actions of the venue's participants per second; each makes two to three events.
    pub(crate) rate: u32,
    pub(crate) state_bytes: u64,
    /// Sizes of the state from a number of restores on.
    pub(crate) resize: Vec<(u64, u64)>,
    pub(crate) has_probe: bool,
    pub(crate) isolation: &'static str,
    pub(crate) unload: &'static str,
}

impl Settings {
    /// The configuration of the daemon; all paths are in its current folder.
    fn config(&self) -> String {
        let resize = self.resize.iter();
        let resize: Vec<String> = resize
            .map(|(restores, bytes)| format!("{{ restores = {restores}, state_bytes = {bytes} }}"))
            .collect();
        format!(
            "trading_type = \"sandbox\"\nplugin_dirs = [\"plugins\"]\n\n\
             [plugins]\nprobe = {}\n\n[state]\ndir = \"state\"\n\n[control]\nsocket = \"control.sock\"\n\n\
             [[exchange]]\nplugin = \"synthetic\"\nconfig = {{ instruments = 3, rate = {} }}\n\n\
             [[strategy]]\nplugin = \"counter\"\nisolation = \"{}\"\nunload = \"{}\"\n\
             config = {{ state_bytes = {}, resize = [{}] }}\n",
            self.has_probe,
            self.rate,
            self.isolation,
            self.unload,
            self.state_bytes,
            resize.join(", ")
        )
    }
}

/// A running daemon; killed when dropped.
pub(crate) struct Sandbox {
    child: Child,
    client: Client,
    folder: PathBuf,
    builds: [PathBuf; 2],
}

/// What the strategy says of the sequence numbers of its events, at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
    pub(crate) restores: u64,
    pub(crate) state_damaged: u64,
}

impl Sandbox {
    /// Starts one in `folder`, which is emptied before, and waits until events flow.
    pub(crate) fn start(folder: &Path, programs: &Programs, settings: &Settings) -> Result<Self> {
        let libraries = [programs.exchange.as_path(), programs.builds[0].as_path()];
        Self::launch(folder, programs, &settings.config(), &libraries)
    }

    /// As [`Sandbox::start`], with any configuration and the plugins that it needs.
    pub(crate) fn launch(
        folder: &Path,
        programs: &Programs,
        config: &str,
        libraries: &[&Path],
    ) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
        }
        for part in ["plugins", "state", "stage"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).with_context(|| format!("creating {}", part.display()))?;
        }
        fs::write(folder.join("stratd.toml"), config).context("writing the configuration")?;
        let log = File::create(folder.join("stderr.log")).context("creating the log")?;
        for library in libraries {
            let name = library.file_name().with_context(|| format!("{} is no file", library.display()))?;
            put(library, &folder.join("plugins").join(name))?;
        }
        let child = Command::new(&programs.daemon)
            .args(["run", "stratd.toml"])
            .current_dir(folder)
            .env("STRATD_STAGE_DIR", folder.join("stage"))
            // what is measured is found in its own folder only
            .env_remove("STRATD_PLUGINS")
            .stdout(log.try_clone().context("sharing the log")?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", programs.daemon.display()))?;
        let client = Client::new(folder.join("control.sock")).with_time_limit(RELOAD_LIMIT);
        let mut sandbox = Self { child, client, folder: folder.to_owned(), builds: programs.builds.clone() };
        sandbox.wait("its first events", START_LIMIT, |sandbox| {
            // no socket yet is no error
            Ok(sandbox.status().ok().filter(|status| status.sequence > 1_000).map(drop))
        })?;
        Ok(sandbox)
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn status(&self) -> Result<Status> {
        Ok(self.client.send(&Request::status())?.read()?)
    }

    pub(crate) fn plugin(&self) -> Result<Plugin> {
        Ok(self.client.send(&Request::plugin(PLUGIN))?.read()?)
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        Memory::of(self.pid())
    }

    /// Puts the build whose turn it is in place by renaming; generation 1 is the first build.
    pub(crate) fn put(&self, generation: u64) -> Result<()> {
        let build = if generation.is_multiple_of(2) { &self.builds[1] } else { &self.builds[0] };
        put(build, &self.folder.join("plugins").join(LIBRARY))
    }

    /// Asks for a reload and returns what runs then. The watcher may have been faster.
    pub(crate) fn reload(&self) -> Result<Done> {
        Ok(self.client.send(&Request::reload(PLUGIN).if_match("*"))?.read()?)
    }

    /// Waits until this generation runs.
    pub(crate) fn wait_for(&mut self, generation: u64) -> Result<Plugin> {
        self.wait(&format!("generation {generation}"), RELOAD_LIMIT, |sandbox| {
            let plugin = sandbox.plugin()?;
            if let Some(refusal) = &plugin.last_refusal
                && plugin.generation < generation
            {
                bail!("generation {generation} was refused: {}", refusal.text);
            }
            Ok((plugin.generation >= generation).then_some(plugin))
        })
    }

    /// Ends it with SIGTERM; what its strategy counted.
    pub(crate) fn end(self) -> Result<Tally> {
        let file = self.end_run()?.join("summary.json");
        let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        Tally::read(&text).with_context(|| format!("reading {}", file.display()))
    }

    /// Ends it with SIGTERM; the folder of its results.
    pub(crate) fn end_run(mut self) -> Result<PathBuf> {
        let run_folder = self.folder.join(self.status()?.run_folder);
        kill(Pid::from_raw(i32::try_from(self.pid())?), Signal::SIGTERM).context("sending SIGTERM")?;
        let deadline = now() + END_LIMIT;
        let status = loop {
            match self.child.try_wait().context("waiting for the daemon")? {
                Some(status) => break status,
                None if now() >= deadline => bail!("the daemon did not end{}", self.last_words()),
                None => thread::park_timeout(LOOK_EVERY),
            }
        };
        if !status.success() {
            bail!("the daemon ended with {status}{}", self.last_words());
        }
        Ok(run_folder)
    }

    /// Looks until `look` has something, within a time.
    pub(crate) fn wait<T>(
        &mut self,
        what: &str,
        limit: Duration,
        look: impl Fn(&Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let deadline = now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().context("waiting for the daemon")? {
                bail!("the daemon ended with {status} before {what}{}", self.last_words());
            }
            if let Some(found) = look(self).map_err(|error| anyhow!("{error:#}{}", self.last_words()))? {
                return Ok(found);
            }
            if now() >= deadline {
                bail!("{what}: not within {} s{}", limit.as_secs(), self.last_words());
            }
            thread::park_timeout(LOOK_EVERY);
        }
    }

    fn last_words(&self) -> String {
        let log = self.folder.join("stderr.log");
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default();
        format!("\nthe end of {}:\n{}", log.display(), last.join("\n"))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // already gone after `end`
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Tally {
    /// From `summary.json`: figures of a strategy are pairs of a name and a decimal number.
    fn read(summary: &str) -> Result<Self> {
        let summary: Value = serde_json::from_str(summary)?;
        let metrics = summary["strategies"][0]["metrics"].as_array();
        let metrics = metrics.context("the strategy reported nothing")?;
        let figure = |name: &str| -> Result<u64> {
            let pair = metrics.iter().find(|pair| pair[0] == name);
            let text = pair.and_then(|pair| pair[1].as_str()).with_context(|| format!("no figure {name}"))?;
            let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
            whole.parse().with_context(|| format!("figure {name} is {text}"))
        };
        let (count, first, last) = (figure("count")?, figure("first")?, figure("last")?);
        let tally = Self {
            count,
            lost: figure("gaps")?,
            duplicated: figure("duplicates")?,
            reordered: figure("out_of_order")?,
            restores: figure("restores")?,
            state_damaged: figure("state_damaged")?,
        };
        if count > 0 && count + tally.lost != last - first + 1 + tally.duplicated + tally.reordered {
            bail!("{count} events from {first} to {last} with {} lost: the figures contradict", tally.lost);
        }
        Ok(tally)
    }
}

/// A copy that appears in one step, as `cp` and `mv` make it.
fn put(from: &Path, to: &Path) -> Result<()> {
    let doing = || format!("copying {} to {}", from.display(), to.display());
    let unfinished = to.with_extension("so.tmp");
    fs::copy(from, &unfinished).with_context(doing)?;
    fs::rename(&unfinished, to).with_context(doing)
}

/// The clock of measurements.
pub(crate) fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a measurement reads the clock; nothing here is replayed")]
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::{Settings, Tally};

    fn summary(count: u64, gaps: u64) -> String {
        let figures = [("first", 2), ("last", 9), ("duplicates", 0), ("out_of_order", 0), ("restores", 3)];
        let figures = figures.into_iter().chain([("state_damaged", 0), ("count", count), ("gaps", gaps)]);
        let figures: Vec<String> =
            figures.map(|(name, value)| format!("[\"{name}\",\"{value}.0\"]")).collect();
        format!("{{\"strategies\":[{{\"metrics\":[{}]}}]}}", figures.join(","))
    }

    #[test]
    fn figures_come_from_the_summary_and_must_agree() {
        let clean = Tally { count: 8, restores: 3, ..Tally::default() };
        assert_eq!(Tally::read(&summary(8, 0)).expect("they agree"), clean);
        assert_eq!(Tally::read(&summary(6, 2)).expect("they agree").lost, 2);
        let wrong = Tally::read(&summary(7, 0)).expect_err("an event is missing").to_string();
        assert_eq!(wrong, "7 events from 2 to 9 with 0 lost: the figures contradict");
        assert!(Tally::read("{\"strategies\":[{}]}").is_err());
    }

    #[test]
    fn sizes_of_the_state_are_written_as_toml() {
        let settings = Settings {
            rate: 5,
            state_bytes: 24,
            resize: vec![(1, 100), (2, 200)],
            has_probe: true,
            isolation: "none",
            unload: "never",
        };
        let config = settings.config();
        let resize = "resize = [{ restores = 1, state_bytes = 100 }, { restores = 2, state_bytes = 200 }] }";
        assert!(config.ends_with(&format!("config = {{ state_bytes = 24, {resize}\n")), "{config}");
    }
}
