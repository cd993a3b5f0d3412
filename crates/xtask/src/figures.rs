//! Numbers of a measurement: percentiles, and the flat JSON object that they are written to.

use std::{fmt::Write, fs, path::Path};

use anyhow::{Context, Result};

/// Values of one kind, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest value that so many percent of all are not above; `None` without values.
    pub(crate) fn percentile(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }

    pub(crate) fn max(&self) -> Option<f64> {
        self.percentile(100)
    }
}

/// What the rounds of a measurement gave.
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    pub(crate) fn of(values: &[f64]) -> Result<Self> {
        let mut sample = Sample::default();
        values.iter().for_each(|&value| sample.add(value));
        // the first of a hundredth is the smallest of so few
        let figure = |percent| sample.percentile(percent).context("there was no round");
        Ok(Self { min: figure(1)?, median: figure(50)?, max: figure(100)? })
    }

    /// The ratios to ours, round by round.
    pub(crate) fn over(theirs: &[f64], ours: &[f64]) -> Result<Self> {
        Self::of(&theirs.iter().zip(ours).map(|(theirs, ours)| theirs / ours).collect::<Vec<_>>())
    }

    pub(crate) fn text(&self) -> String {
        format!("{:.2} [{:.2} to {:.2}]", self.median, self.min, self.max)
    }
}

/// Named numbers, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers(Vec<(String, f64)>);

impl Numbers {
    pub(crate) fn add(&mut self, name: impl Into<String>, value: f64) {
        self.0.push((name.into(), value));
    }

    /// Counts are small enough for a `f64`; one that were not would be rounded.
    #[expect(clippy::cast_precision_loss, reason = "JSON readers take numbers for f64 anyway")]
    pub(crate) fn count(&mut self, name: impl Into<String>, value: u64) {
        self.add(name, value as f64);
    }

    /// Median, 99th percentile and maximum as `NAME_p50SUFFIX` and so on; nothing without values.
    pub(crate) fn spread(&mut self, name: &str, suffix: &str, sample: &Sample) {
        let figures = [("p50", sample.percentile(50)), ("p99", sample.percentile(99)), ("max", sample.max())];
        for (which, value) in figures {
            if let Some(value) = value {
                self.add(format!("{name}_{which}{suffix}"), value);
            }
        }
    }

    /// A flat object, one number a line.
    pub(crate) fn json(&self) -> String {
        let mut text = String::from("{");
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            // writing to a String cannot fail
            let _ = write!(text, "{comma}\n  \"{name}\": {}", rounded(*value));
        }
        text.push_str("\n}\n");
        text
    }

    /// Writes the object to a file, whose folder is made if need be.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        }
        fs::write(file, self.json()).with_context(|| format!("writing {}", file.display()))
    }
}

/// Three decimals: more would be noise of the clock.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::{Numbers, Sample, Spread};

    #[test]
    fn percentiles_are_values_that_were_there() {
        let mut sample = Sample::default();
        assert_eq!(sample.percentile(50), None);
        (1..=200).rev().for_each(|value| sample.add(f64::from(value)));
        let figures = [1, 50, 99, 100].map(|percent| sample.percentile(percent));
        assert_eq!(figures, [Some(2.0), Some(100.0), Some(198.0), Some(200.0)]);
        assert_eq!(sample.max(), Some(200.0));
    }

    #[test]
    fn a_spread_is_smallest_middle_and_largest() {
        let spread = Spread::of(&[3.0, 1.0, 2.0, 9.0, 4.0]).expect("there are values");
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 3.0, 9.0));
        assert!(Spread::of(&[]).is_err());
    }

    #[test]
    fn numbers_are_a_flat_object() {
        let mut numbers = Numbers::default();
        numbers.count("a.count", 1001);
        let mut sample = Sample::default();
        sample.add(1.5);
        numbers.spread("a.pause_us", "_24b", &sample);
        numbers.spread("a.none", "", &Sample::default());
        assert_eq!(
            numbers.json(),
            "{\n  \"a.count\": 1001,\n  \"a.pause_us_p50_24b\": 1.5,\n  \"a.pause_us_p99_24b\": 1.5,\n  \
             \"a.pause_us_max_24b\": 1.5\n}\n"
        );
    }
}
