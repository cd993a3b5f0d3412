//! Who may send an order to a connector.

use std::{cell::RefCell, rc::Rc};

use stratd_plugin_api::{ExchangeInstance, Fault, TradingType, abi};

/// A connector, shared by its source and its order entry; both live on the thread of the event loop.
pub(super) type SharedExchange = Rc<RefCell<Box<dyn ExchangeInstance>>>;

/// Proof that the trading type lets orders reach a connector. In simulation there is none, and without one there is
/// no [`OrderEntry`]: an order of a simulation cannot reach a connector, by type.
#[derive(Clone, Copy, Debug)]
pub(super) struct MayTrade(());

impl MayTrade {
    pub(super) fn of(trading_type: TradingType) -> Option<Self> {
        match trading_type {
            // a venue that is pulled has a book of its own and no money
            TradingType::Backtest | TradingType::Sandbox | TradingType::Live => Some(Self(())),
            TradingType::Simulation => None,
        }
    }
}

/// The order entry of a connector.
#[derive(Clone)]
pub(super) struct OrderEntry(SharedExchange);

impl OrderEntry {
    pub(super) fn new(_: MayTrade, exchange: &SharedExchange) -> Self {
        Self(Rc::clone(exchange))
    }

    pub(super) fn new_order(&self, command: &abi::OrderCommand) -> Result<(), Fault> {
        self.0.borrow_mut().new_order(command)
    }

    pub(super) fn cancel_order(&self, command: &abi::OrderCommand) -> Result<(), Fault> {
        self.0.borrow_mut().cancel_order(command)
    }

    pub(super) fn change_order(&self, command: &abi::OrderCommand) -> Result<(), Fault> {
        self.0.borrow_mut().change_order(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulation_has_no_order_entry() {
        assert!(MayTrade::of(TradingType::Simulation).is_none());
        for trading_type in [TradingType::Backtest, TradingType::Sandbox, TradingType::Live] {
            assert!(MayTrade::of(trading_type).is_some());
        }
    }
}
