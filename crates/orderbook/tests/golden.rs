//! The golden rows, each run on the fast book and on its naive twin.
//!
//! A test without the usual harness, so that its last line is always seen:
//! `golden: N rows passed, M excluded (reason: count, …)`. A row that fails names itself.

#[path = "support/pair.rs"]
mod pair;

use std::{
    collections::BTreeMap,
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
};

use serde_json::Value;
use stratd_orderbook::{
    BookConfig, Event, EventKind, Execution, NewOrder, NewStop, Operation, Order, OrderId,
};
use stratd_plugin_api::{Decimal, NumberErrorKind, OrderFlags, Price, Quantity, Reason, Side};

use pair::Pair;

/// The rows are on a grid of 1e-4 and 1e-8. They are read two and one decimals finer, so that numbers off the grid
/// reach the book and are refused by it.
const PRICE_DECIMALS: u8 = 6;
const QUANTITY_DECIMALS: u8 = 9;

fn config() -> Result<BookConfig, String> {
    BookConfig::new(Price::new(100), Quantity::new(10)).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let rows = match read_rows() {
        Ok(rows) => rows,
        Err(error) => {
            println!("golden: reading the rows: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (mut passed, mut failed) = (0, 0);
    let mut excluded: BTreeMap<&'static str, usize> = BTreeMap::new();
    for (name, row) in &rows {
        // an assertion of the pair must not hide which row it was
        let outcome = catch_unwind(AssertUnwindSafe(|| run_row(row)))
            .unwrap_or_else(|_| Err(Failure::Wrong("an assertion failed, see above".to_owned())));
        match outcome {
            Ok(()) => passed += 1,
            Err(Failure::Excluded(reason)) => *excluded.entry(reason).or_default() += 1,
            Err(Failure::Wrong(difference)) => {
                failed += 1;
                println!("golden: row {name} failed: {difference}");
            }
        }
    }
    if failed > 0 {
        println!("golden: {failed} rows failed");
    }
    let count: usize = excluded.values().sum();
    let reasons: Vec<String> = excluded.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    println!("golden: {passed} rows passed, {count} excluded{reasons}");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Name and content of every row in every file of the folder.
fn read_rows() -> io::Result<Vec<(String, Value)>> {
    let root = std::env::var_os("STRATD_GOLDENS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden")),
        PathBuf::from,
    );
    let mut paths: Vec<PathBuf> =
        fs::read_dir(root.join("orderbook"))?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let mut rows = Vec::new();
    for path in paths {
        for (index, line) in fs::read_to_string(&path)?.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let row: Value = serde_json::from_str(line)?;
            let place = format!("{}:{}", path.display(), index + 1);
            let name = row["name"].as_str().map_or(place.clone(), |name| format!("{name} ({place})"));
            rows.push((name, row));
        }
    }
    Ok(rows)
}

enum Failure {
    /// The row asks for something that this book leaves out on purpose.
    Excluded(&'static str),
    Wrong(String),
}

/// What a row tells or expects of one order: its status word and filled quantity.
type Statuses = BTreeMap<String, (&'static str, i64)>;

/// What running a row came to, in the words of the row.
#[derive(Default)]
struct Seen {
    ids: Ids,
    fills: Vec<Vec<(String, String, i64, i64)>>,
    rejections: Vec<(usize, &'static str)>,
    statuses: Statuses,
}

fn run_row(row: &Value) -> Result<(), Failure> {
    let mut pair = Pair::new(config().map_err(Failure::Wrong)?);
    let mut seen = Seen::default();
    for (index, operation) in list(&row["operations"])?.iter().enumerate() {
        let outcome = match parse_operation(operation, &mut seen.ids)? {
            Ok(operation) => pair.apply(operation).map(<[Event]>::to_vec).map_err(code),
            Err(refused) => Err(refused),
        };
        match outcome {
            Ok(events) => seen.note(&events),
            Err(code) => {
                seen.rejections.push((index, code));
                seen.fills.push(Vec::new());
            }
        }
    }
    compare(row, &pair, &seen)
}

fn compare(row: &Value, pair: &Pair, seen: &Seen) -> Result<(), Failure> {
    let expected = &row["expected"];
    for (index, fills) in list(&expected["fills_by_operation"])?.iter().enumerate() {
        let wanted = list(fills)?
            .iter()
            .map(|fill| Ok((text(&fill[0])?, text(&fill[1])?, price(&fill[2])?, quantity(&fill[3])?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        same(&format!("fills of operation {index}"), seen.fills.get(index), Some(&wanted))?;
    }
    let rejections = list(&expected["rejections"])?
        .iter()
        .map(|rejection| Ok((format!("{}", rejection[0]), text(&rejection[1])?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let refused: Vec<_> =
        seen.rejections.iter().map(|(index, code)| (index.to_string(), (*code).to_owned())).collect();
    same("rejections", &refused, &rejections)?;

    let levels = |side| levels_of(pair, side, &seen.ids);
    same("bids", levels(Side::Buy), expected_levels(&expected["levels"]["bids"])?)?;
    same("asks", levels(Side::Sell), expected_levels(&expected["levels"]["asks"])?)?;

    let Some(orders) = expected["orders"].as_object() else { return wrong("no expected orders") };
    let orders = orders
        .iter()
        .map(|(id, order)| Ok((id.clone(), (text(&order["status"])?, quantity(&order["filled"])?))))
        .collect::<Result<BTreeMap<_, _>, Failure>>()?;
    let statuses: BTreeMap<_, _> = seen
        .statuses
        .iter()
        .map(|(id, (status, filled))| (id.clone(), ((*status).to_owned(), *filled)))
        .collect();
    same("orders", statuses, orders)
}

impl Seen {
    /// Follows the orders through their events alone, as a user of the book would.
    fn note(&mut self, events: &[Event]) {
        let mut fills = Vec::new();
        let mut maker = None;
        for event in events {
            match event.kind {
                EventKind::Open { order } | EventKind::Change { order, last: None } => {
                    self.set(&order, "open")
                }
                EventKind::Change { order, last: Some(last) } => {
                    self.set(&order, "open");
                    self.pair_up(order.id, last, &mut maker, &mut fills);
                }
                EventKind::Fill { order, last } => {
                    self.set(&order, "filled");
                    self.pair_up(order.id, last, &mut maker, &mut fills);
                }
                EventKind::Cancel { order, .. } => self.set(&order, "cancelled"),
                EventKind::Trade(_) => {}
                EventKind::StopOpen { stop } | EventKind::StopChange { stop } => {
                    self.set_stop(stop.id, "stop")
                }
                EventKind::StopTrigger { stop } => self.set_stop(stop.id, "triggered"),
                EventKind::StopCancel { stop, .. } => self.set_stop(stop.id, "cancelled"),
            }
        }
        self.fills.push(fills);
    }

    /// The events of a match come in pairs: the maker's, then the taker's.
    fn pair_up(
        &self,
        id: OrderId,
        last: Execution,
        maker: &mut Option<OrderId>,
        fills: &mut Vec<(String, String, i64, i64)>,
    ) {
        match maker.take() {
            None => *maker = Some(id),
            Some(maker) => {
                let names = (self.ids.name(maker), self.ids.name(id));
                fills.push((names.0, names.1, last.price.get(), last.quantity.get()));
            }
        }
    }

    fn set(&mut self, order: &Order, status: &'static str) {
        self.statuses.insert(self.ids.name(order.id), (status, order.filled.get()));
    }

    fn set_stop(&mut self, id: OrderId, status: &'static str) {
        self.statuses.insert(self.ids.name(id), (status, 0));
    }
}

/// The rows name orders by text, the book by number.
#[derive(Default)]
struct Ids(Vec<String>);

impl Ids {
    fn number(&mut self, name: &str) -> OrderId {
        let position = self.0.iter().position(|known| known == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        OrderId(position as u64)
    }

    fn name(&self, id: OrderId) -> String {
        usize::try_from(id.0).ok().and_then(|index| self.0.get(index)).cloned().unwrap_or_default()
    }
}

/// An operation of the book, or the code with which the boundary refuses what the book's types cannot express.
fn parse_operation(operation: &Value, ids: &mut Ids) -> Result<Result<Operation, &'static str>, Failure> {
    let order = &operation["order"];
    let id = ids.number(&text(&order["id"])?);
    let parsed = match text(&operation["op"])?.as_str() {
        "cancel" => Ok(Operation::Cancel(id)),
        "change" => parse_numbers(order).map(|(price, quantity)| Operation::Change {
            id,
            price: price.unwrap_or_default(),
            quantity,
        }),
        "add" if order["type"] == "STOP" => return parse_stop(id, order, ids),
        "add" => parse_order(order, ids).map(Operation::Add),
        other => return wrong(&format!("unknown operation {other}")),
    };
    refused(parsed)
}

fn parse_stop(id: OrderId, order: &Value, ids: &mut Ids) -> Result<Result<Operation, &'static str>, Failure> {
    let parsed = parse_numbers(order).and_then(|(stop_price, quantity)| {
        let (target, side) = (&order["target"], parse_side(order)?);
        // a stop without a quantity, and with a target that is no stop, is what the types say
        if !quantity.is_zero() || !target.is_object() || target["type"] == "STOP" {
            return Err(Unusable::Refused("bad_stop"));
        }
        let target = parse_order(target, ids)?;
        Ok(Operation::AddStop(NewStop { side, ..NewStop::new(id, stop_price.unwrap_or_default(), target) }))
    });
    refused(parsed)
}

/// Why a piece of a row is not an operation.
enum Unusable {
    Refused(&'static str),
    Failure(Failure),
}

impl From<Failure> for Unusable {
    fn from(failure: Failure) -> Self {
        Unusable::Failure(failure)
    }
}

fn refused<T>(parsed: Result<T, Unusable>) -> Result<Result<T, &'static str>, Failure> {
    match parsed {
        Ok(parsed) => Ok(Ok(parsed)),
        Err(Unusable::Refused(code)) => Ok(Err(code)),
        Err(Unusable::Failure(failure)) => Err(failure),
    }
}

fn parse_order(order: &Value, ids: &mut Ids) -> Result<NewOrder, Unusable> {
    let id = ids.number(&text(&order["id"])?);
    let side = parse_side(order)?;
    let (price, quantity) = parse_numbers(order)?;
    let new = match text(&order["type"])?.as_str() {
        "LIMIT" => NewOrder::limit(id, side, quantity, price.unwrap_or_default()),
        "MARKET" => {
            let market = NewOrder::market(id, side, quantity);
            price.map_or(market, |price| market.price(price))
        }
        other => return Err(Failure::Wrong(format!("unknown type {other}")).into()),
    };
    let flags = match order["flag"].as_str() {
        None | Some("NONE") => OrderFlags::NONE,
        Some("FILL_OR_KILL") => OrderFlags::FILL_OR_KILL,
        Some("ALL_OR_NONE") => OrderFlags::ALL_OR_NONE,
        Some("IMMEDIATE_OR_CANCEL") => OrderFlags::IMMEDIATE_OR_CANCEL,
        Some(other) => return Err(Failure::Wrong(format!("unknown flag {other}")).into()),
    };
    Ok(new.flags(flags))
}

fn parse_side(order: &Value) -> Result<Side, Unusable> {
    match text(&order["side"])?.as_str() {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        other => Err(Failure::Wrong(format!("unknown side {other}")).into()),
    }
}

fn parse_numbers(order: &Value) -> Result<(Option<Price>, Quantity), Unusable> {
    let price = match &order["price"] {
        Value::Null => None,
        number => Some(Price::new(scaled(number, PRICE_DECIMALS)?)),
    };
    Ok((price, Quantity::new(scaled(&order["volume"], QUANTITY_DECIMALS)?)))
}

/// A number in units of the finer grid. A float stands for its shortest text.
fn scaled(number: &Value, decimals: u8) -> Result<i64, Unusable> {
    let decimal: Decimal =
        number.to_string().parse().map_err(|error| Failure::Wrong(format!("{number}: {error}")))?;
    decimal.scaled(decimals).map_err(|error| match error.kind() {
        NumberErrorKind::OffGrid => Unusable::Refused("off_grid"),
        _ => Failure::Excluded("number beyond 64 bits").into(),
    })
}

fn price(number: &Value) -> Result<i64, Failure> {
    expected_number(number, PRICE_DECIMALS)
}

fn quantity(number: &Value) -> Result<i64, Failure> {
    expected_number(number, QUANTITY_DECIMALS)
}

fn expected_number(number: &Value, decimals: u8) -> Result<i64, Failure> {
    scaled(number, decimals).map_err(|unusable| match unusable {
        Unusable::Refused(_) => Failure::Wrong(format!("the expected {number} is off the grid")),
        Unusable::Failure(failure) => failure,
    })
}

/// The words of the rows for the reasons of the book.
fn code(reason: Reason) -> &'static str {
    match reason {
        Reason::OffTick | Reason::OffLot => "off_grid",
        Reason::BadQuantity => "bad_volume",
        Reason::BadOrder => "bad_stop",
        other => other.name(),
    }
}

/// Price, quantity and queue of each level of a side, best first.
type LevelRows = Vec<(i64, i64, Vec<(String, i64)>)>;

fn levels_of(pair: &Pair, side: Side, ids: &Ids) -> LevelRows {
    let levels = pair.fast.levels(usize::MAX);
    let levels = match side {
        Side::Buy => levels.bids,
        Side::Sell => levels.asks,
    };
    let queue = |price| {
        pair.fast.orders_at(side, price).map(|order| (ids.name(order.id), order.remaining().get())).collect()
    };
    levels.iter().map(|level| (level.price.get(), level.quantity.get(), queue(level.price))).collect()
}

fn expected_levels(levels: &Value) -> Result<LevelRows, Failure> {
    list(levels)?
        .iter()
        .map(|level| {
            let queue = list(&level[2])?
                .iter()
                .map(|order| Ok((text(&order[0])?, quantity(&order[1])?)))
                .collect::<Result<Vec<_>, Failure>>()?;
            Ok((price(&level[0])?, quantity(&level[1])?, queue))
        })
        .collect()
}

fn list(value: &Value) -> Result<&Vec<Value>, Failure> {
    value.as_array().ok_or_else(|| Failure::Wrong(format!("expected a list, found {value}")))
}

fn text(value: &Value) -> Result<String, Failure> {
    value.as_str().map(str::to_owned).ok_or_else(|| Failure::Wrong(format!("expected a text, found {value}")))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    wrong(&format!("{what}: found {found:?}, expected {expected:?}"))
}

fn wrong<T>(difference: &str) -> Result<T, Failure> {
    Err(Failure::Wrong(difference.to_owned()))
}
