//! Runs tests, and those that failed once more, alone: on a machine under load a test may fail for want of a turn.
//!
//! A test that passes then is told as unsteady in the summary of the gate, to be mended; it does not stop what has
//! nothing to do with it. One that fails twice fails the stage, as do a build that fails, a program that dies, and more
//! than [`AGAIN_MAX`] failures, which are no accident.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::workspace::{line, status};

/// So many failed tests are run again; more are a failure at once.
const AGAIN_MAX: usize = 5;

/// What is to be run again.
#[derive(Debug, Default, PartialEq, Eq)]
struct Failures {
    /// The test programs that failed, as cargo names them, but without their package: `--lib`. With the features of one
    /// package alone, a program would be another one, or none at all.
    targets: BTreeSet<String>,
    tests: BTreeSet<String>,
    /// Test programs that ended otherwise than by a failed test.
    has_died: bool,
}

/// Runs `cargo test` as `tests` says, and what failed once more by `again`, which adds the target and `--` with names.
/// The text tells which tests passed in the second run only.
///
/// # Errors
/// A test failed twice, or something else went wrong.
pub(crate) fn run(tests: &mut Command, again: impl Fn() -> Command) -> Result<String> {
    run_to(tests, again, (io::stdout(), io::stderr()))
}

fn run_to(
    tests: &mut Command,
    again: impl Fn() -> Command,
    (to_stdout, to_stderr): (impl Write, impl Write + Send + 'static),
) -> Result<String> {
    eprintln!("$ {}", line(tests));
    let mut child = tests
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting '{}'", line(tests)))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let errors = thread::spawn(move || stderr.map(|from| copied(from, to_stderr)).transpose());
    let said = stdout.map(|from| copied(from, to_stdout)).transpose()?.unwrap_or_default();
    let told = errors.join().map_err(|_| anyhow::anyhow!("copying what cargo says: it panicked"))??;
    let ended = child.wait()?;
    if ended.success() {
        return Ok(String::new());
    }
    let failures = Failures::read(&said, &told.unwrap_or_default());
    let Failures { targets, tests: names, has_died } = &failures;
    if *has_died || names.is_empty() || targets.is_empty() || names.len() > AGAIN_MAX {
        bail!("{}: {ended}", line(tests));
    }
    for target in targets {
        let mut command = again();
        command.args(target.split_whitespace()).args(["--", "--exact"]).args(names);
        if !status(&mut command)?.success() {
            bail!("{target}: failed twice");
        }
    }
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    Ok(format!("UNSTEADY, passed when run again alone: {}", names.join(", ")))
}

/// Hands on what comes, line by line, and keeps it.
fn copied(from: impl Read, mut to: impl Write) -> io::Result<String> {
    let mut whole = Vec::new();
    let mut from = BufReader::new(from);
    loop {
        let start = whole.len();
        if from.read_until(b'\n', &mut whole)? == 0 {
            return Ok(String::from_utf8_lossy(&whole).into_owned());
        }
        to.write_all(whole.get(start..).unwrap_or_default())?;
    }
}

impl Failures {
    /// Reads what the test programs and cargo said of failures.
    fn read(stdout: &str, stderr: &str) -> Self {
        let mut failures = Self::default();
        for line in stdout.lines() {
            let failed = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED"));
            failures.tests.extend(failed.map(|name| name.trim_end_matches(" - should panic").to_owned()));
        }
        for line in stderr.lines() {
            let target = line.strip_prefix("    `").and_then(|line| line.strip_suffix('`'));
            let of_package = target.and_then(|target| target.strip_prefix("-p ")?.split_once(' '));
            failures.targets.extend(of_package.map(|(_, target)| target.to_owned()));
            failures.has_died |=
                line.contains("process didn't exit successfully") && line.contains("signal:");
        }
        failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STDOUT: &str =
        "running 2 tests\ntest a::good ... ok\ntest a::bad ... FAILED\n\nfailures:\n    a::bad\n";
    const STDERR: &str = "error: test failed, to rerun pass `-p stratd --lib`\nerror: 1 target failed:\n    `-p stratd --lib`\n";

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    /// Silent, so that nobody takes what is made up here for a failure.
    fn tried(tests: &mut Command, again: impl Fn() -> Command) -> Result<String> {
        run_to(tests, again, (io::sink(), io::sink()))
    }

    fn first() -> Command {
        shell(&format!("printf %s '{STDOUT}'; printf %s '{STDERR}' >&2; exit 101"))
    }

    #[test]
    fn what_failed_is_read_with_its_program() {
        let failures = Failures::read(STDOUT, STDERR);
        assert_eq!(failures.tests, BTreeSet::from(["a::bad".to_owned()]));
        assert_eq!(failures.targets, BTreeSet::from(["--lib".to_owned()]));
        assert!(!failures.has_died);
    }

    #[test]
    fn a_test_that_passes_then_is_told_and_one_that_fails_twice_is_a_failure() {
        // the arguments arrive behind the script, as $0 and on
        let passes = || shell(r#"[ "$0 $*" = "--lib -- --exact a::bad" ]"#);
        let text = tried(&mut first(), passes).expect("it passed alone");
        assert_eq!(text, "UNSTEADY, passed when run again alone: a::bad");
        let error = tried(&mut first(), || shell("exit 101")).expect_err("twice");
        assert_eq!(error.to_string(), "--lib: failed twice");
    }

    #[test]
    fn a_build_that_fails_is_not_tried_again() {
        let again = || -> Command { panic!("nothing is to be run again") };
        assert!(tried(&mut shell("echo 'error: could not compile' >&2; exit 101"), again).is_err());
        let signal = r#"echo "process didn't exit successfully: x (signal: 6, SIGABRT)" >&2; exit 101"#;
        assert!(tried(&mut shell(&format!("printf %s '{STDOUT}'; {signal}")), again).is_err());
    }

    #[test]
    fn tests_that_pass_are_run_once() {
        assert_eq!(tried(&mut shell("exit 0"), || -> Command { panic!("again") }).expect("passed"), "");
    }
}
