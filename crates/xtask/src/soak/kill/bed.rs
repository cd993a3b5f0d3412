//! The two programs, the folder in which they live, and what is done to them.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use stratd_control::{Client, ConfigEdit, HaltRequest, Request, Status};

use super::disk::Disk;
use super::venue::Venue;
use crate::live::{now, programs};
use crate::workspace::Workspace;

/// Whose orders they are.
const ACCOUNT: &str = "desk";
/// Actions of participants per second.
const RATE: &str = "400";
/// Between two looks.
const STEP: Duration = Duration::from_millis(2);
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
const LIBRARIES: [&str; 2] = ["libexchange_synthetic_ws.so", "libstrategy_market_maker.so"];

/// A command that a kill may fall into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driven {
    /// A strategy is replaced.
    Swap,
    /// The configuration of a strategy changes.
    Config,
}

/// A command on its way; true once it was answered.
pub(super) type Asked = JoinHandle<bool>;

/// The venue, and the daemon while it lives.
pub(super) struct Bed {
    folder: PathBuf,
    daemon: PathBuf,
    daemon_child: Option<Child>,
    venue_child: Child,
    url: String,
    pub(super) disk: Disk,
    /// Where the log of the daemon that lives begins.
    log_begin: u64,
    /// How often something was replaced or changed.
    turns: u64,
    /// The two builds that take turns.
    builds: [Vec<u8>; 2],
}

impl Bed {
    /// Builds the programs, unless the environment names them, makes the folder anew, and starts the venue.
    pub(super) fn prepare(workspace: &Workspace, folder: &Path, seed: u64) -> Result<Self> {
        let built = programs::daemon(workspace)?;
        let venue = programs::venue(workspace)?;
        let libraries = programs::libraries(workspace, false)?;
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
        }
        for part in ["plugins", "state", "stage", "venue"] {
            fs::create_dir_all(folder.join(part)).with_context(|| format!("creating {part}"))?;
        }
        for name in LIBRARIES {
            fs::copy(libraries.join(name), folder.join("plugins").join(name))
                .with_context(|| format!("copying {name} from {}", libraries.display()))?;
        }
        // beside it, no plugins are found: two different files of one name are refused
        let daemon = folder.join("stratd");
        fs::hard_link(&built, &daemon)
            .or_else(|_| fs::copy(&built, &daemon).map(drop))
            .with_context(|| format!("putting {} in place", built.display()))?;
        let build = fs::read(libraries.join(LIBRARIES[1])).context("reading the strategy")?;
        // what follows the sections is nothing to the loader, and another build to the daemon
        let other = [build.as_slice(), b"another"].concat();
        let seed = seed.to_string();
        let arguments = [
            ["--instruments", "2"],
            ["--rate", RATE],
            ["--heartbeat-ms", "200"],
            ["--state", "venue"],
            ["--seed", &seed],
        ];
        let (venue_child, url) = programs::start_venue(&venue, folder, arguments.as_flattened())?;
        fs::write(folder.join("stratd.toml"), config(&url)).context("writing the configuration")?;
        Ok(Self {
            folder: folder.to_owned(),
            daemon,
            daemon_child: None,
            venue_child,
            url,
            disk: Disk::make(workspace, folder)?,
            log_begin: 0,
            turns: 0,
            builds: [build, other],
        })
    }

    /// Starts the daemon and waits until it trades.
    pub(super) fn start(&mut self, deadline: Instant) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.log()).context("the daemon's log")?;
        self.log_begin = log.metadata().context("the daemon's log")?.len();
        let child = Command::new(&self.daemon)
            .args(["run", "stratd.toml"])
            .current_dir(&self.folder)
            .env("STRATD_STAGE_DIR", self.folder.join("stage"))
            .env_remove("STRATD_PLUGINS")
            .env("LD_PRELOAD", &self.disk.library)
            .env("STRATD_DISK", &self.disk.file)
            .stdout(log.try_clone().context("sharing the log")?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", self.daemon.display()))?;
        self.daemon_child = Some(child);
        loop {
            let status: Option<Status> =
                self.client().send(&Request::status()).and_then(|answer| answer.read()).ok();
            // it reads the market only after everything of before was taken up
            if status.is_some_and(|status| status.events > 0) {
                return Ok(());
            }
            let child = self.daemon_child.as_mut().context("the daemon was started")?;
            if let Some(status) = child.try_wait()? {
                bail!("the daemon ended: {status} (its log is {})", self.log().display());
            }
            if now() >= deadline {
                bail!("the daemon does not trade in time (its log is {})", self.log().display());
            }
            thread::park_timeout(STEP);
        }
    }

    /// Kills the daemon.
    pub(super) fn kill(&mut self) -> Result<()> {
        let mut child = self.daemon_child.take().context("a daemon that lives")?;
        child.kill().context("killing the daemon")?;
        child.wait().context("the end of the daemon")?;
        Ok(())
    }

    /// Sends a command; the daemon may not live long enough to answer it.
    pub(super) fn ask(&mut self, driven: Driven) -> Result<Asked> {
        let (request, client) = (self.command(driven)?, self.client());
        Ok(thread::spawn(move || client.send(&request).is_ok()))
    }

    /// The venue stands still, or goes on.
    pub(super) fn stop_venue(&self, stands: bool) -> Result<()> {
        let signal = if stands { Signal::SIGSTOP } else { Signal::SIGCONT };
        signal::kill(Pid::from_raw(i32::try_from(self.venue_child.id())?), signal)
            .context("stopping the venue")
    }

    fn command(&mut self, driven: Driven) -> Result<Request> {
        self.turns += 1;
        let turn = usize::try_from(self.turns % 2)?;
        match driven {
            Driven::Swap => {
                let file = self.folder.join("plugins").join(LIBRARIES[1]);
                let unfinished = file.with_extension("tmp");
                fs::write(&unfinished, &self.builds[turn]).context("writing a build")?;
                fs::rename(&unfinished, &file).context("putting a build in place")?;
                Ok(Request::reload("market-maker"))
            }
            Driven::Config => {
                let value = ConfigEdit((2_000 + turn).into());
                Ok(Request::config_put("/strategy/near/config/max_position", &value)?)
            }
        }
    }

    /// Lets nothing be traded; orders work on.
    pub(super) fn halt(&self) -> Result<()> {
        let body = HaltRequest { exit: Some(stratd_control::ExitRoutine::None), note: None };
        self.client().send(&Request::kill(&body)?).context("halting")?;
        Ok(())
    }

    /// Lets everything be traded.
    pub(super) fn release(&self) -> Result<()> {
        self.client().send(&Request::release_trading()).context("letting trading go on")?;
        Ok(())
    }

    /// Ends the daemon in good order.
    pub(super) fn end(&mut self) -> Result<()> {
        let Some(mut child) = self.daemon_child.take() else { return Ok(()) };
        signal::kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM)?;
        let status = child.wait()?;
        if status.success() { Ok(()) } else { bail!("the daemon ended: {status}") }
    }

    pub(super) fn client(&self) -> Client {
        Client::new(self.folder.join("control.sock")).with_time_limit(ANSWER_LIMIT)
    }

    pub(super) fn venue(&self) -> Result<Venue> {
        Venue::connect(&self.url, ACCOUNT)
    }

    /// A file or folder of the two programs.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("stratd.log")
    }

    pub(super) fn venue_log(&self) -> PathBuf {
        self.folder.join("venue.log")
    }

    /// What the daemon, or the last one, has told.
    pub(super) fn told(&self) -> Result<String> {
        self.told_since(&self.log(), &mut self.log_begin.clone())
    }

    /// What a log has beyond the bytes that were read; those that it has now were.
    pub(super) fn told_since(&self, log: &Path, read: &mut u64) -> Result<String> {
        let mut log = File::open(log).with_context(|| format!("reading {}", log.display()))?;
        log.seek(SeekFrom::Start(*read))?;
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes)?;
        *read += bytes.len() as u64;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        for child in self.daemon_child.iter_mut().chain([&mut self.venue_child]) {
            // it may have ended by itself
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Two strategies that quote the same instruments, one close to the middle and one further out.
fn config(url: &str) -> String {
    format!(
        r#"trading_type = "sandbox"
plugin_dirs = ["plugins"]
[control]
socket = "control.sock"
[state]
dir = "state"
save_interval = "50ms"
[plugins]
watch = false
# who is killed on purpose is no danger
crash_limit = 100000
[logging.formatters.lines]
format = "%(asctime)s %(levelname)s %(name)s: %(message)s"
[logging.handlers.lines]
kind = "stream"
formatter = "lines"
[logging.root]
level = "INFO"
handlers = ["lines"]
# tells when states are saved
[logging.loggers.store]
level = "DEBUG"
[[exchange]]
plugin = "synthetic-ws"
config = {{ url = "{url}", account = "{ACCOUNT}", feeds = ["trades", "quotes"] }}
[[strategy]]
name = "near"
plugin = "market-maker"
config = {{ quantity = 10, spread_ticks = 2, requote_ticks = 1, max_position = 2000, cancel_on_halt = false }}
[[strategy]]
name = "far"
plugin = "market-maker"
config = {{ quantity = 7, spread_ticks = 6, requote_ticks = 1, max_position = 2000, cancel_on_halt = false }}
"#
    )
}
