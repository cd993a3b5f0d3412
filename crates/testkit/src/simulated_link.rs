//! The fill model as the place where the engine's orders go.

use stratd_engine::{CancelOrder, ChangeOrder, Driver, EngineError, ExchangeLink, NewOrder, RiskApproved};
use stratd_plugin_api::{Instrument, Timestamp, abi};
use stratd_simulation::{FillModel, OrderToFill, SimulatedExchange};

/// A [`SimulatedExchange`] behind the engine.
pub struct SimulatedLink(SimulatedExchange);

impl SimulatedLink {
    /// A link with a fill model, or a fill rule alone.
    #[must_use]
    pub fn new(model: impl Into<FillModel>) -> Self {
        Self(SimulatedExchange::new(model))
    }

    /// Takes one market event through timers, fill model and engine.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub fn market(driver: &mut Driver<Self>, event: &abi::Event) -> Result<(), EngineError> {
        driver.feed_market(Timestamp::new(event.ts), std::slice::from_ref(event)).map(|_| ())
    }

    /// Ends the data: what still waits is canceled.
    pub fn end(&mut self, now: Timestamp) {
        self.0.end(now);
    }
}

impl ExchangeLink for SimulatedLink {
    fn submit(&mut self, order: &RiskApproved<NewOrder>, instrument: &Instrument, now: Timestamp) {
        let NewOrder { id, exchange, request, .. } = *order.get();
        self.0.submit(&OrderToFill { id, exchange, request }, instrument, now);
    }

    fn cancel(&mut self, cancel: &CancelOrder, now: Timestamp) {
        self.0.cancel(cancel.id, now);
    }

    fn change(&mut self, change: &RiskApproved<ChangeOrder>, now: Timestamp) {
        let ChangeOrder { id, request, .. } = *change.get();
        self.0.change(id, request.price.unwrap_or_default(), request.quantity, now);
    }

    fn pop_report(&mut self) -> Option<abi::OrderEvent> {
        self.0.pop_report()
    }

    fn on_market(&mut self, event: &abi::Event, instrument: &Instrument, _: Timestamp) {
        self.0.on_event(event, instrument);
    }

    fn is_idle(&self) -> bool {
        self.0.is_idle()
    }
}
