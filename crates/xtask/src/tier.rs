//! One timed stage of the gate.
//!
//! Beside the minutes of the clock stand those that its programs took of the processors: what is far above them was
//! spent waiting, for others on a loaded machine or for time to pass.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::workspace::children_time;

/// How one stage went and how long it took.
pub(crate) struct Tier {
    name: &'static str,
    took: Duration,
    /// Of the processors.
    worked: Duration,
    outcome: Outcome,
}

enum Outcome {
    /// With what there is to say of it.
    Passed(String),
    Failed(anyhow::Error),
    Skipped(&'static str),
}

impl Tier {
    /// Runs the stage and says at once how it went, so that a long gate can be followed.
    pub(crate) fn run(name: &'static str, stage: impl FnOnce() -> Result<()>) -> Self {
        Self::telling(name, || stage().map(|()| String::new()))
    }

    /// As [`Tier::run`], for a stage that has something to say of its success.
    pub(crate) fn telling(name: &'static str, stage: impl FnOnce() -> Result<String>) -> Self {
        eprintln!("== {name}");
        let (started, worked) = (now(), children_time().unwrap_or_default());
        let outcome = match stage() {
            Ok(text) => Outcome::Passed(text),
            Err(error) => Outcome::Failed(error),
        };
        let worked = children_time().unwrap_or_default().saturating_sub(worked);
        Self { name, took: started.elapsed(), worked, outcome }.reported()
    }

    /// A stage that does not run on this machine, with the reason.
    pub(crate) fn skipped(name: &'static str, reason: &'static str) -> Self {
        let (took, worked) = (Duration::ZERO, Duration::ZERO);
        Self { name, took, worked, outcome: Outcome::Skipped(reason) }.reported()
    }

    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }

    fn reported(self) -> Self {
        eprintln!("== {self}");
        self
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, took, worked, outcome } = self;
        let time = format!("{name:<8} {:>5} min {:>5} cpu", minutes(*took), minutes(*worked));
        match outcome {
            Outcome::Passed(text) if text.is_empty() => write!(f, "{time}  passed"),
            Outcome::Passed(text) => write!(f, "{time}  passed  {text}"),
            Outcome::Failed(error) => write!(f, "{time}  FAILED  {error:#}"),
            Outcome::Skipped(reason) => write!(f, "{name:<29}  skipped: {reason}"),
        }
    }
}

/// Prints every stage again below each other, with the total, and says whether all of them passed.
pub(crate) fn summarize(tiers: &[Tier]) -> bool {
    eprintln!();
    for tier in tiers {
        eprintln!("{tier}");
    }
    let (took, worked) =
        (tiers.iter().map(|tier| tier.took).sum(), tiers.iter().map(|tier| tier.worked).sum());
    eprintln!("{:<8} {:>5} min {:>5} cpu", "total", minutes(took), minutes(worked));
    tiers.iter().all(|tier| !tier.has_failed())
}

fn minutes(took: Duration) -> String {
    format!("{:.1}", took.as_secs_f64() / 60.0)
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a build task measures itself; nothing here is replayed")]
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::{Tier, summarize};

    #[test]
    fn one_failed_stage_fails_the_gate_and_says_why() {
        let passed = Tier::run("one", || Ok(()));
        let failed = Tier::run("two", || anyhow::bail!("two differences"));
        assert!(failed.to_string().ends_with("FAILED  two differences"), "{failed}");
        assert!(!summarize(&[passed, failed]));
    }

    #[test]
    fn a_skipped_stage_does_not_fail_the_gate() {
        assert!(summarize(&[Tier::run("one", || Ok(())), Tier::skipped("two", "not installed")]));
    }
}
