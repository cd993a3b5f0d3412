//! Connectors behind the table.

use std::sync::{Arc, Mutex};

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
    texts: TextTable,
}

impl Recording {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { told: Mutex::default(), texts: TextTable::new(10) })
    }

    fn tell(&self, text: String) {
        self.told.lock().expect("no test panics while it holds the lock").push(text);
    }

    fn told(&self) -> String {
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
        TradingType::Backtest
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
        events.len()
    }
    fn instrument(&self, correlation: u64, record: &abi::InstrumentRecord) -> u32 {
        let symbol = self.texts.get(record.symbol).unwrap_or_default();
        self.tell(format!("instrument {symbol} for {correlation}"));
        1
    }
    fn account(&self, _: u64, _: &abi::AccountRecord) {}
    fn open_order(&self, _: u64, _: &abi::OrderRecord) {}
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
