//! The two doors of a plugin, both leading to the same [`PluginV1`].
//!
//! Every language exports the function [`PLUGIN_ENTRY`]. Rust plugins export abi_stable's root module
//! besides, so that the host can compare every type of the contract by name, field and layout before it calls
//! anything; the payload of the module is that same function.

use abi_stable::{StableAbi, library::RootModule, package_version_strings, sabi_types::VersionStrings};

use crate::PluginV1;

/// Name of the exported function.
pub const PLUGIN_ENTRY: &str = "stratd_plugin_v1";
/// [`PLUGIN_ENTRY`] as a C string.
pub const PLUGIN_ENTRY_WITH_NUL: &[u8] = b"stratd_plugin_v1\0";

/// Type of the exported function: returns data that lives as long as the library, or null if it could not be
/// built.
pub type PluginEntry = unsafe extern "C" fn() -> *const PluginV1;

/// The root module that abi_stable checks.
// A prefix type by necessity of abi_stable; neither it nor any type behind it ever grows: abi_stable refuses a plugin
// whose types have fewer fields than the host's. The version of this package is compared with each type, by its major
// number alone from 1.0 on.
#[expect(non_camel_case_types, reason = "abi_stable's derive names the reference type Name_Ref")]
mod module {
    use super::{PluginV1, StableAbi};

    /// The root module: the entry function again.
    #[repr(C)]
    #[derive(StableAbi)]
    #[sabi(kind(Prefix(prefix_ref = PluginModule_Ref)))]
    #[sabi(missing_field(panic))]
    pub struct PluginModule {
        /// The function of [`super::PLUGIN_ENTRY`].
        #[sabi(last_prefix_field)]
        pub plugin: unsafe extern "C" fn() -> *const PluginV1,
    }
}
pub use module::{PluginModule, PluginModule_Ref};

impl RootModule for PluginModule_Ref {
    abi_stable::declare_root_module_statics! {PluginModule_Ref}
    const BASE_NAME: &'static str = "stratd_plugin";
    const NAME: &'static str = "stratd_plugin";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}
