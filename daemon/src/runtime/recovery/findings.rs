//! What happened to our orders while nobody listened, by what their exchange says now.
//!
//! The exchange is asked for its open orders first and then for the fills, so that an order that ends in between is in
//! one of the two. An order is known by either id. Then:
//! - A fill that was not told is told. Trade ids tell those that were, so the question goes back to the oldest order.
//!   Orders that ended a short while ago are asked for as well: the word of a cancel can overtake that of a fill.
//! - An order that is listed works: it is told as received if that was not known, and with the price and the quantity
//!   that the exchange has. The exchange is right.
//! - An order that the exchange had acknowledged and does not list any more has ended: canceled, after its fills.
//! - An order that was never acknowledged and is not listed may still be on its way: its state is unknown. It is neither
//!   sent again nor taken for rejected.
//!
//! Doing it twice changes nothing: the engine ignores what it knows.

use std::collections::{BTreeMap, HashMap};

use stratd_plugin_api::{OrderEventKind, OrderStatus, Reason, Side, Timestamp, abi};

use crate::runtime::exchange_desk::Reported;

/// Our clock and that of the exchange may differ by so much.
const MARGIN_NS: i64 = 60_000_000_000;

/// What is to be told.
pub(in crate::runtime) struct Findings {
    /// In the order in which it must be told.
    pub(in crate::runtime) events: Vec<abi::OrderEvent>,
    /// Executions of which nothing was known, or may have been.
    pub(in crate::runtime) fills: usize,
    /// Orders that have ended.
    pub(in crate::runtime) ended: usize,
    /// Orders of which nobody knows.
    pub(in crate::runtime) unknown: Vec<u64>,
}

/// Whether nothing but late fills can be new of an order.
pub(crate) fn has_ended(order: &abi::OrderRecord) -> bool {
    OrderStatus::from_code(order.status).is_some_and(OrderStatus::is_final)
}

/// From when on fills are of interest.
pub(crate) fn fills_since(orders: &[abi::OrderRecord]) -> Timestamp {
    let oldest = orders.iter().map(|order| order.created).min().unwrap_or(0);
    Timestamp::new(oldest.saturating_sub(MARGIN_NS).max(0))
}

/// Compares the orders that work as far as we know, and those that ended lately, both taken before the question, with
/// what the exchange says.
pub(in crate::runtime) fn findings(
    orders: &[abi::OrderRecord],
    reported: &Reported,
    now: Timestamp,
) -> Findings {
    let mut found = Findings { events: Vec::new(), fills: 0, ended: 0, unknown: Vec::new() };
    found.events = fill_events(orders, &reported.fills);
    found.fills = found.events.len();
    for order in orders.iter().filter(|order| !has_ended(order)) {
        let ids = (order.client_order_id, order.exchange_order_id);
        let listed = reported
            .open_orders
            .iter()
            .find(|open| is_same(ids, (open.client_order_id, open.exchange_order_id)));
        match listed {
            Some(listed) => found.events.extend(listed_events(order, listed, now)),
            None if is_acknowledged(order) => {
                found.events.push(event(order, OrderEventKind::Canceled, OrderStatus::Canceled, now));
                found.ended += 1;
            }
            None => match reported.found.iter().find(|(id, _)| *id == order.client_order_id) {
                // it said of this one that it never came, and will not come any more
                Some((_, None)) => {
                    let reason = Reason::UnknownOrder.code();
                    let rejected = event(order, OrderEventKind::Rejected, OrderStatus::Rejected, now);
                    found.events.push(abi::OrderEvent { reason, ..rejected });
                    found.ended += 1;
                }
                Some((_, Some(record))) => found.events.extend(answered_events(order, record, now)),
                None => {
                    found.events.push(event(order, OrderEventKind::Received, OrderStatus::Unknown, now));
                    found.unknown.push(order.client_order_id);
                }
            },
        }
    }
    found
}

/// Whether two pairs of ids, ours and the exchange's, mean the same order.
pub(in crate::runtime) fn is_same((ours, theirs): (u64, u64), (client, exchange): (u64, u64)) -> bool {
    (ours != 0 && ours == client) || (theirs != 0 && theirs == exchange)
}

/// Where the orders of a list are, by either id: an exchange tells fills of an hour, and they are looked up on the thread of
/// the event loop.
struct ById {
    ours: HashMap<u64, usize>,
    theirs: HashMap<u64, usize>,
}

impl ById {
    fn of(orders: &[abi::OrderRecord]) -> Self {
        let mut by_id = Self { ours: HashMap::new(), theirs: HashMap::new() };
        for (place, order) in orders.iter().enumerate() {
            for (known, id) in
                [(&mut by_id.ours, order.client_order_id), (&mut by_id.theirs, order.exchange_order_id)]
            {
                if id != 0 {
                    known.entry(id).or_insert(place);
                }
            }
        }
        by_id
    }

    /// The first order that [`is_same`] as these ids.
    fn place(&self, (client, exchange): (u64, u64)) -> Option<usize> {
        let found = [self.ours.get(&client), self.theirs.get(&exchange)];
        found.into_iter().flatten().min().copied()
    }
}

/// Whether the exchange has said that it has the order.
fn is_acknowledged(order: &abi::OrderRecord) -> bool {
    let has_worked =
        [OrderStatus::Open, OrderStatus::PartiallyFilled].iter().any(|status| status.code() == order.status);
    order.exchange_order_id != 0 || has_worked || order.filled > 0
}

/// The fills of our orders. One without a trade id cannot be told from one that was booked: of those, an order's first
/// ones count as booked, as far as it is filled.
fn fill_events(orders: &[abi::OrderRecord], fills: &[abi::FillRecord]) -> Vec<abi::OrderEvent> {
    let by_id = ById::of(orders);
    let order_of =
        |fill: &abi::FillRecord| orders.get(by_id.place((fill.client_order_id, fill.exchange_order_id))?);
    let mut executed: BTreeMap<u64, i64> = BTreeMap::new();
    for (order, fill) in fills.iter().filter_map(|fill| Some((order_of(fill)?, fill))) {
        let executed = executed.entry(order.client_order_id).or_default();
        *executed = executed.saturating_add(fill.quantity);
    }
    let mut booked: BTreeMap<u64, i64> = BTreeMap::new();
    let mut events = Vec::new();
    for fill in fills {
        let Some(order) = order_of(fill) else { continue };
        // of one that has ended, everything is known unless more was executed than that
        if has_ended(order) && executed.get(&order.client_order_id).is_none_or(|sum| *sum <= order.filled) {
            continue;
        }
        let mut quantity = fill.quantity;
        if fill.trade_id == 0 {
            let left = booked.entry(order.client_order_id).or_insert(order.filled);
            let known = quantity.min(*left);
            *left -= known;
            quantity -= known;
        }
        if quantity > 0 {
            events.push(fill_event(fill, order, quantity));
        }
    }
    events
}

/// A fill that nobody told, as the report that the exchange would have sent.
fn fill_event(fill: &abi::FillRecord, order: &abi::OrderRecord, quantity: i64) -> abi::OrderEvent {
    let kind = if fill.side == Side::Sell.code() { OrderEventKind::Sold } else { OrderEventKind::Bought };
    abi::OrderEvent {
        exchange_order_id: fill.exchange_order_id,
        side: fill.side,
        last_price: fill.price,
        last_quantity: quantity,
        fee: fill.fee,
        trade_id: fill.trade_id,
        flags: order.flags,
        reason: Reason::None.code(),
        ..event(order, kind, OrderStatus::PartiallyFilled, Timestamp::new(fill.ts))
    }
}

/// What is new of an order that works.
fn listed_events(
    order: &abi::OrderRecord,
    listed: &abi::OrderRecord,
    now: Timestamp,
) -> Vec<abi::OrderEvent> {
    let mut events = Vec::new();
    let is_known = is_acknowledged(order)
        && ![OrderStatus::Unknown, OrderStatus::PendingNew, OrderStatus::PendingCancel]
            .iter()
            .any(|open| open.code() == order.status);
    let of_exchange = |kind| abi::OrderEvent {
        exchange_order_id: listed.exchange_order_id,
        reason: Reason::None.code(),
        ..event(order, kind, OrderStatus::Open, now)
    };
    if !is_known || (order.exchange_order_id == 0 && listed.exchange_order_id != 0) {
        events.push(of_exchange(OrderEventKind::Received));
    }
    let price = if listed.price == 0 { order.price } else { listed.price };
    // an order by amount has no quantity of its own
    let has_quantities = listed.quantity > 0 && order.quantity > 0;
    if has_quantities && (listed.quantity != order.quantity || price != order.price) {
        let quantity = listed.quantity;
        events.push(abi::OrderEvent { price, quantity, ..of_exchange(OrderEventKind::Change) });
    }
    events
}

/// What the answer to the question for one order says of it. What was executed is told by the fills.
fn answered_events(
    order: &abi::OrderRecord,
    record: &abi::OrderRecord,
    now: Timestamp,
) -> Vec<abi::OrderEvent> {
    let end = |kind, status| {
        let reason = if record.reason == 0 { Reason::Exchange.code() } else { record.reason };
        let (exchange_order_id, end) = (record.exchange_order_id, event(order, kind, status, now));
        vec![abi::OrderEvent { reason, exchange_order_id, ..end }]
    };
    match OrderStatus::from_code(record.status) {
        Some(OrderStatus::Rejected | OrderStatus::Denied) => {
            end(OrderEventKind::Rejected, OrderStatus::Rejected)
        }
        Some(OrderStatus::Canceled) => end(OrderEventKind::Canceled, OrderStatus::Canceled),
        Some(OrderStatus::Expired) => end(OrderEventKind::Canceled, OrderStatus::Expired),
        Some(
            OrderStatus::PendingNew
            | OrderStatus::Open
            | OrderStatus::PartiallyFilled
            | OrderStatus::PendingCancel
            | OrderStatus::Filled,
        ) => listed_events(order, record, now),
        Some(OrderStatus::Unknown) | None => Vec::new(),
    }
}

/// Orders of which neither the list nor the fills tell: they are asked for one by one.
pub(crate) fn unresolved<'a>(
    orders: &'a [abi::OrderRecord],
    reported: &'a Reported,
) -> impl Iterator<Item = (u64, u64)> + 'a {
    let is_told = |order: &abi::OrderRecord| {
        let ids = (order.client_order_id, order.exchange_order_id);
        let listed = reported.open_orders.iter().map(|open| (open.client_order_id, open.exchange_order_id));
        let filled = reported.fills.iter().map(|fill| (fill.client_order_id, fill.exchange_order_id));
        listed.chain(filled).any(|other| is_same(ids, other))
    };
    let open = orders.iter().filter(|order| !has_ended(order) && !is_acknowledged(order));
    open.filter(move |order| !is_told(order)).map(|order| (order.client_order_id, order.exchange_order_id))
}

/// A report of the host on an order.
fn event(
    order: &abi::OrderRecord,
    kind: OrderEventKind,
    status: OrderStatus,
    at: Timestamp,
) -> abi::OrderEvent {
    abi::OrderEvent {
        ts: at.get(),
        client_order_id: order.client_order_id,
        exchange_order_id: order.exchange_order_id,
        instrument: order.instrument,
        kind: kind.code(),
        status: status.code(),
        side: order.side,
        price: order.price,
        quantity: order.quantity,
        order_type: order.order_type,
        reason: Reason::Exchange.code(),
        ..abi::OrderEvent::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::new(1_000_000_000_000);

    fn order(client_order_id: u64, exchange_order_id: u64, status: OrderStatus) -> abi::OrderRecord {
        abi::OrderRecord {
            client_order_id,
            exchange_order_id,
            status: status.code(),
            side: Side::Buy.code(),
            quantity: 10,
            price: 100,
            ..abi::OrderRecord::default()
        }
    }

    fn fill((client, exchange): (u64, u64), trade_id: u64, quantity: i64) -> abi::FillRecord {
        abi::FillRecord {
            client_order_id: client,
            exchange_order_id: exchange,
            trade_id,
            quantity,
            price: 99,
            side: Side::Buy.code(),
            ..abi::FillRecord::default()
        }
    }

    /// What is told, in words.
    fn check(
        working: &[abi::OrderRecord],
        open_orders: &[abi::OrderRecord],
        fills: &[abi::FillRecord],
        expect: &[&str],
    ) {
        let reported =
            Reported { open_orders: open_orders.to_vec(), fills: fills.to_vec(), ..Reported::default() };
        let found = findings(working, &reported, NOW);
        let words = |event: &abi::OrderEvent| {
            let kind = OrderEventKind::from_code(event.kind).unwrap();
            let status = OrderStatus::from_code(event.status).unwrap();
            let (id, last) = (event.client_order_id, event.last_quantity);
            format!("{id} {kind} {status} {last} of {} at {}", event.quantity, event.price)
        };
        assert_eq!(found.events.iter().map(words).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn an_order_that_is_listed_under_either_id_works_on() {
        let working = [order(1, 71, OrderStatus::Open), order(2, 72, OrderStatus::PartiallyFilled)];
        let listed = [order(0, 71, OrderStatus::Open), order(2, 0, OrderStatus::Open)];
        check(&working, &listed, &[], &[]);
    }

    #[test]
    fn an_order_that_was_acknowledged_and_is_not_listed_has_ended_after_its_fills() {
        let working = [order(1, 71, OrderStatus::Open), order(2, 0, OrderStatus::Open)];
        let fills = [fill((0, 71), 5, 4), fill((3, 73), 6, 1)];
        let told = [
            "1 bought partially_filled 4 of 10 at 100",
            "1 canceled canceled 0 of 10 at 100",
            "2 canceled canceled 0 of 10 at 100",
        ];
        check(&working, &[], &fills, &told);
    }

    #[test]
    fn a_fill_of_an_order_that_was_taken_for_canceled_is_told() {
        let ended = [order(1, 71, OrderStatus::Canceled), order(2, 72, OrderStatus::Expired)];
        let fills = [fill((0, 71), 5, 4)];
        check(&ended, &[], &fills, &["1 bought partially_filled 4 of 10 at 100"]);
        // all of it is known
        let filled = [abi::OrderRecord { filled: 4, ..order(1, 71, OrderStatus::Canceled) }];
        check(&filled, &[], &fills, &[]);
        // it may be listed by an exchange that is behind: it has ended
        check(&ended, &[order(0, 72, OrderStatus::Open)], &[], &[]);
    }

    #[test]
    fn a_fill_of_an_order_by_amount_tells_no_quantity_of_the_order() {
        let working = [abi::OrderRecord { quantity: 0, price: 0, ..order(1, 71, OrderStatus::Open) }];
        let told = ["1 bought partially_filled 4 of 0 at 0"];
        check(&working, &working, &[fill((1, 0), 5, 4)], &told);
    }

    #[test]
    fn an_order_that_was_never_acknowledged_is_unknown_unless_it_is_listed() {
        let working = [order(1, 0, OrderStatus::PendingNew), order(2, 0, OrderStatus::Unknown)];
        check(
            &working,
            &[order(2, 72, OrderStatus::Open)],
            &[],
            &["1 received unknown 0 of 10 at 100", "2 received open 0 of 10 at 100"],
        );
    }

    #[test]
    fn the_exchange_is_right_about_quantity_and_price() {
        let listed = abi::OrderRecord { quantity: 7, price: 98, ..order(1, 71, OrderStatus::Open) };
        check(&[order(1, 71, OrderStatus::Open)], &[listed], &[], &["1 change open 0 of 7 at 98"]);
    }

    #[test]
    fn fills_without_a_trade_id_count_as_booked_as_far_as_the_order_is_filled() {
        let working = [abi::OrderRecord { filled: 3, ..order(1, 71, OrderStatus::PartiallyFilled) }];
        let fills = [fill((1, 0), 0, 2), fill((1, 0), 0, 2), fill((1, 0), 0, 1)];
        let told = ["1 bought partially_filled 1 of 10 at 100", "1 bought partially_filled 1 of 10 at 100"];
        check(&working, &working, &fills, &told);
    }

    #[test]
    fn fills_are_asked_for_since_the_oldest_order_and_a_margin() {
        let at = |created: i64| abi::OrderRecord { created, ..order(1, 1, OrderStatus::Open) };
        let hour = 3_600_000_000_000;
        assert_eq!(fills_since(&[at(2 * hour), at(hour)]).get(), hour - MARGIN_NS);
        assert_eq!(fills_since(&[at(1)]).get(), 0);
    }
}
