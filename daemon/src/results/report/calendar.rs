//! Where a time axis has its marks: the beginnings of years, months, days or hours, as the span allows.

use stratd_plugin_api::Timestamp;

use crate::results::finish::date;

/// At most so many marks.
const MARKS_MAX: usize = 8;
/// From so many on, only years are marked.
const YEARS_MIN: usize = 3;
const DAY_NS: i64 = Timestamp::DAY_NS;
const MINUTE_NS: i64 = 60_000_000_000;

/// Times with their labels, within a span.
pub(super) fn marks(from: Timestamp, to: Timestamp) -> Vec<(Timestamp, String)> {
    let span = to.get().saturating_sub(from.get());
    if span <= 3 * DAY_NS {
        return within_days(from, to);
    }
    let days = (from.day() + 1)..=to.day();
    let dates: Vec<(i64, String)> = days.map(|day| (day, date(day))).collect();
    let is_first = |text: &str| text.ends_with("-01");
    let years = dates.iter().filter(|(_, text)| text.ends_with("-01-01")).count();
    if years < YEARS_MIN {
        for months in [1, 2, 3, 6, 12] {
            let is_mark = |text: &str| is_first(text) && (month(text) - 1).is_multiple_of(months);
            let found = pick(&dates, is_mark, "1970-01".len());
            if (2..=MARKS_MAX).contains(&found.len()) {
                return found;
            }
        }
    } else {
        let step = years.div_ceil(MARKS_MAX).max(1);
        let found = pick(&dates, |text| text.ends_with("-01-01"), "1970".len());
        return found.into_iter().step_by(step).collect();
    }
    let step = dates.len().div_ceil(MARKS_MAX).max(1);
    pick(&dates, |_| true, "1970-01-01".len()).into_iter().step_by(step).collect()
}

fn month(text: &str) -> u32 {
    text.get(5..7).and_then(|month| month.parse().ok()).unwrap_or(1)
}

fn pick(dates: &[(i64, String)], is_mark: impl Fn(&str) -> bool, length: usize) -> Vec<(Timestamp, String)> {
    let found = dates.iter().filter(|(_, text)| is_mark(text));
    found
        .map(|(day, text)| (Timestamp::new(day * DAY_NS), text.get(..length).unwrap_or(text).to_owned()))
        .collect()
}

/// Marks of hours and minutes, or finer where all is over in a moment.
fn within_days(from: Timestamp, to: Timestamp) -> Vec<(Timestamp, String)> {
    let span = to.get().saturating_sub(from.get());
    let steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map(|minutes| minutes * MINUTE_NS);
    let count = i64::try_from(MARKS_MAX).unwrap_or(i64::MAX);
    let Some(step) = steps.into_iter().find(|step| span / step < count).filter(|step| span / step >= 2)
    else {
        // too short for minutes: both ends
        return vec![(from, time(from, 19)), (to, time(to, 19))];
    };
    let first = from.get().div_euclid(step).saturating_add(1).saturating_mul(step);
    let times = (0..count).map(|index| first.saturating_add(index * step)).take_while(|at| *at <= to.get());
    times.map(|at| (Timestamp::new(at), time(Timestamp::new(at), 16))).collect()
}

/// `01-31 12:30`, up to the character `end` of the whole text.
fn time(at: Timestamp, end: usize) -> String {
    let text = at.to_string();
    text.get(5..end).unwrap_or(&text).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: &str, to: &str) -> Vec<String> {
        let at = |text: &str| text.parse().unwrap();
        marks(at(from), at(to)).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn marks_follow_the_span() {
        assert_eq!(labels("2001-03-01T00:00:00Z", "2005-06-01T00:00:00Z"), ["2002", "2003", "2004", "2005"]);
        assert_eq!(labels("2001-03-03T00:00:00Z", "2001-06-05T00:00:00Z"), ["2001-04", "2001-05", "2001-06"]);
        assert_eq!(labels("2001-03-03T00:00:00Z", "2001-03-07T00:00:00Z").first().unwrap(), "2001-03-04");
        assert_eq!(
            labels("2001-03-03T09:30:00Z", "2001-03-03T16:00:00Z"),
            [
                "03-03 10:00",
                "03-03 11:00",
                "03-03 12:00",
                "03-03 13:00",
                "03-03 14:00",
                "03-03 15:00",
                "03-03 16:00"
            ]
        );
        assert_eq!(
            labels("2001-03-03T09:30:00Z", "2001-03-03T09:30:05Z"),
            ["03-03 09:30:00", "03-03 09:30:05"]
        );
    }

    #[test]
    fn there_are_never_too_many() {
        for days in [4, 10, 40, 100, 200, 400, 800, 3_000, 20_000] {
            let from = Timestamp::new(0);
            let count = marks(from, Timestamp::new(days * DAY_NS)).len();
            assert!((1..=MARKS_MAX).contains(&count), "{days} days: {count} marks");
        }
    }
}
