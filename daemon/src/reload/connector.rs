//! A new connector, from `create` to its market data.

use std::sync::Arc;

use stratd_plugin_api::{ExchangeHost, ExchangeInstance};

use super::{Manager, exchange::gone, factory::MadeExchange, record::InstanceRecord, replace::refused};
use crate::{
    host::{LoadedPlugin, Refusal, Step},
    runtime::{ExchangeDesk, Until},
};

/// The numbers of our requests.
const CONNECT: u64 = 1;
const INSTRUMENTS: u64 = 2;
const SUBSCRIBE: u64 = 3;

/// A connector with the desk through which it speaks.
pub(super) struct Connected {
    pub(super) made: MadeExchange,
    pub(super) desk: Arc<ExchangeDesk>,
}

impl Manager {
    /// Creates, restores and connects a connector, at a desk that succeeds the one given.
    pub(super) fn connected(
        &self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        (desk, until): (&ExchangeDesk, Until),
        state: Option<&(u32, Vec<u8>)>,
    ) -> Result<Connected, Refusal> {
        let desk = desk.successor(until).map(Arc::new).ok_or_else(|| gone(plugin))?;
        self.connected_at(plugin, record, desk, state)
    }

    /// As [`Manager::connected`], at a desk that is its own.
    pub(super) fn connected_at(
        &self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        desk: Arc<ExchangeDesk>,
        state: Option<&(u32, Vec<u8>)>,
    ) -> Result<Connected, Refusal> {
        let host: Arc<dyn ExchangeHost> = desk.clone();
        let mut made = self.factory.exchange(plugin, &record.name, &record.settings, host)?;
        if let Some(watch) = &made.watch {
            // who waits for an answer of a dead one need not wait long
            let desk = Arc::downgrade(&desk);
            watch.on_death(move |death| {
                if let Some(desk) = desk.upgrade() {
                    desk.give_up(&death.text);
                }
            });
        }
        let instance = &mut made.instance;
        if let Some((version, state)) = state {
            let manifest = plugin.manifest();
            if !(manifest.state_compat_min..=manifest.state_version).contains(version) {
                let found = format!("a state of exchange {} of version {version}", record.name);
                let accepted = format!("version {} to {}", manifest.state_compat_min, manifest.state_version);
                return Err(refused(plugin, Step::Restore, found, accepted));
            }
            instance
                .restore(*version, state)
                .map_err(|fault| refused(plugin, Step::Restore, fault.message, "a state that it takes"))?;
        }
        let failed = |what: &str, error: String| {
            refused(
                plugin,
                Step::Connect,
                format!("{what} of exchange {}: {error}", record.name),
                "an answer",
            )
        };
        instance.connect(CONNECT).map_err(|fault| failed("connecting", fault.message))?;
        desk.wait(CONNECT).map_err(|error| failed("connecting", error.to_string()))?;
        instance.instruments(INSTRUMENTS).map_err(|fault| failed("instruments", fault.message))?;
        desk.wait(INSTRUMENTS).map_err(|error| failed("instruments", error.to_string()))?;
        Ok(Connected { made, desk })
    }
}

/// Starts its market data.
pub(super) fn subscribe(
    plugin: &LoadedPlugin,
    instance: &mut dyn ExchangeInstance,
    desk: &ExchangeDesk,
) -> Result<(), Refusal> {
    let failed = |error: String| refused(plugin, Step::Connect, format!("market data: {error}"), "an answer");
    instance.subscribe(SUBSCRIBE, None).map_err(|fault| failed(fault.message))?;
    desk.wait(SUBSCRIBE).map_err(|error| failed(error.to_string()))
}
