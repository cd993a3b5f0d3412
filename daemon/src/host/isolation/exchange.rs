//! A connector in another thread or process, as the shell calls it.

use std::fmt;

use stratd_plugin_api::{
    ClientOrderId, ExchangeInstance, Fault, InstrumentId, Timestamp,
    abi::{Event, OrderCommand, TextHandle},
};

use crate::host::refusal::Problem;

use super::{
    codec::{Decoder, Encoder},
    link::Link,
    place::Place,
    protocol::Entry,
    ring::Broken,
    serve_exchange::Desk,
};

/// An isolated connector. It is stopped, if it was not, and ends in its place when dropped.
pub(super) struct IsolatedExchange {
    link: Link,
    place: Place,
    desk: Desk,
    /// What `poll` returned; kept for its memory.
    batch: Vec<Event>,
    instance: String,
}

impl fmt::Debug for IsolatedExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsolatedExchange").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl IsolatedExchange {
    /// Creates the connector in a place that waits for it.
    pub(super) fn create(
        instance: &str,
        desk: Desk,
        mut link: Link,
        place: Place,
        write: impl FnOnce(&mut Encoder<'_>),
    ) -> Result<Self, Problem> {
        let made = link.create(write, &mut |function, message, answer| desk.serve(function, message, answer));
        match made {
            Ok(()) => Ok(Self { link, place, desk, batch: Vec::new(), instance: instance.to_owned() }),
            Err(problem) => {
                place.leave(&link);
                Err(problem)
            }
        }
    }

    fn call<R>(
        &mut self,
        entry: Entry,
        write: impl FnOnce(&mut Encoder<'_>),
        read: impl FnOnce(&mut Decoder<'_>) -> Result<R, Broken>,
    ) -> Result<R, Fault> {
        let desk = &self.desk;
        self.link.call(
            entry,
            write,
            &mut |function, message, answer| desk.serve(function, message, answer),
            read,
        )
    }

    fn request(&mut self, entry: Entry, correlation: u64) -> Result<(), Fault> {
        self.call(entry, |out| out.number(correlation), |_| Ok(()))
    }

    fn order(&mut self, entry: Entry, command: &OrderCommand) -> Result<(), Fault> {
        self.call(entry, |out| out.record(command), |_| Ok(()))
    }
}

impl ExchangeInstance for IsolatedExchange {
    fn connect(&mut self, correlation: u64) -> Result<(), Fault> {
        self.request(Entry::Connect, correlation)
    }

    fn instruments(&mut self, correlation: u64) -> Result<(), Fault> {
        self.request(Entry::Instruments, correlation)
    }

    fn subscribe(&mut self, correlation: u64, instrument: Option<InstrumentId>) -> Result<(), Fault> {
        let write = |out: &mut Encoder<'_>| {
            out.number(correlation);
            out.number(instrument.map_or(0, |instrument| instrument.0).into());
        };
        self.call(Entry::Subscribe, write, |_| Ok(()))
    }

    fn poll(&mut self, batch: &mut [Event]) -> Result<usize, Fault> {
        let mut events = std::mem::take(&mut self.batch);
        events.clear();
        let room = batch.len();
        let polled =
            self.call(Entry::Poll, |out| out.number(room as u64), |message| message.records(&mut events));
        let count = events.len();
        let result = polled.and_then(|()| match batch.get_mut(..count) {
            Some(place) => {
                place.copy_from_slice(&events);
                Ok(count)
            }
            None => Err(Fault::error(format!("`poll` returned {count} (accepted: 0 to {room})"))),
        });
        self.batch = events;
        result
    }

    fn lookup(&mut self, correlation: u64, symbol: &str) -> Result<(), Fault> {
        let write = |out: &mut Encoder<'_>| {
            out.number(correlation);
            out.text(symbol);
        };
        self.call(Entry::Lookup, write, |_| Ok(()))
    }

    fn new_order(&mut self, command: &OrderCommand) -> Result<(), Fault> {
        self.order(Entry::NewOrder, command)
    }

    fn cancel_order(&mut self, command: &OrderCommand) -> Result<(), Fault> {
        self.order(Entry::CancelOrder, command)
    }

    fn change_order(&mut self, command: &OrderCommand) -> Result<(), Fault> {
        self.order(Entry::ChangeOrder, command)
    }

    fn accounts(&mut self, correlation: u64) -> Result<(), Fault> {
        self.request(Entry::Accounts, correlation)
    }

    fn open_orders(&mut self, correlation: u64) -> Result<(), Fault> {
        self.request(Entry::OpenOrders, correlation)
    }

    fn fills_since(&mut self, correlation: u64, since: Timestamp) -> Result<(), Fault> {
        let write = |out: &mut Encoder<'_>| {
            out.number(correlation);
            out.signed(since.get());
        };
        self.call(Entry::FillsSince, write, |_| Ok(()))
    }

    fn find_order(
        &mut self,
        correlation: u64,
        id: ClientOrderId,
        exchange_order_id: TextHandle,
    ) -> Result<(), Fault> {
        let write = |out: &mut Encoder<'_>| {
            out.number(correlation);
            out.number(id.0);
            out.number(exchange_order_id);
        };
        self.call(Entry::FindOrder, write, |_| Ok(()))
    }

    fn stop(&mut self) -> Result<(), Fault> {
        if self.desk.is_stopped() {
            return Ok(());
        }
        let result = self.call(Entry::Stop, |_| {}, |_| Ok(()));
        self.desk.stop();
        result
    }

    fn on_config(&mut self, config: &str) -> Result<(), Fault> {
        self.call(Entry::OnConfig, |out| out.text(config), |_| Ok(()))
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        self.call(
            Entry::Save,
            |_| {},
            |message| {
                let has_state = message.flag()?;
                let state = message.bytes()?;
                Ok(has_state.then(|| state.to_vec()))
            },
        )
    }

    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<(), Fault> {
        let write = |out: &mut Encoder<'_>| {
            out.number(state_version.into());
            out.bytes(state);
        };
        self.call(Entry::Restore, write, |_| Ok(()))
    }

    fn quiesce(&mut self, deadline: Timestamp) -> Result<(), Fault> {
        self.call(Entry::Quiesce, |out| out.signed(deadline.get()), |_| Ok(()))
    }
}

impl Drop for IsolatedExchange {
    fn drop(&mut self) {
        let desk = &self.desk;
        self.place
            .end(&mut self.link, &mut |function, message, answer| desk.serve(function, message, answer));
        self.desk.stop();
    }
}
