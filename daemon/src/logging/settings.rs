//! What the pipeline is configured with: the table `[logging]`, or the lines on standard error, or records of the
//! journal, of a run without one.

use std::path::PathBuf;

use serde_json::{Map, Value};
use stratd_logging::{Config, Kinds};
use toml::Table;

use super::{TRACE, console::Console, early, parts};
use crate::config::{Flags, locate_in_file, secrets::Expanded};

/// The kind of the handler that a run without `[logging]` has.
const CONSOLE: &str = "console";

/// The loggers below which every instance of a plugin has its own.
const PLUGIN_LOGGERS: [&str; 2] = ["strategy", "exchange"];

/// Where `[logging]` was read from, to be read again.
#[derive(Clone, Debug)]
pub(crate) struct LogSource {
    /// None for a run that flags alone describe.
    pub(crate) file: Option<PathBuf>,
    pub(crate) flags: Flags,
}

impl LogSource {
    /// An error of the pipeline with the places of its problems in the file, one a line; another error as it is.
    pub(super) fn located(&self, error: anyhow::Error) -> anyhow::Error {
        let problems = error.downcast_ref::<stratd_logging::Error>().map(stratd_logging::Error::problems);
        match (&self.file, problems.unwrap_or_default()) {
            (None, _) | (_, []) => error,
            (Some(file), problems) => {
                let problems = locate_in_file(file, &self.flags, problems);
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                anyhow::Error::msg(problems.join("\n"))
            }
        }
    }
}

/// The kinds of handlers of the daemon's own.
pub(crate) fn kinds() -> Kinds {
    let mut kinds = Kinds::default();
    parts::add_to(&mut kinds);
    kinds.add_handler(CONSOLE, |_| Ok(Box::new(Console::new(early::is_journal()))));
    kinds
}

/// `[logging]` as the pipeline takes it. TRACE has a name, unless the file gives it another number, and flight recorders
/// are those of plugins, unless the file names others.
///
/// # Errors
/// It is no TOML: a configuration that was read from TOML always is.
pub(crate) fn table_of(logging: &Map<String, Value>) -> Result<Table, toml::ser::Error> {
    let mut table = Table::try_from(logging)?;
    let levels = table.entry("levels").or_insert_with(|| toml::Value::Table(Table::new()));
    if let toml::Value::Table(levels) = levels {
        levels.entry("TRACE").or_insert_with(|| i64::from(TRACE.get()).into());
    }
    if let Some(toml::Value::Table(recorder)) = table.get_mut("flight_recorder") {
        recorder.entry("below").or_insert_with(|| PLUGIN_LOGGERS.map(toml::Value::from).to_vec().into());
    }
    Ok(table)
}

/// [`table_of`] with the secrets that its credentials stand for.
///
/// # Errors
/// A credential cannot be read.
pub(super) fn with_secrets(logging: &Map<String, Value>) -> anyhow::Result<Table> {
    let expanded = Expanded::of_credentials("/logging", &Value::Object(logging.clone()));
    if let Some((found, accepted)) = expanded.refusal() {
        anyhow::bail!("{found} (accepted: {accepted})");
    }
    Ok(table_of(expanded.value.as_object().unwrap_or(logging))?)
}

/// A checked configuration.
///
/// # Errors
/// With every problem of `logging`.
pub(super) fn config_of(
    logging: Option<&Map<String, Value>>,
    is_verbose: bool,
) -> anyhow::Result<(Config, bool)> {
    let fallback = fallback(is_verbose);
    let table = with_secrets(logging.unwrap_or(&fallback))?;
    Ok((Config::from_table(&table, &kinds())?, table.contains_key("overflow")))
}

fn fallback(is_verbose: bool) -> Map<String, Value> {
    with_level(if is_verbose { "DEBUG" } else { "INFO" }.into())
}

/// The lines on standard error of a run without `[logging]`, from a level on. Where those would end in the journal, records
/// of the journal take their place: it knows levels and times by itself.
pub(crate) fn with_level(level: Value) -> Map<String, Value> {
    let tree = if early::is_journal() {
        serde_json::json!({
            "formatters": { "journal": { "format": "%(name)s: %(message)s" } },
            "handlers": { "journal": { "kind": "journald", "formatter": "journal" } },
            "root": { "level": level, "handlers": ["journal"] },
        })
    } else {
        serde_json::json!({
            "formatters": { "console": { "format": "%(levelname)s %(name)s: %(message)s" } },
            "handlers": { "stderr": { "kind": CONSOLE, "formatter": "console" } },
            "root": { "level": level, "handlers": ["stderr"] },
        })
    };
    match tree {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::config_of;

    #[test]
    fn a_run_without_logging_has_a_configuration_that_the_pipeline_takes() {
        for is_verbose in [false, true] {
            config_of(None, is_verbose).unwrap();
        }
    }
}
