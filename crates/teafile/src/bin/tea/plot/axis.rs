//! What stands at the axes.

use teafile::TimeScale;

/// Days beyond which the time of day says nothing.
const DAYS_SHOWN_AS_DATES: f64 = 3.0;

/// Round numbers from the least to the greatest, about so many.
pub(crate) fn round_numbers(least: f64, greatest: f64, about: u32) -> Vec<f64> {
    let span = greatest - least;
    if !span.is_finite() || span <= 0.0 {
        return vec![least];
    }
    let raw = span / f64::from(about.max(1));
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= raw);
    let step = step.unwrap_or(raw);
    let first = (least / step).ceil();
    (0..=about.saturating_mul(2))
        .map(|index| (first + f64::from(index)) * step)
        .take_while(|number| *number <= greatest)
        .collect()
}

/// A number with no more digits than neighbours at such a distance need.
pub(crate) fn number(value: f64, distance: f64) -> String {
    if value != 0.0 && (value.abs() >= 1e12 || value.abs() < 1e-6) {
        return format!("{value:.3e}");
    }
    let decimals = (0..9).find(|decimals| distance * 10_f64.powi(*decimals) >= 0.999).unwrap_or(9);
    let decimals = usize::try_from(decimals).unwrap_or_default();
    // no minus at a zero
    format!("{:.decimals$}", value + 0.0)
}

/// A place of the horizontal axis.
pub(crate) fn place(at: f64, span: f64, scale: Option<TimeScale>) -> String {
    let Some((scale, ticks)) = scale.zip(teafile::Value::Double(at).as_i64()) else {
        return number(at.floor(), 1.0);
    };
    let Some(text) = scale.iso(ticks) else { return format!("{ticks}") };
    let days = span / teafile::Value::Int(scale.ticks_per_day()).as_f64().unwrap_or(1.0);
    let text = if days > DAYS_SHOWN_AS_DATES { text.get(..10) } else { text.get(..19) }.unwrap_or(&text);
    text.replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_the_axis_are_round() {
        assert_eq!(round_numbers(0.0, 10.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(round_numbers(44.2, 46.33, 4), [45.0, 46.0]);
        assert_eq!(round_numbers(7.0, 7.0, 4), [7.0]);
        assert_eq!(number(0.1 + 0.2, 0.05), "0.30");
        assert_eq!(number(1e15, 1e14), "1.000e15");
        assert_eq!(place(1_299_229_200_000.0, 1e12, Some(TimeScale::JAVA)), "2011-03-04");
        assert_eq!(place(1_299_229_200_000.0, 1e3, Some(TimeScale::JAVA)), "2011-03-04 09:00:00");
    }
}
