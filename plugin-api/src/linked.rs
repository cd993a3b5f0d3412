//! A strategy linked into the program: the same guard and dispatch as behind the table, without the table.

use crate::{
    Fault, Fill, Money, Reason, StateSink, Strategy, StrategyHost, StrategyInstance, Timestamp, abi,
    context::{Context, InstrumentCache},
    dispatch,
    guard::{Guarded, guarded},
};

/// A strategy that is compiled into the caller: for tests and for comparisons with the plugin of the same code.
///
/// ```
/// use stratd_plugin_api::{Context, LinkedStrategy, Result, Strategy, Trade};
/// struct Noop;
/// impl Strategy for Noop {
///     type Config = serde_json::Map<String, serde_json::Value>;
///     fn new(_: Self::Config) -> Result<Self> { Ok(Noop) }
///     fn on_trade(&mut self, _: &mut Context<'_>, _: &Trade) -> Result<()> { Ok(()) }
/// }
/// assert!(LinkedStrategy::<Noop>::new("{}").is_ok());
/// assert!(LinkedStrategy::<Noop>::new("[]").is_err());
/// ```
pub struct LinkedStrategy<S> {
    guarded: Guarded<S>,
}

impl<S: Strategy> LinkedStrategy<S> {
    /// Makes the strategy from its configuration as JSON.
    ///
    /// # Errors
    /// The configuration is not usable.
    pub fn new(config: &str) -> Result<Self, Fault> {
        Ok(Self { guarded: Guarded::create(config)? })
    }

    /// The strategy itself, to look at in tests.
    pub fn strategy(&self) -> &S {
        &self.guarded.inner
    }
}

impl<S: Strategy> StrategyInstance for LinkedStrategy<S> {
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[abi::Event]) -> Result<usize, Fault> {
        let mut in_work = 0;
        let result = self.guarded.call(|strategy, cache| {
            dispatch::events(strategy, host, cache, events, |host, index, event| {
                in_work = index;
                host.begin_event(event);
            })
        });
        // an error knows its event, a panic does not
        result.map_err(
            |fault| if fault.reason == Reason::Panic { Fault { index: in_work, ..fault } } else { fault },
        )
    }

    fn takes_up_events(&self) -> bool {
        true
    }

    fn on_orders(&mut self, host: &mut dyn StrategyHost, events: &[abi::OrderEvent]) -> Result<usize, Fault> {
        self.guarded.call(|strategy, cache| dispatch::orders(strategy, host, cache, events))
    }

    fn on_config(&mut self, host: &mut dyn StrategyHost, config: &str) -> Result<(), Fault> {
        self.guarded.call(|strategy, cache| on_config(strategy, host, cache, config))
    }

    fn slippage(&mut self, _: &mut dyn StrategyHost, fill: &abi::FillRecord) -> Result<Option<Money>, Fault> {
        self.guarded.call(|strategy, _| Ok(Fill::from_raw(fill).and_then(|fill| strategy.slippage(&fill))))
    }

    fn transaction_cost(
        &mut self,
        _: &mut dyn StrategyHost,
        fill: &abi::FillRecord,
    ) -> Result<Option<Money>, Fault> {
        self.guarded
            .call(|strategy, _| Ok(Fill::from_raw(fill).and_then(|fill| strategy.transaction_cost(&fill))))
    }

    fn save(&mut self, _: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault> {
        self.guarded.call(|strategy, _| {
            let mut bytes = Vec::new();
            let mut write = |part: &[u8]| {
                bytes.extend_from_slice(part);
                true
            };
            let is_there = strategy.save_to(&mut StateSink::new(&mut write));
            is_there.map(|there| there.then_some(bytes)).map_err(|e| Fault::error(e.to_string()))
        })
    }

    fn restore(&mut self, _: &mut dyn StrategyHost, state_version: u32, state: &[u8]) -> Result<(), Fault> {
        self.guarded.call(|strategy, _| {
            strategy.restore(state_version, state).map_err(|e| Fault::error(e.to_string()))
        })
    }

    fn quiesce(&mut self, _: &mut dyn StrategyHost, deadline: Timestamp) -> Result<(), Fault> {
        self.guarded.call(|strategy, _| strategy.quiesce(deadline).map_err(|e| Fault::error(e.to_string())))
    }
}

/// Parses a new configuration and hands it over.
pub(crate) fn on_config<S: Strategy>(
    strategy: &mut S,
    host: &mut dyn StrategyHost,
    cache: &mut InstrumentCache,
    config: &str,
) -> Result<(), Fault> {
    let config = parse_config(config)?;
    strategy.on_config(&mut Context::new(host, cache), config).map_err(|e| Fault::error(e.to_string()))
}

/// Parses a configuration.
pub(crate) fn parse_config<C: serde::de::DeserializeOwned>(config: &str) -> Result<C, Fault> {
    serde_json::from_str(config).map_err(|error| Fault::error(format!("reading the configuration: {error}")))
}

impl<S: Strategy> Guarded<S> {
    /// Makes a strategy from its configuration, under the guard.
    pub(crate) fn create(config: &str) -> Result<Self, Fault> {
        let strategy = guarded(|| {
            parse_config(config).and_then(|c| S::new(c).map_err(|e| Fault::error(e.to_string())))
        })?;
        Ok(Self::new(strategy))
    }
}
