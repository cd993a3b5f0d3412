//! The fields that a command shows, and their values as text and as JSON.

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Map, Number, Value as Json};
use teafile::{Description, Field, Row, TimeScale, Value};

use crate::times;

/// Options that choose fields.
#[derive(Debug, Default, Args)]
pub(crate) struct Shown {
    /// These fields only, in this order
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
    /// Times as ticks of the file's scale
    #[arg(long)]
    pub(crate) ticks: bool,
}

/// Some fields of a file.
#[derive(Debug)]
pub(crate) struct Columns {
    fields: Vec<Field>,
    labels: Vec<String>,
    /// None where times are wanted as ticks.
    scale: Option<TimeScale>,
    /// Those of the file, if they are as many as people read.
    decimals: Option<usize>,
}

/// More digits than these belong to numbers that are shown with an exponent.
const ALIGNED_BELOW: f64 = 1e15;
const DECIMALS_ALIGNED_MAX: usize = 12;

impl Columns {
    pub(crate) fn new(description: &Description, shown: &Shown) -> Result<Self> {
        let item = description.item().context("the file has no item section, so it has no items either")?;
        let fields = if shown.fields.is_empty() {
            item.fields().to_vec()
        } else {
            shown.fields.iter().map(|name| field(description, name)).collect::<Result<_>>()?
        };
        let scale = description.scale().filter(|_| !shown.ticks);
        let decimals = description.decimals().and_then(|decimals| usize::try_from(decimals).ok());
        let decimals = decimals.filter(|decimals| *decimals <= DECIMALS_ALIGNED_MAX);
        Ok(Self { labels: labels(&fields), fields, scale, decimals })
    }

    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Their names, made different where they repeat.
    pub(crate) fn labels(&self) -> &[String] {
        &self.labels
    }

    /// For people: numbers rounded to the decimals of the file, times as the original API shows them.
    pub(crate) fn shown(&self, row: &Row<'_>) -> Vec<String> {
        let text = |field: &Field| match (self.scale, self.decimals, row.value(field)) {
            (None, _, value) if field.is_time() => exact(value, None),
            // all with as many digits, so that points stand below each other
            (_, Some(decimals), value @ (Value::Float(_) | Value::Double(_))) if !field.is_time() => {
                match value.as_f64().filter(|number| number.abs() < ALIGNED_BELOW) {
                    Some(number) => format!("{number:.decimals$}"),
                    None => row.value_string(field),
                }
            }
            _ => row.value_string(field),
        };
        self.fields.iter().map(text).collect()
    }

    /// For programs: what reads as the same value again.
    pub(crate) fn exact<'a>(&'a self, row: &'a Row<'_>) -> impl Iterator<Item = String> + 'a {
        self.fields.iter().map(|field| exact(row.value(field), self.scale.filter(|_| field.is_time())))
    }

    /// An object; what JSON has no number for is a text.
    pub(crate) fn json(&self, row: &Row<'_>) -> Json {
        let pairs = self.labels.iter().zip(&self.fields).map(|(label, field)| {
            let scale = self.scale.filter(|_| field.is_time());
            (label.clone(), json(row.value(field), scale))
        });
        Json::Object(pairs.collect::<Map<_, _>>())
    }
}

/// The field of that name; the second of several is called `NAME.2`.
pub(crate) fn field(description: &Description, name: &str) -> Result<Field> {
    let fields = description.fields();
    let found = labels(fields).iter().position(|label| label == name).and_then(|index| fields.get(index));
    found.cloned().with_context(|| {
        format!("there is no field '{name}' (expected one of {})", labels(fields).join(", "))
    })
}

fn labels(fields: &[Field]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::with_capacity(fields.len());
    for field in fields {
        let mut label = field.name().to_owned();
        let mut number = 2_u32;
        while labels.contains(&label) {
            label = format!("{}.{number}", field.name());
            number += 1;
        }
        labels.push(label);
    }
    labels
}

/// A value as the shortest text that reads as the same value.
pub(crate) fn exact(value: Value<'_>, scale: Option<TimeScale>) -> String {
    if let (Some(scale), Value::Int(_) | Value::UInt(_)) = (scale, value)
        && let Some(ticks) = value.as_i64()
    {
        return times::exact_text(scale, ticks);
    }
    match value {
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bytes(bytes) => bytes.iter().fold("x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
    }
}

pub(crate) fn json(value: Value<'_>, scale: Option<TimeScale>) -> Json {
    match value {
        Value::Int(_) | Value::UInt(_) if scale.is_some() => exact(value, scale).into(),
        Value::Int(number) => number.into(),
        Value::UInt(number) => number.into(),
        Value::Double(number) => real(number),
        // the text of a float is shorter than that of the double that it is
        Value::Float(number) => number.to_string().parse().map_or_else(|_| Json::Null, real),
        Value::Bytes(_) => exact(value, None).into(),
    }
}

/// A number, or its name if JSON has none for it.
pub(crate) fn real(number: f64) -> Json {
    Number::from_f64(number).map_or_else(|| number.to_string().into(), Json::Number)
}
