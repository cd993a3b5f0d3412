//! The saved state, version 1: a line per instrument, `instrument position bid ask`, where an order is
//! `id/price/quantity/filled` or `-`.
//!
//! Text, because it is small, can be read in a core dump, and has no layout to get wrong.

use std::{collections::BTreeMap, fmt::Write as _};

use stratd_plugin_api::{ClientOrderId, Error, InstrumentId, Result};

use crate::desk::{Desk, Working};

pub(crate) fn write(desks: &BTreeMap<InstrumentId, Desk>) -> Vec<u8> {
    let mut text = String::new();
    for (id, desk) in desks {
        let (bid, ask) = (order_text(desk.bid), order_text(desk.ask));
        // writing to a string cannot fail
        let _ = writeln!(text, "{} {} {bid} {ask}", id.0, desk.position);
    }
    text.into_bytes()
}

pub(crate) fn read(state: &[u8]) -> Result<BTreeMap<InstrumentId, Desk>> {
    let text = std::str::from_utf8(state)?;
    let desks = text.lines().map(|line| {
        desk(line).ok_or_else(|| {
            Error::new(format!("state line `{line}` (expected `instrument position bid ask`)"))
        })
    });
    desks.collect()
}

fn order_text(order: Option<Working>) -> String {
    match order {
        // a change under way is forgotten: the next quote asks again, and its answer tells price and quantity
        Some(Working { id, price, quantity, filled, .. }) => format!("{id}/{price}/{quantity}/{filled}"),
        None => "-".to_owned(),
    }
}

fn desk(line: &str) -> Option<(InstrumentId, Desk)> {
    let mut fields = line.split(' ');
    let id = InstrumentId(fields.next()?.parse().ok()?);
    let position = fields.next()?.parse().ok()?;
    let (bid, ask) = (order(fields.next()?)?, order(fields.next()?)?);
    fields.next().is_none().then(|| (id, Desk { position, bid, ask, ..Desk::default() }))
}

#[expect(
    clippy::option_option,
    reason = "outside: whether it is readable; inside: whether there is an order"
)]
fn order(text: &str) -> Option<Option<Working>> {
    if text == "-" {
        return Some(None);
    }
    let mut numbers = text.split('/');
    let id = ClientOrderId(numbers.next()?.parse().ok()?);
    let mut next = || numbers.next()?.parse().ok();
    let (price, quantity, filled) = (next()?, next()?, next()?);
    Some(Some(Working { id, price, quantity, filled, before: None, is_waiting: false }))
}
