//! Several runs beside each other: a table on the terminal, and a page.

mod load;
mod page;
mod table;

pub use load::ComparedRun;
pub use page::page;
pub use table::print_comparison;

use crate::results::Ratios;

/// At most so many runs side by side: more columns nobody reads, and colours end.
pub const RUNS_MAX: usize = 8;

/// One line of the comparison: its name, and how it reads in each run.
struct Measure {
    name: &'static str,
    /// Figures, for finding the best.
    values: Vec<Option<f64>>,
    texts: Vec<String>,
    is_more_better: Option<bool>,
}

impl Measure {
    /// Which run is best: the only one with the best figure.
    fn best(&self) -> Option<usize> {
        let is_more_better = self.is_more_better?;
        let better = |a: f64, b: f64| if is_more_better { a > b } else { a < b };
        let (index, best) = self
            .values
            .iter()
            .enumerate()
            .filter_map(|(index, value)| Some((index, (*value)?)))
            .reduce(|best, next| if better(next.1, best.1) { next } else { best })?;
        let is_alone = self.values.iter().flatten().filter(|value| !better(best, **value)).count() == 1;
        is_alone.then_some(index)
    }
}

/// All lines of the comparison.
fn measures(runs: &[ComparedRun]) -> Vec<Measure> {
    let percent = super::report::percent as fn(Option<f64>) -> String;
    let (share, ratio) = (super::report::share as fn(_) -> _, super::report::ratio as fn(_) -> _);
    let of = |name,
              text: fn(Option<f64>) -> String,
              is_more_better,
              value: &dyn Fn(&ComparedRun) -> Option<f64>| {
        let values: Vec<Option<f64>> = runs.iter().map(value).collect();
        let texts = values.iter().map(|value| text(*value)).collect();
        Measure { name, values, texts, is_more_better }
    };
    let ratio_of = |pick: fn(&Ratios) -> Option<f64>| move |run: &ComparedRun| pick(&run.facts.ratios);
    let text_of = |name, pick: fn(&ComparedRun) -> String| {
        let texts = runs.iter().map(pick).collect();
        Measure { name, values: Vec::new(), texts, is_more_better: None }
    };
    vec![
        text_of("period", ComparedRun::period),
        of("return", percent, Some(true), &|run| run.facts.total_return),
        of("CAGR", percent, Some(true), &ratio_of(|r| r.cagr)),
        of("Sharpe", ratio, Some(true), &ratio_of(|r| r.sharpe)),
        of("Sortino", ratio, Some(true), &ratio_of(|r| r.sortino)),
        of("Calmar", ratio, Some(true), &ratio_of(|r| r.calmar)),
        of("volatility", share, Some(false), &ratio_of(|r| r.volatility)),
        of("max drawdown", percent, Some(true), &|run| Some(0.0 - run.facts.max_drawdown)),
        of("turnover", ratio, None, &|run| run.facts.turnover),
        of("exposure", share, None, &|run| run.facts.exposure),
        of("hit rate", share, Some(true), &|run| run.facts.round_trips.hit_rate),
        text_of("round trips", |run| run.facts.round_trips.count.to_string()),
        text_of("executions", |run| run.facts.fills.to_string()),
        text_of("denied orders", |run| run.facts.denied.to_string()),
        text_of("costs", |run| super::report::grouped(&run.facts.costs)),
        text_of("equity at the end", |run| {
            format!("{} {}", super::report::grouped(&run.facts.equity_end), run.facts.currency)
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::Measure;

    #[test]
    fn the_best_is_marked_if_it_is_alone() {
        let best = |values: &[Option<f64>], is_more_better| {
            Measure { name: "", values: values.to_vec(), texts: Vec::new(), is_more_better }.best()
        };
        assert_eq!(best(&[Some(1.0), Some(2.0), None], Some(true)), Some(1));
        assert_eq!(best(&[Some(1.0), Some(2.0)], Some(false)), Some(0));
        assert_eq!(best(&[Some(2.0), Some(2.0), Some(1.0)], Some(true)), None);
        assert_eq!(best(&[Some(2.0), Some(1.0)], None), None);
        assert_eq!(best(&[None, None], Some(true)), None);
    }
}
