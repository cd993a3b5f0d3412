//! Requests on their way to the connectors: each exchange has a queue, in which a new order waits for the disk, and
//! what follows it waits behind it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use stratd_plugin_api::{ClientOrderId, ExchangeId, abi};

use crate::runtime::order_times::Stamp;

/// Requests that wait for the disk; further new orders are refused.
pub(in crate::runtime) const WAITING_MAX: usize = 100_000;

/// What is sent to a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Sent {
    New,
    Cancel,
    Change,
}

/// A request that waits.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Pending {
    pub(in crate::runtime) sent: Sent,
    pub(in crate::runtime) exchange: ExchangeId,
    pub(in crate::runtime) command: abi::OrderCommand,
    /// Our own id of the order: the command has that of the exchange.
    pub(in crate::runtime) order: ClientOrderId,
    /// The batch that must be on the disk; 0: none.
    pub(in crate::runtime) number: u64,
    /// When a new order passed risk.
    pub(in crate::runtime) stamp: Stamp,
}

/// All queues.
#[derive(Default)]
pub(in crate::runtime) struct Outbox {
    queues: BTreeMap<ExchangeId, VecDeque<Pending>>,
    /// New orders that wait.
    orders: BTreeSet<ClientOrderId>,
    waiting: usize,
}

impl Outbox {
    pub(in crate::runtime) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    pub(in crate::runtime) fn is_full(&self) -> bool {
        self.waiting >= WAITING_MAX
    }

    /// Whether anything waits for this exchange, so that what comes now has to wait, too.
    pub(in crate::runtime) fn is_waiting(&self, exchange: ExchangeId) -> bool {
        self.waiting > 0 && self.queues.get(&exchange).is_some_and(|queue| !queue.is_empty())
    }

    /// Whether a new order waits.
    pub(in crate::runtime) fn has_order(&self, id: ClientOrderId) -> bool {
        self.orders.contains(&id)
    }

    pub(in crate::runtime) fn push(&mut self, pending: Pending) {
        if pending.sent == Sent::New {
            self.orders.insert(pending.order);
        }
        self.queues.entry(pending.exchange).or_default().push_back(pending);
        self.waiting += 1;
    }

    /// The next request that may leave when batches up to this one are on the disk.
    pub(in crate::runtime) fn pop(&mut self, done: u64) -> Option<Pending> {
        let ready = |queue: &&mut VecDeque<Pending>| queue.front().is_some_and(|first| first.number <= done);
        let pending = self.queues.values_mut().find(ready)?.pop_front()?;
        self.took(&pending);
        Some(pending)
    }

    /// The next request whatever is on the disk: nothing more will be.
    pub(in crate::runtime) fn pop_any(&mut self) -> Option<Pending> {
        self.pop(u64::MAX)
    }

    fn took(&mut self, pending: &Pending) {
        self.waiting = self.waiting.saturating_sub(1);
        if pending.sent == Sent::New {
            self.orders.remove(&pending.order);
        }
    }
}
