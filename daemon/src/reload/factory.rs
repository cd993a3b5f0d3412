//! New instances of strategies for a run that goes on.

use std::sync::Arc;

use serde_json::Value;
use stratd_plugin_api::{ExchangeHost, ExchangeInstance, StrategyInstance, StrategyServices, TradingType};

use super::record::InstanceSettings;
use crate::{
    host::{LoadedPlugin, Refusal, Run},
    runtime::Services,
};

/// Makes instances as the configuration says.
pub(crate) struct Factory {
    run: Run,
    services: Arc<Services>,
}

/// A new instance.
pub(crate) struct MadeStrategy {
    pub(crate) instance: Box<dyn StrategyInstance>,
    /// Its own process, if it has one.
    pub(crate) pid: Option<u32>,
}

impl Factory {
    pub(crate) fn new(run: Run, services: Arc<Services>) -> Self {
        Self { run, services }
    }

    pub(super) fn trading_type(&self) -> TradingType {
        self.run.trading_type
    }

    /// Creates a strategy.
    ///
    /// # Errors
    /// The plugin refuses, or its thread or process does not start.
    pub(crate) fn strategy(
        &self,
        plugin: &Arc<LoadedPlugin>,
        name: &str,
        settings: &InstanceSettings,
    ) -> Result<MadeStrategy, Refusal> {
        let services: Arc<dyn StrategyServices> = self.services.clone();
        let config = Value::Object(settings.config.clone());
        let instance = plugin.create_strategy(name, &config, self.run, services)?;
        Ok(MadeStrategy { instance, pid: None })
    }

    /// Creates a connector.
    ///
    /// # Errors
    /// As [`Factory::strategy`].
    pub(crate) fn exchange(
        &self,
        plugin: &Arc<LoadedPlugin>,
        name: &str,
        settings: &InstanceSettings,
        host: Arc<dyn ExchangeHost>,
    ) -> Result<Box<dyn ExchangeInstance>, Refusal> {
        plugin.create_exchange(name, &Value::Object(settings.config.clone()), host)
    }
}
