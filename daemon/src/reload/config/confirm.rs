//! Generations that go back by themselves: what is refused meanwhile, the confirmation, and the way back.
//!
//! While a generation waits for its confirmation nothing else changes the configuration but what decides on it: a
//! confirmation, or a rollback to the generation before it. So there is never a chain of such generations, and nobody
//! confirms one unasked by setting something else.
//!
//! When its time is over the generation before it is put in force. Where that is refused it is tried again, after
//! pauses that grow from [`PAUSE_FIRST`] to [`PAUSE_MAX`], until it is done or somebody confirms; the log and systemd
//! are told every time. Until then it counts as unconfirmed: whatever ends the daemon, the next start takes the one
//! before.

use std::time::Duration;

use stratd_plugin_api::Timestamp;

use super::{ConfigChange, ConfigDone, ConfigRefusal, InForce, OURSELVES, RefusalKind, What};
use crate::{
    control::Author,
    reload::Manager,
    runtime::{clock::Stopwatch, notify},
    store::{ConfigRow, ConfigState},
};

/// How long after its first failure a way back is tried again.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// A generation that nobody has confirmed yet.
#[derive(Debug)]
pub(crate) struct Unconfirmed {
    pub(crate) before: i64,
    pub(crate) by: Timestamp,
    since: Stopwatch,
    within: Duration,
    failed: Option<Failed>,
}

/// A way back that was refused.
#[derive(Debug)]
struct Failed {
    why: String,
    since: Stopwatch,
    pause: Duration,
}

impl Unconfirmed {
    /// From now on.
    pub(super) fn new((before, by): (i64, Timestamp), within: Duration) -> Self {
        Self { before, by, since: Stopwatch::start(), within, failed: None }
    }

    /// What is left of its time.
    pub(crate) fn left(&self) -> Duration {
        self.within.saturating_sub(self.since.elapsed())
    }

    /// Why it is still in force although its time is over, if a way back was refused.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failed.as_ref().map(|failed| failed.why.as_str())
    }

    /// Whether the way back is to be tried now.
    fn is_due(&self) -> bool {
        let rests = |failed: &Failed| failed.since.elapsed() < failed.pause;
        self.left().is_zero() && !self.failed.as_ref().is_some_and(rests)
    }

    /// Notes a try that failed; when the next one is.
    fn fail(&mut self, why: String) -> Duration {
        let pause = self.failed.as_ref().map_or(PAUSE_FIRST, |failed| next_pause(failed.pause));
        self.failed = Some(Failed { why, since: Stopwatch::start(), pause });
        pause
    }
}

fn next_pause(pause: Duration) -> Duration {
    pause.saturating_mul(2).min(PAUSE_MAX)
}

impl InForce {
    /// Refuses a change while the generation in force waits for its confirmation, unless it goes back to the one before.
    ///
    /// # Errors
    /// It waits, and says what is accepted.
    pub(super) fn may_change(&self, what: &What) -> Result<(), ConfigRefusal> {
        let Some(unconfirmed) = &self.unconfirmed else { return Ok(()) };
        let (generation, before) = (self.generation, unconfirmed.before);
        if matches!(what, What::Rollback(number) if *number == before) {
            return Ok(());
        }
        let until = match unconfirmed.failure() {
            None => format!("goes back to {before} in {} s", unconfirmed.left().as_secs()),
            Some(why) => format!("should have gone back to {before}, which is refused: {why}"),
        };
        let text = format!(
            "generation {generation} waits for its confirmation and {until} (accepted until then: `stratctl config confirm`, which keeps it, or `stratctl config rollback {before}`)"
        );
        Err(ConfigRefusal::new(RefusalKind::Conflict, text))
    }
}

impl Manager {
    /// Goes back to the generation before if nobody has confirmed the one in force in time.
    pub(crate) fn revert_unconfirmed(&mut self) {
        let due = {
            let in_force = self.configured.shared.lock();
            let due = in_force.unconfirmed.as_ref().filter(|unconfirmed| unconfirmed.is_due());
            due.map(|unconfirmed| (in_force.generation, unconfirmed.before))
        };
        let Some((unconfirmed, before)) = due else { return };
        let cause = format!("generation {unconfirmed} was not confirmed in time: back to {before}");
        let change = ConfigChange::of(What::Rollback(before));
        let done = match self.configured.shared.find(before) {
            Ok(Some(written)) => self.change_to(written, (&change, OURSELVES, &cause), false),
            Ok(None) => Err(ConfigRefusal::failed(format!("generation {before} is not known any more"))),
            Err(error) => Err(ConfigRefusal::failed(error)),
        };
        match done {
            Ok(done) => {
                tracing::warn!(logger = "config", "{cause}: {}", done.report);
                notify::refused(None);
            }
            Err(refusal) => {
                let mut in_force = self.configured.shared.lock();
                let Some(waiting) = &mut in_force.unconfirmed else { return };
                let pause = waiting.fail(refusal.text.clone()).as_secs();
                drop(in_force);
                tracing::error!(
                    logger = "config",
                    "{cause}: refused, so generation {unconfirmed} stays for now, and it is tried again in {pause} s (`stratctl config confirm` keeps it): {}",
                    refusal.text
                );
                notify::refused(Some(&format!("{cause}: refused: {}", refusal.text)));
            }
        }
    }

    /// Keeps the generation in force that would go back.
    ///
    /// # Errors
    /// It needs no confirmation, its author may not change the configuration, or the store cannot be written.
    pub(super) fn confirm(&mut self, author: &Author, is_dry_run: bool) -> Result<ConfigDone, ConfigRefusal> {
        let mut in_force = self.configured.shared.lock();
        let generation = in_force.generation;
        in_force.permit(&in_force.written, author)?;
        let Some(unconfirmed) = &in_force.unconfirmed else {
            let text = format!("generation {generation} needs no confirmation");
            return Err(ConfigRefusal::new(RefusalKind::Conflict, text));
        };
        let has_failed = unconfirmed.failed.is_some();
        let done =
            |report: String| ConfigDone { generation, report, differences: Vec::new(), confirm_within: None };
        if is_dry_run {
            return Ok(done(format!("generation {generation} would be confirmed; nothing was changed")));
        }
        in_force.generations.settle(generation, ConfigState::Applied).map_err(ConfigRefusal::failed)?;
        in_force.unconfirmed = None;
        drop(in_force);
        if has_failed {
            notify::refused(None);
        }
        let report = format!("generation {generation} is confirmed");
        tracing::info!(logger = "config", "{report}");
        Ok(done(report))
    }
}

/// The generation that a start takes where this one was the last: itself, or, if nobody confirmed it, the one before it
/// that somebody did. `None`: its rows do not say.
pub(crate) fn confirmed(rows: &[ConfigRow], generation: i64) -> Option<i64> {
    let mut number = generation;
    // one goes back to an earlier one, so every round is nearer to the first
    loop {
        let row = rows.iter().find(|row| row.generation == number)?;
        match row.state {
            ConfigState::Applied | ConfigState::Pending => return Some(number),
            ConfigState::Unconfirmed | ConfigState::Trying | ConfigState::Reverted => {
                number = row.before.filter(|before| *before < number)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(generation: i64, state: ConfigState, before: Option<i64>) -> ConfigRow {
        ConfigRow {
            generation,
            at: Timestamp::new(0),
            who: String::new(),
            cause: String::new(),
            digest: String::new(),
            state,
            before,
            confirm_by: None,
        }
    }

    #[test]
    fn a_start_goes_back_to_what_somebody_confirmed() {
        let rows = [
            row(3, ConfigState::Applied, None),
            row(4, ConfigState::Applied, Some(3)),
            row(5, ConfigState::Unconfirmed, Some(4)),
            // a chain, as versions before this one could leave it
            row(6, ConfigState::Unconfirmed, Some(5)),
            row(7, ConfigState::Unconfirmed, Some(7)),
        ];
        assert_eq!(confirmed(&rows, 4), Some(4));
        assert_eq!(confirmed(&rows, 5), Some(4));
        assert_eq!(confirmed(&rows, 6), Some(4));
        assert_eq!(confirmed(&rows, 7), None, "a row that makes no sense");
        assert_eq!(confirmed(&rows, 8), None);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut pause = PAUSE_FIRST;
        let mut seconds = Vec::new();
        for _ in 0..8 {
            seconds.push(pause.as_secs());
            pause = next_pause(pause);
        }
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
