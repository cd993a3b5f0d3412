//! Trading hours: when a session is open, and when that changes.
//!
//! Days and times are those of a time zone; a session that closes before it opens ends on the next day and belongs to
//! the day on which it opens. A day that is a holiday has no session, and a special day has sessions of its own. Around a change of the clock a time that does
//! not exist is the first one after the gap, and one that exists twice is the first of both.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{civil, tz::TimeZone};
use stratd_plugin_api::{Session, Timestamp};

/// No stretch without a session is looked through further than this: beyond it the next one counts as never.
const DAYS_AHEAD_MAX: usize = 400;

/// The sessions of a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Whose days and times these are.
    pub timezone: TimeZone,
    /// Bit 0 = Monday … bit 6 = Sunday.
    pub weekdays: u8,
    /// In the order of their opening, not overlapping.
    pub sessions: Vec<Session>,
    /// Days without a session.
    pub holidays: BTreeSet<civil::Date>,
    /// Days that have these sessions instead, whatever day of the week they are: half days, for one.
    pub special: BTreeMap<civil::Date, Vec<Session>>,
}

/// Where in the sessions a moment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    pub(crate) is_open: bool,
    /// When that changes; `None` = never.
    pub(crate) until: Option<Timestamp>,
}

impl Hours {
    /// Whether orders may be sent at a moment, if that ends `early_ns` before each close.
    pub(crate) fn at(&self, at: Timestamp, early_ns: i64) -> Now {
        // a session of yesterday may still be open
        let first = self.date_of(at).and_then(|date| date.yesterday().ok());
        let mut date = first;
        for _ in 0..DAYS_AHEAD_MAX {
            let Some(day) = date else { break };
            for session in self.sessions_of(day) {
                let Some((open, close)) = self.on(day, *session) else { continue };
                let Some(last) = close.checked_add(early_ns.saturating_neg()) else { continue };
                if at < open && open < last {
                    return Now { is_open: false, until: Some(open) };
                }
                if at >= open && at < last {
                    return Now { is_open: true, until: Some(last) };
                }
            }
            date = day.tomorrow().ok();
        }
        Now { is_open: false, until: None }
    }

    /// The close of the session that is open or comes next; `None` = never.
    pub(crate) fn next_close(&self, at: Timestamp) -> Option<Timestamp> {
        let now = self.at(at, 0);
        if now.is_open { now.until } else { self.at(now.until?, 0).until }
    }

    fn date_of(&self, at: Timestamp) -> Option<civil::Date> {
        let moment = jiff::Timestamp::from_nanosecond(i128::from(at.get())).ok()?;
        Some(moment.to_zoned(self.timezone.clone()).date())
    }

    /// These sessions, on the holidays and special days of another calendar, which is of the same time zone.
    #[must_use]
    pub fn on_days_of(&self, calendar: &Self) -> Self {
        let Self { holidays, special, .. } = calendar.clone();
        Self { holidays, special, ..self.clone() }
    }

    fn sessions_of(&self, day: civil::Date) -> &[Session] {
        if let Some(sessions) = self.special.get(&day) {
            return sessions;
        }
        let weekday = u32::try_from(day.weekday().to_monday_zero_offset()).ok();
        let is_on = weekday.and_then(|day| 1u8.checked_shl(day)).is_some_and(|bit| self.weekdays & bit != 0);
        if is_on && !self.holidays.contains(&day) { &self.sessions } else { &[] }
    }

    /// When a session of a day opens and closes; `None` beyond the range of time.
    fn on(&self, day: civil::Date, session: Session) -> Option<(Timestamp, Timestamp)> {
        let ends = if session.close <= session.open { day.tomorrow().ok()? } else { day };
        Some((self.moment(day, session.open)?, self.moment(ends, session.close)?))
    }

    fn moment(&self, day: civil::Date, second_of_day: u32) -> Option<Timestamp> {
        let field = |value: u32| i8::try_from(value).ok();
        let time = civil::Time::new(
            field(second_of_day / 3_600)?,
            field(second_of_day / 60 % 60)?,
            field(second_of_day % 60)?,
            0,
        );
        let zoned = day.to_datetime(time.ok()?).to_zoned(self.timezone.clone()).ok()?;
        i64::try_from(zoned.timestamp().as_nanosecond()).ok().map(Timestamp::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half past nine to four on workdays, in a zone that is `hours` east of UTC.
    fn workdays(hours: i8) -> Hours {
        Hours {
            timezone: TimeZone::fixed(jiff::tz::offset(hours)),
            weekdays: 0b1_1111,
            sessions: vec![Session { open: 34_200, close: 57_600 }],
            holidays: BTreeSet::from([civil::date(2024, 7, 4)]),
            special: BTreeMap::new(),
        }
    }

    fn shown(hours: &Hours, at: &str, early_ns: i64) -> String {
        let now = hours.at(at.parse().unwrap(), early_ns);
        let until = now.until.map_or("ever".to_owned(), |until| until.to_string());
        format!("{} until {until}", if now.is_open { "open" } else { "closed" })
    }

    #[test]
    fn a_session_opens_at_its_first_moment_and_is_over_at_its_last() {
        let utc = workdays(0);
        assert_eq!(shown(&utc, "2024-07-02T09:29:59.999999999Z", 0), "closed until 2024-07-02T09:30:00Z");
        assert_eq!(shown(&utc, "2024-07-02T09:30:00Z", 0), "open until 2024-07-02T16:00:00Z");
        assert_eq!(shown(&utc, "2024-07-02T15:59:59.999999999Z", 0), "open until 2024-07-02T16:00:00Z");
        assert_eq!(shown(&utc, "2024-07-02T16:00:00Z", 0), "closed until 2024-07-03T09:30:00Z");
        assert_eq!(shown(&utc, "2024-07-02T15:59:00Z", 60_000_000_000), "closed until 2024-07-03T09:30:00Z");
    }

    #[test]
    fn weekends_and_holidays_have_no_session() {
        let new_york = workdays(-5);
        assert_eq!(shown(&new_york, "2024-07-03T21:00:00Z", 0), "closed until 2024-07-05T14:30:00Z");
        assert_eq!(shown(&new_york, "2024-07-06T15:00:00Z", 0), "closed until 2024-07-08T14:30:00Z");
        assert_eq!(
            new_york.next_close("2024-07-06T15:00:00Z".parse().unwrap()),
            "2024-07-08T21:00:00Z".parse().ok()
        );
    }

    #[test]
    fn a_session_may_end_on_the_next_day() {
        let night = Hours { sessions: vec![Session { open: 64_800, close: 61_200 }], ..workdays(0) };
        assert_eq!(shown(&night, "2024-07-03T16:00:00Z", 0), "open until 2024-07-03T17:00:00Z");
        assert_eq!(shown(&night, "2024-07-03T17:00:00Z", 0), "closed until 2024-07-03T18:00:00Z");
        // Friday's session ends on Saturday
        assert_eq!(shown(&night, "2024-07-06T16:59:00Z", 0), "open until 2024-07-06T17:00:00Z");
        assert_eq!(shown(&night, "2024-07-06T17:00:00Z", 0), "closed until 2024-07-08T18:00:00Z");
    }

    #[test]
    fn a_special_day_has_sessions_of_its_own_and_those_of_others_may_follow_its_calendar() {
        let early = Session { open: 34_200, close: 46_800 };
        // a half day, and a Saturday
        let special = [(2024, 7, 3), (2024, 7, 6)].map(|(y, m, d)| (civil::date(y, m, d), vec![early]));
        let half = Hours { special: BTreeMap::from(special), ..workdays(0) };
        assert_eq!(
            shown(&half, "2024-07-03T12:50:00Z", 900_000_000_000),
            "closed until 2024-07-05T09:30:00Z"
        );
        assert_eq!(shown(&half, "2024-07-03T12:44:00Z", 900_000_000_000), "open until 2024-07-03T12:45:00Z");
        assert_eq!(
            half.next_close("2024-07-03T09:00:00Z".parse().unwrap()),
            "2024-07-03T13:00:00Z".parse().ok()
        );
        assert_eq!(shown(&half, "2024-07-05T16:00:00Z", 0), "closed until 2024-07-06T09:30:00Z");
        let all_days = Hours {
            weekdays: 0x7f,
            sessions: vec![Session { open: 0, close: 72_000 }],
            holidays: BTreeSet::new(),
            ..workdays(0)
        };
        let theirs = all_days.on_days_of(&half);
        assert_eq!(shown(&theirs, "2024-07-02T21:00:00Z", 0), "closed until 2024-07-03T09:30:00Z");
        assert_eq!(shown(&theirs, "2024-07-03T13:00:00Z", 0), "closed until 2024-07-05T00:00:00Z");
    }

    #[test]
    fn hours_without_a_day_never_open() {
        let never = Hours { weekdays: 0, ..workdays(0) };
        assert_eq!(shown(&never, "2024-07-03T16:00:00Z", 0), "closed until ever");
        assert_eq!(never.next_close("2024-07-03T16:00:00Z".parse().unwrap()), None);
    }
}
