//! What `/v1/metrics` told, and what of it is measured: counters and histograms between two looks.

use anyhow::{Context, Result};

/// The text of one look.
pub(crate) struct Scrape(String);

/// Buckets of a histogram: where each ends, and how many values are in it and in those before it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Histogram(Vec<(f64, f64)>);

impl Scrape {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The value of a series, with its labels as they are written.
    pub(crate) fn value(&self, series: &str) -> Result<f64> {
        let value = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok();
        self.0.lines().find_map(value).with_context(|| format!("/v1/metrics has no {series}"))
    }

    /// The gauges or counters of a name by the value of their only label.
    pub(crate) fn by_label(&self, name: &str) -> Vec<(String, f64)> {
        let series = |line: &str| {
            let (labels, value) = line.strip_prefix(name)?.strip_prefix('{')?.split_once("} ")?;
            Some((labels.split('"').nth(1)?.to_owned(), value.parse().ok()?))
        };
        self.0.lines().filter_map(series).collect()
    }

    /// A histogram whose only label is `part`, or which has none.
    pub(crate) fn histogram(&self, name: &str, part: Option<&str>) -> Result<Histogram> {
        let bucket = |line: &str| {
            let (labels, count) = line.strip_prefix(name)?.strip_prefix("_bucket{")?.split_once("} ")?;
            let is_other = part.is_some_and(|part| !labels.contains(&format!("part=\"{part}\"")));
            let end = labels.split("le=\"").nth(1)?.split('"').next()?;
            let end = if end == "+Inf" { f64::INFINITY } else { end.parse().ok()? };
            (!is_other).then_some((end, count.parse().ok()?))
        };
        let buckets: Vec<_> = self.0.lines().filter_map(bucket).collect();
        if buckets.is_empty() {
            anyhow::bail!("/v1/metrics has no histogram {name} {}", part.unwrap_or_default());
        }
        Ok(Histogram(buckets))
    }
}

impl Histogram {
    /// What came since an earlier look.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let pairs = self.0.iter().zip(&earlier.0);
        Self(pairs.map(|((end, count), (_, before))| (*end, count - before)).collect())
    }

    pub(crate) fn count(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, count)| *count)
    }

    /// As Prometheus does it: values lie evenly in their bucket. `None` without values.
    pub(crate) fn percentile(&self, percent: f64) -> Option<f64> {
        let rank = self.count() * percent / 100.0;
        let at = self.0.iter().position(|(_, count)| *count >= rank && *count > 0.0)?;
        let (begin, below) = at.checked_sub(1).map_or((0.0, 0.0), |before| self.0[before]);
        let (end, count) = self.0[at];
        if end.is_infinite() {
            return Some(begin);
        }
        Some(begin + (end - begin) * (rank - below) / (count - below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# TYPE a_seconds histogram\na_seconds_count{part=\"x\"} 4\n\
        a_seconds_bucket{le=\"0.001\",part=\"x\"} 1\na_seconds_bucket{le=\"0.002\",part=\"x\"} 3\n\
        a_seconds_bucket{le=\"+Inf\",part=\"x\"} 4\na_seconds_bucket{le=\"0.001\",part=\"y\"} 9\n\
        b{part=\"one\"} 0.5\nb{part=\"two\"} 2\nc_total 7\n";

    #[test]
    fn series_are_found() {
        let scrape = Scrape::new(TEXT);
        assert_eq!(scrape.value("c_total").ok(), Some(7.0));
        assert!(scrape.value("c").is_err());
        assert_eq!(scrape.by_label("b"), [("one".to_owned(), 0.5), ("two".to_owned(), 2.0)]);
        let expected = Histogram(vec![(0.001, 1.0), (0.002, 3.0), (f64::INFINITY, 4.0)]);
        assert_eq!(scrape.histogram("a_seconds", Some("x")).ok(), Some(expected));
        assert!(scrape.histogram("a_seconds", Some("z")).is_err());
    }

    #[test]
    fn a_percentile_lies_in_its_bucket() {
        let all = Histogram(vec![(1.0, 0.0), (2.0, 10.0), (4.0, 20.0), (f64::INFINITY, 20.0)]);
        let half = Histogram(vec![(1.0, 0.0), (2.0, 10.0), (4.0, 10.0), (f64::INFINITY, 10.0)]);
        assert_eq!([50.0, 75.0, 100.0].map(|p| all.percentile(p)), [Some(2.0), Some(3.0), Some(4.0)]);
        assert_eq!(all.since(&half).percentile(50.0), Some(3.0));
        assert_eq!(all.since(&all).percentile(50.0), None);
        assert_eq!(Histogram(vec![(1.0, 0.0), (f64::INFINITY, 2.0)]).percentile(50.0), Some(1.0));
    }
}
