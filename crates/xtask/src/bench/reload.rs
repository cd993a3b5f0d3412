//! From a file that came to rest to new code that runs: by command and through the watcher, with and without the probe.
//!
//! The exchange trades slowly here, so that what is measured is the reload and not the wait for a core. The state has
//! 64 KiB. What the kernel needs for the parts that cannot be left out is measured in the same run.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use crate::figures::{Numbers, Sample};
use crate::live::{Programs, Sandbox, Settings, now};
use crate::workspace::{Workspace, run as run_command, stdout};

/// Reloads of each kind.
const COUNT: u64 = 50;
/// Before them, unmeasured.
const WARM_UP: u64 = 3;
/// Actions at the venue per second.
const RATE: u32 = 1_000;
const STATE_BYTES: u64 = 64 << 10;
/// The settle time of the configuration, which the watcher waits after the last change.
const SETTLE_MS: f64 = 200.0;
const LIMITS_SOURCE: &str = "tests/benches/limits.c";

/// Measures, prints, and writes the numbers to a file.
pub(super) fn measure(workspace: &Workspace, numbers: &Path) -> Result<()> {
    let programs = Programs::build(workspace)?;
    let folder = numbers.parent().context("numbers lie in a folder")?.join("reload");
    let mut rows = Vec::new();
    for (name, has_probe) in [("probe", true), ("no_probe", false)] {
        let settings = Settings {
            rate: RATE,
            state_bytes: STATE_BYTES,
            resize: Vec::new(),
            has_probe,
            isolation: "none",
            unload: "never",
        };
        let mut sandbox = Sandbox::start(&folder, &programs, &settings)?;
        let (command, pause) = by_command(&mut sandbox)?;
        let watched = by_watcher(&mut sandbox)?;
        sandbox.end()?;
        rows.push((format!("command_{name}_ms"), command));
        rows.push((format!("watcher_{name}_ms"), watched));
        rows.push((format!("pause_us_{name}_64k"), pause));
    }
    let limits = limits(workspace, &folder, &programs.builds[0])?;
    report(&rows, &limits).write(numbers)
}

/// Milliseconds from the command to its answer, which says that the new code runs; and the pauses, in µs.
#[expect(clippy::cast_precision_loss, reason = "a pause is short")]
fn by_command(sandbox: &mut Sandbox) -> Result<(Sample, Sample)> {
    let (mut took, mut pauses) = (Sample::default(), Sample::default());
    for round in 0..WARM_UP + COUNT {
        let generation = sandbox.plugin()?.generation + 1;
        sandbox.put(generation)?;
        let started = now();
        let plugin = sandbox.reload()?.plugin;
        let elapsed = started.elapsed();
        if round >= WARM_UP {
            took.add(elapsed.as_secs_f64() * 1e3);
            let pause = plugin.instances.first().and_then(|instance| instance.pause_us_last);
            pauses.add(pause.context("there was no pause")? as f64);
        }
    }
    Ok((took, pauses))
}

/// Milliseconds from the rename to the new code, the settle time among them.
fn by_watcher(sandbox: &mut Sandbox) -> Result<Sample> {
    let mut took = Sample::default();
    for _ in 0..COUNT {
        let generation = sandbox.plugin()?.generation + 1;
        let started = now();
        sandbox.put(generation)?;
        sandbox.wait_for(generation)?;
        took.add(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(took)
}

/// What the kernel and the memory need, in µs by name.
fn limits(workspace: &Workspace, folder: &Path, library: &Path) -> Result<BTreeMap<String, Sample>> {
    let program = folder.join("limits");
    let mut gcc = workspace.command("gcc");
    gcc.args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", LIMITS_SOURCE, "-o"]).arg(&program);
    run_command(gcc.arg("-ldl"))?;
    let mut limits = workspace.command(&program);
    let lines =
        stdout(limits.arg(library).arg(COUNT.to_string()))?.context("the limits were not measured")?;
    let mut samples: BTreeMap<String, Sample> = BTreeMap::new();
    for line in lines.lines() {
        let (name, value) = line.split_once(' ').with_context(|| format!("a line of limits is '{line}'"))?;
        let value: f64 = value.parse().with_context(|| format!("a line of limits is '{line}'"))?;
        samples.entry(name.to_owned()).or_default().add(value);
    }
    Ok(samples)
}

fn report(rows: &[(String, Sample)], limits: &BTreeMap<String, Sample>) -> Numbers {
    let mut numbers = Numbers::default();
    println!("{:<34}{:>10}{:>10}{:>10}", "settled file to new code", "p50", "p99", "max");
    let mut row = |name: &str, sample: &Sample| {
        let figure =
            |percent| sample.percentile(percent).map_or("-".to_owned(), |value| format!("{value:.2}"));
        println!("{name:<34}{:>10}{:>10}{:>10}", figure(50), figure(99), figure(100));
        numbers.spread(&format!("reload.{name}"), "", sample);
    };
    for (name, sample) in rows {
        row(name, sample);
    }
    for (name, sample) in limits {
        row(&format!("limit_{name}_us"), sample);
    }
    let median = |name: &str| rows.iter().find(|(known, _)| known == name)?.1.percentile(50);
    let limit = |name: &str| limits.get(name)?.percentile(50);
    let (Some(with), Some(without), Some(watcher)) =
        (median("command_probe_ms"), median("command_no_probe_ms"), median("watcher_probe_ms"))
    else {
        return numbers;
    };
    numbers.add("reload.probe_ms", with - without);
    numbers.add("reload.watcher_after_settle_ms", watcher - SETTLE_MS);
    println!(
        "\nthe probe takes {:.2} ms; through the watcher new code runs {:.2} ms after the settle time of {SETTLE_MS} ms",
        with - without,
        watcher - SETTLE_MS
    );
    if let (Some(process), Some(open), Some(copy), Some(pause)) = (
        limit("fork_exec_exit"),
        limit("dlopen_dlclose"),
        limit("copy_twice_64k_cold"),
        median("pause_us_probe_64k"),
    ) {
        let ratios = [
            ("probe_to_process", (with - without) * 1e3 / process),
            ("command_to_dlopen", without * 1e3 / open),
            ("pause_64k_to_copies", pause / copy),
        ];
        for (name, ratio) in ratios {
            println!("{name:<34}{ratio:>10.1} times the limit");
            numbers.add(format!("reload.ratio_{name}"), ratio);
        }
    }
    numbers
}
