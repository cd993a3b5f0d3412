//! `stratd run`: the long-running daemon over the synthetic venue, ended by a signal.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output},
    thread,
    time::Duration,
};

use stratd_tests::{plugins, stratd, workspace};
use tempfile::TempDir;

/// A machine under load is slow; what takes longer is stuck.
const PATIENCE: u32 = 1_200;
const STEP: Duration = Duration::from_millis(100);
/// The outputs of the daemon, beside its results.
const OUT: &str = "out.txt";
const ERR: &str = "err.txt";

/// A run in the background that is killed if the test fails.
struct Running {
    child: Option<Child>,
    results: TempDir,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let results = tempfile::tempdir().expect("a temporary folder");
        // files, not pipes: a pipe that nobody reads while the test waits fills up, and the daemon stands still
        let file = |name| fs::File::create(results.path().join(name)).expect("a file for an output");
        let child = Command::new(stratd())
            .arg("run")
            .args(arguments)
            .arg("--results")
            .arg(results.path())
            .env("STRATD_PLUGINS", plugins())
            .current_dir(workspace())
            .stdout(file(OUT))
            .stderr(file(ERR))
            .spawn()
            .expect("the daemon starts");
        Self { child: Some(child), results }
    }

    fn folder(&self) -> PathBuf {
        self.results.path().join("latest")
    }

    /// Waits until a file of the results has so many rows.
    fn wait_for_rows(&mut self, file: &str, rows: usize) {
        self.wait_until(&format!("{rows} rows of {file}"), |folder| {
            rows_of(&folder.join(file)).len() >= rows
        });
    }

    fn wait_until(&mut self, what: &str, is_true: impl Fn(&Path) -> bool) {
        for _ in 0..PATIENCE {
            if is_true(&self.folder()) {
                return;
            }
            let child = self.child.as_mut().expect("a run that was not ended");
            let ended = child.try_wait().expect("a child that can be asked");
            assert!(
                ended.is_none(),
                "the daemon ended while the test waited for {what}: {:?}",
                self.end_output()
            );
            thread::park_timeout(STEP);
        }
        panic!("no {what} in time");
    }

    fn end_output(&mut self) -> Output {
        let mut child = self.child.take().expect("a run that was not ended");
        let status = child.wait().expect("the end of the daemon");
        let [stdout, stderr] =
            [OUT, ERR].map(|name| fs::read(self.results.path().join(name)).expect("an output of the daemon"));
        Output { status, stdout, stderr }
    }

    /// Sends a signal and waits for the end.
    fn signal(mut self, signal: &str) -> (Output, TempDir) {
        let id = self.child.as_ref().expect("a run that was not ended").id();
        let sent = Command::new("kill").args([format!("-{signal}"), id.to_string()]).status();
        assert!(sent.expect("kill is there").success());
        let output = self.end_output();
        let results = std::mem::replace(&mut self.results, tempfile::tempdir().expect("a temporary folder"));
        (output, results)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn rows_of(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap_or_default().lines().skip(1).map(str::to_owned).collect()
}

fn summary_of(folder: &Path) -> serde_json::Value {
    let text = fs::read_to_string(folder.join("summary.json")).expect("a summary");
    serde_json::from_str(&text).expect("a summary that is JSON")
}

/// The market maker at the synthetic venue, faster than the example.
fn sandbox() -> Running {
    Running::start(&[
        "--trading-type",
        "sandbox",
        "--exchange",
        "synthetic,instruments=2,rate=2000",
        "--strategy",
        "market-maker",
    ])
}

#[test]
fn a_sandbox_trades_at_the_venue_until_sigterm_and_ends_cleanly() {
    let mut run = sandbox();
    run.wait_for_rows("fills.csv", 5);
    let (output, results) = run.signal("TERM");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = results.path().join("latest");
    let summary = summary_of(&folder);
    assert_eq!(summary["trading_type"], "sandbox");
    assert_eq!(summary["fills"], rows_of(&folder.join("fills.csv")).len());
    // every order reached a final state: requested, and written when it was finished
    let orders = rows_of(&folder.join("orders.csv"));
    assert_eq!(summary["orders"], orders.len());
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("market-maker"), "{stdout}");
}

#[test]
fn sigint_ends_a_run_too() {
    let mut run = sandbox();
    run.wait_for_rows("equity.csv", 1);
    let (output, _results) = run.signal("INT");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_simulation_fills_orders_itself() {
    let mut run = Running::start(&[
        "--trading-type",
        "simulation",
        "--exchange",
        "synthetic,instruments=1,rate=2000",
        "--strategy",
        "buy-and-hold,quantity=10",
    ]);
    run.wait_for_rows("fills.csv", 1);
    let (output, results) = run.signal("TERM");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = summary_of(&results.path().join("latest"));
    assert_eq!(summary["trading_type"], "simulation");
    assert_eq!(summary["fills"], 1);
}
