//! What became of one combination.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::measure::{Measure, number};

/// One combination, run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Its number in the grid.
    pub(crate) number: u64,
    pub(crate) state: RowState,
    /// In the order of [`super::measure::MEASURES`]; empty without results.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) figures: Vec<Value>,
    /// Why there are no results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RowState {
    /// With results.
    Finished,
    /// With results, but a strategy failed or an order was left open.
    Faulted,
    /// The configuration has a problem, as `fast` above `slow`.
    Refused,
    /// The run broke off, its process died, or its time was up.
    Failed,
}

impl RowState {
    pub(crate) const ALL: [Self; 4] = [Self::Finished, Self::Faulted, Self::Refused, Self::Failed];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Faulted => "faulted",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl Row {
    pub(crate) fn without_results(number: u64, state: RowState, error: impl Into<String>) -> Self {
        Self { number, state, figures: Vec::new(), error: Some(error.into()) }
    }

    /// How good it is: more is better; `None` if it cannot be told, or the run had a fault.
    pub(crate) fn merit(&self, (index, measure): (usize, Measure)) -> Option<f64> {
        let figure = number(self.figures.get(index)?)?;
        (self.state == RowState::Finished).then(|| measure.merit(figure))
    }
}

/// The best rows, the best first; of equal ones that with the smaller number.
pub(crate) fn best(rows: &[Row], by: (usize, Measure), count: usize) -> Vec<&Row> {
    let mut ranked: Vec<(f64, &Row)> = rows.iter().filter_map(|row| Some((row.merit(by)?, row))).collect();
    ranked.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.number.cmp(&other.number)));
    ranked.into_iter().take(count).map(|(_, row)| row).collect()
}
