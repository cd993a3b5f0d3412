//! A strategy in another thread or process, as the engine calls it.

use std::{fmt, sync::Arc, time::Duration};

use stratd_plugin_api::{
    Fault, Money, StrategyHost, StrategyInstance, StrategyServices, Timestamp,
    abi::{Event, FillRecord, MoneyBits, OrderEvent},
};

use crate::host::refusal::Problem;

use super::{
    codec::{Decoder, Encoder},
    link::Link,
    place::Place,
    protocol::Entry,
    ring::Broken,
    serve,
};

/// An isolated strategy. It ends in its place when dropped.
pub(super) struct IsolatedStrategy {
    link: Link,
    place: Place,
    services: Arc<dyn StrategyServices>,
    instance: String,
}

impl fmt::Debug for IsolatedStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsolatedStrategy").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl IsolatedStrategy {
    /// Creates the strategy in a place that waits for it.
    pub(super) fn create(
        instance: &str,
        services: Arc<dyn StrategyServices>,
        mut link: Link,
        place: Place,
        write: impl FnOnce(&mut Encoder<'_>),
    ) -> Result<Self, Problem> {
        let made = link.create(write, &mut |function, message, answer| {
            serve::only_any_time(&*services, instance, function, message, answer)
        });
        match made {
            Ok(()) => Ok(Self { link, place, services, instance: instance.to_owned() }),
            Err(problem) => {
                place.leave(&link);
                Err(problem)
            }
        }
    }

    #[inline]
    fn call<R>(
        &mut self,
        host: &mut dyn StrategyHost,
        entry: Entry,
        write: impl FnOnce(&mut Encoder<'_>),
        read: impl FnOnce(&mut Decoder<'_>) -> Result<R, Broken>,
    ) -> Result<R, Fault> {
        let now = host.now();
        let (services, instance) = (&*self.services, &*self.instance);
        self.link.call(
            entry,
            |out| {
                out.signed(now.get());
                write(out);
            },
            &mut |function, message, answer| {
                if serve::any_time(services, instance, function, message, answer)? {
                    return Ok(());
                }
                serve::during_call(host, function, message, answer)
            },
            read,
        )
    }

    /// Delivers a slice.
    #[inline]
    fn deliver(
        &mut self,
        host: &mut dyn StrategyHost,
        entry: Entry,
        length: usize,
        write: impl FnOnce(&mut Encoder<'_>),
    ) -> Result<usize, Fault> {
        if length == 0 {
            return Ok(0);
        }
        let consumed = self.call(host, entry, write, |m| m.small::<usize>());
        match consumed {
            Ok(count) if (1..=length).contains(&count) => Ok(count),
            Ok(count) => {
                let name = entry.name();
                Err(Fault::error(format!("`{name}` returned {count} (accepted: 1 to {length})")))
            }
            Err(fault) => Err(Fault { index: fault.index.min(length - 1), ..fault }),
        }
    }

    fn cost(
        &mut self,
        host: &mut dyn StrategyHost,
        entry: Entry,
        fill: &FillRecord,
    ) -> Result<Option<Money>, Fault> {
        self.call(
            host,
            entry,
            |out| out.record(fill),
            |message| {
                let has_opinion = message.flag()?;
                let cost: MoneyBits = message.record()?;
                Ok(has_opinion.then(|| cost.into()))
            },
        )
    }
}

impl StrategyInstance for IsolatedStrategy {
    #[inline]
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[Event]) -> Result<usize, Fault> {
        self.deliver(host, Entry::OnEvents, events.len(), |out| out.records(events))
    }

    #[inline]
    fn on_orders(&mut self, host: &mut dyn StrategyHost, events: &[OrderEvent]) -> Result<usize, Fault> {
        self.deliver(host, Entry::OnOrders, events.len(), |out| out.records(events))
    }

    fn on_config(&mut self, host: &mut dyn StrategyHost, config: &str) -> Result<(), Fault> {
        self.call(host, Entry::OnConfig, |out| out.text(config), |_| Ok(()))
    }

    fn slippage(&mut self, host: &mut dyn StrategyHost, fill: &FillRecord) -> Result<Option<Money>, Fault> {
        self.cost(host, Entry::Slippage, fill)
    }

    fn transaction_cost(
        &mut self,
        host: &mut dyn StrategyHost,
        fill: &FillRecord,
    ) -> Result<Option<Money>, Fault> {
        self.cost(host, Entry::TransactionCost, fill)
    }

    fn save(&mut self, host: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault> {
        self.save_into(host, Vec::new())
    }

    fn save_into(
        &mut self,
        host: &mut dyn StrategyHost,
        mut room: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, Fault> {
        self.call(
            host,
            Entry::Save,
            |_| {},
            |message| {
                let has_state = message.flag()?;
                let state = message.bytes()?;
                room.clear();
                room.extend_from_slice(state);
                Ok(has_state.then(|| std::mem::take(&mut room)))
            },
        )
    }

    fn restore(
        &mut self,
        host: &mut dyn StrategyHost,
        state_version: u32,
        state: &[u8],
    ) -> Result<(), Fault> {
        let write = |out: &mut Encoder<'_>| {
            out.number(state_version.into());
            out.bytes(state);
        };
        self.call(host, Entry::Restore, write, |_| Ok(()))
    }

    fn quiesce(&mut self, host: &mut dyn StrategyHost, deadline: Timestamp) -> Result<(), Fault> {
        // the event loop waits: one that does not come to rest in time is given up, rounded up to read well
        let left_ms = deadline.get().saturating_sub(host.now().get()).max(0) / 1_000_000 + 1;
        self.link.limit_next(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)));
        self.call(host, Entry::Quiesce, |out| out.signed(deadline.get()), |_| Ok(()))
    }
}

impl Drop for IsolatedStrategy {
    fn drop(&mut self) {
        let (services, instance) = (&*self.services, &*self.instance);
        self.place.end(&mut self.link, &mut |function, message, answer| {
            serve::only_any_time(services, instance, function, message, answer)
        });
    }
}
