//! What the loader and its throw-away process tell each other.
//!
//! The child finds one line of JSON on its standard input, a [`Request`], and behind it the bytes of the states, one
//! after the other. It answers on its standard output, one line of JSON for each [`Report`].

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stratd_plugin_api::TradingType;

use super::{
    manifest::Manifest,
    refusal::{Identity, Refusal, Step},
};

/// What the child is to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Request {
    /// The private copy.
    pub(crate) copy: PathBuf,
    /// What is known of it.
    pub(crate) plugin: Identity,
    /// The process that asks; without it the child has nothing to do.
    pub(crate) parent: u32,
    /// The address space that the child may have.
    pub(crate) memory_bytes_max: u64,
    /// The instances to create.
    pub(crate) trials: Vec<TrialRequest>,
}

/// An instance to create.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrialRequest {
    pub(crate) instance: String,
    pub(crate) config: Value,
    pub(crate) run: TradingType,
    /// Version of the state to restore, and how many bytes it has.
    pub(crate) state: Option<(u32, u64)>,
}

/// What the child tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Report {
    /// A step is about to be taken.
    Step {
        /// The step.
        step: Step,
        /// What is known by then.
        plugin: Identity,
        /// The instance that it is about, if it is about one.
        instance: Option<String>,
    },
    /// The plugin is accepted.
    // boxed: by far the largest
    Accepted(Box<Accepted>),
    /// The plugin is refused.
    Refused(Refusal),
}

/// A plugin that a probe accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Which plugin it is, with the name and version of its manifest.
    pub plugin: Identity,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Whether every type of the contract was compared field by field.
    pub is_layout_checked: bool,
}
