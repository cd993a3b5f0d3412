//! A backtest in this process with real connectors and a strategy that is linked into the test, so that it can say what
//! it saw.

use std::sync::Arc;

use serde_json::Value;
use stratd::{
    config::InstrumentsConfig,
    host::Loader,
    results::{RunFolder, Summary},
    runtime::{Plan, PlannedExchange, PlannedRisk, PlannedStrategy, Services, backtest},
};
use stratd_plugin_api::{LinkedStrategy, Strategy, Timestamp, TradingType, abi::plugin_flag};
use stratd_simulation::CostModels;
use stratd_tests::plugin;

/// Runs the strategy at these instances of a connector's library.
pub(crate) fn run<S: Strategy>(
    library: &str,
    exchanges: &[(&str, Value)],
    instruments: InstrumentsConfig,
) -> Summary {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let loader = Loader::new(folder.path()).expect("a writable folder");
    let loaded = loader.load(&plugin(library)).expect("a plugin that this host accepts");
    let exchanges = exchanges.iter().map(|(name, config)| {
        let (manifest, connector) = (loaded.manifest(), Arc::clone(&loaded));
        let (instance, config) = ((*name).to_owned(), config.clone());
        PlannedExchange {
            name: instance.clone(),
            plugin: manifest.name.clone(),
            instrument_types: manifest.instrument_types,
            trading_types: manifest.trading_types,
            has_order_entry: manifest.has_flag(plugin_flag::ORDER_ENTRY),
            takes: manifest.takes(),
            make: Box::new(move |host| Ok(connector.create_exchange(&instance, &config, host)?)),
            history: None,
        }
    });
    let plan = Plan {
        config: Value::Null,
        trading_type: TradingType::Backtest,
        cash: "1000000".parse().expect("an amount"),
        currency: "USD".to_owned(),
        fill: stratd_simulation::FillRule::NextPrice.into(),
        costs: CostModels::default(),
        account: stratd_engine::AccountRules::default(),
        accounting: stratd_engine::Accounting::default(),
        oms_type: stratd_plugin_api::OmsType::Netting,
        rates: Vec::new(),
        risk: PlannedRisk::default(),
        instruments,
        run: 0,
        folder: RunFolder::create(folder.path(), TradingType::Backtest, Timestamp::new(0))
            .expect("a writable folder"),
        is_verbose: false,
        recorder: None,
        recovery: None,
        slice_max: 64,
        exchanges: exchanges.collect(),
        period: (None, None),
        strategies: vec![PlannedStrategy {
            bars: Vec::new(),
            warm_up: None,
            name: "linked".to_owned(),
            plugin: "linked".to_owned(),
            may_shutdown: false,
            cancels_on_stop: true,
            saved: None,
            is_batch_safe: false,
            make: Box::new(|_| Ok(Box::new(LinkedStrategy::<S>::new("{}")?))),
        }],
    };
    backtest(plan, &Arc::new(Services::default())).expect("a run to the end").summary
}
