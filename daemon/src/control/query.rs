//! The keys of a query: strict, because a typing error in a filter must not show everything.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
    response::Response,
};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::{
    operations::PageAsked,
    problem::{ProblemKind, problem},
};

/// The query as `T`.
pub(super) struct Asking<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asking<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(error) => Err(problem(ProblemKind::BadRequest, format!("the query: {}", error.body_text()))),
        }
    }
}

/// Which rows of what belongs to strategies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    /// Of one strategy, or of `manual`.
    strategy: Option<String>,
    /// In one instrument, by symbol.
    instrument: Option<String>,
    /// At one exchange.
    exchange: Option<String>,
    /// So many at most: 1 to 500, 100 if absent. A page ends earlier after 10,000 rows that a filter left out.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

impl From<Rows> for PageAsked {
    fn from(Rows { strategy, instrument, exchange, limit, cursor }: Rows) -> Self {
        Self { strategy, instrument, exchange, limit, cursor }
    }
}
