//! `tea info`: what a file says about itself.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Map, Value as Json, json};
use teafile::{Description, NamedValue, Reader, Strictness};

use crate::columns::real;
use crate::output::Output;
use crate::times;

#[derive(Debug, Args)]
pub(crate) struct Info {
    file: PathBuf,
}

/// What the header leaves open.
struct Facts {
    bytes: u64,
    items: Option<u64>,
    partial_tail_bytes: u64,
    /// The first and the last event time.
    times: Option<(i64, i64)>,
}

impl Info {
    /// A header of which only optional parts are bad is shown, with what is bad.
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let mut file = Reader::open_as(&self.file, Strictness::Lenient)?;
        let facts = Facts::of(&mut file)?;
        if output.json {
            output.object(&as_json(&file, &facts))?;
            return Ok(ExitCode::SUCCESS);
        }
        if facts.items.is_some() {
            writeln!(output, "{}", file.snapshot()?)?;
        } else {
            writeln!(output, "{}\n", file.description())?;
        }
        let header = file.header();
        writeln!(output, "File")?;
        writeln!(output, "Bytes:         {}, {}-endian", facts.bytes, header.byte_order().name())?;
        let end = match header.item_end() {
            Some(end) => format!("byte {end}, {} bytes of room behind it", facts.bytes.saturating_sub(end)),
            None => "the end of the file".to_owned(),
        };
        writeln!(output, "Items:         from byte {} to {end}", header.item_start())?;
        if let (Some((first, last)), Some(scale)) = (facts.times, file.description().scale()) {
            writeln!(output, "Times:         {} to {}", scale.text(first), scale.text(last))?;
        }
        if facts.partial_tail_bytes > 0 {
            writeln!(output, "Torn:          {} bytes of an item at the end", facts.partial_tail_bytes)?;
        }
        for warning in header.warnings() {
            writeln!(output, "Warning:       {warning}")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Facts {
    fn of(file: &mut Reader) -> Result<Self> {
        let asked = std::fs::metadata(file.path()).with_context(|| file.path().display().to_string());
        let bytes = asked?.len();
        if file.description().item().is_none() {
            return Ok(Self { bytes, items: None, partial_tail_bytes: 0, times: None });
        }
        let count = file.item_count()?;
        let mut times = None;
        if count > 0
            && let Some(first) = file.row(0)?.event_time()
            && let Some(last) = file.row(count - 1)?.event_time()
        {
            times = Some((first, last));
        }
        Ok(Self { bytes, items: Some(count), partial_tail_bytes: file.partial_tail_bytes()?, times })
    }
}

fn as_json(file: &Reader, facts: &Facts) -> Json {
    let (header, description) = (file.header(), file.description());
    let fields: Vec<Json> = description
        .fields()
        .iter()
        .map(|field| {
            json!({
                "name": field.name(),
                "type": field.field_type().name(),
                "code": field.field_type().code(),
                "offset": field.offset(),
                "size": field.size(),
                "is_time": field.is_time(),
                "is_event_time": field.is_event_time(),
            })
        })
        .collect();
    let item =
        description.item().map(|item| json!({ "name": item.name(), "size": item.size(), "fields": fields }));
    let scale = description.scale().map(|scale| {
        json!({
            "name": times::scale_name(scale),
            "epoch": scale.epoch(),
            "ticks_per_day": scale.ticks_per_day(),
        })
    });
    let time = |ticks: i64| description.scale().map(|scale| times::exact_text(scale, ticks));
    json!({
        "file": file.path().to_string_lossy(),
        "bytes": facts.bytes,
        "byte_order": header.byte_order().name(),
        "item_start": header.item_start(),
        "item_end": header.item_end(),
        "items": facts.items,
        "partial_tail_bytes": facts.partial_tail_bytes,
        "item": item,
        "content": description.content_description(),
        "name_values": name_values(description),
        "time_scale": scale,
        "first_time": facts.times.and_then(|(first, _)| time(first)),
        "last_time": facts.times.and_then(|(_, last)| time(last)),
        "warnings": header.warnings().iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// A list, because names may repeat.
pub(crate) fn name_values(description: &Description) -> Vec<Json> {
    let pair = |(name, value): (&str, &NamedValue)| {
        let value = match value {
            NamedValue::Int32(number) => (*number).into(),
            NamedValue::UInt64(number) => (*number).into(),
            NamedValue::Double(number) => real(*number),
            NamedValue::Text(text) => text.clone().into(),
            other @ NamedValue::Uuid(_) => other.to_string().into(),
        };
        Json::Object(Map::from_iter([("name".to_owned(), name.into()), ("value".to_owned(), value)]))
    };
    description.name_values().iter().map(pair).collect()
}
