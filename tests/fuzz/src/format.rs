//! Format strings of all three styles. The first byte chooses style and options, a zero byte ends the format and begins
//! the format of the time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stratd_logging::{ExceptionText, Formatter, FormatterOptions, Level, Record, Style, Value, WIDTH_MAX};

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let (format, time_format) = match text.split_once('\0') {
        Some((format, time_format)) => (format, Some(time_format.to_owned())),
        None => (text, None),
    };
    let options = FormatterOptions {
        format: Some(format.to_owned()),
        date_format: time_format,
        style: [Style::Percent, Style::Brace, Style::Dollar][usize::from(choice % 3)],
        missing: (choice & 4 != 0).then(|| "-".to_owned()),
        exception: if choice & 8 != 0 { ExceptionText::OneLine } else { ExceptionText::Append },
        ..FormatterOptions::default()
    };
    let Ok(mut formatter) = Formatter::new(&options) else { return };
    let mut record = Record::new("strategy.žluť", Level::new(17), "order 17 \u{1f40e} filled\nat 101.25");
    record.created_ns = i64::from(choice) * 1_000_000_007 - 3;
    record.pathname = "/opt/plugins/momentum.rs".into();
    record.exc_text = Some("Traceback\n  x".into());
    let values =
        [("i", Value::Int(1 << 70)), ("f", Value::Float(-0.1)), ("t", Value::from("ž")), ("n", Value::Null)];
    for (key, value) in values {
        record.fields.add(key, value);
    }
    let mut out = String::new();
    // a record that does not fit the format is an error of that record
    if formatter.format(&record, &mut out).is_ok() {
        // no field is wider than the limit, and none is longer than the longest text of the record, four times escaped
        let max = (format.len() + 64) * (WIDTH_MAX + 512) * 4;
        assert!(out.len() <= max, "{} bytes of a format of {}", out.len(), format.len());
    }
});
