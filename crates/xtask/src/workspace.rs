//! Where the workspace and its build results are, and how programs are started in it.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};

/// The two folders that every task works in.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    special: Option<Special>,
}

/// How cargo builds otherwise than usual.
struct Special {
    /// Named explicitly, so that flags do not reach build scripts and macros; results lie in a folder of that name.
    triple: &'static str,
    environment: Vec<(&'static str, OsString)>,
}

impl Workspace {
    /// Finds the workspace from the place of this package.
    pub(crate) fn find() -> Result<Self> {
        // cargo says at run time where the package is; the compiled-in place is for a binary started by hand
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package
            .ancestors()
            .nth(2)
            .with_context(|| format!("{} is not two folders below a workspace", package.display()))?;
        let target = match env::var_os("CARGO_TARGET_DIR") {
            // cargo takes a relative folder from the caller's current one, and so do we
            Some(folder) if !folder.is_empty() => env::current_dir()?.join(folder),
            _ => root.join("target"),
        };
        Ok(Self { root: root.to_owned(), target, special: None })
    }

    /// The same sources, built for `triple` in an environment of their own into a folder of their own.
    pub(crate) fn special(
        &self,
        folder: &str,
        triple: &'static str,
        environment: Vec<(&'static str, OsString)>,
    ) -> Self {
        let special = Some(Special { triple, environment });
        Self { root: self.root.clone(), target: self.target.join(folder), special }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo's release profile puts its results.
    pub(crate) fn release(&self) -> PathBuf {
        match &self.special {
            Some(special) => self.target.join(special.triple).join("release"),
            None => self.target.join("release"),
        }
    }

    /// Where cargo's usual profile puts its results.
    pub(crate) fn debug(&self) -> PathBuf {
        match &self.special {
            Some(special) => self.target.join(special.triple).join("debug"),
            None => self.target.join("debug"),
        }
    }

    /// Whether plugins are optimized, as those that users get are. Where they are built otherwise than usual, nobody
    /// measures them, and they share what the tests are built of.
    pub(crate) fn optimizes_plugins(&self) -> bool {
        self.special.is_none()
    }

    /// Where a profile of our own puts its results.
    pub(crate) fn profile(&self, name: &str) -> PathBuf {
        self.target.join(name)
    }

    /// Where `plugins` puts the plugins; `release/stratd` finds it as `../plugins`.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.target.join("plugins")
    }

    /// Where a benchmark writes its numbers.
    pub(crate) fn bench_results(&self) -> PathBuf {
        self.target.join("bench")
    }

    /// Where the pages for man and the completions of shells go.
    pub(crate) fn pages(&self) -> PathBuf {
        self.target.join("pages")
    }

    /// Where packages are made.
    pub(crate) fn packages(&self) -> PathBuf {
        self.target.join("deb")
    }

    /// Where machines with a real systemd are made, and what failed in them is kept.
    pub(crate) fn bed(&self) -> PathBuf {
        self.target.join("bed")
    }

    /// Where a soak runs and writes its numbers.
    pub(crate) fn soak_results(&self) -> PathBuf {
        self.target.join("soak")
    }

    /// Where fuzz targets are built, and keep what they found.
    pub(crate) fn fuzz_results(&self) -> PathBuf {
        self.target.join("fuzz")
    }

    /// Where what our book is measured beside is built; it shares no dependency with the workspace.
    pub(crate) fn peers(&self) -> PathBuf {
        self.target.join("peers")
    }

    /// Where checks against other programs work, and what they unpack.
    pub(crate) fn peer_checks(&self) -> PathBuf {
        self.target.join("peer-checks")
    }

    /// The environment of Python that those checks run in.
    pub(crate) fn peer_environment(&self) -> PathBuf {
        self.target.join("peers-venv")
    }

    /// The path as one would type it in the root.
    pub(crate) fn short(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// A program to be started in the root of the workspace.
    pub(crate) fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        command
    }

    /// The cargo that started us, building into the folder in which the tasks look for results.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).env("CARGO_TARGET_DIR", &self.target);
        if let Some(Special { triple, environment }) = &self.special {
            command.env("CARGO_BUILD_TARGET", triple);
            command.envs(environment.iter().map(|(name, value)| (name, value)));
        }
        command
    }
}

/// Prints the command, runs it, and fails unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("{}: {status}", line(command));
    }
    Ok(())
}

/// Prints the command, runs it, and hands back how it ended.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    eprintln!("$ {}", line(command));
    command.status().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            anyhow::anyhow!("starting '{}': not found", command.get_program().display())
        }
        _ => anyhow::Error::new(error).context(format!("starting '{}'", line(command))),
    })
}

/// Prints the command, runs it, and hands back what it wrote to stdout, or `None` if it failed.
pub(crate) fn stdout(command: &mut Command) -> Result<Option<String>> {
    eprintln!("$ {}", line(command));
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("starting '{}'", line(command)))?;
    Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// What programs that were started here, and have ended, took of the processors so far.
pub(crate) fn children_time() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("asking for the processor time of children")?;
    let micros = |time: nix::sys::time::TimeVal| {
        let micros = time.tv_sec().saturating_mul(1_000_000).saturating_add(time.tv_usec());
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    };
    Ok(micros(usage.user_time()) + micros(usage.system_time()))
}

/// The command as a shell would take it, with the program's name instead of its path.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program.file_name().unwrap_or(program.as_os_str()).display().to_string();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.display().to_string());
    }
    line
}
