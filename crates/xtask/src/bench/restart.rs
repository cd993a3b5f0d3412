//! The start after a kill -9, with a hundred thousand rows of orders and fills in `state.db`, at the synthetic venue over a
//! WebSocket: from the call that starts the program to systemd's READY=1.
//!
//! The rows are made by trading: one strategy answers every trade with an order, another one keeps quotes in the book. Each
//! start of the measurement trades until it is killed, with orders in flight.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags};

use crate::figures::{Numbers, Spread};
use crate::live::{Venue, VenuePrograms};
use crate::workspace::Workspace;

/// Rows of orders and fills, at least.
const ROWS: u64 = 100_000;
const STARTS: usize = 9;
const RATE: u32 = 400;
/// Between READY=1 and the kill.
const TRADING: Duration = Duration::from_millis(300);
const STRATEGIES: &str = "[[strategy]]\nplugin = \"every\"\nconfig = { every = 1 }\n\
     [[strategy]]\nplugin = \"market-maker\"\n\
     config = { quantity = 10, spread_ticks = 2, requote_ticks = 1, max_position = 500 }\n";

/// Measures, prints, and writes the numbers to a file.
pub(super) fn measure(workspace: &Workspace, numbers: &Path) -> Result<()> {
    let programs = VenuePrograms::build(workspace)?;
    let folder = numbers.parent().context("numbers lie in a folder")?.join("restart");
    let venue = Venue::start(&folder, &programs, RATE, STRATEGIES)?;
    let mut trader = venue.trade()?;
    let empty_ms = trader.ready.as_secs_f64() * 1e3;
    trader.wait(|_| Ok((rows(&venue.database())? >= ROWS).then_some(())))?;
    drop(trader);
    let (mut ready, mut parts) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let trader = venue.trade()?;
        ready.push(trader.ready.as_secs_f64() * 1e3);
        parts.push(trader.scrape()?.by_label("stratd_start_seconds"));
        thread::park_timeout(TRADING);
    }
    let all = rows(&venue.database())?;
    let mut report = Numbers::default();
    report.count("restart.rows", all);
    report.add("restart.ready_ms_empty", empty_ms);
    println!("{all} rows of orders and fills; the first start, with none, took {empty_ms:.0} ms");
    println!("{:<28}{:>30}", "start after kill -9, ms", "median [lowest to highest]");
    let names: Vec<String> = parts.first().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    ensure!(!names.is_empty(), "/v1/metrics has no parts of the start");
    let mut tell = |name: &str, values: &[f64]| -> Result<()> {
        let spread = Spread::of(values)?;
        println!("{name:<28}{:>30}", spread.text());
        report.add(format!("restart.{name}_ms"), spread.median);
        report.add(format!("restart.{name}_ms_min"), spread.min);
        report.add(format!("restart.{name}_ms_max"), spread.max);
        Ok(())
    };
    tell("ready", &ready)?;
    let mut rest = ready.clone();
    for name in names {
        let of = |one: &Vec<(String, f64)>| {
            one.iter().find(|(known, _)| *known == name).map(|(_, seconds)| seconds * 1e3)
        };
        let values: Option<Vec<f64>> = parts.iter().map(of).collect();
        let values = values.with_context(|| format!("a start without the part {name}"))?;
        rest.iter_mut().zip(&values).for_each(|(rest, value)| *rest -= value);
        tell(&name, &values)?;
    }
    // the kernel and the loader before `main`, and the way of READY=1
    tell("outside", &rest)?;
    report.write(numbers)
}

fn rows(database: &Path) -> Result<u64> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(database, flags)
        .with_context(|| format!("opening {}", database.display()))?;
    database.busy_timeout(Duration::from_secs(10))?;
    let count = "SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM fills)";
    database.query_row(count, [], |row| row.get(0)).context("counting rows")
}
