//! The tables of a run as Arrow or Parquet files, with types and without loss.
//!
//! Times are timestamps in nanoseconds UTC, dates are dates, counts are integers, amounts and prices are decimals with as
//! many digits behind the point as the column has, returns are floats, all else is text. An empty cell is null.

use std::{fs::File, path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use arrow_array::{
    ArrayRef, Date32Array, Decimal128Array, Float64Array, RecordBatch, StringArray, TimestampNanosecondArray,
    UInt64Array,
};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{Field, Schema};
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};
use stratd_plugin_api::Timestamp;

/// The tables of a run.
const TABLES: [&str; 6] = ["orders", "fills", "positions", "denials", "equity", "returns"];
/// Digits of a decimal.
const PRECISION: u8 = 38;
/// Digits behind the point of a decimal.
const SCALE_MAX: usize = 18;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// `NAME.parquet`
    Parquet,
    /// `NAME.arrow`, the file format of Arrow's IPC
    Arrow,
}

/// Writes each table of the run in `folder` into `output`, and returns the names of the files with their rows.
///
/// # Errors
/// A table is missing or is not what a run writes, or a file cannot be written; the message names it.
pub fn export(folder: &Path, output: &Path, format: ExportFormat) -> Result<Vec<(String, usize)>> {
    std::fs::create_dir_all(output).with_context(|| format!("creating the folder {}", output.display()))?;
    let mut written = Vec::new();
    for table in TABLES {
        let source = folder.join(table).with_extension("csv");
        let batch = read(&source).with_context(|| format!("reading {}", source.display()))?;
        let name = match format {
            ExportFormat::Parquet => format!("{table}.parquet"),
            ExportFormat::Arrow => format!("{table}.arrow"),
        };
        let path = output.join(&name);
        write(&path, &batch, format).with_context(|| format!("writing {}", path.display()))?;
        written.push((name, batch.num_rows()));
    }
    Ok(written)
}

fn read(path: &Path) -> Result<RecordBatch> {
    let mut reader = csv::Reader::from_path(path)?;
    let names: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let mut cells: Vec<Vec<Option<String>>> = vec![Vec::new(); names.len()];
    for row in reader.records() {
        for (column, cell) in cells.iter_mut().zip(&row?) {
            column.push(Some(cell.to_owned()).filter(|cell| !cell.is_empty()));
        }
    }
    let is_returns = path.file_stem().is_some_and(|stem| stem == "returns");
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (name, column) in names.iter().zip(&cells) {
        let array = array(name, column, is_returns).with_context(|| format!("column {name}"))?;
        fields.push(Field::new(name, array.data_type().clone(), true));
        columns.push(array);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn array(name: &str, cells: &[Option<String>], is_returns: bool) -> Result<ArrayRef> {
    Ok(match name {
        "time" | "created" | "updated" => {
            let times = each(cells, "a time", |cell| cell.parse::<Timestamp>().ok().map(Timestamp::get))?;
            Arc::new(TimestampNanosecondArray::from(times).with_timezone("UTC"))
        }
        "date" => {
            let days = each(cells, "a date", |cell| {
                let midnight: Timestamp = format!("{cell}T00:00:00Z").parse().ok()?;
                i32::try_from(midnight.day()).ok()
            })?;
            Arc::new(Date32Array::from(days))
        }
        "client_order_id" => Arc::new(UInt64Array::from(each(cells, "an id", |cell| cell.parse().ok())?)),
        "quantity" | "asked" | "allowed" | "limit" | "used" | "filled" | "position" | "price"
        | "stop_price" | "price_average" | "price_last" | "notional" | "fee" | "fees" | "slippage"
        | "transaction_cost" | "cost" | "realized" | "unrealized" | "equity" | "cash" => decimals(cells)?,
        _ if is_returns => Arc::new(Float64Array::from(each(cells, "a return", |cell| cell.parse().ok())?)),
        _ => Arc::new(StringArray::from_iter(cells.iter().map(Option::as_deref))),
    })
}

/// Each cell that is not empty, read.
fn each<T>(
    cells: &[Option<String>],
    accepted: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let read = |(index, cell): (usize, &Option<String>)| match cell {
        None => Ok(None),
        Some(cell) => match read(cell) {
            Some(value) => Ok(Some(value)),
            None => bail!("line {}: found {cell:?} (accepted: {accepted})", index + 2),
        },
    };
    cells.iter().enumerate().map(read).collect()
}

/// Decimals with as many digits behind the point as the longest of them.
fn decimals(cells: &[Option<String>]) -> Result<ArrayRef> {
    let digits = |cell: &String| cell.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let scale = cells.iter().flatten().map(digits).max().unwrap_or(0);
    if scale > SCALE_MAX {
        bail!("found {scale} digits behind the point (accepted: at most {SCALE_MAX})");
    }
    let values = each(cells, "a decimal number", |cell| {
        let (whole, fraction) = cell.split_once('.').unwrap_or((cell, ""));
        let digits = format!("{whole}{fraction:0<scale$}");
        digits.parse::<i128>().ok()
    })?;
    let scale = i8::try_from(scale).unwrap_or(i8::MAX);
    Ok(Arc::new(Decimal128Array::from(values).with_precision_and_scale(PRECISION, scale)?))
}

fn write(path: &Path, batch: &RecordBatch, format: ExportFormat) -> Result<()> {
    let file = File::create(path)?;
    match format {
        ExportFormat::Arrow => {
            let mut writer = FileWriter::try_new(file, &batch.schema())?;
            writer.write(batch)?;
            writer.finish()?;
        }
        ExportFormat::Parquet => {
            let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
            let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
            writer.write(batch)?;
            writer.close()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Decimal128Type, TimestampNanosecondType};

    use super::*;

    fn batch(name: &str, text: &str) -> Result<RecordBatch> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn columns_have_types_and_lose_nothing() {
        let batch = batch(
            "fills.csv",
            "time,symbol,price,client_order_id\n2024-01-02T00:00:00.000000001Z,A,-0.05,7\n2024-01-03T00:00:00Z,,12.125,\n",
        )
        .unwrap();
        let times = batch.column(0).as_primitive::<TimestampNanosecondType>();
        assert_eq!(times.value(0) % 1_000_000_000, 1);
        let prices = batch.column(2).as_primitive::<Decimal128Type>();
        assert_eq!((prices.value(0), prices.value(1), prices.scale()), (-50, 12_125, 3));
        assert_eq!((batch.column(1).null_count(), batch.column(3).null_count()), (1, 1));
    }

    #[test]
    fn what_is_no_number_is_named() {
        let error = format!("{:#}", batch("fills.csv", "price\n1.5\nhigh\n").unwrap_err());
        assert_eq!(error, "column price: line 3: found \"high\" (accepted: a decimal number)");
    }
}
