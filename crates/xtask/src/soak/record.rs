//! A run is recorded while it trades at full speed, and replayed to equal outputs.
//!
//! One daemon in a sandbox over the synthetic exchange, with the recorder on (market files and inputs), a strategy that
//! trades at crossings and one that does nothing. When it has had the wanted number of market events it is ended, and
//! `stratd replay` of the recording must match to its end. Nothing is lost if the run's own count of events, that of the
//! replay and the items of all market files are one number.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use std::{io, thread};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::figures::Numbers;
use crate::live::{Programs, Sandbox, now, peak};
use crate::workspace::Workspace;
use crate::{TaskResult, usage_error};

const EVENTS: u64 = 10_000_000;
/// A disk of a terabyte.
const EVENTS_MAX: u64 = 5_000_000_000;
/// Actions of the venue's participants per second: more than it can do.
const RATE: u64 = 1_000_000;
/// Events per second that any machine comes to, for the time limits.
const SLOWEST: u64 = 5_000;
/// What a run takes besides its events.
const LEAST: Duration = Duration::from_secs(120);
/// Between two looks at a replay.
const LOOK_EVERY: Duration = Duration::from_millis(20);

struct Options {
    events: u64,
    rate: u64,
    out: PathBuf,
}

/// The soak `record`.
pub(super) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let out = workspace.soak_results().join("record.json");
    let mut options = Options { events: EVENTS, rate: RATE, out };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let value = |range: std::ops::RangeInclusive<u64>, text: Option<&String>| -> Result<u64> {
            let given = text.map_or("nothing", String::as_str);
            let number = given.parse().ok().filter(|number| range.contains(number));
            let (least, most) = (range.start(), range.end());
            number.with_context(|| format!("{argument} is {given} (expected {least} to {most})"))
        };
        match argument.as_str() {
            "--events" => options.events = value(1_000..=EVENTS_MAX, arguments.next())?,
            "--rate" => options.rate = value(1..=RATE, arguments.next())?,
            "--out" => {
                let file = arguments.next().context("--out has no file")?;
                options.out = std::env::current_dir()?.join(file);
            }
            other => return Ok(usage_error("soak", other)),
        }
    }
    let programs = Programs::build(workspace)?;
    let folder = workspace.soak_results().join("record");
    let limit = LEAST + Duration::from_secs(options.events / SLOWEST);
    let recorded = record(&folder, &programs, &options, limit)?;
    let replayed = replay(&folder, &programs.daemon, limit)?;
    let proof = Proof { recorded, replayed };
    proof.numbers()?.write(&options.out)?;
    let complaints = proof.complaints();
    for complaint in &complaints {
        eprintln!("xtask soak record: {complaint}");
    }
    println!("{}", proof.line());
    eprintln!("numbers in {}", options.out.display());
    if !complaints.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    // it is large, and has said what it had to
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// What the run left.
struct Recorded {
    /// Market events of the run, by its own count.
    events: u64,
    /// Items of all market files.
    items: u64,
    bytes_market: u64,
    bytes_inputs: u64,
    took: Duration,
    peak_kb: u64,
}

/// What `stratd replay` said, and what it took.
struct Replayed {
    told: Value,
    took: Duration,
    peak_kb: u64,
}

fn record(folder: &Path, programs: &Programs, options: &Options, limit: Duration) -> Result<Recorded> {
    let plugins = &programs.plugins;
    let ema = plugins.join("libstrategy_ema_cross.so");
    let noop = plugins.join("faulty").join("libstrategy_every.so");
    let libraries = [programs.exchange.as_path(), &ema, &noop];
    let started = now();
    let mut sandbox = Sandbox::launch(folder, programs, &config(options.rate), &libraries)?;
    let count = sandbox.wait(&format!("{} events", options.events), limit, |sandbox| {
        let events = sandbox.status()?.events;
        if events < options.events {
            // asked often it would be a load of its own
            thread::park_timeout(LOOK_EVERY);
        }
        Ok((events >= options.events).then_some(events))
    })?;
    let peak_kb = peak(sandbox.pid()).context("the daemon has no memory")?;
    eprintln!("{count} events in {:.1} s", started.elapsed().as_secs_f64());
    let results = sandbox.end_run()?;
    let took = started.elapsed();
    let file = results.join("summary.json");
    let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let summary: Value =
        serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))?;
    let events = summary["run"]["events"].as_u64().or_else(|| summary["events"].as_u64());
    let events = events.with_context(|| format!("{} has no number of events", file.display()))?;
    let mut recorded = Recorded { events, items: 0, bytes_market: 0, bytes_inputs: 0, took, peak_kb };
    measure(&folder.join("rec"), &mut recorded)?;
    Ok(recorded)
}

/// The configuration of the daemon; all paths are in its current folder. The exchange sends what market files have.
fn config(rate: u64) -> String {
    format!(
        "trading_type = \"sandbox\"\nplugin_dirs = [\"plugins\"]\n\n[state]\ndir = \"state\"\n\n\
         [control]\nsocket = \"control.sock\"\n\n\
         [recorder]\npath = \"rec\"\nmarket = [\"trade\", \"quote\", \"bar\", \"book\"]\ninputs = true\n\
         queue = 1048576\n\n\
         [[exchange]]\nplugin = \"synthetic\"\n\
         config = {{ instruments = 3, rate = {rate}, feeds = [\"trades\", \"quotes\", \"book\"] }}\n\n\
         [[strategy]]\nplugin = \"ema-cross\"\nconfig = {{ fast = 50, slow = 200, reverse = true }}\n\n\
         [[strategy]]\nplugin = \"every\"\n"
    )
}

/// Counts items of market files and bytes of all.
fn measure(folder: &Path, recorded: &mut Recorded) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        let is_run = path.extension().is_some_and(|end| end == "recording");
        if is_run {
            for file in fs::read_dir(&path).with_context(|| format!("listing {}", path.display()))? {
                recorded.bytes_inputs += file?.metadata()?.len();
            }
        } else if path.is_dir() {
            measure(&path, recorded)?;
        } else {
            let (items, bytes) = items(&path).with_context(|| format!("reading {}", path.display()))?;
            recorded.items += items;
            recorded.bytes_market += bytes;
        }
    }
    Ok(())
}

/// The items of a TeaFile of ours and its size. The header begins with a magic number, the place of the first item, that
/// behind the last or 0, and the number of sections; the first section describes the item, and begins with its size.
fn items(path: &Path) -> Result<(u64, u64)> {
    use io::Read as _;
    let mut header = [0; 48];
    let mut file = File::open(path)?;
    file.read_exact(&mut header).context("the header")?;
    let number = |at: usize| header[at..].first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let size = header[40..].first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let (start, bytes) = (number(8), file.metadata()?.len());
    let area = bytes.checked_sub(start).context("it is shorter than its header")?;
    if size == 0 || !area.is_multiple_of(u64::from(size)) {
        bail!("{area} bytes of items (expected: whole items of {size} bytes)");
    }
    Ok((area / u64::from(size), bytes))
}

fn replay(folder: &Path, daemon: &Path, limit: Duration) -> Result<Replayed> {
    let out = folder.join("replay.json");
    let file = File::create(&out).with_context(|| format!("creating {}", out.display()))?;
    let started = now();
    let mut child = Command::new(daemon)
        .args(["replay", "rec", "--json"])
        .current_dir(folder)
        .env("STRATD_STAGE_DIR", folder.join("stage"))
        .env_remove("STRATD_PLUGINS")
        .stdin(Stdio::null())
        .stdout(file)
        .spawn()
        .with_context(|| format!("starting {}", daemon.display()))?;
    let deadline = started + limit;
    let mut peak_kb = 0;
    // its exit code says whether it matched, as the answer does
    while child.try_wait().context("waiting for the replay")?.is_none() {
        peak_kb = peak_kb.max(peak(child.id()).unwrap_or_default());
        if now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            bail!("the replay did not end within {} s", limit.as_secs());
        }
        thread::park_timeout(LOOK_EVERY);
    }
    let took = started.elapsed();
    let text = fs::read_to_string(&out).with_context(|| format!("reading {}", out.display()))?;
    let told = serde_json::from_str(&text).with_context(|| format!("the replay said {text:?}"))?;
    Ok(Replayed { told, took, peak_kb })
}

/// Both sides.
struct Proof {
    recorded: Recorded,
    replayed: Replayed,
}

impl Proof {
    fn count(&self, name: &str) -> u64 {
        self.replayed.told[name].as_u64().unwrap_or_default()
    }

    fn differences(&self) -> u64 {
        u64::from(self.replayed.told["matches"] != true)
    }

    /// Events of the run that its recording does not have.
    fn lost(&self) -> u64 {
        self.recorded.events.abs_diff(self.count("market_events"))
    }

    fn complaints(&self) -> Vec<String> {
        let Self { recorded, replayed } = self;
        let mut complaints = Vec::new();
        if self.differences() > 0 {
            complaints.push(format!("a difference: {:#}", replayed.told["difference"]));
        }
        if replayed.told["ended"] != "whole" {
            complaints.push(format!("the replay ended before the run: {}", replayed.told["why"]));
        }
        if self.lost() > 0 {
            let replayed = self.count("market_events");
            complaints.push(format!("{} events in the run, {replayed} in its recording", recorded.events));
        }
        if recorded.items != recorded.events {
            complaints.push(format!("{} events, {} in the market files", recorded.events, recorded.items));
        }
        if self.count("outputs") == 0 {
            complaints.push("nobody traded: there was nothing to compare".to_owned());
        }
        complaints
    }

    fn numbers(&self) -> Result<Numbers> {
        let Self { recorded, replayed } = self;
        let mut numbers = Numbers::default();
        for (name, count) in [
            ("events", recorded.events),
            ("inputs", self.count("inputs")),
            ("outputs", self.count("outputs")),
            ("states", self.count("states")),
            ("differences", self.differences()),
            ("lost", self.lost()),
            ("lost_of_market_files", recorded.events.abs_diff(recorded.items)),
            ("bytes_inputs", recorded.bytes_inputs),
            ("bytes_market", recorded.bytes_market),
            ("rss_max_kb", recorded.peak_kb),
            ("replay_rss_max_kb", replayed.peak_kb),
        ] {
            numbers.count(format!("record.{name}"), count);
        }
        numbers.add("record.seconds", recorded.took.as_secs_f64());
        numbers.add("record.replay_seconds", replayed.took.as_secs_f64());
        Ok(numbers)
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn line(&self) -> String {
        let Self { recorded, replayed } = self;
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        format!(
            "{} market events and {} outputs recorded in {:.1} s ({:.0} MB, {:.0} MB at most in memory), replayed in {:.1} s ({:.0} MB): {} differences, {} lost",
            recorded.events,
            self.count("outputs"),
            recorded.took.as_secs_f64(),
            megabytes(recorded.bytes_inputs + recorded.bytes_market),
            megabytes(recorded.peak_kb * 1024),
            replayed.took.as_secs_f64(),
            megabytes(replayed.peak_kb * 1024),
            self.differences(),
            self.lost(),
        )
    }
}
