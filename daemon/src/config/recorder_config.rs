//! The keys of `[recorder]`: what of a run is written as TeaFiles.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::Span;
use crate::{
    recorder::{Durability, Keep, MarketKind, RecorderOptions},
    systemd,
};

/// What of a run is written as TeaFiles, which other programs read, and which `stratd replay` repeats the run from.
/// Nothing is, unless `market` or `inputs` says so. `docs/recording.md` is the guide.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RecorderConfig {
    /// The folder of all recordings. Without this key it is `recordings` in the folder that systemd names in
    /// `STATE_DIRECTORY`, and without that in the current folder.
    /// A relative path starts in the folder of the configuration file.
    #[schemars(with = "String", extend("format" = "path"))]
    pub path: Option<PathBuf>,
    /// The market events that are written, one file for each instrument, kind and UTC day:
    /// `PATH/EXCHANGE/SYMBOL/trade-2026-11-22.tea`.
    #[schemars(length(max = 4), extend("default" = []))]
    pub market: Vec<MarketData>,
    /// Whether everything that the engine takes and makes is written to `PATH/RUN.recording`, for `stratd replay`.
    #[schemars(extend("default" = false))]
    pub inputs: bool,
    /// What a crash may cost: `buffered` (the last 100 ms if the daemon is killed, more if power fails), `flushed` (what
    /// has not been taken from the event loop yet) or `synced` (the last `sync_interval`, also if power fails).
    #[schemars(extend("default" = "buffered"))]
    pub durability: RecorderDurability,
    /// How often `synced` waits for the disk.
    #[schemars(extend("default" = "1s"))]
    pub sync_interval: Span,
    /// So many events may wait for the disk, 72 bytes each; then the event loop waits, since a replay needs each of them.
    /// After 5 s of that recording stops, and trading goes on.
    #[schemars(range(min = 1024, max = 16_777_216), extend("default" = 65_536, "x-accepted" = "1024 to 16777216"))]
    pub queue: u32,
    /// Recording stops, and trading goes on, when less is free on its disk, in MiB.
    #[schemars(range(max = 1_048_576), extend("default" = 256, "x-accepted" = "0 to 1048576"))]
    pub free_min: u32,
    /// Recordings and market files that were not written for so many days are deleted, at each start of a recorder and once
    /// a day. Without this key, none is for its age.
    #[schemars(range(min = 1, max = 36_500), extend("x-accepted" = "1 to 36500"))]
    pub keep_days: Option<u32>,
    /// The oldest recordings and market files are deleted, as often, until all together have at most so many bytes. What was
    /// written within the last day stays in any case. Without this key, none is for its size.
    #[schemars(range(min = 1_048_576), extend("x-accepted" = "1048576 and more"))]
    pub keep_bytes: Option<u64>,
}

/// A kind of market events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum MarketData {
    /// Public trades.
    Trade,
    /// Best bids and offers.
    Quote,
    /// Bars.
    Bar,
    /// Changes of order books.
    Book,
}

/// What a crash may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum RecorderDurability {
    /// Written every 100 ms, or 256 KiB.
    #[default]
    Buffered,
    /// Written at once.
    Flushed,
    /// Synced every `sync_interval`.
    Synced,
}

impl Default for RecorderConfig {
    fn default() -> Self {
        Self {
            path: None,
            market: Vec::new(),
            inputs: false,
            durability: RecorderDurability::default(),
            sync_interval: Span::milliseconds(1_000),
            queue: 65_536,
            free_min: 256,
            keep_days: None,
            keep_bytes: None,
        }
    }
}

impl RecorderConfig {
    /// What the recorder is told; `None` if nothing is recorded.
    pub(crate) fn options(&self) -> Option<RecorderOptions> {
        if self.market.is_empty() && !self.inputs {
            return None;
        }
        let beside_state = || systemd::directory("STATE_DIRECTORY").map(|state| state.join("recordings"));
        Some(RecorderOptions {
            path: self
                .path
                .clone()
                .or_else(beside_state)
                .unwrap_or_else(|| Path::new("recordings").to_owned()),
            market: self.market.iter().map(|kind| kind.kind()).collect(),
            inputs: self.inputs,
            durability: match self.durability {
                RecorderDurability::Buffered => Durability::Buffered,
                RecorderDurability::Flushed => Durability::Flushed,
                RecorderDurability::Synced => Durability::Synced { every: self.sync_interval.duration() },
            },
            queue: self.queue as usize,
            free_min: u64::from(self.free_min) * 1024 * 1024,
            keep: Keep { days: self.keep_days, bytes: self.keep_bytes },
        })
    }
}

impl MarketData {
    fn kind(self) -> MarketKind {
        match self {
            Self::Trade => MarketKind::Trade,
            Self::Quote => MarketKind::Quote,
            Self::Bar => MarketKind::Bar,
            Self::Book => MarketKind::Book,
        }
    }
}
