//! A strategy that misbehaves as its configuration says, so that tests can see what the host makes of it.
//!
//! `{"fault": "panic-in-timer"}`: a misbehaviour in an entry; without an entry it is `on_trade`. What an entry needs to
//! be called at all (an order, a timer) the strategy asks for by itself.

mod deed;
mod fault;

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{
    Context, Error, Exit, Fill, Level, Money, OrderEvent, OrderRequest, Quantity, Quote, Result, Strategy,
    Timer, Timestamp, Trade,
};

pub use fault::Fault;
use fault::{Entry, What};

/// The strategy.
pub struct Faulty {
    config: Config,
    trades: u64,
    /// Calls of the entry that misbehaves; trades count for themselves.
    calls: u64,
}

/// How to misbehave.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The misbehaviour: WHAT or WHAT-in-ENTRY.
    #[serde(default)]
    #[schemars(with = "String")]
    pub fault: Fault,
    /// The trade, or the call of another entry, at which it happens, from 1.
    #[serde(default = "first")]
    #[schemars(range(min = 1))]
    pub at: u64,
    /// Says each trade before it misbehaves, with levels DEBUG and INFO.
    #[serde(default)]
    pub says: bool,
    /// `slow`: how long the call takes.
    #[serde(default = "ms")]
    pub ms: u32,
    /// `leak`: how much goes at each call.
    #[serde(default = "bytes")]
    pub bytes: usize,
}

fn first() -> u64 {
    1
}
fn ms() -> u32 {
    1_000
}
fn bytes() -> usize {
    16 * 1024 * 1024
}

/// More than the host's limit of a state.
const HUGE_STATE_BYTES: usize = 65 * 1024 * 1024;
/// Often enough for a test, seldom enough for a run.
const TIMER_NS: i64 = 100_000_000;

impl Config {
    /// Misbehaves; returns only from what a call survives.
    fn act(&self, entry: Entry) -> Result<()> {
        match self.fault.what {
            What::Nothing | What::HugeState | What::WrongStateVersion => {}
            What::Panic => panic!("as configured, in {}", entry.method()),
            What::Payload => std::panic::panic_any(deed::Bomb),
            What::Error => return Err(Error::new(format!("as configured, in {}", entry.method()))),
            What::Abort => std::process::abort(),
            What::Segfault => deed::segfault(),
            What::Exit => deed::exit(),
            What::StackOverflow => {
                deed::overflow(0);
            }
            What::Hang => deed::hang(),
            What::Spin => deed::spin(),
            What::Leak => deed::leak(self.bytes),
            What::Slow => deed::slow(self.ms),
            What::ThreadPanic => {
                let thread = std::thread::spawn(|| panic!("as configured, in a thread"));
                return thread.join().or(Ok(()));
            }
            What::DetachedThread => deed::detach_thread(),
            What::ThreadLocal => deed::use_thread_local(),
            What::Print => deed::print(),
        }
        Ok(())
    }
}

impl Faulty {
    /// Misbehaves if it is time to, in this entry.
    fn reach(&mut self, entry: Entry) -> Result<()> {
        let fault = self.config.fault;
        if fault.entry != entry {
            return Ok(());
        }
        let count = if entry == Entry::Trade {
            self.trades
        } else {
            self.calls += 1;
            self.calls
        };
        // the order that leads to these is placed at the trade `at`
        let at = if matches!(entry, Entry::Received | Entry::Slippage) { 1 } else { self.config.at };
        let is_due = count == at || fault.what == What::Leak && count > at;
        if is_due { self.config.act(entry) } else { Ok(()) }
    }

    /// Whether an order is needed: to be called about, or because all is well.
    fn buys(&self) -> bool {
        let fault = self.config.fault;
        fault.what == What::Nothing || matches!(fault.entry, Entry::Received | Entry::Slippage)
    }
}

impl Strategy for Faulty {
    type Config = Config;
    const STATE_VERSION: u32 = 1;
    const SPAWNS_THREADS: bool = true;
    // so that tests see what comes of a promise that is not kept
    const UNLOAD_SAFE: bool = true;

    fn new(config: Config) -> Result<Self> {
        if config.fault.what == What::Error && config.fault.entry == Entry::New {
            return Err(Error::new("fault is error-in-new (expected anything else)"));
        }
        let mut faulty = Self { config, trades: 0, calls: 0 };
        faulty.reach(Entry::New)?;
        Ok(faulty)
    }

    fn on_start(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if self.config.fault.entry == Entry::Timer {
            ctx.periodic(TIMER_NS, 0)?;
        }
        self.reach(Entry::Start)
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        self.trades += 1;
        if self.config.says {
            ctx.log(Level::DEBUG, format_args!("before trade {}", self.trades));
            ctx.info(format_args!("trade {}", self.trades));
        }
        self.reach(Entry::Trade)?;
        if self.trades == self.config.at {
            if self.buys() {
                ctx.buy(OrderRequest::market(trade.instrument, Quantity::new(1)))?;
            }
            if self.config.fault.what == What::ThreadPanic {
                ctx.warning("the thread panicked");
            }
        }
        Ok(())
    }

    fn on_quote(&mut self, _: &mut Context<'_>, _: &Quote) -> Result<()> {
        self.reach(Entry::Quote)
    }

    fn on_received(&mut self, _: &mut Context<'_>, _: &OrderEvent) -> Result<()> {
        self.reach(Entry::Received)
    }

    fn on_timer(&mut self, _: &mut Context<'_>, _: &Timer) -> Result<()> {
        self.reach(Entry::Timer)
    }

    fn on_exit(&mut self, _: &mut Context<'_>, _: &Exit) -> Result<()> {
        self.reach(Entry::Exit)
    }

    fn slippage(&mut self, _: &Fill) -> Option<Money> {
        // no error can be returned from here
        let _ = self.reach(Entry::Slippage);
        None
    }

    fn on_config(&mut self, _: &mut Context<'_>, config: Config) -> Result<()> {
        self.reach(Entry::Config)?;
        if config.at < self.trades {
            return Err(Error::new(format!("at is {} (expected {} or more)", config.at, self.trades)));
        }
        self.config = config;
        Ok(())
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>> {
        self.reach(Entry::Save)?;
        if self.config.fault.what == What::HugeState {
            return Ok(Some(vec![0; HUGE_STATE_BYTES]));
        }
        Ok(Some(self.trades.to_le_bytes().to_vec()))
    }

    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<()> {
        self.reach(Entry::Restore)?;
        let is_wrong = self.config.fault.what == What::WrongStateVersion;
        let accepted = if is_wrong { Self::STATE_VERSION + 1 } else { Self::STATE_VERSION };
        let bytes: [u8; 8] = state
            .try_into()
            .map_err(|_| Error::new(format!("a state of {} bytes (expected 8)", state.len())))?;
        if state_version != accepted {
            return Err(Error::new(format!("state version {state_version} (expected {accepted})")));
        }
        self.trades = u64::from_le_bytes(bytes);
        Ok(())
    }

    fn quiesce(&mut self, _: Timestamp) -> Result<()> {
        self.reach(Entry::Quiesce)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        // no error can be returned from here
        let _ = self.reach(Entry::Drop);
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_strategy!(Faulty);
