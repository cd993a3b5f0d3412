//! Syslog messages: RFC 5424 with structured data, RFC 3164, and what programs send that is neither.
//!
//! A record of a message is logged on `syslog.APP`, or `syslog` if it names no program. Severities become the levels that
//! the handler makes them of (0 to 2 CRITICAL, 3 ERROR, 4 WARNING, 5 the level 25 by the name NOTICE, 6 INFO, 7 DEBUG).
//! Fields: `facility` and `severity` by name, `host`, `app`, `procid` if it is no number, `msgid`, and each parameter of
//! the structured data as `ID.NAME`.

use std::borrow::Cow;

use super::syslog_time::{month_day_time, rfc3339};
use crate::{
    error::{Error, ErrorKind, Result},
    handler::facility_name,
    level::Level,
    record::Record,
    value::Value,
};

/// The priority of a message without one, as RFC 3164 says: user, notice.
const PRIORITY: u8 = 13;
/// Parameters of one message; more are refused.
pub const SYSLOG_PARAMETERS_MAX: usize = 256;
/// The longest name of a program that is taken from RFC 3164; what is longer is part of the text.
const TAG_BYTES_MAX: usize = 64;
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// Reads one message, without the frame of a stream. A time without a year is the nearest one in the zone of this
/// process; `now_ns` also is the time of a message that has none.
///
/// # Errors
/// If it is empty, its priority is above 191, or it begins as RFC 5424 and does not go on so.
///
/// ```
/// use stratd_logging::{Level, Value, decode_syslog};
///
/// let bytes = b"<165>1 2003-10-11T22:14:15.003Z host evntslog 77 ID47 [x@1 iut=\"3\"] hello";
/// let record = decode_syslog(bytes, 0)?;
/// assert_eq!((&*record.name, &*record.message, record.process), ("syslog.evntslog", "hello", 77));
/// assert_eq!(record.fields.get("x@1.iut"), Some(Value::from("3")));
/// assert_eq!(decode_syslog(b"<11>Oct 11 22:14:15 host su: failed", 0)?.level, Level::ERROR);
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub fn decode_syslog(bytes: &[u8], now_ns: i64) -> Result<Record<'static>> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\0', '\n', '\r']);
    if text.is_empty() {
        return Err(bad(text, "it is empty"));
    }
    let (priority, rest) = priority(text)?;
    let mut record = Record::new("syslog", level(priority & 7), "");
    if priority & 7 == 5 {
        record.level_name = Some("NOTICE".into());
    }
    record.created_ns = now_ns;
    record.thread_name = Cow::Borrowed("");
    record.process_name = Cow::Borrowed("");
    record.fields.add("facility", Value::from(facility_name(priority >> 3)));
    record.fields.add("severity", Value::from(SEVERITIES[usize::from(priority & 7)]));
    match rest.strip_prefix("1 ") {
        Some(rest) => read_5424(&mut record, text, rest)?,
        None => read_3164(&mut record, rest, now_ns),
    }
    record.start_ns = record.created_ns;
    Ok(record)
}

fn bad(text: &str, what: &str) -> Error {
    let mut start = text.to_owned();
    start.truncate(start.floor_char_boundary(64));
    Error::new(ErrorKind::Wire, format!("reading a syslog message that begins with {start:?}: {what}"))
}

/// `<NUMBER>`, or the usual one if the message begins otherwise.
fn priority(text: &str) -> Result<(u8, &str)> {
    let Some(rest) = text.strip_prefix('<') else { return Ok((PRIORITY, text)) };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, after) = rest.split_at(digits);
    match (number.parse::<u8>(), after.strip_prefix('>')) {
        (Ok(number @ 0..=191), Some(after)) if digits <= 3 => Ok((number, after)),
        _ if digits == 0 => Ok((PRIORITY, text)),
        _ => Err(bad(text, "no priority (accepted: <0> to <191>)")),
    }
}

/// The level of a severity: that of which the handler makes it.
fn level(severity: u8) -> Level {
    match severity {
        0..=2 => Level::CRITICAL,
        3 => Level::ERROR,
        4 => Level::WARNING,
        5 => Level::new(25),
        6 => Level::INFO,
        _ => Level::DEBUG,
    }
}

fn field(record: &mut Record<'static>, key: &str, value: &str) {
    record.fields.add(key.to_owned(), Value::from(value.to_owned()));
}

fn set_app(record: &mut Record<'static>, app: &str, process: &str) {
    record.name = Cow::Owned(format!("syslog.{app}"));
    field(record, "app", app);
    match process.parse() {
        Ok(number) => record.process = number,
        Err(_) if !process.is_empty() => field(record, "procid", process),
        Err(_) => {}
    }
}

/// `TIMESTAMP HOST APP PROCID MSGID DATA [MSG]`; a dash stands for nothing.
fn read_5424(record: &mut Record<'static>, text: &str, rest: &str) -> Result<()> {
    let mut rest = rest;
    let mut next = |what: &str| {
        let (word, after) =
            rest.split_once(' ').ok_or_else(|| bad(text, &format!("it ends before {what}")))?;
        rest = after;
        match word {
            "" => Err(bad(text, &format!("nothing where {what} should be (accepted: - for none)"))),
            "-" => Ok(None),
            word => Ok(Some(word)),
        }
    };
    let time = next("its time")?;
    let (host, app) = (next("its host")?, next("its program")?);
    let (process, id) = (next("its process")?, next("its message id")?);
    if let Some(time) = time {
        let (ns, after) = rfc3339(time).ok_or_else(|| bad(text, "no time of RFC 3339"))?;
        if !after.is_empty() {
            return Err(bad(text, "no time of RFC 3339"));
        }
        record.created_ns = ns;
    }
    if let Some(host) = host {
        field(record, "host", host);
    }
    match app {
        Some(app) => set_app(record, app, process.unwrap_or_default()),
        None => {
            if let Some(process) = process {
                record.process = process.parse().unwrap_or(0);
            }
        }
    }
    if let Some(id) = id {
        field(record, "msgid", id);
    }
    let message = structured_data(record, rest).map_err(|what| bad(text, &what))?;
    let message = message.strip_prefix(' ').unwrap_or(message);
    record.message = Cow::Owned(message.strip_prefix('\u{feff}').unwrap_or(message).to_owned());
    Ok(())
}

/// Takes `-`, or `[ID NAME="VALUE" …]…`, and returns what follows.
fn structured_data<'a>(record: &mut Record<'static>, text: &'a str) -> Result<&'a str, String> {
    if let Some(rest) = text.strip_prefix('-') {
        return match rest.is_empty() || rest.starts_with(' ') {
            true => Ok(rest),
            false => Err("no structured data (accepted: - or [ID NAME=\"VALUE\"])".to_owned()),
        };
    }
    let (mut rest, mut count) = (text, 0);
    if !rest.starts_with('[') {
        return Err("no structured data (accepted: - or [ID NAME=\"VALUE\"])".to_owned());
    }
    while let Some(element) = rest.strip_prefix('[') {
        let (id, mut after) = sd_name(element)?;
        while let Some(parameter) = after.strip_prefix(' ') {
            let (name, value) = sd_name(parameter)?;
            let value = value.strip_prefix("=\"").ok_or("a parameter without =\"")?;
            let (value, end) = sd_value(value)?;
            count += 1;
            if count > SYSLOG_PARAMETERS_MAX {
                return Err(format!("more than {SYSLOG_PARAMETERS_MAX} parameters"));
            }
            record.fields.add(format!("{id}.{name}"), Value::from(value));
            after = end;
        }
        rest = after.strip_prefix(']').ok_or("an element of structured data without its end")?;
    }
    match rest.is_empty() || rest.starts_with(' ') {
        true => Ok(rest),
        false => Err("structured data that is followed by no space".to_owned()),
    }
}

fn sd_name(text: &str) -> Result<(&str, &str), String> {
    let end =
        text.find(|c: char| c == '=' || c == ']' || c == '"' || !c.is_ascii_graphic()).unwrap_or(text.len());
    match text.split_at(end) {
        ("", _) => Err("a name in structured data is missing".to_owned()),
        split => Ok(split),
    }
}

/// Up to the quote; a backslash before a quote, a bracket or a backslash is taken away.
fn sd_value(text: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, text.get(at + 1..).unwrap_or_default())),
            '\\' => match chars.clone().next() {
                Some((_, escaped @ ('"' | '\\' | ']'))) => {
                    value.push(escaped);
                    chars.next();
                }
                _ => value.push('\\'),
            },
            c => value.push(c),
        }
    }
    Err("a value in structured data without its quote".to_owned())
}

/// `[Mmm dd hh:mm:ss [HOST ]]TAG[PID]: text`, all of which may be missing; the time may be that of RFC 3339.
fn read_3164(record: &mut Record<'static>, text: &str, now_ns: i64) {
    let time = month_day_time(text, now_ns).or_else(|| rfc3339(text));
    let time = time.filter(|(_, rest)| rest.starts_with(' '));
    let (has_time, mut rest) = (time.is_some(), text);
    if let Some((ns, after)) = time {
        record.created_ns = ns;
        rest = after.trim_start_matches(' ');
    }
    // a first word that is no tag is the host, if there is a tag or a text after it
    if has_time
        && tag(rest).is_none()
        && let Some((host, after)) = rest.split_once(' ')
        && is_host(host)
    {
        field(record, "host", host);
        rest = after;
    }
    if let Some((app, process, after)) = tag(rest) {
        set_app(record, app, process);
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    record.message = Cow::Owned(rest.strip_prefix('\u{feff}').unwrap_or(rest).to_owned());
}

fn is_host(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'))
}

/// `TAG:` or `TAG[PID]:`, and what follows.
fn tag(text: &str) -> Option<(&str, &str, &str)> {
    let accepted =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '(' | ')' | '@');
    let end = text.find(|c: char| !accepted(c))?;
    if end == 0 || end > TAG_BYTES_MAX {
        return None;
    }
    let (tag, rest) = text.split_at(end);
    if let Some(rest) = rest.strip_prefix(':') {
        // `12:30` in a text is no program, nor is `http://`
        let has_letters = tag.bytes().any(|byte| !byte.is_ascii_digit());
        let is_tag = has_letters && (rest.is_empty() || rest.starts_with(' '));
        return is_tag.then_some((tag, "", rest));
    }
    let (process, rest) = rest.strip_prefix('[')?.split_once(']')?;
    let is_process = !process.is_empty() && process.len() <= TAG_BYTES_MAX && !process.contains(' ');
    is_process.then(|| (tag, process, rest.strip_prefix(':').unwrap_or(rest)))
}

#[cfg(test)]
mod tests {
    use super::decode_syslog;
    use crate::{level::Level, value::Value};

    const NOW: i64 = 1_704_110_400_000_000_000;

    /// Name, level, process, text, and the fields but for facility and severity.
    fn check(bytes: &[u8], expected: (&str, i32, u32, &str), fields: &[(&str, &str)]) {
        let record = decode_syslog(bytes, NOW).unwrap_or_else(|error| panic!("{error}"));
        let found = (&*record.name, record.level.get(), record.process, &*record.message);
        assert_eq!(found, expected, "{}", String::from_utf8_lossy(bytes));
        let found: Vec<_> = record.fields.iter().skip(2).collect();
        let expected: Vec<_> = fields.iter().map(|&(key, value)| (key, Value::from(value))).collect();
        assert_eq!(found, expected, "{}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn the_examples_of_rfc_5424_read_as_it_says() {
        check(
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed"
                .as_bytes(),
            ("syslog.su", 50, 0, "'su root' failed"),
            &[("host", "mymachine.example.com"), ("app", "su"), ("msgid", "ID47")],
        );
        check(
            b"<165>1 2003-10-11T22:14:15.003Z h evntslog - ID47 [a@32473 iut=\"3\" s=\"A\\\"\\\\\\]\\n\"][b@1 c=\"h\"]",
            ("syslog.evntslog", 25, 0, ""),
            &[("host", "h"), ("app", "evntslog"), ("msgid", "ID47"), ("a@32473.iut", "3"), ("a@32473.s", "A\"\\]\\n"), ("b@1.c", "h")],
        );
        check(b"<0>1 - - - - - -", ("syslog", 50, 0, ""), &[]);
        check(
            b"<15>1 - - app x7 - - a\nb\0",
            ("syslog.app", 10, 0, "a\nb"),
            &[("app", "app"), ("procid", "x7")],
        );
    }

    #[test]
    fn what_rfc_3164_finds_in_the_wild_reads_as_rsyslog_reads_it() {
        let app = |app| [("app", app)];
        check(
            b"<34>Oct 11 22:14:15 mymachine su: failed for lonvick",
            ("syslog.su", 50, 0, "failed for lonvick"),
            &[("host", "mymachine"), ("app", "su")],
        );
        check(
            b"<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!",
            ("syslog", 25, 0, "Use the BFG!"),
            &[("host", "10.0.0.99")],
        );
        // of a local socket: no host
        check(
            b"<30>Oct 11 22:14:15 sshd[4711]: Accepted",
            ("syslog.sshd", 20, 4711, "Accepted"),
            &app("sshd"),
        );
        // as rsyslog forwards
        check(
            b"<30>2003-10-11T22:14:15.003+02:00 h cron[x]: run",
            ("syslog.cron", 20, 0, "run"),
            &[("host", "h"), ("app", "cron"), ("procid", "x")],
        );
        // as Python's handler sends, with and without an ident
        check(b"<11>stratd: disk full\0", ("syslog.stratd", 40, 0, "disk full"), &app("stratd"));
        check("<12>žluť at 12:30".as_bytes(), ("syslog", 30, 0, "žluť at 12:30"), &[]);
        check(b"hello", ("syslog", 25, 0, "hello"), &[]);
        check(b"<b>12:30 http://x\n", ("syslog", 25, 0, "<b>12:30 http://x"), &[]);
    }

    #[test]
    fn facility_severity_and_time_are_kept() {
        let record = decode_syslog(b"<165>1 2003-10-11T22:14:15.003Z - - - - - x", NOW).unwrap();
        assert_eq!(record.fields.get("facility"), Some(Value::from("local4")));
        assert_eq!(record.fields.get("severity"), Some(Value::from("notice")));
        assert_eq!((record.level, record.level_name.as_deref()), (Level::new(25), Some("NOTICE")));
        assert_eq!(record.created_ns, 1_065_910_455_003_000_000);
        assert_eq!(decode_syslog(b"<13>x", NOW).unwrap().created_ns, NOW);
    }

    #[test]
    fn what_only_begins_as_rfc_5424_is_refused() {
        let many = format!("<13>1 - - - - - [a{}]", " b=\"c\"".repeat(300));
        let bad: [&[u8]; 12] = [
            b"",
            b"\0\n",
            b"<192>x",
            b"<1234>x",
            b"<13x",
            b"<13>1 ",
            b"<13>1 - - -",
            b"<13>1 yesterday - - - - -",
            b"<13>1 - - - - - x",
            b"<13>1 - - - - - [a b=\"c]",
            b"<13>1 - - - - - [a b=\"c\"]x",
            many.as_bytes(),
        ];
        for bytes in bad {
            assert!(decode_syslog(bytes, NOW).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
