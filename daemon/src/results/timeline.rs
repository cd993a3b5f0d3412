//! What charts are drawn from: figures of the run at some of its instants, in bounded memory whatever its length.
//!
//! Samples are at least a gap of market time apart. If there are too many, every second one goes and the gap doubles, so
//! that they cover the whole run evenly. What is kept depends on the times of the events alone.

use stratd_plugin_api::Timestamp;

/// Beyond this many samples every second one goes.
const SAMPLES_MAX: usize = 4_096;
/// Strategies and instruments beyond these have no chart: their figures are in the tables.
pub(super) const COLUMNS_MAX: usize = 32;

/// The samples of a run, column by column: all columns have the length of `times`.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    pub(super) times: Vec<Timestamp>,
    pub(super) equity: Vec<f64>,
    /// Deepest fall from a peak since the sample before, as a fraction of the peak.
    pub(super) drawdown: Vec<f64>,
    /// Value of all positions without sign, over equity.
    pub(super) exposure: Vec<f64>,
    /// Equity of each strategy alone.
    pub(super) strategies: Vec<Column>,
    /// Price of each instrument, by id.
    pub(super) prices: Vec<Column>,
    /// Position of all strategies together, by instrument.
    pub(super) sizes: Vec<Column>,
    gap_ns: i64,
    due: Option<Timestamp>,
    drawdown_since: f64,
}

/// One figure over time; not a number before it existed.
pub(super) type Column = Vec<f64>;

/// The figures of one instant.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    pub(super) equity: f64,
    pub(super) exposure: f64,
    pub(super) strategies: Vec<f64>,
    pub(super) prices: Vec<f64>,
    pub(super) sizes: Vec<f64>,
}

impl Timeline {
    /// Notes how far the equity is below its peak.
    pub(super) fn note(&mut self, drawdown: f64) {
        self.drawdown_since = self.drawdown_since.max(drawdown);
    }

    /// Whether a sample is due.
    pub(super) fn is_due(&self, at: Timestamp) -> bool {
        at >= self.due()
    }

    /// When the next sample is due; the beginning of time before the first.
    pub(super) fn due(&self) -> Timestamp {
        self.due.unwrap_or(Timestamp::MIN)
    }

    /// Takes a sample. One of the time of the last one takes its place.
    pub(super) fn push(&mut self, at: Timestamp, sample: &Sample) {
        if self.times.last() == Some(&at) {
            self.drop_last();
        }
        if self.times.len() >= SAMPLES_MAX {
            self.thin();
        }
        self.due = Some(at.checked_add(self.gap_ns.max(1)).unwrap_or(Timestamp::MAX));
        let before = self.times.len();
        self.times.push(at);
        self.equity.push(sample.equity);
        self.drawdown.push(std::mem::take(&mut self.drawdown_since));
        self.exposure.push(sample.exposure);
        extend(&mut self.strategies, &sample.strategies, before);
        extend(&mut self.prices, &sample.prices, before);
        extend(&mut self.sizes, &sample.sizes, before);
    }

    fn drop_last(&mut self) {
        self.times.pop();
        self.drawdown_since = self.drawdown_since.max(self.drawdown.pop().unwrap_or(0.0));
        for column in self.columns() {
            column.pop();
        }
    }

    fn thin(&mut self) {
        let span = match (self.times.first(), self.times.last()) {
            (Some(first), Some(last)) => last.get().saturating_sub(first.get()),
            _ => 0,
        };
        // twice the mean gap: the half that is left covers as much time as all did
        let count = i64::try_from(SAMPLES_MAX / 2).unwrap_or(i64::MAX);
        self.gap_ns = self.gap_ns.saturating_mul(2).max(span / count);
        // a fall belongs to the sample that ends its interval
        self.drawdown =
            self.drawdown.chunks(2).map(|pair| pair.iter().copied().fold(0.0, f64::max)).collect();
        keep_second(&mut self.times);
        for column in self.columns() {
            keep_second(column);
        }
    }

    /// All but the times and the drawdowns.
    fn columns(&mut self) -> impl Iterator<Item = &mut Column> {
        let groups = self.strategies.iter_mut().chain(&mut self.prices).chain(&mut self.sizes);
        groups.chain([&mut self.equity, &mut self.exposure])
    }
}

/// Keeps the second of each pair, and a last one without a partner.
fn keep_second<T: Copy>(values: &mut Vec<T>) {
    *values = values.chunks(2).filter_map(|pair| pair.last().copied()).collect();
}

/// Appends a value to each column; a column that is new was not there `before`.
fn extend(columns: &mut Vec<Column>, values: &[f64], before: usize) {
    for (index, value) in values.iter().take(COLUMNS_MAX).enumerate() {
        if columns.len() <= index {
            columns.push(vec![f64::NAN; before]);
        }
        columns[index].push(*value);
    }
    for column in columns.iter_mut().skip(values.len()) {
        column.push(f64::NAN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_the_whole_run_is_covered() {
        let mut timeline = Timeline::default();
        let count = 1_000_000u32;
        for i in 0..count {
            let at = Timestamp::new(i64::from(i) * 1_000);
            let is_deepest = i == 777_777;
            timeline.note(if is_deepest { 0.5 } else { 0.1 });
            if timeline.is_due(at) {
                let value = f64::from(i);
                let sample = Sample { equity: value, prices: vec![value], ..Sample::default() };
                timeline.push(at, &sample);
            }
        }
        let length = timeline.times.len();
        assert!((SAMPLES_MAX / 2..=SAMPLES_MAX).contains(&length), "{length}");
        for column in [&timeline.equity, &timeline.drawdown, &timeline.exposure, &timeline.prices[0]] {
            assert_eq!(column.len(), length);
        }
        assert!(timeline.times.is_sorted());
        // no fall is lost, wherever it was
        assert!(timeline.drawdown.iter().any(|fall| (fall - 0.5).abs() < f64::EPSILON));
        let widest = timeline.times.windows(2).map(|pair| pair[1].get() - pair[0].get()).max();
        assert!(widest.is_some_and(|gap| gap < 1_000_000_000 / 1_000), "{widest:?}");
    }

    #[test]
    fn a_column_that_comes_late_is_empty_before() {
        let mut timeline = Timeline::default();
        timeline.push(Timestamp::new(1), &Sample::default());
        timeline.push(Timestamp::new(2), &Sample { prices: vec![5.0], ..Sample::default() });
        assert!(timeline.prices[0][0].is_nan());
        assert!((timeline.prices[0][1] - 5.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_second_sample_of_one_instant_takes_the_place_of_the_first() {
        let mut timeline = Timeline::default();
        for equity in [1.0, 2.0] {
            assert!(timeline.is_due(Timestamp::new(7)) || equity > 1.0);
            timeline.push(Timestamp::new(7), &Sample { equity, ..Sample::default() });
        }
        assert_eq!(timeline.equity, [2.0]);
        assert_eq!(timeline.drawdown.len(), 1);
    }
}
