//! Scenarios about files: `file`, `rotating`, `rotating_hook`, `rotating_special`, `timed_compute`, `timed_sequence`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Value as Json, json};
use stratd_logging::{
    Compression, Config, Entry, FileHandler, FileOptions, Handler, Level, Record, RotateBySize, RotateByTime,
    RotatingFileHandler, TimedFileHandler, When,
};

use crate::{Failure, expectation, tag_of};

fn emit(handler: &mut dyn Handler, text: &str) -> Result<(), String> {
    let record = Record::new("root", Level::INFO, text);
    let emitted = handler.emit(&Entry::new(&record, text)).and_then(|()| handler.flush());
    emitted.map_err(|error| error.to_string())
}

/// The files of a folder and what is in them.
fn listing(folder: &Path) -> Result<Json, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut content = fs::read(&path).map_err(|error| error.to_string())?;
        if name.ends_with(".gz") && content.starts_with(&[0x1f, 0x8b]) {
            let mut text = Vec::new();
            let mut decoder = flate2::read::GzDecoder::new(content.as_slice());
            decoder.read_to_end(&mut text).map_err(|error| error.to_string())?;
            content = text;
        }
        files.insert(name, String::from_utf8_lossy(&content).into_owned());
    }
    Ok(json!(files))
}

fn same(what: &str, ours: &Json, expected: &Json) -> Result<(), Failure> {
    if ours == expected {
        return Ok(());
    }
    Err(Failure::Wrong(format!("{what}: got {ours}, expected {expected}")))
}

/// Other encodings than UTF-8 are refused when a configuration is read.
fn refuses_encoding(encoding: &str) -> Result<(), Failure> {
    let text =
        format!("[handlers.h]\nkind = \"file\"\npath = \"/tmp/x\"\ndelay = true\nencoding = {encoding:?}");
    match Config::parse(&text) {
        Err(error) if error.to_string().contains("encoding") => Ok(()),
        other => Err(Failure::Wrong(format!("encoding {encoding:?} is not refused: {other:?}"))),
    }
}

fn folder() -> Result<tempfile::TempDir, Failure> {
    tempfile::tempdir().map_err(|error| Failure::Wrong(error.to_string()))
}

pub(crate) fn file(row: &Json) -> Result<(), Failure> {
    let input = &row["input"];
    if let Some(encoding) = input["encoding"].as_str().filter(|encoding| *encoding != "utf-8") {
        return refuses_encoding(encoding);
    }
    let folder = folder()?;
    let path = |name: &Json| folder.path().join(name.as_str().unwrap_or_default());
    for (name, text) in input["preexisting"].as_object().into_iter().flatten() {
        fs::write(folder.path().join(name), text.as_str().unwrap_or_default())
            .map_err(|error| error.to_string())?;
    }
    let options = FileOptions {
        append: input["mode"] != "w",
        delay: input["delay"] == true,
        watch: input["class"] == "WatchedFileHandler",
        ..FileOptions::new(folder.path().join("app.log"))
    };
    let mut handler = FileHandler::new(options).map_err(|error| error.to_string())?;
    handler.activate().map_err(|error| error.to_string())?;
    let expect = expectation(row);
    for (index, operation) in input["ops"].as_array().into_iter().flatten().enumerate() {
        let io = match operation[0].as_str().unwrap_or_default() {
            "emit" => {
                emit(&mut handler, operation[1].as_str().unwrap_or_default())?;
                Ok(())
            }
            "rename" => fs::rename(path(&operation[1]), path(&operation[2])),
            "delete" => fs::remove_file(path(&operation[1])),
            "truncate" => {
                fs::File::options().write(true).open(path(&operation[1])).and_then(|file| file.set_len(0))
            }
            "close" => {
                handler.close(Duration::ZERO).map_err(|error| error.to_string())?;
                Ok(())
            }
            "list" => {
                same(&format!("operation {index}"), &listing(folder.path())?, &expect["results"][index])?;
                Ok(())
            }
            other => return Err(Failure::Wrong(format!("no operation {other:?}"))),
        };
        io.map_err(|error| error.to_string())?;
    }
    drop(handler);
    same("files", &listing(folder.path())?, &expect["files"])
}

pub(crate) fn rotating(row: &Json) -> Result<(), Failure> {
    let input = &row["input"];
    if let Some(encoding) = input["encoding"].as_str().filter(|encoding| *encoding != "utf-8") {
        return refuses_encoding(encoding);
    }
    let folder = folder()?;
    let mut before = BTreeMap::new();
    for (name, text) in input["preexisting"].as_object().into_iter().flatten() {
        let text = text.as_str().unwrap_or_default();
        fs::write(folder.path().join(name), text).map_err(|error| error.to_string())?;
        before.insert(name.clone(), text.to_owned());
    }
    let name = input["filename"].as_str().unwrap_or("app.log");
    let is_hook = row["kind"] == "rotating_hook";
    let compression = if input["compress"] == "gzip" { Compression::Gzip } else { Compression::None };
    let suffix = input["namer_suffix"].as_str().unwrap_or_default();
    let rotate = RotateBySize {
        max_bytes: input["maxBytes"].as_u64().unwrap_or(0),
        keep: u32::try_from(input["backupCount"].as_u64().unwrap_or(0)).unwrap_or(0),
        suffix: if compression == Compression::Gzip { String::new() } else { suffix.to_owned() },
        compression,
    };
    let open = || {
        let options = FileOptions {
            append: input["mode"] != "w",
            delay: input["delay"] == true,
            ..FileOptions::new(folder.path().join(name))
        };
        let mut handler =
            RotatingFileHandler::new(options, rotate.clone()).map_err(|error| error.to_string())?;
        handler.activate().map_err(|error| error.to_string())?;
        Ok::<_, String>(handler)
    };
    let mut handler = open()?;
    let messages: Vec<&str> =
        input["messages"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    for (index, message) in messages.iter().enumerate() {
        if input["reopen_after"].as_u64() == u64::try_from(index).ok() && index > 0 {
            handler.close(Duration::ZERO).map_err(|error| error.to_string())?;
            handler = open()?;
        }
        emit(&mut handler, message)?;
    }
    handler.close(Duration::ZERO).map_err(|error| error.to_string())?;
    let ours = listing(folder.path())?;
    if tag_of(row, &["quirk_chars_not_bytes"]).is_some() {
        // CPython counts characters, we count bytes
        return same("files", &ours, &json!(by_bytes(before, name, &messages, &rotate)));
    }
    same("files", &ours, &expectation(row)[if is_hook { "files_decompressed" } else { "files" }])
}

/// What a rotation that counts bytes leaves, in the plainest way.
fn by_bytes(
    mut files: BTreeMap<String, String>,
    name: &str,
    messages: &[&str],
    rotate: &RotateBySize,
) -> BTreeMap<String, String> {
    let mut current = files.remove(name).unwrap_or_default();
    for message in messages {
        let line = format!("{message}\n");
        let total = u64::try_from(current.len() + line.len()).unwrap_or(u64::MAX);
        if rotate.max_bytes > 0 && !current.is_empty() && total >= rotate.max_bytes && rotate.keep > 0 {
            for number in (1..rotate.keep).rev() {
                if let Some(text) = files.remove(&format!("{name}.{number}")) {
                    files.insert(format!("{name}.{}", number + 1), text);
                }
            }
            files.insert(format!("{name}.1"), std::mem::take(&mut current));
        }
        current.push_str(&line);
    }
    files.insert(name.to_owned(), current);
    files
}

pub(crate) fn rotating_special(row: &Json) -> Result<(), Failure> {
    let rotate = RotateBySize {
        max_bytes: row["input"]["maxBytes"].as_u64().unwrap_or(0),
        keep: 1,
        suffix: String::new(),
        compression: Compression::None,
    };
    let options = FileOptions::new(row["input"]["path"].as_str().unwrap_or_default());
    let mut handler = RotatingFileHandler::new(options, rotate).map_err(|error| error.to_string())?;
    emit(&mut handler, "x")?;
    same("should_rollover", &json!(handler.is_due(100)), &expectation(row)["should_rollover"])
}

fn by_time(input: &Json, case: &Json) -> Result<RotateByTime, String> {
    let when = When::parse(input["when"].as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
    let interval = case["interval"].as_u64().and_then(|interval| u32::try_from(interval).ok()).unwrap_or(1);
    let mut rotate = RotateByTime { interval, utc: input["utc"] == true, ..RotateByTime::new(when) };
    if let Some(at) = case["atTime"].as_str() {
        let parts: Vec<u32> = at.split(':').filter_map(|part| part.parse().ok()).collect();
        rotate.at =
            Some(parts.iter().fold(0, |sum, part| sum * 60 + part) * if parts.len() == 2 { 60 } else { 1 });
    } else if let Some(parts) = case["atTime"].as_array() {
        let parts: Vec<u64> = parts.iter().filter_map(Json::as_u64).collect();
        let seconds = [3600, 60, 1].iter().zip(&parts).map(|(unit, part)| unit * part).sum::<u64>();
        rotate.at = u32::try_from(seconds).ok();
    }
    Ok(rotate)
}

pub(crate) fn timed_compute(row: &Json) -> Result<(), Failure> {
    let input = &row["input"];
    let expect = expectation(row);
    let refused = by_time(input, &Json::Null).is_err();
    if refused || !expect["error"].is_null() {
        return same("refused", &json!(refused), &json!(!expect["error"].is_null()));
    }
    let mut ours = Vec::new();
    for case in input["cases"].as_array().into_iter().flatten() {
        ours.push(by_time(input, case)?.next(case["now"].as_i64().unwrap_or(0)));
    }
    same("rollover_at", &json!(ours), &expect["rollover_at"])
}

pub(crate) fn timed_sequence(row: &Json) -> Result<(), Failure> {
    let input = &row["input"];
    let folder = folder()?;
    for (name, file) in input["preexisting"].as_object().into_iter().flatten() {
        let path = folder.path().join(name);
        fs::write(&path, file[0].as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(file[1].as_u64().unwrap_or(0));
        let opened = fs::File::options().write(true).open(&path);
        opened.and_then(|file| file.set_modified(changed)).map_err(|error| error.to_string())?;
    }
    let mut rotate = by_time(input, input)?;
    rotate.keep = u32::try_from(input["backupCount"].as_u64().unwrap_or(0)).unwrap_or(0);
    let now = Arc::new(AtomicI64::new(0));
    let times: Vec<i64> =
        input["emit_at"].as_array().into_iter().flatten().filter_map(Json::as_i64).collect();
    now.store(times.first().copied().unwrap_or(0) * 1_000_000_000, Ordering::Relaxed);
    let clock = Arc::clone(&now);
    let options = FileOptions { delay: true, ..FileOptions::new(folder.path().join("app.log")) };
    let handler =
        TimedFileHandler::with_clock(options, rotate, Box::new(move || clock.load(Ordering::Relaxed)));
    let mut handler = handler.map_err(|error| error.to_string())?;
    let mut next = vec![handler.next()];
    for (index, second) in times.iter().enumerate() {
        now.store(second * 1_000_000_000, Ordering::Relaxed);
        emit(&mut handler, &format!("m{index}@{second}"))?;
        next.push(handler.next());
    }
    handler.close(Duration::ZERO).map_err(|error| error.to_string())?;
    let expect = expectation(row);
    same("rollover_at_after_each", &json!(next), &expect["rollover_at_after_each"])?;
    same("files", &listing(folder.path())?, &expect["files"])
}
