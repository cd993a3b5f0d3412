//! Two builds of a strategy take turns while a synthetic exchange trades at full speed.
//!
//! The main run has one daemon and three sizes of state, a third of the reloads each: the strategy itself changes the
//! size with a restore. Most reloads are commands; every 20th is a file that is put in place and nothing else, so that
//! the watcher finds it. A second, shorter run has `isolation = "thread"` and `unload = "try"`, for its memory.
//!
//! What was lost, duplicated or reordered is read from the sequence numbers in the carried state.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use stratd_control::Plugin;

use crate::figures::{Numbers, Sample};
use crate::live::{Memory, Programs, Sandbox, Settings, Tally, now};
use crate::workspace::Workspace;
use crate::{TaskResult, usage_error};

const COUNT: u64 = 1_000;
const COUNT_MAX: u64 = 10_000;
/// Actions per second: about 2.3 events each.
const RATE: u32 = 100_000;
const RATE_MAX: u32 = 1_000_000;
/// Every so manieth reload is left to the watcher.
const BY_WATCHER_EVERY: u64 = 20;
/// The run that unloads has this share of the reloads.
const UNLOAD_SHARE: u64 = 5;
/// Memory counts from this reload on: before it, buffers still grow.
const WARM: u64 = 20;
/// A soak that takes longer hangs.
const TIME_LIMIT: Duration = Duration::from_secs(30 * 60);
/// The sizes of the state with their names in the numbers.
const SIZES: [(u64, &str); 3] = [(24, "24b"), (64 << 10, "64k"), (1 << 20, "1m")];

struct Options {
    count: u64,
    rate: u32,
    out: PathBuf,
}

/// The soak `reload`.
pub(super) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let mut options = Options { count: COUNT, rate: RATE, out: workspace.soak_results().join("reload.json") };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let value = |range: std::ops::RangeInclusive<u64>, text: Option<&String>| -> Result<u64> {
            let given = text.map_or("nothing", String::as_str);
            let number = given.parse().ok().filter(|number| range.contains(number));
            let (least, most) = (range.start(), range.end());
            number.with_context(|| format!("{argument} is {given} (expected {least} to {most})"))
        };
        match argument.as_str() {
            "--count" => options.count = value(3..=COUNT_MAX, arguments.next())?,
            "--rate" => options.rate = u32::try_from(value(1..=RATE_MAX.into(), arguments.next())?)?,
            "--out" => {
                let file = arguments.next().context("--out has no file")?;
                options.out = std::env::current_dir()?.join(file);
            }
            other => return Ok(usage_error("soak", other)),
        }
    }
    let programs = Programs::build(workspace)?;
    let proof = soak(workspace, &programs, &options)?;
    proof.numbers.write(&options.out)?;
    println!("{}", proof.line);
    eprintln!("numbers in {}", options.out.display());
    Ok(if proof.has_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Proof {
    numbers: Numbers,
    line: String,
    has_passed: bool,
}

fn soak(workspace: &Workspace, programs: &Programs, options: &Options) -> Result<Proof> {
    let deadline = now() + TIME_LIMIT;
    let folder = workspace.soak_results().join("reload");
    // the first size is the configured one; the others begin with the restore after a third of the reloads
    let third = options.count / 3;
    let settings = Settings {
        rate: options.rate,
        state_bytes: SIZES[0].0,
        resize: vec![(third, SIZES[1].0), (2 * third, SIZES[2].0)],
        has_probe: true,
        isolation: "none",
        unload: "never",
    };
    let mut sandbox = Sandbox::start(&folder, programs, &settings)?;
    let main = Course::run(&mut sandbox, options.count, &settings, deadline)?;
    let retired = sandbox.plugin()?.retired;
    let tally = sandbox.end()?;

    let unloading = Settings { isolation: "thread", unload: "try", resize: Vec::new(), ..settings };
    let mut sandbox = Sandbox::start(&folder, programs, &unloading)?;
    let unload = Course::run(&mut sandbox, (options.count / UNLOAD_SHARE).max(3), &unloading, deadline)?;
    let still_mapped = sandbox.plugin()?.retired.count;
    let unload_tally = sandbox.end()?;

    let mut numbers = Numbers::default();
    for (name, count) in [
        ("count", options.count),
        ("lost", tally.lost + unload_tally.lost),
        ("duplicated", tally.duplicated + unload_tally.duplicated),
        ("reordered", tally.reordered + unload_tally.reordered),
        ("state_damaged", tally.state_damaged + unload_tally.state_damaged),
        ("events", tally.count),
        ("generation", main.generation),
        ("by_watcher", main.by_watcher),
    ] {
        numbers.count(format!("reload.{name}"), count);
    }
    numbers.add("reload.events_per_second", main.events_per_second);
    for ((_, name), sample) in SIZES.iter().zip(&main.pauses) {
        numbers.spread("reload.pause_us", &format!("_{name}"), sample);
    }
    numbers.spread("reload.took_ms", "", &main.took_ms);
    add_memory(&mut numbers, "default", main.growth);
    if let Some(each) = retired.private_bytes.checked_div(retired.count) {
        numbers.count("reload.rss_kb_of_retired_library", each / 1024);
    }
    numbers.count("reload.count_unload_try", unload.count);
    numbers.count("reload.still_mapped_unload_try", still_mapped);
    add_memory(&mut numbers, "unload_try", unload.growth);
    numbers.spread("reload.pause_us", "_24b_thread", &unload.pauses[0]);

    let complaints: Vec<String> =
        complaints(&main, &tally).into_iter().chain(complaints(&unload, &unload_tally)).collect();
    print_table(&main, &unload, (retired.count, still_mapped));
    for complaint in &complaints {
        eprintln!("xtask soak reload: {complaint}");
    }
    let line = format!(
        "{} reloads over {} events at {:.0} events/s: {} lost, {} duplicated, {} reordered, generation {}",
        main.count,
        tally.count,
        main.events_per_second,
        tally.lost,
        tally.duplicated,
        tally.reordered,
        main.generation
    );
    Ok(Proof { numbers, line, has_passed: complaints.is_empty() })
}

/// What must not be.
fn complaints(course: &Course, tally: &Tally) -> Vec<String> {
    let zero = [
        ("events lost", tally.lost),
        ("events duplicated", tally.duplicated),
        ("events reordered", tally.reordered),
        ("bytes of state damaged", tally.state_damaged),
    ];
    let wrong = zero.into_iter().filter(|(_, count)| *count > 0);
    let mut complaints: Vec<String> = wrong.map(|(what, count)| format!("{count} {what}")).collect();
    let runs = course.generation;
    if runs != course.count + 1 {
        complaints.push(format!("generation {runs} runs at the end (expected {})", course.count + 1));
    }
    if tally.restores != course.count {
        complaints.push(format!("{} restores (expected {})", tally.restores, course.count));
    }
    complaints
}

/// Reloads one after the other, and what was measured meanwhile.
struct Course {
    count: u64,
    by_watcher: u64,
    generation: u64,
    events_per_second: f64,
    /// By size of the state, in µs.
    pauses: [Sample; SIZES.len()],
    /// From the command to its answer.
    took_ms: Sample,
    growth: Option<Growth>,
}

/// Memory per reload, in kB.
#[derive(Clone, Copy)]
struct Growth {
    anonymous: f64,
    file: f64,
}

impl Course {
    fn run(sandbox: &mut Sandbox, count: u64, settings: &Settings, deadline: Instant) -> Result<Self> {
        let mut pauses: [Sample; SIZES.len()] = Default::default();
        let mut took_ms = Sample::default();
        let mut by_watcher = 0;
        // memory is measured while the state has its first size
        let last_of_size = settings.resize.first().map_or(count, |(restores, _)| restores - 1);
        let (mut warm, mut growth): (Option<(u64, Memory)>, Option<Growth>) = (None, None);
        let before = (sandbox.status()?.sequence, now());
        for reload in 1..=count {
            if now() >= deadline {
                bail!("reload {reload} of {count}: not done within {} min", TIME_LIMIT.as_secs() / 60);
            }
            let generation = reload + 1;
            sandbox.put(generation)?;
            let plugin = if reload.is_multiple_of(BY_WATCHER_EVERY) {
                by_watcher += 1;
                sandbox.wait_for(generation)?
            } else {
                let started = now();
                let plugin = sandbox.reload()?.plugin;
                took_ms.add(started.elapsed().as_secs_f64() * 1e3);
                plugin
            };
            check(&plugin, generation)?;
            let changes_size = settings.resize.iter().any(|(restores, _)| *restores == reload);
            let (bytes, pause) = pause_of(&plugin)?;
            if let Some(size) = SIZES.iter().position(|(size, _)| *size == bytes).filter(|_| !changes_size) {
                pauses[size].add(pause);
            }
            if reload == WARM.min(last_of_size) {
                warm = Some((reload, sandbox.memory()?));
            } else if reload == last_of_size
                && let Some(warm) = warm
            {
                growth = Some(Growth::between(warm, (reload, sandbox.memory()?)));
            }
            if reload.is_multiple_of(100) {
                eprintln!("{reload} of {count} reloads");
            }
        }
        let (status, elapsed) = (sandbox.status()?, before.1.elapsed());
        let events = status.sequence.saturating_sub(before.0);
        #[expect(clippy::cast_precision_loss, reason = "a figure with few digits")]
        let events_per_second = events as f64 / elapsed.as_secs_f64();
        let generation = sandbox.plugin()?.generation;
        Ok(Self { count, by_watcher, generation, events_per_second, pauses, took_ms, growth })
    }
}

impl Growth {
    #[expect(clippy::cast_precision_loss, reason = "figures with few digits")]
    fn between((from, before): (u64, Memory), (to, after): (u64, Memory)) -> Self {
        let each = |before: u64, after: u64| (after as f64 - before as f64) / (to - from) as f64;
        Self { anonymous: each(before.anonymous, after.anonymous), file: each(before.file, after.file) }
    }
}

fn check(plugin: &Plugin, generation: u64) -> Result<()> {
    if plugin.generation != generation {
        bail!("generation {} runs (expected {generation}): {:?}", plugin.generation, plugin.last_refusal);
    }
    match plugin.instances.as_slice() {
        [one] if one.generation == generation && one.faults == 0 => Ok(()),
        other => bail!("generation {generation}: its instances are {other:?}"),
    }
}

/// The size of the state that was carried, and how long the strategy was kept from its events, in µs.
#[expect(clippy::cast_precision_loss, reason = "a pause is short")]
fn pause_of(plugin: &Plugin) -> Result<(u64, f64)> {
    let instance = plugin.instances.first().context("there is no instance")?;
    let pause = instance.pause_us_last.context("there was no pause")?;
    Ok((instance.state_bytes, pause as f64))
}

fn add_memory(numbers: &mut Numbers, which: &str, growth: Option<Growth>) {
    if let Some(growth) = growth {
        numbers.add(format!("reload.rss_kb_per_reload_{which}"), growth.anonymous);
        numbers.add(format!("reload.rss_file_kb_per_reload_{which}"), growth.file);
    }
}

fn print_table(main: &Course, unload: &Course, (retired, still_mapped): (u64, u64)) {
    println!("{:<26}{:>8}{:>10}{:>10}{:>10}", "pause of the strategy, us", "swaps", "p50", "p99", "max");
    let row = |name: &str, sample: &Sample| {
        let figure = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
        let (half, most) = (figure(sample.percentile(50)), figure(sample.percentile(99)));
        println!("{name:<26}{:>8}{half:>10}{most:>10}{:>10}", sample.count(), figure(sample.max()));
    };
    for ((bytes, _), sample) in SIZES.iter().zip(&main.pauses) {
        row(&format!("state of {bytes} bytes"), sample);
    }
    row("24 bytes, own thread", &unload.pauses[0]);
    println!("\n{:<26}{:>8}{:>10}{:>10}{:>10}", "", "", "p50", "p99", "max");
    row("command to answer, ms", &main.took_ms);
    println!("\n{:<26}{:>18}{:>10}{:>10}", "memory per reload, kB", "anonymous", "file", "mapped");
    for (name, course, mapped) in [("default", main, retired), ("unload = \"try\"", unload, still_mapped)] {
        let Some(growth) = course.growth else { continue };
        println!("{name:<26}{:>18.1}{:>10.1}{mapped:>10}", growth.anonymous, growth.file);
    }
    println!();
}
