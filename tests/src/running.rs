//! The daemon in the background: `stratd run`, its outputs, its end.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    thread,
    time::Duration,
};

/// Between two looks.
const STEP: Duration = Duration::from_millis(10);
/// So many looks, a minute at least. A machine under load is slow; what takes longer is stuck.
const LOOKS_MAX: u32 = 6_000;

/// A daemon in the background: killed if the test fails, with its log on the test's own output.
pub struct Running {
    child: Option<Child>,
    out: PathBuf,
    err: PathBuf,
}

/// A daemon that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// Standard output.
    pub out: String,
    /// Standard error: its log.
    pub err: String,
}

impl Running {
    /// Starts a command whose outputs go to files `NAME.out` and `NAME.err` in its current folder: a pipe that nobody
    /// reads while a test waits fills up, and the daemon stands still.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    pub fn start(mut command: Command, name: &str) -> Self {
        let folder = command.get_current_dir().expect("a command of a place has a folder").to_owned();
        let [out, err] = ["out", "err"].map(|end| folder.join(format!("{name}.{end}")));
        let file = |path: &PathBuf| {
            File::create(path).unwrap_or_else(|e| panic!("creating {}: {e}", path.display()))
        };
        command.stdout(file(&out)).stderr(file(&err));
        let child = command.spawn().unwrap_or_else(|e| panic!("starting {command:?}: {e}"));
        Self { child: Some(child), out, err }
    }

    /// The number of its process.
    ///
    /// # Panics
    /// It was ended.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.as_ref().expect("a daemon that was not ended").id()
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        text_of(&self.err)
    }

    /// Whether it has not ended yet.
    ///
    /// # Panics
    /// It was ended by the test.
    pub fn is_alive(&mut self) -> bool {
        let child = self.child.as_mut().expect("a daemon that was not ended");
        child.try_wait().expect("a child can be asked").is_none()
    }

    /// Waits until something is so, while the daemon runs.
    ///
    /// # Panics
    /// It does not come, or the daemon ends.
    pub fn wait_until(&mut self, what: &str, mut is_so: impl FnMut() -> bool) {
        for _ in 0..LOOKS_MAX {
            if is_so() {
                return;
            }
            assert!(self.is_alive(), "the daemon ended while the test waited for {what}");
            thread::park_timeout(STEP);
        }
        panic!("no {what} in time");
    }

    /// Waits until its log says something.
    ///
    /// # Panics
    /// It does not.
    pub fn wait_for_log(&mut self, text: &str) {
        let err = self.err.clone();
        self.wait_until(&format!("`{text}` in the log"), || text_of(&err).contains(text));
    }

    /// Sends a signal, `TERM` for instance.
    ///
    /// # Panics
    /// It cannot be sent.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([format!("-{signal}"), self.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{signal} {}", self.id());
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end.
    #[must_use]
    pub fn wait_for_end(mut self) -> Ended {
        let mut looks = 0;
        while self.is_alive() {
            assert!(looks < LOOKS_MAX, "the daemon does not end in time");
            looks += 1;
            thread::park_timeout(STEP);
        }
        let mut child = self.child.take().expect("a daemon that was not ended");
        let status = child.wait().expect("the end of a child");
        Ended { status, out: text_of(&self.out), err: text_of(&self.err) }
    }

    /// Sends a signal and waits for the end.
    ///
    /// # Panics
    /// It does not end.
    #[must_use]
    pub fn end(self, signal: &str) -> Ended {
        self.signal(signal);
        self.wait_for_end()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
            if thread::panicking() {
                eprintln!("--- the log of the daemon\n{}---", text_of(&self.err));
            }
        }
    }
}

fn text_of(path: &PathBuf) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
