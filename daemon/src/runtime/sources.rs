//! The market data of a backtest: all sources, merged by time, to the end of the last one.

use anyhow::{Context as _, Result, bail};
use stratd_plugin_api::{ExchangeInstance, Timestamp, abi};

/// Events per pull: large enough that the call costs nothing per event, small enough to stay in the cache.
const BATCH: usize = 1_024;

/// One source with the events that were pulled and not taken yet.
struct Source {
    name: String,
    instance: Box<dyn ExchangeInstance>,
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
    pub(super) fn add(&mut self, name: &str, instance: Box<dyn ExchangeInstance>) {
        self.0.push(Source {
            name: name.to_owned(),
            instance,
            batch: vec![abi::Event::default(); BATCH],
            next: 0,
            count: 0,
            last: Timestamp::MIN,
            is_at_end: false,
        });
    }

    /// The earliest event of all sources; at equal times the source that was configured first.
    pub(super) fn next(&mut self) -> Result<Option<abi::Event>> {
        let mut earliest: Option<(i64, usize)> = None;
        for (index, source) in self.0.iter_mut().enumerate() {
            let Some(event) = source.peek()? else { continue };
            if earliest.is_none_or(|(ts, _)| event.ts < ts) {
                earliest = Some((event.ts, index));
            }
        }
        let Some((_, index)) = earliest else { return Ok(None) };
        self.0[index].take().map(Some)
    }

    pub(super) fn stop(&mut self) {
        for source in &mut self.0 {
            if let Err(fault) = source.instance.stop() {
                tracing::warn!(exchange = source.name, "while stopping: {fault}");
            }
        }
    }
}

impl Source {
    fn peek(&mut self) -> Result<Option<&abi::Event>> {
        if self.next == self.count && !self.is_at_end {
            let pulled = self.instance.poll(&mut self.batch);
            self.count = pulled.with_context(|| format!("reading the data of exchange {}", self.name))?;
            self.next = 0;
            self.is_at_end = self.count == 0;
        }
        Ok((!self.is_at_end).then(|| &self.batch[self.next]))
    }

    fn take(&mut self) -> Result<abi::Event> {
        let event = self.batch[self.next];
        self.next += 1;
        let ts = Timestamp::new(event.ts);
        if ts < self.last {
            bail!("data of exchange {}: time goes backwards from {} to {ts}", self.name, self.last);
        }
        self.last = ts;
        Ok(event)
    }
}
