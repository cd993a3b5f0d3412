//! info, cat, head, range, stats.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use serde_json::{Value as Json, json};

use super::{acme, golden, program, tea};

#[test]
fn info_of_every_golden_file_begins_with_the_snapshot_of_the_original() {
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for entry in fs::read_dir(golden("valid")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "tea") {
            continue;
        }
        let out = tea(folder.path(), &format!("info {}", path.display())).well();
        let sidecar = fs::read_to_string(path.with_extension("json")).unwrap();
        // Python writes these bare, which JSON does not know
        let sidecar =
            sidecar.replace(": Infinity", ": 0").replace(": -Infinity", ": 0").replace(": NaN", ": 0");
        let sidecar: Json = serde_json::from_str(&sidecar).unwrap();
        if let Some(snapshot) = sidecar["text"]["printsnapshot"].as_str() {
            assert!(out.starts_with(snapshot), "{}:\n{out}\n(expected\n{snapshot})", path.display());
            compared += 1;
        }
        let told = tea(folder.path(), &format!("info --json {}", path.display())).json();
        assert_eq!(told["bytes"], sidecar["file_size"], "{}", path.display());
        if !told["item"].is_null() {
            assert_eq!(told["items"], sidecar["item_count"], "{}", path.display());
        }
    }
    assert!(compared > 40, "{compared}");
}

#[test]
fn every_malformed_golden_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(golden("malformed")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tea") {
            let said = tea(folder.path(), &format!("cat {}", path.display())).refused();
            assert!(said.starts_with(&format!("tea: {}: ", path.display())), "{said}");
        }
    }
}

#[test]
fn info_tells_what_the_header_leaves_open() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    let out = tea(folder.path(), "info acme.tea").well();
    let facts = out.split_once("\nFile\n").unwrap().1;
    assert_eq!(
        facts,
        "Bytes:         272, little-endian\nItems:         from byte 200 to the end of the file\nTimes:         \
         2011-03-04 09:00:00:000 to 2011-03-04 11:00:00:000\n"
    );
    let told = tea(folder.path(), "--json info acme.tea").json();
    assert_eq!(told["first_time"], "2011-03-04T09:00:00.000");
    assert_eq!(told["time_scale"], json!({ "name": "java", "epoch": 719_162, "ticks_per_day": 86_400_000 }));
    assert_eq!(told["name_values"], json!([{ "name": "decimals", "value": 2 }]));
    assert_eq!(told["item"]["fields"][1]["name"], "Price");
}

#[test]
fn items_are_listed_below_each_other() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    let all = "Time                     Price  Volume\n2011-03-04 09:00:00:000  45.11    4500\n\
               2011-03-04 10:00:00:000  46.33    1100\n2011-03-04 11:00:00:000  46.50     300\n";
    assert_eq!(tea(folder.path(), "cat acme.tea").well(), all);
    assert_eq!(
        tea(folder.path(), "cat acme.tea --items 1..2 --fields Volume,Price").well(),
        "Volume  Price\n1100    46.33\n"
    );
    assert_eq!(
        tea(folder.path(), "head -n 1 acme.tea --ticks --fields Time").well(),
        "Time\n1299229200000\n"
    );
    assert_eq!(
        tea(folder.path(), "cat acme.tea --json --items 2..").well(),
        "{\"Time\":\"2011-03-04T11:00:00.000\",\"Price\":46.5,\"Volume\":300}\n"
    );
    let said = tea(folder.path(), "cat acme.tea --fields Prize").refused();
    assert_eq!(said, "tea: there is no field 'Prize' (expected one of Time, Price, Volume)\n");
    let said = tea(folder.path(), "cat acme.tea --items two").refused();
    assert!(said.contains("--items 'two' (expected two indices"), "{said}");
}

/// The values of the first field.
fn range(options: &str) -> Vec<i64> {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    let out = tea(folder.path(), &format!("range acme.tea --json --fields Volume {options}")).well();
    let line = |line: &str| serde_json::from_str::<Json>(line).unwrap()["Volume"].as_i64().unwrap();
    out.lines().map(line).collect()
}

#[test]
fn ranges_are_of_times_in_every_form() {
    assert_eq!(range("--from 2011-03-04T10:00:00Z"), [1_100, 300]);
    assert_eq!(range("--from 2011-03-04T11:00:00+01:00 --to 2011-03-04T11:00"), [1_100]);
    assert_eq!(range("--to 1299229200001"), [4_500]);
    assert_eq!(range("--from 2011-03-05"), [0_i64; 0]);
    assert_eq!(range("--from 2011-03-04 --to 2011-03-05"), [4_500, 1_100, 300]);
    assert_eq!(range("--from -1 --to 0"), [0_i64; 0]);
}

#[test]
fn ranges_without_a_time_or_of_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    let said = tea(folder.path(), "range acme.tea").refused();
    assert_eq!(said, "tea: range of what? (expected --from, --to, or --items)\n");
    let said = tea(folder.path(), "range acme.tea --from yesterday").refused();
    assert!(said.starts_with("tea: --from: 'yesterday' is no time here (expected 2011-03-04T"), "{said}");
    let file = golden("valid/notime_file.tea");
    let said = tea(folder.path(), &format!("range {} --from 0", file.display())).refused();
    assert!(said.ends_with("there is no event time (expected one for --from and --to)\n"), "{said}");
}

#[test]
fn figures_of_columns() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    let out = tea(folder.path(), "stats acme.tea --fields Time,Volume").well();
    let expected = "3 items of acme.tea\n\
        field   count  not a number                      min                      max         mean          std\n\
        Time        3             0  2011-03-04T09:00:00.000  2011-03-04T11:00:00.000\n\
        Volume      3             0                      300                     4500  1966.666667  2230.097158\n";
    assert_eq!(out, expected);
    let told = tea(folder.path(), "stats acme.tea --json --from 2011-03-04T10:00").json();
    assert_eq!(told["items"], 2);
    let price = json!({
        "field": "Price", "count": 2, "not_numbers": 0, "min": 46.33, "max": 46.5,
        "mean": told["fields"][1]["mean"], "std": told["fields"][1]["std"],
    });
    assert_eq!(told["fields"][1], price);
    assert!((told["fields"][1]["mean"].as_f64().unwrap() - 46.415).abs() < 1e-9);
}

#[test]
fn whole_numbers_are_compared_as_such_and_numbers_that_are_none_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = golden("valid/type_uint64.tea");
    let told = tea(folder.path(), &format!("stats --json {}", file.display())).json();
    let fields = told["fields"].as_array().unwrap();
    assert!(fields.iter().any(|field| field["max"] == u64::MAX), "{told}");
    let file = golden("valid/type_double_special.tea");
    let told = tea(folder.path(), &format!("stats --json {}", file.display())).json();
    let not_numbers: u64 =
        told["fields"].as_array().unwrap().iter().filter_map(|field| field["not_numbers"].as_u64()).sum();
    assert!(not_numbers > 0, "{told}");
}

#[test]
fn who_stops_reading_ends_it_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let file = golden("valid/many_items_6000.tea");
    let mut child = program(folder.path())
        .arg("cat")
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), String::from_utf8(done.stderr).unwrap().as_str()), (Some(0), ""));
}
