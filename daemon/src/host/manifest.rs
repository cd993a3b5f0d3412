//! What a plugin says of itself, copied out of the library and checked.
#![expect(unsafe_code, reason = "reads the library's static data")]

use serde::{Deserialize, Serialize};
use stratd_plugin_api::{
    InstrumentTypes, OrderType, Takes, TradingTypes,
    abi::{ManifestV1, Str, plugin_flag, plugin_kind},
};

use crate::plugin_kind::PluginKind;

use super::{
    borrowed,
    refusal::{Problem, Step},
};

/// The bits of order types that this version knows.
const ORDER_TYPES: u32 = 0xfe;
/// The bits of lifetimes that this version knows.
const ORDER_LIFETIMES: u32 = 7;
const NAME_BYTES_MAX: usize = 64;
const TEXT_BYTES_MAX: usize = 256;
const DESCRIPTION_BYTES_MAX: usize = 1024;
const SCHEMA_BYTES_MAX: usize = 1024 * 1024;

/// A plugin's description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Strategy or exchange.
    pub kind: PluginKind,
    /// 1 to 64 of `a-z 0-9 -`.
    pub name: String,
    /// Version of the plugin.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// The plugin's own build id; empty = that of the ELF note counts.
    pub build_id: String,
    /// Compiler.
    pub compiler: String,
    /// Version of the ABI crate or header.
    pub abi_crate: String,
    /// JSON schema of the configuration; `{}` accepts everything.
    pub config_schema: serde_json::Value,
    /// Version of the saved state; 0 = it saves none.
    pub state_version: u32,
    /// The oldest state version that it restores.
    pub state_compat_min: u32,
    /// Whether a panic can be caught.
    pub panic_unwinds: bool,
    /// Bits of [`plugin_flag`]; unknown ones are kept and mean nothing.
    pub flags: u64,
    /// Exchange: bits of the trading types that it serves.
    pub trading_types: u32,
    /// Exchange: bits of the instrument types that it serves.
    pub instrument_types: u32,
    /// Exchange: the orders that it takes, as the numbers of the manifest.
    #[serde(default)]
    pub takes: [u32; 4],
    /// What it offers to the log: kind, name and a sentence of each part.
    #[serde(default)]
    pub log_parts: Vec<String>,
}

impl Manifest {
    /// What is wrong with a state of that version: what was found and what would be accepted. `None` = nothing.
    #[must_use]
    pub fn refuses_state(&self, version: u32) -> Option<(String, String)> {
        let (least, most) = (self.state_compat_min, self.state_version);
        (!(least..=most).contains(&version))
            .then(|| (format!("a saved state of version {version}"), format!("version {least} to {most}")))
    }

    /// Whether a bit of [`plugin_flag`] is set.
    #[must_use]
    pub const fn has_flag(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }

    /// The trading types that an exchange serves.
    #[must_use]
    pub const fn trading_types(&self) -> TradingTypes {
        TradingTypes::from_bits(self.trading_types)
    }

    /// The instrument types that an exchange serves.
    #[must_use]
    pub const fn instrument_types(&self) -> InstrumentTypes {
        InstrumentTypes::from_bits(self.instrument_types)
    }

    /// The orders that an exchange takes.
    #[must_use]
    pub fn takes(&self) -> Takes {
        Takes::from_bits(self.takes)
    }

    /// The orders that are taken for an exchange: by itself, or without order entry by the fill model; of these types only,
    /// if the configuration names some.
    #[must_use]
    pub fn takes_of(&self, types: Option<&[OrderType]>) -> Takes {
        let takes = if self.has_flag(plugin_flag::ORDER_ENTRY) { self.takes() } else { Takes::ALL };
        types.map_or(takes, |types| takes.only(types))
    }

    /// Slices of many events are allowed.
    #[must_use]
    pub const fn is_batch_safe(&self) -> bool {
        self.has_flag(plugin_flag::BATCH_SAFE)
    }

    /// Copies the manifest, or lists all that is wrong with it.
    ///
    /// # Safety
    /// The texts of `raw` are static data of a loaded library.
    pub(super) unsafe fn read(raw: &ManifestV1) -> Result<Self, Problem> {
        let mut wrong = Wrong::default();
        let kind = match raw.kind {
            plugin_kind::STRATEGY => PluginKind::Strategy,
            plugin_kind::EXCHANGE => PluginKind::Exchange,
            plugin_kind::LOG => PluginKind::Log,
            other => {
                wrong.push(format!("kind {other}"), "1 (strategy), 2 (exchange) or 3 (log)");
                PluginKind::Strategy
            }
        };
        let mut text = |what: &str, text: Str, limit: usize| {
            // SAFETY: as demanded of the caller
            let found = unsafe { borrowed::exact_text(text, limit) };
            let Some(found) = found else {
                wrong.push(
                    format!("{what} of {} bytes that is no usable text", text.length),
                    format!("UTF-8 of at most {limit} bytes"),
                );
                return String::new();
            };
            found.to_owned()
        };
        let name = text("a name", raw.name, NAME_BYTES_MAX);
        let version = text("a version", raw.version, TEXT_BYTES_MAX);
        let description = text("a description", raw.description, DESCRIPTION_BYTES_MAX);
        let build_id = text("a build id", raw.build_id, TEXT_BYTES_MAX);
        let compiler = text("a compiler", raw.compiler, TEXT_BYTES_MAX);
        let abi_crate = text("an ABI version", raw.abi_crate, TEXT_BYTES_MAX);
        let schema = text("a configuration schema", raw.config_schema, SCHEMA_BYTES_MAX);

        if !is_name(&name) {
            wrong.push(format!("the name \"{}\"", name.escape_default()), "1 to 64 of a-z 0-9 -");
        }
        if version.is_empty() {
            wrong.push("no version", "one");
        }
        if raw.state_compat_min > raw.state_version {
            wrong.push(
                format!("state version {} that restores from {}", raw.state_version, raw.state_compat_min),
                "the latter not above the former",
            );
        }
        if kind == PluginKind::Exchange {
            check_exchange(raw, &mut wrong);
        }
        let config_schema = schema_of(&schema).unwrap_or_else(|error| {
            wrong.push(format!("a configuration schema that is no JSON object: {error}"), "a JSON schema");
            serde_json::Value::Null
        });
        wrong.into_result()?;
        Ok(Self {
            kind,
            name,
            version,
            description,
            build_id,
            compiler,
            abi_crate,
            config_schema,
            state_version: raw.state_version,
            state_compat_min: raw.state_compat_min,
            panic_unwinds: raw.panic_unwinds == 1,
            flags: raw.flags,
            trading_types: raw.trading_types,
            instrument_types: raw.instrument_types,
            takes: [raw.order_types, raw.order_flags, raw.order_lifetimes, raw.order_groups],
            log_parts: Vec::new(),
        })
    }
}

/// What an exchange must say of itself.
fn check_exchange(raw: &ManifestV1, wrong: &mut Wrong) {
    if raw.flags & (plugin_flag::MARKET_DATA | plugin_flag::ORDER_ENTRY) == 0 {
        wrong.push("an exchange with neither market data nor order entry", "at least one of the two");
    }
    if raw.trading_types == 0 {
        wrong.push("an exchange that serves no trading type", "at least one");
    }
    let takes_orders = raw.flags & plugin_flag::ORDER_ENTRY != 0;
    if takes_orders && (raw.order_types & ORDER_TYPES == 0 || raw.order_lifetimes & ORDER_LIFETIMES == 0) {
        wrong.push(
            format!(
                "an exchange with order entry that takes no orders (order_types {:#x}, order_lifetimes {:#x})",
                raw.order_types, raw.order_lifetimes
            ),
            "a bit 1 << type for each order type that it takes, and 1 << lifetime for each lifetime",
        );
    }
}

/// All problems of one step, which are reported together.
#[derive(Default)]
struct Wrong {
    found: Vec<String>,
    accepted: Vec<String>,
}

impl Wrong {
    fn push(&mut self, found: impl Into<String>, accepted: impl Into<String>) {
        self.found.push(found.into());
        self.accepted.push(accepted.into());
    }

    fn into_result(self) -> Result<(), Problem> {
        if self.found.is_empty() {
            return Ok(());
        }
        Err(Problem::new(Step::Manifest, self.found.join("; "), self.accepted.join("; ")))
    }
}

/// A plugin without a schema accepts any table.
fn schema_of(text: &str) -> Result<serde_json::Value, String> {
    let text = if text.is_empty() { "{}" } else { text };
    match serde_json::from_str(text).map_err(|e| e.to_string())? {
        object @ serde_json::Value::Object(_) => Ok(object),
        _ => Err("it is another JSON value".to_owned()),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use stratd_plugin_api::abi::ABI;

    use super::*;

    fn raw() -> ManifestV1 {
        ManifestV1 {
            size: u32::try_from(size_of::<ManifestV1>()).unwrap(),
            abi: ABI,
            kind: plugin_kind::STRATEGY,
            state_version: 2,
            state_compat_min: 1,
            panic_unwinds: 1,
            flags: plugin_flag::BATCH_SAFE,
            trading_types: 0,
            instrument_types: 0,
            order_types: 0,
            order_flags: 0,
            order_lifetimes: 0,
            order_groups: 0,
            name: Str::new("strategy-x"),
            version: Str::new("1.0.0"),
            description: Str::EMPTY,
            build_id: Str::EMPTY,
            compiler: Str::EMPTY,
            abi_crate: Str::EMPTY,
            config_schema: Str::EMPTY,
        }
    }

    fn read(raw: &ManifestV1) -> Result<Manifest, Problem> {
        // SAFETY: the texts are literals
        unsafe { Manifest::read(raw) }
    }

    fn refused(raw: ManifestV1, expected: Expect) {
        let problem = read(&raw).expect_err("the manifest is bad");
        expected.assert_eq(&format!("{} (accepted: {})", problem.found, problem.accepted));
    }

    #[test]
    fn a_manifest_is_copied() {
        let manifest = read(&raw()).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.kind), ("strategy-x", PluginKind::Strategy));
        assert!(manifest.is_batch_safe());
        assert_eq!(manifest.config_schema, serde_json::json!({}));
    }

    #[test]
    fn all_problems_are_told_together() {
        refused(
            ManifestV1 {
                kind: 9,
                name: Str::new("Strategy_X"),
                version: Str { data: b"\xff".as_ptr(), length: 1 },
                state_compat_min: 3,
                config_schema: Str::new("[]"),
                ..raw()
            },
            expect![[
                r#"kind 9; a version of 1 bytes that is no usable text; the name "Strategy_X"; no version; state version 2 that restores from 3; a configuration schema that is no JSON object: it is another JSON value (accepted: 1 (strategy), 2 (exchange) or 3 (log); UTF-8 of at most 256 bytes; 1 to 64 of a-z 0-9 -; one; the latter not above the former; a JSON schema)"#
            ]],
        );
    }

    #[test]
    fn a_length_that_cannot_be_is_not_read() {
        let name = Str { data: b"x".as_ptr(), length: u64::MAX };
        refused(
            ManifestV1 { name, ..raw() },
            expect![[
                r#"a name of 18446744073709551615 bytes that is no usable text; the name "" (accepted: UTF-8 of at most 64 bytes; 1 to 64 of a-z 0-9 -)"#
            ]],
        );
    }

    #[test]
    fn an_exchange_with_order_entry_says_which_orders_it_takes() {
        let venue = ManifestV1 {
            kind: plugin_kind::EXCHANGE,
            flags: plugin_flag::ORDER_ENTRY,
            trading_types: 8,
            order_types: 6,
            order_lifetimes: 1,
            ..raw()
        };
        assert_eq!(read(&venue).unwrap().takes().to_string(), "market, limit; gtc");
        refused(
            ManifestV1 { order_types: 1, ..venue },
            expect![[
                r#"an exchange with order entry that takes no orders (order_types 0x1, order_lifetimes 0x1) (accepted: a bit 1 << type for each order type that it takes, and 1 << lifetime for each lifetime)"#
            ]],
        );
        assert!(read(&ManifestV1 { order_lifetimes: 0, ..venue }).is_err());
    }

    #[test]
    fn an_exchange_must_offer_something() {
        refused(
            ManifestV1 { kind: plugin_kind::EXCHANGE, ..raw() },
            expect![
                "an exchange with neither market data nor order entry; an exchange that serves no trading type (accepted: at least one of the two; at least one)"
            ],
        );
    }
}
