//! From a tick to its order: the daemon trades at the synthetic venue over a WebSocket, on this machine, and a strategy
//! answers every fifth trade with an order. What the daemon measures of it (`stratd_order_path_seconds`) is told in parts,
//! beside what the disk, SQLite and a socket need alone.
//!
//! Then the strategy answers every trade, its own executions included, so that orders circulate: how many go through, how
//! many share a commit, and what one costs the thread of the event loop, with the trade that it answers and its reports.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::order_limits::Limits;
use crate::figures::{Numbers, Sample, Spread};
use crate::live::{Histogram, Trader, Venue, VenuePrograms, now};
use crate::workspace::Workspace;

const ROUNDS: usize = 3;
/// Actions at the venue per second, about a third of which trade.
const RATE: u32 = 400;
/// Orders of a round whose ways are measured, and before them.
const ORDERS: f64 = 600.0;
const WARM_UP: f64 = 50.0;
/// How long orders circulate, and before that.
const BUSY: Duration = Duration::from_secs(4);
const BUSY_WARM_UP: Duration = Duration::from_secs(2);

const PATH: &str = "stratd_order_path_seconds";
const NEW_ORDERS: &str = "stratd_order_requests_total{request=\"new\"}";
const PARTS: [(&str, &str); 7] = [
    ("receive", "connector has the trade → event loop"),
    ("engine", "event loop → past risk"),
    ("commit", "past risk → on the disk, and known"),
    ("send", "known → connector has the order"),
    ("tick_to_order", "all of these"),
    ("arrive", "connector has the order → the venue's time"),
    ("answer", "connector has the order → its report in the loop"),
];

/// Measures, prints, and writes the numbers to a file.
pub(super) fn measure(workspace: &Workspace, numbers: &Path) -> Result<()> {
    let programs = VenuePrograms::build(workspace)?;
    let folder = numbers.parent().context("numbers lie in a folder")?.join("orders");
    let mut rounds: Vec<Vec<Histogram>> = Vec::new();
    let mut busy: Vec<Busy> = Vec::new();
    let mut limits: Vec<Limits> = Vec::new();
    for _ in 0..ROUNDS {
        let (desk, bare) = (folder.join("desk"), folder.join("bare"));
        limits.push(Limits::measure(&bare)?);
        rounds.push(paced(&Venue::start(&desk, &programs, RATE, &every(5))?)?);
        busy.push(circulating(&Venue::start(&desk, &programs, RATE, &every(1))?)?);
    }
    let mut report = Numbers::default();
    println!("{:<50}{:>9}{:>22}{:>9}{:>22}", "one order at a time, µs", "p50", "rounds", "p99", "rounds");
    for (at, (part, words)) in PARTS.iter().enumerate() {
        let column = |percent: f64| -> Result<Spread> {
            let figure = |round: &Vec<Histogram>| {
                round.get(at).and_then(|histogram| histogram.percentile(percent)).map(|s| s * 1e6)
            };
            let all: Option<Vec<f64>> = rounds.iter().map(figure).collect();
            Spread::of(&all.with_context(|| format!("no order has a part {part}"))?)
        };
        row(&mut report, (part, &format!("{part}: {words}")), &column(50.0)?, &column(99.0)?);
    }
    let bare = |name: &str, words: &str, of: fn(&Limits) -> &Sample, report: &mut Numbers| -> Result<()> {
        let column = |percent: usize| -> Result<Spread> {
            let all: Option<Vec<f64>> = limits.iter().map(|one| of(one).percentile(percent)).collect();
            Spread::of(&all.context("nothing was measured")?)
        };
        row(report, (name, words), &column(50)?, &column(99)?);
        Ok(())
    };
    bare(
        "limit_fdatasync",
        "alone: write and fdatasync of a row's bytes",
        |one| &one.fdatasync,
        &mut report,
    )?;
    bare("limit_sqlite", "alone: a row in a transaction of SQLite", |one| &one.sqlite, &mut report)?;
    bare("limit_echo", "alone: a WebSocket's text and its echo", |one| &one.echo, &mut report)?;
    throughput(&mut report, &busy)?;
    report.write(numbers)
}

fn every(trades: u32) -> String {
    format!("[[strategy]]\nplugin = \"every\"\nconfig = {{ every = {trades} }}\n")
}

fn row(report: &mut Numbers, (name, words): (&str, &str), p50: &Spread, p99: &Spread) {
    let range = |spread: &Spread| format!("[{:.0} to {:.0}]", spread.min, spread.max);
    println!("{words:<50}{:>9.0}{:>22}{:>9.0}{:>22}", p50.median, range(p50), p99.median, range(p99));
    for (which, spread) in [("p50", p50), ("p99", p99)] {
        report.add(format!("orders.{name}_us_{which}"), spread.median);
        report.add(format!("orders.{name}_us_{which}_min"), spread.min);
        report.add(format!("orders.{name}_us_{which}_max"), spread.max);
    }
}

/// The ways of some hundred orders, part by part.
fn paced(venue: &Venue) -> Result<Vec<Histogram>> {
    let mut trader = venue.trade()?;
    let parts = |trader: &Trader| -> Result<Vec<Histogram>> {
        let scrape = trader.scrape()?;
        PARTS.iter().map(|(part, _)| scrape.histogram(PATH, Some(part))).collect()
    };
    let orders = |trader: &Trader| trader.scrape()?.value(NEW_ORDERS);
    trader.wait(|trader| Ok((orders(trader)? >= WARM_UP).then_some(())))?;
    let before = parts(&trader)?;
    // looks are few: each is a request that the daemon answers beside its work
    let goal = orders(&trader)? + ORDERS;
    loop {
        thread::park_timeout(Duration::from_secs(1));
        if trader.wait(|trader| orders(trader).map(Some))? >= goal {
            break;
        }
    }
    let after = parts(&trader)?;
    Ok(after.iter().zip(&before).map(|(after, before)| after.since(before)).collect())
}

/// What a time of circulating orders gave.
struct Busy {
    orders_per_second: f64,
    commits_per_second: f64,
    loop_us: f64,
    path: Histogram,
}

fn circulating(venue: &Venue) -> Result<Busy> {
    let trader = venue.trade()?;
    thread::park_timeout(BUSY_WARM_UP);
    let look = || -> Result<_> {
        let scrape = trader.scrape()?;
        let commits = scrape.histogram("stratd_store_commit_seconds", None)?.count();
        let path = scrape.histogram(PATH, Some("tick_to_order"))?;
        Ok((now(), scrape.value(NEW_ORDERS)?, commits, trader.loop_ns()?, path))
    };
    let (began, orders, commits, loop_ns, path) = look()?;
    thread::park_timeout(BUSY);
    let (ended, orders_then, commits_then, loop_ns_then, path_then) = look()?;
    let seconds = ended.duration_since(began).as_secs_f64();
    let count = orders_then - orders;
    Ok(Busy {
        orders_per_second: count / seconds,
        commits_per_second: (commits_then - commits) / seconds,
        loop_us: (loop_ns_then - loop_ns) / count / 1e3,
        path: path_then.since(&path),
    })
}

fn throughput(report: &mut Numbers, busy: &[Busy]) -> Result<()> {
    println!("\nas many orders as go through, {} rounds of {} s", busy.len(), BUSY.as_secs());
    let tick_to_order =
        |percent: f64| move |one: &Busy| one.path.percentile(percent).unwrap_or(f64::NAN) * 1e6;
    let columns: [(&str, &str, Box<dyn Fn(&Busy) -> f64>); 6] = [
        ("per_second", "orders per second", Box::new(|one| one.orders_per_second)),
        ("commits_per_second", "commits per second", Box::new(|one| one.commits_per_second)),
        ("per_commit", "orders per commit", Box::new(|one| one.orders_per_second / one.commits_per_second)),
        ("loop_us", "µs of the event loop's processor per order", Box::new(|one| one.loop_us)),
        ("busy_tick_to_order_us_p50", "tick to order meanwhile, p50, µs", Box::new(tick_to_order(50.0))),
        ("busy_tick_to_order_us_p99", "tick to order meanwhile, p99, µs", Box::new(tick_to_order(99.0))),
    ];
    for (name, words, of) in columns {
        let spread = Spread::of(&busy.iter().map(of).collect::<Vec<_>>())?;
        println!("{words:<50}{}", spread.text());
        report.add(format!("orders.{name}"), spread.median);
        report.add(format!("orders.{name}_min"), spread.min);
        report.add(format!("orders.{name}_max"), spread.max);
    }
    Ok(())
}
