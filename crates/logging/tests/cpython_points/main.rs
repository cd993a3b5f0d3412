//! The 24 points that CPython's own tests of `logging` check beside what the golden rows cover: one test each, where they
//! apply to this crate. Those that do not are comments with the reason.
//!
//! `files.rs` has those about files (1, 8, 9, 13, 19), `peers.rs` those about programs and sockets (2, 5, 6, 7, 17),
//! `loggers.rs` the others.

mod files;
mod loggers;
mod peers;

use std::time::{Duration, Instant};

use stratd_logging::{
    Capture, Captured, Config, Entry, Handler, HandlerStatus, Level, Logging, LoggingOptions, Record,
};

pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    #[expect(clippy::disallowed_methods, reason = "a deadline of a test")]
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "it never came");
        std::thread::yield_now();
    }
}

pub(crate) fn quiet() -> Logging {
    Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() })
}

pub(crate) fn configured(text: &str) -> Logging {
    let logging = quiet();
    logging.apply(Config::parse(text).expect("the configuration is good")).expect("it can be applied");
    logging
}

pub(crate) fn with_handler(handler: &str) -> Logging {
    configured(&format!("[handlers.h]\n{handler}\n[root]\nlevel = 10\nhandlers = [\"h\"]"))
}

pub(crate) fn status(logging: &Logging) -> HandlerStatus {
    logging.handlers().into_iter().find(|status| status.name == "h").expect("it is there")
}

/// A system whose root has a handler that keeps texts.
pub(crate) fn captured() -> (Logging, Captured) {
    let logging = quiet();
    let (capture, captured) = Capture::new(100_000);
    logging.add_handler("h", Box::new(capture)).expect("there is none");
    logging.attach("root", "h").expect("it is there");
    (logging, captured)
}

pub(crate) fn emit(handler: &mut dyn Handler, text: &str) {
    let record = Record::new("a", Level::INFO, text);
    handler.emit(&Entry::new(&record, text)).expect("the handler takes it");
}
