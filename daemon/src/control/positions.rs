//! `/v1/positions`: what each strategy holds.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{desk::Desk, operations::PageAsked, query::Asking};

/// Which positions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Of one strategy, or of `manual`.
    strategy: Option<String>,
    /// In one instrument, by symbol.
    instrument: Option<String>,
    /// At one exchange.
    exchange: Option<String>,
    /// Also those that are closed, which have a realized PnL.
    #[serde(default)]
    flat: bool,
    /// So many at most: 1 to 500, 100 if absent. A page ends earlier after 10,000 rows that a filter left out.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

pub(super) async fn list(State(desk): State<Desk>, Asking(which): Asking<Which>) -> Response {
    let Which { strategy, instrument, exchange, flat, limit, cursor } = which;
    let page = PageAsked { strategy, instrument, exchange, limit, cursor };
    desk.show(move |operations| operations.positions(page, flat)).await
}
