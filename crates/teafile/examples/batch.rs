//! Makes TeaFiles, and adds to them, as lines of JSON on standard input say: a way for other programs to write them.
//!
//! ```text
//! echo '{"create": "acme.tea", "fields": "Time Price Volume", "format": "qdq", "items": [[1299229200000, 45.11, 4500]]}' |
//!     cargo run -p teafile --example batch
//! ```
//!
//! A line that creates may have `content`, and `name_values` as a list of pairs; one that appends has `append` in place of
//! `create`, and `items` only. A number that JSON has none for is a text: `"nan"`, `"inf"`, `"-inf"`. The answer to each
//! line is one of the same form: how many items the file has. The first line that cannot be done ends it.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use serde_json::{Value as Json, json};
use teafile::{CreateOptions, Description, NamedValue, Value, Writer};

fn main() -> ExitCode {
    for (number, line) in (1..).zip(io::stdin().lock().lines()) {
        let done = line.map_err(|error| error.to_string()).and_then(|line| run(&line));
        let told = done.and_then(|items| {
            writeln!(io::stdout(), "{}", json!({ "items": items })).map_err(|error| error.to_string())
        });
        if let Err(problem) = told {
            eprintln!("batch: line {number}: {problem}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(line: &str) -> Result<u64, String> {
    let told = |error: &dyn std::error::Error| error.to_string();
    let order: Json = serde_json::from_str(line).map_err(|error| told(&error))?;
    let mut writer = match (order["create"].as_str(), order["append"].as_str()) {
        (Some(path), None) => {
            let options = CreateOptions::default().overwrite(true);
            options.create(path, &description(&order)?).map_err(|error| told(&error))?
        }
        (None, Some(path)) => teafile::append(path).map_err(|error| told(&error))?,
        _ => return Err("expected either 'create' or 'append' with the path of a file".to_owned()),
    };
    for item in order["items"].as_array().into_iter().flatten() {
        write(&mut writer, item)?;
    }
    writer.flush().map_err(|error| told(&error))?;
    let count = writer.item_count();
    writer.close().map_err(|error| told(&error))?;
    Ok(count)
}

fn description(order: &Json) -> Result<Description, String> {
    let text = |key: &str| order[key].as_str().ok_or_else(|| format!("'{key}' is no text"));
    let described = Description::new(text("fields")?, text("format")?);
    let mut description = described.map_err(|error| error.to_string())?;
    if let Some(content) = order["content"].as_str() {
        description = description.content(content);
    }
    for pair in order["name_values"].as_array().into_iter().flatten() {
        let name = pair[0].as_str().ok_or_else(|| format!("{pair}: the name is no text"))?;
        let value: NamedValue = match &pair[1] {
            Json::String(text) => text.as_str().into(),
            Json::Number(number) => match (number.as_i64().map(i32::try_from), number.as_f64()) {
                (Some(Ok(whole)), _) => whole.into(),
                (None, Some(real)) => real.into(),
                _ => return Err(format!("{pair}: the number does not fit (expected 32 bits, or a double)")),
            },
            other => return Err(format!("{other} (expected a number or a text)")),
        };
        description = description.name_value(name, value);
    }
    Ok(description)
}

fn write(writer: &mut Writer, item: &Json) -> Result<(), String> {
    let cells = item.as_array().ok_or_else(|| format!("{item} (expected a list of numbers)"))?;
    let values: Vec<Value<'static>> = cells.iter().map(value).collect::<Result<_, _>>()?;
    writer.write(&values).map_err(|error| error.to_string())
}

fn value(cell: &Json) -> Result<Value<'static>, String> {
    let refused = || format!("{cell} (expected a number, or \"nan\", \"inf\", \"-inf\")");
    if let Some(text) = cell.as_str() {
        return text.parse().map(Value::Double).map_err(|_| refused());
    }
    let whole = cell.as_i64().map(Value::Int).or_else(|| cell.as_u64().map(Value::UInt));
    whole.or_else(|| cell.as_f64().map(Value::Double)).ok_or_else(refused)
}
