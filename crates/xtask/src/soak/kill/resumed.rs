//! Whether strategies go on from their last save: what the market maker says when it starts, and what `state.db` had.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::bed::Bed;
use super::truth::Found;
use crate::live::now;

/// The instruments of the venue by their numbers in a run, from 1.
const SYMBOLS: [&str; 2] = ["AAA", "BBB"];
/// The log is a moment behind.
const STEP: Duration = Duration::from_millis(2);

/// Compares the states that a killed daemon left with those that the strategies of the next one speak of; how many.
pub(super) fn check(
    bed: &Bed,
    states: &BTreeMap<String, String>,
    deadline: Instant,
    found: &mut Found,
) -> Result<u64> {
    let mut expected = Vec::new();
    for (instance, state) in states {
        for line in state.lines() {
            let mut fields = line.split(' ');
            let number: usize = fields.next().context("an instrument")?.parse().context("an instrument")?;
            let symbol = number.checked_sub(1).and_then(|index| SYMBOLS.get(index)).context("a symbol")?;
            let position = fields.next().context("a position")?;
            expected.push(format!(
                "INFO {instance}: goes on with {symbol}: position {position} in the saved state"
            ));
        }
    }
    loop {
        let told = bed.told()?;
        let mut missing = expected.iter().filter(|line| !told.contains(*line));
        let Some(first) = missing.next() else { return Ok(expected.len() as u64) };
        if now() >= deadline {
            found.differs(format!("no strategy says: {first}"));
            return Ok(0);
        }
        thread::park_timeout(STEP);
    }
}
