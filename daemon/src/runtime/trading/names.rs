//! What the rows of a page are called.

use std::collections::BTreeMap;

use stratd_engine::{Engine, StrategyId};
use stratd_plugin_api::{ExchangeId, Instrument, InstrumentId};

/// The instruments, strategies and exchanges of a page: copies, because the page leaves the event loop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    instruments: BTreeMap<InstrumentId, Instrument>,
    strategies: BTreeMap<StrategyId, String>,
    /// By id, from 1.
    exchanges: Vec<String>,
}

impl Names {
    /// No rows yet.
    pub(super) fn new(exchanges: Vec<String>) -> Self {
        Self { exchanges, ..Self::default() }
    }

    /// Notes what a row is of.
    pub(super) fn note(&mut self, engine: &Engine, strategy: Option<StrategyId>, instrument: InstrumentId) {
        if let Some(known) = engine.instrument(instrument) {
            self.instruments.entry(instrument).or_insert_with(|| known.clone());
        }
        if let Some(strategy) = strategy
            && let Some((config, ..)) = engine.strategies().nth(strategy.index())
        {
            self.strategies.entry(strategy).or_insert_with(|| config.name.clone());
        }
    }

    /// Names an owner who is not in the run yet.
    pub(super) fn name_strategy(&mut self, id: StrategyId, name: &str) {
        self.strategies.entry(id).or_insert_with(|| name.to_owned());
    }

    pub(crate) fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        self.instruments.get(&id)
    }

    pub(crate) fn strategy(&self, id: StrategyId) -> &str {
        self.strategies.get(&id).map_or("?", String::as_str)
    }

    pub(crate) fn exchange(&self, id: ExchangeId) -> &str {
        let index = usize::from(id.0).checked_sub(1);
        index.and_then(|index| self.exchanges.get(index)).map_or("?", String::as_str)
    }
}
