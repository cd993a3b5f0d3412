//! Events to the host, in order.
//!
//! Market events wait here while the host's inbox is full, and public order events behind them, so that their order is
//! kept. Reports of own orders wait for nothing: whatever can be delivered before them is, and then they overtake the
//! rest. When more than [`WAITING_MAX`] events wait, further public ones are left out and counted; once the queue is
//! empty again the session asks for new snapshots, so that no book is built on what is missing.

use std::collections::VecDeque;

use stratd_plugin_api::{ExchangeHandle, abi};

/// Public events that wait for room: some seconds of a busy market.
const WAITING_MAX: usize = 65_536;

/// Events that are offered in one call.
const BATCH_MAX: usize = 1_024;

enum Told {
    Market(abi::Event),
    Order(abi::OrderEvent),
}

/// The way to the host.
pub(crate) struct Tell {
    host: ExchangeHandle,
    waiting: VecDeque<Told>,
    /// Events that were left out since the queue overflowed.
    left_out: u64,
}

impl Tell {
    pub(crate) fn new(host: ExchangeHandle) -> Self {
        Self { host, waiting: VecDeque::new(), left_out: 0 }
    }

    /// A report of an own order.
    pub(crate) fn own(&mut self, event: &abi::OrderEvent) {
        self.flush();
        // fewer are taken only when the run ends
        let _ = self.host.emit_orders(std::slice::from_ref(event));
    }

    pub(crate) fn market(&mut self, event: abi::Event) {
        self.push(Told::Market(event));
    }

    /// An event of anyone's order.
    pub(crate) fn order(&mut self, event: abi::OrderEvent) {
        self.push(Told::Order(event));
    }

    fn push(&mut self, told: Told) {
        if self.left_out > 0 || self.waiting.len() >= WAITING_MAX {
            self.left_out += 1;
        } else {
            self.waiting.push_back(told);
        }
    }

    /// Delivers what the host takes; whether nothing waits any more.
    pub(crate) fn flush(&mut self) -> bool {
        while let Some(first) = self.waiting.front() {
            let (given, taken) = match first {
                Told::Market(_) => {
                    let run: Vec<abi::Event> =
                        self.waiting.iter().take(BATCH_MAX).map_while(market).collect();
                    (run.len(), self.host.emit(&run))
                }
                Told::Order(_) => {
                    let run: Vec<abi::OrderEvent> =
                        self.waiting.iter().take(BATCH_MAX).map_while(order).collect();
                    (run.len(), self.host.emit_orders(&run))
                }
            };
            self.waiting.drain(..taken.min(given));
            if taken < given {
                return false;
            }
        }
        true
    }

    /// Whether events wait for the host.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// How many events were left out, once everything before them was delivered; the count begins anew.
    pub(crate) fn take_left_out(&mut self) -> Option<u64> {
        if self.left_out == 0 || self.is_waiting() {
            return None;
        }
        Some(std::mem::take(&mut self.left_out))
    }
}

fn market(told: &Told) -> Option<abi::Event> {
    match told {
        Told::Market(event) => Some(*event),
        Told::Order(_) => None,
    }
}

fn order(told: &Told) -> Option<abi::OrderEvent> {
    match told {
        Told::Order(event) => Some(*event),
        Told::Market(_) => None,
    }
}
