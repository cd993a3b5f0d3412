//! What was logged is written before the process is lost: on a panic, and on a signal that kills.

use std::{
    backtrace::Backtrace,
    panic::{self, PanicHookInfo},
    thread,
    time::Duration,
};

use stratd_logging::{Event, LastWords, Level, Location};

pub(crate) use stratd_logging::rescue_stderr;

use super::{flush_within, front};

/// The logger of panics of the daemon's own code.
const PANIC_LOGGER: &str = "host.panic";
/// The back end's thread: it cannot wait for itself.
const BACK_END: &str = "logging";
/// How long a panic waits for the log.
const PANIC_TIME_MAX: Duration = Duration::from_millis(500);
/// How long a signal that kills waits for the log.
const SIGNAL_TIME_MAX: Duration = Duration::from_millis(500);

static LAST_WORDS: std::sync::OnceLock<LastWords> = std::sync::OnceLock::new();

/// Makes panics of this process records, in place of lines on standard error.
///
/// Plugins have a standard library of their own, whose panics are told by their side of the boundary, as faults.
pub(super) fn on_panic() {
    panic::set_hook(Box::new(say));
}

fn say(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "a value that is no text".to_owned());
    let thread = thread::current();
    let name = thread.name().unwrap_or("without a name");
    let backtrace = Backtrace::capture();
    let stack = matches!(backtrace.status(), std::backtrace::BacktraceStatus::Captured)
        .then(|| backtrace.to_string());
    let (file, line) = info.location().map_or(("", 0), |place| (place.file(), place.line()));
    if let Some(front) = front() {
        front.emit(
            PANIC_LOGGER,
            &Event {
                level: Level::CRITICAL,
                message: format_args!("thread {name} panicked at {file}:{line}: {text}"),
                location: Location { file, line, function: "", module: None },
                fields: &[],
                exc_text: None,
                stack_info: stack.as_deref(),
            },
        );
    }
    if name != BACK_END {
        flush_within(PANIC_TIME_MAX);
    }
}

/// The pipeline has begun: signals find it from now on. `culprit` names the logger of whoever has that number.
pub(super) fn prepare(logging: &stratd_logging::Logging) {
    let _ = LAST_WORDS.set(logging.last_words(crate::host::crash::culprit));
}

/// Has written what was logged, with the flight recorder of whoever has that number first, and waits for it a moment.
/// For signal handlers: it neither locks nor allocates.
pub(crate) fn last_words(culprit: Option<usize>) {
    if let Some(last_words) = LAST_WORDS.get() {
        // in time or not, the process dies
        let _ = last_words.say(culprit, SIGNAL_TIME_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::{env, process::Command};

    use serde_json::json;

    use super::super::{LogOptions, LogSource, begin, start};
    use crate::config::Flags;

    /// Names the file of the log, in the child.
    const CHILD: &str = "STRATD_TEST_PANIC_LOG";

    /// In a child process, because a hook is for all of a process.
    #[test]
    fn a_panic_is_a_record_and_what_was_logged_before_is_written_though_the_process_aborts() {
        if let Some(file) = env::var_os(CHILD) {
            start(false);
            let logging = json!({ "file": file.to_string_lossy(), "level": "INFO" });
            let source = LogSource { file: None, flags: Flags::default() };
            let options = LogOptions { is_verbose: false, is_by_the_clock: true, source, left: Vec::new() };
            let _log = begin(logging.as_object(), options).unwrap();
            tracing::info!(logger = "a", "before");
            log::warn!(target: "lib::net", "of a library");
            let thread = std::thread::Builder::new().name("worker".to_owned());
            let panicked = thread.spawn(|| panic!("told to {}", 1)).unwrap().join();
            assert!(panicked.is_err());
            std::process::abort();
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("all.log");
        let name = "logging::last_words::tests::a_panic_is_a_record_and_what_was_logged_before_is_written_though_the_process_aborts";
        let mut child = Command::new(env::current_exe().unwrap());
        let output = child.args([name, "--exact", "--test-threads=1"]).env(CHILD, &file).output().unwrap();
        assert_eq!(output.status.code(), None, "it aborted");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["INFO:a:before", "WARNING:lib.net:of a library"], "{text}");
        assert!(lines[2].starts_with("CRITICAL:host.panic:thread worker panicked at "), "{text}");
        assert!(lines[2].ends_with(": told to 1"), "{text}");
    }
}
