//! What both sides know, and whether it is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use stratd_control::{Filter, Request};

use super::bed::Bed;
use super::venue::Venue;
use crate::live::now;

/// What the venue calls an order of ours begins with.
const PREFIX: &str = "stratd-";
/// What the account began with.
const CASH: &str = "1000000";
/// The connector says so if an order went out a second time.
const SENT_TWICE: &str = "whose id it knows";
/// Between two looks at sides that do not agree yet.
const STEP: Duration = Duration::from_millis(50);
/// Complaints of one comparison that are shown.
const SHOWN_MAX: usize = 8;
const DECIMALS: usize = 8;

/// An order: status, filled quantity.
type Order = (String, i128);
/// A fill: price, quantity; by trade and order.
type Fills = BTreeMap<(String, i64), (i128, i128)>;

/// What one side says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Side {
    orders: BTreeMap<i64, Order>,
    fills: Fills,
    positions: BTreeMap<String, i128>,
    cash: i128,
}

/// All that the venue told so far.
#[derive(Default)]
pub(super) struct Truth {
    venue: Side,
    /// The last report that is in it.
    last: u64,
    received: BTreeSet<i64>,
    received_twice: u64,
    log_read: u64,
    had_orders_in_flight: bool,
}

/// What a comparison found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) lost: u64,
    pub(super) duplicates: u64,
    pub(super) mismatches: u64,
    pub(super) complaints: Vec<String>,
}

impl Truth {
    pub(super) fn had_orders_in_flight(&self) -> bool {
        self.had_orders_in_flight
    }

    /// What was under way when the daemon was killed, as the two sides say before it is started again.
    pub(super) fn phases(&mut self, bed: &Bed) -> Result<BTreeSet<&'static str>> {
        let mut venue = bed.venue()?;
        let database = open(bed)?;
        let mut query =
            database.prepare("SELECT client_order_id, phase FROM orders WHERE phase <> 'ended'")?;
        let open: Vec<(i64, String)> =
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        let mut phases = BTreeSet::new();
        self.had_orders_in_flight = !open.is_empty();
        for (id, phase) in &open {
            let known = venue.find("ORDER", &json!({ "client_order_id": format!("{PREFIX}{id}") }))?;
            let order = known.map(|answer| answer["order"].clone());
            match (phase.as_str(), &order) {
                ("intent", None) => phases.insert("commit_to_send"),
                ("intent" | "sent", _) => phases.insert("send_to_ack"),
                _ => false,
            };
            if let Some(order) = order
                && order["status"] == "partially_filled"
            {
                phases.insert("partial_fill");
            }
        }
        let kept = fills(&database)?;
        self.read(&mut venue)?;
        if self.venue.fills.keys().any(|fill| !kept.contains_key(fill)) {
            phases.insert("fill_to_commit");
        }
        if phases.is_empty() {
            // what was not committed yet leaves no trace by its nature
            phases.insert("before_commit_or_idle");
        }
        Ok(phases)
    }

    /// Waits until both sides agree, while nothing is traded by us; what does not agree by then.
    pub(super) fn compare(&mut self, bed: &Bed, deadline: Instant) -> Result<Found> {
        let mut venue = bed.venue()?;
        loop {
            let before = self.read(&mut venue)?;
            let ours = ours(bed)?;
            let shown = shown(bed)?;
            let is_quiet = venue.last()? == before;
            let mut found = self.differences(&ours, &shown);
            let is_over = now() >= deadline;
            if is_over || is_quiet && found.complaints.is_empty() {
                found.duplicates = self.sent_twice(bed)?;
                found.complaints.truncate(SHOWN_MAX);
                return Ok(found);
            }
            thread::park_timeout(STEP);
        }
    }

    /// Kills the daemon, which trades nothing, and starts it again: both sides agree as before, and no row of what is over
    /// is another one.
    pub(super) fn twice(&mut self, bed: &mut Bed, deadline: Instant) -> Result<Found> {
        let before = settled(bed)?;
        bed.kill(None, Duration::ZERO)?;
        bed.start(deadline)?;
        bed.halt()?;
        let mut found = self.compare(bed, deadline)?;
        let after = settled(bed)?;
        let changed: Vec<&String> = before.difference(&after).collect();
        if let Some(first) = changed.first() {
            found.mismatches += changed.len() as u64;
            found.complaints.push(format!("{} rows are gone or others, for instance {first}", changed.len()));
        }
        Ok(found)
    }

    /// Reads what the venue reported since; the number of its last report.
    fn read(&mut self, venue: &mut Venue) -> Result<u64> {
        for report in venue.reports(self.last)? {
            self.last = report["order_seq"].as_u64().context("a report without order_seq")?;
            let Some(id) = id_of(&report) else { continue };
            let text =
                |key: &str| report[key].as_str().map_or_else(|| report[key].to_string(), str::to_owned);
            let kind = text("type");
            if kind == "RECEIVED" && !self.received.insert(id) {
                self.received_twice += 1;
            }
            self.venue.orders.insert(id, (text("status"), units(&text("target.filled"))));
            if kind == "BOUGHT" || kind == "SOLD" {
                let trade = text("trade_id").trim_start_matches("T-").to_owned();
                let quantity = units(&text("last_volume"));
                self.venue.fills.insert((trade, id), (units(&text("last_price")), quantity));
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

    fn differences(&self, ours: &Side, shown: &BTreeSet<i64>) -> Found {
        let mut found = Found::default();
        for (id, order) in &self.venue.orders {
            match ours.orders.get(id) {
                None => {
                    found.lost += 1;
                    found.complaints.push(format!("order {id} is {order:?} at the venue and forgotten here"));
                }
                Some(known) if known != order => {
                    found.mismatches += 1;
                    found.complaints.push(format!("order {id} is {order:?} at the venue and {known:?} here"));
                }
                Some(_) => {}
            }
        }
        for (id, (status, _)) in ours.orders.iter().filter(|(id, _)| !self.venue.orders.contains_key(id)) {
            if status != "rejected" && status != "denied" {
                found.mismatches += 1;
                found.complaints.push(format!("order {id} is {status} here and unknown at the venue"));
            }
        }
        let works = |(_, (status, _)): &(&i64, &Order)| status == "open" || status == "partially_filled";
        let working: BTreeSet<i64> = self.venue.orders.iter().filter(works).map(|(id, _)| *id).collect();
        for (is_same, what) in [
            (ours.fills == self.venue.fills, "the fills differ"),
            (ours.positions == self.venue.positions, "the positions differ"),
            (ours.cash == self.venue.cash, "the cash differs"),
            (*shown == working, "the working orders that the daemon shows differ"),
        ] {
            if !is_same {
                found.mismatches += 1;
                found.complaints.push(format!(
                    "{what}: {} fills, positions {:?}, cash {} at the venue; {} fills, positions {:?}, cash {} here; {} and {} orders work",
                    self.venue.fills.len(),
                    self.venue.positions,
                    self.venue.cash,
                    ours.fills.len(),
                    ours.positions,
                    ours.cash,
                    working.len(),
                    shown.len(),
                ));
            }
        }
        found
    }

    /// Orders that went out a second time, since the last look.
    fn sent_twice(&mut self, bed: &Bed) -> Result<u64> {
        let mut log = File::open(bed.log()).context("reading the daemon's log")?;
        log.seek(SeekFrom::Start(self.log_read))?;
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes)?;
        self.log_read += bytes.len() as u64;
        let told = String::from_utf8_lossy(&bytes).matches(SENT_TWICE).count() as u64;
        Ok(told + std::mem::take(&mut self.received_twice))
    }
}

/// What `state.db` says.
fn ours(bed: &Bed) -> Result<Side> {
    let database = open(bed)?;
    // all of one moment
    let database = database.unchecked_transaction()?;
    let mut side = Side { fills: fills(&database)?, ..Side::default() };
    let mut query = database.prepare("SELECT client_order_id, status, filled FROM orders")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        side.orders.insert(row.get(0)?, (row.get(1)?, units(&row.get::<_, String>(2)?)));
    }
    let mut query = database.prepare("SELECT instrument, size FROM positions")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        *side.positions.entry(row.get(0)?).or_default() += units(&row.get::<_, String>(1)?);
    }
    side.positions.retain(|_, size| *size != 0);
    let mut query = database.prepare("SELECT cash FROM portfolios")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        side.cash += units(&row.get::<_, String>(0)?);
    }
    Ok(side)
}

/// The rows of fills and of orders that are over, with all their columns.
fn settled(bed: &Bed) -> Result<BTreeSet<String>> {
    let database = open(bed)?;
    let mut all = BTreeSet::new();
    for query in ["SELECT * FROM fills", "SELECT * FROM orders WHERE phase = 'ended'"] {
        let mut query = database.prepare(query)?;
        let columns = query.column_count();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let text =
                |column| row.get::<_, rusqlite::types::Value>(column).map(|value| format!("{value:?}"));
            all.insert((0..columns).map(text).collect::<Result<Vec<_>, _>>()?.join(" "));
        }
    }
    Ok(all)
}

fn fills(database: &Connection) -> Result<Fills> {
    let mut fills = Fills::new();
    let mut query = database.prepare("SELECT trade_id, client_order_id, price, quantity FROM fills")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (price, quantity): (String, String) = (row.get(2)?, row.get(3)?);
        fills.insert((row.get(0)?, row.get(1)?), (units(&price), units(&quantity)));
    }
    Ok(fills)
}

/// The working orders that `stratctl` shows.
fn shown(bed: &Bed) -> Result<BTreeSet<i64>> {
    let answer = bed.client().send(&Request::orders(Some("open"), &Filter::default()))?;
    let answer: Value = answer.read()?;
    let orders = answer["orders"].as_array().context("no orders in the daemon's answer")?;
    let id = |order: &Value| {
        let id = &order["client_order_id"];
        id.as_i64().or_else(|| id.as_str()?.parse().ok()).context("an order without an id")
    };
    orders.iter().map(id).collect()
}

fn open(bed: &Bed) -> Result<Connection> {
    let file = bed.database();
    // a database that was left in the middle is repaired by whoever opens it first
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(&file, flags);
    let database = database.with_context(|| format!("opening {}", file.display()))?;
    database.busy_timeout(Duration::from_secs(10))?;
    Ok(database)
}

fn id_of(report: &Value) -> Option<i64> {
    report["client_order_id"].as_str()?.strip_prefix(PREFIX)?.parse().ok()
}

/// A decimal number in units of 1e-8.
fn units(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let padded = format!("{whole}{part:0<DECIMALS$.DECIMALS$}");
    sign * padded.parse::<i128>().unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(orders: &[(i64, &str, i128)]) -> Side {
        let orders = orders.iter().map(|(id, status, filled)| (*id, ((*status).to_owned(), *filled)));
        Side { orders: orders.collect(), ..Side::default() }
    }

    /// Lost orders and mismatches, if the venue and the daemon say so, and the daemon shows these orders.
    fn check(venue: Side, ours: &Side, shown: &[i64], expect: (u64, u64)) {
        let truth = Truth { venue, ..Truth::default() };
        let found = truth.differences(ours, &shown.iter().copied().collect());
        assert_eq!((found.lost, found.mismatches), expect, "{:?}", found.complaints);
    }

    #[test]
    fn sides_that_say_the_same_agree() {
        let orders = [(1, "open", 0), (2, "filled", 5)];
        check(side(&orders), &side(&orders), &[1], (0, 0));
        // it never arrived, and the daemon knows it
        check(side(&orders), &side(&[orders[0], orders[1], (3, "rejected", 0)]), &[1], (0, 0));
    }

    #[test]
    fn an_order_that_was_forgotten_is_lost_and_any_difference_is_found() {
        let one = || side(&[(1, "open", 0)]);
        check(one(), &side(&[]), &[1], (1, 0));
        check(one(), &side(&[(1, "unknown", 0)]), &[1], (0, 1));
        check(one(), &side(&[(1, "open", 3)]), &[1], (0, 1));
        check(one(), &one(), &[], (0, 1));
        check(side(&[]), &one(), &[], (0, 1));
        let fill = (("4".to_owned(), 1), (units("9.5"), units("2")));
        let filled = Side { fills: [fill].into(), ..one() };
        check(filled, &one(), &[1], (0, 1));
        check(Side { cash: 1, ..one() }, &one(), &[1], (0, 1));
        check(Side { positions: [("AAA".to_owned(), 1)].into(), ..one() }, &one(), &[1], (0, 1));
    }

    #[test]
    fn numbers_are_exact() {
        assert_eq!((units("-12.5"), units("3"), units("0.00000001")), (-1_250_000_000, 300_000_000, 1));
    }
}
