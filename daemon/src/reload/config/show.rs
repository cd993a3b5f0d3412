//! What the control socket tells of the configuration, and how it hands changes over.

use std::sync::mpsc::{self, TrySendError};

use serde_json::{Map, Value};
use stratd_control::{
    Config, ConfigDiff, ConfigDifference, ConfigDone as ShownDone, ConfigGeneration, ConfigHistory,
    ConfigPart, ConfigUnconfirmed, ConfigValue, Finding,
};

use super::{ConfigChange, ConfigDone, ConfigRefusal, InForce, RefusalKind, SharedConfig};
use crate::{
    config::{
        Written,
        difference::{Difference, differences},
        edit::NoSuchPath,
        pointer,
        shown::without_secrets,
    },
    control::{ActionError, ActionErrorKind, Author, Basis, ConfigOperations, Outcome, Terms},
    reload::{ManagerOperations, Request},
};

impl ConfigOperations for ManagerOperations {
    fn config(&self) -> Result<(Config, Basis), ActionError> {
        let drift = Drift::of(&self.config);
        let in_force = self.config.lock();
        Ok((shown(&in_force, drift), in_force.basis()))
    }

    fn config_part(&self, path: &[String]) -> Result<(ConfigPart, Basis), ActionError> {
        let in_force = self.config.lock();
        let whole = in_force_with_flags(&in_force);
        let pointer = whole.find(path).map_err(no_path)?;
        let value = in_force.value.pointer(&pointer).cloned().unwrap_or_default();
        let key = path.last().map(String::as_str).unwrap_or_default();
        let is_leaf = !value.is_object() && !value.is_array();
        let source = is_leaf.then(|| in_force.origins.words(&pointer)).flatten();
        let part = ConfigPart { path: path.join("/"), value: without_secrets(key, &value), source, pointer };
        Ok((part, in_force.basis()))
    }

    fn config_history(&self) -> Result<ConfigHistory, ActionError> {
        let rows = self.config.rows().map_err(failed)?;
        let current = self.config.lock().generation;
        let generations = rows.into_iter().map(|row| ConfigGeneration {
            generation: row.generation.unsigned_abs(),
            at: row.at.to_string(),
            who: row.who,
            cause: row.cause,
            state: row.state.name().to_owned(),
            is_current: row.generation == current,
        });
        Ok(ConfigHistory { generations: generations.collect() })
    }

    fn config_diff(&self, from: Option<u64>, to: Option<u64>) -> Result<ConfigDiff, ActionError> {
        let generation = |number: u64| -> Result<(Written, String), ActionError> {
            let found = i64::try_from(number).ok().map(|number| self.config.find(number)).transpose();
            let found = found.map_err(failed)?.flatten();
            let missing = || {
                let text =
                    format!("there is no generation {number} (accepted: one of `stratctl config history`)");
                ActionError::new(ActionErrorKind::NotFound, text)
            };
            Ok((found.ok_or_else(missing)?, format!("generation {number}")))
        };
        let (old, from) = match from {
            Some(number) => generation(number)?,
            None => {
                let in_force = self.config.lock();
                (in_force.written.clone(), format!("generation {}", in_force.generation))
            }
        };
        let (new, to) = match to {
            Some(number) => generation(number)?,
            None => {
                let source = self.config.lock().source.clone();
                let files = source.read();
                let files = files.map_err(|problems| of_refusal(ConfigRefusal::of_problems(&problems)))?;
                (files, "the files".to_owned())
            }
        };
        let changes = differences(&Value::Object(old.table), &Value::Object(new.table));
        Ok(ConfigDiff { from, to, changes: changes.into_iter().map(shown_difference).collect() })
    }

    fn change_config(
        &self,
        change: ConfigChange,
        author: &Author,
        terms: &Terms,
    ) -> Result<Outcome<ShownDone>, ActionError> {
        let before = self.config.lock().basis();
        let (sender, receiver) = mpsc::sync_channel(1);
        let request = Request::Config(Box::new(change), author.clone(), Some(terms.clone()), sender);
        let busy = |why: &str| ActionError::new(ActionErrorKind::Busy, why);
        match self.requests.try_send(request) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(busy("too many requests wait")),
            Err(TrySendError::Disconnected(_)) => return Err(busy("the run is over")),
        }
        let done = receiver.recv().map_err(|_| busy("the run is over"))?;
        let done = done.map_err(|refusal| of_refusal(refusal).before(&before))?;
        let after = self.config.lock().basis();
        let ConfigDone { generation, report, differences, confirm_within } = done;
        let answer = ShownDone {
            generation: generation.unsigned_abs(),
            report: report.clone(),
            changes: differences.into_iter().map(shown_difference).collect(),
            confirm_within_s: confirm_within.map(|within| within.as_secs()),
            dry_run: terms.is_dry_run,
        };
        Ok(Outcome { answer, report, before, after })
    }
}

/// What needs attention.
pub(crate) fn warnings(config: &SharedConfig) -> Vec<String> {
    let drift = Drift::of(config);
    let in_force = config.lock();
    let mut warnings = Vec::new();
    let generation = in_force.generation;
    if let Some(unconfirmed) = &in_force.unconfirmed {
        let before = unconfirmed.before;
        warnings.push(match unconfirmed.failure() {
            None => format!(
                "configuration generation {generation} goes back to {before} in {} s (`stratctl config confirm` keeps it)",
                unconfirmed.left().as_secs()
            ),
            Some(why) => format!(
                "configuration generation {generation} should have gone back to {before}, which is refused and tried again (`stratctl config confirm` keeps {generation}): {why}"
            ),
        });
    }
    if let Some(pending) = in_force.pending {
        warnings.push(format!("configuration generation {pending} waits for the next start"));
    }
    match (drift.has_drifted, drift.problem) {
        (false, None) => {}
        (_, Some(problem)) => warnings.push(format!("the configuration files would be refused: {problem}")),
        (true, None) => warnings.push(format!(
            "the configuration files say something else than generation {generation} (`stratctl config diff` shows it, `stratctl reload` takes them)"
        )),
    }
    warnings
}

/// Whether the files say something else than what was taken of them, or why they cannot be read.
struct Drift {
    has_drifted: bool,
    problem: Option<String>,
}

impl Drift {
    /// Reads them: nobody waits for what is in force meanwhile.
    fn of(config: &SharedConfig) -> Self {
        let source = config.lock().source.clone();
        let files = source.read();
        match files {
            Ok(files) => Self { has_drifted: files.digest != config.lock().written.digest, problem: None },
            Err(problems) => Self { has_drifted: true, problem: problems.first().map(ToString::to_string) },
        }
    }
}

fn shown(in_force: &InForce, Drift { has_drifted, problem }: Drift) -> Config {
    let unconfirmed = in_force.unconfirmed.as_ref().map(|unconfirmed| ConfigUnconfirmed {
        goes_back_to: unconfirmed.before.unsigned_abs(),
        at: unconfirmed.by.to_string(),
        seconds_left: unconfirmed.left().as_secs(),
    });
    let hidden = without_secrets("", &in_force.value);
    let values = leaves(&in_force.value).into_iter().map(|(path, pointer, value)| {
        let key = path.last().cloned().unwrap_or_default();
        ConfigValue {
            key: path.iter().map(|key| pointer::quoted_key(key)).collect::<Vec<_>>().join("."),
            value: without_secrets(&key, &value),
            source: in_force.origins.words(&pointer).unwrap_or_default(),
        }
    });
    Config {
        generation: in_force.generation.unsigned_abs(),
        since: in_force.since.to_string(),
        values: values.collect(),
        config: match hidden {
            Value::Object(table) => table,
            _ => Map::new(),
        },
        files: in_force.written.origins.files.iter().map(|file| file.name.clone()).collect(),
        has_drifted,
        drift_problem: problem,
        unconfirmed,
        pending: in_force.pending.map(i64::unsigned_abs),
    }
}

/// Every value of a configuration, each with its path, in which entries have their names, and its pointer.
pub(crate) fn leaves(whole: &Value) -> Vec<(Vec<String>, String, Value)> {
    let whole = differences(&Value::Null, whole).into_iter();
    whole.flat_map(|one| inside(&one.path, &one.pointer, &one.after.unwrap_or_default())).collect()
}

fn inside(path: &[String], at: &str, value: &Value) -> Vec<(Vec<String>, String, Value)> {
    match value {
        Value::Object(table) if !table.is_empty() => table
            .iter()
            .flat_map(|(key, value)| {
                let path: Vec<String> = path.iter().cloned().chain([key.clone()]).collect();
                inside(&path, &pointer::child(at, key), value)
            })
            .collect(),
        _ => vec![(path.to_vec(), at.to_owned(), value.clone())],
    }
}

/// The whole with its flags, for paths.
fn in_force_with_flags(in_force: &InForce) -> Written {
    let table = in_force.value.as_object().cloned().unwrap_or_default();
    Written { table, ..Written::default() }
}

fn shown_difference(one: Difference) -> ConfigDifference {
    let key = one.key();
    let Difference { pointer, before, after, .. } = one.hidden();
    ConfigDifference { key, pointer, before, after }
}

fn no_path(error: NoSuchPath) -> ActionError {
    let text = format!("{} (accepted: {})", error.found, error.accepted);
    ActionError::new(ActionErrorKind::NotFound, text).found(error.found, error.accepted)
}

fn failed(text: String) -> ActionError {
    ActionError::new(ActionErrorKind::Failed, text)
}

fn of_refusal(refusal: ConfigRefusal) -> ActionError {
    let ConfigRefusal { kind, text, pointer, problems } = refusal;
    let kind = match kind {
        RefusalKind::NotFound => ActionErrorKind::NotFound,
        RefusalKind::Forbidden => ActionErrorKind::Forbidden,
        RefusalKind::Refused => ActionErrorKind::Refused,
        RefusalKind::Conflict => ActionErrorKind::Conflict,
        RefusalKind::Stale => ActionErrorKind::Stale,
        RefusalKind::Failed => ActionErrorKind::Failed,
    };
    let mut error = ActionError::new(kind, text);
    error.pointer = pointer;
    if problems.len() > 1 {
        let finding = |(pointer, detail)| Finding { pointer: Some(pointer), detail };
        error.errors = problems.into_iter().map(finding).collect();
    }
    error
}
