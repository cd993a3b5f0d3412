//! What the daemon's results say, beside what the venue says.

use std::collections::BTreeMap;

use stratd_tests::{Files, Table, units};

use crate::venue::{Client, Fill};

/// The prefix of the daemon's client order ids.
const PREFIX: &str = "stratd-";
/// What every account begins with.
const CASH: &str = "1000000";

/// Every order, fill and position, and the cash, are the same on both sides, and nothing is left unknown; the number of
/// fills.
pub(crate) fn agree(results: &Files, client: &mut Client) -> usize {
    let fills = fills(results);
    let there = client.fills();
    let only = |one: &[Fill], other: &[Fill]| -> Vec<Fill> {
        one.iter().filter(|fill| !other.contains(fill)).cloned().collect()
    };
    assert!(
        fills == there,
        "fills known here only: {:?}, there only: {:?}",
        only(&fills, &there),
        only(&there, &fills)
    );
    assert_eq!(positions(results), client.positions(), "the positions");
    assert_eq!(client.open_orders(), 0, "orders that work after the end");
    for row in Table::read(&results["orders.csv"]).rows() {
        let (id, status, filled) = (row["client_order_id"], row["status"], row["filled"]);
        match (status, client.order(&format!("{PREFIX}{id}"))) {
            // it never arrived, and both know it
            ("rejected", Err(code)) => assert_eq!(code, "unknown_order", "order {id}"),
            // it was never sent
            ("denied", Err(_)) => {}
            (_, known) => assert_eq!(known, Ok((status.to_owned(), filled.to_owned())), "order {id}"),
        }
    }
    let equity = Table::read(&results["equity.csv"]);
    let cash = |row: Option<&BTreeMap<&str, &str>>| units(row.unwrap()["cash"]);
    let moved = cash(equity.rows().last()) - cash(equity.rows().first());
    assert_eq!(moved, units(&client.cash()) - units(CASH), "the cash");
    fills.len()
}

fn fills(results: &Files) -> Vec<Fill> {
    let table = Table::read(&results["fills.csv"]);
    let fill = |row: &BTreeMap<&str, &str>| {
        let id = format!("{PREFIX}{}", row["client_order_id"]);
        (id, row["side"].to_owned(), units(row["price"]), units(row["quantity"]))
    };
    let mut fills: Vec<Fill> = table.rows().iter().map(fill).collect();
    fills.sort();
    fills
}

fn positions(results: &Files) -> BTreeMap<String, String> {
    let table = Table::read(&results["positions.csv"]);
    let of = |row: &BTreeMap<&str, &str>| (row["symbol"].to_owned(), row["position"].to_owned());
    let mut last: BTreeMap<String, String> = table.rows().iter().map(of).collect();
    last.retain(|_, position| position != "0");
    last
}
