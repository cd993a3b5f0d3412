//! The crate `log`, put through to the plugin's own log.

use log::{
    Metadata, Record,
    kv::{self, VisitSource},
};

use super::{Level, Location, Log, LogTarget as _, LogValue, PluginLog, message::with_message};

/// As many key-values of a record are taken along as the host takes.
const FIELDS_MAX: usize = 64;

struct Forward;

static FORWARD: Forward = Forward;

pub(super) fn install() {
    // a plugin that has a logger of its own keeps it
    if log::set_logger(&FORWARD).is_ok() {
        log::set_max_level(log::LevelFilter::Trace);
    }
}

fn level_of(level: log::Level) -> Level {
    match level {
        log::Level::Error => Level::ERROR,
        log::Level::Warn => Level::WARNING,
        log::Level::Info => Level::INFO,
        log::Level::Debug => Level::DEBUG,
        log::Level::Trace => Level::TRACE,
    }
}

impl log::Log for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        PluginLog.is_enabled(level_of(metadata.level()))
    }

    fn log(&self, record: &Record<'_>) {
        let level = level_of(record.level());
        if !PluginLog.is_enabled(level) {
            return;
        }
        let mut pairs = Pairs(Vec::new());
        // a source that fails leaves what it told before
        let _ = record.key_values().visit(&mut pairs);
        let fields: Vec<(&str, LogValue<'_>)> =
            pairs.0.iter().map(|(key, value)| (key.as_str(), LogValue::Text(value))).collect();
        with_message(*record.args(), |message| {
            PluginLog.log_record(&Log {
                target: record.target(),
                fields: &fields,
                location: Location {
                    file: record.file().unwrap_or_default(),
                    line: record.line().unwrap_or_default(),
                    function: "",
                    module: record.module_path().unwrap_or_default(),
                },
                ..Log::new(level, message)
            });
        });
    }

    fn flush(&self) {}
}

/// Key-values as texts.
struct Pairs(Vec<(String, String)>);

impl<'kvs> VisitSource<'kvs> for Pairs {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        if self.0.len() < FIELDS_MAX {
            self.0.push((key.to_string(), value.to_string()));
        }
        Ok(())
    }
}
