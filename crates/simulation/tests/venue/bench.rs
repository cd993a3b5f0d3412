//! A venue with one book and its events in words.

use stratd_plugin_api::{
    ClientOrderId, EventKind, InstrumentId, OrderEvent, OrderRequest, Price, Quantity, Quote, Trade, abi,
};
use stratd_simulation::venue::{Feeds, Submission, Venue, VenueConfig, VenueEvent};

pub(crate) const AAA: InstrumentId = InstrumentId(1);

/// One instrument, fees of 1 and 5 basis points.
pub(crate) fn config() -> VenueConfig {
    VenueConfig { instruments: 1, maker_fee: 10_000, taker_fee: 50_000, ..VenueConfig::default() }
}

/// A venue whose crowd has traded for a while.
pub(crate) fn venue(config: VenueConfig, steps: usize) -> Venue {
    let mut venue = Venue::new(config).unwrap();
    let mut events = Vec::new();
    for _ in 0..steps {
        venue.step(&mut events);
        events.clear();
    }
    venue
}

pub(crate) fn own_only() -> Feeds {
    Feeds { trades: false, quotes: false, book: false, orders: false }
}

pub(crate) fn submit(venue: &mut Venue, id: u64, request: OrderRequest) -> Vec<VenueEvent> {
    let mut events = Vec::new();
    let order = Submission { client_order_id: ClientOrderId(id), correlation: id * 10, request };
    venue.submit(order, &mut events);
    events
}

/// Best bid and best ask.
pub(crate) fn best(venue: &Venue) -> (Price, Price) {
    let top = venue.book(AAA).unwrap().top_of_book();
    (top.bid.unwrap().price, top.ask.unwrap().price)
}

pub(crate) fn plus(price: Price, ticks: i64) -> Price {
    Price::new(price.get() + ticks)
}

pub(crate) fn limit(quantity: i64, price: Price) -> OrderRequest {
    OrderRequest::limit(AAA, Quantity::new(quantity), price)
}

pub(crate) fn own(events: &[VenueEvent]) -> Vec<OrderEvent> {
    let own = events.iter().filter_map(|event| match event {
        VenueEvent::Order(event) if event.client_order_id != 0 => OrderEvent::from_raw(event),
        VenueEvent::Order(_) | VenueEvent::Market(_) => None,
    });
    own.collect()
}

/// `received open, bought filled`: kind and status of own reports.
pub(crate) fn in_words(events: &[VenueEvent]) -> String {
    let words: Vec<_> = own(events)
        .iter()
        .map(|event| match event.reason {
            stratd_plugin_api::Reason::None => format!("{} {}", event.kind, event.status),
            reason => format!("{} {} {reason}", event.kind, event.status),
        })
        .collect();
    words.join(", ")
}

/// All events, a line each, with prices relative to `zero`.
pub(crate) fn lines(events: &[VenueEvent], zero: Price) -> String {
    events.iter().map(|event| line(event, zero) + "\n").collect()
}

fn line(event: &VenueEvent, zero: Price) -> String {
    let relative = |price: Price| price.get() - zero.get();
    match event {
        VenueEvent::Market(event) => market_line(event, relative),
        VenueEvent::Order(raw) => {
            let event = OrderEvent::from_raw(raw).unwrap();
            let whose = if raw.client_order_id == 0 { "feed" } else { "own" };
            let last = if event.last_quantity.is_positive() {
                format!(" last {} @ {:+}", event.last_quantity, relative(event.last_price))
            } else {
                String::new()
            };
            let side = event.side.unwrap();
            let filled = event.cumulative_quantity;
            format!("{whose} {} {side} {filled}/{}{last}", event.kind, event.quantity)
        }
    }
}

fn market_line(event: &abi::Event, relative: impl Fn(Price) -> i64) -> String {
    match EventKind::from_code(event.kind).unwrap() {
        EventKind::Trade => {
            let trade = Trade::from(event);
            format!("trade {} @ {:+} by {}", trade.quantity, relative(trade.price), trade.aggressor.unwrap())
        }
        EventKind::Quote => {
            let quote = Quote::from(event);
            format!("quote {:+} {:+}", relative(quote.bid), relative(quote.ask))
        }
        EventKind::BookUpdate => {
            let update = stratd_plugin_api::BookUpdate::from(event);
            format!("level {} {:+} {}", update.side.unwrap(), relative(update.price), update.quantity)
        }
        other => panic!("a venue sends no {other}"),
    }
}
