//! The program, against the control server of stratd over a real socket; the daemon behind that is a fake.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod changes;
mod failures;
mod fake;
mod fake_trading;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use expect_test::Expect;
use stratd::control::{Control, ControlOptions, SOCKET_MODE, SocketOptions};
use tempfile::TempDir;

use self::fake::Fake;

/// A daemon in a folder of its own, and the program that asks it.
struct Place {
    fake: Arc<Fake>,
    path: PathBuf,
    _control: Control,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let fake = Arc::new(Fake::default());
        let socket = SocketOptions { path: path.clone(), group: None, mode: SOCKET_MODE, inherited: None };
        let options = ControlOptions { socket, read_only: None, tcp: None };
        let control = Control::start(options, fake.clone()).unwrap();
        Self { fake, path, _control: control, folder }
    }

    /// What the program prints, and how it ends, with the folder called DIR.
    fn check(&self, arguments: &[&str], expected: Expect) {
        let said = run(self.stratctl().args(arguments));
        expected.assert_eq(&said.replace(&self.folder.path().display().to_string(), "DIR"));
    }

    fn stratctl(&self) -> Command {
        let mut command = stratctl();
        command.arg("--socket").arg(&self.path).current_dir(self.folder.path());
        command
    }
}

fn stratctl() -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_stratctl")));
    command.env_remove("STRATD_SOCKET");
    command
}

/// What a command prints, and how it ends.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let mut said = String::from_utf8(output.stdout).unwrap();
    for line in String::from_utf8(output.stderr).unwrap().lines() {
        said.push_str(&format!("stderr: {line}\n"));
    }
    said.push_str(&format!("exit code {}\n", output.status.code().unwrap()));
    said
}
