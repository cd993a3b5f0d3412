//! Equity over time: its peaks and falls at every instant, its value at the end of every UTC day.

use stratd_plugin_api::{Money, Timestamp};

/// An equity curve, looked at after each instant; keeps one entry per UTC day with events.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    start: Money,
    last: Money,
    last_at: Timestamp,
    day: Option<i64>,
    /// Where that day ends: an instant before it needs no division.
    day_end: Timestamp,
    /// Equity at the end of the day before.
    day_base: Money,
    days: Vec<DayClose>,
    falls: Falls,
}

/// The end of one UTC day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DayClose {
    /// Days since 1970-01-01.
    pub(super) day: i64,
    /// Equity at its end.
    pub(super) equity: f64,
    /// Equity over that of the day before, less 1; the first day starts from the cash of the run.
    pub(super) day_return: f64,
}

/// What a curve fell from its peaks.
#[derive(Clone, Copy, Debug)]
struct Falls {
    peak: Money,
    peak_at: Option<Timestamp>,
    amount_max: Money,
    /// How far the last equity is below the peak.
    now: Money,
    /// The most that it was below this peak: what is less needs no division.
    most: Money,
    deepest: Drawdown,
    /// Longest time below a peak that is over, in nanoseconds.
    longest_ns: i64,
}

/// The deepest fall, relative to its peak.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Drawdown {
    /// As a fraction of the peak.
    pub(super) ratio: f64,
    /// Time of the peak.
    pub(super) peak_at: Option<Timestamp>,
    /// Time of the lowest equity after it.
    pub(super) trough_at: Option<Timestamp>,
    /// When the equity was back at the peak, if it ever was.
    pub(super) recovered_at: Option<Timestamp>,
}

impl Curve {
    pub(super) fn new(start: Money) -> Self {
        Self {
            start,
            last: start,
            last_at: Timestamp::default(),
            day: None,
            day_end: Timestamp::MIN,
            day_base: start,
            days: Vec::new(),
            falls: Falls {
                peak: start,
                peak_at: None,
                amount_max: Money::ZERO,
                now: Money::ZERO,
                most: Money::ZERO,
                deepest: Drawdown::default(),
                longest_ns: 0,
            },
        }
    }

    /// Takes the equity at the end of an instant.
    pub(super) fn push(&mut self, at: Timestamp, equity: Money) {
        if at >= self.day_end {
            self.begin_day(at);
        }
        if self.last == equity && self.falls.peak_at.is_some() {
            self.stay(at);
            return;
        }
        self.last_at = at;
        self.last = equity;
        self.falls.push(at, equity);
    }

    /// As [`Curve::push`] with the equity of the last push, on its day.
    pub(super) fn stay(&mut self, at: Timestamp) {
        self.last_at = at;
        self.falls.stay(at, self.last);
    }

    /// From here on an instant is of another day than the last one.
    pub(super) fn day_end(&self) -> Timestamp {
        self.day_end
    }

    /// The last equity.
    pub(super) fn equity(&self) -> Money {
        self.last
    }

    /// How far the last equity is below its peak, as a fraction of the peak.
    pub(super) fn drawdown_now(&self) -> f64 {
        self.falls.ratio(self.falls.now)
    }

    /// The last peak, and how far the last equity is below it: of one peak, the largest fall is the largest ratio.
    pub(super) fn fall_now(&self) -> (Money, Money) {
        (self.falls.peak, self.falls.now)
    }

    /// Ends the curve.
    pub(super) fn finish(mut self) -> CurveFigures {
        if self.day.is_some() {
            self.close_day();
        }
        let unfinished = match self.falls.peak_at {
            Some(peak_at) if self.falls.is_below() => self.last_at.get().saturating_sub(peak_at.get()),
            _ => 0,
        };
        CurveFigures {
            equity: self.last,
            total_return: ratio(self.start, self.last),
            drawdown_amount_max: self.falls.amount_max,
            drawdown: self.falls.deepest,
            underwater_ns_max: self.falls.longest_ns.max(unfinished),
            days: self.days,
        }
    }

    /// Time does not go back: whatever is not before the end of the day is of a later one.
    fn begin_day(&mut self, at: Timestamp) {
        if self.day.is_some() {
            self.close_day();
        }
        let day = at.day();
        self.day = Some(day);
        self.day_end = Timestamp::new(day.saturating_add(1).saturating_mul(Timestamp::DAY_NS));
    }

    fn close_day(&mut self) {
        let day_return = ratio(self.day_base, self.last).unwrap_or(0.0);
        let day = self.day.unwrap_or_default();
        self.days.push(DayClose { day, equity: self.last.to_f64(), day_return });
        self.day_base = self.last;
    }
}

impl Falls {
    /// As [`Falls::push`] with the equity of the last push: a peak that lasts has the time of its end, and a fall is
    /// counted already.
    fn stay(&mut self, at: Timestamp, equity: Money) {
        if equity >= self.peak {
            self.peak_at = Some(at);
        }
    }

    fn push(&mut self, at: Timestamp, equity: Money) {
        // a run starts at its peak, and its time is that of the first instant
        let peak_at = *self.peak_at.get_or_insert(at);
        if equity >= self.peak {
            if self.is_below() {
                self.longest_ns = self.longest_ns.max(at.get().saturating_sub(peak_at.get()));
                self.deepest.recovered_at =
                    self.deepest.recovered_at.or((self.deepest.peak_at == Some(peak_at)).then_some(at));
            }
            (self.peak, self.peak_at, self.now, self.most) = (equity, Some(at), Money::ZERO, Money::ZERO);
            return;
        }
        self.now = self.peak.checked_sub(equity).unwrap_or(Money::ZERO);
        if self.now > self.most {
            self.fall_deeper(peak_at, at);
        }
    }

    /// It is further below its peak than it was since.
    fn fall_deeper(&mut self, peak_at: Timestamp, at: Timestamp) {
        self.most = self.now;
        self.amount_max = self.amount_max.max(self.now);
        let ratio = self.ratio(self.now);
        if ratio > self.deepest.ratio {
            self.deepest =
                Drawdown { ratio, peak_at: Some(peak_at), trough_at: Some(at), recovered_at: None };
        }
    }

    /// A fall as a fraction of the peak; of a peak that is none, nothing.
    fn ratio(&self, fall: Money) -> f64 {
        if self.peak > Money::ZERO { fall.to_f64() / self.peak.to_f64() } else { 0.0 }
    }

    /// Whether the last equity is below a peak.
    fn is_below(&self) -> bool {
        self.now > Money::ZERO && self.peak > Money::ZERO
    }
}

/// What follows from a curve.
#[derive(Clone, Debug)]
pub(super) struct CurveFigures {
    pub(super) equity: Money,
    pub(super) total_return: Option<f64>,
    pub(super) drawdown_amount_max: Money,
    pub(super) drawdown: Drawdown,
    /// Longest time below a peak, in nanoseconds; one that was not over at the end counts up to there.
    pub(super) underwater_ns_max: i64,
    pub(super) days: Vec<DayClose>,
}

/// `to / from - 1`; none if there was nothing to start with.
fn ratio(from: Money, to: Money) -> Option<f64> {
    (from > Money::ZERO).then(|| to.to_f64() / from.to_f64() - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(equities: &[(i64, &str)]) -> CurveFigures {
        let mut curve = Curve::new("100".parse().unwrap());
        for (day, equity) in equities {
            curve.push(day_start(*day), equity.parse().unwrap());
        }
        curve.finish()
    }

    fn day_start(day: i64) -> Timestamp {
        Timestamp::new(day * Timestamp::DAY_NS)
    }

    #[test]
    fn figures_of_a_known_curve() {
        let figures = figures(&[(0, "110"), (1, "70"), (1, "55"), (2, "66")]);
        assert_eq!(figures.days.len(), 3);
        assert!((figures.total_return.unwrap() + 0.34).abs() < 1e-12);
        assert!((figures.drawdown.ratio - 0.5).abs() < 1e-12);
        assert_eq!(figures.drawdown.peak_at, Some(day_start(0)));
        assert_eq!(figures.drawdown.trough_at, Some(day_start(1)));
        assert_eq!(figures.drawdown.recovered_at, None);
        assert_eq!(figures.drawdown_amount_max, "55".parse().unwrap());
        // below the peak of day 0 until the end
        assert_eq!(figures.underwater_ns_max, 2 * Timestamp::DAY_NS);
        let returns: Vec<f64> = figures.days.iter().map(|day| day.day_return).collect();
        for (found, expected) in returns.iter().zip([0.1, -0.5, 0.2]) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn a_recovery_ends_the_deepest_fall_and_not_a_later_one() {
        let figures = figures(&[(0, "100"), (1, "80"), (3, "100"), (4, "90"), (5, "120")]);
        assert_eq!(figures.drawdown.recovered_at, Some(day_start(3)));
        assert_eq!(figures.underwater_ns_max, 3 * Timestamp::DAY_NS);
    }

    #[test]
    fn equity_that_stays_is_counted_as_if_it_came_anew() {
        let mut random = 7u64;
        for _ in 0..200 {
            let mut curve = Curve::new("5".parse().unwrap());
            let mut naive = curve.falls;
            for at in 0..30 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let equity = Money::new(i128::from((random >> 33) % 3) * 250_000_000 - 100_000_000);
                curve.push(Timestamp::new(at), equity);
                naive.push(Timestamp::new(at), equity);
                assert_eq!(format!("{:?}", curve.falls), format!("{naive:?}"));
            }
        }
    }

    #[test]
    fn of_instants_that_change_nothing_the_last_one_suffices() {
        let mut random = 11u64;
        for _ in 0..200 {
            let (mut each, mut last) = (Curve::new("5".parse().unwrap()), Curve::new("5".parse().unwrap()));
            let mut quiet = None;
            for at in 0..40 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // a day has 16 instants
                let at = Timestamp::new(at * Timestamp::DAY_NS / 16);
                let equity = Money::new(i128::from((random >> 33) % 3) * 250_000_000 - 100_000_000);
                let is_same = at.get() > 0 && each.equity() == equity && at < last.day_end();
                each.push(at, equity);
                if is_same {
                    quiet = Some(at);
                    continue;
                }
                quiet.take().into_iter().for_each(|at| last.stay(at));
                last.push(at, equity);
            }
            quiet.into_iter().for_each(|at| last.stay(at));
            assert_eq!(format!("{:?}", each.finish()), format!("{:?}", last.finish()));
        }
    }

    #[test]
    fn a_run_that_never_falls_has_no_drawdown() {
        let figures = figures(&[(0, "100"), (1, "101")]);
        assert_eq!(figures.drawdown, Drawdown::default());
        assert_eq!(figures.underwater_ns_max, 0);
    }
}
