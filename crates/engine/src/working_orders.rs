//! Working orders by id.
//!
//! The one that was opened last stands apart: most orders of a busy backtest end before the next one is opened, and never
//! enter the tree.

use std::{
    collections::BTreeMap,
    ops::{Bound, RangeBounds},
};

use stratd_plugin_api::ClientOrderId;

use crate::Order;

/// All of them. Boxed, because an order is large, and moves to the history when it ends.
#[derive(Default)]
pub(crate) struct WorkingOrders {
    last: Option<Box<Order>>,
    // never one with the id of the last
    earlier: BTreeMap<ClientOrderId, Box<Order>>,
}

impl WorkingOrders {
    pub(crate) fn len(&self) -> usize {
        self.earlier.len().saturating_add(usize::from(self.last.is_some()))
    }

    #[inline]
    pub(crate) fn get(&self, id: ClientOrderId) -> Option<&Order> {
        match &self.last {
            Some(last) if last.id == id => Some(last),
            _ => self.earlier.get(&id).map(Box::as_ref),
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: ClientOrderId) -> Option<&mut Order> {
        match &mut self.last {
            Some(last) if last.id == id => Some(last),
            _ => self.earlier.get_mut(&id).map(Box::as_mut),
        }
    }

    /// Takes an order; one of its id is replaced.
    #[inline]
    pub(crate) fn insert(&mut self, order: Box<Order>) {
        if !self.earlier.is_empty() {
            self.earlier.remove(&order.id);
        }
        let id = order.id;
        if let Some(before) = self.last.replace(order).filter(|before| before.id != id) {
            self.earlier.insert(before.id, before);
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, id: ClientOrderId) -> Option<Box<Order>> {
        match self.last.take_if(|last| last.id == id) {
            Some(last) => Some(last),
            None => self.earlier.remove(&id),
        }
    }

    /// All of them, by id.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Order> {
        self.range(..)
    }

    /// Those with the ids of a range, by id.
    pub(crate) fn range(&self, ids: impl RangeBounds<ClientOrderId>) -> impl Iterator<Item = &Order> {
        let last = self.last.as_deref().filter(|last| ids.contains(&last.id));
        let at = last.map(|last| last.id);
        let until = at.map_or(ids.end_bound().cloned(), Bound::Excluded);
        let before = self.earlier.range((ids.start_bound().cloned(), until));
        let after = at.map(|at| self.earlier.range((Bound::Excluded(at), ids.end_bound().cloned())));
        let after = after.into_iter().flatten().map(|(_, order)| &**order);
        before.map(|(_, order)| &**order).chain(last).chain(after)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stratd_plugin_api::{ExchangeId, InstrumentId, OrderRequest, Quantity, Timestamp};

    use super::*;
    use crate::StrategyId;

    fn order(id: u64) -> Box<Order> {
        let request = OrderRequest::market(InstrumentId(1), Quantity::new(1));
        let strategy = StrategyId(0);
        Box::new(Order::new(ClientOrderId(id), strategy, ExchangeId(1), request, Timestamp::new(0)))
    }

    proptest! {
        #[test]
        fn they_are_those_of_a_map(steps in prop::collection::vec((any::<bool>(), 0u64..12), 0..60)) {
            let (mut working, mut map) = (WorkingOrders::default(), BTreeMap::new());
            for (is_new, id) in steps {
                if is_new {
                    working.insert(order(id));
                    map.insert(id, ());
                } else {
                    let removed = working.remove(ClientOrderId(id)).map(|order| order.id.0);
                    prop_assert_eq!(removed, map.remove(&id).map(|()| id));
                }
                prop_assert_eq!(working.len(), map.len());
                let ids = |ids: &mut dyn Iterator<Item = &Order>| ids.map(|order| order.id.0).collect::<Vec<_>>();
                prop_assert_eq!(ids(&mut working.all()), map.keys().copied().collect::<Vec<_>>());
                for (first, last) in (0..12).zip(3..) {
                    let from = ids(&mut working.range(ClientOrderId(first)..));
                    prop_assert_eq!(from, map.range(first..).map(|(id, ())| *id).collect::<Vec<_>>());
                    let some = ids(&mut working.range(ClientOrderId(first)..=ClientOrderId(last)));
                    prop_assert_eq!(some, map.range(first..=last).map(|(id, ())| *id).collect::<Vec<_>>());
                    let found = working.get(ClientOrderId(first)).map(|order| order.id.0);
                    prop_assert_eq!(found, map.get(&first).map(|()| first));
                    prop_assert_eq!(working.get_mut(ClientOrderId(first)).is_some(), found.is_some());
                }
            }
        }
    }
}
