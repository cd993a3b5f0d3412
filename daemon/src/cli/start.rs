//! From a checked configuration to a run.

use std::{io::Write as _, process::ExitCode, sync::Arc};

use anyhow::Result;
use serde_json::Value;
use stratd_engine::RiskLimits;
use stratd_plugin_api::{TradingType, abi::plugin_flag};

use super::checked::Checked;
use crate::{
    config::{PluginKind, RunConfig},
    host::{LoadedPlugin, Run},
    plugins::Plugins,
    results::{RunFolder, print_summary},
    runtime::{Finished, Plan, PlannedExchange, PlannedStrategy, Services, backtest, clock, live},
};

/// Runs what was checked, and prints what came out.
pub(super) fn start(checked: &Checked) -> Result<ExitCode> {
    let services = Arc::new(Services::default());
    let plan = plan(&checked.config, &checked.plugins)?;
    let folder = plan.folder.path();
    let Finished { summary, elapsed, has_faults } = match plan.trading_type {
        TradingType::Backtest => backtest(plan, &services)?,
        TradingType::Simulation | TradingType::Sandbox | TradingType::Live => live(plan, &services)?,
    };
    let mut out = std::io::stdout().lock();
    print_summary(&mut out, &summary)?;
    writeln!(out, "results in {} ({} events in {elapsed:.2?})", folder.display(), summary.events)?;
    Ok(if has_faults { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn plan(config: &RunConfig, plugins: &Plugins) -> Result<Plan> {
    let trading_type = config.trading_type;
    let run = Run {
        trading_type,
        clock: match trading_type {
            TradingType::Backtest => None,
            TradingType::Simulation | TradingType::Sandbox | TradingType::Live => Some(clock::now),
        },
    };
    let exchanges = config.exchange.iter().map(|entry| {
        let plugin = plugins.load(PluginKind::Exchange, &entry.plugin)?;
        let (name, settings) = (entry.name().to_owned(), Value::Object(entry.config.clone()));
        Ok(PlannedExchange {
            name: name.clone(),
            plugin: label(&plugin),
            instrument_types: plugin.manifest().instrument_types,
            trading_types: plugin.manifest().trading_types,
            has_order_entry: plugin.manifest().has_flag(plugin_flag::ORDER_ENTRY),
            make: Box::new(move |host| Ok(plugin.create_exchange(&name, &settings, host)?)),
        })
    });
    let strategies = config.strategy.iter().map(|entry| {
        let plugin = plugins.load(PluginKind::Strategy, &entry.plugin)?;
        let (name, settings) = (entry.name().to_owned(), Value::Object(entry.config.clone()));
        Ok(PlannedStrategy {
            name: name.clone(),
            plugin: label(&plugin),
            may_shutdown: entry.allow_shutdown,
            is_batch_safe: plugin.manifest().is_batch_safe(),
            make: Box::new(move |services| Ok(plugin.create_strategy(&name, &settings, run, services)?)),
        })
    });
    Ok(Plan {
        trading_type,
        cash: config.backtest.cash,
        currency: config.backtest.currency.clone(),
        fill: config.fill.model(&config.costs),
        costs: config.costs.models(),
        limits: RiskLimits {
            max_order_quantity: config.risk.max_order_quantity,
            max_order_notional: config.risk.max_order_notional,
            max_position: config.risk.max_position,
        },
        is_verbose: config.verbose,
        slice_max: config.slice_max,
        exchanges: exchanges.collect::<Result<_>>()?,
        strategies: strategies.collect::<Result<_>>()?,
        // last: it is there only if all plugins are
        folder: RunFolder::create(&config.results, trading_type, clock::now())?,
    })
}

fn label(plugin: &LoadedPlugin) -> String {
    format!("{} {}", plugin.manifest().name, plugin.manifest().version)
}
