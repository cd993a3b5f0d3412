//! to-parquet and to-arrow.

use std::fs::File;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMillisecondType, UInt8Type};
use arrow_array::{Array, RecordBatch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{acme, golden, tea};

fn check(batch: &RecordBatch) {
    let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["Time", "Price", "Volume"]);
    assert_eq!(batch.column(0).as_primitive::<TimestampMillisecondType>().values()[1], 1_299_232_800_000);
    assert_eq!(batch.column(1).as_primitive::<Float64Type>().values()[..], [45.114, 46.33, 46.5]);
    assert_eq!(batch.column(2).as_primitive::<Int64Type>().values()[..], [4_500, 1_100, 300]);
}

#[test]
fn columns_have_types_and_times_are_timestamps() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    assert_eq!(tea(folder.path(), "to-parquet acme.tea acme.parquet").well(), "3 rows in acme.parquet\n");
    let file = File::open(folder.path().join("acme.parquet")).unwrap();
    let mut batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    check(&batches.next().unwrap().unwrap());
    assert_eq!(tea(folder.path(), "to-arrow acme.tea acme.arrow").well(), "3 rows in acme.arrow\n");
    let file = File::open(folder.path().join("acme.arrow")).unwrap();
    let mut batches = arrow_ipc::reader::FileReader::try_new(file, None).unwrap();
    check(&batches.next().unwrap().unwrap());
    let said = tea(folder.path(), "to-arrow acme.tea acme.arrow").refused();
    assert_eq!(said, "tea: acme.arrow: there is such a file already (expected none, or --force)\n");
}

#[test]
fn many_rows_of_any_byte_order_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = golden("valid/many_items_6000.tea");
    tea(folder.path(), &format!("to-parquet {} many.parquet", file.display())).well();
    let file = File::open(folder.path().join("many.parquet")).unwrap();
    let batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    assert_eq!(batches.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 6_000);
    let file = golden("valid/be_all_types.tea");
    tea(folder.path(), &format!("to-arrow --ticks {} all.arrow", file.display())).well();
    let mut values = teafile::Reader::open(&file).unwrap();
    let place = values
        .description()
        .fields()
        .iter()
        .position(|field| field.field_type() == teafile::FieldType::UInt8);
    let expected = values.row(0).unwrap().values().nth(place.unwrap()).unwrap().as_i64();
    let file = File::open(folder.path().join("all.arrow")).unwrap();
    let batch = arrow_ipc::reader::FileReader::try_new(file, None).unwrap().next().unwrap().unwrap();
    let column = batch.column(place.unwrap());
    assert_eq!(column.null_count(), 0);
    assert_eq!(Some(i64::from(column.as_primitive::<UInt8Type>().value(0))), expected);
}
