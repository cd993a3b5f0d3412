//! Naive books: everything is computed again from the list of all fills, whenever a fill was added.

use std::collections::{BTreeMap, VecDeque};

use stratd_plugin_api::PositionSide;

use super::scenario::point;

/// Average cost is kept in this fraction of a unit of money, so that its own rounding stays below the engine's.
const FINE: i128 = 1 << 20;

#[derive(Clone, Copy, Debug)]
pub(super) struct Fill {
    /// Negative = sold.
    pub(super) signed: i64,
    pub(super) price: i64,
    /// Fee and costs in the currency of the instrument.
    pub(super) costs: i128,
    /// What that currency is worth, in hundredths.
    pub(super) rate: i64,
}

/// What one strategy did in one instrument.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    fills: Vec<Fill>,
    pub(super) size: i64,
    pub(super) cash: i128,
    pub(super) fees: i128,
    pub(super) realized: i128,
    /// How far the realized PnL may be off because the engine rounds what it closes.
    pub(super) tolerance: i128,
    mark: (i64, i64),
}

impl Line {
    pub(super) fn add(&mut self, instrument: u32, fill: Fill, is_fifo: bool) {
        self.fills.push(fill);
        self.mark = (fill.price, fill.rate);
        let value = |fill: &Fill| {
            i128::from(fill.signed) * i128::from(fill.price) * point(instrument) * i128::from(fill.rate) / 100
        };
        let costs = |fill: &Fill| fill.costs * i128::from(fill.rate) / 100;
        self.size = self.fills.iter().map(|fill| fill.signed).sum();
        self.fees = self.fills.iter().map(costs).sum();
        self.cash = -self.fills.iter().map(value).sum::<i128>() - self.fees;
        (self.realized, self.tolerance) =
            if is_fifo { (self.first_in_first_out(instrument), 0) } else { self.average(instrument) };
    }

    fn first_in_first_out(&self, instrument: u32) -> i128 {
        let (mut lots, mut realized): (VecDeque<(i64, i128)>, i128) = (VecDeque::new(), 0);
        for fill in &self.fills {
            let unit = i128::from(fill.price) * point(instrument) * i128::from(fill.rate) / 100;
            let mut left = fill.signed;
            while let Some((lot, bought_at)) = lots.front_mut().filter(|lot| lot.0.signum() == -left.signum())
            {
                let closed = left.abs().min(lot.abs()) * lot.signum();
                realized += i128::from(closed) * (unit - *bought_at);
                (*lot, left) = (*lot - closed, left + closed);
                if *lot == 0 {
                    lots.pop_front();
                }
            }
            if left != 0 {
                lots.push_back((left, unit));
            }
        }
        realized
    }

    fn average(&self, instrument: u32) -> (i128, i128) {
        let (mut size, mut cost, mut realized, mut closings) = (0i64, 0i128, 0i128, 0i128);
        for fill in &self.fills {
            let unit = i128::from(fill.price) * point(instrument) * i128::from(fill.rate) / 100 * FINE;
            let closed = if size.signum() == -fill.signed.signum() {
                fill.signed.abs().min(size.abs()) * size.signum()
            } else {
                0
            };
            if closed != 0 {
                let part = cost * i128::from(closed) / i128::from(size);
                realized += i128::from(closed) * unit - part;
                (cost, size, closings) = (cost - part, size - closed, closings + 1);
            }
            let opened = fill.signed + closed;
            (cost, size) = (cost + i128::from(opened) * unit, size + opened);
        }
        (realized / FINE, closings + 1)
    }

    pub(super) fn mark(&mut self, price: i64, rate: i64) {
        self.mark = (price, rate);
    }

    pub(super) fn value(&self, instrument: u32) -> i128 {
        let (price, rate) = self.mark;
        i128::from(self.size) * i128::from(price) * point(instrument) * i128::from(rate) / 100
    }

    /// Cash and value: what it brought, costs included.
    pub(super) fn pnl(&self, instrument: u32) -> i128 {
        self.cash + self.value(instrument)
    }
}

/// Strategy, instrument and which position of it.
pub(super) type Key = (u16, u32, PositionSide);

/// The books of all strategies.
#[derive(Default)]
pub(super) struct Books(pub(super) BTreeMap<Key, Line>);

impl Books {
    /// Books a fill of an order that is about a position. A long position is never below zero and a short one never
    /// above: what goes beyond belongs to the other one.
    pub(super) fn add(&mut self, key: Key, fill: Fill, is_fifo: bool) {
        let (strategy, instrument, side) = key;
        let after = self.size(key) + fill.signed;
        let other = match side {
            PositionSide::Long if after < 0 => PositionSide::Short,
            PositionSide::Short if after > 0 => PositionSide::Long,
            PositionSide::Net | PositionSide::Long | PositionSide::Short => {
                return self.add_to(key, fill, is_fifo);
            }
        };
        let (here, there) = (Fill { signed: fill.signed - after, ..fill }, Fill { signed: after, ..fill });
        if here.signed == 0 {
            return self.add_to((strategy, instrument, other), there, is_fifo);
        }
        self.add_to(key, here, is_fifo);
        self.add_to((strategy, instrument, other), Fill { costs: 0, ..there }, is_fifo);
    }

    fn add_to(&mut self, key: Key, fill: Fill, is_fifo: bool) {
        self.0.entry(key).or_default().add(key.1, fill, is_fifo);
    }

    pub(super) fn size(&self, key: Key) -> i64 {
        self.0.get(&key).map_or(0, |line| line.size)
    }

    /// The size of a position of all strategies together.
    pub(super) fn net(&self, instrument: u32, side: PositionSide) -> i64 {
        let lines = self.0.iter().filter(|((_, id, of), _)| (*id, *of) == (instrument, side));
        lines.map(|(_, line)| line.size).sum()
    }

    pub(super) fn of(&self, is_meant: impl Fn(u16, u32) -> bool) -> impl Iterator<Item = (u32, &Line)> {
        let lines = self.0.iter().filter(move |((strategy, id, _), _)| is_meant(*strategy, *id));
        lines.map(|((_, id, _), line)| (*id, line))
    }

    /// The positions of a strategy.
    pub(super) fn of_strategy(&self, strategy: u16) -> impl Iterator<Item = (u32, PositionSide, &Line)> {
        let lines = self.0.iter().filter(move |((of, ..), _)| *of == strategy);
        lines.map(|((_, id, side), line)| (*id, *side, line))
    }

    pub(super) fn pnl(&self, is_meant: impl Fn(u16, u32) -> bool) -> i128 {
        self.of(is_meant).map(|(id, line)| line.pnl(id)).sum()
    }
}
