//! Days of the proleptic Gregorian calendar, counted from 0001-01-01.

/// From 0001-01-01 to 1970-01-01.
pub(crate) const UNIX_EPOCH_DAYS: i64 = 719_162;
/// From 0001-01-01 to 10000-01-01, the first day that has no text.
pub(crate) const DAYS_END: i64 = 3_652_059;

const DAYS_OF_400_YEARS: i64 = 146_097;

/// Year, month and day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

impl Date {
    /// The date so many days after 0001-01-01; none outside of the years 1 to 9999.
    pub(crate) fn from_days(days: i64) -> Option<Self> {
        if !(0..DAYS_END).contains(&days) {
            return None;
        }
        // years that begin in March have their leap day at the end; 306 days lie between 0000-03-01 and 0001-01-01
        let days = days + 306;
        let era = days / DAYS_OF_400_YEARS;
        let day_of_era = days % DAYS_OF_400_YEARS;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Some(Self { year, month, day })
    }

    /// Days from 0001-01-01; none if there is no such date in the years 1 to 9999.
    pub(crate) fn days(self) -> Option<i64> {
        let Self { year, month, day } = self;
        if !(1..=9_999).contains(&year)
            || !(1..=12).contains(&month)
            || day < 1
            || day > month_days(year, month)
        {
            return None;
        }
        let year = if month <= 2 { year - 1 } else { year };
        let era = year / 400;
        let year_of_era = year % 400;
        let shifted = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * shifted + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(era * DAYS_OF_400_YEARS + day_of_era - 306)
    }
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::{DAYS_END, Date, UNIX_EPOCH_DAYS};

    #[test]
    fn every_day_has_one_date_and_the_next_one_follows() {
        let mut before = Date { year: 0, month: 12, day: 31 };
        for days in 0..DAYS_END {
            let date = Date::from_days(days).unwrap();
            assert_eq!(date.days(), Some(days));
            let same_month = (date.year, date.month, date.day) == (before.year, before.month, before.day + 1);
            let next_month = (date.year, date.month, date.day) == (before.year, before.month + 1, 1);
            let next_year =
                (date.year, date.month, date.day) == (before.year + 1, 1, 1) && before.month == 12;
            assert!(same_month || next_month || next_year, "{before:?} {date:?}");
            before = date;
        }
        assert_eq!(before, Date { year: 9_999, month: 12, day: 31 });
        assert_eq!(Date { year: 1970, month: 1, day: 1 }.days(), Some(UNIX_EPOCH_DAYS));
        assert_eq!(Date { year: 2023, month: 2, day: 29 }.days(), None);
        assert_eq!(Date::from_days(-1), None);
        assert_eq!(Date::from_days(DAYS_END), None);
    }
}
