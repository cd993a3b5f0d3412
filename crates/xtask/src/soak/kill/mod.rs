//! The daemon is killed with -9 at random moments while two strategies trade at a venue that is a process of its own.
//!
//! After each kill the daemon is started again, trading is halted, and everything that both sides know is compared:
//! orders, fills, positions and cash of `state.db`, the daemon's answers, and the venue's. Then trading goes on until the
//! next kill. What was in flight at a kill is read from `state.db` and the venue between the kill and the start: so the
//! numbers say how often each phase was hit.

mod bed;
mod truth;
mod venue;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use self::bed::{Bed, Driven};
use self::truth::{Found, Truth};
use crate::figures::{Numbers, Sample};
use crate::live::now;
use crate::workspace::Workspace;
use crate::{TaskResult, usage_error};

const COUNT: u64 = 1_000;
/// After a thousand crashes, strategies are quarantined whatever is configured.
const COUNT_MAX: u64 = 1_000;
const SEED: u64 = 1;
/// A kill with its start and its comparison takes no longer.
const TIME_PER_KILL: Duration = Duration::from_secs(60);
/// Trading between a start and its kill, in ms.
const TRADING_MS: (u64, u64) = (20, 1_500);
/// After every so manieth kill the daemon is killed again before it trades: a second recovery changes nothing.
const TWICE_EVERY: u64 = 5;
/// Between a command and its kill, in microseconds.
const COMMAND_US: u64 = 30_000;

struct Options {
    count: u64,
    seed: u64,
    out: PathBuf,
}

/// What all kills came to.
#[derive(Default)]
struct Tally {
    lost: u64,
    duplicates: u64,
    mismatches: u64,
    with_orders_in_flight: u64,
    /// How often everything was taken up a second time, with nothing in between.
    twice: u64,
    phases: BTreeMap<&'static str, u64>,
    restart_ms: Sample,
}

impl Tally {
    fn add(&mut self, found: &Found) {
        self.lost += found.lost;
        self.mismatches += found.mismatches;
        self.duplicates += found.duplicates;
    }
}

/// The soak `kill`.
pub(super) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let mut options = Options { count: COUNT, seed: SEED, out: workspace.soak_results().join("kill.json") };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut number = |least: u64, most: u64| -> Result<u64> {
            let given = arguments.next().map_or("nothing", String::as_str);
            let number = given.parse().ok().filter(|number| (least..=most).contains(number));
            number.with_context(|| format!("{argument} is {given} (expected {least} to {most})"))
        };
        match argument.as_str() {
            "--count" => options.count = number(1, COUNT_MAX)?,
            "--seed" => options.seed = number(0, u64::MAX)?,
            "--out" => {
                let file = arguments.next().context("--out has no file")?;
                options.out = std::env::current_dir()?.join(file);
            }
            other => return Ok(usage_error("soak", other)),
        }
    }
    let folder = workspace.soak_results().join("kill");
    let mut bed = Bed::prepare(workspace, &folder, options.seed)?;
    let tally = soak(&mut bed, &options)?;
    numbers(&options, &tally).write(&options.out)?;
    let has_passed = tally.lost + tally.duplicates + tally.mismatches == 0;
    println!(
        "{} kills, {} with orders in flight: {} orders lost, {} sent twice, {} mismatches; phases: {}",
        options.count,
        tally.with_orders_in_flight,
        tally.lost,
        tally.duplicates,
        tally.mismatches,
        tally.phases.iter().map(|(phase, count)| format!("{phase} {count}")).collect::<Vec<_>>().join(", "),
    );
    eprintln!("numbers in {}", options.out.display());
    if !has_passed {
        eprintln!("again: cargo xtask soak kill --count {} --seed {}", options.count, options.seed);
        eprintln!("logs and state.db are in {}", folder.display());
    }
    Ok(if has_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn soak(bed: &mut Bed, options: &Options) -> Result<Tally> {
    let mut random = Random(options.seed);
    let mut tally = Tally::default();
    let mut truth = Truth::default();
    bed.start(deadline()).context("the first start")?;
    for kill in 1..=options.count {
        let context = || format!("kill {kill} of seed {}", options.seed);
        bed.release().with_context(context)?;
        std::thread::park_timeout(Duration::from_millis(random.between(TRADING_MS)));
        // every other kill falls into a command
        let driven = match random.below(4) {
            0 => Some(Driven::Swap),
            1 => Some(Driven::Config),
            _ => None,
        };
        let was_under_way = bed.kill(driven, Duration::from_micros(random.below(COMMAND_US)))?;
        for phase in truth.phases(bed).with_context(context)? {
            *tally.phases.entry(phase).or_default() += 1;
        }
        if let Some(driven) = driven.filter(|_| was_under_way) {
            *tally.phases.entry(driven.phase()).or_default() += 1;
        }
        tally.with_orders_in_flight += u64::from(truth.had_orders_in_flight());
        let began = now();
        bed.start(deadline()).with_context(context)?;
        tally.restart_ms.add(began.elapsed().as_secs_f64() * 1_000.0);
        bed.halt().with_context(context)?;
        let found = truth.compare(bed, deadline()).with_context(context)?;
        for complaint in &found.complaints {
            eprintln!("xtask soak kill: kill {kill}: {complaint}");
        }
        tally.add(&found);
        if kill % TWICE_EVERY == 0 {
            let again = truth.twice(bed, deadline()).with_context(context)?;
            for complaint in &again.complaints {
                eprintln!("xtask soak kill: kill {kill}, taken up a second time: {complaint}");
            }
            tally.add(&again);
            tally.twice += 1;
        }
        if kill % 50 == 0 {
            eprintln!("{kill} kills");
        }
    }
    bed.end()?;
    Ok(tally)
}

fn numbers(options: &Options, tally: &Tally) -> Numbers {
    let mut numbers = Numbers::default();
    for (name, count) in [
        ("count", options.count),
        ("seed", options.seed),
        ("lost_orders", tally.lost),
        ("duplicate_orders", tally.duplicates),
        ("mismatches", tally.mismatches),
        ("with_orders_in_flight", tally.with_orders_in_flight),
        ("recovered_twice", tally.twice),
    ] {
        numbers.count(format!("kill.{name}"), count);
    }
    for (phase, count) in &tally.phases {
        numbers.count(format!("kill.phase_{phase}"), *count);
    }
    numbers.spread("kill.restart_ms", "", &tally.restart_ms);
    numbers
}

fn deadline() -> Instant {
    now() + TIME_PER_KILL
}

/// SplitMix64: one word of state, equal seeds give equal kills.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }

    fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        least + self.below(most - least + 1)
    }
}
