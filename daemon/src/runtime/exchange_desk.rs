//! The host as one connector sees it: instruments, texts, answers, and the way in for its events.

mod joining;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, bail};
use stratd_plugin_api::{
    EventKind, ExchangeHost, ExchangeId, Log, LogSink, OrderEventKind, Timestamp, TradingType,
    abi::{self, TextHandle},
    export::instrument_from_record,
};

use self::joining::Joining;
use crate::plugin_kind::PluginKind;

use super::{
    Services,
    clock::{self, Stopwatch},
    inbox::Inbox,
    instruments::Instruments,
};

/// How long a connector may take to answer a request.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// Who waits for an answer looks so often whether the run is over.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// More than one step of any venue brings; a pulled connector that pushes more without being pulled is refused.
const PULLED_MAX: usize = 1_000_000;

/// Something that an exchange told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    /// A market event.
    Market(abi::Event),
    /// An order event.
    Order(abi::OrderEvent),
}

impl Told {
    /// Time at the exchange.
    pub(super) fn ts(&self) -> i64 {
        match self {
            Self::Market(event) => event.ts,
            Self::Order(event) => event.ts,
        }
    }
}

/// Where the events of a connector go.
pub(super) enum Way {
    /// Pulled connectors: what they push during a call waits here, in order.
    Pulled(Mutex<VecDeque<Told>>),
    /// Live connectors: the inbox of the event loop.
    Inbox(Arc<Inbox>),
}

/// The host for one connector.
pub(crate) struct ExchangeDesk {
    name: String,
    exchange: ExchangeId,
    trading_type: TradingType,
    services: Arc<Services>,
    instruments: Arc<Instruments>,
    way: Way,
    /// How many wait in the queue of a pulled connector, set under its lock: asked for every event, and nearly always 0.
    queued: AtomicUsize,
    answers: Mutex<Answers>,
    answered: Condvar,
    gate: AtomicU8,
    reported: Mutex<Reported>,
    /// Of an exchange that joins a run that has begun.
    joining: Option<Mutex<Joining>>,
}

/// The answers to requests.
#[derive(Default)]
struct Answers {
    /// By correlation number, until somebody takes them.
    of: BTreeMap<u64, Result<(), String>>,
    /// Why no further one comes.
    died: Option<String>,
}

/// What a connector answered to questions about its orders.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    pub(crate) open_orders: Vec<abi::OrderRecord>,
    pub(crate) fills: Vec<abi::FillRecord>,
    pub(crate) accounts: Vec<abi::AccountRecord>,
    /// What the accounts hold.
    pub(crate) positions: Vec<abi::PositionRecord>,
    /// What was answered of single orders, by our id; nothing: the exchange never had it, and never will.
    pub(crate) found: Vec<(u64, Option<abi::OrderRecord>)>,
}

/// Records of one kind that are kept until somebody reads them; further ones are dropped.
const REPORTED_MAX: usize = 1_000_000;

/// Market events are taken.
const OPEN: u8 = 0;
/// The connector waits for its turn: its market events are not taken yet, and it keeps them.
const WAITING: u8 = 1;
/// What the connector says of the market is taken and forgotten: it left, or another one still tells the same.
const CLOSED: u8 = 2;

/// What becomes of the market events of a connector until it has its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// It keeps them: nobody else tells of the market.
    Kept,
    /// They are forgotten: the connector in place tells the same, and nothing comes twice.
    Forgotten,
}

impl ExchangeDesk {
    pub(super) fn new(
        name: &str,
        exchange: ExchangeId,
        trading_type: TradingType,
        services: &Arc<Services>,
        instruments: &Arc<Instruments>,
        way: Way,
    ) -> Self {
        Self {
            name: name.to_owned(),
            exchange,
            trading_type,
            services: Arc::clone(services),
            instruments: Arc::clone(instruments),
            way,
            queued: AtomicUsize::new(0),
            answers: Mutex::default(),
            answered: Condvar::new(),
            gate: AtomicU8::new(OPEN),
            reported: Mutex::default(),
            joining: None,
        }
    }

    /// A desk for a connector that is to take the place of this one's; it opens when it does.
    pub(crate) fn successor(&self, until: Until) -> Option<Self> {
        // a pulled connector has a queue of its own, and a run that is pulled has no successors
        let Way::Inbox(inbox) = &self.way else { return None };
        let way = Way::Inbox(Arc::clone(inbox));
        let desk =
            Self::new(&self.name, self.exchange, self.trading_type, &self.services, &self.instruments, way);
        let gate = match until {
            Until::Kept => WAITING,
            Until::Forgotten => CLOSED,
        };
        desk.gate.store(gate, Ordering::Relaxed);
        Some(desk)
    }

    /// Takes market events from now on.
    pub(crate) fn open(&self) {
        self.gate.store(OPEN, Ordering::Relaxed);
    }

    /// Forgets market events from now on.
    pub(crate) fn close(&self) {
        self.gate.store(CLOSED, Ordering::Relaxed);
    }

    /// What was reported since the last time.
    pub(crate) fn take_reported(&self) -> Reported {
        std::mem::take(&mut *lock(&self.reported))
    }

    /// Nobody answers any more: the connector died. Who waits for it hears why at once.
    pub(crate) fn give_up(&self, why: &str) {
        lock(&self.answers).died.get_or_insert_with(|| why.to_owned());
        self.answered.notify_all();
    }

    /// Waits for the answer to a request, until the run is over at most.
    pub(crate) fn wait(&self, correlation: u64) -> Result<()> {
        let stopwatch = Stopwatch::start();
        let mut answers = lock(&self.answers);
        loop {
            if let Some(answer) = answers.of.remove(&correlation) {
                return answer.map_err(anyhow::Error::msg);
            }
            if let Some(why) = &answers.died {
                bail!("{why}");
            }
            if matches!(&self.way, Way::Inbox(inbox) if inbox.is_closed()) {
                bail!("the run is over");
            }
            if stopwatch.elapsed() >= ANSWER_TIME_MAX {
                bail!("no answer within {} s", ANSWER_TIME_MAX.as_secs());
            }
            let waited = self.answered.wait_timeout(answers, LOOK_EVERY);
            (answers, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether anything waits in the queue of a pulled connector.
    pub(super) fn has_waiting(&self) -> bool {
        self.queued.load(Ordering::Acquire) > 0
    }

    /// The time of the first event that waits.
    pub(super) fn first_ts(&self) -> Option<i64> {
        if !self.has_waiting() {
            return None;
        }
        match &self.way {
            Way::Pulled(told) => lock(told).front().map(Told::ts),
            Way::Inbox(_) => None,
        }
    }

    /// The first event that waits.
    pub(super) fn first(&self) -> Option<Told> {
        if !self.has_waiting() {
            return None;
        }
        match &self.way {
            Way::Pulled(told) => lock(told).front().copied(),
            Way::Inbox(_) => None,
        }
    }

    /// How many events wait.
    pub(super) fn waiting(&self) -> usize {
        match &self.way {
            Way::Pulled(told) => lock(told).len(),
            Way::Inbox(_) => 0,
        }
    }

    /// Takes the first event that waits.
    pub(super) fn take(&self) -> Option<Told> {
        if !self.has_waiting() {
            return None;
        }
        match &self.way {
            Way::Pulled(told) => {
                let mut queue = lock(told);
                let first = queue.pop_front();
                self.queued.store(queue.len(), Ordering::Release);
                first
            }
            Way::Inbox(_) => None,
        }
    }

    /// Whether the run may take this event: an instrument of this exchange, a kind that exchanges send.
    pub(super) fn is_market(&self, event: &abi::Event) -> bool {
        let is_kind = match EventKind::from_code(event.kind) {
            Some(
                EventKind::Trade
                | EventKind::Quote
                | EventKind::Bar
                | EventKind::BookUpdate
                | EventKind::Data
                | EventKind::Halt
                | EventKind::Continue,
            ) => true,
            Some(EventKind::Timer | EventKind::Error | EventKind::Start | EventKind::Exit) | None => false,
        };
        is_kind && self.instruments.is_of(event.instrument, self.exchange)
    }

    fn is_order(&self, event: &abi::OrderEvent) -> bool {
        OrderEventKind::from_code(event.kind).is_some()
            && (event.client_order_id != 0 || self.instruments.is_of(event.instrument, self.exchange))
    }

    fn refused(&self, count: usize, what: &str) {
        if count > 0 {
            tracing::error!(
                logger = format!("exchange.{}", self.name),
                "{count} {what} refused (accepted: known kinds, instruments of this exchange)"
            );
        }
    }

    fn push(&self, told: impl Iterator<Item = Told>) -> usize {
        match &self.way {
            Way::Pulled(queue) => {
                let mut queue = lock(queue);
                let room = PULLED_MAX.saturating_sub(queue.len());
                let before = queue.len();
                queue.extend(told.take(room));
                self.queued.store(queue.len(), Ordering::Release);
                queue.len() - before
            }
            Way::Inbox(inbox) => inbox.push(told),
        }
    }
}

impl ExchangeDesk {
    fn push_orders(&self, events: &[abi::OrderEvent]) -> usize {
        // a report counts for orders of this exchange only, whatever it says
        let mine = |event: &abi::OrderEvent| abi::OrderEvent { exchange: self.exchange.0, ..*event };
        let told = events.iter().map(|event| Told::Order(mine(event)));
        match &self.way {
            Way::Pulled(_) => self.push(told),
            Way::Inbox(inbox) => inbox.push_orders(told),
        }
    }
}

/// A host for a connector that is made to see whether it accepts its configuration, and dropped again.
#[must_use]
pub fn trial_host(name: &str, trading_type: TradingType, services: &Arc<Services>) -> Arc<dyn ExchangeHost> {
    let way = Way::Pulled(Mutex::new(VecDeque::new()));
    let desk = ExchangeDesk::new(name, ExchangeId(1), trading_type, services, &Arc::default(), way);
    Arc::new(desk)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ExchangeHost for ExchangeDesk {
    fn log(&self, record: &Log<'_>) {
        self.services.log_plugin(PluginKind::Exchange, &self.name, record);
    }

    fn log_sink(&self, name: &str) -> Option<Arc<dyn LogSink>> {
        Some(self.services.log_sink(PluginKind::Exchange, &self.name, name))
    }

    fn now(&self) -> Timestamp {
        match self.way {
            Way::Pulled(_) => self.services.now(),
            Way::Inbox(_) => clock::now(),
        }
    }

    fn trading_type(&self) -> TradingType {
        self.trading_type
    }

    fn intern(&self, text: &str) -> TextHandle {
        self.services.texts().intern(text)
    }

    fn payload(&self, text: &str) -> TextHandle {
        self.services.texts().payload(text)
    }

    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit(&self.services.text_of(handle));
    }

    fn emit(&self, events: &[abi::Event]) -> usize {
        match self.gate.load(Ordering::Relaxed) {
            WAITING => return 0,
            CLOSED => return events.len(),
            _ => {}
        }
        let good = events.iter().take_while(|event| self.is_market(event)).count();
        let pushed = self.push(events[..good].iter().map(|event| Told::Market(*event)));
        if pushed < good || good == events.len() {
            return pushed;
        }
        // what follows a refused event is taken by the connector's next call; the refused one counts as taken
        self.refused(1, "market event");
        good + 1
    }

    fn emit_orders(&self, events: &[abi::OrderEvent]) -> usize {
        let good = events.iter().take_while(|event| self.is_order(event)).count();
        if good < events.len() && self.gate.load(Ordering::Relaxed) == WAITING && self.joining.is_some() {
            // the engine does not know the instruments yet: the connector keeps what it told of them
            return good.min(self.push_orders(&events[..good]));
        }
        let pushed = self.push_orders(&events[..good]);
        if pushed < good || good == events.len() {
            return pushed;
        }
        self.refused(1, "order event");
        good + 1
    }

    fn instrument(&self, _: u64, record: &abi::InstrumentRecord) -> u32 {
        let mine = abi::InstrumentRecord { exchange: self.exchange.0, ..*record };
        let instrument = instrument_from_record(&mine, |handle| self.services.text_of(handle));
        if let Err(error) = instrument.validate() {
            tracing::error!(logger = format!("exchange.{}", self.name), "instrument refused: {error}");
            return 0;
        }
        let registered = self.instruments.register(&mine);
        self.note_registered(&instrument.symbol, &registered);
        registered.map_or(0, |id| id.0)
    }

    fn account(&self, _: u64, record: &abi::AccountRecord) {
        let mut reported = lock(&self.reported);
        if reported.accounts.len() < REPORTED_MAX {
            reported.accounts.push(abi::AccountRecord { exchange: self.exchange.0, ..*record });
        }
    }

    fn position(&self, _: u64, record: &abi::PositionRecord) {
        let mut reported = lock(&self.reported);
        if reported.positions.len() < REPORTED_MAX {
            reported.positions.push(abi::PositionRecord { exchange: self.exchange.0, ..*record });
        }
    }

    fn open_order(&self, _: u64, record: &abi::OrderRecord) {
        let mut reported = lock(&self.reported);
        if reported.open_orders.len() < REPORTED_MAX {
            reported.open_orders.push(*record);
        }
    }

    fn fill(&self, _: u64, record: &abi::FillRecord) {
        let mut reported = lock(&self.reported);
        if reported.fills.len() < REPORTED_MAX {
            reported.fills.push(abi::FillRecord { exchange: self.exchange.0, ..*record });
        }
    }

    fn answer(&self, correlation: u64, result: stratd_plugin_api::Result<(), &str>) {
        lock(&self.answers).of.insert(correlation, result.map_err(str::to_owned));
        self.answered.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use stratd_plugin_api::{Instrument, InstrumentType, export::instrument_to_record};

    use super::*;

    /// A desk in place, with its inbox.
    fn desk() -> (ExchangeDesk, Arc<Inbox>) {
        let inbox = Arc::new(Inbox::default());
        let (services, way) = (Arc::new(Services::default()), Way::Inbox(Arc::clone(&inbox)));
        let desk =
            ExchangeDesk::new("x", ExchangeId(1), TradingType::Sandbox, &services, &Arc::default(), way);
        (desk, inbox)
    }

    #[test]
    fn who_waits_hears_at_once_that_nobody_answers_any_more() {
        let (dead, inbox) = desk();
        dead.answer(1, Err("refused"));
        dead.give_up("it died");
        dead.give_up("later");
        assert_eq!(dead.wait(1).unwrap_err().to_string(), "refused", "what was answered counts");
        assert_eq!(dead.wait(2).unwrap_err().to_string(), "it died");
        let next = dead.successor(Until::Kept).unwrap();
        inbox.close();
        assert_eq!(next.wait(1).unwrap_err().to_string(), "the run is over");
    }

    #[test]
    fn a_connector_that_waits_keeps_its_events_or_loses_them_to_the_one_in_place() {
        let (first, inbox) = desk();
        let instrument = Instrument::new("A", InstrumentType::Equity);
        let record = instrument_to_record(&instrument, |text| first.intern(text));
        let instrument = first.instrument(1, &record);
        first.instruments.close(&first.services);
        let kind = abi::event_kind::TRADE;
        let events = [abi::Event { instrument, kind, ..abi::Event::default() }; 3];
        let mut told = VecDeque::new();
        for (until, taken) in [(Until::Kept, 0), (Until::Forgotten, 3)] {
            let next = first.successor(until).unwrap();
            assert_eq!(next.emit(&events), taken, "{until:?}");
            inbox.take(&mut told, Duration::ZERO);
            assert_eq!(told.len(), 0, "{until:?}");
            next.open();
            assert_eq!(next.emit(&events), 3);
            next.close();
            assert_eq!(next.emit(&events), 3);
            inbox.take(&mut told, Duration::ZERO);
            assert_eq!(told.len(), 3, "{until:?}");
            told.clear();
        }
    }
}
