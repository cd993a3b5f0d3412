//! A held order that went out and never came to its exchange: it is held again.
//!
//! Nobody answered, so its state was unknown; then its exchange said that it does not have the order and never will. Of an
//! order that a strategy has just asked for that is a refusal, and the strategy decides anew. One that was held is counted
//! on, perhaps for days, by somebody who does not look: a stop that protects a position must not be gone because the
//! connection, or the daemon, was. Nothing is sent twice by it: who has not answered is never taken for such an exchange,
//! and the order keeps its id, which the exchange would refuse if it had it after all.
//!
//! - What was reached by its price, or was due with its entry, is due still: it goes out at once, or while nothing can go
//!   out with the next price, through the gate.
//! - A limit order that rested as a way out waits for its price.
//! - What was to be canceled has ended.

use stratd_orderbook::Trigger;
use stratd_plugin_api::{ClientOrderId, OrderEventKind, OrderFlags, Reason, abi};

use crate::{Engine, Held, Order, OrderState, Output, report::is_about};

impl Order {
    /// What it waits for again if a report says that it never came to its exchange; `None` for any other report, and for an
    /// order that was never held.
    fn waits_again(&self, report: &abi::OrderEvent) -> Option<Held> {
        let is_told = report.kind == OrderEventKind::Rejected.code();
        let never_came = is_told && report.reason == Reason::UnknownOrder.code();
        let was_heard_of = self.exchange_order_id != 0 || self.filled.is_positive();
        if !never_came
            || was_heard_of
            || self.state != OrderState::Unknown
            || !is_about((OrderEventKind::Rejected, report), self)
        {
            return None;
        }
        let has_trigger = self.stand_in.as_ref()?.trigger.is_some();
        let is_attached = self.request.flags.contains(OrderFlags::ATTACHED);
        match Trigger::of(&self.request) {
            Some(_) if has_trigger => Some(Held::ForGroup),
            None if has_trigger => Some(Held::ForPrice),
            Some(_) | None => is_attached.then_some(Held::ForGroup),
        }
    }
}

impl Engine {
    /// Holds an order again if a report says that it never came to its exchange; whether it does.
    pub(crate) fn hold_again(&mut self, report: &abi::OrderEvent) -> bool {
        let id = ClientOrderId(report.client_order_id);
        let Some(order) = self.core.execution.get(id) else { return false };
        let Some(waits) = order.waits_again(report) else { return false };
        let (instrument, group, order) = (order.request.instrument, order.group(), order.as_new());
        let expires = self.core.execution.get(id).and_then(|order| order.stand_in.as_ref()?.expires);
        self.core.execution.hold_again(id, waits, self.core.now);
        self.core.held.touch(id);
        self.core.held.watch(instrument, id);
        if let Some(at) = expires {
            self.core.held.expire_at(at, id);
        }
        self.outputs.push(Output::Held(order));
        self.tell_own(id, OrderEventKind::Change);
        if let Some(key) = group {
            self.recount(key);
            self.refit(key);
        }
        if !self.core.is_recovering {
            self.offer_last(id);
        }
        true
    }
}
