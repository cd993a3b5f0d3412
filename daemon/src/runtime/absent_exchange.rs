//! What stands in the place of a connector while it is replaced.

use stratd_plugin_api::{ExchangeInstance, Fault, InstrumentId, Timestamp, abi};

/// Refuses everything at once but cancels: those wait in the engine for whoever comes in. Its instruments are halted, so
/// no new order meets it.
pub(super) struct AbsentExchange;

fn absent<T>() -> Result<T, Fault> {
    Err(Fault::error(
        "the connector of the exchange is being replaced (accepted: after its instruments go on)",
    ))
}

impl ExchangeInstance for AbsentExchange {
    fn connect(&mut self, _: u64) -> Result<(), Fault> {
        absent()
    }

    fn instruments(&mut self, _: u64) -> Result<(), Fault> {
        absent()
    }

    fn subscribe(&mut self, _: u64, _: Option<InstrumentId>) -> Result<(), Fault> {
        absent()
    }

    fn poll(&mut self, _: &mut [abi::Event]) -> Result<usize, Fault> {
        absent()
    }

    fn lookup(&mut self, _: u64, _: &str) -> Result<(), Fault> {
        absent()
    }

    fn new_order(&mut self, _: &abi::OrderCommand) -> Result<(), Fault> {
        absent()
    }

    /// The order stays one whose cancel is pending, and the cancel is sent again to the connector that comes in.
    fn cancel_order(&mut self, _: &abi::OrderCommand) -> Result<(), Fault> {
        Ok(())
    }

    fn change_order(&mut self, _: &abi::OrderCommand) -> Result<(), Fault> {
        absent()
    }

    fn accounts(&mut self, _: u64) -> Result<(), Fault> {
        absent()
    }

    fn open_orders(&mut self, _: u64) -> Result<(), Fault> {
        absent()
    }

    fn fills_since(&mut self, _: u64, _: Timestamp) -> Result<(), Fault> {
        absent()
    }

    /// There is nothing to end.
    fn stop(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn on_config(&mut self, _: &str) -> Result<(), Fault> {
        absent()
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        absent()
    }

    fn restore(&mut self, _: u32, _: &[u8]) -> Result<(), Fault> {
        absent()
    }

    fn quiesce(&mut self, _: Timestamp) -> Result<(), Fault> {
        absent()
    }
}
