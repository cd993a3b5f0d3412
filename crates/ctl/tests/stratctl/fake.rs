//! A daemon that has two plugins, and does what it is asked for.

use std::{path::PathBuf, sync::Mutex};

use serde_json::json;
use stratd::control::{
    Action, ActionError, ActionErrorKind, Author, BacktestOperations, Basis, ConfigChange, ConfigOperations,
    EventOperations, MetricsOperations, Outcome, PluginOperations, RunOperations, Terms,
};
use stratd_control::{
    Backtest, BacktestDone, BacktestRequest, Config, ConfigDiff, ConfigDifference, ConfigDone,
    ConfigGeneration, ConfigHistory, ConfigPart, ConfigValue, Done, Generation, Inspection, Instance, Plugin,
    PluginFile, PluginKind, PluginState, Probation, Refusal, Retired, RunState, Status, StoreStatus, Verdict,
    WatchdogStatus,
};

const AT: &str = "2026-01-02T03:04:05Z";

#[derive(Default)]
pub(crate) struct Fake {
    /// What was done.
    pub(crate) done: Mutex<Vec<String>>,
}

fn none<T>(what: &str) -> Result<T, ActionError> {
    Err(ActionError::new(ActionErrorKind::NotFound, format!("this daemon has no {what}")))
}

impl EventOperations for Fake {
    fn feed(&self) -> Result<stratd::feed::Feed, ActionError> {
        none("events")
    }
}

impl MetricsOperations for Fake {
    fn metrics(&self) -> Result<stratd::metrics::Page, ActionError> {
        Ok(stratd::metrics::Page::default())
    }
}

impl BacktestOperations for Fake {
    fn backtests(&self) -> Result<(Vec<Backtest>, Basis), ActionError> {
        Ok((Vec::new(), Basis::new(json!(1))))
    }

    fn backtest(&self, _: &str) -> Result<(Backtest, Basis), ActionError> {
        none("backtests")
    }

    fn submit_backtest(&self, _: BacktestRequest, _: &Terms) -> Result<Outcome<BacktestDone>, ActionError> {
        none("backtests")
    }

    fn cancel_backtest(&self, _: &str, _: &Terms) -> Result<Outcome<BacktestDone>, ActionError> {
        none("backtests")
    }
}

impl RunOperations for Fake {
    fn status(&self) -> Result<Status, ActionError> {
        Ok(Status {
            version: "0.1.0".into(),
            api: "v1".into(),
            pid: 4711,
            trading_type: "simulation".into(),
            state: RunState::Running,
            started_at: AT.into(),
            uptime_ns: 8_040_000_000_000,
            run_folder: "/var/lib/stratd/runs/2026-01-02".into(),
            time: Some("2026-01-02T05:18:00.5Z".into()),
            events: 1_234_567,
            sequence: 1_234_570,
            orders_working: 3,
            equity: "100023.50".into(),
            currency: "USD".into(),
            strategies: [("started".to_owned(), 2), ("faulted".to_owned(), 1)].into(),
            plugins: 2,
            store: Some(StoreStatus { path: "/var/lib/stratd/state.db".into(), healthy: true, error: None }),
            watchdog: Some(WatchdogStatus { limit_ns: 10_000_000_000, watched: 3 }),
            warnings: vec!["the file of strategy-ema-cross is gone".into()],
        })
    }
}

impl PluginOperations for Fake {
    fn plugins(&self) -> Result<(Vec<Plugin>, Basis), ActionError> {
        Ok((vec![exchange(), strategy()], self.basis()))
    }

    fn plugin(&self, name: &str) -> Result<(Plugin, Basis), ActionError> {
        match name {
            "strategy-ema-cross" | "ema-cross" => Ok((strategy(), self.basis())),
            "exchange-synthetic" | "synthetic" => Ok((exchange(), self.basis())),
            _ => Err(ActionError::new(
                ActionErrorKind::NotFound,
                "there is no such plugin (accepted: exchange-synthetic, strategy-ema-cross)",
            )),
        }
    }

    fn inspect(&self, file: PathBuf) -> Result<Inspection, ActionError> {
        let is_good = file.ends_with("good.so");
        let plugin = PluginFile {
            file: file.display().to_string(),
            hash: Some("0123456789abcdef".repeat(4)),
            ..PluginFile::default()
        };
        let refusal = |text: &str| Some(text.to_owned()).filter(|_| !is_good);
        Ok(Inspection {
            verdict: if is_good { Verdict::Accepted } else { Verdict::Refused },
            plugin,
            layout_checked: is_good.then_some(true),
            manifest: is_good.then(|| {
                json!({"kind": "strategy", "description": "Trades.", "state_version": 2, "flags": ["market-data", "batch-safe"]})
            }),
            step: refusal("elf"),
            found: refusal("a text file"),
            accepted: refusal("a 64-bit shared library"),
            message: refusal("elf: a text file (accepted: a 64-bit shared library)"),
        })
    }

    fn act(&self, action: Action, terms: &Terms) -> Result<Outcome<Done>, ActionError> {
        let before = self.basis();
        terms.check(&before)?;
        let plugin = match (&action, action.plugin()) {
            (Action::Load { .. }, _) | (_, None) => strategy(),
            (Action::Reload { .. }, Some("synthetic")) => {
                let text = "state of version 3 (accepted: 1 to 2)";
                return Err(ActionError::new(ActionErrorKind::Refused, text).in_step("restore"));
            }
            (_, Some(name)) => self.plugin(name)?.0,
        };
        let mut text = action.to_string();
        if let Action::Load { config, .. } = &action {
            text.push_str(&format!(" with {}", serde_json::Value::Object(config.clone())));
        }
        let is_dry_run = terms.is_dry_run;
        if !is_dry_run {
            self.done.lock().unwrap().push(text.clone());
        }
        let report = format!("{}: {text}", if is_dry_run { "would be done" } else { "done" });
        let answer = Done { plugin, report: report.clone(), dry_run: is_dry_run };
        Ok(Outcome { answer, report, before, after: self.basis() })
    }
}

impl Fake {
    /// Every change makes another one.
    pub(crate) fn basis(&self) -> Basis {
        Basis::new(json!({"changes": self.done.lock().unwrap().len()}))
    }
}

fn exchange() -> Plugin {
    Plugin {
        name: "exchange-synthetic".into(),
        kind: PluginKind::Exchange,
        version: "1.0.0".into(),
        build_id: "00aa".repeat(10),
        file: "/usr/lib/stratd/plugins/libexchange_synthetic.so".into(),
        hash: "fedcba9876543210".repeat(4),
        generation: 1,
        state: PluginState::Quarantined,
        since: AT.into(),
        isolation: "process".into(),
        instances: Vec::new(),
        last_refusal: None,
        retired: Retired::default(),
        generations: Vec::new(),
        rollbacks: 0,
        reloads: 0,
        etag: "\"00112233aabbccdd\"".into(),
    }
}

fn strategy() -> Plugin {
    let generation = |generation, version: &str, state| Generation {
        generation,
        version: version.into(),
        build_id: format!("{generation}b").repeat(20),
        hash: "0123456789abcdef".repeat(4),
        file: "/p/libema.so".into(),
        loaded_at: AT.into(),
        state,
    };
    Plugin {
        name: "strategy-ema-cross".into(),
        kind: PluginKind::Strategy,
        version: "0.2.0".into(),
        build_id: "2b".repeat(20),
        file: "/var/lib/stratd/plugins/libstrategy_ema_cross.so".into(),
        hash: "0123456789abcdef".repeat(4),
        generation: 2,
        state: PluginState::Orphaned,
        since: AT.into(),
        isolation: "none".into(),
        instances: vec![instance("ema-cross", true), instance("ema-slow", false)],
        last_refusal: Some(Refusal {
            at: "2026-01-02T03:10:00Z".into(),
            file: "/var/lib/stratd/plugins/libstrategy_ema_cross.so".into(),
            hash: None,
            step: "elf".into(),
            found: "a file that ends before its section table".into(),
            accepted: "a whole 64-bit shared library\x1b[31m".into(),
            text: "elf: a file that ends before its section table".into(),
        }),
        retired: Retired {
            count: 1,
            mapped_bytes: 1_500_000,
            resident_bytes: 700_000,
            private_bytes: 50_000,
        },
        generations: vec![
            generation(1, "0.1.0", PluginState::Retired),
            generation(2, "0.2.0", PluginState::Started),
        ],
        rollbacks: 1,
        reloads: 2,
        etag: "\"00112233aabbccdd\"".into(),
    }
}

fn instance(name: &str, is_new: bool) -> Instance {
    Instance {
        name: name.into(),
        state: if is_new { PluginState::Started } else { PluginState::Faulted },
        since: AT.into(),
        isolation: if is_new { "none" } else { "process" }.into(),
        pid: (!is_new).then_some(4712),
        generation: 2,
        events: 1_234_567,
        orders: 12,
        denials: 1,
        faults: u64::from(!is_new),
        restarts: 0,
        last_fault: (!is_new).then(|| "on_trade panicked: index out of bounds".into()),
        last_save: is_new.then(|| AT.into()),
        state_bytes: if is_new { 65_536 } else { 0 },
        probation: is_new.then(|| Probation { events_left: 900, until: "2026-01-02T03:05:05Z".into() }),
        pause_us_last: is_new.then_some(12),
    }
}

impl ConfigOperations for Fake {
    fn config(&self) -> Result<(Config, Basis), ActionError> {
        Ok((config(), self.basis()))
    }

    fn config_part(&self, path: &[String]) -> Result<(ConfigPart, Basis), ActionError> {
        if path != ["verbose"] {
            return Err(ActionError::new(ActionErrorKind::NotFound, "there is no such part"));
        }
        let part = ConfigPart {
            path: "verbose".into(),
            pointer: "/verbose".into(),
            value: true.into(),
            source: Some("/etc/stratd/stratd.toml:3".into()),
        };
        Ok((part, self.basis()))
    }

    fn config_history(&self) -> Result<ConfigHistory, ActionError> {
        let generation = |generation, is_current| ConfigGeneration {
            generation,
            at: CONFIG_AT.into(),
            who: "stratd".into(),
            cause: "start, from the files".into(),
            state: "applied".into(),
            is_current,
        };
        Ok(ConfigHistory { generations: vec![generation(1, false), generation(2, true)] })
    }

    fn config_diff(&self, _: Option<u64>, _: Option<u64>) -> Result<ConfigDiff, ActionError> {
        Ok(ConfigDiff { from: "generation 2".into(), to: "the files".into(), changes: vec![difference()] })
    }

    fn change_config(
        &self,
        change: ConfigChange,
        _: &Author,
        terms: &Terms,
    ) -> Result<Outcome<ConfigDone>, ActionError> {
        terms.check(&self.basis())?;
        let report = format!("{:?}", change.what);
        let answer = ConfigDone {
            generation: 3,
            report: "generation 3 is in force".into(),
            changes: vec![difference()],
            confirm_within_s: change.confirm_within.map(|within| within.as_secs()),
            dry_run: terms.is_dry_run,
        };
        Ok(Outcome { answer, report, before: self.basis(), after: self.basis() })
    }
}

const CONFIG_AT: &str = "2026-01-02T03:04:05Z";

fn config() -> Config {
    Config {
        generation: 2,
        since: CONFIG_AT.into(),
        config: [("verbose".to_owned(), true.into())].into_iter().collect(),
        values: vec![ConfigValue {
            key: "verbose".into(),
            value: true.into(),
            source: "/etc/stratd/stratd.toml:3".into(),
        }],
        files: vec!["/etc/stratd/stratd.toml".into()],
        has_drifted: true,
        drift_problem: None,
        unconfirmed: None,
        pending: None,
    }
}

fn difference() -> ConfigDifference {
    ConfigDifference {
        key: "verbose".into(),
        pointer: "/verbose".into(),
        before: Some(true.into()),
        after: None,
    }
}
