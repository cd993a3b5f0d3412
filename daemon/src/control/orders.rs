//! `/v1/orders`: the orders of the run, and orders by hand.

use std::sync::Arc;

use axum::{Extension, extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use stratd_control::{CancelAllRequest, ChangeOrderRequest, NewOrderRequest};
use utoipa::IntoParams;

use super::{
    body::{Content, Nothing},
    desk::{Desk, Urgency},
    guard::Asked,
    keys::KeyName,
    name::Name,
    operations::{Operations, OrdersAsked, PageAsked, Terms},
    peer::Peer,
    query::Asking,
};

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// `open` (the default), `ended`, `all`, or one status.
    state: Option<String>,
    /// Of one strategy, or of `manual`.
    strategy: Option<String>,
    /// In one instrument, by symbol.
    instrument: Option<String>,
    /// At one exchange.
    exchange: Option<String>,
    /// So many at most: 1 to 500, 100 if absent. A page ends earlier after 10,000 orders that a filter left out.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

pub(super) async fn list(State(desk): State<Desk>, Asking(which): Asking<Which>) -> Response {
    let Which { state, strategy, instrument, exchange, limit, cursor } = which;
    let page = PageAsked { strategy, instrument, exchange, limit, cursor };
    desk.show_tagged(move |operations| operations.orders(OrdersAsked { state, page })).await
}

pub(super) async fn show(State(desk): State<Desk>, Name(id): Name) -> Response {
    desk.show_tagged(move |operations| operations.order(&id)).await
}

pub(super) async fn submit(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    terms: Terms,
    Content(order): Content<NewOrderRequest>,
) -> Response {
    let key = match KeyName::of(&headers, &peer.who) {
        Ok(key) => key,
        Err(refusal) => return *refusal,
    };
    let size = order.quantity.as_deref().or(order.notional.as_deref()).unwrap_or("?");
    let at = order.price.as_ref().map(|price| format!(" at {price}")).unwrap_or_default();
    let owner = order.strategy.as_deref().unwrap_or("manual");
    let by_key = key.as_ref().map(|key| format!(", key {key}")).unwrap_or_default();
    let asked = format!("order by hand for {owner}: {} {size} {}{at}{by_key}", order.side, order.instrument);
    let keys = Arc::clone(&desk.keys);
    let submit = move |operations: &dyn Operations, terms: &Terms| match key {
        // a dry run sends nothing, so that there is nothing to be remembered
        Some(key) if !terms.is_dry_run => {
            keys.once(key, &order.clone(), || operations.new_order(order, terms))
        }
        _ => operations.new_order(order, terms),
    };
    desk.change(Asked::new(asked), terms, submit).await
}

pub(super) async fn change(
    State(desk): State<Desk>,
    Name(id): Name,
    terms: Terms,
    Content(change): Content<ChangeOrderRequest>,
) -> Response {
    let mut asked = format!("change order {id}");
    for (key, value) in [("quantity", &change.quantity), ("price", &change.price)] {
        if let Some(value) = value {
            asked.push_str(&format!(", {key} {value}"));
        }
    }
    let asked = Asked::new(asked);
    desk.change(asked, terms, move |operations, terms| operations.change_order(&id, change, terms)).await
}

pub(super) async fn cancel(
    State(desk): State<Desk>,
    Name(id): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    let asked = Asked::new(format!("cancel order {id}"));
    desk.change(asked, terms, move |operations, terms| operations.cancel_order(&id, terms)).await
}

pub(super) async fn cancel_all(
    State(desk): State<Desk>,
    terms: Terms,
    Content(which): Content<CancelAllRequest>,
) -> Response {
    let of = which.strategy.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    let within = which.instrument.as_ref().map(|symbol| format!(" in {symbol}")).unwrap_or_default();
    let asked = Asked::new(format!("cancel all orders{of}{within}"));
    let urgency = Urgency::StopsTrading;
    desk.change_soon(urgency, asked, terms, move |operations, terms| operations.cancel_all(which, terms))
        .await
}
