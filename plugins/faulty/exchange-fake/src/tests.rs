//! The exchange on a host that takes notes.

use std::sync::{Condvar, Mutex, MutexGuard};

use stratd_plugin_api::{ExchangeHost, Log, TextTable, abi::TextHandle};

use super::*;
use crate::server::PART_MAX;

/// How long a test waits for the thread before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Notes {
    market: Vec<abi::Event>,
    orders: Vec<abi::OrderEvent>,
    open: Vec<abi::OrderRecord>,
    fills: Vec<abi::FillRecord>,
    accounts: Vec<abi::AccountRecord>,
    is_full: bool,
}

struct Host {
    notes: Mutex<Notes>,
    changed: Condvar,
    texts: TextTable,
    trading_type: TradingType,
}

impl Host {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    fn wait_for_trades(&self, count: usize) {
        let few = |notes: &mut Notes| notes.market.len() < count;
        let (_notes, result) = self.changed.wait_timeout_while(self.notes(), PATIENCE, few).unwrap();
        assert!(!result.timed_out(), "there are not {count} trades");
    }
}

impl ExchangeHost for Host {
    fn log(&self, _: &Log<'_>) {}
    fn now(&self) -> Timestamp {
        Timestamp::new(1_000)
    }
    fn trading_type(&self) -> TradingType {
        self.trading_type
    }
    fn intern(&self, text: &str) -> TextHandle {
        self.texts.intern(text)
    }
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit(&self.texts.get(handle).unwrap_or_default());
    }
    fn emit(&self, events: &[abi::Event]) -> usize {
        let mut notes = self.notes();
        if notes.is_full {
            return 0;
        }
        notes.market.extend_from_slice(events);
        self.changed.notify_all();
        events.len()
    }
    fn emit_orders(&self, events: &[abi::OrderEvent]) -> usize {
        self.notes().orders.extend_from_slice(events);
        events.len()
    }
    fn instrument(&self, _: u64, record: &abi::InstrumentRecord) -> u32 {
        u32::try_from(record.symbol).unwrap()
    }
    fn account(&self, _: u64, record: &abi::AccountRecord) {
        self.notes().accounts.push(*record);
    }
    fn open_order(&self, _: u64, record: &abi::OrderRecord) {
        self.notes().open.push(*record);
    }
    fn fill(&self, _: u64, record: &abi::FillRecord) {
        self.notes().fills.push(*record);
    }
    fn answer(&self, _: u64, result: Result<(), &str>) {
        assert_eq!(result.map_err(str::to_owned), Ok(()));
    }
}

/// A connector with its host, connected.
struct Bench {
    host: Arc<Host>,
    exchange: Fake,
}

impl Bench {
    fn of(host: Arc<Host>, config: &str) -> Self {
        let handle = ExchangeHandle::new(Arc::clone(&host) as Arc<dyn ExchangeHost>);
        let exchange = Fake::new(serde_json::from_str(config).unwrap(), handle).unwrap();
        Self { host, exchange }
    }

    fn new(trading_type: TradingType, config: &str) -> Self {
        let (notes, changed, texts) = (Mutex::default(), Condvar::new(), TextTable::new(1_000));
        let mut bench = Self::of(Arc::new(Host { notes, changed, texts, trading_type }), config);
        bench.connect();
        bench
    }

    fn reply(&self) -> Reply {
        Reply::new(self.exchange.host.clone(), 1)
    }

    fn connect(&mut self) {
        let replies = [self.reply(), self.reply(), self.reply()];
        let [connect, instruments, subscribe] = replies;
        self.exchange.connect(connect).unwrap();
        self.exchange.instruments(instruments).unwrap();
        self.exchange.subscribe(None, subscribe).unwrap();
    }

    fn command(&self, id: u64, side: Side, price: Option<i64>, quantity: i64) -> abi::OrderCommand {
        let order_type = if price.is_some() { OrderType::Limit } else { OrderType::Market };
        abi::OrderCommand {
            correlation: 70 + id,
            client_order_id: id,
            order: abi::OrderRequest {
                instrument: self.exchange.shared.lock().ids[0],
                side: side.code(),
                order_type: order_type.code(),
                lifetime: abi::order_lifetime::GTC,
                quantity,
                price: price.unwrap_or(0),
                ..abi::OrderRequest::default()
            },
            ..abi::OrderCommand::default()
        }
    }

    fn send(&mut self, id: u64, side: Side, price: Option<i64>, quantity: i64) {
        self.exchange.new_order(&self.command(id, side, price, quantity)).unwrap();
    }

    /// The reports in words, which are then forgotten.
    fn reports(&self) -> Vec<String> {
        let words = |event: &abi::OrderEvent| {
            let kind = OrderEventKind::from_code(event.kind).unwrap();
            let id = self.host.texts.get(event.exchange_order_id).unwrap();
            format!("{kind} {id} {}/{} @ {}", event.cumulative_quantity, event.quantity, event.last_price)
        };
        std::mem::take(&mut self.host.notes().orders).iter().map(words).collect()
    }

    fn step(&mut self) {
        assert_ne!(self.exchange.next_batch(&mut []).unwrap(), 0);
    }

    /// Another connector that takes the state of this one over, as a reload does.
    fn reload(mut self, config: &str) -> Self {
        self.exchange.quiesce(Timestamp::MAX).unwrap();
        let state = self.exchange.save().unwrap().unwrap();
        self.exchange.stop().unwrap();
        let mut next = Self::of(Arc::clone(&self.host), config);
        next.exchange.restore(1, &state).unwrap();
        next.connect();
        next
    }

    fn ask(&mut self) -> MutexGuard<'_, Notes> {
        let [open, fills, accounts] = [self.reply(), self.reply(), self.reply()];
        *self.host.notes() = Notes::default();
        self.exchange.open_orders(open).unwrap();
        self.exchange.fills_since(Timestamp::new(0), fills).unwrap();
        self.exchange.accounts(accounts).unwrap();
        self.host.notes()
    }
}

#[test]
fn orders_have_texts_for_ids_and_fill_in_parts() {
    let mut bench = Bench::new(TradingType::Backtest, "{}");
    bench.send(1, Side::Buy, None, 2 * PART_MAX + 5);
    assert_eq!(bench.reports(), ["received FAKE-00000001 0/25 @ 0", "bought FAKE-00000001 10/25 @ 10000"]);
    bench.step();
    bench.step();
    let rest = ["bought FAKE-00000001 20/25 @ 10005", "bought FAKE-00000001 25/25 @ 10010"];
    assert_eq!(bench.reports(), rest);
    bench.send(2, Side::Sell, Some(10_020), 5);
    bench.send(3, Side::Buy, Some(9_000), 5);
    bench.step();
    bench.step();
    let sold = [
        "received FAKE-00000002 0/5 @ 0",
        "received FAKE-00000003 0/5 @ 0",
        "sold FAKE-00000002 5/5 @ 10020",
    ];
    assert_eq!(bench.reports(), sold);
    let account = bench.ask().accounts[0];
    // 10 @ 100.00, 10 @ 100.05, 5 @ 100.10 bought, 5 @ 100.20 sold; 20 left, worth 100.20
    assert_eq!(Money::from(account.cash).to_string(), "-2000.00000000");
    assert_eq!(Money::from(account.equity).to_string(), "4.00000000");
}

#[test]
fn orders_are_changed_and_canceled_or_the_request_is_refused() {
    let mut bench = Bench::new(TradingType::Backtest, "{}");
    bench.send(1, Side::Buy, Some(9_000), 5);
    bench.exchange.change_order(&bench.command(1, Side::Buy, Some(10_000), 8)).unwrap();
    assert_eq!(bench.host.notes().orders[1].correlation, 71);
    let changed = [
        "received FAKE-00000001 0/5 @ 0",
        "change FAKE-00000001 0/8 @ 0",
        "bought FAKE-00000001 8/8 @ 10000",
    ];
    assert_eq!(bench.reports(), changed);
    let gone = bench.command(1, Side::Buy, Some(1), 1);
    assert_eq!(bench.exchange.cancel_order(&gone).unwrap_err().to_string(), "the exchange has no such order");
    bench.send(2, Side::Buy, Some(9_000), 5);
    bench.exchange.cancel_order(&bench.command(2, Side::Buy, None, 0)).unwrap();
    assert_eq!(bench.reports()[1], "canceled FAKE-00000002 0/5 @ 0");
    let mut stop = bench.command(3, Side::Buy, None, 1);
    (stop.order.order_type, stop.order.stop_price) = (OrderType::StopMarket.code(), 1);
    let refused = bench.exchange.new_order(&stop).unwrap_err().to_string();
    assert_eq!(refused, "a stop_market order (accepted: market, limit)");
}

#[test]
fn a_full_inbox_stops_the_market_and_loses_nothing() {
    let mut bench = Bench::new(TradingType::Backtest, "{\"steps\": 3}");
    bench.host.notes().is_full = true;
    assert_eq!(bench.exchange.next_batch(&mut []).unwrap(), 0);
    bench.host.notes().is_full = false;
    (0..3).for_each(|_| bench.step());
    assert_eq!(bench.exchange.next_batch(&mut []).unwrap(), 0, "the end");
    let prices: Vec<i64> = bench.host.notes().market.iter().map(|event| event.data[0]).collect();
    assert_eq!(prices, [10_005, 10_040, 10_010, 10_045, 10_015, 10_050]);
}

#[test]
fn a_reload_finds_its_orders_and_counts_its_ids_on() {
    let mut bench = Bench::new(TradingType::Backtest, "{}");
    bench.send(1, Side::Buy, Some(9_000), 5);
    bench.send(2, Side::Sell, Some(20_000), 7);
    bench.step();
    let mut next = bench.reload("{}");
    {
        let texts = &Arc::clone(&next.host).texts;
        let notes = next.ask();
        let open: Vec<_> =
            notes.open.iter().map(|o| (o.client_order_id, texts.get(o.exchange_order_id).unwrap())).collect();
        assert_eq!(open, [(1, "FAKE-00000001".into()), (2, "FAKE-00000002".into())]);
        assert!(notes.fills.is_empty());
    }
    next.send(3, Side::Buy, Some(9_000), 1);
    assert_eq!(next.reports(), ["received FAKE-00000003 0/1 @ 0"]);
    assert_eq!(next.exchange.shared.lock().server.steps, 1);
}

#[test]
fn what_happened_while_nobody_looked_is_found_by_asking_only() {
    for (while_away, open, fills) in [("cancel", vec![2], 0), ("fill", vec![2], 1)] {
        let mut bench = Bench::new(TradingType::Backtest, "{}");
        bench.send(1, Side::Buy, Some(9_000), 5);
        bench.send(2, Side::Buy, Some(9_000), 5);
        let mut next = bench.reload(&format!("{{\"while_away\": \"{while_away}\"}}"));
        assert_eq!(next.reports().len(), 2, "the two that were received before");
        let notes = next.ask();
        assert_eq!(notes.open.iter().map(|order| order.client_order_id).collect::<Vec<_>>(), open);
        assert_eq!(notes.fills.len(), fills);
    }
}

#[test]
fn a_state_that_is_none_is_refused() {
    let mut bench = Bench::new(TradingType::Backtest, "{}");
    let told = |result: Result<()>| result.unwrap_err().to_string();
    assert_eq!(told(bench.exchange.restore(2, b"{}")), "state version 2 (expected 1)");
    assert!(told(bench.exchange.restore(1, b"{}")).starts_with("missing field `steps`"));
}

#[test]
fn the_thread_delivers_until_it_is_stopped() {
    let mut bench = Bench::new(TradingType::Sandbox, "{\"interval_ms\": 1}");
    bench.host.wait_for_trades(10);
    let slower = serde_json::from_str("{\"interval_ms\": 5}").unwrap();
    assert!(bench.exchange.on_config(slower).is_err());
    bench.exchange.stop().unwrap();
    let count = bench.host.notes().market.len();
    assert_eq!(Arc::strong_count(&bench.exchange.shared), 1, "its thread is gone");
    let refused = bench.exchange.new_order(&bench.command(1, Side::Buy, None, 1)).unwrap_err();
    assert_eq!(refused.to_string(), "the exchange is stopped");
    assert_eq!(bench.host.notes().market.len(), count);
}

#[test]
fn a_deaf_one_goes_on() {
    let mut bench = Bench::new(TradingType::Sandbox, "{\"interval_ms\": 1, \"goes_on\": true}");
    bench.exchange.stop().unwrap();
    let count = bench.host.notes().market.len();
    bench.host.wait_for_trades(count + 10);
}
