//! Plugins by name: where they are searched, and what the check needs to know of them.

use std::{collections::BTreeSet, env, path::PathBuf, sync::Arc};

use crate::{
    check::{PluginFacts, PluginLookup},
    config::PluginKind,
    host::{self, LoadedPlugin, Loader, Run},
    runtime::{Services, trial_host},
};

use serde_json::Value;
use stratd_plugin_api::{TradingType, abi::plugin_flag};

/// Where packages put plugins.
const SYSTEM_DIR: &str = "/usr/lib/stratd/plugins";

/// Loads plugins by name.
pub struct Plugins {
    loader: Loader,
    directories: Vec<PathBuf>,
}

impl Plugins {
    /// Searches `directories`, then the defaults: `STRATD_PLUGINS`, `plugins` beside the folder of this program
    /// (`target/plugins` in the source tree), and `/usr/lib/stratd/plugins`.
    ///
    /// # Errors
    /// The private copies of plugins have no place.
    pub fn new(directories: Vec<PathBuf>) -> anyhow::Result<Self> {
        // what was asked for is searched even if it is not there, so that messages name it
        let asked = directories.len();
        let mut all = directories;
        all.extend(env::var_os("STRATD_PLUGINS").filter(|dir| !dir.is_empty()).map(PathBuf::from));
        all.extend(env::current_exe().ok().and_then(|exe| Some(exe.parent()?.parent()?.join("plugins"))));
        all.push(PathBuf::from(SYSTEM_DIR));
        let mut seen = BTreeSet::new();
        let mut index = 0;
        all.retain(|dir| {
            index += 1;
            let is_wanted = index <= asked || dir.is_dir();
            is_wanted && seen.insert(dir.canonicalize().unwrap_or_else(|_| dir.clone()))
        });
        Ok(Self { loader: Loader::new(&host::stage_base())?, directories: all })
    }

    /// Finds and loads a plugin.
    ///
    /// # Errors
    /// There is none of this name, or a step of loading refused it.
    pub fn load(&self, kind: PluginKind, name: &str) -> Result<Arc<LoadedPlugin>, host::Refusal> {
        self.loader.load(&host::find(kind, name, &self.directories)?)
    }
}

impl PluginLookup for Plugins {
    fn find(&self, kind: PluginKind, name: &str) -> Result<PluginFacts, String> {
        let plugin = self.load(kind, name).map_err(|refusal| refusal.to_string())?;
        let manifest = plugin.manifest();
        Ok(PluginFacts {
            kind: manifest.kind,
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            config_schema: manifest.config_schema.to_string(),
            market_data: manifest.has_flag(plugin_flag::MARKET_DATA),
            order_entry: manifest.has_flag(plugin_flag::ORDER_ENTRY),
            trading_types: manifest.trading_types(),
            instrument_types: manifest.instrument_types(),
        })
    }

    fn create(
        &self,
        kind: PluginKind,
        name: &str,
        config: &Value,
        trading_type: TradingType,
    ) -> Result<(), String> {
        let plugin = self.load(kind, name).map_err(|refusal| refusal.to_string())?;
        let services = Arc::new(Services::default());
        let made = match kind {
            PluginKind::Strategy => {
                let run = Run { trading_type, clock: None };
                plugin.create_strategy(name, config, run, services).map(drop)
            }
            PluginKind::Exchange => {
                plugin.create_exchange(name, config, trial_host(name, trading_type, &services)).map(drop)
            }
        };
        made.map_err(|refusal| refusal.found)
    }

    fn names(&self, kind: PluginKind) -> Vec<String> {
        host::names(kind, &self.directories).into_iter().collect()
    }
}
