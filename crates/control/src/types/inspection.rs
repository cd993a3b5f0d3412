//! A file looked at without loading it into the daemon.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `POST /v1/inspect`, and what `stratd plugin inspect --json` prints.
///
/// A file that would be refused is inspected with success: the refusal is the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Inspection {
    /// Whether the file would be taken.
    pub verdict: Verdict,
    /// What is known of the file.
    pub plugin: PluginFile,
    /// Whether every type of the contract was compared; only if accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout_checked: Option<bool>,
    /// What the plugin says of itself; only if accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub manifest: Option<Value>,
    /// The step that refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What would have been accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// The refusal in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Whether a file would be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every step accepted it.
    Accepted,
    /// A step refused it.
    Refused,
}

/// What is known of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PluginFile {
    /// Where it is.
    pub file: String,
    /// Its SHA-256.
    pub hash: Option<String>,
    /// What the linker named the build.
    pub build_id: Option<String>,
    /// The name of the plugin.
    pub name: Option<String>,
    /// The version of the plugin.
    pub version: Option<String>,
}
