//! The bodies of requests. An unknown key is refused: a typing error must not be taken for consent to the default.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The body of `POST /v1/inspect`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct InspectRequest {
    /// The file; absolute, because the daemon has a working directory of its own.
    #[cfg_attr(feature = "openapi", schema(pattern = "^/"))]
    pub file: String,
}

/// The body of `POST /v1/plugins`: one more instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LoadRequest {
    /// The file; absolute, because the daemon has a working directory of its own.
    #[cfg_attr(feature = "openapi", schema(pattern = "^/"))]
    pub file: String,
    /// The name of the instance; the short name of the plugin if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The configuration of the instance, as its schema says; empty if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub config: Option<Map<String, Value>>,
}

/// The body of `POST /v1/plugins/NAME/quarantine`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QuarantineRequest {
    /// Why, for whoever finds it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
