//! `tea to-parquet` and `tea to-arrow`: columns with types, without loss.
//!
//! Numbers have the types that they have in the file. Whole times of a scale that Arrow has a unit for are timestamps
//! without a zone, those of others the numbers that they are; what is no number is binary, of a fixed size.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow_array::builder::FixedSizeBinaryBuilder;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch};
use arrow_ipc::writer::FileWriter;
use arrow_schema::Schema;
use clap::Args;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::json;
use teafile::{Field, FieldType, Header, Reader, TimeScale, Value};

use crate::columns::{Columns, Shown};
use crate::fresh;
use crate::output::Output;
use crate::select::Selection;

/// So many rows are in memory at once, or one if it is larger than the bytes.
const BATCH_ROWS: usize = 64 << 10;
const BATCH_BYTES: usize = 64 << 20;

#[derive(Debug, Args)]
pub(crate) struct To {
    file: PathBuf,
    table: PathBuf,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    shown: Shown,
    /// In place of a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    Parquet,
    Arrow,
}

/// What batches go to.
enum Sink {
    Parquet(ArrowWriter<File>),
    Arrow(FileWriter<File>),
}

impl To {
    pub(crate) fn run(&self, format: Format, output: &mut Output) -> Result<ExitCode> {
        let count = fresh::make(&self.table, self.force, |part| self.write(part, format))?;
        if output.json {
            output.object(&json!({ "file": self.table.to_string_lossy(), "rows": count }))?;
        } else {
            writeln!(output, "{count} rows in {}", self.table.display())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn write(&self, to: &Path, format: Format) -> Result<u64> {
        let mut file = Reader::open(&self.file)?;
        let columns = Columns::new(file.description(), &self.shown)?;
        let scale = file.description().scale().filter(|_| !self.shown.ticks);
        let item_size = file.description().item().map_or(1, teafile::ItemDescription::size);
        let rows_max = (BATCH_BYTES / item_size.max(1)).clamp(1, BATCH_ROWS);
        let indices = self.selection.indices(&mut file)?;
        file.seek_item(indices.start);
        // the types of a batch without rows are those of all
        let mut sink = Sink::new(to, format, &batch(&[], item_size, file.header(), &columns, scale)?)?;
        let mut bytes = Vec::with_capacity(rows_max * item_size);
        loop {
            bytes.clear();
            while bytes.len() < rows_max * item_size
                && file.position() < indices.end
                && let Some(row) = file.read_row()?
            {
                bytes.extend_from_slice(row.bytes());
            }
            if bytes.is_empty() {
                break;
            }
            sink.write(&batch(&bytes, item_size, file.header(), &columns, scale)?)?;
        }
        sink.finish()?;
        Ok(file.position() - indices.start)
    }
}

impl Sink {
    fn new(path: &Path, format: Format, empty: &RecordBatch) -> Result<Self> {
        let file = File::create_new(path).with_context(|| path.display().to_string())?;
        Ok(match format {
            Format::Arrow => Self::Arrow(FileWriter::try_new(file, &empty.schema())?),
            Format::Parquet => {
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                Self::Parquet(ArrowWriter::try_new(file, empty.schema(), Some(properties))?)
            }
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Parquet(writer) => writer.write(batch)?,
            Self::Arrow(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::Parquet(writer) => {
                writer.close()?;
            }
            Self::Arrow(mut writer) => writer.finish()?,
        }
        Ok(())
    }
}

/// The columns of items that stand behind each other.
fn batch(
    items: &[u8],
    item_size: usize,
    header: &Header,
    columns: &Columns,
    scale: Option<TimeScale>,
) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (field, label) in columns.fields().iter().zip(columns.labels()) {
        let values = items
            .chunks_exact(item_size)
            .map(|item| header.row(item).map_or(Value::Bytes(&[]), |row| row.value(field)));
        let array = array(field, values, scale.filter(|_| field.is_time()))?;
        fields.push(arrow_schema::Field::new(label, array.data_type().clone(), false));
        arrays.push(array);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

fn array<'a>(
    field: &Field,
    values: impl Iterator<Item = Value<'a>>,
    scale: Option<TimeScale>,
) -> Result<ArrayRef> {
    if field.field_type() == FieldType::Int64 {
        match scale {
            Some(TimeScale::UNIX_SECONDS) => return Ok(whole::<TimestampSecondType>(values)),
            Some(TimeScale::JAVA) => return Ok(whole::<TimestampMillisecondType>(values)),
            Some(TimeScale::UNIX_MICROS) => return Ok(whole::<TimestampMicrosecondType>(values)),
            Some(TimeScale::UNIX_NANOS) => return Ok(whole::<TimestampNanosecondType>(values)),
            _ => {}
        }
    }
    Ok(match field.field_type() {
        FieldType::Int8 => whole::<Int8Type>(values),
        FieldType::Int16 => whole::<Int16Type>(values),
        FieldType::Int32 => whole::<Int32Type>(values),
        FieldType::Int64 => whole::<Int64Type>(values),
        FieldType::UInt8 => whole::<UInt8Type>(values),
        FieldType::UInt16 => whole::<UInt16Type>(values),
        FieldType::UInt32 => whole::<UInt32Type>(values),
        FieldType::UInt64 => whole::<UInt64Type>(values),
        FieldType::Float => {
            let numbers =
                values.map(|value| if let Value::Float(number) = value { number } else { f32::NAN });
            Arc::new(PrimitiveArray::<Float32Type>::from_iter_values(numbers))
        }
        FieldType::Double => {
            let numbers =
                values.map(|value| if let Value::Double(number) = value { number } else { f64::NAN });
            Arc::new(PrimitiveArray::<Float64Type>::from_iter_values(numbers))
        }
        FieldType::NetDecimal | FieldType::Opaque(_) => {
            let mut bytes = FixedSizeBinaryBuilder::new(i32::try_from(field.size())?);
            for value in values {
                bytes.append_value(if let Value::Bytes(value) = value { value } else { &[] })?;
            }
            Arc::new(bytes.finish())
        }
    })
}

/// Whole numbers: each is of the type of its field, so that none is lost on the way.
fn whole<'a, T: ArrowPrimitiveType>(values: impl Iterator<Item = Value<'a>>) -> ArrayRef
where
    T::Native: TryFrom<i128>,
{
    let number = |value| match value {
        Value::Int(number) => i128::from(number),
        Value::UInt(number) => i128::from(number),
        Value::Float(_) | Value::Double(_) | Value::Bytes(_) => 0,
    };
    let numbers = values.map(|value| T::Native::try_from(number(value)).unwrap_or_default());
    Arc::new(PrimitiveArray::<T>::from_iter_values(numbers))
}
