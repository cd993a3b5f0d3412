//! What is refused, and how it is said.

use std::{fs, path::Path};

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use teafile::{Description, Value as Number};

use crate::{
    events::{DAY, check, file, ticks},
    host::Bench,
};

/// The configuration is refused before any file is looked at, or while connecting.
fn refused(write: impl Fn(&Path), config: Value, expect: Expect) {
    let error = match Bench::new(write, config) {
        Err(error) => error.to_string(),
        Ok(mut bench) => {
            let error = bench.connect().expect_err("it is refused").to_string();
            bench.plain(&error)
        }
    };
    expect.assert_eq(&error);
}

fn one_tick(folder: &Path) {
    file(folder, "a.tea", &ticks(), &[&[DAY.into(), 1.0.into(), 1.into()]]);
}

#[test]
fn keys() {
    refused(
        one_tick,
        json!({ "files": [] }),
        expect![[r#"no file is named (accepted: file = "trades.tea" or a folder, or a list in files)"#]],
    );
    refused(
        one_tick,
        json!({ "price_decimals": 13, "start": "2024", "end": "x", "symbols": [" "], "sessions": ["9-10"] }),
        expect![[
            r#"" " is no symbol (accepted: for example AAPL); price_decimals is 13 (accepted: 0 to 12); start: the unit of `2024` is not certain (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11; for numbers of any size set time_unit); end: `x` is no time of a known form (accepted: 2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or ns, between 1677-09-22 and 2262-04-11); sessions: `9-10` is not a number (expected HH:MM-HH:MM, such as 09:30-16:00)"#
        ]],
    );
    refused(
        one_tick,
        json!({ "start": "2024-01-02", "end": "2024-01-02" }),
        expect!["end is 2024-01-02T00:00:00Z (accepted: after start, 2024-01-02T00:00:00Z)"],
    );
}

#[test]
fn files() {
    refused(
        one_tick,
        json!({ "file": "/nowhere/x.tea" }),
        expect![
            "/nowhere/x.tea: No such file or directory (os error 2) (accepted: a TeaFile, or a folder of some)"
        ],
    );
    refused(
        |_| (),
        json!({}),
        expect!["FOLDER: no file in this folder or below ends in .tea (accepted: a folder with TeaFiles)"],
    );
    refused(
        |folder| fs::write(folder.join("a.tea"), "text").unwrap(),
        json!({}),
        expect!["a.tea: byte 4: the file has 4 bytes, the fixed header needs 32"],
    );
    refused(
        one_tick,
        json!({ "columns": { "price": "Prize" } }),
        expect![
            "a.tea: there is no field Prize for a trade (accepted: columns.price = one of Time, Price, Volume)"
        ],
    );
    refused(
        one_tick,
        json!({ "kind": "quote" }),
        expect![
            "a.tea: there is no field bid for a quote (accepted: columns.bid = one of Time, Price, Volume)"
        ],
    );
    let other = |folder: &Path| {
        let description = Description::new("Time A B", "qqq").unwrap();
        file(folder, "a.tea", &description, &[]);
    };
    refused(
        other,
        json!({}),
        expect![[
            r#"a.tea: no fields of a trade, quote or bar among Time, A, B (accepted: kind and columns in the configuration, for example columns = { price = "B" })"#
        ]],
    );
    let no_time = |folder: &Path| file(folder, "a.tea", &Description::new("A Price", "qd").unwrap(), &[]);
    refused(
        no_time,
        json!({}),
        expect!["a.tea: no field is the event time (accepted: columns.time = one of A, Price)"],
    );
    refused(
        no_time,
        json!({ "columns": { "time": "A" } }),
        expect![[
            r#"a.tea: the file does not tell the scale of its times (accepted: time_unit = "s", "ms", "us" or "ns")"#
        ]],
    );
}

#[test]
fn a_file_that_is_named_twice() {
    let place = Bench::new(one_tick, json!({})).unwrap();
    let path = place.folder.path().join("a.tea").display().to_string();
    let mut bench = Bench::new(|_| (), json!({ "files": [path, path] })).unwrap();
    let error = bench.connect().unwrap_err().to_string();
    expect!["a.tea is named twice, which would double its items (accepted: once)"]
        .assert_eq(&place.plain(&error));
}

#[test]
fn symbols() {
    check(
        one_tick,
        &json!({ "symbols": ["b", "a"] }),
        expect![[r#"
        refused: symbols: b in no file (accepted: a)
    "#]],
    );
    let two = |folder: &Path| {
        one_tick(folder);
        let description = ticks().name_value("symbol", "a").name_value("decimals", 4);
        file(folder, "b.tea", &description, &[&[DAY.into(), 1.0.into(), 1.into()]]);
    };
    check(
        two,
        &json!({}),
        expect![[r#"
        refused: a has 2 and 0 decimals in USD (a.tea), and 4 and 0 decimals in USD (b.tea) (accepted: the same in all files of an instrument; price_decimals, quantity_decimals and currency set it)
    "#]],
    );
}

/// The second item is bad.
fn bad_item(time: i64, price: f64, expect: Expect) {
    let first: [Number<'_>; 3] = [DAY.into(), 1.0.into(), 1.into()];
    let second: [Number<'_>; 3] = [time.into(), price.into(), 1.into()];
    check(|folder| file(folder, "a.tea", &ticks(), &[&first, &second]), &json!({}), expect);
}

#[test]
fn items() {
    bad_item(
        DAY,
        1.005,
        expect![[r#"
        a USD 2/0
        2024-01-01T00:00:00Z 101 trade 100 x 1 id 0
        failed: a.tea: item 1: Price is 1.005 (accepted: at most 2 decimals; price_decimals sets more, round = true rounds)
    "#]],
    );
    bad_item(
        DAY,
        f64::NAN,
        expect![[r#"
        a USD 2/0
        2024-01-01T00:00:00Z 101 trade 100 x 1 id 0
        failed: a.tea: item 1: Price is nan (accepted: a finite number)
    "#]],
    );
    bad_item(
        DAY,
        1e300,
        expect![[r#"
        a USD 2/0
        2024-01-01T00:00:00Z 101 trade 100 x 1 id 0
        failed: a.tea: item 1: Price is 1e+300 (accepted: a number that 64 bits hold with 2 decimals, and a double exactly)
    "#]],
    );
    bad_item(
        i64::MAX,
        1.0,
        expect![[r#"
        a USD 2/0
        failed: a.tea: item 1: Time is ticks(9223372036854775807) (accepted: a time between 1677-09-22 and 2262-04-11)
    "#]],
    );
}

#[test]
fn times_that_go_backwards() {
    let write = |folder: &Path| {
        // one hour before, which the writer only warns about
        file(
            folder,
            "a.tea",
            &ticks(),
            &[&[DAY.into(), 1.0.into(), 1.into()], &[(DAY - 3_600_000).into(), 1.0.into(), 1.into()]],
        );
    };
    check(
        write,
        &json!({}),
        expect![[r#"
        a USD 2/0
        failed: a.tea: item 1: Time goes backwards, from 2024-01-01T00:00:00Z to 2023-12-31T23:00:00Z (accepted: items in the order of their times; `tea verify` tells the first that is not)
    "#]],
    );
}

#[test]
fn a_file_that_becomes_shorter_ends_the_run() {
    // more than is read at once
    let row: [Number<'_>; 3] = [DAY.into(), 1.0.into(), 1.into()];
    let rows = vec![&row[..]; 40_000];
    let mut bench = Bench::new(|folder| file(folder, "a.tea", &ticks(), &rows), json!({})).unwrap();
    bench.load().unwrap();
    let path = bench.folder.path().join("a.tea");
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(2_000).unwrap();
    let (events, outcome) = bench.pull(64);
    let error = bench.plain(&outcome.unwrap_err().to_string());
    assert!(events.len() < rows.len(), "{}", events.len());
    expect!["a.tea: there is no item 77 any more: the file had 40000 when the run began (accepted: files that keep their items)"].assert_eq(&error);
}
