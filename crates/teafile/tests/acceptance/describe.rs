//! B: what a file says about itself.

use teafile::{Description, ErrorKind, FieldType, ItemDescription, NamedValue, TimeScale, Uuid, Value};

use crate::Lab;

#[test]
fn b01_the_four_parts() {
    let none = Description::default();
    assert!(none.item().is_none() && none.content_description().is_none() && none.scale().is_none());
    assert!(none.name_values().is_empty());
    let lab = Lab::new("lab.tea");
    let all =
        Description::new("A", "q").unwrap().content("text").name_value("a", 1).time_scale(TimeScale::NET);
    teafile::create(&lab.path, &all).unwrap();
    assert_eq!(lab.open().description(), &all);
}

#[test]
fn b02_the_text() {
    let description = Description::new("A B", "qq").unwrap();
    assert_eq!(
        description.to_string(),
        "ItemDescription\nName:\tAB\nSize:\t16\nFields:\n\
         [A            Type:  Int64   Offset: 0   IsTime:0   IsEventTime:0,\n \
         B            Type:  Int64   Offset: 8   IsTime:0   IsEventTime:0]\n\n\
         ContentDescription\nNone\n\nNameValues\nNone\n\nTimeScale\n\
         Epoch:           719162\nTicks per Day: 86400000\nWellknown Scale:   Java\n"
    );
    let description =
        Description::new("Time Price", "qd").unwrap().without_time().content("c").name_value("x", 0.5);
    assert!(
        description
            .to_string()
            .ends_with("\n\nContentDescription\nc\n\nNameValues\n{'x': 0.5}\n\nTimeScale\nNone")
    );
    let one = Description::new("Price", "d").unwrap();
    assert!(one.to_string().contains("[Price        Type: Double   Offset: 0   IsTime:0   IsEventTime:0]\n"));
}

#[test]
fn b03_times_are_marked_at_once() {
    let lab = Lab::new("lab.tea");
    let file = lab.create("Time A", "qq");
    assert!(file.description().fields()[0].is_time() && file.description().fields()[0].is_event_time());
    assert_eq!(lab.open().description(), file.description());
}

#[test]
fn b04_itemdescription_create() {
    for name in [None, Some("")] {
        assert_eq!(ItemDescription::create(name, "Time Price", "qd").unwrap().name(), "TP");
    }
    let item = ItemDescription::create(Some("Tick"), "Time Price", "qd").unwrap();
    assert_eq!(item.name(), "Tick");
    assert_eq!(item.field_by_offset(8).unwrap().name(), "Price");
    assert_eq!(item.field_by_offset(4).unwrap_err().kind(), ErrorKind::UnknownField);
}

#[test]
fn b05_field() {
    let lab = Lab::new("lab.tea");
    let mut file = lab.create("Time Price", "qd");
    file.write(&[1_299_229_200_000_i64.into(), 45.11.into()]).unwrap();
    file.close().unwrap();
    let mut file = lab.open();
    let [time, price] = file.description().fields().to_vec().try_into().unwrap();
    assert_eq!((price.name(), price.offset(), price.index()), ("Price", 8, 1));
    assert_eq!((price.field_type(), price.field_type().format_char()), (FieldType::Double, Some('d')));
    assert!(!price.is_time() && !price.is_event_time());
    let row = file.row(0).unwrap();
    // the raw ticks, and the same as a time
    assert_eq!(row.value(&time), Value::Int(1_299_229_200_000));
    assert_eq!(row.value_string(&time), "2011-03-04 09:00:00:000");
    assert_eq!(row.value(&price), Value::Double(45.11));
}

#[test]
fn b06_display_names() {
    let shown = |name: &str, field: &str| {
        let item =
            ItemDescription::builder(name).field("first", FieldType::Int8).field(field, FieldType::Int8);
        let item = item.build().unwrap();
        format!("{} {}", item.display_name(), item.fields()[1].display_name())
    };
    assert_eq!(shown("Event<OHLCV>", "bid size"), "EventOHLCV bidsize");
    assert_eq!(shown("Größe", "温度"), "Größe 温度");
    assert_eq!(shown("<>", "-"), "Item _1");
    assert_eq!(shown("1st", "2nd"), "_1st _2nd");
}

#[test]
fn b07_fieldtype() {
    let names = ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Double"];
    let sizes = [1, 2, 4, 8, 1, 2, 4, 8, 4, 8];
    let characters = ['b', 'h', 'i', 'q', 'B', 'H', 'I', 'Q', 'f', 'd'];
    for (code, ((name, size), character)) in (1..).zip(names.into_iter().zip(sizes).zip(characters)) {
        let field_type = FieldType::from_code(code).unwrap();
        assert_eq!((field_type.name(), field_type.size(), field_type.code()), (name, Some(size), code));
        assert_eq!(FieldType::from_char(character), Some(field_type));
        assert_eq!(field_type.format_char(), Some(character));
    }
    assert_eq!(
        (FieldType::from_code(0), FieldType::from_code(-1), FieldType::from_char('x')),
        (None, None, None)
    );
}

#[test]
fn b08_namevalues() {
    let lab = Lab::new("lab.tea");
    let id = Uuid::parse("0fe88780-31f0-a148-b1ac-102e51bd173a").unwrap();
    let description = Description::new("A", "q")
        .unwrap()
        .name_value("int", i32::MIN)
        .name_value("float", 0.5)
        .name_value("text", "t")
        .name_value("uuid", id)
        .name_value("bool", true)
        .name_value("more", u64::MAX);
    teafile::create(&lab.path, &description).unwrap();
    let file = lab.open();
    let values = file.description().name_values();
    let kinds: Vec<(&str, i32)> = values.iter().map(|(name, value)| (name, value.kind())).collect();
    assert_eq!(kinds, [("int", 1), ("float", 2), ("text", 3), ("uuid", 4), ("bool", 1), ("more", 5)]);
    assert_eq!(values.get("uuid"), Some(&NamedValue::Uuid(id)));
    assert_eq!(values.get("bool"), Some(&NamedValue::Int32(1)));
    // a number beyond 32 bits is no `i32`, and nothing is no value: the compiler refuses what Python finds out later
    let empty = Description::new("A", "q").unwrap().content("");
    let ids = |description: &Description| {
        let bytes = description.to_header(teafile::ByteOrder::NATIVE).unwrap();
        let header = teafile::Header::parse(&bytes, bytes.len() as u64).unwrap();
        header.sections().iter().map(|section| section.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&empty), [0x0a, 0x40]);
    assert_eq!(ids(&description.content("x")), [0x0a, 0x80, 0x81, 0x40]);
}

#[test]
fn b09_timescale() {
    assert_eq!(TimeScale::new(719_162, 86_400_000).unwrap(), TimeScale::JAVA);
    let names = [TimeScale::JAVA, TimeScale::NET, TimeScale::UNIX_NANOS].map(TimeScale::well_known_name);
    assert_eq!(names, [Some("Java"), Some("Net"), None]);
    let text = |scale: TimeScale| scale.to_string();
    assert_eq!(
        text(TimeScale::JAVA),
        "Epoch:           719162\nTicks per Day: 86400000\nWellknown Scale:   Java\n"
    );
    assert_eq!(
        text(TimeScale::NET),
        "Epoch:                0\nTicks per Day: 864000000000\nWellknown Scale:    Net\n"
    );
    assert_eq!(text(TimeScale::new(5, 7).unwrap()), "Epoch:                5\nTicks per Day:        7\n");
}

#[test]
fn b10_times_are_of_the_scale_of_the_file() {
    let lab = Lab::new("lab.tea");
    let description = Description::new("Time", "q").unwrap().time_scale(TimeScale::UNIX_NANOS);
    let mut file = teafile::create(&lab.path, &description).unwrap();
    file.write(&[1_700_000_000_123_456_789_i64.into()]).unwrap();
    file.close().unwrap();
    assert_eq!(lab.open().row(0).unwrap().to_string(), "T(Time=2023-11-14 22:13:20:123456789)");
}
