//! One scrape: values for the metrics of the catalog, in the text of a format.
//!
//! OpenMetrics is written by prometheus-client. The older text format, which `promtool check metrics` and old scrapers
//! read, is made of it line by line: the two differ in names of counters and facts, and in comments.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, text::encode},
    metrics::exemplar::Exemplar,
    registry::Registry,
};

use super::{
    catalog::{ALL, Kind, Metric, Unit},
    counter::Durations,
};

/// Series of one metric: labels come from names in the configuration, whose number is bounded too. Further ones are left
/// out.
const SERIES_MAX: usize = 10_000;

/// The formats that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format of Prometheus, 0.0.4.
    Prometheus,
}

impl Format {
    /// Its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// What is wanted by a header `accept`: OpenMetrics, unless only plain text is accepted.
    pub(crate) fn of(accept: Option<&str>) -> Self {
        let accept = accept.unwrap_or_default();
        if accept.contains("text/plain") && !accept.contains("application/openmetrics-text") {
            Self::Prometheus
        } else {
            Self::OpenMetrics
        }
    }
}

/// Labels with their values, in the order of the definition.
type Labels = Vec<(&'static str, String)>;

#[derive(Clone, Debug)]
enum Value {
    Counter(f64),
    Gauge(f64),
    Durations { sum: f64, count: u64, buckets: Vec<(f64, u64)> },
    Info,
}

/// The values of one scrape.
#[derive(Debug, Default)]
pub struct Page {
    samples: Vec<(&'static Metric, Labels, Value)>,
}

impl Page {
    pub(super) fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        self.add(metric, labels, Value::Counter(number(value)));
    }

    pub(super) fn seconds(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.add(metric, labels, Value::Counter(value));
    }

    pub(super) fn gauge(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.add(metric, labels, Value::Gauge(value));
    }

    pub(super) fn count(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        self.gauge(metric, labels, number(value));
    }

    pub(super) fn durations(&mut self, metric: &'static Metric, labels: &[&str], durations: &Durations) {
        let (sum, count, buckets) = durations.read();
        self.add(metric, labels, Value::Durations { sum, count, buckets });
    }

    pub(super) fn info(&mut self, metric: &'static Metric, labels: &[&str]) {
        self.add(metric, labels, Value::Info);
    }

    fn add(&mut self, metric: &'static Metric, labels: &[&str], value: Value) {
        assert_eq!(metric.labels.len(), labels.len(), "{}: labels as in the catalog", metric.name);
        let labels = metric.labels.iter().zip(labels).map(|(name, value)| (*name, (*value).to_owned()));
        self.samples.push((metric, labels.collect(), value));
    }

    /// The text.
    pub(crate) fn text(self, format: Format) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(match format {
            Format::OpenMetrics => text,
            Format::Prometheus => as_prometheus(&text),
        })
    }
}

impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for metric in ALL {
            let mut samples =
                self.samples.iter().filter(|(of, ..)| std::ptr::eq(*of, *metric)).take(SERIES_MAX).peekable();
            if samples.peek().is_none() {
                continue;
            }
            let kind = metric.kind.of_format();
            let unit = metric.unit.map(Unit::of_format);
            let mut family = encoder.encode_descriptor(metric.name, metric.help, unit.as_ref(), kind)?;
            for (_, labels, value) in samples {
                write_sample(&mut family, labels, value)?;
            }
        }
        Ok(())
    }
}

fn write_sample(family: &mut MetricEncoder<'_>, labels: &Labels, value: &Value) -> Result<(), fmt::Error> {
    match value {
        Value::Info => family.encode_info(labels),
        // labels that are none would be written as empty braces
        _ if labels.is_empty() => write_value(family, value),
        _ => write_value(&mut family.encode_family(labels)?, value),
    }
}

fn write_value(sample: &mut MetricEncoder<'_>, value: &Value) -> Result<(), fmt::Error> {
    let no_exemplar: Option<&Exemplar<Labels, f64>> = None;
    match value {
        Value::Counter(value) => sample.encode_counter(value, no_exemplar),
        Value::Gauge(value) => sample.encode_gauge(value),
        Value::Durations { sum, count, buckets } => {
            sample.encode_histogram::<Labels>(*sum, *count, buckets, None)
        }
        Value::Info => Ok(()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the format has floats; exact up to 2^53")]
fn number(value: u64) -> f64 {
    value as f64
}

/// The older format: names of families with their suffixes, facts as gauges, no units, no end.
fn as_prometheus(text: &str) -> String {
    let mut older = String::with_capacity(text.len());
    for line in text.lines() {
        if line.starts_with("# UNIT ") || line == "# EOF" {
            continue;
        }
        let comment =
            ["# HELP ", "# TYPE "].into_iter().find_map(|start| Some((start, line.strip_prefix(start)?)));
        match comment.and_then(|(start, rest)| Some((start, rest.split_once(' ')?))) {
            Some((start, (family, rest))) => {
                let kind = ALL.iter().find(|metric| metric.family() == family).map(|metric| metric.kind);
                let suffix = kind.map_or("", Kind::suffix);
                let rest = if start == "# TYPE " && rest == "info" { "gauge" } else { rest };
                older.push_str(&format!("{start}{family}{suffix} {rest}\n"));
            }
            None => {
                older.push_str(line);
                older.push('\n');
            }
        }
    }
    older
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::{
        super::catalog::{BUILD, COMMANDS, DENIALS, EQUITY, PROCESS_CPU},
        *,
    };

    fn page() -> Page {
        let mut page = Page::default();
        page.gauge(&EQUITY, &[], 1.5);
        page.info(&BUILD, &["1.0", "v1"]);
        page.counter(&DENIALS, &["off_tick"], 3);
        page.counter(&DENIALS, &["a \"b\"\\\n"], 1);
        page.seconds(&PROCESS_CPU, &[], 0.25);
        page
    }

    #[test]
    fn values_are_told_in_the_order_of_the_catalog() {
        expect![[r#"
            # HELP stratd_build The version of the daemon and of its control protocol
            # TYPE stratd_build info
            stratd_build_info{version="1.0",api="v1"} 1
            # HELP stratd_denials Orders and changes that risk denied
            # TYPE stratd_denials counter
            stratd_denials_total{reason="off_tick"} 3.0
            stratd_denials_total{reason="a \"b\"\\\n"} 1.0
            # HELP stratd_equity Equity, in the currency of the run
            # TYPE stratd_equity gauge
            stratd_equity 1.5
            # HELP process_cpu_seconds User and system time of the daemon
            # TYPE process_cpu_seconds counter
            # UNIT process_cpu_seconds seconds
            process_cpu_seconds_total 0.25
            # EOF
        "#]]
        .assert_eq(&page().text(Format::OpenMetrics).unwrap());
    }

    #[test]
    fn the_older_format_has_the_names_of_samples_in_its_comments() {
        expect![[r#"
            # HELP stratd_build_info The version of the daemon and of its control protocol
            # TYPE stratd_build_info gauge
            stratd_build_info{version="1.0",api="v1"} 1
            # HELP stratd_denials_total Orders and changes that risk denied
            # TYPE stratd_denials_total counter
            stratd_denials_total{reason="off_tick"} 3.0
            stratd_denials_total{reason="a \"b\"\\\n"} 1.0
            # HELP stratd_equity Equity, in the currency of the run
            # TYPE stratd_equity gauge
            stratd_equity 1.5
            # HELP process_cpu_seconds_total User and system time of the daemon
            # TYPE process_cpu_seconds_total counter
            process_cpu_seconds_total 0.25
        "#]]
        .assert_eq(&page().text(Format::Prometheus).unwrap());
    }

    #[test]
    fn buckets_add_up() {
        let durations = Durations::default();
        durations.bump(1_000);
        durations.bump(20_000_000_000);
        let mut page = Page::default();
        page.durations(&COMMANDS, &[], &durations);
        let text = page.text(Format::OpenMetrics).unwrap();
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines[..2], ["stratd_command_seconds_sum 20.000001", "stratd_command_seconds_count 2"]);
        assert_eq!(lines[2], "stratd_command_seconds_bucket{le=\"0.000001\"} 1", "{text}");
        assert_eq!(lines.last(), Some(&"stratd_command_seconds_bucket{le=\"+Inf\"} 2"), "{text}");
    }

    #[test]
    fn plain_text_is_the_older_format() {
        for (accept, format) in [
            (None, Format::OpenMetrics),
            (Some("*/*"), Format::OpenMetrics),
            (Some("text/plain;version=0.0.4;q=0.5,*/*;q=0.1"), Format::Prometheus),
            (Some("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"), Format::OpenMetrics),
        ] {
            assert_eq!(Format::of(accept), format, "{accept:?}");
        }
    }
}
