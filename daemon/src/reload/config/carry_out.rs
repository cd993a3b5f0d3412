//! What a change does to instances: connectors that must be exchanged, then everything else on the event loop.

use stratd_plugin_api::ExchangeId;

use super::{ConfigRefusal, RefusalKind, apply::Undo, build::Built, parts::Parts};
use crate::{
    config::RunConfig,
    plugin_kind::PluginKind,
    reload::{InstanceRecord, Manager, Place, factory::scrubbed_text},
    runtime::{ChangeDone, ChangeRefused, Command, Part},
};

impl Manager {
    /// Exchanges the connectors that must be, then has the event loop do the rest. A connector that takes no new
    /// configuration is exchanged after all.
    pub(super) fn carry_out_change(
        &mut self,
        parts: &Parts,
        config: &RunConfig,
        undo: &mut Undo,
    ) -> Result<(Built, ChangeDone), ConfigRefusal> {
        let mut must_exchange: Vec<ExchangeId> = Vec::new();
        loop {
            let mut built = self.build(parts, config, &must_exchange)?;
            let done: Vec<ExchangeId> = undo.exchanged.iter().map(|(id, _)| *id).collect();
            for (id, plugin, record, settings) in built.exchanged.iter().filter(|(id, ..)| !done.contains(id))
            {
                let wanted = InstanceRecord { settings: settings.clone(), ..record.clone() };
                if let Err(refusal) = self.replace_exchange(plugin, &wanted, *id) {
                    if self.away.contains_key(id) {
                        // neither came back with the new configuration: the old one is tried
                        let _ = self.come_in(plugin, record, *id);
                    }
                    let refusal = ConfigRefusal::of_entry(PluginKind::Exchange, &record.name, &refusal);
                    self.discard_joins(&mut built);
                    return Err(refusal);
                }
                self.set_settings(PluginKind::Exchange, &record.name, settings);
                undo.exchanged.push((*id, record.clone()));
            }
            let change = std::mem::take(&mut built.change);
            let asked = self.event_loop.ask(|answer| Command::Change { change: Box::new(change), answer });
            match asked {
                Ok(Ok(done)) => return Ok((built, done)),
                Ok(Err(mut refused)) => {
                    self.undo_joins(&built, &mut refused);
                    match refused.part {
                        Part::ExchangeTakesNone(id) if !must_exchange.contains(&id) => must_exchange.push(id),
                        _ => return Err(self.loop_refusal(&built, refused)),
                    }
                }
                Err(gone) => return Err(ConfigRefusal::failed(gone.to_string())),
            }
        }
    }

    /// What the event loop refused, with the place of the part.
    fn loop_refusal(&mut self, built: &Built, refused: ChangeRefused) -> ConfigRefusal {
        let ChangeRefused { part, why, joined, unneeded, .. } = refused;
        drop(unneeded);
        for (index, strategy) in joined {
            if let Some(added) = built.added.get(index) {
                // its place in the run stays, and is empty: a later try takes it
                self.note_start(added, Place::Strategy(strategy));
                self.end_instance(&added.name, Some(&why));
            }
        }
        let name_of = |id| {
            let mut registry = self.registry.lock();
            registry.of_strategy(id).map(|(plugin, at)| plugin.instances[at].name.clone()).unwrap_or_default()
        };
        let refused = |kind: PluginKind, name: &str, why: &str| {
            ConfigRefusal::new(RefusalKind::Refused, format!("{kind} {name}: {why}")).at_entry(kind, name)
        };
        match part {
            Part::Strategy(id) => {
                let name = name_of(id);
                let changed = built.strategies.iter().find(|changed| changed.name == name);
                let why = changed.map_or(why.clone(), |changed| scrubbed_text(&changed.settings, &why));
                refused(PluginKind::Strategy, &name, &why)
            }
            Part::Exchange(id) | Part::ExchangeTakesNone(id) => {
                let told = built.told.iter().find(|(known, ..)| *known == id);
                let name = told.map(|(_, record, _)| record.name.clone()).unwrap_or_default();
                let why = told.map_or(why.clone(), |(_, _, settings)| scrubbed_text(settings, &why));
                refused(PluginKind::Exchange, &name, &why)
            }
            Part::Leaves(id) => {
                let leaving = built.leaving.iter().find(|leaving| leaving.exchange == id);
                let name = leaving.map(|leaving| leaving.name.clone()).unwrap_or_default();
                let text = format!("exchange {name} cannot leave: {why}");
                ConfigRefusal::new(RefusalKind::Conflict, text).at_entry(PluginKind::Exchange, &name)
            }
            Part::Joins(index) => {
                let name = built.joining.get(index).map(|joining| joining.name.clone()).unwrap_or_default();
                refused(PluginKind::Exchange, &name, &why)
            }
            Part::Limits => ConfigRefusal::new(RefusalKind::Refused, why).at("/risk"),
            Part::Start(index) => {
                let added = built.added.get(index);
                let name = added.map(|added| added.name.clone()).unwrap_or_default();
                let why = added.map_or(why.clone(), |added| scrubbed_text(&added.settings, &why));
                refused(PluginKind::Strategy, &name, &why)
            }
        }
    }
}
