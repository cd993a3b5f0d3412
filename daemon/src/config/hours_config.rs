//! The tables `[hours.NAME]`: when a market trades.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow};
use jiff::{
    civil,
    tz::{TimeZone, TimeZoneDatabase},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use stratd_engine::Hours;
use stratd_plugin_api::Session;

/// When a market trades.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HoursConfig {
    /// The time zone of days and times, by its IANA name. The rules of time zones are part of the program, so that a run
    /// does not depend on the machine.
    #[schemars(extend("default" = "UTC", "x-accepted" = "the IANA name of a time zone, such as America/New_York"))]
    pub timezone: String,
    /// The days on which sessions open.
    #[schemars(schema_with = "day_names")]
    pub days: Vec<String>,
    /// The sessions of a day. One that closes before it opens ends on the next day; `00:00-00:00` is the whole day.
    #[schemars(schema_with = "session_texts")]
    pub sessions: Vec<String>,
    /// Days without a session.
    #[schemars(schema_with = "dates")]
    pub holidays: Vec<String>,
    /// Days with sessions of their own, such as half days.
    #[schemars(length(max = 64), extend("default" = [], "x-accepted" = "at most 64 tables { dates = [DATE, …], sessions = [\"HH:MM-HH:MM\", …] }"))]
    pub special: Vec<SpecialDays>,
}

/// Days with the same sessions.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SpecialDays {
    /// The days, of whichever day of the week.
    #[schemars(schema_with = "dates")]
    pub dates: Vec<String>,
    /// Their sessions.
    #[schemars(schema_with = "session_texts")]
    pub sessions: Vec<String>,
}

/// The days of a week as bits count them.
pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// More sessions have no market.
const SESSIONS_MAX: usize = 8;
/// A century of holidays.
const HOLIDAYS_MAX: usize = 4_096;

impl Default for HoursConfig {
    fn default() -> Self {
        let workdays = DAYS.iter().take(5).map(|day| (*day).to_owned());
        Self {
            timezone: "UTC".to_owned(),
            days: workdays.collect(),
            sessions: vec!["00:00-00:00".to_owned()],
            holidays: Vec::new(),
            special: Vec::new(),
        }
    }
}

/// What is wrong with hours: the key, what was found, what is accepted.
pub(super) type HoursProblem = (String, String, &'static str);

impl HoursConfig {
    /// As the engine has them.
    ///
    /// # Errors
    /// One of its texts means nothing; a checked configuration has no such text.
    pub fn hours(&self) -> Result<Hours> {
        self.problems_or_hours().map_err(|problems| {
            let lines = problems
                .iter()
                .map(|(key, found, accepted)| format!("{key}: found {found} (accepted: {accepted})"));
            anyhow!("{}", lines.collect::<Vec<_>>().join("; "))
        })
    }

    /// The hours, or all that is wrong.
    pub(super) fn problems_or_hours(&self) -> Result<Hours, Vec<HoursProblem>> {
        let mut problems = Vec::new();
        let timezone = time_zone(&self.timezone);
        if timezone.is_none() {
            let accepted = "the IANA name of a time zone, such as America/New_York";
            problems.push(("timezone".to_owned(), format!("{:?}", self.timezone), accepted));
        }
        let weekdays = self.days.iter().filter_map(|day| DAYS.iter().position(|known| known == day));
        let weekdays = weekdays.fold(0u8, |bits, day| bits | 1 << day);
        let sessions = sessions_of("sessions", &self.sessions, &mut problems);
        let of_holidays = dates_of("holidays", &self.holidays, &mut problems);
        let holidays: BTreeSet<_> = of_holidays.into_iter().flatten().collect();
        let mut special = BTreeMap::new();
        for (index, days) in self.special.iter().enumerate() {
            let key = format!("special/{index}");
            let of_day = sessions_of(&format!("{key}/sessions"), &days.sessions, &mut problems);
            if overlap(&sessions, &of_day) || overlap(&of_day, &sessions) {
                let accepted = "sessions that neither begin before the last one of the day before is over, nor last into the first one of the day after";
                problems.push((
                    format!("{key}/sessions"),
                    format!("{:?}", days.sessions.join(", ")),
                    accepted,
                ));
            }
            let dates = dates_of(&format!("{key}/dates"), &days.dates, &mut problems);
            for (place, date) in dates.into_iter().enumerate().filter_map(|(at, date)| Some((at, date?))) {
                if holidays.contains(&date) || special.insert(date, of_day.clone()).is_some() {
                    let accepted = "a date that is neither a holiday nor another special day";
                    problems.push((format!("{key}/dates/{place}"), format!("\"{date}\""), accepted));
                }
            }
        }
        match timezone {
            Some(timezone) if problems.is_empty() => {
                Ok(Hours { timezone, weekdays, sessions, holidays, special })
            }
            _ => Err(problems),
        }
    }
}

/// The sessions of a day; texts that are none are problems.
fn sessions_of(key: &str, texts: &[String], problems: &mut Vec<HoursProblem>) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let at = format!("{key}/{index}");
        match text.parse::<Session>().ok() {
            None => problems.push((at, format!("{text:?}"), "HH:MM-HH:MM")),
            Some(next) => {
                let is_after = |last: &Session| last.close > last.open && next.open >= last.close;
                if sessions.last().is_some_and(|last| !is_after(last)) {
                    let accepted = "a session after the end of the one before, of which only the last may end on the next day";
                    problems.push((at, format!("{text:?}"), accepted));
                }
                sessions.push(next);
            }
        }
    }
    if overlap(&sessions, &sessions) {
        let at = format!("{key}/{}", sessions.len() - 1);
        let found = format!("{:?}", texts.last().map_or("", String::as_str));
        problems.push((at, found, "a session that ends before the first one of the next day begins"));
    }
    sessions
}

/// Whether the last session of a day lasts into the first one of the next day.
fn overlap(day: &[Session], next: &[Session]) -> bool {
    match (day.last(), next.first()) {
        (Some(last), Some(first)) => last.close <= last.open && last.close > first.open,
        _ => false,
    }
}

/// The dates, each in its place; texts that are none are problems.
fn dates_of(key: &str, texts: &[String], problems: &mut Vec<HoursProblem>) -> Vec<Option<civil::Date>> {
    let read = |(index, text): (usize, &String)| {
        let date = text.parse::<civil::Date>().ok();
        if date.is_none() {
            problems.push((format!("{key}/{index}"), format!("{text:?}"), "a date such as 2024-12-25"));
        }
        date
    };
    texts.iter().enumerate().map(read).collect()
}

/// A time zone by its IANA name; its rules are part of the program, so that a run does not depend on the machine.
pub(crate) fn time_zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    TimeZoneDatabase::bundled().get(name).ok()
}

fn day_names(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": { "type": "string", "enum": DAYS },
        "minItems": 1,
        "default": DAYS.get(..5),
    })
}

fn session_texts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": { "type": "string", "x-accepted": "HH:MM-HH:MM" },
        "minItems": 1,
        "maxItems": SESSIONS_MAX,
        "default": ["00:00-00:00"],
        "x-accepted": "1 to 8 texts HH:MM-HH:MM, in the order of the day",
    })
}

fn dates(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": { "type": "string", "x-accepted": "a date such as 2024-12-25" },
        "maxItems": HOLIDAYS_MAX,
        "default": [],
        "x-accepted": "a list of at most 4096 dates such as 2024-12-25",
    })
}
