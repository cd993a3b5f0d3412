//! `tea from-parquet`: columns of a Parquet file as fields.
//!
//! Numbers keep their types, truth values are u8, bytes of a fixed size stay what they are. Timestamps and dates are
//! times of the file's scale: that of `--scale`, or else the finest among them; what it cannot express is refused. Whole
//! numbers of 64 bits are times, as ticks, in a column that is called so or that `--time` names. What has no type in a
//! TeaFile is left out, and told. Rows are read in batches, so the memory is that of some pages of the Parquet file.

use std::collections::BTreeSet;
use std::fs::File;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Schema, TimeUnit};
use clap::Args;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use teafile::{FieldType, TimeScale, Value, Writer};

use crate::csv_cells::Kind;
use crate::new_file::{Column, LeftOut, NewFile, Order, Written};
use crate::output::Output;

/// So many rows are in memory at once.
const BATCH_ROWS: usize = 8 << 10;
/// Names of columns whose whole numbers are ticks.
const TIME_NAMES: [&str; 2] = ["time", "timestamp"];
/// The day of 1970-01-01 since 0001-01-01.
const EPOCH_1970: i64 = 719_162;

#[derive(Debug, Args)]
pub(crate) struct FromParquet {
    /// The Parquet file
    table: PathBuf,
    /// The file to make
    file: PathBuf,
    /// These columns only, in this order
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    fields: Vec<String>,
    /// Stands where a column has no value; otherwise such a row is refused
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    null: Option<String>,
    /// What happens if the event time goes backwards
    #[arg(long, value_enum, default_value_t = Order::Refuse)]
    time_order: Order,
    #[command(flatten)]
    made: NewFile,
}

/// A column that is wanted, and how its times are counted where they are none of the file's.
struct Wanted {
    column: Column,
    /// Its place among those of the table.
    place: usize,
    scale: Option<TimeScale>,
}

impl FromParquet {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let name = || self.table.display().to_string();
        let file = File::open(&self.table).with_context(name)?;
        let builder = contained(|| Ok(ParquetRecordBatchReaderBuilder::try_new(file)?)).with_context(name)?;
        let (wanted, left_out) = self.columns(builder.schema())?;
        let columns: Vec<Column> = wanted.iter().map(|wanted| wanted.column.clone()).collect();
        if columns.is_empty() {
            bail!("{}: no column has numbers or times (expected one at least)", self.table.display());
        }
        let finest =
            wanted.iter().filter_map(|wanted| wanted.scale).max_by_key(|scale| scale.ticks_per_day());
        // days alone are milliseconds: few programs know a scale of days
        let finest = finest.filter(|scale| scale.ticks_per_day() > 1);
        let scale = self.made.scale.or(finest).unwrap_or(TimeScale::JAVA);
        // batches have the columns that are asked for, in the order of the table
        let mask = ProjectionMask::roots(builder.parquet_schema(), wanted.iter().map(|wanted| wanted.place));
        let builder = builder.with_projection(mask).with_batch_size(BATCH_ROWS);
        let rows = contained(|| Ok(builder.build()?)).with_context(name)?;
        let made = self.made.make(&self.file, &columns, scale, self.time_order, |writer| {
            self.write(rows, &wanted, scale, writer)
        })?;
        made.tell(output, &columns, &left_out)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The columns that become fields, and the names of those that do not.
    fn columns(&self, schema: &Schema) -> Result<(Vec<Wanted>, Vec<LeftOut>)> {
        let (mut wanted, mut left_out) = (Vec::new(), Vec::new());
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let asked: Vec<usize> = if self.fields.is_empty() {
            (0..names.len()).collect()
        } else {
            self.fields.iter().map(|name| self.place(&names, name)).collect::<Result<_>>()?
        };
        for place in asked {
            let field = schema.field(place);
            match self.kind(field.name(), field.data_type()) {
                Some((kind, scale)) => {
                    wanted.push(Wanted { column: Column::new(field.name(), kind), place, scale });
                }
                None if self.fields.is_empty() => left_out.push(LeftOut {
                    name: field.name().clone(),
                    because: format!("it is {}", field.data_type()),
                }),
                None => bail!(
                    "{}: column '{}' is {} (expected numbers, timestamps, dates, truth values, or bytes of a fixed size)",
                    self.table.display(),
                    field.name(),
                    field.data_type()
                ),
            }
        }
        Ok((wanted, left_out))
    }

    fn place(&self, names: &[&str], name: &str) -> Result<usize> {
        names.iter().position(|known| *known == name).with_context(|| {
            let (table, known) = (self.table.display(), names.join(", "));
            format!("{table}: there is no column '{name}' (expected one of {known})")
        })
    }

    /// What a column becomes, and how it counts times if it says so.
    fn kind(&self, name: &str, found: &DataType) -> Option<(Kind, Option<TimeScale>)> {
        let number = |kind| Some((Kind::Number(kind), None));
        let is_named = TIME_NAMES.iter().any(|known| name.eq_ignore_ascii_case(known));
        match found {
            DataType::Int64 if is_named || self.made.time.as_deref() == Some(name) => {
                Some((Kind::Time, None))
            }
            DataType::Int8 => number(FieldType::Int8),
            DataType::Int16 => number(FieldType::Int16),
            DataType::Int32 => number(FieldType::Int32),
            DataType::Int64 => number(FieldType::Int64),
            DataType::UInt8 | DataType::Boolean => number(FieldType::UInt8),
            DataType::UInt16 => number(FieldType::UInt16),
            DataType::UInt32 => number(FieldType::UInt32),
            DataType::UInt64 => number(FieldType::UInt64),
            DataType::Float32 => number(FieldType::Float),
            DataType::Float64 => number(FieldType::Double),
            DataType::Timestamp(unit, _) => Some((Kind::Time, Some(scale_of(*unit)))),
            DataType::Date32 => Some((Kind::Time, TimeScale::new(EPOCH_1970, 1).ok())),
            DataType::Date64 => Some((Kind::Time, Some(TimeScale::JAVA))),
            DataType::FixedSizeBinary(size) => {
                let size = u32::try_from(*size).ok().filter(|size| *size > 0)?;
                Some((Kind::Bytes(size), None))
            }
            _ => None,
        }
    }

    fn write(
        &self,
        mut batches: ParquetRecordBatchReader,
        wanted: &[Wanted],
        scale: TimeScale,
        mut writer: Writer,
    ) -> Result<Written> {
        let mut before = 0;
        let mut next = || contained(|| Ok(batches.next().transpose()?));
        while let Some(batch) =
            next().with_context(|| format!("{} from row {before} on", self.table.display()))?
        {
            let cells = self.cells(&batch, wanted, scale, before)?;
            let mut row: Vec<Value<'_>> = Vec::with_capacity(wanted.len());
            for index in 0..batch.num_rows() {
                row.clear();
                row.extend(cells.iter().filter_map(|column| column.get(index)));
                writer.write(&row).with_context(|| self.row(before, index))?;
            }
            before += u64::try_from(batch.num_rows())?;
        }
        Written::of(writer)
    }

    /// `prices.parquet: row 7`; the first one is 0, as items are counted.
    fn row(&self, before: u64, index: usize) -> String {
        let index = u64::try_from(index).map_or(u64::MAX, |index| before.saturating_add(index));
        format!("{}: row {index}", self.table.display())
    }

    /// The values of a batch, column by column.
    fn cells<'a>(
        &self,
        batch: &'a RecordBatch,
        wanted: &[Wanted],
        scale: TimeScale,
        before: u64,
    ) -> Result<Vec<Vec<Value<'a>>>> {
        // the place in the batch is the rank of that in the table
        let places: BTreeSet<usize> = wanted.iter().map(|wanted| wanted.place).collect();
        let mut columns = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let Column { name, kind } = &wanted.column;
            let array = batch
                .columns()
                .get(places.range(..wanted.place).count())
                .with_context(|| format!("column '{name}'"))?;
            let at = |index: usize| format!("{}: column '{name}'", self.row(before, index));
            let mut cells =
                values(array).with_context(|| format!("column '{name}': {}", array.data_type()))?;
            for (index, cell) in cells.iter_mut().enumerate() {
                if array.is_null(index) {
                    *cell = self.null(*kind, scale).with_context(|| at(index))?;
                } else if let (Some(own), Value::Int(ticks)) = (wanted.scale, *cell) {
                    *cell = Value::Int(exact(own, ticks, scale).with_context(|| at(index))?);
                }
            }
            columns.push(cells);
        }
        Ok(columns)
    }

    /// What stands where a value is missing.
    fn null(&self, kind: Kind, scale: TimeScale) -> Result<Value<'static>> {
        let Some(text) = &self.null else {
            bail!("there is no value (expected one, or --null VALUE, which stands in its place)");
        };
        kind.read(text, scale).map_err(|expected| {
            anyhow::anyhow!("there is no value, and --null {text} is none (expected {expected})")
        })
    }
}

/// Runs a part of the library that reads Parquet, which panics at some files that are none: each is an error here. What it
/// was doing is not used again.
fn contained<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let done = panic::catch_unwind(AssertUnwindSafe(run));
    panic::set_hook(hook);
    done.unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or_default();
        bail!("the file is damaged: {text} (expected a Parquet file)")
    })
}

fn scale_of(unit: TimeUnit) -> TimeScale {
    match unit {
        TimeUnit::Second => TimeScale::UNIX_SECONDS,
        TimeUnit::Millisecond => TimeScale::JAVA,
        TimeUnit::Microsecond => TimeScale::UNIX_MICROS,
        TimeUnit::Nanosecond => TimeScale::UNIX_NANOS,
    }
}

/// The same moment in another scale, if it has one for it.
fn exact(from: TimeScale, ticks: i64, to: TimeScale) -> Result<i64> {
    let found = from.convert(ticks, to).filter(|found| to.convert(*found, from) == Some(ticks));
    found.with_context(|| {
        let text = from.text(ticks);
        format!("the scale of the file cannot express '{text}' (expected another --scale)")
    })
}

/// The values of a column; where one is missing, any. None for a type that no field is made of.
fn values(array: &dyn Array) -> Option<Vec<Value<'_>>> {
    match array.data_type() {
        DataType::Boolean => {
            let values = array.as_boolean_opt()?.values();
            Some(values.iter().map(|is_true| Value::UInt(is_true.into())).collect())
        }
        DataType::FixedSizeBinary(_) => {
            let array = array.as_fixed_size_binary_opt()?;
            Some((0..array.len()).map(|index| Value::Bytes(array.value(index))).collect())
        }
        DataType::Int8 => numbers::<Int8Type>(array, |number| Value::Int(number.into())),
        DataType::Int16 => numbers::<Int16Type>(array, |number| Value::Int(number.into())),
        DataType::Int32 => numbers::<Int32Type>(array, |number| Value::Int(number.into())),
        DataType::Int64 => numbers::<Int64Type>(array, Value::Int),
        DataType::UInt8 => numbers::<UInt8Type>(array, |number| Value::UInt(number.into())),
        DataType::UInt16 => numbers::<UInt16Type>(array, |number| Value::UInt(number.into())),
        DataType::UInt32 => numbers::<UInt32Type>(array, |number| Value::UInt(number.into())),
        DataType::UInt64 => numbers::<UInt64Type>(array, Value::UInt),
        DataType::Float32 => numbers::<Float32Type>(array, Value::Float),
        DataType::Float64 => numbers::<Float64Type>(array, Value::Double),
        DataType::Timestamp(TimeUnit::Second, _) => numbers::<TimestampSecondType>(array, Value::Int),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            numbers::<TimestampMillisecondType>(array, Value::Int)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            numbers::<TimestampMicrosecondType>(array, Value::Int)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => numbers::<TimestampNanosecondType>(array, Value::Int),
        DataType::Date32 => numbers::<Date32Type>(array, |number| Value::Int(number.into())),
        DataType::Date64 => numbers::<Date64Type>(array, Value::Int),
        _ => None,
    }
}

fn numbers<T: ArrowPrimitiveType>(
    array: &dyn Array,
    value: impl Fn(T::Native) -> Value<'static>,
) -> Option<Vec<Value<'_>>> {
    Some(array.as_primitive_opt::<T>()?.values().iter().map(|number| value(*number)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_library_is_an_error() {
        let start = std::hint::black_box(-1_i64);
        let ran = contained(|| {
            assert!(start >= 0, "column start should not be negative");
            Ok(())
        });
        assert_eq!(
            ran.map_err(|error| error.to_string()),
            Err("the file is damaged: column start should not be negative (expected a Parquet file)"
                .to_owned())
        );
    }
}
