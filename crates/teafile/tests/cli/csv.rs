//! from-csv, append and to-csv.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{golden, tea};

const TICKS: &str = "when;symbol;bid;size\n2011-03-04T09:00:00.000001Z;ACME;45.11;3\n2011-03-04T09:00:00.000002Z;OTHER;;4\n\
                     2011-03-04T09:00:00.000003Z;ACME;46;5\n";

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

#[test]
fn types_are_guessed_from_all_cells_and_told() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "ticks.csv", TICKS);
    let told =
        tea(folder.path(), "from-csv ticks.csv ticks.tea --separator ; --name Tick --decimals 2").well();
    assert_eq!(
        told,
        "when: time, event time, scale us\nbid: f64\nsize: i64\nsymbol: left out, it is text (rows of one of them: \
         --where symbol=…)\n3 items in ticks.tea\n"
    );
    assert_eq!(
        tea(folder.path(), "to-csv ticks.tea").well(),
        "when,bid,size\n2011-03-04T09:00:00.000001,45.11,3\n2011-03-04T09:00:00.000002,NaN,4\n\
         2011-03-04T09:00:00.000003,46,5\n"
    );
    let said = tea(folder.path(), "from-csv ticks.csv ticks.tea --separator ;").refused();
    assert_eq!(said, "tea: ticks.tea: there is such a file already (expected none, or --force)\n");
    let told =
        tea(folder.path(), "from-csv ticks.csv ticks.tea --separator ; --where symbol=ACME --force --json")
            .json();
    assert_eq!((&told["items"], &told["left_out"]), (&json!(2), &json!(["symbol"])));
    assert_eq!(told["fields"][2], json!({ "name": "size", "type": "i64" }));
}

#[test]
fn what_goes_out_comes_back_bit_by_bit() {
    let folder = tempfile::tempdir().unwrap();
    for (name, types) in [
        ("time_nanos_scale", ""),
        ("time_net_scale", "--scale net"),
        ("type_double_special", ""),
        ("many_items_6000", ""),
    ] {
        let file = golden(&format!("valid/{name}.tea"));
        let told = tea(folder.path(), &format!("info --json {}", file.display())).json();
        let scale = told["time_scale"]["name"].as_str().unwrap().to_owned();
        let types = if types.is_empty() { format!("--scale {scale}") } else { types.to_owned() };
        let columns: Vec<String> = told["item"]["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| {
                let kind = if field["is_time"] == true { "time" } else { field["type"].as_str().unwrap() };
                format!("{}:{kind}", field["name"].as_str().unwrap())
            })
            .collect();
        tea(folder.path(), &format!("to-csv --force {} t.csv", file.display())).well();
        let columns = columns.join(",");
        tea(folder.path(), &format!("from-csv --force t.csv t.tea {types} --types {columns}")).well();
        let items = |path: &Path| {
            let mut file = teafile::Reader::open(path).unwrap();
            let mut items = Vec::new();
            while let Some(row) = file.read_row().unwrap() {
                items.push(row.bytes().to_vec());
            }
            items
        };
        assert!(items(&file) == items(&folder.path().join("t.tea")), "{name}");
    }
}

#[test]
fn a_bad_cell_is_told_with_line_column_and_what_it_could_be() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.csv", "t,a\n2011-03-04,1\n2011-03-05,x\n");
    let said = tea(folder.path(), "from-csv a.csv a.tea --types t:time,a:u8").refused();
    assert_eq!(said, "tea: a.csv:3: column 2 (a): found 'x' (expected a whole number from 0 to 255)\n");
    write(folder.path(), "a.csv", "t,a\n2011-03-04,1\n2011-03-03,2\n");
    let said = tea(folder.path(), "from-csv a.csv a.tea").refused();
    assert!(said.starts_with("tea: a.csv:3: ") && said.contains("expected"), "{said}");
    write(folder.path(), "a.csv", "t,a\n2011-03-04T00:00:00.1234567,1\n");
    let said = tea(folder.path(), "from-csv a.csv a.tea --scale ms").refused();
    assert!(said.contains("is finer than the scale of the file"), "{said}");
    write(folder.path(), "a.csv", "t,a\n2011-03-04,1,9\n");
    let said = tea(folder.path(), "from-csv a.csv a.tea").refused();
    assert!(said.contains("a.csv") && said.contains("line: 2"), "{said}");
    let said = tea(folder.path(), "from-csv a.csv a.tea --types a:int").refused();
    assert!(said.contains("--types 'a:int' (expected NAME:TYPE, where TYPE is time"), "{said}");
    write(folder.path(), "a.csv", "name\nx\n");
    let said = tea(folder.path(), "from-csv a.csv a.tea").refused();
    assert_eq!(said, "tea: a.csv: no column has numbers or times (expected one at least)\n");
    write(folder.path(), "a.csv", &"x".repeat(3 << 20));
    let said = tea(folder.path(), "from-csv a.csv a.tea").refused();
    assert_eq!(
        said,
        "tea: a.csv:1: a row of more than 1048576 bytes (expected a table whose quotes are closed)\n"
    );
    // nothing is left of what was not made
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["a.csv"]);
}

#[test]
fn a_quote_that_nobody_closes_ends_at_the_limit_of_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "1,2\n".repeat(500_000);
    write(folder.path(), "a.csv", &format!("a,b\n{}3,\"4\n{rows}", "1,2\n".repeat(7)));
    let said = tea(folder.path(), "from-csv a.csv a.tea").refused();
    assert_eq!(
        said,
        "tea: a.csv:9: a row of more than 1048576 bytes (expected a table whose quotes are closed)\n"
    );
    // as many rows without it are no matter, and neither are lines that are quoted as they should be
    write(folder.path(), "a.csv", &format!("a,b\n{rows}1,\"\n2\n\"\n"));
    let told = tea(folder.path(), "from-csv a.csv a.tea --json").json();
    assert_eq!(told["items"], 500_001);
}

#[test]
fn rows_are_added_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    super::acme(folder.path());
    write(
        folder.path(),
        "more.csv",
        "Volume,Note,Price,Time\n5,x,1.25,2011-03-04T12:00:00\n6,y,nan,2011-03-04T12:00:01\n",
    );
    let told = tea(folder.path(), "append acme.tea more.csv").well();
    assert_eq!(told, "2 items added to acme.tea, which has 5\n");
    assert_eq!(
        tea(folder.path(), "tail -n 2 acme.tea").well(),
        "Time                     Price  Volume\n2011-03-04 12:00:00:000   1.25       5\n\
         2011-03-04 12:00:01:000    nan       6\n"
    );
    let said = tea(folder.path(), "append acme.tea more.csv").refused();
    assert!(said.starts_with("tea: more.csv:2: acme.tea: "), "{said}");
    let told = tea(folder.path(), "append --json --time-order clamp acme.tea more.csv").json();
    assert_eq!(
        (&told["appended"], &told["items"], &told["time_violations"]),
        (&json!(2), &json!(7), &json!(1))
    );
    write(folder.path(), "less.csv", "Time,Price\n");
    let said = tea(folder.path(), "append acme.tea less.csv").refused();
    assert_eq!(said, "tea: less.csv: there is no column 'Volume' (expected one of Time, Price)\n");
}
