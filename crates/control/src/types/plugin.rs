//! A plugin: its file, its generations, its instances.

use serde::{Deserialize, Serialize};

use super::{Instance, is_false};

/// `GET /v1/plugins`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PluginList {
    /// All known plugins, in the order of their names.
    pub plugins: Vec<Plugin>,
}

/// What a plugin is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    /// It trades.
    Strategy,
    /// It connects to an exchange.
    Exchange,
    /// Filters, handlers and formatters of the log.
    Log,
}

impl PluginKind {
    /// The word of the protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Strategy => "strategy",
            Self::Exchange => "exchange",
            Self::Log => "log",
        }
    }
}

/// Where a plugin, one of its generations or one of its instances is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PluginState {
    /// The file was seen.
    Discovered,
    /// The file passed every check that needs no code of it to run.
    Verified,
    /// The library is open.
    Loaded,
    /// It works.
    Started,
    /// It is asked to come to rest, before it is saved and replaced.
    Quiescing,
    /// Another generation took its place, or it was stopped.
    Retired,
    /// It failed, and gets no events.
    Faulted,
    /// It may not start until it is released.
    Quarantined,
    /// It works, and its file is gone.
    Orphaned,
    /// A word of a later daemon.
    #[serde(other)]
    Unknown,
}

impl PluginState {
    /// The word of the protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Discovered => "discovered",
            Self::Verified => "verified",
            Self::Loaded => "loaded",
            Self::Started => "started",
            Self::Quiescing => "quiescing",
            Self::Retired => "retired",
            Self::Faulted => "faulted",
            Self::Quarantined => "quarantined",
            Self::Orphaned => "orphaned",
            Self::Unknown => "unknown",
        }
    }
}

/// `GET /v1/plugins/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plugin {
    /// The full name, as `strategy-ema-cross`.
    pub name: String,
    /// What it is for.
    pub kind: PluginKind,
    /// The version that its author gave it.
    pub version: String,
    /// What the linker named the build.
    pub build_id: String,
    /// The file in the plugin directory.
    pub file: String,
    /// The SHA-256 of the file that runs, in hexadecimal.
    pub hash: String,
    /// Which generation runs; the first is 1.
    pub generation: u64,
    /// Where it is in its life.
    pub state: PluginState,
    /// Since when.
    pub since: String,
    /// `none`, `thread` or `process`.
    pub isolation: String,
    /// What was created from it.
    pub instances: Vec<Instance>,
    /// The last file that was refused; `None` once a later one was taken.
    pub last_refusal: Option<Refusal>,
    /// Generations that are no longer used and whose libraries are still mapped.
    pub retired: Retired,
    /// All generations of this run, the newest last.
    pub generations: Vec<Generation>,
    /// How often the generation before was put back.
    pub rollbacks: u64,
    /// How often another generation took over.
    pub reloads: u64,
    /// The tag of the plugin, as its own `ETag` has it: what a change of it sends as `If-Match`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub etag: String,
}

/// A file that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refusal {
    /// When.
    pub at: String,
    /// Which file.
    pub file: String,
    /// Its SHA-256, if it could be read.
    pub hash: Option<String>,
    /// The step that refused it, as `elf` or `restore`.
    pub step: String,
    /// What is there.
    pub found: String,
    /// What would have been accepted.
    pub accepted: String,
    /// All of it in one sentence.
    pub text: String,
}

/// What generations that are no longer used still occupy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retired {
    /// How many there are.
    pub count: u64,
    /// The address space of their libraries.
    pub mapped_bytes: u64,
    /// What of it is in memory.
    pub resident_bytes: u64,
    /// What of that cannot be read from the file again.
    pub private_bytes: u64,
}

/// One build of a plugin that was loaded in this run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Generation {
    /// Its number; the first is 1.
    pub generation: u64,
    /// The version that its author gave it.
    pub version: String,
    /// What the linker named the build.
    pub build_id: String,
    /// The SHA-256 of the file.
    pub hash: String,
    /// The file in the plugin directory.
    pub file: String,
    /// When.
    pub loaded_at: String,
    /// Where it is in its life.
    pub state: PluginState,
}

/// The answer to every request that changes something: it was done before the answer was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Done {
    /// The plugin afterwards; after a dry run that would make it known, as one that was only seen.
    pub plugin: Plugin,
    /// What was done, in a sentence.
    pub report: String,
    /// Whether it was only looked at (`?dry_run=true`): nothing was changed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
}
