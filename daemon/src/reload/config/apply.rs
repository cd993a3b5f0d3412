//! The steps of a change, and how each is undone.

use std::time::Duration;

use serde_json::Value;
use stratd_plugin_api::{ExchangeId, Timestamp};

use super::{
    ConfigChange, ConfigRefusal, NewGeneration, RefusalKind, What,
    confirm::Unconfirmed,
    parts::{Parts, divide, limit_tables},
};
use crate::{
    check::check,
    config::{
        Draft, RunConfig, Written,
        difference::{Difference, differences},
        pointer,
    },
    control::{Author, Terms},
    logging::{LogUndo, pipeline},
    plugin_kind::PluginKind,
    reload::{InstanceRecord, Manager, saving::Saving},
    runtime::{clock, notify},
    store::ConfigState,
};

/// Who asks by a signal.
pub(super) const SIGHUP: &str = "SIGHUP";

/// What a change came to.
#[derive(Clone, Debug)]
pub(crate) struct ConfigDone {
    /// The generation in force; after a dry run, and for one that waits for a restart, that of before.
    pub(crate) generation: i64,
    pub(crate) report: String,
    /// What differs, without secrets.
    pub(crate) differences: Vec<Difference>,
    /// It goes back unless it is confirmed within that time.
    pub(crate) confirm_within: Option<Duration>,
}

/// What is undone if a later step refuses.
pub(super) struct Undo {
    /// Of the folders of plugins.
    searched: Option<Vec<std::path::PathBuf>>,
    log: Option<LogUndo>,
    /// Connectors that were exchanged, with what they were.
    pub(super) exchanged: Vec<(ExchangeId, InstanceRecord)>,
    generation: Option<i64>,
}

impl Manager {
    /// Changes the configuration, or says what would change.
    ///
    /// # Errors
    /// It was refused; everything is as before.
    pub(crate) fn change_config(
        &mut self,
        change: &ConfigChange,
        author: &Author,
        terms: Option<&Terms>,
    ) -> Result<ConfigDone, ConfigRefusal> {
        let who = author.who.as_str();
        if let Some(terms) = terms {
            let basis = self.configured.shared.lock().basis();
            terms
                .check(&basis)
                .map_err(|error| ConfigRefusal::new(RefusalKind::Stale, error.into_refused().text))?;
        }
        let is_dry_run = terms.is_some_and(|terms| terms.is_dry_run);
        if matches!(change.what, What::Confirm) {
            return self.confirm(author, is_dry_run);
        }
        let done = self.asked_for(&change.what, who).and_then(|(written, cause)| {
            self.configured.shared.lock().permit(&written, author)?;
            self.change_to(written, (change, who, &cause), is_dry_run)
        });
        // who may not is on record, and it is no matter of the configuration
        if is_dry_run || done.as_ref().is_err_and(|refusal| refusal.kind == RefusalKind::Forbidden) {
            return done;
        }
        let is_reload = matches!(change.what, What::Files);
        let by = if who == SIGHUP { SIGHUP.to_owned() } else { format!("change by {who}") };
        match &done {
            Ok(done) => {
                tracing::info!(logger = "config", "{by}: {}", done.report);
                if is_reload {
                    notify::refused(None);
                }
            }
            Err(refusal) => {
                for line in refusal.text.lines() {
                    tracing::error!(logger = "config", "{by}: the configuration stays as it is: {line}");
                }
                if is_reload {
                    notify::refused(Some(&format!("the configuration stays as it is: {}", refusal.text)));
                }
            }
        }
        done
    }

    /// The new configuration, and why in words.
    fn asked_for(&self, what: &What, who: &str) -> Result<(Written, String), ConfigRefusal> {
        let shared = &self.configured.shared;
        let no_path = |path: &[String], error: crate::config::edit::NoSuchPath| {
            let text = format!("{} (accepted: {})", error.found, error.accepted);
            let at = path.iter().fold(String::new(), |at, key| pointer::child(&at, key));
            ConfigRefusal::new(RefusalKind::NotFound, text).at(at)
        };
        match what {
            What::Files => {
                let source = shared.lock().source.clone();
                let written = source.read().map_err(|problems| ConfigRefusal::of_problems(&problems))?;
                Ok((written, "reload".to_owned()))
            }
            What::Text(text, name) => {
                let written = Written::parse(name, text.as_bytes());
                let mut written = written.map_err(|problems| ConfigRefusal::of_problems(&problems))?;
                // the files are what they were: they still are what a reload would take
                written.digest.clone_from(&shared.lock().written.digest);
                Ok((written, format!("apply {}", name.display())))
            }
            What::Table(table) => {
                Ok((shared.lock().written.replaced(table.clone(), who), "apply".to_owned()))
            }
            What::Edit(path, edit) => {
                let mut written = shared.lock().written.clone();
                written.edit(path, edit.clone(), who).map_err(|error| no_path(path, error))?;
                let at = if path.is_empty() { "the whole".to_owned() } else { path.join("/") };
                Ok((written, format!("edit of {at}")))
            }
            What::Rollback(generation) => {
                let found = shared.find(*generation).map_err(ConfigRefusal::failed)?;
                let mut written = found.ok_or_else(|| {
                    let text = format!(
                        "there is no generation {generation} (accepted: one of `stratctl config history`)"
                    );
                    ConfigRefusal::new(RefusalKind::NotFound, text)
                })?;
                written.digest.clone_from(&shared.lock().written.digest);
                Ok((written, format!("rollback to generation {generation}")))
            }
            What::Confirm => Err(ConfigRefusal::failed("a confirmation is no other configuration")),
        }
    }

    pub(super) fn change_to(
        &mut self,
        written: Written,
        (change, who, cause): (&ConfigChange, &str, &str),
        is_dry_run: bool,
    ) -> Result<ConfigDone, ConfigRefusal> {
        let flags = self.configured.shared.lock().source.flags.clone();
        let draft = Draft::new(written.clone(), &flags);
        let (found, generation) = {
            let in_force = self.configured.shared.lock();
            // one that changes nothing neither confirms nor reverts: it may open the files of the log anew
            if in_force.written != written {
                in_force.may_change(&change.what)?;
            }
            (differences(&in_force.value, &draft.value), in_force.generation)
        };
        let overridden = self.overridden(&written, &draft);
        let mut undo = Undo { searched: None, log: None, exchanged: Vec::new(), generation: None };
        undo.searched = Some(self.plugins.search(draft.plugin_dirs()));
        let checked = check(&draft, &*self.plugins);
        let config = match checked {
            Ok(config) => config,
            Err(problems) => {
                self.undo_change(undo);
                return Err(ConfigRefusal::of_problems(&problems));
            }
        };
        let parts = if change.at_restart {
            None
        } else {
            match divide(&self.configured.config, &config, &found) {
                Ok(parts) => Some(Parts { limit_tables: limit_tables(&draft.value), ..parts }),
                Err(fixed) => {
                    self.undo_change(undo);
                    return Err(ConfigRefusal::of_fixed(&fixed));
                }
            }
        };
        let hidden: Vec<_> = found.into_iter().map(Difference::hidden).collect();
        let done = |generation: i64, report: String| ConfigDone {
            generation,
            report: format!("{report}{overridden}"),
            differences: hidden.clone(),
            confirm_within: change.confirm_within,
        };
        if is_dry_run {
            self.undo_change(undo);
            let count = hidden.len();
            let when = if change.at_restart { " at the next start" } else { "" };
            return Ok(done(generation, format!("{count} keys would change{when}; nothing was changed")));
        }
        let Some(parts) = parts else {
            self.undo_change(undo);
            let new = NewGeneration {
                at: clock::now(),
                who,
                cause: cause.to_owned(),
                state: ConfigState::Pending,
                unless_confirmed: None,
            };
            let mut in_force = self.configured.shared.lock();
            let pending = in_force.generations.put(new, &written).map_err(ConfigRefusal::failed)?;
            in_force.pending = Some(pending);
            return Ok(done(generation, format!("generation {pending} waits for the next start")));
        };
        let report = self.apply(&written, config, &parts, (change, who, cause), undo)?;
        Ok(done(self.configured.shared.lock().generation, report))
    }

    /// Keys that the new configuration changes to no effect, because flags say otherwise.
    fn overridden(&self, written: &Written, draft: &Draft) -> String {
        let in_force = self.configured.shared.lock();
        let old = Value::Object(in_force.written.table.clone());
        let changed = differences(&old, &Value::Object(written.table.clone()));
        let mut keys: Vec<String> = changed
            .iter()
            .filter_map(|one| {
                let flag = draft.origins.flag_at(&one.pointer)?;
                Some(format!("{} stays as the flag {flag} says", one.key()))
            })
            .collect();
        keys.dedup();
        if keys.is_empty() { String::new() } else { format!("; {}", keys.join("; ")) }
    }

    fn apply(
        &mut self,
        written: &Written,
        config: RunConfig,
        parts: &Parts,
        (change, who, cause): (&ConfigChange, &str, &str),
        mut undo: Undo,
    ) -> Result<String, ConfigRefusal> {
        let before = self.configured.shared.lock().generation;
        let is_same = self.configured.shared.lock().written == *written;
        let now = clock::now();
        let unless_confirmed = change.confirm_within.filter(|_| !is_same).map(|within| {
            let within_ns = i64::try_from(within.as_nanos()).unwrap_or(i64::MAX);
            (before, Timestamp::new(now.get().saturating_add(within_ns)))
        });
        if !is_same {
            let new = NewGeneration {
                at: now,
                who,
                cause: cause.to_owned(),
                state: ConfigState::Trying,
                unless_confirmed,
            };
            let put = self.configured.shared.lock().generations.put(new, written);
            match put {
                Ok(generation) => undo.generation = Some(generation),
                Err(error) => {
                    self.undo_change(undo);
                    return Err(ConfigRefusal::failed(format!("the generation cannot be stored: {error}")));
                }
            }
        }
        let takes_log = parts.logging || matches!(change.what, What::Files);
        if takes_log && let Err(refusal) = self.take_log(&config, &mut undo) {
            self.undo_change(undo);
            return Err(refusal);
        }
        let (built, mut done) = match self.carry_out_change(parts, &config, &mut undo) {
            Ok(done) => done,
            Err(refusal) => {
                self.undo_change(undo);
                return Err(refusal);
            }
        };
        let mut words = Vec::new();
        if takes_log {
            words.push(self.log_words());
        }
        words.extend(self.note_change(&built, &mut done));
        drop(done.unneeded);
        if parts.limits {
            words.push("limits".to_owned());
        }
        self.take_options(&config, parts);
        let generation = undo.generation.unwrap_or(before);
        if let Some(generation) = undo.generation {
            let state =
                if unless_confirmed.is_some() { ConfigState::Unconfirmed } else { ConfigState::Applied };
            words.extend(self.settle(generation, state, before));
        }
        self.take_generation(generation, written, unless_confirmed.zip(change.confirm_within));
        self.configured.config = config;
        let what = if words.is_empty() { "nothing had to change".to_owned() } else { words.join("; ") };
        let goes_back =
            change.confirm_within.filter(|_| unless_confirmed.is_some()).map_or_else(String::new, |within| {
                format!("; it goes back in {} s unless it is confirmed", within.as_secs())
            });
        Ok(format!("{what}; generation {generation} is in force{goes_back}"))
    }

    /// Takes a generation for the one in force, and settles what became of one that waited for its confirmation.
    fn take_generation(
        &self,
        generation: i64,
        written: &Written,
        unless_confirmed: Option<((i64, Timestamp), Duration)>,
    ) {
        let mut in_force = self.configured.shared.lock();
        let before = in_force.generation;
        in_force.take(generation, written.clone());
        if generation == before {
            // one that changes nothing neither confirms nor reverts
            return;
        }
        // what takes the place of one that nobody confirmed is the one before it
        let reverted = in_force.unconfirmed.is_some().then_some(before);
        in_force.unconfirmed =
            unless_confirmed.map(|(goes_back, within)| Unconfirmed::new(goes_back, within));
        let settled = reverted.map(|before| in_force.generations.settle(before, ConfigState::Reverted));
        if let Some(Err(error)) = settled {
            tracing::error!(logger = "store", "{error}");
        }
    }

    /// Stores what became of a generation; what is to be said if that cannot be.
    fn settle(&self, generation: i64, state: ConfigState, before: i64) -> Option<String> {
        let settled = self.configured.shared.lock().generations.settle(generation, state);
        settled.err().map(|error| {
            tracing::error!(
                logger = "store",
                "generation {generation} is in force and could not be stored: the next start takes {before}: {error}"
            );
            format!("the next start takes generation {before}, because this one could not be stored: {error}")
        })
    }

    /// Opens the files of the log anew, whatever has changed of it; notes what undoes it.
    fn take_log(&self, config: &RunConfig, undo: &mut Undo) -> Result<(), ConfigRefusal> {
        if let Some(pipeline) = pipeline() {
            let log = pipeline.replace(config.logging.as_ref()).map_err(|error| {
                ConfigRefusal::new(RefusalKind::Refused, format!("logging: {error:#}")).at("/logging")
            })?;
            undo.log = Some(log);
        }
        Ok(())
    }

    /// How this thread itself behaves from now on.
    fn take_options(&mut self, config: &RunConfig, parts: &Parts) {
        if parts.save_interval {
            self.options.save_interval = config.state.save_interval.duration();
            self.saving = Saving::new(self.options.save_interval);
        }
        if parts.plugins || parts.plugin_dirs {
            self.options.plugins = config.plugins.clone();
            if let Err(error) = self.watching.restart(&self.options.plugins, &self.registry, &self.plugins) {
                tracing::error!(
                    logger = "config",
                    "the folders of plugins are not watched any more (`stratctl plugin reload` still works): {error:#}"
                );
            }
        }
    }

    /// Undoes what was done of a change that was refused.
    fn undo_change(&mut self, undo: Undo) {
        let Undo { searched, log, exchanged, generation } = undo;
        for (id, record) in exchanged.into_iter().rev() {
            let Some((plugin, _)) = self.instance(PluginKind::Exchange, &record.name) else { continue };
            self.set_settings(PluginKind::Exchange, &record.name, &record.settings);
            if let Err(refusal) = self.replace_exchange(&plugin, &record, id) {
                tracing::error!(logger = "config", "exchange {} does not go back: {refusal}", record.name);
            }
        }
        if let (Some(log), Some(pipeline)) = (log, pipeline()) {
            pipeline.put_back(log);
        }
        if let Some(generation) = generation {
            self.configured.shared.lock().generations.take_away(generation);
        }
        if let Some(searched) = searched {
            self.plugins.search_again(searched);
        }
    }
}
