//! The configuration, its generations, and what differs.

use serde_json::Value;
use stratd_control::{Config, ConfigDiff, ConfigDifference, ConfigDone, ConfigHistory, ConfigPart};

use super::table::{Grid, line};

/// Where sources start, unless a value is longer.
const SOURCE_COLUMN: usize = 60;

pub(crate) fn config(config: &Config) -> String {
    let mut text = line("generation", &format!("{} since {}", config.generation, config.since));
    text.push_str(&line("files", &config.files.join(", ")));
    if let Some(unconfirmed) = &config.unconfirmed {
        let (before, seconds) = (unconfirmed.goes_back_to, unconfirmed.seconds_left);
        text.push_str(&line(
            "unconfirmed",
            &format!("goes back to {before} in {seconds} s (stratctl config confirm keeps it)"),
        ));
    }
    if let Some(pending) = config.pending {
        text.push_str(&line("pending", &format!("generation {pending} waits for the next start")));
    }
    if let Some(problem) = &config.drift_problem {
        text.push_str(&line("drift", &format!("the files would be refused: {problem}")));
    } else if config.has_drifted {
        text.push_str(&line(
            "drift",
            "the files say something else (stratctl config diff; stratctl reload takes them)",
        ));
    }
    text.push('\n');
    for value in &config.values {
        text.push_str(&sourced(&format!("{} = {}", value.key, value.value), &value.source));
    }
    text
}

pub(crate) fn config_part(part: &ConfigPart) -> String {
    let value = match &part.value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => {
            serde_json::to_string_pretty(&part.value).unwrap_or_else(|_| part.value.to_string())
        }
        other => other.to_string(),
    };
    match &part.source {
        Some(source) => sourced(&value, source),
        None => format!("{value}\n"),
    }
}

pub(crate) fn config_history(history: &ConfigHistory) -> String {
    let mut grid = Grid::new(&["generation", "state", "at", "who", "why"], 5);
    for one in &history.generations {
        let mark = if one.is_current { "*" } else { "" };
        grid.add([
            format!("{}{mark}", one.generation),
            one.state.clone(),
            one.at.clone(),
            one.who.clone(),
            one.cause.clone(),
        ]);
    }
    grid.text()
}

pub(crate) fn config_diff(diff: &ConfigDiff) -> String {
    let ConfigDiff { from, to, changes } = diff;
    if changes.is_empty() {
        return format!("{from} and {to} say the same\n");
    }
    format!("--- {from}\n+++ {to}\n{}", differences(changes))
}

pub(crate) fn config_done(done: &ConfigDone) -> String {
    format!("{}{}\n", differences(&done.changes), done.report)
}

fn differences(changes: &[ConfigDifference]) -> String {
    let mut text = String::new();
    for ConfigDifference { key, before, after, .. } in changes {
        if let Some(before) = before {
            text.push_str(&format!("- {key} = {before}\n"));
        }
        if let Some(after) = after {
            text.push_str(&format!("+ {key} = {after}\n"));
        }
    }
    text
}

fn sourced(text: &str, source: &str) -> String {
    if source.is_empty() { format!("{text}\n") } else { format!("{text:<SOURCE_COLUMN$}  # {source}\n") }
}
