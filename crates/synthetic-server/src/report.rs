//! Reports: what happened to an order of an account, and how its answers show orders.

use stratd_orderbook::OrderId;
use stratd_plugin_api::{
    Instrument, Lifetime, LiquiditySide, Money, OrderEventKind, OrderFlags, OrderStatus, Price, Quantity,
    Reason, Timestamp,
};

use crate::{json::Object, order::Order, words};

/// One report; its number is its place in the account's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// Number of the order.
    pub(crate) order: u64,
    pub(crate) ts: Timestamp,
    pub(crate) kind: OrderEventKind,
    pub(crate) status: OrderStatus,
    pub(crate) reason: Reason,
    /// The order's price, quantity and filled quantity after it.
    pub(crate) price: Option<Price>,
    pub(crate) stop_price: Option<Price>,
    pub(crate) quantity: i64,
    pub(crate) filled: i64,
    /// The execution, if it is one.
    pub(crate) fill: Option<Fill>,
    /// The id in the public feed from here on, if it tells of the trigger of a stop.
    pub(crate) triggered: Option<OrderId>,
}

/// An execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fill {
    pub(crate) trade: u64,
    pub(crate) price: Price,
    pub(crate) quantity: i64,
    pub(crate) fee: Money,
    pub(crate) liquidity: Option<LiquiditySide>,
}

/// The word for what a report tells.
fn kind(report: &Report) -> &'static str {
    match report.kind {
        OrderEventKind::Received => "RECEIVED",
        OrderEventKind::Rejected => "REJECTED",
        OrderEventKind::Canceled => "CANCELED",
        OrderEventKind::Bought => "BOUGHT",
        OrderEventKind::Sold => "SOLD",
        OrderEventKind::Open
        | OrderEventKind::Cancel
        | OrderEventKind::Change
        | OrderEventKind::Fill
        | OrderEventKind::RequestRejected => "CHANGED",
    }
}

/// A report as its message.
pub(crate) fn message(number: u64, report: &Report, order: &Order, instrument: &Instrument) -> String {
    let object = Object::message(kind(report)).raw("order_seq", number);
    let shown = Order {
        status: report.status,
        reason: report.reason,
        filled: report.filled,
        updated: report.ts,
        request: stratd_plugin_api::OrderRequest {
            price: report.price,
            stop_price: report.stop_price,
            quantity: Quantity::new(report.quantity),
            ..order.request
        },
        ..order.clone()
    };
    let object = order_keys(object, &shown, instrument);
    let object = match report.fill {
        Some(fill) => object
            .text("trade_id", &words::trade_id(fill.trade))
            .raw("last_price", instrument.price_text(fill.price))
            .raw("last_volume", instrument.quantity_text(Quantity::new(fill.quantity)))
            .raw("fee", fill.fee)
            .text("liquidity", fill.liquidity.map_or("", LiquiditySide::name)),
        None => object,
    };
    match report.triggered {
        Some(id) => object.raw("triggered", true).text("public_id", &words::order_id(id)).end(),
        None => object.end(),
    }
}

/// An order as answers show it.
pub(crate) fn order(order: &Order, instrument: &Instrument) -> String {
    order_keys(Object::new(), order, instrument).time("created", order.created).end()
}

fn order_keys(object: Object, order: &Order, instrument: &Instrument) -> Object {
    let request = &order.request;
    let stop =
        request.stop_price.map_or(String::from("\"\""), |price| instrument.price_text(price).to_string());
    let object = object
        .text("target.id", &words::order_id(order.exchange_order_id))
        .time("target.timestamp", order.updated)
        .raw("target.volume", instrument.quantity_text(request.quantity))
        .raw("target.price", instrument.price_text(request.price.unwrap_or_default()))
        .text("target.side", words::word(words::SIDES, request.side))
        .raw("target.instrument", words::short_instrument(instrument))
        .raw("target.exchange", format_args!("{{\"name\":\"{}\"}}", words::EXCHANGE))
        .raw("target.notional", 0)
        .raw("target.filled", instrument.quantity_text(Quantity::new(order.filled)))
        .text("target.order_type", words::word(words::ORDER_TYPES, request.order_type))
        .text("target.flag", words::flag(request.flags))
        .raw("target.stop_target", stop)
        .text("client_order_id", &order.client_order_id)
        .text("order_id", &words::order_id(order.exchange_order_id))
        .text("status", order.status.name())
        .text("reason", order.reason.name())
        .raw("post_only", request.flags.contains(OrderFlags::POST_ONLY))
        .raw("reduce_only", request.flags.contains(OrderFlags::REDUCE_ONLY));
    match request.lifetime {
        Lifetime::Gtc => object.text("lifetime", "GTC"),
        Lifetime::Day => object.text("lifetime", "DAY"),
        Lifetime::Gtd(end) => object.text("lifetime", "GTD").time("expires", end),
    }
}
