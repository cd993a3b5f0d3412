//! `stratd check`: all problems of a configuration at once, before anything runs.
//!
//! One pass collects what the daemon's own schema says, what the schema of every plugin says of its `config` table,
//! and what the run asks of the exchanges that they do not offer. A configuration without problems is a [`RunConfig`];
//! there is no other way to make one, so whoever holds one need not check again.

use serde_json::Value;
use stratd_plugin_api::{InstrumentType, InstrumentTypes, TradingType, TradingTypes};

use crate::config::{
    Draft, Finding, PluginKind, Problem, ProblemKind, RunConfig, Validator, default_name, instrument_type,
    nearest, own_findings, pointer, resolve_path, resolve_paths, resolve_texts, secrets::Expanded,
    shown::left_hidden,
};

/// Exit code of the process when a configuration has problems: `EX_CONFIG` of sysexits.h, at which systemd does not
/// restart the service (`RestartPreventExitStatus=78`).
pub const EXIT_CONFIG: u8 = 78;

/// Finds plugins; implemented by the loader, and by tests.
pub trait PluginLookup {
    /// The manifest of the plugin that a configuration calls `name`, with or without the prefix of its kind.
    /// A plugin of another kind may be returned; the check refuses it.
    ///
    /// # Errors
    /// There is none, or it cannot be loaded; the text says what was tried and why it failed.
    fn find(&self, kind: PluginKind, name: &str) -> Result<PluginFacts, String>;

    /// The plugin's own verdict on a configuration that its schema accepts: an instance is made and dropped again.
    ///
    /// # Errors
    /// The plugin refuses it; the text is the plugin's.
    fn create(
        &self,
        kind: PluginKind,
        name: &str,
        config: &Value,
        trading_type: TradingType,
    ) -> Result<(), String>;

    /// The names of the plugins of a kind, without its prefix, for hints.
    fn names(&self, kind: PluginKind) -> Vec<String>;
}

/// What the check needs of a manifest.
#[derive(Clone, Debug)]
pub struct PluginFacts {
    /// What it is.
    pub kind: PluginKind,
    /// Full name, e.g. `exchange-csv`.
    pub name: String,
    /// Version.
    pub version: String,
    /// JSON schema of its configuration.
    pub config_schema: String,
    /// Exchange: it delivers market data.
    pub market_data: bool,
    /// Exchange: it takes orders.
    pub order_entry: bool,
    /// Exchange: what it serves.
    pub trading_types: TradingTypes,
    /// Exchange: what it serves.
    pub instrument_types: InstrumentTypes,
}

/// Checks everything.
///
/// # Errors
/// All problems, those of the file in the order of its lines, then those of the flags.
pub fn check(draft: &Draft, plugins: &dyn PluginLookup) -> Result<RunConfig, Vec<Problem>> {
    check_whole(draft, plugins).map(|(config, _)| config)
}

/// As [`check`]; with the configuration as values, from which [`RunConfig`] can be read again: paths are complete, and
/// secrets stand by their names.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_whole(
    draft: &Draft,
    plugins: &dyn PluginLookup,
) -> Result<(RunConfig, Value), Vec<Problem>> {
    let mut check = Check { draft, plugins, value: draft.value.clone(), findings: draft.findings.clone() };
    check.own_keys();
    let exchanges = check.entries(PluginKind::Exchange);
    check.histories();
    check.entries(PluginKind::Strategy);
    check.abilities(&exchanges);
    check.finish()
}

struct Check<'a> {
    draft: &'a Draft,
    plugins: &'a dyn PluginLookup,
    /// The configuration with paths resolved so far.
    value: Value,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn own_keys(&mut self) {
        match Validator::new(schemars::schema_for!(RunConfig).to_value()) {
            Ok(validator) => {
                resolve_texts(validator.root(), "", &mut self.value, self.draft);
                self.findings.extend(validator.findings("", &self.value));
                self.findings.extend(own_findings(&self.value));
                self.findings.extend(left_hidden(&self.value));
                self.findings.extend(resolve_paths(validator.root(), "", &mut self.value, self.draft));
            }
            Err(why) => self.conflict("", format!("the schema of the configuration is not valid: {why}"), ""),
        }
    }

    /// Checks each exchange or strategy against its plugin; the facts of those that were found.
    fn entries(&mut self, kind: PluginKind) -> Vec<Option<PluginFacts>> {
        let count = self.value.get(kind.name()).and_then(Value::as_array).map_or(0, Vec::len);
        (0..count).map(|index| self.entry(kind, &format!("/{kind}/{index}"))).collect()
    }

    /// Checks where exchanges have their past: what reads it is made as for a backtest. A backtest does not look at it.
    fn histories(&mut self) {
        if self.trading_type_asked() == Some(TradingType::Backtest) {
            return;
        }
        let count = self.value.get("exchange").and_then(Value::as_array).map_or(0, Vec::len);
        for at in (0..count).map(|index| format!("/exchange/{index}/history")) {
            if !self.value.pointer(&at).is_some_and(Value::is_object) {
                continue;
            }
            let Some(facts) = self.entry_of(PluginKind::Exchange, &at, TradingType::Backtest) else {
                continue;
            };
            let at_plugin = format!("{at}/plugin");
            if !facts.trading_types.contains(TradingType::Backtest) {
                let found = format!("{} serves no backtests, so that it has no past to tell", facts.name);
                self.conflict(&at_plugin, found, "a plugin that does, such as teafile or csv");
            } else if !facts.market_data {
                let found = format!("{} delivers no market data", facts.name);
                self.conflict(&at_plugin, found, "a plugin that does, such as teafile or csv");
            }
        }
    }

    fn entry(&mut self, kind: PluginKind, at: &str) -> Option<PluginFacts> {
        let trading_type = self.trading_type_asked().unwrap_or(TradingType::Backtest);
        self.entry_of(kind, at, trading_type)
    }

    /// As [`Check::entry`], made for a run of that type.
    fn entry_of(&mut self, kind: PluginKind, at: &str, trading_type: TradingType) -> Option<PluginFacts> {
        let at_plugin = format!("{at}/plugin");
        if self.findings.iter().any(|finding| finding.pointer == at_plugin) {
            return None;
        }
        let Some(Value::String(plugin)) = self.value.pointer_mut(&at_plugin) else { return None };
        if plugin.ends_with(".so") {
            self.findings.extend(resolve_path(&at_plugin, plugin, self.draft));
        }
        let plugin = plugin.clone();
        let facts = match self.plugins.find(kind, &plugin) {
            Ok(facts) if facts.kind == kind => facts,
            Ok(facts) => {
                let found = format!("{} {} is a plugin of kind {}", facts.name, facts.version, facts.kind);
                self.conflict(&at_plugin, found, format!("one of kind {kind}"));
                return None;
            }
            Err(why) => {
                let hint = self.nearest_plugin(kind, &plugin);
                // the loader's text may name it already
                let hint = hint.filter(|hint| !why.contains(hint));
                self.findings.push(Finding { hint, ..Finding::conflict(at_plugin, why, "") });
                return None;
            }
        };
        match Validator::of_plugin(&facts.config_schema) {
            Ok(validator) => {
                self.plugin_config(at, &validator);
                self.constructor((kind, &plugin), at, trading_type);
            }
            Err(why) => {
                let found = format!(
                    "the configuration schema of {} {} is not valid: {why}",
                    facts.name, facts.version
                );
                self.conflict(&at_plugin, found, "a JSON schema");
            }
        }
        Some(facts)
    }

    fn nearest_plugin(&self, kind: PluginKind, plugin: &str) -> Option<String> {
        let name = default_name(kind, plugin);
        // one of that very name was found, but refused
        nearest(&name, self.plugins.names(kind).iter().map(String::as_str)).filter(|near| *near != name)
    }

    fn plugin_config(&mut self, at: &str, validator: &Validator) {
        let known = validator.keys();
        // the commonest slip: a key of the plugin beside `config` instead of in it
        for finding in &mut self.findings {
            let is_misplaced = finding.kind == ProblemKind::UnknownKey
                && finding.pointer.strip_prefix(at) == Some(&format!("/{}", finding.found))
                && known.contains(&finding.found.as_str());
            if is_misplaced {
                finding.hint = Some(format!("config.{}", finding.found));
            }
        }
        let at_config = format!("{at}/config");
        let mut absent = Value::Object(serde_json::Map::new());
        let config = self.value.pointer_mut(&at_config).unwrap_or(&mut absent);
        // of a `config` that is no table our own schema speaks
        if config.is_object() {
            resolve_texts(validator.root(), &at_config, config, self.draft);
            let refused: Vec<_> = self.findings.iter().map(|finding| finding.pointer.clone()).collect();
            let expanded = Expanded::of(&at_config, config);
            let mut findings = validator.findings(&at_config, &expanded.value);
            // a flag that could not be read is there, so its key is not missing; and what was refused is refused once
            findings.retain(|finding| {
                !refused.contains(&pointer::child(&finding.pointer, &finding.found))
                    && !refused.contains(&finding.pointer)
            });
            for finding in &mut findings {
                let inner = finding.pointer.strip_prefix(at_config.as_str()).unwrap_or_default();
                if expanded.places.contains(inner) {
                    // the secret itself is nobody's to read
                    finding.found = config.pointer(inner).map(Value::to_string).unwrap_or_default();
                    finding.hint = None;
                }
            }
            if self.draft.assumes_secrets {
                let unread: Vec<_> = expanded.findings.iter().map(|finding| &finding.pointer).collect();
                findings.retain(|finding| !unread.contains(&&finding.pointer));
            } else {
                findings.extend(expanded.findings);
            }
            self.findings.extend(findings);
            self.findings.extend(resolve_paths(validator.root(), &at_config, config, self.draft));
        }
    }

    /// What only the plugin itself knows: keys that do not fit together, for instance.
    fn constructor(&mut self, (kind, plugin): (PluginKind, &str), at: &str, trading_type: TradingType) {
        let at_config = format!("{at}/config");
        if self.findings.iter().any(|finding| pointer::is_within(&finding.pointer, &at_config)) {
            return;
        }
        let absent = Value::Object(serde_json::Map::new());
        let config = self.value.pointer(&at_config).unwrap_or(&absent);
        let expanded = Expanded::of(&at_config, config);
        if !expanded.findings.is_empty() {
            // assumed: the plugin cannot be asked about what is not known here
            return;
        }
        if let Err(why) = self.plugins.create(kind, plugin, &expanded.value, trading_type) {
            let why = expanded.scrubbed(&why);
            let at =
                if self.value.pointer(&at_config).is_some() { at_config } else { format!("{at}/plugin") };
            self.conflict(&at, why, "");
        }
    }

    fn trading_type_asked(&self) -> Option<TradingType> {
        match self.value.get("trading_type") {
            None => Some(TradingType::Backtest),
            Some(name) => name.as_str().and_then(|name| name.parse().ok()),
        }
    }

    /// What the run asks of the exchanges.
    fn abilities(&mut self, exchanges: &[Option<PluginFacts>]) {
        let trading_type = self.trading_type_asked();
        for (index, facts) in exchanges.iter().enumerate() {
            let Some(facts) = facts else { continue };
            self.trading_type(index, facts, trading_type);
            self.instrument_types(index, facts);
        }
        // a plugin that was not found might be the one that can
        let found: Vec<_> = exchanges.iter().flatten().collect();
        if found.is_empty() || found.len() < exchanges.len() {
            return;
        }
        if !found.iter().any(|facts| facts.market_data) {
            self.conflict("/exchange", "no exchange delivers market data", "at least one that does");
        }
        let needs_order_entry = matches!(trading_type, Some(TradingType::Sandbox | TradingType::Live));
        if needs_order_entry && !found.iter().any(|facts| facts.order_entry) {
            self.conflict(
                "/exchange",
                "no exchange takes orders",
                "at least one that does, for this trading type",
            );
        }
    }

    fn trading_type(&mut self, index: usize, facts: &PluginFacts, asked: Option<TradingType>) {
        let Some(asked) = asked.filter(|asked| !facts.trading_types.contains(*asked)) else { return };
        let found =
            format!("exchange {} does not serve trading type {asked}", self.exchange_name(index, facts));
        self.conflict(&format!("/exchange/{index}/plugin"), found, facts.trading_types.to_string());
    }

    fn instrument_types(&mut self, index: usize, facts: &PluginFacts) {
        let at = format!("/exchange/{index}/instrument_types");
        let asked: Vec<_> = match self.value.pointer(&at) {
            Some(Value::Array(names)) => {
                let types = names.iter().map(|name| name.as_str().and_then(instrument_type));
                types.enumerate().filter_map(|(item, asked)| Some((item, asked?))).collect()
            }
            _ => return,
        };
        let served = InstrumentType::ALL.iter().filter(|served| facts.instrument_types.contains(**served));
        let served: Vec<_> = served.map(|served| served.name()).collect();
        for (item, asked) in asked {
            if !facts.instrument_types.contains(asked) {
                let name = self.exchange_name(index, facts);
                let found = format!("exchange {name} does not serve instrument type {asked}");
                self.conflict(&format!("{at}/{item}"), found, served.join(", "));
            }
        }
    }

    fn exchange_name(&self, index: usize, facts: &PluginFacts) -> String {
        let name = self.value.pointer(&format!("/exchange/{index}/name")).and_then(Value::as_str);
        name.map_or_else(|| default_name(PluginKind::Exchange, &facts.name), str::to_owned)
    }

    fn conflict(&mut self, pointer: &str, found: impl Into<String>, accepted: impl Into<String>) {
        self.findings.push(Finding::conflict(pointer, found, accepted));
    }

    fn finish(mut self) -> Result<(RunConfig, Value), Vec<Problem>> {
        if self.findings.is_empty() {
            match serde_json::from_value::<RunConfig>(self.value.clone()) {
                Ok(config) => return Ok((self.draft.complete(config), self.value)),
                // the schema should have said it; the text of serde is better than none
                Err(error) => self.conflict("", error.to_string(), ""),
            }
        }
        let locate = |mut finding: Finding| {
            // a number that stands as text because JSON cannot hold it is shown as it was written
            if finding.kind == ProblemKind::Value && finding.found.starts_with('"') {
                let written = self.draft.texts.get(&finding.pointer);
                finding.found = written.cloned().unwrap_or(finding.found);
            }
            self.draft.origins.locate(&self.draft.value, finding)
        };
        let mut problems: Vec<_> = self.findings.into_iter().map(locate).collect();
        problems.sort_by_key(|problem| self.draft.origins.rank(problem));
        problems.dedup();
        Err(problems)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::config::tests::{accepted, check_both, check_file};

    /// Exchanges with `names` as plugins, in a run of that type.
    fn check(trading_type: &str, exchanges: &[&str], expect: Expect) {
        let exchanges = exchanges.iter().map(|plugin| format!("[[exchange]]\nplugin = '{plugin}'\n"));
        let exchanges: String = exchanges.collect();
        let strategy = "[[strategy]]\nplugin = 'hold'\n";
        check_file(&format!("trading_type = '{trading_type}'\n{exchanges}{strategy}"), expect);
    }

    #[test]
    fn abilities_of_exchanges() {
        check("live", &["desk"], expect!["no problems"]);
        check("live", &["live-data", "orders"], expect!["no problems"]);
        check("simulation", &["live-data"], expect!["no problems"]);
        check(
            "backtest",
            &["desk"],
            expect![
                "etc/run.toml:3:10: exchange[0].plugin: exchange desk does not serve trading type backtest (accepted: simulation, sandbox, live)"
            ],
        );
        check(
            "live",
            &["live-data"],
            expect![
                "etc/run.toml:2:1: exchange: no exchange takes orders (accepted: at least one that does, for this trading type)"
            ],
        );
        check(
            "sandbox",
            &["live-data", "gone"],
            expect![
                "etc/run.toml:5:10: exchange[1].plugin: no plugin exchange-gone in /usr/lib/stratd/plugins"
            ],
        );
        check(
            "simulation",
            &["orders"],
            expect![
                "etc/run.toml:2:1: exchange: no exchange delivers market data (accepted: at least one that does)"
            ],
        );
        check(
            "lve",
            &["orders"],
            expect![[r#"
            etc/run.toml:1:16: trading_type: found "lve" (accepted: backtest, simulation, sandbox, live; did you mean live?)
            etc/run.toml:2:1: exchange: no exchange delivers market data (accepted: at least one that does)"#]],
        );
    }

    #[test]
    fn the_flag_of_the_trading_type_counts() {
        let file = "trading_type = 'simulation'\n[[exchange]]\nname = 'quotes'\nplugin = 'desk'\n[[strategy]]\nplugin = 'hold'";
        check_both(
            Some(file),
            &["--trading-type", "backtest"],
            expect![
                "etc/run.toml:4:10: exchange[0].plugin: exchange quotes does not serve trading type backtest (accepted: simulation, sandbox, live)"
            ],
        );
    }

    #[test]
    fn instrument_types() {
        let with = |types: &str| {
            format!(
                "[[exchange]]\nplugin = 'csv'\nconfig.file = 'a'\ninstrument_types = {types}\n[[strategy]]\nplugin = 'hold'"
            )
        };
        check_file(&with("['equity', 'index']"), expect!["no problems"]);
        check_file(
            &with("['equity', 'option', 'future']"),
            expect![[r#"
            etc/run.toml:4:31: exchange[0].instrument_types[1]: exchange csv does not serve instrument type option (accepted: equity, index)
            etc/run.toml:4:41: exchange[0].instrument_types[2]: exchange csv does not serve instrument type future (accepted: equity, index)"#]],
        );
    }

    #[test]
    fn a_plugin_may_be_a_file() {
        let text = "[[exchange]]\nplugin = 'csv'\nconfig.file = 'a'\n\
                    [[strategy]]\nplugin = 'build/libstrategy_ema_cross.so'\n\
                    [[strategy]]\nplugin = '/opt/libstrategy_hold.so'";
        let config = accepted(Some(text), &[]);
        assert_eq!(config.strategy[0].plugin, "etc/build/libstrategy_ema_cross.so");
        assert_eq!((config.strategy[0].name(), config.strategy[1].name()), ("ema-cross", "hold"));
        let flags = accepted(Some(text), &["--strategy", "build/libstrategy_ema_cross.so,fast=3"]);
        assert_eq!(flags.strategy[0].plugin, "build/libstrategy_ema_cross.so");
        check_file(
            "[[exchange]]\nplugin = 'csv.so'\n[[strategy]]\nplugin = '.so'",
            expect![[r#"
                etc/run.toml:1:1: exchange[0].config: missing key file (accepted: a path)
                etc/run.toml:3:1: strategy[0]: its plugin gives it no name (accepted: a key name)
                etc/run.toml:4:10: strategy[0].plugin: no plugin strategy- in /usr/lib/stratd/plugins"#]],
        );
    }
}
