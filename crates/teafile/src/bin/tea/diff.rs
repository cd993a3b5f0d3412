//! `tea diff`: whether two files say and hold the same.
//!
//! What is compared is what they mean: byte order, padding and room in the header are nobody's difference, and times of
//! different scales are compared as moments.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::{Value as Json, json};
use teafile::{Description, Reader, Row, TimeScale, Value};

use crate::columns::{Columns, Shown, exact};
use crate::output::Output;
use crate::times;

#[derive(Debug, Args)]
pub(crate) struct Diff {
    one: PathBuf,
    other: PathBuf,
}

/// A place where both have another value.
struct Difference {
    what: String,
    one: String,
    other: String,
}

/// Both files, and how their values are read.
struct Pair {
    files: (Reader, Reader),
    columns: (Columns, Columns),
    scales: (Option<TimeScale>, Option<TimeScale>),
}

impl Diff {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let files = (Reader::open(&self.one)?, Reader::open(&self.other)?);
        let shown = Shown::default();
        let mut differences = descriptions(files.0.description(), files.1.description());
        let has_same_fields = differences.iter().all(|difference| difference.what != "fields");
        let mut items = 0;
        if has_same_fields && files.0.description().item().is_some() {
            let columns =
                (Columns::new(files.0.description(), &shown)?, Columns::new(files.1.description(), &shown)?);
            let scales = (files.0.description().scale(), files.1.description().scale());
            let first;
            (items, first) = Pair { files, columns, scales }.compare()?;
            differences.extend(first);
        }
        let is_same = differences.is_empty();
        if output.json {
            let listed: Vec<Json> = differences
                .iter()
                .map(|found| json!({ "what": found.what, "one": found.one, "other": found.other }))
                .collect();
            output.object(&json!({ "same": is_same, "differences": listed, "items_that_differ": items }))?;
        } else {
            for Difference { what, one, other } in &differences {
                writeln!(output, "{what}: {one} | {other}")?;
            }
            if items > 1 {
                writeln!(output, "{items} items differ")?;
            }
        }
        Ok(ExitCode::from(u8::from(!is_same)))
    }
}

/// What they say about themselves.
fn descriptions(one: &Description, other: &Description) -> Vec<Difference> {
    let fields = |of: &Description| {
        let texts: Vec<String> = of
            .fields()
            .iter()
            .map(|field| {
                let role = if field.is_event_time() {
                    " event time"
                } else if field.is_time() {
                    " time"
                } else {
                    ""
                };
                format!("{} {}{role}", field.name(), field.field_type())
            })
            .collect();
        texts.join(", ")
    };
    let name = |of: &Description| of.item().map_or(String::new(), |item| item.name().to_owned());
    let scale = |of: &Description| of.scale().map_or("none".to_owned(), times::scale_name);
    let content = |of: &Description| of.content_description().unwrap_or_default().to_owned();
    let name_values = |of: &Description| of.name_values().to_string();
    let sections = |of: &Description| format!("{:?}", of.custom_sections());
    let both = [
        ("fields", fields(one), fields(other)),
        ("item name", name(one), name(other)),
        ("time scale", scale(one), scale(other)),
        ("content", content(one), content(other)),
        ("name-values", name_values(one), name_values(other)),
        ("own sections", sections(one), sections(other)),
    ];
    let differing = both.into_iter().filter(|(_, one, other)| one != other);
    differing.map(|(what, one, other)| Difference { what: what.to_owned(), one, other }).collect()
}

impl Pair {
    /// How many items differ, those that only one has among them, and the first of them.
    fn compare(mut self) -> Result<(u64, Option<Difference>)> {
        let counts = (self.files.0.item_count()?, self.files.1.item_count()?);
        let (mut items, mut first) = (0, None);
        for index in 0..counts.0.min(counts.1) {
            let (one, other) = (self.files.0.row(index)?, self.files.1.row(index)?);
            let found = difference(index, (&one, &other), &self.columns, self.scales);
            items += u64::from(found.is_some());
            first = first.or(found);
        }
        if counts.0 != counts.1 {
            items += counts.0.abs_diff(counts.1);
            let (one, other) = (counts.0.to_string(), counts.1.to_string());
            first = first.or(Some(Difference { what: "items".to_owned(), one, other }));
        }
        Ok((items, first))
    }
}

fn difference(
    index: u64,
    rows: (&Row<'_>, &Row<'_>),
    columns: &(Columns, Columns),
    scales: (Option<TimeScale>, Option<TimeScale>),
) -> Option<Difference> {
    let fields = columns.0.fields().iter().zip(columns.1.fields()).zip(columns.0.labels());
    fields.into_iter().find_map(|((field, in_other), label)| {
        let (one, other) = (rows.0.value(field), rows.1.value(in_other));
        let of_times = (scales.0.filter(|_| field.is_time()), scales.1.filter(|_| field.is_time()));
        let is_same = match of_times {
            (Some(scale), Some(second)) if scale != second => {
                other.as_i64().and_then(|ticks| second.convert(ticks, scale)) == one.as_i64()
            }
            _ => same(one, other),
        };
        (!is_same).then(|| Difference {
            what: format!("item {index}, {label}"),
            one: exact(one, of_times.0),
            other: exact(other, of_times.1),
        })
    })
}

/// Bit by bit: a NaN is the same as itself, and the zeros differ.
fn same(one: Value<'_>, other: Value<'_>) -> bool {
    match (one, other) {
        (Value::Double(one), Value::Double(other)) => one.to_bits() == other.to_bits(),
        (Value::Float(one), Value::Float(other)) => one.to_bits() == other.to_bits(),
        _ => one == other,
    }
}
