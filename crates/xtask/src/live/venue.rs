//! The daemon at the synthetic venue behind a WebSocket, each a process of its own, with libraries of the release profile:
//! what the benchmarks of orders and of restarts measure.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::scrape::Scrape;
use super::{now, programs};
use crate::workspace::Workspace;

/// Whose orders they are.
const ACCOUNT: &str = "desk";
const LIBRARIES: [&str; 3] =
    ["libexchange_synthetic_ws.so", "libstrategy_market_maker.so", "faulty/libstrategy_every.so"];
/// How long the daemon may take to start.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long something may take that is waited for.
const WAIT_LIMIT: Duration = Duration::from_secs(300);
/// Between two looks.
const STEP: Duration = Duration::from_millis(20);

/// What is run, unless the environment names others (`STRATD_BIN`, `STRATD_SYNTHETIC_BIN`, `STRATD_PLUGINS`).
pub(crate) struct VenuePrograms {
    daemon: PathBuf,
    venue: PathBuf,
    plugins: PathBuf,
}

impl VenuePrograms {
    pub(crate) fn build(workspace: &Workspace) -> Result<Self> {
        Ok(Self {
            daemon: programs::daemon(workspace)?,
            venue: programs::venue(workspace)?,
            plugins: programs::libraries(workspace, true)?,
        })
    }
}

/// The venue and a folder for the daemon; both are gone when this is dropped.
pub(crate) struct Venue {
    folder: PathBuf,
    program: PathBuf,
    child: Child,
}

/// A daemon that trades there; killed when dropped.
pub(crate) struct Trader {
    child: Child,
    folder: PathBuf,
    /// From the call that started it to systemd's READY=1.
    pub(crate) ready: Duration,
}

impl Venue {
    /// Starts a venue whose participants act so many times a second. `strategies` are tables of the configuration.
    pub(crate) fn start(folder: &Path, built: &VenuePrograms, rate: u32, strategies: &str) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
        }
        for part in ["plugins", "state", "stage"] {
            fs::create_dir_all(folder.join(part)).with_context(|| format!("creating {part}"))?;
        }
        for library in LIBRARIES {
            let from = built.plugins.join(library);
            let name = from.file_name().with_context(|| format!("{} is no file", from.display()))?;
            fs::copy(&from, folder.join("plugins").join(name))
                .with_context(|| format!("copying {}", from.display()))?;
        }
        let rate = rate.to_string();
        let (child, url) =
            programs::start_venue(&built.venue, folder, &["--instruments", "1", "--rate", &rate])?;
        // from here on it ends with this value
        let venue = Self { folder: folder.to_owned(), program: built.daemon.clone(), child };
        fs::write(folder.join("stratd.toml"), config(&url, strategies))
            .context("writing the configuration")?;
        Ok(venue)
    }

    /// Starts the daemon, and waits until it says that it trades.
    pub(crate) fn trade(&self) -> Result<Trader> {
        let folder = &self.folder;
        let log = File::options().create(true).append(true).open(folder.join("stratd.log"))?;
        let socket = folder.join("notify.sock");
        // of the daemon before
        if socket.exists() {
            fs::remove_file(&socket).context("removing notify.sock")?;
        }
        // dropped with this function: the daemon would wait for a reader that does not read
        let told = UnixDatagram::bind(&socket).context("the socket for READY=1")?;
        told.set_read_timeout(Some(START_LIMIT))?;
        let began = now();
        let child = Command::new(&self.program)
            .args(["run", "stratd.toml"])
            .current_dir(folder)
            .env("STRATD_STAGE_DIR", folder.join("stage"))
            .env("NOTIFY_SOCKET", &socket)
            .env_remove("STRATD_PLUGINS")
            .stdout(log.try_clone().context("sharing the log")?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", self.program.display()))?;
        let mut trader = Trader { child, folder: folder.clone(), ready: Duration::ZERO };
        let mut datagram = vec![0; 4 << 10];
        loop {
            match told.recv(&mut datagram) {
                Ok(length) => {
                    if datagram[..length].split(|byte| *byte == b'\n').any(|line| line == b"READY=1") {
                        trader.ready = began.elapsed();
                        return Ok(trader);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("waiting for READY=1{}", trader.where_log()));
                }
            }
            trader.lives()?;
        }
    }

    /// The database of the daemon.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("state/state.db")
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Trader {
    /// Its figures of now.
    pub(crate) fn scrape(&self) -> Result<Scrape> {
        let mut socket =
            UnixStream::connect(self.folder.join("control.sock")).context("its control socket")?;
        socket.set_read_timeout(Some(START_LIMIT))?;
        socket.write_all(b"GET /v1/metrics HTTP/1.1\r\nhost: stratd\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).context("reading /v1/metrics")?;
        let Some((_, body)) = answer.split_once("\r\n\r\n").filter(|_| answer.starts_with("HTTP/1.1 200"))
        else {
            bail!("GET /v1/metrics: {}", answer.lines().next().unwrap_or_default());
        };
        Ok(Scrape::new(body))
    }

    /// Waits until `look` has something.
    pub(crate) fn wait<T>(&mut self, look: impl Fn(&Self) -> Result<Option<T>>) -> Result<T> {
        let deadline = now() + WAIT_LIMIT;
        loop {
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            self.lives()?;
            if now() >= deadline {
                bail!("not within {} s{}", WAIT_LIMIT.as_secs(), self.where_log());
            }
            thread::park_timeout(STEP);
        }
    }

    /// Nanoseconds of a processor that the thread of the event loop has taken: it is the first of the process.
    pub(crate) fn loop_ns(&self) -> Result<f64> {
        let id = self.child.id();
        let file = format!("/proc/{id}/task/{id}/schedstat");
        let text = fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
        let first = text.split(' ').next().and_then(|word| word.parse().ok());
        first.with_context(|| format!("{file} is {text:?}"))
    }

    fn lives(&mut self) -> Result<()> {
        match self.child.try_wait().context("waiting for the daemon")? {
            Some(status) => bail!("the daemon ended with {status}{}", self.where_log()),
            None => Ok(()),
        }
    }

    fn where_log(&self) -> String {
        format!(" (its log is {})", self.folder.join("stratd.log").display())
    }
}

impl Drop for Trader {
    fn drop(&mut self) {
        // with -9: what is measured next is the start after that
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config(url: &str, strategies: &str) -> String {
    format!(
        "trading_type = \"sandbox\"\nplugin_dirs = [\"plugins\"]\n[control]\nsocket = \"control.sock\"\n\
         [state]\ndir = \"state\"\n[plugins]\nwatch = false\n# who is killed on purpose is no danger\ncrash_limit = 1000\n\
         [[exchange]]\nplugin = \"synthetic-ws\"\n\
         config = {{ url = \"{url}\", account = \"{ACCOUNT}\", feeds = [\"trades\"] }}\n{strategies}"
    )
}
