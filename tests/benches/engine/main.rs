//! What an event costs in a whole backtest: ticks of a mapped file, from a connector's library through the engine to a
//! strategy's library, with risk, portfolio, fill model and a folder of results.
//!
//! The answers are known: every-1000 ends at -13.08, the crossing averages at -0.33 after 45,296 orders, and a run that
//! gives others fails here. Everything is measured in turn, many rounds, medians count. The floor is measured in
//! the same rounds: a record of a mapping is read by a function of a library, over a mapping that is already there,
//! and over a fresh one, as a run has it.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::cast_precision_loss, reason = "figures with three digits")]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the generator takes parts of its bits; a file has fewer ticks"
)]

mod floor;
mod run;
mod ticks;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use stratd::host::Loader;

use floor::Floor;
use run::{Outcome, Plugins, Which, configuration};

const ROUNDS: usize = 11;
const COUNT: usize = 1_000_000;
/// What a run must not slow down on.
const COUNT_LONG: usize = 10_000_000;
const ROUNDS_LONG: usize = 3;
const COUNT_MEMORY: usize = 5_000_000;
/// Strategies on one feed, on fewer ticks.
const CROWD: usize = 100;
const COUNT_CROWD: usize = 200_000;
/// Ticks from one order to the next where orders are the measure.
const BUSY: u64 = 10;

fn main() -> ExitCode {
    if env::args().nth(1).is_some_and(|command| command == "backtest") {
        return stratd::cli::main();
    }
    let place = tempfile::tempdir().expect("a folder for copies and results");
    let loader = Loader::new(place.path()).expect("the folder is writable");
    let measured = Measured {
        plugins: Plugins::load(&loader),
        floor: Floor::new(place.path()),
        ticks: ticks::file(&target(), COUNT_LONG).expect("a writable target folder"),
        results: place.path().join("runs"),
    };
    // profilers want one kind of run and nothing else
    if let Some(name) = env::var_os("STRATD_BENCH_ONLY") {
        measured.only(&name.to_string_lossy());
        return ExitCode::SUCCESS;
    }
    measured.all();
    ExitCode::SUCCESS
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from).join("bench")
}

struct Measured {
    plugins: Plugins,
    floor: Floor,
    ticks: PathBuf,
    results: PathBuf,
}

impl Measured {
    fn run(&self, count: usize, strategies: &[Which]) -> Outcome {
        self.plugins.run(&self.ticks, count, &self.results, strategies)
    }

    fn only(&self, name: &str) {
        let which = match name {
            "noop" => Which::Noop,
            "ema" => Which::Ema,
            every => Which::Every(every.parse().expect("STRATD_BENCH_ONLY: noop, ema, or ticks per order")),
        };
        let outcome = self.run(COUNT, &[which]);
        println!("{name}: {outcome:?}");
    }

    fn all(&self) {
        let mut rows: Vec<Row> =
            ["floor", "floor_fresh", "noop", "every_1000", "ema", "every_10"].map(Row::new).into();
        let mut long = Row::new("noop_10m");
        let mut crowd = Row::new("noop_x100");
        for round in 0..ROUNDS {
            let [fresh, floor] = self.floor.round(&self.ticks, COUNT);
            let noop = self.run(COUNT, &[Which::Noop]);
            let every = self.run(COUNT, &[Which::Every(1_000)]);
            check(&every, 1_000, "-13.08");
            let ema = self.run(COUNT, &[Which::Ema]);
            check(&ema, 45_296, "-0.33");
            let busy = self.run(COUNT, &[Which::Every(BUSY)]);
            let runs = [&noop, &every, &ema, &busy].map(|outcome| outcome.ns_per_tick);
            let all = [floor, fresh].into_iter().chain(runs);
            rows.iter_mut().zip(all).for_each(|(row, ns)| row.ns.push(ns));
            if round < ROUNDS_LONG {
                long.ns.push(self.run(COUNT_LONG, &[Which::Noop]).ns_per_tick);
                crowd.ns.push(self.run(COUNT_CROWD, &[Which::Noop; CROWD]).ns_per_tick / CROWD as f64);
            }
        }
        rows.extend([long, crowd]);
        report(&rows, self.memory());
    }

    /// Most anonymous memory, in kB, of the program itself while it runs the crossing averages on many ticks.
    fn memory(&self) -> u64 {
        let folder = self.results.with_file_name("memory");
        fs::create_dir_all(&folder).expect("a writable folder");
        let config = folder.join("run.toml");
        fs::write(&config, configuration(&self.ticks, COUNT_MEMORY, &folder)).expect("a writable folder");
        let mut child = Command::new(env::current_exe().expect("a program has a path"))
            .arg("backtest")
            .arg(&config)
            .stdout(Stdio::null())
            .spawn()
            .expect("this program starts again");
        let mut most = 0;
        let status = loop {
            most = most.max(anonymous(child.id()).unwrap_or(0));
            match child.try_wait().expect("a child can be waited for") {
                Some(status) => break status,
                None => thread::sleep(Duration::from_millis(2)),
            }
        };
        assert!(status.success(), "the program ended with {status}");
        most
    }
}

fn anonymous(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn check(outcome: &Outcome, orders: u64, pnl: &str) {
    assert_eq!((outcome.orders, outcome.pnl.as_str()), (orders, pnl), "orders and PnL that others found");
}

/// One kind of measurement, with the time per tick of each round.
struct Row {
    name: &'static str,
    ns: Vec<f64>,
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self { name, ns: Vec::new() }
    }

    /// Median, lowest and highest.
    fn figures(&self) -> [f64; 3] {
        let mut sorted = self.ns.clone();
        sorted.sort_by(f64::total_cmp);
        [sorted[sorted.len() / 2], sorted[0], sorted[sorted.len() - 1]]
    }
}

fn report(rows: &[Row], memory_kb: u64) {
    let mut numbers = serde_json::Map::new();
    let mut note = |name: &str, value: f64| {
        numbers.insert(format!("engine.{name}"), ((value * 1_000.0).round() / 1_000.0).into());
    };
    let row = |name: &str| rows.iter().find(|row| row.name == name).map_or([f64::NAN; 3], Row::figures);
    let [floor, floor_lowest, _] = row("floor");
    println!(
        "{:<12} {:>9} {:>9} {:>9} {:>9}   ns per tick, {ROUNDS} rounds",
        "run", "median", "lowest", "highest", "floors"
    );
    for Row { name, .. } in rows {
        let [median, lowest, highest] = row(name);
        println!("{name:<12} {median:>9.2} {lowest:>9.2} {highest:>9.2} {:>9.1}", median / floor);
        note(&format!("{name}_ns"), median);
        note(&format!("{name}_ns_min"), lowest);
        note(&format!("{name}_ns_max"), highest);
    }
    for name in ["noop", "every_1000", "ema"] {
        note(&format!("{name}_ratio_to_floor"), row(name)[0] / floor);
        note(&format!("{name}_ratio_to_floor_min"), row(name)[1] / floor_lowest);
        note(&format!("{name}_ratio_to_floor_fresh"), row(name)[0] / row("floor_fresh")[0]);
    }
    let order_us = |which: usize| (row("every_10")[which] - row("noop")[which]) * BUSY as f64 / 1_000.0;
    let growth = row("noop_10m")[1] / row("noop")[1];
    let memory_mib = memory_kb as f64 / 1_024.0;
    println!(
        "order: {:.3} us (lowest {:.3}); 10 M over 1 M ticks: {growth:.3}; anonymous memory at 5 M: {memory_mib:.1} MiB",
        order_us(0),
        order_us(1)
    );
    note("order_us", order_us(0));
    note("order_us_min", order_us(1));
    note("long_ratio", growth);
    note("rss_anon_mib_5m", memory_mib);
    let file = target().join("engine.json");
    let text = serde_json::to_string_pretty(&numbers).expect("numbers are JSON") + "\n";
    fs::create_dir_all(target()).and_then(|()| fs::write(file, text)).expect("a writable target folder");
}
