//! The names of strategies, exchanges and instruments, for the thread: told by the tap before their first event.

use std::sync::Arc;

use stratd_engine::StrategyId;
use stratd_plugin_api::{Instrument, InstrumentId, Price, Quantity};

/// What a thing is called that nobody has named.
const UNKNOWN: &str = "?";

/// Names by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// From 0.
    pub(super) strategies: Vec<Arc<str>>,
    /// From 1.
    pub(super) exchanges: Vec<Arc<str>>,
    /// From 1.
    pub(super) instruments: Vec<Arc<Instrument>>,
}

impl Names {
    pub(super) fn strategy(&self, id: StrategyId) -> String {
        self.strategies.get(id.index()).map_or(UNKNOWN, |name| name).to_owned()
    }

    pub(super) fn exchange(&self, id: u16) -> String {
        let index = usize::from(id).checked_sub(1);
        index.and_then(|index| self.exchanges.get(index)).map_or(UNKNOWN, |name| name).to_owned()
    }

    pub(super) fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        let index = usize::try_from(id.0).ok()?.checked_sub(1)?;
        self.instruments.get(index).map(|instrument| &**instrument)
    }

    pub(super) fn symbol(&self, id: InstrumentId) -> String {
        self.instrument(id).map_or(UNKNOWN, |instrument| &instrument.symbol).to_owned()
    }

    pub(super) fn price(&self, id: InstrumentId, price: Price) -> String {
        self.instrument(id).map_or_else(|| price.to_string(), |i| i.price_text(price).to_string())
    }

    pub(super) fn quantity(&self, id: InstrumentId, quantity: Quantity) -> String {
        self.instrument(id).map_or_else(|| quantity.to_string(), |i| i.quantity_text(quantity).to_string())
    }
}
