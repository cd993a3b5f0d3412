//! The market data of a backtest: all sources, merged by time, to the end of the last one.

use std::{collections::VecDeque, sync::Arc};

use anyhow::{Context as _, Result, bail};
use stratd_plugin_api::{Timestamp, abi};

use super::{
    exchange_desk::{ExchangeDesk, Told},
    link::is_data,
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
    /// What was taken and given back: it comes before everything else.
    returned: VecDeque<Told>,
    exchange: SharedExchange,
    desk: Arc<ExchangeDesk>,
    batch: Vec<abi::Event>,
    next: usize,
    count: usize,
    /// Up to here the batch is known to be market data in the order of time. Looked at once, however often a strategy
    /// stops in between.
    plain: usize,
    last: Timestamp,
    is_at_end: bool,
}

/// All sources. Constant memory: one batch each.
#[derive(Default)]
pub(super) struct Sources {
    all: Vec<Source>,
    /// The source of the last event.
    last: usize,
    /// What happens from then on is not read.
    end: Option<i64>,
}

impl Sources {
    pub(super) fn add(&mut self, name: &str, exchange: SharedExchange, desk: Arc<ExchangeDesk>) {
        self.all.push(Source {
            name: name.to_owned(),
            returned: VecDeque::new(),
            exchange,
            desk,
            batch: vec![abi::Event::default(); BATCH],
            next: 0,
            count: 0,
            plain: 0,
            last: Timestamp::MIN,
            is_at_end: false,
        });
    }

    /// Ends the data: each source is at its end with the first event that happens then or later.
    pub(super) fn end_at(&mut self, end: Option<Timestamp>) {
        self.end = end.map(Timestamp::get);
    }

    /// Appends the earliest event of all sources; at equal times that of the source that was configured first. False
    /// if there is none any more. It goes straight to its place: what an exchange may tell is large to move.
    pub(super) fn next(&mut self, events: &mut Vec<Told>) -> Result<bool> {
        let mut earliest: Option<(i64, usize)> = None;
        for (index, source) in self.all.iter_mut().enumerate() {
            let Some(ts) = source.next_ts(self.end)? else { continue };
            if earliest.is_none_or(|(first, _)| ts < first) {
                earliest = Some((ts, index));
            }
        }
        match earliest {
            Some((_, index)) => {
                self.last = index;
                self.all[index].take(events)
            }
            None => Ok(false),
        }
    }

    /// The market events that one source has at hand and that come before those of all others, at most `max`; to be taken
    /// with [`Sources::took`]. Empty where the next event is none of them: what was given back, what a venue
    /// pushed, an event whose time goes backwards. Pulls as [`Sources::next`] does, not more.
    pub(super) fn span(&mut self, max: usize) -> Result<&mut [abi::Event]> {
        let end = self.end.unwrap_or(i64::MAX);
        if self.all.len() == 1 {
            // nothing to compare with
            self.last = 0;
            let source = &mut self.all[0];
            let is_over = source.next_ts(self.end)?.is_none();
            return Ok(if is_over { &mut [] } else { source.span(max, |ts| ts < end) });
        }
        let mut earliest: Option<(i64, usize)> = None;
        // what all others begin with: the span ends before it
        let mut second = (i64::MAX, usize::MAX);
        for (index, source) in self.all.iter_mut().enumerate() {
            let Some(ts) = source.next_ts(self.end)? else { continue };
            match earliest {
                Some(first) if first <= (ts, index) => second = second.min((ts, index)),
                _ => second = earliest.replace((ts, index)).unwrap_or(second).min(second),
            }
        }
        let Some((_, index)) = earliest else { return Ok(&mut []) };
        self.last = index;
        Ok(self.all[index].span(max, |ts| (ts, index) < second && ts < end))
    }

    /// Takes the first so many events of the last [`Sources::span`].
    pub(super) fn took(&mut self, count: usize) {
        if let Some(source) = self.all.get_mut(self.last) {
            source.took(count);
        }
    }

    /// Takes the market events that the source of the last event has at hand for the same instant, until `events` has
    /// `max`. Nothing is pulled: a venue that is pulled goes on, and orders may be on their way to it.
    pub(super) fn take_alike(&mut self, events: &mut Vec<Told>, max: usize) {
        let Some(source) = self.all.get_mut(self.last) else { return };
        let Some(ts) = events.last().map(Told::ts) else { return };
        while events.len() < max
            && let Some(told) = source.take_market_at(ts)
        {
            events.push(told);
        }
    }

    /// Takes back, in order, what [`Sources::take_alike`] gave and nobody took.
    pub(super) fn give_back(&mut self, events: impl DoubleEndedIterator<Item = Told>) {
        if let Some(source) = self.all.get_mut(self.last) {
            for told in events.rev() {
                source.returned.push_front(told);
            }
        }
    }

    /// Appends what a source still has to say without being pulled; false if there is nothing.
    pub(super) fn next_told(&mut self, events: &mut Vec<Told>) -> Result<bool> {
        match self.all.iter_mut().find(|source| source.has_told()) {
            Some(source) => source.take(events),
            None => Ok(false),
        }
    }

    pub(super) fn stop(&mut self) {
        for source in &mut self.all {
            if let Err(fault) = source.exchange.borrow_mut().stop() {
                tracing::warn!(logger = format!("exchange.{}", source.name), "while stopping: {fault}");
            }
        }
    }
}

impl Source {
    /// The time of the next event, pulled if need be; none from `end` on.
    fn next_ts(&mut self, end: Option<i64>) -> Result<Option<i64>> {
        let ts = self.any_next_ts()?;
        if ts.is_some_and(|ts| end.is_some_and(|end| ts >= end)) {
            self.is_at_end = true;
            return Ok(None);
        }
        Ok(ts)
    }

    fn any_next_ts(&mut self) -> Result<Option<i64>> {
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
        (self.next, self.count, self.plain) = (0, if pushed > 0 { 0 } else { count }, 0);
        if let Some(event) = self.first_strange() {
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

    /// The first event of the batch that exchanges do not send.
    fn first_strange(&self) -> Option<&abi::Event> {
        // nearly every event is like the one before it, which was looked at
        let mut asked = None;
        self.batch[..self.count].iter().find(|event| {
            let this = Some((event.instrument, event.kind));
            let is_known = this == asked;
            asked = this;
            !is_known && !self.desk.is_market(event)
        })
    }

    fn span(&mut self, max: usize, is_first: impl Fn(i64) -> bool) -> &mut [abi::Event] {
        if self.has_told() {
            return &mut [];
        }
        if self.plain <= self.next {
            self.plain = self.next + self.count_plain();
        }
        let end = self.plain.min(self.next.saturating_add(max));
        let left = self.batch.get_mut(self.next..end).unwrap_or_default();
        // they are in order: where the last one comes before all others, so do those before it
        let len = match left.last() {
            Some(last) if !is_first(last.ts) => left.partition_point(|event| is_first(event.ts)),
            _ => left.len(),
        };
        &mut left[..len]
    }

    /// How many events from the next one on are market data in the order of time.
    fn count_plain(&self) -> usize {
        let left = self.batch.get(self.next..self.count).unwrap_or_default();
        let mut last = self.last.get();
        let comes_next = |event: &&abi::Event| {
            let fits = event.ts >= last && is_data(event);
            last = event.ts;
            fits
        };
        left.iter().take_while(comes_next).count()
    }

    fn took(&mut self, count: usize) {
        let end = self.count.min(self.next + count);
        if let Some(event) = self.batch.get(self.next..end).and_then(<[_]>::last) {
            self.last = Timestamp::new(event.ts);
        }
        self.next = end;
    }

    fn waiting_ts(&self) -> Option<i64> {
        let told = self.returned.front().map(Told::ts).or_else(|| self.desk.first_ts());
        told.or_else(|| (self.next < self.count).then(|| self.batch[self.next].ts))
    }

    /// Whether it has something to say without being pulled, besides the rest of its batch.
    fn has_told(&self) -> bool {
        !self.returned.is_empty() || self.desk.first_ts().is_some()
    }

    /// The next event, if it is at hand, of the market, and of that time.
    fn take_market_at(&mut self, ts: i64) -> Option<Told> {
        // the common answer is no, and needs no copy
        if self.waiting_ts() != Some(ts) {
            return None;
        }
        let told = if let Some(told) = self.returned.front() {
            *told
        } else if let Some(told) = self.desk.first() {
            told
        } else {
            Told::Market(*self.batch.get(..self.count)?.get(self.next)?)
        };
        if !matches!(told, Told::Market(_)) {
            return None;
        }
        if self.returned.pop_front().is_none() && self.desk.take().is_none() {
            self.next += 1;
        }
        Some(told)
    }

    fn take(&mut self, events: &mut Vec<Told>) -> Result<bool> {
        if let Some(told) = self.returned.pop_front().or_else(|| self.desk.take()) {
            events.push(told);
        } else if let Some(event) = self.batch[..self.count].get(self.next) {
            self.next += 1;
            events.push(Told::Market(*event));
        } else {
            return Ok(false);
        }
        let ts = Timestamp::new(events.last().map_or(i64::MIN, Told::ts));
        if ts < self.last {
            bail!("data of exchange {}: time goes backwards from {} to {ts}", self.name, self.last);
        }
        self.last = ts;
        Ok(true)
    }
}
