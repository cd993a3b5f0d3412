//! Orders and fills.

use serde_json::json;
use stratd_control::{Fill, FillList, Order, OrderList};
use stratd_plugin_api::{
    InstrumentId, Lifetime, LiquiditySide, Money, OrderFlags, OrderStatus, Price, Quantity, Side,
    StrategyServices as _, Timestamp,
};

use super::{
    super::operations::{ManagerOperations, not_found},
    page, words,
};
use crate::{
    control::{ActionError, ActionErrorKind, Basis, OrdersAsked, PageAsked},
    reload::report::time_text,
    runtime::{Command, FillRow, LookUp, Names, OrderCursor, OrderQuery, OrderRow, OrdersWanted, Services},
};

pub(super) fn list(
    operations: &ManagerOperations,
    asked: OrdersAsked,
) -> Result<(OrderList, Basis), ActionError> {
    let OrdersAsked { state, page: mut asked } = asked;
    let query = OrderQuery {
        wanted: wanted(state.as_deref().unwrap_or("open"))?,
        after: asked.cursor.as_deref().map(cursor).transpose()?,
        limit: page::limit(&asked)?,
        which: page::which(&mut asked),
    };
    let found = operations.ask(|answer| Command::LookUp(LookUp::Orders(query, answer)))?;
    let found = found.map_err(|missing| page::missing(&missing, false))?;
    let orders = found.rows.iter().map(|row| order(row, &found.names, &operations.services)).collect();
    let next = found.next.map(|next| match next {
        OrderCursor::Open(id) => format!("o{id}"),
        OrderCursor::Ended(seq, id) => format!("e{seq}-{id}"),
    });
    Ok((OrderList { orders, next }, super::hand::basis_of_new(operations)?))
}

pub(super) fn show(operations: &ManagerOperations, id: &str) -> Result<(Order, Basis), ActionError> {
    let (row, names) = look(operations, id)?;
    Ok((order(&row, &names, &operations.services), basis(&row)))
}

/// An order by the text of its id.
pub(super) fn look(operations: &ManagerOperations, id: &str) -> Result<(OrderRow, Names), ActionError> {
    let number = number(id)?;
    let found = operations.ask(|answer| Command::LookUp(LookUp::Order(number, answer)))?;
    found.ok_or_else(|| no_order(id))
}

pub(super) fn number(id: &str) -> Result<u64, ActionError> {
    id.parse().map_err(|_| no_order(id))
}

pub(super) fn no_order(id: &str) -> ActionError {
    not_found(format!(
        "there is no order {id} of this run, or it is forgotten (accepted: the client_order_id of one that works or was among the last 10,000 of its strategy)"
    ))
}

/// What a change of an order depends on: not what is filled, which changes by itself and is minded by the change.
pub(super) fn basis(row: &OrderRow) -> Basis {
    Basis::new(json!({
        "order": row.id.0.to_string(),
        "status": match row.status {
            // a part that is filled leaves the order as it is
            OrderStatus::PartiallyFilled => OrderStatus::Open.name(),
            status => status.name(),
        },
        "quantity": row.request.quantity.get(),
        "price": row.request.price.map(Price::get),
    }))
}

fn wanted(state: &str) -> Result<OrdersWanted, ActionError> {
    let status = || OrderStatus::ALL.iter().find(|status| status.name() == state).copied();
    Ok(match state {
        // the word means every order that works, as `stratctl order list` shows them
        "open" => OrdersWanted::Open,
        "ended" => OrdersWanted::Ended,
        "all" => OrdersWanted::All,
        _ => OrdersWanted::Status(status().ok_or_else(|| {
            let names: Vec<_> = OrderStatus::ALL.iter().map(|status| status.name()).collect();
            let accepted = format!("open, ended, all, or a status: {}", names.join(", "));
            let text = format!("state: {state:?} (accepted: {accepted})");
            ActionError::new(ActionErrorKind::BadRequest, text).found(format!("{state:?}"), accepted)
        })?),
    })
}

fn cursor(text: &str) -> Result<OrderCursor, ActionError> {
    let open = || page::numbers(text, "o").map(|[id]| OrderCursor::Open(id));
    let ended = || page::numbers(text, "e").map(|[seq, id]| OrderCursor::Ended(seq, id));
    open().or_else(ended).ok_or_else(|| page::bad_cursor(text))
}

pub(super) fn order(row: &OrderRow, names: &Names, services: &Services) -> Order {
    let request = &row.request;
    let known = names.instrument(request.instrument);
    let quantity =
        |q: Quantity| known.map_or_else(|| q.get().to_string(), |i| i.quantity_text(q).to_string());
    let price = |p: Option<Price>| {
        p.map(|p| known.map_or_else(|| p.get().to_string(), |i| i.price_text(p).to_string()))
    };
    let flags = words::FLAGS.iter().filter(|(flag, _)| request.flags.contains(*flag));
    Order {
        client_order_id: if row.id.0 == 0 { String::new() } else { row.id.to_string() },
        exchange_order_id: text(services, row.exchange_order_id),
        strategy: names.strategy(row.strategy).to_owned(),
        exchange: names.exchange(row.exchange).to_owned(),
        instrument: symbol(names, request.instrument),
        side: request.side.name().to_owned(),
        order_type: request.order_type.name().to_owned(),
        flags: flags.map(|(_, word)| (*word).to_owned()).collect(),
        lifetime: match request.lifetime {
            Lifetime::Gtc => "gtc".to_owned(),
            Lifetime::Day => "day".to_owned(),
            Lifetime::Gtd(end) => time_text(end),
        },
        quantity: quantity(request.quantity),
        notional: request.notional.map(words::money),
        price: price(request.price),
        stop_price: price(request.stop_price),
        trail: price(request.trail),
        status: row.status.name().to_owned(),
        held: row.held.map(|held| held.name().to_owned()),
        group: (request.group != 0).then(|| request.group.to_string()),
        attached_to: request.flags.contains(OrderFlags::ATTACHED).then(|| request.group.to_string()),
        filled: quantity(row.filled),
        price_average: price(row.price_average),
        created: time_text(row.created),
        updated: time_text(row.updated),
        reason: words::reason(row.reason),
        by_hand: row.is_by_hand,
        etag: basis(row).tag().to_string(),
    }
}

pub(super) fn fills(operations: &ManagerOperations, mut asked: PageAsked) -> Result<FillList, ActionError> {
    let limit = page::limit(&asked)?;
    let before = match &asked.cursor {
        None => u64::MAX,
        Some(cursor) => {
            let numbers = page::numbers(cursor, "f");
            numbers.map(|[seq]| seq).ok_or_else(|| page::bad_cursor(cursor))?
        }
    };
    let which = page::which(&mut asked);
    let found = operations.ask(|answer| Command::LookUp(LookUp::Fills(which, (before, limit), answer)))?;
    let found = found.map_err(|missing| page::missing(&missing, false))?;
    let fills = found.rows.iter().map(|row| fill(row, &found.names, &operations.services)).collect();
    Ok(FillList { fills, next: found.next.map(|seq| format!("f{seq}")) })
}

fn fill(FillRow { seq, strategy, fill }: &FillRow, names: &Names, services: &Services) -> Fill {
    let instrument = InstrumentId(fill.instrument);
    let known = names.instrument(instrument);
    let (price, quantity) = (Price::new(fill.price), Quantity::new(fill.quantity));
    Fill {
        sequence: *seq,
        time: time_text(Timestamp::new(fill.ts)),
        strategy: names.strategy(*strategy).to_owned(),
        exchange: names.exchange(stratd_plugin_api::ExchangeId(fill.exchange)).to_owned(),
        instrument: symbol(names, instrument),
        side: Side::from_code(fill.side).map_or("", Side::name).to_owned(),
        quantity: known.map_or_else(String::new, |i| i.quantity_text(quantity).to_string()),
        price: known.map_or_else(String::new, |i| i.price_text(price).to_string()),
        fee: words::money(Money::from(fill.fee)),
        slippage: words::money(Money::from(fill.slippage)),
        transaction_cost: words::money(Money::from(fill.transaction_cost)),
        liquidity: LiquiditySide::from_code(fill.liquidity).map(|side| side.name().to_owned()),
        client_order_id: fill.client_order_id.to_string(),
        trade_id: text(services, fill.trade_id),
    }
}

pub(super) fn symbol(names: &Names, instrument: InstrumentId) -> String {
    names.instrument(instrument).map_or_else(|| "?".to_owned(), |i| i.symbol.clone())
}

/// The text of a handle; none for 0.
fn text(services: &Services, handle: u64) -> Option<String> {
    let mut found = None;
    services.text(handle, &mut |text| found = Some(text.to_owned()).filter(|text| !text.is_empty()));
    found
}
