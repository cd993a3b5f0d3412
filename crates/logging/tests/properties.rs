//! Properties, against naive models: formats, levels and propagation as Python's source has them, rotation.
//!
//! A failing case is printed with its seed; `PROPTEST_CASES=1000 cargo test -p stratd-logging --test properties` looks
//! longer.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use stratd_logging::{
    Capture, Captured, Compression, Entry, FileOptions, Formatter, FormatterOptions, Handler, Level, Logging,
    Record, RotateBySize, RotateByTime, RotatingFileHandler, Style, TimedFileHandler, Value, When,
};

fn config(cases: u32) -> ProptestConfig {
    // the seed is printed: a file of them would be one more thing to keep
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

// --- formats ---

/// A piece of a format.
#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Text { field: &'static str, align: char, width: usize, precision: Option<usize> },
    Number { field: &'static str, sign: &'static str, has_zeros: bool, width: usize },
}

fn piece() -> impl Strategy<Value = Piece> {
    let texts = prop::sample::select(vec!["name", "message", "levelname", "threadName", "symbol"]);
    let numbers = prop::sample::select(vec!["lineno", "levelno", "process"]);
    let sign = prop::sample::select(vec!["", "+", " "]);
    prop_oneof![
        "[a-z%{}$ \u{17e}\n]{0,6}".prop_map(Piece::Literal),
        (texts, prop::sample::select(vec!['<', '>', '^']), 0_usize..20, prop::option::of(0_usize..8))
            .prop_map(|(field, align, width, precision)| Piece::Text { field, align, width, precision }),
        (numbers, sign, any::<bool>(), 0_usize..20)
            .prop_map(|(field, sign, has_zeros, width)| Piece::Number { field, sign, has_zeros, width }),
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
        (Piece::Number { field, sign, has_zeros, width: wide }, Style::Percent) => {
            format!("%({field}){sign}{}{}d", if *has_zeros { "0" } else { "" }, width(*wide))
        }
        (Piece::Number { field, sign, has_zeros, width: wide }, Style::Brace) => {
            let zeros = if *has_zeros && *wide > 0 { "0" } else { "" };
            format!("{{{field}:{sign}{zeros}{}d}}", width(*wide))
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
        Piece::Number { field, sign, has_zeros, width } => {
            let digits = &fields[field];
            if *has_zeros {
                let room = width.saturating_sub(sign.len());
                format!("{sign}{}", pad(digits, room, '>', '0'))
            } else {
                pad(&format!("{sign}{digits}"), *width, '>', ' ')
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

// --- levels and propagation ---

/// A logger of the model: Python's `Logger`, by name.
#[derive(Clone, Debug, Default)]
struct Node {
    level: i32,
    is_quiet: bool,
    is_disabled: bool,
    handlers: Vec<usize>,
}

const NAMES: [&str; 7] = ["root", "a", "a.b", "a.b.c", "a.d", "e", "e.f.g"];
const HANDLERS: usize = 3;

fn node() -> impl Strategy<Value = Node> {
    let level = prop::sample::select(vec![0, 0, 5, 10, 20, 25, 30, 40]);
    let handlers = prop::sample::subsequence((0..HANDLERS).collect::<Vec<_>>(), 0..=HANDLERS);
    (level, prop::bool::weighted(0.2), prop::bool::weighted(0.1), handlers)
        .prop_map(|(level, is_quiet, is_disabled, handlers)| Node { level, is_quiet, is_disabled, handlers })
}

/// The name above, as Python's `Manager` finds it: those that were never asked for are skipped.
fn parent(name: &str) -> Option<&'static str> {
    if name == "root" {
        return None;
    }
    let mut above = name;
    while let Some((shorter, _)) = above.rsplit_once('.') {
        above = shorter;
        if let Some(known) = NAMES.iter().find(|known| **known == above) {
            return Some(known);
        }
    }
    Some("root")
}

/// `Logger.getEffectiveLevel`
fn effective_level(tree: &BTreeMap<&str, Node>, name: &'static str) -> i32 {
    let mut at = Some(name);
    while let Some(name) = at {
        if tree[name].level != 0 {
            return tree[name].level;
        }
        at = parent(name);
    }
    0
}

/// `Logger.isEnabledFor`, `Logger.handle` and `Logger.callHandlers`: the handlers that get a record, in order.
fn reached(
    tree: &BTreeMap<&str, Node>,
    levels: &[i32],
    disable: i32,
    (name, level): (&'static str, i32),
) -> Vec<usize> {
    if disable >= level || level < effective_level(tree, name) || tree[name].is_disabled {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut at = Some(name);
    while let Some(name) = at {
        found.extend(tree[name].handlers.iter().copied().filter(|&handler| level >= levels[handler]));
        at = if tree[name].is_quiet { None } else { parent(name) };
    }
    found
}

fn build(tree: &BTreeMap<&str, Node>, levels: &[i32], disable: i32) -> (Logging, Vec<Captured>) {
    let logging = Logging::new();
    logging.set_last_resort(None);
    let mut captured = Vec::new();
    for (index, level) in levels.iter().enumerate() {
        let (capture, texts) = Capture::new(1000);
        logging.add_handler(&index.to_string(), Box::new(capture)).expect("there is room");
        logging.set_handler_level(&index.to_string(), Level::new(*level)).expect("it is there");
        captured.push(texts);
    }
    for (name, node) in tree {
        logging.set_level(name, Level::new(node.level)).expect("a good name");
        logging.set_propagate(name, !node.is_quiet).expect("a good name");
        logging.set_disabled(name, node.is_disabled).expect("a good name");
        for handler in &node.handlers {
            logging.attach(name, &handler.to_string()).expect("it is there");
        }
    }
    logging.disable(Level::new(disable));
    (logging, captured)
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn levels_and_propagation_are_those_of_the_model(
        nodes in prop::collection::vec(node(), NAMES.len()),
        levels in prop::collection::vec(prop::sample::select(vec![0, 10, 25, 40]), HANDLERS),
        disable in prop::sample::select(vec![0, 0, 10, 25]),
        records in prop::collection::vec(
            (prop::sample::select(NAMES.to_vec()), prop::sample::select(vec![5, 10, 20, 25, 30, 40, 50])), 1..30),
    ) {
        let tree: BTreeMap<&str, Node> = NAMES.into_iter().zip(nodes).collect();
        let (logging, captured) = build(&tree, &levels, disable);
        let mut expected = vec![Vec::new(); HANDLERS];
        for (index, &(name, level)) in records.iter().enumerate() {
            let logger = logging.logger(name).unwrap();
            let is_enabled = disable < level && level >= effective_level(&tree, name) && !tree[name].is_disabled;
            prop_assert_eq!(logger.is_enabled(Level::new(level)), is_enabled, "{} {}", name, level);
            prop_assert_eq!(logging.effective_level(name).unwrap().get(), effective_level(&tree, name));
            logger.log(Level::new(level), &index.to_string());
            for handler in reached(&tree, &levels, disable, (name, level)) {
                expected[handler].push(index.to_string());
            }
        }
        logging.flush();
        let got: Vec<Vec<String>> = captured.iter().map(Captured::take).collect();
        prop_assert_eq!(got, expected);
    }
}

// --- rotation ---

fn emit(handler: &mut dyn Handler, text: &str) {
    let record = Record::new("a", Level::INFO, text);
    handler.emit(&Entry::new(&record, text)).expect("the handler takes it");
}

/// A file, packed or not; None if there is none.
fn read(path: &Path) -> Option<String> {
    if let Ok(text) = std::fs::read_to_string(path) {
        return Some(text);
    }
    let file = std::fs::File::open(format!("{}.gz", path.display())).ok()?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("it was packed");
    Some(text)
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn rotation_by_size_loses_and_splits_no_line_that_it_keeps(
        lengths in prop::collection::vec(0_usize..120, 1..60),
        max_bytes in 1_u64..400,
        keep in 1_u32..8,
        is_packed in any::<bool>(),
        delay in any::<bool>(),
        restart_at in prop::option::of(0_usize..60),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let compression = if is_packed { Compression::Gzip } else { Compression::None };
        let rotate = RotateBySize { max_bytes, keep, suffix: String::new(), compression };
        let open = || {
            let options = FileOptions { delay, ..FileOptions::new(&path) };
            RotatingFileHandler::new(options, rotate.clone()).unwrap()
        };
        let lines: Vec<String> =
            lengths.iter().enumerate().map(|(index, length)| format!("{index} {}", "\u{17e}".repeat(*length))).collect();
        let mut handler = open();
        for (index, line) in lines.iter().enumerate() {
            if restart_at == Some(index) {
                handler.close(Duration::from_secs(30)).unwrap();
                handler = open();
            }
            emit(&mut handler, line);
        }
        handler.close(Duration::from_secs(30)).unwrap();
        let files: Vec<String> = (0..=keep).rev().filter_map(|number| match number {
            0 => read(&path),
            number => read(&folder.path().join(format!("a.log.{number}"))),
        }).collect();
        for text in &files {
            prop_assert!(text.ends_with('\n'));
            let bytes = u64::try_from(text.len()).unwrap();
            prop_assert!(bytes < max_bytes || text.lines().count() == 1, "{} bytes", bytes);
        }
        let kept: Vec<&str> = files.iter().flat_map(|text| text.lines()).collect();
        // what is gone is the oldest, and only if there were files to spare
        let gone = lines.len() - kept.len();
        prop_assert!(gone == 0 || files.len() == keep as usize + 1);
        prop_assert_eq!(kept, lines[gone..].iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), files.len());
    }

    #[test]
    fn rotation_by_time_loses_and_splits_no_line(
        steps in prop::collection::vec(0_i64..200, 1..40),
        when in prop::sample::select(vec![When::Second, When::Minute, When::Hour]),
        is_packed in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let now = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1_718_000_000));
        let clock = std::sync::Arc::clone(&now);
        let compression = if is_packed { Compression::Gzip } else { Compression::None };
        let rotate = RotateByTime { keep: 0, utc: true, compression, ..RotateByTime::new(when) };
        let clock = Box::new(move || clock.load(std::sync::atomic::Ordering::Relaxed) * 1_000_000_000);
        let options = FileOptions { delay: true, ..FileOptions::new(&path) };
        let mut handler = TimedFileHandler::with_clock(options, rotate, clock).unwrap();
        for (index, step) in steps.iter().enumerate() {
            now.fetch_add(*step, std::sync::atomic::Ordering::Relaxed);
            emit(&mut handler, &index.to_string());
        }
        handler.close(Duration::from_secs(30)).unwrap();
        let mut names: Vec<String> = std::fs::read_dir(folder.path()).unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".gz").to_owned())
            .collect();
        // names sort as times do; the open file is the youngest and has the shortest name
        names.sort();
        names.rotate_left(1);
        let texts: Vec<String> = names.iter().filter_map(|name| read(&folder.path().join(name))).collect();
        prop_assert!(texts.iter().all(|text| text.ends_with('\n')));
        let lines: Vec<usize> = texts.iter().flat_map(|text| text.lines()).map(|line| line.parse().unwrap()).collect();
        prop_assert_eq!(lines, (0..steps.len()).collect::<Vec<_>>());
    }
}
