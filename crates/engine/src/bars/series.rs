//! One series: the bars of one kind, of one instrument, for one strategy.
//!
//! A bar of a time has the trades with `start <= ts < end`, by the time of the exchange. While its delay lasts, the next
//! one is open as well. A trade that comes after its bar was told is in none.
//! An exchange that sends bars and no trades has them put together: a bar that ends within `start < ts <= end` counts.
//! They are heard no more once there was a trade. Trades made from the close of a bar repeat it and never count.

use std::collections::BTreeMap;

use stratd_plugin_api::{BarKind, BarSeries, BarSpec, Timestamp, abi, abi::event_flag, abi::event_kind};

use super::candle::Candle;
use crate::StrategyId;

/// At most this many bars of volume from one trade; beyond it the strategy fails with `host_limit`. So many bars of a time
/// are closed at once, too, where a trade is far ahead of the clock; further ones wait for the next trade or their time.
const BARS_PER_TRADE_MAX: usize = 10_000;

/// A bar that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) strategy: StrategyId,
    /// Without its number in the order of all inputs.
    pub(crate) event: abi::Event,
}

/// Why a series cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A volume left its range.
    Overflow,
    /// One trade makes more bars than anybody could want.
    TooMany(StrategyId),
}

pub(super) struct Series {
    pub(super) id: u64,
    pub(super) strategy: StrategyId,
    pub(super) number: u8,
    spec: BarSpec,
    /// Bars of a time by their start; of ticks and volume one at 0.
    open: BTreeMap<i64, Candle>,
    /// The first start that may still be told.
    start_next: i64,
    /// The last price that was told.
    close: Option<i64>,
    /// Whether there was a trade, so that bars of the exchange are not heard any more.
    has_traded: bool,
    /// Whether a bar of the exchange counts.
    is_of_bars: bool,
}

impl Series {
    pub(super) fn new(id: u64, strategy: StrategyId, (number, spec): (u8, BarSpec), now: Timestamp) -> Self {
        let start = now.get();
        let start_next = match spec.kind {
            BarKind::Tick | BarKind::Volume => 0,
            BarKind::Time if spec.is_partial => start_of(start, spec.step),
            // the first that is whole: from now on, if now is its start
            BarKind::Time => start_of(start.saturating_sub(1), spec.step).saturating_add(spec.step),
        };
        Self {
            id,
            strategy,
            number,
            spec,
            open: BTreeMap::new(),
            start_next,
            close: None,
            has_traded: false,
            is_of_bars: false,
        }
    }

    /// When the next bar closes at the latest; none if it waits for trades.
    pub(super) fn due(&self) -> Option<Timestamp> {
        if self.spec.kind != BarKind::Time {
            return None;
        }
        let start = match self.open.first_key_value() {
            Some((start, _)) if !self.spec.is_flat || self.close.is_none() => *start,
            Some(_) => self.start_next,
            None if self.spec.is_flat && self.close.is_some() => self.start_next,
            None => return None,
        };
        let end = start.saturating_add(self.spec.step);
        // a bar of the exchange that ends with ours has this very time
        let delay = self.spec.delay.saturating_add(i64::from(self.is_of_bars));
        Some(Timestamp::new(end.saturating_add(delay)))
    }

    /// Closes all bars that are due by a time.
    pub(super) fn close_by(&mut self, instrument: u32, at: Timestamp, out: &mut Vec<Closed>) {
        for _ in 0..BARS_PER_TRADE_MAX {
            let Some(due) = self.due().filter(|due| *due <= at) else { return };
            let delay = self.spec.delay.saturating_add(i64::from(self.is_of_bars));
            let end = due.get().saturating_sub(delay);
            let start = end.saturating_sub(self.spec.step);
            let candle = match (self.open.remove(&start), self.close) {
                (Some(candle), _) => candle,
                (None, Some(price)) => Candle::at(price),
                (None, None) => return,
            };
            self.start_next = end;
            self.tell(instrument, end, &candle, out);
        }
    }

    /// Takes a trade or a bar of the exchange.
    pub(super) fn take(&mut self, event: &abi::Event, out: &mut Vec<Closed>) -> Result<(), Stop> {
        let [open_or_price, high_or_quantity, low, close, volume] = event.data;
        if event.kind == event_kind::TRADE {
            if event.flags & event_flag::FROM_BAR != 0 {
                return Ok(());
            }
            self.has_traded = true;
            self.is_of_bars = false;
            let quantity = high_or_quantity.max(0);
            let trade = Candle { volume: quantity, ..Candle::at(open_or_price) };
            return match self.spec.kind {
                BarKind::Time => self.in_time(event.ts, trade),
                BarKind::Tick => self.by_ticks(event, trade, out),
                BarKind::Volume => self.by_volume(event, trade, out),
            };
        }
        let is_heard = event.kind == event_kind::BAR && self.spec.kind == BarKind::Time && !self.has_traded;
        if !is_heard {
            return Ok(());
        }
        self.is_of_bars = true;
        let part = Candle {
            open: open_or_price,
            high: high_or_quantity,
            low,
            close,
            volume: volume.max(0),
            trades: 0,
        };
        self.in_time(event.ts.saturating_sub(1), part)?;
        // nothing of the interval can follow a bar that ends with it, unless some may come late
        let is_end = start_of(event.ts, self.spec.step) == event.ts && self.spec.delay == 0;
        if is_end {
            self.close_by(event.instrument, Timestamp::new(event.ts.saturating_add(1)), out);
        }
        Ok(())
    }

    fn in_time(&mut self, ts: i64, part: Candle) -> Result<(), Stop> {
        let start = start_of(ts, self.spec.step);
        if start < self.start_next {
            // of the interval that had begun before the subscription, or too late
            return Ok(());
        }
        let candle = self.open.entry(start).or_insert(Candle { volume: 0, trades: 0, ..part });
        candle.add(part).ok_or(Stop::Overflow)?;
        Ok(())
    }

    fn by_ticks(&mut self, event: &abi::Event, trade: Candle, out: &mut Vec<Closed>) -> Result<(), Stop> {
        let candle = self.open.entry(0).or_insert(Candle { volume: 0, trades: 0, ..trade });
        candle.add(trade).ok_or(Stop::Overflow)?;
        if candle.trades >= self.spec.step {
            let candle = *candle;
            self.open.clear();
            self.tell(event.instrument, event.ts, &candle, out);
        }
        Ok(())
    }

    fn by_volume(&mut self, event: &abi::Event, trade: Candle, out: &mut Vec<Closed>) -> Result<(), Stop> {
        let mut left = trade.volume;
        for _ in 0..BARS_PER_TRADE_MAX {
            if left <= 0 {
                return Ok(());
            }
            let candle = self.open.entry(0).or_insert(Candle { volume: 0, trades: 0, ..trade });
            let part = left.min(self.spec.step.saturating_sub(candle.volume));
            candle.add(Candle { volume: part, ..trade }).ok_or(Stop::Overflow)?;
            left = left.saturating_sub(part);
            if candle.volume >= self.spec.step {
                let candle = *candle;
                self.open.clear();
                self.tell(event.instrument, event.ts, &candle, out);
            }
        }
        if left > 0 { Err(Stop::TooMany(self.strategy)) } else { Ok(()) }
    }

    fn tell(&mut self, instrument: u32, ts: i64, candle: &Candle, out: &mut Vec<Closed>) {
        self.close = Some(candle.close);
        let event = abi::Event {
            ts,
            seq: 0,
            instrument,
            kind: event_kind::BAR,
            flags: BarSeries(self.number).event_flags(),
            data: [candle.open, candle.high, candle.low, candle.close, candle.volume],
        };
        out.push(Closed { strategy: self.strategy, event });
    }
}

/// The start of the interval that a time is in.
fn start_of(ts: i64, step: i64) -> i64 {
    ts.saturating_sub(ts.checked_rem_euclid(step).unwrap_or(0))
}
