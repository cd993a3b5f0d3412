//! The handler that runs programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use stratd_logging::{Config, HandlerStatus, Level, Logging, LoggingOptions};

use crate::servers::wait_for;

const DEADLINE: Duration = Duration::from_secs(30);

/// A program of a test: a script in a folder of its own, whose `$OUT` is a file beside it.
struct Program {
    folder: tempfile::TempDir,
}

impl Program {
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let program = Self { folder };
        std::fs::write(program.path("script"), script).expect("it can be written");
        program
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn out(&self) -> String {
        std::fs::read_to_string(self.path("out")).unwrap_or_default()
    }

    /// A system that runs it for each record; a script that was just written cannot be run itself while another thread
    /// forks, so that the shell reads it.
    fn logging(&self, arguments: &str, more: &str) -> Logging {
        let options = LoggingOptions { last_resort: false, ..LoggingOptions::default() };
        let logging = Logging::with_options(&options);
        let text = format!(
            "[formatters.f]\nformat = \"%(levelname)s %(message)s\"\n\
             [handlers.run]\nkind = \"command\"\nformatter = \"f\"\nargv = [\"/bin/sh\", {:?}{arguments}]\n\
             env = {{ OUT = {:?} }}\n{more}\n[root]\nlevel = \"DEBUG\"\nhandlers = [\"run\"]",
            self.path("script"),
            self.path("out")
        );
        logging.apply(Config::parse(&text).expect("the configuration is good")).expect("it can be applied");
        logging
    }
}

fn status(logging: &Logging) -> HandlerStatus {
    logging.handlers().into_iter().find(|status| status.name == "run").expect("it is there")
}

#[test]
fn each_record_is_an_argument_and_nothing_in_it_is_a_command() {
    let program = Program::new("printf '<%s>' \"$@\" >> $OUT; echo >> $OUT");
    let logging = program.logging(", \"--\", \"%(levelname)s: %(message)s\", \"100%%\"", "");
    logging.logger("a").unwrap().log(Level::INFO, "hello; touch /tmp/x $(id) `id` 'a' \"b\"");
    logging.logger("a").unwrap().log(Level::ERROR, "two\nlines");
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    assert_eq!(
        program.out(),
        "<--><INFO: hello; touch /tmp/x $(id) `id` 'a' \"b\"><100%>\n<--><ERROR: two\nlines><100%>\n"
    );
}

#[test]
fn without_a_field_the_formatted_record_goes_to_standard_input() {
    let program = Program::new("cat >> $OUT");
    let logging = program.logging("", "");
    let long = "x".repeat(1 << 20);
    logging.logger("a").unwrap().log(Level::INFO, "short");
    logging.logger("a").unwrap().log(Level::INFO, &long);
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    assert!(program.out() == format!("INFO short\nINFO {long}\n"));
}

#[test]
fn a_program_that_does_not_read_its_input_is_no_error() {
    let program = Program::new("exit 0");
    let logging = program.logging("", "");
    logging.logger("a").unwrap().log(Level::INFO, &"x".repeat(1 << 20));
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    assert_eq!(status(&logging).errors, 0);
}

#[test]
fn programs_run_one_at_a_time_and_in_order() {
    let program = Program::new("echo begin $1 >> $OUT; echo end $1 >> $OUT");
    let logging = program.logging(", \"%(message)s\"", "");
    let expected: String = (0..20).map(|number| format!("begin {number}\nend {number}\n")).collect();
    (0..20).for_each(|number| logging.logger("a").unwrap().log(Level::INFO, &number.to_string()));
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    assert_eq!(program.out(), expected);
}

#[test]
fn a_code_other_than_zero_is_counted_with_what_the_program_said_and_the_next_record_goes_on() {
    let program = Program::new("echo $1 >> $OUT; [ $1 = bad ] && echo 'no such voice' >&2 && exit 3; exit 0");
    let logging = program.logging(", \"%(message)s\"", "");
    logging.logger("a").unwrap().log(Level::INFO, "bad");
    logging.logger("a").unwrap().log(Level::INFO, "good");
    logging.shutdown(DEADLINE);
    let status = status(&logging);
    assert_eq!((status.errors, status.dropped), (1, 1));
    let error = status.last_error.unwrap_or_default();
    assert!(error.contains("/bin/sh ended with exit status: 3: no such voice"), "{error}");
    assert_eq!(program.out(), "bad\ngood\n");
}

#[test]
fn a_program_that_runs_too_long_is_killed_with_its_children() {
    let program = Program::new("sleep 1000 & echo $! >> $OUT; wait");
    let logging = program.logging(", \"%(message)s\"", "timeout = \"200ms\"");
    logging.logger("a").unwrap().log(Level::INFO, "hello");
    logging.flush();
    let status = wait_for(|| Some(status(&logging)).filter(|status| status.errors > 0));
    let error = status.last_error.unwrap_or_default();
    assert!(error.contains("was killed: it ran for more than 200ms"), "{error}");
    let child = program.out().trim().to_owned();
    wait_for(|| Some(()).filter(|()| is_gone(&child)));
}

#[test]
fn at_the_end_a_program_that_runs_on_is_killed() {
    let program = Program::new("echo $$ > $OUT; sleep 1000 & wait");
    let logging = program.logging(", \"%(message)s\"", "");
    logging.logger("a").unwrap().log(Level::INFO, "hello");
    logging.flush();
    let child = wait_for(|| Some(program.out()).filter(|out| out.ends_with('\n')));
    let end = logging.shutdown(Duration::from_millis(50));
    assert_eq!(end.failed, 1);
    wait_for(|| Some(()).filter(|()| is_gone(child.trim())));
}

/// A process that has ended, or that nobody has fetched yet.
fn is_gone(process: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}

#[test]
fn nothing_of_the_environment_is_inherited() {
    let program =
        Program::new("env | sort | grep -v -e ^_= -e ^PWD= -e ^SHLVL= -e ^OLDPWD= >> $OUT; pwd >> $OUT");
    let logging = program.logging(", \"%(message)s\"", "");
    logging.logger("a").unwrap().log(Level::INFO, "hello");
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let out = program.path("out");
    let expected = format!("LANG=C.UTF-8\nOUT={}\nPATH=/usr/local/bin:/usr/bin:/bin\n/\n", out.display());
    assert_eq!(program.out(), expected);
}

#[test]
fn a_full_queue_drops_by_its_policy() {
    let program = Program::new("[ $1 = 0 ] && while [ ! -e $OUT.go ]; do sleep 0.01; done; echo $1 >> $OUT");
    let logging =
        program.logging(", \"%(message)s\"", "queue = { capacity = 2, overflow = \"drop_newest\" }");
    logging.logger("a").unwrap().log(Level::INFO, "0");
    logging.flush();
    (1..5).for_each(|number| logging.logger("a").unwrap().log(Level::INFO, &number.to_string()));
    logging.flush();
    assert_eq!(status(&logging).dropped, 3);
    std::fs::write(program.path("out.go"), "").unwrap();
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    assert_eq!(program.out(), "0\n1\n");
}

#[test]
fn a_program_that_vanishes_is_tried_again() {
    let program = Program::new("");
    std::os::unix::fs::symlink("/bin/true", program.path("program")).unwrap();
    let text = format!(
        "[handlers.run]\nkind = \"command\"\nargv = [{:?}, \"%(message)s\"]\n[root]\nlevel = 10\nhandlers = [\"run\"]",
        program.path("program")
    );
    let logging = Logging::new();
    logging.apply(Config::parse(&text).unwrap()).unwrap();
    std::fs::remove_file(program.path("program")).unwrap();
    logging.logger("a").unwrap().log(Level::INFO, "hello");
    logging.flush();
    let first = wait_for(|| Some(status(&logging)).filter(|status| status.errors == 1));
    assert_eq!((first.queued, first.dropped), (1, 0));
    std::os::unix::fs::symlink("/bin/true", program.path("program")).unwrap();
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
}

#[test]
fn what_is_wrong_with_a_program_is_said_when_it_is_configured() {
    let error = |argv: &str| {
        let text = format!("[handlers.h]\nkind = \"command\"\nargv = {argv}");
        let config = Config::parse(&text).map_err(|error| error.to_string())?;
        Logging::new().apply(config).map_err(|error| error.to_string())
    };
    let cases = [
        ("[]", "line 3: handlers.h.argv: command: argv is empty"),
        ("[\"/bin/echo\", \"%(nobody)s\"]", "line 3: handlers.h.argv: unknown field \"nobody\""),
        ("[\"/bin/echo\", \"%(name)d\"]", "expected a whole number"),
        ("[\"/nonexistent/espeak\"]", "there is no program \"/nonexistent/espeak\""),
        ("[\"stratd-no-such-program\"]", "in /usr/local/bin:/usr/bin:/bin"),
        ("[\"/etc\"]", "there is no program \"/etc\""),
        ("\"/bin/echo\"", "line 3: handlers.h.argv: found \"/bin/echo\" (accepted: a list of texts)"),
    ];
    for (argv, expected) in cases {
        let error = error(argv).unwrap_err();
        assert!(error.contains(expected), "{argv}: {error}");
    }
    assert_eq!(error("[\"echo\", \"%(message)s\"]"), Ok(()));
}

/// Not a test by itself: the child of the next one, a process that does not want to hear of the end of its children.
#[test]
fn child_that_ignores_its_children() {
    if std::env::var_os("STRATD_LOGGING_IGNORES").is_none() {
        return;
    }
    let process = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = process.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    let bit = 1_u64 << (nix::sys::signal::Signal::SIGCHLD as u32 - 1);
    assert_ne!(u64::from_str_radix(ignored, 16).unwrap() & bit, 0, "the signal is ignored from the start on");
    let program = Program::new("echo $1 >> $OUT; exit 3");
    let logging = program.logging(", \"%(message)s\"", "timeout = \"20s\"");
    (0..5).for_each(|number| logging.logger("a").unwrap().log(Level::INFO, &number.to_string()));
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    // their codes are not to be had, so that they count as good
    assert_eq!((program.out().as_str(), status(&logging).errors), ("0\n1\n2\n3\n4\n", 0));
}

#[test]
fn programs_run_in_a_process_that_ignores_the_end_of_its_children() {
    // not the shell's `trap`, which some shells forget when they become another program
    let output = std::process::Command::new("env")
        .arg("--ignore-signal=CHLD")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "command::child_that_ignores_its_children", "--nocapture"])
        .env("STRATD_LOGGING_IGNORES", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
