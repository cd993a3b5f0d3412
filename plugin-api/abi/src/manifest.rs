//! What a plugin says of itself, readable without creating an instance.

use std::ffi::c_void;

use abi_stable::StableAbi;

use crate::{ExchangeV1, Str, StrategyV1};

/// A plugin's description. Static data of the library.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct ManifestV1 {
    /// Size of this record in bytes.
    pub size: u32,
    /// [`crate::ABI`].
    pub abi: u32,
    /// One of [`crate::plugin_kind`].
    pub kind: u32,
    /// Version of the saved state; 0 = the plugin saves none.
    pub state_version: u32,
    /// The oldest state version that `restore` understands.
    pub state_compat_min: u32,
    /// 1 if panics unwind (Rust) or cannot occur (C); 0 if a panic would end the process.
    pub panic_unwinds: u32,
    /// Bits of [`crate::plugin_flag`].
    pub flags: u64,
    /// Exchange: bits of [`crate::trading_type`] that it serves.
    pub trading_types: u32,
    /// Exchange: bits 1 << [`crate::instrument_type`] that it serves.
    pub instrument_types: u32,
    /// Exchange with order entry: bits 1 << [`crate::order_type`] that it takes, at least one. The host holds back
    /// what it can emulate of the others, and denies the rest.
    pub order_types: u32,
    /// Exchange with order entry: bits of [`crate::order_flag`] that it takes; `ATTACHED` is the host's.
    pub order_flags: u32,
    /// Exchange with order entry: bits 1 << [`crate::order_lifetime`] that it takes, at least one.
    pub order_lifetimes: u32,
    /// Exchange with order entry: 1 if orders of one `group` exclude each other there; 0 = the host sees to it, and
    /// the exchange gets no group.
    pub order_groups: u32,
    /// Name, e.g. "strategy-ema-cross": 1..=64 of `a-z 0-9 -`.
    pub name: Str,
    /// Version of the plugin.
    pub version: Str,
    /// One sentence.
    pub description: Str,
    /// Build id; empty = the one of the ELF note counts.
    pub build_id: Str,
    /// Compiler, e.g. "rustc 1.95.0" or "gcc 12.2.0".
    pub compiler: Str,
    /// Version of the ABI crate or header.
    pub abi_crate: Str,
    /// JSON schema of the configuration.
    pub config_schema: Str,
}

/// What the exported function returns: the manifest and the one table that the kind needs.
/// Static data of the library.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct PluginV1 {
    /// Size of this record in bytes.
    pub size: u32,
    /// [`crate::ABI`].
    pub abi: u32,
    /// Description.
    pub manifest: *const ManifestV1,
    /// The table of a strategy; null for other kinds.
    pub strategy: *const StrategyV1,
    /// The table of a connector; null for other kinds.
    pub exchange: *const ExchangeV1,
    /// An extension table of the library by id ("stratd.NAME/1"), static data; null if unknown. May be null.
    pub get_extension: Option<unsafe extern "C" fn(id: Str) -> *const c_void>,
}
