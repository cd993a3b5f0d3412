//! `tea cp`: a file again, in another byte order, with another time scale, or in part.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::json;
use teafile::{
    ByteOrder, CreateOptions, Description, Field, FieldType, ItemDescription, Reader, Row, TimeScale, Value,
    Writer,
};

use crate::columns::{Columns, Shown};
use crate::fresh;
use crate::output::Output;
use crate::select::Selection;
use crate::times;

#[derive(Debug, Args)]
pub(crate) struct Cp {
    file: PathBuf,
    copy: PathBuf,
    #[command(flatten)]
    selection: Selection,
    /// These fields only, in this order, laid out anew
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    fields: Vec<String>,
    /// The byte order of the copy; otherwise that of the file
    #[arg(long, value_enum)]
    endian: Option<Endian>,
    /// How the copy counts times: java, net, s, ms, us, ns, or DAYS:TICKS_PER_DAY
    #[arg(long, value_parser = times::scale)]
    scale: Option<TimeScale>,
    /// Times that the scale cannot express become the tick before them
    #[arg(long)]
    round: bool,
    /// So many bytes of room before the items, for edits of the header
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    header_room: u64,
    /// In place of a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Endian {
    Little,
    Big,
    /// That of this machine
    Native,
}

impl Cp {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let mut file = Reader::open(&self.file)?;
        let shown = Shown { fields: self.fields.clone(), ticks: true };
        let columns = Columns::new(file.description(), &shown)?;
        let from = file.header().byte_order();
        let order = match self.endian {
            None => from,
            Some(Endian::Little) => ByteOrder::Little,
            Some(Endian::Big) => ByteOrder::Big,
            Some(Endian::Native) => ByteOrder::NATIVE,
        };
        if order != from
            && let Some(field) = columns.fields().iter().find(|field| !field.field_type().is_number())
        {
            bail!(
                "{}: field '{}' is no number, so its bytes cannot be turned round (expected --fields without it)",
                self.file.display(),
                field.name()
            );
        }
        let description = self.description(file.description(), &columns)?;
        let scales = Scales::new(file.description(), description.scale(), self.round);
        let is_same = order == from && self.fields.is_empty() && scales.is_same();
        let indices = self.selection.indices(&mut file)?;
        let count = fresh::make(&self.copy, self.force, |part| {
            let mut writer = CreateOptions::default()
                .byte_order(order)
                .header_room(self.header_room)
                .create(part, &description)?;
            file.seek_item(indices.start);
            loop {
                let index = file.position();
                if index >= indices.end {
                    break;
                }
                let Some(row) = file.read_row()? else { break };
                let written = if is_same {
                    writer.write_bytes(row.bytes()).map_err(Into::into)
                } else {
                    write(&row, columns.fields(), scales, &mut writer)
                };
                written.with_context(|| format!("{}: item {index}", self.file.display()))?;
            }
            writer.sync()?;
            writer.close()?;
            Ok(file.position() - indices.start)
        })?;
        if output.json {
            output.object(&json!({ "file": self.copy.to_string_lossy(), "items": count }))?;
        } else {
            writeln!(output, "{count} items in {}", self.copy.display())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn description(&self, of: &Description, columns: &Columns) -> Result<Description> {
        let description = if self.fields.is_empty() { of.clone() } else { part(of, columns.fields(), None)? };
        Ok(match self.scale {
            Some(scale) => description.time_scale(scale),
            None => description,
        })
    }
}

fn write(row: &Row<'_>, fields: &[Field], scales: Scales, writer: &mut Writer) -> Result<()> {
    let values = fields.iter().map(|field| scales.value(row, field)).collect::<Result<Vec<_>>>()?;
    Ok(writer.write(&values)?)
}

/// The same file with these fields only, and perhaps one more of 4 bytes, its texts and sections kept.
pub(crate) fn part(of: &Description, fields: &[Field], more: Option<&str>) -> Result<Description> {
    let mut item = ItemDescription::builder(of.item().map_or("Item", ItemDescription::name));
    for field in fields {
        item = match field.field_type() {
            FieldType::Opaque(code) => item.opaque(field.name(), code, field.size()),
            known => item.field(field.name(), known),
        };
    }
    if let Some(name) = more {
        item = item.field(name, FieldType::UInt32);
    }
    let mut description =
        Description::of_items(item.build()?).content(of.content_description().unwrap_or_default());
    for (name, value) in of.name_values().iter() {
        description = description.name_value(name, value.clone());
    }
    for section in of.custom_sections() {
        description = description.custom_section(section.id, section.bytes.clone())?;
    }
    let Some(scale) = of.scale() else { return Ok(description.without_time()) };
    // the event time first, whatever the order of the fields
    let mut times: Vec<&Field> = fields.iter().filter(|field| field.is_time()).collect();
    times.sort_by_key(|field| !field.is_event_time());
    let names: Vec<&str> = times.into_iter().map(Field::name).collect();
    Ok(description.time_scale(scale).time_fields(&names)?)
}

/// From one time scale to another; none where there are no times.
#[derive(Clone, Copy)]
pub(crate) struct Scales {
    change: Option<(TimeScale, TimeScale)>,
    rounds: bool,
}

impl Scales {
    pub(crate) fn new(from: &Description, to: Option<TimeScale>, rounds: bool) -> Self {
        Self { change: from.scale().zip(to).filter(|(from, to)| from != to), rounds }
    }

    fn is_same(self) -> bool {
        self.change.is_none()
    }

    /// The value of a field, a time by the other scale.
    pub(crate) fn value<'a>(self, row: &Row<'a>, field: &Field) -> Result<Value<'a>> {
        let value = row.value(field);
        let Some((from, to)) = self.change.filter(|_| field.is_time()) else { return Ok(value) };
        let ticks = match value {
            Value::Int(_) | Value::UInt(_) => value.as_i64(),
            Value::Float(_) | Value::Double(_) | Value::Bytes(_) => None,
        };
        let expected = "expected whole ticks that fit both scales";
        let Some((ticks, other)) = ticks.and_then(|ticks| Some((ticks, from.convert(ticks, to)?))) else {
            bail!("time '{}' cannot be counted by the other scale ({expected})", field.name());
        };
        if !self.rounds && to.convert(other, from) != Some(ticks) {
            bail!(
                "time '{}' is {}, which the other scale cannot express ({expected}, or --round)",
                field.name(),
                from.text(ticks)
            );
        }
        Ok(Value::Int(other))
    }
}
