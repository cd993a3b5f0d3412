//! `/v1/instruments`: what can be traded or watched, and how it stands.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{desk::Desk, operations::PageAsked, query::Asking};

/// Which instruments.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// By symbol.
    instrument: Option<String>,
    /// At one exchange.
    exchange: Option<String>,
    /// So many at most: 1 to 500, 100 if absent. A page ends earlier after 10,000 rows that a filter left out.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

pub(super) async fn list(State(desk): State<Desk>, Asking(which): Asking<Which>) -> Response {
    let Which { instrument, exchange, limit, cursor } = which;
    let page = PageAsked { strategy: None, instrument, exchange, limit, cursor };
    desk.show(move |operations| operations.instruments(page)).await
}
