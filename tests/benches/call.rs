//! What the plugin table costs: one strategy called as a plugin and linked into the program.
//!
//! `ema-cross` takes one price again and again, so its averages never cross: what is measured is the way of an event into its handler and
//! back. Four ways are timed in turn, many rounds; medians count. The floor is an indirect call that reads the event.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::cast_precision_loss, reason = "figures with three digits")]

use std::{env, fs, hint::black_box, path::PathBuf, sync::Arc, time::Instant};

use stratd::host::{Loader, Run};
use stratd_plugin_api::{
    Fault, LinkedStrategy, Money, StrategyHost, StrategyInstance, StrategyServices, Timestamp, TradingType,
    abi::{Event, FillRecord, OrderEvent, event_kind},
};
use stratd_tests::{RecordingHost, RecordingServices, plugin};
use strategy_ema_cross::EmaCross;

const EVENTS: usize = 4_096;
const ROUNDS: usize = 201;
/// Repetitions within a round: long enough for the clock's resolution.
const REPEAT: usize = 20;
const SLICE: usize = 64;

fn main() {
    let stage = tempfile::tempdir().expect("a folder for private copies");
    let loader = Loader::new(stage.path()).expect("the folder is writable");
    let loaded = loader.load(&plugin("strategy_ema_cross")).expect("a plugin that this host accepts");
    let services: Arc<dyn StrategyServices> = RecordingServices::new();
    let run = Run { trading_type: TradingType::Backtest, clock: None };
    let hosted = || {
        let config = serde_json::json!({});
        loaded.create_strategy("ema", &config, run, Arc::clone(&services)).expect("the defaults are usable")
    };
    let linked = || Box::new(LinkedStrategy::<EmaCross>::new("{}").expect("the defaults are usable"));
    let events = flat();
    let mut ways: Vec<Way> = vec![
        Way::new("floor", Box::new(Floor), 1),
        Way::new("linked_one", linked(), 1),
        Way::new("hosted_one", hosted(), 1),
        Way::new("linked_slice", linked(), SLICE),
        Way::new("hosted_slice", hosted(), SLICE),
    ];
    for _ in 0..ROUNDS {
        for way in &mut ways {
            way.round(&events);
        }
    }
    report(&ways);
}

/// Trades at one price, in one instrument.
fn flat() -> Vec<Event> {
    (0..EVENTS)
        .map(|i| {
            let step = i64::try_from(i).expect("a small count");
            Event {
                ts: step,
                seq: i as u64,
                instrument: 1,
                kind: event_kind::TRADE,
                flags: 0,
                data: [10_000, 1, 0, 0, 0],
            }
        })
        .collect()
}

/// One way to call, with the time per event of each round.
struct Way {
    name: &'static str,
    instance: Box<dyn StrategyInstance>,
    host: RecordingHost,
    slice: usize,
    ns: Vec<f64>,
}

impl Way {
    fn new(name: &'static str, instance: Box<dyn StrategyInstance>, slice: usize) -> Self {
        Self { name, instance, host: RecordingHost::default(), slice, ns: Vec::new() }
    }

    fn round(&mut self, events: &[Event]) {
        let start = Instant::now();
        for _ in 0..REPEAT {
            for slice in black_box(events).chunks(self.slice) {
                let consumed = self.instance.on_events(&mut self.host, slice).expect("no handler fails");
                assert_eq!(consumed, slice.len(), "no handler makes a request");
            }
        }
        self.ns.push(start.elapsed().as_nanos() as f64 / (REPEAT * events.len()) as f64);
    }

    /// Median, lowest and highest.
    fn figures(&self) -> [f64; 3] {
        let mut sorted = self.ns.clone();
        sorted.sort_by(f64::total_cmp);
        [sorted[sorted.len() / 2], sorted[0], sorted[sorted.len() - 1]]
    }
}

/// The least that any call can do: be called, and look at the event.
struct Floor;

impl StrategyInstance for Floor {
    fn on_events(&mut self, _: &mut dyn StrategyHost, events: &[Event]) -> Result<usize, Fault> {
        black_box(events[0].data[0]);
        Ok(events.len())
    }
    fn on_orders(&mut self, _: &mut dyn StrategyHost, events: &[OrderEvent]) -> Result<usize, Fault> {
        Ok(events.len())
    }
    fn on_config(&mut self, _: &mut dyn StrategyHost, _: &str) -> Result<(), Fault> {
        Ok(())
    }
    fn slippage(&mut self, _: &mut dyn StrategyHost, _: &FillRecord) -> Result<Option<Money>, Fault> {
        Ok(None)
    }
    fn transaction_cost(&mut self, _: &mut dyn StrategyHost, _: &FillRecord) -> Result<Option<Money>, Fault> {
        Ok(None)
    }
    fn save(&mut self, _: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }
    fn restore(&mut self, _: &mut dyn StrategyHost, _: u32, _: &[u8]) -> Result<(), Fault> {
        Ok(())
    }
    fn quiesce(&mut self, _: &mut dyn StrategyHost, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}

fn report(ways: &[Way]) {
    println!(
        "{:<14} {:>6} {:>9} {:>9} {:>9}   ns per event, {ROUNDS} rounds",
        "call", "slice", "median", "lowest", "highest"
    );
    let mut numbers = serde_json::Map::new();
    for way in ways {
        let [median, lowest, highest] = way.figures();
        println!("{:<14} {:>6} {median:>9.2} {lowest:>9.2} {highest:>9.2}", way.name, way.slice);
        numbers.insert(format!("call.{}_ns", way.name), median.into());
    }
    let median =
        |name: &str| ways.iter().find(|way| way.name == name).map_or(f64::NAN, |way| way.figures()[0]);
    for form in ["one", "slice"] {
        let (hosted, linked) = (median(&format!("hosted_{form}")), median(&format!("linked_{form}")));
        println!("table, {form}: {:.2} ns more than linked, ratio {:.2}", hosted - linked, hosted / linked);
        numbers.insert(format!("call.{form}_overhead_ns"), (hosted - linked).into());
        numbers.insert(format!("call.{form}_ratio_to_linked"), (hosted / linked).into());
    }
    let folder =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from).join("bench");
    let text = serde_json::Value::Object(numbers).to_string();
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(folder.join("call.json"), text + "\n"))
        .expect("a writable target folder");
}
