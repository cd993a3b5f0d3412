//! A strategy that misbehaves as its configuration says, so that tests can see what the host makes of it.

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{
    Context, Error, OrderEvent, OrderRequest, Quantity, Result, Strategy, Timestamp, Trade,
};

/// The strategy.
pub struct Faulty {
    config: Config,
    trades: u64,
}

/// How to misbehave.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The misbehaviour.
    #[serde(default)]
    pub fault: Fault,
    /// The trade at which it happens, from 1.
    #[serde(default = "first")]
    #[schemars(range(min = 1))]
    pub at: u64,
}

fn first() -> u64 {
    1
}

/// The misbehaviours.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// None.
    #[default]
    None,
    /// `new` returns an error.
    ErrorInNew,
    /// `new` panics.
    PanicInNew,
    /// `on_trade` returns an error.
    ErrorInTrade,
    /// `on_trade` panics.
    PanicInTrade,
    /// `on_trade` panics with a payload whose own drop panics.
    PanicInPayload,
    /// A thread of the plugin panics during `on_trade`.
    PanicInThread,
    /// `on_received` panics.
    PanicInOrder,
    /// `save` panics.
    PanicInSave,
    /// `save` writes more than any host takes.
    HugeState,
    /// `drop` panics.
    PanicInDrop,
    /// `on_trade` never returns.
    Hang,
    /// `on_trade` aborts the process.
    Abort,
}

/// A payload of a panic that panics again.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload panics, too");
    }
}

/// More than the host's limit of a state.
const HUGE_STATE_BYTES: usize = 65 * 1024 * 1024;

impl Strategy for Faulty {
    type Config = Config;
    const STATE_VERSION: u32 = 1;

    fn new(config: Config) -> Result<Self> {
        match config.fault {
            Fault::ErrorInNew => Err(Error::new("fault is error-in-new (expected anything else)")),
            Fault::PanicInNew => panic!("as configured, in new"),
            _ => Ok(Self { config, trades: 0 }),
        }
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        self.trades += 1;
        if self.trades != self.config.at {
            return Ok(());
        }
        match self.config.fault {
            Fault::ErrorInTrade => return Err(Error::new("as configured, in on_trade")),
            Fault::PanicInTrade => panic!("as configured, in on_trade"),
            Fault::PanicInPayload => std::panic::panic_any(Bomb),
            Fault::PanicInThread => {
                let thread = std::thread::spawn(|| panic!("as configured, in a thread"));
                if thread.join().is_err() {
                    ctx.warning("the thread panicked");
                }
            }
            Fault::Hang => loop {
                std::thread::park();
            },
            Fault::Abort => std::process::abort(),
            // a well-behaved one buys once
            Fault::None => {
                ctx.buy(OrderRequest::market(trade.instrument, Quantity::new(1)))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn on_received(&mut self, _: &mut Context<'_>, _: &OrderEvent) -> Result<()> {
        assert!(self.config.fault != Fault::PanicInOrder, "as configured, in on_received");
        Ok(())
    }

    fn on_config(&mut self, _: &mut Context<'_>, config: Config) -> Result<()> {
        if config.at < self.trades {
            return Err(Error::new(format!("at is {} (expected {} or more)", config.at, self.trades)));
        }
        self.config = config;
        Ok(())
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>> {
        match self.config.fault {
            Fault::PanicInSave => panic!("as configured, in save"),
            Fault::HugeState => Ok(Some(vec![0; HUGE_STATE_BYTES])),
            _ => Ok(Some(self.trades.to_le_bytes().to_vec())),
        }
    }

    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<()> {
        let bytes: [u8; 8] = state
            .try_into()
            .map_err(|_| Error::new(format!("a state of {} bytes (expected 8)", state.len())))?;
        if state_version != Self::STATE_VERSION {
            return Err(Error::new(format!("state version {state_version} (expected 1)")));
        }
        self.trades = u64::from_le_bytes(bytes);
        Ok(())
    }

    fn quiesce(&mut self, _: Timestamp) -> Result<()> {
        Ok(())
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        assert!(self.config.fault != Fault::PanicInDrop, "as configured, in drop");
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_strategy!(Faulty);
