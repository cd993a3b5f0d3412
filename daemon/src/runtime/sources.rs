//! The market data of a backtest: all sources, merged by time, to the end of the last one.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use stratd_plugin_api::{Timestamp, abi};

use super::{
    exchange_desk::{ExchangeDesk, Told},
    order_entry::SharedExchange,
};

/// Events per pull: large enough that the call costs nothing per event, small enough to stay in the cache.
const BATCH: usize = 1_024;

/// One source with what was pulled and not taken yet.
///
/// A source writes its events into the batch, or pushes them through its desk during the call and says how many; not
/// both in one call. A venue with a book pushes, because orders and market events are one sequence there; it brings
/// one step per pull, so that an order meets the book as it is when the next step begins.
struct Source {
    name: String,
    exchange: SharedExchange,
    desk: Arc<ExchangeDesk>,
    batch: Vec<abi::Event>,
    next: usize,
    count: usize,
    last: Timestamp,
    is_at_end: bool,
}

/// All sources. Constant memory: one batch each.
#[derive(Default)]
pub(super) struct Sources(Vec<Source>);

impl Sources {
    pub(super) fn add(&mut self, name: &str, exchange: SharedExchange, desk: Arc<ExchangeDesk>) {
        self.0.push(Source {
            name: name.to_owned(),
            exchange,
            desk,
            batch: vec![abi::Event::default(); BATCH],
            next: 0,
            count: 0,
            last: Timestamp::MIN,
            is_at_end: false,
        });
    }

    /// The earliest event of all sources; at equal times the source that was configured first.
    pub(super) fn next(&mut self) -> Result<Option<Told>> {
        let mut earliest: Option<(i64, usize)> = None;
        for (index, source) in self.0.iter_mut().enumerate() {
            let Some(ts) = source.next_ts()? else { continue };
            if earliest.is_none_or(|(first, _)| ts < first) {
                earliest = Some((ts, index));
            }
        }
        match earliest {
            Some((_, index)) => self.0[index].take(),
            None => Ok(None),
        }
    }

    /// What a source still has to say without being pulled.
    pub(super) fn next_told(&mut self) -> Result<Option<Told>> {
        match self.0.iter_mut().find(|source| source.desk.first_ts().is_some()) {
            Some(source) => source.take(),
            None => Ok(None),
        }
    }

    pub(super) fn stop(&mut self) {
        for source in &mut self.0 {
            if let Err(fault) = source.exchange.borrow_mut().stop() {
                tracing::warn!(logger = format!("exchange.{}", source.name), "while stopping: {fault}");
            }
        }
    }
}

impl Source {
    /// The time of the next event, pulled if need be.
    fn next_ts(&mut self) -> Result<Option<i64>> {
        if let Some(ts) = self.waiting_ts() {
            return Ok(Some(ts));
        }
        if self.is_at_end {
            return Ok(None);
        }
        let pulled = self.exchange.borrow_mut().poll(&mut self.batch);
        let count = pulled.with_context(|| format!("reading the data of exchange {}", self.name))?;
        self.is_at_end = count == 0;
        let pushed = self.desk.waiting();
        if pushed > 0 && pushed != count {
            bail!(
                "exchange {} said {count} events and pushed {pushed} (accepted: the number pushed)",
                self.name
            );
        }
        (self.next, self.count) = (0, if pushed > 0 { 0 } else { count });
        if let Some(event) = self.batch[..self.count].iter().find(|event| !self.desk.is_market(event)) {
            bail!(
                "exchange {}: event of kind {} and instrument {} (accepted: kinds that exchanges send, of an instrument of this exchange)",
                self.name,
                event.kind,
                event.instrument
            );
        }
        match self.waiting_ts() {
            Some(ts) => Ok(Some(ts)),
            None if self.is_at_end => Ok(None),
            None => bail!("exchange {} said {count} events and brought none", self.name),
        }
    }

    fn waiting_ts(&self) -> Option<i64> {
        self.desk.first_ts().or_else(|| (self.next < self.count).then(|| self.batch[self.next].ts))
    }

    fn take(&mut self) -> Result<Option<Told>> {
        let told = self.desk.take().or_else(|| {
            let event = self.batch.get(self.next).filter(|_| self.next < self.count).copied();
            self.next += 1;
            event.map(Told::Market)
        });
        if let Some(told) = &told {
            let ts = Timestamp::new(told.ts());
            if ts < self.last {
                bail!("data of exchange {}: time goes backwards from {} to {ts}", self.name, self.last);
            }
            self.last = ts;
        }
        Ok(told)
    }
}
