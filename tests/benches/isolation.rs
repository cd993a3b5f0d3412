//! What isolation costs: one event to a strategy and back, on the calling thread, in a thread and in a process.
//!
//! `ema-cross` takes one price again and again, so its averages never cross and it asks for nothing: what is measured is
//! the way there and back. Each way is timed call by call, in turns, so that a busy moment of the machine hits all of
//! them; the floor is the same strategy on the calling thread. "Sleeping" means that neither end spins: each call
//! wakes the other side. Besides: how long a process takes to be there, and how soon its crash is reported.
//!
//! The children are this program again, built as it is.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::cast_precision_loss, reason = "figures with three digits")]

use std::{env, fs, hint::black_box, path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

use serde_json::json;
use stratd::host::{
    LoadedPlugin, Loader, Run,
    isolation::{ChannelOptions, Isolated, Isolation, ProcessOptions, create_strategy},
};
use stratd_plugin_api::{
    StrategyInstance, StrategyServices, TradingType,
    abi::{Event, event_kind},
};
use stratd_tests::{RecordingHost, RecordingServices, c_library, plugin};

/// Calls of one way before the next way's turn.
const CALLS: usize = 2_000;
const ROUNDS: usize = 50;
/// A call that has to wake the other side takes so much longer that fewer are enough.
const CALLS_SLEEPING: usize = 100;
/// Processes that are started and crashed.
const CRASHES: usize = 21;

fn main() -> ExitCode {
    if env::args().nth(1).is_some_and(|command| command == "plugin-host") {
        return stratd::cli::main();
    }
    let stage = tempfile::tempdir().expect("a folder for private copies");
    let loader = Loader::new(stage.path()).expect("the folder is writable");
    let ema = loader.load(&plugin("strategy_ema_cross")).expect("a plugin that this host accepts");
    let crashing = c_library("plugins/faulty/c/confined.c", "confined", &["-pthread"], stage.path());
    let crashing = loader.load(&crashing).expect("a plugin that this host accepts");
    let mut ways = [
        Way::new("in_process", &ema, &Isolation::None, CALLS),
        Way::new("thread_spinning", &ema, &thread(None), CALLS),
        Way::new("thread_sleeping", &ema, &thread(Some(0)), CALLS_SLEEPING),
        Way::new("process_spinning", &ema, &process(None), CALLS),
        Way::new("process_sleeping", &ema, &process(Some(0)), CALLS_SLEEPING),
    ];
    for _ in 0..ROUNDS {
        for way in &mut ways {
            way.round();
        }
    }
    let mut numbers = serde_json::Map::new();
    println!("{:<18} {:>9} {:>9} {:>9}   ns per event and back", "way", "p50", "p99", "highest");
    for way in &mut ways {
        let [p50, p99, highest] = figures(&mut way.ns);
        println!("{:<18} {p50:>9.0} {p99:>9.0} {highest:>9.0}", way.name);
        numbers.insert(format!("isolation.{}_ns_p50", way.name), p50.into());
        numbers.insert(format!("isolation.{}_ns_p99", way.name), p99.into());
    }
    let floor = figures(&mut ways[0].ns)[0];
    for way in &mut ways[1..] {
        let ratio = figures(&mut way.ns)[0] / floor;
        println!("{}: {ratio:.1} times in-process", way.name);
        numbers.insert(format!("isolation.{}_ratio", way.name), ratio.into());
    }
    let (mut starts, mut reports): (Vec<f64>, Vec<f64>) = (0..CRASHES).map(|_| crash(&crashing)).unzip();
    for (name, what, us) in
        [("start", "process there and created", &mut starts), ("crash", "crash reported", &mut reports)]
    {
        let [p50, _, highest] = figures(us);
        println!("{what}: {p50:.0} us, highest {highest:.0} us, of {CRASHES}");
        numbers.insert(format!("isolation.{name}_us_p50"), p50.into());
        numbers.insert(format!("isolation.{name}_us_max"), highest.into());
    }
    let folder =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from).join("bench");
    let text = serde_json::Value::Object(numbers).to_string();
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(folder.join("isolation.json"), text + "\n"))
        .expect("a writable target folder");
    ExitCode::SUCCESS
}

fn channel(spin: Option<u32>) -> ChannelOptions {
    let default = ChannelOptions::default();
    ChannelOptions { spin: spin.unwrap_or(default.spin), ..default }
}

fn thread(spin: Option<u32>) -> Isolation {
    Isolation::Thread(channel(spin))
}

fn process(spin: Option<u32>) -> Isolation {
    Isolation::Process(ProcessOptions { channel: channel(spin), ..ProcessOptions::default() })
}

fn create(
    plugin: &Arc<LoadedPlugin>,
    config: &serde_json::Value,
    isolation: &Isolation,
) -> Box<dyn StrategyInstance> {
    let services: Arc<dyn StrategyServices> = RecordingServices::new();
    let run = Run { trading_type: TradingType::Simulation, clock: None };
    let made = create_strategy(plugin, "mine", config, run, services, isolation);
    let Isolated { instance, .. } = made.expect("the configuration is usable");
    instance
}

fn trade(ts: i64, price: i64) -> Event {
    Event { ts, seq: 1, instrument: 1, kind: event_kind::TRADE, flags: 0, data: [price, 1, 0, 0, 0] }
}

/// One way to call, with the time of each call.
struct Way {
    name: &'static str,
    instance: Box<dyn StrategyInstance>,
    host: RecordingHost,
    calls: usize,
    ns: Vec<f64>,
}

impl Way {
    fn new(name: &'static str, plugin: &Arc<LoadedPlugin>, isolation: &Isolation, calls: usize) -> Self {
        let instance = create(plugin, &json!({}), isolation);
        Self { name, instance, host: RecordingHost::default(), calls, ns: Vec::new() }
    }

    fn round(&mut self) {
        for ts in 0..self.calls {
            let events = [trade(i64::try_from(ts).expect("a small count"), 10_000)];
            let start = Instant::now();
            let consumed = self.instance.on_events(&mut self.host, black_box(&events));
            let ns = start.elapsed().as_nanos() as f64;
            assert_eq!(consumed, Ok(1), "no handler fails");
            self.ns.push(ns);
        }
    }
}

/// Starts a process that crashes at its first event: microseconds until it was created, and until its end was told.
fn crash(plugin: &Arc<LoadedPlugin>) -> (f64, f64) {
    let start = Instant::now();
    let mut instance = create(plugin, &json!({}), &process(None));
    let created = start.elapsed().as_nanos() as f64 / 1e3;
    let start = Instant::now();
    let result = instance.on_events(&mut RecordingHost::default(), &[trade(1, 9)]);
    let reported = start.elapsed().as_nanos() as f64 / 1e3;
    assert!(result.is_err(), "it crashes");
    (created, reported)
}

/// Median, 99th percentile and highest.
fn figures(values: &mut [f64]) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |share: usize| values[(values.len() - 1) * share / 100];
    [at(50), at(99), at(100)]
}
