//! The plugin's side of a strategy: its calls, and the host that it sees.

use std::{cell::Cell, rc::Rc};

use stratd_plugin_api::{
    Fault, Log, Money, StrategyHost, StrategyInstance, Timestamp, TradingType,
    abi::{
        AccountRecord, BarSpec, BookLevelRecord, BookQuery, BookRecord, Event, ExchangeRecord, FillRecord,
        Filter, InstrumentRecord, MoneyBits, OrderEvent, OrderRecord, OrderRequest, PortfolioRecord,
        PositionRecord, PricePoint, RiskLimitRecord, RiskRecord, Schedule, TextHandle,
    },
};

use super::{
    codec::{Decoder, Encoder},
    log,
    plain::Plain,
    protocol::{Entry, Function},
    pump::Pump,
    ring::Broken,
};

/// Makes calls until the instance is destroyed or the host is gone.
pub(super) fn run(pump: &Rc<Pump>, strategy: Box<dyn StrategyInstance>, trading_type: TradingType) {
    let mut seat = Seat {
        strategy,
        host: RemoteHost { pump: Rc::clone(pump), now: Cell::new(Timestamp::default()), trading_type },
        events: Vec::new(),
        orders: Vec::new(),
    };
    let (mut arguments, mut returned) = (Vec::new(), Vec::new());
    while let Ok(entry) = pump.next_call(&mut arguments) {
        if entry == Entry::Destroy {
            drop(seat);
            returned.clear();
            // a host that is gone needs no answer
            let _ = pump.answer(Ok(()), &mut returned);
            return;
        }
        let result = seat.call(entry, &mut Decoder::new(&arguments), &mut Encoder::new(&mut returned));
        if result.and_then(|result| pump.answer(result, &mut returned)).is_err() {
            return;
        }
    }
}

struct Seat {
    strategy: Box<dyn StrategyInstance>,
    host: RemoteHost,
    events: Vec<Event>,
    orders: Vec<OrderEvent>,
}

impl Seat {
    fn call(
        &mut self,
        entry: Entry,
        arguments: &mut Decoder<'_>,
        returned: &mut Encoder<'_>,
    ) -> Result<Result<(), Fault>, Broken> {
        let Self { strategy, host, events, orders } = self;
        host.now.set(Timestamp::new(arguments.signed()?));
        Ok(match entry {
            Entry::OnEvents => {
                events.clear();
                arguments.records(events)?;
                strategy.on_events(host, events).map(|count| returned.number(count as u64))
            }
            Entry::OnOrders => {
                orders.clear();
                arguments.records(orders)?;
                strategy.on_orders(host, orders).map(|count| returned.number(count as u64))
            }
            Entry::OnConfig => strategy.on_config(host, &arguments.text()?),
            Entry::Slippage => {
                strategy.slippage(host, &arguments.record()?).map(|cost| write_cost(cost, returned))
            }
            Entry::TransactionCost => {
                strategy.transaction_cost(host, &arguments.record()?).map(|cost| write_cost(cost, returned))
            }
            Entry::Save => strategy.save(host).map(|state| {
                returned.flag(state.is_some());
                returned.bytes(&state.unwrap_or_default());
            }),
            Entry::Restore => strategy.restore(host, arguments.small()?, arguments.bytes()?),
            Entry::Quiesce => strategy.quiesce(host, Timestamp::new(arguments.signed()?)),
            other => return Err(Broken::Garbled(format!("`{}` of a strategy", other.name()))),
        })
    }
}

fn write_cost(cost: Option<Money>, out: &mut Encoder<'_>) {
    out.flag(cost.is_some());
    out.record(&MoneyBits::new(cost.unwrap_or_default().get()));
}

/// The host as an isolated strategy sees it during a call.
struct RemoteHost {
    pump: Rc<Pump>,
    now: Cell<Timestamp>,
    trading_type: TradingType,
}

impl RemoteHost {
    /// A request that is taken or not.
    fn request(&self, function: Function, write: impl FnOnce(&mut Encoder<'_>)) -> bool {
        self.pump.ask(function, write, |m| m.flag()).unwrap_or(false)
    }

    /// Records, all of them copied before the first is visited.
    fn query<T: Plain>(
        &self,
        function: Function,
        write: impl FnOnce(&mut Encoder<'_>),
        visit: &mut dyn FnMut(&T),
    ) {
        let mut records = Vec::new();
        if self.pump.ask(function, write, |answer| answer.records(&mut records)).is_some() {
            records.iter().for_each(visit);
        }
    }
}

impl StrategyHost for RemoteHost {
    fn log(&self, record: &Log<'_>) {
        self.pump.tell(Function::Log, |out| log::write(record, out));
    }
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        let text = self.pump.ask(Function::Text, |out| out.number(handle), |m| m.text());
        visit(&text.unwrap_or_default());
    }
    fn now(&self) -> Timestamp {
        self.now.get()
    }
    fn trading_type(&self) -> TradingType {
        self.trading_type
    }
    fn submit(&mut self, request: &OrderRequest) -> Option<u64> {
        let id = self.pump.ask(Function::Submit, |out| out.record(request), |m| m.number());
        id.filter(|id| *id != 0)
    }
    fn cancel(&mut self, client_order_id: u64) -> bool {
        self.request(Function::Cancel, |out| out.number(client_order_id))
    }
    fn change(&mut self, client_order_id: u64, price: i64, quantity: i64) -> bool {
        self.request(Function::Change, |out| {
            out.number(client_order_id);
            out.signed(price);
            out.signed(quantity);
        })
    }
    fn cancel_all(&mut self, instrument: u32) -> bool {
        self.request(Function::CancelAll, |out| out.number(instrument.into()))
    }
    fn close_all(&mut self, instrument: u32) -> bool {
        self.request(Function::CloseAll, |out| out.number(instrument.into()))
    }
    fn subscribe(&mut self, instrument: u32, kinds: u32) -> bool {
        self.request(Function::Subscribe, |out| {
            out.number(instrument.into());
            out.number(kinds.into());
        })
    }
    fn lookup(&self, symbol: &str, exchange: u16) -> u32 {
        let write = |out: &mut Encoder<'_>| {
            out.text(symbol);
            out.number(exchange.into());
        };
        self.pump.ask(Function::Lookup, write, |m| m.small()).unwrap_or(0)
    }
    fn instruments(&self, filter: &Filter, visit: &mut dyn FnMut(&InstrumentRecord)) {
        self.query(Function::Instruments, |out| out.record(filter), visit);
    }
    fn exchanges(&self, filter: &Filter, visit: &mut dyn FnMut(&ExchangeRecord)) {
        self.query(Function::Exchanges, |out| out.record(filter), visit);
    }
    fn orders(&self, filter: &Filter, visit: &mut dyn FnMut(&OrderRecord)) {
        self.query(Function::Orders, |out| out.record(filter), visit);
    }
    fn past_orders(&self, filter: &Filter, visit: &mut dyn FnMut(&OrderRecord)) {
        self.query(Function::PastOrders, |out| out.record(filter), visit);
    }
    fn fills(&self, filter: &Filter, visit: &mut dyn FnMut(&FillRecord)) {
        self.query(Function::Fills, |out| out.record(filter), visit);
    }
    fn positions(&self, filter: &Filter, visit: &mut dyn FnMut(&PositionRecord)) {
        self.query(Function::Positions, |out| out.record(filter), visit);
    }
    fn accounts(&self, filter: &Filter, visit: &mut dyn FnMut(&AccountRecord)) {
        self.query(Function::Accounts, |out| out.record(filter), visit);
    }
    fn portfolio(&self) -> PortfolioRecord {
        self.pump.ask(Function::Portfolio, |_| {}, |m| m.record()).unwrap_or_default()
    }
    fn risk(&self, instrument: u32, visit: &mut dyn FnMut(&RiskLimitRecord)) -> RiskRecord {
        let mut limits = Vec::new();
        let figures = self.pump.ask(
            Function::Risk,
            |out| out.number(instrument.into()),
            |answer| {
                answer.records(&mut limits)?;
                answer.record()
            },
        );
        if figures.is_some() {
            limits.iter().for_each(visit);
        }
        figures.unwrap_or_default()
    }
    fn price_history(&self, instrument: u32, visit: &mut dyn FnMut(&PricePoint)) {
        self.query(Function::PriceHistory, |out| out.number(instrument.into()), visit);
    }
    fn book(&self, query: &BookQuery, visit: &mut dyn FnMut(&BookLevelRecord)) -> BookRecord {
        let mut levels = Vec::new();
        let record = self.pump.ask(
            Function::Book,
            |out| out.record(query),
            |answer| {
                answer.records(&mut levels)?;
                answer.record()
            },
        );
        if record.is_some() {
            levels.iter().for_each(visit);
        }
        record.unwrap_or_default()
    }
    fn subscribe_bars(&mut self, instrument: u32, spec: &BarSpec) -> Option<u8> {
        let write = |out: &mut Encoder<'_>| {
            out.number(instrument.into());
            out.record(spec);
        };
        let series = self.pump.ask(Function::SubscribeBars, write, |m| m.small());
        series.filter(|series| *series != 0)
    }
    fn timer(&mut self, schedule: &Schedule) -> Option<u64> {
        let id = self.pump.ask(Function::Timer, |out| out.record(schedule), |m| m.number());
        id.filter(|id| *id != 0)
    }
    fn timer_cancel(&mut self, timer: u64) -> bool {
        self.request(Function::TimerCancel, |out| out.number(timer))
    }
    fn stop(&mut self, reason: &str) {
        self.pump.ask(Function::Stop, |out| out.text(reason), |_| Ok(()));
    }
    fn shutdown(&mut self, reason: &str) {
        self.pump.ask(Function::Shutdown, |out| out.text(reason), |_| Ok(()));
    }
    fn metric(&mut self, name: &str, value: Money) {
        self.pump.ask(
            Function::Metric,
            |out| {
                out.text(name);
                out.record(&MoneyBits::new(value.get()));
            },
            |_| Ok(()),
        );
    }
}
