//! The past of exchanges, for strategies that are warmed up before a run by the clock.
//!
//! What reads it is a connector as in a backtest, made for this and gone before the run begins. It has instruments of its
//! own: an event counts for the instrument of the exchange that has the same symbol, and for nobody if there is none.

use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, bail};
use stratd_engine::StrategyId;
use stratd_plugin_api::{ExchangeId, InstrumentId, Timestamp, TradingType, abi};

use super::{
    Services,
    event_loop::EventLoop,
    exchange_desk::{ExchangeDesk, Way},
    inbox::Inbox,
    instruments::Instruments,
    notify,
    plan::{MakeExchange, connect},
    sources::Sources,
    warm_up::{Past, warm_up},
};
use crate::config::WarmUp;

/// So many events are read between two looks at whether the run shall end.
const LOOK_EVERY: u64 = 65_536;

/// Where exchanges have their past.
pub(super) struct Histories {
    planned: Vec<PlannedHistory>,
    /// Those of the run.
    instruments: Arc<Instruments>,
}

/// Where one exchange has it.
pub(super) struct PlannedHistory {
    pub(super) exchange: ExchangeId,
    /// Of the exchange.
    pub(super) name: String,
    pub(super) make: MakeExchange,
}

impl Histories {
    pub(super) fn new(planned: Vec<PlannedHistory>, instruments: &Arc<Instruments>) -> Self {
        Self { planned, instruments: Arc::clone(instruments) }
    }

    /// Tells strategies what was before now. A signal to end ends it.
    ///
    /// # Errors
    /// A source failed, or counts an instrument otherwise than its exchange.
    pub(super) fn tell(
        self,
        run: &mut EventLoop,
        (services, inbox): (&Arc<Services>, &Inbox),
        (now, warm_ups): (Timestamp, &[(StrategyId, WarmUp)]),
    ) -> Result<()> {
        if warm_ups.is_empty() {
            return Ok(());
        }
        let mut told = Told { inbox, ids: Vec::new(), read: 0, last: None };
        let mut sources = self.open(services, &mut told.ids)?;
        let warmed = warm_up(run, &mut sources, (now, warm_ups), (&mut told, &mut Vec::new()));
        sources.stop();
        warmed.context("the history of exchanges")?;
        told.report(warm_ups.len(), now);
        Ok(())
    }

    /// Connects them; `ids` is the instrument of the run for each of theirs.
    fn open(self, services: &Arc<Services>, ids: &mut Vec<Option<InstrumentId>>) -> Result<Sources> {
        let own = Arc::new(Instruments::default());
        let mut sources = Sources::default();
        let mut open = Vec::new();
        for PlannedHistory { exchange, name, make } in self.planned {
            let way = Way::Pulled(Mutex::default());
            let desk = ExchangeDesk::new(&name, exchange, TradingType::Backtest, services, &own, way);
            open.push(connect((name, "the history of exchange"), make, Arc::new(desk))?);
        }
        for (_, past) in own.close(services) {
            ids.push(same_instrument(&self.instruments, services, &past)?);
        }
        for open in open {
            open.subscribe()?;
            sources.add(&open.name, open.exchange, open.desk);
        }
        Ok(sources)
    }
}

/// The instrument of the run that is meant by one of the past.
fn same_instrument(
    instruments: &Instruments,
    services: &Services,
    past: &abi::InstrumentRecord,
) -> Result<Option<InstrumentId>> {
    let Some(present) = instruments.of_symbol(past) else {
        return Ok(None);
    };
    let decimals = |record: &abi::InstrumentRecord| (record.price_decimals, record.quantity_decimals);
    if decimals(&present) != decimals(past) {
        let (found, accepted) = (decimals(past), decimals(&present));
        bail!(
            "the history of {} counts prices with {} decimals and quantities with {} (accepted: {} and {}, as its exchange does)",
            services.text_of(past.symbol),
            found.0,
            found.1,
            accepted.0,
            accepted.1
        );
    }
    Ok(Some(InstrumentId(present.id)))
}

/// What was read.
struct Told<'a> {
    inbox: &'a Inbox,
    /// The instrument of the run for each of the past, from 1.
    ids: Vec<Option<InstrumentId>>,
    read: u64,
    last: Option<Timestamp>,
}

impl Past for Told<'_> {
    fn goes_on(&mut self, ts: i64) -> bool {
        if self.read.is_multiple_of(LOOK_EVERY) {
            notify::starts(format_args!("warms up strategies, at {}", Timestamp::new(ts)));
            return !self.inbox.is_stopping();
        }
        true
    }

    fn present(&mut self, event: &abi::Event) -> Option<abi::Event> {
        self.read += 1;
        let index = usize::try_from(event.instrument.checked_sub(1)?).ok()?;
        let instrument = (*self.ids.get(index)?)?;
        self.last = Some(Timestamp::new(event.ts));
        Some(abi::Event { instrument: instrument.0, ..*event })
    }
}

impl Told<'_> {
    fn report(&self, strategies: usize, now: Timestamp) {
        let of_the_run = self.ids.iter().flatten().count();
        match self.last {
            Some(last) => tracing::info!(
                logger = "stratd",
                "warmed up {strategies} strategies: {} events of {of_the_run} instruments, the last one at {last}",
                self.read
            ),
            None => tracing::warn!(
                logger = "stratd",
                "{strategies} strategies start without history: of {} events before {now} none is of an instrument of the run",
                self.read
            ),
        }
    }
}
