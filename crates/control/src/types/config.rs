//! The configuration in force, its generations, and changes of it. Secrets are references (`${credential:NAME}`), or
//! hidden (`***`): a change that has the sign keeps what is there.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::is_false;

/// The answer to `GET /v1/config`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Config {
    /// Its number, larger for later ones.
    pub generation: u64,
    /// Since when it is in force.
    pub since: String,
    /// The whole, flags included.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub config: Map<String, Value>,
    /// Where each value was written, in the order of the whole.
    pub values: Vec<ConfigValue>,
    /// The files, in the order in which they are layered.
    pub files: Vec<String>,
    /// Whether the files say something else by now; a reload takes them.
    pub has_drifted: bool,
    /// What the files are refused for, if they cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_problem: Option<String>,
    /// The generation that it goes back to unless it is confirmed in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<ConfigUnconfirmed>,
    /// A generation that waits for the next start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

/// One value with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigValue {
    /// Dotted, entries by their names: `strategy.momentum.config.fast`.
    pub key: String,
    /// The value.
    #[cfg_attr(feature = "openapi", schema(value_type = Value))]
    pub value: Value,
    /// `FILE:LINE`, a flag, or who changed it.
    pub source: String,
}

/// What an unconfirmed generation goes back to, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigUnconfirmed {
    /// The generation before.
    pub goes_back_to: u64,
    /// When.
    pub at: String,
    /// In so many seconds.
    pub seconds_left: u64,
}

/// The answer to `GET /v1/config/{path}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigPart {
    /// The path, its entries by name.
    pub path: String,
    /// The same as a JSON pointer into the whole.
    pub pointer: String,
    /// What is there.
    #[cfg_attr(feature = "openapi", schema(value_type = Value))]
    pub value: Value,
    /// Where it was written; absent where its parts come from several places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A value to be put, or a merge patch: any JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct ConfigEdit(pub Value);

/// The body of `POST /v1/config/apply`: exactly one of `files`, `text`, `config` and `patch`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ConfigApplyRequest {
    /// What the daemon's own files say now.
    #[serde(skip_serializing_if = "is_false")]
    pub files: bool,
    /// A configuration in TOML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The file of the text, absolute: what problems call it, and where its relative paths start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A whole configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub config: Option<Map<String, Value>>,
    /// A JSON merge patch of the one in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub patch: Option<Map<String, Value>>,
    /// It goes back by itself unless it is confirmed within so many seconds, at most a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_within_s: Option<u64>,
    /// It counts from the next start on; keys that cannot change while the run goes on are accepted then.
    #[serde(skip_serializing_if = "is_false")]
    pub at_restart: bool,
}

/// What a change came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigDone {
    /// The generation in force.
    pub generation: u64,
    /// What was done, in a sentence.
    pub report: String,
    /// What differs from before.
    pub changes: Vec<ConfigDifference>,
    /// It goes back by itself unless it is confirmed within so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm_within_s: Option<u64>,
    /// Nothing was changed: it was only tried.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
}

/// A value that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigDifference {
    /// Dotted, entries by their names.
    pub key: String,
    /// Its JSON pointer in the new configuration, or, for what is gone, in the old one.
    pub pointer: String,
    /// What was there; absent if nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub before: Option<Value>,
    /// What is there; absent if it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub after: Option<Value>,
}

/// The answer to `GET /v1/config/history`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigHistory {
    /// Oldest first.
    pub generations: Vec<ConfigGeneration>,
}

/// A configuration that was in force, or is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigGeneration {
    /// Its number.
    pub generation: u64,
    /// When it was put in.
    pub at: String,
    /// Who asked.
    pub who: String,
    /// Why, in words.
    pub cause: String,
    /// `applied`, `unconfirmed`, `pending` (from the next start on), `reverted`, or `trying`.
    pub state: String,
    /// Whether it is in force.
    pub is_current: bool,
}

/// The answer to `GET /v1/config/diff`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfigDiff {
    /// What is compared: `generation 3`.
    pub from: String,
    /// With what: `generation 5`, or `the files`.
    pub to: String,
    /// What differs.
    pub changes: Vec<ConfigDifference>,
}
