//! What recording costs the event loop, and how fast a recording is replayed.
//!
//! The program runs itself as `stratd backtest` on the ticks of the engine's benchmark, with a strategy that is called and
//! does nothing, in turn without and with a recorder of inputs. What counts is processor time of the event loop's thread, as
//! the program tells it: what the thread `recorder` takes runs beside it. Then it runs `stratd replay` of what was recorded,
//! by passed time less that of a short recording, beside the same run on the mapped file.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::cast_precision_loss, reason = "figures with three digits")]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the generator takes parts of its bits; a file has fewer ticks"
)]

#[path = "../engine/ticks.rs"]
mod ticks;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use stratd_tests::plugin;

const ROUNDS: usize = 7;
const COUNT: usize = 2_000_000;
/// For what a program takes before its first event.
const COUNT_SHORT: usize = 10_000;

fn main() -> ExitCode {
    // as whatever command it starts itself, with what those commands start
    if env::args().nth(1).is_some_and(|command| command != "--bench") {
        return stratd::cli::main();
    }
    let place = tempfile::tempdir().expect("a folder for results");
    let ticks = ticks::file(&target(), COUNT).expect("a writable target folder");
    let (mut off, mut on, mut overhead) = (Vec::new(), Vec::new(), Vec::new());
    let (mut replay, mut mapped) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let plain = run(place.path(), &ticks, COUNT, false);
        let recorded = run(place.path(), &ticks, COUNT, true);
        off.push(plain.processor_ns);
        on.push(recorded.processor_ns);
        overhead.push(recorded.processor_ns - plain.processor_ns);
        let whole = replayed(place.path());
        let _ = run(place.path(), &ticks, COUNT_SHORT, true);
        let short = replayed(place.path());
        replay.push((whole - short).as_nanos() as f64 / (COUNT - COUNT_SHORT) as f64);
        mapped.push(plain.elapsed_ns);
    }
    let [off, on, overhead, replay, mapped] = [off, on, overhead, replay, mapped].map(median);
    println!("event loop, no recorder     {off:8.1} ns per event");
    println!("event loop, with recorder   {on:8.1} ns per event");
    println!("overhead                    {overhead:8.1} ns per event (goal: 15)");
    println!("replay                      {replay:8.1} ns per event");
    println!(
        "mapped run                  {mapped:8.1} ns per event, ratio {:.2} (goal: 1.3)",
        replay / mapped
    );
    let numbers = json!({
        "recorder.off_ns": off,
        "recorder.on_ns": on,
        "recorder.overhead_ns": overhead,
        "recorder.replay_ns": replay,
        "recorder.replay_ratio": replay / mapped,
    });
    let text = serde_json::to_string_pretty(&numbers).expect("numbers are JSON") + "\n";
    fs::write(target().join("recorder.json"), text).expect("a writable target folder");
    ExitCode::SUCCESS
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from).join("bench")
}

/// Times per event.
struct Took {
    processor_ns: f64,
    elapsed_ns: f64,
}

/// A backtest of a strategy that does nothing; what was recorded before goes.
fn run(folder: &Path, ticks: &Path, count: usize, is_recorded: bool) -> Took {
    let recording = folder.join("rec");
    let _ = fs::remove_dir_all(&recording);
    let text = |path: &Path| Value::from(path.display().to_string());
    let recorder = if is_recorded {
        format!("[recorder]\npath = {}\ninputs = true\n", text(&recording))
    } else {
        String::new()
    };
    let config = format!(
        "results = {}\n{recorder}\n[[exchange]]\nplugin = {}\nconfig = {{ file = {}, limit = {count} }}\n\n[[strategy]]\nplugin = {}\n",
        text(&folder.join("runs")),
        text(&plugin("exchange_ticks")),
        text(ticks),
        text(&plugin("strategy_every")),
    );
    let file = folder.join("run.toml");
    fs::write(&file, config).expect("a writable folder");
    let said = child(&["backtest", &file.display().to_string()]);
    let _ = fs::remove_dir_all(folder.join("runs"));
    // "(2000000 events in 123.45ms, 120.00ms of a processor)"
    let times = said.rsplit_once("events in ").map_or("", |(_, times)| times);
    let (elapsed, processor) = times.split_once(", ").unwrap_or_default();
    let processor = processor.split(' ').next().unwrap_or_default();
    let per_event = |text: &str| duration(text).as_nanos() as f64 / count as f64;
    Took { processor_ns: per_event(processor), elapsed_ns: per_event(elapsed) }
}

/// How long the replay of the recording takes.
fn replayed(folder: &Path) -> Duration {
    let started = Instant::now();
    let said = child(&["replay", &folder.join("rec").display().to_string()]);
    let took = started.elapsed();
    assert!(said.ends_with("\nmatch\n"), "{said}");
    took
}

fn child(arguments: &[&str]) -> String {
    let program = env::current_exe().expect("a program has a path");
    let output = Command::new(program).args(arguments).output().expect("this program starts again");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Reads what `Duration` is printed as.
fn duration(text: &str) -> Duration {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let number: f64 = number.parse().unwrap_or_else(|_| panic!("no duration: {text:?}"));
    let unit = match unit {
        "s" => 1.0,
        "ms" => 1e-3,
        "ns" => 1e-9,
        _ => 1e-6,
    };
    Duration::from_secs_f64(number * unit)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
