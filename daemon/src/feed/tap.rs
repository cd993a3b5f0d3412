//! The event loop's end of the feed.

use std::sync::{Arc, atomic::Ordering};

use rtrb::{Producer, PushError};
use stratd_engine::{Denial, Engine, Output, Scope, StrategyId};
use stratd_plugin_api::{ClientOrderId, InstrumentId, Timestamp, abi};

use super::{
    Feed, RING_RESERVE, WANTS_MARKET, WANTS_ORDERS, lock,
    record::{OrderCopy, OrderReport, Record, What},
};

/// Copies what the event loop tells, without ever waiting.
pub(crate) struct Tap {
    feed: Feed,
    ring: Producer<Record>,
    /// Numbered events so far, kept or not.
    counted: u64,
    market_lost: u64,
    /// So many are named.
    strategies: usize,
    instruments: u32,
    exchanges: usize,
}

impl Tap {
    pub(super) fn new(feed: Feed, ring: Producer<Record>) -> Self {
        Self { feed, ring, counted: 0, market_lost: 0, strategies: 0, instruments: 0, exchanges: 0 }
    }

    /// Whether somebody wants market data.
    #[inline]
    pub(crate) fn wants_market(&self) -> bool {
        self.wants() & WANTS_MARKET != 0
    }

    /// Whether somebody wants what happens to orders.
    #[inline]
    pub(crate) fn wants_orders(&self) -> bool {
        self.wants() & WANTS_ORDERS != 0
    }

    fn wants(&self) -> u8 {
        self.feed.0.wants.load(Ordering::Relaxed)
    }

    /// A market event that was fed.
    pub(crate) fn market(&mut self, at: Timestamp, event: &abi::Event, engine: &Engine) {
        if self.ring.slots() <= RING_RESERVE {
            self.market_lost = self.market_lost.wrapping_add(1);
            self.feed.0.market_lost.store(self.market_lost, Ordering::Relaxed);
            return;
        }
        self.learn_instrument(InstrumentId(event.instrument), engine);
        // there is room: nobody else pushes
        let _ = self.ring.push(Record { at, number: 0, what: What::Market(*event) });
    }

    /// An output of the engine. `exchange` names exchanges.
    pub(crate) fn output(
        &mut self,
        at: Timestamp,
        output: &Output,
        engine: &Engine,
        exchange: impl Fn(u16) -> String,
    ) {
        let is_rare = match output {
            Output::Submit(_)
            | Output::Held(_)
            | Output::Cancel(_)
            | Output::Change(_)
            | Output::Filled(_)
            | Output::OrderFinished(_)
            | Output::Denied(_)
            | Output::Reduced(_) => false,
            // its strategy's own, and in the results; told by the order itself; in the log; told when it began
            Output::Metric { .. } | Output::ByHand { .. } | Output::BookGap(_) | Output::Exited => return,
            Output::Trading { .. }
            | Output::SessionClosed { .. }
            | Output::StrategyStopped { .. }
            | Output::StrategyFaulted { .. }
            | Output::StrategyRolledBack { .. }
            | Output::ProbationPassed { .. }
            | Output::Shutdown { .. }
            | Output::UnknownOrder(_)
            | Output::Overfilled(_) => true,
        };
        if !is_rare && !self.wants_orders() {
            self.skip();
        } else if let Some(what) = what(output, engine) {
            self.learn(&what, engine, exchange);
            self.push(at, what);
        }
    }

    /// A report on an order that the engine has no output for.
    pub(crate) fn reported(&mut self, at: Timestamp, reported: OrderReport, engine: &Engine) {
        if !self.wants_orders() {
            self.skip();
            return;
        }
        let Some(order) = engine.working_order(reported.order) else { return };
        let copy = OrderCopy {
            filled: order.filled,
            ..OrderCopy::of((order.id, reported.state), Some(order.strategy), order.exchange, &order.request)
        };
        self.push(at, What::Order(copy));
    }

    /// The run begins, or begins to end.
    pub(crate) fn run(&mut self, at: Timestamp, state: &'static str) {
        self.push(at, What::Run { state });
    }

    fn push(&mut self, at: Timestamp, what: What) {
        let number = self.counted.wrapping_add(1);
        // lost: the number is missing, which is how it is told
        match self.ring.push(Record { at, number, what }) {
            Ok(()) | Err(PushError::Full(_)) => {}
        }
        self.skip();
    }

    /// One more event. After its record is in the ring: who has seen the count finds the record.
    fn skip(&mut self) {
        self.counted = self.counted.wrapping_add(1);
        self.feed.0.counted.store(self.counted, Ordering::Release);
    }

    /// Names what the event is about, unless it was named before.
    fn learn(&mut self, what: &What, engine: &Engine, exchange: impl Fn(u16) -> String) {
        let (strategy, instrument, at) = match what {
            What::Order(order) => (order.strategy, Some(order.instrument), order.exchange.0),
            What::Fill { strategy, fill } => {
                (Some(*strategy), Some(InstrumentId(fill.instrument)), fill.exchange)
            }
            What::Denial { denial, .. } => (Some(denial.strategy), Some(denial.instrument), 0),
            What::Trading { scope, .. } | What::SessionClosed { scope } => match scope {
                Scope::Run => (None, None, 0),
                Scope::Strategy(id) => (Some(*id), None, 0),
                Scope::Instrument(id) => (None, Some(*id), 0),
            },
            What::Strategy { strategy, .. } => (Some(*strategy), None, 0),
            What::Alarm { .. } | What::Run { .. } | What::Market(_) => (None, None, 0),
        };
        if let Some(id) = strategy {
            self.learn_strategy(id, engine);
        }
        if let Some(id) = instrument {
            self.learn_instrument(id, engine);
        }
        if usize::from(at) > self.exchanges {
            let mut names = lock(&self.feed.0.names);
            let from = u16::try_from(names.exchanges.len()).unwrap_or(u16::MAX).saturating_add(1);
            names.exchanges.extend((from..=at).map(|id| Arc::from(exchange(id))));
            self.exchanges = names.exchanges.len();
        }
    }

    fn learn_strategy(&mut self, id: StrategyId, engine: &Engine) {
        if id.index() >= self.strategies {
            let mut names = lock(&self.feed.0.names);
            let known = names.strategies.len();
            names
                .strategies
                .extend(engine.strategies().skip(known).map(|(config, ..)| Arc::from(&*config.name)));
            self.strategies = names.strategies.len();
        }
    }

    fn learn_instrument(&mut self, id: InstrumentId, engine: &Engine) {
        if id.0 > self.instruments {
            let mut names = lock(&self.feed.0.names);
            // ids have no holes
            let unnamed = self.instruments.saturating_add(1)..=id.0;
            let instruments = unnamed.map_while(|id| engine.instrument(InstrumentId(id)));
            names.instruments.extend(instruments.map(|instrument| Arc::new(instrument.clone())));
            self.instruments = u32::try_from(names.instruments.len()).unwrap_or(u32::MAX);
        }
    }
}

/// The copy of an output; `None` for what is not told.
fn what(output: &Output, engine: &Engine) -> Option<What> {
    let denial = |denial: &Denial, outcome| What::Denial { denial: *denial, outcome };
    let strategy = |strategy: &StrategyId, state, text: Option<String>| What::Strategy {
        strategy: *strategy,
        state,
        text: text.map(String::into_boxed_str),
    };
    Some(match output {
        Output::Submit(order) => {
            let order = order.get();
            let what = (order.id, "submitted");
            What::Order(OrderCopy::of(what, Some(order.strategy), order.exchange, &order.request))
        }
        Output::Held(order) => {
            let what = (order.id, "held");
            What::Order(OrderCopy::of(what, Some(order.strategy), order.exchange, &order.request))
        }
        Output::Cancel(cancel) => {
            let what = (cancel.id, "cancel_sent");
            What::Order(OrderCopy::of(what, engine.owner_of(cancel.id), cancel.exchange, &cancel.request))
        }
        Output::Change(change) => {
            let change = change.get();
            let what = (change.id, "change_sent");
            What::Order(OrderCopy::of(what, engine.owner_of(change.id), change.exchange, &change.request))
        }
        Output::OrderFinished(order) => {
            let what = (order.id, order.status().name());
            What::Order(OrderCopy {
                filled: order.filled,
                reason: order.reason(),
                ..OrderCopy::of(what, Some(order.strategy), order.exchange, &order.request)
            })
        }
        Output::Filled(report) => What::Fill { strategy: report.strategy, fill: report.fill },
        Output::Denied(refused) => denial(refused, "denied"),
        Output::Reduced(refused) => denial(refused, "reduced"),
        Output::Trading { scope, state, reason } => {
            What::Trading { scope: *scope, state: *state, reason: *reason }
        }
        Output::SessionClosed { scope } => What::SessionClosed { scope: *scope },
        Output::StrategyStopped { strategy: id, reason } => strategy(id, "stopped", Some(reason.clone())),
        Output::StrategyFaulted { strategy: id, fault, .. } => {
            strategy(id, "faulted", Some(fault.to_string()))
        }
        Output::StrategyRolledBack { strategy: id, fault } => {
            strategy(id, "rolled_back", Some(fault.to_string()))
        }
        Output::ProbationPassed { strategy: id } => strategy(id, "confirmed", None),
        Output::Shutdown { strategy: id, reason } => strategy(id, "shutdown", Some(reason.clone())),
        Output::UnknownOrder(report) => {
            What::Alarm { order: ClientOrderId(report.client_order_id), state: "unknown_order" }
        }
        Output::Overfilled(report) => {
            What::Alarm { order: ClientOrderId(report.client_order_id), state: "overfilled" }
        }
        Output::Metric { .. } | Output::ByHand { .. } | Output::BookGap(_) | Output::Exited => return None,
    })
}
