//! How long the parts of the way of a new order take, from the event that it answers to the answer of its exchange.
//!
//! Written by the thread of the event loop (`runtime/order_times.rs`), of orders that reach an exchange: where our own fill
//! model executes there is no way to measure.

use super::{catalog::ORDER_PATH, counter::Durations, page::Page};

/// The parts, in the order in which they happen; `tick_to_order` is the sum of those before it.
#[derive(Debug)]
pub(crate) struct OrderMeters {
    /// The connector received what the order answers → the event loop took it.
    pub(crate) receive: Durations,
    /// The event loop took it → the order passed risk: engine and strategy.
    pub(crate) engine: Durations,
    /// It passed risk → the event loop knows that it is on the disk.
    pub(crate) commit: Durations,
    /// The event loop knows → the connector took it.
    pub(crate) send: Durations,
    /// The connector received what the order answers → the connector took the order.
    pub(crate) tick_to_order: Durations,
    /// The connector took it → the exchange's time of its first report on it.
    pub(crate) arrive: Durations,
    /// The connector took it → the event loop took the first report on it.
    pub(crate) answer: Durations,
}

impl Default for OrderMeters {
    fn default() -> Self {
        let durations = [(); 7].map(|()| Durations::fine());
        let [receive, engine, commit, send, tick_to_order, arrive, answer] = durations;
        Self { receive, engine, commit, send, tick_to_order, arrive, answer }
    }
}

impl OrderMeters {
    /// Adds the histograms.
    pub(super) fn tell(&self, page: &mut Page) {
        for (part, durations) in [
            ("receive", &self.receive),
            ("engine", &self.engine),
            ("commit", &self.commit),
            ("send", &self.send),
            ("tick_to_order", &self.tick_to_order),
            ("arrive", &self.arrive),
            ("answer", &self.answer),
        ] {
            page.durations(&ORDER_PATH, &[part], durations);
        }
    }
}
