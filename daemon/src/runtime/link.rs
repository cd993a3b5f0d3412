//! Where the engine's orders go when no exchange may see them: the fill model.

use stratd_engine::{
    CancelOrder, ChangeOrder, Driver, EngineError, ExchangeLink, InputKind, NewOrder, RiskApproved,
};
use stratd_plugin_api::{Instrument, Timestamp, abi};
use stratd_simulation::{FillRule, OrderToFill, SimulatedExchange};

/// The fill model behind the engine.
pub(super) struct SimulatedLink(SimulatedExchange);

impl SimulatedLink {
    pub(super) fn new(rule: FillRule) -> Self {
        Self(SimulatedExchange::new(rule))
    }

    /// Takes one market event through timers, fill model and engine, in this order.
    pub(super) fn market(driver: &mut Driver<Self>, event: &abi::Event) -> Result<(), EngineError> {
        let at = Timestamp::new(event.ts);
        driver.feed_timers(at)?;
        if let Some((link, instrument)) = driver.link_and_instrument(event) {
            link.0.on_event(event, instrument);
        }
        driver.feed_reports(at)?;
        driver.feed(at, InputKind::Market(*event))
    }

    /// Ends the data: what still waits is canceled.
    pub(super) fn end(&mut self, now: Timestamp) {
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
        let ChangeOrder { id, price, quantity, .. } = *change.get();
        self.0.change(id, price, quantity, now);
    }

    fn pop_report(&mut self) -> Option<abi::OrderEvent> {
        self.0.pop_report()
    }
}
