//! Own orders of every type and flag.

use stratd_plugin_api::{
    ClientOrderId, InstrumentId, Lifetime, OrderEventKind, OrderFlags, OrderRequest, OrderStatus, Price,
    Quantity, Side, Timestamp,
};
use stratd_simulation::venue::{OWN_ORDERS_MAX, VenueConfig};

use crate::bench::{AAA, best, config, in_words, limit, own, own_only, plus, submit, venue};

#[test]
fn a_resting_order_is_filled_by_a_participant() {
    let mut venue = venue(VenueConfig { feeds: own_only(), ..config() }, 500);
    let (bid, ask) = best(&venue);
    let better = if plus(bid, 1) < ask { plus(bid, 1) } else { bid };
    assert_eq!(in_words(&submit(&mut venue, 1, limit(10, better))), "received open");
    let mut events = Vec::new();
    let mut steps = 0;
    while venue.position(AAA) < 10 {
        venue.step(&mut events);
        steps += 1;
        assert!(steps < 10_000, "nobody traded with us");
    }
    let fills = own(&events);
    let last = fills.last().unwrap();
    assert_eq!((last.kind, last.status), (OrderEventKind::Bought, OrderStatus::Filled));
    assert!(fills.iter().all(|fill| fill.last_price == better && fill.raw.correlation == 0));
    assert_eq!(last.cumulative_quantity, Quantity::new(10));
    assert_eq!(venue.open_orders().count(), 0);
    assert_eq!(venue.fills_since(Timestamp::MIN).map(|fill| fill.quantity).sum::<i64>(), 10);
    assert_eq!(venue.fills_since(Timestamp::MAX).count(), 0);
}

/// What becomes of a request in a market of some 50 orders a side. `far` is beyond every order.
fn check(request: impl Fn(Price, Price) -> OrderRequest, expected: &str) {
    let mut venue = venue(config(), 500);
    let (bid, ask) = best(&venue);
    assert_eq!(in_words(&submit(&mut venue, 1, request(bid, ask))), expected, "{:?}", request(bid, ask));
    venue.book(AAA).unwrap().assert_invariants();
}

const HUGE: i64 = 100_000;

fn market(quantity: i64) -> OrderRequest {
    OrderRequest::market(AAA, Quantity::new(quantity))
}

#[test]
fn every_type_and_flag_goes_through() {
    check(|_, _| market(1), "received open, bought filled");
    check(|_, _| market(1).side(Side::Sell), "received open, sold filled");
    check(|_, ask| limit(1, ask), "received open, bought filled");
    check(|bid, _| limit(1, bid), "received open");
    check(|bid, _| limit(1, bid).flags(OrderFlags::POST_ONLY), "received open");
    check(|_, ask| limit(1, ask).flags(OrderFlags::POST_ONLY), "rejected rejected would_execute");
    check(|_, ask| limit(1, ask).flags(OrderFlags::FILL_OR_KILL), "received open, bought filled");
    check(
        |_, ask| limit(HUGE, ask).flags(OrderFlags::FILL_OR_KILL),
        "received open, canceled canceled unfilled",
    );
    check(|_, ask| limit(1, ask).flags(OrderFlags::ALL_OR_NONE), "received open, bought filled");
    check(
        |bid, _| limit(1, bid).flags(OrderFlags::IMMEDIATE_OR_CANCEL),
        "received open, canceled canceled unfilled",
    );
    check(
        |bid, _| limit(5, plus(bid, -1)).side(Side::Buy).flags(OrderFlags::ALL_OR_NONE),
        "received open, canceled canceled unfilled",
    );
    // protected by its price
    check(
        |bid, _| OrderRequest { price: Some(bid), ..market(1) }.flags(OrderFlags::IMMEDIATE_OR_CANCEL),
        "received open, canceled canceled unfilled",
    );
    check(|_, ask| OrderRequest::stop_market(AAA, Quantity::new(1), plus(ask, 500)), "received open");
    check(
        |bid, _| OrderRequest::stop_market(AAA, Quantity::new(1), plus(bid, -500)),
        "received open, bought filled",
    );
    check(
        |bid, _| OrderRequest::stop_limit(AAA, Quantity::new(1), plus(bid, -500), plus(bid, -500)),
        "received open",
    );
}

#[test]
fn what_the_book_does_not_have_is_rejected() {
    let of_type = |order_type| move |_, ask| OrderRequest { order_type, stop_price: Some(ask), ..market(1) };
    for order_type in [
        stratd_plugin_api::OrderType::MarketIfTouched,
        stratd_plugin_api::OrderType::LimitIfTouched,
        stratd_plugin_api::OrderType::TrailingStop,
    ] {
        check(of_type(order_type), "rejected rejected bad_order");
    }
    check(|_, _| OrderRequest { group: 1, ..market(1) }, "rejected rejected bad_order");
    check(|_, _| market(0), "rejected rejected bad_quantity");
    check(|_, _| market(i64::MAX), "rejected rejected max_order_quantity");
    check(|_, _| limit(1, Price::MAX), "rejected rejected price_collar");
    check(|_, _| limit(1, Price::MIN), "rejected rejected price_collar");
    check(
        |_, _| OrderRequest { instrument: InstrumentId(99), ..market(1) },
        "rejected rejected unknown_instrument",
    );
    check(
        |_, ask| limit(1, ask).flags(OrderFlags::FILL_OR_KILL.with(OrderFlags::POST_ONLY)),
        "rejected rejected bad_order",
    );
}

#[test]
fn a_notional_is_spent_in_whole_lots() {
    let mut venue = venue(VenueConfig { feeds: own_only(), ..config() }, 500);
    let notional = "100000".parse().unwrap();
    let events = own(&submit(&mut venue, 1, OrderRequest::market_notional(AAA, notional)));
    let (first, last) = (events[0], events.last().unwrap());
    assert_eq!(first.kind, OrderEventKind::Received);
    assert!(first.quantity.is_positive() && first.quantity == last.quantity);
    assert_eq!((last.status, last.remaining()), (OrderStatus::Filled, Quantity::ZERO));
    let spent: i64 = events.iter().map(|fill| fill.last_price.get() * fill.last_quantity.get()).sum();
    let next = best(&venue).1.get();
    assert!(spent <= 10_000_000 && spent + next > 10_000_000, "{spent} of 10000000, next price {next}");
    // nothing for less than one lot
    let little = OrderRequest::market_notional(AAA, "0.01".parse().unwrap());
    let words = in_words(&submit(&mut venue, 2, little));
    assert_eq!(words, "received open, canceled canceled max_order_notional");
}

#[test]
fn orders_are_changed_and_canceled_by_our_id() {
    let mut venue = venue(VenueConfig { feeds: own_only(), ..config() }, 500);
    let (bid, _) = best(&venue);
    let far = plus(bid, -1_000);
    submit(&mut venue, 1, limit(10, far));
    let mut events = Vec::new();
    venue.change(ClientOrderId(1), 77, plus(far, 1), Quantity::new(12), &mut events);
    let change = own(&events)[0];
    assert_eq!(
        (change.price, change.quantity, change.raw.correlation),
        (plus(far, 1), Quantity::new(12), 77)
    );
    assert_eq!(venue.open_orders().next().unwrap().quantity, 12);
    venue.cancel(ClientOrderId(1), 78, &mut events);
    venue.cancel(ClientOrderId(1), 79, &mut events);
    venue.change(ClientOrderId(9), 80, far, Quantity::new(1), &mut events);
    assert_eq!(
        in_words(&events),
        "change open, canceled canceled requested, request_rejected unknown unknown_order, \
         request_rejected unknown unknown_order"
    );
    let correlations: Vec<_> = own(&events).iter().map(|event| event.raw.correlation).collect();
    assert_eq!(correlations, [77, 78, 79, 80]);
}

#[test]
fn a_waiting_stop_is_moved_by_its_stop_price() {
    let mut venue = venue(VenueConfig { feeds: own_only(), ..config() }, 500);
    let (bid, _) = best(&venue);
    submit(&mut venue, 1, OrderRequest::stop_market(AAA, Quantity::new(3), plus(bid, 1_000)));
    let mut events = Vec::new();
    venue.change(ClientOrderId(1), 0, plus(bid, 900), Quantity::new(4), &mut events);
    venue.change(ClientOrderId(1), 0, plus(bid, 900), Quantity::new(3), &mut events);
    assert_eq!(venue.open_orders().next().unwrap().stop_price, plus(bid, 900).get());
    // through the market: elected at once, and still the same order to us
    venue.change(ClientOrderId(1), 0, plus(bid, -900), Quantity::new(3), &mut events);
    assert!(
        in_words(&events).starts_with("request_rejected open bad_order, change open, change open, bought"),
        "{}",
        in_words(&events)
    );
    let ids: Vec<_> = own(&events).iter().map(|event| event.raw.exchange_order_id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(venue.open_orders().count(), 0);
}

#[test]
fn lifetimes_end() {
    let mut venue = venue(VenueConfig { feeds: own_only(), ..config() }, 500);
    let far = plus(best(&venue).0, -1_000);
    let soon = venue.now().checked_add(1_000_000_000).unwrap();
    submit(&mut venue, 1, limit(1, far).lifetime(Lifetime::Gtd(soon)));
    submit(&mut venue, 2, limit(1, far).lifetime(Lifetime::Day));
    submit(&mut venue, 3, limit(1, far));
    let mut events = Vec::new();
    venue.advance(soon, &mut events);
    assert_eq!(in_words(&events), "canceled expired");
    venue.advance("2024-01-03T00:00:00Z".parse().unwrap(), &mut events);
    assert_eq!(in_words(&events), "canceled expired, canceled expired");
    assert_eq!(venue.open_orders().map(|order| order.client_order_id).collect::<Vec<_>>(), [3]);
}

#[test]
fn reduce_only_never_opens() {
    let mut venue = venue(VenueConfig { feeds: own_only(), ..config() }, 500);
    let reduce = market(5).side(Side::Sell).flags(OrderFlags::REDUCE_ONLY);
    assert_eq!(in_words(&submit(&mut venue, 1, reduce)), "rejected rejected reducing");
    submit(&mut venue, 2, market(5));
    assert!(in_words(&submit(&mut venue, 3, reduce)).ends_with("sold filled"));
    assert_eq!(venue.position(AAA), 0);
}

#[test]
fn our_orders_do_not_trade_with_each_other() {
    let mut venue = venue(VenueConfig { feeds: own_only(), ..config() }, 500);
    let (bid, ask) = best(&venue);
    let inside = plus(bid, 1);
    assert!(inside < ask, "this seed has room between bid and ask");
    submit(&mut venue, 1, limit(5, inside));
    let words = in_words(&submit(&mut venue, 2, limit(5, inside).side(Side::Sell)));
    assert_eq!(words, "received open, canceled canceled self_trade");
}

#[test]
fn own_orders_are_limited_and_ids_are_unique() {
    let mut venue = venue(VenueConfig { feeds: own_only(), ..config() }, 500);
    let far = plus(best(&venue).0, -1_000);
    for id in 1..=OWN_ORDERS_MAX as u64 {
        assert_eq!(in_words(&submit(&mut venue, id, limit(1, far))), "received open");
    }
    assert_eq!(in_words(&submit(&mut venue, 1, limit(1, far))), "rejected rejected duplicate_id");
    assert_eq!(in_words(&submit(&mut venue, 99_999, limit(1, far))), "rejected rejected host_limit");
}
