//! What waits for the disk, and in which order it leaves.

use stratd_plugin_api::{ClientOrderId, ExchangeId, abi};

use super::outbox::{Outbox, Pending, Sent, WAITING_MAX};
use crate::runtime::order_times::Stamp;

fn pending(exchange: u16, sent: Sent, order: u64, number: u64) -> Pending {
    let command = abi::OrderCommand { client_order_id: order, ..abi::OrderCommand::default() };
    Pending {
        sent,
        exchange: ExchangeId(exchange),
        command,
        order: ClientOrderId(order),
        number,
        stamp: Stamp::default(),
    }
}

/// Puts these in, and takes out what may leave when so many batches are on the disk.
fn check(waiting: &[Pending], done: u64, expect: &[(Sent, u64)]) {
    let mut outbox = Outbox::default();
    waiting.iter().for_each(|pending| outbox.push(*pending));
    let mut left = Vec::new();
    while let Some(pending) = outbox.pop(done) {
        left.push((pending.sent, pending.order.0));
    }
    assert_eq!(left, expect);
    assert_eq!(outbox.is_empty(), left.len() == waiting.len());
    // the rest leaves if nothing more will be on the disk
    let rest = std::iter::from_fn(|| outbox.pop_any()).count();
    assert_eq!((rest + left.len(), outbox.is_empty()), (waiting.len(), true));
}

#[test]
fn an_order_leaves_when_its_batch_is_on_the_disk() {
    let orders = [pending(1, Sent::New, 1, 1), pending(1, Sent::New, 2, 1), pending(1, Sent::New, 3, 2)];
    check(&orders, 0, &[]);
    check(&orders, 1, &[(Sent::New, 1), (Sent::New, 2)]);
    check(&orders, 2, &[(Sent::New, 1), (Sent::New, 2), (Sent::New, 3)]);
}

#[test]
fn what_follows_an_order_to_its_exchange_waits_behind_it() {
    let all = [
        pending(1, Sent::New, 1, 5),
        pending(1, Sent::Change, 1, 0),
        pending(1, Sent::Cancel, 1, 0),
        // another exchange has nothing to wait for
        pending(2, Sent::Cancel, 7, 0),
    ];
    check(&all, 4, &[(Sent::Cancel, 7)]);
    check(&all, 5, &[(Sent::New, 1), (Sent::Change, 1), (Sent::Cancel, 1), (Sent::Cancel, 7)]);
}

#[test]
fn only_new_orders_count_as_not_sent() {
    let mut outbox = Outbox::default();
    outbox.push(pending(1, Sent::New, 1, 1));
    outbox.push(pending(1, Sent::Cancel, 2, 0));
    let has = |outbox: &Outbox, id| outbox.has_order(ClientOrderId(id));
    assert!(has(&outbox, 1) && !has(&outbox, 2) && outbox.is_waiting(ExchangeId(1)));
    assert!(!outbox.is_waiting(ExchangeId(2)));
    assert!(outbox.pop(1).is_some());
    assert!(!has(&outbox, 1) && outbox.is_waiting(ExchangeId(1)), "the cancel is there still");
}

#[test]
fn the_queue_is_full_at_its_limit() {
    let mut outbox = Outbox::default();
    for order in 1..WAITING_MAX as u64 {
        outbox.push(pending(1, Sent::New, order, 1));
    }
    assert!(!outbox.is_full());
    outbox.push(pending(2, Sent::Cancel, 0, 0));
    assert!(outbox.is_full());
    assert!(outbox.pop_any().is_some() && !outbox.is_full());
}
