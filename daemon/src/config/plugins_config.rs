//! The keys of `[plugins]`, `[state]` and `[control]`: how a run that goes on by the clock treats its plugins, what it
//! keeps, and who may command it. A backtest looks at none of them but `[plugins.trust]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;

/// How plugins are watched, loaded and swapped while the run goes on.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PluginsConfig {
    /// Whether files in the plugin folders are watched: a file that changed is loaded and takes over.
    /// Without it, only `stratctl plugin reload` and `load` do that.
    #[schemars(extend("default" = true))]
    pub watch: bool,
    /// How long a file must rest before it is read.
    #[schemars(extend("default" = "200ms"))]
    pub settle: Span,
    /// How often the folders are looked through, for what their file system does not tell.
    #[schemars(extend("default" = "2s"))]
    pub poll: Span,
    /// Whether a strategy plugin that no `[[strategy]]` table uses is started when its file appears, with an empty
    /// configuration, under the name of the plugin. It also starts with the next run, if that keeps its state in the
    /// same folder; other files that lie in the plugin folders when a run begins do not.
    #[schemars(extend("default" = false))]
    pub start_new: bool,
    /// Whether a plugin is first loaded, created and given a copy of the state in a child process.
    #[schemars(extend("default" = true))]
    pub probe: bool,
    /// How long that child may take.
    #[schemars(extend("default" = "10s"))]
    pub probe_timeout: Span,
    /// How long a strategy may take to prepare for being replaced.
    #[schemars(extend("default" = "1s"))]
    pub quiesce_timeout: Span,
    /// What happens when the new version refuses the state of the old one.
    #[schemars(extend("default" = "keep"))]
    pub on_restore_error: OnRestoreError,
    /// A new version that fails within so many events is replaced by the one before it.
    #[schemars(extend("default" = 1000))]
    pub probation_events: u32,
    /// A new version that fails within this time is replaced by the one before it.
    #[schemars(extend("default" = "10s"))]
    pub probation_time: Span,
    /// An in-process call that takes longer is a hang: the watchdog names the plugin and aborts the daemon.
    #[schemars(extend("default" = "10s"))]
    pub hang_timeout: Span,
    /// A strategy that was active at so many crashes of the daemon, or that crashed so often itself within ten
    /// minutes, is quarantined. An exchange never is: one that died so often within ten minutes stays away, with its
    /// instruments halted, until a command starts it.
    #[schemars(range(min = 1, max = 100_000), extend("default" = 3))]
    pub crash_limit: u32,
    /// Whom the daemon trusts to put plugins in place.
    pub trust: TrustConfig,
    /// What holds for all instances on threads or processes of their own.
    pub isolation: IsolationConfig,
}

/// Whom the daemon trusts to put plugins in place.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrustConfig {
    /// Groups whose members may write plugins and their folders, besides root and the daemon's own user.
    #[schemars(length(max = 16))]
    pub groups: Vec<String>,
    /// Whether a plugin needs a signature in `FILE.minisig`. One that is there is checked in any case.
    pub require_signature: bool,
    /// The minisign public keys whose signatures count: the base64 line of the `.pub` file.
    #[schemars(length(max = 64))]
    pub keys: Vec<String>,
}

/// What happens when the new version refuses the state of the old one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum OnRestoreError {
    /// The old version goes on.
    #[default]
    Keep,
    /// The new version starts without a state.
    Fresh,
}

/// What the daemon keeps for its next start.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StateConfig {
    /// The folder of `state.db`. Without this key it is the folder that systemd names in `STATE_DIRECTORY`, and
    /// without that nothing is kept.
    /// A relative path starts in the folder of the configuration file.
    #[schemars(with = "String", extend("format" = "path"))]
    pub dir: Option<PathBuf>,
    /// How often the states of the strategies are saved.
    #[schemars(extend("default" = "10s"))]
    pub save_interval: Span,
    /// How many days `state.db` keeps orders that have ended, and their fills. The results of each run have them all.
    #[schemars(range(min = 1, max = 3_650), extend("x-accepted" = "1 to 3650"))]
    pub keep_days: u32,
}

/// Where the code of an instance runs. In a backtest it is always `none`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum IsolationMode {
    /// On the event loop: the fastest, and a crash is the daemon's.
    #[default]
    None,
    /// On a thread of its own: a hang loses that thread only.
    Thread,
    /// In a process of its own: no crash, leak or hang reaches the daemon.
    Process,
}

/// Whether the libraries of replaced versions are unmapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Unload {
    /// They stay mapped.
    #[default]
    Never,
    /// They are unmapped where the plugin says that it may be and `isolation = "thread"`; what cannot be is counted.
    Try,
}

/// What holds for all instances on threads or processes of their own.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IsolationConfig {
    /// How often an isolated instance and the event loop look at their ring before they sleep.
    /// More is faster and burns a core each.
    #[schemars(range(max = 1_000_000_000), extend("default" = 2000))]
    pub spin: u32,
    /// How long one call of an isolated instance may take before it counts as hung.
    #[schemars(extend("default" = "1s"))]
    pub call_timeout: Span,
    /// The address space of the process of an isolated instance, in MiB.
    #[schemars(range(min = 64, max = 1_048_576), extend("default" = 4096))]
    pub memory_max: u32,
    /// Whether the process of an isolated instance is kept from starting programs, tracing others, mounting and the
    /// like.
    #[schemars(extend("default" = true))]
    pub seccomp: bool,
}

impl Default for IsolationConfig {
    fn default() -> Self {
        Self { spin: 2000, call_timeout: Span::milliseconds(1_000), memory_max: 4096, seccomp: true }
    }
}

impl Default for PluginsConfig {
    fn default() -> Self {
        Self {
            watch: true,
            settle: Span::milliseconds(200),
            poll: Span::milliseconds(2_000),
            start_new: false,
            probe: true,
            probe_timeout: Span::milliseconds(10_000),
            quiesce_timeout: Span::milliseconds(1_000),
            on_restore_error: OnRestoreError::Keep,
            probation_events: 1000,
            probation_time: Span::milliseconds(10_000),
            hang_timeout: Span::milliseconds(10_000),
            crash_limit: 3,
            trust: TrustConfig::default(),
            isolation: IsolationConfig::default(),
        }
    }
}

impl Default for StateConfig {
    fn default() -> Self {
        Self { dir: None, save_interval: Span::milliseconds(10_000), keep_days: 30 }
    }
}
