//! `/v1/fills`: own executions.

use axum::{extract::State, response::Response};

use super::{
    desk::Desk,
    query::{Asking, Rows},
};

pub(super) async fn list(State(desk): State<Desk>, Asking(rows): Asking<Rows>) -> Response {
    desk.show(move |operations| operations.fills(rows.into())).await
}
