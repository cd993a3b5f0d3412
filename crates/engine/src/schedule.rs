//! Timers: exact, in live and in backtest.

use std::collections::BTreeMap;

use stratd_plugin_api::{InstrumentId, Timestamp, abi, abi::schedule_kind};

use crate::StrategyId;

/// At most this many timers per run; further ones are refused.
const TIMERS_MAX: usize = 100_000;
const SECOND_NS: i64 = 1_000_000_000;

/// The close of the session of an instrument, as a strategy trades it, that is open at a moment or comes next.
pub(crate) type Closes<'a> = &'a dyn Fn(StrategyId, InstrumentId, Timestamp) -> Option<Timestamp>;

/// All timers, by due time and then by id: equal times fire in the order in which they were set.
#[derive(Default)]
pub(crate) struct Timers {
    by_due: BTreeMap<(Timestamp, u64), Timer>,
    next_id: u64,
}

/// A timer that is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer {
    pub(crate) strategy: StrategyId,
    pub(crate) schedule: abi::Schedule,
}

/// A timer that is kept while its strategy is on probation: when it was due, its id, the timer.
pub(crate) type SavedTimer = (Timestamp, u64, Timer);

/// A timer that is due.
pub(crate) struct DueTimer {
    pub(crate) strategy: StrategyId,
    pub(crate) id: u64,
    pub(crate) tag: i64,
    pub(crate) due: Timestamp,
}

impl Timers {
    /// Sets a timer; `None` if its schedule is not usable or the limit is reached.
    pub(crate) fn set(
        &mut self,
        strategy: StrategyId,
        schedule: &abi::Schedule,
        (now, closes): (Timestamp, Closes<'_>),
    ) -> Option<u64> {
        if self.by_due.len() >= TIMERS_MAX {
            return None;
        }
        let due = next_due(strategy, schedule, (now, closes))?;
        self.next_id = self.next_id.checked_add(1)?;
        self.by_due.insert((due, self.next_id), Timer { strategy, schedule: *schedule });
        Some(self.next_id)
    }

    /// Cancels a strategy's timer; false if there is none of this id.
    pub(crate) fn cancel(&mut self, strategy: StrategyId, id: u64) -> bool {
        let key = self
            .by_due
            .iter()
            .find(|((_, i), timer)| *i == id && timer.strategy == strategy)
            .map(|(k, _)| *k);
        key.is_some_and(|key| self.by_due.remove(&key).is_some())
    }

    /// Cancels all timers of a strategy.
    pub(crate) fn cancel_all(&mut self, strategy: StrategyId) {
        self.by_due.retain(|_, timer| timer.strategy != strategy);
    }

    /// The timers of a strategy.
    pub(crate) fn of(&self, strategy: StrategyId) -> Vec<SavedTimer> {
        let own = self.by_due.iter().filter(|(_, timer)| timer.strategy == strategy);
        own.map(|((due, id), timer)| (*due, *id, *timer)).collect()
    }

    /// Sets timers of [`Timers::of`] again. One that was due meanwhile and fires once does so now, for the strategy
    /// waits for it; one that repeats goes on with its next time. They were within the limit before: here it is not
    /// asked, because a strategy without its timers stands still.
    pub(crate) fn put_back(&mut self, timers: Vec<SavedTimer>, (now, closes): (Timestamp, Closes<'_>)) {
        for (due, id, timer) in timers {
            let due = if due > now { Some(due) } else { due_after(&timer, due, (now, closes)) };
            if let Some(due) = due {
                self.by_due.insert((due, id), timer);
            }
        }
    }

    /// When the next timer is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.by_due.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes the first timer that is due by `now`, and sets it anew if it repeats.
    pub(crate) fn pop_due(&mut self, (now, closes): (Timestamp, Closes<'_>)) -> Option<DueTimer> {
        let ((due, id), timer) = self.by_due.first_key_value().map(|(key, timer)| (*key, *timer))?;
        if due > now {
            return None;
        }
        self.by_due.remove(&(due, id));
        // from the due time, not from `now`: ten minutes stay 600 s however late the loop is
        if timer.schedule.kind != schedule_kind::ONCE
            && let Some(next) = next_due(timer.strategy, &timer.schedule, (due, closes))
        {
            self.by_due.insert((next, id), timer);
        }
        Some(DueTimer { strategy: timer.strategy, id, tag: timer.schedule.tag, due })
    }
}

/// The first time after `now` at which the schedule fires; `None` if it is not usable.
fn next_due(
    strategy: StrategyId,
    schedule: &abi::Schedule,
    (now, closes): (Timestamp, Closes<'_>),
) -> Option<Timestamp> {
    match schedule.kind {
        // later than now: a handler that sets the next one would otherwise never return to the event loop
        schedule_kind::ONCE => Some(Timestamp::new(schedule.time).max(now.checked_add(1)?)),
        schedule_kind::PERIODIC if schedule.interval > 0 => now.checked_add(schedule.interval),
        schedule_kind::AT => next_wall_time(schedule, now),
        schedule_kind::BEFORE_CLOSE if schedule.interval >= 0 => {
            // the close that is the interval away from a moment after now
            let after = now.checked_add(schedule.interval)?;
            let close = closes(strategy, InstrumentId(schedule.instrument), after)?;
            close.checked_add(schedule.interval.checked_neg()?)
        }
        // unknown kinds are of a newer SDK
        _ => None,
    }
}

/// The first time after `now` of a schedule that was due at `due`, which has passed.
fn due_after(timer: &Timer, due: Timestamp, (now, closes): (Timestamp, Closes<'_>)) -> Option<Timestamp> {
    let Timer { strategy, schedule } = timer;
    if schedule.kind != schedule_kind::PERIODIC {
        return next_due(*strategy, schedule, (now, closes));
    }
    let missed = now.get().checked_sub(due.get())?.checked_div(schedule.interval)?;
    due.checked_add(missed.checked_add(1)?.checked_mul(schedule.interval)?)
}

/// The next second after `now` whose UTC hour, minute and second match (-1 = every).
fn next_wall_time(schedule: &abi::Schedule, now: Timestamp) -> Option<Timestamp> {
    let is_usable = (-1..24).contains(&schedule.hour)
        && (-1..60).contains(&schedule.minute)
        && (-1..60).contains(&schedule.second);
    if !is_usable {
        return None;
    }
    let matches = |field: i8, value: i64| field < 0 || i64::from(field) == value;
    let first = now.get().checked_div_euclid(SECOND_NS)?.checked_add(1)?;
    let day_start = first.checked_sub(first.checked_rem_euclid(86_400)?)?;
    let mut second = first.checked_sub(day_start)?;
    // skip whole hours and minutes that cannot match; the second day always has a match
    while second < 2 * 86_400 {
        let of_day = second.checked_rem(86_400)?;
        let (hour, minute, of_minute) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        let step = if !matches(schedule.hour, hour) {
            3_600i64.checked_sub(of_day % 3_600)?
        } else if !matches(schedule.minute, minute) {
            60i64.checked_sub(of_minute)?
        } else if matches(schedule.second, of_minute) {
            return day_start.checked_add(second)?.checked_mul(SECOND_NS).map(Timestamp::new);
        } else {
            1
        };
        second = second.checked_add(step)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i8, minute: i8, second: i8) -> abi::Schedule {
        abi::Schedule { kind: schedule_kind::AT, hour, minute, second, ..abi::Schedule::default() }
    }

    fn next(schedule: &abi::Schedule, now: &str) -> String {
        next_due(StrategyId(0), schedule, (now.parse().unwrap(), &|_, _, _| None))
            .map_or_else(|| "never".to_owned(), |due| due.to_string())
    }

    #[test]
    fn wall_times_match_their_fields() {
        let now = "2013-03-01T10:20:30.5Z";
        assert_eq!(next(&at(-1, -1, -1), now), "2013-03-01T10:20:31Z");
        assert_eq!(next(&at(-1, -1, 0), now), "2013-03-01T10:21:00Z");
        assert_eq!(next(&at(-1, 20, 30), now), "2013-03-01T11:20:30Z");
        assert_eq!(next(&at(10, 20, 30), now), "2013-03-02T10:20:30Z");
        assert_eq!(next(&at(23, 59, 59), now), "2013-03-01T23:59:59Z");
        assert_eq!(next(&at(0, 0, 0), "2012-12-31T23:59:59Z"), "2013-01-01T00:00:00Z");
        assert_eq!(next(&at(24, 0, 0), now), "never");
        assert_eq!(next(&at(0, 60, 0), now), "never");
    }

    #[test]
    fn ten_minutes_are_600_seconds() {
        let mut timers = Timers::default();
        let schedule = abi::Schedule {
            kind: schedule_kind::PERIODIC,
            interval: 600 * SECOND_NS,
            ..abi::Schedule::default()
        };
        timers
            .set(StrategyId(0), &schedule, ("2013-03-01T10:00:00Z".parse().unwrap(), &|_, _, _| None))
            .unwrap();
        let late: Timestamp = "2013-03-01T10:30:07Z".parse().unwrap();
        let due: Vec<_> = std::iter::from_fn(|| timers.pop_due((late, &|_, _, _| None)))
            .map(|t| t.due.to_string())
            .collect();
        assert_eq!(due, ["2013-03-01T10:10:00Z", "2013-03-01T10:20:00Z", "2013-03-01T10:30:00Z"]);
        assert_eq!(timers.next().unwrap().to_string(), "2013-03-01T10:40:00Z");
    }

    #[test]
    fn a_timer_belongs_to_its_strategy() {
        let mut timers = Timers::default();
        let id = timers.set(StrategyId(0), &at(-1, -1, 0), (Timestamp::new(0), &|_, _, _| None)).unwrap();
        assert!(!timers.cancel(StrategyId(1), id));
        assert!(timers.cancel(StrategyId(0), id));
        assert!(!timers.cancel(StrategyId(0), id));
        assert_eq!(timers.next(), None);
    }
}
