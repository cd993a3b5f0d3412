//! How many actions are due.

use std::time::Duration;

use stratd_plugin_api::Timestamp;

const SECOND_NS: i64 = 1_000_000_000;

/// So many actions per second by a clock that may jump. It reads none: it is told the time.
#[derive(Clone, Debug)]
pub struct Pace {
    rate: i64,
    base: i64,
    done: i64,
}

impl Pace {
    /// From now on, `rate` actions per second; 0 is never.
    #[must_use]
    pub fn new(rate: u32, now: Timestamp) -> Self {
        Self { rate: i64::from(rate), base: now.get(), done: 0 }
    }

    /// Actions that are due by `now`. More than a second of them is not made up for: after a full inbox or a jump of
    /// the clock the market goes on at its pace.
    pub fn due(&mut self, now: Timestamp) -> i64 {
        let elapsed = now.get().saturating_sub(self.base);
        let total = i128::from(elapsed) * i128::from(self.rate) / i128::from(SECOND_NS);
        let due = i64::try_from(total).unwrap_or(i64::MAX).saturating_sub(self.done);
        if elapsed < 0 || due < 0 || due > self.rate {
            *self = Self { base: now.get(), done: 0, rate: self.rate };
            return 0;
        }
        due
    }

    /// So many of them are done.
    pub fn did(&mut self, actions: i64) {
        self.done += actions;
        if self.rate > 0 && self.done >= self.rate {
            // a whole second: keeps the numbers small for ever
            self.done -= self.rate;
            self.base += SECOND_NS;
        }
    }

    /// From now to the next action, at most a second.
    #[must_use]
    pub fn until_next(&self, now: Timestamp) -> Duration {
        let next = i128::from(self.done + 1) * i128::from(SECOND_NS);
        let Some(next) = next.checked_div(i128::from(self.rate)) else { return Duration::from_secs(1) };
        let next = next + 1;
        let wait = next - (i128::from(now.get()) - i128::from(self.base));
        Duration::from_nanos(u64::try_from(wait.clamp(0, i128::from(SECOND_NS))).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::new(ms * 1_000_000)
    }

    #[test]
    fn keeps_its_rate_and_forgets_jumps() {
        let mut pace = Pace::new(50, at(0));
        assert_eq!((pace.due(at(19)), pace.due(at(20)), pace.due(at(1_000))), (0, 1, 50));
        pace.did(50);
        assert_eq!((pace.due(at(1_000)), pace.due(at(1_040))), (0, 2));
        assert_eq!(pace.until_next(at(1_005)), Duration::from_nanos(15_000_001));
        // an hour later, then an hour back
        assert_eq!((pace.due(at(3_600_000)), pace.due(at(3_600_020))), (0, 1));
        assert_eq!((pace.due(at(0)), pace.due(at(100))), (0, 5));
    }

    #[test]
    fn a_second_of_actions_is_done_in_parts() {
        let mut pace = Pace::new(1_000_000, at(0));
        let mut total = 0;
        for ms in 0..=3_000 {
            let due = pace.due(at(ms)).min(1_000);
            pace.did(due);
            total += due;
        }
        assert_eq!(total, 3_000_000);
    }
}
