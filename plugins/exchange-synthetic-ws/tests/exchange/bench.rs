//! The connector with a host that takes notes, and its venue.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use exchange_synthetic_ws::SyntheticWsExchange;
use serde_json::{Value, json};
use stratd_plugin_api::{
    Exchange as _, ExchangeHandle, ExchangeHost, Instrument, InstrumentId, Log, OrderEventKind, OrderRequest,
    OrderStatus, Price, Quantity, Reason, Reply, TextTable, Timestamp, TradingType,
    abi::{self, TextHandle},
    export::instrument_from_record,
};

use crate::venue::{Connection, PATIENCE, Venue};

/// The instrument of all tests.
pub(crate) const AAA: InstrumentId = InstrumentId(1);

#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) market: Vec<abi::Event>,
    pub(crate) orders: Vec<abi::OrderEvent>,
    /// Market events that the inbox takes until the test makes room.
    pub(crate) room: usize,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) answers: Vec<(u64, Result<(), String>)>,
    pub(crate) accounts: Vec<abi::AccountRecord>,
    pub(crate) open_orders: Vec<abi::OrderRecord>,
    pub(crate) fills: Vec<abi::FillRecord>,
    pub(crate) log: Vec<String>,
}

pub(crate) struct NotingHost {
    notes: Mutex<Notes>,
    changed: Condvar,
    now: Mutex<i64>,
    texts: TextTable,
    trading_type: TradingType,
}

/// A connector, its host and its venue.
pub(crate) struct Bench {
    pub(crate) host: Arc<NotingHost>,
    pub(crate) exchange: SyntheticWsExchange,
    pub(crate) venue: Venue,
    correlation: u64,
}

impl Bench {
    /// Made, not connected.
    pub(crate) fn made(trading_type: TradingType, config: &Value) -> Self {
        let venue = Venue::new();
        let host = Arc::new(NotingHost::new(trading_type));
        let mut all = json!({
            "url": venue.url(), "account": "desk", "reconnect_min_ms": 1, "reconnect_max_ms": 5,
            "feeds": ["trades", "quotes", "book", "orders"], "answer_timeout_ms": 60_000,
        });
        for (key, value) in config.as_object().unwrap() {
            all[key] = value.clone();
        }
        let handle = ExchangeHandle::new(Arc::clone(&host) as Arc<dyn ExchangeHost>);
        let exchange = SyntheticWsExchange::new(serde_json::from_value(all).unwrap(), handle).unwrap();
        Self { host, exchange, venue, correlation: 0 }
    }

    /// Logged in, one instrument known, subscribed, with a book of one bid at 99.00 and one offer at 101.00 as of
    /// public event 10.
    pub(crate) fn trading(config: &Value) -> (Self, Connection) {
        let mut bench = Self::made(TradingType::Sandbox, config);
        let connection = bench.ready("run-1");
        // prints alone say nothing of a snapshot
        if config["feeds"] != json!(["trades"]) {
            drop(bench.host.wait_for("the snapshot", |notes| !notes.market.is_empty()));
        }
        (bench, connection)
    }

    pub(crate) fn ready(&mut self, run: &str) -> Connection {
        let connect = self.connects();
        let mut connection = self.venue.lets_in(run, 0);
        self.is_answered(connect).unwrap();
        self.knows_instruments(&mut connection);
        self.subscribes(&mut connection);
        connection
    }

    pub(crate) fn connects(&mut self) -> u64 {
        let reply = self.reply();
        self.exchange.connect(reply).unwrap();
        self.correlation
    }

    pub(crate) fn knows_instruments(&mut self, connection: &mut Connection) {
        let reply = self.reply();
        self.exchange.instruments(reply).unwrap();
        let request = connection.hears("INSTRUMENTS");
        let aaa = json!({
            "name": "AAA", "type": "EQUITY", "exchanges": [{ "name": "synthetic" }], "currency": "USD",
            "price_increment": "0.01", "lot": 1, "price_decimals": 2, "quantity_decimals": 0, "unit_value": "",
        });
        connection.answers("INSTRUMENTS", &request, &json!({ "instruments": [aaa] }));
        self.is_answered(self.correlation).unwrap();
    }

    pub(crate) fn subscribes(&mut self, connection: &mut Connection) {
        let reply = self.reply();
        self.exchange.subscribe(None, reply).unwrap();
        let request = connection.hears("SUBSCRIBE");
        connection.accepts(&request, &json!({}));
        connection.snapshot(10, &[(2, "SELL", "101.00", 5), (1, "BUY", "99.00", 3)]);
    }

    /// The next call's way back.
    pub(crate) fn reply(&mut self) -> Reply {
        self.correlation += 1;
        Reply::new(ExchangeHandle::new(Arc::clone(&self.host) as Arc<dyn ExchangeHost>), self.correlation)
    }

    /// Waits for the answer to a call.
    pub(crate) fn is_answered(&self, correlation: u64) -> Result<(), String> {
        let of = |notes: &Notes| {
            notes.answers.iter().find(|(of, _)| *of == correlation).map(|(_, answer)| answer.clone())
        };
        let notes = self.host.wait_for("an answer", |notes| of(notes).is_some());
        of(&notes).unwrap()
    }

    pub(crate) fn last_call(&self) -> u64 {
        self.correlation
    }

    /// Sends the order 7: buy 10 AAA at 99.00.
    pub(crate) fn sends_order(&mut self) {
        self.exchange.new_order(&command(7)).unwrap();
    }

    /// Waits until the orders were told of in these words, and nothing else.
    pub(crate) fn tells(&self, expect: &[&str]) {
        let said = |notes: &Notes| {
            notes.orders.iter().filter(|event| event.client_order_id != 0).map(words).collect::<Vec<_>>()
        };
        let notes = self.host.wait_for(&format!("{expect:?}"), |notes| said(notes).len() >= expect.len());
        assert_eq!(said(&notes), expect, "{:?}", notes.log);
    }

    /// Waits until the market was told of in these words, since the last time.
    pub(crate) fn shows(&self, expect: &[&str]) {
        let mut notes =
            self.host.wait_for(&format!("{expect:?}"), |notes| notes.market.len() >= expect.len());
        let said: Vec<String> = notes.market.drain(..).map(|event| shown(&event)).collect();
        assert_eq!(said, expect, "{:?}", notes.log);
    }
}

/// What the host wants with an order.
pub(crate) fn command(id: u64) -> abi::OrderCommand {
    let request = OrderRequest::limit(AAA, Quantity::new(10), Price::new(9_900));
    abi::OrderCommand {
        correlation: 100 + id,
        client_order_id: id,
        order: (&request).into(),
        ..abi::OrderCommand::default()
    }
}

fn words(event: &abi::OrderEvent) -> String {
    let kind = OrderEventKind::from_code(event.kind).unwrap();
    let status = OrderStatus::from_code(event.status).unwrap();
    let reason = Reason::from_code(event.reason).unwrap();
    let mut text = format!("{} {kind} {status}", event.client_order_id);
    if event.last_quantity > 0 {
        text += &format!(
            " {} at {}, {} of {}",
            event.last_quantity, event.last_price, event.cumulative_quantity, event.quantity
        );
    }
    if reason != Reason::None {
        text += &format!(" ({reason})");
    }
    if event.correlation != 0 {
        text += &format!(" to {}", event.correlation);
    }
    text
}

fn shown(event: &abi::Event) -> String {
    let [a, b, c, d, _] = event.data;
    let side = if event.flags & abi::event_flag::BUY != 0 { "buy" } else { "sell" };
    let snapshot = if event.flags & abi::event_flag::SNAPSHOT != 0 { "snapshot " } else { "" };
    match event.kind {
        abi::event_kind::TRADE => format!("trade {b} at {a} {side}"),
        abi::event_kind::QUOTE => format!("quote {b} at {a}, {d} at {c}"),
        abi::event_kind::BOOK_UPDATE if event.flags & abi::event_flag::GAP != 0 => "gap".to_owned(),
        abi::event_kind::BOOK_UPDATE => format!("{snapshot}{side} {b} at {a}"),
        abi::event_kind::HALT => "halt".to_owned(),
        abi::event_kind::CONTINUE => "continue".to_owned(),
        other => panic!("an event of kind {other}"),
    }
}

impl NotingHost {
    fn new(trading_type: TradingType) -> Self {
        Self {
            notes: Mutex::new(Notes { room: usize::MAX, ..Notes::default() }),
            changed: Condvar::new(),
            now: Mutex::new(1_000_000_000_000),
            texts: TextTable::new(1_000),
            trading_type,
        }
    }

    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    /// Its clock goes on by so many milliseconds.
    pub(crate) fn advance(&self, ms: i64) {
        *self.now.lock().unwrap() += ms * 1_000_000;
    }

    /// Waits until what the connector said satisfies `is_enough`.
    pub(crate) fn wait_for(&self, what: &str, is_enough: impl Fn(&Notes) -> bool) -> MutexGuard<'_, Notes> {
        let waited = self.changed.wait_timeout_while(self.notes(), PATIENCE, |notes| !is_enough(notes));
        let (notes, result) = waited.unwrap();
        if result.timed_out() {
            let orders: Vec<_> = notes.orders.iter().map(words).collect();
            let market: Vec<_> = notes.market.iter().map(shown).collect();
            let log = &notes.log[notes.log.len().saturating_sub(10)..];
            panic!("no {what}: {orders:?} {market:?} {log:?}");
        }
        notes
    }

    /// Waits until the log says something.
    pub(crate) fn wait_for_log(&self, text: &str) {
        drop(self.wait_for(text, |notes| notes.log.iter().any(|line| line.contains(text))));
    }

    fn note(&self, note: impl FnOnce(&mut Notes)) {
        note(&mut self.notes());
        self.changed.notify_all();
    }
}

impl ExchangeHost for NotingHost {
    fn log(&self, record: &Log<'_>) {
        self.note(|notes| notes.log.push(record.message.to_owned()));
    }
    fn now(&self) -> Timestamp {
        Timestamp::new(*self.now.lock().unwrap())
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
        let mut taken = 0;
        self.note(|notes| {
            taken = events.len().min(notes.room);
            notes.room -= taken;
            notes.market.extend(&events[..taken]);
        });
        taken
    }
    fn emit_orders(&self, events: &[abi::OrderEvent]) -> usize {
        self.note(|notes| notes.orders.extend(events));
        events.len()
    }
    fn instrument(&self, _: u64, record: &abi::InstrumentRecord) -> u32 {
        let instrument =
            instrument_from_record(record, |text| self.texts.get(text).unwrap_or_default().to_string());
        let mut count = 0;
        self.note(|notes| {
            notes.instruments.push(instrument);
            count = notes.instruments.len();
        });
        u32::try_from(count).unwrap()
    }
    fn account(&self, _: u64, record: &abi::AccountRecord) {
        self.note(|notes| notes.accounts.push(*record));
    }
    fn open_order(&self, _: u64, record: &abi::OrderRecord) {
        self.note(|notes| notes.open_orders.push(*record));
    }
    fn fill(&self, _: u64, record: &abi::FillRecord) {
        self.note(|notes| notes.fills.push(*record));
    }
    fn answer(&self, correlation: u64, result: Result<(), &str>) {
        self.note(|notes| notes.answers.push((correlation, result.map_err(str::to_owned))));
    }
}
