//! A backtest with slices of one and of many writes the same files, whatever falls on one instant or between two.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use stratd_plugin_api::{
    Context, ExchangeHost, ExchangeInstance, Fault, Instrument, InstrumentId, InstrumentType, LinkedStrategy,
    Money, OrderEventKind, OrderRequest, Quantity, Strategy, StrategyHost, StrategyInstance, Takes, Timer,
    Timestamp, Trade, TradingType, abi, export::instrument_to_record,
};
use stratd_simulation::{CostModels, FillRule};

use super::{Plan, PlannedExchange, PlannedRisk, PlannedStrategy, Services, backtest};
use crate::results::RunFolder;

/// Instants of the recording; four events of each source in each.
const INSTANTS: i64 = 300;
const PER_INSTANT: i64 = 4;

/// A source: of rows that are pulled, or a venue that pushes and answers orders at once.
struct Source {
    host: Arc<dyn ExchangeHost>,
    is_venue: bool,
    instrument: u32,
    next: i64,
    /// From one row to the next of an instant, in nanoseconds: with 0 it is one instant.
    spread_ns: i64,
}

impl Source {
    fn event(&self, number: i64) -> abi::Event {
        abi::Event {
            ts: 1_000_000_000 * (number / PER_INSTANT + 1) + number % PER_INSTANT * self.spread_ns,
            instrument: self.instrument,
            kind: abi::event_kind::TRADE,
            data: [10_000 + number * 37 % 101, 1, 0, 0, 0],
            ..abi::Event::default()
        }
    }
}

impl ExchangeInstance for Source {
    fn connect(&mut self, correlation: u64) -> Result<(), Fault> {
        self.host.answer(correlation, Ok(()));
        Ok(())
    }

    fn instruments(&mut self, correlation: u64) -> Result<(), Fault> {
        let symbol = if self.is_venue { "VENUE" } else { "ROWS" };
        let instrument = Instrument::new(symbol, InstrumentType::Equity);
        let record = instrument_to_record(&instrument, |text| self.host.intern(text));
        self.instrument = self.host.instrument(correlation, &record);
        self.host.answer(correlation, Ok(()));
        Ok(())
    }

    fn subscribe(&mut self, correlation: u64, _: Option<InstrumentId>) -> Result<(), Fault> {
        self.host.answer(correlation, Ok(()));
        Ok(())
    }

    fn poll(&mut self, batch: &mut [abi::Event]) -> Result<usize, Fault> {
        // of rows five at a time: a pull ends within an instant; a venue brings one step per pull
        let count = if self.is_venue { PER_INSTANT } else { 5 };
        let end = (self.next + count).min(INSTANTS * PER_INSTANT);
        let events: Vec<_> = (self.next..end).map(|number| self.event(number)).collect();
        self.next = end;
        if self.is_venue {
            assert_eq!(self.host.emit(&events), events.len());
        } else {
            batch[..events.len()].copy_from_slice(&events);
        }
        Ok(events.len())
    }

    fn lookup(&mut self, _: u64, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn new_order(&mut self, command: &abi::OrderCommand) -> Result<(), Fault> {
        let is_buy = command.order.side == abi::side::BUY;
        let kind = if is_buy { OrderEventKind::Bought } else { OrderEventKind::Sold };
        let fill = abi::OrderEvent {
            // after what it pushed already
            ts: self.event(self.next - 1).ts,
            client_order_id: command.client_order_id,
            instrument: command.order.instrument,
            kind: kind.code(),
            status: abi::order_status::FILLED,
            side: command.order.side,
            quantity: command.order.quantity,
            last_price: 10_000,
            last_quantity: command.order.quantity,
            cumulative_quantity: command.order.quantity,
            trade_id: command.client_order_id,
            ..abi::OrderEvent::default()
        };
        assert_eq!(self.host.emit_orders(&[fill]), 1);
        Ok(())
    }

    fn cancel_order(&mut self, _: &abi::OrderCommand) -> Result<(), Fault> {
        Ok(())
    }

    fn change_order(&mut self, _: &abi::OrderCommand) -> Result<(), Fault> {
        Ok(())
    }

    fn accounts(&mut self, _: u64) -> Result<(), Fault> {
        Ok(())
    }

    fn open_orders(&mut self, _: u64) -> Result<(), Fault> {
        Ok(())
    }

    fn fills_since(&mut self, _: u64, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

/// Trades by the order in which it gets events, market and own: any other order would show in the files.
struct Trader {
    hash: u64,
    slices: Arc<AtomicU32>,
    /// Takes the calls instead.
    timed: Option<LinkedStrategy<Timed>>,
}

/// A strategy of the SDK that only sets timers at events of the market, and trades when they fire. The SDK ends the call
/// after a timer: taken in one call with the events after it, the timer would come late.
struct Timed {
    trades: i64,
}

impl Strategy for Timed {
    type Config = serde_json::Map<String, serde_json::Value>;
    const BATCH_SAFE: bool = true;

    fn new(_: Self::Config) -> stratd_plugin_api::Result<Self> {
        Ok(Self { trades: 0 })
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> stratd_plugin_api::Result<()> {
        self.trades += 1;
        if self.trades % 7 == 0 {
            // between the rows of an instant, or on one of them
            let pause_ns = 700 * (self.trades % 5);
            let due = Timestamp::new(ctx.now().get() + pause_ns);
            ctx.once(due, i64::from(trade.instrument.0))?;
        }
        Ok(())
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, timer: &Timer) -> stratd_plugin_api::Result<()> {
        ctx.metric("trades", Money::new(i128::from(self.trades)));
        let instrument = InstrumentId(u32::try_from(timer.tag).unwrap_or_default());
        let order = OrderRequest::market(instrument, Quantity::new(1 + self.trades % 5));
        if self.trades % 2 == 0 {
            ctx.buy(order)?
        } else {
            ctx.sell(order)?
        };
        Ok(())
    }
}

impl Trader {
    fn new(is_timed: bool, slices: Arc<AtomicU32>) -> Self {
        let timed = is_timed.then(|| LinkedStrategy::new("{}").expect("it takes any configuration"));
        Self { hash: 0xcbf2_9ce4_8422_2325, slices, timed }
    }

    fn take(&mut self, number: i64) {
        self.hash = (self.hash ^ number.cast_unsigned()).wrapping_mul(0x0100_0000_01b3);
    }
}

impl StrategyInstance for Trader {
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[abi::Event]) -> Result<usize, Fault> {
        self.slices.fetch_add(u32::from(events.len() > 1), Ordering::Relaxed);
        if let Some(timed) = &mut self.timed {
            return timed.on_events(host, events);
        }
        for (index, event) in events.iter().enumerate() {
            if index > 0 {
                host.begin_event(event);
            }
            self.take(host.now().get());
            if event.kind != abi::event_kind::TRADE {
                continue;
            }
            self.take(event.data[0]);
            self.take(i64::from(event.instrument));
            if (self.hash >> 20).is_multiple_of(9) {
                let order = abi::OrderRequest {
                    instrument: event.instrument,
                    side: if (self.hash >> 30).is_multiple_of(2) { abi::side::BUY } else { abi::side::SELL },
                    order_type: abi::order_type::MARKET,
                    quantity: 1,
                    ..abi::OrderRequest::default()
                };
                host.submit(&order);
                return Ok(index + 1);
            }
            if (self.hash >> 20) % 31 == 5 {
                // falls between the rows of an instant, or on one of them
                let interval = 500 * i64::from(self.hash.to_le_bytes()[0]);
                let schedule = abi::Schedule { kind: abi::schedule_kind::ONCE, ..abi::Schedule::default() };
                let time = host.now().get() + interval;
                host.timer(&abi::Schedule { time, ..schedule });
                host.metric("now", Money::new(i128::from(host.now().get())));
                return Ok(index + 1);
            }
        }
        Ok(events.len())
    }

    fn takes_up_events(&self) -> bool {
        true
    }

    fn on_orders(&mut self, host: &mut dyn StrategyHost, events: &[abi::OrderEvent]) -> Result<usize, Fault> {
        for event in events {
            self.take(event.client_order_id.cast_signed());
            host.metric("hash", Money::new(i128::from(self.hash)));
        }
        Ok(events.len())
    }

    fn on_config(&mut self, _: &mut dyn StrategyHost, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn slippage(&mut self, _: &mut dyn StrategyHost, _: &abi::FillRecord) -> Result<Option<Money>, Fault> {
        Ok(None)
    }

    fn transaction_cost(
        &mut self,
        _: &mut dyn StrategyHost,
        _: &abi::FillRecord,
    ) -> Result<Option<Money>, Fault> {
        Ok(None)
    }

    fn save(&mut self, _: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }

    fn restore(&mut self, _: &mut dyn StrategyHost, _: u32, _: &[u8]) -> Result<(), Fault> {
        Ok(())
    }

    fn quiesce(&mut self, _: &mut dyn StrategyHost, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}

fn source(name: &str, is_venue: bool, spread_ns: i64) -> PlannedExchange {
    PlannedExchange {
        name: name.to_owned(),
        plugin: "test".to_owned(),
        instrument_types: u32::MAX,
        trading_types: u32::MAX,
        has_order_entry: is_venue,
        takes: Takes::ALL,
        make: Box::new(move |host| {
            Ok(Box::new(Source { host, is_venue, instrument: 0, next: 0, spread_ns }))
        }),
        history: None,
    }
}

/// The files of a run, and how many calls had several events.
fn run(
    slice_max: usize,
    rule: FillRule,
    sources: [(&str, bool, i64); 2],
    is_timed: bool,
) -> (BTreeMap<String, String>, u32) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let slices = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&slices);
    let plan = Plan {
        config: serde_json::Value::Null,
        trading_type: TradingType::Backtest,
        cash: "1000000".parse().expect("an amount"),
        currency: "USD".to_owned(),
        fill: rule.into(),
        costs: CostModels::default(),
        account: stratd_engine::AccountRules::default(),
        oms_type: stratd_plugin_api::OmsType::Netting,
        accounting: stratd_engine::Accounting::default(),
        rates: Vec::new(),
        risk: PlannedRisk::default(),
        instruments: Default::default(),
        run: 0,
        folder: RunFolder::create(folder.path(), TradingType::Backtest, Timestamp::new(0))
            .expect("a writable folder"),
        is_verbose: false,
        recorder: None,
        period: (None, None),
        recovery: None,
        slice_max,
        exchanges: sources.into_iter().map(|(name, is_venue, ns)| source(name, is_venue, ns)).collect(),
        strategies: vec![PlannedStrategy {
            name: "trader".to_owned(),
            plugin: "test".to_owned(),
            may_shutdown: false,
            cancels_on_stop: true,
            saved: None,
            is_batch_safe: true,
            bars: Vec::new(),
            warm_up: None,
            make: Box::new(move |_| Ok(Box::new(Trader::new(is_timed, counted)))),
        }],
    };
    let path = plan.folder.path();
    let finished = backtest(plan, &Arc::new(Services::default())).expect("it runs to the end");
    assert_eq!(finished.summary.events, 2 * INSTANTS.cast_unsigned() * PER_INSTANT.cast_unsigned());
    let entries = fs::read_dir(path).expect("the folder of the run");
    let files: BTreeMap<String, String> = entries
        .map(|entry| {
            let entry = entry.expect("a file of the run");
            let text = fs::read_to_string(entry.path()).expect("a file of the run");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    assert_eq!(files.len(), 9, "{:?}", files.keys());
    (files, slices.load(Ordering::Relaxed))
}

/// Compares the files of runs with slices of one and of many.
fn compare(rule: FillRule, sources: [(&str, bool, i64); 2]) {
    compare_of(rule, sources, false);
}

/// As [`compare`], of either strategy.
fn compare_of(rule: FillRule, sources: [(&str, bool, i64); 2], is_timed: bool) {
    let (one, none) = run(1, rule, sources, is_timed);
    let fills = &one["fills.csv"];
    assert!(fills.lines().count() > 100, "too few fills:\n{fills}");
    assert_eq!(none, 0, "slices of one");
    for slice_max in [2, 3, 64] {
        let (many, slices) = run(slice_max, rule, sources, is_timed);
        assert!(slices > 100, "only {slices} slices of up to {slice_max}");
        for (name, text) in &one {
            assert_eq!(Some(text), many.get(name), "{name} with slices of up to {slice_max}");
        }
        assert_eq!(one.len(), many.len());
    }
}

#[test]
fn slices_of_one_and_of_many_write_the_same_files() {
    for sources in [[("venue", true, 0), ("rows", false, 0)], [("rows", false, 0), ("venue", true, 0)]] {
        compare(FillRule::NextPrice, sources);
    }
}

#[test]
fn events_of_several_instants_in_one_call_write_the_same_files() {
    for rule in [FillRule::NextPrice, FillRule::SamePrice] {
        compare(rule, [("venue", true, 0), ("rows", false, 1_000)]);
        compare(rule, [("rows", false, 1_000), ("venue", true, 0)]);
        // two sources whose rows come in turn, and of which one ends first
        compare(rule, [("rows", false, 1_000), ("more", false, 1_000_000)]);
    }
}

#[test]
fn a_timer_that_is_set_in_a_slice_fires_before_the_events_that_come_after_it() {
    for rule in [FillRule::NextPrice, FillRule::SamePrice] {
        compare_of(rule, [("rows", false, 1_000), ("more", false, 1_000_000)], true);
    }
}
