//! What the daemon says of itself at one moment, as the screen shows it.
//!
//! Texts are made harmless here: names, errors and versions are a plugin author's, and a terminal obeys some characters.

use stratd_control::{Client, Error, Instance, PluginKind, Plugin, Request, Status};

use crate::view::printable;

/// The run, its strategies and its orders.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(super) run: Run,
    pub(super) strategies: Vec<Strategy>,
    pub(super) orders: Vec<Order>,
}

/// The run as a whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    pub(super) version: String,
    pub(super) pid: u32,
    pub(super) trading_type: String,
    pub(super) state: String,
    /// By a clock of the daemon that never goes back: rates are made of it.
    pub(super) uptime_ns: u64,
    pub(super) time: String,
    pub(super) events: u64,
    pub(super) orders_working: u64,
    pub(super) equity: String,
    pub(super) currency: String,
    pub(super) warnings: Vec<String>,
}

/// A strategy.
#[derive(Clone, Debug, Default)]
pub(super) struct Strategy {
    pub(super) name: String,
    /// What a reload is asked of.
    pub(super) plugin: String,
    pub(super) state: String,
    pub(super) pnl: Option<String>,
    pub(super) position: Option<String>,
    pub(super) events: u64,
    pub(super) latency_ns_p99: Option<u64>,
    pub(super) orders: u64,
    pub(super) faults: u64,
    /// Why it stands still, or what went wrong last.
    pub(super) remark: String,
}

/// An order that works, or one of the last that did.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    pub(super) at: String,
    pub(super) id: String,
    pub(super) strategy: String,
    pub(super) instrument: String,
    pub(super) side: String,
    pub(super) kind: String,
    pub(super) quantity: String,
    pub(super) filled: String,
    pub(super) price: String,
    pub(super) state: String,
}

impl Snapshot {
    /// Asks for all of it.
    pub(crate) fn take(client: &Client) -> Result<Self, Error> {
        let status: Status = client.send(&Request::status())?.read()?;
        let plugins: Vec<Plugin> = client.send(&Request::plugins())?.read()?;
        Ok(Self { run: Run::of(status), strategies: strategies(&plugins), orders: Vec::new() })
    }
}

impl Run {
    fn of(status: Status) -> Self {
        let warnings = status.warnings.iter().map(|warning| printable(warning)).collect();
        Self {
            version: printable(&status.version),
            pid: status.pid,
            trading_type: printable(&status.trading_type),
            state: status.state.name().to_owned(),
            uptime_ns: status.uptime_ns,
            time: status.time.as_deref().map(printable).unwrap_or_default(),
            events: status.events,
            orders_working: status.orders_working,
            equity: printable(&status.equity),
            currency: printable(&status.currency),
            warnings,
        }
    }
}
