//! Our own order ids: from the identity of the run, the number of the owner, and a counter.
//!
//! An id tells its owner, and the ids of one owner are a range. Venues refuse an id that they have seen, and answer
//! late: so two runs must not give the same one. A run whose orders outlive it takes its identity from where they are
//! kept, and goes on counting for each owner where the run before ended ([`crate::Restored::Ids`]): then the identity
//! stays, and no id comes twice. Other runs count: identities go up to 2,047 and then from the start.
//!
//! Orders that were found at an exchange get counters of their own, from 2^39 on: adopting one never moves the counter
//! of its owner. As text an id is its decimal number, at most 19 digits, which every venue takes.

use std::ops::RangeInclusive;

use stratd_plugin_api::ClientOrderId;

use crate::StrategyId;

/// Half of them for orders that were made, half for those that were found.
const COUNTER_BITS: u32 = 40;
/// Counters of orders that were found begin here: half a trillion orders of an owner come before.
const ADOPTED_FIRST: u64 = 1 << 39;
/// 4,095 owners: 0 stands for none.
const STRATEGY_BITS: u32 = 12;
/// What is left of 63 bits: as a signed number, an id stays positive.
const RUN_MAX: u64 = 2_047;

/// The identity of a run in its order ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderIds {
    run: u64,
}

impl OrderIds {
    /// The most owners of orders.
    pub const OWNERS_MAX: u16 = (1 << STRATEGY_BITS) - 1;

    /// Those of a run that counts from 1; 0 is for runs whose orders reach no exchange.
    #[must_use]
    pub fn of_run(run: u64) -> Self {
        let run = run.checked_sub(1).and_then(|before| before.checked_rem(RUN_MAX));
        Self { run: run.map_or(0, |run| run.saturating_add(1)) }
    }

    /// The identity, from 0.
    #[must_use]
    pub fn number(self) -> u64 {
        self.run
    }

    fn base(self, number: u16) -> Option<u64> {
        let number = u64::from(number);
        let is_in_range = number != 0 && number >> STRATEGY_BITS == 0;
        is_in_range.then_some((self.run << (COUNTER_BITS + STRATEGY_BITS)) | (number << COUNTER_BITS))
    }
}

/// The identity of the run, and the numbers of the owners.
#[derive(Clone, Debug)]
pub(crate) struct OwnerIds {
    ids: OrderIds,
    /// By strategy.
    numbers: Vec<u16>,
    /// By number.
    owners: Vec<Option<StrategyId>>,
    /// The highest number that anybody has or had.
    last: u16,
}

impl OwnerIds {
    pub(crate) fn new(ids: OrderIds) -> Self {
        Self { ids, numbers: Vec::new(), owners: Vec::new(), last: 0 }
    }

    /// Adds the next owner, with the next number. `None` beyond the limit.
    pub(crate) fn add(&mut self) -> Option<StrategyId> {
        let strategy = StrategyId(u16::try_from(self.numbers.len()).ok()?);
        let number = self.last.checked_add(1).filter(|number| *number <= OrderIds::OWNERS_MAX)?;
        self.numbers.push(number);
        self.own(number, strategy);
        Some(strategy)
    }

    /// Gives an owner the number that it had in an earlier run; whoever has it now gets that of the owner. False: no such
    /// owner or number.
    pub(crate) fn set(&mut self, strategy: StrategyId, number: u16) -> bool {
        let Some(before) = self.number(strategy).filter(|_| self.ids.base(number).is_some()) else {
            return false;
        };
        if let Some(other) = self.owner_of_number(number).filter(|other| *other != strategy) {
            self.put(other, before);
        } else if before != number
            && let Some(place) = self.owners.get_mut(usize::from(before))
        {
            *place = None;
        }
        self.put(strategy, number);
        true
    }

    /// Owners that come later get numbers above this one.
    pub(crate) fn begin_after(&mut self, last: u16) {
        self.last = self.last.max(last);
    }

    /// The number of an owner.
    pub(crate) fn number(&self, strategy: StrategyId) -> Option<u16> {
        self.numbers.get(strategy.index()).copied()
    }

    /// All ids of an owner; those of nobody are empty.
    pub(crate) fn range(&self, strategy: StrategyId) -> RangeInclusive<ClientOrderId> {
        let base = self.number(strategy).and_then(|number| self.ids.base(number)).unwrap_or(0);
        ClientOrderId(base)..=ClientOrderId(base | ((1 << COUNTER_BITS) - 1))
    }

    /// The id of an owner's order; `None` beyond a limit.
    pub(crate) fn id(&self, strategy: StrategyId, counter: u64) -> Option<ClientOrderId> {
        let base = self.ids.base(self.number(strategy)?)?;
        (counter < ADOPTED_FIRST).then_some(ClientOrderId(base | counter))
    }

    /// The id of an order that was found for an owner; `None` beyond a limit.
    pub(crate) fn adopted(&self, strategy: StrategyId, counter: u64) -> Option<ClientOrderId> {
        let base = self.ids.base(self.number(strategy)?)?;
        (counter < ADOPTED_FIRST).then_some(ClientOrderId(base | ADOPTED_FIRST | counter))
    }

    /// Whose order it is; `None` if it is of another run, or of none.
    pub(crate) fn owner(&self, id: ClientOrderId) -> Option<StrategyId> {
        let (run, rest) = (id.0 >> (COUNTER_BITS + STRATEGY_BITS), id.0 >> COUNTER_BITS);
        if run != self.ids.run {
            return None;
        }
        self.owner_of_number(u16::try_from(rest & ((1 << STRATEGY_BITS) - 1)).ok()?)
    }

    fn owner_of_number(&self, number: u16) -> Option<StrategyId> {
        self.owners.get(usize::from(number)).copied().flatten()
    }

    fn put(&mut self, strategy: StrategyId, number: u16) {
        if let Some(place) = self.numbers.get_mut(strategy.index()) {
            *place = number;
        }
        self.own(number, strategy);
    }

    fn own(&mut self, number: u16, strategy: StrategyId) {
        self.last = self.last.max(number);
        let place = usize::from(number);
        if place >= self.owners.len() {
            self.owners.resize(place.saturating_add(1), None);
        }
        if let Some(owner) = self.owners.get_mut(place) {
            *owner = Some(strategy);
        }
    }
}

/// Whether an id is that of an order that was found at an exchange.
#[must_use]
pub fn is_adopted(id: ClientOrderId) -> bool {
    id.0 & ADOPTED_FIRST != 0
}

/// The counter in an id: of the orders that were made, or of those that were found.
#[must_use]
pub fn counter_of(id: ClientOrderId) -> u64 {
    id.0 & (ADOPTED_FIRST - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(ids: OrderIds, count: usize) -> OwnerIds {
        let mut owners = OwnerIds::new(ids);
        for index in 0..count {
            assert_eq!(owners.add(), u16::try_from(index).ok().map(StrategyId));
        }
        owners
    }

    #[test]
    fn an_order_id_tells_its_owner() {
        for ids in [OrderIds::default(), OrderIds::of_run(1), OrderIds::of_run(2_047)] {
            let owners = owners(ids, 4_095);
            let id = owners.id(StrategyId(7), 1).unwrap();
            assert_eq!(owners.owner(id), Some(StrategyId(7)));
            assert!(owners.range(StrategyId(7)).contains(&id));
            assert!(!owners.range(StrategyId(6)).contains(&id));
            assert_eq!(owners.id(StrategyId(0), 1 << 39), None);
            assert_eq!(owners.owner(ClientOrderId(5)), None);
            assert!(i64::try_from(owners.adopted(StrategyId(4_094), (1 << 39) - 1).unwrap().0).is_ok());
            assert_eq!(owners.id(StrategyId(4_095), 1), None);
            assert_eq!(owners.clone().add(), None);
        }
    }

    #[test]
    fn ids_of_another_run_are_of_nobody() {
        let (first, second) = (owners(OrderIds::of_run(1), 1), owners(OrderIds::of_run(2), 1));
        let id = first.id(StrategyId(0), 1).unwrap();
        assert_eq!((first.owner(id), second.owner(id)), (Some(StrategyId(0)), None));
        assert_eq!((OrderIds::of_run(2_048), OrderIds::of_run(0)), (first.ids, OrderIds::default()));
        let of_backtests = owners(OrderIds::default(), 1);
        assert_eq!(of_backtests.id(StrategyId(0), 1), Some(ClientOrderId(1_099_511_627_777)));
    }

    #[test]
    fn an_owner_keeps_its_number_wherever_it_stands_in_the_configuration() {
        let mut owners = owners(OrderIds::default(), 3);
        let before = owners.id(StrategyId(0), 9).unwrap();
        // the first of before is the last now
        assert!(owners.set(StrategyId(2), 1));
        assert_eq!(owners.owner(before), Some(StrategyId(2)));
        assert_eq!(owners.number(StrategyId(0)), Some(3));
        assert!(owners.set(StrategyId(0), 40) && !owners.set(StrategyId(0), 0));
        assert_eq!(owners.owner(ClientOrderId(40 << COUNTER_BITS)), Some(StrategyId(0)));
        owners.begin_after(50);
        assert_eq!(owners.add().map(|id| owners.number(id)), Some(Some(51)));
        assert!(!owners.set(StrategyId(9), 7) && !owners.set(StrategyId(1), 4_096));
    }

    #[test]
    fn orders_that_were_found_are_in_the_range_of_their_owner_and_apart_from_its_own() {
        let owners = owners(OrderIds::of_run(3), 2);
        let (own, found) = (owners.id(StrategyId(1), 7).unwrap(), owners.adopted(StrategyId(1), 7).unwrap());
        assert_eq!((owners.owner(own), owners.owner(found)), (Some(StrategyId(1)), Some(StrategyId(1))));
        assert!(owners.range(StrategyId(1)).contains(&found) && found > own);
        assert_eq!((is_adopted(own), is_adopted(found)), (false, true));
        assert_eq!((counter_of(own), counter_of(found)), (7, 7));
    }
}
