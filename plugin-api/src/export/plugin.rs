//! What the exported function returns, built once per library.
#![expect(unsafe_code, reason = "shares static data with the host and builds abi_stable's header by hand")]

use std::{ffi::c_void, sync::OnceLock};

use abi_stable::{
    library::{CheckTypeLayout, LibHeader},
    prefix_type::PrefixTypeTrait,
};
use schemars::JsonSchema;

use super::{exchange_table::ExchangeTable, str_of, strategy_table::StrategyTable};
use crate::{
    Exchange, Strategy,
    abi::{
        ABI, CRATE_VERSION, LOG_EXTENSION, LogPartV1, LogPartsV1, ManifestV1, PluginModule, PluginModule_Ref,
        PluginV1, Str, plugin_flag, plugin_kind,
    },
    guard::guarded,
};

/// abi_stable's header of a library.
pub type RootHeader = LibHeader;
pub use abi_stable::library::RootModuleResult;

/// What the macro reads from the plugin's own package.
#[derive(Clone, Copy, Debug)]
pub struct PluginInfo {
    /// Package name.
    pub name: &'static str,
    /// Package version.
    pub version: &'static str,
    /// Package description.
    pub description: &'static str,
    /// Whether the plugin's own crate was compiled with panics that unwind.
    pub panic_unwinds: bool,
}

/// Holds the plugin's static data. Its pointers lead to leaked memory of this library.
pub struct PluginCell(OnceLock<Option<PluginV1>>);

// SAFETY: the data is written once, before its address is given away, and never changes; it is plain and immutable
unsafe impl Sync for PluginCell {}

impl PluginCell {
    /// An empty cell.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The plugin of a strategy; null if its schema cannot be made.
    pub fn strategy<S: Strategy>(&'static self, info: PluginInfo) -> *const PluginV1 {
        self.get(|| {
            let mut manifest = manifest(info, plugin_kind::STRATEGY, schema::<S::Config>());
            manifest.state_version = S::STATE_VERSION;
            manifest.state_compat_min = S::STATE_COMPAT_MIN;
            manifest.flags = flag(S::BATCH_SAFE, plugin_flag::BATCH_SAFE)
                | flag(S::SPAWNS_THREADS, plugin_flag::SPAWNS_THREADS)
                | flag(S::UNLOAD_SAFE, plugin_flag::UNLOAD_SAFE);
            plugin(manifest, &raw const *Box::leak(Box::new(StrategyTable::<S>::TABLE)), std::ptr::null())
        })
    }

    /// The plugin of an exchange connector; null if its schema cannot be made.
    pub fn exchange<X: Exchange>(&'static self, info: PluginInfo) -> *const PluginV1 {
        self.get(|| {
            let mut manifest = manifest(info, plugin_kind::EXCHANGE, schema::<X::Config>());
            let can = X::CAPABILITIES;
            manifest.state_version = X::STATE_VERSION;
            manifest.state_compat_min = X::STATE_COMPAT_MIN;
            manifest.trading_types = can.trading_types.bits();
            manifest.instrument_types = can.instrument_types.bits();
            let [types, flags, lifetimes, groups] = can.takes.bits();
            (manifest.order_types, manifest.order_flags) = (types, flags);
            (manifest.order_lifetimes, manifest.order_groups) = (lifetimes, groups);
            manifest.flags = flag(can.market_data, plugin_flag::MARKET_DATA)
                | flag(can.order_entry, plugin_flag::ORDER_ENTRY)
                | flag(can.is_historical, plugin_flag::HISTORICAL)
                | flag(can.spawns_threads, plugin_flag::SPAWNS_THREADS)
                | flag(can.make_before_break, plugin_flag::MAKE_BEFORE_BREAK)
                | flag(X::UNLOAD_SAFE, plugin_flag::UNLOAD_SAFE);
            plugin(manifest, std::ptr::null(), &raw const *Box::leak(Box::new(ExchangeTable::<X>::TABLE)))
        })
    }

    /// The plugin of filters, handlers and formatters of the log; null if a schema cannot be made.
    pub fn log(&'static self, info: PluginInfo, parts: fn() -> Vec<LogPartV1>) -> *const PluginV1 {
        self.get(|| {
            let parts: &'static [LogPartV1] = Box::leak(parts().into_boxed_slice());
            PARTS.get_or_init(|| {
                Parts(LogPartsV1 {
                    #[expect(clippy::cast_possible_truncation, reason = "a record is small")]
                    size: size_of::<LogPartsV1>() as u32,
                    abi: ABI,
                    count: parts.len() as u64,
                    parts: parts.as_ptr(),
                })
            });
            let manifest = manifest(info, plugin_kind::LOG, "{}");
            let plugin = plugin(manifest, std::ptr::null(), std::ptr::null());
            PluginV1 { get_extension: Some(get_extension), ..plugin }
        })
    }

    fn get(&'static self, build: impl FnOnce() -> PluginV1) -> *const PluginV1 {
        // making the schema runs code of the author: a panic there must not cross
        let built = self.0.get_or_init(|| guarded(|| Ok(build())).ok());
        built.as_ref().map_or(std::ptr::null(), std::ptr::from_ref)
    }
}

/// What this library offers to the log.
static PARTS: OnceLock<Parts> = OnceLock::new();

struct Parts(LogPartsV1);
// SAFETY: written once, plain and immutable; its pointer leads to leaked memory of this library
unsafe impl Sync for Parts {}
// SAFETY: as above
unsafe impl Send for Parts {}

/// The extensions of a library: the parts of the log.
unsafe extern "C" fn get_extension(id: Str) -> *const c_void {
    // SAFETY: the host lends the text for the call
    match unsafe { str_of(id) } {
        Some(LOG_EXTENSION) => PARTS.get().map_or(std::ptr::null(), |parts| (&raw const parts.0).cast()),
        _ => std::ptr::null(),
    }
}

impl Default for PluginCell {
    fn default() -> Self {
        Self::new()
    }
}

fn flag(is_set: bool, bit: u64) -> u64 {
    if is_set { bit } else { 0 }
}

pub(super) fn schema<C: JsonSchema>() -> &'static str {
    let mut schema = schemars::schema_for!(C);
    // the dialect is always the same, and the title would only repeat the name of the author's type
    schema.remove("$schema");
    schema.remove("title");
    Box::leak(schema.as_value().to_string().into_boxed_str())
}

#[expect(clippy::cast_possible_truncation, reason = "the records are small")]
fn manifest(info: PluginInfo, kind: u32, config_schema: &'static str) -> ManifestV1 {
    ManifestV1 {
        size: size_of::<ManifestV1>() as u32,
        abi: ABI,
        kind,
        state_version: 0,
        state_compat_min: 0,
        panic_unwinds: u32::from(info.panic_unwinds && cfg!(panic = "unwind")),
        flags: 0,
        trading_types: 0,
        instrument_types: 0,
        order_types: 0,
        order_flags: 0,
        order_lifetimes: 0,
        order_groups: 0,
        name: Str::new(info.name),
        version: Str::new(info.version),
        description: Str::new(info.description),
        build_id: Str::EMPTY,
        compiler: Str::new(env!("STRATD_COMPILER")),
        abi_crate: Str::new(CRATE_VERSION),
        config_schema: Str::new(config_schema),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the records are small")]
fn plugin(
    manifest: ManifestV1,
    strategy: *const crate::abi::StrategyV1,
    exchange: *const crate::abi::ExchangeV1,
) -> PluginV1 {
    PluginV1 {
        size: size_of::<PluginV1>() as u32,
        abi: ABI,
        manifest: &raw const *Box::leak(Box::new(manifest)),
        strategy,
        exchange,
        get_extension: None,
    }
}

/// The payload of abi_stable's door: the entry function again.
#[must_use]
pub fn root_module(plugin: unsafe extern "C" fn() -> *const PluginV1) -> PluginModule_Ref {
    PluginModule { plugin }.leak_into_prefix()
}

/// Runs a root module loader the way abi_stable wants it: its globals first.
pub fn call_root(loader: fn() -> PluginModule_Ref) -> RootModuleResult {
    abi_stable::library::__call_root_module_loader(loader)
}

/// What `#[export_root_module]` would write. Made by hand so that a plugin need not list abi_stable itself.
#[must_use]
pub const fn root_header(constructor: extern "C" fn() -> RootModuleResult) -> RootHeader {
    // SAFETY: the export macros pass a constructor that returns a `PluginModule_Ref`
    unsafe { LibHeader::from_constructor::<PluginModule_Ref>(constructor, CheckTypeLayout::Yes) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_export_macro_uses_the_name_that_abi_stable_looks_for() {
        let name = abi_stable::library::ROOT_MODULE_LOADER_NAME_WITH_NUL;
        assert_eq!(name, "_1as_0lib_1header_0root_bmodule_bloader\0");
        assert!(include_str!("../macros.rs").contains(name.trim_end_matches('\0')));
    }
}
