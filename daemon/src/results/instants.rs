//! What is taken after each instant: the curves, and where one is due a row of `equity.csv`, a sample for the charts, and
//! the positions.
//!
//! An instant at which nothing changed is only noted, and one at which the value of positions changed moves the curves:
//! nearly all instants are one of both.

use anyhow::{Context as _, Result};
use stratd_engine::{Engine, StrategyId};
use stratd_plugin_api::{InstrumentId, Money, Timestamp};

use super::{
    recorder::{Recorder, to_number},
    timeline::COLUMNS_MAX,
};

/// `equity.csv` has at most one row per minute of market time: ticks would make it larger than their own file.
const EQUITY_EVERY_NS: i64 = 60_000_000_000;

/// Instants at which nothing changed but the time: most of them. Only the last one is kept, and taken before anything
/// else is. Where nothing changed but the value of positions, the curves are all that is looked at.
#[derive(Default)]
pub(super) struct Quiet {
    /// [`Engine::books_version`] at the last instant that was looked at; its equity and cash.
    version: u64,
    equity: Money,
    cash: Money,
    /// An instant from here on is looked at in any case. The beginning of time: so is the next one.
    until: Option<Timestamp>,
    /// The last instant that was not looked at.
    last: Option<Timestamp>,
    /// A peak of the run, and the largest fall from it that the timeline knows.
    noted: (Money, Money),
}

impl Recorder {
    /// Everything of an instant was processed: takes the equity.
    ///
    /// # Errors
    /// A file cannot be written.
    #[inline]
    pub fn close_instant(&mut self, at: Timestamp, engine: &Engine) -> Result<()> {
        let quiet = &mut self.quiet;
        if engine.books_version() == quiet.version && quiet.until.is_some_and(|until| at < until) {
            quiet.last = Some(at);
            return Ok(());
        }
        self.close_changed(at, engine)
    }

    fn close_changed(&mut self, at: Timestamp, engine: &Engine) -> Result<()> {
        let is_due = self.quiet.until.is_none_or(|until| at >= until);
        if is_due || self.positions.have_changed() {
            self.end_quiet();
            return self.look_at_instant(at, engine);
        }
        if let Some(at) = self.quiet.last.take() {
            self.stay(at);
        }
        let (equity, cash) = self.take_equity(at, engine)?;
        self.equity_pending = Some((at, equity, cash));
        self.quiet = Quiet { version: engine.books_version(), equity, cash, ..self.quiet };
        Ok(())
    }

    /// Takes the equity of an instant into the curves.
    fn take_equity(&mut self, at: Timestamp, engine: &Engine) -> Result<(Money, Money)> {
        let equity = engine.equity().context("equity is out of range")?;
        let cash = engine.cash().context("cash is out of range")?;
        self.last = Some(at);
        self.run.push(at, equity);
        for (id, figures) in (0..).map(StrategyId).zip(&mut self.strategies) {
            let alone = engine.pnl(id).and_then(|pnl| self.labels.cash.checked_add(pnl));
            figures.curve.push(at, alone.context("the PnL of a strategy is out of range")?);
        }
        self.note_fall();
        Ok((equity, cash))
    }

    /// Takes an instant that changed nothing but the time.
    fn stay(&mut self, at: Timestamp) {
        self.last = Some(at);
        self.run.stay(at);
        for figures in &mut self.strategies {
            figures.curve.stay(at);
        }
        self.note_fall();
    }

    /// Notes how far the equity is below its peak, unless it was further since the last sample.
    fn note_fall(&mut self) {
        let ((peak, fall), (noted_peak, noted)) = (self.run.fall_now(), self.quiet.noted);
        if fall > noted || peak != noted_peak {
            self.timeline.note(self.run.drawdown_now());
            self.quiet.noted = (peak, fall);
        }
    }

    /// Takes the instants at which nothing changed.
    pub(super) fn end_quiet(&mut self) {
        self.quiet.until = None;
        let Some(at) = self.quiet.last.take() else { return };
        self.stay(at);
        self.equity_pending = Some((at, self.quiet.equity, self.quiet.cash));
    }

    fn look_at_instant(&mut self, at: Timestamp, engine: &Engine) -> Result<()> {
        self.first.get_or_insert(at);
        let (equity, cash) = self.take_equity(at, engine)?;
        if self.timeline.is_due(at) {
            self.sample(at, engine);
        }
        if self.positions.is_day_over(at) {
            self.position_rows(engine)?;
        }
        if at < self.equity_next {
            self.equity_pending = Some((at, equity, cash));
            if self.positions.have_changed() {
                self.look(at, engine)?;
            }
        } else {
            self.look(at, engine)?;
            self.equity_pending = None;
            self.equity_next = at.checked_add(EQUITY_EVERY_NS).unwrap_or(Timestamp::MAX);
            self.equity_row(at, equity, cash)?;
        }
        let until = self.equity_next.min(self.timeline.due()).min(self.run.day_end());
        let version = engine.books_version();
        self.quiet = Quiet { version, equity, cash, until: Some(until), last: None, noted: self.quiet.noted };
        Ok(())
    }

    /// Looks at the positions, for `positions.csv` and the exposure.
    pub(super) fn look(&mut self, at: Timestamp, engine: &Engine) -> Result<()> {
        let gross = self.positions.look(at, engine)?;
        self.exposure.take(at, gross, engine.equity().unwrap_or_default())
    }

    /// Takes the figures of an instant for the charts.
    pub(super) fn sample(&mut self, at: Timestamp, engine: &Engine) {
        let ids =
            || (1..).map(InstrumentId).take_while(|id| engine.instrument(*id).is_some()).take(COLUMNS_MAX);
        let size = |id: InstrumentId| {
            let raw = self.trips.net_size(id);
            engine.instrument(id).map_or(0.0, |i| to_number(raw, i.quantity_decimals))
        };
        let price = |id| {
            let known = engine.instrument(id).zip(engine.last_price(id));
            known.map_or(f64::NAN, |(instrument, price)| to_number(price.get(), instrument.price_decimals))
        };
        let mut sample = std::mem::take(&mut self.sampled);
        sample.equity = self.run.equity().to_f64();
        sample.exposure = self.exposure.of(engine);
        refill(&mut sample.strategies, self.strategies.iter().map(|s| s.curve.equity().to_f64()));
        refill(&mut sample.prices, ids().map(price));
        refill(&mut sample.sizes, ids().map(size));
        self.timeline.push(at, &sample);
        self.sampled = sample;
        // the next sample has a fall of its own
        self.quiet.noted = (Money::ZERO, Money::ZERO);
    }

    pub(super) fn equity_row(&mut self, at: Timestamp, equity: Money, cash: Money) -> Result<()> {
        self.equity
            .write_record([at.to_string(), format!("{equity:.2}"), format!("{cash:.2}")])
            .context("writing equity.csv")
    }
}

fn refill(column: &mut Vec<f64>, values: impl Iterator<Item = f64>) {
    column.clear();
    column.extend(values);
}
