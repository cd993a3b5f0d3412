//! The PnL of a book over time: where the day began, and how high it was.
//!
//! It is kept whether or not a limit on losses stands, so that a limit that is set while the run goes on counts what was
//! lost before it. A command that lets trading go on begins it anew for the limits; what strategies and the shell read of
//! a book stays.
//!
//! Invariant: it is noted once after each change of the books, never between the positions that one price revalues, so
//! that a long and a short position beside it never make a peak that nobody had.

use std::ops::Range;

use stratd_plugin_api::{Money, Timestamp};

/// The PnL of a book, and what of it counts against limits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    /// From the first input on.
    pub(crate) whole: Stretch,
    /// From the last command on that let trading go on, if there was one.
    pub(crate) since_command: Option<Stretch>,
}

/// What was lost: in the day, and from the highest PnL. Neither is below 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) of_day: Money,
    pub(crate) from_peak: Money,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Stretch {
    /// The UTC day of the last change, until before its end; empty before the first.
    pub(crate) day: Range<Timestamp>,
    /// PnL at the start of that day.
    pub(crate) day_start: Money,
    pub(crate) peak: Money,
    pub(crate) last: Money,
}

impl Course {
    /// Takes the PnL after a change of the book.
    pub(crate) fn note(&mut self, pnl: Money, at: Timestamp) {
        self.whole.note(pnl, at);
        if let Some(since) = &mut self.since_command {
            since.note(pnl, at);
        }
    }

    /// Trading goes on by command: limits count from here on.
    pub(crate) fn go_on(&mut self, at: Timestamp) {
        let pnl = self.whole.last;
        self.since_command = Some(Stretch { day: day_of(at), day_start: pnl, peak: pnl, last: pnl });
    }

    /// What was lost by a moment. `None` on overflow.
    pub(crate) fn lost(&self, at: Timestamp) -> Option<Lost> {
        self.whole.lost(at)
    }

    /// As [`Course::lost`], as limits count it.
    pub(crate) fn lost_to_limits(&self, at: Timestamp) -> Option<Lost> {
        self.since_command.as_ref().unwrap_or(&self.whole).lost(at)
    }
}

impl Stretch {
    fn note(&mut self, pnl: Money, at: Timestamp) {
        // nearly every change is of the day of the one before it
        if !self.day.contains(&at) {
            (self.day, self.day_start) = (day_of(at), self.last);
        }
        self.last = pnl;
        self.peak = self.peak.max(pnl);
    }

    fn lost(&self, at: Timestamp) -> Option<Lost> {
        // a book that nothing has changed today has lost nothing today
        let day_start = if self.day.contains(&at) { self.day_start } else { self.last };
        Some(Lost {
            of_day: day_start.checked_sub(self.last)?.max(Money::ZERO),
            from_peak: self.peak.checked_sub(self.last)?,
        })
    }
}

pub(crate) fn day_of(at: Timestamp) -> Range<Timestamp> {
    let start = at.get().saturating_sub(at.time_of_day_ns());
    Timestamp::new(start)..Timestamp::new(start.saturating_add(Timestamp::DAY_NS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = Timestamp::DAY_NS;

    fn lost(course: &Course, at: i64) -> (i128, i128) {
        let Lost { of_day, from_peak } = course.lost_to_limits(Timestamp::new(at)).unwrap();
        (of_day.get(), from_peak.get())
    }

    #[test]
    fn a_day_counts_from_where_the_one_before_it_ended() {
        let mut course = Course::default();
        for (at, pnl) in [(0, 10), (1, -5), (2, -20)] {
            course.note(Money::new(pnl), Timestamp::new(at));
        }
        assert_eq!(lost(&course, 2), (20, 30));
        assert_eq!(lost(&course, DAY), (0, 30), "before the first change of a day");
        course.note(Money::new(-21), Timestamp::new(DAY + 1));
        assert_eq!(lost(&course, DAY + 1), (1, 31));
    }

    #[test]
    fn after_a_command_limits_count_from_it_and_the_book_goes_on() {
        let mut course = Course::default();
        course.note(Money::new(50), Timestamp::new(0));
        course.note(Money::new(40), Timestamp::new(1));
        course.go_on(Timestamp::new(2));
        course.note(Money::new(37), Timestamp::new(3));
        assert_eq!(lost(&course, 3), (3, 3));
        assert_eq!(course.lost(Timestamp::new(3)).unwrap().from_peak.get(), 13);
    }
}
