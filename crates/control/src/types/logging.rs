//! The log of the daemon.

use serde::{Deserialize, Serialize};

use super::is_false;

/// `GET /v1/logging`: the tree of loggers, and what each handler did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogTree {
    /// Every logger, the root first, then by name.
    pub loggers: Vec<LogLogger>,
    /// Every handler, in the order in which they were made.
    pub handlers: Vec<LogHandler>,
    /// Every receiver, in the order of the configuration.
    #[serde(default)]
    pub receivers: Vec<LogReceiver>,
    /// Every record of this level and below is silent, whatever the loggers say; absent if nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_to: Option<String>,
    /// Records that were lost because their thread found no room on their way to the handlers.
    pub lost: u64,
    /// Fields that arrived as `x_NAME`, because their name is that of an attribute of every record.
    pub renamed_fields: u64,
}

/// A logger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogLogger {
    /// Its name.
    pub name: String,
    /// The level that was set for it; absent if it takes that of the one above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The level that is in force.
    pub effective_level: String,
    /// Whether its records go on to the handlers above it.
    pub propagate: bool,
    /// Whether it is silenced.
    pub disabled: bool,
    /// The handlers attached to it.
    pub handlers: Vec<String>,
    /// How many filters it has.
    pub filters: u64,
    /// The level that it gets back, if the one it has is temporary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts_to: Option<String>,
    /// When it gets it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts_in_ns: Option<u64>,
}

/// A handler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogHandler {
    /// Its name.
    pub name: String,
    /// Its kind, as the configuration calls it; `own` for one that the daemon added.
    pub kind: String,
    /// The lowest level that it takes.
    pub level: String,
    /// Records that wait in it.
    pub queued: u64,
    /// Records that it wrote, delivered or handed over.
    pub written: u64,
    /// Records that it dropped.
    pub dropped: u64,
    /// Records, and later attempts, that failed.
    pub errors: u64,
    /// The last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// A receiver of records of other programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogReceiver {
    /// Its name.
    pub name: String,
    /// Its kind, as the configuration calls it.
    pub kind: String,
    /// Where it listens, as `tcp 127.0.0.1:9020`.
    pub address: String,
    /// Connections that are open.
    pub connections: u64,
    /// Records that it wrote, delivered or handed over.
    pub received: u64,
    /// Frames that it could not read.
    pub refused: u64,
    /// Connections that it closed at once, because there were too many.
    pub connections_refused: u64,
    /// Datagrams that came faster than they were read, and that the kernel dropped.
    pub dropped: u64,
    /// The last thing that went wrong, and whose it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// The body of `POST /v1/logging/level`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LevelRequest {
    /// The logger; empty, or `root`, for the root.
    pub logger: String,
    /// The name or the number of a level; `NOTSET` for that of the logger above.
    pub level: String,
    /// For so many seconds; for good if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 604_800))]
    pub seconds: Option<u64>,
}

/// The body of `POST /v1/logging/disable`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DisableRequest {
    /// Every logger is silent up to this level; `NOTSET` ends it.
    pub level: String,
}

/// What became of a change of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogDone {
    /// In a sentence.
    pub report: String,
    /// Whether it was only looked at (`?dry_run=true`): nothing was changed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
}

/// `GET /v1/logging/resolve`: what would become of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogResolution {
    /// The logger that was asked for.
    pub logger: String,
    /// The level that was asked for.
    pub level: String,
    /// Why the logger does not take it; absent if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Filters of the logger, which may refuse it besides.
    pub filters: u64,
    /// Every handler: those on its way first, in their order.
    pub handlers: Vec<LogReach>,
}

/// A handler, and whether a record reaches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogReach {
    /// The handler.
    pub handler: String,
    /// The logger that it is reached through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logger: Option<String>,
    /// Why the record does not reach it, or is not taken; absent if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Filters of the handler, which may refuse it besides.
    pub filters: u64,
}

/// The body of `POST /v1/logging/apply`: a configuration in TOML, as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LogConfigRequest {
    /// The text: the table `[logging]` of a configuration, or that table alone. With `incremental = true` it changes the
    /// levels and the propagation that it names, and nothing else.
    pub text: String,
    /// What problems call the text; relative paths in it start in the folder of this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// As if the text said `incremental = true`.
    #[serde(default)]
    pub incremental: bool,
}

/// `GET /v1/logging/flight/{name}`: the last records of every level of one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogFlight {
    /// The logger, as `strategy.momentum`.
    pub logger: String,
    /// The records, the oldest first.
    pub records: Vec<FlightRecord>,
    /// Records that were kept and forgotten for newer ones.
    pub forgotten: u64,
}

/// A record of a flight recorder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FlightRecord {
    /// When, in nanoseconds since 1970.
    pub at_ns: i64,
    /// When, as people read it.
    pub at: String,
    /// The name of its level.
    pub level: String,
    /// The logger that it was logged on.
    pub logger: String,
    /// The thread.
    pub thread: String,
    /// The text.
    pub message: String,
    /// Further fields, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, String)>,
}
