//! One recording gives the same bytes, however the calls are cut and wherever the plugins run.
//!
//! Every table of the test is a recording with its strategies. It runs with slices of one and of many events, with the
//! strategies on the event loop, on threads and in processes of their own, and with the connector beside them there.
//! The command line keeps a backtest on one thread, so the runs are made of the library.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
use stratd::{
    host::{
        LoadedPlugin, Loader, Run,
        isolation::{create_exchange, create_strategy},
    },
    results::RunFolder,
    runtime::{Plan, PlannedExchange, PlannedRisk, PlannedStrategy, Services, backtest},
};
use stratd_plugin_api::{
    Fault, Money, OmsType, StrategyHost, StrategyInstance, Timestamp, TradingType,
    abi::{Event, FillRecord, OrderEvent, plugin_flag},
};
use stratd_simulation::{CostModels, FillModel};
use stratd_tests::{Files, plugin, workspace};

use crate::mode::{MODES, Mode};

/// A slice of many: more than any instant of the recordings has.
const MANY: usize = 64;
/// Lines of the price file: each is two round trips per strategy and way, which a busy machine does slowly.
const LINES: usize = 1_000;

/// A plugin with its configuration.
pub(crate) type Setup = (&'static str, Value);

/// What the strategies' calls of one run were.
#[derive(Default)]
struct Calls {
    calls: AtomicU64,
    events: AtomicU64,
}

/// Counts the calls of market events, and leaves everything else as it is.
struct Counted {
    inner: Box<dyn StrategyInstance>,
    calls: Arc<Calls>,
}

impl StrategyInstance for Counted {
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[Event]) -> Result<usize, Fault> {
        let consumed = self.inner.on_events(host, events)?;
        self.calls.calls.fetch_add(1, Ordering::Relaxed);
        self.calls.events.fetch_add(consumed as u64, Ordering::Relaxed);
        Ok(consumed)
    }
    fn takes_up_events(&self) -> bool {
        self.inner.takes_up_events()
    }

    fn on_orders(&mut self, host: &mut dyn StrategyHost, events: &[OrderEvent]) -> Result<usize, Fault> {
        self.inner.on_orders(host, events)
    }
    fn on_config(&mut self, host: &mut dyn StrategyHost, config: &str) -> Result<(), Fault> {
        self.inner.on_config(host, config)
    }
    fn slippage(&mut self, host: &mut dyn StrategyHost, fill: &FillRecord) -> Result<Option<Money>, Fault> {
        self.inner.slippage(host, fill)
    }
    fn transaction_cost(
        &mut self,
        host: &mut dyn StrategyHost,
        fill: &FillRecord,
    ) -> Result<Option<Money>, Fault> {
        self.inner.transaction_cost(host, fill)
    }
    fn save(&mut self, host: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault> {
        self.inner.save(host)
    }
    fn restore(&mut self, host: &mut dyn StrategyHost, version: u32, state: &[u8]) -> Result<(), Fault> {
        self.inner.restore(host, version, state)
    }
    fn quiesce(&mut self, host: &mut dyn StrategyHost, deadline: Timestamp) -> Result<(), Fault> {
        self.inner.quiesce(host, deadline)
    }
}

/// How a run is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    strategies: Mode,
    exchange: Mode,
    slice_max: usize,
}

/// The plain way; the first of all, with which the others are compared.
const PLAIN: Way = Way { strategies: Mode::None, exchange: Mode::None, slice_max: 1 };

/// Slices of one and of many under each mode; the connector is beside the event loop once and once where the
/// strategies are.
fn ways() -> Vec<Way> {
    let of_mode = |mode| {
        [1, MANY].map(|slice_max| Way {
            strategies: mode,
            exchange: if slice_max == 1 { Mode::None } else { mode },
            slice_max,
        })
    };
    let alone = [Mode::Thread, Mode::Process].map(|exchange| Way { exchange, ..PLAIN });
    MODES.into_iter().flat_map(of_mode).chain(alone).filter(|way| *way != PLAIN).collect()
}

/// A recording and who trades on it.
pub(crate) struct Recording {
    place: tempfile::TempDir,
    exchange: Setup,
    loader: Loader,
    /// Where the plugins are; none = those of this tree.
    pub(crate) libraries: Option<PathBuf>,
}

impl Recording {
    pub(crate) fn new(exchange: Setup) -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        let loader = Loader::new(&place.path().join("stage")).expect("a private folder");
        Self { place, exchange, loader, libraries: None }
    }

    /// The first lines of the price file of the tree.
    pub(crate) fn prices() -> Self {
        let mut recording = Self::new(("exchange_csv", Value::Null));
        let all = fs::read_to_string(workspace().join("configs/data/equities-daily.csv"))
            .expect("the price file of the tree");
        let file = recording.place.path().join("prices.csv");
        let lines: Vec<&str> = all.lines().take(LINES).collect();
        fs::write(&file, lines.join("\n")).expect("a file in a temporary folder");
        recording.exchange.1 = json!({"file": file, "adjust": "adj_close"});
        recording
    }

    fn load(&self, library: &str) -> Arc<LoadedPlugin> {
        let file = match &self.libraries {
            Some(folder) => folder.join(format!("lib{library}.so")),
            None => plugin(library),
        };
        self.loader.load(&file).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    fn planned_exchange(&self, mode: Mode) -> PlannedExchange {
        let (library, config) = self.exchange.clone();
        let plugin = self.load(library);
        let manifest = plugin.manifest();
        PlannedExchange {
            name: "venue".to_owned(),
            plugin: manifest.name.clone(),
            instrument_types: manifest.instrument_types,
            trading_types: manifest.trading_types,
            has_order_entry: manifest.has_flag(plugin_flag::ORDER_ENTRY),
            takes: manifest.takes_of(None),
            make: Box::new(move |host| {
                Ok(create_exchange(&plugin, "venue", &config, host, &mode.isolation())?.instance)
            }),
            history: None,
        }
    }

    fn planned_strategy(
        &self,
        index: usize,
        (library, config): &Setup,
        mode: Mode,
        calls: &Arc<Calls>,
    ) -> PlannedStrategy {
        let plugin = self.load(library);
        let (config, calls) = (config.clone(), Arc::clone(calls));
        let name = format!("strategy-{index}");
        let instance = name.clone();
        let run = Run { trading_type: TradingType::Backtest, clock: None };
        PlannedStrategy {
            name,
            plugin: plugin.manifest().name.clone(),
            may_shutdown: false,
            cancels_on_stop: true,
            saved: None,
            is_batch_safe: plugin.manifest().has_flag(plugin_flag::BATCH_SAFE),
            bars: Vec::new(),
            warm_up: None,
            make: Box::new(move |services| {
                let made = create_strategy(&plugin, &instance, &config, run, services, &mode.isolation())?;
                Ok(Box::new(Counted { inner: made.instance, calls }))
            }),
        }
    }

    /// Runs it, and returns the files and the calls of market events with their events.
    fn run(&self, strategies: &[Setup], way: Way) -> (Files, u64, u64) {
        let results = self.place.path().join("results");
        let folder = RunFolder::create(&results, TradingType::Backtest, Timestamp::new(0));
        let folder = folder.unwrap_or_else(|error| panic!("{error:#}"));
        let path = folder.path();
        let calls = Arc::new(Calls::default());
        let strategies = strategies.iter().enumerate();
        let plan = Plan {
            config: serde_json::Value::Null,
            trading_type: TradingType::Backtest,
            cash: Money::new(1_000_000 * 100_000_000),
            currency: "USD".to_owned(),
            fill: FillModel::default(),
            costs: CostModels::default(),
            account: stratd_engine::AccountRules::default(),
            accounting: stratd_engine::Accounting::default(),
            oms_type: OmsType::default(),
            rates: Vec::new(),
            risk: PlannedRisk::default(),
            instruments: Default::default(),
            run: 0,
            folder,
            is_verbose: false,
            recorder: None,
            recovery: None,
            slice_max: way.slice_max,
            period: (None, None),
            exchanges: vec![self.planned_exchange(way.exchange)],
            strategies: strategies
                .map(|(index, setup)| self.planned_strategy(index, setup, way.strategies, &calls))
                .collect(),
        };
        let finished = backtest(plan, &Arc::new(Services::default()));
        let finished = finished.unwrap_or_else(|error| panic!("{way:?}: {error:#}"));
        assert!(!finished.has_faults, "{way:?}: {:#?}", read(&path)["summary.json"]);
        (read(&path), calls.calls.load(Ordering::Relaxed), calls.events.load(Ordering::Relaxed))
    }

    /// Runs it in every way; all must leave the same files. Returns those of the plain way, and a line per way that
    /// says how many calls brought how many events.
    pub(crate) fn check(&self, strategies: &[Setup]) -> (Files, String) {
        let (plain, calls, events) = self.run(strategies, PLAIN);
        assert_eq!(
            plain.keys().collect::<Vec<_>>(),
            [
                "config.json",
                "denials.csv",
                "equity.csv",
                "fills.csv",
                "orders.csv",
                "positions.csv",
                "report.html",
                "returns.csv",
                "summary.json"
            ]
        );
        assert_eq!(calls, events, "slices of one");
        let mut told = String::new();
        for way in ways() {
            let (files, calls, others) = self.run(strategies, way);
            for (name, text) in &plain {
                // not `assert_eq`: it would print megabytes
                let difference = first_difference(text, &files[name]);
                assert!(difference.is_empty(), "{way:?}: {name} differs: {difference}");
            }
            assert_eq!(events, others, "{way:?} brings the same events");
            let _ = writeln!(
                told,
                "{way:?}: {events} events in {}",
                if calls < events { "fewer calls" } else { "as many calls" }
            );
        }
        (plain, told)
    }
}

/// The first line that differs, of both.
fn first_difference(left: &str, right: &str) -> String {
    let differs = |(left, right): &(&str, &str)| left != right;
    let lines = left.lines().chain([""]).zip(right.lines().chain([""]));
    match lines.enumerate().find(|(_, pair)| differs(pair)) {
        Some((number, (left, right))) => format!("line {}: {left:?} and {right:?}", number + 1),
        None if left == right => String::new(),
        None => format!("{} and {} bytes", left.len(), right.len()),
    }
}

fn read(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).expect("the folder of a run");
    let file = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path()).expect("a file of results");
        (entry.file_name().to_string_lossy().into_owned(), text)
    };
    entries.flatten().map(file).collect()
}

/// The rows of one strategy, without the numbers that count the orders of all.
fn rows_of(files: &Files, file: &str, strategy: &str) -> Vec<String> {
    let rows = files[file].lines().filter(|row| row.split(',').any(|cell| cell == strategy));
    let without_ids = |row: &str| match file {
        "orders.csv" => row.split_once(',').map_or(row, |(_, rest)| rest).to_owned(),
        _ => row.rsplit_once(',').map_or(row, |(rest, _)| rest).to_owned(),
    };
    rows.map(without_ids).collect()
}

/// The first strategy trades the same alone and beside others.
fn check_undisturbed(alone: &Files, beside: &Files, fills_min: usize) {
    let fills = rows_of(alone, "fills.csv", "strategy-0");
    assert!(fills.len() >= fills_min, "there is something to compare: {} fills", fills.len());
    assert!(fills == rows_of(beside, "fills.csv", "strategy-0"), "the fills differ");
}

fn ema_cross() -> Setup {
    ("strategy_ema_cross", json!({"fast": 5, "slow": 20, "quantity": 100, "reverse": true}))
}

fn counter() -> Setup {
    ("strategy_counter", json!({"state_bytes": 4096}))
}

fn market_maker() -> Setup {
    ("strategy_market_maker", json!({}))
}

#[test]
fn prices_from_a_file_give_the_same_bytes_in_every_way() {
    let recording = Recording::prices();
    let (alone, told) = recording.check(&[ema_cross()]);
    // it promises to read no view in market handlers, so that many events go in one call
    for line in told.lines() {
        let is_sliced = line.contains(&format!("slice_max: {MANY}"));
        assert_eq!(is_sliced, line.ends_with("fewer calls"), "{told}");
    }
    let others: Setup = ("strategy_buy_and_hold", json!({"quantity": 10}));
    let (beside, told) = recording.check(&[ema_cross(), counter(), others]);
    assert!(told.lines().all(|line| line.ends_with("as many calls")), "three cannot share a slice: {told}");
    check_undisturbed(&alone, &beside, 40);
}

#[test]
fn a_strategy_that_counts_sees_every_event_of_every_way() {
    let (alone, told) = Recording::prices().check(&[counter()]);
    assert!(told.contains("fewer calls"), "{told}");
    let summary: Value = serde_json::from_str(&alone["summary.json"]).expect("a summary is JSON");
    let metrics = summary["strategies"][0]["metrics"].as_array().expect("a list of pairs");
    let figure = |name: &str| {
        let pair = metrics.iter().find(|pair| pair[0] == name);
        pair.unwrap_or_else(|| panic!("no {name}: {summary:#}"))[1].clone()
    };
    for name in ["gaps", "duplicates", "out_of_order", "state_damaged"] {
        assert_eq!(figure(name), "0.00000000", "{name}");
    }
    // a bar and a trade of each row
    assert_eq!(figure("count"), format!("{}.00000000", (LINES - 1) * 2));
}

#[test]
fn a_venue_that_executes_gives_the_same_bytes_in_every_way() {
    let config = json!({"steps": 500, "instruments": 2, "maker_fee": 0.0001, "taker_fee": 0.0003});
    let recording = Recording::new(("exchange_synthetic", config));
    let (alone, _) = recording.check(&[market_maker()]);
    assert!(rows_of(&alone, "fills.csv", "strategy-0").len() > 20, "{}", alone["summary.json"]);
    let (beside, _) = recording.check(&[market_maker(), ema_cross(), counter()]);
    // the others take what it offers, so it need not trade the same
    for strategy in ["strategy-0", "strategy-1"] {
        assert!(rows_of(&beside, "fills.csv", strategy).len() > 20, "{}", beside["summary.json"]);
    }
}

#[test]
fn an_exchange_whose_order_ids_are_texts_gives_the_same_bytes_in_every_way() {
    let recording = Recording::new(("exchange_fake", json!({"steps": 500})));
    let (alone, _) = recording.check(&[ema_cross()]);
    assert!(rows_of(&alone, "fills.csv", "strategy-0").len() > 10, "{}", alone["summary.json"]);
    let (beside, _) = recording.check(&[ema_cross(), market_maker(), counter()]);
    assert!(rows_of(&beside, "orders.csv", "strategy-1").len() > 10, "{}", beside["summary.json"]);
}
