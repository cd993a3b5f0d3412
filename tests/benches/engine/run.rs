//! One backtest on the ticks, with everything that a backtest has: plugins behind their tables, risk, portfolio, fill
//! model, and a folder of results.

use std::{path::Path, path::PathBuf, sync::Arc, time::Duration};

use serde_json::{Value, json};
use stratd::{
    host::{LoadedPlugin, Loader, Run},
    results::RunFolder,
    runtime::{
        MakeExchange, Plan, PlannedExchange, PlannedRisk, PlannedStrategy, Services, backtest,
        clock::{self, Took},
    },
};
use stratd_engine::{AccountRules, Accounting};
use stratd_plugin_api::{Money, OmsType, StrategyServices, TradingType, abi::plugin_flag};
use stratd_simulation::{CostModels, FillModel, FillRule};
use stratd_tests::plugin;

/// The plugins, loaded once.
pub(crate) struct Plugins {
    ticks: Arc<LoadedPlugin>,
    every: Arc<LoadedPlugin>,
    ema: Arc<LoadedPlugin>,
}

/// A strategy of the measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    /// It is called and does nothing.
    Noop,
    /// It buys and sells one in turn at every so many ticks.
    Every(u64),
    /// It buys or sells one whenever two averages cross.
    Ema,
}

/// What a run gave.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Processor time of the run's thread, per tick.
    pub(crate) cpu_ns: f64,
    /// Passed time, per tick.
    pub(crate) wall_ns: f64,
    pub(crate) orders: u64,
    pub(crate) pnl: String,
}

impl Outcome {
    pub(crate) fn new(took: Took, count: usize, orders: u64, pnl: String) -> Self {
        let per_tick = |time: Duration| time.as_nanos() as f64 / count as f64;
        Self { cpu_ns: per_tick(took.processor), wall_ns: per_tick(took.elapsed), orders, pnl }
    }

    /// The same for one of so many.
    pub(crate) fn divided_by(self, count: f64) -> Self {
        Self { cpu_ns: self.cpu_ns / count, wall_ns: self.wall_ns / count, ..self }
    }
}

impl Plugins {
    pub(crate) fn load(loader: &Loader) -> Self {
        let load = |library| loader.load(&plugin(library)).expect("a plugin that this host accepts");
        Self { ticks: load("exchange_ticks"), every: load("strategy_every"), ema: load("strategy_ema_cross") }
    }

    /// Runs strategies on the first `count` ticks of a file, and checks that all came.
    pub(crate) fn run(&self, ticks: &Path, count: usize, results: &Path, strategies: &[Which]) -> Outcome {
        let cash: Money = "100000".parse().expect("an amount");
        let plan = Plan {
            trading_type: TradingType::Backtest,
            cash,
            currency: "USD".to_owned(),
            fill: FillModel::from(FillRule::SamePrice),
            costs: CostModels::default(),
            account: AccountRules::default(),
            accounting: Accounting::default(),
            oms_type: OmsType::default(),
            rates: Vec::new(),
            risk: PlannedRisk::default(),
            instruments: Default::default(),
            run: 0,
            config: json!({}),
            folder: RunFolder::create(results, TradingType::Backtest, clock::now())
                .expect("a writable folder"),
            is_verbose: false,
            recorder: None,
            recovery: None,
            slice_max: 64,
            period: (None, None),
            exchanges: vec![self.exchange(ticks, count)],
            strategies: strategies
                .iter()
                .enumerate()
                .map(|(index, which)| self.strategy(index, *which))
                .collect(),
        };
        let folder = plan.folder.path();
        let finished = backtest(plan, &Arc::new(Services::default())).expect("a run without errors");
        std::fs::remove_dir_all(folder).expect("the results of this run");
        let summary = finished.summary;
        assert_eq!(summary.events, count as u64, "every tick reached the engine");
        let equity: Money = summary.equity_end.parse().expect("an amount");
        let pnl = equity.checked_sub(cash).expect("a small amount");
        Outcome::new(finished.took, count, summary.orders, format!("{pnl:.2}"))
    }

    fn exchange(&self, ticks: &Path, count: usize) -> PlannedExchange {
        let (plugin, config) = (Arc::clone(&self.ticks), json!({ "file": ticks, "limit": count }));
        let make: MakeExchange = Box::new(move |host| Ok(plugin.create_exchange("ticks", &config, host)?));
        PlannedExchange {
            name: "ticks".to_owned(),
            plugin: "exchange-ticks".to_owned(),
            instrument_types: self.ticks.manifest().instrument_types,
            trading_types: self.ticks.manifest().trading_types,
            has_order_entry: false,
            takes: self.ticks.manifest().takes_of(None),
            make,
            history: None,
        }
    }

    /// The library of a strategy, and how it is configured.
    pub(crate) fn strategy_of(&self, which: Which) -> (&Arc<LoadedPlugin>, Value) {
        match which {
            Which::Noop => (&self.every, json!({})),
            Which::Every(every) => (&self.every, json!({ "every": every })),
            Which::Ema => (&self.ema, json!({})),
        }
    }

    fn strategy(&self, index: usize, which: Which) -> PlannedStrategy {
        let (plugin, config) = self.strategy_of(which);
        let plugin = Arc::clone(plugin);
        let name = format!("{which:?}-{index}");
        PlannedStrategy {
            name: name.clone(),
            plugin: "of the measurement".to_owned(),
            may_shutdown: false,
            cancels_on_stop: false,
            saved: None,
            is_batch_safe: plugin.manifest().has_flag(plugin_flag::BATCH_SAFE),
            bars: Vec::new(),
            warm_up: None,
            make: Box::new(move |services: Arc<dyn StrategyServices>| {
                let run = Run { trading_type: TradingType::Backtest, clock: None };
                Ok(plugin.create_strategy(&name, &config, run, services)?)
            }),
        }
    }
}

/// The configuration of a run by the program itself.
pub(crate) fn configuration(ticks: &Path, count: usize, results: &Path) -> String {
    let quoted = |path: PathBuf| Value::from(path.display().to_string());
    format!(
        "trading_type = \"backtest\"\nresults = {}\n\n[fill]\nrule = \"same_price\"\n\n\
         [[exchange]]\nplugin = {}\nconfig = {{ file = {}, limit = {count} }}\n\n\
         [[strategy]]\nplugin = {}\n",
        quoted(results.to_owned()),
        quoted(plugin("exchange_ticks")),
        quoted(ticks.to_owned()),
        quoted(plugin("strategy_ema_cross")),
    )
}
