//! A daemon that has one plugin, does what it is asked for, and remembers it.

use std::{
    path::PathBuf,
    sync::{Condvar, Mutex},
};

use serde_json::json;
use stratd_control::{
    Backtest, BacktestDone, BacktestRequest, Config, ConfigDiff, ConfigDifference, ConfigDone,
    ConfigGeneration, ConfigHistory, ConfigPart, ConfigValue, Done, Inspection, Plugin, PluginFile,
    PluginKind, PluginState, Retired, RunState, Status, StoreStatus, Verdict,
};

use crate::control::{
    Action, ActionError, ActionErrorKind, Author, BacktestOperations, Basis, ConfigChange, ConfigOperations,
    EventOperations, MetricsOperations, Outcome, PluginOperations, RunOperations, Terms,
};

pub(super) const PLUGIN: &str = "strategy-ema-cross";

#[derive(Default)]
pub(super) struct Fake {
    /// What was asked for and done.
    done: Mutex<Vec<String>>,
    /// While it is closed, every change waits.
    gate: Mutex<Door>,
    opened: Condvar,
}

#[derive(Default)]
struct Door {
    is_closed: bool,
    waiting: usize,
}

impl Fake {
    pub(super) fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }

    /// Remembers what was done.
    pub(super) fn note(&self, what: &str) {
        self.done.lock().unwrap().push(what.to_owned());
    }

    pub(super) fn close(&self) {
        self.gate.lock().unwrap().is_closed = true;
    }

    pub(super) fn open(&self) {
        self.gate.lock().unwrap().is_closed = false;
        self.opened.notify_all();
    }

    pub(super) fn waiting(&self) -> usize {
        self.gate.lock().unwrap().waiting
    }

    /// Waits while the gate is closed.
    pub(super) fn pass(&self) {
        let mut door = self.gate.lock().unwrap();
        door.waiting += 1;
        while door.is_closed {
            door = self.opened.wait(door).unwrap();
        }
        door.waiting -= 1;
    }

    /// Every change makes another one.
    pub(super) fn basis(&self) -> Basis {
        Basis::new(json!({"changes": self.done.lock().unwrap().len()}))
    }

    fn named(name: &str) -> Result<Plugin, ActionError> {
        match name {
            PLUGIN | "ema-cross" => Ok(plugin()),
            "panics" => panic!("asked to"),
            _ => {
                let text = format!("there is no plugin {name:?} (accepted: {PLUGIN})");
                Err(ActionError::new(ActionErrorKind::NotFound, text))
            }
        }
    }
}

fn none<T>(what: &str) -> Result<T, ActionError> {
    Err(ActionError::new(ActionErrorKind::NotFound, format!("this daemon has no {what}")))
}

impl EventOperations for Fake {
    fn feed(&self) -> Result<crate::feed::Feed, ActionError> {
        none("events")
    }
}

impl MetricsOperations for Fake {
    fn metrics(&self) -> Result<crate::metrics::Page, ActionError> {
        Ok(crate::metrics::Page::default())
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
            pid: 7,
            trading_type: "simulation".into(),
            state: RunState::Running,
            started_at: "2026-01-02T03:04:05Z".into(),
            uptime_ns: 1,
            run_folder: "/runs/1".into(),
            time: None,
            events: 10,
            sequence: 12,
            orders_working: 1,
            equity: "100.50".into(),
            currency: "USD".into(),
            strategies: [("started".to_owned(), 1)].into(),
            plugins: 1,
            store: Some(StoreStatus {
                path: "/s/state.db".into(),
                healthy: false,
                error: Some("disk full".into()),
            }),
            watchdog: None,
            warnings: Vec::new(),
        })
    }
}

impl PluginOperations for Fake {
    fn plugins(&self) -> Result<(Vec<Plugin>, Basis), ActionError> {
        Ok((vec![plugin()], self.basis()))
    }

    fn plugin(&self, name: &str) -> Result<(Plugin, Basis), ActionError> {
        Ok((Self::named(name)?, self.basis()))
    }

    fn inspect(&self, file: PathBuf) -> Result<Inspection, ActionError> {
        self.done.lock().unwrap().push(format!("inspect {}", file.display()));
        Ok(Inspection {
            verdict: Verdict::Refused,
            plugin: PluginFile { file: file.display().to_string(), ..PluginFile::default() },
            layout_checked: None,
            manifest: None,
            step: Some("elf".into()),
            found: Some("no library".into()),
            accepted: Some("a library".into()),
            message: Some("elf: no library".into()),
        })
    }

    fn act(&self, action: Action, terms: &Terms) -> Result<Outcome<Done>, ActionError> {
        self.pass();
        let before = self.basis();
        terms.check(&before)?;
        let plugin = match action.plugin() {
            Some(name) => Self::named(name)?,
            None => plugin(),
        };
        let refused = |kind, text: &str| ActionError::new(kind, text).before(&before);
        match &action {
            Action::Rollback { .. } => {
                return Err(refused(ActionErrorKind::Conflict, "there is no generation before"));
            }
            Action::Load { file, .. } if file.ends_with("bad.so") => {
                return Err(refused(ActionErrorKind::Refused, "no library\nsecond line").in_step("elf"));
            }
            _ => {}
        }
        let mut text = action.to_string();
        if let Action::Load { config, .. } = &action {
            text.push_str(&format!(" {}", serde_json::Value::Object(config.clone())));
        }
        let is_dry_run = terms.is_dry_run;
        let report = if is_dry_run { format!("would {action}") } else { format!("did {action}") };
        if !is_dry_run {
            self.done.lock().unwrap().push(text);
        }
        let answer = Done { plugin, report: report.clone(), dry_run: is_dry_run };
        Ok(Outcome { answer, report, before, after: self.basis() })
    }
}

pub(super) fn plugin() -> Plugin {
    Plugin {
        name: PLUGIN.into(),
        kind: PluginKind::Strategy,
        version: "0.1.0".into(),
        build_id: "b1".into(),
        file: "/p/libx.so".into(),
        hash: "h1".into(),
        generation: 1,
        state: PluginState::Started,
        since: "2026-01-02T03:04:05Z".into(),
        isolation: "none".into(),
        instances: Vec::new(),
        last_refusal: None,
        retired: Retired::default(),
        generations: Vec::new(),
        rollbacks: 0,
        reloads: 0,
        etag: String::new(),
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
