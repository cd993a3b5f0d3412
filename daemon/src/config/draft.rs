//! A configuration as read: the file with the flags over it, not checked yet.

use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::{
    Flags, PluginKind, PluginsConfig, Problem, RunConfig,
    document::{Texts, parse_value},
    instance_flag::InstanceFlag,
    origin::{Finding, Origins},
    pointer,
    run_config::default_name,
    written::Written,
};
use crate::{
    host::{Probe, TrustOptions},
    logging::with_level,
    plugins::PluginSettings,
};

/// What files and flags say, merged, with the place of every value; [`crate::check::check`] makes a
/// [`RunConfig`] of it.
#[derive(Debug)]
pub struct Draft {
    pub(crate) value: Value,
    pub(crate) origins: Origins,
    pub(crate) texts: Texts,
    /// From reading the flags.
    pub(crate) findings: Vec<Finding>,
    pub(crate) plugin_dirs: Vec<PathBuf>,
    pub(crate) results: Option<PathBuf>,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) control_socket: Option<PathBuf>,
    /// Secrets that cannot be read here are taken for good: the check is not made where the run will be.
    pub(crate) assumes_secrets: bool,
}

impl Draft {
    /// Reads the file, if there is one, with what is layered over it, and puts the flags over that.
    ///
    /// # Errors
    /// A file cannot be read or is not TOML. All that can be said about a file that is TOML waits for the check.
    pub fn read(file: Option<&Path>, flags: &Flags) -> Result<Self, Vec<Problem>> {
        let written = match file {
            Some(file) => Written::read(file, &flags.conf_dirs)?,
            None => Written::default(),
        };
        Ok(Self::new(written, flags))
    }

    /// As [`Draft::read`], with the content of the file at hand, over which nothing is layered.
    ///
    /// # Errors
    /// It is not TOML.
    pub fn parse(path: &Path, bytes: &[u8], flags: &Flags) -> Result<Self, Vec<Problem>> {
        Ok(Self::new(Written::parse(path, bytes)?, flags))
    }

    /// Takes secrets that cannot be read here for good, and asks no plugin about what has one.
    #[must_use]
    pub fn assuming_secrets(mut self) -> Self {
        self.assumes_secrets = true;
        self
    }

    /// As [`Draft::parse`] of the table `[logging]` alone: of a whole configuration, or of a text that is that table.
    ///
    /// # Errors
    /// It is not TOML.
    pub(crate) fn parse_logging(path: &Path, bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        let mut draft = Self::parse(path, bytes, &Flags::default())?;
        if draft.value.get("logging").is_none() {
            draft.value = json!({ "logging": draft.value.take() });
            draft.origins.move_into("/logging");
        }
        Ok(draft)
    }

    /// Puts the flags over what was written.
    pub(crate) fn new(written: Written, flags: &Flags) -> Self {
        let Written { table, texts, origins, digest: _ } = written;
        let mut draft = Self {
            value: Value::Object(table),
            origins,
            texts,
            findings: Vec::new(),
            plugin_dirs: flags.plugin_dirs.clone(),
            results: flags.results.clone(),
            state_dir: flags.state_dir.clone(),
            control_socket: flags.control_socket.clone(),
            assumes_secrets: false,
        };
        if let Some(trading_type) = &flags.trading_type {
            draft.set("trading_type", "--trading-type", Value::String(trading_type.clone()));
        }
        if flags.verbose {
            draft.set("verbose", "--verbose", Value::Bool(true));
        }
        draft.set_log(flags);
        draft.set_instances(PluginKind::Exchange, &flags.exchanges);
        draft.set_instances(PluginKind::Strategy, &flags.strategies);
        draft
    }

    /// Takes tables out about which somebody else decides, and puts in what that is.
    pub(crate) fn decide(&mut self, tables: &[&str], key: &str, value: Value) {
        if let Some(table) = self.value.as_object_mut() {
            table.retain(|key, _| !tables.contains(&key.as_str()));
            table.insert(key.to_owned(), value);
        }
    }

    /// Sets what is at a pointer, for `who`: to a TOML value, or to a text if it is none. Tables on the way are made.
    pub(crate) fn assign(&mut self, at: &str, who: &str, text: &str) {
        self.texts.retain(|known, _| !pointer::is_within(known, at));
        self.origins.replace(at, who);
        let value = parse_value(at, text, &mut self.texts).unwrap_or_else(|_| Value::String(text.to_owned()));
        let mut place = &mut self.value;
        for key in at.split('/').skip(1) {
            let key = key.replace("~1", "/").replace("~0", "~");
            place = match place {
                Value::Array(items) => match key.parse().ok().and_then(|index: usize| items.get_mut(index)) {
                    Some(item) => item,
                    None => return,
                },
                Value::Object(table) => table.entry(key).or_insert_with(|| Value::Object(Map::new())),
                _ => return,
            };
        }
        *place = value;
    }

    /// Where the loader searches besides its defaults: folders of the flags, then of the file.
    #[must_use]
    pub fn plugin_dirs(&self) -> Vec<PathBuf> {
        let listed = self.value.get("plugin_dirs").and_then(Value::as_array);
        let of_file = listed.into_iter().flatten().enumerate().filter_map(|(index, dir)| {
            let (dir, at) = (dir.as_str()?, format!("/plugin_dirs/{index}"));
            Some(self.origins.folder_of(&at).unwrap_or(Path::new("")).join(dir))
        });
        self.plugin_dirs.iter().cloned().chain(of_file).collect()
    }

    /// What the plugins are looked at with, as far as it can be read before the check: `[plugins]` is checked against
    /// plugins that were found with it. A key that is wrong has its default here, and the check tells of it.
    #[must_use]
    pub fn plugin_settings(&self) -> PluginSettings {
        let plugins: PluginsConfig = self.value.get("plugins").map_or_else(PluginsConfig::default, |table| {
            PluginsConfig::deserialize(table).unwrap_or_default()
        });
        let is_backtest =
            matches!(self.value.get("trading_type").and_then(Value::as_str), None | Some("backtest"));
        let probe = Probe { time_limit: plugins.probe_timeout.duration(), ..Probe::default() };
        PluginSettings {
            directories: self.plugin_dirs(),
            trust: TrustOptions {
                groups: plugins.trust.groups,
                require_signature: plugins.trust.require_signature,
                keys: plugins.trust.keys,
            },
            probe: (plugins.probe && !is_backtest).then_some(probe),
        }
    }

    /// Puts in what is not in the text of the configuration: folders of flags, whose names need not be UTF-8, and names
    /// of instances.
    pub(crate) fn complete(&self, mut config: RunConfig) -> RunConfig {
        config.plugin_dirs.splice(0..0, self.plugin_dirs.iter().cloned());
        if let Some(results) = &self.results {
            config.results = results.clone();
        }
        if self.state_dir.is_some() {
            config.state.dir.clone_from(&self.state_dir);
        }
        if self.control_socket.is_some() {
            config.control.socket.clone_from(&self.control_socket);
        }
        for entry in &mut config.exchange {
            entry.name.get_or_insert_with(|| default_name(PluginKind::Exchange, &entry.plugin));
        }
        for entry in &mut config.strategy {
            entry.name.get_or_insert_with(|| default_name(PluginKind::Strategy, &entry.plugin));
        }
        config
    }

    /// Level and file of the log, as Python's `basicConfig` takes them, over what `[logging]` says.
    fn set_log(&mut self, flags: &Flags) {
        const AT: &str = "/logging";
        let is_there = self.value.get("logging").is_some();
        if let Some(file) = &flags.log_file {
            if !is_there {
                self.set("logging", "--log-file", Value::Object(Map::new()));
                // the short form logs WARNING and above unless it says otherwise; a run without table says INFO
                let level = if flags.verbose { "DEBUG" } else { "INFO" };
                self.set_in(AT, "level", "--log-file", level.into());
            }
            let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            self.set_in(AT, "file", "--log-file", file.display().to_string().into());
        }
        let Some(level) = &flags.log_level else { return };
        let level = level.parse::<i64>().map_or_else(|_| level.clone().into(), Value::from);
        if self.value.pointer(AT).is_none() {
            self.set("logging", "--log-level", Value::Object(with_level(level)));
        } else if self.value.pointer("/logging/root").is_some_and(Value::is_object) {
            self.set_in("/logging/root", "level", "--log-level", level);
        } else {
            self.set_in(AT, "root", "--log-level", json!({ "level": level }));
        }
    }

    /// As [`Self::set`], in the table at `table`; what is no table there is told of by the check.
    fn set_in(&mut self, table: &str, key: &str, flag: &str, value: Value) {
        let pointer = pointer::child(table, key);
        self.origins.replace(&pointer, flag);
        if let Some(Value::Object(table)) = self.value.pointer_mut(table) {
            table.insert(key.to_owned(), value);
        }
    }

    fn set(&mut self, key: &str, flag: &str, value: Value) {
        let pointer = format!("/{key}");
        self.texts.retain(|known, _| !pointer::is_within(known, &pointer));
        self.origins.replace(&pointer, flag);
        if let Value::Object(table) = &mut self.value {
            table.insert(key.to_owned(), value);
        }
    }

    /// Flags that name instances replace the list of the file.
    fn set_instances(&mut self, kind: PluginKind, flags: &[String]) {
        if flags.is_empty() {
            return;
        }
        let key = kind.name();
        self.set(key, &format!("--{key}"), Value::Null);
        let mut names = Vec::new();
        let mut entries = Vec::new();
        for (index, text) in flags.iter().enumerate() {
            let pointer = format!("/{key}/{index}");
            let flag = InstanceFlag::parse(text, &pointer, &mut self.texts, &mut self.findings);
            let head = text.split(',').next().unwrap_or_default();
            let name = flag.name.unwrap_or_else(|| free_name(default_name(kind, &flag.plugin), &names));
            self.origins.replace(&pointer, &format!("--{key} {head}"));
            names.push(name.clone());
            entries.push(Value::Object(Map::from_iter([
                ("name".to_owned(), Value::String(name)),
                ("plugin".to_owned(), Value::String(flag.plugin)),
                ("config".to_owned(), Value::Object(flag.config)),
            ])));
        }
        if let Value::Object(table) = &mut self.value {
            table.insert(key.to_owned(), Value::Array(entries));
        }
    }
}

/// `ema-cross`, `ema-cross-2`, …: on the command line, the order of the flags tells instances apart.
fn free_name(name: String, taken: &[String]) -> String {
    let mut free = name.clone();
    let mut number = 2;
    while taken.contains(&free) {
        free = format!("{name}-{number}");
        number += 1;
    }
    free
}
