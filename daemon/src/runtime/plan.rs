//! What a run needs, checked; and how it starts.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use anyhow::{Context as _, Result, bail};
use stratd_engine::{
    AccountRules, Accounting, Driver, Engine, EngineConfig, OrderIds, RateSource, RiskLimits, Scope,
    StrategyConfig, StrategyId,
};
use stratd_plugin_api::{
    BarSpec, Decimal, ExchangeHost, ExchangeId, ExchangeInstance, Fault, Instrument, InstrumentId, Money,
    OmsType, StrategyInstance, StrategyServices, Takes, Timestamp, TradingType, abi,
};
use stratd_simulation::{CostModels, FillModel};

use super::{
    Services,
    described::{check_symbols, describe, register_spreads, set_routes},
    exchange_desk::{ExchangeDesk, Way},
    history::{Histories, PlannedHistory},
    instrument_limits::{ExchangeHours, limit_instruments},
    instruments::Instruments,
    link::{Links, Route},
    notify,
    order_entry::{MayTrade, OrderEntry, SharedExchange},
    recovery::RecoveryPlan,
};
use crate::{
    config::{InstrumentsConfig, WarmUp},
    recorder::RecorderPlan,
    results::RunFolder,
};

/// Everything that a run needs, checked.
pub struct Plan {
    /// What the run is.
    pub trading_type: TradingType,
    /// Cash at the start.
    pub cash: Money,
    /// Currency of the run.
    pub currency: String,
    /// How orders fill where no exchange executes them.
    pub fill: FillModel,
    /// What executions cost beyond the fees.
    pub costs: CostModels,
    /// What the account allows.
    pub account: AccountRules,
    /// How the cost of what is closed is found.
    pub accounting: Accounting,
    /// Whether positions are netted or hedged.
    pub oms_type: OmsType,
    /// What currencies are worth.
    pub rates: Vec<PlannedRate>,
    /// Limits of the run, of its strategies and instruments.
    pub risk: PlannedRisk,
    /// What is said of instruments, and where orders for them go.
    pub instruments: InstrumentsConfig,
    /// The number of the run among all whose orders reach exchanges, from 1; 0 where none does.
    pub run: u64,
    /// The configuration as it was written, without what does not bear on the results.
    pub config: serde_json::Value,
    /// The folder for the results of this run.
    pub folder: RunFolder,
    /// Whether every event is logged.
    pub is_verbose: bool,
    /// At most this many market events in one call of a strategy, 1 = one at a time.
    pub slice_max: usize,
    /// When a backtest begins, and when it ends; `None` = with its data.
    pub period: (Option<Timestamp>, Option<Timestamp>),
    /// The data.
    pub exchanges: Vec<PlannedExchange>,
    /// The strategies.
    pub strategies: Vec<PlannedStrategy>,
    /// What is recorded, if anything is.
    pub recorder: Option<RecorderPlan>,
    /// What earlier runs left, where orders reach exchanges and are kept.
    pub recovery: Option<RecoveryPlan>,
}

impl Plan {
    /// Whether orders reach an exchange that executes them.
    #[must_use]
    pub fn executes_elsewhere(&self) -> bool {
        MayTrade::of(self.trading_type).is_some()
            && self.exchanges.iter().any(|exchange| exchange.has_order_entry)
    }
}

/// What one unit of a currency is worth in the currency of the run.
#[derive(Clone, Debug)]
pub struct PlannedRate {
    /// The currency.
    pub currency: String,
    /// The rate, or that until the first price.
    pub rate: Decimal,
    /// The symbol whose last price is the rate, and whether it is the inverse one.
    pub quoted: Option<(String, bool)>,
}

/// The limits of a run.
#[derive(Clone, Debug, Default)]
pub struct PlannedRisk {
    /// Of all strategies together.
    pub run: RiskLimits,
    /// Of strategies, by name.
    pub strategies: BTreeMap<String, RiskLimits>,
    /// Of instruments, by symbol; each must be one that an exchange has.
    pub instruments: BTreeMap<String, RiskLimits>,
    /// Whether orders for all instruments are held to the hours that exchanges tell.
    pub exchange_hours: Option<ExchangeHours>,
    /// The same for instruments by symbol.
    pub exchange_hours_of: BTreeMap<String, ExchangeHours>,
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
    /// Whether it takes orders.
    pub has_order_entry: bool,
    /// Which orders it takes; without order entry, which ones the fill model shall take.
    pub takes: Takes,
    /// Makes it.
    pub make: MakeExchange,
    /// Makes what tells its past to strategies that are warmed up before a run by the clock.
    pub history: Option<MakeExchange>,
}

/// A strategy of the plan.
pub struct PlannedStrategy {
    /// Name of the instance.
    pub name: String,
    /// The plugin with its version, for the results.
    pub plugin: String,
    /// Whether it may end the run.
    pub may_shutdown: bool,
    /// Whether its working orders are canceled when it stops or fails.
    pub cancels_on_stop: bool,
    /// What it saved in an earlier run, with its version.
    pub saved: Option<(u32, Arc<Vec<u8>>)>,
    /// Whether its market handlers read no view.
    pub is_batch_safe: bool,
    /// Bars that it gets of every instrument.
    pub bars: Vec<BarSpec>,
    /// How much history it is told before it starts.
    pub warm_up: Option<WarmUp>,
    /// Makes it.
    pub make: MakeStrategy,
}

/// An exchange that is connected and whose instruments are known.
pub(super) struct OpenExchange {
    pub(super) name: String,
    pub(super) exchange: SharedExchange,
    pub(super) desk: Arc<ExchangeDesk>,
    /// The instruments that were halted because the connector left.
    pub(super) halted: Vec<InstrumentId>,
    /// It has left the run: its place is empty until it comes back.
    pub(super) has_left: bool,
    /// The instruments that were halted because it left the run.
    pub(super) gone: Vec<InstrumentId>,
}

/// The requests before the run, by correlation number.
const CONNECT: u64 = 1;
const INSTRUMENTS: u64 = 2;
const SUBSCRIBE: u64 = 3;
/// A snapshot that is asked for while the run goes on; nobody waits for the answer.
const SNAPSHOT: u64 = 4;

impl OpenExchange {
    /// In its place.
    pub(super) fn new(name: String, exchange: SharedExchange, desk: Arc<ExchangeDesk>) -> Self {
        Self { name, exchange, desk, halted: Vec::new(), has_left: false, gone: Vec::new() }
    }

    /// Starts its market data.
    pub(super) fn subscribe(&self) -> Result<()> {
        notify::starts(format_args!("asks exchange {} for market data", self.name));
        let asked = self.exchange.borrow_mut().subscribe(SUBSCRIBE, None);
        let what = || format!("market data of exchange {}", self.name);
        asked.with_context(what)?;
        self.desk.wait(SUBSCRIBE).with_context(what)
    }

    /// Asks for a snapshot of a book that lost something. A connector that refuses goes on as it was: the book is stale
    /// until a snapshot comes, whoever sends it.
    pub(super) fn ask_for_snapshot(&self, instrument: InstrumentId) {
        if let Err(fault) = self.exchange.borrow_mut().subscribe(SNAPSHOT, Some(instrument)) {
            tracing::warn!(
                logger = format!("exchange.{}", self.name),
                "sends no snapshot of instrument {instrument}: {}",
                fault.message
            );
        }
    }
}

/// What a run begins with.
pub(super) struct Opened {
    pub(super) driver: Driver<Links>,
    /// How much history strategies are told.
    pub(super) warm_ups: Vec<(StrategyId, WarmUp)>,
    /// Where exchanges have their past.
    pub(super) histories: Histories,
    pub(super) exchanges: Vec<OpenExchange>,
    /// By id, from 1; nothing unless they are recorded.
    pub(super) instruments: Vec<abi::InstrumentRecord>,
    /// Strategies that refused what they saved: they have failed before the run starts.
    pub(super) refused: Vec<(StrategyId, Fault)>,
}

/// Connects the exchanges, takes their instruments, makes the strategies.
pub(super) fn open(plan: &mut Plan, services: &Arc<Services>, way: impl Fn() -> Way) -> Result<Opened> {
    let strategies = std::mem::take(&mut plan.strategies);
    let mut engine = empty_engine(&plan.terms(), services);
    let instruments = Arc::new(Instruments::default());
    let mut open = Vec::new();
    let mut routes = Vec::new();
    let mut histories = Vec::new();
    for (index, mut planned) in std::mem::take(&mut plan.exchanges).into_iter().enumerate() {
        let id = ExchangeId(u16::try_from(index + 1).context("more exchanges than ids")?);
        let name = || planned.name.clone();
        histories.extend(planned.history.take().map(|make| PlannedHistory {
            exchange: id,
            name: name(),
            make,
        }));
        let desk = ExchangeDesk::new(&planned.name, id, plan.trading_type, services, &instruments, way());
        engine.add_exchange(abi::ExchangeRecord {
            name: services.intern(&planned.name),
            id: id.0,
            reserved: [0; 3],
            instrument_types: planned.instrument_types,
            trading_types: planned.trading_types,
        });
        let (has_order_entry, takes) = (planned.has_order_entry, planned.takes);
        let opened = connect((planned.name, "exchange"), planned.make, Arc::new(desk))?;
        let route = route(plan.trading_type, has_order_entry, &opened.exchange);
        engine.set_takes(id, route.takes(takes));
        routes.push(route);
        open.push(opened);
    }
    let names: Vec<String> = open.iter().map(|open: &OpenExchange| open.name.clone()).collect();
    register_spreads(&instruments, &plan.instruments, (&names, services))?;
    let registry = instruments;
    let histories = Histories::new(histories, &registry);
    let mut instruments = registry.close(services);
    describe(&mut instruments, &plan.instruments, (&names, &registry, services))?;
    check_symbols(&instruments, &plan.instruments, &names)?;
    let records = plan.recorder.as_ref().map(|_| instruments.iter().map(|(_, record)| *record).collect());
    let warm_ups = strategies.iter().zip(0..).filter_map(|(strategy, id)| {
        // what it knew is in its state: told twice, it would count twice
        let is_new = strategy.saved.is_none();
        Some((StrategyId(id), strategy.warm_up.filter(|_| is_new)?))
    });
    let warm_ups = warm_ups.collect();
    let refused = fill_engine(&mut engine, &plan.terms(), instruments, (strategies, services))?;
    let driver = Driver::new(engine, Links::new(plan.fill.clone(), routes));
    Ok(Opened {
        driver,
        warm_ups,
        histories,
        exchanges: open,
        instruments: records.unwrap_or_default(),
        refused,
    })
}

/// What an engine is made with, whoever feeds it.
pub(crate) struct Terms<'a> {
    pub(crate) trading_type: TradingType,
    pub(crate) cash: Money,
    pub(crate) currency: &'a str,
    pub(crate) costs: CostModels,
    pub(crate) account: AccountRules,
    pub(crate) accounting: Accounting,
    pub(crate) oms_type: OmsType,
    pub(crate) rates: &'a [PlannedRate],
    pub(crate) risk: &'a PlannedRisk,
    pub(crate) instruments: &'a InstrumentsConfig,
    pub(crate) run: u64,
}

impl Plan {
    fn terms(&self) -> Terms<'_> {
        Terms {
            trading_type: self.trading_type,
            cash: self.cash,
            currency: &self.currency,
            costs: self.costs,
            account: self.account,
            accounting: self.accounting,
            oms_type: self.oms_type,
            rates: &self.rates,
            risk: &self.risk,
            instruments: &self.instruments,
            run: self.recovery.as_ref().map_or(self.run, |recovery| u64::from(recovery.identity)),
        }
    }
}

/// An engine without exchanges, instruments and strategies.
pub(crate) fn empty_engine(terms: &Terms<'_>, services: &Arc<Services>) -> Engine {
    let for_engine: Arc<dyn StrategyServices> = services.clone();
    Engine::new(
        EngineConfig {
            trading_type: terms.trading_type,
            cash: terms.cash,
            currency: services.intern(terms.currency),
            limits: terms.risk.run.clone(),
            account: terms.account,
            oms_type: terms.oms_type,
            accounting: terms.accounting,
            order_ids: OrderIds::of_run(terms.run),
            costs: Box::new(terms.costs),
        },
        for_engine,
    )
}

/// Puts instruments and strategies into an engine that has its exchanges. The strategies that refused what they saved.
pub(crate) fn fill_engine(
    engine: &mut Engine,
    terms: &Terms<'_>,
    instruments: Vec<(Instrument, abi::InstrumentRecord)>,
    (strategies, services): (Vec<PlannedStrategy>, &Arc<Services>),
) -> Result<Vec<(StrategyId, Fault)>> {
    let mut by_symbol: BTreeMap<String, Vec<InstrumentId>> = BTreeMap::new();
    let mut currencies: BTreeMap<String, String> = BTreeMap::new();
    for (instrument, record) in instruments {
        let expected = instrument.id;
        by_symbol.entry(instrument.symbol.clone()).or_default().push(expected);
        currencies.entry(instrument.currency.clone()).or_insert_with(|| instrument.symbol.clone());
        let id = engine.add_instrument(instrument, record)?;
        if id != expected {
            bail!("instrument {expected} has the number {id} in the engine (accepted: the same one)");
        }
    }
    limit_instruments(engine, terms.risk, &by_symbol)?;
    let names: Vec<String> = (1..)
        .map_while(|id| engine.exchange_record(ExchangeId(id)))
        .map(|record| services.text_of(record.name))
        .collect();
    set_routes(engine, terms.instruments, (&names, &by_symbol))?;
    set_rates(engine, terms, &by_symbol, &currencies)?;
    let mut refused = Vec::new();
    for strategy in strategies {
        let for_strategy: Arc<dyn StrategyServices> = services.clone();
        notify::starts(format_args!("creates strategy {}", strategy.name));
        let instance = (strategy.make)(for_strategy)?;
        let config = StrategyConfig {
            name: strategy.name,
            may_shutdown: strategy.may_shutdown,
            cancels_on_stop: strategy.cancels_on_stop,
            is_batch_safe: strategy.is_batch_safe,
            bars: strategy.bars,
        };
        let limits = terms.risk.strategies.get(&config.name).cloned();
        let id = engine.add_strategy(config, instance)?;
        if let Some(limits) = limits {
            engine.set_limits(Scope::Strategy(id), limits);
        }
        if let Some((version, state)) = &strategy.saved
            && let Err(fault) = engine.restore_strategy(id, *version, state)
        {
            refused.push((id, Fault { message: format!("its saved state was refused: {fault}"), ..fault }));
        }
    }
    Ok(refused)
}

/// Sets the rates; a currency without one would be counted as if it were that of the run.
fn set_rates(
    engine: &mut Engine,
    terms: &Terms<'_>,
    by_symbol: &BTreeMap<String, Vec<InstrumentId>>,
    currencies: &BTreeMap<String, String>,
) -> Result<()> {
    for (currency, symbol) in currencies.iter().filter(|(currency, _)| **currency != terms.currency) {
        if !terms.rates.iter().any(|rate| rate.currency == *currency) {
            bail!(
                "the instrument {symbol} is in {currency}, and the run in {}: portfolio.rates.{currency} is missing (accepted: a number above 0, or an instrument that quotes it)",
                terms.currency
            );
        }
    }
    for PlannedRate { currency, rate, quoted } in terms.rates {
        let source = match quoted {
            None => RateSource::Fixed(*rate),
            Some((symbol, is_inverse)) => {
                let id = by_symbol.get(symbol).and_then(|ids| ids.first());
                let id = id.with_context(|| {
                    format!("portfolio.rates.{currency}: no exchange has an instrument {symbol}")
                })?;
                RateSource::Quoted { instrument: *id, is_inverse: *is_inverse, initial: *rate }
            }
        };
        engine.set_rate(currency, source)?;
    }
    Ok(())
}

/// Where the orders of an exchange go. Our own fill model stands in only where no money is at stake.
pub(super) fn route(trading_type: TradingType, has_order_entry: bool, exchange: &SharedExchange) -> Route {
    match (trading_type, MayTrade::of(trading_type)) {
        (_, Some(may_trade)) if has_order_entry => Route::Entry(OrderEntry::new(may_trade, exchange)),
        (TradingType::Backtest | TradingType::Simulation, _) => Route::FillModel,
        (TradingType::Sandbox | TradingType::Live, _) => Route::Closed,
    }
}

/// Makes a connector, connects it and asks for its instruments. `of`: what it is, for people.
pub(super) fn connect(
    (name, of): (String, &str),
    make: MakeExchange,
    desk: Arc<ExchangeDesk>,
) -> Result<OpenExchange> {
    notify::starts(format_args!("creates {of} {name}"));
    let for_exchange: Arc<dyn ExchangeHost> = desk.clone();
    let mut instance = make(for_exchange)?;
    notify::starts(format_args!("connects {of} {name}"));
    let connecting = || format!("connecting {of} {name}");
    instance.connect(CONNECT).with_context(connecting)?;
    desk.wait(CONNECT).with_context(connecting)?;
    notify::starts(format_args!("asks {of} {name} for its instruments"));
    let asking = || format!("instruments of {of} {name}");
    instance.instruments(INSTRUMENTS).with_context(asking)?;
    desk.wait(INSTRUMENTS).with_context(asking)?;
    Ok(OpenExchange::new(name, Rc::new(RefCell::new(instance)), desk))
}
