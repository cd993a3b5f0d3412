//! With a scripted market, and the desk alone.

use stratd_engine::InputKind;
use stratd_plugin_api::{ClientOrderId, Instrument, InstrumentId, InstrumentType, OrderEventKind, Side, abi};
use stratd_testkit::{Desk as TestDesk, StrategyId};

use super::*;
use crate::desk::{Limits, Working};

const CONFIG: &str = r#"{"quantity": 10, "spread_ticks": 4, "max_position": 20, "requote_ticks": 2}"#;

fn test_desk(config: &str) -> (TestDesk, InstrumentId, StrategyId) {
    let mut desk = TestDesk::new();
    let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
    let strategy = desk.strategy::<MarketMaker>(config).unwrap();
    desk.start();
    (desk, aapl, strategy)
}

#[test]
fn quotes_both_sides_and_earns_the_spread() {
    let (mut desk, aapl, maker) = test_desk(CONFIG);
    // the market comes to the bid, and back to the ask; each price twice, because the fill model rejects a post-only
    // order that would trade at the first price it sees
    for (bid, ask) in [("99.90", "100.10"), ("99.97", "99.98"), ("100.03", "100.05")] {
        desk.quote(aapl, bid, ask, "5");
        desk.quote(aapl, bid, ask, "5");
    }
    assert_eq!(desk.fills(maker), ["buy 10 AAPL @ 99.98", "sell 10 AAPL @ 99.99"]);
    assert_eq!(desk.equity(), "1000000.1".parse().unwrap());
}

#[test]
fn trades_stand_in_for_quotes() {
    let (mut desk, aapl, maker) = test_desk(CONFIG);
    desk.trade(aapl, "100.00", "1");
    // in between: nobody trades with us
    desk.trade(aapl, "100.01", "1");
    desk.trade(aapl, "99.98", "1");
    assert_eq!(desk.fills(maker), ["buy 10 AAPL @ 99.98"]);
}

#[test]
fn cancels_at_the_end() {
    let (mut desk, aapl, maker) = test_desk(CONFIG);
    desk.quote(aapl, "99.90", "100.10", "5");
    desk.quote(aapl, "99.90", "100.10", "5");
    desk.feed(InputKind::Exit(Reason::Requested));
    let finished = desk.finished_orders(maker);
    assert_eq!(finished.len(), 2, "{finished:?}");
    assert!(finished.iter().all(|order| order.starts_with("canceled")), "{finished:?}");
}

#[test]
fn only_named_instruments_are_quoted() {
    let mut desk = TestDesk::new();
    let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
    let ibm = desk.instrument(Instrument::new("IBM", InstrumentType::Equity));
    let maker = desk.strategy::<MarketMaker>(r#"{"instruments": ["IBM"]}"#).unwrap();
    desk.start();
    for (instrument, price) in
        [(aapl, "100"), (ibm, "90"), (aapl, "90"), (ibm, "90"), (aapl, "80"), (ibm, "80")]
    {
        desk.trade(instrument, price, "1");
    }
    assert_eq!(desk.fills(maker).len(), 1);
    assert!(desk.fills(maker)[0].contains("IBM"));
}

#[test]
fn unusable_numbers_are_refused() {
    let mut desk = TestDesk::new();
    let refused = desk.strategy::<MarketMaker>(r#"{"quantity": 0}"#).unwrap_err();
    assert_eq!(refused.message, "quantity is 0 (expected more than 0)");
}

// ---- the desk alone ----

const AAPL: InstrumentId = InstrumentId(1);

fn desk() -> Desk {
    let limits = Limits { tick: 1, lot: 1, quantity: 10, max_position: 25, spread: 4, requote: 2 };
    Desk { limits: Some(limits), ..Desk::default() }
}

/// Wants around the middle, in words; what is wanted is sent.
fn wants(desk: &mut Desk, middle: i64, next_id: u64) -> String {
    let mut words = Vec::new();
    for (request, id) in desk.requests(AAPL, 2 * middle).into_iter().zip(next_id..) {
        match request {
            Request::New(side, request) => {
                words.push(format!("{side} {} @ {}", request.quantity, request.price.unwrap()));
                desk.sent(side, ClientOrderId(id), &request);
            }
            Request::Change(side, id, price, quantity) => {
                words.push(format!("change {side} {id} to {quantity} @ {price}"));
                desk.asked_to_change(side, price, quantity);
            }
        }
        assert!(desk.worst(Side::Buy) <= 25 && desk.worst(Side::Sell) >= -25, "{desk:?}");
    }
    words.join(", ")
}

fn event(desk: &Desk, side: Side, kind: OrderEventKind) -> abi::OrderEvent {
    let working = desk.working(side).unwrap();
    abi::OrderEvent {
        client_order_id: working.id.0,
        instrument: AAPL.0,
        kind: kind.code(),
        status: stratd_plugin_api::OrderStatus::Open.code(),
        side: side.code(),
        price: working.price,
        quantity: working.quantity,
        cumulative_quantity: working.filled,
        ..abi::OrderEvent::default()
    }
}

fn answer(desk: &mut Desk) {
    for side in [Side::Buy, Side::Sell] {
        if desk.working(side).is_some() {
            let raw = event(desk, side, OrderEventKind::Received);
            desk.answered(&OrderEvent::from_raw(&raw).unwrap());
        }
    }
}

fn fill(desk: &mut Desk, side: Side, quantity: i64) {
    let raw =
        event(desk, side, if side == Side::Buy { OrderEventKind::Bought } else { OrderEventKind::Sold });
    let cumulative_quantity = raw.cumulative_quantity + quantity;
    let status = if cumulative_quantity == raw.quantity {
        stratd_plugin_api::OrderStatus::Filled
    } else {
        stratd_plugin_api::OrderStatus::PartiallyFilled
    };
    let raw = abi::OrderEvent {
        last_quantity: quantity,
        last_price: raw.price,
        cumulative_quantity,
        status: status.code(),
        ..raw
    };
    desk.filled(&OrderEvent::from_raw(&raw).unwrap());
}

#[test]
fn follows_the_market_one_request_at_a_time() {
    let mut desk = desk();
    assert_eq!(wants(&mut desk, 100, 1), "buy 10 @ 98, sell 10 @ 102");
    // not answered: nothing more is asked for
    assert_eq!(wants(&mut desk, 110, 3), "");
    answer(&mut desk);
    assert_eq!(wants(&mut desk, 101, 3), "");
    // up: the ask goes first; down: the bid
    assert_eq!(wants(&mut desk, 110, 3), "change sell 2 to 10 @ 112, change buy 1 to 10 @ 108");
    answer(&mut desk);
    assert_eq!(wants(&mut desk, 100, 3), "change buy 1 to 10 @ 98, change sell 2 to 10 @ 102");
}

#[test]
fn a_refused_change_leaves_the_order_where_it_was() {
    let mut desk = desk();
    wants(&mut desk, 100, 1);
    answer(&mut desk);
    wants(&mut desk, 103, 3);
    let raw = event(&desk, Side::Buy, OrderEventKind::RequestRejected);
    desk.request_refused(&OrderEvent::from_raw(&raw).unwrap());
    assert_eq!(desk.bid.unwrap().price, 98);
    assert_eq!(wants(&mut desk, 103, 3), "change buy 1 to 10 @ 101");
}

#[test]
fn partial_fills_count_and_the_position_is_limited() {
    let mut desk = desk();
    wants(&mut desk, 100, 1);
    answer(&mut desk);
    fill(&mut desk, Side::Buy, 4);
    assert_eq!((desk.position, desk.bid.unwrap().filled), (4, 4));
    // topped up when it moves: 4 filled and 10 more
    assert_eq!(wants(&mut desk, 97, 3), "change buy 1 to 14 @ 95, change sell 2 to 10 @ 99");
    answer(&mut desk);
    fill(&mut desk, Side::Buy, 10);
    assert_eq!((desk.position, desk.bid), (14, None));
    assert_eq!(wants(&mut desk, 97, 3), "buy 10 @ 95");
    answer(&mut desk);
    fill(&mut desk, Side::Buy, 10);
    // one short of the limit
    assert_eq!(wants(&mut desk, 97, 4), "buy 1 @ 95");
    answer(&mut desk);
    fill(&mut desk, Side::Buy, 1);
    assert_eq!(wants(&mut desk, 97, 5), "");
    fill(&mut desk, Side::Sell, 10);
    assert_eq!(wants(&mut desk, 97, 5), "buy 10 @ 95, sell 10 @ 99");
}

#[test]
fn a_quote_never_meets_our_own_order_that_cannot_move() {
    let mut desk = desk();
    wants(&mut desk, 100, 1);
    // only the bid is answered, so the ask at 102 stays
    let raw = event(&desk, Side::Buy, OrderEventKind::Received);
    desk.answered(&OrderEvent::from_raw(&raw).unwrap());
    assert_eq!(wants(&mut desk, 110, 3), "");
    assert_eq!(wants(&mut desk, 103, 3), "change buy 1 to 10 @ 101");
}

#[test]
fn the_state_goes_over_to_the_next_version() {
    let mut old = desk();
    wants(&mut old, 100, 1);
    answer(&mut old);
    fill(&mut old, Side::Sell, 3);
    let text = state::write(&BTreeMap::from([(AAPL, old.clone())]));
    assert_eq!(String::from_utf8(text.clone()).unwrap(), "1 -3 1/98/10/0 2/102/10/3\n");

    let config = Config {
        instruments: Vec::new(),
        quantity: 10.into(),
        spread_ticks: 4,
        max_position: 25.into(),
        cancel_on_halt: true,
        requote_ticks: 2,
    };
    let mut new = MarketMaker::new(config).unwrap();
    new.restore(1, &text).unwrap();
    assert_eq!(new.save().unwrap(), Some(text));
    assert!(new.restore(2, b"").unwrap_err().to_string().contains("version 2"));
    assert!(new.restore(1, b"1 x - -\n").unwrap_err().to_string().contains("`1 x - -`"));
    let kept = Working { before: None, is_waiting: false, ..old.ask.unwrap() };
    assert_eq!(state::read(b"1 -3 - 2/102/10/3\n").unwrap()[&AAPL].ask, Some(kept));
}

#[test]
fn a_file_of_prices_is_quoted_within_the_position_limit() {
    let mut desk = TestDesk::new();
    let options = stratd_testkit::RowOptions { price_decimals: 4, ..Default::default() };
    let prices = desk.csv_as("../../configs/data/equities-daily.csv", &options).first(600);
    let maker = desk.strategy::<MarketMaker>(CONFIG).unwrap();
    desk.start();
    desk.replay(&prices);
    desk.end();
    let fills = desk.fills(maker);
    assert!(fills.len() > 100, "{fills:?}");
    assert_eq!(fills[0], "buy 10 IBM @ 100.2498"); // two ticks below the first close
    for symbol in ["AAPL", "IBM", "MSFT"] {
        let size = desk.position(maker, prices.instrument(symbol)).size.get();
        assert!(size.abs() <= 20, "{symbol}: {size}");
    }
}
