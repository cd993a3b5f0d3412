//! The rows of `orders.csv` and `fills.csv`.

use stratd_engine::{Engine, Order};
use stratd_plugin_api::{
    Instrument, Lifetime, LiquiditySide, Money, Price, Quantity, Reason, Side, Timestamp, abi,
};

pub(super) const ORDER_COLUMNS: [&str; 17] = [
    "client_order_id",
    "strategy",
    "exchange",
    "symbol",
    "side",
    "type",
    "flags",
    "lifetime",
    "quantity",
    "price",
    "stop_price",
    "status",
    "filled",
    "price_average",
    "created",
    "updated",
    "reason",
];

pub(super) const FILL_COLUMNS: [&str; 15] = [
    "time",
    "strategy",
    "exchange",
    "symbol",
    "side",
    "quantity",
    "price",
    "notional",
    "fee",
    "slippage",
    "transaction_cost",
    "currency",
    "cost",
    "liquidity",
    "client_order_id",
];

/// An execution with its value in the currency of its instrument, all that it cost in that of the run, and the names of
/// strategy and exchange.
pub(super) fn fill_row(
    fill: &abi::FillRecord,
    instrument: &Instrument,
    (notional, cost): (Money, Money),
    [strategy, exchange]: [&str; 2],
) -> [String; FILL_COLUMNS.len()] {
    let (price, quantity) = (Price::new(fill.price), Quantity::new(fill.quantity));
    [
        Timestamp::new(fill.ts).to_string(),
        strategy.to_owned(),
        exchange.to_owned(),
        instrument.symbol.clone(),
        Side::from_code(fill.side).map_or("", Side::name).to_owned(),
        instrument.quantity_text(quantity).to_string(),
        instrument.price_text(price).to_string(),
        format!("{notional:.2}"),
        Money::from(fill.fee).to_string(),
        Money::from(fill.slippage).to_string(),
        Money::from(fill.transaction_cost).to_string(),
        instrument.currency.clone(),
        cost.to_string(),
        LiquiditySide::from_code(fill.liquidity).map_or("", LiquiditySide::name).to_owned(),
        fill.client_order_id.to_string(),
    ]
}

/// An order as it is, and the names of strategy and exchange.
pub(super) fn order_row(
    order: &Order,
    engine: &Engine,
    [strategy, exchange]: [&str; 2],
) -> [String; ORDER_COLUMNS.len()] {
    let request = &order.request;
    let known = engine.instrument(request.instrument);
    let quantity = |q: Quantity| known.map_or_else(|| q.to_string(), |i| i.quantity_text(q).to_string());
    let price = |p: Option<Price>| {
        p.map_or_else(String::new, |p| known.map_or_else(|| p.to_string(), |i| i.price_text(p).to_string()))
    };
    let reason = match order.state.reason() {
        Reason::None => "",
        reason => reason.name(),
    };
    [
        order.id.to_string(),
        strategy.to_owned(),
        exchange.to_owned(),
        known.map_or_else(|| request.instrument.to_string(), |i| i.symbol.clone()),
        request.side.to_string(),
        request.order_type.to_string(),
        request.flags.to_string(),
        match request.lifetime {
            Lifetime::Gtc => "gtc".to_owned(),
            Lifetime::Day => "day".to_owned(),
            Lifetime::Gtd(end) => format!("gtd {end}"),
        },
        quantity(request.quantity),
        price(request.price),
        price(request.stop_price),
        order.status().to_string(),
        quantity(order.filled),
        price(order.price_average()),
        order.created.to_string(),
        order.updated.to_string(),
        reason.to_owned(),
    ]
}
