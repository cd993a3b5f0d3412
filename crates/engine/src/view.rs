//! The engine as a strategy sees it during a call: a read view and a request buffer.

use std::sync::Arc;

use stratd_plugin_api::{
    ClientOrderId, ExchangeId, InstrumentId, Log, LogSink, Money, PositionSide, Price, Quantity, Side,
    StrategyHost, StrategyServices, Timestamp, TradingType,
    abi::{self, Filter, TextHandle},
};

use crate::{
    StrategyId,
    bars::{self, Specs},
    core::Core,
    execution::Execution,
    request::{REQUESTS_PER_EVENT_MAX, Request},
    schedule::Timers,
    strategies::Subscription,
};

/// Borrowed for one call of one strategy.
pub(crate) struct StrategyView<'a> {
    pub(crate) core: &'a Core,
    pub(crate) services: &'a dyn StrategyServices,
    pub(crate) timers: &'a mut Timers,
    pub(crate) subscription: &'a mut Subscription,
    pub(crate) bar_specs: &'a mut Specs,
    pub(crate) requests: &'a mut Vec<Request>,
    pub(crate) order_counter: &'a mut u64,
    pub(crate) strategy: StrategyId,
    pub(crate) name: &'a str,
    /// False where nobody would carry requests out: between two steps.
    pub(crate) may_request: bool,
    /// The time of the event in work.
    pub(crate) now: Timestamp,
    /// Whether each event of the call happens at its own time.
    pub(crate) is_span: bool,
}

impl StrategyView<'_> {
    fn request(&mut self, request: Request) -> bool {
        let has_room = self.has_room();
        if has_room {
            self.requests.push(request);
        }
        has_room
    }

    fn has_room(&self) -> bool {
        self.may_request && self.requests.len() < REQUESTS_PER_EVENT_MAX
    }

    /// Beyond the limit of requests the wish to end is still heard: it replaces the last request.
    fn request_end(&mut self, request: Request) {
        if self.may_request {
            self.requests.truncate(REQUESTS_PER_EVENT_MAX.saturating_sub(1));
            self.requests.push(request);
        }
    }

    fn execution(&self) -> &Execution {
        &self.core.execution
    }
}

fn instrument_of(raw: u32) -> Option<InstrumentId> {
    (raw != 0).then_some(InstrumentId(raw))
}

impl StrategyHost for StrategyView<'_> {
    fn log(&self, record: &Log<'_>) {
        self.services.log(self.name, record);
    }

    fn log_sink(&self, name: &str) -> Option<Arc<dyn LogSink>> {
        self.services.log_sink(self.name, name)
    }

    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        self.services.text(handle, visit);
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn begin_event(&mut self, event: &abi::Event) {
        if self.is_span && self.now.get() != event.ts {
            self.now = Timestamp::new(event.ts);
            self.services.set_now(self.now);
        }
    }

    fn trading_type(&self) -> TradingType {
        self.core.config.trading_type
    }

    fn submit(&mut self, request: &abi::OrderRequest) -> Option<u64> {
        if !self.has_room() {
            return None;
        }
        let counter = self.order_counter.checked_add(1)?;
        let id = self.core.execution.ids().id(self.strategy, counter)?;
        *self.order_counter = counter;
        self.requests.push(Request::New(id, *request));
        Some(id.0)
    }

    fn cancel(&mut self, client_order_id: u64) -> bool {
        self.request(Request::Cancel(ClientOrderId(client_order_id)))
    }

    fn change(&mut self, client_order_id: u64, price: i64, quantity: i64) -> bool {
        self.request(Request::Change(
            ClientOrderId(client_order_id),
            Price::new(price),
            Quantity::new(quantity),
        ))
    }

    fn cancel_all(&mut self, instrument: u32) -> bool {
        self.request(Request::CancelAll(instrument_of(instrument)))
    }

    fn close_all(&mut self, instrument: u32) -> bool {
        self.request(Request::CloseAll(instrument_of(instrument)))
    }

    fn subscribe(&mut self, instrument: u32, kinds: u32) -> bool {
        let is_known = instrument == 0 || self.core.instruments.get(InstrumentId(instrument)).is_some();
        let is_taken = self.may_request && is_known;
        if is_taken {
            self.subscription.add(instrument, kinds);
        }
        is_taken
    }

    fn lookup(&self, symbol: &str, exchange: u16) -> u32 {
        self.core.instruments.lookup(symbol, ExchangeId(exchange)).map_or(0, |id| id.0)
    }

    fn instruments(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::InstrumentRecord)) {
        self.core.instruments.visit(filter, visit);
    }

    fn exchanges(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::ExchangeRecord)) {
        self.core.instruments.visit_exchanges(filter, visit);
    }

    fn orders(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::OrderRecord)) {
        for order in self.execution().working_of(self.strategy) {
            let record = order.record();
            if matches(filter, record.instrument, record.exchange, record.side) {
                visit(&record);
            }
        }
    }

    fn past_orders(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::OrderRecord)) {
        for order in self.execution().past_of(self.strategy) {
            let record = order.record();
            if matches(filter, record.instrument, record.exchange, record.side) {
                visit(&record);
            }
        }
    }

    fn fills(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::FillRecord)) {
        let fills = self.execution().fills_of(self.strategy);
        fills.filter(|fill| matches(filter, fill.instrument, fill.exchange, fill.side)).for_each(visit);
    }

    fn positions(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::PositionRecord)) {
        for record in self.core.position_records(self.strategy) {
            // a hedged position has its side even when it is closed
            let side = match (PositionSide::from_code(record.side), record.size.signum()) {
                (Some(PositionSide::Long), _) | (Some(PositionSide::Net), 1) => Side::Buy.code(),
                (Some(PositionSide::Short), _) | (Some(PositionSide::Net), -1) => Side::Sell.code(),
                (Some(PositionSide::Net) | None, _) => 0,
            };
            if matches(filter, record.instrument, record.exchange, side) {
                visit(&record);
            }
        }
    }

    fn accounts(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::AccountRecord)) {
        // the run's own account is of no exchange
        if filter.exchange == 0 {
            visit(&self.core.account_record());
        }
        let of_exchanges = self.core.exchange_accounts();
        of_exchanges.filter(|told| filter.exchange == 0 || filter.exchange == told.exchange).for_each(visit);
    }

    fn portfolio(&self) -> abi::PortfolioRecord {
        self.core.portfolio_record(self.strategy)
    }

    fn risk(&self, instrument: u32, visit: &mut dyn FnMut(&abi::RiskLimitRecord)) -> abi::RiskRecord {
        self.core.risk_record(self.strategy, instrument_of(instrument), visit)
    }

    fn price_history(&self, instrument: u32, visit: &mut dyn FnMut(&abi::PricePoint)) {
        self.core.market.history(InstrumentId(instrument), visit);
    }

    fn book(&self, query: &abi::BookQuery, visit: &mut dyn FnMut(&abi::BookLevelRecord)) -> abi::BookRecord {
        self.core.books.query(query, visit)
    }

    fn subscribe_bars(&mut self, instrument: u32, spec: &abi::BarSpec) -> Option<u8> {
        let instrument = self.core.instruments.get(InstrumentId(instrument))?.id;
        if !self.has_room() || !self.core.bars.has_room() {
            return None;
        }
        let number = bars::number_of(self.bar_specs, spec)?;
        self.requests.push(Request::Bars(instrument, number));
        Some(number)
    }

    fn timer(&mut self, schedule: &abi::Schedule) -> Option<u64> {
        if !self.may_request {
            return None;
        }
        let risk = &self.core.risk;
        let closes = |strategy, instrument, at| risk.next_close(strategy, instrument, at);
        self.timers.set(self.strategy, schedule, (self.now, &closes))
    }

    fn timer_cancel(&mut self, timer: u64) -> bool {
        self.may_request && self.timers.cancel(self.strategy, timer)
    }

    fn stop(&mut self, reason: &str) {
        self.request_end(Request::Stop(reason.to_owned()));
    }

    fn shutdown(&mut self, reason: &str) {
        self.request_end(Request::Shutdown(reason.to_owned()));
    }

    fn metric(&mut self, name: &str, value: Money) {
        self.request(Request::Metric(name.to_owned(), value));
    }
}

fn matches(filter: &Filter, instrument: u32, exchange: u16, side: u8) -> bool {
    (filter.instrument == 0 || filter.instrument == instrument)
        && (filter.exchange == 0 || filter.exchange == exchange)
        && (filter.side == 0 || filter.side == side)
}
