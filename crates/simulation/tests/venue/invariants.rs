//! What holds after every step, whatever the seed.

use std::collections::BTreeMap;

use stratd_plugin_api::{
    BookUpdate, ClientOrderId, EventKind, InstrumentId, OrderEventKind, OrderFlags, OrderRequest, Price,
    Quantity, Quote, Side, Timestamp, abi,
};
use stratd_simulation::venue::{Submission, Venue, VenueConfig, VenueEvent};

use crate::bench::{AAA, config, venue};

/// Runs a venue, with an own order now and then; all events.
fn run(config: VenueConfig, steps: u32, has_own: bool) -> Vec<VenueEvent> {
    let mut venue = Venue::new(config).unwrap();
    let mut events = Vec::new();
    for step in 0..steps {
        venue.step(&mut events);
        if has_own && step % 10 == 9 {
            own_order(&mut venue, step, &mut events);
        }
    }
    events
}

fn own_order(venue: &mut Venue, step: u32, out: &mut Vec<VenueEvent>) {
    let top = venue.book(AAA).unwrap().top_of_book();
    let (Some(bid), Some(ask)) = (top.bid, top.ask) else { return };
    let size = Quantity::new(5);
    let request = match step / 10 % 5 {
        0 => OrderRequest::limit(AAA, size, bid.price),
        1 => OrderRequest::limit(AAA, size, ask.price).side(Side::Sell).flags(OrderFlags::POST_ONLY),
        2 => OrderRequest::market(AAA, size),
        3 => OrderRequest::stop_market(AAA, size, ask.price),
        _ => OrderRequest::stop_limit(AAA, size, bid.price, bid.price).side(Side::Sell),
    };
    let client_order_id = ClientOrderId(u64::from(step));
    venue.submit(Submission { client_order_id, correlation: 0, request }, out);
    if let Some(earlier) = step.checked_sub(200) {
        venue.cancel(ClientOrderId(u64::from(earlier)), 0, out);
    }
}

#[test]
fn equal_seeds_and_orders_give_equal_events() {
    let of = |seed| VenueConfig { seed, ..VenueConfig::default() };
    let events = run(of(7), 3_000, true);
    assert!(events.len() > 5_000, "{}", events.len());
    assert_eq!(events, run(of(7), 3_000, true));
    assert_ne!(events, run(of(8), 3_000, true));
}

#[test]
fn a_renewed_book_is_the_same_to_everybody() {
    let often = VenueConfig { ids_per_book: 16, ..config() };
    for has_own in [false, true] {
        let (renewed, plain) = (run(often.clone(), 6_000, has_own), run(config(), 6_000, has_own));
        for (at, (one, other)) in renewed.iter().zip(&plain).enumerate() {
            assert_eq!(one, other, "event {at}");
        }
        assert_eq!(renewed.len(), plain.len());
    }
}

#[test]
fn books_stay_whole_and_are_never_empty_for_long() {
    let mut venue = venue(VenueConfig { instruments: 2, ..config() }, 100);
    let mut events = Vec::new();
    let mut empty_sides = 0;
    for _ in 0..5_000 {
        venue.step(&mut events);
        events.clear();
        for id in [InstrumentId(1), InstrumentId(2)] {
            let book = venue.book(id).unwrap();
            book.assert_invariants();
            let top = book.top_of_book();
            empty_sides += u32::from(top.bid.is_none()) + u32::from(top.ask.is_none());
            assert!(book.order_count() < 300 && book.stop_count() < 100);
        }
    }
    assert!(empty_sides < 20, "{empty_sides} of 20,000 looks found an empty side");
}

/// What a listener to the feed knows of the book.
#[derive(Default)]
struct Listener {
    levels: BTreeMap<(u8, i64), i64>,
    orders: BTreeMap<u64, i64>,
    quote: Option<Quote>,
}

impl Listener {
    fn take(&mut self, event: &VenueEvent) {
        match event {
            VenueEvent::Market(event) => self.take_market(event),
            VenueEvent::Order(event) if event.client_order_id == 0 => self.take_order(event),
            VenueEvent::Order(_) => {}
        }
    }

    fn take_market(&mut self, event: &abi::Event) {
        match EventKind::from_code(event.kind).unwrap() {
            EventKind::Quote => self.quote = Some(Quote::from(event)),
            EventKind::BookUpdate => {
                let BookUpdate { side, price, quantity, .. } = event.into();
                let key = (side.unwrap().code(), price.get());
                if quantity.is_zero() {
                    self.levels.remove(&key);
                } else {
                    self.levels.insert(key, quantity.get());
                }
            }
            _ => {}
        }
    }

    fn take_order(&mut self, event: &abi::OrderEvent) {
        let remaining = event.quantity - event.cumulative_quantity;
        match OrderEventKind::from_code(event.kind).unwrap() {
            OrderEventKind::Open => {
                self.orders.insert(event.exchange_order_id, remaining);
            }
            OrderEventKind::Change => {
                // an incoming order is told of before it rests
                self.orders.entry(event.exchange_order_id).and_modify(|known| *known = remaining);
            }
            OrderEventKind::Fill | OrderEventKind::Cancel => {
                self.orders.remove(&event.exchange_order_id);
            }
            other => panic!("the feed sends no {other}"),
        }
    }

    fn check(&self, venue: &Venue) {
        let book = venue.book(AAA).unwrap();
        let levels = book.levels(usize::MAX);
        let of = |side: Side, levels: &[stratd_orderbook::Level]| -> Vec<((u8, i64), i64)> {
            levels.iter().map(|l| ((side.code(), l.price.get()), l.quantity.get())).collect()
        };
        let mut known = of(Side::Buy, &levels.bids);
        known.extend(of(Side::Sell, &levels.asks));
        assert_eq!(self.levels, known.into_iter().collect());
        assert_eq!(self.orders.len(), book.order_count() as usize);
        let total: i64 = book.iter().map(|order| order.remaining().get()).sum();
        assert_eq!(self.orders.values().sum::<i64>(), total);
        let top = book.top_of_book();
        let quote = self.quote.unwrap();
        assert_eq!(quote.bid, top.bid.map_or(Price::ZERO, |l| l.price));
        assert_eq!(quote.ask_quantity, top.ask.map_or(Quantity::ZERO, |l| l.quantity));
    }
}

#[test]
fn a_listener_can_rebuild_the_book_from_each_feed() {
    for ids_per_book in [64, 1 << 22] {
        let mut venue = Venue::new(VenueConfig { ids_per_book, ..config() }).unwrap();
        let mut listener = Listener::default();
        let mut events = Vec::new();
        let mut ts = Timestamp::MIN;
        for step in 0..3_000 {
            venue.step(&mut events);
            if step % 10 == 9 {
                own_order(&mut venue, step, &mut events);
            }
            for event in &events {
                listener.take(event);
                let at = match event {
                    VenueEvent::Market(event) => event.ts,
                    VenueEvent::Order(event) => event.ts,
                };
                assert!(at >= ts.get());
                ts = Timestamp::new(at);
            }
            if !events.is_empty() {
                listener.check(&venue);
            }
            events.clear();
        }
    }
}

#[test]
fn every_kind_of_market_data_occurs_and_can_be_left_out() {
    let count = |events: &[VenueEvent], kind: EventKind| {
        let is = |event: &&VenueEvent| matches!(event, VenueEvent::Market(e) if e.kind == kind.code());
        events.iter().filter(is).count()
    };
    let all = run(config(), 2_000, false);
    for kind in [EventKind::Trade, EventKind::Quote, EventKind::BookUpdate] {
        assert!(count(&all, kind) > 200, "{kind}");
    }
    let mut quiet = config();
    quiet.feeds.quotes = false;
    quiet.feeds.orders = false;
    let some = run(quiet, 2_000, false);
    assert_eq!(count(&some, EventKind::Trade), count(&all, EventKind::Trade));
    assert_eq!(count(&some, EventKind::Quote), 0);
    assert!(some.iter().all(|event| matches!(event, VenueEvent::Market(_))));
}
