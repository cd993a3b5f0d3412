//! Executions of one instrument for its chart, in bounded memory.

use stratd_plugin_api::Timestamp;

/// Beyond this many marks every second one goes.
const MARKS_MAX: usize = 1_024;

/// One execution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) at: Timestamp,
    pub(super) price: f64,
    pub(super) is_buy: bool,
}

/// The executions of one instrument, thinned evenly: of every `every` one is kept.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    pub(super) kept: Vec<Mark>,
    pub(super) every: u64,
    pub(super) seen: u64,
}

impl Default for Marks {
    fn default() -> Self {
        Self { kept: Vec::new(), every: 1, seen: 0 }
    }
}

impl Marks {
    /// Counts an execution, and keeps it in its turn.
    pub(super) fn push(&mut self, mark: impl FnOnce() -> Mark) {
        if self.seen.is_multiple_of(self.every) {
            if self.kept.len() >= MARKS_MAX {
                self.kept = self.kept.iter().step_by(2).copied().collect();
                self.every = self.every.saturating_mul(2);
            }
            if self.seen.is_multiple_of(self.every) {
                self.kept.push(mark());
            }
        }
        self.seen = self.seen.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_thinned_evenly() {
        let mut marks = Marks::default();
        for at in 0..10_000 {
            marks.push(|| Mark { at: Timestamp::new(at), price: 1.0, is_buy: true });
        }
        assert_eq!((marks.seen, marks.every), (10_000, 16));
        assert!(marks.kept.len() <= MARKS_MAX);
        assert!(marks.kept.iter().all(|mark| mark.at.get() % 16 == 0));
    }
}
