//! Connectors leave their places and take them, between two events.
//!
//! While a connector is away its instruments are halted and what stands in its place refuses new orders. A cancel is
//! not refused: the engine keeps the order as one whose cancel is pending, and whoever comes in is sent it again.

use std::sync::Arc;

use anyhow::Result;
use stratd_engine::{CancelOrder, ExchangeLink as _, InputKind, Order};
use stratd_plugin_api::{ExchangeId, ExchangeInstance, InstrumentId, OrderStatus, Reason, abi::OrderRecord};

use super::{
    absent_exchange::AbsentExchange, command::ExchangeLeft, event_loop::EventLoop,
    exchange_desk::ExchangeDesk, plan::OpenExchange,
};

/// So long after the end of an order its exchange is asked for fills of it: a day, after which exchanges have settled.
const LATE_FILLS_NS: i64 = 86_400_000_000_000;

impl EventLoop {
    /// Halts the instruments of a connector and gives it away.
    pub(super) fn exchange_out(
        &mut self,
        exchange: ExchangeId,
        exchanges: &mut [OpenExchange],
    ) -> Result<Option<ExchangeLeft>> {
        let Some(open) = open_exchange(exchanges, exchange) else { return Ok(None) };
        let instance = open.exchange.replace(Box::new(AbsentExchange));
        let desk = Arc::clone(&open.desk);
        // what somebody else halted is somebody else's to lift
        let is_open = |id: &InstrumentId| !self.engine().is_instrument_halted(*id);
        let halted: Vec<_> = self.engine().instruments_of(exchange).filter(is_open).collect();
        let now = self.now();
        for instrument in &halted {
            self.driver_mut().feed(now, InputKind::Halt(Some(*instrument), Reason::Exchange))?;
        }
        open.halted.extend(halted);
        Ok(Some(ExchangeLeft { instance, desk }))
    }

    /// Lifts the halts of [`EventLoop::exchange_out`], and sends the cancels again that are not answered: they went to
    /// a connector that is gone, or to none.
    pub(super) fn exchange_go_on(
        &mut self,
        exchange: ExchangeId,
        exchanges: &mut [OpenExchange],
    ) -> Result<()> {
        let Some(open) = open_exchange(exchanges, exchange) else { return Ok(()) };
        let now = self.now();
        if self.has_entry(exchange) {
            let is_canceled =
                |order: &&Order| order.exchange == exchange && order.status() == OrderStatus::PendingCancel;
            let cancels: Vec<_> =
                self.engine().working_orders().filter(is_canceled).map(CancelOrder::of).collect();
            for cancel in &cancels {
                self.driver_mut().link_mut().cancel(cancel, now);
            }
            self.driver_mut().feed_reports(now)?;
        }
        let halted = std::mem::take(&mut open.halted);
        // strategies had their `on_exit`
        if !self.is_exiting() {
            for instrument in halted {
                self.driver_mut().feed(now, InputKind::Continue(Some(instrument), Reason::Exchange))?;
            }
        }
        Ok(())
    }

    /// The orders that work at an exchange, and those that ended there within the last [`LATE_FILLS_NS`] with something
    /// unfilled: the word of their end may have been early, and a fill of theirs may come still.
    pub(super) fn orders_at(&self, exchange: ExchangeId) -> Vec<OrderRecord> {
        if !self.has_entry(exchange) {
            // they work in our own fill model, whose connector knows nothing of them
            return Vec::new();
        }
        let is_of = |order: &&Order| order.exchange == exchange;
        let since = self.now().get().saturating_sub(LATE_FILLS_NS);
        let may_fill = |order: &&Order| {
            let is_cut_short = matches!(order.status(), OrderStatus::Canceled | OrderStatus::Expired);
            is_cut_short && order.updated.get() >= since
        };
        let ended = self.engine().ended_orders().filter(is_of).filter(may_fill);
        // what is held was never sent there
        let sent = self.engine().working_orders().filter(is_of).filter(|order| order.held().is_none());
        sent.chain(ended).map(Order::record).collect()
    }
}

/// Puts a connector in its place; the one before. `None`: there is no such exchange.
pub(super) fn exchange_in(
    exchange: ExchangeId,
    (instance, desk): (Box<dyn ExchangeInstance>, Arc<ExchangeDesk>),
    exchanges: &mut [OpenExchange],
) -> Option<Box<dyn ExchangeInstance>> {
    let open = open_exchange(exchanges, exchange)?;
    // whoever comes now is heard, whoever left is not
    open.desk.close();
    desk.open();
    open.desk = desk;
    Some(open.exchange.replace(instance))
}

/// The connector in a place.
pub(super) fn open_exchange(exchanges: &mut [OpenExchange], id: ExchangeId) -> Option<&mut OpenExchange> {
    exchanges.get_mut(usize::from(id.0).checked_sub(1)?)
}
