//! On its own thread.

use serde_json::json;
use stratd_plugin_api::{
    BookUpdate, EventKind, Exchange as _, InstrumentId, OrderEventKind, OrderRequest, Quantity, Timestamp,
    TradingType, abi,
};

use crate::host::{Bench, Told, far_bid, first_instrument, own};

#[test]
fn the_thread_trades_until_it_is_stopped() {
    let mut bench = Bench::new(TradingType::Simulation, json!({"rate": 1000}));
    assert!(bench.told().is_empty(), "nothing before it is asked for");
    bench.subscribe(None);
    drop(bench.host.wait_for(|notes| notes.told.len() > 500));
    bench.exchange.stop().unwrap();
    let count = bench.told().len();
    bench.exchange.stop().unwrap();
    assert_eq!(bench.told().len(), count);
    // events carry the host's time
    assert!(bench.told().iter().all(|told| match told {
        Told::Market(event) => event.ts < Timestamp::DAY_NS,
        Told::Order(event) => event.ts < Timestamp::DAY_NS,
    }));
    assert!(bench.exchange.next_batch(&mut []).is_err(), "nothing to pull");
}

#[test]
fn a_simulation_takes_no_orders() {
    let mut bench = Bench::new(TradingType::Simulation, json!({}));
    assert!(bench.send(&far_bid()).unwrap_err().to_string().contains("takes no orders in simulation"));
}

#[test]
fn sandbox_orders_trade_with_the_participants() {
    let mut bench = Bench::new(TradingType::Sandbox, json!({"rate": 100_000, "instruments": 1}));
    // before the market opens
    let early = bench.send(&far_bid()).unwrap();
    drop(bench.host.wait_for(|notes| !own(&notes.told).is_empty()));
    bench.subscribe(None);
    drop(bench.host.wait_for(|notes| notes.told.len() > 1_000));
    // somebody sells into it, sooner or later: the best bid of the moment
    let bought = OrderEventKind::Bought.code();
    let mut rounds = 0;
    while !own(&bench.told()).iter().any(|event| event.kind == bought) {
        let quote = bench.told().iter().rev().find_map(|told| match told {
            Told::Market(event) if event.kind == EventKind::Quote.code() => Some(event.data[0]),
            Told::Market(_) | Told::Order(_) => None,
        });
        let price = stratd_plugin_api::Price::new(quote.unwrap());
        bench.send(&OrderRequest::limit(first_instrument(), Quantity::new(1), price)).unwrap();
        let count = bench.told().len();
        drop(bench.host.wait_for(|notes| notes.told.len() > count + 500));
        rounds += 1;
        assert!(rounds < 1_000);
    }
    bench.cancel(early).unwrap();
    drop(bench.host.wait_for(|notes| {
        own(&notes.told)
            .iter()
            .any(|event| event.client_order_id == early && event.kind == OrderEventKind::Canceled.code())
    }));
    bench.exchange.stop().unwrap();
    assert!(bench.send(&far_bid()).is_err(), "stopped");
}

/// The orders of the feed, followed from event to event: a lost or misplaced one breaks it.
fn check_feed(told: &[Told]) {
    let mut orders = std::collections::BTreeMap::new();
    let mut changes = 0;
    for told in told {
        let Told::Order(event) = told else { continue };
        if event.client_order_id != 0 {
            continue;
        }
        match OrderEventKind::from_code(event.kind).unwrap() {
            OrderEventKind::Open => {
                assert!(orders.insert(event.exchange_order_id, event.cumulative_quantity).is_none());
            }
            OrderEventKind::Cancel => {
                if let Some(filled) = orders.remove(&event.exchange_order_id) {
                    assert_eq!(filled, event.cumulative_quantity);
                }
            }
            _ => {
                if let Some(filled) = orders.get_mut(&event.exchange_order_id) {
                    assert_eq!(*filled + event.last_quantity, event.cumulative_quantity);
                    *filled = event.cumulative_quantity;
                    changes += 1;
                }
            }
        }
    }
    assert!(changes > 10, "{changes}");
}

#[test]
fn a_full_inbox_holds_the_market_and_loses_nothing() {
    let mut bench = Bench::new(TradingType::Sandbox, json!({"rate": 10_000, "instruments": 1}));
    bench.host.notes().room = 0;
    bench.subscribe(None);
    // the host's loop sends orders while its inbox is full, and is not held up
    let ids: Vec<_> = (0..20).map(|_| bench.send(&far_bid()).unwrap()).collect();
    assert!(bench.told().is_empty());
    for room in 1..=2_000_usize {
        bench.host.notes().room = room % 7;
        drop(bench.host.wait_for(|notes| notes.room == 0));
    }
    bench.host.notes().room = usize::MAX;
    let all = |kind: OrderEventKind| {
        let ids = ids.clone();
        move |notes: &crate::host::Notes| {
            let seen: Vec<_> = own(&notes.told)
                .iter()
                .filter(|event| event.kind == kind.code())
                .map(|event| event.client_order_id)
                .collect();
            seen == ids
        }
    };
    drop(bench.host.wait_for(all(OrderEventKind::Received)));
    for id in &ids {
        bench.cancel(*id).unwrap();
    }
    // the last reports come out although it is stopped at once
    bench.exchange.stop().unwrap();
    drop(bench.host.wait_for(all(OrderEventKind::Canceled)));
    check_feed(&bench.told());
}

#[test]
fn stopping_does_not_wait_for_a_full_inbox() {
    let mut bench = Bench::new(TradingType::Simulation, json!({"rate": 10_000}));
    bench.host.notes().room = 10;
    bench.subscribe(None);
    drop(bench.host.wait_for(|notes| notes.room == 0));
    bench.exchange.stop().unwrap();
    assert_eq!(bench.told().len(), 10);
}

#[test]
fn a_late_subscription_begins_with_a_snapshot() {
    let mut bench = Bench::new(TradingType::Simulation, json!({"rate": 10_000, "feeds": ["book"]}));
    let (first, second) = (first_instrument(), InstrumentId(102));
    bench.subscribe(Some(first));
    let of = |told: &Told| match told {
        Told::Market(event) => *event,
        Told::Order(event) => panic!("{event:?}"),
    };
    let notes = bench.host.wait_for(|notes| notes.told.len() > 200);
    assert!(notes.told.iter().all(|told| of(told).instrument == first.0));
    drop(notes);
    bench.subscribe(Some(second));
    let is_second = |event: &abi::Event| event.instrument == second.0;
    drop(bench.host.wait_for(|notes| notes.told.iter().any(|told| is_second(&of(told)))));
    bench.exchange.stop().unwrap();
    let first_of_second = bench.told().iter().map(of).find(is_second).unwrap();
    assert!(BookUpdate::from(&first_of_second).is_snapshot);
    let reply = bench.reply();
    bench.exchange.subscribe(Some(InstrumentId(9)), reply).unwrap();
    assert_eq!(bench.host.notes().answers.last().unwrap().clone().unwrap_err(), "there is no instrument 9");
}
