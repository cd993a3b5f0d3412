//! The export macros: the only code that an author's crate gets from us.

/// Exports a [`crate::Strategy`] as the plugin of this library: both doors, under a guard.
///
/// Name, version and description are those of the calling package; `name = "…"` gives another name, for a package that
/// builds a further version of a plugin. The crate needs
/// `crate-type = ["cdylib"]` and may `forbid(unsafe_code)`.
#[macro_export]
macro_rules! export_strategy {
    ($strategy:ty) => {
        $crate::__export_plugin!(strategy, $strategy, env!("CARGO_PKG_NAME"));
    };
    ($strategy:ty, name = $name:expr) => {
        $crate::__export_plugin!(strategy, $strategy, $name);
    };
}

/// Exports a [`crate::Exchange`] as the plugin of this library, as [`crate::export_strategy!`].
#[macro_export]
macro_rules! export_exchange {
    ($exchange:ty) => {
        $crate::__export_plugin!(exchange, $exchange, env!("CARGO_PKG_NAME"));
    };
    ($exchange:ty, name = $name:expr) => {
        $crate::__export_plugin!(exchange, $exchange, $name);
    };
}

/// Exports filters ([`crate::LogFilter`]), handlers ([`crate::LogHandler`]) and formatters ([`crate::LogFormatter`]) of
/// the log as the plugin of this library, as [`crate::export_strategy!`]. The package is called `log-…`.
///
/// ```ignore
/// stratd_plugin_api::export_log!(filters: [NoShow], handlers: [], formatters: []);
/// ```
#[macro_export]
macro_rules! export_log {
    (filters: [$($filter:ty),* $(,)?], handlers: [$($handler:ty),* $(,)?], formatters: [$($formatter:ty),* $(,)?] $(,)?) => {
        $crate::__export_door!(env!("CARGO_PKG_NAME"), |cell, info| cell.log(info, || {
            ::std::vec![
                $($crate::export::log_filter::<$filter>(),)*
                $($crate::export::log_handler::<$handler>(),)*
                $($crate::export::log_formatter::<$formatter>(),)*
            ]
        }));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_plugin {
    ($kind:ident, $plugin:ty, $name:expr) => {
        $crate::__export_door!($name, |cell, info| cell.$kind::<$plugin>(info));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_door {
    ($name:expr, |$cell:ident, $info:ident| $make:expr) => {
        const _: () = {
            // the door of every language
            #[unsafe(export_name = "stratd_plugin_v1")]
            extern "C" fn stratd_plugin_v1() -> *const $crate::abi::PluginV1 {
                static PLUGIN: $crate::export::PluginCell = $crate::export::PluginCell::new();
                let $cell = &PLUGIN;
                let $info = $crate::export::PluginInfo {
                    name: $name,
                    version: env!("CARGO_PKG_VERSION"),
                    description: env!("CARGO_PKG_DESCRIPTION"),
                    // asked here, in the author's crate: it decides what a panic does, whatever the SDK was built with
                    panic_unwinds: cfg!(panic = "unwind"),
                };
                $make
            }

            // the door of Rust: abi_stable's root module, found under the name that abi_stable 0.11 mangles
            fn root() -> $crate::abi::PluginModule_Ref {
                $crate::export::root_module(stratd_plugin_v1)
            }
            extern "C" fn constructor() -> $crate::export::RootModuleResult {
                $crate::export::call_root(root)
            }
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            static ROOT: $crate::export::RootHeader = $crate::export::root_header(constructor);
        };
    };
}
