//! An exchange tells the same of events, ids, accounts, open orders and fills from every place.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use serde_json::{Value, json};
use stratd::host::{LoadedPlugin, Loader, isolation::create_exchange};
use stratd_plugin_api::{
    ExchangeHost, ExchangeInstance, Log, TextTable, Timestamp, TradingType,
    abi::{self, TextHandle},
};
use stratd_tests::{plugin, workspace};

use crate::mode::{MODES, Mode};

/// A host that writes down everything it is told, in order, texts instead of handles.
struct Desk {
    told: Mutex<Vec<String>>,
    texts: TextTable,
    now: AtomicI64,
}

impl Desk {
    fn new() -> Arc<Self> {
        Arc::new(Self { told: Mutex::default(), texts: TextTable::new(10_000), now: AtomicI64::new(1) })
    }

    fn tell(&self, line: String) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn told(&self) -> String {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    fn in_words(&self, handle: TextHandle) -> String {
        self.texts.get(handle).map_or_else(String::new, |text| (*text).to_owned())
    }
}

impl ExchangeHost for Desk {
    fn log(&self, record: &Log<'_>) {
        self.tell(format!("log {} {}", record.level.get(), record.message));
    }
    fn now(&self) -> Timestamp {
        // every reading is another, so a reading more or less shows
        Timestamp::new(self.now.fetch_add(1, Ordering::Relaxed))
    }
    fn trading_type(&self) -> TradingType {
        TradingType::Backtest
    }
    fn intern(&self, text: &str) -> TextHandle {
        self.texts.intern(text)
    }
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit(&self.texts.get(handle).unwrap_or_default());
    }
    fn emit(&self, events: &[abi::Event]) -> usize {
        events.iter().for_each(|event| self.tell(format!("{event:?}")));
        events.len()
    }
    fn emit_orders(&self, events: &[abi::OrderEvent]) -> usize {
        for event in events {
            let (id, trade) = (self.in_words(event.exchange_order_id), self.in_words(event.trade_id));
            self.tell(format!("order event: id {id}, trade {trade}, {event:?}"));
        }
        events.len()
    }
    fn instrument(&self, correlation: u64, record: &abi::InstrumentRecord) -> u32 {
        let (symbol, currency) = (self.in_words(record.symbol), self.in_words(record.currency));
        self.tell(format!("instrument {symbol} in {currency} for {correlation}: {record:?}"));
        u32::try_from(record.symbol).expect("a small table of texts")
    }
    fn account(&self, correlation: u64, record: &abi::AccountRecord) {
        let (id, currency) = (self.in_words(record.id), self.in_words(record.currency));
        self.tell(format!("account {id} in {currency} for {correlation}: {record:?}"));
    }
    fn open_order(&self, correlation: u64, record: &abi::OrderRecord) {
        let id = self.in_words(record.exchange_order_id);
        self.tell(format!("open order {id} for {correlation}: {record:?}"));
    }
    fn fill(&self, correlation: u64, record: &abi::FillRecord) {
        let (id, trade) = (self.in_words(record.exchange_order_id), self.in_words(record.trade_id));
        self.tell(format!("fill {trade} of {id} for {correlation}: {record:?}"));
    }
    fn answer(&self, correlation: u64, result: Result<(), &str>) {
        self.tell(format!("answer to {correlation}: {result:?}"));
    }
}

/// A connector, and the host that it talks to.
struct Bench {
    exchange: Box<dyn ExchangeInstance>,
    desk: Arc<Desk>,
}

impl Bench {
    fn new(plugin: &Arc<LoadedPlugin>, config: &Value, mode: Mode, desk: &Arc<Desk>) -> Self {
        let host: Arc<Desk> = Arc::clone(desk);
        let made = create_exchange(plugin, "venue", config, host, &mode.isolation());
        let made = made.unwrap_or_else(|refusal| panic!("{mode:?}: {refusal}"));
        Self { exchange: made.instance, desk: Arc::clone(desk) }
    }

    /// Writes down what a call returned.
    fn note<T: std::fmt::Debug>(
        &mut self,
        what: &str,
        call: impl FnOnce(&mut dyn ExchangeInstance) -> T,
    ) -> T {
        let returned = call(&mut *self.exchange);
        self.desk.tell(format!("{what} returned {returned:?}"));
        returned
    }

    fn begin(&mut self) {
        self.note("connect", |exchange| exchange.connect(1)).expect("it connects");
        self.note("instruments", |exchange| exchange.instruments(2)).expect("it has some");
        self.note("subscribe", |exchange| exchange.subscribe(3, None)).expect("it has data");
    }

    /// Pulls what is there, so many times at most; false at the end of the data.
    fn pull(&mut self, times: usize) -> bool {
        let mut batch = [abi::Event::default(); 50];
        (0..times).all(|_| {
            let count = self.note("poll", |exchange| exchange.poll(&mut batch)).expect("it has data");
            batch[..count].iter().for_each(|event| self.desk.tell(format!("{event:?}")));
            count > 0
        })
    }

    fn ask_all(&mut self) {
        let _ = self.note("accounts", |exchange| exchange.accounts(11));
        let _ = self.note("open_orders", |exchange| exchange.open_orders(12));
        let _ = self.note("fills_since", |exchange| exchange.fills_since(13, Timestamp::new(0)));
    }
}

/// Tells one story in every place, which must leave the same lines.
fn same(library: &str, story: impl Fn(&Arc<LoadedPlugin>, Mode, &Arc<Desk>)) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let loader = Loader::new(&folder.path().join("stage")).expect("a private folder");
    let plugin = loader.load(&plugin(library)).unwrap_or_else(|refusal| panic!("{refusal}"));
    let [plain, thread, process] = MODES.map(|mode| {
        let desk = Desk::new();
        story(&plugin, mode, &desk);
        desk.told()
    });
    for (mode, told) in [("thread", thread), ("process", process)] {
        let differs = plain.lines().zip(told.lines()).position(|(left, right)| left != right);
        let at = |text: &str| differs.and_then(|at| text.lines().nth(at).map(str::to_owned));
        // not `assert_eq`: it would print megabytes
        assert!(plain == told, "{mode} differs from none: {:?} and {:?}", at(&plain), at(&told));
    }
    plain
}

/// An order of the fake exchange's second instrument.
fn command(id: u64, side: u8, price: Option<i64>, quantity: i64, instrument: u32) -> abi::OrderCommand {
    let order_type = if price.is_some() { abi::order_type::LIMIT } else { abi::order_type::MARKET };
    let price = price.unwrap_or(0);
    let order =
        abi::OrderRequest { instrument, side, order_type, quantity, price, ..abi::OrderRequest::default() };
    abi::OrderCommand { correlation: 100 + id, client_order_id: id, order, ..abi::OrderCommand::default() }
}

#[test]
fn an_exchange_with_ids_that_are_texts_tells_the_same_from_every_place() {
    let told = same("exchange_fake", |plugin, mode, desk| {
        let mut bench = Bench::new(plugin, &json!({}), mode, desk);
        bench.begin();
        bench.pull(5);
        let instrument = u32::try_from(desk.texts.intern("FAKE-B")).expect("a small table of texts");
        let buy = |id, price, quantity| command(id, abi::side::BUY, price, quantity, instrument);
        for order in [buy(1, None, 3), buy(2, Some(9_000), 25), buy(3, None, 45), buy(4, Some(9_000), 0)] {
            let _ = bench.note("new_order", |exchange| exchange.new_order(&order));
        }
        bench.pull(3);
        let _ = bench.note("change_order", |exchange| exchange.change_order(&buy(2, Some(20_000), 15)));
        bench.pull(2);
        let _ = bench.note("new_order", |exchange| exchange.new_order(&buy(5, Some(9_000), 1)));
        let _ = bench.note("cancel_order", |exchange| exchange.cancel_order(&buy(99, None, 1)));
        let _ = bench.note("lookup", |exchange| exchange.lookup(14, "FAKE-A"));
        bench.ask_all();
        let state =
            bench.note("save", |exchange| exchange.save()).expect("it saves").expect("it keeps a state");
        // its successor finds its order executed meanwhile
        let mut next = Bench::new(plugin, &json!({"while_away": "fill"}), mode, desk);
        let _ = next.note("restore", |exchange| exchange.restore(1, b"not a state"));
        next.note("restore", |exchange| exchange.restore(1, &state)).expect("it is its own");
        let _ = bench.note("stop", |exchange| exchange.stop());
        drop(bench);
        next.begin();
        next.ask_all();
        next.pull(2);
        let _ = next.note("on_config", |exchange| exchange.on_config(r#"{"steps": 7}"#));
        let _ = next.note("stop", |exchange| exchange.stop());
        let _ = next.note("new_order", |exchange| exchange.new_order(&buy(6, None, 1)));
    });
    for expected in [
        "order event: id ",
        "account FAKE-ACCOUNT in USD for 11",
        "open order ",
        "fill ",
        "the exchange has no such order",
        "the exchange is stopped",
        "cancel_order returned Err",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert!(!told.contains("order event: id ,"), "every report names the exchange's id: {told}");
}

#[test]
fn a_venue_tells_the_same_from_every_place() {
    let config = json!({"steps": 400, "instruments": 2});
    let told = same("exchange_synthetic", |plugin, mode, desk| {
        let mut bench = Bench::new(plugin, &config, mode, desk);
        bench.begin();
        bench.pull(50);
        for id in 1..=20 {
            let side = if id % 2 == 0 { abi::side::BUY } else { abi::side::SELL };
            let order = command(id, side, None, 1, u32::try_from(id % 2 + 1).expect("one or two"));
            let _ = bench.note("new_order", |exchange| exchange.new_order(&order));
            bench.pull(5);
        }
        bench.ask_all();
        while bench.pull(100) {}
        let _ = bench.note("stop", |exchange| exchange.stop());
    });
    assert!(told.matches("order event").count() > 40 && told.contains("\nfill "), "{}", told.len());
}

#[test]
fn prices_of_a_file_are_the_same_from_every_place() {
    let file = workspace().join("configs/data/equities-daily.csv");
    let told = same("exchange_csv", |plugin, mode, desk| {
        let mut bench = Bench::new(plugin, &json!({"file": file, "adjust": "adj_close"}), mode, desk);
        bench.begin();
        bench.pull(100);
        bench.ask_all();
        let _ = bench.note("stop", |exchange| exchange.stop());
    });
    assert!(told.matches("Event {").count() >= 4_000, "{}", told.len());
}
