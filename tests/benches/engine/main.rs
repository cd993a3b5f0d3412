//! What an event costs in a whole backtest: ticks of a mapped file, from a connector's library through the engine to a
//! strategy's library, with risk, portfolio, fill model and a folder of results.
//!
//! The answers are known: every-1000 ends at -13.08, the crossing averages at -0.33 after 45,296 orders, and a run that
//! gives others fails here. Everything is measured in turn, many rounds. The floor is measured right before each run: a
//! record of a mapping is read by a function of a library, over a mapping that is already there, and over a fresh one, as a
//! run has it; a ratio is that of a run to its own floor, and its median counts. What counts is processor time of the
//! thread, because other programs take the rest of the passed time.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::cast_precision_loss, reason = "figures with three digits")]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the generator takes parts of its bits; a file has fewer ticks"
)]

mod core;
mod depth;
mod floor;
mod report;
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
use stratd_plugin_api::BarSpec;

use floor::Floor;
use report::Rows;
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
/// Bars of as many nanoseconds: about a hundred of the ticks each.
const BAR_NS: i64 = 100_000_000;
/// The same without orders, but for two: a position is held for half of the ticks.
const HELD: u64 = COUNT as u64 / 2;

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
            "core" => {
                println!("core: {:?}", self.plugins.run_core(&self.ticks, COUNT, Which::Every(BUSY)));
                return;
            }
            every => {
                Which::Every(every.parse().expect("STRATD_BENCH_ONLY: noop, ema, core, or ticks per order"))
            }
        };
        let outcome = self.run(COUNT, &[which]);
        println!("{name}: {outcome:?}");
    }

    fn all(&self) {
        let mut rows = Rows::default();
        for round in 0..ROUNDS {
            self.take(&mut rows, "noop", || self.run(COUNT, &[Which::Noop]));
            let every = self.take(&mut rows, "every_1000", || self.run(COUNT, &[Which::Every(1_000)]));
            check(&every, 1_000, "-13.08");
            let ema = self.take(&mut rows, "ema", || self.run(COUNT, &[Which::Ema]));
            check(&ema, 45_296, "-0.33");
            self.take(&mut rows, "held", || self.run(COUNT, &[Which::Every(HELD)]));
            let busy = self.take(&mut rows, "every_10", || self.run(COUNT, &[Which::Every(BUSY)]));
            let core = |which| self.plugins.run_core(&self.ticks, COUNT, which);
            self.take(&mut rows, "core_noop", || core(Which::Noop));
            self.take(&mut rows, "core_held", || core(Which::Every(HELD)));
            let core_ema = self.take(&mut rows, "core_ema", || core(Which::Ema));
            check(&core_ema, ema.orders, &ema.pnl);
            let core_busy = self.take(&mut rows, "core_every_10", || core(Which::Every(BUSY)));
            check(&core_busy, busy.orders, &busy.pnl);
            self.take(&mut rows, "core_bars", || {
                let bars = vec![BarSpec::time(BAR_NS)];
                self.plugins.run_core_with(&self.ticks, COUNT, Which::Noop, bars)
            });
            let changes = depth::changes(COUNT);
            self.take(&mut rows, "core_book", || {
                self.plugins.run_core_on(changes.into_iter(), COUNT, Which::Noop, Vec::new())
            });
            if round < ROUNDS_LONG {
                self.take(&mut rows, "noop_10m", || self.run(COUNT_LONG, &[Which::Noop]));
                self.take(&mut rows, "noop_x100", || {
                    let crowd = self.run(COUNT_CROWD, &[Which::Noop; CROWD]);
                    crowd.divided_by(CROWD as f64)
                });
            }
        }
        let numbers = report::show(&rows, self.memory(), BUSY as f64);
        let file = target().join("engine.json");
        let text = serde_json::to_string_pretty(&numbers).expect("numbers are JSON") + "\n";
        fs::create_dir_all(target()).and_then(|()| fs::write(file, text)).expect("a writable target folder");
    }

    /// Measures the floor, then a run.
    fn take(&self, rows: &mut Rows, name: &'static str, run: impl FnOnce() -> Outcome) -> Outcome {
        let [fresh, floor] = self.floor.round(&self.ticks, COUNT);
        let outcome = run();
        rows.push("floor", &floor, floor.cpu_ns);
        rows.push("floor_fresh", &fresh, floor.cpu_ns);
        rows.push(name, &outcome, floor.cpu_ns);
        outcome
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
