//! A strategy whose calls are measured: handlers of events and of orders, of runs by the clock.
//!
//! What an instance does besides (its configuration, its state, models of costs) is not in the figures: it is rare, or
//! part of a swap, which tells its pause.

use stratd_plugin_api::{
    Fault, Money, StrategyHost, StrategyInstance, Timestamp,
    abi::{Event, FillRecord, OrderEvent},
};

use super::clock::Moment;
use crate::metrics::Sampler;

/// An instance, and what measures it.
///
/// In a busy round it costs 1.1 ns a call, the measured ones included; one that is measured costs 55 ns, two reads of the
/// clock and six counters (20 million calls of a copy of this around a strategy that adds a number, 2.84 ns each beside
/// 1.72 ns without, on a virtual Xeon whose clock takes 17 ns).
pub(crate) struct TimedStrategy {
    instance: Box<dyn StrategyInstance>,
    sampler: Sampler,
}

impl TimedStrategy {
    pub(crate) fn new(instance: Box<dyn StrategyInstance>, sampler: Sampler) -> Self {
        Self { instance, sampler }
    }

    /// The call, measured.
    #[inline(never)]
    fn measured<R>(&mut self, calls: u32, call: impl FnOnce(&mut dyn StrategyInstance) -> R) -> R {
        let started = Moment::now();
        let result = call(&mut *self.instance);
        let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.sampler.took(calls, took);
        result
    }
}

impl StrategyInstance for TimedStrategy {
    #[inline]
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[Event]) -> Result<usize, Fault> {
        match self.sampler.due() {
            None => self.instance.on_events(host, events),
            Some(calls) => self.measured(calls, |instance| instance.on_events(host, events)),
        }
    }

    fn takes_up_events(&self) -> bool {
        self.instance.takes_up_events()
    }

    #[inline]
    fn on_orders(&mut self, host: &mut dyn StrategyHost, events: &[OrderEvent]) -> Result<usize, Fault> {
        match self.sampler.due() {
            None => self.instance.on_orders(host, events),
            Some(calls) => self.measured(calls, |instance| instance.on_orders(host, events)),
        }
    }

    fn on_config(&mut self, host: &mut dyn StrategyHost, config: &str) -> Result<(), Fault> {
        self.instance.on_config(host, config)
    }

    fn slippage(&mut self, host: &mut dyn StrategyHost, fill: &FillRecord) -> Result<Option<Money>, Fault> {
        self.instance.slippage(host, fill)
    }

    fn transaction_cost(
        &mut self,
        host: &mut dyn StrategyHost,
        fill: &FillRecord,
    ) -> Result<Option<Money>, Fault> {
        self.instance.transaction_cost(host, fill)
    }

    fn save(&mut self, host: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault> {
        self.instance.save(host)
    }

    fn save_into(&mut self, host: &mut dyn StrategyHost, room: Vec<u8>) -> Result<Option<Vec<u8>>, Fault> {
        self.instance.save_into(host, room)
    }

    fn restore(
        &mut self,
        host: &mut dyn StrategyHost,
        state_version: u32,
        state: &[u8],
    ) -> Result<(), Fault> {
        self.instance.restore(host, state_version, state)
    }

    fn quiesce(&mut self, host: &mut dyn StrategyHost, deadline: Timestamp) -> Result<(), Fault> {
        self.instance.quiesce(host, deadline)
    }
}
