//! Format strings: whatever is compiled prints what Python would, and nothing panics.

use std::collections::BTreeMap;

use proptest::prelude::*;
use stratd_logging::{Formatter, FormatterOptions, Level, Record, Style, Value};

use crate::config;

/// A piece of a format.
#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Text { field: &'static str, align: char, width: usize, precision: Option<usize> },
    Number { field: &'static str, align: char, sign: &'static str, has_zeros: bool, width: usize },
}

fn piece() -> impl Strategy<Value = Piece> {
    let texts = prop::sample::select(vec!["name", "message", "levelname", "threadName", "symbol"]);
    let numbers = prop::sample::select(vec!["lineno", "levelno", "process"]);
    let sign = prop::sample::select(vec!["", "+", " "]);
    prop_oneof![
        "[a-z%{}$ \u{17e}\n]{0,6}".prop_map(Piece::Literal),
        (texts, prop::sample::select(vec!['<', '>', '^']), 0_usize..20, prop::option::of(0_usize..8))
            .prop_map(|(field, align, width, precision)| Piece::Text { field, align, width, precision }),
        (numbers, prop::sample::select(vec!['<', '>', '^', '=']), sign, any::<bool>(), 0_usize..20).prop_map(
            |(field, align, sign, has_zeros, width)| Piece::Number { field, align, sign, has_zeros, width }
        ),
    ]
}

/// The piece in the notation of a style.
fn notation(piece: &Piece, style: Style) -> String {
    let width = |width: usize| if width == 0 { String::new() } else { width.to_string() };
    match (piece, style) {
        (Piece::Literal(text), Style::Percent) => text.replace('%', "%%"),
        (Piece::Literal(text), Style::Brace) => text.replace('{', "{{").replace('}', "}}"),
        (Piece::Literal(text), Style::Dollar) => text.replace('$', "$$"),
        (Piece::Text { field, align, width: wide, precision }, Style::Percent) => {
            let precision = precision.map(|precision| format!(".{precision}")).unwrap_or_default();
            format!("%({field}){}{}{precision}s", if *align == '<' { "-" } else { "" }, width(*wide))
        }
        (Piece::Text { field, align, width: wide, precision }, Style::Brace) => {
            let precision = precision.map(|precision| format!(".{precision}")).unwrap_or_default();
            format!("{{{field}:*{align}{}{precision}}}", width(*wide))
        }
        (Piece::Number { field, align, sign, has_zeros, width: wide }, Style::Percent) => {
            let left = if *align == '<' { "-" } else { "" };
            format!("%({field}){left}{sign}{}{}d", if *has_zeros { "0" } else { "" }, width(*wide))
        }
        (Piece::Number { field, align, sign, has_zeros, width: wide }, Style::Brace) => {
            if *has_zeros && *wide > 0 {
                format!("{{{field}:{sign}0{wide}d}}")
            } else {
                format!("{{{field}:*{align}{sign}{}d}}", width(*wide))
            }
        }
        (Piece::Text { field, .. } | Piece::Number { field, .. }, Style::Dollar) => format!("${{{field}}}"),
    }
}

fn pad(text: &str, width: usize, align: char, fill: char) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let before = match align {
        '<' => 0,
        '>' => missing,
        _ => missing / 2,
    };
    let fill = |count: usize| fill.to_string().repeat(count);
    format!("{}{text}{}", fill(before), fill(missing - before))
}

/// What Python prints for a piece, said as plainly as possible.
fn printed(piece: &Piece, style: Style, fields: &BTreeMap<&str, String>) -> String {
    match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Text { field, .. } | Piece::Number { field, .. } if style == Style::Dollar => {
            fields[field].clone()
        }
        Piece::Text { field, align, width, precision } => {
            let text: String = fields[field].chars().take(precision.unwrap_or(usize::MAX)).collect();
            match style {
                Style::Brace => pad(&text, *width, *align, '*'),
                _ => pad(&text, *width, if *align == '<' { '<' } else { '>' }, ' '),
            }
        }
        Piece::Number { field, align, sign, has_zeros, width } => {
            let digits = &fields[field];
            let after_sign =
                |fill| format!("{sign}{}", pad(digits, width.saturating_sub(sign.len()), '>', fill));
            let whole = format!("{sign}{digits}");
            match (style, align) {
                // to the left there are no zeros
                (Style::Percent, '<') => pad(&whole, *width, '<', ' '),
                (Style::Percent, _) if !has_zeros => pad(&whole, *width, '>', ' '),
                (Style::Brace, '=') if !has_zeros => after_sign('*'),
                (Style::Brace, align) if !has_zeros => pad(&whole, *width, *align, '*'),
                _ => after_sign('0'),
            }
        }
    }
}

fn styles() -> impl Strategy<Value = Style> {
    prop::sample::select(vec![Style::Percent, Style::Brace, Style::Dollar])
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn a_compiled_format_prints_what_a_naive_interpreter_prints(
        pieces in prop::collection::vec(piece(), 1..8),
        style in styles(),
        name in "[a-z.\u{17e}]{1,12}",
        message in "[ -~\u{17e}]{0,20}",
        line in 0_u32..1_000_000,
        level in prop::sample::select(vec![10, 20, 30, 40, 50, 7]),
    ) {
        let mut record = Record::new(name.clone(), Level::new(level), message.clone());
        record.lineno = line;
        record.process = 4711;
        record.thread_name = "T-1".into();
        record.fields.add("symbol", Value::from("AAPL"));
        let level_name = match level {
            10 => "DEBUG".to_owned(),
            20 => "INFO".to_owned(),
            30 => "WARNING".to_owned(),
            40 => "ERROR".to_owned(),
            50 => "CRITICAL".to_owned(),
            other => format!("Level {other}"),
        };
        let fields = BTreeMap::from([
            ("name", name), ("message", message), ("levelname", level_name), ("threadName", "T-1".to_owned()),
            ("symbol", "AAPL".to_owned()), ("lineno", line.to_string()), ("levelno", level.to_string()),
            ("process", "4711".to_owned()),
        ]);
        let format: String = pieces.iter().map(|piece| notation(piece, style)).collect();
        let options = FormatterOptions {
            format: Some(format.clone()),
            style,
            extra_fields: vec!["symbol".to_owned()],
            ..FormatterOptions::default()
        };
        let has_field = pieces.iter().any(|piece| !matches!(piece, Piece::Literal(_)));
        match Formatter::new(&options) {
            Ok(mut formatter) => {
                let mut text = String::new();
                formatter.format(&record, &mut text).unwrap();
                // an empty format is the message alone
                let expected: String = if format.is_empty() {
                    fields["message"].clone()
                } else {
                    pieces.iter().map(|piece| printed(piece, style, &fields)).collect()
                };
                prop_assert_eq!(text, expected, "{}", format);
            }
            Err(error) => prop_assert!(!has_field, "{}: {}", format, error),
        }
    }

    #[test]
    fn no_format_panics_whether_it_is_good_or_not(
        format in prop_oneof!["\\PC{0,40}", "[%(){}$a-z0-9.*#+ !:<>^,_\\-\\[\\]\u{17e}]{0,40}"],
        date_format in prop::option::of("[%a-zA-Z_^#0-9 -]{0,20}"),
        msec_format in prop::option::of("[%sd0-9.,]{0,12}"),
        style in styles(),
        created_ns in any::<i64>(),
    ) {
        let options = FormatterOptions {
            format: Some(format),
            date_format,
            msec_format,
            style,
            missing: Some("-".to_owned()),
            ..FormatterOptions::default()
        };
        if let Ok(mut formatter) = Formatter::new(&options) {
            let mut record = Record::new("a.b", Level::INFO, "hello \u{17e}");
            record.created_ns = created_ns;
            let mut text = String::from("before");
            if formatter.format(&record, &mut text).is_err() {
                prop_assert_eq!(text, "before");
            }
        }
    }
}
