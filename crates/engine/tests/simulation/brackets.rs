//! Brackets at an exchange that answers when it likes: nothing is sent twice, no way out trades more than its entry, and
//! nothing that is held is forgotten.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use stratd_engine::{Accounting, ByHand, Engine, Input, InputKind, Output, StrategyId};
use stratd_plugin_api::{
    ClientOrderId, ExchangeId, InstrumentId, OrderEventKind, OrderRequest, OrderType, Price, Quantity,
    Reason, Side, Takes, Timestamp, abi,
};

use crate::{Named, cut::Twin, desk, random::Random, seeds};

const STEPS: usize = 250;
const OWNER: StrategyId = StrategyId(0);
/// Ids of the first strategy in a run without a number.
const ID_BASE: u64 = 1 << 40;

#[derive(Clone, Copy, Debug)]
struct AtVenue {
    side: Side,
    quantity: i64,
    filled: i64,
    is_done: bool,
}

#[derive(Debug)]
struct Bracket {
    exits: [u64; 2],
    is_left_alone: bool,
}

struct Simulation {
    random: Random,
    engine: Engine,
    seq: u64,
    trades: u64,
    price: i64,
    venue: BTreeMap<u64, AtVenue>,
    reports: VecDeque<abi::OrderEvent>,
    sent: BTreeSet<u64>,
    next_id: u64,
    /// By the id of the entry.
    brackets: BTreeMap<u64, Bracket>,
    /// A run that goes on from what was kept of this one when it was cut off last.
    twin: Option<Twin>,
    cuts: usize,
    /// Orders that never came to the venue.
    lost: usize,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut engine = desk::engine("1000000".parse().expect("an amount"), Accounting::Average);
        engine.add_owner("a").expect("a free id");
        engine.set_takes(ExchangeId(1), Takes::of(&[OrderType::Market, OrderType::Limit]));
        Self {
            random: Random::new(seed),
            engine,
            seq: 0,
            trades: 0,
            price: 100,
            venue: BTreeMap::new(),
            reports: VecDeque::new(),
            sent: BTreeSet::new(),
            next_id: ID_BASE,
            brackets: BTreeMap::new(),
            twin: None,
            cuts: 0,
            lost: 0,
        }
    }

    fn feed(&mut self, kind: InputKind) {
        self.seq += 1;
        let at = Timestamp::new(self.seq.cast_signed());
        let input = Input { seq: self.seq, at, kind: kind.clone() };
        let outputs = self.engine.step(&input).expect("it goes on").to_vec();
        if let Some(twin) = &mut self.twin {
            twin.follow(at, kind, &outputs, &self.engine);
        }
        for output in outputs {
            match output {
                Output::Submit(order) => {
                    let (id, request) = (order.get().id.0, order.get().request);
                    let takes = self.engine.takes(ExchangeId(1));
                    assert!(takes.has_type(request.order_type) && request.group == 0, "{request:?}");
                    assert!(!self.sent.contains(&id), "order {id} is sent twice");
                    if self.random.chance(5) {
                        self.lose(id);
                        continue;
                    }
                    self.sent.insert(id);
                    let order = AtVenue {
                        side: request.side,
                        quantity: request.quantity.get(),
                        filled: 0,
                        is_done: false,
                    };
                    self.venue.insert(id, order);
                    self.report(id, OrderEventKind::Received, 0);
                }
                Output::Cancel(cancel) => self.cancel_asked(cancel.id.0),
                Output::Change(change) => self.change_asked(change.get().id.0, change.get().request.quantity),
                Output::UnknownOrder(report) => panic!("an unknown order: {report:?}"),
                Output::Overfilled(report) => panic!("too much was filled: {report:?}"),
                _ => {}
            }
        }
    }

    fn report(&mut self, id: u64, kind: OrderEventKind, quantity: i64) {
        self.trades += 1;
        self.reports.push_back(abi::OrderEvent {
            client_order_id: id,
            kind: kind.code(),
            last_quantity: if kind == OrderEventKind::Change { 0 } else { quantity },
            quantity: if kind == OrderEventKind::Change { quantity } else { 0 },
            last_price: self.price,
            trade_id: self.trades,
            ..abi::OrderEvent::default()
        });
    }

    /// An order does not come to the venue, and nobody knows until the venue is asked.
    fn lose(&mut self, id: u64) {
        self.lost += 1;
        self.report(id, OrderEventKind::Received, 0);
        self.report(id, OrderEventKind::Rejected, 0);
        let [unknown, rejected] = self.reports.make_contiguous().last_chunk_mut().expect("both");
        unknown.status = abi::order_status::UNKNOWN;
        rejected.reason = Reason::UnknownOrder.code();
    }

    fn cancel_asked(&mut self, id: u64) {
        if !self.venue.contains_key(&id) {
            self.report(id, OrderEventKind::RequestRejected, 0);
            return;
        }
        if self.random.chance(20) {
            self.fill(id);
        }
        let order = self.venue.get_mut(&id).expect("a cancel of an order that was sent");
        if order.is_done || self.random.chance(10) {
            self.report(id, OrderEventKind::RequestRejected, 0);
        } else {
            order.is_done = true;
            self.report(id, OrderEventKind::Canceled, 0);
        }
    }

    fn change_asked(&mut self, id: u64, quantity: Quantity) {
        let order = self.venue.get_mut(&id).expect("a change of an order that was sent");
        if order.is_done || quantity.get() <= order.filled {
            self.report(id, OrderEventKind::RequestRejected, 0);
        } else {
            order.quantity = quantity.get();
            self.report(id, OrderEventKind::Change, quantity.get());
        }
    }

    /// Fills a part of an order, or all of it.
    fn fill(&mut self, id: u64) {
        let Some(order) = self.venue.get_mut(&id).filter(|order| !order.is_done) else { return };
        let left = order.quantity - order.filled;
        let quantity = if self.random.chance(50) { left } else { self.random.range(1, left + 1) };
        order.filled += quantity;
        order.is_done = order.filled == order.quantity;
        let kind = if order.side == Side::Buy { OrderEventKind::Bought } else { OrderEventKind::Sold };
        self.report(id, kind, quantity);
        self.check_exits();
    }

    fn filled(&self, id: u64) -> i64 {
        self.venue.get(&id).map_or(0, |order| order.filled)
    }

    fn check_exits(&self) {
        for (entry, bracket) in &self.brackets {
            let exits: i64 = bracket.exits.iter().map(|id| self.filled(*id)).sum();
            assert!(exits <= self.filled(*entry), "{exits} out of {}: {bracket:?}", self.filled(*entry));
        }
    }

    fn new_order(&mut self, request: OrderRequest) -> u64 {
        self.next_id += 1;
        self.feed(InputKind::ByHand(ByHand::New(OWNER, (&request).into())));
        self.next_id
    }

    fn new_bracket(&mut self) {
        let (x, quantity) = (InstrumentId(1), Quantity::new(self.random.range(1, 6)));
        let near = Price::new(self.price + self.random.range(-2, 3));
        let entry = match self.random.range(0, 3) {
            0 => OrderRequest::market(x, quantity),
            1 => OrderRequest::limit(x, quantity, near),
            _ => OrderRequest::stop_market(x, quantity, near),
        };
        let entry = self.new_order(entry);
        let attach = |request: OrderRequest| request.side(Side::Sell).attached_to(ClientOrderId(entry));
        let profit = Price::new(self.price + self.random.range(1, 8));
        let stop = if self.random.chance(50) {
            OrderRequest::stop_market(x, quantity, Price::new(self.price - self.random.range(1, 8)))
        } else {
            OrderRequest::trailing_stop(x, quantity, Price::new(self.random.range(1, 6)))
        };
        let profit = OrderRequest::limit(x, quantity, profit);
        let exits = [profit, stop].map(|request| self.new_order(attach(request)));
        let were_taken = exits.iter().all(|id| self.engine.working_order(ClientOrderId(*id)).is_some());
        self.brackets.insert(entry, Bracket { exits, is_left_alone: were_taken });
    }

    fn trade(&mut self, price: i64) {
        self.price = price;
        let event = abi::Event {
            instrument: 1,
            kind: abi::event_kind::TRADE,
            data: [price, 1, 0, 0, 0],
            ..abi::Event::default()
        };
        self.feed(InputKind::Market(event));
    }

    fn deliver(&mut self) -> bool {
        let report = self.reports.pop_front();
        let is_some = report.is_some();
        report.into_iter().for_each(|report| self.feed(InputKind::Order(report)));
        is_some
    }

    /// Cuts a second run off here.
    fn cut(&mut self) {
        let at = Timestamp::new(self.seq.cast_signed());
        self.twin = Some(Twin::of(&self.engine, at, self.price));
        self.cuts += 1;
    }

    fn step(&mut self) {
        match self.random.range(0, 20) {
            0 if self.brackets.len() < 12 => self.new_bracket(),
            0..6 => {
                let price = (self.price + self.random.range(-3, 4)).clamp(60, 140);
                self.trade(price);
            }
            6..12 => drop(self.deliver()),
            12..18 => self.fill_any(),
            _ => self.cancel_any(),
        }
    }

    fn fill_any(&mut self) {
        let open: Vec<u64> =
            self.venue.iter().filter(|(_, order)| !order.is_done).map(|(id, _)| *id).collect();
        if !open.is_empty() {
            let at = usize::try_from(self.random.range(0, i64::try_from(open.len()).expect("few")))
                .expect("small");
            self.fill(open[at]);
        }
    }

    fn cancel_any(&mut self) {
        let working: Vec<u64> = self.engine.working_orders().map(|order| order.id.0).collect();
        if working.is_empty() || !self.random.chance(20) {
            return;
        }
        let at =
            usize::try_from(self.random.range(0, i64::try_from(working.len()).expect("few"))).expect("small");
        let id = working[at];
        for bracket in self.brackets.values_mut().filter(|bracket| bracket.exits.contains(&id)) {
            bracket.is_left_alone = false;
        }
        self.feed(InputKind::ByHand(ByHand::Cancel(ClientOrderId(id))));
    }

    /// Whatever entry is left is canceled, and every way out is taken.
    fn settle(&mut self) {
        let entries: Vec<u64> = self.brackets.keys().copied().collect();
        for round in 0..40 {
            for entry in &entries {
                self.feed(InputKind::ByHand(ByHand::Cancel(ClientOrderId(*entry))));
            }
            while self.deliver() {}
            self.trade(if round % 2 == 0 { 1 } else { 1_000 });
            while self.deliver() {}
            let open: Vec<u64> = self.venue.keys().copied().filter(|id| !entries.contains(id)).collect();
            open.into_iter().for_each(|id| self.fill(id));
            while self.deliver() {}
        }
        let left: Vec<_> = self.engine.working_orders().collect();
        assert!(left.is_empty(), "orders are left: {left:?}");
        for (entry, bracket) in self.brackets.iter().filter(|(_, bracket)| bracket.is_left_alone) {
            let exits: i64 = bracket.exits.iter().map(|id| self.filled(*id)).sum();
            assert_eq!(exits, self.filled(*entry), "of entry {entry}: {bracket:?}");
        }
    }
}

#[test]
fn a_run_that_was_cut_off_anywhere_goes_on_as_one_that_was_not() {
    let mut cuts = 0;
    for seed in seeds() {
        let _named = Named(seed);
        let mut simulation = Simulation::new(seed);
        let mut cutter = Random::new(seed ^ 0xc07);
        simulation.trade(100);
        for _ in 0..STEPS {
            if cutter.chance(5) {
                simulation.cut();
            }
            simulation.step();
        }
        simulation.settle();
        cuts += simulation.cuts;
    }
    assert!(cuts > 0, "nothing was cut");
}

#[test]
fn brackets_trade_no_more_than_their_entries_and_are_never_forgotten() {
    let (mut closed, mut lost) = (0, 0);
    for seed in seeds() {
        let _named = Named(seed);
        let mut simulation = Simulation::new(seed);
        simulation.trade(100);
        for _ in 0..STEPS {
            simulation.step();
        }
        simulation.settle();
        let is_closed =
            |(entry, bracket): &(&u64, &Bracket)| bracket.is_left_alone && simulation.filled(**entry) > 0;
        closed += simulation.brackets.iter().filter(is_closed).count();
        lost += simulation.lost;
    }
    assert!(closed > 0 && lost > 0, "{closed} brackets came to their end, {lost} orders were lost");
}
