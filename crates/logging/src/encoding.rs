//! A record as bytes, for the way from the thread that logs to the back end.
//!
//! Everything is copied: a record that is under way holds no pointer into the code that logged it, so that a plugin may be
//! unloaded. Numbers are little-endian; a record is its head, then its texts one after the other.

use std::borrow::Cow;
use std::fmt::{self, Write};

use crate::{
    fields::{Fields, RESERVED, cut, write_field},
    head::{FLAG_FOREIGN, FLAG_HANDLED, FLAG_LARGE, FLAG_MODULE, HEAD_BYTES, Head},
    level::Level,
    record::Record,
    value::Value,
};

/// The longest text of one record in bytes; what is longer is cut there.
pub const RECORD_TEXT_MAX: usize = 16 << 20;

/// Where a record comes from in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Location<'a> {
    /// Source file.
    pub file: &'a str,
    /// Line in it.
    pub line: u32,
    /// Function.
    pub function: &'a str,
    /// Module; None for the name of the file without its ending.
    pub module: Option<&'a str>,
}

/// The text of a record.
#[derive(Clone, Copy)]
pub(crate) enum Message<'a> {
    /// finished
    Text(&'a str),
    /// still to be printed, by code that is not ours and may log itself
    Arguments(fmt::Arguments<'a>),
}

/// What a thread says when it logs; the rest of the record is known.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) logger: u32,
    pub(crate) level: Level,
    pub(crate) at_ns: i64,
    pub(crate) message: Message<'a>,
    pub(crate) location: Location<'a>,
    pub(crate) fields: &'a [(&'a str, Value<'a>)],
    pub(crate) context: &'a [(&'a str, Value<'a>)],
    pub(crate) exc_text: Option<&'a str>,
    pub(crate) stack_info: Option<&'a str>,
}

/// Writes a record over `out` and returns how many fields had to be renamed.
pub(crate) fn encode(out: &mut Vec<u8>, parts: &Parts<'_>) -> u64 {
    out.clear();
    out.resize(HEAD_BYTES, 0);
    let location = parts.location;
    let lengths = [location.file, location.function, location.module.unwrap_or_default()]
        .map(|text| push_short(out, text));
    let start = out.len();
    match parts.message {
        Message::Text(text) => out.extend_from_slice(text.as_bytes()),
        Message::Arguments(arguments) => {
            // a Display that fails leaves what it wrote
            let _ = Text(out).write_fmt(arguments);
        }
    }
    let message = close_text(out, start);
    let start = out.len();
    let mut renamed = 0;
    for (key, value) in parts.context.iter().chain(parts.fields) {
        renamed += push_field(out, key, value);
    }
    let fields = length_since(out, start);
    let exc_text = push_long(out, parts.exc_text.unwrap_or_default());
    let stack = push_long(out, parts.stack_info.unwrap_or_default());
    let flags = if location.module.is_some() { FLAG_MODULE } else { 0 };
    let head = Head {
        logger: parts.logger,
        level: parts.level.get(),
        at_ns: parts.at_ns,
        line: location.line,
        long: [message, fields, exc_text, stack, 0],
        short: lengths,
        flags,
    };
    head.write(out);
    renamed
}

/// Room for a text that is printed into it, which cannot fail.
struct Text<'a>(&'a mut Vec<u8>);

impl Write for Text<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn push_field(out: &mut Vec<u8>, key: &str, value: &Value<'_>) -> u64 {
    if RESERVED.contains(&key) {
        write_field(out, &format!("x_{key}"), value);
        return 1;
    }
    write_field(out, key, value);
    0
}

/// Writes a finished record, with every attribute it has, over `out`. It takes its place among others by `at_ns`, when it
/// came here: the clock of its sender may be another.
pub(crate) fn encode_record(out: &mut Vec<u8>, logger: u32, at_ns: i64, record: &Record<'_>) {
    out.clear();
    out.resize(HEAD_BYTES, 0);
    let short = [&record.pathname, &record.function, record.module.as_ref().unwrap_or(&Cow::Borrowed(""))]
        .map(|text| push_short(out, text));
    let message = push_long(out, &record.message);
    let start = out.len();
    record.fields.iter().for_each(|(key, value)| write_field(out, key, &value));
    let fields = length_since(out, start);
    let exc_text = push_long(out, record.exc_text.as_deref().unwrap_or_default());
    let stack = push_long(out, record.stack_info.as_deref().unwrap_or_default());
    let start = out.len();
    write_field(out, "name", &Value::from(&*record.name));
    if let Some(name) = &record.level_name {
        write_field(out, "levelname", &Value::from(&**name));
    }
    if let Some(name) = &record.task_name {
        write_field(out, "taskName", &Value::from(&**name));
    }
    write_field(out, "created", &Value::from(record.created_ns));
    write_field(out, "start", &Value::from(record.start_ns));
    write_field(out, "thread", &Value::from(record.thread));
    write_field(out, "threadName", &Value::from(&*record.thread_name));
    write_field(out, "process", &Value::from(record.process));
    write_field(out, "processName", &Value::from(&*record.process_name));
    let foreign = length_since(out, start);
    let module = if record.module.is_some() { FLAG_MODULE } else { 0 };
    let head = Head {
        logger,
        level: record.level.get(),
        at_ns,
        line: record.lineno,
        long: [message, fields, exc_text, stack, foreign],
        short,
        flags: FLAG_FOREIGN | FLAG_HANDLED | module,
    };
    head.write(out);
}

/// Writes a marker for a record that waits elsewhere under `key`.
pub(crate) fn encode_marker(out: &mut Vec<u8>, at_ns: i64, key: u64) {
    out.clear();
    out.resize(HEAD_BYTES, 0);
    out.extend_from_slice(&key.to_le_bytes());
    let head =
        Head { logger: 0, level: 0, at_ns, line: 0, long: [8, 0, 0, 0, 0], short: [0; 3], flags: FLAG_LARGE };
    head.write(out);
}

#[inline]
fn push_short(out: &mut Vec<u8>, text: &str) -> u16 {
    if text.is_empty() {
        return 0;
    }
    let text = cut(text, usize::from(u16::MAX));
    out.extend_from_slice(text.as_bytes());
    u16::try_from(text.len()).unwrap_or(u16::MAX)
}

#[inline]
fn push_long(out: &mut Vec<u8>, text: &str) -> u32 {
    if text.is_empty() {
        return 0;
    }
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    close_text(out, start)
}

/// Cuts what was written since `start` to the limit, at a character, and says how long it is.
#[inline]
fn close_text(out: &mut Vec<u8>, start: usize) -> u32 {
    if out.len() - start > RECORD_TEXT_MAX {
        let mut end = start + RECORD_TEXT_MAX;
        // the second and further bytes of a character begin with the bits 10
        while out.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
            end -= 1;
        }
        out.truncate(end);
    }
    length_since(out, start)
}

/// How much was written since `start`; texts and fields are limited far below what the number holds.
#[inline]
fn length_since(out: &[u8], start: usize) -> u32 {
    u32::try_from(out.len() - start).unwrap_or(u32::MAX)
}

/// The thread and process that a record was logged in.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) thread: u64,
    pub(crate) thread_name: String,
    pub(crate) process: u32,
    pub(crate) process_name: String,
    pub(crate) start_ns: i64,
}

/// Reads a record in place and hands it to `work`. `name` is that of the logger whose number the head holds.
///
/// It is lent, not returned: a record is half a kilobyte, which would be copied on its way out.
#[inline]
pub(crate) fn with_decoded<'a, R>(
    head: &Head,
    bytes: &'a [u8],
    (name, origin): (&'a str, &'a Origin),
    work: impl FnOnce(&mut Record<'a>) -> R,
) -> Option<R> {
    let [message, others @ ..] = head.long;
    let texts = head.short.iter().map(|&length| usize::from(length)).sum::<usize>() + message as usize;
    let (texts, mut rest) = bytes.get(HEAD_BYTES..)?.split_at_checked(texts)?;
    let [file, function, module, message] = split_texts(texts, head.short)?;
    let mut parts: [&[u8]; 4] = [&[]; 4];
    // most records have none of these
    if others != [0; 4] {
        for (part, length) in parts.iter_mut().zip(others) {
            (*part, rest) = rest.split_at_checked(length as usize)?;
        }
    }
    let [fields, exc_text, stack, foreign] = parts;
    let optional = |text: &'a [u8]| (!text.is_empty()).then(|| str_of(text));
    // written at once: a default that is written over would have to be dropped first
    let mut record = Record {
        name: Cow::Borrowed(name),
        level: Level::new(head.level),
        level_name: None,
        created_ns: head.at_ns,
        start_ns: origin.start_ns,
        message: Cow::Borrowed(message),
        pathname: Cow::Borrowed(file),
        lineno: head.line,
        function: Cow::Borrowed(function),
        module: (head.flags & FLAG_MODULE != 0).then_some(Cow::Borrowed(module)),
        thread: origin.thread,
        thread_name: Cow::Borrowed(&origin.thread_name),
        process: origin.process,
        process_name: Cow::Borrowed(&origin.process_name),
        task_name: None,
        exc_text: optional(exc_text),
        stack_info: optional(stack),
        fields: Fields::from_encoded(fields),
    };
    if head.flags & FLAG_FOREIGN != 0 {
        take_foreign(&mut record, &Fields::from_encoded(foreign));
    }
    Some(work(&mut record))
}

/// File, function, module and message, which follow each other: looked at for what is no text once, not four times.
#[inline]
fn split_texts(bytes: &[u8], lengths: [u16; 3]) -> Option<[&str; 4]> {
    // what is encoded was text
    let text = std::str::from_utf8(bytes).ok()?;
    let [file, function, module] = lengths.map(usize::from);
    let (file, text) = text.split_at_checked(file)?;
    let (function, text) = text.split_at_checked(function)?;
    let (module, message) = text.split_at_checked(module)?;
    Some([file, function, module, message])
}

/// Puts the attributes of the record's own process in place of ours. Received records are few: this may allocate.
fn take_foreign(record: &mut Record<'_>, foreign: &Fields<'_>) {
    for (key, value) in foreign.iter() {
        match (key, value) {
            ("name", Value::Text(text)) => record.name = text.into_owned().into(),
            ("levelname", Value::Text(text)) => record.level_name = Some(text.into_owned().into()),
            ("taskName", Value::Text(text)) => record.task_name = Some(text.into_owned().into()),
            ("threadName", Value::Text(text)) => record.thread_name = text.into_owned().into(),
            ("processName", Value::Text(text)) => record.process_name = text.into_owned().into(),
            ("created", Value::Int(number)) => record.created_ns = i64::try_from(number).unwrap_or(0),
            ("start", Value::Int(number)) => record.start_ns = i64::try_from(number).unwrap_or(0),
            ("thread", Value::Int(number)) => record.thread = u64::try_from(number).unwrap_or(0),
            ("process", Value::Int(number)) => record.process = u32::try_from(number).unwrap_or(0),
            _ => {}
        }
    }
}

/// Texts were texts when they were written; a caller through another language may hand over anything.
fn str_of(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[cfg(test)]
mod tests {
    use super::{
        Head, Location, Message, Origin, Parts, RECORD_TEXT_MAX, encode, encode_record, with_decoded,
    };
    use crate::{level::Level, record::Record, value::Value};

    fn decode<'a>(head: &Head, bytes: &'a [u8], name: &'a str, origin: &'a Origin) -> Option<Record<'a>> {
        with_decoded(head, bytes, (name, origin), |record| record.clone())
    }

    fn origin() -> Origin {
        Origin { thread: 7, thread_name: "t".into(), process: 3, process_name: "p".into(), start_ns: 1 }
    }

    #[test]
    fn a_record_reads_back_as_it_was_said_and_reserved_fields_are_renamed() {
        let mut bytes = Vec::new();
        let parts = Parts {
            logger: 5,
            level: Level::ERROR,
            at_ns: 42,
            message: Message::Arguments(format_args!("hello {}", "ž")),
            location: Location { file: "/a/b.rs", line: 9, function: "f", module: Some("m") },
            fields: &[("name", Value::from("x")), ("qty", Value::from(5))],
            context: &[("qty", Value::from(4))],
            exc_text: Some("boom"),
            stack_info: None,
        };
        assert_eq!(encode(&mut bytes, &parts), 1);
        let head = Head::read(&bytes).unwrap();
        assert_eq!((head.logger, head.at_ns, Head::peek(&bytes)), (5, 42, Some((42, bytes.len()))));
        let origin = origin();
        let record = decode(&head, &bytes, "a.b", &origin).unwrap();
        assert_eq!((&*record.name, &*record.message, record.module()), ("a.b", "hello ž", "m"));
        assert_eq!((record.lineno, record.thread, record.exc_text.as_deref()), (9, 7, Some("boom")));
        assert_eq!(record.fields.get("qty"), Some(Value::from(5)));
        assert_eq!(record.fields.get("x_name"), Some(Value::from("x")));
    }

    #[test]
    fn a_received_record_keeps_the_attributes_of_its_own_process() {
        let mut sent = Record::new("remote", Level::new(25), "m");
        sent.level_name = Some("NOTICE".into());
        (sent.thread, sent.process, sent.created_ns, sent.start_ns) = (99, 4242, 5, 2);
        sent.process_name = "python".into();
        let mut bytes = Vec::new();
        encode_record(&mut bytes, 1, 77, &sent);
        let head = Head::read(&bytes).unwrap();
        let origin = origin();
        let record = decode(&head, &bytes, "here", &origin).unwrap();
        assert_eq!((&*record.name, &*record.process_name, record.process), ("remote", "python", 4242));
        assert_eq!(
            (record.level_name.as_deref(), record.created_ns, record.start_ns),
            (Some("NOTICE"), 5, 2)
        );
        assert_eq!(head.at_ns, 77);
    }

    #[test]
    fn a_text_above_the_limit_is_cut_at_a_character() {
        let text = "ž".repeat(RECORD_TEXT_MAX / 2 + 1);
        let mut record = Record::new("a", Level::INFO, format!("x{text}"));
        record.exc_text = Some("e".into());
        let mut bytes = Vec::new();
        encode_record(&mut bytes, 0, 77, &record);
        let head = Head::read(&bytes).unwrap();
        let origin = origin();
        let read = decode(&head, &bytes, "a", &origin).unwrap();
        assert_eq!(read.message.len(), RECORD_TEXT_MAX - 1);
        assert_eq!(read.exc_text.as_deref(), Some("e"));
    }
}
