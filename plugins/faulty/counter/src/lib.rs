//! Counts every event that it sees and carries the count over: proof that a reload loses, repeats and reorders nothing.
//!
//! There are three builds of this plugin under one name: the second has another version and the same state, the third
//! keeps a state of version 2 and takes over one of version 1. Each can be told to fail once it was restored.
//!
//! A gap in the sequence numbers is a lost event only if every input of the engine is an event for this strategy: it is
//! the only one, sets no timer, and nobody gives commands. Other runs compare `count` with what was sent.
#![forbid(unsafe_code)]

mod padding;
mod tally;

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{
    Bar, BookUpdate, Context, Data, Error, Exit, Halt, Money, OrderEvent, Quote, Result, StateSink, Strategy,
    Trade,
};

use padding::Padding;
pub use tally::Tally;

/// Which of the three builds this is.
pub const BUILD: &str = if cfg!(feature = "third") {
    "third"
} else if cfg!(feature = "second") {
    "second"
} else {
    "first"
};

/// The strategy.
pub struct Counter {
    config: Config,
    tally: Tally,
    padding: Padding,
    /// Events since this instance took a state over; `None` = it never did.
    since_restore: Option<u64>,
}

/// What is saved, logged and broken.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Size of the saved state, if all is in order: at least 24 bytes, 32 in the third build.
    #[serde(default)]
    #[schemars(range(max = 67_108_864))]
    pub state_bytes: usize,
    /// Logs its figures every so many events; 0 = only at the end.
    #[serde(default)]
    pub log_every: u64,
    /// Panics at this event, from 1, after it was restored; 0 = never.
    #[serde(default)]
    pub panic_after_restore: u64,
    /// Returns an error at this event, from 1, after it was restored; 0 = never.
    #[serde(default)]
    pub error_after_restore: u64,
    /// Refuses every state.
    #[serde(default)]
    pub refuse_restore: bool,
    /// From so many restores on, the state has another size. One run can then measure several.
    #[serde(default)]
    pub resize: Vec<Resize>,
}

/// Another size of the state.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resize {
    /// With this restore, from 1.
    pub restores: u64,
    /// As the key of the strategy.
    #[schemars(range(max = 67_108_864))]
    pub state_bytes: usize,
}

/// The largest state of a configuration: what the host takes.
const STATE_BYTES_MAX: usize = 64 * 1024 * 1024;

impl Counter {
    /// What was counted.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    fn count(&mut self, ctx: &mut Context<'_>, seq: u64) -> Result<()> {
        if let Some(since) = &mut self.since_restore {
            *since += 1;
            assert!(
                *since != self.config.panic_after_restore,
                "as configured, at event {since} after restore"
            );
            if *since == self.config.error_after_restore {
                return Err(Error::new(format!("as configured, at event {since} after restore")));
            }
        }
        self.tally.see(seq);
        if self.config.log_every > 0 && self.tally.count.is_multiple_of(self.config.log_every) {
            ctx.info(format_args!("{} build: {}", BUILD, self.tally));
        }
        Ok(())
    }
}

impl Strategy for Counter {
    type Config = Config;

    const STATE_VERSION: u32 = tally::VERSION;
    const STATE_COMPAT_MIN: u32 = 1;
    const BATCH_SAFE: bool = true;

    fn new(config: Config) -> Result<Self> {
        let sizes = config.resize.iter().map(|resize| resize.state_bytes);
        let largest = sizes.chain([config.state_bytes]).max().unwrap_or_default();
        if largest > STATE_BYTES_MAX {
            return Err(Error::new(format!(
                "state_bytes is {largest} (accepted: at most {STATE_BYTES_MAX})"
            )));
        }
        let size = |state_bytes: usize| state_bytes.saturating_sub(tally::BYTES_MIN);
        let padding = Padding::new(size(config.state_bytes), size(largest));
        Ok(Self { config, tally: Tally::default(), padding, since_restore: None })
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        self.count(ctx, trade.seq)
    }

    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) -> Result<()> {
        self.count(ctx, quote.seq)
    }

    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) -> Result<()> {
        self.count(ctx, bar.seq)
    }

    fn on_book(&mut self, ctx: &mut Context<'_>, update: &BookUpdate) -> Result<()> {
        self.count(ctx, update.seq)
    }

    fn on_data(&mut self, ctx: &mut Context<'_>, data: &Data) -> Result<()> {
        self.count(ctx, data.seq)
    }

    fn on_order(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        self.count(ctx, order.seq)
    }

    fn on_halt(&mut self, ctx: &mut Context<'_>, halt: &Halt) -> Result<()> {
        self.count(ctx, halt.seq)
    }

    fn on_continue(&mut self, ctx: &mut Context<'_>, halt: &Halt) -> Result<()> {
        self.count(ctx, halt.seq)
    }

    fn on_exit(&mut self, ctx: &mut Context<'_>, _: &Exit) -> Result<()> {
        for (name, value) in self.tally.figures() {
            ctx.metric(name, whole(value));
        }
        ctx.metric("state_damaged", whole(self.padding.damaged()));
        ctx.info(format_args!("{} build: {}", BUILD, self.tally));
        Ok(())
    }

    fn save_to(&mut self, state: &mut StateSink<'_>) -> Result<bool> {
        state.write(&self.tally.to_bytes())?;
        state.write(self.padding.bytes())?;
        Ok(true)
    }

    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<()> {
        if self.config.refuse_restore {
            return Err(Error::new("refuse_restore is set"));
        }
        let (tally, padding) = Tally::read(state_version, state)?;
        self.tally = tally;
        self.padding.take_over(padding);
        if let Some(resize) = self.config.resize.iter().find(|resize| resize.restores == self.tally.restores)
        {
            self.padding.resize(resize.state_bytes.saturating_sub(tally::BYTES_MIN));
        }
        self.since_restore = Some(0);
        Ok(())
    }
}

/// A figure has eight decimals.
fn whole(value: u64) -> Money {
    Money::new(i128::from(value) * 100_000_000)
}

#[cfg(feature = "export")]
stratd_plugin_api::export_strategy!(Counter, name = "strategy-counter");

// the further builds have no dependencies for tests, and are tested as plugins
#[cfg(test)]
#[cfg(not(any(feature = "second", feature = "third")))]
mod tests;
