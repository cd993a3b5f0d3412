//! The log without a pipeline: before its configuration is applied, in children, and after its end.
//!
//! Under systemd, records go to the journal, with their level as its priority and their fields as its fields, if standard
//! error is the journal's (`JOURNAL_STREAM`); otherwise they are lines on standard error. Standard error that is a pipe to
//! the daemon, as that of an isolated plugin, is not the journal's, whatever the environment says.

use std::{env, io, io::Write as _, os::fd::AsFd as _, sync::OnceLock};

use nix::sys::stat::fstat;
use stratd_logging::{Level, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::LookupSpan,
};

use super::{console, front};

/// systemd says here of which device and inode the standard error is that it connected to the journal.
const JOURNAL_STREAM: &str = "JOURNAL_STREAM";

static IS_JOURNAL: OnceLock<bool> = OnceLock::new();

/// Writes a record now, on the thread of who logs.
pub(super) fn write(record: &Record<'_>) {
    // events of the daemon reach the journal by its layer
    if !is_journal() {
        let fields: Vec<_> = record.fields.iter().collect();
        console::write_line(record.level, &record.name, &record.message, fields.iter().cloned());
    }
}

/// Whether the log without a pipeline goes to the journal.
pub(super) fn is_journal() -> bool {
    IS_JOURNAL.get().copied().unwrap_or(false)
}

/// Sends events to the journal as long as there is no pipeline, if standard error is the journal's.
pub(super) fn journal_layer() -> Option<Early> {
    let layer = if stderr_is_journal() { tracing_journald::layer().ok() } else { None };
    let _ = IS_JOURNAL.set(layer.is_some());
    let mappings = PriorityMappings {
        error: Priority::Error,
        warn: Priority::Warning,
        info: Priority::Informational,
        debug: Priority::Debug,
        trace: Priority::Debug,
    };
    Some(Early(layer?.with_syslog_identifier("stratd".to_owned()).with_priority_mappings(mappings)))
}

/// Tells why a command ends: as a record of the journal if standard error is the journal's, else as a plain line.
pub(crate) fn complain(line: &str) {
    if is_journal() {
        tracing::error!(logger = "stratd", "{line}");
    } else {
        // there is nobody left to tell
        let _ = writeln!(io::stderr(), "{line}");
    }
}

/// Logs what a plugin of a child says where there is no pipeline and the journal is listened to: as an event.
pub(super) fn write_event(level: Level, logger: &str, message: &str, fields: &str) {
    match level {
        level if level >= Level::ERROR => tracing::error!(logger, fields, "{message}"),
        level if level >= Level::WARNING => tracing::warn!(logger, fields, "{message}"),
        level if level >= Level::INFO => tracing::info!(logger, fields, "{message}"),
        _ => tracing::debug!(logger, fields, "{message}"),
    }
}

fn stderr_is_journal() -> bool {
    let Ok(stream) = env::var(JOURNAL_STREAM) else { return false };
    let Ok(found) = fstat(io::stderr().as_fd()) else { return false };
    is_stream(&stream, (found.st_dev, found.st_ino))
}

/// Whether `DEVICE:INODE` is that file.
fn is_stream(stream: &str, (device, inode): (u64, u64)) -> bool {
    let named = stream
        .split_once(':')
        .and_then(|(device, inode)| Some((device.parse::<u64>().ok()?, inode.parse::<u64>().ok()?)));
    named == Some((device, inode))
}

/// The journal's own layer, silent while there is a pipeline.
pub(super) struct Early(tracing_journald::Layer);

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Early {
    fn event_enabled(&self, _: &Event<'_>, _: Context<'_, S>) -> bool {
        true
    }

    fn enabled(&self, _: &Metadata<'_>, _: Context<'_, S>) -> bool {
        true
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if front().is_none_or(|front| front.logging().is_none()) {
            self.0.on_event(event, context);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_stream;

    #[test]
    fn the_journal_is_told_by_device_and_inode() {
        assert!(is_stream("8:4711", (8, 4711)));
        for stream in ["", "8", "8:", "4711:8", "8:4711:1", "a:b", "8:47110"] {
            assert!(!is_stream(stream, (8, 4711)), "{stream}");
        }
    }
}
