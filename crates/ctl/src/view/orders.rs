//! Orders and fills.

use stratd_control::{FillList, Order, OrderDone, OrderList};

use super::table::{Grid, line};

/// The end of a page that is not the last one.
pub(super) fn more(next: Option<&str>) -> String {
    next.map(|next| format!("more: --cursor {next}\n")).unwrap_or_default()
}

pub(crate) fn orders(list: &OrderList, state: &str) -> String {
    if list.orders.is_empty() {
        let none = if state == "open" { "no working orders\n" } else { "no orders\n" };
        return format!("{none}{}", more(list.next.as_deref()));
    }
    let header = [
        "order",
        "strategy",
        "instrument",
        "side",
        "type",
        "status",
        "reason",
        "group",
        "quantity",
        "filled",
        "price",
        "average",
    ];
    let mut grid = Grid::new(&header, 8);
    for order in &list.orders {
        grid.add([
            order.client_order_id.clone(),
            order.strategy.clone(),
            order.instrument.clone(),
            order.side.clone(),
            order.order_type.clone(),
            status(order),
            order.reason.clone().unwrap_or_default(),
            group(order),
            size(order),
            order.filled.clone(),
            order.price.clone().or_else(|| order.stop_price.clone()).unwrap_or_default(),
            order.price_average.clone().unwrap_or_default(),
        ]);
    }
    format!("{}{}", grid.text(), more(list.next.as_deref()))
}

/// Where in its life it is, and whether it is still here.
fn status(order: &Order) -> String {
    match &order.held {
        Some(held) => format!("{}, held by stratd for {held}", order.status),
        None => order.status.clone(),
    }
}

/// Which orders it excludes: those of a number, or those that are attached to the same order.
fn group(order: &Order) -> String {
    match (&order.attached_to, &order.group) {
        (Some(entry), _) => format!("of {entry}"),
        (None, Some(group)) => group.clone(),
        (None, None) => String::new(),
    }
}

/// How much: a quantity, or an amount.
fn size(order: &Order) -> String {
    match &order.notional {
        Some(notional) => format!("for {notional}"),
        None => order.quantity.clone(),
    }
}

pub(crate) fn order(order: &Order) -> String {
    let id = if order.client_order_id.is_empty() { "(none yet)" } else { &order.client_order_id };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        format!("order {id}, {}\n", order.status),
        line("what", &format!("{} {} {} {}", order.side, size(order), order.instrument, order.order_type)),
        line("where", &order.exchange),
        line("strategy", &order.strategy),
        line("by hand", if order.by_hand { "yes" } else { "" }),
        line("price", &text(&order.price)),
        line("stop price", &text(&order.stop_price)),
        line("trail", &text(&order.trail)),
        line("flags", &order.flags.join(", ")),
        line("lifetime", &order.lifetime),
        line("held", &order.held.as_ref().map(|held| format!("by stratd, for {held}")).unwrap_or_default()),
        line("group", &order.group.clone().filter(|_| order.attached_to.is_none()).unwrap_or_default()),
        line("attached to", &text(&order.attached_to)),
        line("filled", &order.filled),
        line("average", &text(&order.price_average)),
        line("reason", &text(&order.reason)),
        line("exchange id", &text(&order.exchange_order_id)),
        line("created", &order.created),
        line("updated", &order.updated),
        line("tag", &order.etag),
    ]
    .concat()
}

/// What was done, in a sentence: the order's id is in it.
pub(crate) fn order_done(done: &OrderDone) -> String {
    format!("{}\n", done.report)
}

pub(crate) fn fills(list: &FillList) -> String {
    if list.fills.is_empty() {
        return format!("no fills\n{}", more(list.next.as_deref()));
    }
    let header = ["time", "strategy", "instrument", "side", "order", "quantity", "price", "fee"];
    let mut grid = Grid::new(&header, 5);
    for fill in &list.fills {
        grid.add([
            fill.time.clone(),
            fill.strategy.clone(),
            fill.instrument.clone(),
            fill.side.clone(),
            fill.client_order_id.clone(),
            fill.quantity.clone(),
            fill.price.clone(),
            fill.fee.clone(),
        ]);
    }
    format!("{}{}", grid.text(), more(list.next.as_deref()))
}
