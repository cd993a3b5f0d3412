//! Scenarios about bytes on the wire: `syslog_wire`, `syslog_tables`, `socket_wire`, `datagram_wire`, `socket_retry`.

use std::collections::BTreeMap;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::time::Duration;

use serde_json::{Value as Json, json};
use stratd_logging::{
    Address, Backoff, Codec, Entry, Formatter, FormatterOptions, Handler, HttpHandler, HttpMethod,
    HttpOptions, Level, QueueOptions, QueueOverflow, Record, SocketHandler, SocketOptions, SyslogFormat,
    SyslogHandler, SyslogOptions, SyslogTransport, Value, decode_pickle,
};

use crate::{Failure, document, expectation, formatter};

fn text(error: impl std::fmt::Display) -> Failure {
    Failure::Wrong(error.to_string())
}

fn same(what: &str, ours: &Json, expected: &Json) -> Result<(), Failure> {
    if ours == expected {
        Ok(())
    } else {
        Err(Failure::Wrong(format!("{what}: got {ours}, expected {expected}")))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The options of a row, and the datagrams that the handler sends for its frames.
pub(crate) fn syslog(row: &Json) -> Result<(), Failure> {
    let input = &row["input"];
    let folder = tempfile::tempdir().map_err(text)?;
    let path = folder.path().join("log");
    let facility =
        SyslogOptions::facility_of(input["facility"].as_str().unwrap_or_default()).map_err(text)?;
    same("facility", &json!(facility), &input["facility_code"])?;
    let options = SyslogOptions {
        format: SyslogFormat::Python,
        facility,
        ident: input["ident"].as_str().unwrap_or_default().to_owned(),
        append_nul: input["append_nul"] == true,
        transport: SyslogTransport::Datagram,
        ..SyslogOptions::new(Address::Unix(path.clone()))
    };
    let receiver = UnixDatagram::bind(&path).map_err(text)?;
    receiver.set_read_timeout(Some(Duration::from_secs(10))).map_err(text)?;
    let mut handler = SyslogHandler::new(options).map_err(text)?;
    let format = input["format"].as_str().map(str::to_owned);
    let mut formatter =
        Formatter::new(&FormatterOptions { format, ..FormatterOptions::default() }).map_err(text)?;
    let mut buffer = vec![0; 1 << 16];
    for frame in expectation(row)["frames"].as_array().into_iter().flatten() {
        let number = frame["levelno"].as_i64().or_else(|| input["levelno"].as_i64()).unwrap_or(0);
        let message = frame["message"].as_str().or_else(|| input["message"].as_str()).unwrap_or_default();
        let record = Record::new("root", Level::new(i32::try_from(number).unwrap_or(0)), message);
        let mut line = String::new();
        formatter.format(&record, &mut line).map_err(text)?;
        handler.emit(&Entry::new(&record, &line)).map_err(text)?;
        let length = receiver.recv(&mut buffer).map_err(text)?;
        same("frame", &json!(hex(&buffer[..length])), &frame["hex"])?;
    }
    handler.close(Duration::from_secs(10)).map_err(text)
}

pub(crate) fn syslog_tables(row: &Json) -> Result<(), Failure> {
    let expect = expectation(row);
    for (name, number) in expect["facility_names"].as_object().into_iter().flatten() {
        same(name, &json!(SyslogOptions::facility_of(name).map_err(text)?), number)?;
    }
    let numbers = &expect["priority_names"];
    let names: BTreeMap<&str, i32> =
        [("DEBUG", 10), ("INFO", 20), ("WARNING", 30), ("ERROR", 40), ("CRITICAL", 50)].into();
    for (facility, code) in expect["facility_names"].as_object().into_iter().flatten() {
        let code = u8::try_from(code.as_u64().unwrap_or(0)).unwrap_or(0);
        for (name, level) in &names {
            let options = SyslogOptions {
                format: SyslogFormat::Python,
                facility: code,
                append_nul: false,
                ..SyslogOptions::new(Address::Unix("/dev/log".into()))
            };
            let message = options.message(&Record::new("root", Level::new(*level), ""), "");
            let priority = expect["priority_map"][name].as_str().unwrap_or_default();
            let rows = expect["encodePriority"].as_array().into_iter().flatten();
            let mut encoded = rows.filter(|row| {
                row[0] == facility.as_str()
                    && numbers[row[1].as_str().unwrap_or_default()] == numbers[priority]
            });
            let expected = match encoded.next() {
                Some(row) => row[2].clone(),
                None => json!(u64::from(code) * 8 + numbers[priority].as_u64().unwrap_or(0)),
            };
            let ours = String::from_utf8_lossy(&message).into_owned();
            same(facility, &json!(ours), &json!(format!("<{expected}>")))?;
        }
    }
    Ok(())
}

/// The base record of SCHEMA.md, with what a row changes.
pub(crate) fn base_record(input: &Json) -> Record<'static> {
    let change = &input["record"];
    let message = change["msg"].as_str().or_else(|| input["msg"].as_str()).unwrap_or("hello");
    let message = document::merge(message, &change["args"]);
    let level = change["levelno"].as_i64().and_then(|level| i32::try_from(level).ok()).unwrap_or(20);
    let name = change["name"].as_str().unwrap_or("root").to_owned();
    let mut record = Record::new(name, Level::new(level), message);
    record.level_name = change["levelname"].as_str().map(|name| name.to_owned().into());
    record.created_ns = 1_718_000_123_500_000_000;
    record.start_ns = record.created_ns - 123_250_000;
    record.pathname = "/src/m.py".into();
    record.lineno = 7;
    record.function = "f".into();
    record.thread = 99;
    record.process = 4242;
    let extra = if change["extra"].is_null() { &input["extra"] } else { &change["extra"] };
    record.fields = formatter::fields(extra);
    record
}

fn to_json(fields: &[(String, Value<'static>)]) -> Json {
    let value = |value: &Value<'_>| match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => match i64::try_from(*number) {
            Ok(number) => json!(number),
            // the rows print what JSON has no integer for as a float
            Err(_) => serde_json::from_str(&number.to_string()).unwrap_or_default(),
        },
        Value::Float(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Json(text) => serde_json::from_str(text).unwrap_or_default(),
    };
    fields.iter().map(|(key, field)| (key.clone(), value(field))).collect()
}

/// CPython's frames read as its attributes; ours, over a real socket, read the same.
pub(crate) fn pickles(row: &Json) -> Result<(), Failure> {
    let (input, expect) = (&row["input"], expectation(row));
    if let Some(stream) = expect["stream_hex"].as_str() {
        return stream_of_frames(&unhex(stream), expect);
    }
    let theirs = unhex(expect["frame_hex"].as_str().unwrap_or_default());
    let read = decode_pickle(theirs.get(4..).unwrap_or_default()).map_err(text)?;
    let decoded = &expect["decoded"];
    same("CPython's frame", &to_json(&read), decoded)?;
    let mut record = base_record(input);
    // what the row does not say about an exception is in the frame
    let attribute = |key: &str| decoded[key].as_str().map(|text| text.to_owned().into());
    if !input["record"]["msg"].is_null() && !input["record"]["msg"].is_string() {
        // texts arrive finished here: making one of an object is Python's
        record.message = attribute("msg").unwrap_or_default();
    }
    (record.exc_text, record.stack_info) = (attribute("exc_text"), attribute("stack_info"));
    if input["has_exception"] == true || !decoded["levelno"].is_null() {
        record.level = Level::new(i32::try_from(decoded["levelno"].as_i64().unwrap_or(0)).unwrap_or(0));
    }
    let ours = send(&record, row["kind"] == "datagram_wire")?;
    let read = decode_pickle(ours.get(4..).unwrap_or_default()).map_err(text)?;
    same("our frame", &to_json(&read), decoded)
}

/// Sends one record through the handler and returns the bytes that arrive.
fn send(record: &Record<'_>, is_datagram: bool) -> Result<Vec<u8>, Failure> {
    let folder = tempfile::tempdir().map_err(text)?;
    let path = folder.path().join("peer");
    let options = || SocketOptions {
        address: Address::Unix(path.clone()),
        codec: Codec::Pickle,
        queue: QueueOptions::default(),
    };
    let mut bytes = vec![0; 1 << 20];
    if is_datagram {
        let receiver = UnixDatagram::bind(&path).map_err(text)?;
        receiver.set_read_timeout(Some(Duration::from_secs(10))).map_err(text)?;
        let mut handler = SocketHandler::new_datagram(options()).map_err(text)?;
        handler.emit(&Entry::new(record, "")).map_err(text)?;
        handler.close(Duration::from_secs(10)).map_err(text)?;
        let length = receiver.recv(&mut bytes).map_err(text)?;
        bytes.truncate(length);
        return Ok(bytes);
    }
    let listener = UnixListener::bind(&path).map_err(text)?;
    let mut handler = SocketHandler::new(options()).map_err(text)?;
    handler.emit(&Entry::new(record, "")).map_err(text)?;
    handler.close(Duration::from_secs(10)).map_err(text)?;
    drop(handler);
    let (mut stream, _) = listener.accept().map_err(text)?;
    let mut arrived = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut arrived).map_err(text)?;
    Ok(arrived)
}

fn stream_of_frames(stream: &[u8], expect: &Json) -> Result<(), Failure> {
    let (mut rest, mut read) = (stream, Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(text)?;
        let (frame, after) = after.split_at_checked(length).ok_or_else(|| text("a frame ends early"))?;
        read.push(to_json(&decode_pickle(frame).map_err(text)?));
        rest = after;
    }
    match &expect["decoded"] {
        Json::Null => same("frames", &json!(read.len()), &json!(6)),
        decoded => same("frames", &json!(read), decoded),
    }
}

pub(crate) fn retry(row: &Json) -> Result<(), Failure> {
    let input = &row["input"];
    let seconds = |json: &Json| Duration::from_secs_f64(json.as_f64().unwrap_or(0.0));
    let mut backoff = Backoff::default();
    (backoff.first, backoff.max) = (seconds(&input["retryStart"]), seconds(&input["retryMax"]));
    let mut states = Vec::new();
    for at in input["attempts_at"].as_array().into_iter().flatten() {
        if backoff.may_try(seconds(at)) {
            backoff.fail(seconds(at));
        }
        let next = backoff.retry_at().unwrap_or_default();
        states.push(json!([next.as_secs_f64(), backoff.period().as_secs_f64()]));
    }
    same("retries", &json!(states), &expectation(row)["retryTime_retryPeriod_after"])
}

/// Sends `records` records to a peer that is away, through a queue of `capacity`, then lets the peer come: what arrives,
/// and how many were dropped.
pub(crate) fn fill_queue(capacity: u64, records: u64) -> Result<(Vec<String>, u64), Failure> {
    let folder = tempfile::tempdir().map_err(text)?;
    let path = folder.path().join("log");
    let capacity = usize::try_from(capacity).map_err(text)?;
    let options = SyslogOptions {
        format: SyslogFormat::Python,
        append_nul: false,
        queue: QueueOptions { capacity, overflow: QueueOverflow::DropNewest },
        ..SyslogOptions::new(Address::Unix(path.clone()))
    };
    let mut handler = SyslogHandler::new(options).map_err(text)?;
    for index in 0..records {
        let message = format!("m{index}");
        let record = Record::new("root", Level::INFO, message.as_str());
        handler.emit(&Entry::new(&record, &message)).map_err(text)?;
    }
    let dropped = handler.take_progress().dropped;
    let receiver = UnixDatagram::bind(&path).map_err(text)?;
    handler.close(Duration::from_secs(10)).map_err(text)?;
    receiver.set_nonblocking(true).map_err(text)?;
    let (mut arrived, mut buffer) = (Vec::new(), [0; 1024]);
    while let Ok(length) = receiver.recv(&mut buffer) {
        let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
        arrived.push(message.rsplit('>').next().unwrap_or_default().to_owned());
    }
    Ok((arrived, dropped))
}

/// What a web server gets.
pub(crate) fn http(row: &Json) -> Result<(), Failure> {
    let (input, expect) = (&row["input"], expectation(row));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(text)?;
    let host = listener.local_addr().map_err(text)?.to_string();
    let credentials = input["credentials"].as_array().map(|pair| {
        let part = |index: usize| pair.get(index).and_then(Json::as_str).unwrap_or_default().to_owned();
        (part(0), part(1))
    });
    let options = HttpOptions {
        method: if input["method"] == "POST" { HttpMethod::PostForm } else { HttpMethod::Get },
        credentials,
        ..HttpOptions::new(&host, input["url"].as_str().unwrap_or_default()).map_err(text)?
    };
    let server = std::thread::spawn(move || answer_one(&listener));
    let mut handler = HttpHandler::new(options).map_err(text)?;
    let record = base_record(input);
    handler.emit(&Entry::new(&record, "")).map_err(text)?;
    handler.close(Duration::from_secs(10)).map_err(text)?;
    let request = server.join().map_err(|_| text("the server failed"))?.map_err(text)?;
    let (head, body) = request.split_once("\r\n\r\n").ok_or_else(|| text("a request without its end"))?;
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    same("method", &json!(first.next()), &expect["method"])?;
    same("path", &json!(first.next()), &expect["path"])?;
    same("body", &json!(body), &expect["body"])?;
    let headers: BTreeMap<String, &str> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect();
    for name in ["content-type", "content-length", "authorization"] {
        same(name, &json!(headers.get(name)), &expect["headers"][name])?;
    }
    Ok(())
}

/// Takes one request and answers it.
fn answer_one(listener: &std::net::TcpListener) -> std::io::Result<String> {
    use std::io::{BufRead, BufReader, Read, Write};
    let (stream, _) = listener.accept()?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().unwrap_or(0);
        }
        request.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    request.push_str(&String::from_utf8_lossy(&body));
    (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    Ok(request)
}
