//! The server with the host's handles: what happens there, in the host's terms.
//!
//! Events are pushed under the lock of the venue, so their order is that of what happened; the host promises that
//! neither `emit` nor `emit_orders` waits. A step whose market events find no room is not done: the market stands still.

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use stratd_plugin_api::{
    ExchangeHandle, InstrumentId, Level, OrderEventKind, OrderStatus, OrderType, Reason, Result, Side, abi,
};

use crate::server::{Fill, Order, SYMBOLS, Server};

const THREAD: &str = "fake-exchange";

pub(crate) struct Venue {
    pub(crate) server: Server,
    /// Ids of the instruments; 0 until the host asked for them.
    pub(crate) ids: [u32; SYMBOLS.len()],
    /// Events of the step under way that the host has taken.
    sent: usize,
    pub(crate) is_stopped: bool,
    halted_at: Option<u64>,
    /// An update of the book is lost at this step.
    pub(crate) skips_at: Option<u64>,
    /// Where the server is kept.
    pub(crate) ledger: Option<PathBuf>,
    /// Nothing is told of orders as long as it exists.
    pub(crate) silent_file: Option<PathBuf>,
    /// Nothing happens as long as it exists.
    pub(crate) quiet_file: Option<PathBuf>,
    host: ExchangeHandle,
}

/// The venue and the thread's alarm clock.
pub(crate) struct Shared {
    venue: Mutex<Venue>,
    stopped: Condvar,
}

impl Shared {
    pub(crate) fn new(host: ExchangeHandle, halted_at: Option<u64>) -> Arc<Self> {
        let (server, ids) = (Server::default(), [0; SYMBOLS.len()]);
        let venue = Venue {
            server,
            ids,
            sent: 0,
            is_stopped: false,
            halted_at,
            skips_at: None,
            ledger: None,
            quiet_file: None,
            silent_file: None,
            host,
        };
        Arc::new(Self { venue: Mutex::new(venue), stopped: Condvar::new() })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Venue> {
        self.venue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the market: a step each `interval` until it is stopped, or for ever if it is `deaf`.
    pub(crate) fn start(self: &Arc<Self>, interval: Duration, deaf: bool) -> Result<JoinHandle<()>> {
        let shared = Arc::clone(self);
        let run = move || {
            loop {
                let goes_on = |venue: &mut Venue| deaf || !venue.is_stopped;
                let waited = shared.stopped.wait_timeout_while(shared.lock(), interval, goes_on);
                let (mut venue, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                if !timeout.timed_out() {
                    return;
                }
                if venue.quiet_file.as_ref().is_some_and(|file| file.exists()) {
                    continue;
                }
                let now = venue.host.now().get();
                // an error: the host's table of texts is full; orders go unreported, and the host says so itself
                let pushed = venue.step(now);
                if venue.is_stopped {
                    let text = format_args!("after stop the host took {} events", pushed.unwrap_or(0));
                    venue.host.log(Level::WARNING, text);
                }
            }
        };
        Ok(thread::Builder::new().name(THREAD.to_owned()).spawn(run)?)
    }

    pub(crate) fn stop(&self) {
        self.lock().is_stopped = true;
        self.stopped.notify_all();
    }
}

impl Venue {
    /// A trade in every instrument, then the executions that follow. How many events were pushed; 0 = there is no room,
    /// and the next call tries the rest.
    pub(crate) fn step(&mut self, ts: i64) -> Result<usize> {
        let step = self.server.steps + 1;
        let trade = |(market, id): (usize, &u32)| abi::Event {
            ts,
            instrument: *id,
            kind: abi::event_kind::TRADE,
            data: [Server::price_at(step, market), 1, 0, 0, 0],
            ..abi::Event::default()
        };
        let mut events: Vec<abi::Event> = self.ids.iter().enumerate().map(trade).collect();
        if self.halted_at == Some(step) {
            let (instrument, kind) = (self.ids[0], abi::event_kind::HALT);
            events.push(abi::Event { ts, instrument, kind, ..abi::Event::default() });
        }
        if self.skips_at.is_some() {
            events.push(self.bid((ts, step), 0));
        }
        self.sent += self.host.emit(&events[self.sent..]);
        if self.sent < events.len() {
            return Ok(0);
        }
        self.sent = 0;
        self.server.steps = step;
        Ok(events.len() + self.execute(ts)?)
    }

    /// The bid of the first instrument after a step, as an update with a number.
    fn bid(&self, (ts, step): (i64, u64), flags: u16) -> abi::Event {
        let number = step + u64::from(self.skips_at.is_some_and(|skipped| step >= skipped));
        abi::Event {
            ts,
            instrument: self.ids[0],
            kind: abi::event_kind::BOOK_UPDATE,
            flags: abi::event_flag::BUY | flags,
            data: [Server::price_at(step, 0) - 1, 1, 0, 0, number.cast_signed()],
            ..abi::Event::default()
        }
    }

    /// Shows the whole book of an instrument, as who missed something of it asks.
    pub(crate) fn show_book(&self, instrument: InstrumentId, ts: i64) {
        if instrument.0 == self.ids[0] && self.skips_at.is_some() && self.server.steps > 0 {
            let shown = self.host.emit(&[self.bid((ts, self.server.steps), abi::event_flag::SNAPSHOT)]);
            self.host.log(Level::INFO, format_args!("shows the book of {instrument} anew: {shown} event"));
        }
    }

    /// Executes and reports; how many reports.
    pub(crate) fn execute(&mut self, ts: i64) -> Result<usize> {
        let fills = self.server.execute(ts);
        let events: Result<Vec<_>> = fills.iter().map(|fill| self.fill_event(fill)).collect();
        self.push(&events?);
        Ok(fills.len())
    }

    /// The host takes all, unless it ends the run.
    pub(crate) fn push(&self, events: &[abi::OrderEvent]) {
        self.keep();
        if events.is_empty() || self.silent_file.as_ref().is_some_and(|file| file.exists()) {
            return;
        }
        let _ = self.host.emit_orders(events);
    }

    /// Writes the server down: what is told is true after any end of this process.
    fn keep(&self) {
        let Some(file) = &self.ledger else { return };
        let next = file.with_extension("next");
        let kept = serde_json::to_vec(&self.server).map_err(std::io::Error::from);
        let kept =
            kept.and_then(|server| std::fs::write(&next, server)).and_then(|()| std::fs::rename(&next, file));
        if let Err(error) = kept {
            self.host.log(Level::ERROR, format_args!("{}: {error}", file.display()));
        }
    }

    /// A report of an order; a change of its status is the caller's.
    pub(crate) fn order_event(
        &self,
        order: &Order,
        kind: OrderEventKind,
        status: OrderStatus,
        (ts, correlation): (i64, u64),
    ) -> Result<abi::OrderEvent> {
        Ok(abi::OrderEvent {
            ts,
            client_order_id: order.client_order_id,
            exchange_order_id: self.host.intern(&order.id)?,
            instrument: self.ids[order.market],
            kind: kind.code(),
            status: status.code(),
            side: order.side().code(),
            price: order.price.unwrap_or(0),
            quantity: order.quantity,
            cumulative_quantity: order.filled,
            reason: Reason::None.code(),
            order_type: order.order_type().code(),
            correlation,
            ..abi::OrderEvent::default()
        })
    }

    fn fill_event(&self, fill: &Fill) -> Result<abi::OrderEvent> {
        let order = &fill.order;
        let kind = if order.is_buy { OrderEventKind::Bought } else { OrderEventKind::Sold };
        Ok(abi::OrderEvent {
            last_price: fill.price,
            last_quantity: fill.quantity,
            trade_id: self.host.intern(&fill.id)?,
            ..self.order_event(order, kind, order.status(), (fill.ts, 0))?
        })
    }

    pub(crate) fn order_record(&self, order: &Order) -> Result<abi::OrderRecord> {
        Ok(abi::OrderRecord {
            client_order_id: order.client_order_id,
            exchange_order_id: self.host.intern(&order.id)?,
            instrument: self.ids[order.market],
            side: order.side().code(),
            order_type: order.order_type().code(),
            lifetime: abi::order_lifetime::GTC,
            status: order.status().code(),
            quantity: order.quantity,
            filled: order.filled,
            price: order.price.unwrap_or(0),
            created: order.created,
            updated: order.created,
            ..abi::OrderRecord::default()
        })
    }

    pub(crate) fn fill_record(&self, fill: &Fill) -> Result<abi::FillRecord> {
        Ok(abi::FillRecord {
            ts: fill.ts,
            client_order_id: fill.order.client_order_id,
            exchange_order_id: self.host.intern(&fill.order.id)?,
            trade_id: self.host.intern(&fill.id)?,
            instrument: self.ids[fill.order.market],
            side: fill.order.side().code(),
            price: fill.price,
            quantity: fill.quantity,
            ..abi::FillRecord::default()
        })
    }
}

impl Order {
    fn side(&self) -> Side {
        if self.is_buy { Side::Buy } else { Side::Sell }
    }

    fn order_type(&self) -> OrderType {
        if self.price.is_some() { OrderType::Limit } else { OrderType::Market }
    }

    pub(crate) fn status(&self) -> OrderStatus {
        match self.filled {
            0 => OrderStatus::Open,
            filled if filled < self.quantity => OrderStatus::PartiallyFilled,
            _ => OrderStatus::Filled,
        }
    }
}
