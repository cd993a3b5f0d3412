//! Logging from a plugin: levels, records with typed fields, and who takes them.
//!
//! A record is put together on the stack of whoever logs, handed to the host and copied there: nothing of it points into
//! the plugin afterwards, so a plugin that logged can be unloaded. Whether a level is taken is one load of a number that
//! the host keeps ([`log_enabled!`](crate::log_enabled)).
//!
//! Absent: filters and handlers of the instance's own, which are the host's (`[logging]`); a plugin that offers some is
//! exported with [`export_log!`](crate::export_log).

#[cfg(feature = "log")]
mod forward_log;
#[cfg(feature = "tracing")]
mod forward_tracing;
mod level;
mod message;
mod plugin_log;
mod record;
mod scope;
mod target;
mod value;

pub use level::Level;
pub use plugin_log::{PluginLog, capture_linked};
pub use record::{Location, Log, exception_text};
pub use scope::{buffered, scoped};
pub use target::{LogSink, LogTarget, PluginLogger};
pub use value::LogValue;

#[doc(hidden)]
pub use message::with_message;
pub(crate) use {
    plugin_log::install,
    scope::{is_enabled as is_enabled_in_scope, pass},
};

/// Logs a text that is put together only if the level is taken; fields come in brackets before it.
///
/// The first argument says who logs: a [`Context`](crate::Context), an [`ExchangeHandle`](crate::ExchangeHandle), a
/// [`PluginLogger`], or [`PluginLog`] where nothing of that is at hand.
///
/// ```
/// use stratd_plugin_api::{Level, PluginLog, log};
///
/// log!(PluginLog, Level::INFO, "{} of {}", 1, 2);
/// log!(PluginLog, Level::ERROR, ["order_id" => 17_u64, "side" => "buy"], "refused");
/// ```
#[macro_export]
macro_rules! log {
    ($target:expr, $level:expr, [$($key:expr => $value:expr),* $(,)?], $($message:tt)+) => {{
        let level: $crate::Level = $level;
        let target = &$target;
        if $crate::LogTarget::is_enabled(target, level) {
            $crate::__with_message(::core::format_args!($($message)+), |message| {
                $crate::LogTarget::log_record(target, &$crate::Log {
                    fields: &[$(($key, $crate::LogValue::from($value))),*],
                    location: $crate::Location {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        function: "",
                        module: ::core::module_path!(),
                    },
                    ..$crate::Log::new(level, message)
                });
            });
        }
    }};
    ($target:expr, $level:expr, $($message:tt)+) => {
        $crate::log!($target, $level, [], $($message)+)
    };
}

/// Whether anybody takes a record of this level: one load, for whatever is expensive to put together.
///
/// ```
/// use stratd_plugin_api::{Level, PluginLog, log_enabled};
///
/// if log_enabled!(PluginLog, Level::DEBUG) {
///     // …
/// }
/// ```
#[macro_export]
macro_rules! log_enabled {
    ($target:expr, $level:expr) => {
        $crate::LogTarget::is_enabled(&$target, $level)
    };
}
