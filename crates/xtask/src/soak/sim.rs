//! The whole engine against adversarial exchanges, by seed.
//!
//! The simulation itself is `crates/testkit/src/adversary`; it is built with optimization and with every assertion, runs
//! each seed twice (events in slices, and one by one: both must bring the same), tells how often what happened, and the
//! shortest run of a seed that fails.

use std::path::PathBuf;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::figures::Numbers;
use crate::live::now;
use crate::workspace::{Workspace, run as run_command};
use crate::{TaskResult, usage_error};

/// A minute of a slow machine.
const STEPS: u64 = 1_000_000;
/// A night and more.
const STEPS_MAX: u64 = 10_000_000_000;
const SEED: u64 = 1;
const PROFILE: &str = "sim";

struct Options {
    steps: u64,
    seed: u64,
    out: PathBuf,
}

/// The soak `sim`.
pub(super) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let mut options = Options { steps: STEPS, seed: SEED, out: workspace.soak_results().join("sim.json") };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let value = |range: std::ops::RangeInclusive<u64>, text: Option<&String>| -> Result<u64> {
            let given = text.map_or("nothing", String::as_str);
            let number = given.parse().ok().filter(|number| range.contains(number));
            let (least, most) = (range.start(), range.end());
            number.with_context(|| format!("{argument} is {given} (expected {least} to {most})"))
        };
        match argument.as_str() {
            "--steps" => options.steps = value(1..=STEPS_MAX, arguments.next())?,
            "--seed" => options.seed = value(0..=u64::MAX, arguments.next())?,
            "--out" => {
                let file = arguments.next().context("--out has no file")?;
                options.out = std::env::current_dir()?.join(file);
            }
            other => return Ok(usage_error("soak", other)),
        }
    }
    simulate(workspace, &options)
}

fn simulate(workspace: &Workspace, options: &Options) -> TaskResult {
    let build = ["build", "--profile", PROFILE, "-p", "stratd-testkit", "--features", "adversary"];
    run_command(workspace.cargo(&build).args(["--example", "sim"]))?;
    let program = workspace.profile(PROFILE).join("examples").join("sim");
    let started = now();
    let mut simulation = workspace.command(&program);
    simulation.args([options.seed.to_string(), options.steps.to_string()]);
    // what it has to say of a failing seed is for whoever looks
    let output = simulation.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("running {}", program.display()))?;
    let took = started.elapsed().as_secs_f64();
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text).with_context(|| format!("reading the figures of sim: {text}"))?;
    let figure = |name: &str| figures.get(name).and_then(serde_json::Value::as_u64);
    let (Some(steps), Some(violations)) = (figure("sim.steps"), figure("sim.violations")) else {
        bail!("sim tells no sim.steps and sim.violations, but {text}");
    };
    let mut numbers = Numbers::default();
    for name in figures.keys() {
        numbers.count(name.clone(), figure(name).with_context(|| format!("{name} of sim is no count"))?);
    }
    numbers.add("sim.steps_per_second", per_second(steps, took));
    numbers.add("sim.seconds", took);
    numbers.write(&options.out)?;
    print_counts(&figures);
    let count = |name: &str| figure(name).unwrap_or_default();
    println!(
        "{steps} steps of {} seeds, each run twice in {took:.0} s: {} of {} orders and changes passed, {} fills; {violations} violations",
        count("sim.seeds"),
        count("sim.passed"),
        count("sim.asked"),
        count("sim.fills"),
    );
    eprintln!("numbers in {}", options.out.display());
    Ok(if output.status.success() && violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How often what happened: things first, then why orders and changes were denied, the most frequent first.
fn print_counts(figures: &serde_json::Map<String, serde_json::Value>) {
    let count = |value: &serde_json::Value| value.as_u64().unwrap_or_default();
    let is_denial = |name: &str| name.starts_with("sim.denied.");
    let mut counts: Vec<_> = figures.iter().map(|(name, value)| (name.as_str(), count(value))).collect();
    counts.sort_by_key(|(name, count)| (is_denial(name), std::cmp::Reverse(*count)));
    for (name, count) in counts {
        println!("{count:>14}  {}", name.trim_start_matches("sim."));
    }
}

/// Steps of a second; each is done twice.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(steps: u64, took: f64) -> f64 {
    2.0 * steps as f64 / took.max(f64::MIN_POSITIVE)
}
