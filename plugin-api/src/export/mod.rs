//! The plugin's side of the ABI: tables, doors and what the export macros expand to.
//!
//! Nothing here is for authors, except through [`crate::export_strategy!`] and [`crate::export_exchange!`].

pub(crate) mod ambient;
mod exchange_host;
mod exchange_table;
mod instrument_record;
mod plugin;
mod sink;
mod strategy_host;
mod strategy_table;
mod table_log;
mod text;

pub use instrument_record::{instrument_from_record, instrument_to_record};
pub use plugin::{PluginCell, PluginInfo};
pub use sink::SinkBuffer;
pub use text::str_of;

#[doc(hidden)]
pub use plugin::{RootHeader, RootModuleResult, call_root, root_header, root_module};
