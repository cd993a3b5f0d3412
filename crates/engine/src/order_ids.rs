//! Our own order ids: from run, strategy and counter.
//!
//! An id tells its owner, and the ids of one strategy are a range. Venues refuse an id that they have seen, and answer
//! late: so the run is part of it. Runs are counted up to 2,047 and then from the start; nobody remembers so long.

use std::ops::RangeInclusive;

use stratd_plugin_api::ClientOrderId;

use crate::StrategyId;

/// A trillion orders of one strategy in one run.
const COUNTER_BITS: u32 = 40;
/// 4,095 strategies: 0 stands for none.
const STRATEGY_BITS: u32 = 12;
/// What is left of 63 bits: as a signed number, an id stays positive.
const RUN_MAX: u64 = 2_047;

/// The order ids of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderIds {
    run: u64,
}

impl OrderIds {
    /// Those of a run that counts from 1; 0 is for runs whose orders reach no exchange.
    #[must_use]
    pub fn of_run(run: u64) -> Self {
        let run = run.checked_sub(1).and_then(|before| before.checked_rem(RUN_MAX));
        Self { run: run.map_or(0, |run| run.saturating_add(1)) }
    }

    /// All ids of a strategy; those of a strategy beyond the limit are empty.
    pub(crate) fn range(self, strategy: StrategyId) -> RangeInclusive<ClientOrderId> {
        let base = self.base(strategy).unwrap_or(0);
        ClientOrderId(base)..=ClientOrderId(base | ((1 << COUNTER_BITS) - 1))
    }

    /// The id of a strategy's order; `None` beyond a limit.
    pub(crate) fn id(self, strategy: StrategyId, counter: u64) -> Option<ClientOrderId> {
        let id = ClientOrderId(self.base(strategy)?.checked_add(counter)?);
        Some(id).filter(|id| self.range(strategy).contains(id))
    }

    /// Whose order it is; `None` if it is of another run, or of none.
    pub(crate) fn owner(self, id: ClientOrderId) -> Option<StrategyId> {
        let (run, rest) = (id.0 >> (COUNTER_BITS + STRATEGY_BITS), id.0 >> COUNTER_BITS);
        let strategy = (rest & ((1 << STRATEGY_BITS) - 1)).checked_sub(1)?;
        if run != self.run {
            return None;
        }
        u16::try_from(strategy).ok().map(StrategyId)
    }

    fn base(self, strategy: StrategyId) -> Option<u64> {
        let number = u64::from(strategy.0).checked_add(1)?;
        let is_in_range = number >> STRATEGY_BITS == 0;
        is_in_range.then_some((self.run << (COUNTER_BITS + STRATEGY_BITS)) | (number << COUNTER_BITS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_id_tells_its_owner() {
        for ids in [OrderIds::default(), OrderIds::of_run(1), OrderIds::of_run(2_047)] {
            let id = ids.id(StrategyId(7), 1).unwrap();
            assert_eq!(ids.owner(id), Some(StrategyId(7)));
            assert!(ids.range(StrategyId(7)).contains(&id));
            assert!(!ids.range(StrategyId(6)).contains(&id));
            assert_eq!(ids.id(StrategyId(0), 1 << 40), None);
            assert_eq!(ids.owner(ClientOrderId(5)), None);
            assert!(i64::try_from(ids.id(StrategyId(4_094), (1 << 40) - 1).unwrap().0).is_ok());
            assert_eq!(ids.id(StrategyId(4_095), 1), None);
        }
    }

    #[test]
    fn ids_of_another_run_are_of_nobody() {
        let (first, second) = (OrderIds::of_run(1), OrderIds::of_run(2));
        let id = first.id(StrategyId(0), 1).unwrap();
        assert_eq!((first.owner(id), second.owner(id)), (Some(StrategyId(0)), None));
        assert_eq!((OrderIds::of_run(2_048), OrderIds::of_run(0)), (first, OrderIds::default()));
        assert_eq!(OrderIds::default().id(StrategyId(0), 1), Some(ClientOrderId(1_099_511_627_777)));
    }
}
