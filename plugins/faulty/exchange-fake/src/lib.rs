//! A small exchange on the ABI: order ids that are texts, queries, an account, market data from a thread.
//!
//! Its server is its saved state: a reload carries the open orders and the counters of ids over, and the host finds
//! them again through `open_orders` and `fills_since`. The second build says that two connections may live side by side.
//!
//! Backtest: pulled, a step per call. Simulation and sandbox: a step each `interval_ms` on a thread.
#![forbid(unsafe_code)]

mod server;
mod venue;

use std::{path::PathBuf, sync::Arc, thread::JoinHandle, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{
    Capabilities, ClientOrderId, Error, Exchange, ExchangeHandle, Instrument, InstrumentId, InstrumentType,
    InstrumentTypes, Money, OrderEventKind, OrderFlags, OrderRequest, OrderStatus, OrderType, Reason, Reply,
    Result, Side, Takes, Timestamp, TradingType, TradingTypes, abi,
};

use server::{Order, SYMBOLS, Server};
use venue::{Shared, Venue};

/// The connector.
pub struct Fake {
    config: Config,
    host: ExchangeHandle,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Pace, and what happens while nobody looks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Backtest: steps until the end.
    #[serde(default = "steps")]
    pub steps: u64,
    /// Otherwise: time between two steps.
    #[serde(default = "interval_ms")]
    #[schemars(range(min = 1, max = 60_000))]
    pub interval_ms: u32,
    /// What the exchange does to the oldest order between `save` and `restore`, without a report.
    #[serde(default)]
    pub while_away: WhileAway,
    /// As long as this file exists, nobody can connect.
    #[serde(default)]
    pub down_file: Option<PathBuf>,
    /// The first instrument is halted for good at this step.
    #[serde(default)]
    pub halted_at: Option<u64>,
    /// Its server is in this file, and outlives every process.
    #[serde(default)]
    pub ledger: Option<PathBuf>,
    /// As long as this file exists, orders are taken and nothing is told of them.
    #[serde(default)]
    pub silent_file: Option<PathBuf>,
    /// As long as this file exists, no question about orders is answered.
    #[serde(default)]
    pub deaf_file: Option<PathBuf>,
    /// As long as this file exists, it cannot be asked for one order.
    #[serde(default)]
    pub forgetful_file: Option<PathBuf>,
    /// As long as this file exists, nothing happens at the market.
    #[serde(default)]
    pub quiet_file: Option<PathBuf>,
    /// The first instrument shows a book by numbered updates, of which one is lost at this step.
    #[serde(default)]
    pub skips_at: Option<u64>,
    /// Misbehaviour: as long as this file exists, whoever connects dies.
    #[serde(default)]
    pub death_file: Option<PathBuf>,
    /// Misbehaviour: the thread goes on after `stop`, and the host's functions are called.
    #[serde(default)]
    pub goes_on: bool,
}

/// What happens to the oldest order while no connector is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhileAway {
    /// Nothing.
    #[default]
    Nothing,
    /// It is canceled.
    Cancel,
    /// It is filled, as far as one step goes.
    Fill,
}

fn steps() -> u64 {
    1_000
}
fn interval_ms() -> u32 {
    10
}

/// A backtest begins at 2024-01-02 14:30 UTC and does a step per second.
const START_NS: i64 = 1_704_205_800_000_000_000;
const STEP_NS: i64 = 1_000_000_000;

impl Exchange for Fake {
    type Config = Config;

    const CAPABILITIES: Capabilities = Capabilities {
        market_data: true,
        order_entry: true,
        // limit orders rest until the next price, so post-only ones never take
        takes: Takes::of(&[OrderType::Market, OrderType::Limit]).flags(OrderFlags::POST_ONLY),
        is_historical: true,
        trading_types: TradingTypes::of(&[
            TradingType::Backtest,
            TradingType::Simulation,
            TradingType::Sandbox,
        ]),
        instrument_types: InstrumentTypes::of(&[InstrumentType::Equity]),
        spawns_threads: true,
        make_before_break: cfg!(feature = "second"),
    };
    const STATE_VERSION: u32 = 1;
    // `stop` joins the thread, unless the configuration says that it goes on
    const UNLOAD_SAFE: bool = true;

    fn new(config: Config, host: ExchangeHandle) -> Result<Self> {
        let shared = Shared::new(host.clone(), config.halted_at);
        shared.lock().skips_at = config.skips_at;
        if let Some(file) = &config.ledger {
            let mut venue = shared.lock();
            if file.exists() {
                venue.server = serde_json::from_slice(&std::fs::read(file)?)?;
            }
            (venue.ledger, venue.silent_file) = (Some(file.clone()), config.silent_file.clone());
            venue.quiet_file.clone_from(&config.quiet_file);
        }
        Ok(Self { config, host, shared, thread: None })
    }

    fn connect(&mut self, reply: Reply) -> Result<()> {
        if self.config.death_file.as_ref().is_some_and(|file| file.exists()) {
            std::process::abort();
        }
        match &self.config.down_file {
            Some(file) if file.exists() => reply.fail(&format!("the exchange is down: {}", file.display())),
            _ => reply.done(),
        }
        Ok(())
    }

    fn instruments(&mut self, reply: Reply) -> Result<()> {
        let register = |symbol: &&str| {
            let mut instrument = Instrument::new(*symbol, InstrumentType::Equity);
            "USD".clone_into(&mut instrument.currency);
            reply.instrument(&instrument).map(|id| id.0)
        };
        // the lock is not held while the host registers
        let ids: Vec<u32> = SYMBOLS.iter().map(register).collect::<Result<_>>()?;
        self.shared.lock().ids.copy_from_slice(&ids);
        reply.done();
        Ok(())
    }

    fn subscribe(&mut self, instrument: Option<InstrumentId>, reply: Reply) -> Result<()> {
        if let Some(instrument) = instrument {
            self.shared.lock().show_book(instrument, self.host.now().get());
        }
        if self.host.trading_type() != TradingType::Backtest && self.thread.is_none() {
            let interval = Duration::from_millis(u64::from(self.config.interval_ms.max(1)));
            self.thread = Some(self.shared.start(interval, self.config.goes_on)?);
        }
        reply.done();
        Ok(())
    }

    fn next_batch(&mut self, _: &mut [abi::Event]) -> Result<usize> {
        let mut venue = self.shared.lock();
        if venue.server.steps >= self.config.steps {
            return Ok(0);
        }
        let step = i64::try_from(venue.server.steps)?;
        venue.step(START_NS + step * STEP_NS)
    }

    fn new_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        let request = OrderRequest::try_from(&command.order)
            .map_err(|reason| Error::new(format!("order {}: {reason}", command.client_order_id)))?;
        if !matches!(request.order_type, OrderType::Market | OrderType::Limit) {
            return Err(Error::new(format!("a {} order (accepted: market, limit)", request.order_type)));
        }
        let mut venue = self.open_venue()?;
        let market = venue.ids.iter().position(|id| *id == request.instrument.0);
        let market = market.ok_or_else(|| Error::new("the instrument is none of ours"))?;
        let order = Order {
            client_order_id: command.client_order_id,
            market,
            is_buy: request.side == Side::Buy,
            price: request.price.map(|price| price.get()),
            quantity: request.quantity.get(),
            created: self.host.now().get(),
            ..Order::default()
        };
        let now = order.created;
        venue.server.received.push(order.client_order_id);
        let order = venue.server.submit(order).cloned();
        let order = order.ok_or_else(|| Error::new("the exchange has too many orders"))?;
        venue.report(&order, OrderEventKind::Received, (now, command.correlation))?;
        // a market order does not wait for the next step
        venue.execute(now).map(drop)
    }

    fn cancel_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        let (now, mut venue) = (self.host.now().get(), self.open_venue()?);
        let order = venue.server.cancel(command.client_order_id).ok_or_else(unknown_order)?;
        let event = abi::OrderEvent {
            reason: Reason::Requested.code(),
            ..venue.order_event(
                &order,
                OrderEventKind::Canceled,
                OrderStatus::Canceled,
                (now, command.correlation),
            )?
        };
        venue.push(&[event]);
        Ok(())
    }

    fn change_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        let (now, mut venue) = (self.host.now().get(), self.open_venue()?);
        let (price, quantity) = (command.order.price, command.order.quantity);
        let order = venue.server.find(command.client_order_id).ok_or_else(unknown_order)?;
        if quantity <= order.filled {
            return Err(Error::new(format!(
                "the quantity {quantity} is not above the executed {}",
                order.filled
            )));
        }
        (order.price, order.quantity) = (order.price.map(|_| price), quantity);
        let order = order.clone();
        venue.report(&order, OrderEventKind::Change, (now, command.correlation))?;
        venue.execute(now).map(drop)
    }

    fn accounts(&mut self, reply: Reply) -> Result<()> {
        let venue = self.shared.lock();
        let money = |cents: i64| Money::new(i128::from(cents) * 1_000_000).into();
        reply.account(&abi::AccountRecord {
            id: self.host.intern("FAKE-ACCOUNT")?,
            currency: self.host.intern("USD")?,
            cash: money(venue.server.cash_cents),
            equity: money(venue.server.equity_cents()),
            has_positions: 1,
            ..abi::AccountRecord::default()
        });
        for (instrument, size) in venue.ids.into_iter().zip(venue.server.positions) {
            if instrument != 0 && size != 0 {
                reply.position(&abi::PositionRecord { instrument, size, ..abi::PositionRecord::default() });
            }
        }
        reply.done();
        Ok(())
    }

    fn open_orders(&mut self, reply: Reply) -> Result<()> {
        if let Some(file) = self.config.deaf_file.as_ref().filter(|file| file.exists()) {
            reply.fail(&format!("the exchange does not answer: {}", file.display()));
            return Ok(());
        }
        let venue = self.shared.lock();
        let report = |order| venue.order_record(order).map(|record| reply.open_order(&record));
        venue.server.orders.iter().try_for_each(report)?;
        reply.done();
        Ok(())
    }

    fn fills_since(&mut self, since: Timestamp, reply: Reply) -> Result<()> {
        let venue = self.shared.lock();
        let mut later = venue.server.fills.iter().filter(|fill| fill.ts >= since.get());
        later.try_for_each(|fill| venue.fill_record(fill).map(|record| reply.fill(&record)))?;
        reply.done();
        Ok(())
    }

    fn find_order(&mut self, id: ClientOrderId, _: abi::TextHandle, reply: Reply) -> Result<()> {
        let venue = self.shared.lock();
        if self.config.forgetful_file.as_ref().is_some_and(|file| file.exists()) {
            return Err(Error::new("the fake exchange does not tell of one order"));
        }
        if !venue.server.received.contains(&id.0) {
            reply.done();
            return Ok(());
        }
        let works = venue.server.orders.iter().find(|order| order.client_order_id == id.0);
        let filled = venue.server.fills.iter().rev().map(|fill| &fill.order);
        let known = works.or_else(|| filled.into_iter().find(|order| order.client_order_id == id.0));
        let record = match known {
            Some(order) => venue.order_record(order)?,
            None => abi::OrderRecord {
                client_order_id: id.0,
                status: OrderStatus::Canceled.code(),
                reason: Reason::Requested.code(),
                ..abi::OrderRecord::default()
            },
        };
        reply.open_order(&record);
        reply.done();
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        self.shared.stop();
        match self.thread.take() {
            Some(thread) if !self.config.goes_on => {
                thread.join().map_err(|_| Error::new("the thread of the fake exchange panicked"))
            }
            _ => Ok(()),
        }
    }

    fn on_config(&mut self, config: Config) -> Result<()> {
        if config.interval_ms != self.config.interval_ms && self.thread.is_some() {
            return Err(Error::new(format!(
                "interval_ms is {} (expected {}, as long as the market runs)",
                config.interval_ms, self.config.interval_ms
            )));
        }
        self.config = config;
        Ok(())
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(Some(serde_json::to_vec(&self.shared.lock().server)?))
    }

    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<()> {
        if state_version != Self::STATE_VERSION {
            return Err(Error::new(format!("state version {state_version} (expected 1)")));
        }
        let mut server: Server = serde_json::from_slice(state)?;
        if let Some(order) = server.orders.iter().find(|order| order.market >= SYMBOLS.len()) {
            return Err(Error::new(format!("order {} is of no instrument of ours", order.id)));
        }
        let now = self.host.now().get();
        match (self.config.while_away, server.orders.first_mut()) {
            (WhileAway::Nothing, _) | (_, None) => {}
            (WhileAway::Cancel, Some(_)) => drop(server.orders.remove(0)),
            (WhileAway::Fill, Some(order)) => {
                order.price = None;
                server.execute(now);
            }
        }
        self.shared.lock().server = server;
        Ok(())
    }
}

fn unknown_order() -> Error {
    Error::new("the exchange has no such order")
}

impl Fake {
    fn open_venue(&self) -> Result<std::sync::MutexGuard<'_, Venue>> {
        let venue = self.shared.lock();
        if venue.is_stopped { Err(Error::new("the exchange is stopped")) } else { Ok(venue) }
    }
}

impl Venue {
    /// Reports how an order stands.
    fn report(&self, order: &Order, kind: OrderEventKind, at: (i64, u64)) -> Result<()> {
        let event = self.order_event(order, kind, order.status(), at)?;
        self.push(&[event]);
        Ok(())
    }
}

/// An instance that is dropped without `stop` leaves no thread behind.
impl Drop for Fake {
    fn drop(&mut self) {
        // its error was for the host, which did not ask
        let _ = self.stop();
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_exchange!(Fake, name = "exchange-fake");

#[cfg(test)]
mod tests;
