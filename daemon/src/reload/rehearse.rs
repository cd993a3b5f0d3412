//! What a change would come to: every check that can be made without making the change.
//!
//! A file is read, verified and tried in a child, as for the change itself; the states that its instances are tried
//! with are those that were saved last. Nothing is opened here, noted or saved. What only doing it can tell is left:
//! that a venue answers, that a strategy comes to rest in time.

use std::path::Path;

use serde_json::{Map, Value};
use stratd_control::PluginState;

use super::{
    Manager,
    operations::{conflict, of_refusal},
    record::{InstanceRecord, InstanceSettings, Place, PluginRecord},
    replace::{Wanted, check_config, of_another, same_plugin},
};
use crate::{
    control::{Action, ActionError, ActionErrorKind},
    host::{Accepted, Refusal, Step},
    plugin_kind::PluginKind,
    runtime::clock,
};

/// The end of every report.
const NOTHING: &str = "nothing was changed";

impl Manager {
    /// Says what an action would do, on a plugin of this full name or, for a load, on whichever the file has.
    ///
    /// # Errors
    /// It would be refused.
    pub(super) fn rehearse(
        &self,
        plugin: Option<&str>,
        action: &Action,
    ) -> Result<(String, String), ActionError> {
        let plugin = plugin.unwrap_or_default();
        let (instances, previous) = {
            let registry = self.registry.lock();
            let record = registry.get(plugin);
            let instances = record.map(|record| record.instances.clone()).unwrap_or_default();
            (instances, record.and_then(PluginRecord::previous).map(|before| before.number))
        };
        let report = match action {
            Action::Load { file, name, config } => return self.rehearse_load(file, name.as_deref(), config),
            Action::Reload { .. } => self.rehearse_reload(plugin)?,
            Action::Stop { .. } => format!("would be stopped: {}", stopped(&instances)?),
            Action::Quarantine { .. } => {
                format!("would be quarantined, and stopped: {}", stopped(&instances)?)
            }
            Action::Start { .. } => {
                let ended = self.startable(plugin, &instances)?;
                format!("would be started: {}", names(&ended))
            }
            Action::Rollback { .. } => {
                let before =
                    previous.ok_or_else(|| conflict("there is no generation before the one that runs"))?;
                self.rehearse_rollback(plugin, before)?;
                format!("generation {before} would be put back")
            }
            Action::Release { .. } => {
                let held: Vec<_> = quarantined(&instances).collect();
                if held.is_empty() {
                    return Err(conflict("it is not quarantined"));
                }
                format!("would be released: {}", names(&held))
            }
        };
        Ok((plugin.to_owned(), format!("{plugin}: {report}; {NOTHING}")))
    }

    fn rehearse_reload(&self, name: &str) -> Result<String, ActionError> {
        let file = self.registry.lock().get(name).map(|plugin| plugin.file.clone()).unwrap_or_default();
        match self.rehearse_file(name, &file).map_err(of_refusal)? {
            None => Ok(format!("{} is the content that runs", file.display())),
            Some(accepted) => {
                let instances = self.copies(name);
                let instances: Vec<_> = instances.iter().map(|one| &one.instance).collect();
                let version = accepted.manifest.version;
                Ok(format!("version {version} would take over, and be run by: {}", names(&instances)))
            }
        }
    }

    /// A file in the place of the one that a plugin runs; `None` if it is the same.
    fn rehearse_file(&self, name: &str, file: &Path) -> Result<Option<Accepted>, Refusal> {
        let candidate = self.plugins.read(file)?;
        {
            let registry = self.registry.lock();
            let known = registry.get(name);
            let hash = known
                .and_then(|plugin| plugin.current())
                .and_then(|generation| generation.identity.hash.clone());
            let has_ended =
                known.is_some_and(|plugin| plugin.instances.iter().any(|i| i.state == PluginState::Faulted));
            if hash.as_deref() == Some(candidate.hash()) && !has_ended {
                return Ok(None);
            }
        }
        let wanted = self.copies(name);
        let accepted = self.tried(&wanted, |trials| self.plugins.rehearse(candidate, trials));
        let accepted = accepted.map_err(|refusal| of_another(name, refusal))?;
        same_plugin(self.registry.lock().get(name), &accepted.plugin, &accepted.manifest)?;
        for one in &wanted {
            check_config(&accepted.plugin, &accepted.manifest, &one.instance)?;
        }
        Ok(Some(accepted))
    }

    fn rehearse_rollback(&self, name: &str, generation: u64) -> Result<(), ActionError> {
        let plugin = {
            let registry = self.registry.lock();
            registry.get(name).and_then(|plugin| plugin.generation(generation)?.plugin.clone())
        };
        let plugin = plugin.ok_or_else(|| conflict("its library is not loaded any more"))?;
        for one in self.copies(name) {
            check_config(plugin.identity(), plugin.manifest(), &one.instance).map_err(of_refusal)?;
        }
        Ok(())
    }

    fn rehearse_load(
        &self,
        file: &Path,
        name: Option<&str>,
        config: &Map<String, Value>,
    ) -> Result<(String, String), ActionError> {
        if let Some(known) = self.known_of_file(file) {
            self.rehearse_file(&known, file).map_err(of_refusal)?;
        }
        let settings = InstanceSettings::of_command(config.clone());
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let asked = name.unwrap_or(&stem);
        let mut record = InstanceRecord::new(asked, settings, clock::now());
        // first as whatever it is: only what it says of itself tells its short name, by which its state is kept
        let tried = |record: &InstanceRecord| {
            let candidate = self.plugins.read(file)?;
            let wanted = [Wanted { instance: record.clone(), state: None }];
            self.tried(&wanted, |trials| self.plugins.rehearse(candidate, trials))
        };
        let accepted = tried(&record).map_err(of_refusal)?;
        let (identity, manifest) = (&accepted.plugin, &accepted.manifest);
        let full = &manifest.name;
        if manifest.kind != PluginKind::Strategy {
            return Err(not_a_strategy(full));
        }
        if name.is_none() {
            full.strip_prefix(PluginKind::Strategy.prefix()).unwrap_or(full).clone_into(&mut record.name);
        }
        check_config(identity, manifest, &record).map_err(of_refusal)?;
        let registry = self.registry.lock();
        let wanted = &record.name;
        if registry.get(full).is_some_and(|plugin| plugin.instances.iter().any(|i| i.name == *wanted)) {
            let report = format!("{full}: strategy {wanted} would run the file as it is now; {NOTHING}");
            return Ok((full.clone(), report));
        }
        let refused = |found: String, accepted: String| {
            let plugin = Box::new(identity.clone());
            of_refusal(Refusal { plugin, step: Step::Create, found, accepted })
        };
        if registry.has_instance(PluginKind::Strategy, wanted) {
            let found = format!("the name {wanted}, which another strategy has");
            return Err(refused(found, "a name of its own".to_owned()).at("/name"));
        }
        drop(registry);
        if let Some(reason) = self.store.as_ref().and_then(|store| store.quarantine_of(wanted)) {
            let found = format!("strategy {wanted}, which is quarantined: {reason}");
            return Err(refused(found, format!("after `stratctl plugin release {full}`")));
        }
        let version = &manifest.version;
        Ok((full.clone(), format!("{full} {version}: strategy {wanted} would be started; {NOTHING}")))
    }

    /// The instances of a plugin that have ended, if they may start.
    fn startable<'a>(
        &self,
        plugin: &str,
        instances: &'a [InstanceRecord],
    ) -> Result<Vec<&'a InstanceRecord>, ActionError> {
        let ended = super::operations::startable(plugin, instances)?;
        let library = self.registry.lock().get(plugin).and_then(|record| record.plugin().cloned());
        let library =
            library.ok_or_else(|| ActionError::new(ActionErrorKind::Refused, "its library is not loaded"))?;
        for instance in &ended {
            check_config(library.identity(), library.manifest(), instance).map_err(of_refusal)?;
        }
        Ok(ended)
    }
}

/// The names of those that a stop would end.
fn stopped(instances: &[InstanceRecord]) -> Result<String, ActionError> {
    if instances.iter().any(|instance| matches!(instance.place, Some(Place::Exchange(_)))) {
        return Err(super::operations::not_stoppable());
    }
    let runs: Vec<_> = instances.iter().filter(|instance| instance.is_started()).collect();
    Ok(names(&runs))
}

fn quarantined(instances: &[InstanceRecord]) -> impl Iterator<Item = &InstanceRecord> {
    instances.iter().filter(|instance| instance.state == PluginState::Quarantined)
}

/// A load of something else.
pub(super) fn not_a_strategy(full: &str) -> ActionError {
    conflict(format!(
        "{full} is an exchange (accepted: a strategy; an exchange joins by `stratctl config set exchange/NAME`)"
    ))
}

fn names(instances: &[&InstanceRecord]) -> String {
    if instances.is_empty() {
        return "nothing of it".to_owned();
    }
    instances.iter().map(|instance| instance.name.as_str()).collect::<Vec<_>>().join(", ")
}
