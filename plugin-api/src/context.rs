//! What a strategy can ask for and read while a handler runs.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    Account, ClientOrderId, Error, ExchangeId, ExchangeInfo, Fill, Filter, Instrument, InstrumentId,
    InstrumentType, Level, Location, Log, LogTarget, LogValue, Money, OmsType, Order, OrderRequest,
    PluginLogger, Portfolio, Position, Price, PricePoint, Quantity, Reason, Result, Risk, RiskLimit,
    RiskScope, Side, StrategyHost, Timestamp, TradingType, abi, export::instrument_from_record, log,
};

/// The view of a handler: the time, the market, one's own orders and positions, and requests.
///
/// A request is only a request. It is carried out after the handler returned, and its outcome comes through the
/// handlers (`on_received`, `on_rejected`, `on_bought`, …).
pub struct Context<'a> {
    host: &'a mut dyn StrategyHost,
    cache: &'a mut InstrumentCache,
    has_requested: bool,
    /// Which event of the slice it is.
    index: usize,
    is_warming_up: bool,
}

/// Instruments that were looked up before: they never change during a run.
#[derive(Default)]
pub(crate) struct InstrumentCache {
    // ordered, because iteration order must never depend on addresses or seeds
    known: BTreeMap<InstrumentId, Arc<Instrument>>,
}

/// When a timer fires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WallTime {
    /// 0..=23; `None` = every hour.
    pub hour: Option<u8>,
    /// 0..=59; `None` = every minute.
    pub minute: Option<u8>,
    /// 0..=59; `None` = every second.
    pub second: Option<u8>,
}

/// A timer that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub u64);

fn limit_reached(what: &str) -> Error {
    Error::new(format!("{what} was refused: the host's limit of requests per event is reached"))
}

impl<'a> Context<'a> {
    pub(crate) fn new(host: &'a mut dyn StrategyHost, cache: &'a mut InstrumentCache) -> Self {
        Self::of_event(host, cache, 0)
    }

    /// The context of an event by its place in the slice of the call.
    #[inline]
    pub(crate) fn of_event(
        host: &'a mut dyn StrategyHost,
        cache: &'a mut InstrumentCache,
        index: usize,
    ) -> Self {
        Self { host, cache, has_requested: false, index, is_warming_up: false }
    }

    /// Whether a request was made: the caller stops the slice after such an event.
    pub(crate) fn has_requested(&self) -> bool {
        self.has_requested
    }

    pub(crate) fn host(&self) -> &dyn StrategyHost {
        &*self.host
    }

    pub(crate) fn host_mut(&mut self) -> &mut dyn StrategyHost {
        &mut *self.host
    }

    /// A request was made.
    pub(crate) fn note_request(&mut self) {
        self.has_requested = true;
    }

    // ---- time and run ----

    /// The time of the event in work.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.host.now()
    }

    /// Whether the event in work is history, told before `on_start` to warm the strategy up. Orders are refused then, with
    /// the reason [`Reason::WarmUp`]; there are no positions yet, and prices and books may be ahead of the event.
    #[must_use]
    pub fn is_warming_up(&self) -> bool {
        self.is_warming_up
    }

    /// The event in work is history.
    pub(crate) fn set_warming_up(&mut self, is_warming_up: bool) {
        self.is_warming_up = is_warming_up;
    }

    /// What the run is.
    #[must_use]
    pub fn trading_type(&self) -> TradingType {
        self.host.trading_type()
    }

    /// An interned text: ids and payloads of events.
    #[must_use]
    pub fn text(&self, handle: abi::TextHandle) -> String {
        let mut text = String::new();
        self.host.text(handle, &mut |t| text.push_str(t));
        text
    }

    // ---- market ----

    /// The instrument of an id.
    ///
    /// # Errors
    /// There is none of this id.
    pub fn instrument(&mut self, id: InstrumentId) -> Result<Arc<Instrument>> {
        if let Some(known) = self.cache.known.get(&id) {
            return Ok(Arc::clone(known));
        }
        let mut found = None;
        let filter = Filter::instrument(id).into();
        self.host.instruments(&filter, &mut |record| found = Some(*record));
        let record = found.ok_or_else(|| Error::new(format!("there is no instrument {id}")))?;
        let instrument = Arc::new(instrument_from_record(&record, |handle| self.text(handle)));
        self.cache.known.insert(id, Arc::clone(&instrument));
        Ok(instrument)
    }

    /// Instruments, of a type and an exchange if given.
    ///
    /// # Errors
    /// Never, unless the host is inconsistent.
    pub fn instruments(
        &mut self,
        instrument_type: Option<InstrumentType>,
        exchange: Option<ExchangeId>,
    ) -> Result<Vec<Arc<Instrument>>> {
        let filter = Filter { instrument_type, exchange, ..Filter::default() };
        let mut ids = Vec::new();
        self.host.instruments(&filter.into(), &mut |record| ids.push(InstrumentId(record.id)));
        ids.into_iter().map(|id| self.instrument(id)).collect()
    }

    /// Exchanges, those that serve an instrument type if given.
    #[must_use]
    pub fn exchanges(&self, instrument_type: Option<InstrumentType>) -> Vec<ExchangeInfo> {
        let filter = Filter { instrument_type, ..Filter::default() };
        let mut found = Vec::new();
        self.host.exchanges(&filter.into(), &mut |record| found.push((record.id, record.name)));
        found
            .into_iter()
            .map(|(id, name)| ExchangeInfo { id: ExchangeId(id), name: self.text(name) })
            .collect()
    }

    /// The instrument of a symbol, on an exchange if given.
    ///
    /// # Errors
    /// There is none of this symbol.
    pub fn lookup(&mut self, symbol: &str, exchange: Option<ExchangeId>) -> Result<Arc<Instrument>> {
        match self.host.lookup(symbol, exchange.map_or(0, |e| e.0)) {
            0 => Err(Error::new(format!("there is no instrument `{symbol}`"))),
            id => self.instrument(InstrumentId(id)),
        }
    }

    /// Narrows the market events to subscribed instruments; `None` = all of them.
    /// A strategy that never subscribes gets everything.
    ///
    /// # Errors
    /// The instrument is not known.
    pub fn subscribe(&mut self, instrument: Option<InstrumentId>) -> Result<()> {
        if self.host.subscribe(instrument.map_or(0, |i| i.0), 0) {
            // it decides which events of a slice the strategy still wants
            self.has_requested = true;
            return Ok(());
        }
        Err(Error::new(format!("cannot subscribe to instrument {}", instrument.unwrap_or_default())))
    }

    /// The latest prices of an instrument, oldest first; the host keeps a limited number.
    #[must_use]
    pub fn price_history(&self, instrument: InstrumentId) -> Vec<PricePoint> {
        let mut points = Vec::new();
        self.host.price_history(instrument.0, &mut |p| {
            points.push(PricePoint {
                ts: Timestamp::new(p.ts),
                price: Price::new(p.price),
                quantity: Quantity::new(p.quantity),
            });
        });
        points
    }

    // ---- requests ----

    /// Requests an order on the buy side.
    ///
    /// # Errors
    /// The host's limit of requests per event is reached.
    pub fn buy(&mut self, request: OrderRequest) -> Result<ClientOrderId> {
        self.new_order(request.side(Side::Buy))
    }

    /// Requests an order on the sell side.
    ///
    /// # Errors
    /// The host's limit of requests per event is reached.
    pub fn sell(&mut self, request: OrderRequest) -> Result<ClientOrderId> {
        self.new_order(request.side(Side::Sell))
    }

    /// Requests an order.
    ///
    /// # Errors
    /// The host's limit of requests per event is reached.
    pub fn new_order(&mut self, request: OrderRequest) -> Result<ClientOrderId> {
        self.has_requested = true;
        self.host.submit(&(&request).into()).map(ClientOrderId).ok_or_else(|| limit_reached("an order"))
    }

    /// Requests to cancel an order.
    ///
    /// # Errors
    /// The host's limit of requests per event is reached.
    pub fn cancel_order(&mut self, order: ClientOrderId) -> Result<()> {
        self.has_requested = true;
        if self.host.cancel(order.0) { Ok(()) } else { Err(limit_reached("a cancel")) }
    }

    /// Requests another price and another total quantity, what is filled included.
    ///
    /// # Errors
    /// The host's limit of requests per event is reached.
    pub fn change_order(&mut self, order: ClientOrderId, price: Price, quantity: Quantity) -> Result<()> {
        self.has_requested = true;
        if self.host.change(order.0, price.get(), quantity.get()) {
            Ok(())
        } else {
            Err(limit_reached("a change"))
        }
    }

    /// Requests to cancel all own orders, of an instrument if given.
    ///
    /// # Errors
    /// The host's limit of requests per event is reached.
    pub fn cancel_all(&mut self, instrument: Option<InstrumentId>) -> Result<()> {
        self.has_requested = true;
        if self.host.cancel_all(instrument.map_or(0, |i| i.0)) {
            Ok(())
        } else {
            Err(limit_reached("cancel_all"))
        }
    }

    /// Requests to cancel all own orders and to close all own positions, of an instrument if given.
    ///
    /// # Errors
    /// The host's limit of requests per event is reached.
    pub fn close_all(&mut self, instrument: Option<InstrumentId>) -> Result<()> {
        self.has_requested = true;
        if self.host.close_all(instrument.map_or(0, |i| i.0)) {
            Ok(())
        } else {
            Err(limit_reached("close_all"))
        }
    }

    /// Ends this strategy after the handler.
    pub fn stop(&mut self, reason: &str) {
        self.has_requested = true;
        self.host.stop(reason);
    }

    /// Ends the run after the handler, if the configuration permits it; otherwise only this strategy.
    pub fn shutdown(&mut self, reason: &str) {
        self.has_requested = true;
        self.host.shutdown(reason);
    }

    // ---- own orders, fills, positions ----

    /// Own working orders.
    #[must_use]
    pub fn orders(&self, filter: Filter) -> Vec<Order> {
        let mut orders = Vec::new();
        self.host.orders(&filter.into(), &mut |record| orders.extend(Order::from_raw(record)));
        orders
    }

    /// Own finished orders; the host keeps a limited number.
    #[must_use]
    pub fn past_orders(&self, filter: Filter) -> Vec<Order> {
        let mut orders = Vec::new();
        self.host.past_orders(&filter.into(), &mut |record| orders.extend(Order::from_raw(record)));
        orders
    }

    /// Own executions; the host keeps a limited number.
    #[must_use]
    pub fn fills(&self, filter: Filter) -> Vec<Fill> {
        let mut fills = Vec::new();
        self.host.fills(&filter.into(), &mut |record| fills.extend(Fill::from_raw(record)));
        fills
    }

    /// Own positions, closed ones with their realized PnL included. A side filters long (Buy) or short (Sell).
    #[must_use]
    pub fn positions(&self, filter: Filter) -> Vec<Position> {
        let mut positions = Vec::new();
        self.host.positions(&filter.into(), &mut |record| positions.push(record.into()));
        positions
    }

    /// The strategy's portfolio.
    #[must_use]
    pub fn portfolio(&self) -> Portfolio {
        let raw = self.host.portfolio();
        Portfolio {
            currency: self.text(raw.currency),
            cash: raw.cash.into(),
            notional: raw.notional.into(),
            realized: raw.realized.into(),
            unrealized: raw.unrealized.into(),
            fees: raw.fees.into(),
            equity_run: raw.equity_run.into(),
        }
    }

    /// Accounts, of an exchange if given; else the run's own comes first. Those of exchanges are as these told them last:
    /// at the start, after a reconnect, and every `recovery.check_every`, in a sandbox or live with a state directory.
    #[must_use]
    pub fn accounts(&self, exchange: Option<ExchangeId>) -> Vec<Account> {
        let filter = Filter { exchange, ..Filter::default() };
        let mut records = Vec::new();
        self.host.accounts(&filter.into(), &mut |record| records.push(*record));
        let account = |raw: abi::AccountRecord| Account {
            id: self.text(raw.id),
            exchange: ExchangeId(raw.exchange),
            oms_type: OmsType::from_code(raw.oms_type).unwrap_or(OmsType::Netting),
            currency: self.text(raw.currency),
            cash: raw.cash.into(),
            equity: raw.equity.into(),
            margin: raw.margin.into(),
        };
        records.into_iter().map(account).collect()
    }

    /// Risk figures of one position or of all, with the limits that apply.
    #[must_use]
    pub fn risk(&self, position: Option<&Position>) -> Risk {
        let mut limits = Vec::new();
        let raw = self.host.risk(position.map_or(0, |p| p.instrument.0), &mut |limit| {
            limits.push(RiskLimit {
                reason: Reason::from_code(limit.limit_code).unwrap_or(Reason::None),
                scope: RiskScope::from_code(limit.scope).unwrap_or(RiskScope::Run),
                used: limit.used.into(),
                limit: limit.limit.into(),
                headroom: limit.headroom.into(),
            });
        });
        Risk {
            exposure: raw.exposure.into(),
            notional: raw.notional.into(),
            realized: raw.realized.into(),
            unrealized: raw.unrealized.into(),
            drawdown: raw.drawdown.into(),
            day_loss: raw.day_loss.into(),
            open_order_exposure: raw.open_order_exposure.into(),
            limits,
        }
    }

    // ---- timers ----

    /// Calls `on_timer` whenever the UTC wall clock matches; `tag` comes back with it.
    ///
    /// # Errors
    /// A field is out of range, or the host's limit of timers is reached.
    pub fn at(&mut self, time: WallTime, tag: i64) -> Result<TimerId> {
        let field = |value: Option<u8>| match value {
            None => -1,
            // beyond 127 is out of every field's range; the host refuses it
            Some(number) => i8::try_from(number).unwrap_or(i8::MAX),
        };
        self.timer(abi::Schedule {
            kind: abi::schedule_kind::AT,
            hour: field(time.hour),
            minute: field(time.minute),
            second: field(time.second),
            tag,
            ..abi::Schedule::default()
        })
    }

    /// Calls `on_timer` every `interval_ns` nanoseconds, first one interval from now.
    ///
    /// # Errors
    /// The interval is not positive, or the host's limit of timers is reached.
    pub fn periodic(&mut self, interval_ns: i64, tag: i64) -> Result<TimerId> {
        self.timer(abi::Schedule {
            kind: abi::schedule_kind::PERIODIC,
            interval: interval_ns,
            tag,
            ..abi::Schedule::default()
        })
    }

    /// Calls `on_timer` so much before the close of every session of an instrument, by the trading hours that bind this
    /// strategy there.
    ///
    /// # Errors
    /// No trading hours are configured, or the host's limit of timers is reached.
    pub fn before_close(&mut self, instrument: InstrumentId, interval_ns: i64, tag: i64) -> Result<TimerId> {
        self.timer(abi::Schedule {
            kind: abi::schedule_kind::BEFORE_CLOSE,
            instrument: instrument.0,
            interval: interval_ns,
            tag,
            ..abi::Schedule::default()
        })
    }

    /// Calls `on_timer` once.
    ///
    /// # Errors
    /// The host's limit of timers is reached.
    pub fn once(&mut self, time: Timestamp, tag: i64) -> Result<TimerId> {
        self.timer(abi::Schedule {
            kind: abi::schedule_kind::ONCE,
            time: time.get(),
            tag,
            ..abi::Schedule::default()
        })
    }

    /// Cancels a timer.
    ///
    /// # Errors
    /// There is none of this id.
    pub fn cancel_timer(&mut self, timer: TimerId) -> Result<()> {
        if self.host.timer_cancel(timer.0) {
            Ok(())
        } else {
            Err(Error::new(format!("there is no timer {}", timer.0)))
        }
    }

    fn timer(&mut self, schedule: abi::Schedule) -> Result<TimerId> {
        // it may be due before the next event of the batch, which therefore comes in another call
        self.has_requested = true;
        self.host.timer(&schedule).map(TimerId).ok_or_else(|| {
            Error::new(
                "the timer was refused: its schedule is not usable, or the host's limit of timers is reached",
            )
        })
    }

    // ---- words ----

    /// Logs a message under `strategy.<instance>`, if the level is taken. The macro [`log!`](crate::log) does so with fields.
    #[track_caller]
    pub fn log(&self, level: Level, message: impl fmt::Display) {
        self.log_fields(level, message, &[]);
    }

    /// Logs a message with key-values, if the level is taken.
    #[track_caller]
    pub fn log_fields(&self, level: Level, message: impl fmt::Display, fields: &[(&str, LogValue<'_>)]) {
        if !self.is_enabled(level) {
            return;
        }
        let location = Location::caller();
        log::with_message(format_args!("{message}"), |message| {
            self.log_record(&Log { fields, location, ..Log::new(level, message) });
        });
    }

    /// Logs a message of level INFO.
    #[track_caller]
    pub fn info(&self, message: impl fmt::Display) {
        self.log(Level::INFO, message);
    }

    /// Logs a message of level WARNING.
    #[track_caller]
    pub fn warning(&self, message: impl fmt::Display) {
        self.log(Level::WARNING, message);
    }

    /// The logger `name` below the instance's own, to be kept and used by any thread.
    #[must_use]
    pub fn logger(&self, name: &str) -> PluginLogger {
        PluginLogger::of_host(self.host.log_sink(name), name)
    }

    /// Sets a field that every later record of this instance has, on top of `instance`, `instrument` and `order_id`, which
    /// the host adds; [`LogValue::Null`] takes it away.
    pub fn set_log_context<'v>(&self, key: &str, value: impl Into<LogValue<'v>>) {
        self.host.log_context(key, value.into());
    }

    /// Reports a figure of the strategy's own.
    pub fn metric(&mut self, name: &str, value: Money) {
        // counts against the limit of requests per event
        self.has_requested = true;
        self.host.metric(name, value);
    }
}

impl LogTarget for Context<'_> {
    #[inline]
    fn is_enabled(&self, level: Level) -> bool {
        log::is_enabled_in_scope(level, level.get() >= self.host.log_threshold())
    }

    fn log_record(&self, record: &Log<'_>) {
        let record = Log { event: record.event.or(u32::try_from(self.index).ok()), ..*record };
        log::pass(&record, || self.host.log_sink(""), |record| self.host.log(record));
    }
}
