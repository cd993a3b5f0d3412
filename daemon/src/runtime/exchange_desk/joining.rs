//! A desk of an exchange that joins a run that goes on.
//!
//! Until the event loop has its place, what it tells of instruments is kept apart: it may be refused, and then nothing
//! of it is left.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, atomic::Ordering},
};

use stratd_plugin_api::{
    ExchangeId, Instrument, InstrumentId, StrategyServices,
    abi::{self, TextHandle},
};

use super::{ExchangeDesk, WAITING, Way, lock};
use crate::{
    config::InstrumentsConfig,
    runtime::{
        described::{Admitted, describe},
        instruments::Unregistered,
    },
};

/// What an exchange tells that joins a run.
#[derive(Default)]
pub(super) struct Joining {
    /// The instruments that it has, new ones and those of before.
    told: BTreeSet<InstrumentId>,
    /// Why one cannot be what it was.
    differs: Option<String>,
}

impl ExchangeDesk {
    /// A desk for an exchange that is about to join the run of this one: market events wait until it opens, and new
    /// instruments are taken until [`ExchangeDesk::has_told_all`].
    pub(crate) fn of_joining(&self, name: &str, exchange: ExchangeId) -> Option<Self> {
        // a run that is pulled has nobody who joins
        let Way::Inbox(inbox) = &self.way else { return None };
        let way = Way::Inbox(Arc::clone(inbox));
        let desk = Self::new(name, exchange, self.trading_type, &self.services, &self.instruments, way);
        desk.gate.store(WAITING, Ordering::Relaxed);
        desk.instruments.begin_joining(exchange);
        Some(Self { joining: Some(Mutex::default()), ..desk })
    }

    /// The exchange has told its instruments: no further ones are taken.
    ///
    /// # Errors
    /// One of them is not what it was when the exchange was in the run before.
    pub(crate) fn has_told_all(&self) -> Result<(), String> {
        self.instruments.end_joining();
        let differs = self.joining.as_ref().and_then(|joining| lock(joining).differs.clone());
        differs.map_or(Ok(()), Err)
    }

    /// It does not join after all: what it told is forgotten, and what it tells from now on.
    pub(crate) fn take_back(&self) {
        self.close();
        self.instruments.take_back();
    }

    /// The instruments that an exchange has which joins: those that are new to the run, and the ids of those that it had
    /// before.
    pub(in crate::runtime) fn told(&self) -> (Vec<Instrument>, Vec<InstrumentId>) {
        let new = self.instruments.waiting_of(self.exchange, &self.services);
        let told = self.joining.as_ref().map(|joining| lock(joining).told.clone()).unwrap_or_default();
        let is_known = |id: &InstrumentId| self.instruments.is_of(id.0, self.exchange);
        (new, told.into_iter().filter(is_known).collect())
    }

    /// The engine takes over all instruments that it does not know yet.
    pub(in crate::runtime) fn admit_all(&self) -> Vec<(Instrument, abi::InstrumentRecord)> {
        self.instruments.admit(&self.services)
    }

    /// Puts what the configuration says of instruments over what exchanges tell.
    ///
    /// # Errors
    /// It does not fit.
    pub(in crate::runtime) fn describe(
        &self,
        admitted: &mut [Admitted],
        config: &InstrumentsConfig,
        names: &[String],
    ) -> anyhow::Result<()> {
        describe(admitted, config, (names, &self.instruments, &self.services))
    }

    /// The handle of a text.
    pub(in crate::runtime) fn handle(&self, text: &str) -> TextHandle {
        StrategyServices::intern(&*self.services, text)
    }

    /// The name of its exchange.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Notes what became of an instrument that the connector told.
    pub(super) fn note_registered(&self, symbol: &str, registered: &Result<InstrumentId, Unregistered>) {
        match registered {
            Ok(id) => {
                if let Some(joining) = &self.joining {
                    lock(joining).told.insert(*id);
                }
            }
            // a connector may know more than a run takes
            Err(Unregistered::Full) => {}
            Err(Unregistered::Differs(what)) => {
                let text = format!(
                    "instrument {symbol} of exchange {} has another {what} than before in this run (accepted: the same, or another name of the exchange)",
                    self.name
                );
                tracing::error!(logger = format!("exchange.{}", self.name), "{text}");
                if let Some(joining) = &self.joining {
                    lock(joining).differs.get_or_insert(text);
                }
            }
        }
    }
}
