//! A: making, writing, reading and closing files.

use teafile::{CreateOptions, Description, ErrorKind, Reader, Value, clockwise::DateTime};

use crate::{Lab, next, texts};

fn refused(names: &str, format: &str) -> String {
    Description::new(names, format).unwrap_err().to_string()
}

#[test]
fn a01_create() {
    let lab = Lab::new("lab.tea");
    let file = lab.create("Time Price Volume", "");
    assert_eq!(file.description().item().unwrap().name(), "TPV");
    assert!(file.description().fields().iter().all(|field| field.field_type() == teafile::FieldType::Int64));
    let temperatures = Description::new("Time Temperature Humidity", "qdd").unwrap();
    assert_eq!(temperatures.item().unwrap().name(), "TTH");
    // the header is there before anything is written
    assert_eq!(lab.open().item_count().unwrap(), 0);
    // one that is there is not overwritten, unless that is asked for
    let again = Description::new("A", "q").unwrap();
    assert_eq!(teafile::create(&lab.path, &again).unwrap_err().kind(), ErrorKind::Exists);
    drop(file);
    CreateOptions::default().overwrite(true).create(&lab.path, &again).unwrap();
    assert_eq!(lab.open().description().fields().len(), 1);
    // errors of names and formats
    assert!(refused("A B", "2q").contains("'2' in the format '2q' (expected one of b h i q"));
    assert!(refused("A B", "qqq").contains("a format of 3 characters for 2 fields"));
    assert!(refused("A B", "qs").contains("'s' in the format"));
    assert!(refused("", "").contains("no fields"));
    assert!(refused("A B A", "qqq").contains("field 'A' occurs twice"));
    for prefix in ['@', '<', '>', '=', '!'] {
        assert!(refused("A B", &format!("{prefix}bq")).contains("without counts and prefixes"));
    }
    // what the reference cannot make
    let floats = Lab::new("f.tea");
    let mut file = floats.create("F", "f");
    file.write(&[1.5.into()]).unwrap();
    file.close().unwrap();
    assert_eq!(floats.open().row(0).unwrap().get("F").unwrap(), Value::Float(1.5));
    // a field called time, whatever its case, is one; the section is there in any case
    let times = Description::new("A tIME Time", "qqq").unwrap();
    assert_eq!(times.event_time().unwrap().name(), "tIME");
    assert_eq!(times.fields().iter().map(teafile::Field::is_time).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(Description::new("A", "q").unwrap().scale(), Some(teafile::TimeScale::JAVA));
}

#[test]
fn a02_write() {
    let lab = Lab::new("lab.tea");
    let mut file = lab.create("Time A B", "qqb");
    let time = DateTime::new(2000, 1, 1).unwrap();
    file.write(&[time.into(), 1.into(), 2.into()]).unwrap();
    file.write_named(&[("B", 4.into()), ("A", time.into()), ("Time", time.into())]).unwrap();
    for wrong in [&[][..], &[time.into()], &[time.into(), 1.into(), 2.into(), 3.into()]] {
        assert_eq!(file.write(wrong).unwrap_err().kind(), ErrorKind::BadValue);
    }
    for wrong in [Value::Int(128), Value::Int(-129), Value::UInt(u64::MAX), Value::Double(1.0)] {
        let error = file.write(&[time.into(), 1.into(), wrong]).unwrap_err();
        assert!(error.to_string().contains("field 'B'"), "{error}");
    }
    file.close().unwrap();
    // nothing of what was refused was written
    assert_eq!(
        texts(lab.open().items(..).unwrap()),
        [
            "TAB(Time=2000-01-01 00:00:00:000, A=1, B=2)",
            "TAB(Time=2000-01-01 00:00:00:000, A=946684800000, B=4)"
        ]
    );
}

#[test]
fn a03_read() {
    let lab = Lab::new("lab.tea");
    lab.numbers(2);
    let mut file = lab.open();
    assert_eq!(next(&mut file).as_deref(), Some("A(A=0)"));
    assert_eq!(next(&mut file).as_deref(), Some("A(A=1)"));
    assert_eq!((next(&mut file), next(&mut file)), (None, None));
}

#[test]
fn a04_openread() {
    let lab = Lab::new("lab.tea");
    lab.numbers(3);
    let mut file: Reader = lab.open();
    // a `Reader` has no method to write: the compiler refuses what is an error at run time in Python
    assert_eq!(next(&mut file).as_deref(), Some("A(A=0)"));
}

#[test]
fn a05_openwrite() {
    let lab = Lab::new("lab.tea");
    lab.pairs(3);
    let mut file = teafile::append(&lab.path).unwrap();
    file.write(&[7.into(), 77.into()]).unwrap();
    file.close().unwrap();
    let text = lab.open().items_text(10).unwrap();
    assert_eq!(text, "[AB(A=0, B=0), AB(A=1, B=10), AB(A=2, B=20), AB(A=7, B=77)]\n");
    let mut file = teafile::append(&lab.path).unwrap();
    assert_eq!(file.read().unwrap(), None);
    file.seek_item(1).unwrap();
    assert_eq!(file.read().unwrap().unwrap().to_string(), "AB(A=1, B=10)");
}

#[test]
fn a05_openwrite_where_room_was_prepared() {
    let lab = Lab::new("lab.tea");
    let description = Description::new("A", "q").unwrap();
    let mut file = CreateOptions::default().prepare(10).create(&lab.path, &description).unwrap();
    file.write(&[1.into()]).unwrap();
    file.close().unwrap();
    let mut file = teafile::append(&lab.path).unwrap();
    file.write(&[2.into()]).unwrap();
    file.close().unwrap();
    assert_eq!(texts(lab.open().items(..).unwrap()), ["A(A=1)", "A(A=2)"]);
    let header_size = lab.open().header().item_start();
    assert_eq!(lab.open().header().item_end(), Some(header_size + 16));
}

#[test]
fn a06_flush() {
    let lab = Lab::new("lab.tea");
    lab.numbers(3);
    let mut file = teafile::append(&lab.path).unwrap();
    assert_eq!(file.item_count(), 3);
    file.write(&[71.into()]).unwrap();
    assert_eq!((file.item_count(), lab.open().item_count().unwrap()), (3, 3));
    file.flush().unwrap();
    assert_eq!((file.item_count(), lab.open().item_count().unwrap()), (4, 4));
}

#[test]
fn a07_seekitem() {
    let lab = Lab::new("lab.tea");
    lab.numbers(20);
    let mut file = lab.open();
    let first: Vec<_> = (0..3).filter_map(|_| next(&mut file)).collect();
    assert_eq!(first, ["A(A=0)", "A(A=1)", "A(A=2)"]);
    file.seek_item(7);
    assert_eq!(next(&mut file).as_deref(), Some("A(A=7)"));
    file.seek_item(2);
    assert_eq!(next(&mut file).as_deref(), Some("A(A=2)"));
    for beyond in [20, 21, u64::MAX] {
        file.seek_item(beyond);
        assert_eq!(next(&mut file), None);
    }
    // an index below 0 is no index: the type has none
    let pairs = Lab::new("pairs.tea");
    let mut file = pairs.create("A B", "qq");
    file.write(&[1.into(), 1.into()]).unwrap();
    file.write(&[2.into(), 2.into()]).unwrap();
    file.seek_item(0).unwrap();
    file.write(&[3.into(), 3.into()]).unwrap();
    file.close().unwrap();
    assert_eq!(texts(pairs.open().items(..).unwrap()), ["AB(A=3, B=3)", "AB(A=2, B=2)"]);
}

#[test]
fn a08_seekend() {
    let lab = Lab::new("lab.tea");
    lab.numbers(3);
    let mut file = lab.open();
    file.seek_end().unwrap();
    assert_eq!(next(&mut file), None);
}
