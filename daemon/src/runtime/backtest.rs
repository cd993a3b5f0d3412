//! A backtest: pull, merge, step, record.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use stratd_engine::{
    Driver, Engine, EngineConfig, InputKind, Output, RiskLimits, StrategyConfig, StrategyState,
};
use stratd_plugin_api::{
    ExchangeHost, ExchangeId, ExchangeInstance, Money, Reason, StrategyInstance, StrategyServices, Timestamp,
    TradingType, abi,
};
use stratd_simulation::FillRule;

use super::{
    Services,
    clock::Stopwatch,
    link::SimulatedLink,
    registrar::{Instruments, Registrar},
    sources::Sources,
};
use crate::{
    progress::Progress,
    results::{Labels, Recorder, Summary},
};

/// Everything that a backtest needs, checked.
pub struct Plan {
    /// Cash at the start.
    pub cash: Money,
    /// Currency of the run.
    pub currency: String,
    /// At which price orders trade.
    pub fill: FillRule,
    /// Limits of the run.
    pub limits: RiskLimits,
    /// The folder for the results of this run.
    pub folder: PathBuf,
    /// Whether every event is logged.
    pub is_verbose: bool,
    /// The data.
    pub exchanges: Vec<PlannedExchange>,
    /// The strategies.
    pub strategies: Vec<PlannedStrategy>,
}

/// Makes an exchange instance for a host.
pub type MakeExchange = Box<dyn FnOnce(Arc<dyn ExchangeHost>) -> Result<Box<dyn ExchangeInstance>>>;
/// Makes a strategy instance.
pub type MakeStrategy = Box<dyn FnOnce(Arc<dyn StrategyServices>) -> Result<Box<dyn StrategyInstance>>>;

/// An exchange of the plan.
pub struct PlannedExchange {
    /// Name of the instance.
    pub name: String,
    /// The plugin with its version, for the results.
    pub plugin: String,
    /// Bits 1 << instrument type that it serves.
    pub instrument_types: u32,
    /// Bits of the trading types that it serves.
    pub trading_types: u32,
    /// Makes it.
    pub make: MakeExchange,
}

/// A strategy of the plan.
pub struct PlannedStrategy {
    /// Name of the instance.
    pub name: String,
    /// The plugin with its version, for the results.
    pub plugin: String,
    /// Whether it may end the run.
    pub may_shutdown: bool,
    /// Makes it.
    pub make: MakeStrategy,
}

/// A backtest that is over.
pub struct Finished {
    /// What came out.
    pub summary: Summary,
    /// How long the run took, loading excluded.
    pub elapsed: Duration,
    /// Whether a strategy failed.
    pub has_faults: bool,
}

/// Runs a backtest to the end of its data and writes its results.
///
/// # Errors
/// A source failed, an amount left the range of its type, or the results cannot be written.
pub fn backtest(plan: Plan, services: &Arc<Services>) -> Result<Finished> {
    let labels = Labels::of(&plan);
    let config = EngineConfig {
        trading_type: TradingType::Backtest,
        cash: plan.cash,
        currency: services.intern(&plan.currency),
        limits: plan.limits,
    };
    let for_engine: Arc<dyn StrategyServices> = services.clone();
    let mut engine = Engine::new(config, for_engine);
    let sources = open_exchanges(plan.exchanges, &mut engine, services)?;
    for strategy in plan.strategies {
        let for_strategy: Arc<dyn StrategyServices> = services.clone();
        let instance = (strategy.make)(for_strategy)?;
        let config = StrategyConfig {
            name: strategy.name,
            may_shutdown: strategy.may_shutdown,
            cancels_on_stop: true,
        };
        engine.add_strategy(config, instance)?;
    }
    let recorder = Recorder::create(&plan.folder, labels)
        .with_context(|| format!("creating the results in {}", plan.folder.display()))?;
    let mut run = Run {
        driver: Driver::new(engine, SimulatedLink::new(plan.fill)),
        sources,
        recorder,
        services: Arc::clone(services),
        is_verbose: plan.is_verbose,
        shutdown: None,
    };
    let stopwatch = Stopwatch::start();
    let ended = run.to_the_end();
    run.sources.stop();
    ended?;
    let elapsed = stopwatch.elapsed();
    let has_faults =
        run.driver.engine().strategies().any(|(_, state, _)| matches!(state, StrategyState::Faulted(_)));
    let summary = run.recorder.finish(run.driver.engine())?;
    Ok(Finished { summary, elapsed, has_faults })
}

/// Connects the exchanges in order and takes their instruments.
fn open_exchanges(
    exchanges: Vec<PlannedExchange>,
    engine: &mut Engine,
    services: &Arc<Services>,
) -> Result<Sources> {
    let instruments = Arc::new(Instruments::default());
    let mut sources = Sources::default();
    for (index, exchange) in exchanges.into_iter().enumerate() {
        let id = ExchangeId(u16::try_from(index + 1).context("more exchanges than ids")?);
        let registrar = Arc::new(Registrar::new(
            &exchange.name,
            id,
            TradingType::Backtest,
            Arc::clone(services),
            Arc::clone(&instruments),
        ));
        let for_exchange: Arc<dyn ExchangeHost> = registrar.clone();
        let mut instance = (exchange.make)(for_exchange)?;
        let name = &exchange.name;
        instance.connect(1).with_context(|| format!("connecting exchange {name}"))?;
        registrar.wait(1).with_context(|| format!("connecting exchange {name}"))?;
        instance.instruments(2).with_context(|| format!("instruments of exchange {name}"))?;
        registrar.wait(2).with_context(|| format!("instruments of exchange {name}"))?;
        instance.subscribe(3, None).with_context(|| format!("market data of exchange {name}"))?;
        registrar.wait(3).with_context(|| format!("market data of exchange {name}"))?;
        engine.add_exchange(abi::ExchangeRecord {
            name: services.intern(name),
            id: id.0,
            reserved: [0; 3],
            instrument_types: exchange.instrument_types,
            trading_types: exchange.trading_types,
        });
        sources.add(name, instance);
    }
    for (instrument, record) in instruments.all(services) {
        let expected = instrument.id;
        let id = engine.add_instrument(instrument, record)?;
        assert_eq!(id, expected, "registrar and engine count instruments alike");
    }
    Ok(sources)
}

/// A run in progress.
struct Run {
    driver: Driver<SimulatedLink>,
    sources: Sources,
    recorder: Recorder,
    services: Arc<Services>,
    is_verbose: bool,
    /// The strategy that ended the run, with its reason.
    shutdown: Option<String>,
}

impl Run {
    fn to_the_end(&mut self) -> Result<()> {
        let progress = Progress::start();
        let mut next = self.sources.next()?;
        let mut now = next.map_or(Timestamp::default(), |event| Timestamp::new(event.ts));
        self.services.set_now(now);
        self.driver.feed(now, InputKind::Start)?;
        self.take_outputs()?;
        while let Some(event) = next {
            let at = Timestamp::new(event.ts);
            if at > now {
                self.recorder.close_instant(now, self.driver.engine())?;
                now = at;
                self.services.set_now(now);
                progress.show(now, self.recorder.events());
            }
            if self.is_verbose {
                tracing::debug!(logger = "market", time = %at, "{}", self.recorder.in_words(&event, self.driver.engine()));
            }
            SimulatedLink::market(&mut self.driver, &event)?;
            self.recorder.count_event();
            self.take_outputs()?;
            if self.shutdown.is_some() {
                break;
            }
            next = self.sources.next()?;
        }
        let reason = if self.shutdown.is_some() { Reason::StrategyStopped } else { Reason::DataEnded };
        self.driver.link_mut().end(now);
        self.driver.feed_reports(now)?;
        self.driver.feed(now, InputKind::Exit(reason))?;
        self.take_outputs()?;
        self.recorder.close_instant(now, self.driver.engine())
    }

    fn take_outputs(&mut self) -> Result<()> {
        let outputs = self.driver.take_outputs();
        for output in &outputs {
            self.recorder.take(output, self.driver.engine())?;
            match output {
                Output::StrategyFaulted { strategy, fault } => {
                    let name = self.recorder.strategy_name(*strategy);
                    tracing::error!(logger = format!("strategy.{name}"), time = %self.services.now(), "failed: {fault}");
                }
                Output::StrategyStopped { strategy, reason } => {
                    let name = self.recorder.strategy_name(*strategy);
                    tracing::info!(logger = format!("strategy.{name}"), time = %self.services.now(), "stopped: {reason}");
                }
                Output::Shutdown { strategy, reason } => {
                    let name = self.recorder.strategy_name(*strategy);
                    tracing::info!(logger = format!("strategy.{name}"), time = %self.services.now(), "ends the run: {reason}");
                    self.shutdown.get_or_insert_with(|| format!("{name}: {reason}"));
                }
                Output::UnknownOrder(report) => {
                    tracing::warn!(logger = "engine", "report on unknown order {}", report.client_order_id);
                }
                Output::Submit(_)
                | Output::Cancel(_)
                | Output::Change(_)
                | Output::Filled(_)
                | Output::OrderFinished(_)
                | Output::Metric { .. }
                | Output::Exited => {}
            }
        }
        self.driver.give_back(outputs);
        Ok(())
    }
}
