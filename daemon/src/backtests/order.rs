//! What is to be run: a request, looked at and completed with what the daemon decides.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use stratd_control::BacktestRequest;

use super::{BacktestOptions, to_toml};
use crate::reload::config::ADMIN_SECTIONS;

/// A file above this is no configuration.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The longest name.
const NAME_BYTES_MAX: usize = 128;
/// Tables that the daemon decides about: a submitted configuration has none of them, and those of a file do not count.
pub(super) const DECIDED: [&str; 7] = ADMIN_SECTIONS;

/// A backtest that can be started: what its child is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    /// The word of the submitter.
    pub(super) name: Option<String>,
    /// The file that was submitted.
    pub(super) file: Option<String>,
    /// The configuration.
    pub(super) text: String,
    /// What messages call it; relative paths start in its folder.
    pub(super) path: PathBuf,
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderError {
    /// The JSON pointer of the key of the request.
    pub(crate) pointer: Option<String>,
    /// What was found, and what would be accepted.
    pub(crate) text: String,
    /// The configuration is wrong, not the request.
    pub(crate) is_configuration: bool,
}

impl OrderError {
    pub(super) fn new(pointer: &str, text: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.to_owned()), text: text.into(), is_configuration: false }
    }
}

impl Order {
    /// Reads what was submitted.
    ///
    /// # Errors
    /// The request names no configuration, or two, or one that cannot be read.
    pub(super) fn new(request: BacktestRequest, options: &BacktestOptions) -> Result<Self, OrderError> {
        let BacktestRequest { file, config, name } = request;
        if let Some(name) = name.as_ref().filter(|name| name.len() > NAME_BYTES_MAX) {
            let text = format!("found a name of {} bytes (accepted: {NAME_BYTES_MAX})", name.len());
            return Err(OrderError::new("/name", text));
        }
        match (file, config) {
            (Some(file), None) => {
                let path = PathBuf::from(&file);
                let text = read(&path).map_err(|text| OrderError::new("/file", text))?;
                Ok(Self { name, file: Some(file), text, path })
            }
            (None, Some(config)) => {
                if let Some(key) = DECIDED.into_iter().find(|key| config.contains_key(*key)) {
                    let text = format!(
                        "found {key}, about which the daemon decides (accepted: a configuration without it)"
                    );
                    return Err(OrderError::new(&format!("/config/{key}"), text));
                }
                let text = to_toml::document(&config).map_err(|at| {
                    OrderError::new(&format!("/config{at}"), "found null (accepted: a value, or no key)")
                })?;
                Ok(Self { name, file: None, text, path: options.folder.join("config") })
            }
            (Some(_), Some(_)) => {
                Err(OrderError::new("/config", "found both file and config (accepted: one of them)"))
            }
            (None, None) => Err(OrderError {
                pointer: None,
                text:
                    "found neither file nor config (accepted: the path of a configuration file, or its keys)"
                        .to_owned(),
                is_configuration: false,
            }),
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let shown = path.display();
    if !path.is_absolute() {
        return Err(format!("found {shown} (accepted: an absolute path)"));
    }
    let file = File::open(path).map_err(|error| format!("reading {shown}: {error}"))?;
    // a pipe or a device might never end, and keeps whoever opens it
    if !file.metadata().is_ok_and(|facts| facts.is_file()) {
        return Err(format!("{shown} is no file (accepted: a TOML file)"));
    }
    let mut text = String::new();
    let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    match read {
        Err(error) => Err(format!("reading {shown}: {error}")),
        Ok(count) if count as u64 > FILE_BYTES_MAX => {
            Err(format!("{shown} is longer than {FILE_BYTES_MAX} bytes (accepted: a configuration)"))
        }
        Ok(_) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::TrustConfig;

    fn check(request: serde_json::Value, expected: &str) {
        let options = BacktestOptions {
            running_max: 1,
            queued_max: 1,
            ended_max: 1,
            results: "/r".into(),
            folder: "/f".into(),
            plugin_dirs: Vec::new(),
            trust: TrustConfig::default(),
        };
        let request: BacktestRequest = serde_json::from_value(request).unwrap();
        let found = match Order::new(request, &options) {
            Ok(order) => format!("{}: {}", order.path.display(), order.text),
            Err(error) => format!("{}: {}", error.pointer.unwrap_or_default(), error.text),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_request_has_one_configuration_without_what_the_daemon_decides() {
        check(json!({ "config": { "slice_max": 1 } }), "/f/config: \"slice_max\" = 1\n");
        check(
            json!({}),
            ": found neither file nor config (accepted: the path of a configuration file, or its keys)",
        );
        check(
            json!({ "file": "/x", "config": {} }),
            "/config: found both file and config (accepted: one of them)",
        );
        check(
            json!({ "config": { "plugins": { "trust": { "groups": ["all"] } } } }),
            "/config/plugins: found plugins, about which the daemon decides (accepted: a configuration without it)",
        );
        check(
            json!({ "config": { "exchange": [{ "plugin": null }] } }),
            "/config/exchange/0/plugin: found null (accepted: a value, or no key)",
        );
        check(json!({ "file": "x.toml" }), "/file: found x.toml (accepted: an absolute path)");
        check(
            json!({ "file": "/nowhere" }),
            "/file: reading /nowhere: No such file or directory (os error 2)",
        );
        check(json!({ "file": "/dev/zero" }), "/file: /dev/zero is no file (accepted: a TOML file)");
        check(
            json!({ "name": "x".repeat(129), "config": {} }),
            "/name: found a name of 129 bytes (accepted: 128)",
        );
    }
}
