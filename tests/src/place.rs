//! A folder in which a test runs the daemon's program.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

use crate::build::{plugins, stratd, target};

/// The text files of a folder, by name.
pub type Files = BTreeMap<String, String>;

/// The current folder of the program, with nothing in it but what the test wrote and the program left.
pub struct Place {
    folder: TempDir,
    /// For the private copies of plugins, so that they are gone with the test whatever happens to the program.
    stage: TempDir,
}

/// What a run of the program left on its outputs.
#[derive(Debug)]
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error, with the folder of the plugins as `PLUGINS`.
    pub err: String,
}

impl Place {
    /// A new folder with these files, by their paths in it.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn new(files: &[(&str, &str)]) -> Self {
        let make = || tempfile::tempdir().unwrap_or_else(|e| panic!("creating a folder: {e}"));
        let place = Self { folder: make(), stage: make() };
        for (name, text) in files {
            place.write(name, text);
        }
        place
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        let folder = path.parent().expect("a file has a folder");
        fs::create_dir_all(folder).unwrap_or_else(|e| panic!("creating {}: {e}", folder.display()));
        fs::write(&path, text).unwrap_or_else(|e| panic!("writing {}: {e}", path.display()));
    }

    /// Runs `stratd` here, with the plugins of the tests.
    ///
    /// # Panics
    /// As [`Place::run`].
    #[must_use]
    pub fn stratd(&self, arguments: &[&str]) -> Ran {
        self.run(self.command(arguments))
    }

    /// `stratd` with these arguments, to be run here with the plugins of the tests.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).env("STRATD_PLUGINS", plugins());
        command.current_dir(self.path()).env("STRATD_STAGE_DIR", self.stage.path());
        command
    }

    /// Runs a command here.
    ///
    /// # Panics
    /// It cannot be started, or was killed by a signal.
    #[must_use]
    pub fn run(&self, mut command: Command) -> Ran {
        command.current_dir(self.path()).env("STRATD_STAGE_DIR", self.stage.path());
        let output = command.output().unwrap_or_else(|e| panic!("starting {command:?}: {e}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let err = text(&output.stderr).replace(&plugins().display().to_string(), "PLUGINS");
        let code = output.status.code().unwrap_or_else(|| panic!("{command:?}: {}\n{err}", output.status));
        Ran { code, out: text(&output.stdout), err }
    }

    /// Runs `stratd backtest` here, which must succeed, and returns its results.
    ///
    /// # Panics
    /// It fails.
    #[must_use]
    pub fn backtest(&self, arguments: &[&str]) -> Files {
        let ran = self.stratd(&[&["backtest"], arguments].concat());
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:#?}");
        self.results()
    }

    /// The results of the last run that left some.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn results(&self) -> Files {
        files(&self.path().join("runs/latest"))
    }

    /// The folders of runs, sorted; without the link `latest`.
    #[must_use]
    pub fn runs(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path().join("runs")).into_iter().flatten().flatten();
        let mut folders: Vec<_> =
            entries.map(|entry| entry.path()).filter(|path| !path.is_symlink()).collect();
        folders.sort();
        folders
    }
}

impl Ran {
    /// What the program says of its own failure, log lines left out.
    #[must_use]
    pub fn error(&self) -> String {
        let lines: Vec<&str> = self.err.lines().filter(|line| line.starts_with("stratd: ")).collect();
        lines.join("\n")
    }
}

/// The daemon's program at a place beside which it finds no plugins: two folders with different plugins of one name are
/// refused, and a test must not depend on what was built last beside the program.
///
/// # Panics
/// It cannot be put there.
#[must_use]
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = target().join("e2e/bin");
        let program = folder.join("stratd");
        // put in place in one step: another test program may run it
        let unfinished = folder.join(format!("stratd.{}", std::process::id()));
        let put = || {
            fs::create_dir_all(&folder)?;
            // left by a process of this number that was killed; copying onto it would write into the program itself
            let _ = fs::remove_file(&unfinished);
            // a copy only if it must be: a file that is being written cannot be run
            fs::hard_link(stratd(), &unfinished).or_else(|_| fs::copy(stratd(), &unfinished).map(|_| ()))?;
            fs::rename(&unfinished, &program)?;
            // of two links to one file, renaming leaves both
            let _ = fs::remove_file(&unfinished);
            std::io::Result::Ok(())
        };
        put().unwrap_or_else(|e| panic!("putting {} in {}: {e}", stratd().display(), folder.display()));
        program
    })
}

fn files(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("listing {}: {e}", folder.display()));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("reading {}: {e}", path.display()));
        (path.file_name().unwrap_or_default().display().to_string(), text)
    };
    entries.flatten().map(|entry| read(entry.path())).collect()
}
