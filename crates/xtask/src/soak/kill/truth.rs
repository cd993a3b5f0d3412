//! What both sides know, and whether it is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::bed::Bed;
use super::ours::{self, Order, Shown, Side, units};
use super::venue::Venue;
use crate::live::now;

/// What the venue calls an order of ours begins with.
pub(super) const PREFIX: &str = "stratd-";
/// What the account began with.
const CASH: &str = "1000000";
/// The connector says so if an order went out a second time, and so does the venue.
const SENT_TWICE: [&str; 2] = ["whose id it knows", "was used before: that order stands"];
/// Between two looks at sides that do not agree yet.
const STEP: Duration = Duration::from_millis(5);
/// Complaints of one comparison that are shown.
const SHOWN_MAX: usize = 8;
/// Rows that changed so long before the last comparison are looked at again: the clocks of the two sides are one.
const OVERLAP_NS: i64 = 5_000_000_000;

/// All that both sides told so far.
#[derive(Default)]
pub(super) struct Truth {
    venue: Side,
    ours: Side,
    /// Orders that work at the venue.
    working: BTreeSet<i64>,
    /// Orders that are others than at the last comparison that agreed.
    changed: BTreeSet<i64>,
    /// Fills of the venue since then.
    traded: BTreeSet<(String, i64)>,
    /// The last report that is in it.
    pub(super) last: u64,
    /// What changed before needs no look, but for a full comparison.
    since: i64,
    received: BTreeSet<i64>,
    received_twice: u64,
    logs_read: [u64; 2],
}

/// What a comparison found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) lost: u64,
    pub(super) duplicates: u64,
    pub(super) mismatches: u64,
    pub(super) complaints: Vec<String>,
}

impl Found {
    pub(super) fn differs(&mut self, what: String) {
        self.mismatches += 1;
        self.complaints.push(what);
    }
}

impl Truth {
    /// Whether an order ever came to the venue.
    pub(super) fn has_arrived(&self, id: i64) -> bool {
        self.venue.orders.contains_key(&id)
    }

    /// Fills of the venue that these do not have, since the last comparison.
    pub(super) fn fills_beyond(&self, kept: &ours::Fills) -> bool {
        self.traded.iter().any(|fill| !kept.contains_key(fill))
    }

    pub(super) fn since(&self) -> i64 {
        self.since
    }

    /// The next comparison looks at everything.
    pub(super) fn compare_all(&mut self) {
        self.since = 0;
        self.ours = Side::default();
        self.changed.extend(self.venue.orders.keys());
        self.traded.extend(self.venue.fills.keys().cloned());
    }

    /// Waits until both sides agree, while nothing is traded by us; what does not agree by then.
    pub(super) fn compare(&mut self, bed: &Bed, deadline: Instant) -> Result<Found> {
        let mut venue = bed.venue()?;
        let database = ours::live(bed)?;
        loop {
            let before = self.read(&mut venue)?;
            self.changed.extend(self.ours.read(&database, self.since)?);
            let shown = ours::shown(bed)?;
            let is_quiet = venue.last()? == before;
            let mut found = self.differences(&shown);
            let agrees = is_quiet && found.complaints.is_empty();
            if agrees {
                self.settle();
            }
            if agrees || now() >= deadline {
                found.duplicates = self.sent_twice(bed)?;
                found.complaints.truncate(SHOWN_MAX);
                return Ok(found);
            }
            thread::park_timeout(STEP);
        }
    }

    /// Everything up to now agrees.
    fn settle(&mut self) {
        self.changed.clear();
        self.traded.clear();
        let latest = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        self.since = i64::try_from(latest).unwrap_or(i64::MAX).saturating_sub(OVERLAP_NS);
    }

    /// Reads what the venue reported since; the number of its last report.
    pub(super) fn read(&mut self, venue: &mut Venue) -> Result<u64> {
        for report in venue.reports(self.last)? {
            self.last = report["order_seq"].as_u64().context("a report without order_seq")?;
            let Some(id) = id_of(&report) else { continue };
            let text =
                |key: &str| report[key].as_str().map_or_else(|| report[key].to_string(), str::to_owned);
            let kind = text("type");
            if kind == "RECEIVED" && !self.received.insert(id) {
                self.received_twice += 1;
            }
            let order = (text("status"), units(&text("target.filled")));
            if works(&order) {
                self.working.insert(id)
            } else {
                self.working.remove(&id)
            };
            self.venue.orders.insert(id, order);
            self.changed.insert(id);
            if kind == "BOUGHT" || kind == "SOLD" {
                let trade = (text("trade_id").trim_start_matches("T-").to_owned(), id);
                let quantity = units(&text("last_volume"));
                self.traded.insert(trade.clone());
                self.venue.fills.insert(trade, (units(&text("last_price")), quantity));
                let instrument = report["target.instrument"]["name"].as_str().unwrap_or_default().to_owned();
                let signed = if kind == "BOUGHT" { quantity } else { -quantity };
                *self.venue.positions.entry(instrument).or_default() += signed;
            }
        }
        let account = venue.ask("ACCOUNT", &json!({}))?;
        self.venue.cash = units(&account["cash"].to_string()) - units(CASH);
        self.venue.positions.retain(|_, size| *size != 0);
        Ok(self.last)
    }

    fn differences(&self, shown: &Shown) -> Found {
        let mut found = Found::default();
        for id in &self.changed {
            match (self.venue.orders.get(id), self.ours.orders.get(id)) {
                (Some(order), None) => {
                    found.lost += 1;
                    found.complaints.push(format!("order {id} is {order:?} at the venue and forgotten here"));
                }
                (Some(order), Some(known)) if known != order => {
                    found.differs(format!("order {id} is {order:?} at the venue and {known:?} here"));
                }
                (None, Some((status, _))) if status != "rejected" && status != "denied" => {
                    found.differs(format!("order {id} is {status} here and unknown at the venue"));
                }
                (Some(_), Some(_)) | (None, _) => {}
            }
        }
        let missing =
            self.traded.iter().filter(|fill| self.ours.fills.get(*fill) != self.venue.fills.get(*fill));
        for fill in missing {
            found.differs(format!("fill {fill:?} is another one here"));
        }
        if self.ours.fills.len() != self.venue.fills.len() {
            let lengths = (self.venue.fills.len(), self.ours.fills.len());
            found.differs(format!("{} fills at the venue and {} here", lengths.0, lengths.1));
        }
        let order = |id: &i64| Some((*id, self.venue.orders.get(id)?.clone()));
        let working: BTreeMap<i64, Order> = self.working.iter().filter_map(order).collect();
        for (is_same, what) in [
            (self.ours.positions == self.venue.positions, "positions of state.db"),
            (shown.positions == self.venue.positions, "positions that the daemon shows"),
            (self.ours.cash == self.venue.cash, "cash of state.db"),
            (shown.cash == self.venue.cash, "cash that the daemon shows"),
            (shown.working == working, "working orders that the daemon shows"),
        ] {
            if !is_same {
                found.differs(format!(
                    "other {what}: {shown:?}; at the venue {working:?}, {:?}, {}; in state.db {:?}, {}",
                    self.venue.positions, self.venue.cash, self.ours.positions, self.ours.cash
                ));
            }
        }
        found
    }

    /// Orders that went out a second time, since the last look: by the words of the connector, and of the venue.
    fn sent_twice(&mut self, bed: &Bed) -> Result<u64> {
        let mut count = std::mem::take(&mut self.received_twice);
        for ((file, words), read) in
            [bed.log(), bed.venue_log()].iter().zip(SENT_TWICE).zip(&mut self.logs_read)
        {
            count += bed.told_since(file, read)?.matches(words).count() as u64;
        }
        Ok(count)
    }
}

fn works((status, _): &Order) -> bool {
    status == "open" || status == "partially_filled"
}

fn id_of(report: &Value) -> Option<i64> {
    report["client_order_id"].as_str()?.strip_prefix(PREFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(orders: &[(i64, &str, i128)]) -> Side {
        let orders = orders.iter().map(|(id, status, filled)| (*id, ((*status).to_owned(), *filled)));
        Side { orders: orders.collect(), ..Side::default() }
    }

    /// Lost orders and mismatches, if the venue and the daemon say so, and the daemon shows these orders.
    fn check(venue: Side, ours: Side, shown: &[(i64, &str, i128)], expect: (u64, u64)) {
        let shown = Shown { working: side(shown).orders, ..Shown::default() };
        let changed = venue.orders.keys().chain(ours.orders.keys()).copied().collect();
        let traded = venue.fills.keys().cloned().collect();
        let working = venue.orders.iter().filter(|(_, order)| works(order)).map(|(id, _)| *id).collect();
        let truth = Truth { venue, ours, working, changed, traded, ..Truth::default() };
        let found = truth.differences(&shown);
        assert_eq!((found.lost, found.mismatches), expect, "{:?}", found.complaints);
    }

    const WORKS: [(i64, &str, i128); 1] = [(1, "open", 0)];

    #[test]
    fn sides_that_say_the_same_agree() {
        let orders = [(1, "open", 0), (2, "filled", 5)];
        check(side(&orders), side(&orders), &WORKS, (0, 0));
        // it never arrived, and the daemon knows it
        check(side(&orders), side(&[orders[0], orders[1], (3, "rejected", 0)]), &WORKS, (0, 0));
    }

    #[test]
    fn an_order_that_was_forgotten_is_lost_and_any_difference_is_found() {
        let one = || side(&WORKS);
        check(one(), side(&[]), &WORKS, (1, 0));
        check(one(), side(&[(1, "unknown", 0)]), &WORKS, (0, 1));
        check(one(), side(&[(1, "open", 3)]), &WORKS, (0, 1));
        check(one(), one(), &[], (0, 1));
        check(side(&[]), one(), &[], (0, 1));
        let fill = (("4".to_owned(), 1), (units("9.5"), units("2")));
        let filled = || Side { fills: [fill.clone()].into(), ..one() };
        // it is missing, and there are fewer
        check(filled(), one(), &WORKS, (0, 2));
        check(one(), filled(), &WORKS, (0, 1));
        // what state.db says, and what is shown
        check(Side { cash: 1, ..one() }, one(), &WORKS, (0, 2));
        check(Side { positions: [("AAA".to_owned(), 1)].into(), ..one() }, one(), &WORKS, (0, 2));
    }
}
