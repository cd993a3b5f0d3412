//! `stratctl plugin load`.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value, map::Entry};
use stratd_control::{LoadRequest, Request};

use super::{Desk, Terms};
use crate::cli::desk::absolute;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The file
    file: PathBuf,

    /// The name of the instance; by default the short name of the plugin
    #[arg(long)]
    name: Option<String>,

    /// A key of its configuration; VALUE is JSON, or else a text. Can be repeated; dots lead into tables
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<Assignment>,

    /// Its whole configuration, as a JSON object
    #[arg(long, value_name = "JSON", value_parser = object, conflicts_with = "set")]
    config: Option<Map<String, Value>>,

    #[command(flatten)]
    terms: Terms,
}

/// One `--set`.
#[derive(Clone, Debug)]
struct Assignment {
    keys: Vec<String>,
    value: Value,
}

pub(super) fn main(desk: &Desk, arguments: Arguments) -> Result<ExitCode> {
    let Arguments { file, name, set, config, terms } = arguments;
    let config = match config {
        Some(config) => config,
        None => match merged(set) {
            Ok(config) => config,
            Err(text) => {
                // as clap ends on what it finds itself
                let _ = writeln!(std::io::stderr(), "error: {text}");
                return Ok(ExitCode::from(2));
            }
        },
    };
    let config = Some(config).filter(|config| !config.is_empty());
    desk.act(Request::load(&LoadRequest { file: absolute(&file)?, name, config })?, &terms)?;
    Ok(ExitCode::SUCCESS)
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("no JSON object: {error}"))
}

fn assignment(text: &str) -> Result<Assignment, String> {
    let (key, value) = text.split_once('=').ok_or("there is no value (accepted: KEY=VALUE)")?;
    let keys: Vec<String> = key.trim().split('.').map(str::to_owned).collect();
    if keys.iter().any(String::is_empty) {
        return Err(format!("{key:?} is no key (accepted: as fast, or limits.day)"));
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok(Assignment { keys, value })
}

/// All assignments as one object.
fn merged(set: Vec<Assignment>) -> Result<Map<String, Value>, String> {
    let mut config = Map::new();
    for Assignment { keys, value } in set {
        let dotted = keys.join(".");
        insert(&mut config, &keys, value)
            .map_err(|()| format!("--set {dotted} is there twice (accepted: each key once)"))?;
    }
    Ok(config)
}

fn insert(table: &mut Map<String, Value>, keys: &[String], value: Value) -> Result<(), ()> {
    match keys {
        [] => Err(()),
        [last] => match table.entry(last.clone()) {
            Entry::Occupied(_) => Err(()),
            Entry::Vacant(place) => {
                place.insert(value);
                Ok(())
            }
        },
        [first, rest @ ..] => {
            let inner = table.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
            insert(inner.as_object_mut().ok_or(())?, rest, value)
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(set: &[&str], expected: Expect) {
        let assignments: Result<Vec<_>, _> = set.iter().map(|text| assignment(text)).collect();
        let text = match assignments.and_then(merged) {
            Ok(config) => Value::Object(config).to_string(),
            Err(text) => text,
        };
        expected.assert_eq(&text);
    }

    #[test]
    fn keys_become_a_configuration() {
        check(
            &["fast=10", "file=a=b.csv", "symbols=[\"A\"]", "limits.day=1.5", "limits.on=true", "name=\"7\""],
            expect![[
                r#"{"fast":10,"file":"a=b.csv","symbols":["A"],"limits":{"day":1.5,"on":true},"name":"7"}"#
            ]],
        );
        check(&["text="], expect![[r#"{"text":""}"#]]);
    }

    #[test]
    fn what_is_no_key_or_is_there_twice_is_refused() {
        check(&["fast"], expect!["there is no value (accepted: KEY=VALUE)"]);
        check(&["a..b=1"], expect![[r#""a..b" is no key (accepted: as fast, or limits.day)"#]]);
        check(&["a=1", "a=2"], expect!["--set a is there twice (accepted: each key once)"]);
        check(&["a=1", "a.b=2"], expect!["--set a.b is there twice (accepted: each key once)"]);
        check(&["a.b=1", "a=2"], expect!["--set a is there twice (accepted: each key once)"]);
    }
}
