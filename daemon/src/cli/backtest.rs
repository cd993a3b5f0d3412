//! `stratd backtest`.

use std::{io::Write as _, process::ExitCode, sync::Arc};

use anyhow::{Result, bail};
use serde_json::Value;
use stratd_engine::RiskLimits;
use stratd_plugin_api::TradingType;

use super::{
    RunArguments,
    checked::{self, Checked},
};
use crate::{
    check::EXIT_CONFIG,
    config::{PluginKind, RunConfig},
    host::{LoadedPlugin, Run},
    logging,
    plugins::Plugins,
    results::{create_run_folder, print_summary},
    runtime::{Finished, Plan, PlannedExchange, PlannedStrategy, Services, backtest, clock},
};

pub(super) fn main(arguments: &RunArguments) -> Result<ExitCode> {
    logging::start(arguments.flags.verbose);
    match checked::read(arguments)? {
        Err(problems) => {
            checked::print_problems(&problems);
            Ok(ExitCode::from(EXIT_CONFIG))
        }
        Ok(checked) if checked.config.trading_type == TradingType::Backtest => run(&checked),
        Ok(checked) => bail!(
            "stratd backtest runs trading type backtest (found {}; `stratd run` runs the others)",
            checked.config.trading_type
        ),
    }
}

/// Runs a checked backtest.
pub(super) fn run(checked: &Checked) -> Result<ExitCode> {
    let services = Arc::new(Services::default());
    let plan = plan(&checked.config, &checked.plugins)?;
    let folder = plan.folder.clone();
    let Finished { summary, elapsed, has_faults } = backtest(plan, &services)?;
    let mut out = std::io::stdout().lock();
    print_summary(&mut out, &summary)?;
    writeln!(out, "results in {} ({} events in {elapsed:.2?})", folder.display(), summary.events)?;
    Ok(if has_faults { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn plan(config: &RunConfig, plugins: &Plugins) -> Result<Plan> {
    let exchanges = config.exchange.iter().map(|entry| {
        let plugin = plugins.load(PluginKind::Exchange, &entry.plugin)?;
        let (name, settings) = (entry.name().to_owned(), Value::Object(entry.config.clone()));
        Ok(PlannedExchange {
            name: name.clone(),
            plugin: label(&plugin),
            instrument_types: plugin.manifest().instrument_types,
            trading_types: plugin.manifest().trading_types,
            make: Box::new(move |host| Ok(plugin.create_exchange(&name, &settings, host)?)),
        })
    });
    let strategies = config.strategy.iter().map(|entry| {
        let plugin = plugins.load(PluginKind::Strategy, &entry.plugin)?;
        let (name, settings) = (entry.name().to_owned(), Value::Object(entry.config.clone()));
        let run = Run { trading_type: TradingType::Backtest, clock: None };
        Ok(PlannedStrategy {
            name: name.clone(),
            plugin: label(&plugin),
            may_shutdown: entry.allow_shutdown,
            make: Box::new(move |services| Ok(plugin.create_strategy(&name, &settings, run, services)?)),
        })
    });
    Ok(Plan {
        cash: config.backtest.cash,
        currency: config.backtest.currency.clone(),
        fill: config.backtest.fill,
        limits: RiskLimits {
            max_order_quantity: config.risk.max_order_quantity,
            max_order_notional: config.risk.max_order_notional,
            max_position: config.risk.max_position,
        },
        is_verbose: config.verbose,
        exchanges: exchanges.collect::<Result<_>>()?,
        strategies: strategies.collect::<Result<_>>()?,
        // last: a run that cannot start leaves no folder
        folder: create_run_folder(&config.results, config.trading_type, clock::now())?,
    })
}

fn label(plugin: &LoadedPlugin) -> String {
    format!("{} {}", plugin.manifest().name, plugin.manifest().version)
}
