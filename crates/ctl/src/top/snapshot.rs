//! What the daemon says of itself at one moment, as the screen shows it.
//!
//! Texts are made harmless here: names, errors and versions are a plugin author's, and a terminal obeys some characters.

use stratd_control::{
    self as control, Client, Error, Filter, OrderList, Request, Status, StrategyList, TradingState,
};

use crate::view::printable;

/// Orders that are asked for: working ones first, then the last that ended.
const ORDERS_MAX: u32 = 100;

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
    /// Where it is in its life, or that it may not trade.
    pub(super) state: String,
    pub(super) pnl: String,
    /// The value of what it holds.
    pub(super) position: String,
    pub(super) events_per_second: u64,
    /// What 99 of 100 recent calls did not exceed.
    pub(super) latency_ns: Option<u64>,
    pub(super) orders_working: u64,
    pub(super) faults: u64,
    /// Why it may not trade, or what went wrong last.
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
        let StrategyList { strategies } = client.send(&Request::strategies())?.read()?;
        let page = Filter { limit: Some(ORDERS_MAX), ..Filter::default() };
        let OrderList { orders, .. } = client.send(&Request::orders(Some("all"), &page))?.read()?;
        Ok(Self {
            run: Run::of(status),
            strategies: strategies.iter().map(Strategy::of).collect(),
            orders: orders.iter().map(Order::of).collect(),
        })
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
            equity: shortened(&printable(&status.equity)),
            currency: printable(&status.currency),
            warnings,
        }
    }
}

/// An amount without zeros at its end, but with two decimals.
fn shortened(amount: &str) -> String {
    let Some((whole, decimals)) = amount.split_once('.') else { return amount.to_owned() };
    let decimals = decimals.trim_end_matches('0');
    format!("{whole}.{decimals:0<2}")
}

impl Strategy {
    fn of(strategy: &control::Strategy) -> Self {
        let control::Strategy { trading, .. } = strategy;
        let may_trade = trading.state == TradingState::Active;
        let state = if may_trade { strategy.state.name() } else { trading.state.name() };
        let why = [trading.reason.as_deref(), trading.note.as_deref()];
        let why = why.into_iter().flatten().collect::<Vec<_>>().join(": ");
        let remark = if may_trade { strategy.last_fault.as_deref().unwrap_or_default() } else { &why };
        Self {
            name: printable(&strategy.name),
            plugin: printable(&strategy.plugin),
            state: state.to_owned(),
            pnl: printable(&strategy.pnl),
            position: printable(&strategy.notional),
            events_per_second: strategy.events_per_second,
            latency_ns: strategy.latency_ns_p99,
            orders_working: strategy.orders_working,
            faults: strategy.faults,
            remark: printable(&remark.replace('\n', "; ")),
        }
    }
}

impl Order {
    fn of(order: &control::Order) -> Self {
        let price = order.price.as_deref().or(order.stop_price.as_deref()).or(order.price_average.as_deref());
        Self {
            at: printable(&order.updated),
            id: printable(&order.client_order_id),
            strategy: printable(&order.strategy),
            instrument: printable(&order.instrument),
            side: printable(&order.side),
            kind: printable(&order.order_type),
            quantity: printable(&order.quantity),
            filled: printable(&order.filled),
            price: price.map(printable).unwrap_or_default(),
            state: printable(&order.status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn an_amount_keeps_two_decimals_and_what_is_not_zero() {
        let amounts = ["99968.83000000", "1.00000000", "-0.12345000", "7", "0.5"].map(shortened);
        assert_eq!(amounts, ["99968.83", "1.00", "-0.12345", "7", "0.50"]);
    }
}
