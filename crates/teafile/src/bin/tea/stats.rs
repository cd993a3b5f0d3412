//! `tea stats`: figures of each column, in one pass.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::{Value as Json, json};
use teafile::{Field, Reader, TimeScale, Value};

use crate::columns::{Columns, Shown, exact, real};
use crate::output::Output;
use crate::select::Selection;
use crate::table;

#[derive(Debug, Args)]
pub(crate) struct Stats {
    file: PathBuf,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    shown: Shown,
}

/// What is known of a column so far.
#[derive(Debug, Default)]
struct Figures {
    /// Numbers, without those that are none (NaN).
    count: u64,
    not_numbers: u64,
    /// Whole numbers are compared as such: a double does not hold all of them.
    whole: Option<(i128, i128)>,
    real: Option<(f64, f64)>,
    mean: f64,
    /// The sum of the squares of the distances from the mean (Welford).
    squares: f64,
}

impl Figures {
    fn add(&mut self, value: Value<'_>) {
        let whole = match value {
            Value::Int(number) => Some(i128::from(number)),
            Value::UInt(number) => Some(i128::from(number)),
            Value::Float(_) | Value::Double(_) | Value::Bytes(_) => None,
        };
        let Some(number) = value.as_f64().filter(|number| !number.is_nan()) else {
            self.not_numbers += 1;
            return;
        };
        match whole {
            Some(whole) => {
                let (least, greatest) = self.whole.unwrap_or((whole, whole));
                self.whole = Some((least.min(whole), greatest.max(whole)));
            }
            None => {
                let (least, greatest) = self.real.unwrap_or((number, number));
                self.real = Some((least.min(number), greatest.max(number)));
            }
        }
        self.count += 1;
        let distance = number - self.mean;
        self.mean += distance / count_as_f64(self.count);
        self.squares += distance * (number - self.mean);
    }

    /// Of the sample: divided by one less than the count.
    fn deviation(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / count_as_f64(self.count - 1)).sqrt())
    }

    /// The least and the greatest as text.
    fn ends(&self, scale: Option<TimeScale>) -> (String, String) {
        let text = |number: i128| match i64::try_from(number) {
            Ok(number) => exact(Value::Int(number), scale),
            Err(_) => number.to_string(),
        };
        match (self.whole, self.real) {
            (Some((least, greatest)), _) => (text(least), text(greatest)),
            (None, Some((least, greatest))) => (least.to_string(), greatest.to_string()),
            (None, None) => (String::new(), String::new()),
        }
    }

    fn as_json(&self, label: &str, scale: Option<TimeScale>) -> Json {
        let whole = |number: i128| match (i64::try_from(number), u64::try_from(number)) {
            (Ok(number), _) if scale.is_some() => exact(Value::Int(number), scale).into(),
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => Json::Null,
        };
        let (least, greatest) = match (self.whole, self.real) {
            (Some((least, greatest)), _) => (whole(least), whole(greatest)),
            (None, Some((least, greatest))) => (real(least), real(greatest)),
            (None, None) => (Json::Null, Json::Null),
        };
        let is_counted = self.count > 0 && scale.is_none();
        json!({
            "field": label,
            "count": self.count,
            "not_numbers": self.not_numbers,
            "min": least,
            "max": greatest,
            "mean": is_counted.then(|| real(self.mean)),
            "std": self.deviation().filter(|_| is_counted).map(real),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "2^53 items are beyond every disk")]
fn count_as_f64(count: u64) -> f64 {
    count as f64
}

impl Stats {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let mut file = Reader::open(&self.file)?;
        let columns = Columns::new(file.description(), &self.shown)?;
        let scale = file.description().scale().filter(|_| !self.shown.ticks);
        let indices = self.selection.indices(&mut file)?;
        let mut figures: Vec<Figures> = columns.fields().iter().map(|_| Figures::default()).collect();
        file.seek_item(indices.start);
        while file.position() < indices.end
            && let Some(row) = file.read_row()?
        {
            for (figures, field) in figures.iter_mut().zip(columns.fields()) {
                figures.add(row.value(field));
            }
        }
        let items = file.position() - indices.start;
        let of = |field: &Field| scale.filter(|_| field.is_time());
        let all = columns.labels().iter().zip(columns.fields()).zip(&figures);
        if output.json {
            let fields: Vec<Json> =
                all.map(|((label, field), figures)| figures.as_json(label, of(field))).collect();
            output.object(&json!({
                "file": self.file.to_string_lossy(),
                "first_item": indices.start,
                "items": items,
                "fields": fields,
            }))?;
            return Ok(ExitCode::SUCCESS);
        }
        writeln!(output, "{items} items of {}", self.file.display())?;
        let rows: Vec<Vec<String>> =
            all.map(|((label, field), figures)| line(label, figures, of(field))).collect();
        let head = ["field", "count", "not a number", "min", "max", "mean", "std"].map(str::to_owned);
        table::print(&head, &rows, output)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The mean of times is nobody's question.
fn line(label: &str, figures: &Figures, scale: Option<TimeScale>) -> Vec<String> {
    let (least, greatest) = figures.ends(scale);
    let is_counted = figures.count > 0 && scale.is_none();
    let mean = if is_counted { format!("{:.6}", figures.mean) } else { String::new() };
    let deviation = figures.deviation().filter(|_| is_counted).map(|number| format!("{number:.6}"));
    vec![
        label.to_owned(),
        figures.count.to_string(),
        figures.not_numbers.to_string(),
        least,
        greatest,
        mean,
        deviation.unwrap_or_default(),
    ]
}
