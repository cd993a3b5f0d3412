//! A strategy that logs as its configuration says, so that tests can see what arrives, and measures what a call costs.

mod measure;

use std::{fmt, panic, thread};

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{
    Context, Error, Exit, Level, LogTarget as _, LogValue, OrderEvent, OrderRequest, PluginLog, Quantity,
    Result, Strategy, Trade, buffered, log, log_enabled, scoped,
};

/// The strategy.
pub struct Talker {
    config: Config,
    trades: u64,
}

/// What to say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is said at the first trade.
    pub say: Vec<Say>,
    /// Calls that are measured by `measure`.
    #[serde(default = "calls")]
    pub calls: usize,
}

fn calls() -> usize {
    100_000
}

/// One thing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Say {
    /// One record of each level, and of one without a name.
    Levels,
    /// Fields of every type.
    Fields,
    /// Fields that are called like attributes of a record.
    Clash,
    /// A message of a mebibyte.
    Large,
    /// A message whose `Display` panics, and one more.
    DisplayPanic,
    /// In `new`, `save` and `drop`.
    Phases,
    /// From a thread of its own.
    Thread,
    /// Through the crates `log` and `tracing`.
    Crates,
    /// In a buffer that is forgotten, one that is shown, and one that ends in a panic.
    Buffered,
    /// Below the level of the logger, in a scope that lets it pass.
    Scoped,
    /// On a logger below its own, with a field for all records.
    Child,
    /// An error with its cause.
    Error,
    /// Buys, so that there are records about an order.
    Order,
    /// Nothing but what a call costs.
    Measure,
}

impl Talker {
    fn says(&self, what: Say) -> bool {
        self.config.say.contains(&what)
    }
}

impl Strategy for Talker {
    type Config = Config;
    const STATE_VERSION: u32 = 1;
    const SPAWNS_THREADS: bool = true;
    const UNLOAD_SAFE: bool = true;

    fn new(config: Config) -> Result<Self> {
        let talker = Self { config, trades: 0 };
        if talker.says(Say::Phases) {
            log!(PluginLog, Level::INFO, "in new");
        }
        Ok(talker)
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        self.trades += 1;
        if self.trades > 1 {
            return Ok(());
        }
        for what in self.config.say.clone() {
            say(what, ctx, self.config.calls)?;
        }
        if self.says(Say::Order) {
            ctx.buy(OrderRequest::market(trade.instrument, Quantity::new(1)))?;
        }
        Ok(())
    }

    fn on_bought(&mut self, ctx: &mut Context<'_>, _: &OrderEvent) -> Result<()> {
        ctx.info("bought");
        Ok(())
    }

    fn on_exit(&mut self, ctx: &mut Context<'_>, _: &Exit) -> Result<()> {
        ctx.info("the end");
        Ok(())
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>> {
        if self.says(Say::Phases) {
            log!(PluginLog, Level::INFO, "in save");
        }
        Ok(Some(Vec::new()))
    }

    fn restore(&mut self, _: u32, _: &[u8]) -> Result<()> {
        Ok(())
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        if self.says(Say::Phases) {
            log!(PluginLog, Level::INFO, "in drop");
        }
    }
}

/// A text that cannot be made.
struct Bomb;

impl fmt::Display for Bomb {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("a Display that panics")
    }
}

fn say(what: Say, ctx: &mut Context<'_>, calls: usize) -> Result<()> {
    match what {
        Say::Levels => {
            for level in [5, 10, 20, 25, 30, 40, 50] {
                ctx.log(Level::new(level), format_args!("at {level}"));
            }
        }
        Say::Fields => {
            log!(ctx, Level::INFO, ["text" => "a b", "int" => -7, "unsigned" => u64::MAX, "float" => 0.5, "flag" => true], "fields");
            let many: Vec<String> = (0..70).map(|index| format!("f{index}")).collect();
            let fields: Vec<(&str, LogValue<'_>)> = many.iter().map(|key| (key.as_str(), 1.into())).collect();
            ctx.log_fields(Level::INFO, "many fields", &fields);
        }
        Say::Clash => {
            log!(ctx, Level::INFO, ["message" => "mine", "levelname" => "LOUD", "name" => 1], "clash");
        }
        Say::Large => ctx.info("é".repeat(1 << 19)),
        Say::DisplayPanic => {
            let caught = panic::catch_unwind(panic::AssertUnwindSafe(|| ctx.info(Bomb)));
            log!(ctx, Level::INFO, ["is_caught" => caught.is_err()], "after the panic");
        }
        Say::Thread => {
            let logger = ctx.logger("worker");
            let worker = thread::Builder::new().name("talker-worker".to_owned()).spawn(move || {
                log!(logger, Level::INFO, "from a thread");
                log!(PluginLog, Level::INFO, "from a thread without a logger");
            });
            let worker = worker.map_err(|error| Error::new(error.to_string()))?;
            worker.join().map_err(|_| Error::new("the thread panicked"))?;
        }
        Say::Crates => {
            log::info!(target: "deep::module", key = "value"; "through log");
            tracing::warn!(quantity = 7, side = "buy", "through tracing");
            log::trace!("too fine");
        }
        Say::Buffered => say_buffered(),
        Say::Scoped => {
            scoped(Level::TRACE, || log!(ctx, Level::TRACE, "in a scope"));
            scoped(Level::ERROR, || ctx.info("silenced"));
            log!(ctx, Level::TRACE, "outside of a scope");
        }
        Say::Child => {
            ctx.set_log_context("account", "U1");
            log!(ctx.logger("orders.sent"), Level::INFO, "by a child");
            ctx.set_log_context("account", LogValue::Null);
        }
        Say::Error => {
            let cause = std::io::Error::other("no such file");
            ctx.log_error("loading", &Loading(cause));
        }
        Say::Measure => measure::run(ctx, calls),
        Say::Phases | Say::Order => {}
    }
    Ok(())
}

fn say_buffered() {
    let talk = |text: &str| log!(PluginLog, Level::INFO, "{text}");
    let _: Result<(), ()> = buffered(100, Level::ERROR, || {
        talk("forgotten");
        Ok(())
    });
    let _: Result<(), ()> = buffered(100, Level::ERROR, || {
        talk("shown by an error");
        Err(())
    });
    let _ = panic::catch_unwind(|| {
        buffered(100, Level::ERROR, || -> Result<(), ()> {
            talk("shown by a panic");
            panic!("as configured, in a buffer")
        })
    });
    let _: Result<(), ()> = buffered(100, Level::ERROR, || {
        talk("shown by a record");
        log!(PluginLog, Level::ERROR, "gone wrong");
        Ok(())
    });
    // what is off costs no text
    if log_enabled!(PluginLog, Level::TRACE) {
        talk("nobody wants this");
    }
}

#[derive(Debug)]
struct Loading(std::io::Error);

impl fmt::Display for Loading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the prices cannot be read")
    }
}

impl std::error::Error for Loading {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_strategy!(Talker);
