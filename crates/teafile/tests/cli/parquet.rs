//! from-parquet.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int64Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, PrimitiveArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, UInt16Array,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::json;

use super::{acme, golden, tea};

fn items(path: &Path) -> Vec<u8> {
    let mut file = teafile::Reader::open(path).unwrap();
    let mut items = Vec::new();
    while let Some(row) = file.read_row().unwrap() {
        items.extend_from_slice(row.bytes());
    }
    items
}

/// Writes columns, ten rows to a group.
fn write(path: &Path, columns: Vec<(&str, ArrayRef)>, compression: Compression) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(10))
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn what_goes_to_parquet_comes_back_bit_by_bit() {
    let folder = tempfile::tempdir().unwrap();
    for (name, options) in [
        ("many_items_6000", ""),
        ("time_nanos_scale", ""),
        ("time_net_scale", "--scale net"),
        ("time_two_fields", ""),
        ("type_double_special", ""),
        ("type_float", ""),
        ("type_uint64", ""),
        ("type_int8", ""),
        ("sixteen_mixed", ""),
        ("layout_custom_type", ""),
    ] {
        let file = golden(&format!("valid/{name}.tea"));
        tea(folder.path(), &format!("to-parquet --force {} t.parquet", file.display())).well();
        tea(folder.path(), &format!("from-parquet --force t.parquet t.tea {options}")).well();
        assert!(items(&file) == items(&folder.path().join("t.tea")), "{name}");
    }
}

#[test]
fn columns_have_the_types_and_the_times_that_they_had() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    tea(folder.path(), "to-parquet acme.tea acme.parquet").well();
    assert_eq!(
        tea(folder.path(), "from-parquet acme.parquet again.tea --name TPV --decimals 2").well(),
        "Time: time, event time, scale java\nPrice: f64\nVolume: i64\n3 items in again.tea\n"
    );
    assert_eq!(
        tea(folder.path(), "head -n 1 again.tea").well(),
        "Time                     Price  Volume\n2011-03-04 09:00:00:000  45.11    4500\n"
    );
    let told =
        tea(folder.path(), "from-parquet acme.parquet part.tea --fields Volume,Time --scale us --json")
            .json();
    assert_eq!(
        told["fields"],
        json!([{ "name": "Volume", "type": "i64" }, { "name": "Time", "type": "time" }])
    );
    assert_eq!(
        (&told["event_time"], &told["scale"], &told["items"]),
        (&json!("Time"), &json!("us"), &json!(3))
    );
    assert_eq!(
        tea(folder.path(), "to-csv part.tea --ticks --items 2..").well(),
        "Volume,Time\n300,1299236400000000\n"
    );
}

#[test]
fn what_has_no_type_is_left_out_and_what_fits_no_scale_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let at =
        |ns: i64| Arc::new(TimestampNanosecondArray::from(vec![ns, ns + 1_500_000]).with_timezone("UTC"));
    write(
        &path,
        vec![
            ("symbol", Arc::new(StringArray::from(vec!["ACME", "IBM"]))),
            ("day", Arc::new(Date32Array::from(vec![0, 15_037]))),
            ("at", at(1_299_229_200_000_000_000)),
            ("is_buy", Arc::new(BooleanArray::from(vec![true, false]))),
        ],
        Compression::SNAPPY,
    );
    assert_eq!(
        tea(folder.path(), "from-parquet a.parquet a.tea --time at").well(),
        "day: time\nat: time, event time, scale ns\nis_buy: u8\nsymbol: left out, it is Utf8\n2 items in a.tea\n"
    );
    assert_eq!(
        tea(folder.path(), "to-csv a.tea").well(),
        "day,at,is_buy\n1970-01-01T00:00:00.000000000,2011-03-04T09:00:00.000000000,1\n\
         2011-03-04T00:00:00.000000000,2011-03-04T09:00:00.001500000,0\n"
    );
    let said = tea(folder.path(), "from-parquet a.parquet b.tea --time at --scale ms").refused();
    assert_eq!(
        said,
        "tea: a.parquet: row 1: column 'at': the scale of the file cannot express '2011-03-04 09:00:00:001500000' \
         (expected another --scale)\n"
    );
    let said = tea(folder.path(), "from-parquet a.parquet b.tea --fields symbol").refused();
    assert!(said.starts_with("tea: a.parquet: column 'symbol' is Utf8 (expected numbers,"), "{said}");
    let said = tea(folder.path(), "from-parquet a.parquet b.tea --fields bid").refused();
    assert_eq!(said, "tea: a.parquet: there is no column 'bid' (expected one of symbol, day, at, is_buy)\n");
    assert_eq!(
        tea(folder.path(), "from-parquet a.parquet days.tea --fields day,is_buy").well(),
        "day: time, event time, scale java\nis_buy: u8\n2 items in days.tea\n"
    );
    write(&path, vec![("symbol", Arc::new(StringArray::from(vec!["ACME"])))], Compression::SNAPPY);
    let said = tea(folder.path(), "from-parquet a.parquet b.tea").refused();
    assert_eq!(said, "tea: a.parquet: no column has numbers or times (expected one at least)\n");
}

#[test]
fn a_missing_value_is_refused_by_row_and_column_or_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let rows = 25_u16;
    let bid: Vec<Option<f64>> = (0..rows).map(|row| (row != 13).then(|| f64::from(row))).collect();
    let size: Vec<Option<u16>> = (0..rows).map(|row| (row != 14).then_some(row)).collect();
    let at: Vec<i64> = (0..rows).map(i64::from).collect();
    write(
        &folder.path().join("a.parquet"),
        vec![
            ("at", Arc::new(TimestampMicrosecondArray::from(at))),
            ("bid", Arc::new(Float64Array::from(bid))),
            ("size", Arc::new(UInt16Array::from(size))),
        ],
        Compression::UNCOMPRESSED,
    );
    let said = tea(folder.path(), "from-parquet a.parquet a.tea").refused();
    assert_eq!(
        said,
        "tea: a.parquet: row 13: column 'bid': there is no value (expected one, or --null VALUE, which stands in its place)\n"
    );
    let said = tea(folder.path(), "from-parquet a.parquet a.tea --null nan").refused();
    assert_eq!(
        said,
        "tea: a.parquet: row 14: column 'size': there is no value, and --null nan is none (expected a whole number from 0 \
         to 65535)\n"
    );
    tea(folder.path(), "from-parquet a.parquet a.tea --null 0").well();
    assert_eq!(
        tea(folder.path(), "to-csv a.tea --items 12..16 --fields bid,size").well(),
        "bid,size\n12,12\n0,13\n14,0\n15,15\n"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn times_that_go_backwards_are_refused_counted_or_held() {
    let folder = tempfile::tempdir().unwrap();
    let ticks: ArrayRef = Arc::new(PrimitiveArray::<Int64Type>::from(vec![5, 7, 6]));
    write(&folder.path().join("a.parquet"), vec![("t", ticks)], Compression::SNAPPY);
    assert_eq!(tea(folder.path(), "from-parquet a.parquet a.tea").well(), "t: i64\n3 items in a.tea\n");
    let said = tea(folder.path(), "from-parquet a.parquet b.tea --time t").refused();
    assert!(said.starts_with("tea: a.parquet: row 2: ") && said.contains("expected"), "{said}");
    let told = tea(folder.path(), "from-parquet a.parquet b.tea --time t --time-order clamp --json").json();
    assert_eq!((&told["items"], &told["time_violations"]), (&json!(3), &json!(1)));
    assert_eq!(tea(folder.path(), "to-csv b.tea --ticks").well(), "t\n5\n7\n7\n");
}

#[test]
fn pages_are_unpacked_as_others_pack_them() {
    let folder = tempfile::tempdir().unwrap();
    let numbers: ArrayRef = Arc::new(PrimitiveArray::<Int64Type>::from_iter_values(0..1_000));
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
        Compression::GZIP(GzipLevel::default()),
    ] {
        write(&folder.path().join("a.parquet"), vec![("n", Arc::clone(&numbers))], compression);
        let told = tea(folder.path(), "from-parquet a.parquet a.tea --force --json").json();
        assert_eq!(told["items"], 1_000, "{compression}");
        let told = tea(folder.path(), "stats --json a.tea").json();
        assert_eq!(told["fields"][0]["max"], 999, "{told}");
    }
}

#[test]
fn whatever_bytes_come_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    tea(folder.path(), "to-parquet acme.tea acme.parquet").well();
    let whole = fs::read(folder.path().join("acme.parquet")).unwrap();
    let path = folder.path().join("bad.parquet");
    // cut, and with a byte changed, which may be that of a value
    for length in (0..whole.len()).step_by(97) {
        fs::write(&path, &whole[..length]).unwrap();
        let said = tea(folder.path(), "from-parquet bad.parquet bad.tea").refused();
        assert!(said.starts_with("tea: bad.parquet: "), "{length}: {said}");
    }
    for place in (0..whole.len()).step_by(23) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0xff;
        fs::write(&path, &bytes).unwrap();
        let ran = tea(folder.path(), "from-parquet bad.parquet bad.tea --force");
        assert!(ran.code == Some(0) || ran.code == Some(2), "{place}: {ran:?}");
        assert!(ran.code == Some(0) || ran.err.starts_with("tea: "), "{place}: {ran:?}");
    }
}
