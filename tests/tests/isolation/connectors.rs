//! Connectors in all modes.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use stratd::host::isolation::{Isolated, create_exchange};
use stratd_plugin_api::{
    ExchangeHost, ExchangeInstance, Log, Reason, TextTable, Timestamp, TradingType,
    abi::{self, TextHandle},
};
use stratd_tests::plugin;

use crate::place::{Place, is_alive, modes, process, wait_until};

/// A host that writes down what a connector tells it.
struct Recording {
    told: Mutex<Vec<String>>,
    events: Mutex<Vec<abi::Event>>,
    texts: TextTable,
    trading_type: TradingType,
}

impl Recording {
    fn new(trading_type: TradingType) -> Arc<Self> {
        let texts = TextTable::new(1_000);
        Arc::new(Self { told: Mutex::default(), events: Mutex::default(), texts, trading_type })
    }

    fn tell(&self, text: String) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn emitted(&self) -> usize {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).len()
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
    fn payload(&self, text: &str) -> TextHandle {
        self.texts.payload(text)
    }
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit(&self.texts.get(handle).unwrap_or_default());
    }
    fn emit(&self, events: &[abi::Event]) -> usize {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(events);
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
    fn account(&self, correlation: u64, record: &abi::AccountRecord) {
        let id = self.texts.get(record.id).unwrap_or_default();
        self.tell(format!("account {id} for {correlation}"));
    }
    fn position(&self, correlation: u64, record: &abi::PositionRecord) {
        self.tell(format!("{} held of {} for {correlation}", record.size, record.instrument));
    }
    fn open_order(&self, correlation: u64, record: &abi::OrderRecord) {
        self.tell(format!("order {} for {correlation}", record.client_order_id));
    }
    fn fill(&self, correlation: u64, record: &abi::FillRecord) {
        self.tell(format!("fill of {} for {correlation}", record.quantity));
    }
    fn answer(&self, correlation: u64, result: Result<(), &str>) {
        self.tell(format!("answer to {correlation}: {result:?}"));
    }
}

/// Runs a story in each mode; all of them must tell the same.
fn same(
    library: &std::path::Path,
    config: &Value,
    trading_type: TradingType,
    story: impl Fn(&mut dyn ExchangeInstance, &Recording) -> String,
) -> String {
    let place = Place::new();
    let plugin = place.load(library);
    let mut told = Vec::new();
    for (name, isolation) in modes() {
        let host = Recording::new(trading_type);
        let shared: Arc<Recording> = Arc::clone(&host);
        let made = create_exchange(&plugin, "mine", config, shared, &isolation);
        let Isolated { mut instance, .. } = made.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let text = story(&mut *instance, &host);
        drop(instance);
        let events = host.events.lock().unwrap_or_else(PoisonError::into_inner).clone();
        told.push((name, format!("{text}\n{:#?}\n{events:?}", host.told())));
    }
    for (name, text) in &told[1..] {
        assert_eq!(text, &told[0].1, "{name} differs from none");
    }
    told.swap_remove(0).1
}

#[test]
fn historical_data_are_the_same() {
    let config = json!({"steps": 5_000, "feeds": ["trades", "quotes", "book", "orders"]});
    let told = same(&plugin("exchange_synthetic"), &config, TradingType::Backtest, |exchange, _| {
        let mut text = String::new();
        exchange.connect(1).expect("it connects");
        exchange.instruments(2).expect("it has some");
        exchange.subscribe(3, None).expect("it has data");
        let mut batch = vec![abi::Event::default(); 777];
        loop {
            let count = exchange.poll(&mut batch).expect("it has data");
            if count == 0 {
                break;
            }
            text.push_str(&format!("{:?}\n", &batch[..count]));
        }
        text.push_str(&format!(
            "{:?} {:?}",
            exchange.new_order(&abi::OrderCommand::default()),
            exchange.stop()
        ));
        text
    });
    assert!(told.len() > 100_000, "{}", told.len());
}

#[test]
fn a_connector_in_c_with_wrong_returns_is_the_same() {
    let place = Place::new();
    let told = same(&place.c("exchange"), &json!({}), TradingType::Backtest, |exchange, _| {
        let mut batch = [abi::Event::default(); 3];
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            exchange.connect(11),
            exchange.instruments(12),
            exchange.lookup(13, "AAPL"),
            exchange.subscribe(14, None),
            exchange.poll(&mut batch),
            exchange.poll(&mut batch),
            exchange.poll(&mut batch),
            exchange.accounts(15),
            exchange.save(),
            exchange.restore(1, b"state"),
            exchange.stop(),
        )
    });
    assert!(told.contains("answer to 12: Err(\\\"only one is known\\\")"), "{told}");
    assert!(told.contains("taken after stop: nothing"), "{told}");
}

#[test]
fn threads_of_a_connector_call_the_host_inside_of_a_call_that_waits_for_them() {
    let place = Place::new();
    let told = same(&place.c("chatty"), &json!({}), TradingType::Sandbox, |exchange, host| {
        exchange.connect(21).expect("it connects");
        assert_eq!(host.emitted(), 10_000);
        exchange.instruments(22).expect("many threads emit");
        assert_eq!(host.emitted(), 10_000 + 5 * 500);
        String::new()
    });
    for expected in [
        "account account-é for 21",
        "-5 held of 1 for 21",
        "fill of 3 for 21",
        "answer to 21: Ok(())",
        "answer to 22: Ok(())",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn live_data_come_from_a_thread_of_the_child_between_calls_until_it_is_stopped() {
    let place = Place::new();
    let plugin = place.load(&plugin("exchange_synthetic"));
    let host = Recording::new(TradingType::Sandbox);
    let shared: Arc<Recording> = Arc::clone(&host);
    let config = json!({"rate": 10_000});
    let made = create_exchange(&plugin, "mine", &config, shared, &process());
    let Isolated { instance: mut exchange, watch } = made.unwrap_or_else(|refusal| panic!("{refusal}"));
    exchange.connect(1).expect("it connects");
    exchange.instruments(2).expect("it has some");
    exchange.subscribe(3, None).expect("it has data");
    wait_until("a thousand events came", || host.emitted() > 1_000);
    exchange.stop().expect("it stops");
    let stopped = host.emitted();
    drop(exchange);
    assert_eq!(host.emitted(), stopped, "nothing is taken after the stop");
    let watch = watch.expect("it is a process");
    wait_until("the process ends by itself", || !is_alive(watch.pid().unwrap_or_default()));
    assert_eq!(watch.death().map(|death| death.text), None);
}

#[test]
fn a_connector_that_crashes_is_reported() {
    let place = Place::new();
    let plugin = place.load(&place.c("chatty"));
    let host = Recording::new(TradingType::Sandbox);
    let made = create_exchange(&plugin, "mine", &json!({}), host, &process());
    let Isolated { instance: mut exchange, .. } = made.unwrap_or_else(|refusal| panic!("{refusal}"));
    let dead = exchange.subscribe(5, None).expect_err("it aborts");
    assert_eq!(dead.reason, Reason::Crashed);
    assert!(dead.message.ends_with("was killed by SIGABRT in `subscribe`"), "{dead}");
    assert_eq!(exchange.connect(6).expect_err("it is dead"), dead);
}
