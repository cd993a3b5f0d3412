//! Pages: how many rows, from where on, of what.

use crate::{
    control::{ActionError, ActionErrorKind, PageAsked},
    runtime::{Missing, PAGE_MAX, Which},
};

/// The rows of a page whose author does not say how many.
const ROWS_DEFAULT: usize = 100;

/// How many rows are asked for.
pub(super) fn limit(asked: &PageAsked) -> Result<usize, ActionError> {
    match asked.limit {
        None => Ok(ROWS_DEFAULT),
        Some(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        Some(limit) => Err(bad(
            "limit",
            &limit.to_string(),
            &format!("1 to {PAGE_MAX}; the next page begins at the `next` of this one"),
        )),
    }
}

/// What is asked for, by name.
pub(super) fn which(asked: &mut PageAsked) -> Which {
    Which {
        strategy: asked.strategy.take(),
        instrument: asked.instrument.take(),
        exchange: asked.exchange.take(),
    }
}

/// The numbers of a cursor.
pub(super) fn numbers<const N: usize>(cursor: &str, prefix: &str) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    let mut parts = cursor.strip_prefix(prefix)?.split('-');
    for number in &mut numbers {
        *number = parts.next()?.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// A cursor that none of our answers had.
pub(super) fn bad_cursor(cursor: &str) -> ActionError {
    bad("cursor", &format!("{cursor:?}"), "the `next` of a page of the same list")
}

fn bad(key: &str, found: &str, accepted: &str) -> ActionError {
    let text = format!("{key}: {found} (accepted: {accepted})");
    ActionError::new(ActionErrorKind::BadRequest, text).found(found, accepted)
}

/// A name of the query, or of the body, that nothing has.
pub(super) fn missing(missing: &Missing, is_in_body: bool) -> ActionError {
    let Missing { key, found, accepted } = missing;
    let text = format!("{found} (accepted: {accepted})");
    let error = ActionError::new(ActionErrorKind::NotFound, text).found(found, accepted);
    if is_in_body { error.at(format!("/{key}")) } else { error }
}
