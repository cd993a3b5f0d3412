//! Order of events, fees and the account.

use stratd_plugin_api::{LiquiditySide, Money, Quantity, Side, Timestamp};
use stratd_simulation::venue::{Venue, VenueConfig, VenueEvent};

use crate::bench::{AAA, best, config, limit, lines, own, own_only, plus, submit, venue};

#[test]
fn own_reports_feed_print_levels_and_quote_come_in_this_order() {
    let mut venue = venue(config(), 500);
    let best_ask = |venue: &Venue| venue.book(AAA).unwrap().top_of_book().ask.unwrap();
    while best_ask(&venue).orders > 1 {
        venue.step(&mut Vec::new());
    }
    let top = best_ask(&venue);
    let size = top.quantity.get() + 2;
    let (bid, _) = best(&venue);
    let next = venue.book(AAA).unwrap().asks(2).nth(1).unwrap().price;
    assert!(next > top.price);
    let events = submit(&mut venue, 1, limit(size, top.price));
    let (q, spread) = (top.quantity, bid.get() - top.price.get());
    let expected = format!(
        "own received buy 0/{size}\n\
         feed fill sell {q}/{q} last {q} @ +0\n\
         own bought buy {q}/{size} last {q} @ +0\n\
         feed change buy {q}/{size} last {q} @ +0\n\
         trade {q} @ +0 by buy\n\
         feed open buy {q}/{size}\n\
         level sell +0 0\n\
         level buy +0 2\n\
         quote +0 {:+}\n",
        next.get() - top.price.get()
    );
    let told = lines(&events, top.price);
    // the maker may have traded before
    let told: String = told
        .lines()
        .map(|line| match line.strip_prefix("feed fill sell ") {
            Some(_) => format!("feed fill sell {q}/{q} last {q} @ +0\n"),
            None => format!("{line}\n"),
        })
        .collect();
    assert_eq!(told, expected, "bid was {spread:+}");
}

#[test]
fn fees_are_literal() {
    let mut venue = venue(VenueConfig { feeds: own_only(), ..config() }, 500);
    // as taker: 5 basis points
    let (_, ask) = best(&venue);
    let fill = own(&submit(&mut venue, 1, limit(1, ask)))[1];
    assert_eq!(fill.fee, Money::new(i128::from(ask.get()) * 500));
    assert_eq!(fill.liquidity, Some(LiquiditySide::Taker));
    // 1e-2 of price units is 1e6 of money units, times 0.0005
    let cash = Money::new(1_000_000 * 100_000_000 - i128::from(ask.get()) * 1_000_500);
    assert_eq!(venue.account().unwrap().cash, cash);
    // as maker: 1 basis point
    let (bid, ask) = best(&venue);
    let price = if plus(bid, 1) < ask { plus(bid, 1) } else { bid };
    submit(&mut venue, 2, limit(1, price));
    let mut events = Vec::new();
    while venue.position(AAA) < 2 {
        venue.step(&mut events);
    }
    let fill = own(&events)[0];
    assert_eq!(fill.fee, Money::new(i128::from(price.get()) * 100));
    assert_eq!(fill.liquidity, Some(LiquiditySide::Maker));
    assert_eq!(fill.fee, venue.fills_since(Timestamp::MIN).last().unwrap().fee.into());
    let account = venue.account().unwrap();
    let last = venue.book(AAA).unwrap().last_price().unwrap();
    let value = venue.instruments().next().unwrap().notional(last, Quantity::new(2)).unwrap();
    assert_eq!(account.equity.checked_sub(account.cash).unwrap(), value);
}

#[test]
fn a_rebate_is_a_negative_fee() {
    let config = VenueConfig { taker_fee: -10_000, feeds: own_only(), ..config() };
    let mut venue = venue(config, 500);
    let (bid, _) = best(&venue);
    let fill = own(&submit(&mut venue, 1, limit(1, bid).side(Side::Sell)))[1];
    assert_eq!(fill.fee, Money::new(-i128::from(bid.get()) * 100));
}

#[test]
fn only_subscribed_instruments_are_told_of_and_a_snapshot_catches_up() {
    let mut venue = venue(VenueConfig { instruments: 2, ..config() }, 200);
    venue.set_subscribed(|id| id == AAA);
    let mut events = Vec::new();
    for _ in 0..200 {
        venue.step(&mut events);
    }
    let of = |event: &VenueEvent| match event {
        VenueEvent::Market(event) => event.instrument,
        VenueEvent::Order(event) => event.instrument,
    };
    assert!(!events.is_empty() && events.iter().all(|event| of(event) == AAA.0));
    events.clear();
    venue.snapshot(AAA, &mut events);
    let levels = venue.book(AAA).unwrap().levels(usize::MAX);
    assert_eq!(events.len(), levels.bids.len() + levels.asks.len() + 1);
}

#[test]
fn unusable_numbers_are_refused() {
    let error = Venue::new(VenueConfig { instruments: 0, ..config() }).unwrap_err();
    assert_eq!(error.to_string(), "instruments is 0 (accepted: 1 to 1000)");
}
