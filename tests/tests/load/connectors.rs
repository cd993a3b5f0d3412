//! Connectors behind the table.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use expect_test::expect;
use serde_json::json;
use stratd_plugin_api::{
    ExchangeHost, Log, TextTable, Timestamp, TradingType,
    abi::{self, TextHandle},
};
use stratd_tests::c_library;

use crate::place::Place;

/// A host that writes down what a connector tells it.
pub(crate) struct Recording {
    told: Mutex<Vec<String>>,
    has_more: Condvar,
    texts: TextTable,
    trading_type: TradingType,
}

/// How long a test waits for what a thread of a connector must tell.
const WAIT: Duration = Duration::from_secs(10);

impl Recording {
    pub(crate) fn new() -> Arc<Self> {
        Self::of(TradingType::Backtest)
    }

    pub(crate) fn of(trading_type: TradingType) -> Arc<Self> {
        let (told, has_more) = (Mutex::default(), Condvar::new());
        Arc::new(Self { told, has_more, texts: TextTable::new(100), trading_type })
    }

    /// Waits for a line, and returns all that were told.
    pub(crate) fn wait_for(&self, line: &str) -> Vec<String> {
        let told = self.told.lock().expect("no test panics while it holds the lock");
        let is_missing = |told: &mut Vec<String>| !told.iter().any(|text| text == line);
        let waited = self.has_more.wait_timeout_while(told, WAIT, is_missing);
        let (told, timeout) = waited.expect("no test panics while it holds the lock");
        assert!(!timeout.timed_out(), "`{line}` did not come: {told:?}");
        told.clone()
    }

    pub(crate) fn text_of(&self, handle: TextHandle) -> String {
        self.texts.get(handle).unwrap_or_default().to_string()
    }

    fn tell(&self, text: String) {
        self.told.lock().expect("no test panics while it holds the lock").push(text);
        self.has_more.notify_all();
    }

    pub(crate) fn told(&self) -> String {
        self.told.lock().expect("no test panics while it holds the lock").join("\n")
    }
}

impl ExchangeHost for Recording {
    fn log(&self, record: &Log<'_>) {
        self.tell(format!("log: {}", record.message));
    }
    fn now(&self) -> Timestamp {
        Timestamp::new(1)
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
        self.tell(format!("{} events", events.len()));
        events.len()
    }
    fn emit_orders(&self, events: &[abi::OrderEvent]) -> usize {
        self.tell(format!("{} order events", events.len()));
        events.len()
    }
    fn instrument(&self, correlation: u64, record: &abi::InstrumentRecord) -> u32 {
        let symbol = self.texts.get(record.symbol).unwrap_or_default();
        self.tell(format!("instrument {symbol} for {correlation}"));
        1
    }
    fn account(&self, _: u64, _: &abi::AccountRecord) {}
    fn open_order(&self, correlation: u64, record: &abi::OrderRecord) {
        let id = self.text_of(record.exchange_order_id);
        self.tell(format!("open {id} for {correlation}"));
    }
    fn fill(&self, _: u64, _: &abi::FillRecord) {}
    fn answer(&self, correlation: u64, result: Result<(), &str>) {
        self.tell(format!("answer to {correlation}: {result:?}"));
    }
}

#[test]
fn a_connector_answers_through_the_host_until_it_is_stopped() {
    let place = Place::new();
    let file = c_library("plugins/faulty/c/exchange.c", "exchange", &[], place.path("").as_path());
    let plugin = place.load(&file);
    let host = Recording::new();
    let shared: Arc<Recording> = Arc::clone(&host);
    let mut exchange = plugin.create_exchange("mine", &json!({}), shared).expect("it is created");
    exchange.connect(11).expect("accepted");
    exchange.instruments(12).expect("accepted");
    exchange.subscribe(13, None).expect("accepted");
    assert_eq!(exchange.lookup(14, "MSFT").expect_err("refused").message, "MSFT");
    let mut batch = [abi::Event::default(); 8];
    assert_eq!(exchange.poll(&mut []), Ok(0));
    assert_eq!(exchange.poll(&mut batch), Ok(2));
    assert_eq!(batch[1].ts, 1);
    assert_eq!(exchange.poll(&mut batch), Ok(0));
    assert_eq!(
        exchange.poll(&mut batch).expect_err("more than fits").message,
        "`poll` returned 9 (accepted: 0 to 8)"
    );
    exchange.stop().expect("accepted");
    drop(exchange);
    expect![[r#"
        answer to 11: Ok(())
        instrument AAPL for 12
        answer to 12: Err("only one is known")
        1 events
        log: taken after stop: nothing"#]]
    .assert_eq(&host.told());
}

#[test]
fn entries_that_are_null_are_refused_in_words() {
    let place = Place::new();
    let file = c_library("plugins/faulty/c/exchange.c", "exchange", &[], place.path("").as_path());
    let host = Recording::new();
    let mut exchange = place.load(&file).create_exchange("mine", &json!({}), host).expect("it is created");
    let command = abi::OrderCommand::default();
    let none = "the exchange takes no orders";
    assert_eq!(exchange.new_order(&command).expect_err("null").message, none);
    assert_eq!(exchange.cancel_order(&command).expect_err("null").message, none);
    assert_eq!(exchange.change_order(&command).expect_err("null").message, none);
    assert_eq!(exchange.open_orders(1).expect_err("null").message, none);
    assert_eq!(exchange.fills_since(1, Timestamp::new(0)).expect_err("null").message, none);
    assert_eq!(exchange.accounts(1).expect_err("null").message, "the exchange has no accounts");
}

#[test]
fn what_a_connector_declares_it_must_have() {
    let place = Place::new();
    let options = ["-DDECLARES_ORDERS"];
    let file = c_library("plugins/faulty/c/exchange.c", "exchange", &options, place.path("").as_path());
    place.refused(
        &file,
        expect!["abi: an exchange that declares order entry and has no `new_order` (accepted: an entry for each capability)"],
    );
}
