//! The rows of `orders.csv` and `fills.csv`.

use stratd_engine::{Engine, Order};
use stratd_plugin_api::{Instrument, Lifetime, LiquiditySide, Money, Price, Reason, Side, Timestamp, abi};

use super::row_file::Row;

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

/// Writes the cells of an execution with its value in the currency of its instrument, all that it cost in that of the run,
/// and the names of strategy and exchange.
pub(super) fn fill_row(
    row: &mut Row,
    fill: &abi::FillRecord,
    instrument: &Instrument,
    (notional, cost): (Money, Money),
    [strategy, exchange]: [&str; 2],
) {
    row.time(Timestamp::new(fill.ts));
    row.text(strategy);
    row.text(exchange);
    row.text(&instrument.symbol);
    row.word(Side::from_code(fill.side).map_or("", Side::name));
    row.scaled(fill.quantity, instrument.quantity_decimals);
    row.scaled(fill.price, instrument.price_decimals);
    row.cents(notional);
    row.money(fill.fee.into());
    row.money(fill.slippage.into());
    row.money(fill.transaction_cost.into());
    row.text(&instrument.currency);
    row.money(cost);
    row.word(LiquiditySide::from_code(fill.liquidity).map_or("", LiquiditySide::name));
    row.integer(fill.client_order_id);
}

/// Writes the cells of an order as it is, and the names of strategy and exchange.
pub(super) fn order_row(row: &mut Row, order: &Order, engine: &Engine, [strategy, exchange]: [&str; 2]) {
    let request = &order.request;
    let known = engine.instrument(request.instrument);
    // without its instrument, a number is shown as it is kept
    let (quantity_decimals, price_decimals) =
        known.map_or((0, 0), |known| (known.quantity_decimals, known.price_decimals));
    let price = |row: &mut Row, price: Option<Price>| match price {
        Some(price) => row.scaled(price.get(), price_decimals),
        None => row.nothing(),
    };
    row.integer(order.id.0);
    row.text(strategy);
    row.text(exchange);
    match known {
        Some(known) => row.text(&known.symbol),
        None => row.integer(u64::from(request.instrument.0)),
    }
    row.word(request.side.name());
    row.word(request.order_type.name());
    if request.flags.bits() == 0 {
        row.nothing();
    } else {
        row.shown(format_args!("{}", request.flags));
    }
    match request.lifetime {
        Lifetime::Gtc => row.word("gtc"),
        Lifetime::Day => row.word("day"),
        Lifetime::Gtd(end) => row.shown(format_args!("gtd {end}")),
    }
    row.scaled(request.quantity.get(), quantity_decimals);
    price(row, request.price);
    price(row, request.stop_price);
    row.word(order.status().name());
    row.scaled(order.filled.get(), quantity_decimals);
    price(row, order.price_average());
    row.time(order.created);
    row.time(order.updated);
    row.word(match order.state.reason() {
        Reason::None => "",
        reason => reason.name(),
    });
}
