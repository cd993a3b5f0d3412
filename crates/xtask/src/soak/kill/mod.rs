//! The daemon is killed with -9 at random moments while two strategies trade at a venue that is a process of its own.
//!
//! After each kill the daemon is started again, trading is halted, and everything that both sides know is compared:
//! orders, fills, positions and cash of `state.db`, the daemon's answers, and the venue's; and what the strategies say of
//! the state that they go on from, with what was saved. Then trading goes on until the next kill. What was in flight at a
//! kill is told by what is found after it (`aim`): so the numbers say how often each phase was hit.

mod aim;
mod bed;
mod disk;
mod ours;
mod random;
mod resumed;
mod truth;
mod venue;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use self::aim::{Left, PHASES};
use self::bed::Bed;
use self::random::Random;
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
const TRADING_MS: (u64, u64) = (20, 700);
/// After every so manieth kill the daemon is killed again before it trades: a second recovery changes nothing.
const TWICE_EVERY: u64 = 5;
/// After every so manieth kill, and at the end, everything is compared that ever was.
const ALL_EVERY: u64 = 50;

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
    /// Of these: the venue told nothing meanwhile, so that all rows had to be equal.
    twice_equal: u64,
    /// Kills that found orders in flight, by what was under way.
    phases: BTreeMap<&'static str, u64>,
    /// The states that strategies went on from.
    states: u64,
    /// Of a kill: trading until it, from it to a daemon that trades, the comparison.
    restart_ms: Sample,
    compare_ms: Sample,
    kill_ms: Sample,
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
    eprintln!("{} kills, seed {}", options.count, options.seed);
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
        phases_in_words(&tally),
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
        let began = now();
        cycle(bed, (&mut truth, &mut tally, &mut random), (kill, options.count))
            .with_context(|| format!("kill {kill} of seed {}", options.seed))?;
        tally.kill_ms.add(began.elapsed().as_secs_f64() * 1_000.0);
        if kill % ALL_EVERY == 0 {
            eprintln!("{kill} kills: {}", phases_in_words(&tally));
        }
    }
    bed.end()?;
    Ok(tally)
}

fn cycle(
    bed: &mut Bed,
    (truth, tally, random): (&mut Truth, &mut Tally, &mut Random),
    (kill, count): (u64, u64),
) -> Result<()> {
    bed.release()?;
    std::thread::park_timeout(Duration::from_millis(random.between(TRADING_MS)));
    // every other kill is aimed at what was hit least
    let hits = |phase: &&&str| tally.phases.get(**phase).copied().unwrap_or_default();
    let aim = PHASES.iter().min_by_key(hits).copied().filter(|_| random.below(2) == 0);
    let seen = aim::kill(bed, aim, random)?;
    let left = Left::look(bed, seen, truth)?;
    let began = now();
    bed.start(deadline())?;
    tally.restart_ms.add(began.elapsed().as_secs_f64() * 1_000.0);
    bed.halt()?;
    let began = now();
    if kill % ALL_EVERY == 0 || kill == count {
        truth.compare_all();
    }
    let mut found = truth.compare(bed, deadline())?;
    tally.states += resumed::check(bed, &left.states, deadline(), &mut found)?;
    tally.compare_ms.add(began.elapsed().as_secs_f64() * 1_000.0);
    let had_orders_in_flight = left.had_orders_in_flight();
    tally.with_orders_in_flight += u64::from(had_orders_in_flight);
    for phase in left.phases(truth).into_iter().filter(|_| had_orders_in_flight) {
        *tally.phases.entry(phase).or_default() += 1;
    }
    if kill % TWICE_EVERY == 0 {
        tally.twice += 1;
        tally.twice_equal += u64::from(twice(bed, truth, &mut found)?);
    }
    for complaint in &found.complaints {
        eprintln!("xtask soak kill: kill {kill}, aimed at {}: {complaint}", aim.unwrap_or("nothing"));
    }
    tally.add(&found);
    Ok(())
}

/// Kills the daemon, which trades nothing, and starts it again: both sides agree as before, and no row is another one.
/// Whether nothing was told meanwhile.
fn twice(bed: &mut Bed, truth: &mut Truth, found: &mut Found) -> Result<bool> {
    let before = truth.last;
    bed.kill()?;
    drop(ours::copy_of(bed)?);
    bed.start(deadline())?;
    bed.halt()?;
    // if nothing was filled until both sides agree, nothing was when the rows were read before that
    let before_that = ours::other_rows(&ours::live(bed)?, &ours::copied(bed), true)?;
    let again = truth.compare(bed, deadline())?;
    let is_quiet = truth.last == before;
    let others =
        if is_quiet { before_that } else { ours::other_rows(&ours::live(bed)?, &ours::copied(bed), false)? };
    found.lost += again.lost;
    found.duplicates += again.duplicates;
    found.mismatches += again.mismatches;
    found.complaints.extend(again.complaints);
    if let Some(first) = others.first() {
        found.differs(format!("taken up a second time: {} other rows, for instance {first}", others.len()));
    }
    Ok(is_quiet)
}

fn phases_in_words(tally: &Tally) -> String {
    let words = tally.phases.iter().map(|(phase, count)| format!("{phase} {count}"));
    words.collect::<Vec<_>>().join(", ")
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
        ("recovered_twice_equal", tally.twice_equal),
        ("states_resumed", tally.states),
    ] {
        numbers.count(format!("kill.{name}"), count);
    }
    for phase in PHASES.iter().chain(&["fill_to_commit"]) {
        let count = tally.phases.get(phase).copied().unwrap_or_default();
        numbers.count(format!("kill.phase_{phase}"), count);
    }
    numbers.spread("kill.restart_ms", "", &tally.restart_ms);
    numbers.spread("kill.compare_ms", "", &tally.compare_ms);
    numbers.spread("kill.kill_ms", "", &tally.kill_ms);
    numbers
}

fn deadline() -> Instant {
    now() + TIME_PER_KILL
}
