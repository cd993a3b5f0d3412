//! Pulled.

use serde_json::json;
use stratd_plugin_api::{Exchange as _, OrderEventKind, OrderRequest, Quantity, Timestamp, TradingType, abi};

use crate::host::{Bench, Told, far_bid, first_instrument, own};

fn pull(bench: &mut Bench) -> usize {
    let before = bench.told().len();
    let mut batch = [abi::Event::default(); 4];
    let count = bench.exchange.next_batch(&mut batch).unwrap();
    assert_eq!(bench.told().len() - before, count);
    assert_eq!(batch, [abi::Event::default(); 4], "the batch stays as it is");
    count
}

fn run(seed: u64) -> Vec<Told> {
    let mut bench = Bench::new(TradingType::Backtest, json!({"seed": seed, "steps": 500}));
    let mut calls = 0;
    while pull(&mut bench) > 0 {
        calls += 1;
        if calls == 300 {
            bench.send(&OrderRequest::market(first_instrument(), Quantity::new(3))).unwrap();
        }
    }
    assert!((300..=500).contains(&calls), "{calls}");
    assert_eq!(pull(&mut bench), 0, "the end stays the end");
    bench.told()
}

#[test]
fn each_pull_pushes_the_events_of_a_step_until_the_steps_are_done() {
    let told = run(3);
    assert_eq!(told, run(3));
    assert_ne!(told, run(4));
    let start = "2024-01-02T14:30:00Z".parse::<Timestamp>().unwrap().get();
    let times: Vec<_> = told
        .iter()
        .map(|told| match told {
            Told::Market(event) => event.ts,
            Told::Order(event) => event.ts,
        })
        .collect();
    assert!(times[0] > start && times.is_sorted());
}

#[test]
fn orders_act_during_the_call_at_the_later_of_both_times() {
    let mut bench = Bench::new(TradingType::Backtest, json!({}));
    for _ in 0..50 {
        pull(&mut bench);
    }
    let now: Timestamp = "2024-02-01T00:00:00Z".parse().unwrap();
    bench.host.set_clock(now);
    let id = bench.send(&far_bid()).unwrap();
    let received = own(&bench.told())[0];
    assert_eq!((received.ts, received.client_order_id, received.correlation), (now.get(), id, 1_001));
    // the feed tells of it too, and then the book
    let told = bench.told();
    let Told::Order(open) = told[told.len() - 2] else { panic!("{told:?}") };
    assert_eq!((open.kind, open.client_order_id), (OrderEventKind::Open.code(), 0));
    assert_eq!(open.exchange_order_id, received.exchange_order_id);

    let change = abi::OrderCommand {
        client_order_id: id,
        order: abi::OrderRequest { price: 2, quantity: 7, ..abi::OrderRequest::default() },
        ..abi::OrderCommand::default()
    };
    bench.exchange.change_order(&change).unwrap();
    bench.cancel(id).unwrap();
    bench.cancel(id).unwrap();
    let kinds: Vec<_> = own(&bench.told())
        .iter()
        .map(|event| OrderEventKind::from_code(event.kind).unwrap().name())
        .collect();
    assert_eq!(kinds, ["received", "change", "canceled", "request_rejected"]);
}

#[test]
fn accounts_orders_and_fills_are_answered() {
    let mut bench = Bench::new(TradingType::Backtest, json!({"taker_fee": 0.001}));
    for _ in 0..200 {
        pull(&mut bench);
    }
    bench.send(&far_bid()).unwrap();
    bench.send(&OrderRequest::market(first_instrument(), Quantity::new(1))).unwrap();
    let replies = [bench.reply(), bench.reply(), bench.reply()];
    let [accounts, orders, fills] = replies;
    bench.exchange.accounts(accounts).unwrap();
    bench.exchange.open_orders(orders).unwrap();
    bench.exchange.fills_since(Timestamp::MIN, fills).unwrap();
    let notes = bench.host.notes();
    assert!(notes.answers.iter().all(Result::is_ok), "{:?}", notes.answers);
    let fill = notes.fills[0];
    assert_eq!(fill.fee.get() * 1_000, i128::from(fill.price) * 1_000_000);
    let spent = i128::from(fill.price) * 1_000_000 + fill.fee.get();
    assert_eq!(notes.accounts[0].cash.get(), 1_000_000 * 100_000_000 - spent);
    assert_eq!((notes.open_orders.len(), notes.open_orders[0].quantity), (1, 5));
}

#[test]
fn a_host_that_does_not_take_all_is_told_so() {
    let mut bench = Bench::new(TradingType::Backtest, json!({}));
    bench.host.notes().room = 1;
    let error = bench.exchange.next_batch(&mut []).unwrap_err().to_string();
    assert!(error.starts_with("the host took 1 of "), "{error}");
}
