//! A: ranges, counts, closing, and files as text.

use teafile::{Description, Field};

use crate::{Lab, next, texts};

fn numbers(texts: &[String]) -> Vec<i64> {
    texts.iter().map(|text| text.trim_start_matches("A(A=").trim_end_matches(')').parse().unwrap()).collect()
}

#[test]
fn a09_items() {
    let lab = Lab::new("lab.tea");
    lab.numbers(10);
    let mut file = lab.open();
    assert_eq!(numbers(&texts(file.items(..).unwrap())), (0..10).collect::<Vec<_>>());
    // the newer documentation: a half-open range of indices
    assert_eq!(numbers(&texts(file.items(2..4).unwrap())), [2, 3]);
    assert_eq!(numbers(&texts(file.items(1..5).unwrap())), [1, 2, 3, 4]);
    // the older documentation: start and count
    assert_eq!(numbers(&texts(file.items_n(2, 4).unwrap())), [2, 3, 4, 5]);
    assert_eq!(numbers(&texts(file.items_n(1, 5).unwrap())), [1, 2, 3, 4, 5]);
    // it moves along
    assert_eq!(next(&mut file).as_deref(), Some("A(A=6)"));
    // cut to what there is, and empty where it ends before it starts
    assert_eq!(numbers(&texts(file.items(8..100).unwrap())), [8, 9]);
    assert_eq!(numbers(&texts(file.items_n(9, u64::MAX).unwrap())), [9]);
    assert_eq!(file.items(0..0).unwrap().count(), 0);
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is tried")]
    let backwards = file.items(5..2).unwrap().count();
    assert_eq!(backwards, 0);
    assert_eq!(file.items(50..60).unwrap().count(), 0);
    assert_eq!(numbers(&texts(file.items(..=1).unwrap())), [0, 1]);
}

#[test]
fn a10_itemcount() {
    let lab = Lab::new("lab.tea");
    lab.numbers(2);
    let mut file = lab.open();
    file.close();
    assert_eq!(file.item_count().unwrap(), 2);
    let mut file = teafile::append(&lab.path).unwrap();
    file.close().unwrap();
    assert_eq!(file.item_count(), 2);
}

#[test]
fn a11_close() {
    let lab = Lab::new("lab.tea");
    lab.numbers(2);
    let mut file = lab.open();
    file.close();
    file.close();
    assert_eq!(file.read().unwrap_err().kind(), teafile::ErrorKind::Closed);
    assert_eq!(file.description().fields()[0].name(), "A");
    {
        let mut file = teafile::append(&lab.path).unwrap();
        file.write(&[2.into()]).unwrap();
    }
    // the scope has ended: the item is in the file, and another may write
    assert_eq!(lab.open().item_count().unwrap(), 3);
    let mut file = teafile::append(&lab.path).unwrap();
    file.close().unwrap();
    file.close().unwrap();
    assert_eq!(file.write(&[3.into()]).unwrap_err().kind(), teafile::ErrorKind::Closed);
    assert_eq!(file.read().unwrap_err().kind(), teafile::ErrorKind::Closed);
}

/// The text of a number in a file with that name-value.
fn value_string(number: f64, decimals: impl Into<teafile::NamedValue>) -> String {
    let lab = Lab::new("lab.tea");
    let description = Description::new("Time Price Count", "qdb").unwrap().name_value("decimals", decimals);
    let mut file = teafile::create(&lab.path, &description).unwrap();
    file.write(&[1_265_155_200_000_i64.into(), number.into(), 44.into()]).unwrap();
    file.close().unwrap();
    let mut file = lab.open();
    let row = file.row(0).unwrap();
    let [time, price, count] = &description.fields() else { panic!("three fields") };
    assert_eq!(row.value_string(time), "2010-02-03 00:00:00:000");
    // whole numbers are as they are: the reference rounds this one to 40
    assert_eq!(row.value_string(count), "44");
    row.value_string(price)
}

#[test]
fn a12_getvaluestring() {
    assert_eq!(value_string(44.444_444, 2), "44.44");
    assert_eq!(value_string(2.675, 2), "2.67");
    assert_eq!(value_string(1234.56, -2), "1200.0");
    assert_eq!(value_string(1.5, 0), "2.0");
    assert_eq!(value_string(44.444_444, "2"), "44.444444");
    assert_eq!(value_string(44.444_444, 2.0), "44.444444");
    let lab = Lab::new("lab.tea");
    let description = Description::new("Time Price", "qd").unwrap().name_value("decimals", 2);
    let mut file = teafile::create(&lab.path, &description).unwrap();
    file.write(&[1_265_155_200_000_i64.into(), 44.444_444.into()]).unwrap();
    file.close().unwrap();
    // the text of the item is not rounded
    assert_eq!(next(&mut lab.open()).as_deref(), Some("TP(Time=2010-02-03 00:00:00:000, Price=44.444444)"));
}

#[test]
fn a13_repr() {
    let lab = Lab::new("lab.tea");
    lab.numbers(40);
    assert_eq!(lab.open().summary().unwrap(), "TeaFile('lab.tea') 40 items");
}

#[test]
fn a14_printitems() {
    let lab = Lab::new("lab.tea");
    lab.pairs(40);
    let ten: Vec<String> = (0..10).map(|number| format!("AB(A={number}, B={})", number * 10)).collect();
    assert_eq!(lab.open().items_text(10).unwrap(), format!("[{}]\n10 of 40 items\n", ten.join(", ")));
    assert_eq!(lab.open().items_text(5).unwrap(), format!("[{}]\n5 of 40 items\n", ten[..5].join(", ")));
    assert!(lab.open().items_text(40).unwrap().ends_with("AB(A=39, B=390)]\n"));
    let empty = Lab::new("empty.tea");
    empty.numbers(0);
    assert_eq!(empty.open().items_text(10).unwrap(), "[]\n");
}

#[test]
fn a15_printsnapshot() {
    let lab = Lab::new("lab.tea");
    lab.numbers(2);
    let mut file = lab.open();
    let expected = format!("TeaFile('lab.tea') 2 items\n\n{}\nItems\nA(A=0)\nA(A=1)\n", file.description());
    assert_eq!(file.snapshot().unwrap(), expected);
    let more = Lab::new("lab.tea");
    more.numbers(9);
    assert!(more.open().snapshot().unwrap().ends_with("\nItems\nA(A=0)\nA(A=1)\nA(A=2)\nA(A=3)\nA(A=4)\n"));
}

#[test]
fn a16_the_first_example() {
    let lab = Lab::new("acme.tea");
    let description = Description::new("Time Price Volume", "qdq")
        .unwrap()
        .content("prices of acme at NYSE")
        .name_value("decimals", 2)
        .name_value("url", "www.acme.com");
    let mut file = teafile::create(&lab.path, &description).unwrap();
    let day = teafile::clockwise::DateTime::new(2011, 3, 4).unwrap();
    let (nine, ten) = (day.at(9, 0, 0, 0), day.at(10, 0, 0, 0));
    assert_eq!((nine.ticks(), ten.ticks()), (1_299_229_200_000, 1_299_232_800_000));
    file.write(&[nine.into(), 45.11.into(), 4500.into()]).unwrap();
    file.write(&[ten.into(), 46.33.into(), 1100.into()]).unwrap();
    file.close().unwrap();
    let mut file = lab.open();
    assert_eq!(
        next(&mut file).as_deref(),
        Some("TPV(Time=2011-03-04 09:00:00:000, Price=45.11, Volume=4500)")
    );
    assert_eq!(
        next(&mut file).as_deref(),
        Some("TPV(Time=2011-03-04 10:00:00:000, Price=46.33, Volume=1100)")
    );
    assert_eq!(next(&mut file), None);
    assert_eq!(std::fs::metadata(&lab.path).unwrap().len(), 280);
    assert_eq!(file.header().item_start(), 232);
    assert!(file.description().fields().iter().any(Field::is_event_time));
}
