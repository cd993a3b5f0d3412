//! Equity over time and the ratios that follow from it.
#![expect(clippy::cast_precision_loss, reason = "ratios are floats by design; money itself stays an integer")]

use stratd_plugin_api::{Money, Timestamp};

/// Trading days of a year: what daily ratios are scaled by.
const DAYS_PER_YEAR: f64 = 252.0;

/// An equity curve, looked at after each instant; keeps one number per UTC day.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    start: Money,
    last: Money,
    peak: Money,
    drawdown_max: Money,
    drawdown_ratio_max: f64,
    day: Option<i64>,
    /// Equity at the end of the day before.
    day_base: Money,
    daily_returns: Vec<f64>,
}

impl Curve {
    pub(super) fn new(start: Money) -> Self {
        Self {
            start,
            last: start,
            peak: start,
            drawdown_max: Money::ZERO,
            drawdown_ratio_max: 0.0,
            day: None,
            day_base: start,
            daily_returns: Vec::new(),
        }
    }

    /// Takes the equity at the end of an instant.
    pub(super) fn push(&mut self, at: Timestamp, equity: Money) {
        if self.day.is_some_and(|day| day != at.day()) {
            self.close_day();
        }
        self.day = Some(at.day());
        self.last = equity;
        self.peak = self.peak.max(equity);
        let drawdown = self.peak.checked_sub(equity).unwrap_or(Money::ZERO);
        self.drawdown_max = self.drawdown_max.max(drawdown);
        if self.peak > Money::ZERO {
            self.drawdown_ratio_max = self.drawdown_ratio_max.max(drawdown.to_f64() / self.peak.to_f64());
        }
    }

    /// Ends the curve.
    pub(super) fn finish(mut self) -> CurveFigures {
        if self.day.is_some() {
            self.close_day();
        }
        CurveFigures {
            equity: self.last,
            total_return: ratio(self.start, self.last),
            sharpe: sharpe(&self.daily_returns),
            drawdown_max: self.drawdown_max,
            drawdown_ratio_max: self.drawdown_ratio_max,
            days: self.daily_returns.len(),
        }
    }

    fn close_day(&mut self) {
        self.daily_returns.push(ratio(self.day_base, self.last).unwrap_or(0.0));
        self.day_base = self.last;
    }
}

/// What follows from a curve.
#[derive(Clone, Copy, Debug)]
pub(super) struct CurveFigures {
    pub(super) equity: Money,
    pub(super) total_return: Option<f64>,
    pub(super) sharpe: Option<f64>,
    pub(super) drawdown_max: Money,
    pub(super) drawdown_ratio_max: f64,
    pub(super) days: usize,
}

/// `to / from - 1`; none if there was nothing to start with.
fn ratio(from: Money, to: Money) -> Option<f64> {
    (from > Money::ZERO).then(|| to.to_f64() / from.to_f64() - 1.0)
}

/// Mean over sample deviation of the daily returns, scaled to a year; none below two days or without deviation.
fn sharpe(returns: &[f64]) -> Option<f64> {
    if returns.len() < 2 {
        return None;
    }
    let count = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / count;
    let variance = returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (variance > 0.0).then(|| mean / variance.sqrt() * DAYS_PER_YEAR.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(equities: &[(i64, &str)]) -> CurveFigures {
        let mut curve = Curve::new("100".parse().unwrap());
        for (day, equity) in equities {
            curve.push(Timestamp::new(day * Timestamp::DAY_NS), equity.parse().unwrap());
        }
        curve.finish()
    }

    #[test]
    fn figures_of_a_known_curve() {
        // daily returns +10 %, -50 %, +20 %: mean -0.0666…, sample deviation 0.378594…
        let figures = figures(&[(0, "110"), (1, "70"), (1, "55"), (2, "66")]);
        assert_eq!(figures.days, 3);
        assert!((figures.total_return.unwrap() + 0.34).abs() < 1e-12);
        assert!((figures.drawdown_ratio_max - 0.5).abs() < 1e-12);
        assert_eq!(figures.drawdown_max, "55".parse().unwrap());
        let expected = (-0.2 / 3.0) / 0.378_593_889_720_018_2 * 252f64.sqrt();
        assert!((figures.sharpe.unwrap() - expected).abs() < 1e-9);
    }

    #[test]
    fn without_deviation_there_is_no_sharpe() {
        assert!(figures(&[(0, "100"), (1, "100")]).sharpe.is_none());
        assert!(figures(&[(0, "110")]).sharpe.is_none());
    }
}
