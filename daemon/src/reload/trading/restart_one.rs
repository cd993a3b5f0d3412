//! One strategy or connector is started, stopped or restarted by command, on the thread "plugins".
//!
//! A strategy that is stopped saves its state first and is started with it. A connector that is stopped leaves its
//! place: its instruments are halted and cancels wait until it is started, which also asks how our orders are.

use std::sync::mpsc::{self, TrySendError};

use stratd_control::{InstanceDone, PluginState};
use stratd_plugin_api::Reason;

use super::{
    super::{
        Manager, Request,
        operations::{ManagerOperations, busy, conflict, refused},
    },
    instances::{basis, find, has_ended, named, trading_at},
};
use crate::{
    control::{ActionError, Basis, InstanceName, Outcome, Terms, Verb},
    plugin_kind::PluginKind,
    reload::{InstanceRecord, Place},
    runtime::Command,
};

/// What was done with an instance.
pub(crate) struct ActedOn {
    report: String,
    state: PluginState,
    before: Basis,
    after: Basis,
}

pub(super) fn ask(
    operations: &ManagerOperations,
    instance: InstanceName,
    verb: Verb,
    terms: &Terms,
) -> Result<Outcome<InstanceDone>, ActionError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    match operations.requests.try_send(Request::ActOn(instance, verb, terms.clone(), sender)) {
        Ok(()) => {}
        Err(TrySendError::Full(_)) => return Err(busy(&"too many requests wait")),
        Err(TrySendError::Disconnected(_)) => return Err(busy(&"the run is over")),
    }
    let ActedOn { report, state, before, after } =
        receiver.recv().map_err(|_| busy(&"the run is over"))??;
    let answer = InstanceDone { report: report.clone(), state, dry_run: terms.is_dry_run };
    Ok(Outcome { answer, report, before, after })
}

impl Manager {
    /// Does what the control socket asks of one instance, if it is as its author saw it; or says what would be done.
    pub(in crate::reload) fn act_on(
        &mut self,
        instance: &InstanceName,
        verb: Verb,
        terms: &Terms,
    ) -> Result<ActedOn, ActionError> {
        let (plugin, record, before) = self.one(instance)?;
        terms.check(&before)?;
        let (kind, name) = named(instance);
        may(&plugin, &record, verb).map_err(|error| error.before(&before))?;
        let done = if terms.is_dry_run {
            Ok(format!("{} {name} would {}; nothing was changed", kind.name(), verb.name()))
        } else {
            self.do_with(&plugin, &record, verb)
        };
        let report = done.map_err(|error| error.before(&before))?;
        if !terms.is_dry_run {
            tracing::info!(logger = "plugins", "{report}");
        }
        let (_, record, after) = self.one(instance)?;
        Ok(ActedOn { report, state: record.state, before, after })
    }

    /// An instance as it is now, with its plugin.
    fn one(&self, instance: &InstanceName) -> Result<(String, InstanceRecord, Basis), ActionError> {
        let look = self.event_loop.ask(|answer| Command::Look { answer }).map_err(|gone| busy(&gone))?;
        let registry = self.registry.lock();
        let (kind, name) = named(instance);
        let (plugin, record) = find(&registry, kind, name)?;
        Ok((plugin.name.clone(), record.clone(), basis(record, &trading_at(record.place, &look))))
    }

    fn do_with(&mut self, plugin: &str, record: &InstanceRecord, verb: Verb) -> Result<String, ActionError> {
        let mut reports = Vec::new();
        if verb != Verb::Start && record.is_started() {
            match record.place {
                Some(Place::Exchange(exchange)) => {
                    self.send_away(record, exchange).map_err(|why| refused(&why))?;
                    reports.push(format!("exchange {} stopped, its instruments are halted", record.name));
                }
                Some(Place::Strategy(_)) | None => {
                    self.stop_strategy(plugin, record, Reason::StrategyStopped)?;
                    reports.push(format!("strategy {} stopped", record.name));
                }
            }
        }
        if verb != Verb::Stop {
            reports.push(self.start_again(plugin, record).map_err(|why| refused(&why))?);
            if let (Some(store), Some(Place::Strategy(_))) = (&self.store, record.place) {
                store.join(&record.name);
            }
        }
        if reports.is_empty() {
            // it was about to be started again by itself
            self.stop_strategy(plugin, record, Reason::StrategyStopped)?;
            reports.push(format!("{} is not started again", record.name));
        }
        Ok(reports.join("; "))
    }
}

/// Whether the state of an instance allows it.
fn may(plugin: &str, record: &InstanceRecord, verb: Verb) -> Result<(), ActionError> {
    let name = &record.name;
    let kind = match record.place {
        Some(Place::Exchange(_)) => PluginKind::Exchange.name(),
        Some(Place::Strategy(_)) | None => PluginKind::Strategy.name(),
    };
    if record.state == PluginState::Quarantined {
        return Err(conflict(format!(
            "{kind} {name} is quarantined (accepted: after `stratctl plugin release {plugin}`)"
        )));
    }
    let waits = record.restart_at.is_some();
    let is = record.state.name();
    match verb {
        Verb::Stop if !record.is_started() && !waits => {
            Err(conflict(format!("{kind} {name} is {is} (accepted: one that is started)")))
        }
        Verb::Start if !has_ended(record.state) => {
            Err(conflict(format!("{kind} {name} is {is} (accepted: one that was stopped or failed)")))
        }
        Verb::Restart if !record.is_started() && !has_ended(record.state) => Err(conflict(format!(
            "{kind} {name} is {is} (accepted: one that is started, was stopped or failed)"
        ))),
        Verb::Start | Verb::Stop | Verb::Restart => Ok(()),
    }
}
