//! Ratios of daily returns, by the formulas of quantstats and empyrical, no risk-free rate.
//!
//! A ratio that does not exist (too few days, nothing to divide by) is none, and never 0 or infinity.
#![expect(clippy::cast_precision_loss, reason = "ratios are floats by design; money itself stays an integer")]

use serde::{Deserialize, Serialize};

use super::curve::DayClose;

/// Periods of a year if the data has weekdays only.
const TRADING_DAYS: f64 = 252.0;
/// Periods of a year if the data has weekends, too.
const CALENDAR_DAYS: f64 = 365.0;
/// Ratios are told with this many digits: the last bits of a power differ between mathematics libraries, and two machines
/// shall write the same bytes.
const DIGITS: usize = 12;

/// What daily returns come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ratios {
    /// Compound annual growth rate: `(product of (1 + r)) ^ (periods / days) - 1`.
    pub cagr: Option<f64>,
    /// Sample deviation of the returns times the root of the periods of a year.
    pub volatility: Option<f64>,
    /// Mean over sample deviation, times the root of the periods of a year.
    pub sharpe: Option<f64>,
    /// Mean over `sqrt(sum of squared losses / days)`, times the root of the periods of a year.
    pub sortino: Option<f64>,
    /// `cagr` over the largest fall of the equity at the ends of days.
    pub calmar: Option<f64>,
    /// Largest fall of the equity at the ends of days, as a fraction of the peak; the start counts as a peak.
    pub max_drawdown_daily: f64,
    /// Part of the days with a gain.
    pub days_up: Option<f64>,
    /// Largest gain of a day.
    pub best_day: Option<f64>,
    /// Largest loss of a day.
    pub worst_day: Option<f64>,
}

impl Ratios {
    /// Those of the days, `periods` of which make a year.
    pub(super) fn of(days: &[DayClose], periods: f64) -> Self {
        let returns = || days.iter().map(|day| day.day_return);
        let count = days.len() as f64;
        if days.is_empty() {
            return Self::default();
        }
        let mean = returns().sum::<f64>() / count;
        let deviation = deviation(days, mean);
        let growth: f64 = returns().map(|r| 1.0 + r).product();
        // below zero there is no rate; a run that lost everything lost it at once
        let cagr = (growth > 0.0 && days.len() > 1)
            .then(|| growth.powf(periods / count) - 1.0)
            .filter(|rate| rate.is_finite());
        let losses = (returns().map(|r| r.min(0.0).powi(2)).sum::<f64>() / count).sqrt();
        let drawdown = max_drawdown(days);
        Self {
            cagr: cagr.map(rounded),
            volatility: deviation.map(|d| rounded(d * periods.sqrt())),
            sharpe: deviation.filter(|d| *d > 0.0).map(|d| rounded(mean / d * periods.sqrt())),
            sortino: (losses > 0.0 && days.len() > 1).then(|| rounded(mean / losses * periods.sqrt())),
            calmar: cagr.filter(|_| drawdown > 0.0).map(|rate| rounded(rate / drawdown)),
            max_drawdown_daily: rounded(drawdown),
            days_up: Some(rounded(returns().filter(|r| *r > 0.0).count() as f64 / count)),
            best_day: returns().reduce(f64::max).map(rounded),
            worst_day: returns().reduce(f64::min).map(rounded),
        }
    }
}

/// How many of these days make a year: those of a market that is open at weekends, or 252.
pub(super) fn periods_per_year(days: &[DayClose]) -> f64 {
    // day 0 was a Thursday
    let is_weekend = |day: &DayClose| matches!((day.day + 3).rem_euclid(7), 5 | 6);
    if days.iter().any(is_weekend) { CALENDAR_DAYS } else { TRADING_DAYS }
}

/// Sharpe ratios of the last `window` days at each day from there on, with that day.
pub(super) fn rolling_sharpe(days: &[DayClose], window: usize, periods: f64) -> Vec<(i64, f64)> {
    let of = |part: &[DayClose]| {
        let mean = part.iter().map(|day| day.day_return).sum::<f64>() / part.len() as f64;
        let deviation = deviation(part, mean).filter(|d| *d > 0.0)?;
        Some((part.last()?.day, mean / deviation * periods.sqrt()))
    };
    days.windows(window.max(2)).filter_map(of).collect()
}

/// Volatilities of a year, of the last `window` days at each day from there on, with that day.
pub(super) fn rolling_volatility(days: &[DayClose], window: usize, periods: f64) -> Vec<(i64, f64)> {
    let of = |part: &[DayClose]| {
        let mean = part.iter().map(|day| day.day_return).sum::<f64>() / part.len() as f64;
        Some((part.last()?.day, deviation(part, mean)? * periods.sqrt()))
    };
    days.windows(window.max(2)).filter_map(of).collect()
}

/// Sample deviation; none below two days.
fn deviation(days: &[DayClose], mean: f64) -> Option<f64> {
    let squares: f64 = days.iter().map(|day| (day.day_return - mean).powi(2)).sum();
    (days.len() > 1).then(|| (squares / (days.len() as f64 - 1.0)).sqrt())
}

fn max_drawdown(days: &[DayClose]) -> f64 {
    let (mut value, mut peak, mut deepest) = (1.0f64, 1.0f64, 0.0f64);
    for day in days {
        value *= 1.0 + day.day_return;
        peak = peak.max(value);
        deepest = deepest.max((peak - value) / peak);
    }
    deepest
}

/// The number with [`DIGITS`] significant digits.
pub(super) fn rounded(value: f64) -> f64 {
    format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(returns: &[f64]) -> Vec<DayClose> {
        let mut equity = 100.0;
        let closes = returns.iter().enumerate().map(|(index, day_return)| {
            equity *= 1.0 + day_return;
            DayClose { day: i64::try_from(index).unwrap(), equity, day_return: *day_return }
        });
        closes.collect()
    }

    fn close(found: Option<f64>, expected: f64) {
        assert!((found.unwrap() - expected).abs() < 1e-9, "found {found:?}, expected {expected}");
    }

    #[test]
    fn ratios_of_known_returns() {
        // mean -0.0666…, sample deviation 0.378594…
        let ratios = Ratios::of(&days(&[0.1, -0.5, 0.2]), 252.0);
        close(ratios.sharpe, (-0.2 / 3.0) / 0.378_593_889_720_018_2 * 252f64.sqrt());
        close(ratios.volatility, 0.378_593_889_720_018_2 * 252f64.sqrt());
        close(ratios.sortino, (-0.2 / 3.0) / (0.25f64 / 3.0).sqrt() * 252f64.sqrt());
        close(Some(ratios.max_drawdown_daily), 0.5);
        close(ratios.cagr, 0.66f64.powf(84.0) - 1.0);
        close(ratios.days_up, 2.0 / 3.0);
    }

    #[test]
    fn what_does_not_exist_is_none() {
        let still = Ratios::of(&days(&[0.0, 0.0]), 252.0);
        assert_eq!((still.sharpe, still.sortino, still.calmar), (None, None, None));
        assert_eq!(Ratios::of(&days(&[0.1]), 252.0).sharpe, None);
        assert_eq!(Ratios::of(&[], 252.0), Ratios::default());
        assert_eq!(Ratios::of(&days(&[-1.0, 0.0]), 252.0).cagr, None);
    }

    #[test]
    fn a_market_with_weekends_has_longer_years() {
        let on = |day| DayClose { day, equity: 1.0, day_return: 0.0 };
        // 1970-01-01 was a Thursday: 2 and 3 are Saturday and Sunday
        assert!((periods_per_year(&[on(0), on(1), on(4)]) - 252.0).abs() < f64::EPSILON);
        assert!((periods_per_year(&[on(0), on(2)]) - 365.0).abs() < f64::EPSILON);
        assert!((periods_per_year(&[on(-4)]) - 365.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_window_rolls() {
        let rolled = rolling_sharpe(&days(&[0.1, -0.1, 0.1, 0.2]), 3, 252.0);
        assert_eq!(rolled.iter().map(|(day, _)| *day).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn the_volatility_of_a_window_is_its_deviation_in_a_year() {
        let rolled = rolling_volatility(&days(&[0.1, 0.1, 0.1, 0.4]), 3, 4.0);
        // the returns 0.1, 0.1, 0.4 deviate by the root of 0.03, and a year has four
        let texts: Vec<_> = rolled.iter().map(|(day, value)| format!("{day} {value:.6}")).collect();
        assert_eq!(texts, ["2 0.000000", "3 0.346410"]);
    }
}
