//! A sweep with one process and with two, in turn: how much sooner two are done.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::figures::{Numbers, Spread};
use crate::live::{now, programs};
use crate::workspace::Workspace;

/// Pairs of sweeps.
const ROUNDS: usize = 3;
/// Combinations.
const GRID: [&str; 2] = ["fast=5..19", "slow=20..39"];

/// Measures, prints, and writes the numbers to a file.
pub(super) fn measure(workspace: &Workspace, numbers: &Path) -> Result<()> {
    let program = programs::daemon(workspace)?;
    let plugins = programs::libraries(workspace, false)?;
    let folder = numbers.parent().context("numbers lie in a folder")?.join("sweep");
    let config = folder.join("sweep.toml");
    fs::create_dir_all(&folder)?;
    let prices = workspace.root().join("configs/data/equities-daily.csv");
    fs::write(
        &config,
        format!(
            "[[exchange]]\nplugin = \"csv\"\n[exchange.config]\nfile = \"{}\"\nadjust = \"adj_close\"\n\
             [[strategy]]\nplugin = \"ema-cross\"\nconfig = {{ quantity = 500, reverse = true }}\n",
            prices.display()
        ),
    )?;
    let sweep = |jobs: &str| -> Result<f64> {
        let output = folder.join(format!("out-{jobs}"));
        if output.exists() {
            fs::remove_dir_all(&output)?;
        }
        let mut command = Command::new(&program);
        command.env("STRATD_PLUGINS", &plugins);
        command.arg("sweep").arg(&config).args(["--jobs", jobs, "--output"]).arg(&output);
        command.args(GRID.iter().flat_map(|param| ["--param", param]));
        let begun = now();
        let ran = command.output().context("running a sweep")?;
        let seconds = begun.elapsed().as_secs_f64();
        ensure!(ran.status.success(), "the sweep failed: {}", String::from_utf8_lossy(&ran.stderr));
        Ok(seconds)
    };
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(sweep("1")?);
        two.push(sweep("2")?);
    }
    ensure!(
        fs::read(folder.join("out-1/results.csv"))? == fs::read(folder.join("out-2/results.csv"))?,
        "one process and two differ"
    );
    let (speed_up, alone) = (Spread::over(&one, &two)?, Spread::of(&one)?);
    println!("300 combinations of 16,000 bars with one process: {:.2} s", alone.median);
    println!("two processes are {} times as fast (goal: 1.9)", speed_up.text());
    let mut report = Numbers::default();
    report.add("sweep.seconds_one", alone.median);
    report.add("sweep.speed_up", speed_up.median);
    report.add("sweep.speed_up_min", speed_up.min);
    report.add("sweep.speed_up_max", speed_up.max);
    report.write(numbers)
}
