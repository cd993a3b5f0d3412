//! The plugin's side of the ABI: tables, doors and what the export macros expand to.
//!
//! Nothing here is for authors, except through [`crate::export_strategy!`] and [`crate::export_exchange!`].

pub(crate) mod ambient;
mod exchange_host;
mod exchange_table;
mod instrument_record;
mod log_table;
mod plugin;
mod sink;
mod strategy_host;
mod strategy_table;
mod table_log;
mod text;

pub use instrument_record::{instrument_from_record, instrument_to_record};
pub(crate) use log_table::{LogEditor, field_value, str_of_view};
pub use log_table::{log_filter, log_formatter, log_handler};
pub use plugin::{PluginCell, PluginInfo};
pub use sink::SinkBuffer;
pub use text::str_of;

#[doc(hidden)]
pub use plugin::{RootHeader, RootModuleResult, call_root, root_header, root_module};
