//! What `state.db` says, and what the daemon says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags, types::Value as Cell};
use serde_json::Value;
use stratd_control::{Filter, Portfolio, Request};

use super::bed::Bed;

/// The tables of trading. `accounts` are not among them: exchanges tell them anew at each start.
const TABLES: [&str; 6] = ["identity", "orders", "fills", "positions", "portfolios", "losses"];
const DECIMALS: usize = 8;

/// An order: status, filled quantity.
pub(super) type Order = (String, i128);
/// Fills, as price and quantity, by trade and order.
pub(super) type Fills = BTreeMap<(String, i64), (i128, i128)>;

/// What one side says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) orders: BTreeMap<i64, Order>,
    pub(super) fills: Fills,
    pub(super) positions: BTreeMap<String, i128>,
    pub(super) cash: i128,
}

/// What the daemon shows: what `stratctl` prints.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) working: BTreeMap<i64, Order>,
    pub(super) positions: BTreeMap<String, i128>,
    pub(super) cash: i128,
}

/// A copy of the database as the killed daemon left it, so that the next start mends the original itself.
pub(super) fn copy_of(bed: &Bed) -> Result<Connection> {
    let folder = bed.path("left");
    fs::create_dir_all(&folder).context("making a folder")?;
    for end in ["", "-wal"] {
        let name = format!("state.db{end}");
        let (from, to) = (bed.path("state").join(&name), folder.join(&name));
        if from.exists() {
            fs::copy(&from, &to).with_context(|| format!("copying {}", from.display()))?;
        } else if to.exists() {
            fs::remove_file(&to).with_context(|| format!("removing {}", to.display()))?;
        }
    }
    open(&folder.join("state.db"), OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Where [`copy_of`] puts it.
pub(super) fn copied(bed: &Bed) -> PathBuf {
    bed.path("left/state.db")
}

/// The database of a daemon that lives.
pub(super) fn live(bed: &Bed) -> Result<Connection> {
    open(&bed.path("state/state.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(file: &Path, how: OpenFlags) -> Result<Connection> {
    let database = Connection::open_with_flags(file, how | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let database = database.with_context(|| format!("opening {}", file.display()))?;
    database.busy_timeout(Duration::from_secs(10))?;
    Ok(database)
}

impl Side {
    /// Takes in what the database has, of orders and fills what changed since a time or has not ended; the orders that are
    /// others than before.
    pub(super) fn read(&mut self, database: &Connection, since: i64) -> Result<BTreeSet<i64>> {
        // all of one moment
        let database = database.unchecked_transaction()?;
        let mut changed = BTreeSet::new();
        let mut query = database.prepare_cached(
            "SELECT client_order_id, status, filled FROM orders WHERE updated_at >= ?1 OR phase <> 'ended'",
        )?;
        let mut rows = query.query([since])?;
        while let Some(row) = rows.next()? {
            let (id, order) = (row.get(0)?, (row.get(1)?, units(&row.get::<_, String>(2)?)));
            if self.orders.get(&id) != Some(&order) {
                self.orders.insert(id, order);
                changed.insert(id);
            }
        }
        self.fills.append(&mut fills(&database, since)?);
        self.positions.clear();
        let mut query = database.prepare_cached("SELECT instrument, size FROM positions")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            *self.positions.entry(row.get(0)?).or_default() += units(&row.get::<_, String>(1)?);
        }
        self.positions.retain(|_, size| *size != 0);
        self.cash = 0;
        let mut query = database.prepare_cached("SELECT cash FROM portfolios")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            self.cash += units(&row.get::<_, String>(0)?);
        }
        Ok(changed)
    }
}

/// The fills that were booked since a time.
pub(super) fn fills(database: &Connection, since: i64) -> Result<Fills> {
    let mut fills = Fills::new();
    // whoever looks for all of them has them in the order of the table
    let mut query = database.prepare_cached(
        "SELECT trade_id, client_order_id, price, quantity FROM fills WHERE exchange = 'synthetic-ws' AND at >= ?1",
    )?;
    let mut rows = query.query([since])?;
    while let Some(row) = rows.next()? {
        let (price, quantity): (String, String) = (row.get(2)?, row.get(3)?);
        fills.insert((row.get(0)?, row.get(1)?), (units(&price), units(&quantity)));
    }
    Ok(fills)
}

/// Orders that have not ended, with their phase and status.
pub(super) fn open_orders(database: &Connection) -> Result<BTreeMap<i64, (String, String)>> {
    let mut query =
        database.prepare("SELECT client_order_id, phase, status FROM orders WHERE phase <> 'ended'")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The last state of each strategy, as it was written.
pub(super) fn states(database: &Connection) -> Result<BTreeMap<String, String>> {
    let mut query = database.prepare("SELECT instance, state FROM strategy_state")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    rows.map(|row| row.map(|(of, state)| (of, String::from_utf8_lossy(&state).into_owned())))
        .collect::<Result<_, _>>()
        .context("reading the states")
}

/// Rows that are in the copy and not in the database, or the other way round; `is_quiet`: nothing was told meanwhile, so
/// that all rows are to be equal, otherwise only those of orders that are over, and of fills, are to be there still.
pub(super) fn other_rows(database: &Connection, copy: &Path, is_quiet: bool) -> Result<Vec<String>> {
    let file = copy.to_str().context("a path that is text")?;
    database.execute("ATTACH ?1 AS before", [file]).context("attaching the copy")?;
    let mut others = Vec::new();
    let mut compare = |left: &str, right: &str, table: &str, which: &str| -> Result<()> {
        // what positions are worth follows the prices, which are told to a daemon that trades nothing, too
        let columns = if table == "losses" { "scope, day, day_start, is_since_command" } else { "*" };
        let all = format!(
            "SELECT {columns} FROM {left}.{table} {which} EXCEPT SELECT {columns} FROM {right}.{table}"
        );
        let mut query = database.prepare(&all)?;
        let columns = query.column_count();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let text = |column| row.get::<_, Cell>(column).map(|value| format!("{value:?}"));
            let row = (0..columns).map(text).collect::<Result<Vec<_>, _>>()?.join(" ");
            others.push(format!("{table}, only in {left}: {row}"));
        }
        Ok(())
    };
    if is_quiet {
        for table in TABLES {
            compare("before", "main", table, "")?;
            compare("main", "before", table, "")?;
        }
    } else {
        compare("before", "main", "fills", "")?;
        compare("before", "main", "orders", "WHERE phase = 'ended'")?;
    }
    database.execute("DETACH before", []).context("leaving the copy")?;
    Ok(others)
}

/// What the daemon shows now.
pub(super) fn shown(bed: &Bed) -> Result<Shown> {
    let mut shown = Shown { working: working(bed)?, ..Shown::default() };
    let positions: Value = bed.client().send(&Request::positions(false, &Filter::default()))?.read()?;
    for position in positions["positions"].as_array().context("no positions in the daemon's answer")? {
        let instrument = position["instrument"].as_str().context("a position without an instrument")?;
        let size = units(position["quantity"].as_str().context("a position without a quantity")?);
        *shown.positions.entry(instrument.to_owned()).or_default() += size;
    }
    shown.positions.retain(|_, size| *size != 0);
    let portfolio: Portfolio = bed.client().send(&Request::portfolio())?.read()?;
    shown.cash = portfolio.strategies.iter().map(|book| units(&book.cash)).sum();
    Ok(shown)
}

/// The working orders that the daemon shows, those on their way included.
pub(super) fn working(bed: &Bed) -> Result<BTreeMap<i64, Order>> {
    let answer: Value = bed.client().send(&Request::orders(Some("open"), &Filter::default()))?.read()?;
    let orders = answer["orders"].as_array().context("no orders in the daemon's answer")?;
    let one = |order: &Value| {
        let text = |key: &str| order[key].as_str().with_context(|| format!("an order without {key}"));
        Ok((text("client_order_id")?.parse()?, (text("status")?.to_owned(), units(text("filled")?))))
    };
    orders.iter().map(one).collect()
}

/// A decimal number in units of 1e-8.
pub(super) fn units(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let padded = format!("{whole}{part:0<DECIMALS$.DECIMALS$}");
    sign * padded.parse::<i128>().unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::units;

    #[test]
    fn numbers_are_exact() {
        assert_eq!((units("-12.5"), units("3"), units("0.00000001")), (-1_250_000_000, 300_000_000, 1));
    }
}
