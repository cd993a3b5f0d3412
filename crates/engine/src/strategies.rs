//! The strategies of the run: who they are, what they listen to, how they fare.

use std::{collections::BTreeMap, sync::Arc};

use stratd_plugin_api::{BarSpec, EventKind, Fault, Reason, StrategyInstance, abi};

use crate::{
    TradingState,
    bars::{self, Specs},
    request::Request,
};

/// A strategy's number within the run, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StrategyId(pub u16);

impl StrategyId {
    /// Its place among the strategies of the run, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// How a strategy is to be treated.
#[derive(Clone, Debug)]
pub struct StrategyConfig {
    /// Name of the instance.
    pub name: String,
    /// Whether `shutdown` may end the run.
    pub may_shutdown: bool,
    /// Whether its working orders are canceled when it stops or fails.
    pub cancels_on_stop: bool,
    /// Whether its market handlers read no view, so that it may get several events in one call.
    pub is_batch_safe: bool,
    /// Bars that it gets of every instrument: their numbers count from 1.
    pub bars: Vec<BarSpec>,
}

/// Where in its life a strategy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StrategyState {
    /// Gets events.
    Started,
    /// Ended on its own wish or by command, with the reason in words.
    Stopped(String),
    /// A handler failed.
    Faulted(Fault),
}

/// Counters of a strategy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StrategyStatistics {
    /// Market and order events handled.
    pub events: u64,
    /// Orders requested.
    pub orders: u64,
    /// Orders denied by risk.
    pub denials: u64,
}

/// What a strategy listens to.
#[derive(Clone, Debug, Default)]
pub(crate) enum Subscription {
    /// It never subscribed: everything.
    #[default]
    Everything,
    /// Instruments (0 = all of them) with the kinds as bits, 0 = every kind.
    /// Shared with the guard of a probation until one of both narrows further.
    Instruments(Arc<BTreeMap<u32, u32>>),
}

impl Subscription {
    /// Events of no instrument only.
    pub(crate) fn nothing() -> Self {
        Self::Instruments(Arc::default())
    }

    pub(crate) fn add(&mut self, instrument: u32, kinds: u32) {
        if let Self::Instruments(known) = self {
            Arc::make_mut(known).insert(instrument, kinds);
        } else {
            *self = Self::Instruments(Arc::new(BTreeMap::from([(instrument, kinds)])));
        }
    }

    /// Whether an event of an instrument (0 = of none) and kind passes.
    pub(crate) fn wants(&self, instrument: u32, kind: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Instruments(_) if instrument == 0 => true,
            Self::Instruments(known) => {
                let is_of_kind = |kinds: &u32| {
                    *kinds == 0 || 1u32.checked_shl(u32::from(kind)).is_some_and(|bit| kinds & bit != 0)
                };
                known.get(&instrument).is_some_and(is_of_kind) || known.get(&0).is_some_and(is_of_kind)
            }
        }
    }
}

/// One strategy of the run.
pub(crate) struct Slot {
    pub(crate) config: StrategyConfig,
    /// `None` once the shell took the instance of an ended strategy.
    pub(crate) instance: Option<Box<dyn StrategyInstance>>,
    pub(crate) state: StrategyState,
    pub(crate) subscription: Subscription,
    /// The kinds of bars that it asked for, by their number less one.
    pub(crate) bar_specs: Specs,
    /// So many of them, the first ones, are of every instrument, and whether they have begun.
    pub(crate) bars_everywhere: (usize, bool),
    /// Filled during a call, carried out after it.
    pub(crate) requests: Vec<Request>,
    pub(crate) order_counter: u64,
    /// The event after which timers were counted, and how often they fired since.
    pub(crate) firings: (u64, u64),
    pub(crate) statistics: StrategyStatistics,
    /// What it was told that it may trade.
    pub(crate) trading: TradingState,
    /// What it was told of the hours of the run and its own.
    pub(crate) is_in_session: bool,
}

impl Slot {
    pub(crate) fn new(config: StrategyConfig, instance: Box<dyn StrategyInstance>) -> Self {
        let mut bar_specs = Specs::new();
        for spec in &config.bars {
            // one that is not usable is left out: a configuration is checked before
            bars::number_of(&mut bar_specs, &spec.into());
        }
        let bars_everywhere = (bar_specs.len(), false);
        Self {
            config,
            instance: Some(instance),
            state: StrategyState::Started,
            subscription: Subscription::default(),
            bar_specs,
            bars_everywhere,
            requests: Vec::new(),
            order_counter: 0,
            firings: (0, 0),
            statistics: StrategyStatistics::default(),
            trading: TradingState::Active,
            is_in_session: true,
        }
    }

    pub(crate) fn is_started(&self) -> bool {
        self.state == StrategyState::Started
    }
}

/// An event without instrument: start, exit, error.
pub(crate) fn plain_event(kind: EventKind, ts: i64, seq: u64, reason: Reason) -> abi::Event {
    abi::Event {
        ts,
        seq,
        instrument: 0,
        kind: kind.code(),
        flags: 0,
        data: [i64::from(reason.code()), 0, 0, 0, 0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_narrows() {
        let trade = abi::event_kind::TRADE;
        let mut subscription = Subscription::default();
        assert!(subscription.wants(3, trade));
        subscription.add(1, 0);
        assert!(
            subscription.wants(1, trade) && !subscription.wants(3, trade) && subscription.wants(0, trade)
        );
        subscription.add(3, 1 << abi::event_kind::BAR);
        assert!(!subscription.wants(3, trade) && subscription.wants(3, abi::event_kind::BAR));
        subscription.add(0, 0);
        assert!(subscription.wants(9, trade));
    }
}
